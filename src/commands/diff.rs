//! Two reports of the same shop: what moved between them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::kept::Kept;
use crate::render::first_of;
use crate::report::ALL;

/// A number that is another one in the newer report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Restated {
    /// The period's label.
    pub period: String,
    /// The segment: column and value; none for all customers.
    pub segment: Vec<(String, String)>,
    /// The column of the number.
    pub column: String,
    /// What it was, and what it is; `None` where there is none.
    pub old: Option<f64>,
    /// What it is.
    pub new: Option<f64>,
}

/// A segment that only one report has in a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherSegment {
    /// The period's label.
    pub period: String,
    /// Column and value.
    pub segment: Vec<(String, String)>,
    /// It is the newer report that has it.
    pub is_new: bool,
}

/// What moved.
#[derive(Debug, Default, Serialize)]
pub struct Changes {
    /// Numbers of rows that both have, in the order of the newer report.
    pub restated: Vec<Restated>,
    /// Periods that only the newer has, in its order.
    pub new_periods: Vec<String>,
    /// Periods that only the older has.
    pub gone_periods: Vec<String>,
    /// Segments that only one of them has in a period that both have.
    pub other_segments: Vec<OtherSegment>,
    /// How many numbers were compared.
    pub compared: usize,
}

/// Compares two reports. `unlike`: also where their numbers mean different things, as far as they have the same columns.
///
/// # Errors
/// They mean different things.
pub fn diff(old: &Kept, new: &Kept, unlike: bool) -> Result<Changes> {
    if !unlike {
        alike(old, new)?;
    }
    let mut changes = Changes::default();
    let keyed = |kept: &Kept| -> BTreeMap<(String, Vec<(String, String)>), usize> {
        kept.rows.iter().enumerate().map(|(at, row)| (key(kept, row), at)).collect()
    };
    let (before, after) = (keyed(old), keyed(new));
    let periods = |kept: &Kept| -> Vec<String> {
        let mut periods: Vec<String> = kept.rows.iter().map(|row| row[0].clone()).collect();
        periods.dedup();
        periods
    };
    let (old_periods, new_periods) = (periods(old), periods(new));
    changes.new_periods =
        new_periods.iter().filter(|period| !old_periods.contains(period)).cloned().collect();
    changes.gone_periods =
        old_periods.iter().filter(|period| !new_periods.contains(period)).cloned().collect();
    for row in &new.rows {
        let key = key(new, row);
        let Some(known) = before.get(&key) else {
            if old_periods.contains(&key.0) {
                changes.other_segments.push(OtherSegment { period: key.0, segment: key.1, is_new: true });
            }
            continue;
        };
        let known = &old.rows[*known];
        for (at, column) in new.number_columns() {
            let Some(there) = old.position(column) else { continue };
            changes.compared += 1;
            if row[at] == known[there] {
                continue;
            }
            let number = |text: &str| text.parse::<f64>().ok();
            let (old, new) = (number(&known[there]), number(&row[at]));
            // 5 in one format is 5.0 in another.
            if old == new {
                continue;
            }
            let (period, segment) = key.clone();
            changes.restated.push(Restated { period, segment, column: column.to_owned(), old, new });
        }
    }
    for key in before.keys().filter(|key| new_periods.contains(&key.0) && !after.contains_key(*key)) {
        let (period, segment) = key.clone();
        changes.other_segments.push(OtherSegment { period, segment, is_new: false });
    }
    Ok(changes)
}

/// A row's period, and the segment it is of.
fn key(kept: &Kept, row: &[String]) -> (String, Vec<(String, String)>) {
    let segment = kept.segment_columns().filter(|(at, _)| row[*at] != ALL);
    (row[0].clone(), segment.map(|(at, column)| (column.to_owned(), row[at].clone())).collect())
}

/// Differences that are named.
const SHOWN: usize = 5;

/// Passes where the numbers of both mean the same, as far as the files tell.
fn alike(old: &Kept, new: &Kept) -> Result<()> {
    let mut unlike = Vec::new();
    let only = |one: &Kept, other: &Kept| {
        let missing = one.columns.iter().filter(|column| other.position(column).is_none());
        missing.map(|column| format!("{column} is in {} only", one.name)).collect::<Vec<_>>()
    };
    if let (Some(was), Some(is)) = (old.unit(), new.unit())
        && was != is
    {
        unlike.push(format!("periods are {}s in {}, {}s in {}", was.name(), old.name, is.name(), new.name));
    }
    unlike.extend(only(old, new));
    unlike.extend(only(new, old));
    if let (Some(before), Some(after)) = (&old.meaning, &new.meaning) {
        for (name, was, is) in before.others(after) {
            unlike.push(format!("{name}: \"{was}\" in {}, \"{is}\" in {}", old.name, new.name));
        }
    }
    if unlike.is_empty() {
        return Ok(());
    }
    let text = format!("the reports are not alike: {}", first_of(&unlike, SHOWN));
    Err(Error::usage(text).hint("--unlike compares what both have all the same"))
}
