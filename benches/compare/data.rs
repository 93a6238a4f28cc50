//! Writes the reference data of the benchmark: `bench_data FOLDER ORDERS CUSTOMERS`, always the same bytes for the
//! same numbers. Every customer, order and amount is made up.
//!
//! `orders.csv` has eight columns and is in the order of time, ids ascending, as databases export it. Customers
//! order at rates of their own, so that a tenth of them place more than a third of the orders; they join and stop
//! over the three years. `customers.csv` has one row each.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made-up numbers are small")]

use std::fs::File;
use std::io::{BufWriter, Write};

#[path = "../../examples/random/mod.rs"]
#[expect(dead_code, reason = "each generator needs a part of it")]
mod random;

use random::Random;

/// 2023-01-01 in days since 1970, and how many days there are.
const FIRST_DAY: i32 = 19_358;
const DAYS: u64 = 1_096;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, orders, customers] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: bench_data FOLDER ORDERS CUSTOMERS"));
    };
    let parse = |text: &String| text.replace('_', "").parse::<u64>().map_err(std::io::Error::other);
    let (orders, customers) = (parse(orders)?, parse(customers)?);
    std::fs::create_dir_all(folder)?;
    write_customers(&format!("{folder}/customers.csv"), customers)?;
    write_orders(&format!("{folder}/orders.csv"), orders, customers)
}

/// The number in a customer's key, scattered so that keys are in no order.
fn key(customer: u64, customers: u64) -> u64 {
    // A step that shares no factor with a power of ten or of two visits every number once.
    customer.wrapping_mul(7_368_787) % customers
}

fn date(day: i32) -> String {
    regulars::calendar::Day(day).to_string()
}

fn write_customers(path: &str, customers: u64) -> std::io::Result<()> {
    const COUNTRIES: [&str; 8] = ["DE", "AT", "CH", "NL", "FR", "PL", "IT", "ES"];
    const TIERS: [&str; 4] = ["bronze", "silver", "gold", ""];
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "id,country,tier,signup")?;
    for customer in 0..customers {
        let mut random = Random(customer ^ 0x5ca1_ab1e);
        let country = COUNTRIES[(random.unit() * random.unit() * 8.0) as usize];
        let tier = TIERS[random.below(4) as usize];
        let signup = date(FIRST_DAY - 400 + random.below(DAYS + 380) as i32);
        writeln!(out, "C{:08},{country},{tier},{signup}", key(customer, customers))?;
    }
    out.flush()
}

fn write_orders(path: &str, orders: u64, customers: u64) -> std::io::Result<()> {
    const STATUSES: [&str; 20] = {
        let mut statuses = ["completed"; 20];
        statuses[0] = "cancelled";
        statuses[1] = "shipped";
        statuses[2] = "shipped";
        statuses
    };
    const CHANNELS: [&str; 4] = ["web", "app", "store", "phone"];
    let mut random = Random(2_023);
    let dates: Vec<String> = (0..DAYS).map(|day| date(FIRST_DAY + day as i32)).collect();
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "order_id,customer_id,ordered_at,status,channel,currency,amount,email")?;
    let seconds = DAYS * 86_400;
    for order in 0..orders {
        // Evenly over the days, in order.
        let at = (u128::from(order) * u128::from(seconds) / u128::from(orders)) as u64;
        let (day, second) = ((at / 86_400) as usize, at % 86_400);
        // Low numbers are customers who order often; who orders moves on with time.
        let share = random.unit();
        let window = customers / 2 + 1;
        let from = u128::from(customers - window) * u128::from(order) / u128::from(orders);
        let customer = (from as u64 + (share * share * window as f64) as u64).min(customers - 1);
        let key = key(customer, customers);
        let cents = 500 + (-9_000.0 * libm::log(random.unit())) as u64;
        writeln!(
            out,
            "{order},C{key:08},{} {:02}:{:02}:{:02},{},{},EUR,{}.{:02},c{key}@example.com",
            dates[day],
            second / 3_600,
            second / 60 % 60,
            second % 60,
            STATUSES[random.below(20) as usize],
            CHANNELS[random.below(4) as usize],
            cents / 100,
            cents % 100
        )?;
    }
    out.flush()
}
