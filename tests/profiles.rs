//! Every profile, on exports written for it: it recognises these and no others, and reads the orders or
//! customers that are stated beside them. `NAME.csv`, and `NAME.VARIANT.csv` for the forms an export has had;
//! `none.VARIANT.csv` is known by its headers alone.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use regulars::calendar::Day;
use regulars::error::Result;
use regulars::input::account::{Limit, Rejects};
use regulars::input::customer_keys::CustomerKeys;
use regulars::input::customers::{self, CustomerOptions, OrdersSide};
use regulars::input::orders::{OrderOptions, OrderReader};
use regulars::input::privacy::Privacy;
use regulars::input::profiles::{Choice, Holds, all};
use regulars::input::source::Source;
use regulars::means::Means;
use regulars::money::to_text;

/// The fixtures: the name of the profile, and the file.
fn fixtures() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles");
    let files = std::fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("a file").path());
    let mut fixtures: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name.split('.').next().expect("a name").to_owned(), path)
        })
        .collect();
    fixtures.sort();
    fixtures
}

/// The orders of a file, one line each.
fn orders(path: &Path) -> Result<Vec<String>> {
    let options = OrderOptions::new(TimeZone::UTC);
    let mut sink = |_: regulars::input::account::Rejected<'_>| Ok(());
    let mut rejects = Rejects::new(Limit::Rows(0), &mut sink);
    let source = Source::File(path.to_owned());
    let tables = options.open(&source)?;
    let reader = OrderReader::new(&options, &[], &[source]);
    let orders = reader.read(tables.into_iter().map(Ok), &mut rejects)?;
    let mut lines = Vec::new();
    for batch in &orders.finished.batches {
        let column = |name: &str| batch.column(name).expect("a column");
        for row in 0..batch.height() {
            let customer = column("customer").u32().expect("numbers").get(row).expect("a customer");
            let day = column("day").date().expect("days").phys.get(row).expect("a day");
            let net = column("net").i64().expect("amounts").get(row).expect("an amount");
            let purchase = column("purchase").bool().expect("flags").get(row).expect("a flag");
            let kind = if purchase { "purchase" } else { "return" };
            lines.push(format!(
                "{} {} {} {kind}",
                orders.names.customers.display(customer),
                Day(day),
                to_text(net.into())
            ));
        }
    }
    Ok(lines)
}

/// The customers of a file, one line each: key, first order, start and end of the contract.
fn customers(path: &Path, contracts: bool, keyed_by_email: bool) -> Result<Vec<String>> {
    let options = CustomerOptions {
        map: std::collections::BTreeMap::new(),
        date_format: None,
        profile: Choice::default(),
        encoding: None,
        zone: TimeZone::UTC,
        contracts,
        privacy: Privacy::default(),
        as_of: None,
    };
    let mut sink = |_: regulars::input::account::Rejected<'_>| Ok(());
    let mut rejects = Rejects::new(Limit::Rows(0), &mut sink);
    let table = options.open(&Source::File(path.to_owned()))?;
    let side = OrdersSide { keyed_by_email: Some(keyed_by_email), has_orders: Vec::new() };
    let keys = CustomerKeys::default();
    let frame = customers::read(table, &options, &side, &[], &keys, &mut rejects, Means::default())?.frame;
    let day = |name: &str, row: usize| {
        let day = frame.column(name).expect("a column").date().expect("days").phys.get(row);
        day.map_or_else(|| "-".to_owned(), |day| Day(day).to_string())
    };
    let customer = frame.column("customer").expect("a column").u32().expect("numbers").clone();
    let line = |row: usize| {
        let key = keys.display(customer.get(row).expect("a customer"));
        format!("{key} {} {} {}", day("first_order", row), day("start", row), day("end", row))
    };
    Ok((0..frame.height()).map(line).collect())
}

#[test]
fn every_profile_reads_its_exports() {
    for (name, path) in fixtures() {
        let shown = path.file_name().expect("a name").to_string_lossy();
        let expected = std::fs::read_to_string(path.with_extension("expected")).expect(&shown);
        let expected: Vec<&str> = expected.lines().filter(|line| !line.starts_with('#')).collect();
        let profile = all().expect("well-formed").iter().find(|profile| profile.name == name);
        let read = match profile.map(|profile| profile.holds) {
            Some(Holds::Customers) => {
                customers(&path, name.contains("subscriptions"), name == "woocommerce-customers")
            }
            _ => orders(&path),
        };
        match read {
            Ok(mut orders) => {
                // Orders come in no order.
                orders.sort();
                let mut expected = expected;
                expected.sort_unstable();
                assert_eq!(orders, expected, "{shown}");
            }
            Err(error) => {
                let reason = expected[0].strip_prefix("! ").unwrap_or_else(|| panic!("{shown}: {error}"));
                assert!(error.to_string().contains(reason), "{shown}: {error}");
            }
        }
    }
}

#[test]
fn every_profile_recognises_its_exports_and_no_other() {
    let profiles = all().expect("well-formed");
    let mut seen = std::collections::BTreeSet::new();
    for (name, path) in fixtures() {
        let options = OrderOptions::new(TimeZone::UTC);
        let table = options.open(&Source::File(path)).expect("readable").swap_remove(0);
        let fitting: Vec<&str> = profiles
            .iter()
            .filter(|profile| profile.fits(&table.header))
            .map(|profile| profile.name.as_str())
            .collect();
        let expected: Vec<&str> = [name.as_str()].into_iter().filter(|name| *name != "none").collect();
        assert_eq!(fitting, expected);
        seen.insert(name);
    }
    for profile in profiles {
        assert!(seen.contains(&profile.name), "{} has no fixture", profile.name);
    }
}
