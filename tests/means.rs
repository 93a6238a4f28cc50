//! The numbers do not depend on threads, on the pieces in which text is read, on what goes to disk, nor on whether
//! orders are read in their order.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use regulars::activity::SegmentAt;
use regulars::calendar::{Calendar, Unit, Weekday};
use regulars::commands::report::{Request, run};
use regulars::error::{Kind, Result};
use regulars::input::account::{Limit, Rejected};
use regulars::input::customers::CustomerOptions;
use regulars::input::orders::{OrderOptions, RefundsAt};
use regulars::input::privacy::Privacy;
use regulars::input::profiles::Choice;
use regulars::input::source::Source;
use regulars::means::Memory;
use regulars::metrics::{Assumptions, defaults};
use regulars::render::{Format, Room, render};
use regulars::report::{Model, Plan, Settings};
use regulars::stats::Confidence;

/// Threads, and memory that is too small for anything.
fn means() -> Vec<(Option<usize>, Memory)> {
    let memory = Memory::default();
    let tiny = Memory { piece: 40, undivided: 0, orders: 0, cells: 0, ..memory };
    let shares = Memory { customers: 16, ..tiny };
    vec![
        (Some(1), Memory { piece: 100, ..memory }),
        (Some(2), Memory { piece: 40, ..memory }),
        (Some(3), Memory { piece: 64, undivided: 0, ..memory }),
        (Some(8), tiny),
        (Some(1), tiny),
        (Some(2), shares),
        (Some(1), Memory { customers: 16, ..memory }),
        (None, memory),
    ]
}

fn request(orders: Vec<Source>, customers: Source, threads: Option<usize>, memory: Memory) -> Request {
    let mut order_options = OrderOptions::new(TimeZone::UTC);
    order_options.refunds_at = RefundsAt::Order;
    let settings = Settings {
        model: Model::Orders,
        window: "45d".parse().expect("a span"),
        calendar: Calendar { unit: Unit::Month, week_start: Weekday::Monday, fiscal_year_start: 1 },
        time_zone: "UTC".to_owned(),
        time_zone_given: true,
        assumptions: Assumptions::default(),
        assumed: Vec::new(),
        segment_at: SegmentAt::First,
        min_customers: 0,
        min_amount: None,
        exclude_status: Vec::new(),
        include_status: Vec::new(),
    };
    Request {
        orders,
        customers: Some(customers),
        order_options,
        customer_options: CustomerOptions {
            map: std::collections::BTreeMap::new(),
            date_format: None,
            profile: Choice::default(),
            encoding: None,
            zone: TimeZone::UTC,
            contracts: false,
            privacy: Privacy::default(),
            as_of: None,
        },
        by: vec!["country".to_owned(), "channel".to_owned()],
        max_rejects: Limit::Percent(100.0),
        threads: threads.and_then(NonZeroUsize::new),
        memory,
        plan: Plan {
            settings,
            columns: Vec::new(),
            breakdowns: Vec::new(),
            metrics: defaults(),
            confidence: Confidence::new(95.0),
            data_from: None,
            as_of: None,
            from: None,
            to: None,
            include_incomplete: true,
        },
    }
}

/// The report as JSON, its warnings, and the rejected rows; or the error.
type Answer = std::result::Result<(String, Vec<String>, Vec<String>), (Kind, String)>;

fn answer(request: Request) -> Answer {
    let mut rejected = Vec::new();
    let mut sink = |row: Rejected<'_>| -> Result<()> {
        rejected.push(format!(
            "{}:{} {} {}",
            row.file,
            row.line,
            row.reason,
            String::from_utf8_lossy(row.raw)
        ));
        Ok(())
    };
    let report = run(request, &mut sink, None).map_err(|error| (error.kind(), error.to_string()))?;
    let json = render(&report, Format::Json, Room { width: 80, wide: false })
        .map_err(|error| (error.kind(), error.to_string()))?;
    let mut warnings = report.warnings;
    warnings.sort();
    Ok((String::from_utf8_lossy(&json).into_owned(), warnings, rejected))
}

/// A line of an order as a file holds it.
#[derive(Debug, Clone)]
struct Line {
    customer: String,
    day: u32,
    amount: String,
    status: &'static str,
    channel: &'static str,
    note: &'static str,
}

fn line() -> impl Strategy<Value = Line> {
    let amount = prop_oneof![
        8 => (0..20_000_u32).prop_map(|cents| format!("{}.{:02}", cents / 100, cents % 100)),
        1 => Just(String::new()),
        1 => Just("-3.50".to_owned()),
        1 => Just("1x.00".to_owned()),
    ];
    let notes = vec!["", "", "", "two\nlines", "5\" of, \"\"it\"\"", "ends\n", "größer"];
    (
        0..12_u8,
        0..150_u32,
        amount,
        select(vec!["paid", "paid", "cancelled", ""]),
        select(vec!["web", "app", ""]),
        select(notes),
    )
        .prop_map(|(customer, day, amount, status, channel, note)| Line {
            customer: if customer == 0 { String::new() } else { format!("customer-{customer:03}") },
            day,
            amount,
            status,
            channel,
            note,
        })
}

/// In which order the ids of the orders go through the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Up,
    Down,
    /// They go up, but for the last row.
    UpButOne,
    /// In no direction, but the rows of an order stand together.
    Together,
    Scattered,
    None,
}

/// A row: the number of its order, then what it says.
fn row(number: usize, line: &Line, day: u32, has_id: bool) -> String {
    let Line { customer, amount, status, channel, note, .. } = line;
    let date = if day % 29 == 28 {
        String::new()
    } else {
        format!("2024-{:02}-{:02}", day / 28 % 5 + 1, day % 28 + 1)
    };
    let id = if has_id { format!("A{number:04}") } else { String::new() };
    let note =
        if note.is_empty() { String::new() } else { format!("\"{}\"", note.replace("5\" of", "5\"\" of")) };
    format!("{id},{customer},{date},{amount},{status},{channel},{note}\n")
}

fn files() -> impl Strategy<Value = (Vec<String>, Ids)> {
    let order = proptest::collection::vec(line(), 1..4);
    let ids = select(vec![
        Ids::Up,
        Ids::Up,
        Ids::Down,
        Ids::UpButOne,
        Ids::Together,
        Ids::Together,
        Ids::Scattered,
        Ids::None,
    ]);
    (proptest::collection::vec(order, 1..30), ids, any::<u64>(), 1..3_usize).prop_map(
        |(orders, ids, seed, files)| {
            let mut rows: Vec<(usize, String)> = Vec::new();
            for (number, lines) in orders.iter().enumerate() {
                let first = &lines[0];
                for line in lines {
                    // The lines of an order agree on what they have to agree on.
                    let line =
                        Line { customer: first.customer.clone(), channel: first.channel, ..line.clone() };
                    rows.push((number, row(number, &line, line.day, ids != Ids::None)));
                }
            }
            match ids {
                Ids::Up | Ids::None => {}
                Ids::Down => rows.sort_by_key(|(number, _)| std::cmp::Reverse(*number)),
                Ids::UpButOne => rows.rotate_left(1),
                Ids::Together => {
                    rows.sort_by_key(|(number, _)| (*number as u64).wrapping_mul(seed | 1) >> 20);
                }
                Ids::Scattered => rows.sort_by_key(|(number, text)| {
                    (text.len() as u64 * 31 + *number as u64).wrapping_mul(seed | 1) >> 20
                }),
            }
            let header = "order_id,customer_id,date,amount,status,channel,note\n";
            let cut = rows.len().div_ceil(files);
            let text =
                |rows: &[(usize, String)]| rows.iter().map(|(_, row)| row.as_str()).collect::<String>();
            (rows.chunks(cut).map(|rows| format!("{header}{}", text(rows))).collect(), ids)
        },
    )
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("writes");
    path
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, rng_seed: RngSeed::Fixed(4), ..ProptestConfig::default() })]

    #[test]
    fn the_numbers_do_not_depend_on_the_means((files, ids) in files()) {
        let folder = tempfile::tempdir().expect("a folder");
        let on_disk = |number: usize, text: &String| {
            Source::File(write(folder.path(), &format!("orders-{number}.csv"), text))
        };
        let customers = (1..9).map(|n| format!("customer-{n:03},{},2023-12-{n:02}\n", ["DE", "AT", ""][n % 3]));
        let customers: String = std::iter::once("id,country,signup\n".to_owned()).chain(customers).collect();
        let listed = Source::File(write(folder.path(), "customers.csv", &customers));
        let sources: Vec<Source> = files.iter().enumerate().map(|(number, text)| on_disk(number, text)).collect();
        // What is in memory is not read in the order of ids: it could not be read again.
        let in_memory = |(source, text): (&Source, &String)| Source::Memory(source.name(), text.as_bytes().into());
        let held: Vec<Source> = sources.iter().zip(&files).map(in_memory).collect();
        let expected = answer(request(held.clone(), listed.clone(), Some(1), Memory::default()));
        for (threads, memory) in means() {
            for sources in [&sources, &held] {
                let got = answer(request(sources.clone(), listed.clone(), threads, memory));
                prop_assert_eq!(&got, &expected, "{:?} {:?} {:?}", ids, threads, memory);
            }
        }
    }
}
