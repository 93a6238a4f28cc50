//! Churn rate: the share of the opening customers who are no longer active at the end.

use super::{Metric, Unit, percent, percent_interval};

/// CC / CS × 100; CRR + churn = 100.
pub(super) const METRIC: Metric = Metric {
    id: "churn",
    column: "churn_pct",
    title: "Churn",
    name: "churn rate (Kundenabwanderungsrate)",
    formula: "lost / opening × 100",
    empty_when: "opening = 0",
    interval_method: "Wilson score interval of lost among opening",
    source: "the textbook's CC/CS",
    base: ("opening", |tally| tally.opening),
    unit: Unit::Percent,
    needs_history: true,
    default: true,
    value: |tally, _| percent(tally.lost, tally.opening),
    interval: |tally, _, confidence| percent_interval(tally.lost, tally.opening, confidence),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Assumptions;
    use crate::tally::Tally;

    #[test]
    fn half_are_lost() {
        let tally = Tally { opening: 4, lost: 2, new: 7, closing: 9, ..Tally::default() };
        assert_eq!((METRIC.value)(&tally, &Assumptions::default()), Some(50.0));
    }
}
