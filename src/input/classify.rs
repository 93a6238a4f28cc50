//! Orders to purchases and returns: grouping, refunds, currencies, reasons to leave an order out.
//!
//! Books are classified one by one, by any thread; what comes of them is put together in the end, and is the same in
//! whatever order. Where only all orders together decide how lines become orders, those it makes a difference to are
//! set aside until then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;

use polars::prelude::DataFrame;

use super::account::{Account, Reason};
use super::book::Book;
use super::date::day_of;
use super::draft::{Draft, FileFacts, NO_DATE, NONE};
use super::entries::{Entries, What};
use super::fate::{Classifier, Fate, Rules};
use super::frames::Batch;
use super::grouping::{Evidence, Grouping, Lines, Undecided, decide};
use super::names::Names;
use super::privacy::Privacy;
use crate::calendar::{Day, DaySet};
use crate::error::{Error, Result};
use crate::money::WideMicros;

const BATCH: usize = 1 << 16;

/// What came of the orders.
#[derive(Debug, Default)]
pub struct Finished {
    /// The used orders, where nobody else takes them: `customer` (UInt32), `day` (Date), `at` (Int64, seconds of the
    /// civil clock), `net` (Int64, millionths), `purchase` (Boolean; false: a return), and one UInt32 column per
    /// segmenting orders column.
    pub batches: Vec<DataFrame>,
    /// Orders in the batches that are purchases.
    pub purchases: u64,
    /// Orders in the batches that are returns.
    pub returns: u64,
    /// Orders that would count but have no customer.
    pub keyless: u64,
    /// Revenue of all orders that count or would, and of those without customer.
    pub revenue: (WideMicros, WideMicros),
    /// The first and the last day with a purchase.
    pub purchase_days: Option<(Day, Day)>,
    /// The days of all orders with a date that counts, also of those left out for another reason than
    /// their status.
    pub order_days: BTreeSet<Day>,
    /// How lines became orders, by amount column.
    pub groupings: BTreeMap<Option<String>, (Grouping, Evidence)>,
    /// The currency of all amounts, where the files say it.
    pub currency: Option<String>,
    /// Orders of which more came back than they amounted to.
    pub returned_beyond: u64,
    /// Orders whose lines were put together from several files.
    pub spanning: u64,
}

/// A file's number, and a line in it: where an order begins. Of several orders the first is named.
pub(super) type Place = (u32, u64);

/// The first of several by their places.
fn first<T>(known: &mut Option<(Place, T)>, place: Place, new: impl FnOnce() -> T) {
    if known.as_ref().is_none_or(|(known, _)| place < *known) {
        *known = Some((place, new()));
    }
}

fn first_of<T>(known: &mut Option<(Place, T)>, other: Option<(Place, T)>) {
    if let Some((place, new)) = other {
        first(known, place, || new);
    }
}

/// An order that shows how lines become orders: its id, and the lines that bear an amount.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) lines: Lines,
}

/// What the orders of one file show of how the lines of a column become orders.
#[derive(Debug, Default)]
struct Showing {
    /// An order whose lines all bear the same amount.
    open: Option<(Place, Shown)>,
    /// One whose lines bear different ones.
    differing: Option<(Place, Shown)>,
    /// How orders that it makes a difference to were grouped.
    used: BTreeSet<Grouping>,
}

impl Showing {
    fn see(&mut self, place: Place, lines: &Lines, id: impl FnOnce() -> String) {
        let which = if lines.differ { &mut self.differing } else { &mut self.open };
        first(which, place, || Shown { id: id(), lines: lines.clone() });
    }

    fn absorb(&mut self, other: Self) {
        first_of(&mut self.open, other.open);
        first_of(&mut self.differing, other.differing);
        self.used.extend(other.used);
    }
}

/// Orders whose lines stand in several files.
#[derive(Debug, Default)]
struct Spanning {
    orders: u64,
    /// One that is an order in two versions, whatever the files hold: where it stands as well, and its id.
    versions: Option<(Place, (Place, String))>,
    /// One that is, where files have one row per order.
    if_no_lines: Option<(Place, (Place, String))>,
    /// The files have several rows per order.
    has_lines: bool,
}

/// What came of some books.
#[derive(Debug, Default)]
pub(super) struct Classified {
    pub(super) finished: Finished,
    /// Rows that are used, and rows of orders that are left out.
    pub(super) account: Account,
    order_days: DaySet,
    /// By file: amounts, and refunds.
    showing: BTreeMap<u32, (Showing, Showing)>,
    spanning: Spanning,
    /// Where each currency of the orders stands first; and the one seen last.
    currencies: BTreeMap<u32, Place>,
    last_currency: Option<(u32, Place)>,
    /// The first order that cannot be used.
    failed: Option<(Place, Error)>,
    /// Orders that wait for the grouping.
    waiting: Vec<Book>,
}

/// How the lines of each file become orders, where that is known: amounts, and refunds.
type Groupings = Vec<(Option<Grouping>, Option<Grouping>)>;

impl Classified {
    /// Classifies an order of one line that says all an order needs and takes nothing back, as
    /// [`Self::add`] does; `false` where it is another order, of which nothing is noted.
    pub(super) fn add_alone(
        &mut self,
        entries: &Entries,
        index: usize,
        file: u32,
        rules: &Rules<'_>,
        batch: &mut Batch,
    ) -> bool {
        let entry = &entries.list[index];
        let is_plain = entry.what == What::Line
            && entry.at != NO_DATE
            && entry.has_amount
            && entry.amount >= rules.min_amount.unwrap_or(0).max(0)
            && entries.more(entry).says_nothing()
            && !entry.is_refund
            && !entry.wholly_refunded
            && rules.currency.is_none();
        if !is_plain {
            return false;
        }
        let (day, net) = (day_of(entry.at), entry.amount);
        self.order_days.insert(day);
        if entry.currency != NONE || rules.files[file as usize].has_currencies {
            self.see_currency(entry.currency, (file, entry.line));
        }
        self.finished.revenue.0 += WideMicros::from(net);
        if entry.customer == NONE {
            self.finished.revenue.1 += WideMicros::from(net);
            self.finished.keyless += 1;
            self.account.exclude(Reason::NoCustomer, 1);
            return true;
        }
        self.finished.cover((day, day));
        self.finished.purchases += 1;
        self.account.used += 1;
        batch.push(entry.customer, entry.at, net, true, entries.segments(index));
        true
    }

    /// Notes where a currency stands.
    fn see_currency(&mut self, currency: u32, place: Place) {
        if let Some((last, known)) = self.last_currency
            && last == currency
            && known <= place
        {
            return;
        }
        let known = self.currencies.entry(currency).or_insert(place);
        *known = place.min(*known);
        self.last_currency = Some((currency, *known));
    }

    /// Classifies the orders of a book, and accounts for every line that is left.
    ///
    /// # Errors
    /// A frame cannot be made: a bug.
    pub(super) fn add(&mut self, book: &mut Book, rules: &Rules<'_>, batch: &mut Batch) -> Result<()> {
        let foreseen: Groupings = rules.files.iter().map(|file| rules.foreseen(file)).collect();
        self.spanning.has_lines |= book.has_lines();
        let mut waiting = Vec::new();
        let classifier = Classifier { book, rules };
        for (number, draft, segments) in book.orders().filter(|(_, draft, _)| draft.lines > 0) {
            self.spanning.see(&classifier, number, draft);
            let waits = self.show(&classifier, draft, foreseen[draft.file as usize]);
            if waits {
                waiting.push(number);
            } else {
                self.order(&classifier, (number, draft, segments), &foreseen, batch)?;
            }
        }
        if !waiting.is_empty() {
            let mut set_aside = book.like();
            for number in waiting {
                set_aside.adopt(book, number);
            }
            self.waiting.push(set_aside);
        }
        Ok(())
    }

    /// Notes what an order shows of groupings; says whether it has to wait until they are decided.
    fn show(
        &mut self,
        classifier: &Classifier<'_>,
        draft: &Draft,
        (amount, refund): (Option<Grouping>, Option<Grouping>),
    ) -> bool {
        let (amounts, refunded) = (&draft.amount, draft.refunded());
        if amounts.priced < 2 && refunded.priced < 2 {
            return false;
        }
        let (of_amounts, of_refunds) = self.showing.entry(draft.file).or_default();
        let place = (draft.file, draft.line);
        let mut waits = false;
        let columns = [(amounts, of_amounts, amount), (refunded, of_refunds, refund)];
        for (lines, showing, grouping) in columns.into_iter().filter(|(lines, ..)| lines.priced > 1) {
            showing.see(place, lines, || classifier.book.shown_id(draft));
            match grouping {
                Some(grouping) => _ = showing.used.insert(grouping),
                None => waits = true,
            }
        }
        waits
    }

    /// Classifies an order.
    fn order(
        &mut self,
        classifier: &Classifier<'_>,
        (number, draft, segments): (usize, &Draft, &[u32]),
        groupings: &Groupings,
        batch: &mut Batch,
    ) -> Result<()> {
        let book = classifier.book;
        let place = (draft.file, draft.line);
        let at = book.at(number);
        if at != NO_DATE {
            self.order_days.insert(day_of(at));
        }
        let of_file = groupings[draft.file as usize];
        let used = match classifier.fate(number, draft, of_file) {
            Ok(Fate::Used(used)) => used,
            Ok(Fate::Excluded(reason)) => {
                self.account.exclude(reason, draft.lines.into());
                return Ok(());
            }
            Err(error) => {
                first(&mut self.failed, place, || error);
                return Ok(());
            }
        };
        let names_currency = draft.currency != NONE || classifier.facts(draft).has_currencies;
        if classifier.rules.currency.is_none() && names_currency {
            self.see_currency(draft.currency, place);
        }
        let finished = &mut self.finished;
        finished.returned_beyond += u64::from(used.beyond);
        let customer = book.customer_of(number);
        let segments = match book.came_back(number) {
            Some(back) if draft.sales == 0 => back.segments(),
            _ => segments,
        };
        let entries = used.net.map(|(net, purchase)| (at, net, purchase));
        let refunds = used.refunds.iter().map(|(at, amount)| (*at, -amount, false));
        for (at, net, purchase) in entries.into_iter().chain(refunds) {
            finished.revenue.0 += WideMicros::from(net);
            if customer == NONE {
                finished.revenue.1 += WideMicros::from(net);
                continue;
            }
            if purchase {
                let day = day_of(at);
                finished.cover((day, day));
            }
            *(if purchase { &mut finished.purchases } else { &mut finished.returns }) += 1;
            batch.push(customer, at, net, purchase, segments);
            if batch.len() == BATCH {
                finished.batches.push(batch.take(book.segment_columns())?);
            }
        }
        if customer == NONE {
            finished.keyless += 1;
            self.account.exclude(Reason::NoCustomer, draft.lines.into());
        } else {
            self.account.used += u64::from(draft.lines);
        }
        Ok(())
    }

    /// Adds the orders of a batch that is not full.
    ///
    /// # Errors
    /// A frame cannot be made: a bug.
    pub(super) fn push_batch(&mut self, batch: &mut Batch, segment_columns: &[String]) -> Result<()> {
        if batch.len() > 0 {
            self.finished.batches.push(batch.take(segment_columns)?);
        }
        Ok(())
    }

    /// Tells those who read on what these orders have shown of how lines become orders.
    pub(super) fn tell(&self, files: &[FileFacts]) {
        for (number, (amounts, refunds)) in &self.showing {
            let known = &files[*number as usize].known;
            known.amounts_differ.fetch_or(amounts.differing.is_some(), Relaxed);
            known.refunds_differ.fetch_or(refunds.differing.is_some(), Relaxed);
        }
    }

    /// Adds what came of other books.
    pub(super) fn absorb(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.finished, other.finished);
        mine.batches.extend(theirs.batches);
        mine.purchases += theirs.purchases;
        mine.returns += theirs.returns;
        mine.keyless += theirs.keyless;
        mine.revenue.0 += theirs.revenue.0;
        mine.revenue.1 += theirs.revenue.1;
        mine.returned_beyond += theirs.returned_beyond;
        if let Some(days) = theirs.purchase_days {
            mine.cover(days);
        }
        self.account.absorb(&other.account);
        self.order_days.extend(&other.order_days);
        for (file, (amounts, refunds)) in other.showing {
            let (my_amounts, my_refunds) = self.showing.entry(file).or_default();
            my_amounts.absorb(amounts);
            my_refunds.absorb(refunds);
        }
        let spanning = &mut self.spanning;
        spanning.orders += other.spanning.orders;
        spanning.has_lines |= other.spanning.has_lines;
        first_of(&mut spanning.versions, other.spanning.versions);
        first_of(&mut spanning.if_no_lines, other.spanning.if_no_lines);
        for (currency, place) in other.currencies {
            let known = self.currencies.entry(currency).or_insert(place);
            *known = place.min(*known);
        }
        first_of(&mut self.failed, other.failed);
        self.waiting.extend(other.waiting);
    }

    /// The batches so far, for somebody who takes them.
    pub(super) fn take_batches(&mut self) -> Vec<DataFrame> {
        std::mem::take(&mut self.finished.batches)
    }

    /// Decides what only all orders together decide, and classifies those that waited for it. The batches that are
    /// left are in [`Finished::batches`].
    ///
    /// # Errors
    /// A grouping is ambiguous, an order differs between files, two currencies meet, or a currency has no rate.
    pub(super) fn finish(mut self, rules: &Rules<'_>, names: &Names) -> Result<(Finished, Account)> {
        if rules.currency.is_some() && names.currencies.is_empty() {
            return Err(Error::input("the orders name no currency, so --currency cannot choose one")
                .hint("name their column with --map currency=COLUMN"));
        }
        self.check_versions(rules)?;
        let groupings = self.decide(rules)?;
        let mut batch = None;
        for book in std::mem::take(&mut self.waiting) {
            let classifier = Classifier { book: &book, rules };
            let batch = batch.get_or_insert_with(|| Batch::new(book.segment_columns().len()));
            for order in book.orders() {
                self.order(&classifier, order, &groupings, batch)?;
            }
            self.push_batch(batch, book.segment_columns())?;
        }
        if let Some((_, error)) = self.failed {
            return Err(error);
        }
        self.finished.currency = match rules.currency {
            Some(currency) => Some(currency.to_owned()),
            None => one_currency(&self.currencies, rules, names)?,
        };
        self.finished.spanning = self.spanning.orders;
        self.finished.order_days = self.order_days.iter().collect();
        Ok((self.finished, self.account))
    }

    /// In files with one row per order, an order in two files is one order in two versions.
    fn check_versions(&self, rules: &Rules<'_>) -> Result<()> {
        let Spanning { versions, if_no_lines, has_lines, .. } = &self.spanning;
        let others = if_no_lines.iter().filter(|_| !has_lines);
        let Some((place, ((file, line), id))) = versions.iter().chain(others).min_by_key(|(place, _)| *place)
        else {
            return Ok(());
        };
        let other = &rules.files[*file as usize].name;
        let what = format!("order \"{id}\" stands in {other}:{line}, too, with other values");
        Err(rules.place(*place, &what).hint(
            "say --on-conflict last where the file named last is the newer one (those of a pattern come by name), else first; if the rows are lines of one order, --order-amount sum",
        ))
    }

    /// Decides the groupings of all amount columns from all orders that have them.
    fn decide(&mut self, rules: &Rules<'_>) -> Result<Groupings> {
        let mut groupings: Groupings = vec![(None, None); rules.files.len()];
        // A profile speaks for its own files only, and every column for itself.
        let key =
            |file: &FileFacts| (file.amount_header.clone(), file.refunded_header.clone(), file.order_amount);
        let keys: BTreeSet<_> = rules.files.iter().map(key).collect();
        for columns in keys {
            let header = &columns.0;
            let mine = || (0..).zip(rules.files).filter(|(_, file)| key(file) == columns);
            let (mut amounts, mut refunds) = (Showing::default(), Showing::default());
            for (of_amounts, of_refunds) in mine().filter_map(|(number, _)| self.showing.remove(&number)) {
                amounts.absorb(of_amounts);
                refunds.absorb(of_refunds);
            }
            let flag = rules.order_amount.or(mine().find_map(|(_, file)| file.order_amount));
            let mut amount = decide(flag, header.as_deref(), amounts.open, amounts.differing)
                .map_err(|undecided| rules.undecided(&undecided, false))?;
            if amount.1 == Evidence::Flag && rules.order_amount.is_none() {
                amount.1 = Evidence::Known;
            }
            let name = mine().find_map(|(_, file)| file.refunded_header.as_deref()).unwrap_or_default();
            let refund = match decide(rules.order_refund, Some(name), refunds.open, refunds.differing) {
                Ok((grouping, _)) => grouping,
                // Where lines repeat the order's total, they repeat its refund.
                Err(Undecided::Repeated(_)) if amount.0 == Grouping::Once => Grouping::Once,
                Err(undecided) => return Err(rules.undecided(&undecided, true)),
            };
            let otherwise = |used: &BTreeSet<Grouping>, decided| used.iter().any(|used| *used != decided);
            if otherwise(&amounts.used, amount.0) || otherwise(&refunds.used, refund) {
                return Err(Error::internal("orders were grouped before it was known how"));
            }
            for (number, _) in mine() {
                groupings[number as usize] = (Some(amount.0), Some(refund));
            }
            self.finished.groupings.insert(header.clone(), amount);
        }
        Ok(groupings)
    }
}

impl Finished {
    /// Covers the days of a purchase, or of several.
    fn cover(&mut self, (first, last): (Day, Day)) {
        let (known_first, known_last) = self.purchase_days.unwrap_or((first, last));
        self.purchase_days = Some((known_first.min(first), known_last.max(last)));
    }

    /// Which of the customers, by number, have a purchase or a return in the batches.
    ///
    /// # Errors
    /// A frame lacks a column: a bug.
    pub fn customers_with_orders(&self, customers: usize) -> Result<Vec<bool>> {
        let mut with_orders = vec![false; customers];
        for batch in &self.batches {
            for customer in batch.column("customer")?.u32()?.iter().flatten() {
                with_orders[customer as usize] = true;
            }
        }
        Ok(with_orders)
    }
}

/// The one currency of the orders, where they name it.
fn one_currency(
    currencies: &BTreeMap<u32, Place>,
    rules: &Rules<'_>,
    names: &Names,
) -> Result<Option<String>> {
    let mut by_place: Vec<(Place, u32)> =
        currencies.iter().map(|(currency, place)| (*place, *currency)).collect();
    by_place.sort_unstable();
    let name = |currency: u32| match currency {
        NONE => "(none)".to_owned(),
        _ => names.currencies.display(currency),
    };
    match by_place.as_slice() {
        [] | [(_, NONE)] => Ok(None),
        [(_, currency)] => Ok(Some(name(*currency))),
        [((file, line), first), (place, second), ..] => {
            let shown = |currency: u32| Privacy::Masked.key(&name(currency));
            let example = shown(if *first == NONE { *second } else { *first });
            let there = format!("{} ({}:{line})", shown(*first), rules.files[*file as usize].name);
            let here = shown(*second);
            Err(rules.place(*place, &format!("the orders are in two currencies, {here} here and {there}")).hint(
                format!(
                    "choose one with --currency {example}, or give a table of rates with --currency {example} --rates FILE"
                ),
            ))
        }
    }
}

impl Spanning {
    /// Notes an order whose lines stand in several files.
    fn see(&mut self, classifier: &Classifier<'_>, number: usize, draft: &Draft) {
        let elsewhere = classifier.book.left_out_elsewhere(number);
        if !draft.spans_files && elsewhere.is_none() {
            return;
        }
        self.orders += 1;
        let place = (draft.file, draft.line);
        let seen = || (elsewhere.unwrap_or(draft.end), classifier.book.shown_id(draft));
        let sum =
            classifier.rules.order_amount.or(classifier.facts(draft).order_amount) == Some(Grouping::Sum);
        // One row in each file with the same amount is one order twice, also among files of lines.
        let twice = draft.lines == 2 && draft.amount.open().is_some();
        if elsewhere.is_some() || (!sum && twice) {
            first(&mut self.versions, place, seen);
        } else if !sum {
            first(&mut self.if_no_lines, place, seen);
        }
    }
}
