//! What a row of an orders file is: a sale, a refund, nothing that is bought, or still the header.

use std::borrow::Cow;

use super::column::Verdict;
use super::fields::OrderField;
use super::order_options::OrderOptions;
use super::orders_file::Shape;
use super::record::Row;
use super::statuses::Statuses;
use super::{is_missing, text_of};
use crate::money::Micros;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The file has no column that says so.
    Plain,
    Sale,
    Refund,
    Other,
}

/// Whether a row goes on with the header, as units, questions or JSON: it says something where dates and amounts
/// stand, and nowhere in it is a digit, or it is JSON.
pub(super) fn is_second_header(file: &Shape, row: &Row<'_>) -> bool {
    let fields = [OrderField::OrderedAt, OrderField::Amount].map(|field| file.mapping.get(field));
    let texts = || fields.into_iter().flatten().map(|index| row.get(index));
    let is_json = |text: &Cow<'_, [u8]>| text.starts_with(b"{\"") && text.ends_with(b"}");
    let has_no_digit = !row.raw.iter().any(u8::is_ascii_digit);
    texts().all(|text| is_json(&text)) || (has_no_digit && texts().all(|text| !is_missing(&text)))
}

/// What a row is, and of which order.
pub(super) struct Identity<'r> {
    pub(super) kind: Kind,
    /// The word that says so.
    pub(super) word: Option<String>,
    /// It is a refund: of the order with this id.
    pub(super) is_refund: bool,
    pub(super) id: Option<Cow<'r, [u8]>>,
    /// The number of its status.
    pub(super) status: Option<u32>,
}

impl Identity<'_> {
    /// Whether the amount goes the other way than the kind says: a payment of the shop's own, say.
    pub(super) fn contradicts(&self, amount: Option<Micros>) -> bool {
        match self.kind {
            Kind::Sale => amount.is_some_and(|amount| amount < 0),
            Kind::Refund => amount.is_some_and(|amount| amount > 0),
            Kind::Plain | Kind::Other => false,
        }
    }
}

/// Finds out what a row is.
pub(super) fn identify<'r>(
    file: &Shape,
    row: &Row<'r>,
    statuses: &mut Statuses,
    options: &OrderOptions,
) -> Result<Identity<'r>, Verdict> {
    let (kind, word) = kind_of(file, row)?;
    let field = |field| {
        let index = file.mapping.get(field)?;
        Some(row.get(index)).filter(|text| !is_missing(text))
    };
    let refund_of = if kind == Kind::Sale { None } else { field(OrderField::RefundOf) };
    let status = match file.mapping.get(OrderField::Status) {
        Some(index) if !is_missing(&row.get(index)) => {
            Some(statuses.number(&text_of(&file.header, row, index)?, options, &file.profile))
        }
        _ => None,
    };
    Ok(Identity {
        kind,
        word,
        is_refund: kind == Kind::Refund || refund_of.is_some(),
        id: refund_of.or_else(|| field(OrderField::OrderId)),
        status,
    })
}

/// Whether the row says when its order was cancelled.
pub(super) fn is_cancelled(file: &Shape, row: &Row<'_>) -> bool {
    file.mapping.get(OrderField::CancelledAt).is_some_and(|index| !is_missing(&row.get(index)))
}

/// What a row is by the words of the file's profile, and the word.
fn kind_of(file: &Shape, row: &Row<'_>) -> Result<(Kind, Option<String>), Verdict> {
    let kinds = &file.profile.kinds;
    let Some(index) = file.mapping.get(OrderField::Kind) else { return Ok((Kind::Plain, None)) };
    let word = text_of(&file.header, row, index)?.to_lowercase();
    let kind = if kinds.sales.contains(&word) {
        Kind::Sale
    } else if kinds.refunds.contains(&word) {
        Kind::Refund
    } else {
        Kind::Other
    };
    Ok((kind, Some(word)))
}
