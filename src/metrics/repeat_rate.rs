//! Repeat-customer rate: the share of a period's buyers who bought at least twice in it.

use super::{Metric, Unit, percent, percent_interval};

/// Repeat buyers / buyers × 100.
pub(super) const METRIC: Metric = Metric {
    id: "repeat_rate",
    column: "repeat_rate_pct",
    title: "Repeat",
    name: "repeat-customer rate (Wiederholungskundenrate)",
    formula: "repeat_buyers (2 or more purchases in the period) / buyers × 100",
    empty_when: "nobody bought in the period",
    interval_method: "Wilson score interval of repeat buyers among buyers",
    source: "the textbook's repeat customers / all customers, both of the period",
    base: ("buyers", |tally| tally.buyers),
    unit: Unit::Percent,
    needs_history: false,
    default: true,
    value: |tally, _| percent(tally.repeat_buyers, tally.buyers),
    interval: |tally, _, confidence| percent_interval(tally.repeat_buyers, tally.buyers, confidence),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Assumptions;
    use crate::tally::Tally;

    #[test]
    fn a_quarter_repeats() {
        let tally = Tally { buyers: 8, repeat_buyers: 2, ..Tally::default() };
        assert_eq!((METRIC.value)(&tally, &Assumptions::default()), Some(25.0));
    }
}
