//! Orders files to the order book: every row read, mapped and accounted for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::account::{Account, Problem, Reason, Rejects};
use super::book::{Book, FileFacts, NONE};
use super::census::FileCensus;
use super::classify::{Finished, Rules, classify};
use super::column::DateColumn;
use super::fields::{ORDER_FIELDS, OrderField};
use super::keys::Keys;
use super::mapping::{Header, Mapping};
use super::order_line::Seen;
use super::orders_file::File;
use super::record::{BLOCK_ROWS, Records, Row};
use super::reject_file::origin;
use super::source::Source;
use super::statuses::Statuses;
use super::table::{Form, Table};
use super::unguarded;
use super::waiting::settle;
use crate::error::{Error, Result};
use crate::money::Micros;

pub use super::order_options::{EXCLUDED_STATUS, OnConflict, OrderOptions, REFUNDED_STATUS, RefundsAt};

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
    /// Rows by the word that says their kind: those counted, and those left out.
    pub kinds: BTreeMap<String, (u64, u64)>,
    /// Words that say a kind no profile knows.
    pub unknown_kinds: Vec<String>,
    /// What the profiles say a reader must know.
    pub profile_notes: Vec<String>,
    /// Orders named in the separate file of returns.
    pub returns_named: usize,
    /// Those of them that are in no orders file.
    pub unknown_returns: u64,
    /// When money that came back counts.
    pub refunds_at: RefundsAt,
    /// The separate file that says what the orders amount to.
    pub amounts_from: Option<String>,
    /// Orders named in the separate file of amounts that are in no orders file.
    pub unknown_amounts: u64,
    /// Files of which a reject file holds rows, but which are not read.
    pub unread_repairs: Vec<String>,
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

impl Orders {
    /// Which kinds of rows are left out because no profile knows them, in words.
    pub fn unknown_kind_warnings(&self) -> impl Iterator<Item = String> {
        self.unknown_kinds.iter().map(|kind| {
            let (_, rows) = self.kinds[kind];
            format!(
                "{rows} rows are of the kind \"{kind}\", which the profile does not know; they are left out"
            )
        })
    }
}

/// What became of a row for now.
pub(super) enum Outcome {
    Taken,
    Waits,
    Rejected(Problem),
}

/// Reads orders files; see [`OrderReader::read`].
pub struct OrderReader<'o> {
    pub(super) options: &'o OrderOptions,
    segment_columns: &'o [String],
    pub(super) book: Book,
    pub(super) account: Account,
    pub(super) files: Vec<FileFacts>,
    pub(super) statuses: Statuses,
    /// The currency written last, and its number.
    pub(super) last_currency: Option<(String, u32)>,
    pub(super) kinds: BTreeMap<String, (u64, u64)>,
    pub(super) with_offset: u64,
    pub(super) several_files: bool,
    pub(super) seen: Seen,
    /// The ids of transactions.
    pub(super) transactions: Keys,
    /// The amount of each, and the file and the line it stands on.
    pub(super) transaction_rows: Vec<(Option<Micros>, u32, u64)>,
    pub(super) segment_buffer: Vec<u32>,
    mapping: Vec<(&'static str, String)>,
    keyed_by_email: Option<bool>,
    censuses: Option<&'o mut Vec<FileCensus>>,
    /// Lines of files that a reject file holds, repaired.
    repaired: HashMap<PathBuf, HashSet<u64>>,
}

impl<'o> OrderReader<'o> {
    /// A reader of the sources, without the reject files among them, with these segmenting columns.
    pub fn new(options: &'o OrderOptions, segment_columns: &'o [String], sources: &[Source]) -> Self {
        let files = sources.iter().map(|source| FileFacts::named(&source.name()));
        Self {
            options,
            segment_columns,
            book: Book::new(
                segment_columns,
                options.without_amounts || options.amounts.is_some(),
                options.privacy,
            ),
            account: Account::default(),
            files: files.collect(),
            statuses: Statuses::default(),
            last_currency: None,
            kinds: BTreeMap::new(),
            with_offset: 0,
            several_files: false,
            seen: Seen::new(),
            transactions: Keys::default(),
            transaction_rows: Vec::new(),
            segment_buffer: vec![NONE; segment_columns.len()],
            mapping: Vec::new(),
            keyed_by_email: None,
            censuses: None,
            repaired: HashMap::new(),
        }
    }

    /// Takes a census of every file it reads, also of one that it fails on.
    #[must_use]
    pub fn observed(self, censuses: &'o mut Vec<FileCensus>) -> Self {
        Self { censuses: Some(censuses), ..self }
    }

    /// Reads the sources, opened, as one data set.
    ///
    /// # Errors
    /// A file cannot be read or lacks a field, a column's reading is ambiguous, lines of an order
    /// contradict each other, currencies meet, or more rows are bad than may be.
    pub fn read(
        mut self,
        tables: impl IntoIterator<Item = Result<Table>>,
        rejects: &mut Rejects<'_>,
    ) -> Result<Orders> {
        self.several_files = self.files.len() > 1;
        let mut files = Vec::new();
        // Reject files come first. All of them have to be known before the rows that they repair are met.
        let mut tables = tables.into_iter().peekable();
        let mut repairs = Vec::new();
        while let Some(Ok(table)) =
            tables.next_if(|table| matches!(table, Ok(table) if table.repairs.is_some()))
        {
            if let Some((file, lines)) = &table.repairs {
                self.repaired.entry(identity(file)).or_default().extend(lines);
            }
            repairs.push(Ok(table));
        }
        for table in repairs.into_iter().chain(tables) {
            files.push(self.read_file(table?, rejects)?);
        }
        let read: HashSet<PathBuf> = files.iter().map(|file| identity(&file.header.file)).collect();
        let unread = self.repaired.keys().filter(|file| !read.contains(*file));
        let mut unread_repairs: Vec<String> = unread.map(|file| file.display().to_string()).collect();
        unread_repairs.sort();
        self.settle(&mut files, rejects)?;
        if !self.options.returns.orders.is_empty() || self.options.amounts.is_some() {
            self.book.index();
        }
        let mut unknown_returns = 0;
        for (id, returned) in &self.options.returns.orders {
            unknown_returns += u64::from(!self.book.give_back(id, returned));
        }
        let mut unknown_amounts = 0;
        if let Some(amounts) = &self.options.amounts {
            for (id, amounts) in &amounts.orders {
                unknown_amounts += u64::from(!self.book.pay(id, amounts)?);
            }
        }
        self.book.reject_unfinished(&self.files, &mut self.account, rejects)?;
        rejects.check(self.account.read)?;
        let rules = Rules {
            order_amount: self.options.order_amount,
            order_refund: self.options.order_refund,
            refunds_at: self.options.refunds_at,
            without_amounts: self.options.without_amounts,
            amounts_elsewhere: self.options.amounts.is_some(),
            currency: self.options.currency.as_deref(),
            rates: self.options.rates.as_ref(),
            min_amount: self.options.min_amount,
            files: &self.files,
        };
        let finished = classify(&self.book, &rules, &mut self.account)?;
        self.check_currencies(finished.currency.as_deref())?;
        self.account.check("orders")?;
        let mut date_formats: Vec<String> = files.iter().map(|file| file.dates.format.describe()).collect();
        date_formats.sort();
        date_formats.dedup();
        let titles: BTreeSet<&str> = files.iter().map(|file| file.profile.title.as_str()).collect();
        let profiles = titles.into_iter().filter(|title| !title.is_empty()).map(str::to_owned).collect();
        let mut forms: Vec<String> = files.iter().map(|file| file.form.describe()).collect();
        forms.sort();
        forms.dedup();
        let named = |word: &str| {
            let kinds = files.iter().map(|file| &file.profile.kinds);
            kinds.clone().any(|kinds| {
                [&kinds.sales, &kinds.refunds, &kinds.others].iter().any(|set| set.contains(word))
            })
        };
        let unknown_kinds = self.kinds.keys().filter(|word| !named(word)).cloned().collect();
        let notes: BTreeSet<&String> = files.iter().filter_map(|file| file.profile.note.as_ref()).collect();
        let statuses = self.statuses.rows(self.options.privacy);
        let unknown = self.options.named_status.iter().filter(|name| !statuses.contains_key(*name));
        Ok(Orders {
            returns_named: self.options.returns.orders.len(),
            unknown_returns,
            refunds_at: self.options.refunds_at,
            amounts_from: self.options.amounts.as_ref().map(|amounts| amounts.file.clone()),
            unknown_amounts,
            unread_repairs,
            unknown_statuses: unknown.cloned().collect(),
            finished,
            statuses,
            kinds: self.kinds,
            unknown_kinds,
            profile_notes: notes.into_iter().cloned().collect(),
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

    /// Passes when the separate files' amounts are in the orders' currency, as far as both name theirs.
    fn check_currencies(&self, orders: Option<&str>) -> Result<()> {
        let amounts = self.options.amounts.iter().map(|amounts| (&amounts.file, &amounts.currency));
        let returns = std::iter::once((&self.options.returns.file, &self.options.returns.currency));
        for (file, currency) in amounts.chain(returns) {
            if let (Some(theirs), Some(ours)) = (&currency.0, orders)
                && theirs != ours
            {
                return Err(Error::input(format!(
                    "{file}: its amounts are in {theirs}, the orders in {ours}"
                )));
            }
        }
        Ok(())
    }

    fn read_file(&mut self, table: Table, rejects: &mut Rejects<'_>) -> Result<File> {
        let mut census = self.censuses.is_some().then(|| FileCensus::new(&table));
        let Table { mut records, header, header_row, delimiter, form, repairs } = table;
        let number = self.number_of(&header.file, repairs.as_ref().map(|(file, _)| file.as_str()));
        rejects.begin(&header.file, header_row);
        let read = match self.open_file(header, delimiter, form, number) {
            Ok(file) => self.read_rows(file, &mut records, census.as_mut(), rejects),
            Err(error) => Err(error),
        };
        if let (Some(mut census), Some(censuses)) = (census, self.censuses.as_deref_mut()) {
            // Also behind the place that it fails on.
            while let Ok(Some(row)) = records.next() {
                census.see(&row);
            }
            match &read {
                Ok(file) => census.describe(&file.mapping, ORDER_FIELDS, &file.profile),
                Err(_) => {
                    let mapping = Mapping::of(&census.header, &self.options.map, ORDER_FIELDS);
                    let mapping = mapping.map(|mapping| mapping.with_weak_names(&census.header));
                    census.guess(mapping, ORDER_FIELDS);
                }
            }
            censuses.push(census);
        }
        read
    }

    fn open_file(&mut self, header: Header, delimiter: u8, form: Form, number: u32) -> Result<File> {
        let mut file = File::open(header, delimiter, form, number, self.options)?;
        self.require(&file.header, &file.mapping)?;
        file.find_segments(self.segment_columns)?;
        if self.mapping.is_empty() {
            let separate = self.options.amounts.is_some();
            let is_read = |field| {
                !separate
                    || !matches!(field, OrderField::Amount | OrderField::Quantity | OrderField::UnitPrice)
            };
            let named = ORDER_FIELDS
                .iter()
                .filter(|info| is_read(info.field))
                .filter_map(|info| file.column(info.field).map(|column| (info.name, column.to_owned())));
            self.mapping = named.collect();
        }
        let facts = &mut self.files[number as usize];
        *facts = FileFacts { name: std::mem::take(&mut facts.name), ..file.facts() };
        Ok(file)
    }

    /// The number of a file, which is its place on the command line. Rows of a reject file have that of the file
    /// they come from.
    fn number_of(&mut self, name: &str, repairs: Option<&str>) -> u32 {
        let of = |name: &str| self.files.iter().position(|file| file.name == name);
        let same_as = |name: &str| {
            let name = identity(name);
            self.files.iter().position(|file| identity(&file.name) == name)
        };
        let known = match repairs {
            Some(file) => same_as(file).or_else(|| same_as(origin(file))),
            None => of(name),
        };
        let position = known.unwrap_or_else(|| {
            self.files.push(FileFacts::named(name));
            self.files.len() - 1
        });
        u32::try_from(position).unwrap_or(NONE)
    }

    fn read_rows(
        &mut self,
        mut file: File,
        records: &mut Records,
        mut census: Option<&mut FileCensus>,
        rejects: &mut Rejects<'_>,
    ) -> Result<File> {
        if let Some(census) = &mut census {
            census.follow_orders(file.mapping.get(OrderField::OrderId));
        }
        let before = self.account.read;
        let repaired = self.repaired.get(&identity(&file.header.file)).cloned().unwrap_or_default();
        while let rows @ 1.. = records.next_block()? {
            self.warm(&file, records, rows);
            for row in (0..rows).map(|index| records.row(index)) {
                file.begins = self.account.read < before + 2;
                self.account.read += 1;
                if let Some(census) = &mut census {
                    census.see(&row);
                }
                if repaired.contains(&row.line) {
                    self.account.exclude(Reason::Repaired, 1);
                    continue;
                }
                if self.take_row(&mut file, &row, rejects)? {
                    file.waiting.push(&row);
                    if file.waiting.is_full() {
                        file.settled()?;
                    }
                }
            }
        }
        self.read_waiting(&mut file, rejects)?;
        Ok(file)
    }

    /// Looks at the entries of the customers that the next rows name, so that they are at hand when they are
    /// needed: many looks wait for memory at once, where those of row after row would wait for each.
    fn warm(&self, file: &File, records: &Records, rows: usize) {
        let Some(index) = file.mapping.get(OrderField::CustomerId) else { return };
        let mut hashes = [0; BLOCK_ROWS];
        for (hash, row) in hashes.iter_mut().zip((0..rows).map(|row| records.row(row))) {
            *hash = self.book.customers.hash(unguarded(&row.get(index)));
        }
        self.book.customers.warm(&hashes[..rows]);
    }

    /// Reads a row, or rejects it; says whether it has to wait.
    fn take_row(&mut self, file: &mut File, row: &Row<'_>, rejects: &mut Rejects<'_>) -> Result<bool> {
        match self.row(file, row)? {
            Outcome::Taken => Ok(false),
            Outcome::Waits => Ok(true),
            Outcome::Rejected(problem) => {
                rejects.add(&file.header.file, row.line, &problem, row.raw, &mut self.account)?;
                Ok(false)
            }
        }
    }

    /// Reads the rows that had to wait; those that still have to stay waiting.
    fn read_waiting(&mut self, file: &mut File, rejects: &mut Rejects<'_>) -> Result<()> {
        let mut waiting = std::mem::take(&mut file.waiting);
        let delimiter = file.delimiter;
        waiting.retry(delimiter, |row| self.take_row(file, row, rejects))?;
        file.waiting = waiting;
        Ok(())
    }

    /// Reads the rows that still wait. Each one read may decide for others, of its own file and, where
    /// a file leaves a question open that the others agree on, of these.
    fn settle(&mut self, files: &mut [File], rejects: &mut Rejects<'_>) -> Result<()> {
        let waiting = |files: &[File]| files.iter().map(|file| file.waiting.len()).sum::<usize>();
        settle(waiting(files), || {
            let dates = files.iter().flat_map(|file| [&file.dates, &file.refund_dates]);
            let orders: BTreeSet<_> = dates.filter_map(DateColumn::order).collect();
            let marks: BTreeSet<_> = files.iter().filter_map(|file| file.amounts.mark()).collect();
            for file in files.iter_mut().filter(|file| file.waiting.len() > 0) {
                file.dates.follow(&orders);
                file.refund_dates.follow(&orders);
                file.amounts.follow(&marks);
                self.read_waiting(file, rejects)?;
            }
            Ok(waiting(files))
        })?;
        let Some(file) = files.iter().find(|file| file.waiting.len() > 0) else { return Ok(()) };
        file.settled()
    }

    /// Checks that the fields without which there is no report are there.
    fn require(&mut self, header: &Header, mapping: &Mapping<OrderField>) -> Result<()> {
        let has = |field| mapping.get(field).is_some();
        let lacking = |what: &str, how: &str| {
            let columns = header.listed();
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
        let elsewhere = self.options.amounts.is_some();
        if elsewhere && !has(OrderField::OrderId) {
            return lacking("the order id, by which a separate file names the orders", "order_id=COLUMN");
        }
        if !elsewhere && !self.options.without_amounts && !has(OrderField::Amount) && !product {
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
}

/// A file by its name, however its path is spelled.
fn identity(name: &str) -> PathBuf {
    Path::new(name).canonicalize().unwrap_or_else(|_| name.into())
}
