//! Room on disk for what does not fit into memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::means::lock;

/// A file without a name, so that it is gone when the program is, however that ends. It is made when it is needed.
#[derive(Debug, Default)]
pub struct Scratch {
    file: Mutex<Option<(File, u64)>>,
}

/// Where bytes stand in a scratch file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    from: u64,
    length: usize,
}

impl Scratch {
    /// Keeps bytes.
    ///
    /// # Errors
    /// There is no room on the disk.
    pub fn keep(&self, bytes: &[u8]) -> Result<Kept> {
        let mut file = lock(&self.file);
        let mut write = || {
            let (file, end) = match &mut *file {
                Some(made) => made,
                None => file.insert((tempfile::tempfile()?, 0)),
            };
            file.seek(SeekFrom::Start(*end))?;
            file.write_all(bytes)?;
            let kept = Kept { from: *end, length: bytes.len() };
            *end += bytes.len() as u64;
            Ok(kept)
        };
        write().map_err(|error| no_room(&error))
    }

    /// Reads kept bytes back, behind those in `out`.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn read(&self, kept: &[Kept], out: &mut Vec<u8>) -> Result<()> {
        let mut file = lock(&self.file);
        let Some((file, _)) = &mut *file else { return Ok(()) };
        out.reserve(kept.iter().map(|kept| kept.length).sum());
        let mut read = |kept: &Kept| {
            let begin = out.len();
            file.seek(SeekFrom::Start(kept.from))?;
            Read::take(&mut *file, kept.length as u64).read_to_end(out)?;
            if out.len() - begin < kept.length {
                Err(io::Error::from(io::ErrorKind::UnexpectedEof))
            } else {
                Ok(())
            }
        };
        kept.iter().try_for_each(&mut read).map_err(|error| no_room(&error))
    }

    /// Whether anything was kept.
    pub fn is_used(&self) -> bool {
        lock(&self.file).is_some()
    }
}

fn no_room(error: &io::Error) -> Error {
    Error::input(format!("the folder for temporary files, {}: {error}", std::env::temp_dir().display()))
        .hint("name a folder with more room in the environment variable TMPDIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_in_any_order() {
        let scratch = Scratch::default();
        assert!(!scratch.is_used());
        let long = vec![7; 100_000];
        let first = scratch.keep(b"first").expect("room");
        let second = scratch.keep(&long).expect("room");
        let mut out = b"before ".to_vec();
        scratch.read(&[second, first], &mut out).expect("readable");
        assert_eq!(out, [b"before ", &long[..], b"first"].concat());
        let third = scratch.keep(b"third").expect("room");
        out.clear();
        scratch.read(&[third], &mut out).expect("readable");
        assert_eq!(out, b"third");
    }
}
