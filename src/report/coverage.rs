//! The days the data covers, and what follows for periods: complete or not, enough history or not.

use crate::activity::Grid;
use crate::calendar::{Day, Span, SpanUnit, Unit};

/// The covered days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// The first covered day.
    pub first: Day,
    /// It was given (`--data-from`), not seen in the data.
    pub first_given: bool,
    /// The last covered day.
    pub last: Day,
    /// It was given (`--as-of`), not seen in the data.
    pub last_given: bool,
    /// The last day with a purchase (or a start of a contract).
    pub last_seen: Day,
}

impl Coverage {
    /// What to do where the data seems to begin too late, behind a sentence that says so; empty where its first day was given.
    pub fn earlier_hint(&self) -> &'static str {
        if self.first_given {
            ""
        } else {
            "; if the files begin earlier than their first purchase, say --data-from"
        }
    }

    /// Whether a period ended within the covered days.
    pub(super) fn completes(&self, grid: &Grid, period: usize) -> bool {
        grid.last_day(period) <= self.last
    }

    /// Whether the activity window before a period lies within the covered days.
    pub(super) fn has_history(&self, grid: &Grid, period: usize) -> bool {
        grid.window_start(period) >= self.first
    }

    /// The longest activity window for which the last complete period would have full history;
    /// `None` when there is no period before it.
    pub(super) fn longest_window(&self, grid: &Grid, unit: Unit) -> Option<Span> {
        let last = (0..grid.len()).rev().find(|period| self.completes(grid, *period))?;
        let start = grid.start(last);
        let fits = |count: u16, unit: SpanUnit| Span { count, unit }.before(start) >= self.first;
        let longest = |unit: SpanUnit, limit: u16| {
            (1..=limit).take_while(|count| fits(*count, unit)).last().map(|count| Span { count, unit })
        };
        let days = u16::try_from((start.0 - self.first.0).clamp(0, 36_500)).unwrap_or(0);
        match unit {
            Unit::Day => None,
            Unit::Week => longest(SpanUnit::Weeks, 5_200),
            Unit::Month | Unit::Quarter | Unit::Year => longest(SpanUnit::Months, 1_200),
        }
        .or((days > 0).then_some(Span { count: days, unit: SpanUnit::Days }))
    }
}
