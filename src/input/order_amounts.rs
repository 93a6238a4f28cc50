//! A separate file of what orders amount to: payments, or lines.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Fault, Problem};
use super::column::Verdict;
use super::date::Stamp;
use super::fields::{CURRENCIES, FieldInfo, ORDER_IDS};
use super::side_file::{OneCurrency, SideFile, SideOptions, too_large};
use super::source::Source;
use crate::error::{Error, Result};
use crate::money::{Micros, from_cents, multiply};

/// What the rows of the file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Payments (`--payments`).
    Payments,
    /// Lines of orders (`--lines`).
    Lines,
}

impl Contents {
    fn name(self) -> &'static str {
        match self {
            Self::Payments => "payments",
            Self::Lines => "lines",
        }
    }
}

/// The amounts of orders from a file of their own.
#[derive(Debug, Clone, Default)]
pub struct OrderAmounts {
    /// The file.
    pub file: String,
    /// The column of the amounts, or `quantity × price`.
    pub column: String,
    /// What each order amounts to, by its id.
    pub(super) orders: BTreeMap<Vec<u8>, Amounts>,
    /// The currency of the amounts, where the file names it.
    pub currency: OneCurrency,
    /// Rows that count.
    pub rows: u64,
    /// Rows with an excluded status, such as failed.
    pub excluded: u64,
}

/// The amounts of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    /// The sum of the amounts, without refunds.
    pub(super) paid: Micros,
    /// The negative ones, as magnitudes, with their dates where there are any.
    pub(super) back: Vec<(Option<Stamp>, Micros)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    OrderId,
    Amount,
    Quantity,
    UnitPrice,
    Status,
    Kind,
    Currency,
    Date,
}

/// Statuses and kinds of payments that did not bring money, beside those that exclude orders.
const UNPAID: &[&str] = &[
    "pending",
    "authorization",
    "authorized",
    "authorisation",
    "void",
    "failure",
    "error",
    "open",
    "expired",
    "processing",
    "requires_payment_method",
    "requires_action",
    "ausstehend",
    "offen",
    "autorisiert",
    "autorisierung",
];

/// Kinds of payments that took money back.
const WENT_BACK: &[&str] =
    &["refund", "chargeback", "reversal", "erstattung", "rückzahlung", "rückerstattung"];

const FIELDS: &[FieldInfo<Field>] = &[
    FieldInfo::new(Field::OrderId, "order_id", &[ORDER_IDS]),
    FieldInfo::new(
        Field::Amount,
        "amount",
        &["amount paidamount amountpaid paymentamount linetotal lineamount itemtotal zeilensumme \
           positionssumme positionsbetrag zahlbetrag zahlungsbetrag betrag total gesamt summe"],
    ),
    FieldInfo::new(
        Field::Quantity,
        "quantity",
        &["quantity qty units menge anzahl stuckzahl stueckzahl stuck stueck"],
    ),
    FieldInfo::new(
        Field::UnitPrice,
        "unit_price",
        &["unitprice priceperunit itemprice priceeach einzelpreis stuckpreis stueckpreis price preis"],
    ),
    FieldInfo::new(Field::Kind, "kind", &["kind transactionkind transactiontype"]),
    FieldInfo::new(Field::Currency, "currency", &[CURRENCIES]),
    FieldInfo::new(Field::Status, "status", &["status paymentstatus zahlungsstatus"]),
    FieldInfo::new(
        Field::Date,
        "paid_at",
        &["paidat paymentdate date datum createdat created zahlungsdatum bezahltam"],
    ),
];

/// The amounts of a file of payments or of lines, by order id: an amount per row, or a quantity and a price.
/// Rows with an `excluded` status (in lower case) do not count, nor do rows after `--as-of`. In a file of
/// payments negative amounts are refunds; in one of lines they are discounts, and are added up with the others.
///
/// # Errors
/// The file cannot be read, has no order ids or no amounts, or an amount is none.
pub fn read_order_amounts(
    source: &Source,
    what: Contents,
    excluded: &BTreeSet<String>,
    options: &SideOptions,
) -> Result<OrderAmounts> {
    let mut amounts = OrderAmounts::default();
    let require = |file: &SideFile<Field>| {
        let lacks = |field| file.column(field).is_none();
        if !lacks(Field::Amount) || !(lacks(Field::Quantity) || lacks(Field::UnitPrice)) {
            return Ok(());
        }
        let hint = format!(
            "a file of {} has a column Amount, or Quantity and Unit Price; {}",
            what.name(),
            file.header.describe_for("Amount")
        );
        Err(Error::input(format!("{}: no column is recognised as the amount", file.header.file)).hint(hint))
    };
    let file = SideFile::read(source, what.name(), (FIELDS, Field::OrderId), options, |file, row, id| {
        require(file).map_err(Verdict::Fatal)?;
        if let Some(status) = file.word(row, Field::Status)
            && (excluded.contains(&status) || UNPAID.contains(&status.as_str()))
        {
            amounts.excluded += 1;
            return Ok(());
        }
        let by_quantity = file.column(Field::Amount).is_none();
        let amount = if by_quantity {
            let (quantity, price) = (file.number(row, Field::Quantity)?, file.number(row, Field::UnitPrice)?);
            let product = quantity.zip(price).map(|(quantity, price)| multiply(quantity, price));
            let product = product.map(|product| product.ok_or_else(too_large)).transpose()?;
            product.map(|amount| if options.cents { from_cents(amount) } else { amount })
        } else {
            file.money(row, Field::Amount)?
        };
        let Some(amount) = amount else {
            let column = file.column(Field::Amount).unwrap_or("quantity");
            return Err(Problem::new(Fault::Missing, format!("column \"{column}\" is empty")).into());
        };
        let kind = file.word(row, Field::Kind);
        if kind.as_deref().is_some_and(|kind| UNPAID.contains(&kind)) {
            amounts.excluded += 1;
            return Ok(());
        }
        let went_back = amount < 0 || kind.as_deref().is_some_and(|kind| WENT_BACK.contains(&kind));
        let at = file.date(row, Field::Date)?;
        if options.is_later(at) {
            return Ok(());
        }
        amounts.currency.see(file, row, Field::Currency)?;
        amounts.rows += 1;
        let order = amounts.orders.entry(id.to_vec()).or_default();
        if went_back && what == Contents::Payments {
            order.back.push((at, amount.checked_abs().ok_or_else(too_large)?));
        } else {
            order.paid = order.paid.checked_add(amount).ok_or_else(too_large)?;
        }
        Ok(())
    })?;
    require(&file)?;
    file.column(Field::Amount).unwrap_or("quantity × price").clone_into(&mut amounts.column);
    amounts.file.clone_from(&file.header.file);
    Ok(amounts)
}
