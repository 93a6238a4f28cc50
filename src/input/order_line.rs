//! One row of an orders file into the book: what it is, and what it says of its order.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::account::{Fault, Problem, Reason};
use super::book::{Line, NONE};
use super::column::Verdict;
use super::date::{Stamp, day_of};
use super::fields::OrderField;
use super::order_identity::{Kind, identify, is_cancelled, is_second_header};
use super::order_options::RefundsAt;
use super::orders::{OrderReader, Outcome};
use super::orders_file::File;
use super::record::Row;
use super::refund_text::refunds;
use super::side_file::too_large;
use super::{is_missing, text_of, unguarded};
use crate::error::{Error, Result};
use crate::money::{Micros, from_cents, multiply};

/// An order's number and two independent hashes of the bytes of one of its rows.
type RowIdentity = (u32, u64, u64);

/// How often each row of each order stands in each file, to find rows that stand in several.
pub(super) type Seen = HashMap<RowIdentity, Vec<(u32, u32)>>;

impl OrderReader<'_> {
    pub(super) fn row(&mut self, file: &mut File, row: &Row<'_>) -> Result<Outcome> {
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
        if file.begins && is_second_header(file, row) {
            self.account.exclude(Reason::SecondHeader, 1);
            return Ok(Outcome::Taken);
        }
        match self.order_line(file, row) {
            Ok(()) => Ok(Outcome::Taken),
            Err(Verdict::Waits) => Ok(Outcome::Waits),
            Err(Verdict::Rejected(problem)) => {
                self.supersede(file, row);
                Ok(Outcome::Rejected(problem))
            }
            Err(Verdict::Fatal(error)) => Err(error),
        }
    }

    /// Reads a well-formed row into the book. Nothing is noted of a row that has to wait.
    fn order_line(&mut self, file: &mut File, row: &Row<'_>) -> std::result::Result<(), Verdict> {
        if file.profile.leaves_out(&file.header, row) {
            self.account.exclude(Reason::OtherKind, 1);
            return Ok(());
        }
        let what = identify(file, row, &mut self.statuses)?;
        let id = what.id.as_deref().map(unguarded);
        // A refund that does not count says nothing of its order.
        let of_order = id.filter(|_| !what.is_refund);
        if what.kind == Kind::Other {
            self.leave_out_kind(what.word);
            return Ok(());
        }
        let by_status =
            what.status.and_then(|status| self.excluded_by(self.statuses.word(status), file, row));
        if let Some(reason) = by_status.or(is_cancelled(file, row).then_some(Reason::Status)) {
            if let Some(status) = what.status {
                self.statuses.count(status, by_status.is_some());
            }
            self.leave_out(file, row, of_order, reason);
            return Ok(());
        }
        let at = match file.mapping.get(OrderField::OrderedAt) {
            Some(index) => {
                let time = file.mapping.get(OrderField::OrderedTime);
                file.dates.read_with_time(&file.header, row, index, time)?
            }
            None => None,
        };
        if at.is_some_and(|(stamp, _)| self.is_after_as_of(stamp)) {
            self.leave_out(file, row, of_order, Reason::AfterAsOf);
            return Ok(());
        }
        let money = self.money_of(file, row, what.kind)?;
        if what.contradicts(money.written) {
            self.leave_out_kind(what.word);
            return Ok(());
        }
        // Where refunds count at their own date, so does a line of an order that takes money back on its own.
        let takes_back = self.options.refunds_at == RefundsAt::Refund
            && id.is_some()
            && at.is_some()
            && money.amount.is_some_and(|amount| amount < 0);
        let is_refund = what.is_refund || takes_back;
        if id.is_none() || is_refund {
            self.require_date_and_amount(file, at.is_some(), money.amount.is_some())?;
        }
        let customer = self.customer(file, row)?;
        let currency = match file.mapping.get(OrderField::Currency) {
            Some(index) if !is_missing(&row.get(index)) => {
                Some(self.currency(&text_of(&file.header, row, index)?))
            }
            Some(_) => None,
            None => money.beside.map(|name| self.book.currencies.number(name.as_bytes())),
        };
        for (column, index) in file.segments.iter().enumerate() {
            let value = text_of(&file.header, row, *index)?;
            self.segment_buffer[column] = super::segment_value(&file.header, row, *index, &value)?
                .map_or(NONE, |value| self.book.values[column].number(value.as_bytes()));
        }
        // From here on the row is taken.
        self.count_kind(what.word, true);
        if let Some(status) = what.status {
            self.statuses.count(status, false);
        }
        self.with_offset += u64::from(at.is_some_and(|(_, with_offset)| with_offset));
        let order = self.book.order(id, file.number, row.line);
        if let Some(again) = self.known_transaction(file, row, money.written)? {
            self.account.exclude(again, 1);
            return Ok(());
        }
        let is_transaction = file.mapping.get(OrderField::Transaction).is_some();
        let versions = self.options.on_conflict.is_some() && !is_refund && !is_transaction;
        if let Some(reason) =
            id.filter(|_| !versions && !is_transaction).and_then(|_| self.is_repeated(order, file, row.raw))
        {
            self.account.exclude(reason, 1);
            return Ok(());
        }
        if id.is_some() && versions && !self.is_preferred(file, order) {
            self.account.exclude(Reason::OtherVersion, 1);
            return Ok(());
        }
        let line = Line {
            file: file.number,
            line: row.line,
            at: at.map(|(stamp, _)| stamp),
            customer,
            amount: money.amount.map(|amount| if is_refund { amount.abs() } else { amount }),
            refunded: money.refunded,
            refunded_at: &money.dated,
            is_refund,
            wholly_refunded: what.kind == Kind::Sale
                && what
                    .status
                    .is_some_and(|status| file.profile.refunded_status.contains(self.statuses.word(status))),
            currency,
            has_status: what.status.is_some(),
            segments: &self.segment_buffer,
            raw: row.raw,
        };
        self.book.add(order, &line, &self.files).map_err(Verdict::Fatal)
    }

    /// The money of a row: its amount, what was refunded, and the currency beside the amount.
    fn money_of(&self, file: &mut File, row: &Row<'_>, kind: Kind) -> std::result::Result<Money, Verdict> {
        let is_read = !self.options.without_amounts && self.options.amounts.is_none();
        let told_by_kind = kind != Kind::Plain;
        // The sign matters also where the amount does not: money that goes the other way is no sale.
        let written = if is_read || told_by_kind { self.amount(file, row)? } else { None };
        let beside = file.amounts.currency();
        let (refunded, dated) = self.refunded(file, row)?;
        Ok(Money { amount: written.filter(|_| is_read), written, beside, refunded, dated })
    }

    /// A row without an order to take them from needs a date and an amount of its own.
    fn require_date_and_amount(
        &self,
        file: &File,
        date: bool,
        amount: bool,
    ) -> std::result::Result<(), Verdict> {
        let missing = if !date {
            file.column(OrderField::OrderedAt)
        } else if !amount && !self.options.without_amounts && self.options.amounts.is_none() {
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
        self.account.exclude(Reason::OtherKind, 1);
    }

    /// The number of a currency.
    fn currency(&mut self, written: &str) -> u32 {
        match &self.last_currency {
            Some((last, number)) if last == written => *number,
            _ => {
                let number = self.book.currencies.number(written.to_uppercase().as_bytes());
                self.last_currency = Some((written.to_owned(), number));
                number
            }
        }
    }

    fn is_after_as_of(&self, stamp: Stamp) -> bool {
        self.options.as_of.is_some_and(|as_of| day_of(stamp) > as_of)
    }

    fn leave_out(&mut self, file: &File, row: &Row<'_>, id: Option<&[u8]>, reason: Reason) {
        self.account.exclude(reason, 1);
        if id.is_some() {
            let order = self.book.order(id, file.number, row.line);
            // What is after --as-of is not there yet, so it is no version either.
            if reason == Reason::AfterAsOf || self.is_preferred(file, order) {
                self.book.leave_out(order, reason, file.number, row.line);
            }
        }
    }

    /// A row that cannot be read is a version of its order all the same: an older one must not count in its place.
    fn supersede(&mut self, file: &File, row: &Row<'_>) {
        let id =
            file.mapping.get(OrderField::OrderId).map(|index| row.get(index)).filter(|id| !is_missing(id));
        let refers = file.mapping.get(OrderField::RefundOf).is_some_and(|index| !is_missing(&row.get(index)));
        if let (Some(id), false, Some(_)) = (id, refers, self.options.on_conflict) {
            let order = self.book.order(Some(unguarded(&id)), file.number, row.line);
            self.is_preferred(file, order);
        }
    }

    /// Whether this file's rows of an order count, where `--on-conflict` chooses between files.
    fn is_preferred(&mut self, file: &File, order: u32) -> bool {
        let is_transaction = file.mapping.get(OrderField::Transaction).is_some();
        let Some(rule) = self.options.on_conflict.filter(|_| !is_transaction) else { return true };
        let superseded = self.book.prefer(order, file.number, rule);
        self.account.exclude(Reason::OtherVersion, superseded.unwrap_or(0).into());
        superseded.is_some()
    }

    /// The row's amount: the mapped column, else quantity × unit price.
    fn amount(&self, file: &mut File, row: &Row<'_>) -> std::result::Result<Option<Micros>, Verdict> {
        if let Some(index) = file.mapping.get(OrderField::Amount) {
            return Ok(file.amounts.read(&file.header, row, index)?.map(|value| self.money(value)));
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
    fn refunded(&self, file: &mut File, row: &Row<'_>) -> std::result::Result<Refunded, Verdict> {
        let index = match file.mapping.get(OrderField::Refunded) {
            Some(index) if !self.options.without_amounts => index,
            _ => return Ok((None, Vec::new())),
        };
        let dates_matter = self.options.refunds_at == RefundsAt::Refund || self.options.as_of.is_some();
        let text = text_of(&file.header, row, index)?;
        let packed = refunds(&text);
        let (mut sum, mut dated): (Option<Micros>, _) = (None, Vec::new());
        let mut take = |amount: Micros, at: Option<Stamp>| {
            let amount = self.money(amount.abs());
            if at.is_none_or(|at| !self.is_after_as_of(at)) {
                sum = Some(sum.unwrap_or(0).checked_add(amount).ok_or_else(too_large)?);
                dated.extend(at.map(|at| (at, amount)));
            }
            Ok::<_, Verdict>(())
        };
        if packed.is_empty() {
            let at = match file.mapping.get(OrderField::RefundedAt) {
                Some(index) if dates_matter => file.refund_dates.read(&file.header, row, index)?,
                _ => None,
            };
            if let Some(amount) = file.amounts.read(&file.header, row, index)? {
                take(amount, at.map(|(stamp, _)| stamp))?;
            }
        }
        for refund in packed {
            let amount = file.amounts.read_text(&file.header, row, index, refund.amount.as_bytes())?;
            let at = match refund.date {
                Some(date) if dates_matter => {
                    file.refund_dates.read_text(&file.header, row, index, date.as_bytes())?
                }
                _ => None,
            };
            take(amount.unwrap_or(0), at.map(|(stamp, _)| stamp))?;
        }
        Ok((sum, dated))
    }

    /// An amount as the file has it, in whole units.
    fn money(&self, value: Micros) -> Micros {
        if self.options.cents { from_cents(value) } else { value }
    }

    /// The row's customer: its id, else (where asked, or where there is no id column) its e-mail.
    fn customer(&mut self, file: &File, row: &Row<'_>) -> std::result::Result<Option<u32>, Verdict> {
        if let Some(index) = file.mapping.get(OrderField::CustomerId) {
            let id = text_of(&file.header, row, index)?;
            if !is_missing(id.as_bytes()) && !file.profile.guest_ids.contains(&*id) {
                return Ok(Some(self.book.customers.number(unguarded(id.as_bytes()))));
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
        if self.options.included_status.contains(status) || file.profile.included_status.contains(status) {
            return None;
        }
        if self.options.excluded_status.contains(status) || file.profile.excluded_status.contains(status) {
            return Some(Reason::Status);
        }
        if file.profile.refunded_status.contains(status) {
            // Where refunds are rows of their own, the row of the sale stays, marked.
            return file.profile.kinds.sales.is_empty().then_some(Reason::RefundedInFull);
        }
        let amount = file.mapping.get(OrderField::Refunded).map(|index| row.get(index));
        let says_nothing = amount.is_none_or(|amount| is_missing(&amount));
        (says_nothing && self.options.refunded_status.contains(status)).then_some(Reason::RefundedInFull)
    }

    fn count_kind(&mut self, word: Option<String>, taken: bool) {
        if let Some(word) = word {
            let (counted, left_out) = self.kinds.entry(word).or_default();
            *(if taken { counted } else { left_out }) += 1;
        }
    }

    /// Whether the row is a transaction, by an id of its own, that stood in the files before.
    fn known_transaction(
        &mut self,
        file: &File,
        row: &Row<'_>,
        amount: Option<Micros>,
    ) -> std::result::Result<Option<Reason>, Verdict> {
        let Some(index) = file.mapping.get(OrderField::Transaction) else { return Ok(None) };
        let id = row.get(index);
        if is_missing(&id) {
            return Ok(None);
        }
        let number = self.transactions.number(unguarded(&id)) as usize;
        let Some((known, number, line)) = self.transaction_rows.get(number) else {
            self.transaction_rows.push((amount, file.number, row.line));
            return Ok(None);
        };
        if *known == amount {
            return Ok(Some(Reason::RepeatedRow));
        }
        let (here, there) = (&file.header.file, &self.files[*number as usize].name);
        Err(Verdict::Fatal(Error::input(format!(
            "{here}:{}: transaction \"{}\" has another amount in {there}:{line}",
            row.line,
            String::from_utf8_lossy(&id)
        ))))
    }

    /// Why this row of the order does not count again, if so. A row that stands in several files counts as
    /// often as in the one that has it most.
    fn is_repeated(&mut self, order: u32, file: &File, raw: &[u8]) -> Option<Reason> {
        if !self.several_files {
            return None;
        }
        let hash = |seed| FixedState::with_seed(seed).hash_one(raw);
        let counts = self.seen.entry((order, hash(1), hash(2))).or_default();
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let repeated = match counts.iter_mut().find(|(known, _)| *known == file.number) {
            Some((_, count)) => {
                *count += 1;
                *count <= most
            }
            None => {
                counts.push((file.number, 1));
                most >= 1
            }
        };
        repeated.then_some(Reason::Repeated)
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
