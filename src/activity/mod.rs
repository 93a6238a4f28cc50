//! The fold: orders → per-customer activity → one [`Tally`](crate::tally::Tally) per period and
//! segment.
//!
//! Of a customer there is a first purchase, and a cell per period with an order in it. From the cells follows at
//! which period boundaries the customer is active. No list of orders is kept: memory grows with customers and periods.

mod cell;
mod count;
mod fold;
mod grid;
mod segments;

pub use count::{Breakdown, Counting, Segment, add_counts, count};
pub use fold::{Activity, SegmentAt};
pub use grid::Grid;
pub use segments::{ByColumn, Origin, Segmentation};
