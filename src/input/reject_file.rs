//! The file that holds rejected rows, and how it is read again once they are repaired.
//!
//! A CSV of `file,line,reason,row`. Before the first rejected row of a file stands its header, with the reason
//! `header`; so the file, given as orders beside the others, says all that is needed to read its rows. They
//! replace those on the same lines of the file they came from, if that is read under the same name.

use std::collections::BTreeMap;
use std::io::Cursor;

use super::mapping::Header;
use super::source::Source;
use super::table::{IsHeader, Table};
use crate::error::{Error, Result};

/// Its columns.
pub const COLUMNS: [&str; 4] = ["file", "line", "reason", "row"];

/// The reason of a row that is a header.
pub const HEADER: &str = "header";

/// Whether a source is a reject file. What can be read only once, as standard input and pipes, is none that could be
/// known before it is read.
pub fn is_one(source: &Source) -> bool {
    source.is_file() && Table::open(source, None, None, None).is_ok_and(|table| is_reject_file(&table.header))
}

/// The file that rows of a reject file come from: `bad.csv (orders.csv)` are rows of `orders.csv`, also of a reject
/// file of a reject file.
pub(super) fn origin(name: &str) -> &str {
    match name.strip_suffix(')').and_then(|name| name.rsplit_once(" (")) {
        Some((_, inner)) => origin(inner.trim_end_matches(')')),
        None => name,
    }
}

/// Whether a header is that of a reject file.
pub fn is_reject_file(header: &Header) -> bool {
    header.columns == COLUMNS
}

/// The rows of a reject file as the files they came from, each row on the line where it stood.
///
/// # Errors
/// A row says nothing of its file or line, or a file has no header.
pub(super) fn unpack(mut table: Table, is_header: &IsHeader<'_>) -> Result<Vec<Table>> {
    let name = table.header.file.clone();
    let mut files: BTreeMap<String, BTreeMap<(u64, u64), Vec<u8>>> = BTreeMap::new();
    let mut count = 0;
    while let Some(row) = table.records.next()? {
        let complain = |what: &str| Err(Error::input(format!("{name}:{}: {what}", row.line)));
        if row.len() != COLUMNS.len() {
            return complain("a row of a reject file has four fields: file, line, reason, row");
        }
        let text = |index| String::from_utf8_lossy(&row.get(index)).into_owned();
        let Ok(line) = text(1).parse::<u64>() else {
            return complain("column \"line\" is not a number");
        };
        count += 1;
        // The header comes first, wherever it stood.
        let place = if text(2) == HEADER { (0, line) } else { (line.max(1), count) };
        files.entry(text(0)).or_default().insert(place, row.get(3).into_owned());
    }
    files
        .into_iter()
        .map(|(file, rows)| {
            let repaired = rows.keys().map(|(line, _)| *line).filter(|line| *line > 0).collect();
            let lines = rows.keys().map(|(line, number)| if *line > 0 { *line } else { *number }).collect();
            let content = rows.into_values().flat_map(|row| row.into_iter().chain([b'\n'])).collect::<Vec<u8>>();
            let inner = format!("{name} ({file})");
            let mut table = Table::of_text(Box::new(Cursor::new(content)), &inner, table.form.clone(), lines, is_header)?;
            if is_header(&table.header) {
                table.repairs = Some((file, repaired));
                return Ok(table);
            }
            Err(Error::input(format!("{inner}: the header of these rows is not that of orders"))
                .hint("a reject file keeps the header of each file in a row of its own; rows of customers are repaired in their file"))
        })
        .collect()
}
