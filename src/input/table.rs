//! A file with its header read and its delimiter known: the place where rows start.

use std::collections::{HashSet, VecDeque};
use std::io::{Cursor, Read};
use std::sync::Arc;

use encoding_rs::Encoding;

use super::account::quoted;
use super::decode::EncodingName;
use super::mapping::Header;
use super::privacy::Privacy;
use super::record::{Lines, Records, Row};
use super::reject_file::is_reject_file;
use super::source::{Opened, Source, foreign_format};
use super::split::Rows;
use super::unpack::Packing;
use crate::error::{Error, Result};

/// Characters that separate fields, the commonest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A file at its first row.
pub struct Table {
    /// What comes after the header.
    pub records: Records,
    /// The names of the columns.
    pub header: Header,
    /// The line of the header, and its bytes.
    pub header_row: (u64, Vec<u8>),
    /// The character between fields.
    pub delimiter: u8,
    /// How its bytes are packed and encoded.
    pub form: Form,
    /// The file whose rejected rows these are, repaired, and the lines they stood on.
    pub repairs: Option<(String, HashSet<u64>)>,
}

/// How the bytes of a file are packed and encoded.
#[derive(Debug, Clone)]
pub struct Form {
    packing: Option<Packing>,
    encoding: EncodingName,
    preamble: usize,
}

impl Form {
    /// Numbers in it are typed, so their decimal mark is known.
    pub(super) fn is_typed(&self) -> bool {
        self.packing == Some(Packing::Parquet)
    }

    /// `UTF-8`, `windows-1252, gzip, 3 lines before the header`. What holds ASCII only is UTF-8.
    pub fn describe(&self) -> String {
        let mut text = self.encoding.get().copied().unwrap_or("UTF-8").to_owned();
        if let Some(packing) = self.packing {
            text.push_str(&format!(", {}", packing.name()));
        }
        match self.preamble {
            0 => {}
            1 => text.push_str(", 1 line before the header"),
            lines => text.push_str(&format!(", {lines} lines before the header")),
        }
        text
    }
}

/// Whether a record is the header of the kind of file that is looked for.
pub type IsHeader<'h> = dyn Fn(&Header) -> bool + 'h;

impl Table {
    /// Opens a source and finds its header: the first of its first records that `is_header`, where given,
    /// accepts, under the delimiter that splits it into most fields; else its first record. What stands before the header
    /// is a preamble.
    ///
    /// # Errors
    /// It cannot be read, is empty, is not delimited text, or has one column only.
    pub fn open(
        source: &Source,
        delimiter: Option<u8>,
        encoding: Option<&'static Encoding>,
        is_header: Option<&IsHeader<'_>>,
    ) -> Result<Self> {
        let file = source.name();
        let Opened { text, packing, encoding, position } = source.open(encoding)?;
        let form = Form { packing, encoding, preamble: 0 };
        let lines = if form.is_typed() { Lines::Records } else { Lines::OfText };
        let mut table = Self::find(text, &file, form, lines, delimiter, is_header)?;
        table.records.follow(position);
        Ok(table)
    }

    /// Takes a text as a table; its records stood on these lines.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub(super) fn of_text(
        text: Box<dyn Read + Send>,
        file: &str,
        form: Form,
        lines: VecDeque<u64>,
        is_header: &IsHeader<'_>,
    ) -> Result<Self> {
        Self::find(text, file, form, Lines::Given(lines), None, Some(is_header))
    }

    fn find(
        text: Box<dyn Read + Send>,
        file: &str,
        form: Form,
        lines: Lines,
        delimiter: Option<u8>,
        is_header: Option<&IsHeader<'_>>,
    ) -> Result<Self> {
        let complain = |what: &str| Error::input(format!("{file}: {what}"));
        let mut records = Records::new(text, file);
        records.number_by(lines);
        let head = records.peek()?;
        if head.is_empty() {
            return Err(complain("is empty").hint("an export without orders still has a header line"));
        }
        if let Some(format) = foreign_format(head) {
            return Err(complain(format));
        }
        let first_line = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
        if memchr::memchr(0, first_line).is_some() {
            return Err(complain("holds NUL bytes: it is not text"));
        }
        let found = reject_header(head, file).or_else(|| find_header(head, file, delimiter, is_header?));
        let (delimiter, preamble) = found.unwrap_or_else(|| (delimiter.unwrap_or_else(|| sniff(head)), 0));
        records.set_delimiter(delimiter);
        for _ in 0..preamble {
            records.next()?;
        }
        let (header, header_row) = match records.next()? {
            Some(row) => (read_header(file, &row)?, (row.line, row.raw.to_vec())),
            None => return Err(complain("holds empty lines only")),
        };
        if header.columns.len() < 2 {
            return Err(complain(&format!("has one column only, {}", quoted(header.columns[0].as_bytes())))
                .hint("name the character between its fields with --delimiter; where lines stand before the header, its columns with --map"));
        }
        let form = Form { preamble, ..form };
        Ok(Self { records, header, header_row, delimiter, form, repairs: None })
    }
}

/// The delimiter of a reject file, whose header comes first, however it was saved again.
fn reject_header(head: &[u8], file: &str) -> Option<(u8, usize)> {
    let line = head.split_inclusive(|byte| *byte == b'\n').next()?;
    let mut fields = Rows::default();
    let is_reject_file = |delimiter: &u8| {
        let row = Row::of(line, 1, *delimiter, &mut fields);
        read_header(file, &row).is_ok_and(|header| is_reject_file(&header))
    };
    DELIMITERS.into_iter().find(is_reject_file).map(|delimiter| (delimiter, 0))
}

/// The delimiter, and how many records stand before the header, where one of the first records is one.
fn find_header(head: &[u8], file: &str, given: Option<u8>, is_header: &IsHeader<'_>) -> Option<(u8, usize)> {
    const LOOKED_AT: usize = 30;
    let candidates = given.map_or(DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
    let head: Arc<[u8]> = head.into();
    let mut best: Option<(usize, usize, u8)> = None;
    for delimiter in candidates {
        let mut records = Records::new(Box::new(Cursor::new(Arc::clone(&head))), file);
        records.set_delimiter(delimiter);
        for before in 0..LOOKED_AT {
            // What goes wrong here goes wrong again, with a better place, when the file is read.
            let Ok(Some(row)) = records.next() else { break };
            let Ok(header) = read_header(file, &row) else { break };
            if is_header(&header) {
                let fields = row.len();
                if best.is_none_or(|(known, most, _)| before < known || (before == known && fields > most)) {
                    best = Some((before, fields, delimiter));
                }
                break;
            }
        }
    }
    best.map(|(before, _, delimiter)| (delimiter, before))
}

/// The delimiter that splits the first line into most fields.
fn sniff(head: &[u8]) -> u8 {
    let blank = head.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    let line = head[blank..].split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut fields = Rows::default();
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let count = Row::of(line, 1, delimiter, &mut fields).len();
        if count > best.0 {
            best = (count, delimiter);
        }
    }
    best.1
}

fn read_header(file: &str, row: &Row<'_>) -> Result<Header> {
    let mut columns = Vec::with_capacity(row.len());
    for index in 0..row.len() {
        let name = row.get(index);
        match std::str::from_utf8(&name) {
            Ok(name) if name.contains('\r') => {
                return Err(Error::input(format!("{file}: its lines end in a bare carriage return"))
                    .hint("save it with LF or CRLF line ends"));
            }
            Ok(name) => columns.push(name.to_owned()),
            Err(_) => {
                return Err(Error::input(format!(
                    "{file}:{}: the header {} is not UTF-8",
                    row.line,
                    quoted(&name)
                ))
                .hint("save the file as UTF-8"));
            }
        }
    }
    Ok(Header { file: file.to_owned(), columns, privacy: Privacy::default() })
}
