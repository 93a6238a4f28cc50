//! Bytes to rows: text in pieces that end between rows, split strictly, with the line of everything.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::atomic::Ordering::Relaxed;

use super::decode::Undecodable;
pub use super::split::Row;
use super::split::{Ended, Rows, View};
use super::unpack::Position;
use crate::error::{Error, Result};

/// The longest record, in bytes, before a quote is taken to be one that never closes. Also the
/// bound on the reader's buffer.
pub const MAX_RECORD: usize = 64 << 20;

/// The size of the first piece of a text, which is also what is looked at to find the header, and of those after it.
const FIRST: usize = 256 << 10;
const PIECE: usize = 1 << 20;

/// A piece of a text. It begins with a row, and ends with one unless a quoted field with a line end in it makes it
/// look so, which whoever splits it finds out.
#[derive(Debug, Default)]
pub struct Piece {
    /// Its bytes.
    pub text: Vec<u8>,
    /// The line it begins on.
    pub line: u64,
    /// Nothing follows it.
    pub last: bool,
}

/// Reads a text piece by piece.
pub struct Pieces {
    source: Box<dyn Read + Send>,
    name: String,
    /// The text read behind the last piece, from this byte on.
    rest: Vec<u8>,
    rest_begins: usize,
    /// The line the next piece begins on.
    line: u64,
    /// How large the next piece is to be, and how large those behind it.
    size: usize,
    following: usize,
    exhausted: bool,
    /// What went wrong behind the last piece.
    failed: Option<Error>,
    /// How far the source was read, and how much of that was told.
    position: Position,
    told: u64,
}

impl Pieces {
    fn new(source: Box<dyn Read + Send>, name: &str) -> Self {
        Self {
            source,
            name: name.to_owned(),
            rest: Vec::new(),
            rest_begins: 0,
            line: 1,
            size: FIRST,
            following: PIECE,
            exhausted: false,
            failed: None,
            position: Position::default(),
            told: 0,
        }
    }

    /// The next piece, in this buffer, whose memory is used again; `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn next(&mut self, mut buffer: Vec<u8>) -> Result<Option<Piece>> {
        let (mut size, mut length) = (self.size, 0);
        let end = loop {
            // Cleared bytes are read over; those of an earlier piece need no clearing.
            buffer.resize(size, 0);
            let known = (size - length).min(self.rest.len() - self.rest_begins);
            buffer[length..][..known].copy_from_slice(&self.rest[self.rest_begins..][..known]);
            self.rest_begins += known;
            length += known;
            while length < size && !self.exhausted && self.failed.is_none() {
                match self.source.read(&mut buffer[length..]) {
                    Ok(0) => self.exhausted = true,
                    Ok(read) => length += read,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => self.failed = Some(self.complain(&error, &buffer[..length])),
                }
            }
            let is_all = self.exhausted && self.rest_begins == self.rest.len();
            let end = if is_all { Some(length) } else { end_of_rows(&buffer[..length]) };
            match end {
                Some(end) => break end,
                None if length >= MAX_RECORD || self.failed.is_some() => break length,
                None => size *= 2,
            }
        };
        self.size = self.following;
        if end == 0 {
            return self.failed.take().map_or(Ok(None), Err);
        }
        if self.rest_begins == self.rest.len() {
            self.rest.clear();
            self.rest.extend_from_slice(&buffer[end..length]);
            self.rest_begins = 0;
        } else {
            self.rest_begins -= length - end;
        }
        buffer.truncate(end);
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', &buffer).count() as u64;
        let last = self.exhausted && self.rest_begins == self.rest.len();
        Ok(Some(Piece { text: buffer, line, last }))
    }

    /// How many bytes of the source were read since this was asked last.
    pub fn advanced(&mut self) -> u64 {
        let position = self.position.load(Relaxed);
        position - std::mem::replace(&mut self.told, position)
    }

    /// What went wrong behind this text of the piece.
    fn complain(&self, error: &std::io::Error, text: &[u8]) -> Error {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Undecodable>()) {
            Some(at) => {
                let line = self.line + memchr::memchr_iter(b'\n', text).count() as u64 + at.line - 1;
                Error::input(format!("{}:{line}: {}", self.name, at.message))
                    .hint("name the file's encoding with --encoding, for example windows-1252")
            }
            None => Error::input(format!("{}: {error}", self.name)),
        }
    }

    /// Takes a text back that was read and not used, before anything else is read.
    fn give_back(&mut self, text: &[u8], line: u64) {
        self.rest.splice(..self.rest_begins, text.iter().copied());
        self.rest_begins = 0;
        self.line = line;
    }
}

/// Where the last row of a text ends, as far as its quotes tell: behind the last line end that an even number of
/// quotes stands before, else the last of all.
fn end_of_rows(text: &[u8]) -> Option<usize> {
    let last = memchr::memrchr(b'\n', text)?;
    let mut line_end = last;
    let mut quotes = memchr::memchr_iter(b'"', &text[..last]).count();
    while !quotes.is_multiple_of(2) {
        let Some(earlier) = memchr::memrchr(b'\n', &text[..line_end]) else { return Some(last + 1) };
        quotes -= memchr::memchr_iter(b'"', &text[earlier..line_end]).count();
        line_end = earlier;
    }
    Some(line_end + 1)
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

/// Reads records one after the other from any source, holding one piece at a time.
pub struct Records {
    pieces: Pieces,
    piece: Piece,
    rows: Rows,
    /// The next row of the piece.
    next: usize,
    /// How the piece ended, once it is split.
    ended: Option<Ended>,
    lines: Lines,
    /// Records split so far.
    count: u64,
    delimiter: u8,
}

impl Records {
    /// Starts reading. The delimiter matters from the first call of [`Self::next`] on.
    pub fn new(source: Box<dyn Read + Send>, name: &str) -> Self {
        Self {
            pieces: Pieces::new(source, name),
            piece: Piece::default(),
            rows: Rows::default(),
            next: 0,
            ended: None,
            lines: Lines::OfText,
            count: 0,
            delimiter: b',',
        }
    }

    /// Takes how far the source is read from here.
    pub(super) fn follow(&mut self, position: Position) {
        self.pieces.position = position;
    }

    /// How many bytes of the source were read since this was asked last.
    pub fn advanced(&mut self) -> u64 {
        self.pieces.advanced()
    }

    /// Says what the lines of its records are.
    pub fn number_by(&mut self, lines: Lines) {
        self.lines = lines;
    }

    /// Sets the character between fields.
    pub fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// The bytes that come next, without consuming them: as many as are looked at to find the header, or all there
    /// are. Only before the first record.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn peek(&mut self) -> Result<&[u8]> {
        if self.piece.text.is_empty()
            && let Some(piece) = self.pieces.next(Vec::new())?
        {
            self.piece = piece;
        }
        Ok(&self.piece.text)
    }

    /// The next record that is not an empty line.
    ///
    /// # Errors
    /// The source cannot be read, a quote never closes, or a record is longer than [`MAX_RECORD`].
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        if !self.advance()? {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(self.rows.row(&self.piece.text, self.next - 1)))
    }

    /// The records at hand that were not read yet, one at least: their first one's number, and all of the piece;
    /// `None` at the end.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn next_rows(&mut self) -> Result<Option<(usize, View<'_>)>> {
        if !self.advance()? {
            return Ok(None);
        }
        let first = std::mem::replace(&mut self.next, self.rows.len());
        Ok(Some((first, self.rows.view(&self.piece.text))))
    }

    /// Whether the lines of records are those of the text.
    pub fn is_text(&self) -> bool {
        self.lines == Lines::OfText
    }

    /// The same text, from the next record on, in pieces of about this size.
    pub fn into_pieces(mut self, size: usize) -> Pieces {
        let (line, begin) = match (self.rows.place(self.next), self.ended) {
            (_, None) => (self.piece.line, 0),
            (Some(place), _) => place,
            (None, Some(ended)) => {
                let lines = memchr::memchr_iter(b'\n', &self.piece.text[..ended.consumed]).count();
                (self.piece.line + lines as u64, ended.consumed)
            }
        };
        self.pieces.give_back(&self.piece.text[begin..], line);
        (self.pieces.size, self.pieces.following) = (size, size);
        self.pieces
    }

    /// Splits until a row is at hand; `false` at the end.
    fn advance(&mut self) -> Result<bool> {
        loop {
            let Some(ended) = self.ended else {
                let Piece { text, line, last } = &self.piece;
                let ended = self.rows.split(text, *line, *last, self.delimiter);
                self.ended = Some(ended);
                let count = &mut self.count;
                match &mut self.lines {
                    Lines::OfText => {}
                    Lines::Records => self.rows.renumber(|| {
                        *count += 1;
                        Some(*count)
                    }),
                    Lines::Given(lines) => self.rows.renumber(|| lines.pop_front()),
                }
                self.next = 0;
                continue;
            };
            if self.next < self.rows.len() {
                return Ok(true);
            }
            if let Some(unclosed) = ended.unclosed {
                self.piece.text.clear();
                self.ended = None;
                return Err(unclosed_quote(&self.pieces.name, unclosed));
            }
            if self.piece.last {
                return Ok(false);
            }
            let buffer = std::mem::take(&mut self.piece.text);
            let (line, rest) = (self.piece.line, buffer[ended.consumed..].to_vec());
            let begins = line + memchr::memchr_iter(b'\n', &buffer[..ended.consumed]).count() as u64;
            // What fails here is asked for once more by those who look behind the place it fails on: it is the end.
            self.piece = Piece { text: Vec::new(), line: begins, last: true };
            self.ended = None;
            if rest.len() >= MAX_RECORD {
                return Err(too_long(&self.pieces.name, begins));
            }
            self.piece = match self.pieces.next(buffer)? {
                Some(piece) => piece.behind(rest, begins),
                None => Piece { text: rest, line: begins, last: true },
            };
            self.ended = None;
        }
    }
}

impl Piece {
    /// The piece with the beginning of its first row, which was read before it and begins on this line.
    pub(super) fn behind(self, rest: Vec<u8>, line: u64) -> Self {
        if rest.is_empty() {
            return self;
        }
        Self { text: [rest, self.text].concat(), line, last: self.last }
    }
}

/// Why a text with such a field cannot be read.
pub(super) fn unclosed_quote(file: &str, (line, field): (u64, usize)) -> Error {
    Error::input(format!("{file}:{line}: the quoted field {field} of the record never closes"))
        .hint("the file may be cut off, or a quote inside a field is not doubled")
}

/// Why a text with a record that begins on this line cannot be read.
pub(super) fn too_long(file: &str, line: u64) -> Error {
    Error::input(format!("{file}:{line}: the record that begins here is longer than {} MB", MAX_RECORD >> 20))
        .hint("a quote that never closes?")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out the text in pieces of a given size, so that records cross every boundary.
    struct Bits(Vec<u8>, usize, usize);

    impl Read for Bits {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let n = self.2.min(out.len()).min(self.0.len() - self.1);
            out[..n].copy_from_slice(&self.0[self.1..self.1 + n]);
            self.1 += n;
            Ok(n)
        }
    }

    fn rows(text: &str, piece: usize) -> Result<Vec<(u64, Vec<String>)>> {
        let mut records = Records::new(Box::new(Bits(text.as_bytes().to_vec(), 0, piece)), "t.csv");
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

    /// Says some rows and then fails, as a file that breaks off does.
    struct Fails(Vec<u8>);

    impl Read for Fails {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::Error::other("it breaks off"));
            }
            let length = self.0.len().min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    #[test]
    fn behind_what_cannot_be_read_is_nothing() {
        for text in ["a,b\n1,2\n", "a,b\n1,", "a,b\n1,\"x\n"] {
            let mut records = Records::new(Box::new(Fails(text.as_bytes().to_vec())), "t.csv");
            let mut failed = 0;
            for _ in 0..9 {
                match records.next() {
                    Ok(Some(row)) => assert_eq!((row.len(), failed), (2, 0)),
                    Ok(None) => assert_eq!(failed, 1),
                    Err(_) => failed += 1,
                }
            }
            assert_eq!(failed, 1, "{text}");
        }
    }

    #[test]
    fn a_quote_that_never_closes_is_found() {
        let error = rows("a,b\n1,2\n3,\"open\n4,5\n", 3).expect_err("unclosed");
        assert_eq!(error.messages(), ["t.csv:3: the quoted field 2 of the record never closes"]);
    }

    #[test]
    fn a_long_field_grows_the_buffer() {
        let text = format!("a,\"{}\"\nb,c\n", "x\n".repeat(400_000));
        let got = rows(&text, 100_000).expect("well-formed");
        assert_eq!((got[0].1[1].len(), got[1].0), (799_999, 400_002));
    }
}
