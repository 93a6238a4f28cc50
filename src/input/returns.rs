//! A separate file of returns: which orders came back, wholly or for an amount.

use std::collections::BTreeMap;

use super::account::quoted;
use super::fields::{FieldInfo, fold};
use super::mapping::{Explicit, Mapping};
use super::number::{Mark, Reading, read};
use super::source::Source;
use super::table::Table;
use super::{is_missing, structure};
use crate::error::{Error, Result};
use crate::money::Micros;

/// What came back of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// All of it.
    Wholly,
    /// This much of its amount.
    Amount(Micros),
}

/// A field of a file of returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    OrderId,
    Amount,
    Returned,
}

const FIELDS: &[FieldInfo<Field>] = &[
    FieldInfo::new(
        Field::OrderId,
        "order_id",
        &["orderid ordernumber orderno ordernr bestellnummer bestellnr auftragsnummer auftragsnr order"],
    ),
    FieldInfo::new(
        Field::Amount,
        "amount",
        &[
            "amount refundedamount refundamount refunded refund betrag erstattung erstattungsbetrag gutschrift",
        ],
    ),
    FieldInfo::new(Field::Returned, "returned", &["returned isreturned zuruckgesendet retourniert retoure"]),
];

/// The returns of a file, by order id: a column of order ids, and optionally one of amounts (else whole
/// orders came back) and one that says whether (`Yes`, `Ja`, `true`, `1`). An order's amounts add up.
///
/// # Errors
/// The file cannot be read, has no order ids, or an amount is none; every return counts, so none is set
/// aside.
pub fn read_returns(source: &Source, decimal: Option<Mark>) -> Result<BTreeMap<Vec<u8>, Returned>> {
    let mut table = Table::open(source, None, None, None)?;
    let file = table.header.file.clone();
    let mapping = Mapping::of(&table.header, &Explicit::new(), FIELDS)?;
    let Some(id) = mapping.get(Field::OrderId) else {
        return Err(Error::input(format!("{file}: no column is recognised as the order id"))
            .hint("a file of returns has a column Order ID, and optionally Amount"));
    };
    let mut returns = BTreeMap::new();
    while let Some(row) = table.records.next()? {
        if row.is_blank() {
            continue;
        }
        let complain = |what: &str| Error::input(format!("{file}:{}: {what}", row.line));
        if let Some(problem) = structure(&table.header, &row) {
            return Err(complain(&problem.message));
        }
        let says_no = mapping.get(Field::Returned).is_some_and(|index| {
            let word = fold(&String::from_utf8_lossy(&row.get(index)));
            !["yes", "y", "ja", "j", "true", "1", "x"].contains(&word.as_str())
        });
        if says_no {
            continue;
        }
        let key = row.get(id).into_owned();
        if is_missing(&key) {
            return Err(complain(&format!("column \"{}\" is empty", table.header.columns[id])));
        }
        let returned = match mapping.get(Field::Amount).map(|index| (index, row.get(index))) {
            None => Returned::Wholly,
            Some((_, text)) if is_missing(&text) => Returned::Wholly,
            Some((index, text)) => match read(&text, decimal) {
                Reading::Exact(amount) | Reading::Decides(_, amount) => Returned::Amount(amount.abs()),
                _ => {
                    let column = &table.header.columns[index];
                    return Err(complain(&format!(
                        "column \"{column}\": {} is not an amount",
                        quoted(&text)
                    ))
                    .hint("say which character is the decimal mark: --decimal . or --decimal ,"));
                }
            },
        };
        let known = returns.entry(key).or_insert(Returned::Amount(0));
        *known = match (*known, returned) {
            (Returned::Amount(a), Returned::Amount(b)) => {
                Returned::Amount(a.checked_add(b).ok_or_else(|| complain("its amount is too large"))?)
            }
            _ => Returned::Wholly,
        };
    }
    Ok(returns)
}
