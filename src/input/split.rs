//! Text to rows and fields, many rows at once.
//!
//! A field that starts with a quote ends at its closing quote; a doubled quote inside stands for one. Elsewhere a
//! quote is an ordinary character. Rows end at LF or CRLF outside quotes. Delimiters, line ends and quotes are
//! found 64 bytes at a time; what stands between them is not looked at.

use std::borrow::Cow;

use super::marks::{BLOCK, marks};

/// The bit of a field's end that says that the field contains doubled quotes.
const DOUBLED: u32 = 1 << 31;

/// Where a field lies in the text, without its outer quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    start: u32,
    /// Its end, and whether it contains doubled quotes.
    end: u32,
}

/// Where a row lies in the text.
#[derive(Debug, Clone, Copy)]
struct Part {
    line: u64,
    begin: u32,
    end: u32,
    /// Its fields end here, and begin where those of the row before end.
    fields: u32,
}

/// The rows of a stretch of text.
#[derive(Debug, Default)]
pub struct Rows {
    fields: Vec<Field>,
    parts: Vec<Part>,
    /// Fields with text behind their closing quote: the row, and the field within it. Few, if any.
    damaged: Vec<(usize, usize)>,
    /// All of the text is UTF-8 without a NUL.
    clean: bool,
}

/// How a stretch of text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The rows end here; what follows is the beginning of one.
    pub consumed: usize,
    /// The quoted field that the text, which nothing follows, never closes: its line, and its number in its row.
    pub unclosed: Option<(u64, usize)>,
}

/// One row: its fields, its text and its place.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The physical line it starts on, from 1.
    pub line: u64,
    /// Its bytes without the line end.
    pub raw: &'a [u8],
    text: &'a [u8],
    /// All of the text is UTF-8 without a NUL.
    clean: bool,
    fields: &'a [Field],
    damaged: Option<usize>,
}

/// Rows with the text they stand in.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    text: &'a [u8],
    rows: &'a Rows,
}

/// Between which quotes the splitting stands.
#[derive(Clone, Copy)]
enum State {
    /// In a field without quotes, or before it.
    Plain,
    /// In a quoted field.
    Quoted { doubled: u32, second: usize },
    /// Behind the closing quote at this place.
    Closed { quote: usize, doubled: u32 },
}

impl Rows {
    /// Splits a text that begins on this line. `last`: nothing follows it. Empty lines are no rows.
    pub fn split(&mut self, text: &[u8], line: u64, last: bool, delimiter: u8) -> Ended {
        self.fields.clear();
        self.parts.clear();
        self.damaged.clear();
        self.clean = std::str::from_utf8(text).is_ok() && memchr::memchr(0, text).is_none();
        let mut splitting =
            Splitting { rows: self, text, row: 0, row_line: line, start: 0, line, state: State::Plain };
        let mut base = 0;
        while base < text.len() {
            let (ends, quotes) = marks(&text[base..text.len().min(base + BLOCK)], delimiter);
            if quotes == 0 && matches!(splitting.state, State::Plain) {
                let mut left = ends;
                while left != 0 {
                    let at = base + left.trailing_zeros() as usize;
                    left &= left - 1;
                    splitting.end_plain(at);
                }
            } else {
                let mut left = ends | quotes;
                while left != 0 {
                    let at = base + left.trailing_zeros() as usize;
                    left &= left - 1;
                    splitting.step(at);
                }
            }
            base += BLOCK;
        }
        splitting.finish(last)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The rows with their text.
    pub fn view<'a>(&'a self, text: &'a [u8]) -> View<'a> {
        View { text, rows: self }
    }

    /// A row of their text.
    pub fn row<'a>(&'a self, text: &'a [u8], index: usize) -> Row<'a> {
        self.view(text).row(index)
    }

    /// The line a row begins on, and where in the text.
    pub(super) fn place(&self, index: usize) -> Option<(u64, usize)> {
        self.parts.get(index).map(|part| (part.line, part.begin as usize))
    }

    /// Says on which line each row stands, where that is not the one it begins on in the text.
    pub(super) fn renumber(&mut self, mut line_of: impl FnMut() -> Option<u64>) {
        for part in &mut self.parts {
            part.line = line_of().unwrap_or(part.line);
        }
    }
}

/// A position in a text that is split; texts are shorter than 2 GB.
fn at(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

struct Splitting<'a> {
    rows: &'a mut Rows,
    text: &'a [u8],
    /// Where the row begins, and on which line.
    row: usize,
    row_line: u64,
    /// Where the field begins.
    start: usize,
    line: u64,
    state: State,
}

impl Splitting<'_> {
    /// A delimiter or a line end behind a field without quotes.
    fn end_plain(&mut self, end: usize) {
        let ends_row = self.text[end] == b'\n';
        self.push_plain(end, ends_row);
        self.go_on(end, ends_row);
    }

    fn push_plain(&mut self, end: usize, ends_row: bool) {
        let end = self.content_end(self.start, end, ends_row);
        self.rows.fields.push(Field { start: at(self.start), end: at(end) });
    }

    /// Where the text of a row ends, whose line end may have two characters.
    fn content_end(&self, from: usize, end: usize, ends_row: bool) -> usize {
        if ends_row && end > from && self.text[end - 1] == b'\r' { end - 1 } else { end }
    }

    fn step(&mut self, position: usize) {
        let byte = self.text[position];
        match self.state {
            State::Plain if byte != b'"' => self.end_plain(position),
            State::Plain if position == self.start => {
                self.state = State::Quoted { doubled: 0, second: usize::MAX };
            }
            State::Quoted { .. } if byte == b'\n' => self.line += 1,
            State::Quoted { second, .. } if byte == b'"' && position != second => {
                let State::Quoted { doubled, .. } = self.state else { return };
                self.state = if self.text.get(position + 1) == Some(&b'"') {
                    State::Quoted { doubled: DOUBLED, second: position + 1 }
                } else {
                    State::Closed { quote: position, doubled }
                };
            }
            State::Closed { quote, doubled } if byte != b'"' => {
                let ends_row = byte == b'\n';
                self.push_quoted(quote, doubled, position, ends_row);
                self.go_on(position, ends_row);
            }
            // A quote within a field, or behind one; a delimiter within quotes.
            State::Plain | State::Quoted { .. } | State::Closed { .. } => {}
        }
    }

    fn push_quoted(&mut self, quote: usize, doubled: u32, end: usize, ends_row: bool) {
        let content_end = self.content_end(quote + 1, end, ends_row);
        if !self.text[quote + 1..content_end].trim_ascii().is_empty() {
            let first = self.rows.parts.last().map_or(0, |part| part.fields as usize);
            self.rows.damaged.push((self.rows.parts.len(), self.rows.fields.len() - first));
        }
        self.rows.fields.push(Field { start: at(self.start + 1), end: at(quote) | doubled });
    }

    /// Behind a field.
    fn go_on(&mut self, end: usize, ends_row: bool) {
        self.state = State::Plain;
        self.start = end + 1;
        if !ends_row {
            return;
        }
        let content_end = self.content_end(self.row, end, true);
        self.end_row(content_end);
        self.line += 1;
        (self.row, self.row_line) = (end + 1, self.line);
    }

    fn end_row(&mut self, end: usize) {
        if end == self.row {
            // An empty line: its one field goes again.
            self.rows.fields.pop();
            return;
        }
        let fields = at(self.rows.fields.len());
        self.rows.parts.push(Part { line: self.row_line, begin: at(self.row), end: at(end), fields });
    }

    /// The end of the text: of the last row, where nothing follows.
    fn finish(mut self, last: bool) -> Ended {
        let length = self.text.len();
        if !last || self.row == length {
            self.drop_unfinished();
            return Ended { consumed: self.row, unclosed: None };
        }
        match self.state {
            State::Plain => self.push_plain(length, true),
            State::Closed { quote, doubled } => self.push_quoted(quote, doubled, length, true),
            State::Quoted { .. } => {
                let first = self.rows.parts.last().map_or(0, |part| part.fields as usize);
                let field = self.rows.fields.len() - first + 1;
                let opened = memchr::memchr_iter(b'\n', &self.text[self.row..self.start]).count() as u64;
                self.drop_unfinished();
                return Ended { consumed: self.row, unclosed: Some((self.row_line + opened, field)) };
            }
        }
        let end = self.content_end(self.row, length, true);
        self.end_row(end);
        Ended { consumed: length, unclosed: None }
    }

    fn drop_unfinished(&mut self) {
        let whole = self.rows.parts.last().map_or(0, |part| part.fields as usize);
        self.rows.fields.truncate(whole);
        self.rows.damaged.retain(|(row, _)| *row < self.rows.parts.len());
    }
}

impl<'a> View<'a> {
    /// A row by its number.
    #[inline]
    pub fn row(&self, index: usize) -> Row<'a> {
        let rows = self.rows;
        let part = rows.parts[index];
        let first = if index == 0 { 0 } else { rows.parts[index - 1].fields };
        // Few, and by row.
        let damaged = rows.damaged.partition_point(|(row, _)| *row < index);
        Row {
            line: part.line,
            raw: &self.text[part.begin as usize..part.end as usize],
            text: self.text,
            clean: rows.clean,
            fields: &rows.fields[first as usize..part.fields as usize],
            damaged: rows.damaged.get(damaged).filter(|(row, _)| *row == index).map(|(_, field)| *field),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<'a> Row<'a> {
    /// Splits one row that is known to be whole.
    pub fn of(raw: &'a [u8], line: u64, delimiter: u8, rows: &'a mut Rows) -> Self {
        rows.split(raw, line, true, delimiter);
        match rows.len() {
            0 => Self { line, raw, text: raw, clean: false, fields: &rows.fields, damaged: None },
            _ => rows.row(raw, 0),
        }
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether it has none, as a row of nothing does.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of a field, trimmed of blanks; empty where there is no such field.
    pub fn get(&self, index: usize) -> Cow<'a, [u8]> {
        let Some(field) = self.fields.get(index) else { return Cow::Borrowed(b"") };
        let text = self.text[field.start as usize..(field.end & !DOUBLED) as usize].trim_ascii();
        if field.end & DOUBLED == 0 { Cow::Borrowed(text) } else { Cow::Owned(undouble(text)) }
    }

    /// The same as text, where the whole stretch of text that the row stands in is clean.
    pub fn clean(&self, index: usize) -> Option<&'a str> {
        self.plain(index).and_then(|text| std::str::from_utf8(text).ok())
    }

    /// The same bytes as [`Self::get`], where the whole stretch of text is clean and the field has no doubled quotes.
    #[inline]
    pub(super) fn plain(&self, index: usize) -> Option<&'a [u8]> {
        let field = self.fields.get(index).filter(|field| field.end & DOUBLED == 0 && self.clean)?;
        let text = &self.text[field.start as usize..field.end as usize];
        // Most fields have no blanks around them, which two looks tell.
        let is_trimmed = |end: Option<&u8>| end.is_some_and(|byte| *byte > b' ');
        Some(if is_trimmed(text.first()) && is_trimmed(text.last()) { text } else { text.trim_ascii() })
    }

    /// Whether a byte of it is NUL.
    pub fn has_nul(&self) -> bool {
        !self.clean && memchr::memchr(0, self.raw).is_some()
    }

    /// Whether every field is empty.
    pub fn is_blank(&self) -> bool {
        (0..self.len()).all(|index| self.get(index).is_empty())
    }

    /// The first field whose closing quote is followed by more text.
    pub fn damaged(&self) -> Option<usize> {
        self.damaged
    }
}

fn undouble(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut previous_was_quote = false;
    for byte in text {
        let second_of_two = *byte == b'"' && previous_was_quote;
        previous_was_quote = *byte == b'"' && !second_of_two;
        if !second_of_two {
            out.push(*byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_behind_a_closing_quote_is_damage() {
        let damaged = |text: &'static [u8]| Row::of(text, 1, b',', &mut Rows::default()).damaged();
        assert_eq!(damaged(b"a,\"b\"c,d"), Some(1));
        assert_eq!(damaged(b"a,\"b\" ,d"), None);
        assert_eq!(damaged(b"a,\"b\"\r"), None);
    }

    #[test]
    fn empty_lines_are_no_rows_and_every_row_knows_its_line() {
        let text = b"a,b\n\n\r\n1,\"x\ny\"\n \n,\n";
        let mut rows = Rows::default();
        let ended = rows.split(text, 7, true, b',');
        let places: Vec<_> = (0..rows.len()).filter_map(|row| rows.place(row)).collect();
        assert_eq!(places, [(7, 0), (10, 7), (12, 15), (13, 17)]);
        assert_eq!((ended.consumed, rows.row(text, 2).len(), rows.row(text, 3).len()), (text.len(), 1, 2));
    }

    /// The bytes of a row, and its fields.
    type Literal = (Vec<u8>, Vec<Vec<u8>>);

    /// Splits as literally as the rules read, one byte after the other: rows, or where a quote stays open.
    fn literally(text: &[u8], delimiter: u8) -> Result<Vec<Literal>, usize> {
        let (mut rows, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let (begin, mut fields) = (at, Vec::new());
            let end = loop {
                let mut value = Vec::new();
                if text.get(at) == Some(&b'"') {
                    let open = at;
                    at += 1;
                    loop {
                        match (text.get(at), text.get(at + 1)) {
                            (None, _) => return Err(open),
                            (Some(b'"'), Some(b'"')) => {
                                value.push(b'"');
                                at += 2;
                            }
                            (Some(b'"'), _) => break,
                            (Some(byte), _) => {
                                value.push(*byte);
                                at += 1;
                            }
                        }
                    }
                    while at < text.len() && text[at] != delimiter && text[at] != b'\n' {
                        at += 1;
                    }
                    fields.push(value.trim_ascii().to_vec());
                } else {
                    while at < text.len() && text[at] != delimiter && text[at] != b'\n' {
                        value.push(text[at]);
                        at += 1;
                    }
                    fields.push(value.trim_ascii().to_vec());
                }
                if at >= text.len() || text[at] == b'\n' {
                    break at;
                }
                at += 1;
            };
            at = end + 1;
            let raw = text[begin..end].strip_suffix(b"\r").unwrap_or(&text[begin..end]);
            if !raw.is_empty() {
                rows.push((raw.to_vec(), fields));
            }
        }
        Ok(rows)
    }

    proptest::proptest! {
        /// Texts of few characters, so that quotes, ends and delimiters meet in every way and across blocks of 64.
        #[test]
        fn splits_as_the_rules_read(text in "[a,\"\n\r ]{0,200}") {
            let text = text.as_bytes();
            let mut rows = Rows::default();
            let ended = rows.split(text, 1, true, b',');
            let got: Vec<_> = (0..rows.len())
                .map(|index| {
                    let row = rows.row(text, index);
                    let fields: Vec<Vec<u8>> = (0..row.len()).map(|field| row.get(field).into_owned()).collect();
                    (row.raw.to_vec(), fields)
                })
                .collect();
            match literally(text, b',') {
                Ok(expected) => {
                    proptest::prop_assert_eq!(got, expected);
                    proptest::prop_assert_eq!(ended, Ended { consumed: text.len(), unclosed: None });
                }
                Err(open) => {
                    let line = text[..=open].split(|byte| *byte == b'\n').count() as u64;
                    proptest::prop_assert_eq!(ended.unclosed.map(|(line, _)| line), Some(line));
                }
            }
        }
    }
}
