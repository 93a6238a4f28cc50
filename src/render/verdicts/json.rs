//! Verdicts for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Verdicts;
use crate::checks::{Against, Bound, Change, Evidence, Verdict};
use crate::error::Result;
use crate::render::pretty;
use crate::stats::Interval;

#[derive(Serialize)]
struct Document<'v> {
    holds: bool,
    checks: Vec<CheckOut<'v>>,
    definitions: BTreeMap<&'v str, String>,
    meaning: BTreeMap<String, Vec<String>>,
    confidence_percent: Option<f64>,
    warnings: &'v [String],
}

#[derive(Serialize)]
struct CheckOut<'v> {
    name: &'v str,
    metric: &'v str,
    state: &'static str,
    file: &'v str,
    line: usize,
    evidence: &'static str,
    verdicts: Vec<VerdictOut<'v>>,
}

#[derive(Serialize)]
struct VerdictOut<'v> {
    state: &'static str,
    period: &'v str,
    segment: BTreeMap<&'v str, &'v str>,
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    base: Option<&'static str>,
    n: Option<u64>,
    bound: String,
    threshold: ThresholdOut,
    line: usize,
    compared_with: Option<ReferenceOut<'v>>,
    room: Option<f64>,
    room_interval: Option<[f64; 2]>,
    why: Option<&'v str>,
}

#[derive(Serialize)]
struct ThresholdOut {
    /// The key in the configuration.
    key: &'static str,
    /// In the metric's units, or a share of what the number is compared with.
    value: f64,
    is_share: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'static str>,
}

fn threshold_out(bound: Bound) -> ThresholdOut {
    let of = |key, change, against: Against| {
        let (value, is_share) = match change {
            Change::Absolute(size) => (size, false),
            Change::Relative(share) => (share, true),
        };
        ThresholdOut { key, value, is_share, against: Some(against.key()) }
    };
    match bound {
        Bound::Min(value) => ThresholdOut { key: "min", value, is_share: false, against: None },
        Bound::Max(value) => ThresholdOut { key: "max", value, is_share: false, against: None },
        Bound::Drop(change, against) => of("max_drop", change, against),
        Bound::Rise(change, against) => of("max_rise", change, against),
    }
}

#[derive(Serialize)]
struct ReferenceOut<'v> {
    period: &'v str,
    value: f64,
    interval: Option<[f64; 2]>,
    difference: Option<f64>,
    difference_interval: Option<[f64; 2]>,
}

fn pair(interval: Interval) -> [f64; 2] {
    [interval.lo, interval.hi]
}

pub(super) fn render(verdicts: &Verdicts<'_>) -> Result<Vec<u8>> {
    let checks = verdicts.checks.iter().enumerate().map(|(number, check)| CheckOut {
        name: &check.name,
        metric: check.measure.id(),
        state: verdicts.judged.state_of(number).name(),
        file: verdicts.file,
        line: check.place.line,
        evidence: if check.evidence == Evidence::Interval { "interval" } else { "point" },
        verdicts: verdicts
            .judged
            .verdicts
            .iter()
            .filter(|verdict| verdict.check == number)
            .map(verdict_out)
            .collect(),
    });
    // Several assumptions have one label.
    let mut meaning: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (label, text) in verdicts.meaning() {
        meaning.entry(label).or_default().push(text);
    }
    let document = Document {
        holds: !verdicts.judged.fails(verdicts.strict),
        checks: checks.collect(),
        definitions: verdicts.definitions().into_iter().collect(),
        meaning,
        confidence_percent: verdicts.report.confidence.map(|confidence| confidence.percent),
        warnings: &verdicts.report.warnings,
    };
    pretty(&document)
}

fn verdict_out(verdict: &Verdict) -> VerdictOut<'_> {
    VerdictOut {
        state: verdict.state.name(),
        period: &verdict.period,
        segment: verdict.segment.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect(),
        value: verdict.value,
        interval: verdict.interval.map(pair),
        base: verdict.base.map(|(what, _)| what),
        n: verdict.base.map(|(_, count)| count),
        bound: verdict.bound.to_string(),
        threshold: threshold_out(verdict.bound),
        line: verdict.place.line,
        compared_with: verdict.reference.as_ref().map(|(period, value, interval)| ReferenceOut {
            period,
            value: *value,
            interval: interval.map(pair),
            difference: verdict.value.map(|now| now - value),
            difference_interval: verdict.difference.map(pair),
        }),
        room: verdict.room.map(|(room, _)| room),
        room_interval: verdict.room.and_then(|(_, interval)| interval).map(pair),
        why: verdict.why.as_deref(),
    }
}
