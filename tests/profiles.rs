//! Every profile, on an export written for it: it recognises that and no other, and reads the orders that
//! are stated beside it.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use regulars::calendar::Day;
use regulars::input::account::{Limit, Rejects};
use regulars::input::book::display_key;
use regulars::input::orders::{OrderOptions, OrderReader};
use regulars::input::profiles::all;
use regulars::input::source::Source;
use regulars::money::to_text;

fn fixture(name: &str, extension: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/profiles").join(format!("{name}.{extension}"))
}

/// The orders of a file, one line each, or the error it is refused with.
fn orders(name: &str) -> Result<Vec<String>, String> {
    let read = || {
        let options = OrderOptions::new(TimeZone::UTC);
        let mut sink = |_: regulars::input::account::Rejected<'_>| Ok(());
        let mut rejects = Rejects::new(Limit::Rows(0), &mut sink);
        let table = options.open(&Source::File(fixture(name, "csv")))?;
        OrderReader::new(&options, &[], 1).read(table, &[], &mut rejects)
    };
    let orders = read().map_err(|error| error.to_string())?;
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
                display_key(&orders.customers, customer),
                Day(day),
                to_text(net.into())
            ));
        }
    }
    Ok(lines)
}

#[test]
fn every_profile_reads_its_export() {
    for profile in all().expect("well-formed") {
        let expected = std::fs::read_to_string(fixture(&profile.name, "expected")).expect(&profile.name);
        let expected: Vec<&str> = expected.lines().filter(|line| !line.starts_with('#')).collect();
        match orders(&profile.name) {
            Ok(orders) => assert_eq!(orders, expected, "{}", profile.name),
            Err(error) => {
                let reason =
                    expected[0].strip_prefix("! ").unwrap_or_else(|| panic!("{}: {error}", profile.name));
                assert!(error.contains(reason), "{}: {error}", profile.name);
            }
        }
    }
}

#[test]
fn every_profile_recognises_its_export_and_no_other() {
    let profiles = all().expect("well-formed");
    for fixture_of in profiles {
        let options = OrderOptions::new(TimeZone::UTC);
        let table = options.open(&Source::File(fixture(&fixture_of.name, "csv"))).expect("readable");
        let fitting: Vec<&str> = profiles
            .iter()
            .filter(|profile| profile.fingerprint.iter().all(|column| table.header.columns.contains(column)))
            .map(|profile| profile.name.as_str())
            .collect();
        assert_eq!(fitting, [fixture_of.name.as_str()]);
    }
}
