//! Where bytes come from: files, patterns, standard input.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// One input, before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input, written `-`.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Its name in messages: the path as it was given.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// Opens it for reading.
    ///
    /// # Errors
    /// There is no such file, or it is a directory or not readable.
    pub fn open(&self) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::Stdin => Ok(Box::new(std::io::stdin())),
            Self::File(path) => {
                let complain =
                    |what: &dyn std::fmt::Display| Error::input(format!("{}: {what}", path.display()));
                let file = File::open(path).map_err(|error| match error.kind() {
                    std::io::ErrorKind::NotFound => complain(&"no such file"),
                    _ => complain(&error),
                })?;
                if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                    return Err(complain(&"is a directory, not a file")
                        .hint("name its files, or give a pattern such as 'exports/*.csv'"));
                }
                Ok(Box::new(file))
            }
        }
    }
}

/// Turns arguments into sources. An argument that is no file but holds `*`, `?` or `[` is a pattern;
/// its matches come in the order of their names.
///
/// # Errors
/// A pattern matches nothing, or one file is named twice: its orders would count twice.
pub fn expand(arguments: &[String]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for argument in arguments {
        let is_pattern = argument.contains(['*', '?', '[']) && !Path::new(argument).exists();
        if argument == "-" {
            sources.push(Source::Stdin);
        } else if is_pattern {
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
            sources.push(Source::File(argument.into()));
        }
    }
    let mut seen = std::collections::HashSet::new();
    for source in &sources {
        let identity = match source {
            Source::Stdin => PathBuf::from("-"),
            Source::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
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

/// Why bytes that are not delimited UTF-8 text cannot be read, by their first few.
pub fn foreign_format(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x1f, 0x8b, ..] => {
            Some("is compressed (gzip); unpack it first, for example with gunzip -c FILE | regulars report -")
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Some("is compressed (zstd); unpack it first, for example with zstd -dc FILE | regulars report -")
        }
        [b'P', b'K', 3, 4, ..] => {
            Some("is a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV")
        }
        [b'P', b'A', b'R', b'1', ..] => Some("is a Parquet file; export it as CSV"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("is UTF-16; save it as UTF-8"),
        _ => None,
    }
}
