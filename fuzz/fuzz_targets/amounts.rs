//! Any text as an amount: what is read as one reads the same when it is written plainly.

#![no_main]

use libfuzzer_sys::fuzz_target;
use regulars::input::amount_of;
use regulars::input::number::{Mark, Reading};
use regulars::money::to_text;

fuzz_target!(|text: &str| {
    let under = |mark| match amount_of(text.trim().as_bytes(), mark).0 {
        Reading::Exact(value) | Reading::Decides(_, value) => Some(value),
        _ => None,
    };
    let (point, comma) = (under(Some(Mark::Point)), under(Some(Mark::Comma)));
    for value in [point, comma].into_iter().flatten() {
        let plain = to_text(value.into());
        assert_eq!(amount_of(plain.as_bytes(), Some(Mark::Point)).0, Reading::Exact(value), "{text} → {plain}");
    }
    // Without a mark, a value is exact where both marks agree, decides where one reads it, and is open where
    // they differ.
    match amount_of(text.trim().as_bytes(), None).0 {
        Reading::Exact(value) => assert!(point == Some(value) && comma == Some(value), "{text}"),
        Reading::Decides(Mark::Point, value) => assert!(point == Some(value) && comma.is_none(), "{text}"),
        Reading::Decides(Mark::Comma, value) => assert!(comma == Some(value) && point.is_none(), "{text}"),
        Reading::Open => assert!(point != comma, "{text}"),
        Reading::Not => assert!(point.is_none() && comma.is_none(), "{text}"),
        Reading::Contradicts | Reading::TooLarge => {}
    }
});
