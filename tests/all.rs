//! The one integration-test target, so that polars is linked once.

mod commands;
mod histories;
mod program;
mod real_data;
mod reference;
mod sample;
mod worked_example;
