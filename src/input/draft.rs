//! What is known of an order while it is read, and what a line adds to it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::account::Reason;
use super::date::Stamp;
use super::grouping::{Grouping, Lines};
use crate::money::Micros;

/// No customer, no segment value, no currency.
pub const NONE: u32 = u32::MAX;

pub(super) const NO_DATE: Stamp = Stamp::MAX;

/// One line of an order, read.
#[derive(Debug)]
pub struct Line<'a> {
    /// The file's number.
    pub file: u32,
    /// The line in the file.
    pub line: u64,
    /// When it was ordered.
    pub at: Option<Stamp>,
    /// The customer's number.
    pub customer: Option<u32>,
    /// The amount on this line.
    pub amount: Option<Micros>,
    /// The refund on this line, as a magnitude.
    pub refunded: Option<Micros>,
    /// The parts of it of which a date is known: when, and how much.
    pub refunded_at: &'a [(Stamp, Micros)],
    /// The line itself is a refund of the order, at its own date; its amount is a magnitude.
    pub is_refund: bool,
    /// Its status says that the order was refunded in full.
    pub wholly_refunded: bool,
    /// The currency's number.
    pub currency: Option<u32>,
    /// Whether it has a status (which is not an excluded one).
    pub has_status: bool,
    /// The values of the orders columns that segment, [`NONE`] where missing.
    pub segments: &'a [u32],
    /// The original bytes.
    pub raw: &'a [u8],
}

/// What messages and decisions need to know of a file.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Its name.
    pub name: String,
    /// Rows read, behind the header and without empty lines.
    pub rows: u64,
    /// The header of its dates.
    pub date_header: String,
    /// The header of its amounts; without one they are quantity × price.
    pub amount_header: Option<String>,
    /// The header of its refunds.
    pub refunded_header: Option<String>,
    /// What its profile knows of its amounts.
    pub order_amount: Option<Grouping>,
    /// Whether it has a column of currencies; else they may stand beside the amounts.
    pub has_currencies: bool,
    /// Its rows are transactions with ids of their own.
    pub has_transactions: bool,
    /// What orders already read tell of how lines become orders. Files with the same headers share it.
    pub known: Arc<Told>,
}

/// What some order has shown of how lines become orders; once it is shown, it stays.
#[derive(Debug, Default)]
pub struct Told {
    /// The amounts of an order's lines differ.
    pub amounts_differ: AtomicBool,
    /// So do the refunds.
    pub refunds_differ: AtomicBool,
}

impl FileFacts {
    /// A file of which nothing is known yet.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rows: 0,
            date_header: String::new(),
            amount_header: None,
            refunded_header: None,
            order_amount: None,
            has_currencies: false,
            has_transactions: false,
            known: Arc::default(),
        }
    }
}

/// What is known of an order so far.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The earliest line's moment.
    pub(super) at: Stamp,
    pub(super) amount: Lines,
    /// Refunds on its lines; most orders have none.
    refunded: Option<Box<Lines>>,
    pub(super) customer: u32,
    pub(super) currency: u32,
    /// Lines that are left, refunds on rows of their own among them.
    pub(super) lines: u32,
    /// Lines that are no refunds.
    pub(super) sales: u32,
    /// The place of a line: the first of the first file.
    pub(super) file: u32,
    pub(super) line: u64,
    pub(super) id: u32,
    /// The file of its last line that is no refund.
    pub(super) last_file: u32,
    /// The place of its last line in the last file.
    pub(super) end: (u32, u64),
    pub(super) spans_files: bool,
    pub(super) has_status: bool,
    /// Why lines were left out, if any were.
    pub(super) left_out: Option<Reason>,
}

impl Draft {
    pub(super) fn new(id: u32, file: u32, line: u64) -> Self {
        Self {
            at: NO_DATE,
            amount: Lines::default(),
            refunded: None,
            line,
            id,
            file,
            customer: NONE,
            currency: NONE,
            lines: 0,
            sales: 0,
            last_file: NONE,
            end: (file, line),
            spans_files: false,
            has_status: false,
            left_out: None,
        }
    }

    /// The order without what its lines said; so many refunds on rows of their own are left.
    pub(super) fn without_lines(&self, refunds: u32) -> Self {
        Self { lines: refunds, left_out: self.left_out, ..Self::new(self.id, self.file, self.line) }
    }

    /// Refunds on its lines.
    pub(super) fn refunded(&self) -> &Lines {
        self.refunded.as_deref().unwrap_or(&Lines::NONE)
    }

    /// Adds a refund that stands on a line; `None` on overflow.
    pub(super) fn refund(&mut self, amount: Micros) -> Option<()> {
        if amount == 0 {
            return Some(());
        }
        self.refunded.get_or_insert_default().add(amount)
    }

    /// Notes where a line that is no refund stands. Whether the one before it stands in the same file.
    pub(super) fn stands_at(&mut self, file: u32, line: u64) -> bool {
        let place = (file, line);
        let is_first = self.sales == 0;
        let same_file = !is_first && self.last_file == file;
        self.spans_files |= !is_first && !same_file;
        self.last_file = file;
        (self.file, self.line) = if is_first { place } else { (self.file, self.line).min(place) };
        self.end = if is_first { place } else { self.end.max(place) };
        self.sales += 1;
        same_file
    }
}
