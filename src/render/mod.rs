//! A report to bytes, one file per format. Nothing here computes.

mod changes;
mod csv;
mod header;
mod inspection;
mod json;
mod layout;
mod markdown;
mod table;
mod verdicts;
mod verification;
mod words;

pub use changes::{render_changes, render_changes_csv, render_changes_json};
pub use csv::Dialect;
pub use inspection::{render_inspection, render_inspection_json};
pub use json::{Facts, facts};
pub(crate) use table::paragraph;
pub use verdicts::{VerdictFormat, Verdicts, render_verdicts};
pub use verification::{render_verification, render_verifications_json};
pub use words::accounting;
pub(crate) use words::{first_of, grouped};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::report::{Report, Row};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people, in a terminal.
    Table,
    /// For programs; the columns are a contract.
    Csv(Dialect),
    /// For programs, with definitions.
    Json,
    /// For programs, one row per line.
    JsonLines,
    /// For people, in a document.
    Markdown,
}

/// How wide a table may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Columns of the terminal.
    pub width: usize,
    /// Show the movements even where there is no room.
    pub wide: bool,
}

/// The report in a format.
///
/// # Errors
/// A library that writes the format fails: a bug.
pub fn render(report: &Report, format: Format, room: Room) -> Result<Vec<u8>> {
    match format {
        Format::Table => Ok(table::render(report, room).into_bytes()),
        Format::Csv(dialect) => csv::render(report, dialect),
        Format::Json => json::render(report),
        Format::JsonLines => json::render_lines(report),
        Format::Markdown => Ok(markdown::render(report).into_bytes()),
    }
}

/// A value as JSON that people can read, too.
pub(crate) fn pretty(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|error| Error::internal(format!("JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// `full` or `partial`.
fn history(row: &Row) -> &'static str {
    if row.full_history { "full" } else { "partial" }
}
