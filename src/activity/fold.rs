//! Orders, batch by batch, folded into per-customer activity.

use polars::prelude::{Column, DataFrame};

use super::bits::BitRows;
use super::grid::Grid;
use super::ledger::{Cell, Ledger};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::input::Stamp;
use crate::input::book::NONE;
use crate::input::customers::Customers;
use crate::input::frames::segment_column;
use crate::input::keys::Keys;
use crate::money::Micros;

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
const NEVER: i32 = i32::MAX;

/// No purchase seen.
const NO_MOMENT: Stamp = Stamp::MIN;

/// A negative order: revenue of its period, no purchase of anybody.
#[derive(Debug, Clone)]
pub(super) struct Return {
    pub(super) customer: u32,
    pub(super) period: usize,
    pub(super) revenue: Micros,
    /// The orders columns' codes on its own row.
    pub(super) codes: Vec<u32>,
}

/// What is known of every customer.
#[derive(Debug)]
pub struct Activity<'a> {
    pub(super) grid: &'a Grid,
    /// Active at each boundary.
    pub(super) active: BitRows,
    /// The first purchase in the files.
    first_purchase: Vec<i32>,
    /// The first purchase anywhere: in the files, or earlier by the customers file.
    first_ever: Vec<i32>,
    /// In the contract model: the first start.
    first_start: Option<Vec<i32>>,
    /// When the purchase that segments was, and the orders columns' codes on it.
    chosen_at: Vec<Stamp>,
    chosen: Vec<u32>,
    segment_at: SegmentAt,
    values: &'a [Keys],
    pub(super) ledger: Ledger,
    pub(super) returns: Vec<Return>,
}

/// Rows that are looked at together.
const AHEAD: usize = 64;

impl<'a> Activity<'a> {
    /// Nobody has done anything yet. `values`: the texts behind the codes of the segmenting orders
    /// columns.
    pub fn new(grid: &'a Grid, population: usize, values: &'a [Keys], segment_at: SegmentAt) -> Self {
        Self {
            grid,
            active: BitRows::new(population, grid.len() + 1),
            first_purchase: vec![NEVER; population],
            first_ever: vec![NEVER; population],
            first_start: None,
            chosen_at: if values.is_empty() { Vec::new() } else { vec![NO_MOMENT; population] },
            chosen: vec![NONE; population * values.len()],
            segment_at,
            values,
            ledger: Ledger::default(),
            returns: Vec::new(),
        }
    }

    /// How many customers there could be.
    pub(super) fn population(&self) -> usize {
        self.first_ever.len()
    }

    /// Adds a batch of orders. In the contract model purchases make nobody active.
    ///
    /// # Errors
    /// The frame lacks a column: a bug.
    pub fn add(&mut self, batch: &DataFrame, purchases_activate: bool) -> Result<()> {
        let customers = column(batch, "customer")?.u32()?.cont_slice()?;
        let days = column(batch, "day")?.date()?.phys.cont_slice()?;
        let moments = column(batch, "at")?.i64()?.cont_slice()?;
        let nets = column(batch, "net")?.i64()?.cont_slice()?;
        let purchases = column(batch, "purchase")?.bool()?;
        let codes: Vec<&[u32]> = (0..self.values.len())
            .map(|index| Ok(column(batch, &segment_column(index))?.u32()?.cont_slice()?))
            .collect::<Result<_>>()?;
        let mut own = vec![NONE; codes.len()];
        for (row, purchase) in purchases.iter().enumerate() {
            if row % AHEAD == 0 {
                self.warm(&customers[row..customers.len().min(row + AHEAD)]);
            }
            for (code, column) in own.iter_mut().zip(&codes) {
                *code = column[row];
            }
            let (customer, day) = (customers[row], Day(days[row]));
            let period = self.grid.period_of(day);
            if purchase == Some(true) {
                self.purchase(customer, day, moments[row], &own, purchases_activate);
                if let Some(period) = period {
                    self.ledger.add(Cell::of(customer, period, 1, nets[row]));
                }
            } else if let Some(period) = period {
                self.returns.push(Return { customer, period, revenue: nets[row], codes: own.clone() });
            }
        }
        Ok(())
    }

    /// Looks at what is known of the customers of the next rows: many looks wait for memory at once.
    fn warm(&self, customers: &[u32]) {
        let look = |customer: &u32| {
            let index = *customer as usize;
            i64::from(self.first_purchase[index])
                + i64::from(self.first_ever[index])
                + i64::from(self.active.get(index, 0))
        };
        std::hint::black_box(customers.iter().map(look).sum::<i64>());
    }

    fn purchase(&mut self, customer: u32, day: Day, at: Stamp, codes: &[u32], activates: bool) {
        let index = customer as usize;
        if activates {
            self.active.set(index, self.grid.seen_from(day));
        }
        self.first_purchase[index] = self.first_purchase[index].min(day.0);
        self.first_ever[index] = self.first_ever[index].min(day.0);
        if codes.is_empty() {
            return;
        }
        let known = &mut self.chosen[index * codes.len()..][..codes.len()];
        let chosen_at = &mut self.chosen_at[index];
        let better = match self.segment_at {
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
            for ((known, code), values) in known.iter_mut().zip(codes).zip(self.values) {
                let rank = |code: u32| (code == NONE, (code != NONE).then(|| values.text(code)));
                if rank(*code) < rank(*known) {
                    *known = *code;
                }
            }
        }
    }

    /// Takes the customers file's first orders (or signups) where they are earlier.
    ///
    /// # Errors
    /// The frame lacks a column: a bug.
    pub fn add_first_orders(&mut self, customers: &Customers) -> Result<()> {
        let numbers = column(&customers.frame, "customer")?.u32()?;
        let days = &column(&customers.frame, "first_order")?.date()?.phys;
        for (customer, day) in numbers.iter().zip(days.iter()) {
            if let (Some(customer), Some(day)) = (customer, day) {
                let known = &mut self.first_ever[customer as usize];
                *known = (*known).min(day);
            }
        }
        Ok(())
    }

    /// Takes contracts as what makes customers active.
    ///
    /// # Errors
    /// The frame lacks a column: a bug.
    pub fn add_contracts(&mut self, customers: &Customers) -> Result<()> {
        let numbers = column(&customers.frame, "customer")?.u32()?;
        let starts = &column(&customers.frame, "start")?.date()?.phys;
        let ends = &column(&customers.frame, "end")?.date()?.phys;
        let mut first = vec![NEVER; self.population()];
        for ((customer, start), end) in numbers.iter().zip(starts.iter()).zip(ends.iter()) {
            if let (Some(customer), Some(start)) = (customer, start) {
                let index = customer as usize;
                first[index] = first[index].min(start);
                self.active.set(index, self.grid.under_contract(Day(start), end.map(Day)));
            }
        }
        self.first_start = Some(first);
        Ok(())
    }

    /// Whether somebody is a customer at all: has purchased, or has a contract.
    pub(super) fn is_customer(&self, customer: u32) -> bool {
        let index = customer as usize;
        self.has_purchased(customer) || self.first_start.as_ref().is_some_and(|first| first[index] != NEVER)
    }

    /// Whether somebody has a purchase in the files.
    pub(super) fn has_purchased(&self, customer: u32) -> bool {
        self.first_purchase[customer as usize] != NEVER
    }

    /// Whether somebody was a customer before a day: decides new against reactivated.
    pub(super) fn acquired_before(&self, customer: u32, day: Day) -> bool {
        let first = self.first_start.as_ref().unwrap_or(&self.first_ever);
        first[customer as usize] < day.0
    }

    /// Whether somebody had purchased before a day.
    pub(super) fn purchased_before(&self, customer: u32, day: Day) -> bool {
        self.first_ever[customer as usize] < day.0
    }

    /// The orders columns' codes of a customer's first (or last) purchase.
    pub(super) fn own_codes(&self, customer: u32) -> &[u32] {
        let stride = self.values.len();
        &self.chosen[customer as usize * stride..][..stride]
    }
}
