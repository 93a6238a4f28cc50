//! `regulars report`: arguments → request → report → output.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::args::ReportArguments;
use super::choices::{DialectArgument, FormatArgument, format_named, name_of};
use super::message::{Level, say};
use super::output::{Output, protect_inputs, terminal_width};
use super::progress::Bar;
use super::provenance::{Inputs, Made, Place, Prepared, ReadFile, configuration, files_of, with_manifests};
use super::reading::require_of;
use super::rejects::with_rejects;
use super::request::request_of;
use super::settings::Resolved;
use super::whole_file::NO_FOLDER;
use crate::commands::report::{Request, run as compute};
use crate::config::Document;
use crate::error::Error;
use crate::input::source::Source;
use crate::manifest::Record;
use crate::means::Progress;
use crate::render::{Dialect, Format, Room, accounting, render};
use crate::report::Report;

/// Runs the command.
pub(super) fn run(arguments: &ReportArguments, resolved: &Resolved) -> Result<()> {
    let Asked { request, others, formats } = Asked::of(arguments, resolved.document.as_ref())?;
    let sources: Vec<Source> = request.orders.iter().chain(&request.customers).cloned().collect();
    protect_inputs(
        sources.iter(),
        &arguments.read,
        &with_manifests(&arguments.output, arguments.no_manifest),
    )?;
    // Places that cannot be written to should show before a long run, not after. Names that the periods complete
    // are known behind it only.
    let open = |path: &PathBuf| {
        if is_template(path) {
            require_folder(path)?;
            return Ok(None);
        }
        Place::open(path, arguments.no_manifest).map(Some)
    };
    let mut places = arguments.output.iter().map(open).collect::<Result<Vec<_>>>()?;
    let is_open = |place: &Option<Place>| place.as_ref().is_none_or(Place::has_manifest);
    let inputs = if !arguments.no_manifest && places.iter().any(is_open) {
        Some(Inputs::begin(with_profiles(files_of(&request, &others), resolved.document.as_ref()))?)
    } else {
        None
    };
    let report = with_rejects(
        arguments.read.rejects.as_deref(),
        |sink| {
            let bar = Bar::new(sources.iter(), arguments.quiet);
            compute(request, sink, bar.as_ref().map(|bar| bar as &dyn Progress))
        },
        |report| require_of(&arguments.read, report),
    )?;
    let inputs = inputs.map(|inputs| inputs.finish(&report)).transpose()?;
    let names = complete_names(&arguments.output, &report)?;
    protect_inputs(sources.iter(), &arguments.read, &with_manifests(&names, arguments.no_manifest))?;
    for (place, name) in places.iter_mut().zip(&names) {
        if place.is_none() {
            *place = Some(Place::open(name, arguments.no_manifest)?);
        }
    }
    let bytes: Vec<Vec<u8>> =
        formats.iter().map(|format| rendered(arguments, &report, *format)).collect::<Result<_, Error>>()?;
    if !arguments.quiet {
        tell(&report, &formats);
    }
    if let ([], [bytes]) = (&places[..], &bytes[..]) {
        Output::open(None)?.deliver(bytes)?;
    }
    let configuration = configuration(resolved);
    let made = inputs.as_deref().map(|inputs| Made {
        command: "report",
        inputs,
        configuration: &configuration,
        report: &report,
    });
    let mut prepared = Vec::new();
    for (((place, name), format), bytes) in places.into_iter().flatten().zip(&names).zip(&formats).zip(&bytes)
    {
        prepared.push(place.prepare(name, &name_of(format), bytes, made.as_ref())?);
    }
    // No file is replaced before all of them are there.
    prepared.into_iter().try_for_each(Prepared::finish)?;
    match report.shortfall {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// The files with that of the configuration, where it has profiles: exports may be read with them.
fn with_profiles(mut files: Vec<ReadFile>, document: Option<&Document>) -> Vec<ReadFile> {
    let document = document.filter(|document| document.get("profiles").is_some());
    files.extend(document.map(ReadFile::config));
    files
}

/// What a report needs to be made.
struct Asked {
    request: Request,
    /// Files beside the orders and the customers, by the flags that name them.
    others: Vec<ReadFile>,
    /// The format of each output.
    formats: Vec<FormatArgument>,
}

impl Asked {
    /// Every word of the arguments checked, before any file is read.
    fn of(arguments: &ReportArguments, document: Option<&Document>) -> Result<Self, Error> {
        let formats = formats_of(arguments)?;
        let (request, others) = request_of(arguments, document)?;
        Ok(Self { request, others, formats })
    }
}

/// The report of a record, made again: what would be recorded of it today, and its bytes.
pub(super) fn again(
    mut arguments: ReportArguments,
    record: &Record,
    output: &Path,
) -> Result<(Record, Vec<u8>)> {
    let format = format_named(&record.output.format)?;
    arguments.format = Some(format);
    arguments.output = vec![output.to_owned()];
    let document = arguments.read.config.as_deref().map(Document::open).transpose()?;
    let Asked { request, others, .. } = Asked::of(&arguments, document.as_ref())?;
    let inputs = Inputs::begin(with_profiles(files_of(&request, &others), document.as_ref()))?;
    let report = compute(request, &mut |_| Ok(()), None)?;
    let inputs = inputs.finish(&report)?;
    let bytes = rendered(&arguments, &report, format)?;
    let made =
        Made { command: "report", inputs: &inputs, configuration: &record.configuration, report: &report };
    Ok((made.record(output, record.folder.clone(), &record.output.format, &bytes)?, bytes))
}

/// The report as it goes to an output.
fn rendered(arguments: &ReportArguments, report: &Report, format: FormatArgument) -> Result<Vec<u8>, Error> {
    let width = arguments.width.unwrap_or_else(|| terminal_width(!arguments.output.is_empty()));
    let format = match format {
        FormatArgument::Table => Format::Table,
        FormatArgument::Csv => Format::Csv(match arguments.csv_dialect {
            DialectArgument::Standard => Dialect::Standard,
            DialectArgument::ExcelDe => Dialect::ExcelGerman,
        }),
        FormatArgument::Json => Format::Json,
        FormatArgument::Jsonl => Format::JsonLines,
        FormatArgument::Markdown => Format::Markdown,
    };
    render(report, format, Room { width, wide: arguments.wide })
}

/// What stands in a name for the last complete period.
const PERIOD: &str = "{period}";

fn is_template(path: &Path) -> bool {
    path.to_string_lossy().contains(PERIOD)
}

/// Fails where the folder of a name is known already, and is not there.
fn require_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !is_template(folder));
    match folder.filter(|folder| !folder.is_dir()) {
        None => Ok(()),
        Some(_) => Err(Error::input(format!("{}: cannot be written: {NO_FOLDER}", path.display()))),
    }
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
fn tell(report: &Report, formats: &[FormatArgument]) {
    for warning in &report.warnings {
        say(Level::Warning, warning);
    }
    if !formats.iter().any(|format| matches!(format, FormatArgument::Table | FormatArgument::Markdown)) {
        for note in &report.notes {
            say(Level::Info, note);
        }
        if let Some(orders) = &report.orders {
            say(Level::Info, format_args!("orders: {}", accounting(&orders.account)));
        }
        if let Some(customers) = &report.customers {
            say(Level::Info, format_args!("customers: {}", accounting(&customers.account)));
        }
    }
}

/// The format of each output.
fn formats_of(arguments: &ReportArguments) -> Result<Vec<FormatArgument>, Error> {
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
    Ok(chosen)
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
            return Err(Error::usage(format!(
                "--output {}: the extension does not name a format",
                path.display()
            ))
            .hint("use .csv, .json, .jsonl, .md or .txt, or say --format"));
        }
    })
}
