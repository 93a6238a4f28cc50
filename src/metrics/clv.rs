//! Customer lifetime value.

use super::{Assumptions, Metric, Unit, aov, lifespan};
use crate::stats::{Confidence, Interval};
use crate::tally::Tally;

/// How far ahead the lifetime value looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Horizon {
    /// As long as anybody is left.
    Infinite,
    /// This many periods, the current one included.
    Periods(u32),
}

/// AOV × (purchases / CE) × lifespan. The frequency is per active customer, because the lifespan is
/// that of an active customer. With a margin m, a discount d per period and a horizon H it is
/// m × AOV × F × Σ_{t<H} (r/(1+d))^t with r = 1 − 1/lifespan; without them, the plain product.
pub(super) const METRIC: Metric = Metric {
    id: "clv",
    column: "clv",
    title: "CLV",
    name: "customer lifetime value (Kundenlebensdauerwert)",
    formula: "aov × (orders / closing) × lifespan",
    empty_when: "a factor is empty",
    interval_method: "log scale, delta method: the relative variances of revenue per active customer and of churn added; none with --discount or --horizon",
    source: "the textbook's purchase value × purchase frequency × lifespan, all three of active customers",
    base: ("closing", |tally| tally.closing),
    unit: Unit::Money,
    needs_history: true,
    default: true,
    value,
    interval,
};

fn value(tally: &Tally, assumptions: &Assumptions) -> Option<f64> {
    let value = aov::value(tally, assumptions)?;
    if tally.closing == 0 {
        return None;
    }
    let frequency = tally.orders as f64 / tally.closing as f64;
    Some(assumptions.margin * value * frequency * expected_periods(tally, assumptions)?)
}

/// Σ_{t<H} (r/(1+d))^t; the lifespan where d = 0 and H = ∞.
fn expected_periods(tally: &Tally, assumptions: &Assumptions) -> Option<f64> {
    if assumptions.discount == 0.0 && assumptions.horizon == Horizon::Infinite {
        return lifespan::value(tally, assumptions);
    }
    let retention = match assumptions.lifespan {
        Some(lifespan) => 1.0 - 1.0 / lifespan,
        None if tally.opening > 0 => (tally.opening - tally.lost) as f64 / tally.opening as f64,
        None => return None,
    };
    let ratio = retention / (1.0 + assumptions.discount);
    match assumptions.horizon {
        Horizon::Infinite => (ratio < 1.0).then(|| 1.0 / (1.0 - ratio)),
        Horizon::Periods(periods) if ratio >= 1.0 => Some(f64::from(periods)),
        Horizon::Periods(periods) => Some((1.0 - ratio.powf(f64::from(periods))) / (1.0 - ratio)),
    }
}

/// AOV × orders / CE is revenue per active customer, so CLV is that mean times the lifespan. On the log
/// scale Var(ln CLV) ≈ Var(mean)/mean² + Var(churn)/churn²; the bounds are CLV · e^(±z·√Var).
fn interval(tally: &Tally, assumptions: &Assumptions, confidence: Confidence) -> Option<Interval> {
    let plain = assumptions.discount == 0.0 && assumptions.horizon == Horizon::Infinite;
    let value = value(tally, assumptions)?;
    if value <= 0.0 || !plain {
        return None;
    }
    let mut lifespan_variance = 0.0;
    if assumptions.lifespan.is_none() {
        let churn = tally.lost as f64 / tally.opening as f64;
        lifespan_variance = (1.0 - churn) / (churn * tally.opening as f64);
    }
    let spread = (per_customer_variance(tally)? + lifespan_variance).sqrt();
    Some(Interval { lo: value * (-confidence.z * spread).exp(), hi: value * (confidence.z * spread).exp() })
}

/// The relative variance of revenue per active customer, AOV × orders / CE = revenue / CE: with y the
/// revenue of each of the CE active customers (0 for those who bought nothing in the period),
/// (Σy² / (Σy)² − 1/CE) · CE/(CE − 1).
fn per_customer_variance(tally: &Tally) -> Option<f64> {
    if tally.closing < 2 || tally.revenue <= 0 {
        return None;
    }
    let customers = tally.closing.max(tally.moments.customers) as f64;
    let (sum, squares) = (tally.revenue as f64, tally.moments.revenue_squared as f64);
    Some(((squares / (sum * sum) - 1.0 / customers) * customers / (customers - 1.0)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::MICROS;

    fn tally() -> Tally {
        let revenue = 240 * i128::from(MICROS);
        Tally { opening: 3, lost: 1, closing: 1, orders: 4, buyers: 1, revenue, ..Tally::default() }
    }

    /// The German articles' example: 60 € × 4 purchases × 3 years = 720 €.
    #[test]
    fn the_textbook_example() {
        assert_eq!(value(&tally(), &Assumptions::default()), Some(720.0));
    }

    #[test]
    fn an_endless_horizon_without_discount_gives_the_textbook_product_back() {
        let almost = Assumptions { discount: 1e-12, ..Assumptions::default() };
        let far = Assumptions { horizon: Horizon::Periods(10_000), ..Assumptions::default() };
        for assumptions in [almost, far] {
            let value = value(&tally(), &assumptions).expect("defined");
            assert!((value - 720.0).abs() < 1e-6, "{value}");
        }
    }

    /// r = 2/3, d = 0.25, H = 2: 0.5 × 240 × (1 + (2/3)/1.25) = 184.
    #[test]
    fn margin_discount_and_horizon() {
        let assumptions = Assumptions {
            margin: 0.5,
            discount: 0.25,
            horizon: Horizon::Periods(2),
            ..Assumptions::default()
        };
        let value = value(&tally(), &assumptions).expect("defined");
        assert!((value - 184.0).abs() < 1e-12, "{value}");
    }

    #[test]
    fn an_assumed_lifespan_replaces_the_measured_one() {
        let assumptions = Assumptions { lifespan: Some(6.0), ..Assumptions::default() };
        let nobody_left = Tally { lost: 0, ..tally() };
        assert_eq!(value(&nobody_left, &assumptions), Some(1440.0));
        assert_eq!(value(&nobody_left, &Assumptions::default()), None);
    }

    /// Nobody left, so the lifespan is unknown, but three periods of full retention are three periods.
    #[test]
    fn a_horizon_bounds_full_retention() {
        let assumptions = Assumptions { horizon: Horizon::Periods(3), ..Assumptions::default() };
        assert_eq!(value(&Tally { lost: 0, ..tally() }, &assumptions), Some(720.0));
    }
}
