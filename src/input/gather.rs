//! Entries into a book: which of them count where rows, orders or transactions stand in the files more than once.

use std::collections::HashMap;
use std::sync::Arc;

use super::account::{Account, Reason};
use super::book::Book;
use super::draft::FileFacts;
use super::entries::{Entries, What};
use super::keys::Keys;
use super::names::Names;
use super::order_options::OrderOptions;
use crate::error::{Error, Result};
use crate::money::Micros;

/// A row of an order that stood in the files before, to find it again in others: its bytes, and how often it stands
/// in which file.
struct Row {
    raw: Box<[u8]>,
    files: Vec<(u32, u32)>,
}

/// Gathers what rows say into a book.
pub(super) struct Gatherer<'o> {
    pub(super) options: &'o OrderOptions,
    files: Arc<[FileFacts]>,
    /// An order may stand in several files.
    several_files: bool,
    pub(super) book: Book,
    /// Entries that do not count, by reason.
    pub(super) account: Account,
    /// The rows of each order, where there are several files.
    seen: HashMap<(u32, u64), Vec<Row>>,
    /// The ids of transactions.
    transactions: Keys,
    /// The amount of each, and the file and the line it stands on.
    transaction_rows: Vec<(Option<Micros>, u32, u64)>,
}

impl<'o> Gatherer<'o> {
    /// Nothing gathered yet.
    pub(super) fn new(
        options: &'o OrderOptions,
        segment_columns: &[String],
        files: Arc<[FileFacts]>,
        names: Arc<Names>,
    ) -> Self {
        let without_amounts = options.without_amounts || options.amounts.is_some();
        Self {
            options,
            several_files: files.len() > 1,
            files,
            book: Book::new(segment_columns, without_amounts, options.privacy, names),
            account: Account::default(),
            seen: HashMap::new(),
            transactions: Keys::default(),
            transaction_rows: Vec::new(),
        }
    }

    /// No order stands in several files.
    pub(super) fn of_one_file(self) -> Self {
        Self { several_files: false, ..self }
    }

    /// Takes another state of what is known of the files.
    pub(super) fn know(&mut self, files: &Arc<[FileFacts]>) {
        self.files = Arc::clone(files);
        self.several_files = files.len() > 1;
    }

    /// The files, as far as known.
    pub(super) fn files_known(&self) -> Arc<[FileFacts]> {
        Arc::clone(&self.files)
    }

    /// Adds what the row of an entry, whose bytes these are, says of its order.
    ///
    /// # Errors
    /// The lines of the order contradict each other, or a transaction does itself.
    pub(super) fn add(&mut self, entries: &Entries, index: usize, file: u32, raw: &[u8]) -> Result<()> {
        let entry = &entries.list[index];
        let id = entries.bytes(entry.id);
        let order = self.book.order(id, file, entry.line);
        match entry.what {
            What::Unreadable => {
                self.is_preferred(order, file);
                return Ok(());
            }
            // What is after --as-of is not there yet, so it is no version either.
            What::LeftOut(reason) => {
                if reason == Reason::AfterAsOf || self.is_preferred(order, file) {
                    self.book.leave_out(order, reason, file, entry.line);
                }
                return Ok(());
            }
            What::Line => {}
        }
        let is_transaction = self.files[file as usize].has_transactions;
        let more = entries.more(entry);
        if let Some(transaction) = entries.bytes(more.transaction)
            && self.is_known(transaction, more.written, file, entry.line)?
        {
            self.account.exclude(Reason::RepeatedRow, 1);
            return Ok(());
        }
        let versions = self.options.on_conflict.is_some() && !entry.is_refund && !is_transaction;
        if id.is_some() && !versions && !is_transaction && self.is_repeated(order, file, raw) {
            self.account.exclude(Reason::Repeated, 1);
            return Ok(());
        }
        if id.is_some() && versions && !self.is_preferred(order, file) {
            self.account.exclude(Reason::OtherVersion, 1);
            return Ok(());
        }
        self.book.add(order, &entries.line(index, file, raw), &self.files)
    }

    /// Adds what the files of `--returns`, `--payments` and `--lines` say of the orders: how many of the orders in
    /// them were found.
    ///
    /// # Errors
    /// An amount is too large.
    pub(super) fn add_separate(&mut self) -> Result<(u64, u64)> {
        let (mut returned, mut paid) = (0, 0);
        let (returns, amounts) = (&self.options.returns.orders, &self.options.amounts);
        if returns.is_empty() && amounts.is_none() {
            return Ok((0, 0));
        }
        for order in 0..self.book.len() {
            let Some(id) = self.book.id(order) else { continue };
            let (back, amount) =
                (returns.get(id), amounts.as_ref().and_then(|amounts| amounts.orders.get(id)));
            if let Some(back) = back {
                self.book.give_back(order, back);
                returned += 1;
            }
            if let Some(amount) = amount {
                self.book.pay(order, amount)?;
                paid += 1;
            }
        }
        Ok((returned, paid))
    }

    /// Whether this file's rows of an order count, where `--on-conflict` chooses between files.
    fn is_preferred(&mut self, order: u32, file: u32) -> bool {
        let is_transaction = self.files[file as usize].has_transactions;
        let Some(rule) = self.options.on_conflict.filter(|_| !is_transaction) else { return true };
        let superseded = self.book.prefer(order, file, rule);
        self.account.exclude(Reason::OtherVersion, superseded.unwrap_or(0).into());
        superseded.is_some()
    }

    /// Whether a transaction, by an id of its own, stood in the files before.
    fn is_known(&mut self, id: &[u8], amount: Option<Micros>, file: u32, line: u64) -> Result<bool> {
        let number = self.transactions.number(id) as usize;
        let Some((known, there, known_line)) = self.transaction_rows.get(number) else {
            self.transaction_rows.push((amount, file, line));
            return Ok(false);
        };
        if *known == amount {
            return Ok(true);
        }
        let (here, there) = (&self.files[file as usize].name, &self.files[*there as usize].name);
        Err(Error::input(format!(
            "{here}:{line}: transaction \"{}\" has another amount in {there}:{known_line}",
            String::from_utf8_lossy(id)
        )))
    }

    /// Whether this row of the order does not count again. A row that stands in several files counts as often as in
    /// the one that has it most.
    fn is_repeated(&mut self, order: u32, file: u32, raw: &[u8]) -> bool {
        if !self.several_files {
            return false;
        }
        let rows = self.seen.entry((order, Keys::hash(raw))).or_default();
        let Some(row) = rows.iter_mut().find(|row| *row.raw == *raw) else {
            rows.push(Row { raw: raw.into(), files: vec![(file, 1)] });
            return false;
        };
        let most = row.files.iter().map(|(_, count)| *count).max().unwrap_or(0);
        match row.files.iter_mut().find(|(known, _)| *known == file) {
            Some((_, count)) => {
                *count += 1;
                *count <= most
            }
            None => {
                row.files.push((file, 1));
                most >= 1
            }
        }
    }
}
