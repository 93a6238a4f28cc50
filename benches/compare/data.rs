//! Writes the reference data of the benchmark: `bench_data FOLDER ORDERS CUSTOMERS`, always the same bytes for the
//! same numbers. Every customer, order and amount is made up. `bench_data FOLDER variants` writes the same orders as
//! people have them: quoted, in lines, packed, in Windows-1252, in twelve files, in no order.
//!
//! `orders.csv` has eight columns and is in the order of time, ids ascending, as databases export it. Customers
//! order at rates of their own, so that a tenth of them place more than a third of the orders; they join and stop
//! over the three years. `customers.csv` has one row each.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made-up numbers are small")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

#[path = "../../examples/random/mod.rs"]
#[expect(dead_code, reason = "each generator needs a part of it")]
mod random;

use random::Random;

/// 2023-01-01 in days since 1970, and how many days there are.
const FIRST_DAY: i32 = 19_358;
const DAYS: u64 = 1_096;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [folder, variants] = arguments.as_slice()
        && variants == "variants"
    {
        return write_variants(Path::new(folder));
    }
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

/// A file that is written in large pieces.
fn create(path: &Path) -> std::io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

fn write_variants(folder: &Path) -> std::io::Result<()> {
    let text = std::fs::read_to_string(folder.join("orders.csv"))?;
    let (header, body) = text.split_once('\n').ok_or_else(|| std::io::Error::other("no header"))?;
    let rows = || body.lines();
    let mut quoted = create(&folder.join("quoted.csv"))?;
    for row in text.lines() {
        writeln!(quoted, "\"{}\"", row.replace(',', "\",\""))?;
    }
    quoted.flush()?;
    // Half of the orders have two lines, a few of them eight; the lines of an order stand together.
    let mut lines = create(&folder.join("lines.csv"))?;
    writeln!(lines, "{header},item")?;
    for (number, row) in rows().enumerate() {
        let fields: Vec<&str> = row.split(',').collect();
        let count = if number % 100 == 0 { 8 } else { 1 + number as u64 % 2 };
        let cents: u64 = fields[6].replace('.', "").parse().map_err(std::io::Error::other)?;
        for line in 0..count {
            let share = if line == 0 { cents - cents / count * (count - 1) } else { cents / count };
            let amount = format!("{}.{:02}", share / 100, share % 100);
            let before = fields[..6].join(",");
            writeln!(lines, "{before},{amount},{},item {line}", fields[7])?;
        }
    }
    lines.flush()?;
    let mut latin = create(&folder.join("windows-1252.csv"))?;
    writeln!(latin, "{header},ort")?;
    for row in rows() {
        latin.write_all(row.as_bytes())?;
        latin.write_all(b",K\xf6ln\n")?;
    }
    latin.flush()?;
    let count = rows().count();
    let mut parts: Vec<BufWriter<File>> = Vec::new();
    for (number, row) in rows().enumerate() {
        if number * 12 / count >= parts.len() {
            let mut part = create(&folder.join(format!("part-{:02}.csv", parts.len() + 1)))?;
            writeln!(part, "{header}")?;
            parts.push(part);
        }
        if let Some(part) = parts.last_mut() {
            writeln!(part, "{row}")?;
        }
    }
    parts.iter_mut().try_for_each(Write::flush)?;
    let mut shuffled: Vec<&str> = rows().collect();
    let mut random = Random(7);
    for index in (1..shuffled.len()).rev() {
        shuffled.swap(index, random.below(index as u64 + 1) as usize);
    }
    let mut out = create(&folder.join("shuffled.csv"))?;
    writeln!(out, "{header}")?;
    for row in &shuffled {
        writeln!(out, "{row}")?;
    }
    out.flush()?;
    let mut gzip =
        flate2::write::GzEncoder::new(create(&folder.join("orders.csv.gz"))?, flate2::Compression::new(6));
    gzip.write_all(text.as_bytes())?;
    gzip.finish()?.flush()?;
    let mut zstd = zstd::Encoder::new(create(&folder.join("orders.csv.zst"))?, 3)?;
    zstd.write_all(text.as_bytes())?;
    zstd.finish()?.flush()
}
