//! Customer retention metrics from order exports.
//!
//! The data walks one way: files → [`input`] → orders and customers (polars frames) →
//! [`activity`] (one fold) → a [`tally::Tally`] per period and segment → [`metrics`] → [`report`] →
//! [`render`]. The library prints nothing and never exits; `src/cli` does both.

pub mod activity;
pub mod calendar;
pub mod checks;
#[doc(hidden)]
pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod input;
pub mod kept;
pub mod manifest;
pub mod means;
pub mod metrics;
pub mod money;
pub mod render;
pub mod report;
pub mod scratch;
pub mod stats;
pub mod tally;
