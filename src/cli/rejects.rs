//! The reject file.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use super::whole_file::WholeFile;
use crate::error::Error;
use crate::input::account::{Rejected, Sink};
use crate::input::reject_file;

/// Runs with a sink that writes rejected rows to the reject file, where one is named; also when there are too
/// many of them. `accept`: whether what was made is wanted; if not, an earlier reject file is left alone.
pub(super) fn with_rejects<T>(
    path: Option<&Path>,
    run: impl FnOnce(&mut Sink<'_>) -> Result<T, Error>,
    accept: impl FnOnce(&T) -> Result<(), Error>,
) -> Result<T> {
    let Some(path) = path else {
        let made = run(&mut |_| Ok(()))?;
        accept(&made)?;
        return Ok(made);
    };
    let mut whole = WholeFile::create(path)?;
    let mut writer = csv::Writer::from_writer(&mut whole);
    let mut seen = BTreeSet::new();
    let context = || format!("{}: cannot be written", path.display());
    writer.write_record(reject_file::COLUMNS).with_context(context)?;
    let result = {
        let mut sink = |rejected: Rejected<'_>| {
            let mut write = |line: u64, reason: &str, row: &[u8]| {
                writer
                    .write_record([
                        rejected.file.as_bytes(),
                        line.to_string().as_bytes(),
                        reason.as_bytes(),
                        row,
                    ])
                    .map_err(|error| Error::input(format!("{}: {error}", path.display())))
            };
            if seen.insert(rejected.file.to_owned())
                && let Some((line, header)) = rejected.header
            {
                write(*line, reject_file::HEADER, header)?;
            }
            write(rejected.line, rejected.reason, rejected.raw)
        };
        run(&mut sink)
    };
    writer.flush().with_context(context)?;
    drop(writer);
    result.as_ref().map_or(Ok(()), accept)?;
    // A run that failed for another reason leaves an earlier reject file alone.
    if result.is_ok() || !seen.is_empty() {
        whole.settle().with_context(context)?;
        whole.finish()?;
    }
    Ok(result?)
}
