//! What bytes are, in a few characters: SHA-256.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::means::lock;

/// How many bytes there are, and their SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Digest {
    /// Of bytes at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self::made(Sha256::new_with_prefix(bytes), bytes.len() as u64)
    }

    /// Of a file as it is on disk: packed, where it is packed.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut block = vec![0; 1 << 18];
        let mut bytes = 0;
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok(Self::made(hash, bytes)),
                Ok(read) => {
                    hash.update(&block[..read]);
                    bytes += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn made(hash: Sha256, bytes: u64) -> Self {
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        Self { bytes, sha256 }
    }
}

/// What changes when somebody writes a file, or puts another in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// Which file it is: its device and its number there.
    #[cfg(unix)]
    inode: (u64, u64),
}

impl Stamp {
    /// Of a file as it is now; `None` where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let data = path.metadata().ok()?;
        Some(Self {
            size: data.len(),
            modified: data.modified().ok(),
            #[cfg(unix)]
            inode: {
                use std::os::unix::fs::MetadataExt as _;
                (data.dev(), data.ino())
            },
        })
    }
}

/// Where the digest of what can be read once only is found when it was read to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Overheard(Arc<Slot>);

#[derive(Debug, Default)]
struct Slot {
    is_wanted: AtomicBool,
    digest: Mutex<Option<Digest>>,
}

impl Overheard {
    /// Says that it will be asked for.
    pub(super) fn want(&self) {
        self.0.is_wanted.store(true, Relaxed);
    }

    /// The digest, if all was read.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.slot().clone()
    }

    fn slot(&self) -> MutexGuard<'_, Option<Digest>> {
        lock(&self.0.digest)
    }

    /// The same bytes; what they are will be known if somebody asks.
    pub(super) fn hear(&self, source: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        if !self.0.is_wanted.load(Relaxed) {
            return Box::new(source);
        }
        Box::new(Hearing { source, hash: Sha256::new(), bytes: 0, into: self.clone() })
    }
}

struct Hearing<R> {
    source: R,
    hash: Sha256,
    bytes: u64,
    into: Overheard,
}

impl<R: Read> Read for Hearing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        if read > 0 {
            self.hash.update(&out[..read]);
            self.bytes += read as u64;
        } else if !out.is_empty() {
            *self.into.slot() = Some(Digest::made(self.hash.clone(), self.bytes));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of FIPS 180-4: no bytes, and "abc".
    #[test]
    fn published_examples() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Digest::of(b""), Digest { bytes: 0, sha256: empty.to_owned() });
        assert_eq!(Digest::of(b"abc"), Digest { bytes: 3, sha256: abc.to_owned() });
    }

    #[test]
    fn files_and_streams_have_the_digest_of_their_bytes() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), &bytes).expect("writes");
        assert_eq!(Digest::of_file(file.path()).expect("reads"), Digest::of(&bytes));
        let overheard = Overheard::default();
        overheard.want();
        let mut heard = Vec::new();
        let mut source = overheard.hear(io::Cursor::new(bytes.clone()));
        source.by_ref().take(5).read_to_end(&mut heard).expect("reads");
        assert_eq!(overheard.digest(), None);
        source.read_to_end(&mut heard).expect("reads");
        assert_eq!((overheard.digest(), &heard), (Some(Digest::of(&bytes)), &bytes));
    }
}
