//! A report that was kept in a file: read again, to be compared.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::calendar::{Calendar, Day, Unit};
use crate::error::{Error, Result};
use crate::render::{Facts, facts};
use crate::report::{COUNTS, Report};

/// The columns between those of the period and the counts are those of the segments.
const PERIOD: [&str; 3] = ["period", "period_start", "period_end"];

/// The setting that says how sure intervals are; where there are none it is empty.
const CONFIDENCE: &str = "confidence_percent";

/// The setting that says which money it is.
const CURRENCY: &str = "currency";

/// A report as `regulars report -o` writes it: CSV, also that for Excel, or JSON.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The file.
    pub name: String,
    /// The names of its columns: period, segments, counts, metrics, `complete` and `history`.
    pub columns: Vec<String>,
    /// Its rows as texts; empty where there is no number.
    pub rows: Vec<Vec<String>>,
    /// What its numbers mean, by name; a CSV does not say.
    pub meaning: Option<Meaning>,
}

/// What numbers mean: settings, and the formulas of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning(BTreeMap<String, String>);

impl Meaning {
    fn new(settings: &Value, definitions: &Value) -> Self {
        let settings = settings.as_object().into_iter().flatten();
        let settings = settings.map(|(name, value)| (name.clone(), text(value)));
        let definitions = definitions.as_array().into_iter().flatten().flat_map(|definition| {
            let id = text(&definition["id"]);
            ["formula", "empty_when"].map(|part| (format!("{id}, {part}"), text(&definition[part])))
        });
        Self(settings.chain(definitions).collect())
    }

    /// What the numbers of a report mean.
    pub fn of(facts: &Facts) -> Self {
        Self::new(&facts.settings, &facts.definitions)
    }

    /// What both say, and not the same: its name, and what this one and the other say.
    pub fn others<'m>(&'m self, other: &'m Self) -> impl Iterator<Item = (&'m str, &'m str, &'m str)> {
        let both = self
            .0
            .iter()
            .filter_map(|(name, own)| Some((name.as_str(), own.as_str(), other.0.get(name)?.as_str())));
        // Files that name no currency may be of any.
        let is_unknown = |name: &str, text: &str| name == CURRENCY && text.is_empty();
        both.filter(move |(name, own, other)| {
            own != other && !is_unknown(name, own) && !is_unknown(name, other)
        })
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Kept {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is no report.
    pub fn open(path: &str) -> Result<Self> {
        let bytes =
            std::fs::read(Path::new(path)).map_err(|error| Error::input(format!("{path}: {error}")))?;
        Self::parse(path, &bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// They are no report.
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self> {
        let kept = if bytes.trim_ascii_start().starts_with(b"{") {
            of_json(path, bytes)
        } else {
            of_csv(path, bytes)
        }?;
        if kept.columns.get(..PERIOD.len()).is_none_or(|first| first != PERIOD) {
            return Err(no_report(path));
        }
        Ok(kept)
    }

    /// Passes where the numbers mean what those of a report do, as far as the file tells; what it breaks down by is no
    /// matter.
    ///
    /// # Errors
    /// They mean something else.
    pub fn require_meaning_of(&self, report: &Report) -> Result<()> {
        let name = &self.name;
        let complain = |what: &str| {
            Err(Error::usage(format!("{name}: {what}")).hint("compare with a report of the same settings"))
        };
        if !has_periods_of(self, report.settings.calendar) {
            return complain(&format!(
                "its periods are no {}s as those of the checks are",
                report.settings.calendar.unit.name()
            ));
        }
        let Some(known) = &self.meaning else { return Ok(()) };
        let own = Meaning::of(&facts(report)?);
        let own = known.others(&own);
        // What it breaks down by is no matter, nor that it has no intervals.
        let mut own =
            own.filter(|(what, known, _)| *what != "by" && (*what != CONFIDENCE || !known.is_empty()));
        match own.next() {
            None => Ok(()),
            Some((what, known, own)) => {
                complain(&format!("its {what} is \"{known}\", that of the checks \"{own}\""))
            }
        }
    }

    /// How long its periods are, as the first one tells.
    pub fn unit(&self) -> Option<Unit> {
        let row = self.rows.first()?;
        let days = Day::parse_iso(row.get(2)?)?.0 - Day::parse_iso(row.get(1)?)?.0 + 1;
        match days {
            1 => Some(Unit::Day),
            7 => Some(Unit::Week),
            28..=31 => Some(Unit::Month),
            90..=92 => Some(Unit::Quarter),
            365 | 366 => Some(Unit::Year),
            _ => None,
        }
    }

    /// Where a column is.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == column)
    }

    /// The columns that segment, and where they are.
    pub fn segment_columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let counts = self.position(COUNTS[0].id).unwrap_or(PERIOD.len());
        (PERIOD.len()..counts).map(|at| (at, self.columns[at].as_str()))
    }

    /// The columns of numbers, and where they are.
    pub fn number_columns(&self) -> impl Iterator<Item = (usize, &str)> {
        let counts = self.position(COUNTS[0].id).unwrap_or(self.columns.len());
        let all = self.columns.iter().enumerate().skip(counts);
        all.filter(|(_, name)| !["complete", "history"].contains(&name.as_str()))
            .map(|(at, name)| (at, name.as_str()))
    }
}

/// What a CSV tells of the periods: whether they are those of this calendar.
fn has_periods_of(kept: &Kept, calendar: Calendar) -> bool {
    kept.rows.first().is_none_or(|row| match (Day::parse_iso(&row[1]), Day::parse_iso(&row[2])) {
        (Some(start), Some(end)) => {
            let number = calendar.number_of(start);
            calendar.start_of(number) == start && calendar.start_of(number + 1).plus(-1) == end
        }
        _ => false,
    })
}

fn no_report(path: &str) -> Error {
    Error::input(format!("{path}: it is no report of regulars in CSV or JSON"))
        .hint("regulars report … -o FILE.csv (or .json) writes one")
}

fn of_csv(path: &str, bytes: &[u8]) -> Result<Kept> {
    // --csv-dialect excel-de: a mark of the encoding, semicolons, decimal commas.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_german = bytes.starts_with(b"period;");
    let delimiter = if is_german { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let complain = |_: csv::Error| no_report(path);
    let columns: Vec<String> = reader.headers().map_err(complain)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record.map_err(complain)?.iter().map(str::to_owned).collect());
    }
    let mut kept = Kept { name: path.to_owned(), columns, rows, meaning: None };
    if is_german {
        let numbers: Vec<usize> = kept.number_columns().map(|(at, _)| at).collect();
        for row in &mut kept.rows {
            for at in &numbers {
                row[*at] = row[*at].replace(',', ".");
            }
        }
    }
    Ok(kept)
}

fn of_json(path: &str, bytes: &[u8]) -> Result<Kept> {
    let document: Value = serde_json::from_slice(bytes).map_err(|_| no_report(path))?;
    let list = |name: &str| document[name].as_array().ok_or_else(|| no_report(path));
    let (rows, definitions) = (list("rows")?, list("definitions")?);
    let settings = document["settings"].as_object().ok_or_else(|| no_report(path))?;
    let mut columns: Vec<String> = PERIOD.map(str::to_owned).into();
    columns.extend(settings.get("by").and_then(Value::as_array).into_iter().flatten().map(text));
    for definition in definitions {
        let column = text(&definition["column"]);
        let id = text(&definition["id"]);
        let bounds = ["lo", "hi"].map(|end| format!("{id}_{end}"));
        columns.push(column);
        columns.extend(
            bounds.into_iter().filter(|bound| rows.first().is_some_and(|row| row.get(bound).is_some())),
        );
    }
    columns.extend(["complete", "history"].map(str::to_owned));
    let row = |row: &Value| columns.iter().map(|column| text(&row[column])).collect();
    let meaning = Meaning::new(&document["settings"], &document["definitions"]);
    Ok(Kept { name: path.to_owned(), rows: rows.iter().map(row).collect(), columns, meaning: Some(meaning) })
}
