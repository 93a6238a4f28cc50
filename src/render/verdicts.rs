//! Verdicts to bytes: for people, CI servers and programs.

mod ci;
mod json;
mod text;

use crate::checks::{Bound, Change, Check, Judged, Measure, State, Verdict};
use crate::error::Result;
use crate::metrics::Unit;
use crate::report::{Number, Report};
use crate::stats::Interval;

use super::header;
use super::words::{count_number, metric_number, unit_words};

/// What became of checks, and all that is said of it.
#[derive(Debug, Clone, Copy)]
pub struct Verdicts<'v> {
    /// The report that was judged.
    pub report: &'v Report,
    /// The checks.
    pub checks: &'v [Check],
    /// What became of them.
    pub judged: &'v Judged,
    /// The configuration file.
    pub file: &'v str,
    /// What is undecided fails too.
    pub strict: bool,
    /// Only what is wrong is shown.
    pub only_wrong: bool,
    /// How wide lines may be.
    pub width: usize,
}

/// An output format of verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictFormat {
    /// For people, in a terminal.
    Table,
    /// For programs, with definitions.
    Json,
    /// For CI servers: one test case per check.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// For people, in a document or the summary of a job.
    Markdown,
    /// The Test Anything Protocol, version 14.
    Tap,
}

/// The verdicts in a format.
///
/// # Errors
/// A library that writes the format fails: a bug.
pub fn render_verdicts(verdicts: &Verdicts<'_>, format: VerdictFormat) -> Result<Vec<u8>> {
    match format {
        VerdictFormat::Table => Ok(text::table(verdicts).into_bytes()),
        VerdictFormat::Json => json::render(verdicts),
        VerdictFormat::Junit => ci::junit(verdicts),
        VerdictFormat::Github => Ok(ci::github(verdicts).into_bytes()),
        VerdictFormat::Markdown => Ok(text::markdown(verdicts).into_bytes()),
        VerdictFormat::Tap => Ok(ci::tap(verdicts).into_bytes()),
    }
}

impl Verdicts<'_> {
    fn check(&self, verdict: &Verdict) -> &Check {
        &self.checks[verdict.check]
    }

    fn fails(&self, state: State) -> bool {
        state.fails(self.strict)
    }

    /// A number of a check's measure, with its unit.
    fn number(&self, measure: Measure, value: f64) -> String {
        match measure {
            Measure::Metric(metric) => {
                let unit = unit_words(self.report, metric.unit);
                let number = metric_number(metric, Some(value));
                if unit.is_empty() { number } else { format!("{number} {unit}") }
            }
            Measure::Count(count) if count.is_money => count_number(Some(Number::Money(value))),
            Measure::Count(_) => super::words::grouped(&format!("{value}")),
        }
    }

    /// The difference of two numbers, with its unit: that of percentages is one of points.
    fn difference(&self, measure: Measure, value: f64) -> String {
        match measure {
            Measure::Metric(metric) if metric.unit == Unit::Percent => {
                format!("{} points", metric_number(metric, Some(value)))
            }
            _ => self.number(measure, value),
        }
    }

    /// `churn 2025-12, country DE: 6.1 % [5.0, 7.4] of 1,402 opening; at most 5`
    fn sentence(&self, verdict: &Verdict) -> String {
        let measure = self.check(verdict).measure;
        let mut parts = vec![measure.id().to_owned()];
        if !verdict.period.is_empty() {
            parts.push(verdict.period.clone());
        }
        let segment = segment_words(verdict);
        let mut text = format!(
            "{}{}: ",
            parts.join(" "),
            if segment.is_empty() { String::new() } else { format!(", {segment}") }
        );
        match verdict.value {
            Some(value) => {
                text += &self.number(measure, value);
                if let Some(interval) = verdict.interval {
                    text += &format!(" {}", interval_words(measure, interval));
                }
            }
            None => text += "no number",
        }
        if let (Some((what, count)), Measure::Metric(_)) = (verdict.base, measure) {
            text += &format!(" (n = {} {what})", super::words::grouped(&count.to_string()));
        }
        if let Some((period, value, interval)) = &verdict.reference {
            text += &format!("; {period} {}", self.number(measure, *value));
            if let Some(interval) = interval {
                text += &format!(" {}", interval_words(measure, *interval));
            }
            if let (Some(value_now), Some(difference)) = (verdict.value, verdict.difference) {
                text += &format!(
                    ", difference {} {}{}",
                    self.difference(measure, value_now - value),
                    interval_words(measure, difference),
                    relative_words(verdict)
                );
            }
        }
        text += &format!("; asked: {}", verdict.bound);
        if let Some(why) = &verdict.why {
            text += &format!(" ({why})");
        }
        text
    }

    /// The place in the configuration that set a verdict's threshold.
    fn place(&self, verdict: &Verdict) -> String {
        format!("{}:{}", self.file, verdict.place.line)
    }

    /// How many checks there are in each state: `3 checks: 1 broken, 2 held`.
    fn summary(&self) -> String {
        let states: Vec<State> = (0..self.checks.len()).map(|check| self.judged.state_of(check)).collect();
        let counted = State::ALL.into_iter().filter_map(|state| {
            let count = states.iter().filter(|other| **other == state).count();
            (count > 0).then(|| format!("{count} {}", state.name()))
        });
        let plural = super::words::plural(states.len() as u64);
        format!("{} check{plural}: {}", states.len(), counted.collect::<Vec<_>>().join(", "))
    }

    /// What the measures mean, each once: id and definition.
    fn definitions(&self) -> Vec<(&'static str, &'static str)> {
        let mut known: Vec<(&str, &str)> = Vec::new();
        for check in self.checks {
            if !known.iter().any(|(id, _)| *id == check.measure.id()) {
                known.push((check.measure.id(), check.measure.definition()));
            }
        }
        known
    }

    /// What the numbers mean and cover: label and text.
    fn meaning(&self) -> Vec<(String, String)> {
        header::meaning(self.report)
    }
}

/// By which share a number moved, where a share is asked for.
fn relative_words(verdict: &Verdict) -> String {
    match (verdict.bound, verdict.value, &verdict.reference) {
        (
            Bound::Drop(Change::Relative(_), _) | Bound::Rise(Change::Relative(_), _),
            Some(value),
            Some((_, reference, _)),
        ) if *reference != 0.0 => format!(" = {:+.1} %", 100.0 * (value - reference) / reference.abs()),
        _ => String::new(),
    }
}

fn interval_words(measure: Measure, interval: Interval) -> String {
    match measure {
        Measure::Metric(metric) => {
            let [lo, hi] = [interval.lo, interval.hi].map(|bound| metric_number(metric, Some(bound)));
            format!("[{lo}, {hi}]")
        }
        Measure::Count(_) => String::new(),
    }
}

fn segment_words(verdict: &Verdict) -> String {
    let words: Vec<String> =
        verdict.segment.iter().map(|(column, value)| format!("{column} {value}")).collect();
    words.join(", ")
}
