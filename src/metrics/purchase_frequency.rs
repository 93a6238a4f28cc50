//! Purchase frequency: purchases per buyer.

use super::{Metric, Unit};
use crate::stats::Interval;

/// Purchases / buyers, both of the period.
pub(super) const METRIC: Metric = Metric {
    id: "purchase_frequency",
    column: "purchase_frequency",
    title: "Freq.",
    name: "purchase frequency (Kaufhäufigkeit)",
    formula: "orders / buyers",
    empty_when: "nobody bought in the period",
    interval_method: "mean over buyers ± z·s/√n; none for fewer than two buyers",
    source: "the textbook's purchases / unique customers",
    base: ("buyers", |tally| tally.buyers),
    unit: Unit::Purchases,
    needs_history: false,
    default: true,
    value: |tally, _| (tally.buyers > 0).then(|| tally.orders as f64 / tally.buyers as f64),
    interval: |tally, _, confidence| {
        if tally.buyers < 2 {
            return None;
        }
        let (n, sum) = (u128::from(tally.buyers), u128::from(tally.orders));
        // n·Σx² − (Σx)² is exact in integers; no cancellation.
        let spread = (n * tally.moments.orders_squared).saturating_sub(sum * sum) as f64;
        let n = n as f64;
        let variance = spread / (n * (n - 1.0));
        Some(Interval::around(sum as f64 / n, confidence.z * (variance / n).sqrt()))
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Assumptions;
    use crate::stats::Confidence;
    use crate::tally::Tally;

    /// Buyers with 1, 1, 2 and 4 purchases: mean 2, s² = (1 + 1 + 0 + 4)/3 = 2, s/√n = √0.5.
    #[test]
    fn mean_and_interval() {
        let mut tally = Tally::default();
        for orders in [1, 1, 2, 4] {
            tally.add_customer(orders, 0, false).expect("small");
        }
        let confidence = Confidence::new(95.0).expect("valid");
        assert_eq!((METRIC.value)(&tally, &Assumptions::default()), Some(2.0));
        let interval = (METRIC.interval)(&tally, &Assumptions::default(), confidence).expect("four buyers");
        assert!((interval.hi - 2.0 - 1.959_963_984_5 * 0.5_f64.sqrt()).abs() < 1e-9);
        assert!((interval.lo + interval.hi - 4.0).abs() < 1e-12);
    }
}
