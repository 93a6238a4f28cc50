//! Where results go: whole files, or standard output.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::args::ReadArguments;
use crate::error::Error;
use crate::input::source::Source;

/// A file that appears under its name, complete, when it is finished; an existing one stays as it is
/// until then, and stays for good if anything fails before. What is no regular file (a pipe, a device)
/// cannot be replaced and is written to directly.
#[derive(Debug)]
pub(super) struct WholeFile {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Beside(NamedTempFile),
    Direct(File),
}

impl WholeFile {
    /// Starts a file beside its final place. A link is followed: what it points to is replaced.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let resolved = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Self::start(&resolved)
            .map(|target| Self { path: resolved, target })
            .map_err(plain)
            .with_context(|| format!("{}: cannot be written", path.display()))
    }

    fn start(path: &Path) -> io::Result<Target> {
        let existing = path.metadata();
        if existing.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Target::Direct(File::options().write(true).open(path)?));
        }
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".regulars-");
        // As readable as a new file would be; a temporary file is private by itself.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder)?;
        if let Ok(existing) = existing {
            file.as_file().set_permissions(existing.permissions())?;
        }
        Ok(Target::Beside(file))
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<()> {
        let path = self.path;
        match self.target {
            Target::Direct(mut file) => file.flush(),
            Target::Beside(file) => file
                .as_file()
                .sync_all()
                .and_then(|()| file.persist(&path).map_err(|error| error.error))
                .map(drop),
        }
        .with_context(|| format!("{}: cannot be written", path.display()))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Beside(file) => file.write(bytes),
            Target::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Beside(file) => file.flush(),
            Target::Direct(file) => file.flush(),
        }
    }
}

/// The error without the temporary file's name, which means nothing to the user.
fn plain(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::NotFound => io::Error::new(ErrorKind::NotFound, "there is no such folder"),
        kind if error.get_ref().is_some() => kind.into(),
        _ => error,
    }
}

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

    /// Writes the result.
    pub(super) fn deliver(self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::File(mut whole) => {
                let shown = whole.path.display().to_string();
                whole.write_all(bytes).with_context(|| format!("{shown}: cannot be written"))?;
                whole.finish()
            }
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).context("standard output")
            }
        }
    }
}

/// Whether a run ended because the reader of standard output went away.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Refuses to overwrite a file that is read, and to write two things to one file.
pub(super) fn protect_inputs<'a>(
    inputs: impl Iterator<Item = &'a Source>,
    read: &'a ReadArguments,
    outputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Error> {
    let identity = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let others = [&read.rates, &read.returns, &read.payments, &read.lines, &read.customers];
    let mut taken: Vec<PathBuf> =
        others.into_iter().flatten().map(|file| identity(Path::new(file))).collect();
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

/// How wide a table may be that goes to this file, or to standard output.
pub(super) fn terminal_width(output: Option<&Path>) -> usize {
    const NO_TERMINAL: usize = 80;
    match output {
        Some(_) => NO_TERMINAL,
        None => {
            terminal_size::terminal_size_of(io::stdout()).map_or(NO_TERMINAL, |(width, _)| width.0.into())
        }
    }
}
