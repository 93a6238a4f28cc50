//! Refunds on rows of their own, in any order of rows and over any number of files: revenue, orders and buyers per
//! month are those of a second implementation, for refunds at the date of the order and at their own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::program::{number, records, report_csv};

/// A row of the ledger: a sale, or a refund of one.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    original: Option<String>,
    customer: usize,
    day: Date,
    cents: i64,
}

/// Sales with up to three refunds each, and refunds of sales that are in no file; all rows shuffled.
fn ledger() -> impl Strategy<Value = Vec<Row>> {
    let refund = (0..120_i64, 1..=4_i64);
    let sale = (0..3_usize, 0..300_i64, 1..50_i64, proptest::collection::vec(refund, 0..3), any::<bool>());
    proptest::collection::vec(sale, 1..12)
        .prop_map(|sales| {
            let day = |n: i64| date(2024, 1, 10).checked_add(n.days()).expect("in range");
            let mut rows =
                vec![Row { id: "first".into(), original: None, customer: 0, day: day(0), cents: 100 }];
            for (number, (customer, at, amount, refunds, known)) in sales.into_iter().enumerate() {
                let id = format!("S{number}");
                // Multiples of four, so that quarters of it are whole: four of them are all of it.
                let cents = amount * 4;
                let mut left = 4;
                for (index, (delay, quarters)) in refunds.into_iter().enumerate() {
                    let quarters = quarters.min(left);
                    left -= quarters;
                    if quarters > 0 {
                        rows.push(Row {
                            id: format!("R{number}-{index}"),
                            original: Some(id.clone()),
                            customer,
                            day: day(at + delay),
                            cents: amount * quarters,
                        });
                    }
                }
                // A sale that is in no file must not be the only thing known of nothing.
                if known || left == 4 {
                    rows.push(Row { id, original: None, customer, day: day(at), cents });
                }
            }
            rows
        })
        .prop_shuffle()
}

/// Orders, revenue in cents and buyers of a month.
type Month = (u64, i64, BTreeSet<usize>);

/// Per month, by the definitions.
fn expected(rows: &[Row], at_own_date: bool) -> BTreeMap<String, Month> {
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    let mut orders: BTreeMap<&str, (Option<&Row>, Vec<&Row>)> = BTreeMap::new();
    for row in rows {
        let order = orders.entry(row.original.as_deref().unwrap_or(&row.id)).or_default();
        match row.original {
            None => order.0 = Some(row),
            Some(_) => order.1.push(row),
        }
    }
    let mut book = |day: Date, cents: i64, buyer: Option<usize>| {
        let month = months.entry(day.strftime("%Y-%m").to_string()).or_default();
        month.0 += u64::from(buyer.is_some());
        month.1 += cents;
        month.2.extend(buyer);
    };
    for (sale, refunds) in orders.values() {
        let back: i64 = refunds.iter().map(|refund| refund.cents).sum();
        match sale {
            Some(sale) if at_own_date => book(sale.day, sale.cents, Some(sale.customer)),
            Some(sale) if back == sale.cents => {}
            Some(sale) => book(sale.day, sale.cents - back, Some(sale.customer)),
            None if !at_own_date => {
                let first = refunds.iter().map(|refund| refund.day).min().expect("a refund");
                book(first, -back, None);
            }
            None => {}
        }
        if at_own_date {
            for refund in refunds {
                book(refund.day, -refund.cents, None);
            }
        }
    }
    months
}

#[test]
fn refunds_on_rows_of_their_own_are_those_of_a_second_implementation() {
    let config = ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(20), ..ProptestConfig::default() };
    let ways = (ledger(), any::<bool>(), 1..3_usize, proptest::option::of(60..330_i64));
    proptest!(config, |((rows, at_own_date, files, as_of) in ways)| {
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["a.csv", "b.csv"];
        for (file, name) in names.iter().enumerate().take(files) {
            let mut text = String::from("id,customer_id,date,amount,refund_of\n");
            for (_, row) in rows.iter().enumerate().filter(|(index, _)| index % files == file) {
                let original = row.original.as_deref().unwrap_or_default();
                // The sign of a refund says nothing.
                let sign = if row.original.is_some() && row.cents % 2 == 0 { "-" } else { "" };
                text.push_str(&format!(
                    "{},C{},{},{sign}{}.{:02},{original}\n",
                    row.id, row.customer, row.day, row.cents / 100, row.cents % 100
                ));
            }
            std::fs::write(folder.path().join(name), text).expect("writes");
        }
        let as_of = as_of.map(|n| date(2024, 1, 10).checked_add(n.days()).expect("in range"));
        let seen: Vec<Row> =
            rows.iter().filter(|row| as_of.is_none_or(|as_of| row.day <= as_of)).cloned().collect();
        let expected = expected(&seen, at_own_date);
        let refunds_at = if at_own_date { "refund" } else { "order" };
        let mut arguments = names[..files].to_vec();
        arguments.extend(["--map", "refund_of=refund_of", "--refunds-at", refunds_at]);
        arguments.extend(["--include-incomplete", "--metrics", "aov"]);
        let text = as_of.map(|as_of| as_of.to_string());
        arguments.extend(text.iter().flat_map(|text| ["--as-of", text.as_str()]));
        for record in records(&report_csv(folder.path(), &arguments)) {
            let nothing = Month::default();
            let (orders, cents, buyers) = expected.get(&record["period"]).unwrap_or(&nothing);
            let read = (record["orders"].as_str(), number(&record, "revenue"), record["buyers"].as_str());
            let month = (orders.to_string(), Some(*cents as f64 / 100.0), buyers.len().to_string());
            prop_assert_eq!(read, (month.0.as_str(), month.1, month.2.as_str()), "{}", record["period"]);
        }
    });
}
