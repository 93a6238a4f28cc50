//! Where results go: whole files, or standard output.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::common::ReadArguments;
use super::whole_file::WholeFile;
use crate::error::Error;
use crate::input::source::Source;

/// Where a result goes.
#[derive(Debug)]
pub(super) enum Output {
    /// A file, whole or not at all.
    File(WholeFile),
    /// Standard output.
    Stdout,
}

impl Output {
    /// Prepares to write to a file, or to standard output.
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        path.map_or(Ok(Self::Stdout), |path| Ok(Self::File(WholeFile::create(path)?)))
    }

    /// Whether it is a file that is written whole or not at all.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::File(file) if file.is_whole())
    }

    /// Writes the result.
    pub(super) fn deliver(self, bytes: &[u8]) -> Result<()> {
        self.prepare(bytes)?.finish()
    }

    /// Writes the result, a file beside its place.
    pub(super) fn prepare(mut self, bytes: &[u8]) -> Result<Self> {
        match &mut self {
            Self::File(whole) => {
                let shown = whole.shown();
                whole
                    .write_all(bytes)
                    .and_then(|()| whole.settle())
                    .with_context(|| format!("{shown}: cannot be written"))?;
            }
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
                    ErrorKind::BrokenPipe => ClosedPipe.into(),
                    _ => anyhow::Error::new(error).context("standard output"),
                })?;
            }
        }
        Ok(self)
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::File(whole) => whole.finish(),
            Self::Stdout => Ok(()),
        }
    }
}

/// The reader of standard output went away: it has read what it wanted. A pipe named with `-o` is none of that.
#[derive(Debug)]
struct ClosedPipe;

impl std::fmt::Display for ClosedPipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("standard output is closed")
    }
}

impl std::error::Error for ClosedPipe {}

/// Whether a run ended because the reader of standard output went away.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.is::<ClosedPipe>()
}

/// Refuses to overwrite a file that is read, and to write two things to one file.
pub(super) fn protect_inputs<'a>(
    inputs: impl Iterator<Item = &'a Source>,
    read: &'a ReadArguments,
    outputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Error> {
    let mut taken: Vec<PathBuf> = read.files().map(|(_, file)| identity(Path::new(file))).collect();
    taken.extend(read.config.as_deref().map(identity));
    for source in inputs {
        if let Source::File(path) = source {
            taken.push(identity(path));
        }
    }
    for output in outputs.into_iter().chain(&read.rejects) {
        let own = identity(output);
        if taken.contains(&own) {
            let shown = output.display();
            return Err(Error::usage(format!(
                "{shown} is read or written by this run already; name another file"
            )));
        }
        taken.push(own);
    }
    Ok(())
}

/// A file by a path that is the same however it is written, also where there is no such file yet.
pub(super) fn identity(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// How wide a table may be that goes to this file, or to standard output.
pub(super) fn terminal_width(to_file: bool) -> usize {
    const NO_TERMINAL: usize = 80;
    let terminal = if to_file { None } else { terminal_size::terminal_size_of(io::stdout()) };
    terminal.map_or(NO_TERMINAL, |(width, _)| width.0.into())
}
