//! Orders files to classified orders: every row read, mapped and accounted for.
//!
//! Pieces of a file are split and read by all threads; one thread takes what comes of them in the order of the file.
//! Where ids go in one direction through all files, and the rows of an order stand together, every order is whole as
//! soon as another begins: its rows need not be kept, nor its id be looked for. Where they do not, what rows say is
//! kept (see `log`) until all rows of an order are at hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use polars::prelude::DataFrame;
use rayon::prelude::*;
use rayon::{Scope, ThreadPool};

use super::account::{Account, Rejects};
use super::book::{Direction, Rejection};
use super::census::FileCensus;
use super::classify::{Classified, Finished};
use super::column::DateColumn;
use super::crew::{Takes, read_all};
use super::draft::{FileFacts, NONE};
use super::fields::{ORDER_FIELDS, OrderField};
use super::frames::{Batch, TakesBatches};
use super::gather::Gatherer;
use super::keys::Keys;
use super::log::{Log, Unpacker};
use super::mapping::{Header, Mapping};
use super::names::{Names, lock};
use super::order_line::{Harvest, RowReader, Stopped};
use super::order_piece::{Found, Made, Shared, make, rules};
use super::orders_file::{Columns, File};
use super::record::{Pieces, Records, Row};
use super::reject_file::origin;
use super::source::Source;
use super::split::View;
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
    options: &'o OrderOptions,
    segment_columns: &'o [String],
    /// The files, as far as known.
    files: Vec<FileFacts>,
    names: Arc<Names>,
    means: Means<'o>,
    /// Who takes the orders; without one they are in [`Finished::batches`].
    taker: Option<&'o dyn TakesBatches>,
    censuses: Option<&'o mut Vec<FileCensus>>,
    /// Orders are whole as soon as another begins.
    in_order: bool,
    account: Account,
    statuses: Statuses,
    kinds: BTreeMap<String, (u64, u64)>,
    with_offset: u64,
    classified: Classified,
    /// Lines of orders that lack something on all of their lines.
    rejections: Vec<Rejection>,
    /// The first and the last order of each piece that was read in order: they may go on in another.
    edges: Gatherer<'o>,
    /// What rows say of orders that are not whole yet.
    log: Log,
    mapping: Vec<(&'static str, String)>,
    keyed_by_email: Option<bool>,
    /// Lines of files that a reject file holds, repaired.
    repaired: HashMap<PathBuf, HashSet<u64>>,
}

/// Why reading ended early.
enum Halt {
    /// It cannot go on.
    Failed(Error),
    /// They have to be read again.
    Again(Again),
}

/// Why sources have to be opened and read again, by another reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Orders are not whole where another begins, or something asks for them to be kept.
    InNoOrder,
    /// There are more customers than may be.
    InShares,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Takes orders as they are made, here or on another thread.
type Emit<'e> = dyn FnMut(DataFrame) -> Result<()> + 'e;

/// The state of taking one file.
struct Taking<'t, 's, 'o, 'r> {
    reader: &'t mut OrderReader<'o>,
    file: &'t mut File,
    /// Rows read before the file.
    before: u64,
    rejects: &'t mut Rejects<'r>,
    /// What went wrong with orders that were handed on.
    trouble: &'s Mutex<Option<Error>>,
}

impl<'s, 'o: 's> Takes<'s, Shared<'o>> for Taking<'_, 's, 'o, '_> {
    type Halt = Halt;

    fn decided(&self) -> Columns {
        self.file.columns.clone()
    }

    fn take(
        &mut self,
        shared: &'s Shared<'o>,
        rows: &View<'_>,
        found: Option<Found>,
        scope: &Scope<'s>,
    ) -> std::result::Result<(), Halt> {
        let Self { reader, file, before, rejects, trouble } = self;
        if let Some(error) = lock(trouble).take() {
            return Err(error.into());
        }
        let taker = reader.taker;
        let mut kept = Vec::new();
        let mut emit = |batch: DataFrame| {
            emit_on(scope, taker, &mut kept, trouble, batch);
            Ok(())
        };
        let mut from = 0;
        if let Some(Found { decided, stopped, harvest, made }) = found
            && decided == file.columns.decided()
            && reader.account.read >= *before + 2
        {
            from = match stopped {
                Stopped::Nowhere => rows.len(),
                Stopped::Waits(row) | Stopped::Fatal(row, _) => row,
            };
            reader.take(shared, harvest, made?, &|row| rows.row(row as usize).raw, rejects, &mut emit)?;
        }
        if from < rows.len() {
            reader.read_here(shared, file, (rows, from), *before, rejects, &mut emit)?;
        }
        reader.classified.finished.batches.append(&mut kept);
        Ok(())
    }
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
            in_order: false,
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
        Self { means, log: Log::new(means.memory), ..self }
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
        self.read_if(false, tables, rejects)?.map_err(|_| Error::internal("orders are to be read again"))
    }

    /// The same, unless they have to be read again in another way. `in_order`: the ids of orders are taken to go in one
    /// direction through all files, and the rows of an order to stand together; then no order has to be kept.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_if(
        mut self,
        in_order: bool,
        tables: impl IntoIterator<Item = Result<Table>>,
        rejects: &mut Rejects<'_>,
    ) -> Result<std::result::Result<Orders, Again>> {
        let options = self.options;
        let keeps =
            options.on_conflict.is_some() || options.amounts.is_some() || !options.returns.orders.is_empty();
        if in_order && keeps {
            return Ok(Err(Again::InNoOrder));
        }
        self.in_order = in_order;
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

    /// Reads records one piece after the other, on this thread.
    fn read_rows(
        &mut self,
        mut file: File,
        records: &mut Records,
        mut census: Option<&mut FileCensus>,
        rejects: &mut Rejects<'_>,
    ) -> std::result::Result<File, Halt> {
        if let Some(census) = &mut census {
            census.follow_orders(file.shape.mapping.get(OrderField::OrderId));
        }
        let shared = self.share(&file);
        let before = self.account.read;
        let taker = self.taker;
        let mut kept = Vec::new();
        while let Some((first, rows)) = records.next_rows()? {
            if let Some(census) = &mut census {
                (first..rows.len()).for_each(|index| census.see(&rows.row(index)));
            }
            let count = rows.len() - first;
            let mut emit = |batch| give(taker, &mut kept, batch);
            self.read_here(&shared, &mut file, (&rows, first), before, rejects, &mut emit)?;
            self.means.tell(records.advanced(), count);
        }
        self.read_waiting(&mut file, rejects)?;
        self.classified.finished.batches.append(&mut kept);
        Ok(file)
    }

    /// Reads the pieces of a file with the threads of a pool.
    fn read_pieces(
        &mut self,
        mut file: File,
        pieces: Pieces,
        pool: &ThreadPool,
        rejects: &mut Rejects<'_>,
    ) -> std::result::Result<File, Halt> {
        let shared = self.share(&file);
        let before = self.account.read;
        let trouble = Mutex::new(None);
        let means = self.means;
        let name = (shared.file.header.file.as_str(), shared.file.delimiter);
        let mut taking = Taking { reader: self, file: &mut file, before, rejects, trouble: &trouble };
        read_all((pool, &means), name, pieces, &shared, &mut taking)?;
        if let Some(error) = lock(&trouble).take() {
            return Err(error.into());
        }
        self.read_waiting(&mut file, rejects)?;
        Ok(file)
    }

    fn share(&self, file: &File) -> Shared<'o> {
        Shared {
            options: self.options,
            segment_columns: self.segment_columns,
            names: Arc::clone(&self.names),
            file: Arc::clone(&file.shape),
            files: self.files.clone().into(),
            repaired: self.repaired.get(&identity(&file.shape.header.file)).cloned().unwrap_or_default(),
            in_order: self.in_order,
            spare: Mutex::default(),
        }
    }

    /// Reads rows on this thread. They may decide how the columns are written, and may have to wait.
    fn read_here(
        &mut self,
        shared: &Shared<'_>,
        file: &mut File,
        (rows, first): (&View<'_>, usize),
        before: u64,
        rejects: &mut Rejects<'_>,
        emit: &mut Emit<'_>,
    ) -> std::result::Result<(), Halt> {
        let mut harvest = shared.harvest();
        let read_before = self.account.read - before;
        let (mut next, mut full) = (first, false);
        let fatal = loop {
            let mut reader = RowReader {
                context: shared.context(),
                columns: &mut file.columns,
                harvest: &mut harvest,
                read_before,
            };
            match reader.read(rows, next) {
                Stopped::Nowhere => break None,
                Stopped::Fatal(_, error) => break Some(error),
                Stopped::Waits(row) => {
                    file.waiting.push(&rows.row(row));
                    harvest.account.read += 1;
                    next = row + 1;
                    full = file.waiting.is_full();
                    if full {
                        break None;
                    }
                }
            }
        };
        let raw = |row: u32| rows.row(row as usize).raw;
        let made = make(shared, &mut harvest, &raw)?;
        self.take(shared, harvest, made, &raw, rejects, emit)?;
        if full {
            file.settled()?;
        }
        if self.in_order && file.waiting.len() > 0 {
            return Err(Halt::Again(Again::InNoOrder));
        }
        fatal.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Takes what rows said.
    fn take<'r>(
        &mut self,
        shared: &Shared<'_>,
        harvest: Harvest,
        made: Made,
        raw: &dyn Fn(u32) -> &'r [u8],
        rejects: &mut Rejects<'_>,
        emit: &mut Emit<'_>,
    ) -> std::result::Result<(), Halt> {
        if self.names.customers.is_full() {
            return Err(Halt::Again(Again::InShares));
        }
        self.account.absorb(&harvest.account);
        self.statuses.absorb(&harvest.statuses);
        for (word, (counted, left_out)) in harvest.kinds {
            let known = self.kinds.entry(word).or_default();
            known.0 += counted;
            known.1 += left_out;
        }
        self.with_offset += harvest.with_offset;
        for refused in harvest.refused {
            let name = &shared.file.header.file;
            rejects.add(name, refused.line, &refused.problem, &refused.raw, &mut self.account)?;
        }
        let mut whole = match made {
            Made::Packed(packed) => {
                shared.use_again(harvest.entries);
                return Ok(self.log.add(&packed)?);
            }
            Made::Whole(whole) => *whole,
        };
        let edges = &mut self.edges;
        for index in whole.edges {
            let row = harvest.entries.list[index].row;
            edges.add(&harvest.entries, index, shared.file.number, raw(row))?;
        }
        shared.use_again(harvest.entries);
        let direction = edges.book.direction().and(whole.direction);
        if direction == Direction::Mixed || self.log_is_needed() {
            return Err(Halt::Again(Again::InNoOrder));
        }
        if let Some(error) = whole.failed {
            return Err(error.into());
        }
        self.account.absorb(&whole.account);
        whole.classified.take_batches().into_iter().try_for_each(emit)?;
        self.classified.absorb(whole.classified);
        self.add_rejections(whole.rejections)?;
        Ok(())
    }

    /// Whether transactions have to be known, wherever they stand.
    fn log_is_needed(&self) -> bool {
        self.files.iter().any(|file| file.has_transactions)
    }

    fn add_rejections(&mut self, rejections: Vec<Rejection>) -> Result<()> {
        const MOST: usize = 1_000_000;
        self.rejections.extend(rejections);
        match self.rejections.get(MOST) {
            None => Ok(()),
            Some(Rejection { file, line, problem, .. }) => {
                let (name, what) = (&self.files[*file as usize].name, &problem.message);
                Err(Error::input(format!("{name}:{line}: {what}, as in {MOST} rows before it"))
                    .hint("is the right column mapped?"))
            }
        }
    }

    /// Rejects the lines of every order that has no date, or no amount, on any of them.
    fn reject_unfinished(&mut self, rejects: &mut Rejects<'_>) -> Result<()> {
        let mut rejections = std::mem::take(&mut self.rejections);
        rejections.sort_by_key(|rejection| (rejection.file, rejection.line));
        for Rejection { file, line, problem, raw } in rejections {
            rejects.add(&self.files[file as usize].name, line, &problem, &raw, &mut self.account)?;
        }
        Ok(())
    }

    /// Puts together what was kept, and classifies it: how many orders of the separate files were found.
    fn gather(&mut self) -> Result<(u64, u64)> {
        let facts: Arc<[FileFacts]> = self.files.clone().into();
        let (options, columns, names) = (self.options, self.segment_columns, &self.names);
        let (log, taker) = (&self.log, self.taker);
        let gatherer = || Gatherer::new(options, columns, Arc::clone(&facts), Arc::clone(names));
        let gather = |part: usize| -> std::result::Result<Gathered, (Place, Error)> {
            let mut gatherer = gatherer();
            let packed = log.take(part).map_err(|error| ((0, 0), error))?;
            let mut unpacker = Unpacker::new(&packed, columns.len());
            while let Some((entries, file, raw)) = unpacker.next() {
                let place = (file, entries.list[0].line);
                gatherer.add(entries, 0, file, raw).map_err(|error| (place, error))?;
            }
            drop(packed);
            finish(gatherer, taker).map_err(|error| ((NONE, 0), error))
        };
        let parts = 0..log.parts();
        let gathered: Vec<_> = match self.means.pool {
            Some(pool) if parts.len() > 1 => pool.install(|| parts.into_par_iter().map(gather).collect()),
            _ => parts.map(gather).collect(),
        };
        let edges = std::mem::replace(&mut self.edges, gatherer());
        let edges = finish(edges, taker).map_err(|error| ((NONE, 0), error));
        let (mut found, mut failed) = ((0, 0), None);
        for gathered in gathered.into_iter().chain([edges]) {
            match gathered {
                Ok(gathered) => {
                    found.0 += gathered.returned;
                    found.1 += gathered.paid;
                    self.account.absorb(&gathered.account);
                    self.classified.absorb(gathered.classified);
                    self.add_rejections(gathered.rejections)?;
                }
                Err((place, error)) => match &failed {
                    Some((known, _)) if *known <= place => {}
                    _ => failed = Some((place, error)),
                },
            }
        }
        failed.map_or(Ok(found), |(_, error)| Err(error))
    }

    /// Reads the rows that had to wait; those that still have to stay waiting.
    fn read_waiting(&mut self, file: &mut File, rejects: &mut Rejects<'_>) -> std::result::Result<(), Halt> {
        if file.waiting.len() == 0 {
            return Ok(());
        }
        let mut waiting = std::mem::take(&mut file.waiting);
        let shared = self.share(file);
        let mut read = |row: &Row<'_>| -> Result<bool> {
            let mut harvest = shared.harvest();
            // None of them is one of the first two any more.
            let context = shared.context();
            let mut reader =
                RowReader { context, columns: &mut file.columns, harvest: &mut harvest, read_before: 2 };
            match reader.row(row, 0) {
                Ok(()) => {}
                Err(super::column::Verdict::Waits) => return Ok(true),
                Err(super::column::Verdict::Fatal(error)) => return Err(error),
                Err(super::column::Verdict::Rejected(problem)) => reader.refuse(row, 0, problem),
            }
            let raw = |_: u32| row.raw;
            let made = make(&shared, &mut harvest, &raw)?;
            match self.take(&shared, harvest, made, &raw, rejects, &mut |_| Ok(())) {
                // That rows have to be read again is noticed once more when all are read.
                Ok(()) | Err(Halt::Again(_)) => Ok(false),
                Err(Halt::Failed(error)) => Err(error),
            }
        };
        waiting.retry(shared.file.delimiter, &mut read)?;
        file.waiting = waiting;
        Ok(())
    }

    /// Reads the rows that still wait. Each one read may decide for others, of its own file and, where
    /// a file leaves a question open that the others agree on, of these.
    fn settle(&mut self, files: &mut [File], rejects: &mut Rejects<'_>) -> std::result::Result<(), Halt> {
        let waiting = |files: &[File]| files.iter().map(|file| file.waiting.len()).sum::<usize>();
        let mut left = waiting(files);
        while left > 0 {
            let columns = files.iter().map(|file| &file.columns);
            let dates = columns.clone().flat_map(|columns| [&columns.dates, &columns.refund_dates]);
            let orders: BTreeSet<_> = dates.filter_map(DateColumn::order).collect();
            let marks: BTreeSet<_> = columns.filter_map(|columns| columns.amounts.mark()).collect();
            for file in files.iter_mut().filter(|file| file.waiting.len() > 0) {
                file.columns.dates.follow(&orders);
                file.columns.refund_dates.follow(&orders);
                file.columns.amounts.follow(&marks);
                self.read_waiting(file, rejects)?;
            }
            let before = std::mem::replace(&mut left, waiting(files));
            if left == before {
                break;
            }
        }
        match files.iter().find(|file| file.waiting.len() > 0) {
            None => Ok(()),
            Some(file) => Ok(file.settled()?),
        }
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

/// A file's number, and a line in it.
type Place = (u32, u64);

/// What came of a part of the log.
struct Gathered {
    classified: Classified,
    rejections: Vec<Rejection>,
    account: Account,
    /// Orders of the separate files that were found.
    returned: u64,
    paid: u64,
}

/// Classifies gathered orders, and hands them on to the one who takes them.
fn finish(mut gatherer: Gatherer<'_>, taker: Option<&dyn TakesBatches>) -> Result<Gathered> {
    let (returned, paid) = gatherer.add_separate()?;
    let files = gatherer.files_known();
    let rejections = gatherer.book.take_unfinished(&files);
    let mut classified = Classified::default();
    let mut batch = Batch::new(gatherer.book.segment_columns().len());
    classified.add(&mut gatherer.book, &rules(gatherer.options, &files), &mut batch)?;
    classified.push_batch(&mut batch, gatherer.book.segment_columns())?;
    if let Some(taker) = taker {
        classified.take_batches().iter().try_for_each(|batch| taker.take(batch))?;
    }
    Ok(Gathered { classified, rejections, account: gatherer.account, returned, paid })
}

fn give(taker: Option<&dyn TakesBatches>, kept: &mut Vec<DataFrame>, batch: DataFrame) -> Result<()> {
    match taker {
        Some(taker) => taker.take(&batch),
        None => {
            kept.push(batch);
            Ok(())
        }
    }
}

/// Hands a batch on, on a thread of the pool.
fn emit_on<'s>(
    scope: &Scope<'s>,
    taker: Option<&'s dyn TakesBatches>,
    kept: &mut Vec<DataFrame>,
    trouble: &'s Mutex<Option<Error>>,
    batch: DataFrame,
) {
    let Some(taker) = taker else { return kept.push(batch) };
    scope.spawn(move |_| {
        if let Err(error) = taker.take(&batch) {
            lock(trouble).get_or_insert(error);
        }
    });
}

/// A file by its name, however its path is spelled.
fn identity(name: &str) -> PathBuf {
    Path::new(name).canonicalize().unwrap_or_else(|_| name.into())
}
