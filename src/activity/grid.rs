//! The periods of a report, their boundaries, and which of them a day touches.

use std::ops::Range;

use crate::calendar::{Calendar, Day, Span};

/// Consecutive periods, from the one that holds the first covered day to the one that holds the last.
#[derive(Debug, Clone)]
pub struct Grid {
    calendar: Calendar,
    first: i32,
    /// The first day of each period, and the day after the last.
    boundaries: Vec<Day>,
    /// For each boundary t: t − W.
    windows: Vec<Day>,
}

impl Grid {
    /// The periods from `first` to `last`, with the activity window `window`.
    pub fn new(calendar: Calendar, first: Day, last: Day, window: Span) -> Self {
        let (from, to) = (calendar.number_of(first), calendar.number_of(last.max(first)));
        let boundaries: Vec<Day> = (from..=to + 1).map(|number| calendar.start_of(number)).collect();
        let windows = boundaries.iter().map(|boundary| window.before(*boundary)).collect();
        Self { calendar, first: from, boundaries, windows }
    }

    /// How many periods there are; at least one.
    pub fn len(&self) -> usize {
        self.boundaries.len() - 1
    }

    /// Never: there is at least one period.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The label of a period.
    pub fn label(&self, period: usize) -> String {
        self.calendar.label(self.first + i32::try_from(period).unwrap_or(i32::MAX))
    }

    /// The first day of a period.
    pub fn start(&self, period: usize) -> Day {
        self.boundaries[period]
    }

    /// The last day of a period.
    pub fn last_day(&self, period: usize) -> Day {
        self.boundaries[period + 1].plus(-1)
    }

    /// The first day of the window that ends where a period starts (s − W).
    pub fn window_start(&self, period: usize) -> Day {
        self.windows[period]
    }

    /// The period a day lies in.
    pub fn period_of(&self, day: Day) -> Option<usize> {
        let boundary = self.boundaries.partition_point(|boundary| *boundary <= day);
        (1..self.boundaries.len()).contains(&boundary).then(|| boundary - 1)
    }

    /// The boundaries t at which a purchase on `day` makes a customer active: day in [t − W, t).
    pub(super) fn seen_from(&self, day: Day) -> Range<usize> {
        let first = self.boundaries.partition_point(|boundary| *boundary <= day);
        let end = self.windows.partition_point(|window| *window <= day);
        first..end.max(first)
    }

    /// What [`Self::period_of`] and [`Self::seen_from`] say of all days, worked out once.
    pub(super) fn reach(&self) -> Reach {
        let first = self.windows[0].min(self.boundaries[0]);
        let last = self.boundaries[self.len()];
        let days = (first.0..last.0).map(Day);
        Reach { first, of: days.map(|day| (self.period_of(day), self.seen_from(day))).collect() }
    }

    /// The boundaries t at which a contract is active: start < t and (no end or end ≥ t).
    pub(super) fn under_contract(&self, start: Day, end: Option<Day>) -> Range<usize> {
        let first = self.boundaries.partition_point(|boundary| *boundary <= start);
        let end = end.map_or(self.boundaries.len(), |end| {
            self.boundaries.partition_point(|boundary| *boundary <= end)
        });
        first..end.max(first)
    }
}

/// For each day, the period it lies in, and the boundaries at which a purchase on it makes a customer active.
#[derive(Debug)]
pub(super) struct Reach {
    first: Day,
    of: Vec<(Option<usize>, Range<usize>)>,
}

impl Reach {
    pub(super) fn of(&self, day: Day) -> (Option<usize>, Range<usize>) {
        let index = usize::try_from(day.0 - self.first.0).ok();
        // Days before and behind lie in no period, and make nobody active at any boundary.
        index.and_then(|index| self.of.get(index)).cloned().unwrap_or((None, 0..0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Unit, Weekday};

    /// Month ends, leap days and odd windows, against the definition read literally.
    #[test]
    fn seen_from_is_the_definition() {
        let calendar = Calendar { unit: Unit::Month, week_start: Weekday::Monday, fiscal_year_start: 1 };
        let first = Day::parse_iso("2023-11-17").expect("a day");
        for window in ["1d", "30d", "45d", "1mo", "2mo", "12mo", "1y", "5w"] {
            let window: Span = window.parse().expect("a span");
            let grid = Grid::new(calendar, first, first.plus(500), window);
            for offset in -60..560 {
                let day = first.plus(offset);
                let seen = grid.seen_from(day);
                for (index, boundary) in grid.boundaries.iter().enumerate() {
                    let active = window.before(*boundary) <= day && day < *boundary;
                    assert_eq!(seen.contains(&index), active, "{window} {day} {boundary}");
                }
                let (period, reached) = grid.reach().of(day);
                assert_eq!(period, grid.period_of(day));
                assert!(reached == seen || (reached.is_empty() && seen.is_empty()), "{window} {day}");
            }
        }
    }

    #[test]
    fn days_outside_lie_in_no_period() {
        let calendar = Calendar { unit: Unit::Month, week_start: Weekday::Monday, fiscal_year_start: 1 };
        let day = |text| Day::parse_iso(text).expect(text);
        let grid = Grid::new(calendar, day("2024-02-29"), day("2024-04-01"), "1mo".parse().expect("a span"));
        assert_eq!(grid.len(), 3);
        assert_eq!(grid.period_of(day("2024-01-31")), None);
        assert_eq!(grid.period_of(day("2024-02-01")), Some(0));
        assert_eq!(grid.period_of(day("2024-04-30")), Some(2));
        assert_eq!(grid.period_of(day("2024-05-01")), None);
    }
}
