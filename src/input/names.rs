//! The names that orders bear, numbered by all threads that read them: customers, currencies, segments.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, RwLock};

use super::keys::Keys;
use crate::means::lock;

/// Into how many parts customers are divided, by the hash of their key. Threads work on different parts at once.
pub const PARTS: usize = 16;

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
        let customers = CustomerKeys { share, most: most / PARTS, ..CustomerKeys::default() };
        Self { customers, ..self }
    }
}

/// A share of the customers, by the hash of their key: `which` of `of` shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many shares there are.
    pub of: u64,
    /// Which one it is, from 0.
    pub which: u64,
}

impl Share {
    /// All customers.
    pub const WHOLE: Self = Self { of: 1, which: 0 };

    fn has(self, hash: u64) -> bool {
        (hash >> 32) % self.of == self.which
    }
}

/// Numbers from this one on are those of customers of another share. They tell customers apart as far as 31 bits do,
/// which is enough to see that an order names two; what is counted is counted with their own share.
pub const ELSEWHERE: u32 = 1 << 31;

fn elsewhere(hash: u64) -> u32 {
    // One below the number of nobody.
    (ELSEWHERE | u32::try_from(hash >> 33).unwrap_or_default()).min(u32::MAX - 1)
}

/// Customers' keys. The number of a key says which part it is in (`number % PARTS`), and where in it
/// (`number / PARTS`).
#[derive(Debug)]
pub struct CustomerKeys {
    parts: [Mutex<Keys>; PARTS],
    share: Share,
    /// The most customers of a part.
    most: usize,
    is_full: AtomicBool,
}

impl Default for CustomerKeys {
    fn default() -> Self {
        let parts = std::array::from_fn(|_| Mutex::default());
        Self { parts, share: Share::WHOLE, most: usize::MAX, is_full: AtomicBool::new(false) }
    }
}

/// The part that a key with this hash is in. The table within it goes by other bits.
fn part_of(hash: u64) -> usize {
    (hash >> 48) as usize % PARTS
}

/// The number of a key within its part → its number.
fn numbered(within: u32, part: usize) -> u32 {
    let number = u32::try_from(within as usize * PARTS + part).ok();
    number.filter(|number| *number < ELSEWHERE).expect("fewer than 2³¹ customers")
}

/// Keys that are numbered together, so few that they stay near.
const BLOCK: usize = 4096;

/// Keys whose entries are looked at together.
const AHEAD: usize = 64;

impl CustomerKeys {
    /// The number of a key, new or not.
    pub fn number(&self, key: &[u8]) -> u32 {
        let mut numbers = Vec::new();
        self.number_all(std::iter::once(key), &mut numbers);
        numbers.first().copied().unwrap_or(u32::MAX)
    }

    /// Whether there are more customers than may be: then new ones have the numbers of another share, and nothing that
    /// is counted is of use.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Relaxed)
    }

    /// The numbers of many keys at once: each part is taken once, and the entries of its next keys are looked at
    /// together before they are needed, so that the memory waits for many of them and not for each.
    pub fn number_all<'k>(&self, keys: impl Iterator<Item = &'k [u8]>, numbers: &mut Vec<u32>) {
        numbers.clear();
        let mut keys = keys.map(|key| (Keys::hash(key), key));
        let mut block: Vec<(u64, &[u8])> = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            block.extend(keys.by_ref().take(BLOCK));
            if block.is_empty() {
                return;
            }
            self.number_block(&block, numbers);
        }
    }

    fn number_block(&self, keys: &[(u64, &[u8])], numbers: &mut Vec<u32>) {
        let before = numbers.len();
        numbers.resize(before + keys.len(), 0);
        let numbers = &mut numbers[before..];
        let by_part = Grouped::new(
            keys.iter().map(|(hash, _)| if self.share.has(*hash) { part_of(*hash) } else { PARTS }),
            PARTS + 1,
        );
        let mut near = [0; AHEAD];
        for (part, members) in by_part.groups().enumerate().filter(|(_, members)| !members.is_empty()) {
            if part == PARTS {
                for member in members {
                    numbers[*member as usize] = elsewhere(keys[*member as usize].0);
                }
                continue;
            }
            let mut known = lock(&self.parts[part]);
            if known.len() > self.most {
                self.is_full.store(true, Relaxed);
            }
            let is_full = self.is_full();
            for members in members.chunks(AHEAD) {
                for (near, member) in near.iter_mut().zip(members) {
                    *near = keys[*member as usize].0;
                }
                known.warm::<AHEAD>(&near[..members.len()]);
                for member in members {
                    let (hash, key) = keys[*member as usize];
                    numbers[*member as usize] = if is_full {
                        known.find(key).map_or_else(|| elsewhere(hash), |within| numbered(within, part))
                    } else {
                        numbered(known.number_hashed(key, hash), part)
                    };
                }
            }
        }
    }

    /// The number of a key seen before.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        let part = part_of(Keys::hash(key));
        lock(&self.parts[part]).find(key).map(|within| numbered(within, part))
    }

    /// A key for people: those that are e-mail addresses are marked inside, so that they never meet an id.
    pub fn display(&self, number: u32) -> String {
        if number >= ELSEWHERE {
            return "another one".to_owned();
        }
        let (part, within) = (number as usize % PARTS, number / u32::try_from(PARTS).unwrap_or(1));
        lock(&self.parts[part]).display(within).trim_start_matches('\0').to_owned()
    }

    /// A number above those of all keys, and not far above.
    pub fn bound(&self) -> usize {
        self.parts.iter().map(|part| lock(part).len()).max().unwrap_or(0) * PARTS
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
        if self.numbers.is_empty() || self.local.text(self.last) != written {
            self.last = self.local.find(written)?;
        }
        Some(self.numbers[self.last as usize])
    }

    /// The number of a word.
    pub(super) fn number(&mut self, written: &str, of_new: impl FnOnce(Cow<'_, str>) -> u32) -> u32 {
        if self.numbers.is_empty() || self.local.text(self.last) != written.as_bytes() {
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
    fn keys_have_one_number_each_however_they_are_asked_for() {
        let keys = CustomerKeys::default();
        let texts: Vec<String> = (0..5_000).map(|n| format!("customer {}", n % 1_700)).collect();
        let mut numbers = Vec::new();
        keys.number_all(texts.iter().map(String::as_bytes), &mut numbers);
        for (text, number) in texts.iter().zip(&numbers) {
            assert_eq!(keys.find(text.as_bytes()), Some(*number));
            assert_eq!(keys.number(text.as_bytes()), *number);
            assert_eq!(&keys.display(*number), text);
            assert!((*number as usize) < keys.bound());
        }
        let different: std::collections::HashSet<u32> = numbers.into_iter().collect();
        assert_eq!(different.len(), 1_700);
        assert_eq!(keys.find(b"nobody"), None);
    }

    #[test]
    fn groups_keep_the_order_of_their_items() {
        let grouped = Grouped::new([2, 0, 2, 2, 0].into_iter(), 4);
        let groups: Vec<&[u32]> = grouped.groups().collect();
        assert_eq!(groups, [&[1, 4][..], &[], &[0, 2, 3], &[]]);
    }
}
