//! A calendar day of the proleptic Gregorian calendar.

use std::fmt;

/// Seconds in a calendar day of the civil clock.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// A calendar day, counted from 1970-01-01 (day 0); the physical type of a polars `Date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The earliest year a file may name. Older dates are placeholders (`0000-00-00`, `1753-01-01`).
    pub const MIN_YEAR: i32 = 1900;
    /// The latest year a file may name. Later dates are slips of the pen or "never" (`9999-12-31`).
    pub const MAX_YEAR: i32 = 2199;

    /// The day of a year, month (1–12) and day of the month; `None` when there is no such day or
    /// the year lies outside [`Self::MIN_YEAR`]..=[`Self::MAX_YEAR`].
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Option<Self> {
        let valid = (Self::MIN_YEAR..=Self::MAX_YEAR).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        valid.then(|| Self::civil(year, month, day))
    }

    /// Days before a civil date, by counting years from 1 March, so that a leap day ends a year.
    fn civil(year: i32, month: u32, day: u32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (month.cast_signed() + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + day.cast_signed() - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month (1–12) and day of the month.
    pub fn ymd(self) -> (i32, u32, u32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i32::from(month <= 2);
        (year, month.cast_unsigned(), day.cast_unsigned())
    }

    /// Reads `YYYY-MM-DD`, as flags take it.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let digits = |range: std::ops::Range<usize>| {
            let part = &text[range];
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok())?
        };
        Self::from_ymd(digits(0..4)?.cast_signed(), digits(5..7)?, digits(8..10)?)
    }

    /// The day `n` days later (earlier when negative).
    #[must_use]
    pub fn plus(self, n: i32) -> Self {
        Self(self.0 + n)
    }

    /// Months since year 0 of the month this day lies in.
    pub(super) fn month_number(self) -> i32 {
        let (year, month, _) = self.ymd();
        year * 12 + month.cast_signed() - 1
    }

    /// The first day of a month counted since year 0.
    pub(super) fn first_of_month(number: i32) -> Self {
        Self::civil(number.div_euclid(12), (number.rem_euclid(12) + 1).cast_unsigned(), 1)
    }

    /// The same day of the month `n` months later, or that month's last day where it is shorter.
    pub(super) fn plus_months(self, n: i32) -> Self {
        let day = self.ymd().2.cast_signed();
        let first = Self::first_of_month(self.month_number() + n);
        let (year, month, _) = first.ymd();
        first.plus(day.min(days_in_month(year, month).cast_signed()) - 1)
    }

    /// 0 for Monday … 6 for Sunday.
    pub fn weekday(self) -> u8 {
        u8::try_from((self.0 + 3).rem_euclid(7)).unwrap_or_default()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    /// Every day of the supported range against the calendar of an independent library.
    #[test]
    fn agrees_with_jiff_on_every_day() {
        let mut date = jiff::civil::date(1900, 1, 1);
        let end = jiff::civil::date(2199, 12, 31);
        let epoch = jiff::civil::date(1970, 1, 1);
        let start = -25_567; // 70 years with 17 leap days before 1970
        for number in start.. {
            let (year, month, day) = Day(number).ymd();
            assert_eq!(
                (year, month, day),
                (
                    i32::from(date.year()),
                    date.month().cast_unsigned().into(),
                    date.day().cast_unsigned().into()
                )
            );
            assert_eq!(Day::from_ymd(year, month, day), Some(Day(number)));
            assert_eq!(i64::from(Day(number).weekday()), {
                i64::from(date.weekday().to_monday_zero_offset())
            });
            assert_eq!(Day(number).to_string(), date.to_string());
            if date == end {
                assert_eq!(i64::from(number), i64::from((date - epoch).get_days()));
                break;
            }
            date = date.tomorrow().unwrap_or(date);
        }
    }

    #[test]
    fn there_is_no_such_day() {
        for text in ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "0000-00-00"] {
            assert_eq!(Day::parse_iso(text), None, "{text}");
        }
        assert!(Day::parse_iso("2024-02-29").is_some());
        assert_eq!(Day::parse_iso("2024-2-29"), None);
        assert_eq!(Day::parse_iso("+024-02-29"), None);
    }

    #[test]
    fn months_clamp_at_their_end() {
        let day = |text| Day::parse_iso(text).expect(text);
        assert_eq!(day("2024-03-31").plus_months(-1), day("2024-02-29"));
        assert_eq!(day("2023-03-31").plus_months(-1), day("2023-02-28"));
        assert_eq!(day("2024-01-15").plus_months(-13), day("2022-12-15"));
        assert_eq!(day("2024-02-29").plus_months(12), day("2025-02-28"));
    }
}
