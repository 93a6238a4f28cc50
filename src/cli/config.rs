//! `regulars config`: the flags in effect, as a file that says the same, with the origin of every value.

use std::fmt::Write as _;

use anyhow::Result;

use super::flags::{Flag, Section};
use super::output::Output;
use super::settings::Resolved;
use crate::checks::parse;
use crate::render::paragraph;

/// Runs the command.
pub(super) fn run(resolved: &Resolved) -> Result<()> {
    let mut text = String::new();
    for section in Section::ALL {
        let _infallible = writeln!(text, "[{}]", section.name());
        let (mut lines, mut unset) = (Vec::new(), Vec::new());
        for flag in resolved.flags.iter().filter(|flag| flag.section == section) {
            match resolved.value(flag) {
                Some((values, origin)) => {
                    lines.push((format!("{} = {}", flag.key, written(flag, &values)), origin));
                }
                None => unset.push(flag.key.as_str()),
            }
        }
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(40);
        for (line, origin) in lines {
            let _infallible = writeln!(text, "{line:width$}  # {origin}");
        }
        if !unset.is_empty() {
            comment(&mut text, "not set: ", &unset.join(", "));
        }
        text.push('\n');
    }
    if let Some(document) = &resolved.document {
        for check in parse(document)? {
            let _infallible =
                writeln!(text, "# [[check]] {}  # {}:{}", quoted(&check.name), document.name, check.place);
        }
        if let Some(profiles) = document.get("profiles") {
            let _infallible = writeln!(text, "# [profiles]  # {}:{}", document.name, profiles.place);
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    Output::open(None)?.deliver(text.as_bytes())
}

/// Words in comments, in lines that end before this column.
fn comment(text: &mut String, label: &str, words: &str) {
    const WIDTH: usize = 80;
    let mark = "# ";
    let mut lines = String::new();
    paragraph(&mut lines, label, words, 2, WIDTH - mark.len());
    for line in lines.lines() {
        let _infallible = writeln!(text, "{mark}{line}");
    }
}

/// Values as a file says them.
pub(super) fn written(flag: &Flag, values: &[String]) -> String {
    let each: Vec<String> = values.iter().map(|value| scalar(value)).collect();
    if flag.is_list() { format!("[{}]", each.join(", ")) } else { each.join(", ") }
}

fn scalar(value: &str) -> String {
    let is_number = value.parse::<f64>().is_ok_and(f64::is_finite)
        && value.starts_with(|c: char| c.is_ascii_digit())
        && value.ends_with(|c: char| c.is_ascii_digit())
        && (value == "0" || !value.starts_with('0') || value.starts_with("0."));
    if is_number || value == "true" || value == "false" { value.to_owned() } else { quoted(value) }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            control if control.is_control() => {
                let _infallible = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
