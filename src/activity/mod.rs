//! The fold: orders → per-customer activity → one [`Tally`](crate::tally::Tally) per period and
//! segment.
//!
//! A customer is a row of bits, one per period boundary ("active at this boundary"), a first
//! purchase, and a cell per period with an order in it. No list of orders is kept: memory grows with
//! customers and periods.

mod bits;
mod count;
mod fold;
mod grid;
mod ledger;
mod segments;

pub use count::{Breakdown, Segment, count};
pub use fold::{Activity, SegmentAt};
pub use grid::Grid;
pub use segments::{ByColumn, Origin, Segmentation};
