//! Whether all of very many ids are different.
//!
//! Only their hashes are kept, eight bytes for each. Ids whose hashes differ are different; where two hashes are alike,
//! ids may be too, and whoever asks has to find out in another way.

use std::collections::HashSet;

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::error::Result;
use crate::scratch::{Kept, Scratch};

/// Into how many parts hashes are divided, by their highest bits.
const PARTS: usize = 256;

/// One hash in so many is looked for at once, so that files in which many ids come again are not read to their end.
const SAMPLE: u64 = 64;

/// The hashes of ids.
#[derive(Debug)]
pub(super) struct Distinct {
    parts: Vec<Part>,
    sample: HashSet<u64>,
    /// Hashes in memory, and the most there may be.
    held: usize,
    most: usize,
    disk: Scratch,
}

#[derive(Debug, Default)]
struct Part {
    hashes: Vec<u64>,
    on_disk: Vec<Kept>,
}

impl Distinct {
    /// No ids. Beyond so many bytes, their hashes are kept on disk.
    pub(super) fn within(bytes: usize) -> Self {
        Self {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            sample: HashSet::new(),
            held: 0,
            most: bytes / size_of::<u64>(),
            disk: Scratch::default(),
        }
    }

    /// Adds ids by their hashes; `false` where some are known to be alike.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn add(&mut self, hashes: impl IntoIterator<Item = u64>) -> Result<bool> {
        let mut are_different = true;
        for hash in hashes {
            self.parts[(hash >> 56) as usize].hashes.push(hash);
            self.held += 1;
            if hash % SAMPLE == 0 {
                are_different &= self.sample.insert(hash);
            }
        }
        if self.held > self.most {
            self.held = 0;
            for part in &mut self.parts {
                let hashes = std::mem::take(&mut part.hashes);
                let bytes: Vec<u8> = hashes.into_iter().flat_map(u64::to_le_bytes).collect();
                part.on_disk.push(self.disk.keep(&bytes)?);
            }
        }
        Ok(are_different)
    }

    /// Whether all hashes are different.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub(super) fn are_different(&mut self, pool: Option<&ThreadPool>) -> Result<bool> {
        let disk = &self.disk;
        let are_different = |part: &mut Part| -> Result<bool> {
            let mut bytes = Vec::new();
            disk.read(&part.on_disk, &mut bytes)?;
            let hashes = &mut part.hashes;
            hashes.extend(bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)));
            hashes.sort_unstable();
            let are_different = hashes.array_windows().all(|[one, next]| one != next);
            *hashes = Vec::new();
            Ok(are_different)
        };
        let both = |one: bool, other: bool| Ok(one && other);
        match pool {
            Some(pool) => {
                pool.install(|| self.parts.par_iter_mut().map(are_different).try_reduce(|| true, both))
            }
            None => self.parts.iter_mut().map(are_different).try_fold(true, |all, one| both(all, one?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_alike_are_found_wherever_they_are() {
        let hash = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for bytes in [0, 4_000, 1 << 20] {
            for again in [None, Some(0), Some(4_321), Some(9_999)] {
                let mut distinct = Distinct::within(bytes);
                let mut are_different = true;
                for batch in 0..10 {
                    are_different &=
                        distinct.add((batch * 1_000..(batch + 1) * 1_000).map(hash)).expect("room");
                }
                assert!(are_different);
                are_different &= distinct.add(again.map(hash)).expect("room");
                are_different &= distinct.are_different(None).expect("readable");
                assert_eq!(are_different, again.is_none(), "{bytes} bytes, {again:?}");
            }
        }
        // Many are found out at once.
        let mut distinct = Distinct::within(1 << 20);
        assert!(distinct.add((0..1_000).map(hash)).expect("room"));
        assert!(!distinct.add((0..1_000).map(hash)).expect("room"));
    }
}
