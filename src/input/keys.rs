//! Texts to dense numbers, each text stored once.
//!
//! Most of the time of a large report goes into finding the number of a key, and most of that into waiting for
//! memory. So a key of up to fifteen bytes stands in its entry of the table, where it is compared without another
//! look elsewhere; and a text that its caller knows to be new is not looked for at all.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A key as two words: itself and its length, or, where it is longer than fifteen bytes, its hash and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed([u64; 2]);

/// The bytes that fit into two words beside their number.
const INLINE: usize = 15;

/// An entry of the table.
#[derive(Debug, Clone, Copy)]
struct Entry {
    packed: Packed,
    number: u32,
}

/// Numbers texts from 0 in the order they are first seen. Texts are compared in full.
#[derive(Debug, Default, Clone)]
pub struct Keys {
    table: HashTable<Entry>,
    /// How many texts are in the table; those behind are known to be different from all before them.
    indexed: usize,
    arena: Vec<u8>,
    /// Where each text ends in the arena.
    ends: Ends,
}

/// All tables hash alike, so that a hash taken once serves any of them.
const HASHER: FixedState = FixedState::with_seed(0);

impl Keys {
    /// The number of a text, new or not.
    pub fn number(&mut self, text: &[u8]) -> u32 {
        self.number_hashed(text, Self::hash(text))
    }

    /// The number of a text with this hash, new or not.
    pub(super) fn number_hashed(&mut self, text: &[u8], hash: u64) -> u32 {
        self.index();
        let packed = pack(text);
        if let Some(found) = self.look_up(text, packed, hash) {
            return found;
        }
        let number = self.push(text);
        self.insert(packed, hash, number);
        number
    }

    /// The number of a text seen before. Texts that were only pushed have to be indexed first.
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        self.look_up(text, pack(text), Self::hash(text))
    }

    /// The hash of a text.
    pub fn hash(text: &[u8]) -> u64 {
        HASHER.hash_one(pack(text).0)
    }

    /// Looks at the entries of texts with these hashes, and finds nothing: afterwards they are near. One look
    /// after another in so short a loop waits for memory once, where looks between other work wait each.
    pub fn warm(&self, hashes: &[u64]) {
        let mut looked_at = 0_u64;
        for hash in hashes {
            let look = |entry: &Entry| {
                looked_at = looked_at.wrapping_add(entry.packed.0[0]);
                false
            };
            self.table.find(*hash, look);
        }
        std::hint::black_box(looked_at);
    }

    /// Numbers a text that is different from all before it. It is not looked for, nor yet to be found.
    pub fn push(&mut self, text: &[u8]) -> u32 {
        let number = u32::try_from(self.ends.len()).expect("fewer than 2³² different keys");
        self.arena.extend_from_slice(text);
        self.ends.push(self.arena.len());
        number
    }

    /// Makes all texts to be found.
    pub fn index(&mut self) {
        while self.indexed < self.ends.len() {
            let number = u32::try_from(self.indexed).expect("fewer than 2³² different keys");
            let packed = pack(self.text(number));
            self.insert(packed, HASHER.hash_one(packed.0), number);
        }
    }

    /// The text of a number handed out before.
    pub fn text(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends.get(number - 1) };
        &self.arena[start..self.ends.get(number)]
    }

    /// The text of a number, for people.
    pub fn display(&self, number: u32) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.text(number))
    }

    /// How many different texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no text was seen.
    pub fn is_empty(&self) -> bool {
        self.ends.len() == 0
    }

    fn look_up(&self, text: &[u8], packed: Packed, hash: u64) -> Option<u32> {
        let is_it = |entry: &Entry| {
            entry.packed == packed && (text.len() <= INLINE || self.text(entry.number) == text)
        };
        self.table.find(hash, is_it).map(|entry| entry.number)
    }

    fn insert(&mut self, packed: Packed, hash: u64, number: u32) {
        self.table.insert_unique(hash, Entry { packed, number }, |entry| HASHER.hash_one(entry.packed.0));
        self.indexed += 1;
    }
}

fn pack(text: &[u8]) -> Packed {
    if text.len() > INLINE {
        return Packed([HASHER.hash_one(text), u64::MAX << 56 | text.len() as u64]);
    }
    let mut bytes = [0; 16];
    bytes[..text.len()].copy_from_slice(text);
    // At most fifteen, so never that of a long key.
    bytes[INLINE] = u8::try_from(text.len()).unwrap_or(u8::MAX);
    let [low, high] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index])));
    Packed([low, high])
}

/// Where texts end, in four bytes each as long as they are less than 4 GB together.
#[derive(Debug, Default, Clone)]
struct Ends {
    short: Vec<u32>,
    long: Vec<usize>,
}

impl Ends {
    fn push(&mut self, end: usize) {
        match u32::try_from(end) {
            Ok(end) => self.short.push(end),
            Err(_) => self.long.push(end),
        }
    }

    fn get(&self, index: usize) -> usize {
        self.short.get(index).map_or_else(|| self.long[index - self.short.len()], |end| *end as usize)
    }

    fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_and_the_empty_text_are_keys_of_their_own() {
        let mut keys = Keys::default();
        let numbers: Vec<u32> =
            ["007", "7", "", "007", " 7", ""].iter().map(|t| keys.number(t.as_bytes())).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 3, 2]);
        assert_eq!((keys.text(0), keys.text(2), keys.len()), (&b"007"[..], &b""[..], 4));
        assert_eq!((keys.find(b"7"), keys.find(b"8")), (Some(1), None));
    }

    /// Keys around the fifteen bytes, with zeros at their ends, against a map of the standard library.
    #[test]
    fn keys_of_every_length_are_told_apart() {
        let mut keys = Keys::default();
        let mut known = std::collections::HashMap::new();
        for round in 0..3 {
            for length in 0..40_usize {
                for ending in [0, 1, 255, b'0'] {
                    let mut text = vec![7_u8; length];
                    text.push(ending);
                    let expected = *known.entry(text.clone()).or_insert(keys.len());
                    let number = if round == 0 { keys.push(&text) } else { keys.number(&text) };
                    assert_eq!(number as usize, expected, "{text:?}");
                }
            }
            keys.index();
        }
        assert_eq!(known.len(), keys.len());
        assert!(known.iter().all(|(text, number)| keys.find(text) == u32::try_from(*number).ok()));
    }
}
