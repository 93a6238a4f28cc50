//! What comes of a piece of an orders file, on any thread.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::account::Account;
use super::book::{Direction, Rejection};
use super::classify::Classified;
use super::crew::Reads;
use super::draft::{FileFacts, NO_DATE};
use super::entries::{Entries, Entry, What};
use super::fate::Rules;
use super::frames::Batch;
use super::gather::Gatherer;
use super::keys::Keys;
use super::log::pack;
use super::names::Names;
use super::order_line::{Context, Harvest, RowReader, Stopped};
use super::order_options::OrderOptions;
use super::orders::Way;
use super::orders_file::{Columns, Decided, Shape};
use super::split::View;
use crate::error::{Error, Result};
use crate::means::lock;

/// What the threads that read one file share.
pub(super) struct Shared<'o> {
    pub(super) options: &'o OrderOptions,
    pub(super) segment_columns: &'o [String],
    pub(super) names: Arc<Names>,
    pub(super) file: Arc<Shape>,
    pub(super) files: Arc<[FileFacts]>,
    pub(super) repaired: HashSet<u64>,
    pub(super) way: Way,
    /// Entries whose memory is used again.
    pub(super) spare: Mutex<Vec<Entries>>,
}

/// What came of some rows.
pub(super) enum Made {
    /// Orders of which all rows are among these, and the entries of the others.
    Whole(Box<WholeOrders>),
    /// Entries, packed for the log.
    Packed(Vec<u8>),
}

#[derive(Default)]
pub(super) struct WholeOrders {
    pub(super) classified: Classified,
    pub(super) rejections: Vec<Rejection>,
    pub(super) account: Account,
    pub(super) direction: Direction,
    /// The hashes of the ids of the orders, but for the first and the last, where they are to be compared.
    pub(super) ids: Vec<u64>,
    /// The entries of the first and the last order.
    pub(super) edges: Vec<usize>,
    pub(super) failed: Option<Error>,
}

/// What came of a piece.
pub(super) struct Found {
    /// What was decided of the columns before it was read.
    pub(super) decided: Decided,
    pub(super) stopped: Stopped,
    pub(super) harvest: Harvest,
    pub(super) made: Result<Made>,
}

impl Reads for Shared<'_> {
    type Decided = Columns;
    type Found = Found;

    fn read(&self, columns: Columns, rows: &View<'_>) -> Found {
        let mut harvest = self.harvest();
        let decided = columns.decided();
        let mut columns = columns.frozen();
        // None of them is one of the first two.
        let mut reader = RowReader {
            context: self.context(),
            columns: &mut columns,
            harvest: &mut harvest,
            read_before: 2,
        };
        let stopped = reader.read(rows, 0);
        let made = make(self, &mut harvest, &|row| rows.row(row as usize).raw);
        Found { decided, stopped, harvest, made }
    }
}

impl Shared<'_> {
    /// Nothing yet, in memory that was used before where there is some.
    pub(super) fn harvest(&self) -> Harvest {
        let mut harvest = Harvest::new(self.segment_columns.len());
        if let Some(entries) = lock(&self.spare).pop() {
            harvest.entries = entries;
        }
        harvest
    }

    /// Takes entries back that are done with.
    pub(super) fn use_again(&self, mut entries: Entries) {
        entries.clear();
        lock(&self.spare).push(entries);
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context { options: self.options, names: &self.names, file: &self.file, repaired: &self.repaired }
    }
}

/// Makes orders of what rows say, where they are whole; else packs it.
pub(super) fn make<'r>(
    shared: &Shared<'_>,
    harvest: &mut Harvest,
    raw: &dyn Fn(u32) -> &'r [u8],
) -> Result<Made> {
    let entries = &mut harvest.entries;
    entries.number_customers(&shared.names.customers);
    if shared.way == Way::Apart {
        let options = shared.options;
        let needs_amount = !options.without_amounts && options.amounts.is_none();
        let again = shared.files.len() > 1;
        let mut packed = Vec::with_capacity(entries.list.len() * 48);
        let raw = |entry: &Entry| {
            let is_line = entry.what == What::Line;
            let unfinished = entry.at == NO_DATE || (needs_amount && !entry.has_amount);
            (is_line && (again || unfinished)).then(|| raw(entry.row))
        };
        pack(entries, shared.file.number, raw, &mut packed);
        return Ok(Made::Packed(packed));
    }
    whole_orders(shared, entries, raw).map(|whole| Made::Whole(Box::new(whole)))
}

/// Makes orders of the entries whose other entries are among these; those of the first and the last order stay.
fn whole_orders<'r>(
    shared: &Shared<'_>,
    entries: &Entries,
    raw: &dyn Fn(u32) -> &'r [u8],
) -> Result<WholeOrders> {
    let mut whole = WholeOrders::default();
    let ids = || entries.list.iter().filter_map(|entry| entries.bytes(entry.id));
    // Equal ids are taken to stand together: those like the first in front, those like the last behind.
    let first = ids().next();
    let firsts =
        entries.list.iter().take_while(|entry| [None, first].contains(&entries.bytes(entry.id))).count();
    let last = ids().next_back();
    let is_last = |entry: &&Entry| [None, last].contains(&entries.bytes(entry.id));
    let lasts = entries.list.len() - entries.list.iter().rev().take_while(is_last).count();
    let files = Arc::clone(&shared.files);
    let rules = rules(shared.options, &files);
    // Rows that stand in several files are no rows of orders that are whole within a piece.
    let mut gatherer =
        Gatherer::new(shared.options, shared.segment_columns, Arc::clone(&files), Arc::clone(&shared.names))
            .of_one_file();
    let mut batch = Batch::new(shared.segment_columns.len());
    batch.reserve(entries.list.len());
    let number = shared.file.number;
    let mut following = ids().skip(1);
    // Whether the entry before, and the one behind, are of the same order as the entry at hand.
    let (mut same_before, mut same_behind);
    same_behind = false;
    for (index, entry) in entries.list.iter().enumerate() {
        let id = entries.bytes(entry.id);
        let mut is_alone = true;
        if let Some(id) = id {
            same_before = same_behind;
            same_behind = following.next().is_some_and(|next| {
                let step = Direction::of(id, next);
                whole.direction = whole.direction.and(step);
                step == Direction::Open
            });
            if index < firsts || index >= lasts {
                whole.edges.push(index);
                continue;
            }
            is_alone = !same_before && !same_behind;
            if shared.way == Way::Together && !same_before {
                whole.ids.push(Keys::hash(id));
            }
        }
        if is_alone && whole.classified.add_alone(entries, index, number, &rules, &mut batch) {
            continue;
        }
        if let Err(error) = gatherer.add(entries, index, number, raw(entry.row)) {
            whole.failed = Some(error);
            break;
        }
    }
    if shared.way == Way::Together || whole.direction != Direction::Mixed {
        whole.rejections = gatherer.book.take_unfinished(&files);
        whole.classified.add(&mut gatherer.book, &rules, &mut batch)?;
        whole.classified.push_batch(&mut batch, shared.segment_columns)?;
        whole.account = gatherer.account;
    }
    Ok(whole)
}

pub(super) fn rules<'r>(options: &'r OrderOptions, files: &'r [FileFacts]) -> Rules<'r> {
    Rules {
        order_amount: options.order_amount,
        order_refund: options.order_refund,
        refunds_at: options.refunds_at,
        without_amounts: options.without_amounts,
        amounts_elsewhere: options.amounts.is_some(),
        currency: options.currency.as_deref(),
        rates: options.rates.as_ref(),
        min_amount: options.min_amount,
        files,
    }
}
