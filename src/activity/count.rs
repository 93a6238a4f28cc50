//! Activity to tallies: one per period and segment.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::cell::Cell;
use super::fold::{Activity, NEVER, Part, column};
use super::grid::{Grid, Reach};
use super::segments::{Numbering, Segmentation};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::input::book::NONE;
use crate::input::customer_keys::PARTS;
use crate::input::customers::Customers;
use crate::means::lock;
use crate::money::WideMicros;
use crate::tally::Tally;

/// One segment of a breakdown over all periods.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its values, one per crossed column; empty for the total.
    pub values: Vec<String>,
    /// Its tallies, one per period.
    pub tallies: Vec<Tally>,
}

/// One way to divide the customers.
#[derive(Debug, Clone)]
pub struct Breakdown {
    /// Positions of its crossed columns; empty for the total.
    pub columns: Vec<usize>,
    /// Its segments, by name.
    pub segments: Vec<Segment>,
}

/// What is to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Counting<'c> {
    /// The periods.
    pub grid: &'c Grid,
    /// The customers file, if there is one.
    pub customers: Option<&'c Customers>,
    /// Customers are active while they have a contract, not after a purchase.
    pub contracts: bool,
    /// The segments.
    pub segmentation: &'c Segmentation<'c>,
    /// The breakdowns: positions of crossed columns.
    pub breakdowns: &'c [Vec<usize>],
    /// Who counts; without one, the calling thread.
    pub pool: Option<&'c ThreadPool>,
}

/// Counts the total and every breakdown, and checks that they agree.
///
/// # Errors
/// An identity does not hold, or amounts are too large to square: see [`Error`].
pub fn count(activity: Activity, counting: &Counting<'_>) -> Result<Vec<Breakdown>> {
    let columns = activity.columns();
    let (parts, disk) = activity.into_parts();
    let listed = Listed::of(counting)?;
    let reach = counting.grid.reach();
    let total: Vec<usize> = Vec::new();
    let all_columns: Vec<&[usize]> =
        std::iter::once(&total).chain(counting.breakdowns).map(Vec::as_slice).collect();
    let sums: Mutex<Vec<HashMap<Vec<String>, Vec<Tally>>>> =
        Mutex::new(vec![HashMap::new(); all_columns.len()]);
    let count_part = |(number, mut part): (usize, Part)| -> Result<()> {
        let numberings =
            all_columns.iter().map(|columns| Numbering::new(counting.segmentation, columns)).collect();
        let cells = part.take_cells(&disk)?;
        let listed = listed.parts.get(number);
        let mut counter = PartCounter {
            counting,
            reach: &reach,
            number,
            columns,
            part: &part,
            listed,
            numberings,
            counts: Vec::new(),
        };
        counter.count(&cells)?;
        let counted = counter.finish();
        let mut sums = lock(&sums);
        for (sums, (names, tallies)) in sums.iter_mut().zip(counted) {
            for (name, tallies) in names.into_iter().zip(tallies) {
                match sums.get_mut(&name) {
                    None => _ = sums.insert(name, tallies),
                    Some(known) => {
                        for (sum, tally) in known.iter_mut().zip(&tallies) {
                            sum.merge(tally).ok_or_else(too_large)?;
                        }
                    }
                }
            }
        }
        Ok(())
    };
    match counting.pool {
        Some(pool) => pool.install(|| parts.into_par_iter().enumerate().try_for_each(count_part))?,
        None => parts.into_iter().enumerate().try_for_each(count_part)?,
    }
    let sums = sums.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let counted: Vec<Breakdown> = sums
        .into_iter()
        .zip(&all_columns)
        .map(|(sums, columns)| {
            let mut segments: Vec<Segment> =
                sums.into_iter().map(|(values, tallies)| Segment { values, tallies }).collect();
            segments.sort_by(|a, b| a.values.cmp(&b.values));
            Breakdown { columns: columns.to_vec(), segments }
        })
        .collect();
    check(&counted)?;
    Ok(counted)
}

/// Adds the counts of other customers to the same breakdowns, and checks that they agree.
///
/// # Errors
/// See [`count`].
pub fn add_counts(known: &mut [Breakdown], other: Vec<Breakdown>) -> Result<()> {
    for (known, other) in known.iter_mut().zip(other) {
        for segment in other.segments {
            match known.segments.binary_search_by(|known| known.values.cmp(&segment.values)) {
                Err(place) => known.segments.insert(place, segment),
                Ok(place) => {
                    for (sum, tally) in known.segments[place].tallies.iter_mut().zip(&segment.tallies) {
                        sum.merge(tally).ok_or_else(too_large)?;
                    }
                }
            }
        }
    }
    check(known)
}

/// What the customers file says of customers, part by part.
#[derive(Debug, Default)]
struct Listed {
    parts: Vec<ListedPart>,
}

#[derive(Debug, Default)]
struct ListedPart {
    /// The first order (or signup) of each customer.
    first_order: Vec<i32>,
    /// The boundaries at which each contract is active, by customer, and the first start of each customer.
    contracts: Vec<(u32, Range<usize>)>,
    first_start: Vec<i32>,
}

fn at_least(days: &mut Vec<i32>, index: usize, day: i32) {
    if index >= days.len() {
        days.resize(index + 1, NEVER);
    }
    days[index] = days[index].min(day);
}

impl Listed {
    fn of(counting: &Counting<'_>) -> Result<Self> {
        let Some(customers) = counting.customers else { return Ok(Self::default()) };
        let frame = &customers.frame;
        let mut parts: Vec<ListedPart> = (0..PARTS).map(|_| ListedPart::default()).collect();
        let numbers = column(frame, "customer")?.u32()?;
        let first_orders = &column(frame, "first_order")?.date()?.phys;
        for (customer, day) in numbers.iter().zip(first_orders.iter()) {
            if let (Some(customer), Some(day)) = (customer, day) {
                let customer = customer as usize;
                at_least(&mut parts[customer % PARTS].first_order, customer / PARTS, day);
            }
        }
        if !counting.contracts {
            return Ok(Self { parts });
        }
        let starts = &column(frame, "start")?.date()?.phys;
        let ends = &column(frame, "end")?.date()?.phys;
        for ((customer, start), end) in numbers.iter().zip(starts.iter()).zip(ends.iter()) {
            if let (Some(customer), Some(start)) = (customer, start) {
                let (part, within) = (customer as usize % PARTS, customer as usize / PARTS);
                let part = &mut parts[part];
                at_least(&mut part.first_start, within, start);
                let active = counting.grid.under_contract(Day(start), end.map(Day));
                part.contracts.push((u32::try_from(within).unwrap_or(NONE), active));
            }
        }
        for part in &mut parts {
            part.contracts.sort_unstable_by_key(|(customer, active)| (*customer, active.start));
        }
        Ok(Self { parts })
    }
}

/// The segments of a breakdown: their values, and their tallies.
type NamedTallies = (Vec<Vec<String>>, Vec<Vec<Tally>>);

/// What is counted of one segment.
#[derive(Debug, Clone)]
struct Counts {
    tallies: Vec<Tally>,
    /// By how many the active customers at a boundary are more than at the one before.
    more_active: Vec<i64>,
}

impl Counts {
    fn none(periods: usize) -> Self {
        Self { tallies: vec![Tally::default(); periods], more_active: vec![0; periods + 2] }
    }
}

/// Counts a part of the customers.
struct PartCounter<'c> {
    counting: &'c Counting<'c>,
    reach: &'c Reach,
    /// The number of the part.
    number: usize,
    columns: usize,
    part: &'c Part,
    listed: Option<&'c ListedPart>,
    numberings: Vec<Numbering<'c>>,
    /// By breakdown and segment.
    counts: Vec<Vec<Counts>>,
}

impl PartCounter<'_> {
    fn count(&mut self, cells: &[Cell]) -> Result<()> {
        self.counts = vec![Vec::new(); self.numberings.len()];
        let no_codes = vec![NONE; self.columns];
        let contracts = self.listed.map_or(&[][..], |listed| &listed.contracts);
        let (mut next_cell, mut next_contract) = (0, 0);
        let mut homes = Vec::new();
        let mut active: Vec<Range<usize>> = Vec::new();
        let contracted = self.listed.map_or(0, |listed| listed.first_start.len());
        for customer in 0..self.part.len().max(contracted) {
            let is_mine = |number: u32| number as usize == customer;
            let mine = &cells[next_cell..];
            let mine = &mine[..mine.iter().take_while(|cell| is_mine(cell.customer)).count()];
            next_cell += mine.len();
            let under = &contracts[next_contract..];
            let under = &under[..under.iter().take_while(|(number, _)| is_mine(*number)).count()];
            next_contract += under.len();
            let purchased = self.part.first(customer) != NEVER;
            // Who has only returned something is in a segment as far as that was in a period.
            let counts = purchased
                || !under.is_empty()
                || mine.iter().any(|cell| self.reach.of(cell.day()).0.is_some());
            if !counts {
                continue;
            }
            let codes = if purchased { self.part.own_codes(customer, self.columns) } else { &no_codes };
            self.find_homes(customer, codes, &mut homes);
            active.clear();
            if self.counting.contracts {
                active.extend(under.iter().map(|(_, boundaries)| boundaries.clone()));
            } else {
                let purchases = mine.iter().filter(|cell| cell.orders() > 0);
                active.extend(purchases.map(|cell| self.reach.of(cell.day()).1));
            }
            let first_order = self.listed.map_or(NEVER, |listed| at(&listed.first_order, customer));
            let first_ever = self.part.first(customer).min(first_order);
            let acquired = if self.counting.contracts {
                self.listed.map_or(NEVER, |listed| at(&listed.first_start, customer))
            } else {
                first_ever
            };
            self.count_movements(&active, acquired, &homes);
            self.count_orders(mine, first_ever, &homes)?;
        }
        // Returns of people who never purchased, in the segments of their own rows.
        let mut stray: HashMap<(usize, Vec<u32>, u32), WideMicros> = HashMap::new();
        for back in &self.part.returns {
            if let (Some(period), _) = self.reach.of(back.day) {
                self.find_homes(back.customer as usize, &back.codes, &mut homes);
                *stray.entry((period, homes.clone(), back.customer)).or_default() +=
                    WideMicros::from(back.revenue);
            }
        }
        for ((period, homes, _), revenue) in stray {
            self.count_cell(period, &homes, 0, revenue, false)?;
        }
        Ok(())
    }

    /// The segments of a customer, one per breakdown.
    fn find_homes(&mut self, customer: usize, codes: &[u32], homes: &mut Vec<u32>) {
        let number = u32::try_from(customer * PARTS + self.number).unwrap_or(NONE);
        let periods = self.counting.grid.len();
        homes.clear();
        for (numbering, counts) in self.numberings.iter_mut().zip(&mut self.counts) {
            let home = numbering.number(number, codes);
            if home as usize >= counts.len() {
                counts.resize(home as usize + 1, Counts::none(periods));
            }
            homes.push(home);
        }
    }

    /// Counts when a customer is active at these boundaries, ranges in order of their starts.
    fn count_movements(&mut self, active: &[Range<usize>], acquired: i32, homes: &[u32]) {
        let grid = self.counting.grid;
        let mut ranges = active.iter().filter(|range| !range.is_empty()).cloned().peekable();
        while let Some(mut whole) = ranges.next() {
            // At one boundary after the other without a break: one stay.
            while let Some(next) = ranges.next_if(|next| next.start <= whole.end) {
                whole.end = whole.end.max(next.end);
            }
            let begins = whole.start.checked_sub(1).map(|period| (period, acquired < grid.start(period).0));
            for (home, counts) in homes.iter().zip(&mut self.counts) {
                let counts = &mut counts[*home as usize];
                counts.more_active[whole.start] += 1;
                counts.more_active[whole.end] -= 1;
                if let Some((period, was_customer)) = begins {
                    let tally = &mut counts.tallies[period];
                    *(if was_customer { &mut tally.reactivated } else { &mut tally.new }) += 1;
                }
                if let Some(tally) = counts.tallies.get_mut(whole.end - 1) {
                    tally.lost += 1;
                }
            }
        }
    }

    fn count_orders(&mut self, cells: &[Cell], first_ever: i32, homes: &[u32]) -> Result<()> {
        let mut rest = cells;
        while let Some(first) = rest.first() {
            let (period, _) = self.reach.of(first.day());
            let same = rest.iter().take_while(|cell| self.reach.of(cell.day()).0 == period).count();
            let (cells, others) = rest.split_at(same);
            rest = others;
            let Some(period) = period else { continue };
            let orders = cells.iter().map(|cell| u64::from(cell.orders())).sum();
            let revenue = cells.iter().map(|cell| WideMicros::from(cell.revenue)).sum();
            let before = first_ever < self.counting.grid.start(period).0;
            self.count_cell(period, homes, orders, revenue, before)?;
        }
        Ok(())
    }

    fn count_cell(
        &mut self,
        period: usize,
        homes: &[u32],
        orders: u64,
        revenue: WideMicros,
        before: bool,
    ) -> Result<()> {
        for (home, counts) in homes.iter().zip(&mut self.counts) {
            let tally = &mut counts[*home as usize].tallies[period];
            tally.add_customer(orders, revenue, before).ok_or_else(too_large)?;
        }
        Ok(())
    }

    /// The segments' names and tallies, one list per breakdown.
    fn finish(self) -> Vec<NamedTallies> {
        let periods = self.counting.grid.len();
        let tallied = |counts: Counts| {
            let Counts { mut tallies, more_active } = counts;
            let mut active = 0;
            for (boundary, more) in more_active.iter().enumerate().take(periods + 1) {
                active += more;
                let active = active.cast_unsigned();
                if let Some(closed) = boundary.checked_sub(1) {
                    tallies[closed].closing = active;
                }
                if let Some(opened) = tallies.get_mut(boundary) {
                    opened.opening = active;
                }
            }
            tallies
        };
        let counts = self.counts.into_iter().zip(self.numberings).map(|(mut counts, numbering)| {
            counts.resize(numbering.names.len(), Counts::none(periods));
            (numbering.names, counts.into_iter().map(tallied).collect())
        });
        counts.collect()
    }
}

fn at(days: &[i32], index: usize) -> i32 {
    days.get(index).copied().unwrap_or(NEVER)
}

fn too_large() -> Error {
    Error::input("the revenue of a customer in one period is too large to compute with")
}

/// CE = CS + CN + CR − CC; the next opening is this closing; segments sum to the total.
fn check(counted: &[Breakdown]) -> Result<()> {
    let broken = |what: &str, segment: &[String], period: usize| {
        Err(Error::internal(format!("{what} does not hold in period {period} of segment {segment:?}")))
    };
    for breakdown in counted {
        for segment in &breakdown.segments {
            for (period, tally) in segment.tallies.iter().enumerate() {
                if tally.closing + tally.lost != tally.opening + tally.new + tally.reactivated {
                    return broken("closing = opening + new + reactivated − lost", &segment.values, period);
                }
                if segment.tallies.get(period + 1).is_some_and(|next| next.opening != tally.closing) {
                    return broken("the next opening = closing", &segment.values, period);
                }
            }
        }
    }
    let Some((total, breakdowns)) = counted.split_first() else { return Ok(()) };
    for breakdown in breakdowns {
        for (period, expected) in total.segments[0].tallies.iter().enumerate() {
            let mut sum = Tally::default();
            for segment in &breakdown.segments {
                sum.merge(&segment.tallies[period]).ok_or_else(too_large)?;
            }
            if sum != *expected {
                return broken("the segments' sum = the total", &[], period);
            }
        }
    }
    Ok(())
}
