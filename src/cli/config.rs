//! `regulars config`: the flags in effect, as a file that says the same, with the origin of every value.

use std::fmt::Write as _;

use anyhow::Result;

use super::output::Output;
use super::settings::{Flag, Resolved, Section};

/// Runs the command.
pub(super) fn run(resolved: &Resolved) -> Result<()> {
    let mut text = String::new();
    for section in Section::ALL {
        let _infallible = writeln!(text, "[{}]", section.name());
        let of_section = resolved.flags.iter().filter(|flag| flag.section == section);
        let lines: Vec<(String, String)> = of_section
            .filter_map(|flag| {
                let (values, origin) = resolved.value(flag)?;
                Some((format!("{} = {}", flag.key, written(flag, &values)), origin.to_string()))
            })
            .collect();
        let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0).min(40);
        for (line, origin) in lines {
            let _infallible = writeln!(text, "{line:width$}  # {origin}");
        }
        text.push('\n');
    }
    let document = resolved.document.as_ref();
    for table in ["check", "profiles"] {
        if let Some((document, item)) = document.and_then(|document| Some((document, document.get(table)?))) {
            let _infallible = writeln!(text, "# [{table}]: {}:{}", document.name, item.place);
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    Output::open(None)?.deliver(text.as_bytes())
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
