//! Orders to purchases and returns: grouping, refunds, currencies, reasons to leave an order out.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::DataFrame;

use super::account::{Account, Reason};
use super::book::{Book, FileFacts, NONE};
use super::came_back::refunds;
use super::date::{Stamp, day_of};
use super::draft::{Draft, NO_DATE};
use super::frames::Batch;
use super::grouping::{Evidence, Grouping, Lines, Undecided, decide};
use super::order_options::RefundsAt;
use super::privacy::Privacy;
use super::rates::Rates;
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::money::{Micros, WideMicros, to_text};

const BATCH: usize = 1 << 16;

/// What the classification needs to know.
#[derive(Debug)]
pub struct Rules<'r> {
    /// `--order-amount`.
    pub order_amount: Option<Grouping>,
    /// `--order-refund`.
    pub order_refund: Option<Grouping>,
    /// `--currency`.
    pub currency: Option<&'r str>,
    /// `--rates`.
    pub rates: Option<&'r Rates>,
    /// `--refunds-at`.
    pub refunds_at: RefundsAt,
    /// `--no-amount`.
    pub without_amounts: bool,
    /// The amounts come from a file of their own, which need not name every order.
    pub amounts_elsewhere: bool,
    /// `--min-amount`.
    pub min_amount: Option<Micros>,
    /// The files, by number.
    pub files: &'r [FileFacts],
}

/// What came of the book.
#[derive(Debug)]
pub struct Finished {
    /// The used orders: `customer` (UInt32), `day` (Date), `at` (Int64, seconds of the civil clock),
    /// `net` (Int64, millionths), `purchase` (Boolean; false: a return), and one UInt32 column per
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

impl Finished {
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

enum Fate {
    Excluded(Reason),
    Used(Used),
}

/// What an order brings into the numbers.
#[derive(Default)]
struct Used {
    /// Its net amount at its own date, and whether that is a purchase. None where the order itself is in
    /// no file, only refunds of it.
    net: Option<(Micros, bool)>,
    /// Refunds at dates of their own.
    refunds: Vec<(Stamp, Micros)>,
    /// More came back than it amounted to.
    beyond: bool,
}

/// Classifies every order, accounts for every line that is left, and makes the frames.
///
/// # Errors
/// A grouping is ambiguous, an order differs between files, two currencies meet, or a currency has no
/// rate.
pub fn classify(book: &Book, rules: &Rules<'_>, account: &mut Account) -> Result<Finished> {
    let classifier = Classifier { book, rules };
    if rules.currency.is_some() && book.currencies.is_empty() {
        return Err(Error::input("the orders name no currency, so --currency cannot choose one")
            .hint("name their column with --map currency=COLUMN"));
    }
    let spanning = classifier.spanning()?;
    let groupings = classifier.groupings()?;
    let mut out = Finished {
        batches: Vec::new(),
        purchases: 0,
        returns: 0,
        keyless: 0,
        revenue: (0, 0),
        purchase_days: None,
        order_days: BTreeSet::new(),
        groupings: groupings.amounts.clone(),
        currency: rules.currency.map(str::to_owned),
        spanning,
        returned_beyond: 0,
    };
    let mut seen_currency = None;
    let mut last_day = None;
    let mut batch = Batch::new(book.segment_columns().len());
    for (number, draft, segments) in book.orders().filter(|(_, draft, _)| draft.lines > 0) {
        let at = book.at(number);
        if at != NO_DATE && last_day.replace(day_of(at)) != Some(day_of(at)) {
            out.order_days.insert(day_of(at));
        }
        let used = match classifier.fate(number, draft, &groupings)? {
            Fate::Excluded(reason) => {
                account.exclude(reason, draft.lines.into());
                continue;
            }
            Fate::Used(used) => used,
        };
        if rules.currency.is_none() {
            classifier.check_currency(draft, &mut seen_currency)?;
        }
        out.returned_beyond += u64::from(used.beyond);
        let customer = book.customer_of(number);
        let segments = match book.came_back(number) {
            Some(back) if draft.sales == 0 => back.segments(),
            _ => segments,
        };
        let entries = used.net.map(|(net, purchase)| (at, net, purchase));
        let refunds = used.refunds.iter().map(|(at, amount)| (*at, -amount, false));
        for (at, net, purchase) in entries.into_iter().chain(refunds) {
            out.revenue.0 += WideMicros::from(net);
            if customer == NONE {
                out.revenue.1 += WideMicros::from(net);
                continue;
            }
            if purchase {
                let day = day_of(at);
                let (first, last) = out.purchase_days.unwrap_or((day, day));
                out.purchase_days = Some((first.min(day), last.max(day)));
            }
            *(if purchase { &mut out.purchases } else { &mut out.returns }) += 1;
            batch.push(customer, at, net, purchase, segments);
            if batch.len() == BATCH {
                out.batches.push(batch.take(book.segment_columns())?);
            }
        }
        if customer == NONE {
            out.keyless += 1;
            account.exclude(Reason::NoCustomer, draft.lines.into());
        } else {
            account.used += u64::from(draft.lines);
        }
    }
    if batch.len() > 0 {
        out.batches.push(batch.take(book.segment_columns())?);
    }
    if let Some((number, ..)) = seen_currency.filter(|(number, ..): &Place| *number != NONE) {
        out.currency = Some(book.currencies.display(number).into_owned());
    }
    Ok(out)
}

/// A currency's number, and the file and line it stands on.
type Place = (u32, u32, u64);

/// The groupings of amounts and of refunds.
struct Groupings {
    /// Those of amounts and how they were found, by the header of the amount column.
    amounts: BTreeMap<Option<String>, (Grouping, Evidence)>,
    /// Those of amounts and of refunds, by the number of the file.
    of_file: Vec<(Grouping, Grouping)>,
}

struct Classifier<'c> {
    book: &'c Book,
    rules: &'c Rules<'c>,
}

impl Classifier<'_> {
    fn facts(&self, draft: &Draft) -> &FileFacts {
        &self.rules.files[draft.file as usize]
    }

    fn place(&self, draft: &Draft, what: &str) -> Error {
        Error::input(format!("{}:{}: {what}", self.facts(draft).name, draft.line))
    }

    /// Counts the orders whose lines stand in several files. In files with one row per order they are
    /// one order in two versions.
    fn spanning(&self) -> Result<u64> {
        let (orders, has_lines) = self.book.spanning();
        let versions = orders.iter().find(|order| {
            let (draft, _) = self.book.named(**order);
            if self.book.left_out_elsewhere(**order).is_some() {
                return true;
            }
            let sum = self.rules.order_amount.or(self.facts(draft).order_amount) == Some(Grouping::Sum);
            // One row in each file with the same amount is one order twice, also among files of lines.
            let twice = draft.lines == 2 && draft.amount.open().is_some();
            !sum && (!has_lines || twice)
        });
        let Some(first) = versions else { return Ok(orders.len() as u64) };
        let (draft, id) = self.book.named(*first);
        let (file, line) = self.book.left_out_elsewhere(*first).unwrap_or(draft.end);
        let other = &self.rules.files[file as usize].name;
        let what = format!("order \"{id}\" stands in {other}:{line}, too, with other values");
        Err(self.place(draft, &what).hint(
            "say --on-conflict last where later files are newer; if the rows are lines of one order, --order-amount sum",
        ))
    }

    /// Decides the groupings of all amount columns from all orders that have them.
    fn groupings(&self) -> Result<Groupings> {
        let nothing = (Grouping::Sum, Grouping::Sum);
        let mut groupings =
            Groupings { amounts: BTreeMap::new(), of_file: vec![nothing; self.rules.files.len()] };
        let headers: BTreeSet<_> = self.rules.files.iter().map(|file| file.amount_header.clone()).collect();
        for header in headers {
            let is_mine: Vec<bool> =
                self.rules.files.iter().map(|file| file.amount_header == header).collect();
            let mine = || {
                let of = self.book.orders().filter(|(_, draft, _)| draft.lines > 0);
                of.filter(|(_, draft, _)| is_mine[draft.file as usize])
            };
            let amounts = mine().map(|(number, draft, _)| (number, &draft.amount));
            let mut known = self.rules.files.iter().filter(|file| file.amount_header == header);
            let flag = self.rules.order_amount.or(known.find_map(|file| file.order_amount));
            let mut amount = decide(flag, header.as_deref(), amounts)
                .map_err(|undecided| self.undecided(undecided, false))?;
            if amount.1 == Evidence::Flag && self.rules.order_amount.is_none() {
                amount.1 = Evidence::Known;
            }
            let refunds = mine().map(|(number, draft, _)| (number, draft.refunded()));
            let name = mine().find_map(|(_, draft, _)| self.facts(draft).refunded_header.clone());
            let refund = match decide(self.rules.order_refund, Some(&name.unwrap_or_default()), refunds) {
                Ok((grouping, _)) => grouping,
                // Where lines repeat the order's total, they repeat its refund.
                Err(Undecided::Repeated(_)) if amount.0 == Grouping::Once => Grouping::Once,
                Err(undecided) => return Err(self.undecided(undecided, true)),
            };
            for (of_file, file) in groupings.of_file.iter_mut().zip(self.rules.files) {
                if file.amount_header == header {
                    *of_file = (amount.0, refund);
                }
            }
            groupings.amounts.insert(header, amount);
        }
        Ok(groupings)
    }

    fn undecided(&self, undecided: Undecided, refunds: bool) -> Error {
        let (Undecided::Repeated(number) | Undecided::TotalDiffers(number) | Undecided::NotOnce(number)) =
            undecided;
        let (draft, id) = self.book.named(number);
        let facts = self.facts(draft);
        let (header, lines, flag): (_, &Lines, _) = if refunds {
            (&facts.refunded_header, draft.refunded(), "--order-refund")
        } else {
            (&facts.amount_header, &draft.amount, "--order-amount")
        };
        let column = header
            .as_deref()
            .map_or_else(|| "quantity × price".to_owned(), |name| format!("column \"{name}\""));
        let (what, hint) = match undecided {
            Undecided::Repeated(_) => (
                format!(
                    "order \"{id}\" has {} lines with {} each: its total, repeated, or an amount per line?",
                    lines.priced,
                    to_text(lines.open().unwrap_or_default().into())
                ),
                format!("say {flag} once (the order's total stands on its lines) or {flag} sum"),
            ),
            Undecided::TotalDiffers(_) => (
                format!("named like the total of an order, it differs within order \"{id}\""),
                format!("say {flag} sum if each line has an amount of its own; else correct the file"),
            ),
            Undecided::NotOnce(_) => (
                format!("it differs within order \"{id}\", so it is not the order's total, repeated"),
                format!("say {flag} sum if each line has an amount of its own; else correct the file"),
            ),
        };
        self.place(draft, &format!("{column}: {what}")).hint(hint)
    }

    fn fate(&self, number: usize, draft: &Draft, groupings: &Groupings) -> Result<Fate> {
        if let Some(reason) = self.book.excluded(number) {
            return Ok(Fate::Excluded(reason));
        }
        let is_sale = draft.sales > 0;
        if is_sale && self.rules.amounts_elsewhere && draft.amount.count == 0 {
            return Ok(Fate::Excluded(Reason::NoAmount));
        }
        if !is_sale && self.rules.without_amounts {
            return Ok(Fate::Excluded(Reason::OtherKind)); // a refund without an amount
        }
        let too_large = || self.place(draft, "its amount is too large");
        let (amounts, grouping) = groupings.of_file[draft.file as usize];
        let gross = draft.amount.total(amounts);
        let on_lines = draft.refunded().total(grouping);
        let back = self.book.came_back(number);
        let refunds = refunds(back, gross, on_lines, grouping).ok_or_else(too_large)?;
        let beyond = is_sale && refunds.total > gross.max(0) && !self.rules.without_amounts;
        if self.rules.refunds_at == RefundsAt::Order {
            let net = gross.checked_sub(refunds.total).ok_or_else(too_large)?;
            let came_back = refunds.all || refunds.total > 0 || draft.amount.negative;
            return self.judge(number, draft, net, came_back, Used { beyond, ..Used::default() }, Vec::new());
        }
        if refunds.all && refunds.parts.iter().all(|(at, _)| at.is_none()) {
            return Ok(Fate::Excluded(Reason::RefundedInFull)); // when, nobody knows
        }
        let undated = || {
            self.place(draft, "a refund without a date, which --refunds-at refund needs").hint(
                "name its column with --map refunded_at=COLUMN, or a column Date in the file of --returns",
            )
        };
        let dated = refunds.parts.iter().map(|(at, amount)| Ok((at.ok_or_else(undated)?, *amount)));
        let used = Used { beyond, ..Used::default() };
        self.judge(number, draft, gross, draft.amount.negative, used, dated.collect::<Result<_>>()?)
    }

    /// Whether an order with this net amount is a purchase, in the report's currency.
    fn judge(
        &self,
        number: usize,
        draft: &Draft,
        net: Micros,
        came_back: bool,
        mut used: Used,
        refunds: Vec<(Stamp, Micros)>,
    ) -> Result<Fate> {
        let at = self.book.at(number);
        let Some(converted) = self.convert(draft, net, at)? else {
            return Ok(Fate::Excluded(Reason::Currency));
        };
        for (at, amount) in refunds {
            match self.convert(draft, amount, at)? {
                Some(amount) => used.refunds.push((at, amount)),
                None => return Ok(Fate::Excluded(Reason::Currency)),
            }
        }
        if draft.sales == 0 && !used.refunds.is_empty() {
            return Ok(Fate::Used(used)); // the order itself is in no file
        }
        if net == 0 && came_back {
            return Ok(Fate::Excluded(Reason::RefundedInFull));
        }
        let purchase = net >= 0;
        if purchase && self.rules.min_amount.is_some_and(|minimum| converted < minimum) {
            return Ok(Fate::Excluded(Reason::BelowMinimum));
        }
        used.net = Some((converted, purchase));
        Ok(Fate::Used(used))
    }

    /// An amount of a day in the report's currency; `None` for an order in another that has no rates.
    fn convert(&self, draft: &Draft, net: Micros, at: Stamp) -> Result<Option<Micros>> {
        let Some(target) = self.rules.currency else { return Ok(Some(net)) };
        let name = (draft.currency != NONE).then(|| self.book.currencies.display(draft.currency));
        let Some(rates) = self.rules.rates else {
            return Ok((name.as_deref() == Some(target)).then_some(net));
        };
        let day = day_of(at);
        let Some(name) = name else {
            return Err(self.place(draft, "the order names no currency, so it cannot be converted"));
        };
        match rates.convert(net, &name, target, day) {
            Some(Some(converted)) => Ok(Some(converted)),
            Some(None) => Err(self.place(draft, "its amount is too large")),
            None => Err(self
                .place(draft, &format!("there is no rate from {name} to {target} on {day}"))
                .hint("add it to the file named by --rates")),
        }
    }

    fn check_currency(&self, draft: &Draft, seen: &mut Option<Place>) -> Result<()> {
        if draft.currency == NONE && !self.facts(draft).has_currencies {
            return Ok(()); // an amount without a currency beside it is in the currency of the others
        }
        let (first, file, line) = *seen.get_or_insert((draft.currency, draft.file, draft.line));
        if first == draft.currency {
            return Ok(());
        }
        let name = |n: u32| {
            if n == NONE {
                "(none)".to_owned()
            } else {
                Privacy::Masked.key(&self.book.currencies.display(n))
            }
        };
        let example = name(first.min(draft.currency));
        let here = name(draft.currency);
        let there = format!("{} ({}:{line})", name(first), self.rules.files[file as usize].name);
        Err(self.place(draft, &format!("the orders are in two currencies, {here} here and {there}")).hint(format!(
            "choose one with --currency {example}, or give a table of rates with --currency {example} --rates FILE"
        )))
    }
}
