//! Where bytes come from: files, patterns, standard input.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::Encoding;

use super::ahead::read_ahead;
use super::decode::{Decoded, EncodingName};
use super::digest::{Digest, Overheard};
use super::parquet;
use super::unpack::{Counted, Packing, Position, Watched, unpack};
use crate::error::{Error, Result};

/// One input, before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What can be read once only.
    Stream(Stream),
    /// A file.
    File(PathBuf),
    /// Bytes at hand, under a name for messages.
    Memory(String, Arc<[u8]>),
}

/// What can be read once only: standard input, a pipe, a device.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Where it is; standard input, written `-`, is nowhere.
    path: Option<PathBuf>,
    overheard: Overheard,
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Stream {}

impl Source {
    /// Standard input.
    pub fn stdin() -> Self {
        Self::Stream(Stream { path: None, overheard: Overheard::default() })
    }

    /// What stands under a path: a file, unless it is there and is none.
    fn at(path: PathBuf) -> Self {
        let is_stream = path.metadata().is_ok_and(|data| !data.is_file() && !data.is_dir());
        if is_stream {
            Self::Stream(Stream { path: Some(path), overheard: Overheard::default() })
        } else {
            Self::File(path)
        }
    }

    /// Whether it is standard input.
    pub fn is_stdin(&self) -> bool {
        matches!(self, Self::Stream(Stream { path: None, .. }))
    }

    /// Says that [`Self::digest`] will be asked for, before it is opened.
    pub fn want_digest(&self) {
        if let Self::Stream(stream) = self {
            stream.overheard.want();
        }
    }

    /// What its bytes are; `None` for a stream that was not wanted, or not read to its end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn digest(&self) -> std::io::Result<Option<Digest>> {
        match self {
            Self::Stream(stream) => Ok(stream.overheard.digest()),
            Self::File(path) => Digest::of_file(path).map(Some),
            Self::Memory(_, bytes) => Ok(Some(Digest::of(bytes))),
        }
    }

    /// Its name in messages: the path as it was given.
    pub fn name(&self) -> String {
        match self {
            Self::Stream(Stream { path: None, .. }) => "standard input".to_owned(),
            Self::Stream(Stream { path: Some(path), .. }) | Self::File(path) => path.display().to_string(),
            Self::Memory(name, _) => name.clone(),
        }
    }

    /// How many bytes it has, where that is known before it is read.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Stream(_) => None,
            Self::Memory(_, bytes) => Some(bytes.len() as u64),
            Self::File(path) => {
                path.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len())
            }
        }
    }

    /// Whether it is a file on a disk, which can be read again; a pipe or a device is none.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(path) if path.is_file())
    }

    /// Opens it as UTF-8 text: unpacked where it is packed, decoded where it is encoded otherwise.
    ///
    /// # Errors
    /// There is no such file, it is a directory or not readable, or it is no text at all.
    pub fn open(&self, encoding: Option<&'static Encoding>) -> Result<Opened> {
        let complain = |what: &dyn std::fmt::Display| Error::input(format!("{}: {what}", self.name()));
        let mut position = Position::default();
        let (bytes, packing) = match self.parquet() {
            Some(text) => (text.map_err(|error| complain(&error))?, Some(Packing::Parquet)),
            None => {
                let (bytes, known) = self.bytes()?;
                position = known;
                unpack(bytes).map_err(|error| complain(&error))?
            }
        };
        let text = Decoded::new(bytes, encoding);
        let encoding = text.encoding();
        let text: Box<dyn Read + Send> = Box::new(text);
        // Unpacking is worth a thread, reading plain bytes is not.
        let is_worth_it = matches!(packing, Some(Packing::Gzip | Packing::Zstd));
        let text = if is_worth_it { read_ahead(text).map_err(|error| complain(&error))? } else { text };
        Ok(Opened { text, packing, encoding, position })
    }

    /// The text of a Parquet file.
    fn parquet(&self) -> Option<std::io::Result<Box<dyn Read + Send>>> {
        let Self::File(path) = self else { return None };
        let mut file =
            File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
        let mut head = [0; parquet::MAGIC.len()];
        file.read_exact(&mut head).ok()?;
        (head == parquet::MAGIC).then(|| parquet::text_of(file))
    }

    fn bytes(&self) -> Result<(Box<dyn Read + Send>, Position)> {
        let path = match self {
            Self::Stream(Stream { path: None, overheard }) => {
                let counted = Counted::new(std::io::stdin());
                let position = counted.position();
                return Ok((overheard.hear(counted), position));
            }
            Self::Memory(_, bytes) => {
                return Ok((Box::new(Cursor::new(Arc::clone(bytes))), Position::default()));
            }
            Self::Stream(Stream { path: Some(path), .. }) | Self::File(path) => path,
        };
        let complain = |what: &dyn std::fmt::Display| Error::input(format!("{}: {what}", path.display()));
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => complain(&"no such file"),
            _ => complain(&error),
        })?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(complain(&"is a directory, not a file")
                .hint("name its files, or give a pattern such as 'exports/*.csv'"));
        }
        let watched = Watched::new(file).map_err(|error| complain(&error))?;
        let position = watched.position();
        match self {
            Self::Stream(stream) => Ok((stream.overheard.hear(watched), position)),
            _ => Ok((Box::new(watched), position)),
        }
    }
}

/// A source, opened.
pub struct Opened {
    /// Its text.
    pub text: Box<dyn Read + Send>,
    /// How it was packed.
    pub packing: Option<Packing>,
    /// How it is encoded, once that is known.
    pub encoding: EncodingName,
    /// How many bytes of it were read, where it is a file.
    pub position: Position,
}

/// Whether what is written is a pattern: it looks like one, and no file at this path is called so.
pub fn is_pattern(written: &str, path: &Path) -> bool {
    written.contains(['*', '?', '[']) && !path.exists()
}

/// Turns arguments into sources. An argument that is no file but holds `*`, `?` or `[` is a pattern;
/// its matches come in the order of their names.
///
/// # Errors
/// A pattern matches nothing, or one file is named twice: its orders would count twice.
pub fn expand(arguments: &[String]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for argument in arguments {
        if argument == "-" {
            sources.push(Source::stdin());
        } else if is_pattern(argument, Path::new(argument)) {
            let paths = glob::glob(argument).map_err(|error| Error::usage(format!("{argument}: {error}")))?;
            let mut matches = Vec::new();
            for path in paths {
                let path = path.map_err(|error| {
                    Error::input(format!("{}: {}", error.path().display(), error.error()))
                })?;
                if path.is_file() {
                    matches.push(path);
                }
            }
            matches.sort();
            if matches.is_empty() {
                return Err(Error::input(format!("{argument}: no file matches this pattern")));
            }
            sources.extend(matches.into_iter().map(Source::File));
        } else {
            sources.push(Source::at(argument.into()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    for source in &sources {
        let identity = match source {
            Source::Stream(Stream { path: None, .. }) => PathBuf::from("-"),
            Source::Stream(Stream { path: Some(path), .. }) | Source::File(path) => {
                path.canonicalize().unwrap_or_else(|_| path.clone())
            }
            Source::Memory(name, _) => name.into(),
        };
        if !seen.insert(identity) {
            return Err(Error::usage(format!(
                "{} is named twice; its rows would count twice",
                source.name()
            )));
        }
    }
    Ok(sources)
}

/// Why a text that begins like this is none.
pub fn foreign_format(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3, 4, ..] => {
            Some("is a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV")
        }
        [b'%', b'P', b'D', b'F', ..] => Some("is a PDF; export it as CSV"),
        _ => None,
    }
}
