//! `regulars report`: arguments → request → report → output.

use std::path::Path;

use anyhow::{Context, Result};

use super::args::{DialectArgument, FormatArgument, ReportArguments};
use super::message::say;
use super::output::{Output, WholeFile};
use super::request::request_of;
use crate::commands::report::{Request, run as compute};
use crate::error::Error;
use crate::input::account::Rejected;
use crate::input::source::Source;
use crate::render::{Dialect, Format, Room, accounting, render};
use crate::report::Report;

/// Runs the command.
pub(super) fn run(arguments: &ReportArguments) -> Result<()> {
    let format = format_of(arguments)?;
    let room =
        Room { width: arguments.width.unwrap_or_else(|| terminal_width(arguments)), wide: arguments.wide };
    let request = request_of(arguments)?;
    protect_inputs(arguments, &request)?;
    // A place that cannot be written to should show before a long run, not after.
    let output = Output::open(arguments.output.as_deref())?;
    let report = compute_with_rejects(request, arguments.rejects.as_deref())?;
    let bytes = render(&report, format, room)?;
    if !arguments.quiet {
        tell(&report, format);
    }
    output.deliver(&bytes)?;
    match report.shortfall {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Computes the report; rejected rows go to the reject file, also when there are too many of them.
fn compute_with_rejects(request: Request, path: Option<&Path>) -> Result<Report> {
    let Some(path) = path else {
        return Ok(compute(request, &mut |_| Ok(()))?);
    };
    let mut whole = WholeFile::create(path)?;
    let mut writer = csv::Writer::from_writer(&mut whole);
    let mut rejected_any = false;
    let context = || format!("{}: cannot be written", path.display());
    writer.write_record(["file", "line", "reason", "row"]).with_context(context)?;
    let result = {
        let mut sink = |rejected: Rejected<'_>| {
            rejected_any = true;
            let line = rejected.line.to_string();
            writer
                .write_record([
                    rejected.file.as_bytes(),
                    line.as_bytes(),
                    rejected.reason.as_bytes(),
                    rejected.raw,
                ])
                .map_err(|error| Error::input(format!("{}: {error}", path.display())))
        };
        compute(request, &mut sink)
    };
    writer.flush().with_context(context)?;
    drop(writer);
    // A run that failed for another reason leaves an earlier reject file alone.
    if result.is_ok() || rejected_any {
        whole.finish()?;
    }
    Ok(result?)
}

/// Warnings, and the account of the rows where the output does not show it.
fn tell(report: &Report, format: Format) {
    for warning in &report.warnings {
        say(format_args!("regulars: warning: {warning}"));
    }
    if !matches!(format, Format::Table | Format::Markdown) {
        if let Some(orders) = &report.orders {
            say(format_args!("regulars: orders: {}", accounting(&orders.account)));
        }
        if let Some(customers) = &report.customers {
            say(format_args!("regulars: customers: {}", accounting(&customers.account)));
        }
    }
}

/// Refuses to overwrite a file that is read, and to write two things to one file.
fn protect_inputs(arguments: &ReportArguments, request: &Request) -> Result<(), Error> {
    let identity = |path: &Path| match path.canonicalize() {
        Ok(path) => path,
        Err(_) => path.to_owned(),
    };
    let mut taken = Vec::new();
    for source in request.orders.iter().chain(&request.customers) {
        if let Source::File(path) = source {
            taken.push(identity(path));
        }
    }
    let others = [&arguments.rates, &arguments.returns, &arguments.payments, &arguments.lines];
    for file in others.into_iter().flatten() {
        taken.push(identity(Path::new(file)));
    }
    for output in [&arguments.output, &arguments.rejects].into_iter().flatten() {
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

fn terminal_width(arguments: &ReportArguments) -> usize {
    const NO_TERMINAL: usize = 80;
    match arguments.output {
        Some(_) => NO_TERMINAL,
        None => terminal_size::terminal_size_of(std::io::stdout())
            .map_or(NO_TERMINAL, |(width, _)| width.0.into()),
    }
}

fn format_of(arguments: &ReportArguments) -> Result<Format, Error> {
    let chosen = match (arguments.format, &arguments.output) {
        (Some(format), _) => format,
        (None, None) => FormatArgument::Table,
        (None, Some(path)) => match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => FormatArgument::Csv,
            Some("json") => FormatArgument::Json,
            Some("jsonl" | "ndjson") => FormatArgument::Jsonl,
            Some("md" | "markdown") => FormatArgument::Markdown,
            Some("txt") => FormatArgument::Table,
            _ => {
                return Err(Error::usage(format!(
                    "{}: the extension does not name a format",
                    path.display()
                ))
                .hint("use .csv, .json, .jsonl, .md or .txt, or say --format"));
            }
        },
    };
    if arguments.csv_dialect != DialectArgument::Standard && chosen != FormatArgument::Csv {
        return Err(Error::usage("--csv-dialect is for CSV").hint("add --format csv"));
    }
    Ok(match chosen {
        FormatArgument::Table => Format::Table,
        FormatArgument::Csv => Format::Csv(match arguments.csv_dialect {
            DialectArgument::Standard => Dialect::Standard,
            DialectArgument::ExcelDe => Dialect::ExcelGerman,
        }),
        FormatArgument::Json => Format::Json,
        FormatArgument::Jsonl => Format::JsonLines,
        FormatArgument::Markdown => Format::Markdown,
    })
}
