//! Taking what comes of the rows of orders files, in the order of the files.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use polars::prelude::DataFrame;
use rayon::prelude::*;
use rayon::{Scope, ThreadPool};

use super::account::{Account, Rejects};
use super::book::{Direction, Rejection};
use super::census::FileCensus;
use super::classify::{Classified, Place};
use super::column::{DateColumn, Verdict};
use super::crew::{Takes, read_all};
use super::draft::{FileFacts, NONE};
use super::fields::OrderField;
use super::frames::{Batch, TakesBatches};
use super::gather::Gatherer;
use super::keys::Keys;
use super::log::Unpacker;
use super::order_line::{Harvest, RowReader, Stopped};
use super::order_piece::{Found, Made, Shared, make, rules};
use super::orders::{Again, OrderReader, Way, identity};
use super::orders_file::{Columns, File};
use super::record::{Pieces, Records, Row};
use super::split::View;
use crate::error::{Error, Result};
use crate::means::lock;

/// Why reading ended early.
pub(super) enum Halt {
    /// It cannot go on.
    Failed(Error),
    /// They have to be read again.
    Again(Again),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Rows behind which ids that go in no direction are no longer expected to be different.
const EARLY: u64 = 100_000;

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
            from = stopped.first_unread(rows);
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
    /// Reads records one piece after the other, on this thread.
    pub(super) fn read_rows(
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
        self.count_rows(&file, before);
        Ok(file)
    }

    /// Reads the pieces of a file with the threads of a pool.
    pub(super) fn read_pieces(
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
        self.count_rows(&file, before);
        Ok(file)
    }

    /// Notes how many rows a file has. `before`: rows read before it.
    fn count_rows(&mut self, file: &File, before: u64) {
        let rows = self.account.read - before;
        if let Some(facts) = self.files.get_mut(file.shape.number as usize) {
            facts.rows += rows;
        }
    }

    fn share(&self, file: &File) -> Shared<'o> {
        Shared {
            options: self.options,
            segment_columns: self.segment_columns,
            names: Arc::clone(&self.names),
            file: Arc::clone(&file.shape),
            files: self.files.clone().into(),
            repaired: self.repaired.get(&identity(&file.shape.header.file)).cloned().unwrap_or_default(),
            way: self.way,
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
        if self.way != Way::Apart && file.waiting.len() > 0 {
            return Err(Halt::Again(Again::As(Way::Apart)));
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
        let mut failed = None;
        for index in whole.edges {
            let row = harvest.entries.list[index].row;
            let added = edges.add(&harvest.entries, index, shared.file.number, raw(row));
            failed = failed.or(added.err());
        }
        let failed = failed.or(whole.failed);
        shared.use_again(harvest.entries);
        let direction = edges.book.direction().and(whole.direction);
        if self.way == Way::InOrder && direction == Direction::Mixed {
            // Where ids went in one direction for so long, the one that does not most likely came before.
            let early = self.account.read < EARLY;
            return Err(Halt::Again(Again::As(if early { Way::Together } else { Way::Apart })));
        }
        if self.way == Way::Together && (failed.is_some() || !self.distinct.add(whole.ids)?) {
            // What contradicts is said as it is where all lines of all orders are known.
            return Err(Halt::Again(Again::As(Way::Apart)));
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        self.account.absorb(&whole.account);
        whole.classified.take_batches().into_iter().try_for_each(emit)?;
        whole.classified.tell(&self.files);
        self.classified.absorb(whole.classified);
        self.add_rejections(whole.rejections)?;
        Ok(())
    }

    /// Whether the rows of every order stood together. Those of the first and the last orders of all pieces do, or are
    /// together by now.
    pub(super) fn are_together(&mut self) -> Result<bool> {
        let book = &self.edges.book;
        let edges = (0..book.len()).filter_map(|order| book.id(order)).map(Keys::hash);
        Ok(self.distinct.add(edges)? && self.distinct.are_different(self.means.pool)?)
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
    pub(super) fn reject_unfinished(&mut self, rejects: &mut Rejects<'_>) -> Result<()> {
        let mut rejections = std::mem::take(&mut self.rejections);
        rejections.sort_by_key(|rejection| (rejection.file, rejection.line));
        for Rejection { file, line, problem, raw } in rejections {
            rejects.add(&self.files[file as usize].name, line, &problem, &raw, &mut self.account)?;
        }
        Ok(())
    }

    /// Puts together what was kept, and classifies it: how many orders of the separate files were found.
    pub(super) fn gather(&mut self) -> Result<(u64, u64)> {
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
        // Orders that are whole do not wait.
        let mut nobody = |_| Err(Error::internal("an order was whole before its rows were read"));
        let mut read = |row: &Row<'_>| -> Result<bool> {
            let mut harvest = shared.harvest();
            // None of them is one of the first two any more.
            let context = shared.context();
            let mut reader =
                RowReader { context, columns: &mut file.columns, harvest: &mut harvest, read_before: 2 };
            match reader.row(row, 0) {
                Ok(()) => {}
                Err(Verdict::Waits) => return Ok(true),
                Err(Verdict::Fatal(error)) => return Err(error),
                Err(Verdict::Rejected(problem)) => reader.refuse(row, 0, problem),
            }
            let raw = |_: u32| row.raw;
            let made = make(&shared, &mut harvest, &raw)?;
            match self.take(&shared, harvest, made, &raw, rejects, &mut nobody) {
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
    pub(super) fn settle(
        &mut self,
        files: &mut [File],
        rejects: &mut Rejects<'_>,
    ) -> std::result::Result<(), Halt> {
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
}

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
    classified.tell(&files);
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
