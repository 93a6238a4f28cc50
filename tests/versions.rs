//! Overlapping exports that have an order in several versions: with `--on-conflict` the orders are those of the
//! chosen file, whatever the order of its rows. (A row waits for a day behind the twelfth, which decides how dates
//! read: rows of an earlier file can be read after those of a later one.)

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::program::{number, records, report_csv};

/// An order as one file has it: its lines in cents, its day, and whether it is cancelled.
#[derive(Debug, Clone)]
struct Version {
    lines: Vec<i64>,
    day: u8,
    cancelled: bool,
}

/// What each of three files has of each of eight orders.
fn files() -> impl Strategy<Value = Vec<Vec<Option<Version>>>> {
    let lines = proptest::collection::vec(1..10_000_i64, 1..3);
    let version = (lines, 1..=28_u8, proptest::bool::weighted(0.2))
        .prop_map(|(lines, day, cancelled)| Version { lines, day, cancelled });
    let file = proptest::collection::vec(proptest::option::of(version), 8);
    proptest::collection::vec(file, 3)
}

#[test]
fn the_chosen_file_has_the_order() {
    let config = ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() };
    let ways = (files(), any::<bool>(), any::<u64>());
    proptest!(config, |((files, last, seed) in ways)| {
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["a.csv", "b.csv", "c.csv"];
        let mut chosen: BTreeMap<usize, &Version> = BTreeMap::new();
        for (file, name) in files.iter().zip(names) {
            let mut rows = vec![format!("own-{name},K,31/01/2025,1.00,ok")];
            for (order, version) in file.iter().enumerate() {
                let Some(version) = version else { continue };
                if last {
                    chosen.insert(order, version);
                } else {
                    chosen.entry(order).or_insert(version);
                }
                let status = if version.cancelled { "cancelled" } else { "ok" };
                for cents in &version.lines {
                    let (whole, rest) = (cents / 100, cents % 100);
                    rows.push(format!("{order},C{order},{:02}/01/2025,{whole}.{rest:02},{status}", version.day));
                }
            }
            let length = rows.len();
            rows.rotate_left(usize::try_from(seed % length as u64).expect("small"));
            let text = format!("order_id,customer_id,date,amount,status\n{}\n", rows.join("\n"));
            std::fs::write(folder.path().join(name), text).expect("writes");
        }
        let kept = || chosen.values().filter(|version| !version.cancelled);
        let cents: i64 = kept().flat_map(|version| &version.lines).sum::<i64>() + 300;
        let orders = (kept().count() + 3).to_string();
        let rule = if last { "last" } else { "first" };
        let arguments = [&names[..], &["--on-conflict", rule, "--order-amount", "sum", "--metrics", "aov"]].concat();
        let records = records(&report_csv(folder.path(), &arguments));
        let read = (records[0]["orders"].as_str(), number(&records[0], "revenue"));
        prop_assert_eq!(read, (orders.as_str(), Some(cents as f64 / 100.0)));
    });
}
