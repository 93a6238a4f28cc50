//! Verdicts to bytes: for people, CI servers and programs.

mod ci;
mod json;
mod text;

use crate::checks::{Bound, Change, Check, Evidence, Judged, Measure, State, Verdict};
use crate::error::Result;
use crate::metrics::Unit;
use crate::report::Report;
use crate::stats::Interval;

use super::header;
use super::words::{decimal, decimals_beside, decimals_of, formula, plain, unit_words};

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

    /// A number with its unit, and so many decimals.
    fn with_unit(&self, measure: Measure, value: f64, decimals: usize) -> String {
        let number = decimal(value, decimals);
        let unit = match measure {
            Measure::Metric(metric) => unit_words(self.report, metric.unit),
            Measure::Count(_) => String::new(),
        };
        if unit.is_empty() { number } else { format!("{number} {unit}") }
    }

    /// A number of a check's measure, with its unit.
    fn number(&self, measure: Measure, value: f64) -> String {
        self.with_unit(measure, value, decimals(measure))
    }

    /// The number of a verdict; with as many decimals as it takes to be seen on its side of the threshold.
    fn judged_number(&self, verdict: &Verdict, value: f64) -> String {
        let measure = self.check(verdict).measure;
        let least = decimals(measure);
        let decimals = match verdict.bound {
            Bound::Min(other) | Bound::Max(other) => decimals_beside(value, other, least),
            Bound::Drop(..) | Bound::Rise(..) => least,
        };
        self.with_unit(measure, value, decimals)
    }

    /// How far a number moved from what it is compared with: the difference (that of percentages is one of points), its
    /// interval where there is one, and the share where a share is asked for.
    fn move_words(&self, verdict: &Verdict) -> Option<String> {
        let measure = self.check(verdict).measure;
        let (value, (_, reference, _)) = (verdict.value?, verdict.reference.as_ref()?);
        let moved = value - reference;
        let least = decimals(measure);
        let decimals = match verdict.bound {
            Bound::Drop(Change::Absolute(size), _) => decimals_beside(moved, -size, least),
            Bound::Rise(Change::Absolute(size), _) => decimals_beside(moved, size, least),
            _ => least,
        };
        let mut text = match measure {
            Measure::Metric(metric) if metric.unit == Unit::Percent => {
                format!("{} points", decimal(moved, decimals))
            }
            _ => self.with_unit(measure, moved, decimals),
        };
        if let Some(interval) = verdict.difference {
            text += &format!(" {}", interval_words(measure, interval));
        }
        let (Bound::Drop(Change::Relative(share), _) | Bound::Rise(Change::Relative(share), _)) =
            verdict.bound
        else {
            return Some(text);
        };
        if *reference != 0.0 {
            let percent = 100.0 * moved / reference.abs();
            let limit = if matches!(verdict.bound, Bound::Drop(..)) { -100.0 * share } else { 100.0 * share };
            let decimals = decimals_beside(percent, limit, 1);
            text += &format!(" = {percent:+.decimals$} %");
        }
        Some(text)
    }

    /// What decides of a share by its interval: neither the number's interval nor that of the difference does.
    fn room_words(&self, verdict: &Verdict) -> Option<String> {
        let check = self.check(verdict);
        let is_share = matches!(
            verdict.bound,
            Bound::Drop(Change::Relative(_), _) | Bound::Rise(Change::Relative(_), _)
        );
        let (room, interval) = verdict.room.filter(|_| is_share && check.evidence == Evidence::Interval)?;
        let room = decimal(room, decimals(check.measure));
        Some(format!("{room} {}", interval_words(check.measure, interval?)))
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
                text += &self.judged_number(verdict, value);
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
            if let Some(moved) = self.move_words(verdict) {
                text += &format!(", difference {moved}");
            }
        }
        if let Some(room) = self.room_words(verdict) {
            text += &format!("; room {room}");
        }
        text += &format!("; asked: {}", verdict.bound);
        if let Some(why) = &verdict.why {
            text += &format!(" ({why})");
        }
        plain(&text)
    }

    /// What a measure means, under the assumptions in force.
    fn definition(&self, measure: Measure) -> String {
        match measure {
            Measure::Metric(metric) => formula(self.report, metric),
            Measure::Count(count) => count.meaning.to_owned(),
        }
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
    fn definitions(&self) -> Vec<(&'static str, String)> {
        let mut known: Vec<(&str, String)> = Vec::new();
        for check in self.checks {
            if !known.iter().any(|(id, _)| *id == check.measure.id()) {
                known.push((check.measure.id(), self.definition(check.measure)));
            }
        }
        known
    }

    /// What the numbers mean and cover: label and text.
    fn meaning(&self) -> Vec<(String, String)> {
        header::meaning(self.report)
    }
}

/// The name of a check, for a line of its own.
fn name_of(check: &Check) -> String {
    plain(&check.name)
}

/// How many decimals people read of a measure.
fn decimals(measure: Measure) -> usize {
    match measure {
        Measure::Metric(metric) => decimals_of(metric.unit),
        Measure::Count(_) => 0,
    }
}

fn interval_words(measure: Measure, interval: Interval) -> String {
    let [lo, hi] = [interval.lo, interval.hi].map(|bound| decimal(bound, decimals(measure)));
    format!("[{lo}, {hi}]")
}

fn segment_words(verdict: &Verdict) -> String {
    super::words::segment_words(&verdict.segment)
}
