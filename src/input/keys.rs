//! Texts to dense numbers, each text stored once.
//!
//! Most of the time of a large report goes into finding the number of a key, and most of that into waiting for
//! memory. So the table holds nothing but numbers, and a key of up to fifteen bytes stands where its number says:
//! both are small enough to stay near. And a text that its caller knows to be new is not looked for at all.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A key of up to fifteen bytes with its length behind; of a longer one, its hash, and which of the long ones it is.
pub(super) type Packed = [u8; 16];

/// The most bytes of a short key, and the place of its length.
pub(super) const INLINE: usize = 15;

/// The length of a long key.
const LONG: u8 = u8::MAX;

/// Numbers texts from 0 in the order they are first seen. Texts are compared in full.
#[derive(Debug, Default, Clone)]
pub struct Keys {
    table: HashTable<u32>,
    /// How many texts are in the table; those behind are known to be different from all before them.
    indexed: usize,
    /// Every key, by number.
    packed: Vec<Packed>,
    /// The long keys, one behind the other, and where each ends.
    arena: Vec<u8>,
    ends: Vec<usize>,
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
        if let Some(found) = self.look_up(text, hash) {
            return found;
        }
        let number = self.push(text);
        self.insert(hash, number);
        self.indexed += 1;
        number
    }

    /// The number of a text seen before. Texts that were only pushed have to be indexed first.
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        self.look_up(text, Self::hash(text))
    }

    /// The hash of a text.
    pub fn hash(text: &[u8]) -> u64 {
        match short(text) {
            Some(packed) => hash_of(&packed),
            None => HASHER.hash_one(text),
        }
    }

    /// Looks at the entries of texts with these hashes, and finds nothing: afterwards they are near. One look
    /// after another in so short a loop waits for memory once, where looks between other work wait each.
    pub fn warm<const N: usize>(&self, hashes: &[u64]) {
        let mut likely = [0; N];
        for (likely, hash) in likely.iter_mut().zip(hashes) {
            *likely = self.table.find(*hash, |_| true).copied().unwrap_or_default();
        }
        let keys = likely.iter().filter_map(|number| self.packed.get(*number as usize));
        std::hint::black_box(keys.fold(0, |seen, key| seen ^ key[INLINE]));
    }

    /// Numbers a text that is different from all before it. It is not looked for, nor yet to be found.
    pub fn push(&mut self, text: &[u8]) -> u32 {
        let number = u32::try_from(self.packed.len()).expect("fewer than 2³² different keys");
        self.packed.push(short(text).unwrap_or_else(|| {
            let which = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
            self.arena.extend_from_slice(text);
            self.ends.push(self.arena.len());
            long(HASHER.hash_one(text), which)
        }));
        number
    }

    /// Makes all texts to be found.
    pub fn index(&mut self) {
        while self.indexed < self.packed.len() {
            let number = u32::try_from(self.indexed).expect("fewer than 2³² different keys");
            self.insert(hash_of(&self.packed[self.indexed]), number);
            self.indexed += 1;
        }
    }

    /// The text of a number handed out before.
    pub fn text(&self, number: u32) -> &[u8] {
        let packed = &self.packed[number as usize];
        match packed[INLINE] {
            LONG => self.long_text(packed),
            length => &packed[..usize::from(length)],
        }
    }

    /// Whether this is the text of a number.
    pub(super) fn is(&self, number: u32, text: &[u8]) -> bool {
        short(text).map_or_else(|| self.text(number) == text, |packed| self.packed[number as usize] == packed)
    }

    /// The text of a number, for people.
    pub fn display(&self, number: u32) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.text(number))
    }

    /// How many different texts there are.
    pub fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether no text was seen.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    fn long_text(&self, packed: &Packed) -> &[u8] {
        let which = u32::from_le_bytes([packed[8], packed[9], packed[10], packed[11]]) as usize;
        let start = if which == 0 { 0 } else { self.ends[which - 1] };
        &self.arena[start..self.ends[which]]
    }

    /// The number of a text with this hash that is in the table.
    pub(super) fn look_up(&self, text: &[u8], hash: u64) -> Option<u32> {
        let found = match short(text) {
            Some(packed) => self.table.find(hash, |number| self.packed[*number as usize] == packed),
            None => self.table.find(hash, |number| {
                let packed = &self.packed[*number as usize];
                packed[INLINE] == LONG && hash_of(packed) == hash && self.long_text(packed) == text
            }),
        };
        found.copied()
    }

    /// Puts a number into the table, with the hash of its text.
    pub(super) fn insert(&mut self, hash: u64, number: u32) {
        let packed = &self.packed;
        self.table.insert_unique(hash, number, |number| hash_of(&packed[*number as usize]));
    }
}

/// A text of up to fifteen bytes with its length behind.
pub(super) fn short(text: &[u8]) -> Option<Packed> {
    // In two words, the second of which may overlap the first: copying so few bytes one by one takes longer.
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let half = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    let (low, high) = match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) if text.len() <= INLINE => {
            let behind = text.len() - 8;
            // The bytes of the last word that are not of the first are its highest.
            (word(first), if behind == 0 { 0 } else { word(last) >> (64 - 8 * behind) })
        }
        (None, _) => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => (half(first) | half(last) << (8 * (text.len() - 4)), 0),
            _ => (text.iter().rev().fold(0, |low, byte| low << 8 | u64::from(*byte)), 0),
        },
        _ => return None,
    };
    // At most fifteen, so never that of a long key.
    let length = (text.len() as u64) << 56;
    Some(to_bytes(low, high | length))
}

fn to_bytes(low: u64, high: u64) -> Packed {
    (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
}

fn long(hash: u64, which: u32) -> Packed {
    let mut packed = [0; 16];
    packed[..8].copy_from_slice(&hash.to_le_bytes());
    packed[8..12].copy_from_slice(&which.to_le_bytes());
    packed[INLINE] = LONG;
    packed
}

/// The hash of a key: of a short one that of its bytes, of a long one the one that stands in it.
fn hash_of(packed: &Packed) -> u64 {
    let both = u128::from_le_bytes(*packed);
    let [low, high] =
        [both, both >> 64].map(|word| u64::try_from(word & u128::from(u64::MAX)).unwrap_or_default());
    if packed[INLINE] == LONG { low } else { HASHER.hash_one((low, high)) }
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
