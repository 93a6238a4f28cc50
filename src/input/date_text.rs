//! The texts of dates and times, taken apart into numbers; what they mean is decided in `date`.

/// Whether a date of three numbers has a year of two digits.
pub(super) fn ends_in_two_digits(text: &[u8]) -> bool {
    parts(text, b'-', [2, 2, 2]).is_some_and(|(_, rest)| !rest.first().is_some_and(u8::is_ascii_digit))
}

/// Year, month and day of a date with the month's name, and what follows. The name is first (`Sep 18,
/// 2026`) or second (`18-Sep-26`, `2026-Sep-18`); a year of two digits is the last number.
pub(super) fn named(text: &[u8]) -> Option<([u32; 3], &[u8])> {
    let text = std::str::from_utf8(text).ok()?;
    let mut rest = text;
    let mut parts: [&str; 3] = [""; 3];
    for part in &mut parts {
        rest = rest.trim_start_matches([' ', '-', '/', ',', '.', '\u{a0}']);
        let digits = rest.starts_with(|character: char| character.is_ascii_digit());
        let length = rest.find(|c: char| if digits { !c.is_ascii_digit() } else { !c.is_alphabetic() });
        let (head, tail) = rest.split_at(length.unwrap_or(rest.len()));
        (*part, rest) = (head, tail);
    }
    let number = |text: &str| (text.len() <= 4).then(|| text.parse::<u32>().ok())?;
    let year = |text: &str| match text.len() {
        2 => number(text).map(full_year),
        4 => number(text),
        _ => None,
    };
    let [first, second, third] = parts;
    let (year, month, day) = if let Some(month) = super::month::number(first) {
        (year(third)?, month, number(second)?)
    } else {
        let month = super::month::number(second)?;
        if first.len() == 4 {
            (number(first)?, month, number(third)?)
        } else {
            (year(third)?, month, number(first)?)
        }
    };
    Some(([year, month, day], rest.strip_prefix('.').unwrap_or(rest).as_bytes()))
}

/// The year of two digits: 1970 to 2069.
fn full_year(two_digits: u32) -> u32 {
    if two_digits < 70 { 2000 + two_digits } else { 1900 + two_digits }
}

/// Three numbers with a separator between, each at most as long as given (a year of four or of two
/// digits), and what follows them.
pub(super) fn parts(text: &[u8], sep: u8, widths: [usize; 3]) -> Option<([u32; 3], &[u8])> {
    let mut numbers = [0; 3];
    let mut rest = text;
    for (index, (number, width)) in numbers.iter_mut().zip(widths).enumerate() {
        let (value, length) = leading_number(rest, width)?;
        *number = match (width, length) {
            (4, 2) if index == 2 => full_year(value),
            (4, 1..=3) => return None,
            _ => value,
        };
        rest = &rest[length..];
        if index < 2 {
            rest = rest.strip_prefix(&[sep])?;
        }
    }
    Some((numbers, rest))
}

pub(super) fn compact(text: &[u8]) -> Option<([u32; 3], &[u8])> {
    let (date, rest) = text.split_at_checked(8)?;
    let (number, length) = leading_number(date, 8)?;
    (length == 8).then_some(([number / 10_000, number / 100 % 100, number % 100], rest))
}

/// The number at the start of a text, of at most `width` digits, and its length.
fn leading_number(text: &[u8], width: usize) -> Option<(u32, usize)> {
    let length = text.iter().take(width).take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..length].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (length > 0).then_some((value, length))
}

/// A time of day behind a date (` 09:58`, `T09:58:12.123Z`, ` 2:30 PM`, ` 09:58:12 +0200`): seconds
/// since midnight, and the offset from UTC in seconds where there is one.
pub(super) fn time(text: &[u8]) -> Option<(i64, Option<i64>)> {
    let text = match text {
        [b'T' | b't' | b' ', rest @ ..] | [b',', b' ', rest @ ..] => rest.trim_ascii_start(),
        _ => return None,
    };
    let (hour, length) = leading_number(text, 2)?;
    let text = text[length..].strip_prefix(b":")?;
    let (minute, 2) = leading_number(text, 2)? else { return None };
    let mut text = &text[2..];
    let mut second = 0;
    if let Some(rest) = text.strip_prefix(b":") {
        let (value, 2) = leading_number(rest, 2)? else { return None };
        second = value.min(59) + u32::from(value > 60) * 60; // a leap second counts as :59
        text = &rest[2..];
        if let [b'.' | b',', rest @ ..] = text {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            text = &rest[digits..];
        }
    }
    let text = text.trim_ascii_start();
    let (hour, text) = match text {
        [half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm', rest @ ..] => {
            let afternoon = half.eq_ignore_ascii_case(&b'p');
            // Some systems print the half of the day behind a clock of 24 hours (14:03 PM, 00:15 AM).
            let hour = match hour {
                1..=12 => hour % 12 + if afternoon { 12 } else { 0 },
                0 if !afternoon => 0,
                13.. if afternoon => hour,
                _ => return None,
            };
            (hour, rest.trim_ascii_start())
        }
        _ => (hour, text),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour * 3_600 + minute * 60 + second);
    if text.is_empty() { Some((seconds, None)) } else { Some((seconds, Some(offset(text)?))) }
}

/// `Z`, `UTC`, `GMT`, `+02:00`, `+0200` or `+02`: seconds east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let sign = match text {
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0),
        b"CET" | b"MEZ" => return Some(3_600),
        b"CEST" | b"MESZ" => return Some(7_200),
        b"EST" => return Some(-5 * 3_600),
        b"EDT" => return Some(-4 * 3_600),
        b"PST" => return Some(-8 * 3_600),
        b"PDT" => return Some(-7 * 3_600),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, 2) = leading_number(&text[1..], 2)? else { return None };
    let rest = &text[3..];
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let minutes = match leading_number(rest, 2) {
        None if rest.is_empty() && text.len() == 3 => 0,
        Some((minutes, 2)) if rest.len() == 2 => minutes,
        _ => return None,
    };
    (hours <= 18 && minutes < 60).then(|| sign * i64::from(hours * 3_600 + minutes * 60))
}
