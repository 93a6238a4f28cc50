//! A file with its header read and its delimiter known: the place where rows start.

use encoding_rs::Encoding;

use super::account::quoted;
use super::decode::EncodingName;
use super::mapping::Header;
use super::record::{Fields, Records, Row};
use super::source::{Source, foreign_format};
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
    /// The character between fields.
    pub delimiter: u8,
    /// How its bytes are packed and encoded.
    pub form: Form,
}

/// How the bytes of a file are packed and encoded.
#[derive(Debug, Clone)]
pub struct Form {
    packing: Option<Packing>,
    encoding: EncodingName,
}

impl Form {
    /// `UTF-8`, `windows-1252, gzip`. What holds ASCII only is called UTF-8, which it is.
    pub fn describe(&self) -> String {
        let encoding = self.encoding.get().copied().unwrap_or("UTF-8");
        match self.packing {
            Some(packing) => format!("{encoding}, {}", packing.name()),
            None => encoding.to_owned(),
        }
    }
}

impl Table {
    /// Opens a source, finds its delimiter (the candidate that splits the header into most fields)
    /// and reads its header.
    ///
    /// # Errors
    /// It cannot be read, is empty, is not delimited UTF-8 text, or has one column only.
    pub fn open(source: &Source, delimiter: Option<u8>, encoding: Option<&'static Encoding>) -> Result<Self> {
        let file = source.name();
        let complain = |what: &str| Error::input(format!("{file}: {what}"));
        let opened = source.open(encoding)?;
        let mut records = Records::new(opened.text, &file);
        let head = records.peek()?;
        if head.is_empty() {
            return Err(complain("is empty").hint("an export without orders still has a header line"));
        }
        if let Some(format) = foreign_format(head) {
            return Err(complain(format));
        }
        let first_line = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
        if memchr::memchr(0, first_line).is_some() {
            return Err(complain("holds NUL bytes; it is not text, or UTF-16 without a mark")
                .hint("save it as UTF-8"));
        }
        let delimiter = delimiter.unwrap_or_else(|| sniff(head));
        records.set_delimiter(delimiter);
        let header = match records.next()? {
            Some(row) => read_header(&file, &row)?,
            None => return Err(complain("holds empty lines only")),
        };
        if header.columns.len() < 2 {
            return Err(complain(&format!("has one column only, {}", quoted(header.columns[0].as_bytes())))
                .hint("name the character between its fields with --delimiter"));
        }
        let form = Form { packing: opened.packing, encoding: opened.encoding };
        Ok(Self { records, header, delimiter, form })
    }
}

fn sniff(head: &[u8]) -> u8 {
    let mut fields = Fields::default();
    let blank = head.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    let head = &head[blank..];
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let mut count = 0;
        for line in head.split_inclusive(|byte| *byte == b'\n').take(1) {
            count = Row::of(line, 1, delimiter, &mut fields).len();
        }
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
    Ok(Header { file: file.to_owned(), columns })
}
