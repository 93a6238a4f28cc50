//! Lengths of time as people say them: `30d`, `8w`, `12mo`, `1y`.

use std::fmt;
use std::str::FromStr;

use super::Day;

/// The unit of a [`Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanUnit {
    /// Calendar days.
    Days,
    /// Seven days each.
    Weeks,
    /// Calendar months.
    Months,
    /// Twelve calendar months each.
    Years,
}

/// A positive length of time, such as the activity window W.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many units; at least 1.
    pub count: u16,
    /// Of what.
    pub unit: SpanUnit,
}

impl Span {
    /// The day this span before `day`. Months and years keep the day of the month and clamp at the
    /// month's end (31 March − 1mo = 28 or 29 February).
    pub fn before(self, day: Day) -> Day {
        let count = i32::from(self.count);
        match self.unit {
            SpanUnit::Days => day.plus(-count),
            SpanUnit::Weeks => day.plus(-7 * count),
            SpanUnit::Months => day.plus_months(-count),
            SpanUnit::Years => day.plus_months(-12 * count),
        }
    }

    /// Its length in mean Gregorian days (a month is 30.436875 days, a year 365.2425).
    pub fn mean_days(self) -> f64 {
        let unit = match self.unit {
            SpanUnit::Days => 1.0,
            SpanUnit::Weeks => 7.0,
            SpanUnit::Months => 365.2425 / 12.0,
            SpanUnit::Years => 365.2425,
        };
        f64::from(self.count) * unit
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let complaint = || format!("\"{text}\" is not a span; write 30d, 8w, 12mo or 1y");
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match &text[digits..] {
            "d" => SpanUnit::Days,
            "w" => SpanUnit::Weeks,
            "mo" => SpanUnit::Months,
            "y" => SpanUnit::Years,
            _ => return Err(complaint()),
        };
        let count: u16 = text[..digits].parse().map_err(|_| complaint())?;
        let span = Self { count, unit };
        if count == 0 || span.mean_days() > 36_525.0 {
            return Err(format!("\"{text}\": a span is between one day and a hundred years"));
        }
        Ok(span)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            SpanUnit::Days => "d",
            SpanUnit::Weeks => "w",
            SpanUnit::Months => "mo",
            SpanUnit::Years => "y",
        };
        write!(f, "{}{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        for text in ["30d", "8w", "12mo", "1y"] {
            assert_eq!(text.parse::<Span>().map(|span| span.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "d", "0d", "-1d", "1 mo", "12m", "12MO", "1.5y", "99999d", "101y", "é"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
