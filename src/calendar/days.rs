//! A set of calendar days.

use super::Day;

/// Days of the years that a file may name, one bit each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DaySet {
    /// The number of the first word.
    first: usize,
    words: Vec<u64>,
}

/// Days before 1970 that the bits begin with: 1900-01-01 is 25,567 days before, and 64 goes into this.
const BEFORE: i32 = 25_600;

impl DaySet {
    /// Adds a day.
    pub fn insert(&mut self, day: Day) {
        let bit = usize::try_from(day.0 + BEFORE).unwrap_or_default();
        *self.word(bit / 64) |= 1 << (bit % 64);
    }

    /// Adds all days of another set.
    pub fn extend(&mut self, other: &Self) {
        for (index, word) in other.words.iter().enumerate() {
            *self.word(other.first + index) |= word;
        }
    }

    /// The word with this number, made where it is missing.
    fn word(&mut self, word: usize) -> &mut u64 {
        if self.words.is_empty() {
            self.first = word;
        }
        if word < self.first {
            self.words.splice(0..0, std::iter::repeat_n(0, self.first - word));
            self.first = word;
        }
        let index = word - self.first;
        if index >= self.words.len() {
            self.words.resize(index + 1, 0);
        }
        &mut self.words[index]
    }

    /// The days, in order.
    pub fn iter(&self) -> impl Iterator<Item = Day> {
        (self.first..).zip(&self.words).flat_map(|(index, word)| {
            let days = (0..64).filter(move |bit| word >> bit & 1 == 1);
            days.map(move |bit| Day(i32::try_from(index * 64 + bit).unwrap_or(i32::MAX) - BEFORE))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_come_back_once_and_in_order() {
        let mut days = DaySet::default();
        let first = Day::from_ymd(Day::MIN_YEAR, 1, 1).expect("a day");
        let last = Day::from_ymd(Day::MAX_YEAR, 12, 31).expect("a day");
        for day in [Day(20_000), first, Day(19_999), last, Day(20_000), Day(0)] {
            days.insert(day);
        }
        let mut more = DaySet::default();
        more.insert(Day(-1));
        days.extend(&more);
        days.extend(&DaySet::default());
        let all: Vec<Day> = days.iter().collect();
        assert_eq!(all, [first, Day(-1), Day(0), Day(19_999), Day(20_000), last]);
    }
}
