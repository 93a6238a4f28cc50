//! A report that was kept in a file, to compare with.

use super::Measure;
use crate::calendar::Day;
use crate::kept::Kept;
use crate::report::ALL;
use crate::stats::Interval;

/// A number of a kept report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Where it stands: the period, and the file.
    pub(super) place: String,
    pub(super) value: f64,
    pub(super) interval: Option<Interval>,
    /// How many customers it rests on, where the file tells.
    pub(super) base: Option<u64>,
}

/// The number of a segment in the period that starts on this day, else in the last one that has it. Periods that are not
/// complete, and those whose history is partial where that matters, are none. `base`: the column of the
/// customers it rests on.
pub(super) fn find(
    kept: &Kept,
    measure: Measure,
    base: &str,
    start: Day,
    segment: &[(String, String)],
) -> Result<Found, String> {
    let name = &kept.name;
    let column = measure.column();
    let value = kept.position(column).ok_or_else(|| format!("{name} has no column {column}"))?;
    let segment_columns: Vec<(usize, &str)> = kept.segment_columns().collect();
    let is_known = |column: &str| segment_columns.iter().any(|(_, known)| *known == column);
    if let Some((missing, _)) = segment.iter().find(|(column, _)| !is_known(column)) {
        return Err(format!("{name} does not break down by {missing}"));
    }
    let is_segment = |row: &&Vec<String>| {
        segment_columns.iter().all(|(at, column)| {
            let wanted = segment.iter().find(|(name, _)| name == column);
            row.get(*at).is_some_and(|value| value == wanted.map_or(ALL, |(_, value)| value))
        })
    };
    let number = |row: &Vec<String>, at: usize| row.get(at).and_then(|text| text.parse::<f64>().ok());
    let says = |row: &Vec<String>, column: &str, word: &str| {
        kept.position(column).and_then(|at| row.get(at)).is_some_and(|text| text == word)
    };
    // Who is active at the end of a period is who is at the start of the next, whose history may be full.
    let knows_end = |row: &Vec<String>| {
        let next = Day::parse_iso(&row[2]).map(|end| end.plus(1).to_string());
        let is_next = |other: &&Vec<String>| Some(&other[1]) == next.as_ref();
        measure.is_of_the_end()
            && kept.rows.iter().find(is_next).is_some_and(|next| says(next, "history", "full"))
    };
    let lacks = |row: &Vec<String>| {
        if !says(row, "complete", "true") {
            Some("the period is not complete")
        } else if measure.needs_history() && !says(row, "history", "full") && !knows_end(row) {
            Some("the history before the period is partial")
        } else if number(row, value).is_none() {
            Some("there is no number")
        } else {
            None
        }
    };
    let mine = || kept.rows.iter().filter(is_segment);
    let row = match mine().find(|row| row[1] == start.to_string()) {
        Some(row) => match lacks(row) {
            Some(why) => return Err(format!("{} in {name}: {why}", row[0])),
            None => row,
        },
        None => {
            let last = mine().filter(|row| lacks(row).is_none()).max_by_key(|row| &row[1]);
            last.ok_or_else(|| format!("{name} has no number for the segment"))?
        }
    };
    let bound = |end: &str| kept.position(&format!("{}_{end}", measure.id())).and_then(|at| number(row, at));
    Ok(Found {
        place: format!("{} in {name}", row[0]),
        value: number(row, value).unwrap_or_default(),
        interval: bound("lo").zip(bound("hi")).map(|(lo, hi)| Interval { lo, hi }),
        base: kept.position(base).and_then(|at| row.get(at)?.parse().ok()),
    })
}
