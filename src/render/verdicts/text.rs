//! Verdicts for people: in a terminal, and in a document.

use super::{Verdicts, interval_words, name_of, segment_words};
use crate::checks::{State, Verdict};
use crate::render::markdown::escape;
use crate::render::table::paragraph;

/// One paragraph per verdict, then what the numbers mean.
pub(super) fn table(verdicts: &Verdicts<'_>) -> String {
    let mut out = String::new();
    let shown = |verdict: &&Verdict| !verdicts.only_wrong || verdicts.fails(verdict.state);
    let label = |state: State| {
        let name = if verdicts.fails(state) { state.name().to_uppercase() } else { state.name().to_owned() };
        format!("{name:<9}")
    };
    for (number, check) in verdicts.checks.iter().enumerate() {
        let own = verdicts.judged.verdicts.iter().filter(|verdict| verdict.check == number);
        let own: Vec<&Verdict> = own.filter(shown).collect();
        if own.is_empty() {
            continue;
        }
        out += &format!("{} ({}:{})\n", name_of(check), verdicts.file, check.place.line);
        for verdict in own {
            let text = format!("{} (line {})", verdicts.sentence(verdict), verdict.place.line);
            paragraph(&mut out, &format!("  {}  ", label(verdict.state)), &text, 13, verdicts.width);
        }
    }
    if verdicts.only_wrong {
        return out;
    }
    out += &format!("\n{}\n\n", verdicts.summary());
    let meaning = verdicts.meaning();
    let definitions = verdicts.definitions();
    let texts = definitions.iter().map(|(id, text)| ((*id).to_owned(), text.clone())).chain(meaning);
    let texts: Vec<(String, String)> = texts.collect();
    let indent = texts.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0) + 2;
    for (label, text) in texts {
        paragraph(&mut out, &format!("{label:<indent$}"), &text, indent, verdicts.width);
    }
    out
}

/// A table, then what the numbers mean.
pub(super) fn markdown(verdicts: &Verdicts<'_>) -> String {
    let mut out = format!("### regulars: {}\n\n", escape(&verdicts.summary()));
    out += "| | check | period | segment | value | interval | n | asked | compared with | set in |\n";
    out += "|---|---|---|---|---:|---|---:|---|---|---|\n";
    for verdict in &verdicts.judged.verdicts {
        let check = verdicts.check(verdict);
        let name = verdict.state.name();
        let state = if verdicts.fails(verdict.state) { format!("**{name}**") } else { name.to_owned() };
        let value = verdict.value.map_or("–".to_owned(), |value| verdicts.judged_number(verdict, value));
        let interval =
            verdict.interval.map_or(String::new(), |interval| interval_words(check.measure, interval));
        let room = verdicts.room_words(verdict).map_or(String::new(), |room| format!("; room {room}"));
        let compared = verdict.reference.as_ref().map_or(String::new(), |(period, value, _)| {
            let moved =
                verdicts.move_words(verdict).map_or(String::new(), |moved| format!(", difference {moved}"));
            format!("{period}: {}{moved}{room}", verdicts.number(check.measure, *value))
        });
        let why = verdict.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        let segment = segment_words(verdict);
        let cells = [
            state,
            escape(&check.name),
            escape(&verdict.period),
            escape(if segment.is_empty() { "(all)" } else { &segment }),
            escape(&value),
            interval,
            verdict.base.map_or(String::new(), |(what, count)| format!("{count} {what}")),
            escape(&format!("{}{why}", verdict.bound)),
            escape(&compared),
            escape(&verdicts.place(verdict)),
        ];
        out += &format!("| {} |\n", cells.join(" | "));
    }
    out.push('\n');
    for (id, text) in verdicts.definitions() {
        out += &format!("- {}: {}\n", escape(id), escape(&text));
    }
    for (label, text) in verdicts.meaning() {
        out += &format!("- {}: {}\n", escape(&label), escape(&text));
    }
    out
}
