//! `regulars check`: arguments and a configuration → report → verdicts → outputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Outcome;
use super::args::CheckArguments;
use super::choices::{VerdictFormatArgument, format_named, name_of};
use super::message::{Level, say};
use super::output::{Output, is_closed_pipe, protect_inputs, terminal_width};
use super::progress::Bar;
use super::provenance::{
    BASELINE, Inputs, Made, Place, Prepared, ReadFile, configuration, files_of, with_manifests,
};
use super::reading::require_of;
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
    protect_inputs(files.iter().map(|file| &file.source), &arguments.read, &outputs)?;
    // Places that cannot be written to should show before a long run, not after.
    let open = |path: &PathBuf| Place::open(path, arguments.no_manifest);
    let places = arguments.verdicts.iter().map(open).collect::<Result<Vec<_>>>()?;
    let inputs = places.iter().any(Place::has_manifest).then(|| Inputs::begin(files)).transpose()?;
    let answered = with_rejects(
        arguments.read.rejects.as_deref(),
        |sink| {
            let read = asked.request.orders.iter().chain(&asked.request.customers);
            let bar = Bar::new(read, arguments.quiet);
            asked.answer(sink, bar.as_ref().map(|bar| bar as &dyn Progress))
        },
        |answered| require_of(&arguments.read, &answered.report),
    )?;
    let inputs = inputs.map(|inputs| inputs.finish(&answered.report)).transpose()?;
    if !arguments.quiet {
        for (place, slip) in answered.checks.iter().flat_map(Check::slips) {
            say(Level::Warning, format_args!("{}:{place}: {slip}", document.name));
        }
        for warning in &answered.report.warnings {
            say(Level::Warning, warning);
        }
        if let Some(note) = answered.left_out() {
            say(Level::Info, note);
        }
    }
    let configuration = configuration(resolved);
    let made = inputs.as_deref().map(|inputs| Made {
        command: "check",
        inputs,
        configuration: &configuration,
        report: &answered.report,
    });
    // No file is replaced before all of them are there; what cannot be written keeps nothing from being told.
    let prepare = |((place, path), format): ((Place, &PathBuf), &VerdictFormatArgument)| {
        let bytes = answered.to_file(arguments, *format)?;
        place.prepare(path, &name_of(format), &bytes, made.as_ref())
    };
    let prepared = places.into_iter().zip(&arguments.verdicts).zip(&formats).map(prepare);
    let written = prepared
        .collect::<Result<Vec<_>>>()
        .and_then(|prepared| prepared.into_iter().try_for_each(Prepared::finish));
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
    let format = format_named(&record.output.format)?;
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
    others: Vec<ReadFile>,
    baselines: BTreeMap<String, Kept>,
    /// The files of the baselines.
    kept: Vec<ReadFile>,
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
            return Err(Error::usage(format!("{}: there is no [[check]]", document.name))
                .hint("[[check]], metric = \"churn\", max = 6 on lines of their own make one"));
        }
        let (request, others) = request_for(arguments, document, &checks)?;
        let calendar = request.plan.settings.calendar;
        checks.iter().try_for_each(|check| require_label(check, calendar, document))?;
        let (mut baselines, mut kept) = (BTreeMap::new(), Vec::new());
        for check in &checks {
            let Some(path) = &check.baseline else { continue };
            if !baselines.contains_key(path) {
                kept.push(ReadFile::new(BASELINE, Source::File(path.into())));
                let place = format!("{}:{}", document.name, check.place);
                baselines.insert(path.clone(), Kept::open(path).map_err(|error| error.about(place))?);
            }
        }
        Ok(Self { document, checks, request, others, baselines, kept })
    }

    /// All files that decide the verdicts, by role.
    fn files(&self) -> Vec<ReadFile> {
        let mut files = files_of(&self.request, &self.others);
        files.push(ReadFile::config(self.document));
        files.extend(self.kept.iter().cloned());
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
    /// The period that has not ended, where checks are about the last one that has.
    fn left_out(&self) -> Option<String> {
        let is_last = self.checks.iter().any(|check| matches!(check.periods, Periods::Last(_)));
        let row =
            self.report.rows.iter().rfind(|row| row.is_total()).filter(|row| is_last && !row.complete)?;
        let coverage = &self.report.coverage;
        let how = if coverage.last_given {
            String::new()
        } else {
            format!("; if the files are complete to its end, say --as-of {}", row.end)
        };
        Some(format!("{} is not judged: the data ends on {}, before it does{how}", row.period, coverage.last))
    }

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
fn request_for(
    arguments: &CheckArguments,
    document: &Document,
    checks: &[Check],
) -> Result<(Request, Vec<ReadFile>), Error> {
    let (request, others) =
        request(&arguments.orders, &arguments.read, Some(document), &arguments.what, &arguments.resources)?;
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

/// The format that a file's name asks for.
fn format_of(path: &Path) -> Result<VerdictFormatArgument, Error> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => Ok(VerdictFormatArgument::Junit),
        Some("json") => Ok(VerdictFormatArgument::Json),
        Some("md" | "markdown") => Ok(VerdictFormatArgument::Markdown),
        Some("tap") => Ok(VerdictFormatArgument::Tap),
        Some("txt") => Ok(VerdictFormatArgument::Table),
        _ => Err(Error::usage(format!(
            "--output {}: the extension does not name a format of verdicts",
            path.display()
        ))
        .hint("use .xml (JUnit), .json, .md, .tap or .txt")),
    }
}
