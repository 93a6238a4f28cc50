//! What becomes of one order: a purchase, a return, or nothing, and why.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::account::Reason;
use super::book::Book;
use super::came_back::refunds;
use super::classify::{Place, Shown};
use super::date::{Stamp, day_of};
use super::draft::{Draft, FileFacts, NONE};
use super::grouping::{Grouping, Undecided, foreseen};
use super::order_options::RefundsAt;
use super::rates::Rates;
use crate::error::{Error, Result};
use crate::money::{Micros, to_text};

/// What the classification needs to know.
#[derive(Debug, Clone, Copy)]
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

impl Rules<'_> {
    pub(super) fn place(&self, (file, line): Place, what: &str) -> Error {
        Error::input(format!("{}:{line}: {what}", self.files[file as usize].name))
    }

    /// The groupings of a file's amounts and refunds, where they are known before all orders are.
    pub(super) fn foreseen(&self, file: &FileFacts) -> (Option<Grouping>, Option<Grouping>) {
        let differ = |known: &AtomicBool| known.load(Relaxed);
        let flag = self.order_amount.or(file.order_amount);
        let refunds = file.refunded_header.as_deref().unwrap_or_default();
        (
            foreseen(flag, file.amount_header.as_deref(), differ(&file.known.amounts_differ)),
            foreseen(self.order_refund, Some(refunds), differ(&file.known.refunds_differ)),
        )
    }

    pub(super) fn undecided(&self, undecided: &Undecided<(Place, Shown)>, refunds: bool) -> Error {
        let (Undecided::Repeated(order) | Undecided::TotalDiffers(order) | Undecided::NotOnce(order)) =
            undecided;
        let (place, Shown { id, lines }) = order;
        let facts = &self.files[place.0 as usize];
        let (header, flag) = if refunds {
            (&facts.refunded_header, "--order-refund")
        } else {
            (&facts.amount_header, "--order-amount")
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
        self.place(*place, &format!("{column}: {what}")).hint(hint)
    }
}

/// What becomes of an order.
pub(super) enum Fate {
    Excluded(Reason),
    Used(Used),
}

/// What an order brings into the numbers.
#[derive(Default)]
pub(super) struct Used {
    /// Its net amount at its own date, and whether that is a purchase. None where the order itself is in
    /// no file, only refunds of it.
    pub(super) net: Option<(Micros, bool)>,
    /// Refunds at dates of their own.
    pub(super) refunds: Vec<(Stamp, Micros)>,
    /// More came back than it amounted to.
    pub(super) beyond: bool,
}

/// Classifies the orders of a book, one by one.
#[derive(Clone, Copy)]
pub(super) struct Classifier<'c> {
    pub(super) book: &'c Book,
    pub(super) rules: &'c Rules<'c>,
}

impl Classifier<'_> {
    pub(super) fn facts(&self, draft: &Draft) -> &FileFacts {
        &self.rules.files[draft.file as usize]
    }

    pub(super) fn place(&self, draft: &Draft, what: &str) -> Error {
        self.rules.place((draft.file, draft.line), what)
    }

    pub(super) fn fate(
        &self,
        number: usize,
        draft: &Draft,
        (amounts, refunded): (Option<Grouping>, Option<Grouping>),
    ) -> Result<Fate> {
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
        // Where it is not known, it makes no difference.
        let (amounts, grouping) = (amounts.unwrap_or(Grouping::Sum), refunded.unwrap_or(Grouping::Sum));
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
        let name = (draft.currency != NONE).then(|| self.book.names().currencies.display(draft.currency));
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
}
