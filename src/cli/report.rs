//! `regulars report`: arguments → request → report → output.

use anyhow::Result;

use super::args::{DialectArgument, FormatArgument, ReportArguments};
use super::message::say;
use super::output::{Output, protect_inputs, terminal_width};
use super::progress::Bar;
use super::rejects::with_rejects;
use super::request::request_of;
use crate::commands::report::run as compute;
use crate::error::Error;
use crate::means::Progress;
use crate::render::{Dialect, Format, Room, accounting, render};
use crate::report::Report;

/// Runs the command.
pub(super) fn run(arguments: &ReportArguments) -> Result<()> {
    let format = format_of(arguments)?;
    let room = Room {
        width: arguments.width.unwrap_or_else(|| terminal_width(arguments.output.as_deref())),
        wide: arguments.wide,
    };
    let request = request_of(arguments)?;
    let inputs = request.orders.iter().chain(&request.customers);
    protect_inputs(inputs, &arguments.read, &arguments.output)?;
    // A place that cannot be written to should show before a long run, not after.
    let output = Output::open(arguments.output.as_deref())?;
    let report = with_rejects(arguments.read.rejects.as_deref(), |sink| {
        let bar = Bar::new(request.orders.iter().chain(&request.customers), arguments.quiet);
        compute(request, sink, bar.as_ref().map(|bar| bar as &dyn Progress))
    })?;
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
