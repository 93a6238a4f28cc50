//! The pieces that most of the time of a large report goes into, one by one: `cargo bench`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};
use regulars::activity::{Activity, SegmentAt};
use regulars::calendar::{Calendar, Unit, Weekday};
use regulars::input::customer_keys::CustomerKeys;
use regulars::input::frames::TakesBatches;
use regulars::input::names::Names;
use regulars::input::split::Rows;

/// A piece of an export of eight columns, plain or all in quotes.
fn piece(quoted: bool) -> String {
    let row = |number: u32| {
        let customer = number.wrapping_mul(2_654_435_761) % 1_000_000;
        let fields = [
            number.to_string(),
            format!("C{customer:08}"),
            format!("2024-03-{:02} 10:{:02}:00", number % 28 + 1, number % 60),
            "completed".to_owned(),
            "web".to_owned(),
            "EUR".to_owned(),
            format!("{}.{:02}", number % 400, number % 100),
            format!("c{customer}@example.com"),
        ];
        if quoted { format!("\"{}\"\n", fields.join("\",\"")) } else { fields.join(",") + "\n" }
    };
    (0..12_000).map(row).collect()
}

/// Text to rows and fields.
fn split(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("split");
    for (name, quoted) in [("plain", false), ("quoted", true)] {
        let text = piece(quoted);
        let mut rows = Rows::default();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                rows.split(black_box(text.as_bytes()), 1, true, b',');
                rows.len()
            });
        });
    }
    group.finish();
}

/// Keys to numbers, of few customers and of a million, whose table is larger than any cache.
fn keys(criterion: &mut Criterion) {
    const BLOCK: u32 = 12_000;
    let mut group = criterion.benchmark_group("keys");
    group.throughput(Throughput::Elements(BLOCK.into()));
    for customers in [10_000_u32, 1_000_000] {
        let key = |number: u32| format!("C{:08}", number.wrapping_mul(2_654_435_761) % customers);
        let known = CustomerKeys::default();
        for number in 0..customers * 2 {
            known.number(key(number).as_bytes());
        }
        let blocks: Vec<Vec<String>> =
            (0..64).map(|block| (0..BLOCK).map(|number| key(block * BLOCK + number)).collect()).collect();
        let (mut numbers, mut next) = (Vec::new(), 0);
        group.bench_function(customers.to_string(), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % blocks.len();
                known.number_all(blocks[next].iter().map(String::as_bytes), &mut numbers);
                numbers.len()
            });
        });
    }
    group.finish();
}

/// Orders of a million customers into their activity.
fn fold(criterion: &mut Criterion) {
    const ROWS: u32 = 12_000;
    let batch = |from: u32| {
        let rows = from..from + ROWS;
        let customers: Vec<u32> =
            rows.clone().map(|row| row.wrapping_mul(2_654_435_761) % 1_000_000).collect();
        let days: Vec<i32> = rows.clone().map(|row| 19_358 + (row / 10_000).cast_signed()).collect();
        let moments: Vec<i64> = days.iter().map(|day| i64::from(*day) * 86_400).collect();
        let nets: Vec<i64> = rows.map(|row| i64::from(row % 400) * 1_000_000).collect();
        let columns: Vec<Column> = vec![
            Series::new("customer".into(), customers).into_column(),
            Series::new("day".into(), days).into_date().into_column(),
            Series::new("at".into(), moments).into_column(),
            Series::new("net".into(), nets).into_column(),
            Series::new("purchase".into(), vec![true; ROWS as usize]).into_column(),
        ];
        DataFrame::new(ROWS as usize, columns).expect("columns of one length")
    };
    let batches: Vec<DataFrame> = (0..256).map(|number| batch(number * ROWS)).collect();
    let calendar = Calendar { unit: Unit::Month, week_start: Weekday::Monday, fiscal_year_start: 1 };
    let activity = Activity::new(calendar, &Arc::new(Names::new(0)), SegmentAt::First);
    let mut next = 0;
    let mut group = criterion.benchmark_group("fold");
    group.throughput(Throughput::Elements(ROWS.into()));
    group.bench_function("1000000", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % batches.len();
            activity.take(&batches[next]).expect("a batch");
        });
    });
    group.finish();
}

criterion_group!(benches, split, keys, fold);
criterion_main!(benches);
