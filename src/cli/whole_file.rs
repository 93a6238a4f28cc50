//! Files that are written whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::leftovers;
use crate::error::Error;

/// A file that appears under its name, complete, when it is finished; an existing one stays as it is
/// until then, and stays for good if anything fails before. Nobody else writes it meanwhile. What is no regular
/// file (a pipe, a device) cannot be replaced and is written to directly.
#[derive(Debug)]
pub(super) struct WholeFile {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    Beside { file: NamedTempFile, lock: Option<Lock> },
    Direct(File),
}

/// That nobody else writes a file: a file beside it, locked, which is gone afterwards.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    _locked: File,
}

impl WholeFile {
    /// Starts a file beside its final place. A link is followed: what it points to is replaced.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let resolved = path.canonicalize().unwrap_or_else(|_| followed(path));
        match Self::start(&resolved) {
            Ok(target) => Ok(Self { path: resolved, target }),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(Error::input(format!("{}: another run is writing it", path.display())).into())
            }
            Err(error) => Err(plain(error)).with_context(|| format!("{}: cannot be written", path.display())),
        }
    }

    fn start(path: &Path) -> io::Result<Target> {
        let existing = path.metadata();
        if existing.as_ref().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Target::Direct(File::options().write(true).open(path)?));
        }
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
        let prefix = prefix_of(name);
        let lock = Lock::take(folder.join(with(&prefix, "lock")))?;
        remove_leftovers(folder, &prefix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".tmp");
        // As readable as a new file would be; a temporary file is private by itself.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = leftovers::change(|files| {
            let file = builder.tempfile_in(folder)?;
            files.push(file.path().to_owned());
            io::Result::Ok(file)
        })?;
        if let Ok(existing) = existing {
            file.as_file().set_permissions(existing.permissions())?;
        }
        Ok(Target::Beside { file, lock })
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<()> {
        let path = self.path;
        let done = match self.target {
            Target::Direct(mut file) => file.flush(),
            Target::Beside { file, lock } => {
                let done = file.as_file().sync_all().and_then(|()| {
                    leftovers::change(|files| {
                        files.retain(|other| other != file.path());
                        file.persist(&path).map_err(|error| error.error)
                    })
                });
                drop(lock);
                done.map(drop)
            }
        };
        done.with_context(|| format!("{}: cannot be written", path.display()))
    }

    /// Whether it is a regular file, which can be replaced.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.target, Target::Beside { .. })
    }

    /// Its name.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Beside { file, .. } => file.write(bytes),
            Target::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Beside { file, .. } => file.flush(),
            Target::Direct(file) => file.flush(),
        }
    }
}

impl Lock {
    /// Takes the lock, unless another run has it: then the error is one of [`ErrorKind::WouldBlock`]. There is none
    /// where the file system has no locks.
    fn take(path: PathBuf) -> io::Result<Option<Self>> {
        loop {
            let file = leftovers::change(|files| {
                let file = File::options().create(true).truncate(false).write(true).open(&path)?;
                match file.try_lock() {
                    Ok(()) => {}
                    Err(TryLockError::WouldBlock) => return Err(io::Error::from(ErrorKind::WouldBlock)),
                    Err(TryLockError::Error(_)) => {
                        let _gone = std::fs::remove_file(&path);
                        return Ok(None);
                    }
                }
                files.push(path.clone());
                Ok(Some(file))
            })?;
            let Some(file) = file else { return Ok(None) };
            // Whoever had it may have removed it in the meantime; then this is the lock of a file that is no more.
            if is_at(&file, &path) {
                return Ok(Some(Self { path, _locked: file }));
            }
            leftovers::change(|files| files.retain(|other| *other != path));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        leftovers::change(|files| {
            let _gone = std::fs::remove_file(&self.path);
            files.retain(|other| *other != self.path);
        });
    }
}

/// Whether a file is the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(own), Ok(there)) = (file.metadata(), path.metadata()) else { return false };
    (own.dev(), own.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Where a link points to whose target is not there yet; else the path itself.
fn followed(path: &Path) -> PathBuf {
    match path.read_link() {
        Ok(target) => path.parent().unwrap_or(Path::new("")).join(target),
        Err(_) => path.to_owned(),
    }
}

/// What the names of all files beside a file begin with.
fn prefix_of(name: &OsStr) -> OsString {
    const LONGEST: usize = 180;
    let text = name.to_string_lossy();
    let short: String = text.char_indices().take_while(|(at, _)| *at < LONGEST).map(|(_, c)| c).collect();
    OsString::from(format!(".regulars-{short}."))
}

fn with(prefix: &OsStr, suffix: &str) -> OsString {
    let mut name = prefix.to_owned();
    name.push(suffix);
    name
}

/// Removes what runs that were killed have left of this file; nobody else writes it now.
fn remove_leftovers(folder: &Path, prefix: &OsStr) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let middle = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        let middle = middle.and_then(|rest| rest.strip_suffix(b".tmp"));
        // As tempfile names them, and nothing else.
        if middle.is_some_and(|middle| middle.len() == 6 && middle.iter().all(u8::is_ascii_alphanumeric)) {
            let _gone = std::fs::remove_file(entry.path());
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
