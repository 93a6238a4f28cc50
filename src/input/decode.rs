//! Any encoding to UTF-8, block by block.
//!
//! Without `--encoding`: a byte order mark decides, else the first block with a byte beyond ASCII does.
//! If what is beyond ASCII in it reads as UTF-8 more often than not, the file is UTF-8 and its bytes
//! pass through as they are, so that a damaged row is found with its place; else it is Windows-1252.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

const BLOCK: usize = 64 << 10;

/// The name of a source's encoding, once it is known; ASCII alone leaves it open.
pub type EncodingName = Arc<OnceLock<&'static str>>;

/// An error at a line of the text.
#[derive(Debug)]
pub struct Undecodable {
    /// The line, counted from 1 where the text that was not handed out yet begins.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Undecodable {}

enum State {
    /// Nothing was read yet.
    Start,
    /// Only ASCII so far.
    Open,
    /// UTF-8: bytes pass through.
    Plain,
    /// Another encoding.
    Other(Box<Decoder>, &'static Encoding),
}

/// A source as UTF-8, without a byte order mark.
pub(super) struct Decoded {
    source: Box<dyn Read + Send>,
    state: State,
    name: EncodingName,
    given: Option<&'static Encoding>,
    /// Bytes read and not yet decoded.
    input: Vec<u8>,
    /// Text decoded and not yet handed out, from `start`.
    output: Vec<u8>,
    start: usize,
    exhausted: bool,
}

impl Decoded {
    /// Decodes a source, in the given encoding or the one found out.
    pub(super) fn new(source: Box<dyn Read + Send>, given: Option<&'static Encoding>) -> Self {
        Self {
            source,
            state: State::Start,
            name: EncodingName::default(),
            given,
            input: Vec::new(),
            output: Vec::new(),
            start: 0,
            exhausted: false,
        }
    }

    /// Where the encoding's name will be found.
    pub(super) fn encoding(&self) -> EncodingName {
        Arc::clone(&self.name)
    }

    /// Reads a block of the source. While something is to be decided it is read whole, so that a pipe's pieces are
    /// no matter.
    fn read_block(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let wanted = if matches!(self.state, State::Start | State::Open) { block.len() } else { 1 };
        let mut read = 0;
        while read < wanted && !self.exhausted {
            match self.source.read(&mut block[read..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    let length = result?;
                    read += length;
                    self.exhausted = length == 0;
                }
            }
        }
        Ok(read)
    }

    /// Reads a block behind what is left of the input.
    fn fill(&mut self) -> io::Result<()> {
        let mut input = std::mem::take(&mut self.input);
        let kept = input.len();
        input.resize(kept + BLOCK, 0);
        let read = self.read_block(&mut input[kept..])?;
        input.truncate(kept + read);
        self.input = input;
        Ok(())
    }

    /// Reads a block straight to where it is wanted, where it is text as it stands: how long it is. Else it is input.
    fn read_through(&mut self, block: &mut [u8]) -> io::Result<Option<usize>> {
        let read = self.read_block(block)?;
        let text = &block[..read];
        if matches!(self.state, State::Plain) || text.is_ascii() {
            return Ok(Some(read));
        }
        self.input.extend_from_slice(text);
        Ok(None)
    }

    /// Decodes the input, once it is known how.
    fn go_on(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Start) {
            self.begin();
        }
        if matches!(self.state, State::Open) && !self.input.is_ascii() {
            self.decide();
        }
        self.decode()
    }

    /// Looks for a byte order mark, and for UTF-16 without one.
    fn begin(&mut self) {
        let marked = Encoding::for_bom(&self.input);
        if let Some((_, length)) = marked {
            self.input.drain(..length);
        }
        let unmarked = match self.input.as_slice() {
            [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some(UTF_16BE),
            [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some(UTF_16LE),
            _ => None,
        };
        match self.given.or(marked.map(|(encoding, _)| encoding)).or(unmarked) {
            Some(encoding) => self.settle(encoding),
            None => self.state = State::Open,
        }
    }

    fn settle(&mut self, encoding: &'static Encoding) {
        self.name.get_or_init(|| encoding.name());
        self.state = if encoding == UTF_8 {
            State::Plain
        } else {
            State::Other(Box::new(encoding.new_decoder_without_bom_handling()), encoding)
        };
    }

    fn decide(&mut self) {
        let (mut good, mut bad) = (0_u64, 0_u64);
        for chunk in self.input.utf8_chunks() {
            good += chunk.valid().chars().filter(|character| !character.is_ascii()).count() as u64;
            bad += u64::from(!chunk.invalid().is_empty());
        }
        // A character cut off by the block's end is no sign of anything.
        let cut = self.input.utf8_chunks().last().is_some_and(|chunk| {
            std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none())
        });
        if cut && !self.exhausted {
            bad -= 1;
            if good + bad == 0 {
                return; // decided with the next block
            }
        }
        self.settle(if good >= bad { UTF_8 } else { WINDOWS_1252 });
    }

    fn decode(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Start => {}
            State::Open if !self.input.is_ascii() && !self.exhausted => {}
            State::Open | State::Plain => {
                self.output.append(&mut self.input);
            }
            State::Other(decoder, encoding) => {
                let mut from = 0;
                loop {
                    let need = decoder.max_utf8_buffer_length_without_replacement(self.input.len() - from);
                    let at = self.output.len();
                    self.output.resize(at + need.unwrap_or(BLOCK).max(16), 0);
                    let (result, read, written) = decoder.decode_to_utf8_without_replacement(
                        &self.input[from..],
                        &mut self.output[at..],
                        self.exhausted,
                    );
                    self.output.truncate(at + written);
                    from += read;
                    // In Windows-1252 five bytes mean nothing; they are read as control characters.
                    let text = &self.output;
                    let unused = (*encoding == WINDOWS_1252)
                        .then(|| text[at..].windows(2).position(|pair| pair[0] == 0xc2 && pair[1] < 0xa0))
                        .flatten();
                    let place = |end: usize| memchr::memchr_iter(b'\n', &text[..end]).count() as u64 + 1;
                    if let Some(position) = unused.map(|position| at + position) {
                        let message = format!(
                            "the byte 0x{:02X} means nothing in {}",
                            text[position + 1],
                            encoding.name()
                        );
                        return Err(io::Error::other(Undecodable { line: place(position), message }));
                    }
                    if let DecoderResult::Malformed(length, _) = result {
                        let bytes = &self.input[from.saturating_sub(usize::from(length))..from];
                        let shown: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02X}")).collect();
                        let message = if self.exhausted && from == self.input.len() {
                            "the text breaks off in the middle of a character".to_owned()
                        } else {
                            format!("the bytes {} mean nothing in {}", shown.join(" "), encoding.name())
                        };
                        return Err(io::Error::other(Undecodable { line: place(text.len()), message }));
                    }
                    if result == DecoderResult::InputEmpty {
                        break;
                    }
                }
                self.input.clear();
            }
        }
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.start == self.output.len() && !self.exhausted {
            self.output.clear();
            self.start = 0;
            let as_it_stands = self.input.is_empty() && matches!(self.state, State::Open | State::Plain);
            match out.get_mut(..BLOCK).filter(|_| as_it_stands) {
                None => self.fill()?,
                Some(block) => {
                    if let Some(read) = self.read_through(block)? {
                        return Ok(read);
                    }
                }
            }
            self.go_on()?;
        }
        let text = &self.output[self.start..];
        let length = text.len().min(out.len());
        out[..length].copy_from_slice(&text[..length]);
        self.start += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out bytes in pieces, so that characters cross every boundary.
    struct Pieces(Vec<u8>, usize);

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    fn decode(
        bytes: &[u8],
        piece: usize,
        given: Option<&'static Encoding>,
    ) -> io::Result<(String, Option<&'static str>)> {
        let mut decoded = Decoded::new(Box::new(Pieces(bytes.to_vec(), piece)), given);
        let name = decoded.encoding();
        let mut out = Vec::new();
        decoded.read_to_end(&mut out)?;
        Ok((String::from_utf8_lossy(&out).into_owned(), name.get().copied()))
    }

    fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn the_same_text_in_every_encoding_and_in_any_pieces() {
        let text = "Straße,Müller\n1,ä–€\n";
        let (cp1252, _, _) = WINDOWS_1252.encode(text);
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for piece in 1..40 {
            for (bytes, name) in [
                (text.as_bytes(), "UTF-8"),
                (&marked, "UTF-8"),
                (&cp1252, "windows-1252"),
                (&utf16(text, false, true), "UTF-16LE"),
                (&utf16(text, true, true), "UTF-16BE"),
                (&utf16(text, false, false), "UTF-16LE"),
                (&utf16(text, true, false), "UTF-16BE"),
            ] {
                let got = decode(bytes, piece, None).expect("decodes");
                assert_eq!(got, (text.to_owned(), Some(name)), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn ascii_and_nothing_leave_the_encoding_open() {
        assert_eq!(decode(b"a,b\n", 1, None).expect("decodes"), ("a,b\n".to_owned(), None));
        assert_eq!(decode(b"", 1, None).expect("decodes"), (String::new(), None));
        assert_eq!(decode(b"a", 1, None).expect("decodes"), ("a".to_owned(), None));
    }

    #[test]
    fn one_damaged_character_does_not_make_utf_8_another_encoding() {
        let mut bytes = "größer und höher, früher, später".as_bytes().to_vec();
        bytes.extend(b" M\xfcller");
        let (text, name) = decode(&bytes, 1_000, None).expect("decodes");
        assert!(text.starts_with("größer") && name == Some("UTF-8"), "{text}");
    }

    #[test]
    fn what_cannot_be_decoded_has_a_line() {
        let line = |bytes: &[u8], given| {
            let mut decoded = Decoded::new(Box::new(Pieces(bytes.to_vec(), 7)), given);
            let mut before = Vec::new();
            let error = decoded.read_to_end(&mut before).expect_err("undecodable");
            let at = error.into_inner().expect("a place").downcast::<Undecodable>().expect("a place");
            let before = memchr::memchr_iter(b'\n', &before).count() as u64;
            (before + at.line, at.message)
        };
        let unused = "the byte 0x81 means nothing in windows-1252".to_owned();
        assert_eq!(line(b"a\nb\nM\xfcller \x81\n", Some(WINDOWS_1252)), (3, unused.clone()));
        // The encoding shows only behind a great deal of ASCII.
        let mut long = "id,name\n".repeat(20_000).into_bytes();
        long.extend(b"1,M\xfcller\n2,\x81\n");
        assert_eq!(line(&long, None), (20_002, unused));
        let half = utf16("a\nb", false, true);
        let breaks_off = "the text breaks off in the middle of a character".to_owned();
        assert_eq!(line(&half[..half.len() - 1], None), (2, breaks_off));
    }
}
