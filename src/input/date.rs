//! Dates and timestamps: text to the civil clock of the business.
//!
//! A column has one shape, fixed by its first value, and where that shape leaves the order of day
//! and month open, one order for all rows: decided by the first value that has only one reading.

use jiff::civil;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::date_text::{compact, ends_in_two_digits, named, parts, time};
use crate::calendar::{Day, SECONDS_PER_DAY};

/// Seconds of the business's civil clock since 1970-01-01 00:00.
pub type Stamp = i64;

/// The day a stamp lies in.
pub fn day_of(stamp: Stamp) -> Day {
    Day(i32::try_from(stamp.div_euclid(SECONDS_PER_DAY)).unwrap_or(i32::MAX))
}

/// Whether `03/04/2024` is in April or in March.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// `dd/mm/yyyy`
    DayFirst,
    /// `mm/dd/yyyy`
    MonthFirst,
}

/// How the dates of a column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `yyyy-mm-dd`, also with `/` or `.` between.
    YearFirst(u8),
    /// `yyyymmdd`
    Compact,
    /// `dd.mm.yyyy`
    Dotted,
    /// `dd/mm/yyyy` or `mm/dd/yyyy`, also with `-` between, also with two digits for the year.
    Either(u8),
    /// The month by its name: `Sep-18-26`, `10-Dez-25`, `05 oct. 2026`, `Jan 5, 2024`.
    Named,
}

/// What a text is under the rules of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A moment; `true` when the text carried an offset from UTC.
    At(Stamp, bool),
    /// A moment that, having one reading only, decides the column's order.
    Decides(Order, Stamp, bool),
    /// Two different moments, with nothing decided yet.
    Open,
    /// No date in the column's order, but one in the other.
    Contradicts,
    /// No date in the column's shape, but one in another.
    OtherShape,
    /// No date in the column's shape.
    Not,
}

/// What the user says about dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenFormat {
    /// Their format (strptime).
    Custom(String),
    /// The order of day and month, whatever else they look like.
    Order(Order),
}

/// How the dates of one column are to be read.
#[derive(Debug, Clone)]
pub struct DateFormat {
    /// The user's own format (strptime), which nothing overrides.
    pub custom: Option<String>,
    /// The shape, once a value has fixed it.
    pub shape: Option<Shape>,
    /// The order of day and month, once a value has decided it.
    pub order: Option<Order>,
    /// Moments without an offset are in UTC.
    pub utc: bool,
    /// The business's time zone, into which moments with an offset are converted.
    pub zone: TimeZone,
    /// The date read last the short way, and its midnight: most rows are of the day of the one before.
    last: Option<([u8; 10], Stamp)>,
}

impl DateFormat {
    /// A format that learns from the values it sees.
    pub fn new(given: Option<&GivenFormat>, zone: &TimeZone) -> Self {
        let (custom, order) = match given {
            None => (None, None),
            Some(GivenFormat::Custom(format)) => (Some(format.clone()), None),
            Some(GivenFormat::Order(order)) => (None, Some(*order)),
        };
        Self { custom, shape: None, order, utc: false, zone: zone.clone(), last: None }
    }

    /// Whether the next date fixes the shape.
    pub(super) fn is_undecided(&self) -> bool {
        self.custom.is_none() && self.shape.is_none()
    }

    /// Reads a trimmed, non-empty text. The first call that succeeds fixes the shape.
    pub fn read(&mut self, text: &[u8]) -> Reading {
        match self.read_plain(text) {
            Some(stamp) => Reading::At(stamp, false),
            None => self.read_new(text),
        }
    }

    /// Reads the commonest texts the short way: a date of ten bytes in the column's shape, and a time to the second or
    /// none. `None` for all others, and as long as the column leaves anything open.
    pub(super) fn read_plain(&mut self, text: &[u8]) -> Option<Stamp> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let seconds = match *rest {
            [] => 0,
            [b' ' | b'T', h, hh, b':', m, mm, b':', s, ss] => {
                let digits = [h, hh, m, mm, s, ss];
                let [h, hh, m, mm, s, ss] = digits.map(|digit| i64::from(digit.wrapping_sub(b'0')));
                let (hour, minute, second) = (h * 10 + hh, m * 10 + mm, s * 10 + ss);
                let is_time =
                    digits.iter().all(u8::is_ascii_digit) && hour < 24 && minute < 60 && second < 60;
                // Moments in UTC are converted, dates alone are not.
                if !is_time || self.utc {
                    return None;
                }
                hour * 3_600 + minute * 60 + second
            }
            _ => return None,
        };
        let midnight = match self.last {
            Some((last, midnight)) if last == *date => midnight,
            _ => {
                let midnight = i64::from(self.ten_bytes(date)?.0) * SECONDS_PER_DAY;
                self.last = Some((*date, midnight));
                midnight
            }
        };
        Some(midnight + seconds)
    }

    /// The day of a date of eight digits and two separators, where the column's shape and order are known.
    fn ten_bytes(&self, date: &[u8; 10]) -> Option<Day> {
        let (shape, order) = (self.shape.filter(|_| self.custom.is_none())?, self.order);
        let separators = |at: [usize; 2], separator: u8| {
            (0..10).all(|index| {
                if at.contains(&index) { date[index] == separator } else { date[index].is_ascii_digit() }
            })
        };
        let number = |at: std::ops::Range<usize>| {
            date[at].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
        };
        let (year, month, day) = match (shape, order) {
            (Shape::YearFirst(separator), _) if separators([4, 7], separator) => {
                (number(0..4), number(5..7), number(8..10))
            }
            (Shape::Dotted, Some(Order::DayFirst) | None) if separators([2, 5], b'.') => {
                (number(6..10), number(3..5), number(0..2))
            }
            (Shape::Dotted, Some(Order::MonthFirst)) if separators([2, 5], b'.') => {
                (number(6..10), number(0..2), number(3..5))
            }
            (Shape::Either(separator), Some(order)) if separators([2, 5], separator) => match order {
                Order::DayFirst => (number(6..10), number(3..5), number(0..2)),
                Order::MonthFirst => (number(6..10), number(0..2), number(3..5)),
            },
            _ => return None,
        };
        Day::from_ymd(year.cast_signed(), month, day)
    }

    fn read_new(&mut self, text: &[u8]) -> Reading {
        if let Some(format) = &self.custom {
            return match std::str::from_utf8(text).ok().and_then(|text| self.read_custom(format, text)) {
                Some((stamp, offset)) => Reading::At(stamp, offset),
                None => Reading::Not,
            };
        }
        let Some(own) = shape_of(text) else { return Reading::Not };
        let reading = self.read_shape(own, text);
        match self.shape {
            _ if reading == Reading::Not => Reading::Not,
            Some(shape) if shape != own => Reading::OtherShape,
            _ => {
                self.shape = Some(own);
                reading
            }
        }
    }

    /// How the column is written, for the report's header.
    pub fn describe(&self) -> String {
        if let Some(custom) = &self.custom {
            return custom.clone();
        }
        match (self.shape, self.order) {
            (Some(Shape::YearFirst(sep)), _) => format!("yyyy{0}mm{0}dd", char::from(sep)),
            (Some(Shape::Compact), _) => "yyyymmdd".to_owned(),
            (Some(Shape::Dotted), _) => "dd.mm.yyyy".to_owned(),
            (Some(Shape::Named), _) => "with the month's name".to_owned(),
            (Some(Shape::Either(sep)), Some(order)) => order.describe(sep),
            (Some(Shape::Either(sep)), None) => {
                let orders = [Order::DayFirst, Order::MonthFirst].map(|order| order.describe(sep));
                orders.join(" or ")
            }
            (None, _) => "undecided".to_owned(),
        }
    }

    fn read_shape(&self, shape: Shape, text: &[u8]) -> Reading {
        let ([first, second, third], rest) = match shape {
            Shape::YearFirst(sep) => match parts(text, sep, [4, 2, 2]) {
                Some(parts) => parts,
                None => return Reading::Not,
            },
            Shape::Compact => match compact(text) {
                Some(parts) => parts,
                None => return Reading::Not,
            },
            Shape::Named => match named(text) {
                Some(parts) => parts,
                None => return Reading::Not,
            },
            Shape::Dotted => match parts(text, b'.', [2, 2, 4]) {
                // Points are for days first, unless the user says otherwise.
                Some(([month, day, year], rest)) if self.order == Some(Order::MonthFirst) => {
                    ([year, month, day], rest)
                }
                Some(([day, month, year], rest)) => ([year, month, day], rest),
                None => return Reading::Not,
            },
            // `24-01-15` may begin with its year, which nothing in the column could tell.
            Shape::Either(b'-') if self.order.is_none() && ends_in_two_digits(text) => return Reading::Not,
            Shape::Either(sep) => match parts(text, sep, [2, 2, 4]) {
                Some(parts) => return self.read_either(parts.0, parts.1),
                None => return Reading::Not,
            },
        };
        match Day::from_ymd(first.cast_signed(), second, third).and_then(|day| self.moment(day, rest)) {
            Some((stamp, offset)) => Reading::At(stamp, offset),
            None => Reading::Not,
        }
    }

    fn read_either(&self, [first, second, year]: [u32; 3], rest: &[u8]) -> Reading {
        let year = year.cast_signed();
        let day_first = Day::from_ymd(year, second, first).and_then(|day| self.moment(day, rest));
        let month_first = Day::from_ymd(year, first, second).and_then(|day| self.moment(day, rest));
        let (own, foreign) = match self.order {
            Some(Order::DayFirst) => (day_first, month_first),
            Some(Order::MonthFirst) => (month_first, day_first),
            None => {
                return match (day_first, month_first) {
                    (None, None) => Reading::Not,
                    (Some((stamp, offset)), None) => Reading::Decides(Order::DayFirst, stamp, offset),
                    (None, Some((stamp, offset))) => Reading::Decides(Order::MonthFirst, stamp, offset),
                    (Some(a), Some(b)) if a == b => Reading::At(a.0, a.1),
                    (Some(_), Some(_)) => Reading::Open,
                };
            }
        };
        match (own, foreign) {
            (Some((stamp, offset)), _) => Reading::At(stamp, offset),
            (None, Some(_)) => Reading::Contradicts,
            (None, None) => Reading::Not,
        }
    }

    /// Day and the text behind it (nothing, or a time with or without offset) → the civil clock.
    fn moment(&self, day: Day, rest: &[u8]) -> Option<(Stamp, bool)> {
        let midnight = i64::from(day.0) * SECONDS_PER_DAY;
        if rest.is_empty() {
            return Some((midnight, false));
        }
        let (seconds, offset) = time(rest)?;
        let civil = midnight + seconds;
        match offset.or(self.utc.then_some(0)) {
            None => Some((civil, false)),
            Some(offset) => Some((self.localise(civil - offset)?, true)),
        }
    }

    /// Seconds since the epoch in UTC → seconds of the business's civil clock.
    fn localise(&self, utc: i64) -> Option<Stamp> {
        let moment = jiff::Timestamp::from_second(utc).ok()?;
        Some(utc + i64::from(self.zone.to_offset(moment).seconds()))
    }

    fn read_custom(&self, format: &str, text: &str) -> Option<(Stamp, bool)> {
        let parsed = strtime::parse(format, text).ok()?;
        let date = parsed.to_date().ok()?;
        let day = Day::from_ymd(date.year().into(), unsigned(date.month()), unsigned(date.day()))?;
        let time = parsed.to_time().unwrap_or(civil::Time::midnight());
        let seconds =
            i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let civil = i64::from(day.0) * SECONDS_PER_DAY + seconds;
        match parsed.offset() {
            None => Some((civil, false)),
            Some(offset) => Some((self.localise(civil - i64::from(offset.seconds()))?, true)),
        }
    }
}

impl Order {
    fn describe(self, sep: u8) -> String {
        let sep = char::from(sep);
        match self {
            Self::DayFirst => format!("dd{sep}mm{sep}yyyy"),
            Self::MonthFirst => format!("mm{sep}dd{sep}yyyy"),
        }
    }
}

fn unsigned(value: i8) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn shape_of(text: &[u8]) -> Option<Shape> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (digits, text.get(digits)) {
        (4, Some(sep @ (b'-' | b'/' | b'.'))) if text.get(5).is_some_and(u8::is_ascii_digit) => {
            Some(Shape::YearFirst(*sep))
        }
        (8, _) => Some(Shape::Compact),
        (1 | 2, Some(b'.')) if text.get(digits + 1).is_some_and(u8::is_ascii_digit) => Some(Shape::Dotted),
        (1 | 2, Some(sep @ (b'/' | b'-'))) if text.get(digits + 1).is_some_and(u8::is_ascii_digit) => {
            Some(Shape::Either(*sep))
        }
        (0..=2 | 4, Some(_)) if named(text).is_some() => Some(Shape::Named),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(zone: &str) -> DateFormat {
        DateFormat::new(None, &TimeZone::get(zone).expect(zone))
    }

    fn at(text: &str) -> Stamp {
        let (date, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
        let day = Day::parse_iso(date).expect(text);
        let part = |range: std::ops::Range<usize>| time[range].parse::<i64>().expect(text);
        i64::from(day.0) * SECONDS_PER_DAY + part(0..2) * 3_600 + part(3..5) * 60 + part(6..8)
    }

    /// The short way and the long one, on texts of every shape, in every column, whatever was read before.
    #[test]
    fn plain_dates_are_read_as_all_others() {
        let dates = [
            "2024-05-01",
            "2024/05/01",
            "2024.05.01",
            "01.05.2024",
            "31.12.2023",
            "12.31.2023",
            "03/04/2024",
            "13/04/2024",
            "04/13/2024",
            "03-04-2024",
            "2024-02-30",
            "1899-12-31",
            "2200-01-01",
            "1.5.24 7:0",
            "20240501",
        ];
        let times = [
            "",
            " 09:58:12",
            "T23:59:59",
            " 09:58:60",
            " 24:00:00",
            " 9:58:12",
            " 09:58",
            " 09:58:12Z",
            " 09:58:12 PM",
            " 0x:58:12",
            "x",
            " ",
            " 09:60:12",
            "09:58:12",
            " 09:58:12.5",
        ];
        let shapes = [
            None,
            Some(Shape::YearFirst(b'-')),
            Some(Shape::YearFirst(b'/')),
            Some(Shape::Dotted),
            Some(Shape::Either(b'/')),
            Some(Shape::Either(b'-')),
            Some(Shape::Compact),
        ];
        let orders = [None, Some(Order::DayFirst), Some(Order::MonthFirst)];
        let texts: Vec<String> =
            dates.iter().flat_map(|date| times.map(|time| format!("{date}{time}"))).collect();
        let mut plain = 0;
        for utc in [false, true] {
            for shape in shapes {
                for order in orders {
                    let zone = if utc { "Europe/Berlin" } else { "UTC" };
                    let mut used = DateFormat { shape, order, utc, ..format(zone) };
                    for text in texts.iter().chain(texts.iter().rev()) {
                        let mut fresh = DateFormat { shape, order, utc, ..format(zone) };
                        let short = used.read_plain(text.as_bytes());
                        plain += u32::from(short.is_some());
                        if let Some(stamp) = short {
                            assert_eq!(
                                fresh.read_new(text.as_bytes()),
                                Reading::At(stamp, false),
                                "{text} {shape:?} {order:?}"
                            );
                        }
                    }
                }
            }
        }
        assert!(plain > 100);
    }

    #[test]
    fn shapes() {
        for (text, expected) in [
            ("2024-05-01", "2024-05-01"),
            ("2024-5-1", "2024-05-01"),
            ("2024/05/01", "2024-05-01"),
            ("20240501", "2024-05-01"),
            ("01.05.2024", "2024-05-01"),
            ("1.5.2024 7:05", "2024-05-01 07:05:00"),
            ("2024-05-01 09:58:12", "2024-05-01 09:58:12"),
            ("2024-05-01T09:58:12.123456", "2024-05-01 09:58:12"),
            ("2024-05-01 12:00 AM", "2024-05-01 00:00:00"),
            ("2024-05-01 12:30:05 pm", "2024-05-01 12:30:05"),
            ("2024-05-01T23:59:60", "2024-05-01 23:59:59"),
            ("01.05.24", "2024-05-01"),
            ("Sep-18-26", "2026-09-18"),
            ("10-Dez-25", "2025-12-10"),
            ("05-oct.-26", "2026-10-05"),
            ("26-May-26", "2026-05-26"),
            ("2026-Sep-18", "2026-09-18"),
            ("3. März 2024", "2024-03-03"),
            ("Jan 5, 2024 14:03:07 PM", "2024-01-05 14:03:07"),
            ("Jan 5, 2024 12:15:00 AM", "2024-01-05 00:15:00"),
        ] {
            assert_eq!(format("UTC").read(text.as_bytes()), Reading::At(at(expected), false), "{text}");
        }
    }

    #[test]
    fn an_offset_is_converted_into_the_business_zone() {
        for (text, zone, expected) in [
            ("2024-05-01T22:30:00Z", "Europe/Berlin", "2024-05-02 00:30:00"),
            ("2024-01-31T23:30:00Z", "Europe/Berlin", "2024-02-01 00:30:00"),
            ("2024-05-01 00:10:00 +0200", "UTC", "2024-04-30 22:10:00"),
            ("2024-05-01T00:10:00-05:00", "America/New_York", "2024-05-01 01:10:00"),
            ("2024-05-01 00:10:00+09", "Asia/Tokyo", "2024-05-01 00:10:00"),
            ("Sep 4, 2026 1:05:07 AM PDT", "Europe/Berlin", "2026-09-04 10:05:07"),
        ] {
            assert_eq!(format(zone).read(text.as_bytes()), Reading::At(at(expected), true), "{text}");
        }
    }

    #[test]
    fn no_date() {
        for text in [
            "",
            "n/a",
            "2024-13-01",
            "2024-02-30",
            "0000-00-00",
            "9999-12-31",
            "2024-05",
            "45012",
            "1714550400",
            "2024-05-01 25:00",
            "2024-05-01 9",
            "2024-05-01x",
            "2024-05-01 10:00 +2",
            "2024-05-01 13:00 AM",
            "01.05.124",
            "2024-05-01 10:00:61",
            "32/01/2024",
            "5/1/4",
            "2024-05-01T",
            "Foo 5, 2024",
            "5-May",
            "May 2024",
            "31-Apr-24",
            "24-01-15",
        ] {
            assert_eq!(format("UTC").read(text.as_bytes()), Reading::Not, "{text}");
        }
    }

    #[test]
    fn day_and_month_are_never_guessed() {
        let mut column = format("UTC");
        assert_eq!(column.read(b"03/04/2024"), Reading::Open);
        assert_eq!(column.read(b"04/04/2024"), Reading::At(at("2024-04-04"), false));
        assert_eq!(column.read(b"13/04/2024"), Reading::Decides(Order::DayFirst, at("2024-04-13"), false));
        column.order = Some(Order::DayFirst);
        assert_eq!(column.read(b"03/04/2024"), Reading::At(at("2024-04-03"), false));
        assert_eq!(column.read(b"04/13/2024"), Reading::Contradicts);
        assert_eq!(column.read(b"2024-04-13"), Reading::OtherShape, "one shape per column");
        assert_eq!(column.describe(), "dd/mm/yyyy");
    }

    #[test]
    fn a_format_of_the_users_own() {
        let mut column = DateFormat::new(Some(&GivenFormat::Custom("%d/%m/%y %H:%M".into())), &TimeZone::UTC);
        assert_eq!(column.read(b"03/04/24 10:15"), Reading::At(at("2024-04-03 10:15:00"), false));
        assert_eq!(column.read(b"03/04/2024"), Reading::Not);
        let mut column = DateFormat::new(Some(&GivenFormat::Order(Order::MonthFirst)), &TimeZone::UTC);
        assert_eq!(column.read(b"03/04/2024"), Reading::At(at("2024-03-04"), false));
        let mut column = DateFormat::new(Some(&GivenFormat::Order(Order::MonthFirst)), &TimeZone::UTC);
        assert_eq!(column.read(b"03.04.2024"), Reading::At(at("2024-03-04"), false));
    }
}
