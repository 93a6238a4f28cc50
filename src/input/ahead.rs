//! Text that is made in a thread of its own, a few blocks ahead of its reader: unpacking and decoding go on while
//! rows are counted.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes that are handed on at once: few enough that their memory is used again, not asked of the system for each.
pub(super) const BLOCK: usize = 64 << 10;

/// Blocks that are made ahead.
const BLOCKS: usize = 4;

/// A stretch of text; an empty one says that it was the last.
pub(super) type Block = io::Result<Vec<u8>>;

/// The reader went away and needs no more.
pub(super) type Gone = std::sync::mpsc::SendError<Block>;

/// Takes blocks.
pub(super) struct Blocks(SyncSender<Block>);

impl Blocks {
    /// Hands on a stretch of text, or why there is none.
    pub(super) fn send(&self, block: Block) -> Result<(), Gone> {
        match block {
            Ok(text) if text.is_empty() => Ok(()),
            block => self.0.send(block),
        }
    }
}

/// The text that `make` sends, in a thread of this name.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn text_from(
    thread: &str,
    make: impl FnOnce(&Blocks) -> Result<(), Gone> + Send + 'static,
) -> io::Result<Box<dyn Read + Send>> {
    let (sender, blocks) = sync_channel(BLOCKS);
    std::thread::Builder::new().name(thread.to_owned()).spawn(move || {
        let blocks = Blocks(sender);
        if make(&blocks).is_ok() {
            let _gone = blocks.0.send(Ok(Vec::new()));
        }
    })?;
    Ok(Box::new(Text { blocks, current: Vec::new(), start: 0, whole: false }))
}

/// The same text, read ahead.
///
/// # Errors
/// See [`text_from`].
pub(super) fn read_ahead(mut text: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    text_from("reader", move |blocks| {
        loop {
            let mut block = Vec::with_capacity(BLOCK);
            match text.by_ref().take(BLOCK as u64).read_to_end(&mut block) {
                Ok(0) => return Ok(()),
                Ok(_) => blocks.send(Ok(block))?,
                Err(error) => {
                    // What came before the error is text all the same.
                    blocks.send(Ok(block))?;
                    return blocks.send(Err(error));
                }
            }
        }
    })
}

/// Blocks of text as they come.
struct Text {
    blocks: Receiver<Block>,
    current: Vec<u8>,
    start: usize,
    /// The last block is here.
    whole: bool,
}

impl Read for Text {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.start == self.current.len() && !self.whole {
            // A library may panic on damaged data; then no last block comes.
            let block = self.blocks.recv().map_err(|_| io::Error::other("its data is damaged"))?;
            (self.current, self.start) = (block?, 0);
            self.whole = self.current.is_empty();
        }
        let length = out.len().min(self.current.len() - self.start);
        out[..length].copy_from_slice(&self.current[self.start..][..length]);
        self.start += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says so much and then fails.
    struct Fails(usize);

    impl Read for Fails {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = out.len().min(self.0).min(1_000);
            if length == 0 {
                return Err(io::Error::other("the end is missing"));
            }
            out[..length].fill(b'x');
            self.0 -= length;
            Ok(length)
        }
    }

    #[test]
    fn text_comes_whole_and_what_comes_before_an_error_comes_too() {
        let long: Vec<u8> = (0..=250).cycle().take(3 * BLOCK + 17).collect();
        for text in [&long[..], &long[..BLOCK], b"", b"x"] {
            let mut read = Vec::new();
            let source = Box::new(io::Cursor::new(text.to_vec()));
            read_ahead(source).expect("starts").read_to_end(&mut read).expect("whole");
            assert!(read == text);
        }
        let mut read = Vec::new();
        let error = read_ahead(Box::new(Fails(BLOCK + 5))).expect("starts").read_to_end(&mut read);
        assert_eq!(
            (read.len(), error.map_err(|error| error.to_string())),
            (BLOCK + 5, Err("the end is missing".into()))
        );
    }

    #[test]
    fn a_maker_that_breaks_off_is_no_end() {
        let mut text = text_from("parquet", |blocks| {
            blocks.send(Ok(b"half".to_vec()))?;
            Err(std::sync::mpsc::SendError(Ok(Vec::new())))
        })
        .expect("starts");
        assert!(text.read_to_end(&mut Vec::new()).is_err());
    }
}
