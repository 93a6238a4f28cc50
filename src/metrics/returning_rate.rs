//! Returning-customer rate: the share of a period's buyers who had bought before it.

use super::{Metric, Unit, percent, percent_interval};

/// Buyers whose first ever purchase was before the period / buyers × 100.
pub(super) const METRIC: Metric = Metric {
    id: "returning_rate",
    column: "returning_rate_pct",
    title: "Returning",
    name: "returning-customer rate (Anteil wiederkehrender Käufer)",
    formula: "buyers whose first ever purchase was before the period / buyers × 100",
    empty_when: "nobody bought in the period",
    interval_method: "Wilson score interval of returning buyers among buyers",
    source: "common in shop systems as new versus returning customers",
    base: ("buyers", |tally| tally.buyers),
    unit: Unit::Percent,
    needs_history: false,
    default: true,
    value: |tally, _| percent(tally.returning_buyers, tally.buyers),
    interval: |tally, _, confidence| percent_interval(tally.returning_buyers, tally.buyers, confidence),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Assumptions;
    use crate::tally::Tally;

    #[test]
    fn three_of_four_had_bought_before() {
        let tally = Tally { buyers: 4, returning_buyers: 3, ..Tally::default() };
        assert_eq!((METRIC.value)(&tally, &Assumptions::default()), Some(75.0));
    }
}
