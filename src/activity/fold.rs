//! Orders, batch by batch and from all threads, folded into what is known of each customer.
//!
//! Customers are divided into parts, as their keys are; a part is one thread's at a time. Of a customer, only what
//! the periods need is kept: one cell for each period with orders. So memory follows customers and periods, not
//! orders.

use std::sync::{Arc, Mutex, OnceLock};

use polars::prelude::{Column, DataFrame};

use super::cell::{Cell, OpenCell};
use crate::calendar::{Calendar, Day};
use crate::error::{Error, Result};
use crate::input::Stamp;
use crate::input::book::NONE;
use crate::input::customer_keys::{ELSEWHERE, PARTS};
use crate::input::frames::{TakesBatches, segment_column};
use crate::input::names::{Grouped, Names};
use crate::means::{Memory, lock};
use crate::money::Micros;
use crate::scratch::{Kept, Scratch};

impl From<polars::error::PolarsError> for Error {
    fn from(error: polars::error::PolarsError) -> Self {
        Self::internal(format!("polars: {error}"))
    }
}

/// A column of a frame this program made.
pub(super) fn column<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f Column> {
    Ok(frame.column(name)?)
}

/// Which purchase gives a customer the segment of an orders column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentAt {
    /// The first.
    First,
    /// The last.
    Last,
}

impl SegmentAt {
    /// Its name, as `--segment-at` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

/// No purchase seen.
pub(super) const NEVER: i32 = i32::MAX;

/// No purchase seen.
const NO_MOMENT: Stamp = Stamp::MIN;

/// A return of somebody who had not purchased yet, where segments are columns of the orders: it is in the segment of
/// its own row unless a purchase comes.
#[derive(Debug, Clone)]
pub(super) struct Return {
    pub(super) customer: u32,
    pub(super) day: Day,
    pub(super) revenue: Micros,
    /// The orders columns' codes on its own row.
    pub(super) codes: Vec<u32>,
}

/// One customer: the first purchase in the files, and the cell of the period of the last order added, without the
/// customer's number.
#[derive(Debug, Clone, Copy)]
struct Customer {
    first: i32,
    cell: OpenCell,
}

const NOBODY: Customer = Customer { first: NEVER, cell: OpenCell::EMPTY };

/// A part of the customers.
#[derive(Debug, Default)]
pub(super) struct Part {
    customers: Vec<Customer>,
    /// Cells of other periods than each customer's last one.
    cells: Cells,
    /// Those that had no room in memory.
    on_disk: Vec<Kept>,
    /// The number of cells at which those of the same customer and period are merged next.
    merge_at: usize,
    /// When the purchase that segments was, and the orders columns' codes on it.
    chosen_at: Vec<Stamp>,
    chosen: Vec<u32>,
    pub(super) returns: Vec<Return>,
}

/// Many cells, in blocks: a list that grows in one piece is copied again and again.
#[derive(Debug, Default)]
struct Cells {
    full: Vec<Vec<Cell>>,
    last: Vec<Cell>,
}

impl Cells {
    /// Cells of a block.
    const BLOCK: usize = 4_096;

    fn push(&mut self, cell: Cell) {
        if self.last.len() == Self::BLOCK {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(Self::BLOCK));
            self.full.push(full);
        }
        self.last.push(cell);
    }

    fn len(&self) -> usize {
        self.full.len() * Self::BLOCK + self.last.len()
    }

    fn iter(&self) -> impl Iterator<Item = Cell> + Clone {
        self.full.iter().chain([&self.last]).flatten().copied()
    }
}

/// What is known of every customer.
#[derive(Debug)]
pub struct Activity {
    names: Arc<Names>,
    segment_at: SegmentAt,
    periods: Periods,
    parts: [Mutex<Part>; PARTS],
    /// The most cells of a part in memory.
    most: usize,
    disk: Scratch,
}

/// Rows that are looked at together.
const AHEAD: usize = 64;

/// Cells of a part before they are merged for the first time.
const MERGED_FIRST: usize = 1 << 16;

impl TakesBatches for Activity {
    /// Adds a batch of orders.
    fn take(&self, batch: &DataFrame) -> Result<()> {
        let columns = self.names.values.len();
        let orders = Orders {
            customers: column(batch, "customer")?.u32()?.cont_slice()?,
            days: column(batch, "day")?.date()?.phys.cont_slice()?,
            moments: column(batch, "at")?.i64()?.cont_slice()?,
            nets: column(batch, "net")?.i64()?.cont_slice()?,
            purchases: column(batch, "purchase")?
                .bool()?
                .iter()
                .map(|purchase| purchase == Some(true))
                .collect(),
            codes: (0..columns)
                .map(|index| Ok(column(batch, &segment_column(index))?.u32()?.cont_slice()?))
                .collect::<Result<_>>()?,
        };
        // Customers of another share are in none of these parts.
        let part_of = |customer: &u32| if *customer < ELSEWHERE { *customer as usize % PARTS } else { PARTS };
        let by_part = Grouped::new(orders.customers.iter().map(part_of), PARTS + 1);
        for (part, rows) in self.parts.iter().zip(by_part.groups()).filter(|(_, rows)| !rows.is_empty()) {
            lock(part).add(&orders, rows, self)?;
        }
        Ok(())
    }
}

/// The columns of a batch.
struct Orders<'b> {
    customers: &'b [u32],
    days: &'b [i32],
    moments: &'b [Stamp],
    nets: &'b [Micros],
    purchases: Vec<bool>,
    codes: Vec<&'b [u32]>,
}

impl Activity {
    /// Nobody has done anything yet.
    pub fn new(calendar: Calendar, names: &Arc<Names>, segment_at: SegmentAt) -> Self {
        Self {
            names: Arc::clone(names),
            segment_at,
            periods: Periods::new(calendar),
            parts: std::array::from_fn(|_| Mutex::default()),
            most: usize::MAX,
            disk: Scratch::default(),
        }
    }

    /// Bounds the memory for cells.
    #[must_use]
    pub fn within(self, memory: Memory) -> Self {
        Self { most: memory.cells / size_of::<Cell>() / PARTS, ..self }
    }

    /// Which of so many customers, by number, have a purchase or a return.
    pub fn customers_with_orders(&self, customers: usize) -> Vec<bool> {
        let mut with_orders = vec![false; customers];
        for (part, known) in self.parts.iter().enumerate() {
            let part_of = lock(known);
            for (within, customer) in part_of.customers.iter().enumerate() {
                if let Some(has) = with_orders.get_mut(within * PARTS + part) {
                    *has = customer.cell.of_customer(0).is_some();
                }
            }
            for back in &part_of.returns {
                with_orders[back.customer as usize * PARTS + part] = true;
            }
        }
        with_orders
    }

    /// How many segmenting columns of the orders there are.
    pub(super) fn columns(&self) -> usize {
        self.names.values.len()
    }

    /// The parts, for those who count them, and the disk on which some of their cells are.
    pub(super) fn into_parts(self) -> (Vec<Part>, Scratch) {
        let inner = |part: Mutex<Part>| part.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        (self.parts.into_iter().map(inner).collect(), self.disk)
    }
}

impl Part {
    fn add(&mut self, orders: &Orders<'_>, rows: &[u32], activity: &Activity) -> Result<()> {
        let within = |row: u32| orders.customers[row as usize] as usize / PARTS;
        let most = rows.iter().map(|row| within(*row)).max().unwrap_or(0);
        self.grow(most + 1, activity.columns());
        let mut own = vec![NONE; orders.codes.len()];
        for rows in rows.chunks(AHEAD) {
            // Looks at what is known of the customers of the next rows: many looks wait for memory at once.
            let look = |row: &u32| i64::from(self.customers[within(*row)].first);
            std::hint::black_box(rows.iter().map(look).sum::<i64>());
            for row in rows {
                let index = *row as usize;
                for (code, column) in own.iter_mut().zip(&orders.codes) {
                    *code = column[index];
                }
                let customer = u32::try_from(within(*row)).unwrap_or(NONE);
                let (day, purchase, net) =
                    (Day(orders.days[index]), orders.purchases[index], orders.nets[index]);
                if purchase {
                    let first = self.customers[customer as usize].first;
                    // Most purchases come behind the first one: then they segment nobody.
                    if day.0 <= first || activity.segment_at == SegmentAt::Last {
                        self.choose(customer as usize, orders.moments[index], &own, activity);
                    }
                    self.customers[customer as usize].first = first.min(day.0);
                } else if !own.is_empty() && self.customers[customer as usize].first == NEVER {
                    self.returns.push(Return { customer, day, revenue: net, codes: own.clone() });
                    continue;
                }
                self.put(Cell::of(customer, day, purchase, net), activity)?;
            }
        }
        Ok(())
    }

    fn grow(&mut self, customers: usize, columns: usize) {
        if customers > self.customers.len() {
            self.customers.resize(customers, NOBODY);
            if columns > 0 {
                self.chosen_at.resize(customers, NO_MOMENT);
                self.chosen.resize(customers * columns, NONE);
            }
        }
    }

    /// Adds to the cell of a customer and period.
    fn put(&mut self, cell: Cell, activity: &Activity) -> Result<()> {
        let known = &mut self.customers[cell.customer as usize];
        let new = OpenCell::of(&cell);
        let Some(mut open) = known.cell.of_customer(cell.customer) else {
            known.cell = new;
            return Ok(());
        };
        let period = |cell: &Cell| activity.periods.number_of(cell.day());
        let same = open.day() == cell.day() || period(&open) == period(&cell);
        if same && open.add(&cell) {
            known.cell = OpenCell::of(&open);
            return Ok(());
        }
        known.cell = new;
        let closed = open;
        self.cells.push(closed);
        if self.cells.len() >= self.merge_at.max(MERGED_FIRST).min(activity.most) {
            let before = self.cells.len();
            let cells = merged(std::mem::take(&mut self.cells).iter(), &activity.periods);
            // Orders in the order of time have hardly any cells to merge.
            self.merge_at = cells.len() * if cells.len() > before - before / 16 { 4 } else { 2 };
            // Merging those that are nearly as many as fit would soon be to do again.
            if cells.len() > activity.most / 2 {
                let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_bytes()).collect();
                self.on_disk.push(activity.disk.keep(&bytes)?);
            } else {
                for cell in cells {
                    self.cells.push(cell);
                }
            }
        }
        Ok(())
    }

    /// Keeps the codes of the purchase that segments its customer.
    fn choose(&mut self, customer: usize, at: Stamp, codes: &[u32], activity: &Activity) {
        if codes.is_empty() {
            return;
        }
        let known = &mut self.chosen[customer * codes.len()..][..codes.len()];
        let chosen_at = &mut self.chosen_at[customer];
        let better = match activity.segment_at {
            _ if *chosen_at == NO_MOMENT => true,
            SegmentAt::First => at < *chosen_at,
            SegmentAt::Last => at > *chosen_at,
        };
        if better {
            *chosen_at = at;
            known.copy_from_slice(codes);
        } else if at == *chosen_at {
            // Two orders at the same moment: the value that sorts first, a missing one last, so that
            // neither the files' order nor another column matters.
            for ((known, code), values) in known.iter_mut().zip(codes).zip(&activity.names.values) {
                let rank = |code: u32| (code == NONE, (code != NONE).then(|| values.text(code)));
                if known != code && rank(*code) < rank(*known) {
                    *known = *code;
                }
            }
        }
    }

    /// How many customers there are, those without orders among them.
    pub(super) fn len(&self) -> usize {
        self.customers.len()
    }

    /// The first purchase of a customer in the files; [`NEVER`] where there is none.
    pub(super) fn first(&self, customer: usize) -> i32 {
        self.customers.get(customer).map_or(NEVER, |customer| customer.first)
    }

    /// The orders columns' codes of a customer's first (or last) purchase.
    pub(super) fn own_codes(&self, customer: usize, columns: usize) -> &[u32] {
        self.chosen.get(customer * columns..(customer + 1) * columns).unwrap_or_default()
    }

    /// All cells, by customer and then day; a period may have several.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub(super) fn take_cells(&mut self, disk: &Scratch) -> Result<Vec<Cell>> {
        let mut bytes = Vec::new();
        disk.read(&self.on_disk, &mut bytes)?;
        let on_disk = bytes.as_chunks().0.iter().map(|bytes| Cell::from_bytes(*bytes));
        let open =
            (0..).zip(&self.customers).filter_map(|(number, customer)| customer.cell.of_customer(number));
        let (strays, back): (Vec<_>, Vec<_>) = std::mem::take(&mut self.returns)
            .into_iter()
            .partition(|back| self.first(back.customer as usize) == NEVER);
        let back = back.iter().map(|back| Cell::of(back.customer, back.day, false, back.revenue));
        let sorted = sorted(self.cells.iter().chain(on_disk).chain(open).chain(back));
        self.cells = Cells::default();
        self.returns = strays;
        Ok(sorted)
    }
}

/// Cells by customer and day; those of one customer and period are one, unless its sums are beyond what a cell holds.
fn merged(cells: impl Iterator<Item = Cell> + Clone, periods: &Periods) -> Vec<Cell> {
    let mut sorted = sorted(cells);
    sorted.dedup_by(|cell, kept| {
        let same = cell.customer == kept.customer
            && (cell.day() == kept.day() || periods.number_of(cell.day()) == periods.number_of(kept.day()));
        same && kept.add(cell)
    });
    sorted
}

/// Cells by customer and day. Customers are numbered from 0, so they need no comparing; and most cells of one come in
/// order.
fn sorted(cells: impl Iterator<Item = Cell> + Clone) -> Vec<Cell> {
    let (mut places, mut count) = (Vec::<u32>::new(), 0);
    cells.clone().for_each(|cell| {
        let behind = cell.customer as usize + 1;
        if behind >= places.len() {
            places.resize((behind + 1).max(places.len() * 2), 0);
        }
        places[behind] += 1;
        count += 1;
    });
    let mut sum = 0;
    for place in &mut places {
        sum += *place;
        *place = sum;
    }
    let mut sorted = vec![Cell::of(0, Day(0), false, 0); count];
    cells.for_each(|cell| {
        let place = &mut places[cell.customer as usize];
        sorted[*place as usize] = cell;
        *place += 1;
    });
    let mut begin = 0;
    for end in places.iter().map(|end| *end as usize) {
        let mine = &mut sorted[begin..end];
        if !mine.is_sorted_by_key(Cell::day) {
            mine.sort_unstable_by_key(Cell::day);
        }
        begin = end;
    }
    sorted
}

/// The number of the period of each day, worked out once.
#[derive(Debug)]
pub(super) struct Periods {
    calendar: Calendar,
    blocks: Vec<OnceLock<Box<[i32; DAYS]>>>,
}

/// Days in a block.
const DAYS: usize = 512;

/// The first day of the first block: before all days that a file may name.
const FIRST_DAY: i32 = -26_112;

impl Periods {
    pub(super) fn new(calendar: Calendar) -> Self {
        // Through 2199, and a day behind where a time zone says so.
        Self { calendar, blocks: (0..220).map(|_| OnceLock::new()).collect() }
    }

    /// The number of the period that a day lies in.
    pub(super) fn number_of(&self, day: Day) -> i32 {
        let index = usize::try_from(day.0 - FIRST_DAY).unwrap_or(usize::MAX);
        let Some(block) = self.blocks.get(index / DAYS) else { return self.calendar.number_of(day) };
        let numbers = block.get_or_init(|| {
            let first = day.0 - i32::try_from(index % DAYS).unwrap_or_default();
            Box::new(std::array::from_fn(|at| {
                self.calendar.number_of(Day(first + i32::try_from(at).unwrap_or_default()))
            }))
        });
        numbers[index % DAYS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Unit, Weekday};

    #[test]
    fn periods_are_those_of_the_calendar() {
        for unit in [Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year] {
            let calendar = Calendar { unit, week_start: Weekday::Sunday, fiscal_year_start: 4 };
            let periods = Periods::new(calendar);
            for day in (-25_570..84_010).step_by(7).map(Day) {
                assert_eq!(periods.number_of(day), calendar.number_of(day), "{day}");
            }
        }
    }

    /// Many orders of few customers, in no order of time, stay few cells.
    #[test]
    fn memory_follows_customers_and_periods() {
        let calendar = Calendar { unit: Unit::Month, week_start: Weekday::Monday, fiscal_year_start: 1 };
        let activity = Activity::new(calendar, &Arc::new(Names::new(0)), SegmentAt::First);
        let mut part = Part::default();
        part.grow(7, 0);
        for order in 0..500_000_u32 {
            let day = Day((order.wrapping_mul(2_654_435_761) % 90).cast_signed());
            part.put(Cell::of(order % 7, day, true, 1_000), &activity).expect("room");
        }
        assert!(part.cells.len() <= MERGED_FIRST);
        let cells = part.take_cells(&activity.disk).expect("readable");
        let cells = merged(cells.into_iter(), &activity.periods);
        // January to March 1970, and 71,429 orders of each customer: more than fit into a cell, less than into four.
        let keys: std::collections::BTreeSet<_> =
            cells.iter().map(|cell| (cell.customer, periods_of(&activity, cell))).collect();
        assert_eq!(keys.len(), 21);
        assert!(cells.len() < 21 * 3);
        assert_eq!(cells.iter().map(Cell::orders).sum::<u32>(), 500_000);
        assert_eq!(cells.iter().map(|cell| cell.revenue).sum::<Micros>(), 500_000_000);
    }

    fn periods_of(activity: &Activity, cell: &Cell) -> i32 {
        activity.periods.number_of(cell.day())
    }
}
