//! Customer retention rate: the share of the opening customers who are still active at the end.

use super::{Metric, Unit, percent, percent_interval};
use crate::tally::Tally;

/// (CE − CN − CR) / CS × 100. A returner was not there at the start, so for the formula they are
/// acquired, not retained; the textbook's (CE − CN)/CS exceeds 100 % where many come back.
pub(super) const METRIC: Metric = Metric {
    id: "crr",
    column: "crr_pct",
    title: "CRR",
    name: "customer retention rate (Kundenbindungsrate)",
    formula: "(closing − new − reactivated) / opening × 100",
    empty_when: "opening = 0",
    interval_method: "Wilson score interval of retained among opening",
    source: "the textbook's (CE − CN)/CS, with customers who come back counted as acquired",
    base: ("opening", |tally| tally.opening),
    unit: Unit::Percent,
    needs_history: true,
    default: true,
    value: |tally, _| percent(retained(tally), tally.opening),
    interval: |tally, _, confidence| percent_interval(retained(tally), tally.opening, confidence),
};

/// CE − CN − CR. The identity CE = CS + CN + CR − CC, checked when tallies are made, makes it CS − CC,
/// and so CRR + churn = 100.
fn retained(tally: &Tally) -> u64 {
    tally.closing - tally.new - tally.reactivated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Assumptions;

    /// CDNOW, March 1998, one-month window: 55 of 157 stayed, 35.0 %.
    #[test]
    fn cdnow_march_1998() {
        let tally = Tally { opening: 157, reactivated: 156, lost: 102, closing: 211, ..Tally::default() };
        let value = (METRIC.value)(&tally, &Assumptions::default()).expect("defined");
        assert!((value - 5500.0 / 157.0).abs() < 1e-12);
    }
}
