//! Activity to tallies: one per period and segment.

use std::collections::BTreeMap;

use super::fold::Activity;
use super::ledger::Cell;
use super::segments::{Numbering, Segmentation};
use crate::error::{Error, Result};
use crate::input::book::NONE;
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

/// Counts the total and every breakdown, and checks that they agree.
///
/// # Errors
/// An identity does not hold, or amounts are too large to square: see [`Error`].
pub fn count(
    mut activity: Activity<'_>,
    segmentation: &Segmentation<'_>,
    breakdowns: &[Vec<usize>],
) -> Result<Vec<Breakdown>> {
    let mut numberings = vec![Numbering::new(segmentation, &[])];
    numberings.extend(breakdowns.iter().map(|columns| Numbering::new(segmentation, columns)));
    let segments: Vec<Vec<u32>> =
        numberings.iter_mut().map(|numbering| numbering.of_all(&activity)).collect();
    let mut stray = Stray::new();
    for refund in activity.returns.iter().filter(|refund| !activity.has_purchased(refund.customer)) {
        let homes = numberings.iter_mut().map(|numbering| numbering.number(refund.customer, &refund.codes));
        *stray.entry((refund.customer, refund.period, homes.collect())).or_default() +=
            WideMicros::from(refund.revenue);
    }
    // The total exists even when nobody does.
    if numberings[0].names.is_empty() {
        numberings[0].names.push(Vec::new());
    }
    let periods = activity.grid.len();
    let mut tallies: Vec<Vec<Vec<Tally>>> = numberings
        .iter()
        .map(|numbering| vec![vec![Tally::default(); periods]; numbering.names.len()])
        .collect();
    count_movements(&activity, &segments, &mut tallies);
    count_orders(&mut activity, &segments, &stray, &mut tallies)?;
    let mut counted: Vec<Breakdown> = Vec::new();
    let all_columns = std::iter::once(Vec::new()).chain(breakdowns.iter().cloned());
    for ((numbering, tallies), columns) in numberings.into_iter().zip(tallies).zip(all_columns) {
        let mut segments: Vec<Segment> = numbering
            .names
            .into_iter()
            .zip(tallies)
            .map(|(values, tallies)| Segment { values, tallies })
            .collect();
        segments.sort_by(|a, b| a.values.cmp(&b.values));
        counted.push(Breakdown { columns, segments });
    }
    check(&counted)?;
    Ok(counted)
}

/// The returns of people who never purchased: by person, period, and segment in each breakdown.
type Stray = BTreeMap<(u32, usize, Vec<u32>), WideMicros>;

fn count_movements(activity: &Activity<'_>, segments: &[Vec<u32>], tallies: &mut [Vec<Vec<Tally>>]) {
    let periods = activity.grid.len();
    for customer in (0..).take(activity.population()) {
        let index = customer as usize;
        if segments[0][index] == NONE {
            continue;
        }
        let span = activity.active.span(index);
        for period in span.start.saturating_sub(1)..span.end.min(periods) {
            let opening = activity.active.get(index, period);
            let closing = activity.active.get(index, period + 1);
            if !opening && !closing {
                continue;
            }
            let before = !opening && activity.acquired_before(customer, activity.grid.start(period));
            for (of, tallies) in segments.iter().zip(tallies.iter_mut()) {
                let tally = &mut tallies[of[index] as usize][period];
                tally.opening += u64::from(opening);
                tally.closing += u64::from(closing);
                tally.lost += u64::from(opening && !closing);
                tally.new += u64::from(closing && !opening && !before);
                tally.reactivated += u64::from(closing && !opening && before);
            }
        }
    }
}

fn count_orders(
    activity: &mut Activity<'_>,
    segments: &[Vec<u32>],
    stray: &Stray,
    tallies: &mut [Vec<Vec<Tally>>],
) -> Result<()> {
    let (mut ledger, returns) = (std::mem::take(&mut activity.ledger), std::mem::take(&mut activity.returns));
    for ((_, period, homes), revenue) in stray {
        for (home, tallies) in homes.iter().zip(tallies.iter_mut()) {
            tallies[*home as usize][*period].add_customer(0, *revenue, false).ok_or_else(too_large)?;
        }
    }
    for refund in returns {
        if activity.has_purchased(refund.customer) {
            ledger.add(Cell::of(refund.customer, refund.period, 0, refund.revenue));
        }
    }
    let cells = ledger.into_cells();
    for same in cells.chunk_by(|a, b| (a.customer, a.period) == (b.customer, b.period)) {
        let (customer, period) = (same[0].customer, same[0].period as usize);
        let orders = same.iter().map(|cell| u64::from(cell.orders)).sum();
        let revenue = same.iter().map(|cell| WideMicros::from(cell.revenue)).sum();
        let before = activity.purchased_before(customer, activity.grid.start(period));
        for (of, tallies) in segments.iter().zip(tallies.iter_mut()) {
            let tally = &mut tallies[of[customer as usize] as usize][period];
            tally.add_customer(orders, revenue, before).ok_or_else(too_large)?;
        }
    }
    Ok(())
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
