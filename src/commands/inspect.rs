//! `regulars inspect`: what files are, how they are read, and what would keep a report from being made.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use super::findings::{
    Candidate, CustomersFinding, Days, FieldFinding, FileFinding, Inspection, OrdersFinding, Problem,
    Repurchases, RowsFinding, Share, Value, Word,
};
use crate::calendar::{Span, SpanUnit};
use crate::error::{Error, Result};
use crate::input::account::{Account, Limit, Rejects, Sink};
use crate::input::census::{ColumnCensus, FileCensus};
use crate::input::customers::{self, CustomerOptions, Customers, OrdersSide};
use crate::input::fields::names_order;
use crate::input::mapping::{Header, looks_like_orders};
use crate::input::orders::{OrderOptions, OrderReader, Orders};
use crate::input::privacy::Privacy;
use crate::input::profiles::Holds;
use crate::input::reject_file::is_reject_file;
use crate::input::source::Source;
use crate::input::table::Table;
use crate::report::improbable_gaps;
use crate::stats::quantile;

/// Everything an inspection depends on.
#[derive(Debug)]
pub struct Request {
    /// The files: orders, and at most one of customers.
    pub files: Vec<Source>,
    /// The customers file, if it is named; the other files are then orders.
    pub customers: Option<Source>,
    /// How orders files are read.
    pub order_options: OrderOptions,
    /// How the customers file is read.
    pub customer_options: CustomerOptions,
    /// How many rows a report may reject.
    pub max_rejects: Limit,
}

/// Reads all files and says what was found. A file that cannot be read is a finding, too. `sink` is handed every
/// rejected row.
///
/// # Errors
/// Only a bug; what is wrong with the files is in [`Inspection::problems`].
pub fn run(request: &Request, sink: &mut Sink<'_>) -> Result<Inspection> {
    let mut problems = Vec::new();
    let Opened { orders: orders_tables, customers: customers_tables, others } = request.open(&mut problems);
    let mut rejects = Rejects::new(Limit::Percent(100.0), sink);
    let mut order_files = Vec::new();
    let mut orders = None;
    if !orders_tables.is_empty() {
        let files = orders_tables.iter().map(|table| table.header.file.as_str());
        let is_read = |source: &&Source| files.clone().any(|file| file == source.name());
        let sources: Vec<Source> = request.files.iter().filter(is_read).cloned().collect();
        let mut orders_tables = orders_tables;
        orders_tables.sort_by_key(|table| table.repairs.is_none());
        let mut tables = orders_tables.into_iter();
        let reader = OrderReader::new(&request.order_options, &[], &sources).observed(&mut order_files);
        match reader.read(tables.by_ref().map(Ok), &mut rejects) {
            Ok(read) => orders = Some(read),
            Err(error) => problems.push(error),
        }
        // Files that were not reached because one before them cannot be read.
        order_files.extend(tables.map(FileCensus::of));
    }
    let names = orders.as_ref().map(|orders| Arc::clone(&orders.names)).unwrap_or_default();
    let side = OrdersSide::of(orders.as_ref(), names.customers.bound())?;
    let mut customer_files = Vec::new();
    let mut customers = None;
    let mut customers_tables = customers_tables.into_iter();
    if let Some(table) = customers_tables.next() {
        let options = &request.customer_options;
        let censuses = &mut customer_files;
        match customers::read_observed(table, options, &side, &names.customers, &mut rejects, censuses) {
            Ok(read) => customers = Some(read),
            Err(error) => problems.push(error),
        }
    }
    for table in customers_tables {
        problems.push(Error::usage(format!(
            "{}: a second customers file; a report takes one",
            table.header.file
        )));
        customer_files.push(FileCensus::of(table));
    }
    let read = orders.as_ref().map_or(0, |orders| orders.account.read)
        + customers.as_ref().map_or(0, |customers| customers.account.read);
    let messages = rejects.messages();
    let total = rejects.total();
    if !request.max_rejects.allows(total, read) {
        problems.push(
            Error::places(vec![format!("{total} of {read} rows cannot be read")]).hint(format!(
                "correct them, or set them aside with --max-rejects {total} --rejects bad.csv"
            )),
        );
    }
    if let Some(orders) = &orders
        && orders.finished.purchase_days.is_none()
    {
        problems.push(Error::input("there is no purchase in the data"));
    }
    let privacy = request.order_options.privacy;
    let candidates = |files: &[FileCensus]| -> Vec<Candidate> {
        files.iter().flat_map(|file| candidates(file, privacy)).collect()
    };
    let mut by_candidates = candidates(&order_files);
    by_candidates.dedup_by(|a, b| a.column == b.column);
    by_candidates.extend(candidates(&customer_files));
    let finding = orders.as_ref().map(|orders| orders_finding(orders, &order_files, request)).transpose()?;
    let mut files: Vec<FileFinding> =
        order_files.iter().map(|file| file_finding(file, "orders", privacy)).collect();
    files.extend(customer_files.iter().map(|file| file_finding(file, "customers", privacy)));
    let others: Vec<FileCensus> = others.into_iter().map(FileCensus::of).collect();
    files.extend(others.iter().map(|file| file_finding(file, "unknown", privacy)));
    Ok(Inspection {
        files,
        warnings: orders.as_ref().map(warnings).unwrap_or_default(),
        orders: finding,
        customers: customers.as_ref().map(|customers| customers_finding(customers, orders.is_some())),
        by_candidates,
        rejects: messages,
        problems: problems
            .iter()
            .map(|error| Problem {
                what: error.messages().to_vec(),
                next: error.next_step().map(str::to_owned),
            })
            .collect(),
    })
}

impl Request {
    /// Opens the files, and tells orders from customers; those that cannot be opened are problems.
    fn open(&self, problems: &mut Vec<Error>) -> Opened {
        let mut opened = Opened::default();
        let Opened { orders, customers, others } = &mut opened;
        for source in &self.files {
            let found = if self.customers.is_some() {
                self.order_options.open(source).map(|tables| orders.extend(tables))
            } else {
                self.open_either(source).and_then(|(table, holds)| {
                    match holds {
                        Some(Holds::Orders) => orders.extend(self.order_options.tables(table)?),
                        Some(Holds::Customers) => customers.push(table),
                        None => {
                            problems.push(unknown(&table.header));
                            others.push(table);
                        }
                    }
                    Ok(())
                })
            };
            problems.extend(found.err());
        }
        if let Some(source) = &self.customers {
            match self.customer_options.open(source) {
                Ok(table) => customers.push(table),
                Err(error) => problems.push(error),
            }
        }
        opened
    }

    /// Opens a file and finds out what it holds, if it says.
    fn open_either(&self, source: &Source) -> Result<(Table, Option<Holds>)> {
        let (orders, customers) = (&self.order_options, &self.customer_options);
        let table = Table::open(
            source,
            orders.delimiter,
            orders.encoding,
            Some(&|header| orders.is_header(header) || customers.is_header(header)),
        )?;
        let header = &table.header;
        let known = orders.profile.of(header, Holds::Orders)?.is_some() || is_reject_file(header);
        let holds = if known || looks_like_orders(header, &orders.map) {
            Some(Holds::Orders)
        } else if customers.profile.of(header, Holds::Customers)?.is_some() {
            Some(Holds::Customers)
        } else if header.columns.iter().any(|column| names_order(column)) {
            // Orders that lack a column, which their reader names; or payments, lines, returns.
            orders.is_date_known(header).then_some(Holds::Orders)
        } else if customers.is_header(header) {
            Some(Holds::Customers)
        } else {
            orders.is_date_known(header).then_some(Holds::Orders)
        };
        Ok((table, holds))
    }
}

/// What is wrong with a file that holds neither orders nor customers.
fn unknown(header: &Header) -> Error {
    let file = &header.file;
    if header.columns.iter().any(|column| names_order(column)) {
        return Error::usage(format!("{file}: it names orders, but neither their dates nor customers")).hint(
            "a file of payments is named with --payments, one of order lines with --lines, one of returns with --returns",
        );
    }
    let listed = header.listed();
    Error::usage(format!("{file}: no columns are recognised as those of orders or of customers")).hint(format!(
        "name them with --map ordered_at=COLUMN,customer_id=COLUMN,amount=COLUMN; the columns are {listed}"
    ))
}

/// The files, opened.
#[derive(Default)]
struct Opened {
    orders: Vec<Table>,
    customers: Vec<Table>,
    /// Neither.
    others: Vec<Table>,
}

fn file_finding(file: &FileCensus, holds: &'static str, privacy: Privacy) -> FileFinding {
    let field = |(field, position): &(&'static str, usize)| {
        let column = &file.header.columns[*position];
        let census = &file.columns[*position];
        let examples = census.examples.iter().map(|value| privacy.shown(column, value)).collect();
        FieldFinding { field, column: column.clone(), empty: census.empty, examples }
    };
    let is_read = |position: usize| file.mapping.iter().any(|(_, read)| *read == position);
    let others = (0..file.header.columns.len()).filter(|position| !is_read(*position));
    FileFinding {
        file: file.header.file.clone(),
        holds,
        profile: file.profile.clone(),
        form: file.form.describe(),
        delimiter: if file.delimiter == '\t' { "tab".to_owned() } else { file.delimiter.to_string() },
        rows: file.rows,
        mapping: file.mapping.iter().map(field).collect(),
        other_columns: others
            .map(|position| privacy.shown("", file.header.columns[position].as_bytes()))
            .collect(),
    }
}

fn rows_finding(account: &Account) -> RowsFinding {
    RowsFinding {
        read: account.read,
        used: account.used,
        excluded: account.excluded.iter().map(|(reason, rows)| (reason.id(), *rows)).collect(),
        rejected: account.rejected,
        account: account.clone(),
    }
}

fn orders_finding(orders: &Orders, files: &[FileCensus], request: &Request) -> Result<OrdersFinding> {
    let finished = &orders.finished;
    let placed = finished.purchases + finished.returns + finished.keyless;
    let gaps = finished.purchase_days.map(|(first, last)| improbable_gaps(&finished.order_days, first, last));
    let statuses = orders.statuses.iter();
    let mut kinds = Vec::new();
    for (word, (counted, left_out)) in &orders.kinds {
        for (rows, counts) in [(*counted, true), (*left_out, false)] {
            if rows > 0 {
                kinds.push(Word { word: word.clone(), rows, counts });
            }
        }
    }
    let mut currencies: BTreeMap<String, u64> = BTreeMap::new();
    for column in files.iter().filter_map(|file| file.field("currency")) {
        for (value, rows) in column.values().unwrap_or_default() {
            *currencies.entry(String::from_utf8_lossy(value).to_uppercase()).or_default() += rows;
        }
    }
    if let (true, Some(currency)) = (currencies.is_empty(), &finished.currency) {
        currencies.insert(currency.clone(), finished.purchases + finished.returns);
    }
    let (customers, repurchases) = repurchases(orders)?;
    Ok(OrdersFinding {
        rows: rows_finding(&orders.account),
        purchases: finished.purchases,
        returns: finished.returns,
        customers,
        without_customer: Share::of(finished.keyless, placed),
        covered: finished.purchase_days.map(Days::of),
        gaps: gaps.unwrap_or_default().into_iter().map(Days::of).collect(),
        statuses: statuses
            .map(|(word, (rows, excluded))| Word { word: word.clone(), rows: *rows, counts: !excluded })
            .collect(),
        kinds,
        currencies,
        dates: orders.date_formats.clone(),
        time_zone: request.order_options.zone.iana_name().unwrap_or("UTC").to_owned(),
        converted: orders.with_offset,
        grouping: crate::report::describe_grouping(finished),
        repurchases,
    })
}

/// How many customers purchased, and how long they took to do so again.
fn repurchases(orders: &Orders) -> Result<(u64, Option<Repurchases>)> {
    let mut days: Vec<(u32, i32)> = Vec::new();
    for batch in &orders.finished.batches {
        let customers = batch.column("customer")?.u32()?;
        let dates = &batch.column("day")?.date()?.phys;
        let purchases = batch.column("purchase")?.bool()?;
        for ((customer, day), purchase) in customers.iter().zip(dates.iter()).zip(purchases.iter()) {
            if let (Some(customer), Some(day), Some(true)) = (customer, day, purchase) {
                days.push((customer, day));
            }
        }
    }
    days.sort_unstable();
    days.dedup();
    let customers = days.chunk_by(|a, b| a.0 == b.0).count() as u64;
    let again = days.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let mut intervals: Vec<f64> = again.map(|pair| f64::from(pair[1].1 - pair[0].1)).collect();
    intervals.sort_unstable_by(f64::total_cmp);
    let quantiles = quantile(&intervals, 0.5).zip(quantile(&intervals, 0.9));
    let repurchases = quantiles.map(|(median_days, p90_days)| Repurchases {
        intervals: intervals.len(),
        median_days,
        p90_days,
        suggested_active_for: window_of(p90_days).to_string(),
    });
    Ok((customers, repurchases))
}

/// The shortest usual window that holds so many days: weeks up to eight, months up to 24, then years.
fn window_of(days: f64) -> Span {
    let usual = (1..=8)
        .map(|count| Span { count, unit: SpanUnit::Weeks })
        .chain((2..=24).map(|count| Span { count, unit: SpanUnit::Months }))
        .chain((3..=50).map(|count| Span { count, unit: SpanUnit::Years }));
    usual
        .into_iter()
        .find(|span| span.mean_days() >= days)
        .unwrap_or(Span { count: 50, unit: SpanUnit::Years })
}

fn customers_finding(customers: &Customers, with_orders: bool) -> CustomersFinding {
    let matched = customers.with_orders - customers.not_listed;
    let listed = matched + customers.without_orders;
    CustomersFinding {
        rows: rows_finding(&customers.account),
        matched: with_orders.then(|| Share::of(matched, customers.with_orders)),
        without_orders: with_orders.then(|| Share::of(customers.without_orders, listed)),
    }
}

/// The columns with two to twenty values that are no amounts, dates, keys or personal data.
fn candidates(file: &FileCensus, privacy: Privacy) -> Vec<Candidate> {
    const MOST: usize = 20;
    const SHOWN: usize = 4;
    let taken = |position: usize| file.mapping.iter().any(|(_, read)| *read == position);
    let candidate = |(position, census): (usize, &ColumnCensus)| {
        let values = census.values().filter(|values| (2..=MOST).contains(&values.len()))?;
        let column = &file.header.columns[position];
        // Hardly any value repeats: names and keys rather than segments.
        let unique = values.iter().map(|(_, rows)| rows).sum::<u64>() < 2 * values.len() as u64;
        let personal = values.iter().any(|(value, _)| privacy.hides(column, value));
        let of_lines = census.differs_within_orders;
        let repeated = file.header.columns.iter().filter(|other| *other == column).count() > 1;
        if unique
            || of_lines
            || personal
            || repeated
            || taken(position)
            || column.is_empty()
            || looks_like_numbers(&values)
        {
            return None;
        }
        let text = |(value, rows): &(&[u8], u64)| Value { value: privacy.shown(column, value), rows: *rows };
        Some(Candidate {
            column: column.clone(),
            file: file.header.file.clone(),
            values: values.len(),
            commonest: values.iter().take(SHOWN).map(text).collect(),
        })
    };
    file.columns.iter().enumerate().filter_map(candidate).collect()
}

/// Whether values are amounts rather than names of segments: with decimals.
fn looks_like_numbers(values: &[(&[u8], u64)]) -> bool {
    values.iter().all(|(value, _)| {
        value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-'))
            && value.iter().any(|byte| matches!(byte, b'.' | b','))
    })
}

fn warnings(orders: &Orders) -> Vec<String> {
    let mut warnings = orders.profile_notes.clone();
    warnings.extend(orders.unknown_kind_warnings());
    if orders.finished.spanning > 0 {
        warnings.push(format!("{} orders have lines in more than one file", orders.finished.spanning));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_usual_and_long_enough() {
        for (days, window) in
            [(1.0, "1w"), (7.0, "1w"), (8.0, "2w"), (57.0, "2mo"), (365.0, "12mo"), (800.0, "3y")]
        {
            assert_eq!(window_of(days).to_string(), window, "{days}");
        }
    }
}
