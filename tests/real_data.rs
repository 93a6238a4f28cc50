//! Published numbers on real data. The data is not part of the project: tests that need it say that
//! they were skipped where it is not there, and fail instead when `REQUIRE_DATA` is set.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::program::{Record, number, records, regulars, report_csv};

/// A folder of the real data beside the checkout.
fn data(name: &str) -> Option<PathBuf> {
    shared(&format!("data/{name}"))
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("REQUIRE_DATA").is_none(), "{name}: the data is not there");
    println!("skipped: {name} is not there");
    None
}

fn column(records: &[Record], name: &str) -> Vec<f64> {
    records.iter().map(|record| number(record, name).unwrap_or(f64::NAN)).collect()
}

/// CDNOW 1/10 sample (Fader and Hardie), months, activity window of one month.
#[test]
fn cdnow_months() {
    let Some(folder) = data("cdnow") else { return };
    let records = records(&report_csv(&folder, &["orders.csv", "--active-for", "1mo"]));
    assert_eq!((records[0]["period"].as_str(), records.len()), ("1997-01", 18));
    let buyers = [781, 981, 948, 267, 224, 232, 203, 178, 168, 176, 205, 183, 149, 157, 211, 125, 134, 138];
    let new = [781, 857, 719, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let retained = [124, 168, 171, 90, 68, 70, 54, 46, 53, 70, 65, 51, 46, 55, 47, 38, 41];
    assert_eq!(column(&records, "buyers"), buyers.map(f64::from));
    assert_eq!(column(&records, "closing"), buyers.map(f64::from));
    assert_eq!(column(&records, "new"), new.map(f64::from));
    let kept: Vec<f64> = records[1..]
        .iter()
        .map(|r| number(r, "opening").expect("a count") - number(r, "lost").expect("a count"))
        .collect();
    assert_eq!(kept, retained.map(f64::from));
    let march = &records[2];
    assert_eq!(
        (march["reactivated"].as_str(), march["lost"].as_str(), march["opening"].as_str()),
        ("61", "813", "981")
    );
    let march = &records[14];
    assert!((number(march, "crr_pct").expect("full history") - 5500.0 / 157.0).abs() < 1e-9);
    assert_eq!(column(&records, "orders").iter().sum::<f64>(), 6_919.0);
    assert_eq!(records[0]["history"], "partial");
    assert!(records[1..].iter().all(|record| record["history"] == "full"));
}

/// Superstore: 5,009 orders of 793 customers in 9,994 lines, revenue 2,297,200.8603; the European
/// file is the same shop two years later, with `;`, decimal commas and the day first.
#[test]
fn superstore_lines_in_both_dialects() {
    let Some(folder) = data("superstore") else { return };
    let flags = ["--by", "Segment", "--include-incomplete", "--period", "year"];
    let american = records(&report_csv(&folder, &[&["us.csv"][..], &flags].concat()));
    let european = records(&report_csv(&folder, &[&["eu-semicolon.csv"][..], &flags].concat()));
    assert_eq!(american.len(), 16);
    assert_eq!(american.len(), european.len());
    for (a, e) in american.iter().zip(&european) {
        for (name, value) in a.iter().filter(|(name, _)| !name.starts_with("period")) {
            assert_eq!(&e[name], value, "{} {name}", a["period"]);
        }
    }
    let totals: Vec<Record> =
        american.iter().filter(|record| record["Segment"] == "(all)").cloned().collect();
    assert_eq!(column(&totals, "orders").iter().sum::<f64>(), 5_009.0);
    assert_eq!(column(&totals, "new").iter().sum::<f64>(), 793.0);
    assert!((column(&totals, "revenue").iter().sum::<f64>() - 2_297_200.860_3).abs() < 1e-6);
    let segments: Vec<&str> = american[..4].iter().map(|record| record["Segment"].as_str()).collect();
    assert_eq!(segments, ["(all)", "Consumer", "Corporate", "Home Office"]);
}

/// Superstore's separate file of returns names 296 orders in 800 lines, of another edition's years: none
/// of them is here, and that is said.
#[test]
fn superstore_returns() {
    let Some(folder) = data("superstore") else { return };
    let flags = ["report", "us.csv", "--returns", "returns.csv", "--include-incomplete", "--period", "year"];
    let output = regulars(&folder, &[&flags[..], &["--metrics", "aov", "--format", "csv"]].concat());
    let records = records(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(column(&records, "orders").iter().sum::<f64>(), 5_009.0);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("--returns: 296 of 296 orders are in no orders file"), "{errors}");
}

/// Telco: 1,869 of 7,043 contracts ended; 1,655 of 3,875 monthly ones, 166 of 1,473 yearly and 48 of
/// 1,695 two-yearly ones. The file has tenures, no dates: each contract gets a start that many months
/// before 15 December 2023, and the ended ones the end 15 January 2024.
#[test]
fn telco_contracts() {
    let Some(folder) = data("telco") else { return };
    let text = std::fs::read_to_string(folder.join("Telco-Customer-Churn.csv")).expect("readable");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut contracts = String::from("id,started_at,ended_at,Contract\n");
    for row in reader.deserialize() {
        let row: Record = row.expect("well-formed");
        let months: i64 = row["tenure"].parse().expect("a number");
        let start =
            jiff::civil::date(2023, 12, 15).checked_sub(jiff::Span::new().months(months)).expect("in range");
        let end = if row["Churn"] == "Yes" { "2024-01-15" } else { "" };
        writeln!(contracts, "{},{start},{end},{}", row["customerID"], row["Contract"])
            .expect("writes to a string");
    }
    let temporary = tempfile::tempdir().expect("a folder");
    std::fs::write(temporary.path().join("contracts.csv"), contracts).expect("writes");
    let flags = ["--customers", "contracts.csv", "--model", "contract", "--by", "Contract", "--from=2024-01"];
    let records = records(&report_csv(temporary.path(), &[&flags[..], &["--as-of", "2024-01-31"]].concat()));
    let lost: Vec<(&str, &str, &str)> =
        records.iter().map(|r| (r["Contract"].as_str(), r["opening"].as_str(), r["lost"].as_str())).collect();
    assert_eq!(
        lost,
        [
            ("(all)", "7043", "1869"),
            ("Month-to-month", "3875", "1655"),
            ("One year", "1473", "166"),
            ("Two year", "1695", "48")
        ]
    );
    assert!((number(&records[0], "churn_pct").expect("a rate") - 26.536_99).abs() < 1e-4);
    assert_eq!(number(&records[0], "buyers"), None, "there are no orders");
}

/// Jaffle shop: orders without amounts, 62 customers with 99 orders.
#[test]
fn jaffle_shop_without_amounts() {
    let Some(folder) = data("jaffle_shop") else { return };
    let flags = [
        "raw_orders.csv",
        "--no-amount",
        "--period",
        "year",
        "--include-incomplete",
        "--metrics",
        "repeat_rate",
    ];
    let records = records(&report_csv(&folder, &flags));
    assert_eq!((records[0]["buyers"].as_str(), records[0]["orders"].as_str()), ("62", "99"));
    assert_eq!(records[0]["revenue"], "");
}

/// The amounts of the payments, summed by hand: dollars per month of the order, from cents per payment.
#[test]
fn jaffle_shop_with_payments() {
    let Some(folder) = data("jaffle_shop") else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("readable");
    let mut cents: BTreeMap<String, u64> = BTreeMap::new();
    for record in records(&read("raw_payments.csv")) {
        *cents.entry(record["order_id"].clone()).or_default() +=
            record["amount"].parse::<u64>().expect("cents");
    }
    let mut months: BTreeMap<String, u64> = BTreeMap::new();
    for order in records(&read("raw_orders.csv")) {
        *months.entry(order["order_date"][..7].to_owned()).or_default() += cents[&order["id"]];
    }
    let flags = [
        "raw_orders.csv",
        "--payments",
        "raw_payments.csv",
        "--cents",
        "--include-incomplete",
        "--metrics",
        "aov",
    ];
    let records = records(&report_csv(&folder, &flags));
    assert_eq!(records.len(), months.len());
    for record in &records {
        let expected = months[&record["period"]] as f64 / 100.0;
        assert_eq!(number(record, "revenue"), Some(expected), "{}", record["period"]);
    }
    assert_eq!(months.values().sum::<u64>(), 167_200, "the published total is 1,672 dollars");
}

/// What the sample exports of shops and payment systems come to, each by hand from its few rows.
#[test]
fn sample_exports_are_read() {
    let Some(folder) = shared("exports/samples") else { return };
    for (file, flags, orders, revenue) in [
        ("shopify/orders_export_1.csv", &[][..], 3, "97.29"),
        ("stripe/payments_2014.csv", &[], 2, "268"),
        ("stripe/payments_short.csv", &[], 2, "178"),
        ("stripe/payments_statuses.csv", &[], 4, "4102.49"),
        ("paypal/paypal_en_us.csv", &["--date-format", "month-first"], 2, "1099.99"),
        ("paypal/paypal_de_business_short.csv", &[], 1, "12.5"),
        ("shopware5/MainOrderImport.csv", &[], 2, "1200.42"),
        ("shopware5/OrderImport.csv", &[], 2, "1200.42"),
        ("ebay/ebay_orders_us.csv", &[], 4, "242.54"),
        ("ebay/ebay_orders_en_eur.csv", &[], 2, "210"),
        ("ebay/ebay_orders_fr.csv", &[], 1, "1234.5"),
        ("ebay/ebay_orders_de_short.csv", &[], 1, "116.99"),
        ("etsy/EtsySoldOrders2026-9.csv", &[], 2, "106.3"),
        ("etsy/EtsySoldOrderItems2026-9.csv", &[], 3, "104"),
        ("other/gumroad_Sales.csv", &[], 2, "24.96"),
        ("square/transactions-2026-09.csv", &[], 1, "27"),
    ] {
        let mut all = vec![file, "--include-incomplete", "--period", "year", "--metrics", "aov"];
        all.extend(flags);
        let records = records(&report_csv(&folder, &all));
        let read = (records[0]["orders"].parse(), records[0]["revenue"].as_str());
        assert_eq!(read, (Ok(orders), revenue), "{file}");
    }
}
