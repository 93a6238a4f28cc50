//! How often 95 % intervals hold the truth, on generated shops of which the truth is known.

use regulars::metrics::{Assumptions, METRICS};
use regulars::money::MICROS;
use regulars::stats::{Confidence, Interval, difference, wilson};
use regulars::tally::Tally;

/// Random numbers that are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    /// From 0 to below 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.share() < chance
    }
}

/// What is true of the shop.
const CHURN: f64 = 0.08;
const BUYS: f64 = 0.45;
const ONE_MORE: f64 = 0.3;
const KNOWN: f64 = 0.7;
/// Amounts are even between 10 and 110 for half of the customers, and between 10 and 50 for the others.
const MEAN_AMOUNT: f64 = f64::midpoint(60.0, 30.0);

/// A period of a shop with so many customers at its start, and as many at its end.
fn shop(random: &mut Random, customers: u64) -> Tally {
    let mut tally = Tally { opening: customers, closing: customers, ..Tally::default() };
    for _ in 0..customers {
        tally.lost += u64::from(random.happens(CHURN));
        if !random.happens(BUYS) {
            continue;
        }
        let mut orders = 1;
        while random.happens(ONE_MORE) {
            orders += 1;
        }
        let widest = if random.happens(0.5) { 100.0 } else { 40.0 };
        let revenue: f64 = (0..orders).map(|_| 10.0 + widest * random.share()).sum();
        let before = random.happens(KNOWN);
        tally.add_customer(orders, (revenue * MICROS as f64) as i128, before).expect("small");
    }
    tally.new = tally.lost;
    tally
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    const SHOPS: u32 = 4_000;
    const CUSTOMERS: u64 = 600;
    let confidence = Confidence::new(95.0).expect("a level");
    let orders = 1.0 / (1.0 - ONE_MORE);
    let truths = [
        ("crr", 100.0 * (1.0 - CHURN)),
        ("churn", 100.0 * CHURN),
        ("repeat_rate", 100.0 * ONE_MORE),
        ("returning_rate", 100.0 * KNOWN),
        ("purchase_frequency", orders),
        ("aov", MEAN_AMOUNT),
        ("lifespan", 1.0 / CHURN),
        ("clv", MEAN_AMOUNT * BUYS * orders / CHURN),
    ];
    let mut random = Random(2024);
    let mut held = [0_u32; 8];
    for _ in 0..SHOPS {
        let tally = shop(&mut random, CUSTOMERS);
        for ((id, truth), held) in truths.iter().zip(&mut held) {
            let metric = METRICS.iter().find(|metric| metric.id == *id).expect("a metric");
            let interval =
                (metric.interval)(&tally, &Assumptions::default(), confidence).expect("an interval");
            *held += u32::from(interval.lo <= *truth && *truth <= interval.hi);
        }
    }
    for ((id, _), held) in truths.iter().zip(held) {
        let share = f64::from(held) / f64::from(SHOPS);
        assert!((0.93..=0.97).contains(&share), "{id}: {share}");
    }
}

/// Two periods that have nothing to do with each other: the difference of their churn, and one against a share of the other.
#[test]
fn so_do_those_of_differences() {
    const SHOPS: u32 = 4_000;
    let confidence = Confidence::new(95.0).expect("a level");
    let mut random = Random(7);
    for (now, before, customers, factor) in
        [(0.10, 0.08, 300_u32, 1.0), (0.05, 0.05, 800, 1.0), (0.90, 0.94, 400, 0.95)]
    {
        let mut held = 0;
        for _ in 0..SHOPS {
            let mut sample = |chance: f64| -> (f64, Interval) {
                let count = (0..customers).filter(|_| random.happens(chance)).count() as u64;
                (
                    count as f64 / f64::from(customers),
                    wilson(count, customers.into(), confidence).expect("some"),
                )
            };
            let (one, other) = (sample(now), sample(before));
            let interval = difference(one, other, factor);
            let truth: f64 = now - factor * before;
            held += u32::from(interval.lo <= truth && truth <= interval.hi);
        }
        let share = f64::from(held) / f64::from(SHOPS);
        assert!((0.93..=0.97).contains(&share), "{now} {before}: {share}");
    }
}
