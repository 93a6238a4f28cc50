//! `regulars report`: arguments → request → report → output.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::args::{DialectArgument, FormatArgument, ReportArguments};
use super::message::{Level, say};
use super::output::{Output, protect_inputs, terminal_width};
use super::progress::Bar;
use super::reading::require_fresh;
use super::rejects::with_rejects;
use super::request::request_of;
use crate::commands::report::run as compute;
use crate::error::Error;
use crate::input::source::Source;
use crate::means::Progress;
use crate::render::{Dialect, Format, Room, accounting, render};
use crate::report::Report;

/// Runs the command.
pub(super) fn run(arguments: &ReportArguments) -> Result<()> {
    let formats = formats_of(arguments)?;
    let room = Room {
        width: arguments.width.unwrap_or_else(|| terminal_width(!arguments.output.is_empty())),
        wide: arguments.wide,
    };
    let request = request_of(arguments)?;
    let sources: Vec<Source> = request.orders.iter().chain(&request.customers).cloned().collect();
    protect_inputs(sources.iter(), &arguments.read, &arguments.output)?;
    // Places that cannot be written to should show before a long run, not after. Names that the periods complete
    // are known behind it only.
    let open = |path: &PathBuf| if is_template(path) { Ok(None) } else { Output::open(Some(path)).map(Some) };
    let mut outputs = arguments.output.iter().map(open).collect::<Result<Vec<_>>>()?;
    if outputs.is_empty() {
        outputs.push(Some(Output::open(None)?));
    }
    let report = with_rejects(arguments.read.rejects.as_deref(), |sink| {
        let bar = Bar::new(sources.iter(), arguments.quiet);
        compute(request, sink, bar.as_ref().map(|bar| bar as &dyn Progress))
    })?;
    require_fresh(&arguments.read, &report)?;
    let names = complete_names(&arguments.output, &report)?;
    protect_inputs(sources.iter(), &arguments.read, &names)?;
    for (output, name) in outputs.iter_mut().zip(&names) {
        if output.is_none() {
            *output = Some(Output::open(Some(name))?);
        }
    }
    let rendered: Vec<Vec<u8>> =
        formats.iter().map(|format| render(&report, *format, room)).collect::<Result<_, Error>>()?;
    if !arguments.quiet {
        tell(&report, &formats);
    }
    for (output, bytes) in outputs.into_iter().flatten().zip(rendered) {
        output.deliver(&bytes)?;
    }
    match report.shortfall {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// What stands in a name for the last complete period.
const PERIOD: &str = "{period}";

fn is_template(path: &Path) -> bool {
    path.to_string_lossy().contains(PERIOD)
}

/// The names of the outputs, with the label of the last complete period.
fn complete_names(outputs: &[PathBuf], report: &Report) -> Result<Vec<PathBuf>, Error> {
    let last = report.rows.iter().filter(|row| row.complete).max_by_key(|row| row.start);
    let name = |path: &PathBuf| match (is_template(path), last) {
        (false, _) => Ok(path.clone()),
        (true, Some(row)) => Ok(PathBuf::from(path.to_string_lossy().replace(PERIOD, &row.period))),
        (true, None) => Err(Error::input(format!("{}: no period of the report is complete", path.display()))),
    };
    outputs.iter().map(name).collect()
}

/// Warnings, and the account of the rows where the output does not show it.
fn tell(report: &Report, formats: &[Format]) {
    for warning in &report.warnings {
        say(Level::Warning, warning);
    }
    if !formats.iter().any(|format| matches!(format, Format::Table | Format::Markdown)) {
        if let Some(orders) = &report.orders {
            say(Level::Info, format_args!("orders: {}", accounting(&orders.account)));
        }
        if let Some(customers) = &report.customers {
            say(Level::Info, format_args!("customers: {}", accounting(&customers.account)));
        }
    }
}

/// The format of each output.
fn formats_of(arguments: &ReportArguments) -> Result<Vec<Format>, Error> {
    if arguments.output.len() > 1 && arguments.format.is_some() {
        return Err(Error::usage("--format is for one output")
            .hint("several outputs have the formats of their names"));
    }
    let chosen: Vec<FormatArgument> = match (arguments.format, &arguments.output[..]) {
        (Some(format), _) => vec![format],
        (None, []) => vec![FormatArgument::Table],
        (None, paths) => paths.iter().map(|path| format_of_name(path)).collect::<Result<_, _>>()?,
    };
    if arguments.csv_dialect != DialectArgument::Standard && !chosen.contains(&FormatArgument::Csv) {
        return Err(Error::usage("--csv-dialect is for CSV").hint("add --format csv"));
    }
    let format = |chosen| match chosen {
        FormatArgument::Table => Format::Table,
        FormatArgument::Csv => Format::Csv(match arguments.csv_dialect {
            DialectArgument::Standard => Dialect::Standard,
            DialectArgument::ExcelDe => Dialect::ExcelGerman,
        }),
        FormatArgument::Json => Format::Json,
        FormatArgument::Jsonl => Format::JsonLines,
        FormatArgument::Markdown => Format::Markdown,
    };
    Ok(chosen.into_iter().map(format).collect())
}

fn format_of_name(path: &Path) -> Result<FormatArgument, Error> {
    let rest = path.to_string_lossy().replace(PERIOD, "");
    if rest.contains('{') && rest.contains('}') {
        return Err(Error::usage(format!(
            "{}: only {PERIOD} stands for something in a name",
            path.display()
        )));
    }
    Ok(match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => FormatArgument::Csv,
        Some("json") => FormatArgument::Json,
        Some("jsonl" | "ndjson") => FormatArgument::Jsonl,
        Some("md" | "markdown") => FormatArgument::Markdown,
        Some("txt") => FormatArgument::Table,
        _ => {
            return Err(Error::usage(format!("{}: the extension does not name a format", path.display()))
                .hint("use .csv, .json, .jsonl, .md or .txt, or say --format"));
        }
    })
}
