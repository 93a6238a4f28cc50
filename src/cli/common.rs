//! Flags that several commands have.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::choices::{
    GuestKeyArgument, LogFormatArgument, ModelArgument, OnConflictArgument, OrderAmountArgument,
    PeriodArgument, RefundsAtArgument, SegmentAtArgument, WeekdayArgument,
};
use crate::calendar::Span;
use crate::input::account::Limit;

// What counts and how files are read: the same for every command. (A doc comment would be its --help.)
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct ReadArguments {
    /// A file with one row per customer: segments, first order or signup, contracts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) customers: Option<String>,

    /// What makes somebody a customer: a purchase, or a contract in the customers file
    #[arg(long, value_enum, default_value = "orders", help_heading = "What the numbers mean")]
    pub(super) model: ModelArgument,

    /// Ignore everything after this day: the numbers as they stood then
    #[arg(long, value_name = "DATE", help_heading = "What the numbers mean")]
    pub(super) as_of: Option<String>,

    /// The time zone whose days count; timestamps with an offset are converted [default: UTC]
    ///
    /// An IANA name such as Europe/Berlin. Timestamps without an offset are taken as already local.
    #[arg(long, value_name = "ZONE", help_heading = "What the numbers mean")]
    pub(super) timezone: Option<String>,

    /// Statuses that make an order no purchase, beside cancelled, void, failed, test and the like
    #[arg(long, value_name = "A,B", value_delimiter = ',', help_heading = "What counts")]
    pub(super) exclude_status: Vec<String>,

    /// Statuses that count although they are excluded by default
    #[arg(long, value_name = "A,B", value_delimiter = ',', help_heading = "What counts")]
    pub(super) include_status: Vec<String>,

    /// The smallest net amount of a purchase; without it a free order is one
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, help_heading = "What counts")]
    pub(super) min_amount: Option<String>,

    /// Count only orders in this currency, or (with --rates) convert all into it
    #[arg(long, value_name = "CODE", help_heading = "What counts")]
    pub(super) currency: Option<String>,

    /// Exchange rates: a CSV with currency, rate (worth in --currency) and, optionally, from (date)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "currency", help_heading = "What counts")]
    pub(super) rates: Option<String>,

    /// Returned orders: a file with Order ID and, optionally, Amount (else the whole order came back)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What counts")]
    pub(super) returns: Option<String>,

    /// What the orders amount to: a file with Order ID and Amount, one row per payment
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["lines", "no_amount"], help_heading = "What counts")]
    pub(super) payments: Option<String>,

    /// The same from a file of order lines: Order ID, and Amount or Quantity and Unit Price
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_amount", help_heading = "What counts")]
    pub(super) lines: Option<String>,

    /// Whether a refund counts at the date of the order, or at its own as a return
    ///
    /// order: an order is what became of it; one that was refunded in full is no purchase. refund: an order
    /// stays a purchase of its full amount, and the refund lowers the revenue of the day it went back.
    #[arg(long, value_enum, default_value = "order", help_heading = "What counts")]
    pub(super) refunds_at: RefundsAtArgument,

    /// Where an order stands differently in several files: count the file named first, or last
    #[arg(long, value_enum, value_name = "WHICH", help_heading = "What counts")]
    pub(super) on_conflict: Option<OnConflictArgument>,

    /// Orders without customer id are keyed by their e-mail, not left out
    #[arg(long, value_enum, value_name = "KEY", help_heading = "What counts")]
    pub(super) guest_key: Option<GuestKeyArgument>,

    /// Columns of the orders, field=column: order_id customer_id email ordered_at amount quantity
    /// unit_price refunded status currency cancelled_at ordered_time refund_of refunded_at
    #[arg(long, value_name = "FIELD=COL,…", help_heading = "How to read the files")]
    pub(super) map: Vec<String>,

    /// Columns of the customers file, field=column: id email started_at ended_at first_order_at
    #[arg(long, value_name = "FIELD=COL,…", help_heading = "How to read the files")]
    pub(super) map_customers: Vec<String>,

    /// Whether the amounts of an order's lines are summed, or repeat the order's total
    #[arg(long, value_enum, help_heading = "How to read the files")]
    pub(super) order_amount: Option<OrderAmountArgument>,

    /// The same for the refunds of an order's lines
    #[arg(long, value_enum, help_heading = "How to read the files")]
    pub(super) order_refund: Option<OrderAmountArgument>,

    /// There are no amounts: no revenue, order value and lifetime value
    #[arg(long, conflicts_with = "min_amount", help_heading = "How to read the files")]
    pub(super) no_amount: bool,

    /// How the orders' dates are written: day-first, month-first, or %d/%m/%y [default: found out]
    #[arg(long, value_name = "FORMAT", help_heading = "How to read the files")]
    pub(super) date_format: Option<String>,

    /// The same for the dates of the customers file
    #[arg(long, value_name = "FORMAT", help_heading = "How to read the files")]
    pub(super) customers_date_format: Option<String>,

    /// Amounts are in hundredths (cents): 1999 is 19.99
    #[arg(long, conflicts_with = "no_amount", help_heading = "How to read the files")]
    pub(super) cents: bool,

    /// The decimal mark, . or , [default: found out, never guessed]
    #[arg(long, value_name = "MARK", help_heading = "How to read the files")]
    pub(super) decimal: Option<String>,

    /// The character between fields of the orders files; tab for a tabulator [default: found out]
    #[arg(long, value_name = "CHAR", help_heading = "How to read the files")]
    pub(super) delimiter: Option<String>,

    /// The system that wrote the files, or none [default: recognised by the columns]
    #[arg(long, value_name = "NAME", help_heading = "How to read the files")]
    pub(super) profile: Option<String>,

    /// A configuration file: flags, checks, profiles of your own [default: regulars.toml, where there is one]
    #[arg(long, value_name = "FILE", help_heading = "How to read the files")]
    pub(super) config: Option<PathBuf>,

    /// The encoding of the files, for example windows-1252 [default: found out]
    #[arg(long, value_name = "NAME", help_heading = "How to read the files")]
    pub(super) encoding: Option<String>,

    /// Fail when the last purchase is longer ago than this span, before --as-of or today: 3d
    #[arg(long, value_name = "SPAN", help_heading = "How to read the files")]
    pub(super) require_fresh: Option<Span>,

    /// Warnings are errors: a month without orders, words that are not known; nothing is written then
    #[arg(long, help_heading = "How to read the files")]
    pub(super) fail_on_warnings: bool,

    /// Show e-mail addresses, names, telephone numbers and addresses, and allow segments made of them
    #[arg(long, help_heading = "How to read the files")]
    pub(super) show_personal_data: bool,

    /// How many bad rows may be set aside, as a number or as a share (0.5%)
    #[arg(long, value_name = "N", default_value = "0", help_heading = "How to read the files")]
    pub(super) max_rejects: Limit,

    /// Write the rejected rows to this file: file, line, reason, row
    #[arg(long, value_name = "FILE", help_heading = "How to read the files")]
    pub(super) rejects: Option<PathBuf>,
}

impl ReadArguments {
    /// The files beside the orders that are named, by what they are read for.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let all = [
            ("customers", &self.customers),
            ("rates", &self.rates),
            ("returns", &self.returns),
            ("payments", &self.payments),
            ("lines", &self.lines),
        ];
        all.into_iter().filter_map(|(role, file)| Some((role, file.as_ref()?)))
    }
}

// The one place where a result goes, and how the program speaks meanwhile.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Write to a file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Option<PathBuf>,

    /// The width of a table [default: the terminal's, else 80]
    #[arg(long, value_name = "COLUMNS", help_heading = "Output")]
    pub(super) width: Option<usize>,

    #[command(flatten)]
    pub(super) log: LogArguments,
}

// How the program speaks on standard error.
#[derive(Debug, Args)]
pub(super) struct LogArguments {
    /// Messages on standard error as text, or as a JSON object per line
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(super) log_format: LogFormatArgument,
}

// What of the machine is used.
#[derive(Debug, Args)]
pub(super) struct ResourceArguments {
    /// How many threads read and count, at most 256 [default: one for each processor]; the numbers do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Resources")]
    pub(super) threads: Option<u16>,
}

// What the numbers mean: the same for all that compute them.
#[derive(Debug, Args)]
pub(super) struct WhatArguments {
    /// The length of a period
    #[arg(long, value_enum, default_value = "month", help_heading = "What to report")]
    pub(super) period: PeriodArgument,

    /// Add confidence intervals of this level in percent, for example 95
    #[arg(long, value_name = "LEVEL", help_heading = "What to report")]
    pub(super) ci: Option<f64>,

    /// Merge segments that never have this many active customers into (other)
    #[arg(
        long,
        value_name = "K",
        default_value_t = 0,
        hide_default_value = true,
        help_heading = "What to report"
    )]
    pub(super) min_customers: u64,

    /// The activity window: 30d, 8w, 12mo, 1y
    #[arg(long, value_name = "SPAN", default_value = "12mo", help_heading = "What the numbers mean")]
    pub(super) active_for: Span,

    /// The first day from which the files are complete [default: the first purchase]
    #[arg(long, value_name = "DATE", help_heading = "What the numbers mean")]
    pub(super) data_from: Option<String>,

    /// The first day of a week
    #[arg(
        long,
        value_enum,
        default_value = "monday",
        hide_possible_values = true,
        value_name = "DAY",
        help_heading = "What the numbers mean"
    )]
    pub(super) week_start: WeekdayArgument,

    /// The first month of the fiscal year, 1-12; FY2025 is the one that ends in 2025
    #[arg(long, value_name = "MONTH", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=12), help_heading = "What the numbers mean")]
    pub(super) fiscal_year_start: u8,

    /// Which purchase gives a customer the segment of an orders column
    #[arg(long, value_enum, default_value = "first", help_heading = "What the numbers mean")]
    pub(super) segment_at: SegmentAtArgument,

    /// CLV: the share of revenue that is profit, for example 0.3 or 30%
    #[arg(long, value_name = "SHARE", help_heading = "What the numbers mean")]
    pub(super) margin: Option<String>,

    /// CLV: the discount per year, for example 0.1 or 10%
    #[arg(long, value_name = "RATE", help_heading = "What the numbers mean")]
    pub(super) discount: Option<String>,

    /// CLV: how far to look ahead, as a span of whole periods (24mo) or their number
    #[arg(long, value_name = "SPAN", help_heading = "What the numbers mean")]
    pub(super) horizon: Option<String>,

    /// Assume this customer lifespan in place of the measured one, for example 3y
    #[arg(long, value_name = "SPAN", help_heading = "What the numbers mean")]
    pub(super) lifespan: Option<Span>,
}

// Which of them a report shows.
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// Break down by a column of the customers or the orders; a,b crosses two; repeatable
    ///
    /// A customer is in exactly one segment. A column of the customers file gives its value; a column
    /// of the orders gives the value at the customer's first purchase (--segment-at). A name that
    /// both files have is written customers.COL or orders.COL.
    #[arg(long, value_name = "COL", help_heading = "What to report")]
    pub(super) by: Vec<String>,

    /// The metrics to show, by id and in this order [default: all but crr_textbook]
    #[arg(long, value_name = "ID,ID", value_delimiter = ',', help_heading = "What to report")]
    pub(super) metrics: Vec<String>,

    /// Print periods from the one that holds this day on (2025-03-01, 2025-03 or 2025)
    #[arg(long, value_name = "DATE", help_heading = "What to report")]
    pub(super) from: Option<String>,

    /// Print periods up to the one that holds this day; neither cuts the history
    #[arg(long, value_name = "DATE", help_heading = "What to report")]
    pub(super) to: Option<String>,

    /// Print periods that have not ended, too, marked as such
    #[arg(long, help_heading = "What to report")]
    pub(super) include_incomplete: bool,
}
