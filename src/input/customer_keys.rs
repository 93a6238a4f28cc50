//! Customers' keys, numbered by all threads that read them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

pub use super::customer_part::PARTS;
use super::customer_part::{Key, Part};
use super::names::Grouped;
use crate::means::lock;

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

    pub(super) fn has(self, hash: u64) -> bool {
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
    parts: [Mutex<Part>; PARTS],
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

/// The number of a key within its part → its number.
fn numbered(within: u32, part: usize) -> u32 {
    let number = u32::try_from(within as usize * PARTS + part).ok();
    number.filter(|number| *number < ELSEWHERE).expect("fewer than 2³¹ customers")
}

/// Keys that are numbered together, so few that they stay near.
const BLOCK: usize = 4096;

/// Keys that are looked for together.
const AHEAD: usize = 64;

impl CustomerKeys {
    /// The keys of a share of the customers, and of at most so many.
    pub(super) fn sharing(share: Share, most: usize) -> Self {
        Self { share, most: most / PARTS, ..Self::default() }
    }

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

    /// The numbers of many keys at once: each part is taken once, and its next keys are looked for together, so
    /// that the memory waits for many of them and not for each.
    pub fn number_all<'k>(&self, keys: impl Iterator<Item = &'k [u8]>, numbers: &mut Vec<u32>) {
        numbers.clear();
        let mut keys = keys.map(|text| Key::new(text, self.share));
        let mut block: Vec<Key<'_>> = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            block.extend(keys.by_ref().take(BLOCK));
            if block.is_empty() {
                return;
            }
            self.number_block(&block, numbers);
        }
    }

    fn number_block(&self, keys: &[Key<'_>], numbers: &mut Vec<u32>) {
        let before = numbers.len();
        numbers.resize(before + keys.len(), 0);
        let numbers = &mut numbers[before..];
        let by_part = Grouped::new(keys.iter().map(|key| key.part), PARTS + 1);
        let (mut left, mut hashes) = ([0; AHEAD], [0; AHEAD]);
        for (number, members) in by_part.groups().enumerate().filter(|(_, members)| !members.is_empty()) {
            if number == PARTS {
                for member in members {
                    numbers[*member as usize] = elsewhere(keys[*member as usize].hash());
                }
                continue;
            }
            let mut part = lock(&self.parts[number]);
            if part.is_beyond(self.most) {
                self.is_full.store(true, Relaxed);
            }
            let is_full = self.is_full();
            for members in members.chunks(AHEAD) {
                let mut count = 0;
                for member in members {
                    let key = &keys[*member as usize];
                    if let Some(within) = part.known(key) {
                        numbers[*member as usize] = numbered(within, number);
                    } else {
                        (left[count], hashes[count]) = (*member, key.hash());
                        count += 1;
                    }
                }
                part.warm::<AHEAD>(&hashes[..count]);
                for (member, hash) in left.iter().zip(hashes).take(count) {
                    let key = &keys[*member as usize];
                    numbers[*member as usize] = match part.find(key, hash) {
                        Some(within) => numbered(within, number),
                        None if is_full => elsewhere(hash),
                        None => numbered(part.add(key, hash), number),
                    };
                }
            }
        }
    }

    /// A key for people: those that are e-mail addresses are marked inside, so that they never meet an id.
    pub fn display(&self, number: u32) -> String {
        if number >= ELSEWHERE {
            return "another one".to_owned();
        }
        let (part, within) = (number as usize % PARTS, number / u32::try_from(PARTS).unwrap_or(1));
        let key = lock(&self.parts[part]).text(within, part);
        String::from_utf8_lossy(&key).trim_start_matches('\0').to_owned()
    }

    /// A number above those of all keys. Many below it may be those of nobody.
    pub fn bound(&self) -> usize {
        self.parts.iter().map(|part| lock(part).bound()).max().unwrap_or(0) * PARTS
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    /// Keys of many forms, with and without a place, those that get one later among them.
    #[test]
    fn keys_have_one_number_each_however_they_are_asked_for() {
        let keys = CustomerKeys::default();
        let texts: Vec<String> = (0..60_000_u32)
            .map(|n| match n % 5 {
                0 => format!("customer {}", n % 1_700),
                1 => format!("C{:08}", n.wrapping_mul(7_919) % 900_000),
                2 => format!("{}", n.wrapping_mul(2_654_435_761)),
                3 => format!("{:03}@example.com", n % 1_500),
                _ => format!("{}{}", char::from(b'a' + u8::try_from(n % 26).expect("a letter")), n % 900),
            })
            .collect();
        let mut known = HashMap::new();
        let mut numbers = Vec::new();
        for texts in texts.chunks(7_000).chain([&texts[..]]) {
            keys.number_all(texts.iter().map(String::as_bytes), &mut numbers);
            for (text, number) in texts.iter().zip(&numbers) {
                assert_eq!(known.entry(text.clone()).or_insert(*number), number, "{text}");
                assert!((*number as usize) < keys.bound());
            }
        }
        for (text, number) in &known {
            assert_eq!(keys.number(text.as_bytes()), *number);
            assert_eq!(&keys.display(*number), text);
        }
        assert_eq!(known.values().collect::<HashSet<_>>().len(), known.len());
    }
}
