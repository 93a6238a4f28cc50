//! How orders files are to be read.

use std::collections::BTreeSet;

use encoding_rs::Encoding;
use jiff::tz::TimeZone;

use super::date::GivenFormat;
use super::fields::{ORDER_FIELDS, OrderField};
use super::grouping::Grouping;
use super::mapping::{Explicit, Header, Mapping, is_orders_header};
use super::number::Mark;
use super::order_amounts::OrderAmounts;
use super::privacy::Privacy;
use super::profiles::{Choice, Holds};
use super::rates::Rates;
use super::reject_file::{is_reject_file, unpack};
use super::returns::Returns;
use super::source::Source;
use super::table::Table;
use crate::calendar::Day;
use crate::error::Result;
use crate::money::Micros;

/// How orders files are to be read; complete, nothing is looked up elsewhere.
#[derive(Debug, Clone)]
pub struct OrderOptions {
    /// Fields named by the user.
    pub map: Explicit<OrderField>,
    /// The character between fields, if not to be found out.
    pub delimiter: Option<u8>,
    /// The profile of the system that wrote the files.
    pub profile: Choice,
    /// The encoding, if not to be found out.
    pub encoding: Option<&'static Encoding>,
    /// The decimal mark, if not to be found out.
    pub decimal: Option<Mark>,
    /// How dates are written, if not to be found out.
    pub date_format: Option<GivenFormat>,
    /// The business time zone.
    pub zone: TimeZone,
    /// Statuses, in lower case, that make an order no purchase.
    pub excluded_status: BTreeSet<String>,
    /// Statuses, in lower case, that count whatever is known of them.
    pub included_status: BTreeSet<String>,
    /// Statuses, in lower case, that the user named; one that no order has is warned about.
    pub named_status: BTreeSet<String>,
    /// Statuses, in lower case, that say an order was refunded in full; they count where the files
    /// have no refunded amount, which would say it more exactly.
    pub refunded_status: BTreeSet<String>,
    /// Orders without customer id are keyed by their e-mail.
    pub guest_key_email: bool,
    /// What the orders amount to, from a file of payments or of lines; the orders' own amounts are not read.
    pub amounts: Option<OrderAmounts>,
    /// Amounts are in hundredths.
    pub cents: bool,
    /// Which file's rows of an order count where several files have it.
    pub on_conflict: Option<OnConflict>,
    /// When money that came back counts.
    pub refunds_at: RefundsAt,
    /// Whether amounts of an order's lines are summed or taken once, if not to be found out.
    pub order_amount: Option<Grouping>,
    /// The same for refunds.
    pub order_refund: Option<Grouping>,
    /// There are no amounts.
    pub without_amounts: bool,
    /// The smallest net amount of a purchase.
    pub min_amount: Option<Micros>,
    /// The currency of the report.
    pub currency: Option<String>,
    /// Rates into that currency.
    pub rates: Option<Rates>,
    /// What came back, by order id, from a separate file.
    pub returns: Returns,
    /// Whether messages show personal data.
    pub privacy: Privacy,
    /// Orders after this day are ignored.
    pub as_of: Option<Day>,
}

impl OrderOptions {
    /// Everything found out from the files themselves, in this time zone.
    pub fn new(zone: TimeZone) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            map: Explicit::new(),
            delimiter: None,
            profile: Choice::default(),
            encoding: None,
            decimal: None,
            date_format: None,
            zone,
            excluded_status: words(EXCLUDED_STATUS),
            included_status: BTreeSet::new(),
            named_status: BTreeSet::new(),
            refunded_status: words(REFUNDED_STATUS),
            guest_key_email: false,
            amounts: None,
            cents: false,
            on_conflict: None,
            refunds_at: RefundsAt::Order,
            order_amount: None,
            order_refund: None,
            without_amounts: false,
            min_amount: None,
            currency: None,
            rates: None,
            returns: Returns::default(),
            privacy: Privacy::default(),
            as_of: None,
        }
    }

    /// Whether a record is the header of an orders file.
    pub fn is_header(&self, header: &Header) -> bool {
        is_orders_header(header, &self.map) || matches!(self.profile.of(header, Holds::Orders), Ok(Some(_)))
    }

    /// Whether a header names a date of orders.
    pub fn is_date_known(&self, header: &Header) -> bool {
        Mapping::of(header, &self.map, ORDER_FIELDS)
            .is_ok_and(|mapping| mapping.get(OrderField::OrderedAt).is_some())
    }

    /// Opens an orders file: one table, or those of the files whose rejected rows it holds.
    ///
    /// # Errors
    /// See [`Table::open`] and [`super::reject_file`].
    pub fn open(&self, source: &Source) -> Result<Vec<Table>> {
        let is_header = |header: &Header| self.is_header(header);
        let table = Table::open(source, self.delimiter, self.encoding, Some(&is_header))?;
        self.tables(table)
    }

    /// A table of orders as such, or those of a reject file.
    ///
    /// # Errors
    /// See [`super::reject_file`].
    pub fn tables(&self, table: Table) -> Result<Vec<Table>> {
        let is_header = |header: &Header| self.is_header(header);
        let mut tables = if is_reject_file(&table.header) { unpack(table, &is_header)? } else { vec![table] };
        for table in &mut tables {
            table.header.privacy = self.privacy;
        }
        Ok(tables)
    }
}

/// Which file's rows of an order count where several files have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// Those of the file named first.
    First,
    /// Those of the file named last.
    Last,
}

/// When money that came back counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RefundsAt {
    /// On the day of the order: what became of it.
    #[default]
    Order,
    /// On the day it went back: the order stays a purchase of its full amount, the refund is a return.
    Refund,
}

/// Statuses that make an order no purchase unless the user says otherwise.
pub const EXCLUDED_STATUS: &[&str] = &[
    "cancelled",
    "canceled",
    "void",
    "voided",
    "failed",
    "test",
    "declined",
    "abandoned",
    "deleted",
    "trash",
    "storniert",
    "abgebrochen",
    "abgelehnt",
    "fehlgeschlagen",
];

/// Statuses that say an order was refunded in full unless the user says otherwise.
pub const REFUNDED_STATUS: &[&str] =
    &["refunded", "fully refunded", "erstattet", "rückerstattet", "vollständig erstattet"];
