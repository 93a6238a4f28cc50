//! `regulars diff`: two kept reports → what moved → output.

use std::path::Path;

use anyhow::Result;

use super::args::DiffArguments;
use super::choices::DiffFormatArgument;
use super::output::{Output, identity, terminal_width};
use crate::commands::diff::diff;
use crate::error::Error;
use crate::kept::Kept;
use crate::render::{render_changes, render_changes_csv, render_changes_json};

/// Runs the command.
pub(super) fn run(arguments: &DiffArguments) -> Result<()> {
    let output = arguments.to.output.as_deref();
    let extension = output.map(|path| path.extension().and_then(|extension| extension.to_str()));
    let format = match (arguments.format, extension) {
        (Some(format), _) => format,
        (None, None | Some(Some("txt"))) => DiffFormatArgument::Table,
        (None, Some(Some("csv"))) => DiffFormatArgument::Csv,
        (None, Some(Some("json"))) => DiffFormatArgument::Json,
        (None, Some(_)) => {
            return Err(Error::usage("--output: the extension does not name a format")
                .hint("use .csv, .json or .txt, or say --format")
                .into());
        }
    };
    let same = |path: &str| output.is_some_and(|output| identity(output) == identity(Path::new(path)));
    if let Some(read) = [&arguments.old, &arguments.new].into_iter().find(|path| same(path)) {
        return Err(Error::usage(format!("{read} is read by this run already; name another file")).into());
    }
    let (old, new) = (Kept::open(&arguments.old)?, Kept::open(&arguments.new)?);
    let changes = diff(&old, &new, arguments.unlike)?;
    let width = arguments.to.width.unwrap_or_else(|| terminal_width(output.is_some()));
    let bytes = match format {
        DiffFormatArgument::Table => render_changes(&changes, width),
        DiffFormatArgument::Csv => render_changes_csv(&changes)?,
        DiffFormatArgument::Json => render_changes_json(&changes)?,
    };
    Output::open(output)?.deliver(&bytes)
}
