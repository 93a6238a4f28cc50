//! Texts to dense numbers, each text stored once.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Numbers texts from 0 in the order they are first seen. Texts are compared in full.
#[derive(Debug, Default)]
pub struct Keys {
    table: HashTable<u32>,
    arena: Vec<u8>,
    /// Where each text ends in the arena.
    ends: Vec<usize>,
    hasher: FixedState,
}

impl Keys {
    /// The number of a text, new or not.
    pub fn number(&mut self, text: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(text);
        let (arena, ends) = (&self.arena, &self.ends);
        if let Some(found) = self.table.find(hash, |n| slice(arena, ends, *n) == text) {
            return *found;
        }
        let number = u32::try_from(self.ends.len()).expect("fewer than 2³² different keys");
        self.arena.extend_from_slice(text);
        self.ends.push(self.arena.len());
        let (arena, ends, hasher) = (&self.arena, &self.ends, &self.hasher);
        self.table.insert_unique(hash, number, |n| hasher.hash_one(slice(arena, ends, *n)));
        number
    }

    /// The number of a text seen before.
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |n| slice(&self.arena, &self.ends, *n) == text).copied()
    }

    /// The text of a number handed out before.
    pub fn text(&self, number: u32) -> &[u8] {
        slice(&self.arena, &self.ends, number)
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
        self.ends.is_empty()
    }
}

fn slice<'a>(arena: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &arena[start..ends[number]]
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
}
