//! Writes the sample data: a fictional shop's orders and customers over three years.
//!
//! `cargo run --release --example sample_data -- sample-data` writes `orders.csv` and `customers.csv`
//! into that folder, always the same bytes. Every person, order and amount is made up.
//!
//! The shop sells coffee from Germany to five countries. It opened in 2021; its records begin on
//! 2023-01-01. Customers order at rates of their own, stop without a word, and some come back.
//! Members of its loyalty programme stay longer, the more so the higher their tier.

#![expect(clippy::cast_possible_truncation, reason = "made-up numbers are small")]

use std::fmt::Write as _;
use std::path::Path;

#[path = "random/mod.rs"]
#[expect(dead_code, reason = "each generator needs a part of it")]
mod random;

use random::Random;

/// 2023-01-01 and the day after 2025-12-31, in days since 1970.
const OPEN: i64 = 19_358;
const CLOSE: i64 = 20_454;

#[derive(Clone, Copy)]
struct Order {
    second: i64,
    customer: Option<u32>,
    status: &'static str,
    channel: &'static str,
    cents: i64,
    refunded_cents: i64,
}

struct Customer {
    country: &'static str,
    tier: &'static str,
    signed_up: i64,
}

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "sample-data".to_owned());
    let (orders, customers) = files();
    std::fs::write(Path::new(&folder).join("orders.csv"), orders)?;
    std::fs::write(Path::new(&folder).join("customers.csv"), customers)
}

/// The two files' texts.
pub fn files() -> (String, String) {
    let mut random = Random(20_230_101);
    let mut customers = Vec::new();
    let mut orders = Vec::new();
    // Those who knew the shop before its records begin, and two a day at first, five at last.
    for _ in 0..700 {
        let signed_up = OPEN - 1 - random.exponential(250.0).min(720.0) as i64;
        let first = OPEN + random.exponential(75.0) as i64;
        live(&mut random, &mut customers, &mut orders, signed_up, first);
    }
    for day in OPEN..CLOSE {
        let growth = 2.0 + 3.0 * (day - OPEN) as f64 / (CLOSE - OPEN) as f64;
        let mut arrivals = growth * season(day);
        while arrivals > 0.0 {
            if random.chance(arrivals.min(1.0)) {
                live(&mut random, &mut customers, &mut orders, day, day);
            }
            arrivals -= 1.0;
        }
        // Guests leave no key.
        if random.chance(0.6) {
            orders.push(order(&mut random, day, None, "web"));
        }
    }
    // The records are complete from the first day to the last.
    for day in [OPEN, CLOSE - 1] {
        live(&mut random, &mut customers, &mut orders, day, day);
    }
    orders.retain(|order| order.second < CLOSE * 86_400);
    orders.sort_by_key(|order| (order.second, order.customer, order.cents));
    (orders_file(&orders), customers_file(&customers))
}

/// More before Christmas, less in summer.
fn season(day: i64) -> f64 {
    match (day - OPEN) % 365 {
        180..=240 => 0.75,
        320..=357 => 1.7,
        _ => 1.0,
    }
}

/// One customer's life with the shop.
fn live(
    random: &mut Random,
    customers: &mut Vec<Customer>,
    orders: &mut Vec<Order>,
    signed_up: i64,
    first: i64,
) {
    let country = random.pick(&[("DE", 0.56), ("AT", 0.15), ("CH", 0.12), ("NL", 0.1), ("FR", 0.07)]);
    let tier = random.pick(&[("", 0.42), ("bronze", 0.33), ("silver", 0.17), ("gold", 0.08)]);
    let home = random.pick(&[("web", 0.58), ("app", 0.27), ("store", 0.15)]);
    let (pace, leaving) = match tier {
        "gold" => (38.0, 0.03),
        "silver" => (55.0, 0.08),
        "bronze" => (75.0, 0.15),
        _ => (95.0, 0.32),
    };
    let leaving = leaving + if country == "FR" { 0.12 } else { 0.0 };
    let pace = random.lognormal(pace, 0.5);
    let number = u32::try_from(customers.len()).unwrap_or(u32::MAX);
    let buys = !random.chance(0.03);
    customers.push(Customer { country, tier, signed_up });
    let mut day = first;
    while buys && day < CLOSE {
        let channel = if random.chance(0.8) { home } else { "web" };
        let bought = order(random, day, Some(number), channel);
        if bought.status == "completed" && random.chance(0.02) {
            // Half of it comes back two weeks later, as a row of its own.
            let second = bought.second + 14 * 86_400;
            orders.push(Order { second, cents: -bought.cents / 2, refunded_cents: 0, ..bought });
        }
        orders.push(bought);
        if random.chance(leaving) {
            if !random.chance(0.22) {
                break;
            }
            day += 380 + random.exponential(120.0) as i64; // lapsed, and came back
        }
        day += 1 + (random.exponential(pace) / season(day)) as i64;
    }
}

fn order(random: &mut Random, day: i64, customer: Option<u32>, channel: &'static str) -> Order {
    let second = day * 86_400 + 25_200 + (random.unit() * 57_600.0) as i64;
    let cents = (random.lognormal(41.0, 0.55) * 100.0) as i64;
    let status = random.pick(&[("completed", 0.955), ("cancelled", 0.032), ("failed", 0.013)]);
    let refunded_cents = match random.unit() {
        x if status != "completed" || x > 0.055 => 0,
        x if x < 0.02 => cents,
        _ => cents * 2 / 5,
    };
    Order { second, customer, status, channel, cents, refunded_cents }
}

fn orders_file(orders: &[Order]) -> String {
    let mut text = String::from("order_id,customer_id,ordered_at,status,channel,currency,amount,refunded\n");
    for (number, order) in (100_001..).zip(orders) {
        let customer = order.customer.map(key).unwrap_or_default();
        let (date, clock) = (date(order.second / 86_400), order.second % 86_400);
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        let _infallible = writeln!(
            text,
            "{number},{customer},{date} {hour:02}:{minute:02}:{second:02},{},{},EUR,{},{}",
            order.status,
            order.channel,
            money(order.cents),
            money(order.refunded_cents)
        );
    }
    text
}

fn customers_file(customers: &[Customer]) -> String {
    let mut text = String::from("customer_id,country,tier,signed_up\n");
    for (number, customer) in (0..).zip(customers) {
        let _infallible = writeln!(
            text,
            "{},{},{},{}",
            key(number),
            customer.country,
            customer.tier,
            date(customer.signed_up)
        );
    }
    text
}

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// Leading zeros, as shops like them.
fn key(number: u32) -> String {
    format!("{:06}", number + 1)
}

fn date(day: i64) -> String {
    let day = i32::try_from(day).unwrap_or(i32::MAX);
    regulars::calendar::Day(day).to_string()
}
