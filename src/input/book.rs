//! The order book: lines gathered into orders, in whatever order they arrive.
//!
//! A book holds all lines of its orders, and nothing of others; so a data set may be spread over many books.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::account::{Fault, Problem, Reason};
use super::came_back::{CameBack, Teller};
use super::date::Stamp;
use super::draft::{Draft, NO_DATE};
pub use super::draft::{FileFacts, Line, NONE};
use super::keys::Keys;
use super::names::Names;
use super::order_amounts::Amounts;
use super::order_options::OnConflict;
use super::privacy::Privacy;
use super::returns::Returned;
use crate::error::{Error, Result};

/// Orders without date or amount that are kept until one of their lines has it: the bound on the memory they take.
const MOST_UNFINISHED: usize = 1_000_000;

/// A line that lacks the date or the amount of its order: file, line, original bytes.
type Unfinished = (u32, u64, Box<[u8]>);

/// A line that is rejected because its order lacks something on all of its lines.
#[derive(Debug)]
pub(super) struct Rejection {
    pub(super) file: u32,
    pub(super) line: u64,
    pub(super) problem: Problem,
    pub(super) raw: Box<[u8]>,
}

/// Orders, one draft each.
#[derive(Debug, Default)]
pub struct Book {
    drafts: Vec<Draft>,
    ids: Keys,
    /// In which direction ids go.
    direction: Direction,
    /// The draft of each id.
    draft_of: Vec<u32>,
    without_amounts: bool,
    privacy: Privacy,
    segment_columns: Vec<String>,
    segments: Vec<u32>,
    /// The last place where a line of an order was left out for its status.
    left_out: HashMap<u32, (u32, u64)>,
    /// By order; most have no entry.
    came_back: HashMap<u32, CameBack>,
    /// Lines without date or amount, while their order has none either.
    unfinished: HashMap<u32, Vec<Unfinished>>,
    /// Some order has two lines in one file: the files hold lines, not orders.
    has_lines: bool,
    names: Arc<Names>,
}

/// In which direction ids go: always to longer ones or, of the same length, to those behind; or always back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Direction {
    /// There were no two different ids yet.
    #[default]
    Open,
    Up,
    Down,
    /// In none.
    Mixed,
}

impl Direction {
    /// The direction of one step from an id to another one.
    pub(super) fn of(from: &[u8], to: &[u8]) -> Self {
        match (to.len(), to).cmp(&(from.len(), from)) {
            Ordering::Equal => Self::Open,
            Ordering::Greater => Self::Up,
            Ordering::Less => Self::Down,
        }
    }

    /// The direction after a step.
    pub(super) fn and(self, step: Self) -> Self {
        match (self, step) {
            (known, Self::Open) => known,
            (Self::Open, step) => step,
            (known, step) if known == step => known,
            _ => Self::Mixed,
        }
    }
}

impl Book {
    /// An empty book with these segmenting columns. `without_amounts`: orders need no amount.
    pub fn new(
        segment_columns: &[String],
        without_amounts: bool,
        privacy: Privacy,
        names: Arc<Names>,
    ) -> Self {
        Self { segment_columns: segment_columns.to_vec(), without_amounts, privacy, names, ..Self::default() }
    }

    /// An empty book of the same kind.
    pub(super) fn like(&self) -> Self {
        Self::new(&self.segment_columns, self.without_amounts, self.privacy, Arc::clone(&self.names))
    }

    /// Takes over an order of another book.
    pub(super) fn adopt(&mut self, other: &mut Self, number: usize) {
        let mut draft = other.drafts[number].clone();
        if draft.id != NONE {
            draft.id = self.ids.push(other.ids.text(draft.id));
        }
        let new = u32::try_from(self.drafts.len()).expect("fewer than 2³² orders");
        let stride = self.segment_columns.len();
        self.segments.extend_from_slice(&other.segments[number * stride..][..stride]);
        self.drafts.push(draft);
        let Ok(old) = u32::try_from(number) else { return };
        self.left_out.extend(other.left_out.remove(&old).map(|place| (new, place)));
        self.came_back.extend(other.came_back.remove(&old).map(|back| (new, back)));
    }

    /// In which direction the ids went.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// The names that its lines bear.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The order with this id, new or not; without an id always a new one.
    pub fn order(&mut self, id: Option<&[u8]>, file: u32, line: u64) -> u32 {
        let new = u32::try_from(self.drafts.len()).expect("fewer than 2³² orders");
        let id = match id {
            None => NONE,
            Some(id) => match self.number_of(id) {
                (number, false) => return self.draft_of[number as usize],
                (number, true) => {
                    self.draft_of.push(new);
                    number
                }
            },
        };
        self.drafts.push(Draft::new(id, file, line));
        self.segments.resize(self.segments.len() + self.segment_columns.len(), NONE);
        new
    }

    /// The number of an id, and whether it is new. As long as ids go in one direction, as databases write them, each
    /// is the last one or new, and none has to be looked for.
    fn number_of(&mut self, id: &[u8]) -> (u32, bool) {
        let count = u32::try_from(self.ids.len()).unwrap_or(NONE);
        if self.direction != Direction::Mixed {
            let Some(last) = count.checked_sub(1) else { return (self.ids.push(id), true) };
            let step = Direction::of(self.ids.text(last), id);
            self.direction = self.direction.and(step);
            match self.direction {
                Direction::Mixed => {}
                _ if step == Direction::Open => return (last, false),
                _ => return (self.ids.push(id), true),
            }
        }
        match self.ids.number(id) {
            number if number < count => (number, false),
            number => (number, true),
        }
    }

    /// Notes that a line of an order is left out.
    pub fn leave_out(&mut self, order: u32, reason: Reason, file: u32, line: u64) {
        let left_out = &mut self.drafts[order as usize].left_out;
        *left_out = Some(left_out.map_or(reason, |known| known.min(reason)));
        if reason != Reason::AfterAsOf {
            let place = self.left_out.entry(order).or_insert((file, line));
            *place = (*place).max((file, line));
        }
    }

    /// Where another file than that of its lines says that an order is cancelled or refunded.
    pub(super) fn left_out_elsewhere(&self, order: usize) -> Option<(u32, u64)> {
        let draft = &self.drafts[order];
        draft.left_out?;
        let place = self.left_out.get(&u32::try_from(order).ok()?)?;
        (draft.lines > 0 && draft.file != place.0).then_some(*place)
    }

    /// Prefers the order's rows in this file to those in another, as the rule says: the number of lines that
    /// stood in the other and no longer count, or `None` where it is the other that counts.
    pub(super) fn prefer(&mut self, order: u32, file: u32, rule: OnConflict) -> Option<u32> {
        let draft = &mut self.drafts[order as usize];
        let known = std::mem::replace(&mut draft.last_file, file);
        let wins = match rule {
            _ if known == NONE || known == file => return Some(0),
            OnConflict::First => file < known,
            OnConflict::Last => file > known,
        };
        if !wins {
            draft.last_file = known;
            return None;
        }
        let superseded = self.forget_lines(order);
        self.drafts[order as usize].last_file = file;
        self.left_out.remove(&order);
        self.drafts[order as usize].left_out = None;
        Some(superseded)
    }

    /// Forgets the lines of an order and all they said: how many there were. Refunds on rows of their own stay.
    fn forget_lines(&mut self, order: u32) -> u32 {
        let mut refunds = 0;
        if let Some(back) = self.came_back.get_mut(&order) {
            back.forget_lines();
            refunds = u32::try_from(back.rows()).unwrap_or(u32::MAX);
        }
        let draft = &mut self.drafts[order as usize];
        let forgotten = draft.lines - refunds;
        *draft = draft.without_lines(refunds);
        let stride = self.segment_columns.len();
        self.segments[order as usize * stride..][..stride].fill(NONE);
        self.unfinished.remove(&order);
        forgotten
    }

    /// Notes what an order amounts to by a separate file.
    ///
    /// # Errors
    /// The amount is too large.
    pub(super) fn pay(&mut self, order: usize, amounts: &Amounts) -> Result<()> {
        let draft = &mut self.drafts[order];
        draft.amount.add(amounts.paid).ok_or_else(|| {
            let id = self.ids.display(draft.id);
            Error::input(format!("the amounts of order \"{id}\" add up to more than can be held"))
        })?;
        for (at, amount) in &amounts.back {
            self.back_of(order).note(Teller::Payments, *at, Some(*amount));
        }
        Ok(())
    }

    /// Notes what came back of an order.
    pub(super) fn give_back(&mut self, order: usize, returned: &Returned) {
        for (at, amount) in &returned.parts {
            self.back_of(order).note(Teller::Returns, *at, *amount);
        }
    }

    fn back_of(&mut self, order: usize) -> &mut CameBack {
        self.came_back.entry(u32::try_from(order).unwrap_or(NONE)).or_default()
    }

    /// How many orders there are.
    pub(super) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// The id of an order, where it has one.
    pub(super) fn id(&self, order: usize) -> Option<&[u8]> {
        let id = self.drafts[order].id;
        (id != NONE).then(|| self.ids.text(id))
    }

    /// What came back of an order, where anything is known to have.
    pub(super) fn came_back(&self, order: usize) -> Option<&CameBack> {
        if self.came_back.is_empty() {
            return None;
        }
        self.came_back.get(&u32::try_from(order).ok()?)
    }

    /// Why a whole order is out: no line is left, or those left say nothing of their own that the lines left out
    /// said for the order (a status, a date).
    pub(super) fn excluded(&self, order: usize) -> Option<Reason> {
        let draft = &self.drafts[order];
        match draft.left_out? {
            Reason::AfterAsOf => (self.at(order) == NO_DATE).then_some(Reason::AfterAsOf),
            reason => (!draft.has_status).then_some(reason),
        }
    }

    /// The customer of an order, [`NONE`] where it has none.
    pub(super) fn customer_of(&self, order: usize) -> u32 {
        let draft = &self.drafts[order];
        match self.came_back(order) {
            Some(back) if draft.sales == 0 => back.customer(),
            _ => draft.customer,
        }
    }

    /// When an order was placed; of one that is known by its refunds only, when the first went back.
    pub(super) fn at(&self, order: usize) -> Stamp {
        let draft = &self.drafts[order];
        match self.came_back(order).and_then(CameBack::first_at) {
            Some(first) if draft.sales == 0 => first,
            _ => draft.at,
        }
    }

    /// Adds a line to its order.
    ///
    /// # Errors
    /// The lines of the order disagree on its customer, its currency or a segment, or their amounts
    /// add up to more than can be held.
    pub fn add(&mut self, order: u32, line: &Line<'_>, files: &[FileFacts]) -> Result<()> {
        let draft = &mut self.drafts[order as usize];
        let (ids, number, privacy) = (&self.ids, draft.id, self.privacy);
        let id = || if number == NONE { String::new() } else { privacy.key(&ids.display(number)) };
        let conflict = |what: &str, old: &str, new: &str, earlier: u64| {
            let id = id();
            Error::input(format!(
                "{}:{}: the {what} differs within order \"{id}\": \"{new}\" here, \"{old}\" on another line (the order begins on line {earlier})",
                files[line.file as usize].name, line.line,
            ))
        };
        if let Some(new) = line.currency {
            if draft.currency != NONE && draft.currency != new {
                let text = |n| self.privacy.key(&self.names.currencies.display(n));
                return Err(conflict("currency", &text(draft.currency), &text(new), draft.line));
            }
            draft.currency = new;
        }
        if line.is_refund {
            let back = self.came_back.entry(order).or_default();
            back.note(Teller::Rows, line.at, Some(line.amount.unwrap_or(0)));
            back.note_row(line.customer, line.segments);
            draft.lines += 1;
            return Ok(());
        }
        if line.wholly_refunded || !line.refunded_at.is_empty() {
            let back = self.came_back.entry(order).or_default();
            if line.wholly_refunded {
                back.note(Teller::Status, None, None);
            }
            for (at, amount) in line.refunded_at {
                back.note(Teller::Lines, Some(*at), Some(*amount));
            }
        }
        if let Some(at) = line.at {
            draft.at = draft.at.min(at);
        }
        if let Some(new) = line.customer {
            if draft.customer != NONE && draft.customer != new {
                let text = |n| self.privacy.key(&self.names.customers.display(n));
                return Err(conflict("customer", &text(draft.customer), &text(new), draft.line)
                    .hint("an order belongs to one customer; is the right column mapped as order_id?"));
            }
            draft.customer = new;
        }
        let stride = self.segment_columns.len();
        let known = &mut self.segments[order as usize * stride..][..stride];
        for (column, (old, new)) in known.iter_mut().zip(line.segments).enumerate() {
            if *old == NONE {
                *old = *new;
            } else if *new != NONE && old != new {
                let name = &self.segment_columns[column];
                let text = |n| self.privacy.shown(name, &self.names.values[column].text(n));
                let what = format!("column \"{name}\"");
                return Err(conflict(&what, &text(*old), &text(*new), draft.line).hint(
                    "the column describes lines, not orders; a customer's segment comes from whole orders",
                ));
            }
        }
        let overflow = || {
            let id = id();
            Error::input(format!(
                "{}:{}: the amounts of order \"{id}\" add up to more than can be held",
                files[line.file as usize].name, line.line
            ))
        };
        if let Some(amount) = line.amount {
            draft.amount.add(amount).ok_or_else(overflow)?;
        }
        if let Some(refunded) = line.refunded {
            draft.refund(refunded).ok_or_else(overflow)?;
        }
        draft.lines += 1;
        draft.has_status |= line.has_status;
        self.has_lines |= draft.stands_at(line.file, line.line);
        let finished = draft.at != NO_DATE && (draft.amount.count > 0 || self.without_amounts);
        if finished {
            if !self.unfinished.is_empty() {
                self.unfinished.remove(&order);
            }
        } else {
            if self.unfinished.len() >= MOST_UNFINISHED {
                let file = &files[line.file as usize];
                let column =
                    if draft.at == NO_DATE { Some(&file.date_header) } else { file.amount_header.as_ref() };
                return Err(Error::input(format!(
                    "{}:{}: column \"{}\" is empty, as in {MOST_UNFINISHED} orders before it",
                    file.name,
                    line.line,
                    column.map_or("quantity", String::as_str)
                ))
                .hint("is the right column mapped?"));
            }
            self.unfinished.entry(order).or_default().push((line.file, line.line, line.raw.into()));
        }
        Ok(())
    }

    /// Takes out the lines of every order that has no date, or no amount, on any of them.
    pub(super) fn take_unfinished(&mut self, files: &[FileFacts]) -> Vec<Rejection> {
        let mut unfinished: Vec<_> = std::mem::take(&mut self.unfinished).into_iter().collect();
        unfinished.sort_unstable_by_key(|(order, _)| *order);
        let mut rejected = Vec::new();
        for (order, lines) in unfinished {
            if self.excluded(order as usize).is_some() {
                continue;
            }
            let draft = &self.drafts[order as usize];
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
            self.forget_lines(order);
            rejected.extend(lines.into_iter().map(|(file, line, raw)| Rejection {
                file,
                line,
                problem: Problem::new(Fault::Missing, message.clone()),
                raw,
            }));
        }
        rejected
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

    /// The id of an order, for people.
    pub(super) fn shown_id(&self, draft: &Draft) -> String {
        if draft.id == NONE { String::new() } else { self.privacy.key(&self.ids.display(draft.id)) }
    }

    /// Whether some order has two lines in one file: the files hold lines, not orders.
    pub(super) fn has_lines(&self) -> bool {
        self.has_lines
    }
}
