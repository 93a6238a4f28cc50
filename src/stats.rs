//! Intervals for proportions and the normal quantile they need.

/// A two-sided interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub lo: f64,
    /// The upper bound.
    pub hi: f64,
}

impl Interval {
    /// `centre ± half`.
    pub fn around(centre: f64, half: f64) -> Self {
        Self { lo: centre - half, hi: centre + half }
    }

    /// Both bounds through a function that keeps their order.
    #[must_use]
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { lo: f(self.lo), hi: f(self.hi) }
    }
}

/// How sure an interval is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// The level in percent, above 0 and below 100.
    pub percent: f64,
    /// The standard normal quantile that leaves (100 − percent)/2 % above it.
    pub z: f64,
}

impl Confidence {
    /// A level in percent; `None` unless 0 < percent < 100.
    pub fn new(percent: f64) -> Option<Self> {
        (percent > 0.0 && percent < 100.0)
            .then(|| Self { percent, z: normal_quantile(0.5 + percent / 200.0) })
    }
}

/// The q-quantile of sorted numbers, between two of them in proportion (type 7 of Hyndman and Fan 1996); `None`
/// of none.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q * last as f64;
    let below = position.floor();
    // In range: 0 ≤ q ≤ 1.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let index = (below as usize).min(last);
    let above = sorted[(index + 1).min(last)];
    Some(sorted[index] + (position - below) * (above - sorted[index]))
}

/// Wilson's score interval for a proportion of `successes` among `n` (Wilson 1927); `None` for n = 0.
pub fn wilson(successes: u64, n: u64, confidence: Confidence) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (n, z) = (n as f64, confidence.z);
    let p = successes as f64 / n;
    let z2 = z * z / n;
    let centre = (p + z2 / 2.0) / (1.0 + z2);
    let half = z / (1.0 + z2) * (p * (1.0 - p) / n + z2 / (4.0 * n)).sqrt();
    let interval = Interval::around(centre, half);
    // Exact at the ends, where rounding would leave a speck outside [0, 1].
    Some(Interval {
        lo: if successes == 0 { 0.0 } else { interval.lo.max(0.0) },
        hi: if p >= 1.0 { 1.0 } else { interval.hi.min(1.0) },
    })
}

/// The interval of `one − factor × other`, two numbers that do not depend on each other, from theirs: the distances to
/// the bounds added in squares. Of two shares with Wilson's intervals and factor 1 it is Newcombe's (1998, method 10); of any
/// numbers the "variance estimates recovery" of Zou and Donner (2008). A factor is 0 or more.
pub fn difference(one: (f64, Interval), other: (f64, Interval), factor: f64) -> Interval {
    let ((a, of_a), (b, of_b)) = (one, other);
    let d = a - factor * b;
    Interval {
        lo: d - (a - of_a.lo).hypot(factor * (of_b.hi - b)),
        hi: d + (of_a.hi - a).hypot(factor * (b - of_b.lo)),
    }
}

/// The standard normal distribution's quantile: bisection on `erfc`, so it is as exact as that.
fn normal_quantile(p: f64) -> f64 {
    let below = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let (mut lo, mut hi) = (-40.0, 40.0);
    for _ in 0..200 {
        let middle = f64::midpoint(lo, hi);
        if below(middle) < p { lo = middle } else { hi = middle }
    }
    f64::midpoint(lo, hi)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe (1998), table I, method 3: the published bounds, four decimals.
    #[test]
    fn wilson_is_as_published() {
        let confidence = Confidence::new(95.0).expect("valid");
        for (successes, n, lo, hi) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let got = wilson(successes, n, confidence).expect("n > 0");
            assert!((got.lo - lo).abs() < 0.5e-4 && (got.hi - hi).abs() < 0.5e-4, "{successes}/{n}: {got:?}");
        }
        assert_eq!(wilson(0, 0, confidence), None);
        assert_eq!(wilson(7, 7, confidence).map(|interval| interval.hi), Some(1.0));
    }

    /// Newcombe (1998), statistics in medicine 17, table II, method 10: the published bounds, four decimals.
    #[test]
    fn differences_are_as_published() {
        let confidence = Confidence::new(95.0).expect("valid");
        for (a, m, b, n, lo, hi) in [
            (56, 70, 48, 80, 0.0524, 0.3339),
            (9, 10, 3, 10, 0.1705, 0.8090),
            (6, 7, 2, 7, 0.0582, 0.8062),
            (5, 56, 0, 29, -0.0381, 0.1926),
            (0, 10, 0, 20, -0.1611, 0.2775),
            (0, 10, 0, 10, -0.2775, 0.2775),
            (10, 10, 0, 20, 0.6791, 1.0),
            (10, 10, 0, 10, 0.6075, 1.0),
        ] {
            let share = |k: u64, of: u64| (k as f64 / of as f64, wilson(k, of, confidence).expect("of > 0"));
            let got = difference(share(a, m), share(b, n), 1.0);
            assert!(
                (got.lo - lo).abs() < 0.6e-4 && (got.hi - hi).abs() < 0.6e-4,
                "{a}/{m} − {b}/{n}: {got:?}"
            );
        }
    }

    /// Quantiles as tabulated to ten decimals.
    #[test]
    fn quantiles_are_as_tabulated() {
        for (percent, z) in [(90.0, 1.644_853_627_0), (95.0, 1.959_963_984_5), (99.0, 2.575_829_303_5)] {
            assert!((Confidence::new(percent).expect("valid").z - z).abs() < 1e-10);
        }
        for percent in [0.0, 100.0, -1.0, f64::NAN] {
            assert_eq!(Confidence::new(percent), None);
        }
    }
}
