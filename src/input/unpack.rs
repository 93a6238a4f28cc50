//! Compressed files: recognised by their first bytes, not by their names; several members are one
//! text; a text that breaks off is an error, never a short file.

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

use super::parquet;

/// How the bytes of a source are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// gzip, one member or several.
    Gzip,
    /// zstd, one frame or several.
    Zstd,
    /// Parquet, as the text that it stands for.
    Parquet,
}

impl Packing {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Parquet => "Parquet",
        }
    }

    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            head if head.starts_with(parquet::MAGIC) => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// A source whose first bytes were looked at.
type Peeked = Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>;

/// The source's bytes, unpacked where they are packed.
///
/// # Errors
/// The source cannot be read.
pub(super) fn unpack(
    mut source: Box<dyn Read + Send>,
) -> io::Result<(Box<dyn Read + Send>, Option<Packing>)> {
    let mut head = Vec::with_capacity(4);
    source.by_ref().take(4).read_to_end(&mut head)?;
    let packing = Packing::of(&head);
    let mut whole: Peeked = Cursor::new(head).chain(source);
    Ok(match packing {
        None => (Box::new(whole), None),
        Some(Packing::Gzip) => (
            Box::new(Unpacked(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, whole)), "gzip")),
            packing,
        ),
        Some(Packing::Zstd) => (Box::new(Unpacked(zstd::Decoder::new(whole)?, "zstd")), packing),
        Some(Packing::Parquet) => {
            // Its end is read first: what is no file is held in memory.
            let mut bytes = Vec::new();
            whole.read_to_end(&mut bytes)?;
            (parquet::text_of(Bytes::from(bytes))?, packing)
        }
    })
}

/// A decoder that says what its errors mean.
struct Unpacked<R>(R, &'static str);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out).map_err(|error| {
            let name = self.1;
            let what = match error.kind() {
                io::ErrorKind::Interrupted => return error,
                io::ErrorKind::UnexpectedEof => {
                    format!("its {name} data breaks off: the file is cut off, or still being written")
                }
                _ => format!("its {name} data is damaged ({error})"),
            };
            io::Error::other(what)
        })
    }
}

/// How many bytes of a source were read.
pub type Position = Arc<AtomicU64>;

/// A source that counts what is read of it.
pub(super) struct Counted<R> {
    source: R,
    position: Position,
}

impl<R> Counted<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, position: Position::default() }
    }

    /// Where its position will be found.
    pub(super) fn position(&self) -> Position {
        Arc::clone(&self.position)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        self.position.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}

/// A file that notices when it changes while it is read.
pub(super) struct Watched {
    file: Counted<File>,
    size: u64,
}

impl Watched {
    /// Starts watching.
    ///
    /// # Errors
    /// The file's size cannot be asked for.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file: Counted::new(file), size })
    }

    /// Where its position will be found.
    pub(super) fn position(&self) -> Position {
        self.file.position()
    }
}

impl Read for Watched {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(out)?;
        if read == 0 && !out.is_empty() {
            let metadata = self.file.source.metadata()?;
            if metadata.is_file() && metadata.len() != self.size {
                return Err(io::Error::other(format!(
                    "is still being written: its size went from {} to {} bytes while it was read",
                    self.size,
                    metadata.len()
                )));
            }
        }
        Ok(read)
    }
}
