//! `regulars init`: a commented configuration for the files at hand, from what `inspect` finds in them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::args::InitArguments;
use super::config::{quoted, written};
use super::flags::{Origin, Section};
use super::inspect::request;
use super::message::{Level, say};
use super::output::{Output, identity};
use super::settings::Resolved;
use crate::commands::inspect::{Inspection, run as inspect};
use crate::error::Error;
use crate::input::source::{Source, expand};

/// Ends of the names of files that are looked at where none is named.
const EXPORTS: [&str; 7] = [".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst", ".parquet"];

/// Runs the command.
pub(super) fn run(arguments: &InitArguments, resolved: &Resolved) -> Result<()> {
    let path = &arguments.output;
    if path.exists() {
        return Err(Error::usage(format!("{} is there already", path.display()))
            .hint("name another file with -o, or remove it")
            .into());
    }
    let named = if arguments.files.is_empty() { exports()? } else { arguments.files.clone() };
    let request = request(&named, &arguments.read, resolved.document.as_ref())?;
    let inspection = inspect(&request, &mut |_| Ok(()))?;
    if let Some(problem) = inspection.problems.first() {
        let error = Error::places(problem.what.clone());
        return Err(match &problem.next {
            Some(next) => error.hint(next.clone()),
            None => error.hint("regulars inspect says more"),
        }
        .into());
    }
    // In another folder, names from here would be others there.
    let is_here = path
        .parent()
        .is_none_or(|folder| folder.as_os_str().is_empty() || identity(folder) == identity(Path::new(".")));
    let there = |name: &str| match std::path::absolute(name) {
        Ok(absolute) if !is_here && name != "-" => absolute.to_string_lossy().into_owned(),
        _ => name.to_owned(),
    };
    let given = given(resolved, &there);
    Output::open(Some(path))?.deliver(text(&inspection, &given, &arguments.files, &there)?.as_bytes())?;
    say(Level::Info, format_args!("{} is written; regulars report reads it", path.display()));
    Ok(())
}

/// The exports in the current folder and in the folder `exports`; reports of our own are none.
fn exports() -> Result<Vec<String>, Error> {
    let mut names = exports_in(Path::new("."))?;
    if Path::new("exports").is_dir() {
        names.extend(exports_in(Path::new("exports"))?);
    }
    names.sort();
    if names.is_empty() {
        return Err(
            Error::usage("there are no exports in this folder").hint("name them: regulars init FILE…")
        );
    }
    Ok(names)
}

fn exports_in(folder: &Path) -> Result<Vec<String>, Error> {
    let complain = |error: std::io::Error| Error::input(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(complain)? {
        let path = entry.map_err(complain)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let lower = name.to_lowercase();
        let is_export = !name.starts_with('.') && EXPORTS.iter().any(|end| lower.ends_with(end));
        if is_export && !is_report(&path) {
            let is_here = folder == Path::new(".");
            names.push(if is_here { name } else { path.to_string_lossy().into_owned() });
        }
    }
    Ok(names)
}

/// Whether a file is a report that `regulars report` wrote.
fn is_report(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut head));
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    read.is_ok() && (head.starts_with(b"period,period_start,") || head.starts_with(b"period;period_start;"))
}

/// A pattern that matches these files and no others, where their names differ by numbers: next month's file is found, too.
fn pattern_of(names: &[&str]) -> Option<String> {
    let [first, .., last] = names else { return None };
    let is_mark = |c: char| c.is_ascii_digit() || c == '-' || c == '_';
    let alike =
        first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
    let backwards = first.chars().rev().zip(last.chars().rev());
    let alike_behind: usize = backwards.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let before = first[..alike].trim_end_matches(is_mark);
    let behind = first[first.len() - alike_behind..].trim_start_matches(is_mark);
    let pattern = format!("{before}*{behind}");
    let is_number = |name: &&str| {
        let middle = name.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
        middle.is_some_and(|middle| middle.chars().all(is_mark))
    };
    let found: Vec<String> = expand(std::slice::from_ref(&pattern)).ok()?.iter().map(Source::name).collect();
    (names.iter().all(is_number) && found == names).then_some(pattern)
}

/// What the command line says of how files are read, as lines of a file. `there`: a name, from the folder of that file.
fn given(resolved: &Resolved, there: &impl Fn(&str) -> String) -> Vec<String> {
    let of_input =
        resolved.flags.iter().filter(|flag| flag.section == Section::Input && flag.key != "customers");
    of_input
        .filter_map(|flag| match resolved.value(flag)? {
            (values, Origin::CommandLine) => {
                let values: Vec<String> =
                    if flag.is_path() { values.iter().map(|name| there(name)).collect() } else { values };
                Some(format!("{} = {}", flag.key, written(flag, &values)))
            }
            _ => None,
        })
        .collect()
}

/// The file.
fn text(
    inspection: &Inspection,
    given: &[String],
    named: &[String],
    there: &impl Fn(&str) -> String,
) -> Result<String, Error> {
    let of = |holds: &str| -> Vec<&str> {
        inspection.files.iter().filter(|file| file.holds == holds).map(|file| file.file.as_str()).collect()
    };
    let (orders, customers) = (of("orders"), of("customers"));
    // A pattern of orders stays one, so that next month's file is found too.
    let mut listed: Vec<&str> = Vec::new();
    let mut held = std::collections::BTreeSet::new();
    for name in named.iter().filter(|name| name.contains(['*', '?'])) {
        let files = expand(std::slice::from_ref(name))?;
        let files: Vec<String> = files.iter().map(Source::name).collect();
        if files.iter().all(|file| orders.contains(&file.as_str())) {
            listed.push(name);
            held.extend(files);
        }
    }
    let others: Vec<&str> = orders.iter().copied().filter(|file| !held.contains(*file)).collect();
    let pattern = pattern_of(&others);
    match &pattern {
        Some(pattern) if named.is_empty() => listed.push(pattern),
        _ => listed.extend(others),
    }
    if listed.is_empty() && !given.iter().any(|line| line.starts_with("model = \"contract\"")) {
        return Err(
            Error::usage("there are no orders among the files").hint("name them: regulars init FILE…")
        );
    }
    let quoted_all = |names: &[&str]| names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let from_there = |name: &str| quoted(&there(name));
    let mut out = String::from(
        "# #:schema ./regulars.schema.json as the first line, and `regulars schema -o regulars.schema.json`: editors complete it.\n# Configuration of regulars. Paths are relative to this file; every flag of `regulars report` can stand here,\n# with _ for -. `regulars config` shows what is in effect.\n\n[input]\n",
    );
    let mut line = |text: &str| {
        let _infallible = writeln!(out, "{text}");
    };
    if !listed.is_empty() {
        let names: Vec<String> = listed.iter().map(|name| from_there(name)).collect();
        line(&format!("orders = [{}]", names.join(", ")));
    }
    if let Some(customers) = customers.first() {
        line(&format!("customers = {}", from_there(customers)));
    }
    for given in given {
        line(given);
    }
    if !given.iter().any(|given| given.starts_with("timezone")) {
        line("# timezone = \"Europe/Berlin\"     # whose days count; UTC without it");
    }
    line(
        "# exclude_status = [\"on hold\"]    # statuses that make an order no purchase, beside the usual ones",
    );
    line("# max_rejects = \"0.1%\"           # bad rows that may be set aside, and where:");
    line("# rejects = \"rejected.csv\"");
    line("# require_fresh = \"3d\"           # fail when the newest export is missing");
    line("# fail_on_warnings = true         # and when one between is: a month without orders");
    line("\n[report]");
    line("period = \"month\"");
    let suggested = inspection.orders.as_ref().and_then(|orders| orders.repurchases.as_ref());
    match suggested {
        Some(found) => {
            line(&format!(
                "# Nine of ten repurchases come within {:.0} days: {} would hold them.",
                found.p90_days, found.suggested_active_for
            ));
        }
        None => line("# Active is who bought within this span."),
    }
    line("active_for = \"12mo\"");
    let columns: Vec<&str> =
        inspection.by_candidates.iter().map(|candidate| candidate.column.as_str()).collect();
    match columns[..] {
        [] => line("# by = [\"country\"]              # segments"),
        _ => line(&format!("# by = [{}]  # segments", quoted_all(&columns[..columns.len().min(4)]))),
    }
    line("# ci = 95                         # intervals");
    line("\n[output]");
    line("# output = [\"reports/{period}.csv\", \"latest.md\"]");
    line("\n# Thresholds for `regulars check`; all keys are in docs/checks.md.");
    line("# [[check]]");
    line("# metric = \"churn\"");
    line("# max = 8");
    line("# evidence = \"interval\"         # fail only where the whole interval lies beyond");
    line("#\n# [[check]]");
    line("# metric = \"crr\"");
    if let Some(column) = columns.first() {
        line(&format!(
            "# segment = {{ {} = \"*\" }}",
            if is_bare(column) { (*column).to_owned() } else { quoted(column) }
        ));
    }
    line("# max_drop = \"5%\"               # against the period before");
    line("# min_customers = 100");
    Ok(out)
}

/// Whether a key needs no quotes.
fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
