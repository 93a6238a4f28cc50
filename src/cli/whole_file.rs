//! Files that are written whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::leftovers;
use crate::error::Error;
use crate::input::digest::Digest;

/// Why a file cannot be written.
pub(super) const NO_FOLDER: &str = "there is no such folder; make it first";

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
            Err(error) => {
                Err(plain(error, &resolved)).with_context(|| format!("{}: cannot be written", path.display()))
            }
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
        let lock = Lock::take_patiently(&folder.join(with(&prefix, "lock")))?;
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

    /// Sees to it that what was written is on the disk, before [`Self::finish`].
    pub(super) fn settle(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Direct(file) => file.flush(),
            Target::Beside { file, .. } => file.as_file().sync_all(),
        }
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<()> {
        let path = self.path;
        let Target::Beside { file, lock } = self.target else { return Ok(()) };
        let done = leftovers::change(|files| {
            files.retain(|other| other != file.path());
            file.persist(&path).map_err(|error| error.error)
        });
        drop(lock);
        done.map(drop).with_context(|| format!("{}: cannot be written", path.display()))
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
    /// The same as [`Self::take`]. Whoever clears away what others left has their locks for a moment: that is waited for.
    fn take_patiently(path: &Path) -> io::Result<Option<Self>> {
        const PAUSE: Duration = Duration::from_millis(20);
        for _ in 0..5 {
            match Self::take(path.to_owned()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
                taken => return taken,
            }
        }
        Self::take(path.to_owned())
    }

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
    const LONGEST: usize = 160;
    let text = name.to_string_lossy();
    let short: String = text.char_indices().take_while(|(at, _)| *at < LONGEST).map(|(_, c)| c).collect();
    if short.len() == text.len() {
        return OsString::from(format!(".regulars-{short}."));
    }
    // Long names that begin alike are not the same.
    let digest = Digest::of(name.as_encoded_bytes()).sha256;
    OsString::from(format!(".regulars-{short}-{}.", &digest[..12]))
}

fn with(prefix: &OsStr, suffix: &str) -> OsString {
    let mut name = prefix.to_owned();
    name.push(suffix);
    name
}

/// Removes what runs that were killed have left in a folder: of the file with this prefix, which is locked, and of all
/// others that nobody writes now. Last month's would not be written again.
fn remove_leftovers(folder: &Path, own: &OsStr) {
    for (path, prefix) in leftovers_in(folder) {
        let lock = (prefix != own).then(|| Lock::take(folder.join(with(&prefix, "lock"))));
        if matches!(lock, None | Some(Ok(Some(_)))) {
            let _gone = std::fs::remove_file(path);
        }
    }
}

/// Temporary files in a folder, and what the names of all files beside theirs begin with.
fn leftovers_in(folder: &Path) -> Vec<(PathBuf, OsString)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let of = |name: &str| -> Option<String> {
        let rest = name.strip_suffix(".tmp").filter(|rest| rest.starts_with(".regulars-"))?;
        let (prefix, middle) = rest.rsplit_once('.')?;
        // As tempfile names them, and nothing else.
        let is_one = middle.len() == 6 && middle.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then(|| format!("{prefix}."))
    };
    let found = entries.flatten().filter_map(|entry| {
        let prefix = of(&entry.file_name().to_string_lossy())?;
        Some((entry.path(), prefix.into()))
    });
    found.collect()
}

/// The error without the temporary file's name, which means nothing to the user.
fn plain(error: io::Error, path: &Path) -> io::Error {
    let is_there = path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir());
    match error.kind() {
        ErrorKind::NotFound if is_there => io::Error::other("nothing can be made in this folder"),
        ErrorKind::NotFound => io::Error::new(ErrorKind::NotFound, NO_FOLDER),
        kind if error.get_ref().is_some() => kind.into(),
        _ => error,
    }
}
