//! What moved between two reports, to bytes.

use std::collections::HashSet;

use super::pretty;
use super::table::paragraph;
use super::words::{MISSING, decimal, grouped, plain, segment_words};
use crate::commands::diff::{Changes, OtherSegment, Restated};
use crate::error::{Error, Result};
use crate::metrics::METRICS;

/// For people: period by period, what was and what is.
pub fn render_changes(changes: &Changes, width: usize) -> Vec<u8> {
    let mut out = String::new();
    let mut last = None;
    let numbers: HashSet<Number> =
        changes.restated.iter().map(|restated| number_of(restated, &restated.column)).collect();
    let (bounds, told): (Vec<&Restated>, Vec<&Restated>) =
        changes.restated.iter().partition(|restated| is_bound_of_another(restated, &numbers));
    for restated in told {
        let place = (&restated.period, &restated.segment);
        if last != Some(place) {
            let words = [plain(&restated.period), segment_words(&restated.segment)].join(" ");
            out += &format!("{}\n", words.trim_end());
            last = Some(place);
        }
        let text = both(restated) + &moved(restated);
        paragraph(&mut out, &format!("  {:<26}", restated.column), &text, 28, width);
    }
    for OtherSegment { period, segment, is_new } in &changes.other_segments {
        let what = if *is_new { "is new" } else { "is gone" };
        out += &format!("{} {}: the segment {what}\n", plain(period), segment_words(segment));
    }
    if !bounds.is_empty() {
        let text = format!(
            "not listed: {} ends of intervals that moved with their number",
            grouped(&bounds.len().to_string())
        );
        out.push('\n');
        paragraph(&mut out, "", &text, 0, width);
    }
    let periods: std::collections::BTreeSet<&String> =
        changes.restated.iter().map(|restated| &restated.period).collect();
    let count = |n: usize| grouped(&n.to_string());
    let summary = format!(
        "{} of {} numbers restated, in {} periods; new periods: {}; gone: {}",
        count(changes.restated.len()),
        count(changes.compared),
        periods.len(),
        listed(&changes.new_periods),
        listed(&changes.gone_periods)
    );
    if !out.is_empty() {
        out.push('\n');
    }
    paragraph(&mut out, "", &summary, 0, width);
    out.into_bytes()
}

/// For programs: a row for each number that moved.
///
/// # Errors
/// The library that writes CSV fails: a bug.
pub fn render_changes_csv(changes: &Changes) -> Result<Vec<u8>> {
    let bug = |error: csv::Error| Error::internal(format!("CSV: {error}"));
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(["period", "segment", "column", "old", "new", "difference"]).map_err(bug)?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for restated in &changes.restated {
        let difference = restated.old.zip(restated.new).map(|(old, new)| new - old);
        let segment = segment_words(&restated.segment);
        let cells = [number(restated.old), number(restated.new), number(difference)];
        let row = [restated.period.clone(), segment, restated.column.clone()].into_iter().chain(cells);
        writer.write_record(row).map_err(bug)?;
    }
    writer.into_inner().map_err(|error| Error::internal(format!("CSV: {error}")))
}

/// For programs, with all there is.
///
/// # Errors
/// The library that writes JSON fails: a bug.
pub fn render_changes_json(changes: &Changes) -> Result<Vec<u8>> {
    pretty(changes)
}

/// A number: its period, its segment and its column.
type Number<'c> = (&'c str, &'c [(String, String)], &'c str);

/// The number in a column beside one that is restated.
fn number_of<'c>(restated: &'c Restated, column: &'c str) -> Number<'c> {
    (&restated.period, &restated.segment, column)
}

/// Whether it is an end of an interval whose number is restated as well: it says nothing more.
fn is_bound_of_another(restated: &Restated, numbers: &HashSet<Number<'_>>) -> bool {
    let column = &restated.column;
    let id = column.strip_suffix("_lo").or_else(|| column.strip_suffix("_hi"));
    let metric = id.and_then(|id| METRICS.iter().find(|metric| metric.id == id));
    metric.is_some_and(|metric| numbers.contains(&number_of(restated, metric.column)))
}

/// What was and what is, with as many decimals as it takes to tell them apart.
fn both(restated: &Restated) -> String {
    const MOST: usize = 12;
    let (old, new) = (restated.old, restated.new);
    let apart = |(old, new): (f64, f64)| {
        (2..MOST).find(|decimals| decimal(old, *decimals) != decimal(new, *decimals)).unwrap_or(MOST)
    };
    let decimals = old.zip(new).map_or(2, apart);
    let shown = |value: Option<f64>| match value {
        None => MISSING.to_owned(),
        Some(value) if value.fract() == 0.0 => decimal(value, 0),
        Some(value) => decimal(value, decimals),
    };
    format!("{} → {}", shown(old), shown(new))
}

fn moved(restated: &Restated) -> String {
    match (restated.old, restated.new) {
        (Some(old), Some(new)) if old != 0.0 => format!(" ({:+.2} %)", 100.0 * (new - old) / old.abs()),
        _ => String::new(),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
