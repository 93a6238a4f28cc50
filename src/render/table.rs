//! The table a person reads in a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Row as TableRow, Table};

use super::layout::Layout;
use super::words::{footnotes, legend, shown_counts};
use super::{Room, header};
use crate::report::{Count, Report};

pub(super) fn render(report: &Report, room: Room) -> String {
    let all = shown_counts(report);
    let active: Vec<&'static Count> = all.iter().copied().filter(|count| count.always).collect();
    // The richest choice of columns that fits; the metrics are always shown.
    let mut choice = (all.clone(), table(&Layout::of(report, &all)));
    for counts in [active, Vec::new()] {
        if !room.wide && choice.1.width() > room.width {
            let layout = Layout::of(report, &counts);
            choice = (counts, table(&layout));
        }
    }
    let (counts, table) = choice;
    let mut out = format!("{}\n\n", header::title(report));
    for (label, text) in header::lines(report) {
        paragraph(&mut out, label, &text, 11, room.width);
    }
    out.push('\n');
    out.push_str(&table.text);
    out.push('\n');
    let notes = footnotes(report, &counts);
    for (mark, note) in &notes {
        paragraph(&mut out, mark, note, 2, room.width);
    }
    if !notes.is_empty() {
        out.push('\n');
    }
    let shown = legend(report, &counts);
    let indent = shown.iter().map(|(title, _)| title.chars().count()).max().unwrap_or(0) + 2;
    for (title, meaning) in shown {
        paragraph(&mut out, title, &meaning, indent, room.width);
    }
    out
}

/// A drawn table.
struct Drawn {
    text: String,
}

impl Drawn {
    fn width(&self) -> usize {
        self.text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }
}

fn table(layout: &Layout) -> Drawn {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    let align = |index: usize| if index < layout.words { CellAlignment::Left } else { CellAlignment::Right };
    let cell = |index: usize, text: &str| Cell::new(text).set_alignment(align(index));
    let has_units = layout.header.iter().any(|(_, unit)| !unit.is_empty());
    let names = layout.header.iter().enumerate().map(|(index, (name, unit))| {
        cell(index, &if has_units { format!("{name}\n{unit}") } else { name.clone() })
    });
    table.set_header(TableRow::from(names.collect::<Vec<_>>()));
    let blank = || layout.header.iter().map(|_| Cell::new("")).collect::<Vec<_>>();
    let widths: Vec<usize> = (0..layout.header.len()).map(|column| column_width(layout, column)).collect();
    table.add_row(widths.iter().map(|width| Cell::new("─".repeat(*width))).collect::<Vec<_>>());
    let grouped = layout.words > 1;
    for row in &layout.rows {
        if row.begins && grouped {
            table.add_row(blank());
        }
        let cells = row.cells.iter().enumerate().map(|(index, lines)| cell(index, &lines.join("\n")));
        table.add_row(cells.collect::<Vec<_>>());
    }
    let last = layout.header.len() - 1;
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, u16::from(index != last)));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Drawn { text }
}

fn column_width(layout: &Layout, column: usize) -> usize {
    let (name, unit) = &layout.header[column];
    let header = name.chars().count().max(unit.chars().count());
    let cells = layout.rows.iter().flat_map(|row| &row.cells[column]).map(|line| line.chars().count());
    cells.max().unwrap_or(0).max(header)
}

/// A label and a text behind it, wrapped to the width and indented.
pub(crate) fn paragraph(out: &mut String, label: &str, text: &str, indent: usize, width: usize) {
    let mut line = format!("{label:<indent$}");
    let mut length = line.chars().count();
    let mut empty = true;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if !empty && length + 1 + word_length > width {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent);
            length = indent;
            empty = true;
        }
        if !empty {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += word_length;
        empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
