//! A report that was kept in a file, to compare with.

use super::Measure;
use crate::kept::Kept;
use crate::report::ALL;
use crate::stats::Interval;

/// The number of a segment in this period, else in the last one there is: period, number, interval.
pub(super) fn find(
    kept: &Kept,
    measure: Measure,
    period: &str,
    segment: &[(String, String)],
) -> Result<(String, f64, Option<Interval>), String> {
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
    let mine = || kept.rows.iter().filter(is_segment);
    let same = mine().find(|row| row[0] == period);
    let last = || mine().filter(|row| number(row, value).is_some()).max_by_key(|row| row[1].clone());
    let row = same.or_else(last).ok_or_else(|| format!("{name} does not have the segment"))?;
    let found = number(row, value).ok_or_else(|| format!("{name} has no number for {}", row[0]))?;
    let bound = |end: &str| kept.position(&format!("{}_{end}", measure.id())).and_then(|at| number(row, at));
    let interval = bound("lo").zip(bound("hi")).map(|(lo, hi)| Interval { lo, hi });
    Ok((format!("{} in {name}", row[0]), found, interval))
}
