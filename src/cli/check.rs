//! `regulars check`: arguments and a configuration → report → verdicts → outputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum as _;

use super::Outcome;
use super::args::{CheckArguments, VerdictFormatArgument};
use super::message::{Level, say};
use super::output::{Output, is_closed_pipe, protect_inputs, terminal_width};
use super::progress::Bar;
use super::provenance::{BASELINE, CONFIG, Inputs, Made, Place, configuration, files_of, with_manifests};
use super::reading::{Others, require_fresh};
use super::rejects::with_rejects;
use super::request::request;
use super::settings::{DEFAULT_FILE, Resolved};
use crate::calendar::{Calendar, Day};
use crate::checks::{Check, Judged, Periods, judge, parse};
use crate::commands::report::{Request, run as compute};
use crate::config::Document;
use crate::error::Error;
use crate::input::account::Sink;
use crate::input::source::Source;
use crate::kept::Kept;
use crate::manifest::Record;
use crate::means::Progress;
use crate::render::{VerdictFormat, Verdicts, render_verdicts};
use crate::report::{Plan, Report};
use crate::stats::Confidence;

/// How sure intervals are where nothing says so.
const CONFIDENCE: f64 = 95.0;

/// Runs the command.
pub(super) fn run(arguments: &CheckArguments, resolved: &Resolved) -> Result<Outcome> {
    let document = resolved.document.as_ref().ok_or_else(|| {
        Error::usage("there is no configuration file, which says what to check")
            .hint(format!("name one with --config FILE, or run where {DEFAULT_FILE} is"))
    })?;
    let formats = arguments.verdicts.iter().map(|path| format_of(path)).collect::<Result<Vec<_>, Error>>()?;
    let asked = Asked::of(arguments, document)?;
    let files = asked.files();
    let outputs = with_manifests(&arguments.verdicts, arguments.no_manifest);
    protect_inputs(files.iter().map(|(_, source)| source), &arguments.read, &outputs)?;
    // Places that cannot be written to should show before a long run, not after.
    let open = |path: &PathBuf| Place::open(path, arguments.no_manifest);
    let places = arguments.verdicts.iter().map(open).collect::<Result<Vec<_>>>()?;
    let inputs = places.iter().any(Place::has_manifest).then(|| Inputs::begin(files)).transpose()?;
    let answered = with_rejects(arguments.read.rejects.as_deref(), |sink| {
        let read = asked.request.orders.iter().chain(&asked.request.customers);
        let bar = Bar::new(read, arguments.quiet);
        asked.answer(sink, bar.as_ref().map(|bar| bar as &dyn Progress))
    })?;
    require_fresh(&arguments.read, &answered.report)?;
    let inputs = inputs.map(|inputs| inputs.finish(&answered.report)).transpose()?;
    if !arguments.quiet {
        for (place, slip) in answered.checks.iter().flat_map(Check::slips) {
            say(Level::Warning, format_args!("{}:{place}: {slip}", document.name));
        }
        for warning in &answered.report.warnings {
            say(Level::Warning, warning);
        }
    }
    let configuration = configuration(resolved);
    let made = inputs.as_deref().map(|inputs| Made {
        command: "check",
        inputs,
        configuration: &configuration,
        report: &answered.report,
    });
    let mut written = Ok(());
    for ((place, path), format) in places.into_iter().zip(&arguments.verdicts).zip(&formats) {
        let bytes = answered.to_file(arguments, *format)?;
        // What cannot be written keeps nothing else from being told.
        written = written.and(place.deliver(path, &name_of(*format), &bytes, made.as_ref()));
    }
    let width = arguments.width.unwrap_or_else(|| terminal_width(false));
    let verdicts = answered.verdicts(arguments.strict, width);
    let verdicts = Verdicts { only_wrong: arguments.quiet, ..verdicts };
    // Who does not want to read all of it does not change the verdict.
    match Output::open(None)?.deliver(&render_verdicts(&verdicts, chosen(arguments.verdict_format))?) {
        Err(error) if !is_closed_pipe(&error) => return Err(error),
        _ => {}
    }
    written?;
    Ok(if answered.judged.fails(arguments.strict) { Outcome::Broken } else { Outcome::Done })
}

/// The verdicts of a record, made again: what would be recorded of them today, and their bytes.
pub(super) fn again(arguments: &CheckArguments, record: &Record, output: &Path) -> Result<(Record, Vec<u8>)> {
    let config = arguments.read.config.as_deref();
    let document = Document::open(config.ok_or_else(|| Error::input("no configuration file is recorded"))?)?;
    let format = VerdictFormatArgument::from_str(&record.output.format, false)
        .map_err(|_| Error::input(format!("there is no format \"{}\"", record.output.format)))?;
    let asked = Asked::of(arguments, &document)?;
    let inputs = Inputs::begin(asked.files())?;
    let answered = asked.answer(&mut |_| Ok(()), None)?;
    let inputs = inputs.finish(&answered.report)?;
    let bytes = answered.to_file(arguments, format)?;
    let made = Made {
        command: "check",
        inputs: &inputs,
        configuration: &record.configuration,
        report: &answered.report,
    };
    Ok((made.record(output, record.folder.clone(), &record.output.format, &bytes)?, bytes))
}

/// What is to be judged, and by what.
struct Asked<'d> {
    document: &'d Document,
    checks: Vec<Check>,
    request: Request,
    others: Others,
    baselines: BTreeMap<String, Kept>,
}

/// What came of it.
struct Answered<'d> {
    document: &'d Document,
    checks: Vec<Check>,
    report: Report,
    judged: Judged,
}

impl<'d> Asked<'d> {
    /// Every word of the arguments and the checks looked at, before any export is read.
    fn of(arguments: &CheckArguments, document: &'d Document) -> Result<Self, Error> {
        let checks = parse(document)?;
        if checks.is_empty() {
            return Err(Error::usage(format!("{}: there is no [[check]]", document.name)));
        }
        let (request, others) = request_for(arguments, &checks)?;
        let calendar = request.plan.settings.calendar;
        checks.iter().try_for_each(|check| require_label(check, calendar, document))?;
        let mut baselines = BTreeMap::new();
        for path in checks.iter().filter_map(|check| check.baseline.as_ref()) {
            if !baselines.contains_key(path) {
                baselines.insert(path.clone(), Kept::open(path)?);
            }
        }
        Ok(Self { document, checks, request, others, baselines })
    }

    /// All files that decide the verdicts, by role.
    fn files(&self) -> Vec<(&'static str, Source)> {
        let mut files = files_of(&self.request, &self.others);
        files.push((CONFIG, Source::File(PathBuf::from(&self.document.name))));
        files.extend(self.baselines.keys().map(|path| (BASELINE, Source::File(path.into()))));
        files
    }

    /// Computes and judges.
    fn answer(self, sink: &mut Sink<'_>, progress: Option<&dyn Progress>) -> Result<Answered<'d>, Error> {
        let Self { document, checks, request, baselines, .. } = self;
        let report = compute(request, sink, progress).map_err(|error| placed(error, document, &checks))?;
        baselines.values().try_for_each(|baseline| baseline.require_meaning_of(&report))?;
        let judged = judge(&report, &checks, &baselines);
        Ok(Answered { document, checks, report, judged })
    }
}

impl Answered<'_> {
    fn verdicts(&self, strict: bool, width: usize) -> Verdicts<'_> {
        Verdicts {
            report: &self.report,
            checks: &self.checks,
            judged: &self.judged,
            file: &self.document.name,
            strict,
            only_wrong: false,
            width,
        }
    }

    /// As a file, which no terminal makes narrower.
    fn to_file(&self, arguments: &CheckArguments, format: VerdictFormatArgument) -> Result<Vec<u8>, Error> {
        let width = arguments.width.unwrap_or_else(|| terminal_width(true));
        render_verdicts(&self.verdicts(arguments.strict, width), chosen(format))
    }
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
fn request_for(arguments: &CheckArguments, checks: &[Check]) -> Result<(Request, Others), Error> {
    let (request, others) =
        request(&arguments.orders, &arguments.read, &arguments.what, &arguments.resources)?;
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
    Ok((Request { by, plan: Plan { confidence, ..request.plan }, ..request }, others))
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

/// The name of a format.
fn name_of(format: VerdictFormatArgument) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The format that a file's name asks for.
fn format_of(path: &Path) -> Result<VerdictFormatArgument, Error> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => Ok(VerdictFormatArgument::Junit),
        Some("json") => Ok(VerdictFormatArgument::Json),
        Some("md" | "markdown") => Ok(VerdictFormatArgument::Markdown),
        Some("tap") => Ok(VerdictFormatArgument::Tap),
        Some("txt") => Ok(VerdictFormatArgument::Table),
        _ => {
            Err(Error::usage(format!("{}: the extension does not name a format of verdicts", path.display()))
                .hint("use .xml (JUnit), .json, .md, .tap or .txt"))
        }
    }
}
