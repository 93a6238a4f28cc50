//! The order book: lines gathered into orders, orders classified, frames made of them.
//!
//! Nothing here depends on the order in which lines arrive.

use std::collections::{BTreeSet, HashMap};

use polars::prelude::{Column, DataFrame, IntoColumn, IntoSeries, NamedFrom, Series};

use super::account::{Account, Fault, Problem, Reason, Rejects};
use super::date::{Stamp, day_of};
use super::keys::Keys;
use super::rates::Rates;
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::money::{Micros, WideMicros, to_text};

/// No customer, no segment value, no currency.
pub const NONE: u32 = u32::MAX;

const NO_DATE: Stamp = Stamp::MAX;
const BATCH: usize = 1 << 16;

/// How the amounts of an order's lines become the order's amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Each line has an amount of its own; they are summed.
    Sum,
    /// The order's total is repeated on its lines; it is taken once.
    Once,
}

/// How the grouping was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupingSource {
    /// No order has two lines with amounts.
    NotNeeded,
    /// `--order-amount` says it.
    Flag,
    /// Some order's lines bear different amounts.
    LinesDiffer,
    /// The header names the total of an order, or the amount of a line.
    Header,
    /// Many orders repeat one and the same amount on all their lines.
    AlwaysRepeated,
}

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
    /// The currency's number.
    pub currency: Option<u32>,
    /// Whether it has a status (which is not an excluded one).
    pub has_status: bool,
    /// The values of the orders columns that segment, [`NONE`] where missing.
    pub segments: &'a [u32],
    /// The original bytes.
    pub raw: &'a [u8],
}

/// What is known of an order so far.
#[derive(Debug, Clone)]
struct Draft {
    at: Stamp,
    amount: Lines,
    refunded: Lines,
    line: u64,
    id: u32,
    file: u32,
    customer: u32,
    currency: u32,
    lines: u32,
    dropped: u32,
    has_status: bool,
}

impl Draft {
    /// No line is left, or those left have no status of their own and share the fate of the others.
    fn is_dropped(&self) -> bool {
        self.lines == 0 || (self.dropped > 0 && !self.has_status)
    }
}

/// An amount over the lines of one order, under both groupings.
#[derive(Debug, Clone, Default)]
struct Lines {
    sum: Micros,
    first: Micros,
    count: u32,
    differ: bool,
}

impl Lines {
    fn add(&mut self, value: Micros) -> Option<()> {
        self.sum = self.sum.checked_add(value)?;
        if self.count == 0 {
            self.first = value;
        } else if self.first != value {
            self.differ = true;
        }
        self.count += 1;
        Some(())
    }

    fn value(&self, grouping: Grouping) -> Micros {
        match grouping {
            Grouping::Sum => self.sum,
            Grouping::Once => self.first,
        }
    }

    /// Whether the two groupings give different values and the lines do not say which is right.
    fn is_open(&self) -> bool {
        self.count > 1 && !self.differ && self.first != 0
    }
}

/// What the classification needs to know.
#[derive(Debug)]
pub struct Rules<'r> {
    /// `--order-amount`.
    pub grouping: Option<Grouping>,
    /// Amounts are quantity × price, which stand on lines.
    pub amounts_are_products: bool,
    /// The header of the amount column.
    pub amount_header: Option<&'r str>,
    /// The header of the date column.
    pub date_header: &'r str,
    /// `--currency`.
    pub currency: Option<&'r str>,
    /// `--rates`.
    pub rates: Option<&'r Rates>,
    /// `--as-of`.
    pub as_of: Option<Day>,
    /// `--min-amount`.
    pub min_amount: Option<Micros>,
    /// The names of the files, by number.
    pub files: &'r [String],
}

/// A line that lacks the date or the amount of its order: file, line, original bytes.
type Unfinished = (u32, u64, Box<[u8]>);

/// All orders of a data set, one draft each.
#[derive(Debug, Default)]
pub struct Book {
    drafts: Vec<Draft>,
    ids: Keys,
    /// The draft of each id.
    draft_of: Vec<u32>,
    without_amounts: bool,
    segment_columns: Vec<String>,
    segments: Vec<u32>,
    /// Lines without date or amount, while their order has none either.
    unfinished: HashMap<u32, Vec<Unfinished>>,
    /// The names behind [`Line::currency`].
    pub currencies: Keys,
    /// The keys behind [`Line::customer`].
    pub customers: Keys,
    /// The texts behind [`Line::segments`], by column.
    pub values: Vec<Keys>,
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
    /// Every day on which an order was placed, whatever became of it.
    pub order_days: BTreeSet<Day>,
    /// How lines became orders.
    pub grouping: (Grouping, GroupingSource),
    /// The currency of all amounts, where the files say it.
    pub currency: Option<String>,
}

enum Fate {
    Excluded(Reason),
    Used { at: Stamp, net: Micros, purchase: bool },
}

impl Book {
    /// An empty book with these segmenting columns. `without_amounts`: orders need no amount.
    pub fn new(segment_columns: &[String], without_amounts: bool) -> Self {
        Self {
            segment_columns: segment_columns.to_vec(),
            values: segment_columns.iter().map(|_| Keys::default()).collect(),
            without_amounts,
            ..Self::default()
        }
    }

    /// The order with this id, new or not; without an id always a new one.
    pub fn order(&mut self, id: Option<&[u8]>, file: u32, line: u64) -> u32 {
        let new = u32::try_from(self.drafts.len()).expect("fewer than 2³² orders");
        let id = match id {
            None => NONE,
            Some(id) => {
                let number = self.ids.number(id);
                if let Some(draft) = self.draft_of.get(number as usize) {
                    return *draft;
                }
                self.draft_of.push(new);
                number
            }
        };
        self.drafts.push(Draft {
            at: NO_DATE,
            amount: Lines::default(),
            refunded: Lines::default(),
            line,
            id,
            file,
            customer: NONE,
            currency: NONE,
            lines: 0,
            dropped: 0,
            has_status: false,
        });
        self.segments.resize(self.segments.len() + self.segment_columns.len(), NONE);
        new
    }

    /// The file an order was first seen in.
    pub fn file_of(&self, order: u32) -> u32 {
        self.drafts[order as usize].file
    }

    /// Counts a line whose status excludes it.
    pub fn drop_line(&mut self, order: u32) {
        self.drafts[order as usize].dropped += 1;
    }

    /// Adds a line to its order.
    ///
    /// # Errors
    /// The lines of the order disagree on its customer, its currency or a segment, or their amounts
    /// add up to more than can be held.
    pub fn add(&mut self, order: u32, line: &Line<'_>, files: &[String]) -> Result<()> {
        let draft = &mut self.drafts[order as usize];
        let id = if draft.id == NONE { "".into() } else { self.ids.display(draft.id) };
        let conflict = |what: &str, old: &str, new: &str, earlier: u64| {
            Error::input(format!(
                "{}:{}: the {what} differs within order \"{id}\": \"{new}\" here, \"{old}\" on another line (the order begins on line {earlier})",
                files[line.file as usize], line.line,
            ))
        };
        if let Some(at) = line.at {
            draft.at = draft.at.min(at);
        }
        if let Some(new) = line.customer {
            if draft.customer != NONE && draft.customer != new {
                let text = |n| display_key(&self.customers, n);
                return Err(conflict("customer", &text(draft.customer), &text(new), draft.line)
                    .hint("an order belongs to one customer; is the right column mapped as order_id?"));
            }
            draft.customer = new;
        }
        if let Some(new) = line.currency {
            if draft.currency != NONE && draft.currency != new {
                let text = |n| self.currencies.display(n).into_owned();
                return Err(conflict("currency", &text(draft.currency), &text(new), draft.line));
            }
            draft.currency = new;
        }
        let stride = self.segment_columns.len();
        let known = &mut self.segments[order as usize * stride..][..stride];
        for (column, (old, new)) in known.iter_mut().zip(line.segments).enumerate() {
            if *old == NONE {
                *old = *new;
            } else if *new != NONE && old != new {
                let text = |n| self.values[column].display(n).into_owned();
                let what = format!("column \"{}\"", self.segment_columns[column]);
                return Err(conflict(&what, &text(*old), &text(*new), draft.line).hint(
                    "the column describes lines, not orders; a customer's segment comes from whole orders",
                ));
            }
        }
        let overflow = || {
            Error::input(format!(
                "{}:{}: the amounts of order \"{id}\" add up to more than can be held",
                files[line.file as usize], line.line
            ))
        };
        if let Some(amount) = line.amount {
            draft.amount.add(amount).ok_or_else(overflow)?;
        }
        if let Some(refunded) = line.refunded {
            draft.refunded.add(refunded).ok_or_else(overflow)?;
        }
        draft.lines += 1;
        draft.has_status |= line.has_status;
        let finished = draft.at != NO_DATE && (draft.amount.count > 0 || self.without_amounts);
        if finished {
            if !self.unfinished.is_empty() {
                self.unfinished.remove(&order);
            }
        } else {
            self.unfinished.entry(order).or_default().push((line.file, line.line, line.raw.into()));
        }
        Ok(())
    }

    /// Decides the grouping, classifies every order, accounts for every line, and makes the frames.
    ///
    /// # Errors
    /// The grouping is ambiguous, two currencies meet, or a currency has no rate.
    pub fn finish(&self, rules: &Rules<'_>, account: &mut Account) -> Result<Finished> {
        let grouping = self.grouping(rules)?;
        let refunds =
            if self.drafts.iter().any(|draft| draft.refunded.differ) { Grouping::Sum } else { grouping.0 };
        let mut out = Finished {
            batches: Vec::new(),
            purchases: 0,
            returns: 0,
            keyless: 0,
            revenue: (0, 0),
            purchase_days: None,
            order_days: BTreeSet::new(),
            grouping,
            currency: rules.currency.map(str::to_owned),
        };
        let mut seen_currency = None;
        let mut batch = Batch::new(self.segment_columns.len());
        let stride = self.segment_columns.len();
        for (number, draft) in self.drafts.iter().enumerate() {
            match self.fate(draft, (grouping.0, refunds), rules)? {
                Fate::Excluded(reason) => {
                    account.exclude(reason, draft.lines.into());
                    if draft.at != NO_DATE && reason != Reason::AfterAsOf {
                        out.order_days.insert(day_of(draft.at));
                    }
                }
                Fate::Used { at, net, purchase } => {
                    if rules.rates.is_none() && rules.currency.is_none() {
                        self.check_currency(draft, &mut seen_currency, rules)?;
                    }
                    let day = day_of(at);
                    out.order_days.insert(day);
                    out.revenue.0 += WideMicros::from(net);
                    if draft.customer == NONE {
                        out.keyless += 1;
                        out.revenue.1 += WideMicros::from(net);
                        account.exclude(Reason::NoCustomer, draft.lines.into());
                        continue;
                    }
                    if purchase {
                        out.purchases += 1;
                        let (first, last) = out.purchase_days.unwrap_or((day, day));
                        out.purchase_days = Some((first.min(day), last.max(day)));
                    } else {
                        out.returns += 1;
                    }
                    account.used += u64::from(draft.lines);
                    let segments = &self.segments[number * stride..][..stride];
                    batch.push(draft.customer, at, net, purchase, segments);
                    if batch.len() == BATCH {
                        out.batches.push(batch.take(&self.segment_columns)?);
                    }
                }
            }
        }
        if batch.len() > 0 {
            out.batches.push(batch.take(&self.segment_columns)?);
        }
        if out.currency.is_none() {
            out.currency = seen_currency
                .filter(|(n, _)| *n != NONE)
                .map(|(n, _)| self.currencies.display(n).into_owned());
        }
        Ok(out)
    }

    /// Rejects the lines of every order that has no date, or no amount, on any of them.
    ///
    /// # Errors
    /// The reject file cannot be written.
    pub fn reject_unfinished(
        &mut self,
        rules: &Rules<'_>,
        account: &mut Account,
        rejects: &mut Rejects<'_>,
    ) -> Result<()> {
        let mut unfinished: Vec<_> = std::mem::take(&mut self.unfinished).into_iter().collect();
        unfinished.sort_unstable_by_key(|(order, _)| *order);
        for (order, lines) in unfinished {
            let draft = &mut self.drafts[order as usize];
            if draft.is_dropped() {
                continue;
            }
            let missing =
                if draft.at == NO_DATE { rules.date_header } else { rules.amount_header.unwrap_or("amount") };
            let message = match lines.len() {
                1 => format!("column \"{missing}\" is empty"),
                _ => format!(
                    "column \"{missing}\" is empty on every line of order \"{}\"",
                    self.ids.display(draft.id)
                ),
            };
            draft.lines = 0;
            for (file, line, raw) in lines {
                let problem = Problem::new(Fault::Missing, message.clone());
                rejects.add(&rules.files[file as usize], line, &problem, &raw, account)?;
            }
        }
        Ok(())
    }

    fn fate(&self, draft: &Draft, groupings: (Grouping, Grouping), rules: &Rules<'_>) -> Result<Fate> {
        if draft.is_dropped() {
            return Ok(Fate::Excluded(Reason::Status));
        }
        let day = day_of(draft.at);
        if rules.as_of.is_some_and(|as_of| day > as_of) {
            return Ok(Fate::Excluded(Reason::AfterAsOf));
        }
        let amount = draft.amount.value(groupings.0);
        let refunded = draft.refunded.value(groupings.1);
        let too_large = || Self::place(draft, rules, "its amount is too large");
        let mut net = amount.checked_sub(refunded).ok_or_else(too_large)?;
        if let Some(rates) = rules.rates {
            let name = (draft.currency != NONE).then(|| self.currencies.display(draft.currency));
            let target = rules.currency.unwrap_or_default();
            match name.as_deref().and_then(|name| rates.rate(name, target, day)) {
                Some(rate) => net = crate::money::multiply(net, rate).ok_or_else(too_large)?,
                None => {
                    let what = format!(
                        "there is no rate from {} to {target} on {day}",
                        name.as_deref().unwrap_or("an unnamed currency")
                    );
                    return Err(Self::place(draft, rules, &what).hint("add it to the file named by --rates"));
                }
            }
        } else if let Some(currency) = rules.currency
            && (draft.currency == NONE || self.currencies.text(draft.currency) != currency.as_bytes())
        {
            return Ok(Fate::Excluded(Reason::Currency));
        }
        if refunded > 0 && net == 0 {
            return Ok(Fate::Excluded(Reason::RefundedInFull));
        }
        let purchase = net >= 0;
        if purchase && rules.min_amount.is_some_and(|minimum| net < minimum) {
            return Ok(Fate::Excluded(Reason::BelowMinimum));
        }
        Ok(Fate::Used { at: draft.at, net, purchase })
    }

    fn place(draft: &Draft, rules: &Rules<'_>, what: &str) -> Error {
        Error::input(format!("{}:{}: {what}", rules.files[draft.file as usize], draft.line))
    }

    fn check_currency(&self, draft: &Draft, seen: &mut Option<(u32, u64)>, rules: &Rules<'_>) -> Result<()> {
        let (first, line) = *seen.get_or_insert((draft.currency, draft.line));
        if first == draft.currency {
            return Ok(());
        }
        let name =
            |n: u32| if n == NONE { "(none)".to_owned() } else { self.currencies.display(n).into_owned() };
        let (mut names, example) = ([name(first), name(draft.currency)], name(first.min(draft.currency)));
        names.sort();
        let place = format!("the orders are in two currencies, {} and {}", names[0], names[1]);
        Err(Self::place(draft, rules, &format!("{place} (line {line} has {})", name(first))).hint(format!(
            "choose one with --currency {example}, or give a table of rates with --currency {example} --rates FILE"
        )))
    }

    /// Whether amounts of lines are summed or taken once, decided from all orders.
    fn grouping(&self, rules: &Rules<'_>) -> Result<(Grouping, GroupingSource)> {
        // So many orders, with so many different amounts, do not all repeat one by chance.
        const ORDERS: usize = 10;
        const AMOUNTS: usize = 5;
        if let Some(grouping) = rules.grouping {
            return Ok((grouping, GroupingSource::Flag));
        }
        let kept = || self.drafts.iter().filter(|draft| draft.lines > 0);
        let Some(open) = kept().find(|draft| draft.amount.is_open()) else {
            let differ = kept().any(|draft| draft.amount.differ);
            let source = if differ { GroupingSource::LinesDiffer } else { GroupingSource::NotNeeded };
            return Ok((Grouping::Sum, source));
        };
        if rules.amounts_are_products {
            return Ok((Grouping::Sum, GroupingSource::Header));
        }
        let header = rules.amount_header.unwrap_or("amount");
        let is_total = super::fields::names_order_total(header);
        if let Some(differing) = kept().find(|draft| draft.amount.differ) {
            if is_total {
                return Err(Self::ambiguous(
                    differing,
                    rules,
                    &format!(
                        "column \"{header}\" is named like the total of an order, but differs within one"
                    ),
                ));
            }
            return Ok((Grouping::Sum, GroupingSource::LinesDiffer));
        }
        if is_total {
            return Ok((Grouping::Once, GroupingSource::Header));
        }
        if super::fields::names_line_amount(header) {
            return Ok((Grouping::Sum, GroupingSource::Header));
        }
        let repeated: Vec<Micros> = kept().filter(|d| d.amount.is_open()).map(|d| d.amount.first).collect();
        let different = repeated.iter().collect::<BTreeSet<_>>().len();
        if repeated.len() >= ORDERS && different >= AMOUNTS {
            return Ok((Grouping::Once, GroupingSource::AlwaysRepeated));
        }
        let amount = to_text(open.amount.first.into());
        Err(Self::ambiguous(
            open,
            rules,
            &format!(
                "column \"{header}\": this order has {} lines with the amount {amount} each: its total, repeated, or an amount per line?",
                open.amount.count
            ),
        ))
    }

    fn ambiguous(draft: &Draft, rules: &Rules<'_>, what: &str) -> Error {
        Self::place(draft, rules, what)
            .hint("say --order-amount once (the order's total stands on its lines) or --order-amount sum")
    }
}

/// A customer's key for people: e-mail keys are marked inside so that they never meet an id.
pub fn display_key(customers: &Keys, number: u32) -> String {
    customers.display(number).trim_start_matches('\0').to_owned()
}

/// Columns on their way into a frame.
struct Batch {
    customer: Vec<u32>,
    day: Vec<i32>,
    at: Vec<i64>,
    net: Vec<i64>,
    purchase: Vec<bool>,
    segments: Vec<Vec<u32>>,
}

impl Batch {
    fn new(segments: usize) -> Self {
        Self {
            customer: Vec::new(),
            day: Vec::new(),
            at: Vec::new(),
            net: Vec::new(),
            purchase: Vec::new(),
            segments: vec![Vec::new(); segments],
        }
    }

    fn len(&self) -> usize {
        self.customer.len()
    }

    fn push(&mut self, customer: u32, at: Stamp, net: Micros, purchase: bool, segments: &[u32]) {
        self.customer.push(customer);
        self.day.push(day_of(at).0);
        self.at.push(at);
        self.net.push(net);
        self.purchase.push(purchase);
        for (column, value) in self.segments.iter_mut().zip(segments) {
            column.push(*value);
        }
    }

    fn take(&mut self, segment_columns: &[String]) -> Result<DataFrame> {
        let full = std::mem::replace(self, Self::new(segment_columns.len()));
        let height = full.len();
        let mut columns: Vec<Column> = vec![
            Series::new("customer".into(), full.customer).into_column(),
            Series::new("day".into(), full.day).into_date().into_column(),
            Series::new("at".into(), full.at).into_column(),
            Series::new("net".into(), full.net).into_column(),
            Series::new("purchase".into(), full.purchase).into_column(),
        ];
        for (index, values) in full.segments.into_iter().enumerate() {
            columns.push(Series::new(segment_column(index).into(), values).into_series().into_column());
        }
        DataFrame::new(height, columns).map_err(|error| Error::internal(format!("orders frame: {error}")))
    }
}

/// The name of a segmenting orders column in the frames, by its position.
pub fn segment_column(index: usize) -> String {
    format!("segment_{index}")
}
