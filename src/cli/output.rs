//! Where results go: whole files, or standard output.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// A file that appears under its name, complete, when it is finished; an existing one stays as it is
/// until then, and stays for good if anything fails before.
#[derive(Debug)]
pub(super) struct WholeFile<'p> {
    path: &'p Path,
    file: NamedTempFile,
}

impl<'p> WholeFile<'p> {
    /// Starts a file beside its final place.
    pub(super) fn create(path: &'p Path) -> Result<Self> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new()
            .prefix(".regulars-")
            .tempfile_in(folder)
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok(Self { path, file })
    }

    /// The file to write to.
    pub(super) fn writer(&mut self) -> &mut NamedTempFile {
        &mut self.file
    }

    /// Puts the file in its place.
    pub(super) fn finish(mut self) -> Result<()> {
        let context = || format!("{}: cannot be written", self.path.display());
        self.file.flush().with_context(context)?;
        self.file.as_file().sync_all().with_context(context)?;
        keep_permissions(&self.file, self.path).with_context(context)?;
        self.file.persist(self.path).map_err(|error| error.error).with_context(context)?;
        Ok(())
    }
}

/// A temporary file is private; the finished one is as readable as the one it replaces, or as a new
/// file would be.
fn keep_permissions(file: &NamedTempFile, path: &Path) -> std::io::Result<()> {
    if let Ok(existing) = path.metadata() {
        return file.as_file().set_permissions(existing.permissions());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Writes a result to a file, or to standard output.
pub(super) fn deliver(bytes: &[u8], path: Option<&Path>) -> Result<()> {
    match path {
        Some(path) => {
            let mut whole = WholeFile::create(path)?;
            whole
                .writer()
                .write_all(bytes)
                .with_context(|| format!("{}: cannot be written", path.display()))?;
            whole.finish()
        }
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()?;
            Ok(())
        }
    }
}

/// Whether a run ended because the reader of standard output went away.
pub(super) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
