//! The typed report: what every row says, and everything needed to check it.
//!
//! Nothing here formats for an output; the renderers never compute.

mod build;
mod columns;
mod coverage;
mod gaps;

pub use build::{Inputs, Plan, build, count_all, describe_grouping};
pub use columns::{COUNTS, Count, Number};
pub use coverage::Coverage;
pub(crate) use gaps::improbable as improbable_gaps;

use std::collections::BTreeMap;

use crate::activity::SegmentAt;
use crate::calendar::{Calendar, Day, Span};
use crate::input::account::Account;
use crate::metrics::{Assumptions, Metric};
use crate::stats::{Confidence, Interval};
use crate::tally::Tally;

/// The value of a `--by` column in a row that does not break down by it.
pub const ALL: &str = "(all)";

/// The segment that small segments are merged into.
pub const OTHER: &str = "(other)";

/// What makes somebody a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// A purchase in the activity window.
    Orders,
    /// A running contract.
    Contract,
}

/// A metric's number in a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number; `None` where it is not defined.
    pub value: Option<f64>,
    /// Its interval, where one was asked for and is defined.
    pub interval: Option<Interval>,
}

/// One period × segment.
#[derive(Debug, Clone)]
pub struct Row {
    /// The period's label.
    pub period: String,
    /// Its first day.
    pub start: Day,
    /// Its last day.
    pub end: Day,
    /// One value per `--by` column, [`ALL`] where the row does not break down by it.
    pub segment: Vec<String>,
    /// The counts behind the metrics.
    pub tally: Tally,
    /// One per metric of the report.
    pub estimates: Vec<Estimate>,
    /// The period ended within the covered days.
    pub complete: bool,
    /// The activity window before the period lies within the covered days.
    pub full_history: bool,
}

impl Row {
    /// Whether this is the row of all customers.
    pub fn is_total(&self) -> bool {
        self.segment.iter().all(|value| value == ALL)
    }
}

/// What the orders files held.
#[derive(Debug, Clone)]
pub struct OrdersSummary {
    /// The files.
    pub files: Vec<String>,
    /// Rows read of each.
    pub rows: Vec<u64>,
    /// What became of their rows.
    pub account: Account,
    /// Purchases in the numbers.
    pub purchases: u64,
    /// Returns in the numbers.
    pub returns: u64,
    /// Purchases and returns left out because they have no customer, and their share of all orders
    /// and of all revenue in percent.
    pub keyless: Option<(u64, f64, Option<f64>)>,
    /// Rows by status, and whether the status excludes.
    pub statuses: BTreeMap<String, (u64, bool)>,
    /// Rows by the word that says their kind: those counted, and those left out.
    pub kinds: BTreeMap<String, (u64, u64)>,
    /// Refunds count as returns at their own date, not at the order's.
    pub refunds_at_own_date: bool,
    /// The separate file that says what the orders amount to.
    pub amounts_from: Option<String>,
    /// Field → column.
    pub mapping: Vec<(&'static str, String)>,
    /// How dates are written.
    pub date_formats: Vec<String>,
    /// How the files are packed and encoded.
    pub forms: Vec<String>,
    /// The profiles of known systems they were read with.
    pub profiles: Vec<String>,
    /// How lines became orders, in words.
    pub grouping: String,
    /// The currency, where the files say it or the user chose it.
    pub currency: Option<String>,
}

/// What the customers file held.
#[derive(Debug, Clone)]
pub struct CustomersSummary {
    /// The file.
    pub file: String,
    /// What became of its rows.
    pub account: Account,
    /// Customers in it without an order.
    pub without_orders: u64,
    /// Customers with orders who are not in it.
    pub not_listed: u64,
    /// Field → column.
    pub mapping: Vec<(&'static str, String)>,
    /// What it was read as: the profile of a system, encoding and packing.
    pub read_as: String,
}

/// What the numbers mean, as chosen for this report.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What makes somebody a customer.
    pub model: Model,
    /// The activity window W.
    pub window: Span,
    /// The periods.
    pub calendar: Calendar,
    /// The business time zone.
    pub time_zone: String,
    /// The user named the time zone.
    pub time_zone_given: bool,
    /// What is assumed beyond the data.
    pub assumptions: Assumptions,
    /// The assumptions in words, as the user gave them.
    pub assumed: Vec<String>,
    /// Which purchase gives a customer the segment of an orders column.
    pub segment_at: SegmentAt,
    /// Segments with fewer customers are merged.
    pub min_customers: u64,
    /// The smallest net amount of a purchase, as the user gave it.
    pub min_amount: Option<String>,
    /// Statuses that exclude beside the common ones, in lower case.
    pub exclude_status: Vec<String>,
    /// Statuses that count although they are excluded by default, in lower case.
    pub include_status: Vec<String>,
}

/// A finished report.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the numbers mean.
    pub settings: Settings,
    /// The `--by` columns.
    pub by: Vec<String>,
    /// The metrics, in the order of their columns.
    pub metrics: Vec<&'static Metric>,
    /// How sure the intervals are, where they were asked for.
    pub confidence: Option<Confidence>,
    /// The days the data covers.
    pub coverage: Coverage,
    /// What the orders files held, where there are any.
    pub orders: Option<OrdersSummary>,
    /// What the customers file held, where there is one.
    pub customers: Option<CustomersSummary>,
    /// The rows: by period, the total first, then breakdown by breakdown the segments by name.
    pub rows: Vec<Row>,
    /// What a careful reader should know before using the numbers.
    pub warnings: Vec<String>,
    /// What the rows leave out, and how to have it.
    pub notes: Vec<String>,
    /// Whether a column of the orders segments.
    pub segments_by_orders: bool,
    /// Why what was asked for cannot be computed from this data, though the counts can: the caller
    /// delivers the report and then fails.
    pub shortfall: Option<crate::error::Error>,
}

impl Report {
    /// A count of a row; `None` where the report has nothing to count.
    pub fn count(&self, count: &Count, row: &Row) -> Option<Number> {
        let is_known = !count.of_orders || self.orders.is_some();
        (is_known && (self.settings.assumptions.amounts || !count.is_money))
            .then(|| (count.value)(&row.tally))
    }

    /// Whether the customers active at the end of a row's period are known: the activity window before it lies within
    /// the covered days.
    pub fn knows_closing(&self, row: &Row) -> bool {
        match self.settings.model {
            Model::Orders => self.settings.window.before(row.end.plus(1)) >= self.coverage.first,
            Model::Contract => row.end >= self.coverage.first,
        }
    }
}
