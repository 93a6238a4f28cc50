//! One row of an orders file: what it is, and what it says of its order.

use std::collections::{BTreeMap, HashSet};

use super::account::{Account, Fault, Problem, Reason};
use super::column::Verdict;
use super::date::{Stamp, day_of};
use super::draft::{NO_DATE, NONE};
use super::entries::{Entries, Entry, More, Span, What};
use super::fields::OrderField;
use super::names::{Met, Names};
use super::order_identity::{Identity, Kind, identify, is_cancelled, is_second_header};
use super::order_options::{OrderOptions, RefundsAt};
use super::orders_file::{Columns, Shape};
use super::plain_row::PlainRows;
use super::record::Row;
use super::refund_text::refunds;
use super::side_file::too_large;
use super::split::View;
use super::statuses::{Rule, Statuses};
use super::{is_missing, text_of, unguarded};
use crate::error::Error;
use crate::money::{Micros, from_cents, multiply};

/// What reading the rows of a file needs to know, and does not change.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) options: &'c OrderOptions,
    pub(super) names: &'c Names,
    pub(super) file: &'c Shape,
    /// Lines that a reject file holds, repaired.
    pub(super) repaired: &'c HashSet<u64>,
}

/// A row that cannot be used.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) line: u64,
    pub(super) problem: Problem,
    pub(super) raw: Box<[u8]>,
}

/// What rows say, and what became of them so far.
#[derive(Debug, Default)]
pub(super) struct Harvest {
    pub(super) entries: Entries,
    pub(super) account: Account,
    pub(super) statuses: Statuses,
    /// Rows by the word that says their kind: those counted, and those left out.
    pub(super) kinds: BTreeMap<String, (u64, u64)>,
    /// Rows whose timestamps had an offset.
    pub(super) with_offset: u64,
    pub(super) refused: Vec<Refused>,
    pub(super) currencies: Met,
    pub(super) values: Vec<Met>,
    pub(super) segments: Vec<u32>,
}

impl Harvest {
    /// Nothing yet, with so many segmenting columns.
    pub(super) fn new(columns: usize) -> Self {
        Self {
            entries: Entries::new(columns),
            values: (0..columns).map(|_| Met::default()).collect(),
            segments: vec![NONE; columns],
            ..Self::default()
        }
    }
}

/// Where reading rows stopped.
pub(super) enum Stopped {
    /// Behind the last one.
    Nowhere,
    /// At this row, which has to wait for others to decide how it reads.
    Waits(usize),
    /// At this row: no row of the file can be read any more.
    Fatal(usize, Error),
}

impl Stopped {
    /// The first of these rows that was not read.
    pub(super) fn first_unread(&self, rows: &View<'_>) -> usize {
        match self {
            Self::Nowhere => rows.len(),
            Self::Waits(row) | Self::Fatal(row, _) => *row,
        }
    }
}

/// Reads rows of one file.
pub(super) struct RowReader<'r> {
    pub(super) context: Context<'r>,
    pub(super) columns: &'r mut Columns,
    pub(super) harvest: &'r mut Harvest,
    /// Rows of the file that were read before: a second header line is one of the first two.
    pub(super) read_before: u64,
}

impl RowReader<'_> {
    /// Reads rows from this one on, until one of them has to wait or ends it all.
    pub(super) fn read(&mut self, rows: &View<'_>, first: usize) -> Stopped {
        let plain = PlainRows::of(&self.context);
        self.harvest.entries.reserve(rows.len() - first);
        for index in first..rows.len() {
            let row = rows.row(index);
            let number = u32::try_from(index).unwrap_or(u32::MAX);
            let may_be_plain =
                self.read_before + self.harvest.account.read >= 2 && self.context.repaired.is_empty();
            if may_be_plain && plain.as_ref().is_some_and(|plain| self.plain_row(plain, &row, number)) {
                self.harvest.account.read += 1;
                continue;
            }
            if self.context.repaired.contains(&row.line) {
                self.harvest.account.exclude(Reason::Repaired, 1);
            } else {
                match self.row(&row, number) {
                    Ok(()) => {}
                    Err(Verdict::Waits) => return Stopped::Waits(index),
                    Err(Verdict::Fatal(error)) => return Stopped::Fatal(index, error),
                    Err(Verdict::Rejected(problem)) => self.refuse(&row, index, problem),
                }
            }
            self.harvest.account.read += 1;
        }
        Stopped::Nowhere
    }

    /// Notes a row that cannot be used. It is a version of its order all the same: an older one must not count in
    /// its place.
    pub(super) fn refuse(&mut self, row: &Row<'_>, index: usize, problem: Problem) {
        let file = self.context.file;
        let id =
            file.mapping.get(OrderField::OrderId).map(|index| row.get(index)).filter(|id| !is_missing(id));
        let refers = file.mapping.get(OrderField::RefundOf).is_some_and(|index| !is_missing(&row.get(index)));
        if let (Some(id), false, Some(_)) = (id, refers, self.context.options.on_conflict) {
            let id = self.harvest.entries.keep(unguarded(&id));
            let place = Entry::at(u32::try_from(index).unwrap_or(u32::MAX), row.line);
            self.push(Entry { what: What::Unreadable, id, ..place });
        }
        self.harvest.refused.push(Refused { line: row.line, problem, raw: row.raw.into() });
    }

    fn push(&mut self, entry: Entry) {
        self.harvest.entries.push(entry, &self.harvest.segments);
    }

    /// Reads a row. Nothing is noted of one that has to wait, that ends it all, or that is rejected.
    pub(super) fn row(&mut self, row: &Row<'_>, index: u32) -> Result<(), Verdict> {
        let file = self.context.file;
        if row.is_blank() {
            self.harvest.account.exclude(Reason::Blank, 1);
            return Ok(());
        }
        let problem = super::structure(&file.header, row);
        let date = file.mapping.get(OrderField::OrderedAt).map(|index| row.get(index));
        let has_date = date.is_some_and(|date| !is_missing(&date));
        if (problem.is_some() || !has_date) && super::is_footer(row, problem.is_some()) {
            self.harvest.account.exclude(Reason::Footer, 1);
            return Ok(());
        }
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        if self.read_before + self.harvest.account.read < 2 && is_second_header(file, row) {
            self.harvest.account.exclude(Reason::SecondHeader, 1);
            return Ok(());
        }
        self.order_line(row, Entry::at(index, row.line))
    }

    /// Reads a well-formed row.
    fn order_line(&mut self, row: &Row<'_>, place: Entry) -> Result<(), Verdict> {
        let Context { options, names, file, .. } = self.context;
        if file.profile.leaves_out(&file.header, row) {
            self.harvest.account.exclude(Reason::OtherKind, 1);
            return Ok(());
        }
        let what = identify(file, row, &mut self.harvest.statuses, options)?;
        if what.kind == Kind::Other {
            self.leave_out_kind(what.word);
            return Ok(());
        }
        let by_status = what.status.and_then(|status| self.excluded_by(status, row));
        if let Some(reason) = by_status.or(is_cancelled(file, row).then_some(Reason::Status)) {
            if let Some(status) = what.status {
                self.harvest.statuses.count(status, by_status.is_some());
            }
            self.leave_out(&what, reason, place);
            return Ok(());
        }
        let at = match file.mapping.get(OrderField::OrderedAt) {
            Some(index) => {
                let time = file.mapping.get(OrderField::OrderedTime);
                self.columns.dates.read_with_time(&file.header, row, index, time)?
            }
            None => None,
        };
        if at.is_some_and(|(stamp, _)| self.is_after_as_of(stamp)) {
            self.leave_out(&what, Reason::AfterAsOf, place);
            return Ok(());
        }
        let money = self.money_of(row, what.kind)?;
        if what.contradicts(money.written) {
            self.leave_out_kind(what.word);
            return Ok(());
        }
        // Where refunds count at their own date, so does a line of an order that takes money back on its own.
        let takes_back = options.refunds_at == RefundsAt::Refund
            && what.id.is_some()
            && at.is_some()
            && money.amount.is_some_and(|amount| amount < 0);
        let is_refund = what.is_refund || takes_back;
        if what.id.is_none() || is_refund {
            self.require_date_and_amount(at.is_some(), money.amount.is_some())?;
        }
        let key = self.customer(row)?;
        let currency = match file.mapping.get(OrderField::Currency) {
            Some(index) if !is_missing(&row.get(index)) => self.currency(&text_of(&file.header, row, index)?),
            Some(_) => NONE,
            None => money.beside.map_or(NONE, |name| names.currencies.number(name.as_bytes())),
        };
        for (column, index) in file.segments.iter().enumerate() {
            let value = text_of(&file.header, row, *index)?;
            let value = super::segment_value(&file.header, row, *index, &value)?;
            let words = &names.values[column];
            let of_new = |value: std::borrow::Cow<'_, str>| words.number(value.as_bytes());
            let met = &mut self.harvest.values[column];
            self.harvest.segments[column] = value.map_or(NONE, |value| met.number(value, of_new));
        }
        // From here on the row is taken.
        self.count_kind(what.word, true);
        if let Some(status) = what.status {
            self.harvest.statuses.count(status, false);
        }
        self.harvest.with_offset += u64::from(at.is_some_and(|(_, with_offset)| with_offset));
        let transaction = match file.mapping.get(OrderField::Transaction).map(|index| row.get(index)) {
            Some(id) if !is_missing(&id) => self.harvest.entries.keep(unguarded(&id)),
            _ => Span::NONE,
        };
        let wholly_refunded = what.kind == Kind::Sale
            && what.status.is_some_and(|status| self.harvest.statuses.is_wholly_refunded(status));
        let id = self.keep_id(what.id.as_deref());
        let entries = &mut self.harvest.entries;
        let dated = entries.keep_dated(&money.dated);
        let more = More { transaction, written: money.written, refunded: money.refunded, dated };
        let amount = money.amount.map(|amount| if is_refund { amount.abs() } else { amount });
        let entry = Entry {
            id,
            key,
            at: at.map_or(NO_DATE, |(stamp, _)| stamp),
            amount: amount.unwrap_or_default(),
            has_amount: amount.is_some(),
            more: entries.keep_more(more),
            currency,
            is_refund,
            wholly_refunded,
            has_status: what.status.is_some(),
            ..place
        };
        self.push(entry);
        Ok(())
    }

    fn keep_id(&mut self, id: Option<&[u8]>) -> Span {
        id.map_or(Span::NONE, |id| self.harvest.entries.keep(unguarded(id)))
    }

    /// A refund that does not count says nothing of its order.
    fn leave_out(&mut self, what: &Identity<'_>, reason: Reason, place: Entry) {
        self.harvest.account.exclude(reason, 1);
        if what.id.is_some() && !what.is_refund {
            let id = self.keep_id(what.id.as_deref());
            self.push(Entry { what: What::LeftOut(reason), id, ..place });
        }
    }

    /// The money of a row: its amount, what was refunded, and the currency beside the amount.
    fn money_of(&mut self, row: &Row<'_>, kind: Kind) -> Result<Money, Verdict> {
        let options = self.context.options;
        let is_read = !options.without_amounts && options.amounts.is_none();
        let told_by_kind = kind != Kind::Plain;
        // The sign matters also where the amount does not: money that goes the other way is no sale.
        let written = if is_read || told_by_kind { self.amount(row)? } else { None };
        let beside = written.and_then(|_| self.columns.amounts.currency());
        let (refunded, dated) = self.refunded(row)?;
        Ok(Money { amount: written.filter(|_| is_read), written, beside, refunded, dated })
    }

    /// A row without an order to take them from needs a date and an amount of its own.
    fn require_date_and_amount(&self, date: bool, amount: bool) -> Result<(), Verdict> {
        let Context { options, file, .. } = self.context;
        let missing = if !date {
            file.column(OrderField::OrderedAt)
        } else if !amount && !options.without_amounts && options.amounts.is_none() {
            file.column(OrderField::Amount).or(file.column(OrderField::Quantity))
        } else {
            None
        };
        match missing {
            Some(column) => Err(Problem::new(Fault::Missing, format!("column \"{column}\" is empty")).into()),
            None => Ok(()),
        }
    }

    fn leave_out_kind(&mut self, word: Option<String>) {
        self.count_kind(word, false);
        self.harvest.account.exclude(Reason::OtherKind, 1);
    }

    /// The number of a currency.
    fn currency(&mut self, written: &str) -> u32 {
        let known = &self.context.names.currencies;
        self.harvest.currencies.number(written, |new| known.number(new.to_uppercase().as_bytes()))
    }

    fn is_after_as_of(&self, stamp: Stamp) -> bool {
        self.context.options.as_of.is_some_and(|as_of| day_of(stamp) > as_of)
    }

    /// The row's amount: the mapped column, else quantity × unit price.
    fn amount(&mut self, row: &Row<'_>) -> Result<Option<Micros>, Verdict> {
        let file = self.context.file;
        let amounts = &mut self.columns.amounts;
        if let Some(index) = file.mapping.get(OrderField::Amount) {
            return Ok(amounts.read(&file.header, row, index)?.map(|value| self.money(value)));
        }
        let (Some(quantity), Some(price)) =
            (file.mapping.get(OrderField::Quantity), file.mapping.get(OrderField::UnitPrice))
        else {
            return Ok(None);
        };
        let values = (amounts.read(&file.header, row, quantity)?, amounts.read(&file.header, row, price)?);
        match values {
            (None, None) => Ok(None),
            (Some(quantity), Some(price)) => match multiply(quantity, price) {
                Some(amount) => Ok(Some(self.money(amount))),
                None => Err(Problem::new(Fault::Amount, "quantity × unit price is too large").into()),
            },
            (missing, _) => {
                let index = if missing.is_none() { quantity } else { price };
                let column = &file.header.columns[index];
                Err(Problem::new(Fault::Missing, format!("column \"{column}\" is empty")).into())
            }
        }
    }

    /// What the row says was refunded of its order by `--as-of`, and the parts of it of which a date is known,
    /// where dates matter.
    fn refunded(&mut self, row: &Row<'_>) -> Result<Refunded, Verdict> {
        let Context { options, file, .. } = self.context;
        let index = match file.mapping.get(OrderField::Refunded) {
            Some(index) if !options.without_amounts => index,
            _ => return Ok((None, Vec::new())),
        };
        let dates_matter = options.refunds_at == RefundsAt::Refund || options.as_of.is_some();
        let text = text_of(&file.header, row, index)?;
        let packed = refunds(&text);
        let (mut sum, mut dated): (Option<Micros>, _) = (None, Vec::new());
        let mut take = |amount: Micros, at: Option<Stamp>| {
            let amount = if options.cents { from_cents(amount.abs()) } else { amount.abs() };
            if at.is_none_or(|at| options.as_of.is_none_or(|as_of| day_of(at) <= as_of)) {
                sum = Some(sum.unwrap_or(0).checked_add(amount).ok_or_else(too_large)?);
                dated.extend(at.map(|at| (at, amount)));
            }
            Ok::<_, Verdict>(())
        };
        if packed.is_empty() {
            let at = match file.mapping.get(OrderField::RefundedAt) {
                Some(index) if dates_matter => self.columns.refund_dates.read(&file.header, row, index)?,
                _ => None,
            };
            if let Some(amount) = self.columns.amounts.read(&file.header, row, index)? {
                take(amount, at.map(|(stamp, _)| stamp))?;
            }
        }
        for refund in packed {
            let amount =
                self.columns.amounts.read_text(&file.header, row, index, refund.amount.as_bytes())?;
            let at = match refund.date {
                Some(date) if dates_matter => {
                    self.columns.refund_dates.read_text(&file.header, row, index, date.as_bytes())?
                }
                _ => None,
            };
            take(amount.unwrap_or(0), at.map(|(stamp, _)| stamp))?;
        }
        Ok((sum, dated))
    }

    /// An amount as the file has it, in whole units.
    fn money(&self, value: Micros) -> Micros {
        if self.context.options.cents { from_cents(value) } else { value }
    }

    /// The key of the row's customer: its id, else (where asked, or where there is no id column) its e-mail.
    fn customer(&mut self, row: &Row<'_>) -> Result<Span, Verdict> {
        let Context { options, file, .. } = self.context;
        if let Some(index) = file.mapping.get(OrderField::CustomerId) {
            let id = text_of(&file.header, row, index)?;
            if !is_missing(id.as_bytes())
                && (file.profile.guest_ids.is_empty() || !file.profile.guest_ids.contains(&*id))
            {
                return Ok(self.harvest.entries.keep(unguarded(id.as_bytes())));
            }
            if !options.guest_key_email && !file.profile.guest_key_email {
                return Ok(Span::NONE);
            }
        }
        match file.mapping.get(OrderField::Email) {
            Some(index) if !is_missing(&row.get(index)) => {
                let key = super::email_key(&text_of(&file.header, row, index)?);
                Ok(self.harvest.entries.keep(key.as_bytes()))
            }
            _ => Ok(Span::NONE),
        }
    }

    /// Why a status excludes its row. A status that says "refunded" does where no amount says it better.
    fn excluded_by(&self, status: u32, row: &Row<'_>) -> Option<Reason> {
        match self.harvest.statuses.rule(status) {
            Rule::Counts => None,
            Rule::Excludes(reason) => Some(reason),
            Rule::SaysRefunded => {
                let amount = self.context.file.mapping.get(OrderField::Refunded).map(|index| row.get(index));
                amount.is_none_or(|amount| is_missing(&amount)).then_some(Reason::RefundedInFull)
            }
        }
    }

    fn count_kind(&mut self, word: Option<String>, taken: bool) {
        if let Some(word) = word {
            let (counted, left_out) = self.harvest.kinds.entry(word).or_default();
            *(if taken { counted } else { left_out }) += 1;
        }
    }
}

/// What was refunded of an order, and the parts of it of which a date is known.
type Refunded = (Option<Micros>, Vec<(Stamp, Micros)>);

/// What a row says of money.
struct Money {
    /// Its amount, where amounts are read from the orders.
    amount: Option<Micros>,
    /// What stands where the amount does.
    written: Option<Micros>,
    /// The currency beside the amount.
    beside: Option<String>,
    refunded: Option<Micros>,
    dated: Vec<(Stamp, Micros)>,
}
