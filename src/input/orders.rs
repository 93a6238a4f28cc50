//! Orders files to the order book: every row read, mapped and accounted for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::account::{Account, Fault, Problem, Reason, Rejects};
use super::book::{Book, FileFacts, Line, NONE};
use super::classify::{Finished, Rules, classify};
use super::column::Verdict;
use super::date::day_of;
use super::fields::{ORDER_FIELDS, OrderField};
use super::keys::Keys;
use super::mapping::{Header, Mapping};
use super::orders_file::File;
use super::record::{Fields, Row};
use super::source::Source;
use super::table::Table;
use super::{is_missing, text_of};
use crate::error::{Error, Result};
use crate::money::{Micros, multiply};

pub use super::order_options::{EXCLUDED_STATUS, OrderOptions, REFUNDED_STATUS};

/// Everything the orders files say.
#[derive(Debug)]
pub struct Orders {
    /// The orders, classified, as frames.
    pub finished: Finished,
    /// The customers' keys.
    pub customers: Keys,
    /// The values of each segmenting orders column.
    pub values: Vec<Keys>,
    /// What became of the rows.
    pub account: Account,
    /// Rows by status, and whether the status excludes.
    pub statuses: BTreeMap<String, (u64, bool)>,
    /// Orders named in the separate file of returns.
    pub returns_named: usize,
    /// Those of them that are in no orders file.
    pub unknown_returns: u64,
    /// Statuses that the user named but no order has.
    pub unknown_statuses: Vec<String>,
    /// Field → column, as used in the first file.
    pub mapping: Vec<(&'static str, String)>,
    /// How dates are written, each way once.
    pub date_formats: Vec<String>,
    /// How the files are packed and encoded, each way once.
    pub forms: Vec<String>,
    /// The profiles the files were read with, each once.
    pub profiles: Vec<String>,
    /// Rows whose timestamps had an offset and were converted into the business zone.
    pub with_offset: u64,
    /// The customers are keyed by e-mail because the files have no id.
    pub keyed_by_email: bool,
    /// The files, in the order given.
    pub files: Vec<FileFacts>,
}

/// What became of a row for now.
enum Outcome {
    Taken,
    Waits,
    Rejected(Problem),
}

/// An order's number and two independent hashes of the bytes of one of its rows.
type RowIdentity = (u32, u64, u64);

/// Reads orders files; see [`OrderReader::read`].
pub struct OrderReader<'o> {
    options: &'o OrderOptions,
    segment_columns: &'o [String],
    book: Book,
    account: Account,
    files: Vec<FileFacts>,
    statuses: BTreeMap<String, (u64, bool)>,
    with_offset: u64,
    /// How often each row of each order stands in each file, to find rows that stand in several.
    seen: Option<HashMap<RowIdentity, Vec<(u32, u32)>>>,
    segment_buffer: Vec<u32>,
    mapping: Vec<(&'static str, String)>,
    keyed_by_email: Option<bool>,
}

impl<'o> OrderReader<'o> {
    /// A reader of `sources` files with these segmenting columns.
    pub fn new(options: &'o OrderOptions, segment_columns: &'o [String], sources: usize) -> Self {
        Self {
            options,
            segment_columns,
            book: Book::new(segment_columns, options.without_amounts),
            account: Account::default(),
            files: Vec::new(),
            statuses: BTreeMap::new(),
            with_offset: 0,
            seen: (sources > 1).then(HashMap::new),
            segment_buffer: vec![NONE; segment_columns.len()],
            mapping: Vec::new(),
            keyed_by_email: None,
        }
    }

    /// Reads the sources as one data set. `first` is the first of them, already opened.
    ///
    /// # Errors
    /// A file cannot be read or lacks a field, a column's reading is ambiguous, lines of an order
    /// contradict each other, currencies meet, or more rows are bad than may be.
    pub fn read(mut self, first: Table, rest: &[Source], rejects: &mut Rejects<'_>) -> Result<Orders> {
        let mut files = vec![self.read_file(first, rejects)?];
        for source in rest {
            let table = self.options.open(source)?;
            files.push(self.read_file(table, rejects)?);
        }
        self.settle(&mut files, rejects)?;
        let mut unknown_returns = 0;
        for (id, returned) in &self.options.returns {
            unknown_returns += u64::from(!self.book.give_back(id, *returned));
        }
        self.book.reject_unfinished(&self.files, &mut self.account, rejects)?;
        rejects.check(self.account.read)?;
        let rules = Rules {
            order_amount: self.options.order_amount,
            order_refund: self.options.order_refund,
            currency: self.options.currency.as_deref(),
            rates: self.options.rates.as_ref(),
            min_amount: self.options.min_amount,
            files: &self.files,
        };
        let finished = classify(&self.book, &rules, &mut self.account)?;
        self.account.check("orders")?;
        let mut date_formats: Vec<String> = files.iter().map(|file| file.dates.format.describe()).collect();
        date_formats.sort();
        date_formats.dedup();
        let titles: BTreeSet<&str> = files.iter().map(|file| file.profile.title.as_str()).collect();
        let profiles = titles.into_iter().filter(|title| !title.is_empty()).map(str::to_owned).collect();
        let mut forms: Vec<String> = files.iter().map(|file| file.form.describe()).collect();
        forms.sort();
        forms.dedup();
        let unknown = self.options.named_status.iter().filter(|name| !self.statuses.contains_key(*name));
        Ok(Orders {
            returns_named: self.options.returns.len(),
            unknown_returns,
            unknown_statuses: unknown.cloned().collect(),
            finished,
            statuses: self.statuses,
            customers: self.book.customers,
            values: self.book.values,
            account: self.account,
            mapping: self.mapping,
            date_formats,
            forms,
            profiles,
            with_offset: self.with_offset,
            keyed_by_email: self.keyed_by_email.unwrap_or(false),
            files: self.files,
        })
    }

    fn read_file(&mut self, table: Table, rejects: &mut Rejects<'_>) -> Result<File> {
        let number = u32::try_from(self.files.len()).unwrap_or(NONE);
        let (mut file, mut records) = File::open(table, number, self.options)?;
        self.require(&file.header, &file.mapping)?;
        file.find_segments(self.segment_columns)?;
        if self.mapping.is_empty() {
            let named = ORDER_FIELDS
                .iter()
                .filter_map(|info| file.column(info.field).map(|column| (info.name, column.to_owned())));
            self.mapping = named.collect();
        }
        self.files.push(file.facts());
        while let Some(row) = records.next()? {
            self.account.read += 1;
            self.take_row(&mut file, &row, rejects)?;
        }
        self.read_waiting(&mut file, rejects)?;
        Ok(file)
    }

    /// Reads a row; one that has to wait or cannot be read is kept with those.
    fn take_row(&mut self, file: &mut File, row: &Row<'_>, rejects: &mut Rejects<'_>) -> Result<()> {
        match self.row(file, row)? {
            Outcome::Taken => Ok(()),
            Outcome::Waits => {
                file.waiting.push((row.line, row.raw.into()));
                Ok(())
            }
            Outcome::Rejected(problem) => {
                rejects.add(&file.header.file, row.line, &problem, row.raw, &mut self.account)
            }
        }
    }

    /// Reads the rows that had to wait; those that still have to stay waiting.
    fn read_waiting(&mut self, file: &mut File, rejects: &mut Rejects<'_>) -> Result<()> {
        let mut fields = Fields::default();
        for (line, raw) in std::mem::take(&mut file.waiting) {
            let row = Row::of(&raw, line, file.delimiter, &mut fields);
            self.take_row(file, &row, rejects)?;
        }
        Ok(())
    }

    /// Reads the rows that still wait. Each one read may decide for others, of its own file and, where
    /// a file leaves a question open that the others agree on, of these.
    fn settle(&mut self, files: &mut [File], rejects: &mut Rejects<'_>) -> Result<()> {
        let waiting = |files: &[File]| files.iter().map(|file| file.waiting.len()).sum::<usize>();
        let mut before = usize::MAX;
        while (1..before).contains(&waiting(files)) {
            before = waiting(files);
            let orders: BTreeSet<_> = files.iter().filter_map(|file| file.dates.order()).collect();
            let marks: BTreeSet<_> = files.iter().filter_map(|file| file.amounts.mark()).collect();
            for file in files.iter_mut().filter(|file| !file.waiting.is_empty()) {
                file.dates.follow(&orders);
                file.amounts.follow(&marks);
                self.read_waiting(file, rejects)?;
            }
        }
        let Some(file) = files.iter().find(|file| !file.waiting.is_empty()) else { return Ok(()) };
        file.dates.settled(&file.header.file, "--date-format")?;
        file.amounts.settled(&file.header.file)?;
        Err(Error::internal("a row waits for a decision that was made"))
    }

    /// Checks that the fields without which there is no report are there.
    fn require(&mut self, header: &Header, mapping: &Mapping<OrderField>) -> Result<()> {
        let has = |field| mapping.get(field).is_some();
        let lacking = |what: &str, how: &str| {
            let columns =
                header.columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
            Err(Error::input(format!("{}: no column is recognised as {what}", header.file))
                .hint(format!("name it with --map {how}; the columns are {columns}")))
        };
        if !has(OrderField::OrderedAt) {
            return lacking("the order date", "ordered_at=COLUMN");
        }
        if !has(OrderField::CustomerId) && !has(OrderField::Email) {
            return lacking("the customer", "customer_id=COLUMN or email=COLUMN");
        }
        if self.options.guest_key_email && !has(OrderField::Email) {
            return lacking("the e-mail that --guest-key email asks for", "email=COLUMN");
        }
        let product = has(OrderField::Quantity) && has(OrderField::UnitPrice);
        if !self.options.without_amounts && !has(OrderField::Amount) && !product {
            return lacking("the amount", "amount=COLUMN (or say --no-amount to go without money)");
        }
        let by_email = !has(OrderField::CustomerId);
        if *self.keyed_by_email.get_or_insert(by_email) != by_email {
            let (this, others) = if by_email { ("an e-mail", "an id") } else { ("an id", "an e-mail") };
            return Err(Error::input(format!(
                "{}: its customers have {this} as their key, those of the files before it {others}",
                header.file
            ))
            .hint(
                "map the same key in all files, for example with --map email=COLUMN --map customer_id=COLUMN",
            ));
        }
        Ok(())
    }

    fn row(&mut self, file: &mut File, row: &Row<'_>) -> Result<Outcome> {
        if row.is_blank() {
            self.account.exclude(Reason::Blank, 1);
            return Ok(Outcome::Taken);
        }
        let problem = super::structure(&file.header, row);
        let date = file.mapping.get(OrderField::OrderedAt).map(|index| row.get(index));
        let has_date = date.is_some_and(|date| !is_missing(&date));
        if (problem.is_some() || !has_date) && super::is_footer(row, problem.is_some()) {
            self.account.exclude(Reason::Footer, 1);
            return Ok(Outcome::Taken);
        }
        if let Some(problem) = problem {
            return Ok(Outcome::Rejected(problem));
        }
        match self.order_line(file, row) {
            Ok(()) => Ok(Outcome::Taken),
            Err(Verdict::Waits) => Ok(Outcome::Waits),
            Err(Verdict::Rejected(problem)) => Ok(Outcome::Rejected(problem)),
            Err(Verdict::Fatal(error)) => Err(error),
        }
    }

    /// Reads a well-formed row into the book. Nothing is noted of a row that has to wait.
    fn order_line(&mut self, file: &mut File, row: &Row<'_>) -> std::result::Result<(), Verdict> {
        let id = match file.mapping.get(OrderField::OrderId) {
            Some(index) => Some(row.get(index)).filter(|id| !is_missing(id)),
            None => None,
        };
        let status = match file.mapping.get(OrderField::Status) {
            Some(index) if !is_missing(&row.get(index)) => {
                let status = text_of(&file.header, row, index)?.to_lowercase();
                // WooCommerce's own name of a status.
                Some(status.strip_prefix("wc-").map_or(status.clone(), str::to_owned))
            }
            _ => None,
        };
        let cancelled =
            file.mapping.get(OrderField::CancelledAt).is_some_and(|index| !is_missing(&row.get(index)));
        let by_status = status.as_deref().and_then(|status| self.excluded_by(status, file, row));
        if let Some(reason) = by_status.or(cancelled.then_some(Reason::Status)) {
            if let Some(status) = &status {
                self.count_status(status, by_status.is_some());
            }
            self.account.exclude(reason, 1);
            if id.is_some() {
                let order = self.book.order(id.as_deref(), file.number, row.line);
                self.book.leave_out(order, reason);
            }
            return Ok(());
        }
        let at = match file.mapping.get(OrderField::OrderedAt) {
            Some(index) => file.dates.read(&file.header, row, index)?,
            None => None,
        };
        if let (Some((stamp, _)), Some(as_of)) = (at, self.options.as_of)
            && day_of(stamp) > as_of
        {
            self.account.exclude(Reason::AfterAsOf, 1);
            if id.is_some() {
                let order = self.book.order(id.as_deref(), file.number, row.line);
                self.book.leave_out(order, Reason::AfterAsOf);
            }
            return Ok(());
        }
        let amount = self.amount(file, row)?;
        let beside = file.amounts.currency();
        let refunded = match file.mapping.get(OrderField::Refunded) {
            Some(index) if !self.options.without_amounts => {
                file.amounts.read(&file.header, row, index)?.map(Micros::abs)
            }
            _ => None,
        };
        if id.is_none() {
            let missing = match (at, amount) {
                (None, _) => file.column(OrderField::OrderedAt),
                (_, None) if !self.options.without_amounts => {
                    file.column(OrderField::Amount).or(file.column(OrderField::Quantity))
                }
                _ => None,
            };
            if let Some(column) = missing {
                return Err(Problem::new(Fault::Missing, format!("column \"{column}\" is empty")).into());
            }
        }
        let customer = self.customer(file, row)?;
        let currency = match file.mapping.get(OrderField::Currency) {
            Some(index) if !is_missing(&row.get(index)) => {
                let name = text_of(&file.header, row, index)?.to_uppercase();
                Some(self.book.currencies.number(name.as_bytes()))
            }
            Some(_) => None,
            None => beside.map(|name| self.book.currencies.number(name.as_bytes())),
        };
        for (column, index) in file.segments.iter().enumerate() {
            let value = text_of(&file.header, row, *index)?;
            self.segment_buffer[column] = super::segment_value(&file.header, row, *index, &value)?
                .map_or(NONE, |value| self.book.values[column].number(value.as_bytes()));
        }
        // From here on the row is taken.
        if let Some(status) = &status {
            self.count_status(status, false);
        }
        if at.is_some_and(|(_, with_offset)| with_offset) {
            self.with_offset += 1;
        }
        let has_id = id.is_some();
        let order = self.book.order(id.as_deref(), file.number, row.line);
        if has_id && self.is_repeated(order, file.number, row.raw) {
            self.account.exclude(Reason::Repeated, 1);
            return Ok(());
        }
        let line = Line {
            file: file.number,
            line: row.line,
            at: at.map(|(stamp, _)| stamp),
            customer,
            amount,
            refunded,
            currency,
            has_status: status.is_some(),
            segments: &self.segment_buffer,
            raw: row.raw,
        };
        self.book.add(order, &line, &self.files).map_err(Verdict::Fatal)
    }

    /// The row's amount: the mapped column, else quantity × unit price.
    fn amount(&self, file: &mut File, row: &Row<'_>) -> std::result::Result<Option<Micros>, Verdict> {
        if self.options.without_amounts {
            return Ok(None);
        }
        if let Some(index) = file.mapping.get(OrderField::Amount) {
            return file.amounts.read(&file.header, row, index);
        }
        let (Some(quantity), Some(price)) =
            (file.mapping.get(OrderField::Quantity), file.mapping.get(OrderField::UnitPrice))
        else {
            return Ok(None);
        };
        let values =
            (file.amounts.read(&file.header, row, quantity)?, file.amounts.read(&file.header, row, price)?);
        match values {
            (None, None) => Ok(None),
            (Some(quantity), Some(price)) => match multiply(quantity, price) {
                Some(amount) => Ok(Some(amount)),
                None => Err(Problem::new(Fault::Amount, "quantity × unit price is too large").into()),
            },
            (missing, _) => {
                let index = if missing.is_none() { quantity } else { price };
                let column = &file.header.columns[index];
                Err(Problem::new(Fault::Missing, format!("column \"{column}\" is empty")).into())
            }
        }
    }

    /// The row's customer: its id, else (where asked, or where there is no id column) its e-mail.
    fn customer(&mut self, file: &File, row: &Row<'_>) -> std::result::Result<Option<u32>, Verdict> {
        if let Some(index) = file.mapping.get(OrderField::CustomerId) {
            let id = text_of(&file.header, row, index)?;
            if !is_missing(id.as_bytes()) && !file.profile.guest_ids.contains(&*id) {
                return Ok(Some(self.book.customers.number(id.as_bytes())));
            }
            if !self.options.guest_key_email && !file.profile.guest_key_email {
                return Ok(None);
            }
        }
        match file.mapping.get(OrderField::Email) {
            Some(index) if !is_missing(&row.get(index)) => {
                let key = super::email_key(&text_of(&file.header, row, index)?);
                Ok(Some(self.book.customers.number(key.as_bytes())))
            }
            _ => Ok(None),
        }
    }

    /// Why a status excludes its row. A status that says "refunded" does where no amount says it better.
    fn excluded_by(&self, status: &str, file: &File, row: &Row<'_>) -> Option<Reason> {
        if self.options.included_status.contains(status) {
            return None;
        }
        if self.options.excluded_status.contains(status) || file.profile.excluded_status.contains(status) {
            return Some(Reason::Status);
        }
        if file.profile.refunded_status.contains(status) {
            return Some(Reason::RefundedInFull);
        }
        let amount = file.mapping.get(OrderField::Refunded).map(|index| row.get(index));
        let says_nothing = amount.is_none_or(|amount| is_missing(&amount));
        (says_nothing && self.options.refunded_status.contains(status)).then_some(Reason::RefundedInFull)
    }

    fn count_status(&mut self, status: &str, excluded: bool) {
        let (rows, _) = self.statuses.entry(status.to_owned()).or_insert((0, excluded));
        *rows += 1;
    }

    /// Whether this row of the order stands as often in another file. A row that stands in several
    /// files counts as often as in the one that has it most.
    fn is_repeated(&mut self, order: u32, file: u32, raw: &[u8]) -> bool {
        let Some(seen) = &mut self.seen else { return false };
        let hash = |seed| FixedState::with_seed(seed).hash_one(raw);
        let counts = seen.entry((order, hash(1), hash(2))).or_default();
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        match counts.iter_mut().find(|(known, _)| *known == file) {
            Some((_, count)) => {
                *count += 1;
                *count <= most
            }
            None => {
                counts.push((file, 1));
                most >= 1
            }
        }
    }
}
