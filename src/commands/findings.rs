//! What an inspection finds; see [`super::inspect`].

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calendar::Day;
use crate::input::account::Account;

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The files, in the order they were read: orders first.
    pub files: Vec<FileFinding>,
    /// What the orders come to, where they can be read.
    pub orders: Option<OrdersFinding>,
    /// What the customers file comes to, where it can be read.
    pub customers: Option<CustomersFinding>,
    /// Columns with few values, which `--by` could break down by.
    pub by_candidates: Vec<Candidate>,
    /// Rejected rows in words: the first few of each kind.
    pub rejects: Vec<String>,
    /// What a careful reader should know.
    pub warnings: Vec<String>,
    /// What keeps a report from being made, and what to do.
    pub problems: Vec<Problem>,
}

/// Something that keeps a report from being made.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub what: Vec<String>,
    /// What to do next.
    pub next: Option<String>,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileFinding {
    /// Its name.
    pub file: String,
    /// `orders`, `customers`, or `unknown`.
    pub holds: &'static str,
    /// The profile of a known system.
    pub profile: Option<String>,
    /// Encoding, packing, lines before the header.
    pub form: String,
    /// The character between fields.
    pub delimiter: String,
    /// Rows behind the header, without empty lines.
    pub rows: u64,
    /// The columns that are read.
    pub mapping: Vec<FieldFinding>,
    /// The names of the columns that are not.
    pub other_columns: Vec<String>,
}

/// A field and its column.
#[derive(Debug, Clone, Serialize)]
pub struct FieldFinding {
    /// The field, as in `--map`.
    pub field: &'static str,
    /// The column.
    pub column: String,
    /// Rows in which it is empty.
    pub empty: u64,
    /// Up to three different values; personal ones are masked.
    pub examples: Vec<String>,
}

/// What became of rows.
#[derive(Debug, Clone, Serialize)]
pub struct RowsFinding {
    /// All of them.
    pub read: u64,
    /// In the numbers.
    pub used: u64,
    /// Left out, by reason.
    pub excluded: BTreeMap<&'static str, u64>,
    /// Not readable.
    pub rejected: u64,
    /// The same, in words.
    #[serde(skip)]
    pub account: Account,
}

/// What orders come to.
#[derive(Debug, Clone, Serialize)]
pub struct OrdersFinding {
    /// What became of the rows.
    pub rows: RowsFinding,
    /// Orders that are purchases.
    pub purchases: u64,
    /// Orders that are returns.
    pub returns: u64,
    /// Customers with a purchase.
    pub customers: u64,
    /// Orders without customer, of all orders.
    pub without_customer: Share,
    /// The first and the last day with a purchase.
    pub covered: Option<Days>,
    /// Improbably long runs of days without orders.
    pub gaps: Vec<Days>,
    /// Status words: rows, and whether they count.
    pub statuses: Vec<Word>,
    /// Words that say the kind of a row.
    pub kinds: Vec<Word>,
    /// Currencies and the rows that name them.
    pub currencies: BTreeMap<String, u64>,
    /// How dates are written.
    pub dates: Vec<String>,
    /// The time zone whose days count.
    pub time_zone: String,
    /// Rows whose moments had an offset from UTC and were converted into that zone.
    pub converted: u64,
    /// How lines become orders, in words.
    pub grouping: String,
    /// How long customers take to come back.
    pub repurchases: Option<Repurchases>,
}

/// How many, and of how many in percent.
#[derive(Debug, Clone, Serialize)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// In percent of all.
    pub percent: f64,
}

impl Share {
    pub(super) fn of(count: u64, all: u64) -> Self {
        Self { count, percent: if all == 0 { 0.0 } else { 100.0 * count as f64 / all as f64 } }
    }
}

/// A run of days.
#[derive(Debug, Clone, Serialize)]
pub struct Days {
    /// The first of them.
    pub first: String,
    /// The last of them.
    pub last: String,
}

impl Days {
    pub(super) fn of((first, last): (Day, Day)) -> Self {
        Self { first: first.to_string(), last: last.to_string() }
    }
}

/// A word of a column that decides, and what it decides.
#[derive(Debug, Clone, Serialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// Rows that bear it.
    pub rows: u64,
    /// Whether these count.
    pub counts: bool,
}

/// Days between one day with purchases of a customer and the next, of all customers who came back within the
/// data. Those who have not yet are not in it, so the true quantiles are not shorter.
#[derive(Debug, Clone, Serialize)]
pub struct Repurchases {
    /// How many intervals there are.
    pub intervals: usize,
    /// Half of them are not longer.
    pub median_days: f64,
    /// Nine of ten are not longer.
    pub p90_days: f64,
    /// The shortest usual activity window that holds nine of ten.
    pub suggested_active_for: String,
}

/// What the customers file comes to.
#[derive(Debug, Clone, Serialize)]
pub struct CustomersFinding {
    /// What became of the rows.
    pub rows: RowsFinding,
    /// Customers with orders who are in the file, of all with orders.
    pub matched: Option<Share>,
    /// Customers in the file without an order, of all in the file.
    pub without_orders: Option<Share>,
}

/// A column that `--by` could break down by.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// The column, as `--by` wants it.
    pub column: String,
    /// Its file.
    pub file: String,
    /// How many values it has.
    pub values: usize,
    /// The commonest values and their rows.
    pub commonest: Vec<Value>,
}

/// A value of a column.
#[derive(Debug, Clone, Serialize)]
pub struct Value {
    /// As it stands.
    pub value: String,
    /// Rows that bear it.
    pub rows: u64,
}
