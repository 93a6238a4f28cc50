//! What rows say of orders, read and not yet put together: the way from the threads that read rows to the books
//! that gather them.

use super::account::Reason;
use super::date::Stamp;
use super::draft::{Line, NO_DATE, NONE};
use super::names::CustomerKeys;
use crate::money::Micros;

/// A stretch of bytes: where it begins, and how long it is; [`Span::NONE`] where there is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    pub(super) const NONE: Self = Self { start: 0, length: u32::MAX };

    fn is_none(self) -> bool {
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

/// What one row says of its order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) what: What,
    /// The order's id.
    pub(super) id: Span,
    /// The customer's key, and its number once that is found.
    pub(super) key: Span,
    pub(super) customer: u32,
    /// The id of the transaction, where rows have one.
    pub(super) transaction: Span,
    /// Which of the rows at hand it is.
    pub(super) row: u32,
    pub(super) line: u64,
    /// When it was ordered; [`NO_DATE`] where it does not say.
    pub(super) at: Stamp,
    pub(super) amount: Option<Micros>,
    /// What stands where the amount does, whether or not it counts.
    pub(super) written: Option<Micros>,
    pub(super) refunded: Option<Micros>,
    /// Refunds with a date of their own, in [`Entries::dated`].
    pub(super) dated: Span,
    pub(super) currency: u32,
    pub(super) is_refund: bool,
    pub(super) wholly_refunded: bool,
    pub(super) has_status: bool,
}

/// Entries, in the order of their rows.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// The values of the segmenting columns, entry by entry.
    segments: Vec<u32>,
    /// How many such columns there are.
    columns: usize,
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
            what: What::Line,
            id: Span::NONE,
            key: Span::NONE,
            customer: NONE,
            transaction: Span::NONE,
            row,
            line,
            at: NO_DATE,
            amount: None,
            written: None,
            refunded: None,
            dated: Span { start: 0, length: 0 },
            currency: NONE,
            is_refund: false,
            wholly_refunded: false,
            has_status: false,
        }
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
        self.dated.clear();
        self.arena.clear();
    }

    /// Keeps some bytes.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Span {
        let start = short(self.arena.len());
        self.arena.extend_from_slice(bytes);
        Span { start, length: short(bytes.len()) }
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
        Line {
            file,
            line: entry.line,
            at: (entry.at != NO_DATE).then_some(entry.at),
            customer: (entry.customer != NONE).then_some(entry.customer),
            amount: entry.amount,
            refunded: entry.refunded,
            refunded_at: self.dated(entry.dated),
            is_refund: entry.is_refund,
            wholly_refunded: entry.wholly_refunded,
            currency: (entry.currency != NONE).then_some(entry.currency),
            has_status: entry.has_status,
            segments: self.segments(index),
            raw,
        }
    }
}
