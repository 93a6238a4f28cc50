//! Periods: calendar days, weeks, months, quarters and years, numbered without gaps.

use super::Day;

/// The length of a reporting period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// One calendar day.
    Day,
    /// Seven days from the calendar's week start.
    Week,
    /// A calendar month.
    Month,
    /// Three months of the (fiscal) year.
    Quarter,
    /// Twelve months from the (fiscal) year's first.
    Year,
}

impl Unit {
    /// Its name, as `--period` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Periods in a mean Gregorian year of 365.2425 days; turns a yearly rate into one per period.
    pub fn per_year(self) -> f64 {
        match self {
            Self::Day => 365.2425,
            Self::Week => 365.2425 / 7.0,
            Self::Month => 12.0,
            Self::Quarter => 4.0,
            Self::Year => 1.0,
        }
    }

    /// Months in a period made of months; `None` for days and weeks.
    pub fn months(self) -> Option<u16> {
        match self {
            Self::Day | Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
        }
    }
}

/// The day a week starts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the days")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Which periods there are: their length, and where weeks and fiscal years begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The length of a period.
    pub unit: Unit,
    /// The first day of a week (ISO: Monday).
    pub week_start: Weekday,
    /// The first month of the year, 1–12; shifts quarters and years.
    pub fiscal_year_start: u8,
}

impl Calendar {
    /// The number of the period a day lies in. Consecutive periods have consecutive numbers.
    pub fn number_of(&self, day: Day) -> i32 {
        match self.unit {
            Unit::Day => day.0,
            Unit::Week => (day.0 + self.week_shift()).div_euclid(7),
            Unit::Month => day.month_number(),
            Unit::Quarter => (day.month_number() - self.fiscal_shift()).div_euclid(3),
            Unit::Year => (day.month_number() - self.fiscal_shift()).div_euclid(12),
        }
    }

    /// The first day of the period with this number.
    pub fn start_of(&self, number: i32) -> Day {
        match self.unit {
            Unit::Day => Day(number),
            Unit::Week => Day(number * 7 - self.week_shift()),
            Unit::Month => Day::first_of_month(number),
            Unit::Quarter => Day::first_of_month(number * 3 + self.fiscal_shift()),
            Unit::Year => Day::first_of_month(number * 12 + self.fiscal_shift()),
        }
    }

    /// `2025-03-14`, `2025-W11`, `2025-03`, `2025-Q1`, `2025`; `FY2025-Q1` and `FY2025` when the
    /// fiscal year starts in another month than January. A fiscal year is named after the calendar
    /// year it ends in; a week belongs to the year most of its days lie in (ISO 8601).
    pub fn label(&self, number: i32) -> String {
        let start = self.start_of(number);
        let (year, month, _) = start.ymd();
        let fiscal = self.fiscal_shift() != 0;
        match self.unit {
            Unit::Day => start.to_string(),
            Unit::Week => {
                let middle = start.plus(3);
                let year = middle.ymd().0;
                let new_year = Day::first_of_month(year * 12);
                format!("{year:04}-W{:02}", (middle.0 - new_year.0) / 7 + 1)
            }
            Unit::Month => format!("{year:04}-{month:02}"),
            Unit::Quarter => {
                let quarter = number.rem_euclid(4) + 1;
                if fiscal {
                    format!("FY{:04}-Q{quarter}", number.div_euclid(4) + 1)
                } else {
                    format!("{year:04}-Q{quarter}")
                }
            }
            Unit::Year if fiscal => format!("FY{:04}", number + 1),
            Unit::Year => format!("{year:04}"),
        }
    }

    /// The number of the period with this label; `None` where no period is called so.
    pub fn number_labelled(&self, label: &str) -> Option<i32> {
        let digits: String = label.trim_start_matches("FY").chars().take(4).collect();
        let year: i32 = digits.parse().ok().filter(|year| (1..9_999).contains(year))?;
        // Weeks and fiscal years reach into the years beside it.
        let [first, last] = [year - 1, year + 2].map(|year| self.number_of(Day::first_of_month(year * 12)));
        (first..last).find(|number| self.label(*number) == label)
    }

    /// Days to add so that weeks begin at multiples of seven: day 0 was a Thursday.
    fn week_shift(self) -> i32 {
        (3 - self.week_start as i32).rem_euclid(7)
    }

    fn fiscal_shift(self) -> i32 {
        i32::from(self.fiscal_year_start) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_and_slips_are_not() {
        for (unit, fiscal_year_start, label, start) in [
            (Unit::Day, 1, "2024-02-29", Some("2024-02-29")),
            (Unit::Day, 1, "2025-02-29", None),
            (Unit::Week, 1, "2025-W01", Some("2024-12-30")),
            (Unit::Week, 1, "2020-W53", Some("2020-12-28")),
            (Unit::Week, 1, "2021-W53", None),
            (Unit::Month, 1, "2025-03", Some("2025-03-01")),
            (Unit::Month, 1, "2025-3", None),
            (Unit::Month, 1, "2025-13", None),
            (Unit::Month, 1, "ünfug", None),
            (Unit::Quarter, 1, "2025-Q4", Some("2025-10-01")),
            (Unit::Quarter, 4, "2025-Q4", None),
            (Unit::Quarter, 4, "FY2025-Q1", Some("2024-04-01")),
            (Unit::Year, 1, "2025", Some("2025-01-01")),
            (Unit::Year, 10, "FY2025", Some("2024-10-01")),
            (Unit::Year, 10, "2025", None),
        ] {
            let calendar = Calendar { fiscal_year_start, ..calendar(unit) };
            let found = calendar.number_labelled(label).map(|number| calendar.start_of(number));
            assert_eq!(found, start.map(day), "{label}");
        }
    }

    fn day(text: &str) -> Day {
        Day::parse_iso(text).expect(text)
    }

    fn calendar(unit: Unit) -> Calendar {
        Calendar { unit, week_start: Weekday::Monday, fiscal_year_start: 1 }
    }

    fn describe(calendar: Calendar, text: &str) -> (String, String, String) {
        let number = calendar.number_of(day(text));
        (
            calendar.label(number),
            calendar.start_of(number).to_string(),
            calendar.start_of(number + 1).plus(-1).to_string(),
        )
    }

    fn of(label: &str, start: &str, end: &str) -> (String, String, String) {
        (label.into(), start.into(), end.into())
    }

    #[test]
    fn labels_and_bounds() {
        assert_eq!(describe(calendar(Unit::Month), "2024-02-29"), of("2024-02", "2024-02-01", "2024-02-29"));
        assert_eq!(
            describe(calendar(Unit::Quarter), "2025-12-31"),
            of("2025-Q4", "2025-10-01", "2025-12-31")
        );
        assert_eq!(describe(calendar(Unit::Year), "2025-12-31"), of("2025", "2025-01-01", "2025-12-31"));
        let fiscal = Calendar { fiscal_year_start: 4, ..calendar(Unit::Quarter) };
        assert_eq!(describe(fiscal, "2025-03-31"), of("FY2025-Q4", "2025-01-01", "2025-03-31"));
        assert_eq!(describe(fiscal, "2025-04-01"), of("FY2026-Q1", "2025-04-01", "2025-06-30"));
        let fiscal = Calendar { fiscal_year_start: 10, ..calendar(Unit::Year) };
        assert_eq!(describe(fiscal, "2025-09-30"), of("FY2025", "2024-10-01", "2025-09-30"));
    }

    /// Sunday-start weeks number as the epidemiological weeks do: 2020-W53 ended on 2021-01-02.
    #[test]
    fn weeks_may_start_on_sunday() {
        let sunday = Calendar { week_start: Weekday::Sunday, ..calendar(Unit::Week) };
        assert_eq!(describe(sunday, "2021-01-02"), of("2020-W53", "2020-12-27", "2021-01-02"));
        assert_eq!(describe(sunday, "2021-01-03"), of("2021-W01", "2021-01-03", "2021-01-09"));
    }

    /// ISO weeks against the calendar of an independent library, for forty years.
    #[test]
    fn iso_weeks_agree_with_jiff() {
        let mut date = jiff::civil::date(1995, 1, 1);
        while date.year() < 2035 {
            let iso = date.iso_week_date();
            let (label, start, _) = describe(calendar(Unit::Week), &date.to_string());
            assert_eq!(label, format!("{:04}-W{:02}", iso.year(), iso.week()));
            assert_eq!(day(&start).weekday(), 0);
            date = date.tomorrow().expect("within range");
        }
    }

    #[test]
    fn numbers_are_consecutive_and_cover_every_day() {
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
            for fiscal_year_start in 1..=12 {
                let calendar = Calendar { unit, week_start: Weekday::Saturday, fiscal_year_start };
                let mut previous = calendar.number_of(Day(19_000));
                for number in 19_001..21_000 {
                    let current = calendar.number_of(Day(number));
                    let starts = calendar.start_of(current) == Day(number);
                    assert_eq!(current - previous, i32::from(starts), "{unit:?} {number}");
                    previous = current;
                }
            }
        }
    }
}
