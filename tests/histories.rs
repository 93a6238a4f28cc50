//! Generated histories: the engine against the reference, and properties that need none.

use std::fmt::Write as _;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use tempfile::TempDir;

use crate::program::{Record, number, records, regulars, report_csv};
use crate::reference::{Customer, Order, Period, Question, answer};

/// Days at which clamping, leap years and period ends go wrong, and any others.
fn day() -> impl Strategy<Value = Date> {
    let awkward = vec![
        date(2023, 12, 31),
        date(2024, 1, 1),
        date(2024, 1, 31),
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
        date(2024, 3, 30),
        date(2024, 3, 31),
        date(2024, 4, 30),
        date(2024, 12, 29),
        date(2024, 12, 30),
        date(2024, 12, 31),
        date(2025, 1, 1),
        date(2025, 2, 28),
        date(2025, 3, 31),
    ];
    prop_oneof![
        1 => select(awkward),
        2 => (0..500_i32).prop_map(|n| date(2023, 11, 17).checked_add(n.days()).expect("in range")),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let customer = prop_oneof![9 => (0..9_u8).prop_map(|n| Some(format!("{n:03}"))), 1 => Just(None)];
    let cents = prop_oneof![8 => 1..20_000_i64, 1 => Just(0), 1 => -5_000..0_i64];
    let refund = prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2)];
    let status = select(vec!["completed", "completed", "completed", "paid", "", "Cancelled", "void"]);
    let channel = select(vec!["web", "store", "app", ""]);
    let hour = select(vec![0_i8, 0, 9, 23]);
    (customer, day(), cents, refund, status, channel, hour).prop_map(
        |(customer, day, cents, refund, status, channel, hour)| {
            let refunded = match refund {
                1 if cents > 1 => cents / 2,
                2 if cents > 0 => cents,
                _ => 0,
            };
            Order { customer, at: day.at(hour, 0, 0, 0), cents, refunded, status, channel }
        },
    )
}

fn customers() -> impl Strategy<Value = Vec<Customer>> {
    let one = (select(vec!["DE", "AT", "CH", ""]), proptest::option::of(day()), any::<bool>());
    proptest::collection::vec(one, 9).prop_map(|all| {
        (0..)
            .zip(all)
            .filter(|(_, (_, _, listed))| *listed)
            .map(|(n, (country, first_order, _))| Customer { id: format!("{n:03}"), country, first_order })
            .collect()
    })
}

/// A question, and the flags that ask it.
fn question() -> impl Strategy<Value = (Question, Vec<String>)> {
    let period = select(vec![
        (Period::Day, "day"),
        (Period::Week, "week"),
        (Period::Month, "month"),
        (Period::Quarter, "quarter"),
        (Period::Year, "year"),
    ]);
    let window = select(vec!["1d", "7d", "30d", "45d", "2w", "1mo", "2mo", "3mo", "12mo", "1y"]);
    let weekday = select(vec![(0_i8, "monday"), (5, "saturday"), (6, "sunday")]);
    let fiscal = select(vec![1_i8, 1, 2, 4, 10]);
    let by = select(vec![
        vec![],
        vec![vec!["country"]],
        vec![vec!["channel"]],
        vec![vec!["country"], vec!["channel"]],
        vec![vec!["channel", "country"]],
        vec![vec!["country"], vec!["country", "channel"]],
    ]);
    let days = (proptest::option::weighted(0.3, day()), proptest::option::weighted(0.2, day()));
    (period, window, weekday, fiscal, by, days, any::<bool>(), any::<bool>(), 0..3_usize).prop_map(
        |(
            (period, period_flag),
            window,
            (week_start, week_flag),
            fiscal,
            by,
            days,
            incomplete,
            last,
            minimum,
        )| {
            let (count, unit) = window.split_at(window.find(char::is_alphabetic).expect("a unit"));
            let count: i64 = count.parse().expect("a number");
            let span = match unit {
                "d" => count.days(),
                "w" => count.weeks(),
                "mo" => count.months(),
                _ => count.years(),
            };
            let (as_of, data_from) = match days {
                (Some(as_of), Some(from)) if from > as_of => (Some(as_of), None),
                other => other,
            };
            let mut flags: Vec<String> =
                ["--period", period_flag, "--active-for", window].map(str::to_owned).into();
            flags.extend(["--week-start", week_flag, "--fiscal-year-start"].map(str::to_owned));
            flags.push(fiscal.to_string());
            for breakdown in &by {
                flags.extend(["--by".to_owned(), breakdown.join(",")]);
            }
            if let Some(as_of) = as_of {
                flags.extend(["--as-of".to_owned(), as_of.to_string()]);
            }
            if let Some(from) = data_from {
                flags.extend(["--data-from".to_owned(), from.to_string()]);
            }
            if incomplete {
                flags.push("--include-incomplete".to_owned());
            }
            if last {
                flags.extend(["--segment-at", "last"].map(str::to_owned));
            }
            flags.extend(["--min-customers".to_owned(), minimum.to_string()]);
            flags.extend(["--ci", "90"].map(str::to_owned));
            let question = Question {
                period,
                week_start,
                fiscal_start: fiscal,
                window: span,
                as_of,
                data_from,
                include_incomplete: incomplete,
                by,
                segment_at_last: last,
                min_customers: minimum,
            };
            (question, flags)
        },
    )
}

fn orders_csv<'o>(orders: impl IntoIterator<Item = (usize, &'o Order)>) -> String {
    let mut text = String::from("order_id,customer_id,ordered_at,status,channel,amount,refunded\n");
    for (number, order) in orders {
        let money = |cents: i64| {
            format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
        };
        let customer = order.customer.as_deref().unwrap_or("");
        let at = order.at.strftime("%Y-%m-%d %H:%M");
        let (amount, refunded) = (money(order.cents), money(order.refunded));
        writeln!(text, "{number},{customer},{at},{},{},{amount},{refunded}", order.status, order.channel)
            .expect("writes to a string");
    }
    text
}

/// The same orders as one to three lines each, whose amounts add up; the second and later lines come
/// `apart` days after one another and may lack what the first says.
fn order_lines(orders: &[Order], apart: i64) -> (&'static str, Vec<String>) {
    let mut lines = Vec::new();
    for (number, order) in orders.iter().enumerate() {
        // A free order is one line: lines of +1 and −1 would be one that came back.
        let count = if order.cents == 0 { 1 } else { number as i64 % 3 + 1 };
        for line in 0..count {
            let share = |cents: i64| if line == 0 { cents - 10 * line_sum(count) } else { 10 * line };
            let cents = if count == 1 { order.cents } else { share(order.cents) };
            let refunded = if line == 0 { order.refunded } else { 0 };
            let first = line == 0 || number % 2 == 0;
            let channel = if first { order.channel } else { "" };
            let at =
                order.at.checked_add((line * apart).days()).expect("in range").strftime("%Y-%m-%d %H:%M");
            let customer = order.customer.as_deref().unwrap_or("");
            let (sign, units, rest) =
                (if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100);
            lines.push(format!(
                "{number},{customer},{at},{},{channel},{sign}{units}.{rest:02},{}.{:02},{line}",
                order.status,
                refunded / 100,
                refunded % 100
            ));
        }
    }
    ("order_id,customer_id,ordered_at,status,channel,amount,refunded,line", lines)
}

/// 1 + 2 + … of the later lines.
fn line_sum(count: i64) -> i64 {
    (1..count).sum()
}

fn customers_csv(customers: &[Customer]) -> String {
    let mut text = String::from("customer_id,country,first_order_at\n");
    for customer in customers {
        let first = customer.first_order.map(|day| day.to_string()).unwrap_or_default();
        writeln!(text, "{},{},{first}", customer.id, customer.country).expect("writes to a string");
    }
    text
}

fn folder(orders: &[Order], customers: &[Customer]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "orders.csv", &orders_csv(orders.iter().enumerate()));
    write(folder.path(), "customers.csv", &customers_csv(customers));
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("writes");
}

fn history() -> impl Strategy<Value = Vec<Order>> {
    proptest::collection::vec(order(), 1..60)
}

/// Equal, up to the rounding of a handful of operations on numbers of this size.
fn same(got: Option<f64>, expected: Option<f64>) -> bool {
    match (got, expected) {
        (None, None) => true,
        (Some(got), Some(expected)) => (got - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        _ => false,
    }
}

fn arguments<'a>(files: &[&'a str], flags: &'a [String]) -> Vec<&'a str> {
    files.iter().copied().chain(flags.iter().map(String::as_str)).collect()
}

fn compare(record: &Record, expected: &crate::reference::Row, columns: &[&str]) {
    assert_eq!(record["period_start"], expected.start.to_string());
    assert_eq!(record["period_end"], expected.end.to_string());
    let segment: Vec<&str> = columns.iter().map(|column| record[*column].as_str()).collect();
    assert_eq!(segment, expected.segment, "{}", record["period"]);
    for (column, value) in &expected.numbers {
        let got = number(record, column);
        assert!(same(got, *value), "{} {segment:?} {column}: {got:?}, not {value:?}", record["period"]);
    }
    for metric in
        ["crr", "churn", "repeat_rate", "returning_rate", "purchase_frequency", "aov", "lifespan", "clv"]
    {
        let column =
            expected.numbers.keys().find(|column| column.starts_with(metric) && !column.ends_with("_rate"));
        let value = number(record, column.expect("a column"));
        let bounds = (number(record, &format!("{metric}_lo")), number(record, &format!("{metric}_hi")));
        if let (Some(lo), Some(hi)) = bounds {
            let value = value.expect("no interval without a number");
            let slack = 1e-9 * value.abs().max(1.0);
            assert!(
                lo.is_finite() && hi.is_finite() && lo <= value + slack && value <= hi + slack,
                "{metric} {bounds:?}"
            );
        } else {
            assert_eq!(bounds, (None, None), "{metric}");
        }
    }
    assert_eq!(record["complete"], expected.complete.to_string());
    assert_eq!(record["history"], if expected.full { "full" } else { "partial" });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: RngSeed::Fixed(1997), ..ProptestConfig::default() })]

    #[test]
    fn the_report_is_what_the_definitions_say(
        orders in history(),
        customers in customers(),
        (question, flags) in question(),
    ) {
        let folder = folder(&orders, &customers);
        let files = ["orders.csv", "--customers", "customers.csv"];
        let mut all = vec!["report"];
        all.extend(arguments(&files, &flags));
        all.extend(["--format", "csv"]);
        let output = regulars(folder.path(), &all);
        let csv = String::from_utf8(output.stdout).expect("UTF-8");
        let errors = String::from_utf8_lossy(&output.stderr);
        let expected = answer(&orders, &customers, &question).unwrap_or_default();
        if expected.is_empty() {
            prop_assert_eq!(output.status.code(), Some(3), "nothing to report, {}", errors);
            prop_assert_eq!(csv, "");
            return Ok(());
        }
        // Too short a history is an error that still delivers the counts.
        let code = output.status.code();
        prop_assert!(code == Some(0) || (code == Some(3) && errors.contains("history is too short")), "{}", errors);
        prop_assert!(code == Some(3) || question.include_incomplete || expected.iter().any(|row| row.full));
        let records = records(&csv);
        prop_assert_eq!(records.len(), expected.len());
        let mut columns: Vec<&str> = Vec::new();
        for column in question.by.iter().flatten() {
            if !columns.contains(column) {
                columns.push(column);
            }
        }
        for (record, row) in records.iter().zip(&expected) {
            compare(record, row, &columns);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, rng_seed: RngSeed::Fixed(1997), ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_and_the_split_into_files_change_nothing(
        orders in history(),
        customers in customers(),
        shuffle in any::<u64>(),
        cut in 0.0..1.0_f64,
    ) {
        let folder = folder(&orders, &customers);
        let (header, mut lines) = order_lines(&orders, 0);
        let all = |lines: &[String]| format!("{header}\n{}\n", lines.join("\n"));
        write(folder.path(), "whole.csv", &all(&lines));
        lines.sort_by_cached_key(|line| {
            line.bytes().fold(shuffle | 1, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        });
        let cut = (cut * lines.len() as f64) as usize;
        write(folder.path(), "part1.csv", &all(&lines[..cut]));
        write(folder.path(), "part2.csv", &all(&lines[cut..]));
        let rest = ["--customers", "customers.csv", "--by", "country", "--by", "channel", "--include-incomplete",
            "--active-for", "1mo", "--ci", "95", "--order-amount", "sum", "--order-refund", "sum", "--format", "csv"];
        let run = |files: &[&str]| {
            let all: Vec<&str> = ["report"].into_iter().chain(files.iter().copied()).chain(rest).collect();
            regulars(folder.path(), &all)
        };
        let (whole, parts) = (run(&["whole.csv"]), run(&["part1.csv", "part2.csv"]));
        prop_assert_eq!(whole.status.code(), parts.status.code(), "{}", String::from_utf8_lossy(&parts.stderr));
        prop_assert_eq!(&whole.stdout, &parts.stdout);
        prop_assert_eq!(&run(&["part2.csv", "part1.csv"]).stdout, &parts.stdout);
        prop_assert_eq!(&run(&["part?.csv"]).stdout, &parts.stdout, "a pattern is the same data set");
        prop_assert_eq!(&run(&["orders.csv"]).stdout, &parts.stdout, "lines are the orders they add up to");
    }

    #[test]
    fn doubling_the_amounts_doubles_the_money_and_nothing_else(orders in history()) {
        let doubled: Vec<Order> = orders
            .iter()
            .map(|order| Order { cents: 2 * order.cents, refunded: 2 * order.refunded, ..order.clone() })
            .collect();
        let once = folder(&orders, &[]);
        let twice = folder(&doubled, &[]);
        let rest = ["report", "orders.csv", "--include-incomplete", "--active-for", "2mo", "--format", "csv"];
        let (once, twice) = (regulars(once.path(), &rest), regulars(twice.path(), &rest));
        prop_assert_eq!(once.status.code(), twice.status.code());
        let texts = [once, twice].map(|output| String::from_utf8(output.stdout).expect("UTF-8"));
        let (once, twice) = (records(&texts[0]), records(&texts[1]));
        prop_assert_eq!(once.len(), twice.len());
        for (once, twice) in once.iter().zip(&twice) {
            for (column, value) in once {
                if ["revenue", "aov", "clv"].contains(&column.as_str()) {
                    prop_assert!(same(number(twice, column), number(once, column).map(|v| 2.0 * v)), "{}", column);
                } else {
                    prop_assert_eq!(&twice[column], value);
                }
            }
        }
    }

    #[test]
    fn a_later_row_does_not_change_an_earlier_report(orders in history(), as_of in day()) {
        // The lines of an order are days apart here, so that some of them lie after the day.
        let (header, lines) = order_lines(&orders, 9);
        let day = as_of.to_string();
        let earlier: Vec<String> =
            lines.iter().filter(|line| line.split(',').nth(2).is_some_and(|at| at[..10] <= *day)).cloned().collect();
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "all.csv", &format!("{header}\n{}\n", lines.join("\n")));
        write(folder.path(), "earlier.csv", &format!("{header}\n{}\n", earlier.join("\n")));
        let rest = ["--as-of", &day, "--active-for", "1mo", "--by", "channel", "--order-amount", "sum",
            "--order-refund", "sum", "--format", "csv"];
        let run = |file| regulars(folder.path(), &[&["report", file][..], &rest].concat());
        let (all, earlier) = (run("all.csv"), run("earlier.csv"));
        prop_assert_eq!(all.status.code(), earlier.status.code());
        prop_assert_eq!(all.stdout, earlier.stdout);
    }

    #[test]
    fn segments_sum_to_the_total_in_every_count(orders in history(), customers in customers()) {
        let folder = folder(&orders, &customers);
        let rest = ["report", "orders.csv", "--customers", "customers.csv", "--by", "country,channel",
            "--include-incomplete", "--min-customers", "2", "--format", "csv"];
        let output = regulars(folder.path(), &rest);
        let records = records(&String::from_utf8(output.stdout).expect("UTF-8"));
        let counts = ["opening", "new", "reactivated", "lost", "closing", "buyers", "repeat_buyers", "orders", "revenue"];
        for total in records.iter().filter(|record| record["country"] == "(all)") {
            let parts = records.iter().filter(|r| r["period"] == total["period"] && r["country"] != "(all)");
            for count in counts {
                let sum: f64 = parts.clone().filter_map(|record| number(record, count)).sum();
                prop_assert!((sum - number(total, count).expect("a count")).abs() < 1e-6, "{}", count);
            }
        }
    }
}

/// Lines of orders: 300 orders of one to four lines, against the same orders on one row each.
#[test]
fn lines_of_orders_are_the_orders_they_add_up_to() {
    let (mut lines, mut totals, mut repeated) = (Vec::new(), Vec::new(), Vec::new());
    for order in 0..300_u32 {
        let day = date(2024, 1, 1).checked_add(i64::from(order / 2).days()).expect("in range");
        let head = format!("{order},c{},{day}", order * 7 % 40);
        let amounts: Vec<u32> = (0..=order % 4).map(|line| 100 + order * 3 + line * 10).collect();
        let total: u32 = amounts.iter().sum();
        totals.push(format!("{head},{total}"));
        for amount in amounts {
            lines.push(format!("{head},{amount}"));
            repeated.push(format!("{head},{total}"));
        }
    }
    // Lines of one order need not be next to each other.
    lines.sort_by_key(|line| line.chars().rev().collect::<String>());
    let folder = tempfile::tempdir().expect("a folder");
    for (name, rows) in [("lines.csv", &lines), ("totals.csv", &totals), ("repeated.csv", &repeated)] {
        let amount = if name == "repeated.csv" { "order_total" } else { "amount" };
        write(
            folder.path(),
            name,
            &format!("order_id,customer_id,ordered_at,{amount}\n{}\n", rows.join("\n")),
        );
    }
    let expected = report_csv(folder.path(), &["totals.csv", "--active-for", "1mo"]);
    assert_eq!(report_csv(folder.path(), &["lines.csv", "--active-for", "1mo"]), expected);
    assert_eq!(report_csv(folder.path(), &["repeated.csv", "--active-for", "1mo"]), expected);
}
