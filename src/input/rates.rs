//! Exchange rates: a small table that turns every amount into one currency.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::account::quoted;
use super::date::{DateFormat, Reading as DateReading, day_of};
use super::source::Source;
use super::table::Table;
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::money::Micros;

/// Decimals of a rate.
const DECIMALS: u32 = 12;

/// What one unit of a currency is worth in the report's, from some day on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    /// By currency and day, in 10⁻¹² of the report's currency.
    rates: BTreeMap<String, BTreeMap<Day, i128>>,
}

impl Rates {
    /// Reads a table with the columns `currency`, `rate` (decimal point; the worth of one unit in
    /// the report's currency) and, optionally, `from` (the first day the rate holds).
    ///
    /// # Errors
    /// A column is missing, or a value is no rate or no date; every rate counts, so none is set aside.
    pub fn read(source: &Source) -> Result<Self> {
        let mut table = Table::open(source, None, None, None)?;
        let file = table.header.file.clone();
        let column = |name: &str| table.header.position(name);
        let (Some(currency), Some(rate)) = (column("currency")?, column("rate")?) else {
            return Err(Error::input(format!("{file}: a table of rates has the columns currency and rate"))
                .hint("and from, where rates change"));
        };
        let from = column("from")?;
        let mut dates = DateFormat::new(None, &TimeZone::UTC);
        let mut rates: BTreeMap<String, BTreeMap<Day, i128>> = BTreeMap::new();
        while let Some(row) = table.records.next()? {
            let complain = |index: usize, what: &str| {
                let value = quoted(&row.get(index));
                let column = table.header.columns.get(index).map_or("", String::as_str);
                Error::input(format!("{file}:{}: column \"{column}\": {value} {what}", row.line))
            };
            let name = String::from_utf8_lossy(&row.get(currency)).to_uppercase();
            if let Some(problem) = super::structure(&table.header, &row) {
                return Err(Error::input(format!("{file}:{}: {}", row.line, problem.message)));
            }
            let Some(worth) = parse(&row.get(rate)) else {
                return Err(complain(rate, "is not a rate such as 0.92"));
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

    /// An amount in `currency` as one in `target`, at the rate of a day, rounded half away from zero.
    /// `None`: there is no rate; `Some(None)`: the result is too large to hold.
    pub fn convert(&self, amount: Micros, currency: &str, target: &str, day: Day) -> Option<Option<Micros>> {
        if currency == target {
            return Some(Some(amount));
        }
        let (_, rate) = self.rates.get(currency)?.range(..=day).next_back()?;
        let unit = 10_i128.pow(DECIMALS);
        let product = i128::from(amount).checked_mul(*rate);
        let rounded = product.map(|product| (product + product.signum() * (unit / 2)) / unit);
        Some(rounded.and_then(|amount| Micros::try_from(amount).ok()))
    }
}

/// A positive number with a decimal point and at most [`DECIMALS`] decimals.
fn parse(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.len() + fraction.len();
    let plain = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !plain || digits == 0 || whole.len() > 9 || fraction.len() > DECIMALS as usize {
        return None;
    }
    format!("{whole}{fraction:0<12}").parse().ok().filter(|rate| *rate > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_rates_are_exact() {
        let day = Day(19_000);
        let rate = parse(b"0.0000377").expect("a rate");
        let rates = Rates { rates: BTreeMap::from([("VND".to_owned(), BTreeMap::from([(day, rate)]))]) };
        // 25,000,000 × 0.0000377 = 942.50
        assert_eq!(rates.convert(25_000_000_000_000, "VND", "EUR", day), Some(Some(942_500_000)));
        assert_eq!(rates.convert(1, "VND", "EUR", day.plus(-1)), None);
        assert_eq!(rates.convert(7, "EUR", "EUR", day), Some(Some(7)));
        for text in ["", ".", "0", "-1", "1,17", "1e3", "0.0000000000001"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
