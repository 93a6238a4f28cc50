//! Days without any order that the shop's own rhythm makes improbable: a missing file, most likely.
//!
//! The rhythm is the share of days without orders per weekday in the eight weeks before and after a
//! run of such days, drawn towards the share over all weekdays where there is little to see. A run is
//! improbable when, at that rhythm, fewer than one in fifty data sets of this length would show it.
//! Fewer than a dozen days with orders around a run are no rhythm.

use std::collections::BTreeSet;

use crate::calendar::Day;

/// Eight weeks.
const NEIGHBOURHOOD: i32 = 56;
/// Runs expected by chance in a data set, below which a run is improbable.
const IMPROBABLE: f64 = 0.02;
/// Days with orders in the neighbourhood, below which there is no rhythm to speak of.
const RHYTHM: f64 = 12.0;

/// The improbable runs of days without orders between `first` and `last`, as first and last day.
pub(crate) fn improbable(order_days: &BTreeSet<Day>, first: Day, last: Day) -> Vec<(Day, Day)> {
    let mut runs = Vec::new();
    let mut previous = first.plus(-1);
    for day in order_days.range(first..=last).copied().chain([last.plus(1)]) {
        if day.0 - previous.0 > 1 {
            let run = (previous.plus(1), day.plus(-1));
            if expected(order_days, first, last, run) < IMPROBABLE {
                runs.push(run);
            }
        }
        previous = day;
    }
    runs
}

/// How many runs like this one chance would put into the covered days.
fn expected(order_days: &BTreeSet<Day>, first: Day, last: Day, run: (Day, Day)) -> f64 {
    let (mut quiet, mut all) = ([0.0_f64; 7], [0.0_f64; 7]);
    let before = (run.0.0 - NEIGHBOURHOOD).max(first.0)..run.0.0;
    let after = run.1.0 + 1..(run.1.0 + 1 + NEIGHBOURHOOD).min(last.0 + 1);
    for day in before.chain(after).map(Day) {
        let weekday = usize::from(day.weekday());
        all[weekday] += 1.0;
        quiet[weekday] += f64::from(u8::from(!order_days.contains(&day)));
    }
    let (quiet_days, days) = (quiet.iter().sum::<f64>(), all.iter().sum::<f64>());
    if days - quiet_days < RHYTHM {
        return f64::INFINITY;
    }
    let overall = (quiet_days + 1.0) / (days + 2.0);
    let covered = f64::from(last.0 - first.0 + 1);
    let log_chance: f64 = (run.0.0..=run.1.0)
        .map(|day| {
            let weekday = usize::from(Day(day).weekday());
            ((quiet[weekday] + 2.0 * overall) / (all[weekday] + 2.0)).ln()
        })
        .sum();
    covered * log_chance.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: i32, to: i32, open: impl Fn(Day) -> bool) -> BTreeSet<Day> {
        (from..=to).map(Day).filter(|day| open(*day)).collect()
    }

    #[test]
    fn a_missing_month_of_a_daily_shop_is_found_and_nothing_else() {
        let missing = 10_400..10_430;
        let seen = days(10_000, 10_999, |day| !missing.contains(&day.0));
        assert_eq!(improbable(&seen, Day(10_000), Day(10_999)), [(Day(10_400), Day(10_429))]);
        // Stale at the end: covered to --as-of, but no orders for the last ten days.
        let seen = days(10_000, 10_989, |_| true);
        assert_eq!(improbable(&seen, Day(10_000), Day(10_999)), [(Day(10_990), Day(10_999))]);
    }

    #[test]
    fn closed_weekends_and_a_holiday_are_a_rhythm() {
        let seen = days(10_000, 10_999, |day| day.weekday() < 5 && day.0 != 10_501);
        assert_eq!(improbable(&seen, Day(10_000), Day(10_999)), []);
    }

    #[test]
    fn a_handful_of_orders_is_no_rhythm() {
        let seen = days(10_000, 10_200, |day| day.0 < 10_003 || day.0 > 10_195);
        assert_eq!(improbable(&seen, Day(10_000), Day(10_200)), []);
    }

    #[test]
    fn a_shop_with_an_order_a_week_has_no_improbable_week() {
        let seen = days(10_000, 10_999, |day| day.0 % 9 == 0);
        assert_eq!(improbable(&seen, Day(10_000), Day(10_999)), []);
    }
}
