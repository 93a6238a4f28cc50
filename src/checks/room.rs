//! How far a number is from a threshold.

use super::{Bound, Change};
use crate::stats::{Interval, difference};

/// A number of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) interval: Option<Interval>,
}

/// How far a number is within a threshold; below 0 where it is beyond it.
pub(super) struct Slack {
    pub(super) value: f64,
    pub(super) interval: Option<Interval>,
}

/// How far a number is within a threshold. `reference`: what it is compared with, where it is.
pub(super) fn room(bound: Bound, point: Point, reference: Option<Point>) -> Slack {
    // sign × (number − factor × reference) + offset
    let (sign, factor, offset) = match bound {
        Bound::Min(min) => (1.0, 0.0, -min),
        Bound::Max(max) => (-1.0, 0.0, max),
        Bound::Drop(Change::Absolute(size), _) => (1.0, 1.0, size),
        Bound::Drop(Change::Relative(share), _) => (1.0, 1.0 - share, 0.0),
        Bound::Rise(Change::Absolute(size), _) => (-1.0, 1.0, size),
        Bound::Rise(Change::Relative(share), _) => (-1.0, 1.0 + share, 0.0),
    };
    let other = reference.filter(|_| factor != 0.0);
    let value = point.value - other.map_or(0.0, |other| factor * other.value);
    let interval = match other {
        None => point.interval,
        Some(other) => point
            .interval
            .zip(other.interval)
            .map(|(own, of_other)| difference((point.value, own), (other.value, of_other), factor)),
    };
    let signed = |value: f64| sign * value + offset;
    // The last bits of two products are no drop.
    let speck = 1e-12 * point.value.abs().max(offset.abs());
    let value = signed(value);
    Slack {
        value: if value.abs() <= speck { 0.0 } else { value },
        interval: interval.map(|interval| {
            let (a, b) = (signed(interval.lo), signed(interval.hi));
            Interval { lo: a.min(b), hi: a.max(b) }
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Against;

    fn point(value: f64, lo: f64, hi: f64) -> Point {
        Point { value, interval: Some(Interval { lo, hi }) }
    }

    #[test]
    fn thresholds_are_kept_up_to_themselves() {
        let value = |bound, number, other| {
            room(bound, point(number, number, number), Some(point(other, other, other))).value
        };
        assert!(value(Bound::Min(5.0), 5.0, 0.0) >= 0.0 && value(Bound::Min(5.0), 4.99, 0.0) < 0.0);
        assert!(value(Bound::Max(5.0), 5.0, 0.0) >= 0.0 && value(Bound::Max(5.0), 5.01, 0.0) < 0.0);
        let (two, tenth) = (Change::Absolute(2.0), Change::Relative(0.1));
        let previous = Against::Previous;
        // From 80: 2 points down is 78, a tenth is 72; up, 82 and 88.
        for (bound, kept, broken) in [
            (Bound::Drop(two, previous), 78.0, 77.99),
            (Bound::Drop(tenth, previous), 72.0, 71.99),
            (Bound::Rise(two, previous), 82.0, 82.01),
            (Bound::Rise(tenth, previous), 88.0, 88.01),
        ] {
            assert!(value(bound, kept, 80.0) >= 0.0, "{bound}");
            assert!(value(bound, broken, 80.0) < 0.0, "{bound}");
        }
    }

    /// The interval of a difference, by hand: 70 [66, 74] − 80 [77, 83] = −10, −√(4² + 3²) to +√(4² + 3²).
    #[test]
    fn intervals_of_differences_add_their_squares() {
        let drop = Bound::Drop(Change::Absolute(4.0), Against::Previous);
        let slack = room(drop, point(70.0, 66.0, 74.0), Some(point(80.0, 77.0, 83.0)));
        assert!((slack.value + 6.0).abs() < 1e-12);
        let interval = slack.interval.expect("an interval");
        assert!((interval.lo + 11.0).abs() < 1e-12 && (interval.hi + 1.0).abs() < 1e-12, "{interval:?}");
        // Against a half of it: 70 − 40 = 30, ±√(4² + 1.5²).
        let half = Bound::Drop(Change::Relative(0.5), Against::Previous);
        let interval =
            room(half, point(70.0, 66.0, 74.0), Some(point(80.0, 77.0, 83.0))).interval.expect("one");
        let reach = (16.0_f64 + 2.25).sqrt();
        assert!((interval.lo - 30.0 + reach).abs() < 1e-12 && (interval.hi - 30.0 - reach).abs() < 1e-12);
    }
}
