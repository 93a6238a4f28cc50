//! Days, spans and periods: everything the numbers know about time.
//!
//! A timestamp becomes a [`Day`] once, on reading; from there on only whole days exist.

mod day;
mod days;
mod period;
mod span;

pub use day::{Day, SECONDS_PER_DAY};
pub use days::DaySet;
pub use period::{Calendar, Unit, Weekday};
pub use span::{Span, SpanUnit};
