//! The order book: lines gathered into orders, in whatever order they arrive.

use std::collections::HashMap;

use super::account::{Account, Fault, Problem, Reason, Rejects};
use super::date::Stamp;
use super::grouping::{Grouping, Lines};
use super::keys::Keys;
use super::privacy::shown_key;
use super::returns::Returned;
use crate::error::{Error, Result};
use crate::money::Micros;

/// No customer, no segment value, no currency.
pub const NONE: u32 = u32::MAX;

pub(super) const NO_DATE: Stamp = Stamp::MAX;

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

/// What messages and decisions need to know of a file.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Its name.
    pub name: String,
    /// The header of its dates.
    pub date_header: String,
    /// The header of its amounts; without one they are quantity × price.
    pub amount_header: Option<String>,
    /// The header of its refunds.
    pub refunded_header: Option<String>,
    /// What its profile knows of its amounts.
    pub order_amount: Option<Grouping>,
    /// Whether it has a column of currencies; else they may stand beside the amounts.
    pub has_currencies: bool,
}

/// What is known of an order so far.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The earliest line's moment.
    pub(super) at: Stamp,
    pub(super) amount: Lines,
    pub(super) refunded: Lines,
    pub(super) customer: u32,
    pub(super) currency: u32,
    /// Lines that are left.
    pub(super) lines: u32,
    /// The place of a line: the first of the first file.
    pub(super) file: u32,
    pub(super) line: u64,
    id: u32,
    last_file: u32,
    /// The place of its last line in the last file.
    pub(super) end: (u32, u64),
    spans_files: bool,
    has_status: bool,
    /// What a separate file says came back of it.
    pub(super) returned: Option<Returned>,
    /// Why lines were left out, if any were.
    left_out: Option<Reason>,
}

impl Draft {
    /// Why the whole order is out: no line is left, or those left say nothing of their own that the
    /// lines left out said for the order (a status, a date).
    pub(super) fn excluded(&self) -> Option<Reason> {
        match self.left_out {
            Some(Reason::AfterAsOf) if self.at == NO_DATE => Some(Reason::AfterAsOf),
            Some(reason) if reason != Reason::AfterAsOf && !self.has_status => Some(reason),
            _ => None,
        }
    }
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
    /// Some order has two lines in one file: the files hold lines, not orders.
    has_lines: bool,
    /// The names behind [`Line::currency`].
    pub currencies: Keys,
    /// The keys behind [`Line::customer`].
    pub customers: Keys,
    /// The texts behind [`Line::segments`], by column.
    pub values: Vec<Keys>,
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
            last_file: NONE,
            end: (file, line),
            spans_files: false,
            has_status: false,
            returned: None,
            left_out: None,
        });
        self.segments.resize(self.segments.len() + self.segment_columns.len(), NONE);
        new
    }

    /// Notes that a line of an order is left out.
    pub fn leave_out(&mut self, order: u32, reason: Reason) {
        let left_out = &mut self.drafts[order as usize].left_out;
        *left_out = Some(left_out.map_or(reason, |known| known.min(reason)));
    }

    /// Notes what came back of an order; `false` when there is no such order.
    pub fn give_back(&mut self, id: &[u8], returned: Returned) -> bool {
        let order = self.ids.find(id).and_then(|number| self.draft_of.get(number as usize));
        let Some(order) = order else { return false };
        self.drafts[*order as usize].returned = Some(returned);
        true
    }

    /// Adds a line to its order.
    ///
    /// # Errors
    /// The lines of the order disagree on its customer, its currency or a segment, or their amounts
    /// add up to more than can be held.
    pub fn add(&mut self, order: u32, line: &Line<'_>, files: &[FileFacts]) -> Result<()> {
        let draft = &mut self.drafts[order as usize];
        let id = if draft.id == NONE { "".into() } else { self.ids.display(draft.id) };
        let conflict = |what: &str, old: &str, new: &str, earlier: u64| {
            Error::input(format!(
                "{}:{}: the {what} differs within order \"{id}\": \"{new}\" here, \"{old}\" on another line (the order begins on line {earlier})",
                files[line.file as usize].name, line.line,
            ))
        };
        if let Some(at) = line.at {
            draft.at = draft.at.min(at);
        }
        if let Some(new) = line.customer {
            if draft.customer != NONE && draft.customer != new {
                let text = |n| shown_key(&display_key(&self.customers, n));
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
                files[line.file as usize].name, line.line
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
        self.has_lines |= draft.last_file == line.file;
        draft.spans_files |= draft.last_file != NONE && draft.last_file != line.file;
        draft.last_file = line.file;
        (draft.file, draft.line) = (draft.file, draft.line).min((line.file, line.line));
        draft.end = draft.end.max((line.file, line.line));
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

    /// Rejects the lines of every order that has no date, or no amount, on any of them.
    ///
    /// # Errors
    /// The reject file cannot be written.
    pub fn reject_unfinished(
        &mut self,
        files: &[FileFacts],
        account: &mut Account,
        rejects: &mut Rejects<'_>,
    ) -> Result<()> {
        let mut unfinished: Vec<_> = std::mem::take(&mut self.unfinished).into_iter().collect();
        unfinished.sort_unstable_by_key(|(order, _)| *order);
        for (order, lines) in unfinished {
            let draft = &mut self.drafts[order as usize];
            if draft.excluded().is_some() {
                continue;
            }
            let facts = &files[draft.file as usize];
            let missing = match (draft.at, &facts.amount_header) {
                (NO_DATE, _) => facts.date_header.as_str(),
                (_, Some(header)) => header,
                (_, None) => "quantity",
            };
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
                rejects.add(&files[file as usize].name, line, &problem, &raw, account)?;
            }
        }
        Ok(())
    }

    /// The orders, in the order their first lines were read, with the codes of their segments.
    pub(super) fn orders(&self) -> impl Iterator<Item = (usize, &Draft, &[u32])> {
        let stride = self.segment_columns.len();
        self.drafts
            .iter()
            .enumerate()
            .map(move |(number, draft)| (number, draft, &self.segments[number * stride..][..stride]))
    }

    /// The columns that segment.
    pub(super) fn segment_columns(&self) -> &[String] {
        &self.segment_columns
    }

    /// The order with this number, and its id.
    pub(super) fn named(&self, number: usize) -> (&Draft, String) {
        let draft = &self.drafts[number];
        let id = if draft.id == NONE { String::new() } else { self.ids.display(draft.id).into_owned() };
        (draft, id)
    }

    /// The orders whose lines stand in several files, and whether the files hold lines at all.
    pub(super) fn spanning(&self) -> (Vec<usize>, bool) {
        let spanning = self.orders().filter(|(_, draft, _)| draft.spans_files && draft.lines > 0);
        (spanning.map(|(number, ..)| number).collect(), self.has_lines)
    }
}

/// A customer's key for people: e-mail keys are marked inside so that they never meet an id.
pub fn display_key(customers: &Keys, number: u32) -> String {
    customers.display(number).trim_start_matches('\0').to_owned()
}
