//! Amounts and quantities: text to exact millionths.
//!
//! A file has one decimal mark. Until a value decides which, a value that reads differently under
//! the two marks (`1,234`) has no reading yet.

use crate::money::{MICROS, Micros};

/// The character between units and fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl Mark {
    /// The character itself.
    pub fn symbol(self) -> u8 {
        match self {
            Self::Point => b'.',
            Self::Comma => b',',
        }
    }

    /// The other mark, which groups thousands when it appears.
    fn grouping(self) -> u8 {
        match self {
            Self::Point => b',',
            Self::Comma => b'.',
        }
    }
}

/// What a text is under the rules of [`read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A number, the same under both marks or under the mark already decided.
    Exact(Micros),
    /// A number under one mark only, which this value thereby decides.
    Decides(Mark, Micros),
    /// A number under both marks, but not the same one.
    Open,
    /// Not a number under the mark decided before, but one under the other.
    Contradicts,
    /// Not a number.
    Not,
    /// A number beyond ±9.2 × 10¹².
    TooLarge,
}

/// Reads a trimmed, non-empty text: an optional sign, digits, thousands grouped in threes by the
/// mark that is not the decimal mark, and at most one decimal mark. No exponents, no symbols.
pub fn read(text: &[u8], mark: Option<Mark>) -> Reading {
    if let Some(value) = mark.and_then(|mark| plain(text, mark)) {
        return Reading::Exact(value);
    }
    let negative = text.first() == Some(&b'-');
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let signed = |value: Option<u64>| match value.map(Micros::try_from) {
        Some(Ok(value)) => Ok(if negative { -value } else { value }),
        _ => Err(Reading::TooLarge),
    };
    let one = |mark: Mark| parse(digits, mark).map(|value| signed(value.ok()));
    if let Some(mark) = mark {
        return match one(mark) {
            Some(Ok(value)) => Reading::Exact(value),
            Some(Err(large)) => large,
            None if parse(digits, other(mark)).is_some() => Reading::Contradicts,
            None => Reading::Not,
        };
    }
    match (one(Mark::Point), one(Mark::Comma)) {
        (None, None) => Reading::Not,
        (Some(Err(large)), _) | (_, Some(Err(large))) => large,
        (Some(Ok(point)), None) => Reading::Decides(Mark::Point, point),
        (None, Some(Ok(comma))) => Reading::Decides(Mark::Comma, comma),
        (Some(Ok(point)), Some(Ok(comma))) if point == comma => Reading::Exact(point),
        _ => Reading::Open,
    }
}

/// The commonest numbers, read the short way: few digits with two behind the mark, or none and no mark.
pub(super) fn plain(text: &[u8], mark: Mark) -> Option<Micros> {
    let (digits, hundredths) = match text {
        [whole @ .., point, tens, ones] if *point == mark.symbol() && !whole.is_empty() => {
            (whole, Some([tens, ones]))
        }
        whole => (whole, None),
    };
    let digits = Some(digits).filter(|digits| (1..=10).contains(&digits.len()))?;
    let mut value = 0;
    for digit in digits.iter().chain(hundredths.into_iter().flatten()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(value * if hundredths.is_some() { MICROS / 100 } else { MICROS })
}

fn other(mark: Mark) -> Mark {
    match mark {
        Mark::Point => Mark::Comma,
        Mark::Comma => Mark::Point,
    }
}

/// More than can be held.
struct TooLarge;

/// The number under this mark; `None` when it is not one.
fn parse(digits: &[u8], mark: Mark) -> Option<Result<u64, TooLarge>> {
    let split = memchr::memchr(mark.symbol(), digits);
    let (whole, fraction) = match split {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &[][..]),
    };
    if (split.is_some() && fraction.is_empty()) || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if (whole.is_empty() && fraction.is_empty()) || !is_whole(whole, mark.grouping()) {
        return None;
    }
    let mut value = Some(0_u64);
    for digit in whole.iter().filter(|byte| byte.is_ascii_digit()) {
        value = value.and_then(|v| v.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
    }
    let mut rest = 0;
    let mut weight = MICROS.unsigned_abs();
    for digit in fraction.iter().take(6) {
        weight /= 10;
        rest += u64::from(digit - b'0') * weight;
    }
    rest += u64::from(fraction.get(6).is_some_and(|digit| *digit >= b'5'));
    Some(value.and_then(|v| v.checked_mul(MICROS.unsigned_abs())?.checked_add(rest)).ok_or(TooLarge))
}

/// Digits only, or one to three digits and then groups of exactly three. A number written with
/// groups does not start with a zero.
fn is_whole(whole: &[u8], grouping: u8) -> bool {
    if whole.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let mut groups = whole.split(|byte| *byte == grouping);
    let head = groups.next().unwrap_or_default();
    (1..=3).contains(&head.len())
        && head.iter().all(u8::is_ascii_digit)
        && head[0] != b'0'
        && groups.all(|group| group.len() == 3 && group.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(units: &str) -> Micros {
        let (whole, fraction) = units.split_once('.').unwrap_or((units, ""));
        format!("{whole}{fraction:0<6}").parse().expect(units)
    }

    #[test]
    fn a_mark_that_is_not_followed_by_three_digits_decides() {
        for (text, mark, value) in [
            ("261.96", Mark::Point, "261.96"),
            ("261,96", Mark::Comma, "261.96"),
            ("-1,5", Mark::Comma, "-1.5"),
            ("1.234,56", Mark::Comma, "1234.56"),
            ("1,234.56", Mark::Point, "1234.56"),
            ("1.234.567", Mark::Comma, "1234567"),
            ("0.500", Mark::Point, "0.5"),
            ("1234,500", Mark::Comma, "1234.5"),
            (".5", Mark::Point, "0.5"),
            ("12,3456789", Mark::Comma, "12.345679"),
        ] {
            assert_eq!(read(text.as_bytes(), None), Reading::Decides(mark, micros(value)), "{text}");
        }
    }

    #[test]
    fn one_group_of_three_is_open_until_decided() {
        assert_eq!(read(b"1,234", None), Reading::Open);
        assert_eq!(read(b"-12.345", None), Reading::Open);
        assert_eq!(read(b"1,234", Some(Mark::Point)), Reading::Exact(micros("1234")));
        assert_eq!(read(b"1,234", Some(Mark::Comma)), Reading::Exact(micros("1.234")));
        assert_eq!(read(b"12", None), Reading::Exact(micros("12")));
        assert_eq!(read(b"12,5", Some(Mark::Point)), Reading::Contradicts);
    }

    /// The short cut and the long way, on texts of few characters.
    #[test]
    fn common_numbers_are_read_as_all_others() {
        let characters = b"0159.,-";
        let mut texts = vec![Vec::new()];
        for _ in 0..5 {
            texts = texts
                .iter()
                .flat_map(|text| characters.iter().map(|c| [&text[..], &[*c]].concat()))
                .collect();
            for text in &texts {
                for mark in [Mark::Point, Mark::Comma] {
                    if let Some(value) = plain(text, mark) {
                        let long = parse(text, mark).map(Result::ok);
                        assert_eq!(long, Some(u64::try_from(value).ok()), "{text:?}");
                    }
                }
            }
        }
        assert_eq!(plain(b"1234567890.12", Mark::Point), Some(1_234_567_890_120_000));
        assert_eq!(plain(b"1234567890,12", Mark::Point), None);
    }

    #[test]
    fn everything_else_is_not_a_number() {
        for text in [
            "",
            "-",
            "+",
            ".",
            ",",
            "5.",
            "12,4x",
            "1e3",
            "NaN",
            "inf",
            "1,23,456.7",
            "1,,234",
            "--5",
            "12 34",
            "0x10",
            "1.2.3",
            ",123,456",
            "01,234.5",
            "€5",
            "１２",
        ] {
            assert_eq!(read(text.as_bytes(), None), Reading::Not, "{text}");
            assert_eq!(read(text.as_bytes(), Some(Mark::Point)), Reading::Not, "{text}");
        }
        assert_eq!(read(b"9300000000000", None), Reading::TooLarge);
        assert_eq!(read(b"99999999999999999999999999", None), Reading::TooLarge);
    }
}
