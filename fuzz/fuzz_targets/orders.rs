//! Any bytes as an orders file, and as a customers file beside it: read or refused, never a panic, and every row
//! accounted for (the readers check that themselves, and a bug is an error of its own kind).

#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use regulars::commands::inspect::{Request, run};
use regulars::calendar::Day;
use regulars::error::Kind;
use regulars::input::account::Limit;
use regulars::input::customers::CustomerOptions;
use regulars::input::fields::OrderField;
use regulars::input::order_amounts::{Contents, read_order_amounts};
use regulars::input::orders::{OnConflict, OrderOptions, OrderReader, RefundsAt};
use regulars::input::privacy::Privacy;
use regulars::input::profiles::Choice;
use regulars::input::returns::read_returns;
use regulars::input::side_file::SideOptions;
use regulars::input::source::Source;

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses how the others are read, so that one corpus serves all ways.
    let Some((way, bytes)) = bytes.split_first() else { return };
    let mut order_options = OrderOptions::new(TimeZone::UTC);
    order_options.guest_key_email = way & 1 > 0;
    order_options.without_amounts = way & 2 > 0;
    order_options.refunds_at = if way & 4 > 0 { RefundsAt::Refund } else { RefundsAt::Order };
    order_options.on_conflict = (way & 8 > 0).then_some(OnConflict::Last);
    let customer_options = CustomerOptions {
        map: Default::default(),
        date_format: None,
        profile: Choice::default(),
        encoding: None,
        zone: TimeZone::UTC,
        contracts: way & 16 > 0,
        privacy: Privacy::default(),
        as_of: None,
    };
    // Half the ways split the bytes into two files.
    let middle = if way & 32 > 0 { bytes.len() / 2 } else { bytes.len() };
    let source = |name: &str, bytes: &[u8]| Source::Memory(name.to_owned(), bytes.into());
    if way & 64 > 0 {
        order_options.as_of = Day::parse_iso("2024-06-30");
    }
    if way & 128 > 0 {
        // The second half as payments, as returns and as orders.
        let side = SideOptions {
            decimal: None,
            date_format: None,
            encoding: None,
            zone: TimeZone::UTC,
            cents: false,
            as_of: order_options.as_of,
        };
        let half = source("side.csv", &bytes[middle..]);
        order_options.amounts =
            read_order_amounts(&half, Contents::Payments, &order_options.excluded_status, &side).ok();
        order_options.returns = read_returns(&half, &side).unwrap_or_default();
        order_options.map.insert(OrderField::RefundOf, "refund_of".to_owned());
    }
    let files = vec![source("a.csv", &bytes[..middle]), source("b.csv", &bytes[middle..])];
    let read = |files: &[Source]| {
        let tables = files.iter().map(|file| order_options.open(file));
        let tables = tables.flat_map(|tables| match tables {
            Ok(tables) => tables.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        });
        let mut sink = |_: regulars::input::account::Rejected<'_>| Ok(());
        let mut rejects = regulars::input::account::Rejects::new(Limit::Percent(100.0), &mut sink);
        OrderReader::new(&order_options, &[], files).read(tables, &mut rejects).map(|orders| orders.account)
    };
    let first = read(&files);
    if let Err(error) = &first {
        assert_ne!(error.kind(), Kind::Internal, "{error}");
    }
    assert_eq!(first, read(&files), "the same files are read in the same way");
    let request = Request {
        files,
        customers: None,
        order_options: order_options.clone(),
        customer_options,
        max_rejects: Limit::Rows(0),
    };
    let inspection = run(&request, &mut |_| Ok(())).expect("an inspection finds, it does not fail");
    for problem in &inspection.problems {
        assert!(!problem.what[0].contains("does not hold"), "{:?}", problem.what);
    }
});
