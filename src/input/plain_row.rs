//! The commonest rows, read the short way.
//!
//! In most files most rows have everything an order needs and nothing else: a date, an amount and a customer as they
//! are usually written, a status that counts, no refund. What is not exactly so is left to [`RowReader::row`], which
//! reads every row, and these in the same way.

use super::date::day_of;
use super::entries::{Entry, Span};
use super::fields::OrderField;
use super::is_missing;
use super::number::plain;
use super::order_line::{Context, RowReader};
use super::record::Row;
use super::statuses::Rule;
use super::unguarded;

/// Where the fields of plain rows stand.
#[derive(Debug, Clone)]
pub(super) struct PlainRows {
    /// How many columns the header has.
    columns: usize,
    id: Option<usize>,
    /// The customer's key, and whether it is an e-mail.
    customer: usize,
    is_email: bool,
    ordered_at: usize,
    amount: usize,
    status: Option<usize>,
    currency: Option<usize>,
    /// What was refunded: nothing.
    refunded: Option<usize>,
    /// Fields that must be empty.
    empty: Vec<usize>,
}

impl PlainRows {
    /// The fields of a file, if it can have plain rows.
    pub(super) fn of(context: &Context<'_>) -> Option<Self> {
        let Context { options, file, .. } = context;
        let at = |field| file.mapping.get(field);
        let never = [OrderField::Kind, OrderField::Transaction, OrderField::OrderedTime];
        let elsewhere = options.without_amounts || options.amounts.is_some();
        let has_rules = file.profile.has_row_rules() || !file.profile.guest_ids.is_empty();
        if never.into_iter().any(|field| at(field).is_some()) || elsewhere || options.cents || has_rules {
            return None;
        }
        let (customer, is_email) = match at(OrderField::CustomerId) {
            Some(index) => (index, false),
            None => (at(OrderField::Email)?, true),
        };
        let empty = [OrderField::CancelledAt, OrderField::RefundOf, OrderField::RefundedAt];
        Some(Self {
            columns: file.header.columns.len(),
            id: at(OrderField::OrderId),
            customer,
            is_email,
            ordered_at: at(OrderField::OrderedAt)?,
            amount: at(OrderField::Amount)?,
            status: at(OrderField::Status),
            currency: at(OrderField::Currency),
            refunded: at(OrderField::Refunded),
            empty: empty.into_iter().filter_map(at).collect(),
        })
    }
}

/// A field that says something.
fn present<'r>(row: &Row<'r>, index: usize) -> Option<&'r [u8]> {
    row.plain(index).filter(|text| !is_missing(text))
}

impl RowReader<'_> {
    /// Reads a row, if it is a plain one; else nothing is noted of it.
    pub(super) fn plain_row(&mut self, fields: &PlainRows, row: &Row<'_>, index: u32) -> bool {
        self.try_plain_row(fields, row, index).is_some()
    }

    fn try_plain_row(&mut self, fields: &PlainRows, row: &Row<'_>, index: u32) -> Option<()> {
        if row.len() != fields.columns || row.damaged().is_some() {
            return None;
        }
        let Context { options, file, .. } = self.context;
        let mark = self.columns.amounts.mark()?;
        let amount = plain(present(row, fields.amount)?, mark)?;
        let at = self.columns.dates.format.read_plain(present(row, fields.ordered_at)?)?;
        if options.as_of.is_some_and(|as_of| day_of(at) > as_of) {
            return None;
        }
        let says_nothing = |index: &usize| row.plain(*index).is_some_and(is_missing);
        if !fields.empty.iter().all(says_nothing) {
            return None;
        }
        if let Some(index) = fields.refunded {
            let text = row.plain(index)?;
            if !is_missing(text) && plain(text, mark) != Some(0) {
                return None;
            }
        }
        let id = fields.id.map(|index| present(row, index)).map_or(Some(None), |id| id.map(Some))?;
        let customer = present(row, fields.customer)?;
        if fields.is_email && !customer.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return None;
        }
        let harvest = &mut *self.harvest;
        let status = match fields.status {
            None => None,
            Some(index) => {
                let status = harvest.statuses.known(present(row, index)?)?;
                (harvest.statuses.rule(status) == Rule::Counts
                    && !harvest.statuses.is_wholly_refunded(status))
                .then_some(())?;
                Some(status)
            }
        };
        let currency = match fields.currency {
            None => super::draft::NONE,
            Some(index) => harvest.currencies.known(present(row, index)?)?,
        };
        for ((index, met), segment) in
            file.segments.iter().zip(&mut harvest.values).zip(&mut harvest.segments)
        {
            *segment = met.known(present(row, *index)?)?;
        }
        // From here on the row is taken.
        if let Some(status) = status {
            harvest.statuses.count(status, false);
        }
        let entries = &mut harvest.entries;
        let id = id.map_or(Span::NONE, |id| entries.keep(unguarded(id)));
        let key = if fields.is_email {
            entries.keep_marked(0, customer)
        } else {
            entries.keep(unguarded(customer))
        };
        let entry = Entry {
            id,
            key,
            at,
            amount,
            has_amount: true,
            currency,
            has_status: status.is_some(),
            ..Entry::at(index, row.line)
        };
        entries.push(entry, &harvest.segments);
        Some(())
    }
}
