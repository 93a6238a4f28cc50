//! What rows say of orders, read and not yet put together: the way from the threads that read rows to the books
//! that gather them.

use super::account::Reason;
use super::customer_keys::CustomerKeys;
use super::date::Stamp;
use super::draft::{Line, NO_DATE, NONE};
use super::keys::short as packed;
use crate::money::Micros;

/// A stretch of bytes: where it begins, and how long it is; [`Span::NONE`] where there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    pub(super) const NONE: Self = Self { start: 0, length: u32::MAX };

    pub(super) fn is_none(self) -> bool {
        self.length == u32::MAX
    }
}

/// What a row is for its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// A line that counts.
    Line,
    /// It is left out, for this reason.
    LeftOut(Reason),
    /// It cannot be read, and is a version of its order all the same.
    Unreadable,
}

/// What one row says of its order, in 64 bytes.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Entry {
    /// The order's id.
    pub(super) id: Span,
    /// The customer's key, and its number once that is found.
    pub(super) key: Span,
    /// When it was ordered; [`NO_DATE`] where it does not say.
    pub(super) at: Stamp,
    /// Its amount, where it has one.
    pub(super) amount: Micros,
    pub(super) line: u64,
    pub(super) customer: u32,
    pub(super) currency: u32,
    /// Which of the rows at hand it is.
    pub(super) row: u32,
    /// What most rows do not say, in [`Entries::more`]; [`NONE`] where it says no more.
    pub(super) more: u32,
    pub(super) what: What,
    pub(super) has_amount: bool,
    pub(super) has_status: bool,
    pub(super) is_refund: bool,
    pub(super) wholly_refunded: bool,
}

/// What some rows say beyond what all do.
#[derive(Debug, Clone, Copy)]
pub(super) struct More {
    /// The id of the transaction, where rows have one.
    pub(super) transaction: Span,
    /// What stands where the amount does, whether or not it counts.
    pub(super) written: Option<Micros>,
    pub(super) refunded: Option<Micros>,
    /// Refunds with a date of their own, in [`Entries::dated`].
    pub(super) dated: Span,
}

impl More {
    /// Nothing.
    pub(super) const NOTHING: Self =
        Self { transaction: Span::NONE, written: None, refunded: None, dated: Span { start: 0, length: 0 } };

    /// Whether nothing came back.
    pub(super) fn says_nothing(&self) -> bool {
        self.refunded.unwrap_or(0) == 0 && self.dated.length == 0
    }
}

/// Entries, in the order of their rows.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// The values of the segmenting columns, entry by entry.
    segments: Vec<u32>,
    /// How many such columns there are.
    columns: usize,
    more: Vec<More>,
    dated: Vec<(Stamp, Micros)>,
    /// The bytes of ids and keys.
    arena: Vec<u8>,
}

/// A length or a place in one piece of text.
fn short(length: usize) -> u32 {
    u32::try_from(length).expect("a piece of text is shorter than 4 GB")
}

impl Entry {
    /// A row of which only its place is known.
    pub(super) fn at(row: u32, line: u64) -> Self {
        Self {
            id: Span::NONE,
            key: Span::NONE,
            at: NO_DATE,
            amount: 0,
            line,
            customer: NONE,
            currency: NONE,
            row,
            more: NONE,
            what: What::Line,
            has_amount: false,
            has_status: false,
            is_refund: false,
            wholly_refunded: false,
        }
    }

    /// Its amount.
    pub(super) fn amount(&self) -> Option<Micros> {
        self.has_amount.then_some(self.amount)
    }
}

impl Entries {
    /// No entries, with so many segmenting columns.
    pub(super) fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Makes room for so many more entries.
    pub(super) fn reserve(&mut self, entries: usize) {
        // Most ids and keys are numbers of some digits.
        const BYTES: usize = 20;
        self.list.reserve(entries);
        self.segments.reserve(entries * self.columns);
        self.arena.reserve(entries * BYTES);
    }

    /// Forgets all entries, and keeps the memory for others.
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.segments.clear();
        self.more.clear();
        self.dated.clear();
        self.arena.clear();
    }

    /// Keeps some bytes.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Span {
        let start = self.arena.len();
        match packed(bytes) {
            // All sixteen at once and then less of them: no copy of a length that is not known before.
            Some(packed) => {
                self.arena.extend_from_slice(&packed);
                self.arena.truncate(start + bytes.len());
            }
            None => self.arena.extend_from_slice(bytes),
        }
        Span { start: short(start), length: short(bytes.len()) }
    }

    /// Keeps some bytes behind one that marks them.
    pub(super) fn keep_marked(&mut self, mark: u8, bytes: &[u8]) -> Span {
        let start = short(self.arena.len());
        self.arena.push(mark);
        self.arena.extend_from_slice(bytes);
        Span { start, length: short(bytes.len() + 1) }
    }

    /// Keeps dated refunds.
    pub(super) fn keep_dated(&mut self, dated: &[(Stamp, Micros)]) -> Span {
        let start = short(self.dated.len());
        self.dated.extend_from_slice(dated);
        Span { start, length: short(dated.len()) }
    }

    /// Keeps what a row says beyond what all do; where that is nothing, nothing is kept.
    pub(super) fn keep_more(&mut self, more: More) -> u32 {
        let has_transaction = !more.transaction.is_none();
        if more.says_nothing() && !has_transaction {
            return NONE;
        }
        self.more.push(more);
        short(self.more.len() - 1)
    }

    /// What an entry says beyond what all do.
    pub(super) fn more(&self, entry: &Entry) -> &More {
        self.more.get(entry.more as usize).unwrap_or(&More::NOTHING)
    }

    /// Adds an entry with the values of its segments.
    pub(super) fn push(&mut self, entry: Entry, segments: &[u32]) {
        self.list.push(entry);
        self.segments.extend_from_slice(segments);
    }

    /// Kept bytes; `None` where there are none.
    pub(super) fn bytes(&self, span: Span) -> Option<&[u8]> {
        if span.is_none() {
            return None;
        }
        self.arena.get(span.start as usize..span.start as usize + span.length as usize)
    }

    pub(super) fn dated(&self, span: Span) -> &[(Stamp, Micros)] {
        &self.dated[span.start as usize..][..span.length as usize]
    }

    pub(super) fn segments(&self, index: usize) -> &[u32] {
        &self.segments[index * self.columns..][..self.columns]
    }

    /// Finds the numbers of all customers.
    pub(super) fn number_customers(&mut self, customers: &CustomerKeys) {
        let arena = &self.arena;
        let keys = self.list.iter().filter(|entry| !entry.key.is_none());
        let keys = keys.map(|entry| &arena[entry.key.start as usize..][..entry.key.length as usize]);
        let mut numbers = Vec::new();
        customers.number_all(keys, &mut numbers);
        let with_key = self.list.iter_mut().filter(|entry| !entry.key.is_none());
        for (entry, number) in with_key.zip(numbers) {
            entry.customer = number;
        }
    }

    /// A line as the book takes it.
    pub(super) fn line<'a>(&'a self, index: usize, file: u32, raw: &'a [u8]) -> Line<'a> {
        let entry = &self.list[index];
        let more = self.more(entry);
        Line {
            file,
            line: entry.line,
            at: (entry.at != NO_DATE).then_some(entry.at),
            customer: (entry.customer != NONE).then_some(entry.customer),
            amount: entry.amount(),
            refunded: more.refunded,
            refunded_at: self.dated(more.dated),
            is_refund: entry.is_refund,
            wholly_refunded: entry.wholly_refunded,
            currency: (entry.currency != NONE).then_some(entry.currency),
            has_status: entry.has_status,
            segments: self.segments(index),
            raw,
        }
    }
}
