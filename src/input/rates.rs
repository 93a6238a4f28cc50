//! Exchange rates: a small table that turns every amount into one currency.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::account::quoted;
use super::date::{DateFormat, Reading as DateReading, day_of};
use super::number::{Mark, Reading, read};
use super::source::Source;
use super::table::Table;
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::money::{MICROS, Micros};

/// What one unit of a currency is worth in the report's, from some day on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    rates: BTreeMap<String, BTreeMap<Day, Micros>>,
}

impl Rates {
    /// Reads a table with the columns `currency`, `rate` (decimal point; the worth of one unit in
    /// the report's currency) and, optionally, `from` (the first day the rate holds).
    ///
    /// # Errors
    /// A column is missing, or a value is no rate or no date; every rate counts, so none is set aside.
    pub fn read(source: &Source) -> Result<Self> {
        let mut table = Table::open(source, None)?;
        let file = table.header.file.clone();
        let column = |name: &str| table.header.position(name);
        let (Some(currency), Some(rate)) = (column("currency")?, column("rate")?) else {
            return Err(Error::input(format!("{file}: a table of rates has the columns currency and rate"))
                .hint("and from, where rates change"));
        };
        let from = column("from")?;
        let mut dates = DateFormat::new(None, &TimeZone::UTC);
        let mut rates: BTreeMap<String, BTreeMap<Day, Micros>> = BTreeMap::new();
        while let Some(row) = table.records.next()? {
            let complain = |index: usize, what: &str| {
                let value = quoted(&row.get(index));
                let column = table.header.columns.get(index).map_or("", String::as_str);
                Error::input(format!("{file}:{}: column \"{column}\": {value} {what}", row.line))
            };
            let name = String::from_utf8_lossy(&row.get(currency)).to_uppercase();
            let worth = match read(&row.get(rate), Some(Mark::Point)) {
                Reading::Exact(worth) if worth > 0 => worth,
                _ => return Err(complain(rate, "is not a rate")),
            };
            let day = match from {
                None => Day(i32::MIN),
                Some(index) => match dates.read(&row.get(index)) {
                    DateReading::At(stamp, _) => day_of(stamp),
                    _ => return Err(complain(index, "is not a date like 2024-05-01")),
                },
            };
            if rates.entry(name).or_default().insert(day, worth).is_some() {
                return Err(complain(currency, "has a second rate for the same day"));
            }
        }
        Ok(Self { rates })
    }

    /// What one unit of `currency` was worth in `target` on a day; the target itself is worth 1.
    pub fn rate(&self, currency: &str, target: &str, day: Day) -> Option<Micros> {
        if currency == target {
            return Some(MICROS);
        }
        self.rates.get(currency)?.range(..=day).next_back().map(|(_, rate)| *rate)
    }
}
