//! Any text as a date: what is read lies in the years that a shop can have orders in, and is read again.

#![no_main]

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use regulars::input::{DateFormat, DateOrder, DateReading, GivenFormat, day_of};

fuzz_target!(|text: &str| {
    let text = text.trim().as_bytes();
    if text.is_empty() {
        return;
    }
    for zone in [TimeZone::UTC, TimeZone::get("America/New_York").expect("a zone")] {
        for order in [None, Some(DateOrder::DayFirst), Some(DateOrder::MonthFirst)] {
            let given = order.map(GivenFormat::Order);
            let mut format = DateFormat::new(given.as_ref(), &zone);
            let reading = format.read(text);
            if let DateReading::At(stamp, _) | DateReading::Decides(_, stamp, _) = reading {
                let year = day_of(stamp).to_string()[..4].parse::<u16>().expect("four digits");
                assert!((1899..=2200).contains(&year), "{year}");
                if let DateReading::Decides(order, ..) = reading {
                    format.order = Some(order);
                }
                let again = format.read(text);
                assert!(matches!(again, DateReading::At(same, _) if same == stamp), "{again:?}");
            }
        }
    }
});
