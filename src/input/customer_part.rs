//! A part of the customers' keys.
//!
//! Most shops number their customers: keys end in digits, and their numbers go up without many gaps. The number of such
//! a key follows from the key, with nothing to be looked for: whoever looks for a million keys in a table waits
//! for memory most of the time. All other keys are in a table.

use super::customer_keys::Share;
use super::keys::Keys;
use super::numbered::{Numbered, Stem};

/// Into how many parts customers are divided, by their key. Threads work on different parts at once.
pub const PARTS: usize = 16;

/// A key, and how it is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'k> {
    text: &'k [u8],
    /// [`PARTS`] where it is that of a customer of another share.
    pub(super) part: usize,
    by: By,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Number(Numbered),
    Hash(u64),
}

impl<'k> Key<'k> {
    pub(super) fn new(text: &'k [u8], share: Share) -> Self {
        if share != Share::WHOLE {
            let hash = Keys::hash(text);
            if !share.has(hash) {
                return Self { text, part: PARTS, by: By::Hash(hash) };
            }
        }
        match Numbered::of(text) {
            Some(key) => {
                let value = key.value as usize;
                Self { text, part: (value + turn(value / PARTS)) % PARTS, by: By::Number(key) }
            }
            None => {
                let hash = Keys::hash(text);
                // The table goes by other bits.
                Self { text, part: (hash >> 48) as usize % PARTS, by: By::Hash(hash) }
            }
        }
    }

    pub(super) fn hash(&self) -> u64 {
        match self.by {
            By::Hash(hash) => hash,
            By::Number(_) => Keys::hash(self.text),
        }
    }
}

/// By how much the parts of sixteen keys in a row are turned. It differs from one sixteen to the next, so that keys
/// which go up in steps of sixteen are in all parts too.
fn turn(sixteen: usize) -> usize {
    sixteen.wrapping_mul(0x9E37_79B9) >> 16
}

/// Numbers are given in blocks of so many: to keys of one stem that follow each other, or to keys of the table.
const BLOCK: usize = 1024;

/// Numbers that may be nobody's, and those besides for each key.
const FREE: usize = 1 << 16;
const FREE_PER_KEY: usize = 4;

/// More stems than so many are not looked at.
const STEMS: usize = 16;

const NONE: u32 = u32::MAX;

/// A part of the keys, numbered.
#[derive(Debug, Default)]
pub(super) struct Part {
    stems: Vec<Numbers>,
    /// The stem looked for last.
    last: usize,
    blocks: Vec<Block>,
    /// How many keys have numbers of their stem.
    by_number: usize,
    /// The other keys, and the blocks of their numbers.
    table: Keys,
    blocks_of_table: Vec<u32>,
}

/// The numbers of a stem.
#[derive(Debug)]
struct Numbers {
    stem: Stem,
    /// The block of each [`BLOCK`] keys in a row; [`NONE`] where there is none.
    blocks: Vec<u32>,
    /// Some of its keys are in the table.
    has_others: bool,
}

/// Whose numbers those of a block are.
#[derive(Debug)]
struct Block {
    /// The stem, or [`NONE`] for the table; and which of its blocks it is.
    of: (u32, u32),
    /// One bit for each key that was met.
    met: [u64; BLOCK / 64],
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

fn number(block: u32, within: usize) -> u32 {
    u32::try_from(block as usize * BLOCK + within).expect("fewer than 2³² numbers")
}

impl Part {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.by_number + self.table.len()
    }

    /// Whether there are more keys than so many, or far more numbers.
    pub(super) fn is_beyond(&self, most: usize) -> bool {
        self.len() > most || self.bound().saturating_sub(FREE) / 2 > most
    }

    /// A number above all.
    pub(super) fn bound(&self) -> usize {
        self.blocks.len() * BLOCK
    }

    fn position(&self, stem: Stem) -> Option<usize> {
        self.stems.iter().position(|known| known.stem == stem)
    }

    /// The number of a key that was met before and has a number of its stem.
    pub(super) fn known(&mut self, key: &Key<'_>) -> Option<u32> {
        let By::Number(key) = key.by else { return None };
        if self.stems.get(self.last).is_none_or(|known| known.stem != key.stem) {
            self.last = self.position(key.stem)?;
        }
        let place = key.value as usize / PARTS;
        let block = *self.stems[self.last].blocks.get(place / BLOCK)?;
        let met = self.blocks.get(block as usize)?.met[place % BLOCK / 64];
        (met >> (place % 64) & 1 == 1).then(|| number(block, place % BLOCK))
    }

    /// Looks at what is known of other keys with these hashes: afterwards it is near.
    pub(super) fn warm<const N: usize>(&self, hashes: &[u64]) {
        if !self.table.is_empty() {
            self.table.warm::<N>(hashes);
        }
    }

    /// The number of a key that was met before.
    pub(super) fn find(&mut self, key: &Key<'_>, hash: u64) -> Option<u32> {
        self.known(key).or_else(|| {
            let is_other = match &key.by {
                By::Hash(_) => true,
                By::Number(key) => self.position(key.stem).is_none_or(|at| self.stems[at].has_others),
            };
            let found = if is_other { self.table.look_up(key.text, hash)? as usize } else { return None };
            Some(number(self.blocks_of_table[found / BLOCK], found % BLOCK))
        })
    }

    /// The number of a key that was not met before.
    pub(super) fn add(&mut self, key: &Key<'_>, hash: u64) -> u32 {
        if let By::Number(key) = &key.by
            && let Some(block) = self.block_of(key)
        {
            self.by_number += 1;
            let place = key.value as usize / PARTS;
            self.blocks[block as usize].met[place % BLOCK / 64] |= 1 << (place % 64);
            return number(block, place % BLOCK);
        }
        let at = self.table.push(key.text);
        self.table.insert(hash, at);
        let at = at as usize;
        if at / BLOCK == self.blocks_of_table.len() {
            let block = self.new_block((NONE, small(at / BLOCK)));
            self.blocks_of_table.push(block);
        }
        number(self.blocks_of_table[at / BLOCK], at % BLOCK)
    }

    /// The block for a key by its number, new or not; `None` where its stem has too few keys for that.
    fn block_of(&mut self, key: &Numbered) -> Option<u32> {
        let stem = match self.position(key.stem) {
            Some(stem) => stem,
            None if self.stems.len() == STEMS => return None,
            None => {
                self.stems.push(Numbers { stem: key.stem, blocks: Vec::new(), has_others: false });
                self.stems.len() - 1
            }
        };
        let which = key.value as usize / PARTS / BLOCK;
        let known = self.stems[stem].blocks.get(which).copied().unwrap_or(NONE);
        if known != NONE {
            return Some(known);
        }
        if self.bound() + BLOCK > FREE + self.len() * FREE_PER_KEY {
            self.stems[stem].has_others = true;
            return None;
        }
        let block = self.new_block((small(stem), small(which)));
        let blocks = &mut self.stems[stem].blocks;
        if which >= blocks.len() {
            blocks.resize(which + 1, NONE);
        }
        blocks[which] = block;
        Some(block)
    }

    fn new_block(&mut self, of: (u32, u32)) -> u32 {
        self.blocks.push(Block { of, met: [0; BLOCK / 64] });
        u32::try_from(self.blocks.len() - 1).expect("fewer than 2³² blocks")
    }

    /// The key of a number of this part.
    pub(super) fn text(&self, number: u32, part: usize) -> Vec<u8> {
        let (block, within) = (number as usize / BLOCK, number as usize % BLOCK);
        let (stem, which) = self.blocks[block].of;
        let place = which as usize * BLOCK + within;
        match self.stems.get(stem as usize) {
            None => self.table.text(small(place)).to_vec(),
            Some(numbers) => {
                let within = part.wrapping_sub(turn(place)) % PARTS;
                numbers.stem.key(small(place * PARTS + within))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the steps in which keys go up, no part has many more of them than another.
    #[test]
    fn parts_are_about_equal() {
        for step in [1, 2, 10, 16, 64, 1_000] {
            let mut parts = [0; PARTS];
            (0..32_000)
                .for_each(|n| parts[Key::new(format!("{}", n * step).as_bytes(), Share::WHOLE).part] += 1);
            assert!(parts.iter().all(|count| (1_200..2_800).contains(count)), "{step}: {parts:?}");
        }
    }

    /// Few keys with numbers far apart have numbers that are not: what is kept by number stays small.
    #[test]
    fn numbers_are_few_where_keys_are() {
        for step in [1, 7, 1_000, 6_001] {
            let mut part = Part::default();
            for n in 0..16_000 {
                let text = format!("C{:08}", n * step);
                let key = Key::new(text.as_bytes(), Share::WHOLE);
                if key.part != 5 {
                    continue;
                }
                assert_eq!(part.find(&key, key.hash()), None, "{text}");
                let number = part.add(&key, key.hash());
                assert_eq!(part.find(&key, key.hash()), Some(number), "{text}");
                assert_eq!(part.text(number, key.part), text.as_bytes());
            }
            assert!(part.bound() <= FREE + 1_200 * FREE_PER_KEY + BLOCK, "{step}: {}", part.bound());
        }
    }
}
