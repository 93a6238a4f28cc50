//! A report that was kept in a file, to compare with.

use std::path::Path;

use super::Measure;
use super::judge::column_of;
use crate::error::{Error, Result};
use crate::report::ALL;
use crate::stats::Interval;

/// A report as CSV, as `regulars report -o FILE.csv` writes it.
#[derive(Debug)]
pub struct Baseline {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The columns between the period's and the counts are those of the segments.
const BEFORE: usize = 3;

impl Baseline {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no report.
    pub fn open(path: &str) -> Result<Self> {
        let file =
            std::fs::File::open(Path::new(path)).map_err(|error| Error::input(format!("{path}: {error}")))?;
        let mut reader = csv::Reader::from_reader(file);
        let complain = |error: csv::Error| Error::input(format!("{path}: {error}"));
        let columns: Vec<String> = reader.headers().map_err(complain)?.iter().map(str::to_owned).collect();
        if columns.get(..BEFORE).is_none_or(|first| first != ["period", "period_start", "period_end"]) {
            return Err(Error::input(format!("{path}: it is no report of regulars in CSV"))
                .hint("regulars report … -o FILE.csv writes one"));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            rows.push(record.map_err(complain)?.iter().map(str::to_owned).collect());
        }
        Ok(Self { name: path.to_owned(), columns, rows })
    }

    /// The number of a segment in this period, else in the last one there is: period, number, interval.
    pub(super) fn find(
        &self,
        measure: Measure,
        period: &str,
        segment: &[(String, String)],
    ) -> std::result::Result<(String, f64, Option<Interval>), String> {
        let at = |name: &str| self.columns.iter().position(|column| column == name);
        let name = &self.name;
        let column = column_of(measure);
        let value = at(column).ok_or_else(|| format!("{name} has no column {column}"))?;
        let counts = at("opening").ok_or_else(|| format!("{name} has no column opening"))?;
        let is_segment = |row: &&Vec<String>| {
            (BEFORE..counts).all(|index| {
                let wanted = segment.iter().find(|(column, _)| *column == self.columns[index]);
                row.get(index).is_some_and(|value| value == wanted.map_or(ALL, |(_, value)| value))
            })
        };
        if let Some((missing, _)) = segment.iter().find(|(column, _)| at(column).is_none()) {
            return Err(format!("{name} does not break down by {missing}"));
        }
        let number =
            |row: &Vec<String>, index: usize| row.get(index).and_then(|text| text.parse::<f64>().ok());
        let mine = || self.rows.iter().filter(is_segment);
        let same = mine().find(|row| row[0] == period);
        let row = same
            .or_else(|| mine().filter(|row| number(row, value).is_some()).max_by_key(|row| row[1].clone()));
        let row = row.ok_or_else(|| format!("{name} does not have the segment"))?;
        let found = number(row, value).ok_or_else(|| format!("{name} has no number for {}", row[0]))?;
        let bound = |suffix: &str| {
            let id = match measure {
                Measure::Metric(metric) => metric.id,
                Measure::Count(count) => count.id,
            };
            at(&format!("{id}_{suffix}")).and_then(|index| number(row, index))
        };
        let interval = bound("lo").zip(bound("hi")).map(|(lo, hi)| Interval { lo, hi });
        Ok((row[0].clone(), found, interval))
    }
}
