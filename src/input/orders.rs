//! Orders files to classified orders: every row read, mapped and accounted for.
//!
//! Pieces of a file are split and read by all threads; one thread takes what comes of them in the order of the file.
//! Where the rows of an order stand together, every order is whole as soon as another begins: its rows need not be kept.
//! That they do is known where ids go in one direction through all files, else by the hashes of all ids (see
//! `distinct`). Where they do not, what rows say is kept (see `log`) until all rows of an order are at hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::account::{Account, Rejects};
use super::book::Rejection;
use super::census::FileCensus;
use super::classify::{Classified, Finished};
use super::distinct::Distinct;
use super::draft::{FileFacts, NONE};
use super::fields::{ORDER_FIELDS, OrderField};
use super::frames::TakesBatches;
use super::gather::Gatherer;
use super::keys::Keys;
use super::log::Log;
use super::mapping::{Header, Mapping};
use super::names::Names;
use super::order_piece::rules;
use super::orders_file::File;
use super::orders_taking::Halt;
use super::reject_file::origin;
use super::source::Source;
use super::statuses::Statuses;
use super::table::{Form, Table};
use crate::error::{Error, Result};
use crate::means::{Means, Memory};

pub use super::order_options::{EXCLUDED_STATUS, OnConflict, OrderOptions, REFUNDED_STATUS, RefundsAt};

/// Everything the orders files say.
#[derive(Debug)]
pub struct Orders {
    /// The orders, classified, as frames.
    pub finished: Finished,
    /// The customers' keys, and the other names.
    pub names: Arc<Names>,
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

/// Reads orders files; see [`OrderReader::read`].
pub struct OrderReader<'o> {
    pub(super) options: &'o OrderOptions,
    pub(super) segment_columns: &'o [String],
    /// The files, as far as known.
    pub(super) files: Vec<FileFacts>,
    pub(super) names: Arc<Names>,
    pub(super) means: Means<'o>,
    /// Who takes the orders; without one they are in [`Finished::batches`].
    pub(super) taker: Option<&'o dyn TakesBatches>,
    pub(super) censuses: Option<&'o mut Vec<FileCensus>>,
    pub(super) way: Way,
    /// The orders that are whole, where nothing else tells that no rows of theirs follow.
    pub(super) distinct: Distinct,
    pub(super) account: Account,
    pub(super) statuses: Statuses,
    pub(super) kinds: BTreeMap<String, (u64, u64)>,
    pub(super) with_offset: u64,
    pub(super) classified: Classified,
    /// Lines of orders that lack something on all of their lines.
    pub(super) rejections: Vec<Rejection>,
    /// The first and the last order of each piece, where orders are whole: they may go on in another.
    pub(super) edges: Gatherer<'o>,
    /// What rows say of orders that are not whole yet.
    pub(super) log: Log,
    pub(super) mapping: Vec<(&'static str, String)>,
    pub(super) keyed_by_email: Option<bool>,
    /// Lines of files that a reject file holds, repaired.
    pub(super) repaired: HashMap<PathBuf, HashSet<u64>>,
}

/// What is taken for granted of the rows of all files, so that orders need not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Ids go in one direction, as databases write them, and the rows of an order stand together: an order is whole as
    /// soon as another begins.
    InOrder,
    /// The rows of an order stand together, whatever the ids: what is to be known of them in the end is that no two are
    /// the same.
    Together,
    /// Nothing: what rows say is kept until all are read.
    Apart,
}

/// Why sources have to be opened and read again, by another reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// What was taken for granted is not so; this may be, and more is not.
    As(Way),
    /// There are more customers than may be.
    InShares,
}

impl<'o> OrderReader<'o> {
    /// A reader of the sources, without the reject files among them, with these segmenting columns.
    pub fn new(options: &'o OrderOptions, segment_columns: &'o [String], sources: &[Source]) -> Self {
        let files: Vec<_> = sources.iter().map(|source| FileFacts::named(&source.name())).collect();
        Self::naming(options, segment_columns, files, Arc::new(Names::new(segment_columns.len())))
    }

    fn naming(
        options: &'o OrderOptions,
        segment_columns: &'o [String],
        files: Vec<FileFacts>,
        names: Arc<Names>,
    ) -> Self {
        Self {
            options,
            segment_columns,
            edges: Gatherer::new(options, segment_columns, files.clone().into(), Arc::clone(&names)),
            files,
            names,
            means: Means::default(),
            taker: None,
            censuses: None,
            way: Way::Apart,
            distinct: Distinct::within(Memory::default().orders),
            account: Account::default(),
            statuses: Statuses::default(),
            kinds: BTreeMap::new(),
            with_offset: 0,
            classified: Classified::default(),
            rejections: Vec::new(),
            log: Log::new(Memory::default()),
            mapping: Vec::new(),
            keyed_by_email: None,
            repaired: HashMap::new(),
        }
    }

    /// Takes a census of every file it reads, also of one that it fails on.
    #[must_use]
    pub fn observed(self, censuses: &'o mut Vec<FileCensus>) -> Self {
        Self { censuses: Some(censuses), ..self }
    }

    /// Reads with these threads, within this memory.
    #[must_use]
    pub fn with(self, means: Means<'o>) -> Self {
        let distinct = Distinct::within(means.memory.orders);
        Self { means, log: Log::new(means.memory), distinct, ..self }
    }

    /// Hands the orders on as they are made, with names that others may know.
    #[must_use]
    pub fn into(self, taker: &'o dyn TakesBatches, names: &Arc<Names>) -> Self {
        let named = Self::naming(self.options, self.segment_columns, self.files, Arc::clone(names));
        Self { taker: Some(taker), censuses: self.censuses, ..named }.with(self.means)
    }

    /// Reads the sources, opened, as one data set.
    ///
    /// # Errors
    /// A file cannot be read or lacks a field, a column's reading is ambiguous, lines of an order
    /// contradict each other, currencies meet, or more rows are bad than may be.
    pub fn read(
        self,
        tables: impl IntoIterator<Item = Result<Table>>,
        rejects: &mut Rejects<'_>,
    ) -> Result<Orders> {
        self.read_if(Way::Apart, tables, rejects)?.map_err(|_| Error::internal("orders are to be read again"))
    }

    /// The same in this way, unless they have to be read again in another one.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_if(
        mut self,
        way: Way,
        tables: impl IntoIterator<Item = Result<Table>>,
        rejects: &mut Rejects<'_>,
    ) -> Result<std::result::Result<Orders, Again>> {
        let options = self.options;
        let keeps =
            options.on_conflict.is_some() || options.amounts.is_some() || !options.returns.orders.is_empty();
        if way != Way::Apart && keeps {
            return Ok(Err(Again::As(Way::Apart)));
        }
        self.way = way;
        match self.read_all(tables, rejects) {
            Ok(orders) => Ok(Ok(orders)),
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Again(again)) => Ok(Err(again)),
        }
    }

    fn read_all(
        mut self,
        tables: impl IntoIterator<Item = Result<Table>>,
        rejects: &mut Rejects<'_>,
    ) -> std::result::Result<Orders, Halt> {
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
        let read: HashSet<PathBuf> = files.iter().map(|file| identity(&file.shape.header.file)).collect();
        let unread = self.repaired.keys().filter(|file| !read.contains(*file));
        let mut unread_repairs: Vec<String> = unread.map(|file| file.display().to_string()).collect();
        unread_repairs.sort();
        self.settle(&mut files, rejects)?;
        if self.names.customers.is_full() {
            return Err(Halt::Again(Again::InShares));
        }
        if self.way == Way::Together && !self.are_together()? {
            return Err(Halt::Again(Again::As(Way::Apart)));
        }
        let (returned, paid) = self.gather()?;
        self.reject_unfinished(rejects)?;
        rejects.check(self.account.read)?;
        let facts = std::mem::take(&mut self.files);
        let rules = rules(self.options, &facts);
        let (mut finished, account) = std::mem::take(&mut self.classified).finish(&rules, &self.names)?;
        if let Some(taker) = self.taker {
            finished.batches.drain(..).try_for_each(|batch| taker.take(&batch))?;
        }
        self.account.absorb(&account);
        self.check_currencies(finished.currency.as_deref())?;
        self.account.check("orders")?;
        let mut date_formats: Vec<String> =
            files.iter().map(|file| file.columns.dates.format.describe()).collect();
        date_formats.sort();
        date_formats.dedup();
        let shapes = || files.iter().map(|file| &file.shape);
        let titles: BTreeSet<&str> = shapes().map(|file| file.profile.title.as_str()).collect();
        let profiles = titles.into_iter().filter(|title| !title.is_empty()).map(str::to_owned).collect();
        let mut forms: Vec<String> = shapes().map(|file| file.form.describe()).collect();
        forms.sort();
        forms.dedup();
        let named = |word: &str| {
            shapes().map(|file| &file.profile.kinds).any(|kinds| {
                [&kinds.sales, &kinds.refunds, &kinds.others].iter().any(|set| set.contains(word))
            })
        };
        let unknown_kinds = self.kinds.keys().filter(|word| !named(word)).cloned().collect();
        let notes: BTreeSet<&String> = shapes().filter_map(|file| file.profile.note.as_ref()).collect();
        let statuses = self.statuses.rows(self.options.privacy);
        let unknown = self.options.named_status.iter().filter(|name| !statuses.contains_key(*name));
        let returns_named = self.options.returns.orders.len();
        let amounts_named = self.options.amounts.as_ref().map_or(0, |amounts| amounts.orders.len());
        Ok(Orders {
            returns_named,
            unknown_returns: returns_named as u64 - returned,
            refunds_at: self.options.refunds_at,
            amounts_from: self.options.amounts.as_ref().map(|amounts| amounts.file.clone()),
            unknown_amounts: amounts_named as u64 - paid,
            unread_repairs,
            unknown_statuses: unknown.cloned().collect(),
            finished,
            statuses,
            kinds: self.kinds,
            unknown_kinds,
            profile_notes: notes.into_iter().cloned().collect(),
            values: self.names.values.iter().map(super::names::Words::to_keys).collect(),
            names: self.names,
            account: self.account,
            mapping: self.mapping,
            date_formats,
            forms,
            profiles,
            with_offset: self.with_offset,
            keyed_by_email: self.keyed_by_email.unwrap_or(false),
            files: facts,
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

    fn read_file(&mut self, table: Table, rejects: &mut Rejects<'_>) -> std::result::Result<File, Halt> {
        let mut census = self.censuses.is_some().then(|| FileCensus::new(&table));
        let Table { mut records, header, header_row, delimiter, form, repairs } = table;
        let number = self.number_of(&header.file, repairs.as_ref().map(|(file, _)| file.as_str()));
        rejects.begin(&header.file, header_row);
        let file = self.open_file(header, delimiter, form, number);
        if census.is_none() {
            let file = file?;
            // Transactions have to be known wherever they stand.
            if self.way != Way::Apart && self.files.iter().any(|file| file.has_transactions) {
                return Err(Halt::Again(Again::As(Way::Apart)));
            }
            return match self.means.pool.filter(|_| records.is_text()) {
                Some(pool) => {
                    self.read_pieces(file, records.into_pieces(self.means.memory.piece), pool, rejects)
                }
                None => self.read_rows(file, &mut records, None, rejects),
            };
        }
        let read = match file {
            Ok(file) => self.read_rows(file, &mut records, census.as_mut(), rejects),
            Err(error) => Err(error.into()),
        };
        if let (Some(mut census), Some(censuses)) = (census, self.censuses.as_deref_mut()) {
            // Also behind the place that it fails on.
            while let Ok(Some(row)) = records.next() {
                census.see(&row);
            }
            match &read {
                Ok(file) => census.describe(&file.shape.mapping, ORDER_FIELDS, &file.shape.profile),
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
        let file = File::open(header, delimiter, form, number, self.options, self.segment_columns)?;
        let shape = &file.shape;
        self.require(&shape.header, &shape.mapping)?;
        if self.mapping.is_empty() {
            let separate = self.options.amounts.is_some();
            let is_read = |field| {
                !separate
                    || !matches!(field, OrderField::Amount | OrderField::Quantity | OrderField::UnitPrice)
            };
            let named = ORDER_FIELDS
                .iter()
                .filter(|info| is_read(info.field))
                .filter_map(|info| shape.column(info.field).map(|column| (info.name, column.to_owned())));
            self.mapping = named.collect();
        }
        let facts = &mut self.files[number as usize];
        *facts = FileFacts { name: std::mem::take(&mut facts.name), ..shape.facts() };
        let facts = facts.clone();
        let same = |other: &&FileFacts| {
            !other.date_header.is_empty()
                && other.amount_header == facts.amount_header
                && other.refunded_header == facts.refunded_header
                && other.order_amount == facts.order_amount
        };
        if let Some(other) = self.files.iter().find(same) {
            self.files[number as usize].known = Arc::clone(&other.known);
        }
        self.edges.know(&self.files.clone().into());
        if facts.has_transactions {
            self.log.keep_whole()?;
        }
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
pub(super) fn identity(name: &str) -> PathBuf {
    Path::new(name).canonicalize().unwrap_or_else(|_| name.into())
}
