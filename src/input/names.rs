//! The names that orders bear, numbered by all threads that read them: customers, currencies, segments.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use super::customer_keys::{CustomerKeys, Share};
use super::keys::Keys;

/// Everything that orders name, by number. Which number a name has depends on the order in which threads meet it;
/// no result depends on numbers.
#[derive(Debug, Default)]
pub struct Names {
    /// The customers' keys.
    pub customers: CustomerKeys,
    /// Currencies, in upper case.
    pub currencies: Words,
    /// The values of the segmenting columns of the orders.
    pub values: Vec<Words>,
}

impl Names {
    /// No names yet, with so many segmenting columns.
    pub fn new(columns: usize) -> Self {
        Self { values: (0..columns).map(|_| Words::default()).collect(), ..Self::default() }
    }

    /// The same, of a share of the customers, and of at most so many.
    #[must_use]
    pub fn sharing(self, share: Share, most: usize) -> Self {
        Self { customers: CustomerKeys::sharing(share, most), ..self }
    }
}

/// Items by group, in their order within it.
#[derive(Debug)]
pub struct Grouped {
    items: Vec<u32>,
    ends: Vec<usize>,
}

impl Grouped {
    /// The numbers of items whose groups these are.
    pub fn new(groups: impl Iterator<Item = usize> + Clone, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for group in groups.clone() {
            starts[group + 1] += 1;
        }
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut items = vec![0; starts[count]];
        for (item, group) in (0..).zip(groups) {
            items[starts[group]] = item;
            starts[group] += 1;
        }
        starts.pop();
        Self { items, ends: starts }
    }

    /// The groups, one after the other.
    pub fn groups(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.items[start..*end])
    }
}

/// A few words that many rows bear.
#[derive(Debug, Default)]
pub struct Words(RwLock<Keys>);

impl Words {
    /// The number of a word, new or not.
    pub fn number(&self, word: &[u8]) -> u32 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).find(word);
        known.unwrap_or_else(|| self.0.write().unwrap_or_else(PoisonError::into_inner).number(word))
    }

    /// The word of a number.
    pub fn text(&self, number: u32) -> Vec<u8> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).text(number).to_vec()
    }

    /// The word of a number, for people.
    pub fn display(&self, number: u32) -> String {
        String::from_utf8_lossy(&self.text(number)).into_owned()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// A copy of all words, by number.
    pub fn to_keys(&self) -> Keys {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The numbers of the words that one thread met, so that it need not ask for them again.
#[derive(Debug, Default)]
pub(super) struct Met {
    local: Keys,
    numbers: Vec<u32>,
    last: u32,
}

impl Met {
    /// The number of a word that was met before.
    pub(super) fn known(&mut self, written: &[u8]) -> Option<u32> {
        if self.numbers.is_empty() || !self.local.is(self.last, written) {
            self.last = self.local.find(written)?;
        }
        Some(self.numbers[self.last as usize])
    }

    /// The number of a word.
    pub(super) fn number(&mut self, written: &str, of_new: impl FnOnce(Cow<'_, str>) -> u32) -> u32 {
        if self.numbers.is_empty() || !self.local.is(self.last, written.as_bytes()) {
            self.last = self.local.number(written.as_bytes());
            if self.last as usize == self.numbers.len() {
                self.numbers.push(of_new(written.into()));
            }
        }
        self.numbers[self.last as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_the_order_of_their_items() {
        let grouped = Grouped::new([2, 0, 2, 2, 0].into_iter(), 4);
        let groups: Vec<&[u32]> = grouped.groups().collect();
        assert_eq!(groups, [&[1, 4][..], &[], &[0, 2, 3], &[]]);
    }
}
