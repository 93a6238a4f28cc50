//! Bytes to canonical frames, row by row accountable.
//!
//! `source` → `record` (strict splitting) → `mapping` (which column is what) → `column` (how dates
//! and amounts are written) → `book` (lines to orders) → `classify` (purchases, returns, the rest) →
//! polars frames. The reader is our own
//! because a retention number has to answer for every row; see docs/definitions.md, "Reading".

pub mod account;
mod ahead;
pub mod book;
mod came_back;
pub mod census;
pub mod classify;
mod column;
mod crew;
pub mod customer_keys;
mod customer_part;
mod customer_row;
pub mod customers;
mod date;
mod date_text;
mod decode;
pub mod digest;
mod distinct;
mod draft;
mod entries;
mod fate;
pub mod fields;
pub mod frames;
mod gather;
pub mod grouping;
pub mod keys;
mod log;
pub mod mapping;
mod marks;
mod money_text;
mod month;
pub mod names;
pub mod number;
mod numbered;
pub mod order_amounts;
mod order_identity;
mod order_line;
mod order_options;
mod order_piece;
pub mod orders;
mod orders_file;
mod orders_taking;
pub mod parquet;
mod plain_row;
pub mod privacy;
pub mod profile_schema;
pub mod profiles;
pub mod rates;
mod record;
mod refund_text;
pub mod reject_file;
pub mod returns;
pub mod side_file;
pub mod source;
pub mod split;
mod statuses;
pub mod table;
mod unpack;
mod waiting;

use std::borrow::Cow;

use account::{Fault, Problem, quoted};
use column::Verdict;
use mapping::Header;
use record::Row;

pub use date::{DateFormat, GivenFormat, Order as DateOrder, Reading as DateReading, Stamp, day_of};
pub use money_text::amount_of;

use crate::error::Error;

/// Texts that databases and data tools write for "nothing here".
const MISSING: &[&[u8]] = &[b"", b"NULL", b"null", b"NaN", b"nan", b"\\N", b"#N/A", b"(null)", b"--"];

/// Names of rows that are not segments of customers, so no value may bear them.
const RESERVED: &[&str] = &["(all)", "(other)"];

/// The segment of customers whose value is missing.
pub const NO_VALUE: &str = "(none)";

fn is_missing(text: &[u8]) -> bool {
    match text.first() {
        None => true,
        Some(b'N' | b'n' | b'\\' | b'#' | b'(' | b'-') => text.len() <= 6 && MISSING.contains(&text),
        Some(_) => false,
    }
}

/// The checks every row passes before its values are looked at.
fn structure(header: &Header, row: &Row<'_>) -> Option<Problem> {
    let expected = header.columns.len();
    // Some systems end their rows, but not their header, with delimiters.
    let is_damaged = |index| row.damaged() == Some(index);
    let surplus_is_empty = (expected..row.len()).all(|index| row.get(index).is_empty() && !is_damaged(index));
    if row.len() < expected || !surplus_is_empty {
        let fields = if row.len() == 1 { "1 field".to_owned() } else { format!("{} fields", row.len()) };
        return Some(Problem::new(Fault::Fields, format!("{fields}, but the header has {expected}")));
    }
    if let Some(damaged) = row.damaged() {
        let column = &header.columns[damaged];
        return Some(Problem::new(
            Fault::Quoting,
            format!("column \"{column}\": text behind the closing quote"),
        ));
    }
    row.has_nul().then(|| Problem::new(Fault::Encoding, "it holds a NUL byte"))
}

/// Whether a row without a date is a line that sums up or signs the file: its first words say so.
fn is_footer(row: &Row<'_>, malformed: bool) -> bool {
    const SUMS: &[&str] = &[
        "total",
        "grandtotal",
        "subtotal",
        "sum",
        "gesamt",
        "gesamtsumme",
        "summe",
        "endsumme",
        "zwischensumme",
    ];
    const SIGNATURES: &[&str] =
        &["recordsdownloaded", "sellerid", "confidentialinformation", "copyright", "endofreport"];
    let texts: Vec<String> = (0..row.len())
        .map(|index| String::from_utf8_lossy(&row.get(index)).into_owned())
        .filter(|text| !text.is_empty())
        .collect();
    let Some(first) = texts.first() else { return false };
    let folded = fields::fold(first.split([':', '(']).next().unwrap_or_default());
    // A malformed row of an order has more to say than a footer.
    if malformed && texts.len() > 3 {
        return false;
    }
    let begins = SUMS.contains(&folded.as_str())
        || (texts.len() <= 2 && SIGNATURES.iter().any(|start| folded.starts_with(start)));
    // `45,record(s) downloaded,`: a count and what it counts, and nothing else, in one field or in two.
    let all = fields::fold(&texts.concat());
    let what = all.trim_start_matches(|character: char| character.is_ascii_digit());
    let counts = texts.len() <= 2 && what.len() < all.len() && what.starts_with("record");
    begins || counts
}

/// A field as text.
fn text_of<'r>(header: &Header, row: &Row<'r>, index: usize) -> Result<Cow<'r, str>, Verdict> {
    if let Some(text) = row.clean(index) {
        return Ok(Cow::Borrowed(text));
    }
    let text = match row.get(index) {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed),
        Cow::Owned(bytes) => {
            return String::from_utf8(bytes).map(Cow::Owned).map_err(|_| not_utf8(header, row, index));
        }
    };
    text.map_err(|_| not_utf8(header, row, index))
}

fn not_utf8(header: &Header, row: &Row<'_>, index: usize) -> Verdict {
    Problem::value(
        Fault::Encoding,
        header,
        index,
        &row.get(index),
        "is not UTF-8, though other parts of the file are",
    )
    .into()
}

/// The value of a segmenting column: `None` where it is missing.
fn segment_value<'t>(
    header: &Header,
    row: &Row<'_>,
    index: usize,
    text: &'t str,
) -> Result<Option<&'t str>, Verdict> {
    if is_missing(text.as_bytes()) || text == NO_VALUE {
        return Ok(None);
    }
    if RESERVED.contains(&text) {
        return Err(Verdict::Fatal(
            Error::input(format!(
                "{}:{}: column \"{}\": {} is the name of a row of the report, so no segment can bear it",
                header.file,
                row.line,
                header.columns[index],
                quoted(text.as_bytes())
            ))
            .hint("rename the value in the export"),
        ));
    }
    Ok(Some(text))
}

/// A key without the apostrophe that keeps spreadsheets from reading it as a number or a formula.
fn unguarded(key: &[u8]) -> &[u8] {
    match key {
        [b'\'', rest @ ..] if matches!(rest, [b'0'..=b'9' | b'+' | b'-' | b'=' | b'@', ..]) => rest,
        _ => key,
    }
}

/// The key of a customer known by e-mail: lower case, and marked so that it never equals an id.
fn email_key(email: &str) -> String {
    format!("\0{}", email.to_lowercase())
}
