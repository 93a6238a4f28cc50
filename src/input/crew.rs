//! Pieces of a text, read by all threads and taken by one in the order of the text.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;

use rayon::{Scope, ThreadPool};

use super::record::{MAX_RECORD, Piece, Pieces, too_long, unclosed_quote};
use super::split::{Ended, Rows, View};
use crate::error::Error;
use crate::means::Means;

/// Reads rows, on any thread: what all threads share.
pub(super) trait Reads: Sync {
    /// What the rows before have decided.
    type Decided: Send;
    /// What comes of some rows.
    type Found: Send;

    /// Reads rows, of which none decides anything.
    fn read(&self, decided: Self::Decided, rows: &View<'_>) -> Self::Found;
}

/// Takes what comes of rows, piece after piece.
pub(super) trait Takes<'s, R: Reads> {
    /// Why it takes no more.
    type Halt: From<Error>;

    /// What the rows taken so far have decided.
    fn decided(&self) -> R::Decided;

    /// Takes what came of all rows of a piece; without it, the rows are to be read here. More work may be given to
    /// the threads.
    fn take(
        &mut self,
        reads: &'s R,
        rows: &View<'_>,
        found: Option<R::Found>,
        scope: &Scope<'s>,
    ) -> Result<(), Self::Halt>;
}

/// A piece, split and read.
struct Done<F> {
    piece: Piece,
    rows: Rows,
    ended: Ended,
    found: Option<F>,
}

fn split(piece: Piece, delimiter: u8, mut rows: Rows) -> (Piece, Rows, Ended) {
    let ended = rows.split(&piece.text, piece.line, piece.last, delimiter);
    (piece, rows, ended)
}

/// Reads all pieces of a file with the threads of a pool.
///
/// # Errors
/// The file cannot be read, a quote never closes, a record is too long, or the taker takes no more.
pub(super) fn read_all<'s, R: Reads + 's, T: Takes<'s, R>>(
    (pool, means): (&ThreadPool, &Means<'_>),
    (file, delimiter): (&str, u8),
    mut pieces: Pieces,
    reads: &'s R,
    taker: &mut T,
) -> Result<(), T::Halt>
where
    R::Found: 's,
    R::Decided: 's,
{
    // More pieces than threads, so that no thread waits for one that is slow.
    let most = pool.current_num_threads() * 2 + 2;
    pool.in_place_scope(|scope| {
        let (sender, receiver) = channel();
        // Memory that is used again: asking the system for it costs more than reading does.
        let mut spare: Vec<(Vec<u8>, Rows)> = Vec::new();
        let mut done = BTreeMap::new();
        let mut taking = Taking { means, file, delimiter, reads, carried: (Vec::new(), 0) };
        let (mut sent, mut taken, mut all_sent, mut failed) = (0, 0, false, None);
        loop {
            while !all_sent && sent < taken + most {
                let (buffer, rows) = spare.pop().unwrap_or_default();
                let piece = match pieces.next(buffer) {
                    Ok(Some(piece)) => piece,
                    end => {
                        // What was read before it failed is taken first, however many threads there are.
                        failed = end.err();
                        all_sent = true;
                        break;
                    }
                };
                means.tell(pieces.advanced(), 0);
                let number = sent;
                sent += 1;
                if number == 0 {
                    // The first rows decide much, which the others have to know.
                    let (piece, rows, ended) = split(piece, delimiter, rows);
                    spare.push(taking.take(Done { piece, rows, ended, found: None }, taker, scope)?);
                    taken = 1;
                    continue;
                }
                let (decided, sender) = (taker.decided(), sender.clone());
                scope.spawn(move |_| {
                    let read = catch_unwind(AssertUnwindSafe(|| {
                        let (piece, rows, ended) = split(piece, delimiter, rows);
                        let found = Some(reads.read(decided, &rows.view(&piece.text)));
                        Done { piece, rows, ended, found }
                    }));
                    // Nobody waits for it where reading ended.
                    let _ended = sender.send((number, read));
                });
            }
            if taken == sent {
                break;
            }
            let Ok((number, read)) = receiver.recv() else { break };
            done.insert(number, read.unwrap_or_else(|panic| resume_unwind(panic)));
            while let Some(read) = done.remove(&taken) {
                taken += 1;
                spare.push(taking.take(read, taker, scope)?);
            }
        }
        if let Some(error) = failed {
            return Err(Error::into(error));
        }
        let (rest, line) = std::mem::take(&mut taking.carried);
        if !rest.is_empty() {
            let piece = Piece { text: rest, line, last: true };
            let (piece, rows, ended) = split(piece, delimiter, Rows::default());
            taking.take(Done { piece, rows, ended, found: None }, taker, scope)?;
        }
        Ok(())
    })
}

/// The state of taking pieces.
struct Taking<'t, 's, R> {
    means: &'t Means<'t>,
    file: &'t str,
    delimiter: u8,
    reads: &'s R,
    /// The beginning of a row that goes on in the next piece, and the line it begins on.
    carried: (Vec<u8>, u64),
}

impl<'s, R: Reads> Taking<'_, 's, R> {
    /// Takes a piece; gives its memory back.
    fn take<T: Takes<'s, R>>(
        &mut self,
        done: Done<R::Found>,
        taker: &mut T,
        scope: &Scope<'s>,
    ) -> Result<(Vec<u8>, Rows), T::Halt> {
        let Done { mut piece, mut rows, mut ended, mut found } = done;
        let (rest, line) = std::mem::take(&mut self.carried);
        if !rest.is_empty() {
            // A quoted field with a line end goes on in this piece, so it was read from the wrong place.
            (piece, rows, ended) = split(piece.behind(rest, line), self.delimiter, rows);
            found = None;
        }
        taker.take(self.reads, &rows.view(&piece.text), found, scope)?;
        self.means.tell(0, rows.len());
        if let Some(unclosed) = ended.unclosed {
            return Err(unclosed_quote(self.file, unclosed).into());
        }
        if ended.consumed < piece.text.len() {
            let lines = memchr::memchr_iter(b'\n', &piece.text[..ended.consumed]).count() as u64;
            self.carried = (piece.text[ended.consumed..].to_vec(), piece.line + lines);
            if self.carried.0.len() >= MAX_RECORD {
                return Err(too_long(self.file, self.carried.1).into());
            }
        }
        Ok((piece.text, rows))
    }
}
