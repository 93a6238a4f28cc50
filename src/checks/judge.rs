//! Numbers against thresholds.

use std::collections::BTreeMap;

use super::baseline::find;
use super::room::{Point, room};
use super::{Against, Bound, Change, Check, Evidence, Measure, Periods, State, Verdict};
use crate::calendar::{Day, Unit};
use crate::config::Place;
use crate::kept::Kept;
use crate::render::first_of;
use crate::report::{ALL, Number, OTHER, Report, Row};
use crate::stats::difference;

/// What became of all checks.
#[derive(Debug)]
pub struct Judged {
    /// Every threshold of every check, in the order of the file; periods in their order, then segments by name.
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// The worst that became of a check; skipped only where all of it was.
    pub fn state_of(&self, check: usize) -> State {
        let states =
            self.verdicts.iter().filter(|verdict| verdict.check == check).map(|verdict| verdict.state);
        states.min().unwrap_or(State::Skipped)
    }

    /// Whether the run fails.
    pub fn fails(&self, strict: bool) -> bool {
        self.verdicts.iter().any(|verdict| verdict.state.fails(strict))
    }
}

/// Judges the numbers of a report that has all periods, all metrics, and the breakdowns of the checks.
/// `baselines`: by name, those that the checks name.
pub fn judge(report: &Report, checks: &[Check], baselines: &BTreeMap<String, Kept>) -> Judged {
    let mut verdicts = Vec::new();
    for (number, check) in checks.iter().enumerate() {
        let judge = Judge {
            report,
            check,
            number,
            baseline: check.baseline.as_ref().and_then(|name| baselines.get(name)),
        };
        judge.all(&mut verdicts);
    }
    Judged { verdicts }
}

struct Judge<'r> {
    report: &'r Report,
    check: &'r Check,
    number: usize,
    baseline: Option<&'r Kept>,
}

impl Judge<'_> {
    fn all(&self, verdicts: &mut Vec<Verdict>) {
        let check = self.check;
        let periods: Vec<&Row> = match &check.periods {
            Periods::Named(label, _) => self.totals().filter(|row| row.period == *label).collect(),
            Periods::Last(count) => {
                let complete: Vec<&Row> = self.totals().filter(|row| row.complete).collect();
                complete[complete.len().saturating_sub(*count)..].to_vec()
            }
        };
        let wanted = match check.periods {
            Periods::Last(count) => count,
            Periods::Named(..) => 1,
        };
        if periods.len() < wanted {
            let (label, why) = match &check.periods {
                Periods::Named(label, _) => {
                    (label.clone(), format!("the data has {}", self.periods_there_are()))
                }
                Periods::Last(_) => {
                    (String::new(), format!("the data has {} complete periods, not {wanted}", periods.len()))
                }
            };
            let segment = self.named_segment();
            self.for_bounds(verdicts, |bound, place| {
                self.missing(bound, place, &label, segment.clone(), why.clone())
            });
        }
        for period in periods {
            let rows: Vec<&Row> = self
                .report
                .rows
                .iter()
                .filter(|row| row.start == period.start && self.selects(row))
                .collect();
            if rows.is_empty() {
                let segment = self.named_segment();
                let why = self.segments_there_are(period);
                self.for_bounds(verdicts, |bound, place| {
                    self.missing(bound, place, &period.period, segment.clone(), why.clone())
                });
            }
            for row in rows {
                self.for_bounds(verdicts, |bound, place| self.one(row, bound, place));
            }
        }
    }

    fn for_bounds(&self, verdicts: &mut Vec<Verdict>, verdict: impl Fn(Bound, Place) -> Verdict) {
        verdicts.extend(self.check.bounds.iter().map(|(bound, place)| verdict(*bound, *place)));
    }

    fn totals(&self) -> impl Iterator<Item = &Row> {
        self.report.rows.iter().filter(|row| row.is_total())
    }

    /// Where the columns of the check stand among those of the report.
    fn column(&self, name: &str) -> Option<usize> {
        self.report.by.iter().position(|column| column == name)
    }

    /// Whether a row is of the segment: it breaks down by its columns and no others.
    fn selects(&self, row: &Row) -> bool {
        row.segment.iter().zip(&self.report.by).all(|(value, column)| {
            match self.check.segment.iter().find(|(name, _)| name == column) {
                None => value == ALL,
                Some((_, None)) => value != ALL,
                Some((_, Some(wanted))) => value == wanted,
            }
        })
    }

    fn periods_there_are(&self) -> String {
        let mut periods = self.totals().map(|row| row.period.as_str());
        match (periods.next(), periods.last()) {
            (Some(first), Some(last)) => format!("{first} to {last}"),
            (Some(only), None) => format!("{only} only"),
            (None, _) => "no period".to_owned(),
        }
    }

    /// Which segments a period has instead of the one that is looked for.
    fn segments_there_are(&self, period: &Row) -> String {
        const SHOWN: usize = 8;
        let mut known = Vec::new();
        for row in self.report.rows.iter().filter(|row| row.start == period.start) {
            let is_alike = row.segment.iter().zip(&self.report.by).all(|(value, column)| {
                (value != ALL) == self.check.segment.iter().any(|(name, _)| name == column)
            });
            if is_alike {
                known.push(
                    self.segment_of(row).into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(", "),
                );
            }
        }
        let mut why = match known.len() {
            0 => "there is no segment".to_owned(),
            _ => format!("the segments are {}", first_of(&known, SHOWN)),
        };
        if self.report.settings.min_customers > 0 {
            why.push_str(&format!(", {OTHER} those below min_customers of [report]"));
        }
        why
    }

    fn named_segment(&self) -> Vec<(String, String)> {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "*".to_owned());
        self.check.segment.iter().map(|(column, wanted)| (column.clone(), value(wanted))).collect()
    }

    fn segment_of(&self, row: &Row) -> Vec<(String, String)> {
        let value = |name: &str| self.column(name).map(|at| row.segment[at].clone()).unwrap_or_default();
        self.check.segment.iter().map(|(column, _)| (column.clone(), value(column))).collect()
    }

    fn missing(
        &self,
        bound: Bound,
        place: Place,
        period: &str,
        segment: Vec<(String, String)>,
        why: String,
    ) -> Verdict {
        Verdict {
            check: self.number,
            bound,
            place,
            period: period.to_owned(),
            segment,
            state: if self.check.allow_missing { State::Skipped } else { State::Missing },
            value: None,
            interval: None,
            reference: None,
            difference: None,
            room: None,
            base: None,
            why: Some(why),
        }
    }

    /// A threshold for a row.
    fn one(&self, row: &Row, bound: Bound, place: Place) -> Verdict {
        let base = self.base(row);
        let mut verdict = Verdict {
            base: Some(base),
            why: None,
            ..self.missing(bound, place, &row.period, self.segment_of(row), String::new())
        };
        // What the data does not cover says nothing, not even how many customers there are.
        if let Some(why) = self.lacks(row) {
            return Verdict { why: Some(why), ..verdict };
        }
        let point = self.point(row);
        if let Ok(point) = &point {
            (verdict.value, verdict.interval) = (Some(point.value), point.interval);
        }
        // Then the segments that are too small: their numbers may be missing just because they are.
        if let Some(why) = self.too_few(base.1) {
            return Verdict { state: State::Skipped, why: Some(why), ..verdict };
        }
        let point = match point {
            Ok(point) => point,
            Err(why) => return Verdict { why: Some(why), ..verdict },
        };
        let reference = match bound {
            Bound::Min(_) | Bound::Max(_) => None,
            Bound::Drop(_, against) | Bound::Rise(_, against) => match self.reference(row, against) {
                Ok(reference) => Some(reference),
                Err(Absent::TooFew(why)) => {
                    return Verdict { state: State::Skipped, why: Some(why), ..verdict };
                }
                Err(Absent::Missing(why)) => return Verdict { why: Some(why), ..verdict },
            },
        };
        if let Some((period, reference)) = &reference {
            verdict.reference = Some((period.clone(), reference.value, reference.interval));
            verdict.difference = point
                .interval
                .zip(reference.interval)
                .map(|(own, other)| difference((point.value, own), (reference.value, other), 1.0));
        }
        let reference = reference.map(|(_, reference)| reference);
        if let (Bound::Drop(Change::Relative(_), _) | Bound::Rise(Change::Relative(_), _), Some(reference)) =
            (bound, reference)
            && reference.value <= 0.0
        {
            let why = format!("a share of {} says nothing", reference.value);
            return Verdict { why: Some(why), ..verdict };
        }
        let room = room(bound, point, reference);
        verdict.room = Some((room.value, room.interval));
        verdict.state = match (self.check.evidence, room.interval) {
            (Evidence::Point, _) if room.value >= 0.0 => State::Held,
            (Evidence::Point, _) => State::Broken,
            (Evidence::Interval, Some(interval)) if interval.lo >= 0.0 => State::Held,
            (Evidence::Interval, Some(interval)) if interval.hi < 0.0 => State::Broken,
            (Evidence::Interval, Some(_)) => State::Undecided,
            (Evidence::Interval, None) => verdict.state,
        };
        verdict.why = match (self.check.evidence, room.interval) {
            (Evidence::Interval, None) => Some("there is no interval".to_owned()),
            _ => None,
        };
        verdict
    }

    /// What the data does not cover of what the number of a row rests on.
    fn lacks(&self, row: &Row) -> Option<String> {
        let measure = self.check.measure;
        let coverage = &self.report.coverage;
        let is_known = if measure.is_of_the_end() {
            self.report.knows_closing(row)
        } else {
            row.full_history || !measure.needs_history()
        };
        if !row.complete {
            Some("the period is not complete".to_owned())
        } else if !is_known {
            let what = if measure.is_of_the_end() { "before its end" } else { "before the period" };
            Some(format!("the history {what} is partial"))
        } else if !measure.needs_history() && row.start < coverage.first {
            let how = coverage.earlier_hint();
            Some(format!("the data begins within the period, on {}{how}", coverage.first))
        } else {
            None
        }
    }

    /// Why a number that rests on so many customers is not judged.
    fn too_few(&self, count: u64) -> Option<String> {
        let least = self.check.min_customers;
        let what = self.base_name();
        (count < least).then(|| format!("{what} {count} of the {least} that min_customers asks for"))
    }

    /// The number of a row that lacks nothing, or why there is none.
    fn point(&self, row: &Row) -> Result<Point, String> {
        let metric = match self.check.measure {
            Measure::Count(count) => {
                let value = match self.report.count(count, row) {
                    Some(Number::Whole(whole)) => whole as f64,
                    Some(Number::Money(money)) => money,
                    None if self.report.orders.is_none() => return Err("no orders file is given".to_owned()),
                    None => return Err("the orders are read without amounts".to_owned()),
                };
                return Ok(Point { value, interval: None });
            }
            Measure::Metric(metric) => metric,
        };
        let at = self.report.metrics.iter().position(|known| known.id == metric.id);
        let estimate = at.and_then(|at| row.estimates.get(at));
        let value =
            estimate.and_then(|estimate| estimate.value).ok_or_else(|| metric.empty_when.to_owned())?;
        Ok(Point { value, interval: estimate.and_then(|estimate| estimate.interval) })
    }

    /// How many customers the number of a row rests on.
    fn base(&self, row: &Row) -> (&'static str, u64) {
        let count = match self.check.measure {
            Measure::Metric(metric) => (metric.base.1)(&row.tally),
            Measure::Count(count) if count.of_orders => row.tally.buyers,
            Measure::Count(_) => row.tally.closing,
        };
        (self.base_name(), count)
    }

    /// The column of the customers that the number rests on.
    fn base_name(&self) -> &'static str {
        match self.check.measure {
            Measure::Metric(metric) => metric.base.0,
            Measure::Count(count) if count.of_orders => "buyers",
            Measure::Count(_) => "closing",
        }
    }

    /// What a row is compared with.
    fn reference(&self, row: &Row, against: Against) -> Result<(String, Point), Absent> {
        let start = match against {
            Against::Previous => {
                let before = self.totals().filter(|other| other.start < row.start).map(|other| other.start);
                before.max().ok_or("there is no period before it")?
            }
            Against::LastYear => a_year_before(row.start, self.report.settings.calendar.unit)
                .ok_or("there is no such period a year before")?,
            Against::Baseline => {
                let baseline = self.baseline.ok_or("there is no baseline")?;
                let segment = self.segment_of(row);
                let found = find(baseline, self.check.measure, self.base_name(), row.start, &segment)?;
                if let Some(why) = found.base.and_then(|base| self.too_few(base)) {
                    return Err(Absent::TooFew(format!("{}: {why}", found.place)));
                }
                return Ok((found.place, Point { value: found.value, interval: found.interval }));
            }
        };
        let found =
            self.report.rows.iter().find(|other| other.start == start && other.segment == row.segment);
        let other = found.ok_or_else(|| match against {
            Against::LastYear => "the data does not reach back a year".to_owned(),
            _ => "the segment is not in the period before".to_owned(),
        })?;
        let placed = |why: String| format!("{}: {why}", other.period);
        if let Some(why) = self.lacks(other) {
            return Err(Absent::Missing(placed(why)));
        }
        if let Some(why) = self.too_few(self.base(other).1) {
            return Err(Absent::TooFew(placed(why)));
        }
        let point = self.point(other).map_err(placed)?;
        Ok((other.period.clone(), point))
    }
}

/// Why there is nothing to compare with.
enum Absent {
    /// It rests on too few customers.
    TooFew(String),
    /// It is not there.
    Missing(String),
}

impl From<String> for Absent {
    fn from(why: String) -> Self {
        Self::Missing(why)
    }
}

impl From<&str> for Absent {
    fn from(why: &str) -> Self {
        Self::Missing(why.to_owned())
    }
}

/// The first day of the same period a year earlier; of a week, of the week 52 weeks earlier.
fn a_year_before(start: Day, unit: Unit) -> Option<Day> {
    if unit == Unit::Week {
        return Some(start.plus(-364));
    }
    let (year, month, day) = start.ymd();
    Day::from_ymd(year - 1, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_before_is_the_same_period() {
        let day = |text| Day::parse_iso(text).expect("a day");
        assert_eq!(a_year_before(day("2025-03-01"), Unit::Month), Some(day("2024-03-01")));
        assert_eq!(a_year_before(day("2024-02-29"), Unit::Day), None);
        assert_eq!(a_year_before(day("2025-03-10"), Unit::Week), Some(day("2024-03-11")));
    }
}
