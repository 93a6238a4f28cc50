//! A separate file of returns: which orders came back, wholly or for an amount.

use std::collections::BTreeMap;

use super::date::Stamp;
use super::fields::{CURRENCIES, FieldInfo, ORDER_IDS, fold};
use super::side_file::{OneCurrency, SideFile, SideOptions};
use super::source::Source;
use crate::error::Result;
use crate::money::Micros;

/// What came back of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// When, where the file says so, and how much; without an amount, all of it.
    pub parts: Vec<(Option<Stamp>, Option<Micros>)>,
}

/// The returns of a file.
#[derive(Debug, Clone, Default)]
pub struct Returns {
    /// The file.
    pub file: String,
    /// What came back, by order id.
    pub orders: BTreeMap<Vec<u8>, Returned>,
    /// The currency of the amounts, where the file names it.
    pub currency: OneCurrency,
}

/// A field of a file of returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    OrderId,
    Amount,
    Returned,
    Date,
    Currency,
}

const FIELDS: &[FieldInfo<Field>] = &[
    FieldInfo::new(Field::OrderId, "order_id", &[ORDER_IDS]),
    FieldInfo::new(
        Field::Amount,
        "amount",
        &[
            "amount refundedamount refundamount refunded refund betrag erstattung erstattungsbetrag gutschrift",
        ],
    ),
    FieldInfo::new(Field::Returned, "returned", &["returned isreturned zuruckgesendet retourniert retoure"]),
    FieldInfo::new(Field::Currency, "currency", &[CURRENCIES]),
    FieldInfo::new(
        Field::Date,
        "returned_at",
        &["returnedat returndate refundedat refunddate date datum erstattetam retourdatum createdat"],
    ),
];

/// The returns of a file, by order id: a column of order ids, and optionally one of amounts (else whole
/// orders came back), one of dates, and one that says whether (`Yes`, `Ja`, `true`, `1`). Returns after
/// `--as-of` are not there yet.
///
/// # Errors
/// The file cannot be read, has no order ids, or an amount or a date is none.
pub fn read_returns(source: &Source, options: &SideOptions) -> Result<Returns> {
    let mut returns = Returns { file: source.name(), ..Returns::default() };
    SideFile::read(source, "returns", (FIELDS, Field::OrderId), options, |file, row, id| {
        let word = file.word(row, Field::Returned).map(|word| fold(&word));
        let yes = |word: &String| ["yes", "y", "ja", "j", "true", "1", "x"].contains(&word.as_str());
        if file.column(Field::Returned).is_some() && !word.as_ref().is_some_and(yes) {
            return Ok(());
        }
        let amount = file.money(row, Field::Amount)?.map(Micros::abs);
        let at = file.date(row, Field::Date)?;
        if !options.is_later(at) {
            if amount.is_some() {
                returns.currency.see(file, row, Field::Currency)?;
            }
            returns.orders.entry(id.to_vec()).or_default().parts.push((at, amount));
        }
        Ok(())
    })?;
    Ok(returns)
}
