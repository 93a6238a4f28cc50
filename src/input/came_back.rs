//! What came back of an order, and who says so.
//!
//! A column of the order, rows of their own, a separate file and a status may all tell of the same refunds, each as
//! far as it knows. The one that knows of most is believed; what one of them tells in parts is added up.

use super::book::NONE;
use super::date::Stamp;
use super::grouping::Grouping;
use crate::money::Micros;

/// Who tells of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Teller {
    /// A column of the order's lines.
    Lines,
    /// Rows of their own.
    Rows,
    /// The file of `--returns`.
    Returns,
    /// The file of `--payments`.
    Payments,
    /// The order's status.
    Status,
}

/// A refund: when, where that is known, and how much, or all of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    teller: Teller,
    at: Option<Stamp>,
    amount: Option<Micros>,
}

/// What is known to have come back of an order, beside the total of a column.
#[derive(Debug, Default)]
pub(super) struct CameBack {
    parts: Vec<Part>,
    /// What rows of their own say of the order; it counts where the order itself is in no file.
    customer: Option<u32>,
    segments: Vec<u32>,
}

/// The refunds of an order by the teller that knows of most.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refunds {
    pub(super) total: Micros,
    /// All of the order came back, whatever it amounted to.
    pub(super) all: bool,
    pub(super) parts: Vec<(Option<Stamp>, Micros)>,
}

impl CameBack {
    /// Notes a refund; without an amount all of the order came back.
    pub(super) fn note(&mut self, teller: Teller, at: Option<Stamp>, amount: Option<Micros>) {
        self.parts.push(Part { teller, at, amount });
    }

    /// Notes the customer and the segments that a refund's own row names. Where two rows differ, neither is
    /// believed, so that their order does not matter.
    pub(super) fn note_row(&mut self, customer: Option<u32>, segments: &[u32]) {
        if let Some(new) = customer {
            self.customer = Some(self.customer.map_or(new, |known| if known == new { known } else { NONE }));
        }
        if self.segments.is_empty() {
            self.segments = segments.to_vec();
        }
        for (known, new) in self.segments.iter_mut().zip(segments) {
            if known != new {
                *known = NONE;
            }
        }
    }

    /// The customer of refunds of an order that is in no file; [`NONE`] where they name none, or two.
    pub(super) fn customer(&self) -> u32 {
        self.customer.unwrap_or(NONE)
    }

    /// Their segments.
    pub(super) fn segments(&self) -> &[u32] {
        &self.segments
    }

    /// How many refunds stand on rows of their own.
    pub(super) fn rows(&self) -> usize {
        self.parts.iter().filter(|part| part.teller == Teller::Rows).count()
    }

    /// When the first refund on a row of its own went back.
    pub(super) fn first_at(&self) -> Option<Stamp> {
        self.parts.iter().filter(|part| part.teller == Teller::Rows).filter_map(|part| part.at).min()
    }

    /// Forgets what the lines of the order said, for another version of it.
    pub(super) fn forget_lines(&mut self) {
        self.parts.retain(|part| !matches!(part.teller, Teller::Lines | Teller::Status));
    }

    /// What a teller knows of an order of this amount; `None` when it is too much to be held.
    fn told_by(&self, teller: Teller, gross: Micros) -> Option<Refunds> {
        let mine = || self.parts.iter().filter(|part| part.teller == teller);
        if let Some(all) = mine().filter(|part| part.amount.is_none()).max_by_key(|part| part.at) {
            let total = gross.max(0);
            return Some(Refunds { total, all: true, parts: vec![(all.at, total)] });
        }
        let parts: Vec<_> = mine().filter_map(|part| Some((part.at, part.amount?))).collect();
        let total = parts.iter().try_fold(0, |sum: Micros, (_, amount)| sum.checked_add(*amount))?;
        Some(Refunds { total, all: false, parts })
    }
}

/// The refunds of an order of this amount, of which a column of its lines says `on_lines`, added up or taken once;
/// `None` when they are too much to be held.
pub(super) fn refunds(
    back: Option<&CameBack>,
    gross: Micros,
    on_lines: Micros,
    grouping: Grouping,
) -> Option<Refunds> {
    let undated = |total| Refunds { total, all: false, parts: vec![(None, total)] };
    let mut best = if on_lines > 0 { undated(on_lines) } else { Refunds::default() };
    let Some(back) = back else { return Some(best) };
    let mut dated = back.told_by(Teller::Lines, gross)?;
    if grouping == Grouping::Once {
        dated.parts.sort_unstable();
        dated.parts.dedup();
    }
    let sum: Micros = dated.parts.iter().try_fold(0, |sum: Micros, (_, amount)| sum.checked_add(*amount))?;
    if sum <= on_lines && !dated.parts.is_empty() {
        let rest = (sum < on_lines).then_some((None, on_lines - sum));
        best.parts = dated.parts.into_iter().chain(rest).collect();
    }
    for teller in [Teller::Rows, Teller::Returns, Teller::Payments, Teller::Status] {
        let told = back.told_by(teller, gross)?;
        let is_dated = |refunds: &Refunds| refunds.parts.iter().all(|(at, _)| at.is_some());
        let knows_more = told.total > best.total
            || (told.all && !best.all && told.total == best.total && best.total == 0)
            || (told.total == best.total && is_dated(&told) && !is_dated(&best));
        if knows_more {
            best = told;
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(parts: &[(Teller, Option<Stamp>, Option<Micros>)]) -> CameBack {
        let mut back = CameBack::default();
        for (teller, at, amount) in parts {
            back.note(*teller, *at, *amount);
        }
        back
    }

    #[test]
    fn the_teller_that_knows_of_most_is_believed_and_its_parts_are_added_up() {
        use Teller::*;
        let told = |parts: &[_], on_lines, grouping| {
            let refunds = refunds(Some(&back(parts)), 100, on_lines, grouping).expect("fits");
            (refunds.total, refunds.all, refunds.parts)
        };
        // A dated and an undated payment went back: both did.
        let payments = [(Payments, Some(5), Some(10)), (Payments, None, Some(20))];
        assert_eq!(told(&payments, 0, Grouping::Sum), (30, false, vec![(Some(5), 10), (None, 20)]));
        // The column knows of more than the rows.
        assert_eq!(told(&[(Rows, Some(5), Some(10))], 40, Grouping::Sum), (40, false, vec![(None, 40)]));
        // They know of the same, and the rows know when.
        assert_eq!(told(&[(Rows, Some(5), Some(40))], 40, Grouping::Sum), (40, false, vec![(Some(5), 40)]));
        // A status knows that all came back, and of more than the rows do.
        let status = [(Rows, Some(5), Some(40)), (Status, None, None)];
        assert_eq!(told(&status, 0, Grouping::Sum), (100, true, vec![(None, 100)]));
        // The same, where the rows come to all of it.
        let status = [(Rows, Some(5), Some(100)), (Status, None, None)];
        assert_eq!(told(&status, 0, Grouping::Sum), (100, false, vec![(Some(5), 100)]));
        // A total repeated on two lines, with its date on each.
        let repeated = [(Lines, Some(7), Some(30)), (Lines, Some(7), Some(30))];
        assert_eq!(told(&repeated, 30, Grouping::Once), (30, false, vec![(Some(7), 30)]));
        assert_eq!(told(&repeated, 60, Grouping::Sum), (60, false, vec![(Some(7), 30), (Some(7), 30)]));
        // One of two lines has a date.
        let partly = [(Lines, Some(7), Some(30))];
        assert_eq!(told(&partly, 50, Grouping::Sum), (50, false, vec![(Some(7), 30), (None, 20)]));
    }

    #[test]
    fn rows_that_name_two_customers_name_none() {
        let mut back = CameBack::default();
        back.note_row(Some(1), &[4, 5]);
        assert_eq!((back.customer(), back.segments()), (1, &[4, 5][..]));
        back.note_row(None, &[4, 6]);
        back.note_row(Some(2), &[4, 5]);
        assert_eq!((back.customer(), back.segments()), (NONE, &[4, NONE][..]));
        back.note_row(Some(2), &[4, 5]);
        assert_eq!(back.customer(), NONE);
    }
}
