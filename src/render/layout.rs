//! The cells of a table for people: which columns, in which order, with which words.

use super::words::{MISSING, count_number, metric_number, unit_words};
use crate::metrics::Unit;
use crate::report::{Count, Report, Row};

/// A table of words: two header lines, and rows in groups of one period each.
#[derive(Debug)]
pub(super) struct Layout {
    /// Name and unit of each column.
    pub(super) header: Vec<(String, String)>,
    /// How many columns at the left are words, not numbers.
    pub(super) words: usize,
    /// The rows; the first of each period is its total.
    pub(super) rows: Vec<LayoutRow>,
}

/// A row of words. With intervals a cell has three lines: the number and its bounds.
#[derive(Debug)]
pub(super) struct LayoutRow {
    /// It begins a period.
    pub(super) begins: bool,
    pub(super) cells: Vec<Vec<String>>,
}

impl Layout {
    /// Lays out the period, the segments, these counts and the metrics.
    pub(super) fn of(report: &Report, counts: &[&'static Count]) -> Self {
        let mut header = vec![("Period".to_owned(), String::new())];
        header.extend(report.by.iter().map(|column| (plain(column), String::new())));
        let words = header.len();
        header.extend(counts.iter().map(|count| {
            let unit = if count.is_money { unit_words(report, Unit::Money) } else { String::new() };
            (count.title.to_owned(), unit)
        }));
        header.extend(
            report.metrics.iter().map(|metric| (metric.title.to_owned(), unit_words(report, metric.unit))),
        );
        let mut rows = Vec::with_capacity(report.rows.len());
        let mut previous = None;
        for row in &report.rows {
            let begins = previous.is_some_and(|period| period != &row.period);
            previous = Some(&row.period);
            rows.push(LayoutRow { begins, cells: cells(report, counts, row) });
        }
        Self { header, words, rows }
    }
}

fn cells(report: &Report, counts: &[&'static Count], row: &Row) -> Vec<Vec<String>> {
    let mark = if row.complete { "" } else { "*" };
    let mut cells = vec![vec![format!("{}{mark}", row.period)]];
    cells.extend(row.segment.iter().map(|value| vec![plain(value)]));
    cells.extend(counts.iter().map(|count| vec![count_number(report.count(count, row))]));
    for (metric, estimate) in report.metrics.iter().zip(&row.estimates) {
        let mut lines = vec![metric_number(metric, estimate.value)];
        if report.confidence.is_some() {
            match estimate.interval {
                Some(interval) => {
                    lines.push(metric_number(metric, Some(interval.lo)));
                    lines.push(metric_number(metric, Some(interval.hi)));
                }
                None => lines.extend([MISSING.to_owned(), MISSING.to_owned()]),
            }
        }
        cells.push(lines);
    }
    if report.confidence.is_some() {
        cells[0].extend(["from".to_owned(), "to".to_owned()]);
    }
    cells
}

/// A text from the data, shortened where it is long, without the characters that would move a
/// terminal's cursor.
fn plain(text: &str) -> String {
    const SHOWN: usize = 28;
    let cut = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    super::words::plain(text).chars().take(SHOWN).chain(cut.chars()).collect()
}
