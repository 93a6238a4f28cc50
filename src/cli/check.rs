//! `regulars check`: arguments and a configuration → report → verdicts → outputs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::Outcome;
use super::args::{CheckArguments, VerdictFormatArgument};
use super::message::{Level, say};
use super::output::{Output, is_closed_pipe, protect_inputs, terminal_width};
use super::progress::Bar;
use super::reading::require_fresh;
use super::rejects::with_rejects;
use super::request::request;
use super::settings::DEFAULT_FILE;
use crate::calendar::{Calendar, Day};
use crate::checks::{Check, Periods, judge, parse};
use crate::commands::report::{Request, run as compute};
use crate::config::Document;
use crate::error::Error;
use crate::input::source::Source;
use crate::kept::Kept;
use crate::means::Progress;
use crate::render::{VerdictFormat, Verdicts, render_verdicts};
use crate::report::Plan;
use crate::stats::Confidence;

/// How sure intervals are where nothing says so.
const CONFIDENCE: f64 = 95.0;

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments, document: Option<&Document>) -> Result<Outcome> {
    let document = document.ok_or_else(|| {
        Error::usage("there is no configuration file, which says what to check")
            .hint(format!("name one with --config FILE, or run where {DEFAULT_FILE} is"))
    })?;
    let checks = parse(document)?;
    if checks.is_empty() {
        return Err(Error::usage(format!("{}: there is no [[check]]", document.name)).into());
    }
    let outputs: Vec<(&Path, VerdictFormat)> = arguments
        .verdicts
        .iter()
        .map(|path| Ok((path.as_path(), format_of(path)?)))
        .collect::<Result<_, Error>>()?;
    let request = request_for(arguments, &checks)?;
    checks.iter().try_for_each(|check| require_label(check, request.plan.settings.calendar, document))?;
    let baselines = checks.iter().filter_map(|check| check.baseline.as_ref());
    let kept: Vec<Source> = baselines.map(|path| Source::File(path.into())).collect();
    let inputs = request.orders.iter().chain(&request.customers).chain(&kept);
    protect_inputs(inputs, &arguments.read, &arguments.verdicts)?;
    let mut baselines = BTreeMap::new();
    for path in checks.iter().filter_map(|check| check.baseline.as_ref()) {
        if !baselines.contains_key(path) {
            baselines.insert(path.clone(), Kept::open(path)?);
        }
    }
    // Places that cannot be written to should show before a long run, not after.
    let files = outputs.iter().map(|(path, _)| Output::open(Some(path))).collect::<Result<Vec<_>>>()?;
    let report = with_rejects(arguments.read.rejects.as_deref(), |sink| {
        let bar = Bar::new(request.orders.iter().chain(&request.customers), arguments.quiet);
        let computed = compute(request, sink, bar.as_ref().map(|bar| bar as &dyn Progress));
        computed.map_err(|error| placed(error, document, &checks))
    })?;
    require_fresh(&arguments.read, &report)?;
    baselines.values().try_for_each(|baseline| baseline.require_meaning_of(&report))?;
    let judged = judge(&report, &checks, &baselines);
    let verdicts = Verdicts {
        report: &report,
        checks: &checks,
        judged: &judged,
        file: &document.name,
        strict: arguments.strict,
        only_wrong: arguments.quiet,
        width: arguments.width.unwrap_or_else(|| terminal_width(false)),
    };
    if !arguments.quiet {
        for (place, slip) in checks.iter().flat_map(Check::slips) {
            say(Level::Warning, format_args!("{}:{place}: {slip}", document.name));
        }
        for warning in &report.warnings {
            say(Level::Warning, warning);
        }
    }
    let mut written = Ok(());
    for ((_, format), file) in outputs.iter().zip(files) {
        let bytes = render_verdicts(&Verdicts { only_wrong: false, ..verdicts }, *format)?;
        // What cannot be written keeps nothing else from being told.
        written = written.and(file.deliver(&bytes));
    }
    let shown = render_verdicts(&verdicts, chosen(arguments.verdict_format))?;
    // Who does not want to read all of it does not change the verdict.
    match Output::open(None)?.deliver(&shown) {
        Err(error) if !is_closed_pipe(&error) => return Err(error),
        _ => {}
    }
    written?;
    Ok(if judged.fails(arguments.strict) { Outcome::Broken } else { Outcome::Done })
}

/// Refuses the label of a period that cannot be.
fn require_label(check: &Check, calendar: Calendar, document: &Document) -> Result<(), Error> {
    let Periods::Named(label, place) = &check.periods else { return Ok(()) };
    if calendar.number_labelled(label).is_some() {
        return Ok(());
    }
    let unit = calendar.unit.name();
    let example = Day::from_ymd(2025, 3, 14).map(|day| calendar.label(calendar.number_of(day)));
    let error = document.complain(*place, format!("period: there is no {unit} \"{label}\""));
    Err(error
        .hint(format!("a {unit} is written {}, the last complete one \"last\"", example.unwrap_or_default())))
}

/// An error about a segment's column, which the checks turn into a breakdown, with the place of the check.
fn placed(error: Error, document: &Document, checks: &[Check]) -> Error {
    let message = error.messages().join("; ");
    let of = |check: &&Check| {
        check.segment.iter().any(|(column, _)| message.starts_with(&format!("--by {column}: ")))
    };
    match checks.iter().find(of) {
        None => error,
        Some(check) => {
            let what = message.trim_start_matches("--by ");
            let placed = document.complain(check.place, format!("segment {what}"));
            error
                .next_step()
                .map_or(placed.clone(), |next| placed.hint(next.replace("--by ", "segment column ")))
        }
    }
}

/// The report that the checks need.
fn request_for(arguments: &CheckArguments, checks: &[Check]) -> Result<Request, Error> {
    let (request, _) = request(&arguments.orders, &arguments.read, &arguments.what, &arguments.resources)?;
    let mut by: Vec<String> = Vec::new();
    for breakdown in checks.iter().filter_map(Check::by) {
        let columns = |text: &str| {
            let mut columns: Vec<String> = text.split(',').map(str::to_owned).collect();
            columns.sort();
            columns
        };
        if !by.iter().any(|known| columns(known) == columns(&breakdown)) {
            by.push(breakdown);
        }
    }
    let confidence = request.plan.confidence.or_else(|| Confidence::new(CONFIDENCE));
    Ok(Request { by, plan: Plan { confidence, ..request.plan }, ..request })
}

fn chosen(format: VerdictFormatArgument) -> VerdictFormat {
    match format {
        VerdictFormatArgument::Table => VerdictFormat::Table,
        VerdictFormatArgument::Json => VerdictFormat::Json,
        VerdictFormatArgument::Junit => VerdictFormat::Junit,
        VerdictFormatArgument::Github => VerdictFormat::Github,
        VerdictFormatArgument::Markdown => VerdictFormat::Markdown,
        VerdictFormatArgument::Tap => VerdictFormat::Tap,
    }
}

/// The format that a file's name asks for.
fn format_of(path: &Path) -> Result<VerdictFormat, Error> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => Ok(VerdictFormat::Junit),
        Some("json") => Ok(VerdictFormat::Json),
        Some("md" | "markdown") => Ok(VerdictFormat::Markdown),
        Some("tap") => Ok(VerdictFormat::Tap),
        Some("txt") => Ok(VerdictFormat::Table),
        _ => {
            Err(Error::usage(format!("{}: the extension does not name a format of verdicts", path.display()))
                .hint("use .xml (JUnit), .json, .md, .tap or .txt"))
        }
    }
}
