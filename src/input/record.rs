//! Bytes to records: splits delimited text strictly, and knows the line of everything.
//!
//! A field that starts with a quote ends at its closing quote; a doubled quote inside stands for
//! one. Elsewhere a quote is an ordinary character. Records end at LF or CRLF outside quotes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;

use super::decode::Undecodable;
use crate::error::{Error, Result};

/// The longest record, in bytes, before a quote is taken to be one that never closes. Also the
/// bound on the reader's buffer.
pub const MAX_RECORD: usize = 64 << 20;

const BLOCK: usize = 256 << 10;

/// Where a field lies in its record, without its outer quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    start: usize,
    end: usize,
    /// It contains doubled quotes.
    doubled: bool,
}

/// The fields of one record, in a buffer that is used again for the next.
#[derive(Debug, Default)]
pub struct Fields {
    list: Vec<Field>,
    /// The first field with text behind its closing quote.
    damaged: Option<usize>,
}

/// One record: its fields, its text and its place.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The physical line it starts on, from 1.
    pub line: u64,
    /// Its bytes without the line end.
    pub raw: &'a [u8],
    fields: &'a Fields,
}

impl<'a> Row<'a> {
    /// Splits one record that is already known to be whole.
    pub fn of(raw: &'a [u8], line: u64, delimiter: u8, fields: &'a mut Fields) -> Self {
        scan(raw, true, delimiter, fields);
        Self { line, raw, fields }
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.fields.list.len()
    }

    /// The value of a field, trimmed of blanks; empty where there is no such field.
    pub fn get(&self, index: usize) -> Cow<'a, [u8]> {
        let Some(field) = self.fields.list.get(index) else { return Cow::Borrowed(b"") };
        let text = self.raw[field.start..field.end].trim_ascii();
        if field.doubled { Cow::Owned(undouble(text)) } else { Cow::Borrowed(text) }
    }

    /// Whether every field is empty.
    pub fn is_blank(&self) -> bool {
        (0..self.len()).all(|index| self.get(index).is_empty())
    }

    /// The first field whose closing quote is followed by more text.
    pub fn damaged(&self) -> Option<usize> {
        self.fields.damaged
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

/// What a stretch of text begins with.
#[derive(Debug, PartialEq, Eq)]
enum Scan {
    /// A record up to `end`; the next one begins at `next`.
    Record { end: usize, next: usize },
    /// The beginning of a record that goes on behind the stretch.
    More,
    /// A quoted field, opened here, that the input never closes.
    Unclosed(usize),
}

/// Splits the record at the start of `text`. `last`: nothing follows `text`.
fn scan(text: &[u8], last: bool, delimiter: u8, fields: &mut Fields) -> Scan {
    fields.list.clear();
    fields.damaged = None;
    let mut start = 0;
    loop {
        let mut field = Field { start, end: start, doubled: false };
        let mut search = start;
        let quoted = text.get(start) == Some(&b'"');
        if quoted {
            field.start += 1;
            let mut from = field.start;
            loop {
                let Some(at) = memchr::memchr(b'"', &text[from..]).map(|at| from + at) else {
                    return if last { Scan::Unclosed(start) } else { Scan::More };
                };
                match text.get(at + 1) {
                    Some(b'"') => {
                        field.doubled = true;
                        from = at + 2;
                    }
                    None if !last => return Scan::More,
                    _ => {
                        field.end = at;
                        search = at + 1;
                        break;
                    }
                }
            }
        }
        let stop = memchr::memchr2(delimiter, b'\n', &text[search..]).map(|at| search + at);
        let (end, ends_record) = match stop {
            Some(at) => (at, text[at] == b'\n'),
            None if last => (text.len(), true),
            None => return Scan::More,
        };
        let mut content_end = end;
        if ends_record && end > search && text[end - 1] == b'\r' {
            content_end -= 1;
        }
        if !quoted {
            field.end = content_end;
        } else if !text[search..content_end].trim_ascii().is_empty() && fields.damaged.is_none() {
            fields.damaged = Some(fields.list.len());
        }
        fields.list.push(field);
        if ends_record {
            let next = if stop.is_some() { end + 1 } else { end };
            return Scan::Record { end: content_end, next };
        }
        start = end + 1;
    }
}

/// Reads records one after the other from any source, holding one block at a time.
pub struct Records {
    source: Box<dyn Read + Send>,
    name: String,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    exhausted: bool,
    line: u64,
    lines: Lines,
    delimiter: u8,
    fields: Fields,
    /// The records read ahead, and their fields.
    block: Vec<Part>,
    pool: Vec<Fields>,
}

/// How many records are read ahead at most.
pub const BLOCK_ROWS: usize = 64;

/// Where a record stands: its line, and its bytes in the buffer.
#[derive(Debug, Clone, Copy)]
struct Part {
    line: u64,
    begin: usize,
    end: usize,
}

/// What the line of a record is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lines {
    /// The one it begins on.
    #[default]
    OfText,
    /// Its number among the records: the text stands for something that has no lines.
    Records,
    /// Given for each record: the text is made of records that stood elsewhere.
    Given(VecDeque<u64>),
}

impl Records {
    /// Starts reading. The delimiter matters from the first call of [`Self::next`] on.
    pub fn new(source: Box<dyn Read + Send>, name: &str) -> Self {
        Self {
            source,
            name: name.to_owned(),
            buffer: vec![0; BLOCK],
            start: 0,
            end: 0,
            exhausted: false,
            line: 1,
            lines: Lines::OfText,
            delimiter: b',',
            fields: Fields::default(),
            block: Vec::new(),
            pool: Vec::new(),
        }
    }

    /// Says what the lines of its records are.
    pub fn number_by(&mut self, lines: Lines) {
        self.lines = lines;
    }

    /// Sets the character between fields.
    pub fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// The bytes that come next, without consuming them: at least one block, or all there is.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn peek(&mut self) -> Result<&[u8]> {
        while !self.exhausted && self.end - self.start < BLOCK {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// The next record that is not an empty line.
    ///
    /// # Errors
    /// The source cannot be read, a quote never closes, or a record is longer than [`MAX_RECORD`].
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        let mut fields = std::mem::take(&mut self.fields);
        let part = self.step(&mut fields, true);
        self.fields = fields;
        let row =
            |Part { line, begin, end }| Row { line, raw: &self.buffer[begin..end], fields: &self.fields };
        Ok(part?.map(row))
    }

    /// Reads records ahead, as many as are at hand and one at least: how many, 0 at the end.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn next_block(&mut self) -> Result<usize> {
        let mut pool = std::mem::take(&mut self.pool);
        pool.resize_with(BLOCK_ROWS, Fields::default);
        self.block.clear();
        let mut failed = None;
        for fields in &mut pool {
            // What goes wrong behind the first record goes wrong again, as the first of the next block.
            match self.step(fields, self.block.is_empty()) {
                Ok(Some(part)) => self.block.push(part),
                Ok(None) => break,
                Err(error) => {
                    failed = Some(error).filter(|_| self.block.is_empty());
                    break;
                }
            }
        }
        self.pool = pool;
        failed.map_or(Ok(self.block.len()), Err)
    }

    /// A record of the block.
    pub fn row(&self, index: usize) -> Row<'_> {
        let Part { line, begin, end } = self.block[index];
        Row { line, raw: &self.buffer[begin..end], fields: &self.pool[index] }
    }

    /// The next record; `None` at the end, and where more of the source would have to be read and may not.
    fn step(&mut self, fields: &mut Fields, may_fill: bool) -> Result<Option<Part>> {
        loop {
            if self.start == self.end && self.exhausted {
                return Ok(None);
            }
            let text = &self.buffer[self.start..self.end];
            match scan(text, self.exhausted, self.delimiter, fields) {
                Scan::Record { end, next } => {
                    let (line, begin) = (self.line, self.start);
                    self.line += match self.lines {
                        Lines::Records => u64::from(end > 0),
                        _ => memchr::memchr_iter(b'\n', &text[..next]).count() as u64,
                    };
                    self.start += next;
                    if end > 0 {
                        let given = match &mut self.lines {
                            Lines::Given(lines) => lines.pop_front(),
                            _ => None,
                        };
                        return Ok(Some(Part { line: given.unwrap_or(line), begin, end: begin + end }));
                    }
                }
                Scan::More if may_fill => self.fill()?,
                Scan::More => return Ok(None),
                Scan::Unclosed(at) => {
                    let line = self.line + memchr::memchr_iter(b'\n', &text[..at]).count() as u64;
                    let field = fields.list.len() + 1;
                    return Err(Error::input(format!(
                        "{}:{line}: the quoted field {field} of the record never closes",
                        self.name
                    ))
                    .hint("the file may be cut off, or a quote inside a field is not doubled"));
                }
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.end >= MAX_RECORD {
                return Err(Error::input(format!(
                    "{}:{}: the record that begins here is longer than {} MB",
                    self.name,
                    self.line,
                    MAX_RECORD >> 20
                ))
                .hint("a quote that never closes?"));
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let free = &mut self.buffer[self.end..];
        match self.source.read(free) {
            Ok(0) => self.exhausted = true,
            Ok(read) => self.end += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                let place = error.get_ref().and_then(|inner| inner.downcast_ref::<Undecodable>());
                return Err(match place {
                    Some(at) => Error::input(format!("{}:{}: {}", self.name, at.line, at.message))
                        .hint("name the file's encoding with --encoding, for example windows-1252"),
                    None => Error::input(format!("{}: {error}", self.name)),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out the text in pieces of a given size, so that records cross every boundary.
    struct Pieces(Vec<u8>, usize, usize);

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = self.2.min(out.len()).min(self.0.len() - self.1);
            out[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
            self.1 += n;
            Ok(n)
        }
    }

    fn rows(text: &str, piece: usize) -> Result<Vec<(u64, Vec<String>)>> {
        let mut records = Records::new(Box::new(Pieces(text.as_bytes().to_vec(), 0, piece)), "t.csv");
        let mut out = Vec::new();
        while let Some(row) = records.next()? {
            let fields = (0..row.len()).map(|i| String::from_utf8_lossy(&row.get(i)).into_owned());
            out.push((row.line, fields.collect()));
        }
        Ok(out)
    }

    #[test]
    fn splits_alike_whatever_the_pieces() {
        let text = "a,b,c\r\n1,\"x \"\"y\"\"\nz\",3\n\n , 5\" ,\"\"\r\n\"p\"\"\"\"q\",\"\",r\n,,";
        let expected: &[(u64, &[&str])] = &[
            (1, &["a", "b", "c"]),
            (2, &["1", "x \"y\"\nz", "3"]),
            (5, &["", "5\"", ""]),
            (6, &["p\"\"q", "", "r"]),
            (7, &["", "", ""]),
        ];
        for piece in 1..=text.len() {
            let got = rows(text, piece).expect("well-formed");
            let got: Vec<_> = got.iter().map(|(l, f)| (*l, f.iter().map(String::as_str).collect())).collect();
            let want: Vec<_> =
                expected.iter().map(|(l, f)| (*l, f.to_vec())).collect::<Vec<(u64, Vec<&str>)>>();
            assert_eq!(got, want, "pieces of {piece}");
        }
    }

    #[test]
    fn a_quote_that_never_closes_is_found() {
        let error = rows("a,b\n1,2\n3,\"open\n4,5\n", 3).expect_err("unclosed");
        assert_eq!(error.messages(), ["t.csv:3: the quoted field 2 of the record never closes"]);
    }

    #[test]
    fn text_behind_a_closing_quote_is_damage() {
        let mut fields = Fields::default();
        assert_eq!(Row::of(b"a,\"b\"c,d", 1, b',', &mut fields).damaged(), Some(1));
        assert_eq!(Row::of(b"a,\"b\" ,d", 1, b',', &mut fields).damaged(), None);
        assert_eq!(Row::of(b"a,\"b\"\r", 1, b',', &mut fields).damaged(), None);
    }

    #[test]
    fn a_long_field_grows_the_buffer() {
        let text = format!("a,\"{}\"\nb,c\n", "x\n".repeat(400_000));
        let got = rows(&text, 100_000).expect("well-formed");
        assert_eq!((got[0].1[1].len(), got[1].0), (799_999, 400_002));
    }
}
