//! Average order value.

use super::{Assumptions, Metric, Unit};
use crate::money::{MICROS, to_f64};
use crate::stats::{Confidence, Interval};
use crate::tally::Tally;

/// Revenue / purchases of the period. Returns of the period lower the revenue.
pub(super) const METRIC: Metric = Metric {
    id: "aov",
    column: "aov",
    title: "AOV",
    name: "average order value (durchschnittlicher Bestellwert)",
    formula: "revenue / orders",
    empty_when: "no purchases in the period, or no amounts",
    interval_method: "ratio of two means over customers, delta method; none for fewer than two customers",
    source: "the textbook's average purchase value",
    base: ("buyers", |tally| tally.buyers),
    unit: Unit::Money,
    needs_history: false,
    default: true,
    value,
    interval,
};

pub(super) fn value(tally: &Tally, assumptions: &Assumptions) -> Option<f64> {
    (assumptions.amounts && tally.orders > 0).then(|| to_f64(tally.revenue) / tally.orders as f64)
}

fn interval(tally: &Tally, assumptions: &Assumptions, confidence: Confidence) -> Option<Interval> {
    let value = value(tally, assumptions)?;
    let error = relative_variance(tally)?.sqrt() * value.abs();
    Some(Interval::around(value, confidence.z * error))
}

/// The variance of revenue per purchase, divided by its square. With n customers, their purchases x
/// and revenues y, and the ratio A = Σy/Σx: Var(A) ≈ n/(n−1) · Σ(y − A·x)² / (Σx)². `None` for fewer
/// than two customers or no revenue.
fn relative_variance(tally: &Tally) -> Option<f64> {
    let n = tally.moments.customers as f64;
    if tally.moments.customers < 2 || tally.orders == 0 || tally.revenue == 0 {
        return None;
    }
    let micro = MICROS as f64;
    let (x, y) = (tally.orders as f64, tally.revenue as f64 / micro);
    let xx = tally.moments.orders_squared as f64;
    let xy = tally.moments.orders_times_revenue as f64 / micro;
    let yy = tally.moments.revenue_squared as f64 / (micro * micro);
    let ratio = y / x;
    let residual = (yy - 2.0 * ratio * xy + ratio * ratio * xx).max(0.0);
    Some(n / (n - 1.0) * residual / (y * y))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Customers with (purchases, revenue) (1, 10), (2, 30), (1, 20): A = 60/4 = 15, residuals −5, 0,
    /// 5, Var = 3/2 · 50/16 = 4.6875.
    #[test]
    fn ratio_and_interval() {
        let mut tally = Tally::default();
        for (orders, revenue) in [(1, 10), (2, 30), (1, 20)] {
            tally.add_customer(orders, revenue * i128::from(MICROS), false).expect("small");
        }
        let confidence = Confidence::new(95.0).expect("valid");
        assert_eq!(value(&tally, &Assumptions::default()), Some(15.0));
        let got = interval(&tally, &Assumptions::default(), confidence).expect("three customers");
        assert!((got.hi - 15.0 - confidence.z * 4.6875_f64.sqrt()).abs() < 1e-9, "{got:?}");
    }
}
