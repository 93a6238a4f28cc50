//! CSV: the columns are a contract, the values are unrounded.

use super::history;
use crate::error::{Error, Result};
use crate::report::{COUNTS, Number, Report, Row};

/// Which program the file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `,`, decimal point, LF: for programs.
    Standard,
    /// `;`, decimal comma, BOM, CRLF: for a double click in a German Excel.
    ExcelGerman,
}

/// The names of the columns.
pub(super) fn header(report: &Report) -> Vec<String> {
    let mut header: Vec<String> = ["period", "period_start", "period_end"].map(str::to_owned).into();
    header.extend(report.by.iter().cloned());
    header.extend(COUNTS.iter().map(|count| count.id.to_owned()));
    for metric in &report.metrics {
        header.push(metric.column.to_owned());
        if report.confidence.is_some() {
            header.extend([format!("{}_lo", metric.id), format!("{}_hi", metric.id)]);
        }
    }
    header.extend(["complete", "history"].map(str::to_owned));
    header
}

pub(super) fn render(report: &Report, dialect: Dialect) -> Result<Vec<u8>> {
    let german = dialect == Dialect::ExcelGerman;
    let mut out = Vec::new();
    if german {
        out.extend_from_slice(b"\xef\xbb\xbf");
    }
    let terminator = if german { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(if german { b';' } else { b',' })
        .terminator(terminator)
        .from_writer(out);
    let bug = |error: csv::Error| Error::internal(format!("CSV: {error}"));
    writer.write_record(header(report)).map_err(bug)?;
    for row in &report.rows {
        writer.write_record(fields(report, row, german)).map_err(bug)?;
    }
    writer.into_inner().map_err(|error| Error::internal(format!("CSV: {error}")))
}

fn fields(report: &Report, row: &Row, german: bool) -> Vec<String> {
    // Rust prints the shortest decimal that reads back as the same number, never an exponent.
    let number = |value: f64| {
        let text = value.to_string();
        if german { text.replace('.', ",") } else { text }
    };
    let optional = |value: Option<f64>| value.map(number).unwrap_or_default();
    let mut fields = vec![row.period.clone(), row.start.to_string(), row.end.to_string()];
    fields.extend(row.segment.iter().cloned());
    fields.extend(COUNTS.iter().map(|count| match report.count(count, row) {
        None => String::new(),
        Some(Number::Whole(whole)) => whole.to_string(),
        Some(Number::Money(money)) => number(money),
    }));
    for estimate in &row.estimates {
        fields.push(optional(estimate.value));
        if report.confidence.is_some() {
            fields.push(optional(estimate.interval.map(|interval| interval.lo)));
            fields.push(optional(estimate.interval.map(|interval| interval.hi)));
        }
    }
    fields.extend([row.complete.to_string(), history(row).to_owned()]);
    fields
}
