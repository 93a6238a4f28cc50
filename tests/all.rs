//! The one integration-test target, so that polars is linked once.

#![expect(
    clippy::float_cmp,
    clippy::struct_excessive_bools,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::too_many_lines,
    clippy::print_stdout,
    reason = "tests compare exactly on purpose, and print why they were skipped"
)]

#[cfg(unix)]
mod automation;
mod checks;
mod commands;
mod config;
mod coverage;
mod cron;
mod dialects;
mod diff;
mod histories;
mod junit;
mod manifest;
mod means;
mod packing;
mod profiles;
mod program;
mod reading;
mod readme;
mod real_data;
mod reference;
mod refunds;
mod rejects;
mod sample;
mod schema;
mod verify;
mod versions;
mod warehouse;
mod worked_example;
