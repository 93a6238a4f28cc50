//! Verdicts for CI servers: JUnit, GitHub Actions, TAP.

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::{Verdicts, name_of};
use crate::checks::{State, Verdict};
use crate::error::{Error, Result};
use crate::render::words::plain;

impl Verdicts<'_> {
    /// All that is said of a check, a line for each verdict, the worst first.
    fn lines_of(&self, check: usize) -> Vec<String> {
        let mut own: Vec<&Verdict> =
            self.judged.verdicts.iter().filter(|verdict| verdict.check == check).collect();
        own.sort_by_key(|verdict| verdict.state);
        let line = |verdict: &&Verdict| {
            format!("{}: {} [{}]", verdict.state.name(), self.sentence(verdict), self.place(verdict))
        };
        own.iter().map(line).collect()
    }

    fn definition_lines(&self, check: usize) -> Vec<String> {
        let measure = self.checks[check].measure;
        let meaning = self.meaning().into_iter().map(|(label, text)| format!("{label}: {text}"));
        std::iter::once(format!("{} = {}", measure.id(), self.definition(measure))).chain(meaning).collect()
    }
}

/// One test case per check, in one suite.
pub(super) fn junit(verdicts: &Verdicts<'_>) -> Result<Vec<u8>> {
    let mut report = JunitReport::new("regulars check");
    let mut suite = TestSuite::new(plain(verdicts.file));
    for (number, check) in verdicts.checks.iter().enumerate() {
        let state = verdicts.judged.state_of(number);
        let lines = verdicts.lines_of(number);
        let mut status = match state {
            _ if verdicts.fails(state) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            State::Skipped => TestCaseStatus::skipped(),
            _ => TestCaseStatus::success(),
        };
        if state != State::Held && state != State::Undecided || verdicts.fails(state) {
            status.set_type(state.name());
            status.set_message(lines.first().cloned().unwrap_or_default());
        }
        let all = [lines, verdicts.definition_lines(number)].concat().join("\n");
        let failed = verdicts.fails(state);
        if failed {
            status.set_description(all.clone());
        }
        let mut case = TestCase::new(name_of(check), status);
        case.set_classname(plain(&format!("{}.{}", verdicts.file, check.measure.id())));
        if !failed {
            case.set_system_out(all);
        }
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    let text = report.to_string().map_err(|error| Error::internal(format!("JUnit: {error}")))?;
    Ok(without_skipped_of_all(&text).into_bytes())
}

/// The schema of Jenkins' xUnit plugin (junit-10.xsd) has the attribute `skipped` in suites only, not in what
/// holds all of them.
fn without_skipped_of_all(text: &str) -> String {
    let begin = text.find("<testsuites").unwrap_or(0);
    let end = text[begin..].find('>').map_or(text.len(), |length| begin + length);
    let mut head = text[..end].to_owned();
    if let Some(at) = head.find(" skipped=\"") {
        let value = at + " skipped=\"".len();
        let length = head[value..].find('"').map_or(0, |length| length + 1);
        head.replace_range(at..value + length, "");
    }
    head + &text[end..]
}

/// A line that GitHub Actions shows beside the line of the configuration, for all that is not held.
pub(super) fn github(verdicts: &Verdicts<'_>) -> String {
    let mut out = String::new();
    for verdict in &verdicts.judged.verdicts {
        let level = match verdict.state {
            state if verdicts.fails(state) => "error",
            State::Undecided => "warning",
            State::Skipped if !verdicts.only_wrong => "notice",
            _ => continue,
        };
        if verdicts.only_wrong && level != "error" {
            continue;
        }
        let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
        out += &format!(
            "::{level} file={},line={},title={}::{}\n",
            property(verdicts.file),
            verdict.place.line,
            property(&format!("{} ({})", name_of(verdicts.check(verdict)), verdict.state.name())),
            escape(&verdicts.sentence(verdict))
        );
    }
    if !verdicts.only_wrong {
        out += &format!("regulars: {}\n", verdicts.summary());
    }
    out
}

/// Text as workflow commands take it.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// One test point per check, with its verdicts as YAML.
pub(super) fn tap(verdicts: &Verdicts<'_>) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", verdicts.checks.len());
    for (number, check) in verdicts.checks.iter().enumerate() {
        let state = verdicts.judged.state_of(number);
        let ok = if verdicts.fails(state) { "not ok" } else { "ok" };
        let name = name_of(check).replace('\\', "\\\\").replace('#', "\\#");
        let skip = if state == State::Skipped { " # SKIP nothing was judged" } else { "" };
        out += &format!("{ok} {} - {name}{skip}\n", number + 1);
        let quoted = |text: &str| format!("'{}'", plain(text).replace('\'', "''"));
        out += "  ---\n";
        out += &format!(
            "  state: {}\n  at: {}\n",
            state.name(),
            quoted(&format!("{}:{}", verdicts.file, check.place.line))
        );
        for (key, lines) in
            [("verdicts", verdicts.lines_of(number)), ("definitions", verdicts.definition_lines(number))]
        {
            out += &format!("  {key}:\n");
            for line in lines {
                out += &format!("    - {}\n", quoted(&line));
            }
        }
        out += "  ...\n";
    }
    out
}
