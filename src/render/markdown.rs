//! Markdown: the table with its header and legend, for documents and job summaries.

use super::header;
use super::layout::Layout;
use super::words::{footnotes, legend, shown_counts};
use crate::report::Report;

pub(super) fn render(report: &Report) -> String {
    let counts = shown_counts(report);
    let layout = Layout::of(report, &counts);
    let mut out = format!("## {}\n\n", escape(&header::title(report)));
    for (label, text) in header::lines(report) {
        let label = if label.is_empty() { String::new() } else { format!("**{label}** ") };
        out.push_str(&format!("- {label}{}\n", escape(&text)));
    }
    let names = layout.header.iter().map(|(name, unit)| match unit.as_str() {
        "" => escape(name),
        unit => format!("{} ({})", escape(name), escape(unit)),
    });
    out.push_str(&format!("\n| {} |\n|", names.collect::<Vec<_>>().join(" | ")));
    for index in 0..layout.header.len() {
        out.push_str(if index < layout.words { " --- |" } else { " ---: |" });
    }
    out.push('\n');
    for row in &layout.rows {
        let cells = row.cells.iter().enumerate().map(|(index, lines)| match lines.as_slice() {
            [number, lo, hi] if index >= layout.words => format!("{number} ({lo} to {hi})"),
            [first, ..] => escape(first),
            [] => String::new(),
        });
        out.push_str(&format!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")));
    }
    out.push('\n');
    for (mark, note) in footnotes(report, &counts) {
        out.push_str(&format!("- {}: {}\n", escape(mark), escape(&note)));
    }
    for (title, meaning) in legend(report, &counts) {
        out.push_str(&format!("- **{title}**: {meaning}\n"));
    }
    out
}

/// Text in which no character means anything to Markdown.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        out.push(if character.is_control() { ' ' } else { character });
    }
    out
}
