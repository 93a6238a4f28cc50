//! `regulars report`: files to a [`Report`].

use jiff::tz::TimeZone;

use crate::activity::{ByColumn, Origin};
use crate::calendar::{Calendar, Day, Span};
use crate::error::{Error, Result};
use crate::input::account::{Limit, Rejects, Sink};
use crate::input::customers::{self, CustomerOptions};
use crate::input::fields::CustomerField;
use crate::input::keys::Keys;
use crate::input::mapping::{Explicit, Header};
use crate::input::orders::{OrderOptions, OrderReader};
use crate::input::source::Source;
use crate::input::table::Table;
use crate::metrics::{Assumptions, Metric};
use crate::report::{COUNTS, Inputs, Model, Plan, Report, Settings, build};
use crate::stats::Confidence;

/// Everything a report depends on; complete, nothing is looked up elsewhere.
#[derive(Debug, Clone)]
pub struct Request {
    /// The orders files. Only the contract model does without.
    pub orders: Vec<Source>,
    /// The customers file.
    pub customers: Option<Source>,
    /// How the orders files are read.
    pub order_options: OrderOptions,
    /// Fields of the customers file named by the user.
    pub customer_map: Explicit<CustomerField>,
    /// What makes somebody a customer.
    pub model: Model,
    /// The periods.
    pub calendar: Calendar,
    /// The activity window W.
    pub window: Span,
    /// The business time zone's name.
    pub time_zone: String,
    /// The user named it.
    pub time_zone_given: bool,
    /// The breakdowns: a column, or columns crossed by commas.
    pub by: Vec<String>,
    /// Segments of orders columns come from the last purchase, not the first.
    pub segment_at_last: bool,
    /// Segments with fewer customers are merged; 0: none are.
    pub min_customers: u64,
    /// The metrics.
    pub metrics: Vec<&'static Metric>,
    /// How sure intervals are to be.
    pub confidence: Option<Confidence>,
    /// What is assumed beyond the data.
    pub assumptions: Assumptions,
    /// The assumptions in the user's words.
    pub assumed: Vec<String>,
    /// The first covered day.
    pub data_from: Option<Day>,
    /// The first day of the periods to print.
    pub from: Option<Day>,
    /// The last day of the periods to print.
    pub to: Option<Day>,
    /// Periods that have not ended are printed too.
    pub include_incomplete: bool,
    /// How many rows may be rejected.
    pub max_rejects: Limit,
}

/// Reads, counts and computes. `sink` is handed every rejected row.
///
/// # Errors
/// See the exit codes in the README: the request is impossible, the data is bad or too little, or an
/// identity does not hold.
pub fn run(request: Request, sink: &mut Sink<'_>) -> Result<Report> {
    let zone: TimeZone = request.order_options.zone.clone();
    if request.model == Model::Contract && request.customers.is_none() {
        return Err(Error::usage("--model contract needs --customers FILE, which holds the contracts"));
    }
    let first = match request.orders.first() {
        Some(source) => Some(Table::open(source, request.order_options.delimiter)?),
        None if request.model == Model::Contract => None,
        None => return Err(Error::usage("no orders file is given")),
    };
    let customers_table = match &request.customers {
        Some(source) => Some(Table::open(source, None)?),
        None => None,
    };
    let headers = Headers {
        orders: first.as_ref().map(|t| &t.header),
        customers: customers_table.as_ref().map(|t| &t.header),
    };
    let by = headers.resolve(&request.by)?;

    let mut rejects = Rejects::new(request.max_rejects, sink);
    let mut orders = None;
    if let Some(first) = first {
        let reader = OrderReader::new(&request.order_options, &by.order_columns, request.orders.len());
        orders = Some(reader.read(first, &request.orders[1..], &mut rejects)?);
    }
    let mut keys = orders.as_mut().map_or_else(Keys::default, |orders| std::mem::take(&mut orders.customers));
    let mut listed = None;
    if let Some(table) = customers_table {
        let options = CustomerOptions {
            map: request.customer_map,
            date_format: request.order_options.date_format.clone(),
            zone,
            contracts: request.model == Model::Contract,
            as_of: request.order_options.as_of,
            keyed_by_email: orders.as_ref().is_some_and(|orders| orders.keyed_by_email),
        };
        listed = Some(customers::read(table, &options, &by.customer_columns, &mut keys, &mut rejects)?);
    }
    let rejected = rejects.messages();
    let plan = Plan {
        settings: Settings {
            model: request.model,
            window: request.window,
            calendar: request.calendar,
            time_zone: request.time_zone,
            time_zone_given: request.time_zone_given,
            assumptions: request.assumptions,
            assumed: request.assumed,
            segment_at_last: request.segment_at_last,
            min_customers: request.min_customers,
        },
        columns: by.columns,
        breakdowns: by.breakdowns,
        metrics: request.metrics,
        confidence: request.confidence,
        data_from: request.data_from,
        as_of: request.order_options.as_of,
        from: request.from,
        to: request.to,
        include_incomplete: request.include_incomplete,
    };
    let inputs = Inputs { orders: orders.as_ref(), customers: listed.as_ref(), population: keys.len() };
    let mut report = build(&inputs, plan)?;
    report.warnings.extend(rejected.into_iter().map(|message| format!("rejected: {message}")));
    Ok(report)
}

/// The headers of the files at hand.
struct Headers<'h> {
    orders: Option<&'h Header>,
    customers: Option<&'h Header>,
}

/// `--by`, resolved.
#[derive(Debug, Default)]
struct By {
    columns: Vec<ByColumn>,
    breakdowns: Vec<Vec<usize>>,
    order_columns: Vec<String>,
    customer_columns: Vec<String>,
}

impl Headers<'_> {
    fn resolve(&self, texts: &[String]) -> Result<By> {
        let mut by = By::default();
        for text in texts {
            // A column whose name has a comma is taken whole.
            let whole = self.find(text)?.is_some();
            let names: Vec<&str> = if whole { vec![text] } else { text.split(',').map(str::trim).collect() };
            let mut breakdown = Vec::new();
            for name in names {
                let position = match by.columns.iter().position(|column| column.name == name) {
                    Some(position) => position,
                    None => self.add(&mut by, name)?,
                };
                if breakdown.contains(&position) {
                    return Err(Error::usage(format!("--by {text} names the column \"{name}\" twice")));
                }
                breakdown.push(position);
            }
            if by.breakdowns.contains(&breakdown) {
                return Err(Error::usage(format!("--by {text} is given twice")));
            }
            by.breakdowns.push(breakdown);
        }
        Ok(by)
    }

    fn add(&self, by: &mut By, name: &str) -> Result<usize> {
        const TAKEN: [&str; 5] = ["period", "period_start", "period_end", "complete", "history"];
        let taken = TAKEN.iter().copied().chain(COUNTS.iter().map(|count| count.id));
        if let Some((in_customers, column)) = self.find(name)? {
            if taken.chain(crate::metrics::METRICS.iter().map(|metric| metric.column)).any(|own| own == name)
            {
                let prefix = if in_customers { "customers" } else { "orders" };
                return Err(Error::usage(format!("--by {name}: the report has a column of that name"))
                    .hint(format!("write --by {prefix}.{name}")));
            }
            let columns = if in_customers { &mut by.customer_columns } else { &mut by.order_columns };
            let index = columns.iter().position(|known| *known == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            });
            let origin = if in_customers { Origin::Customers(index) } else { Origin::Orders(index) };
            by.columns.push(ByColumn { name: name.to_owned(), origin });
            return Ok(by.columns.len() - 1);
        }
        let headers = [self.customers, self.orders].into_iter().flatten();
        let files = headers.clone().map(|header| header.file.as_str()).collect::<Vec<_>>().join(" or ");
        let all = Header {
            file: files.clone(),
            columns: headers.flat_map(|header| header.columns.iter().cloned()).collect(),
        };
        Err(Error::usage(format!("--by {name}: there is no such column in {files}"))
            .hint(all.describe_for(name)))
    }

    /// Where a column is (`true`: in the customers file), and its name there.
    fn find(&self, name: &str) -> Result<Option<(bool, String)>> {
        let look = |header: Option<&Header>, name: &str| -> Result<Option<String>> {
            let Some(header) = header else { return Ok(None) };
            Ok(header.position(name)?.map(|at| header.columns[at].clone()))
        };
        match (look(self.customers, name)?, look(self.orders, name)?) {
            (Some(column), None) => return Ok(Some((true, column))),
            (None, Some(column)) => return Ok(Some((false, column))),
            (Some(_), Some(_)) => {
                return Err(Error::usage(format!(
                    "--by {name}: both the customers and the orders have this column"
                ))
                .hint(format!("write --by customers.{name} or --by orders.{name}")));
            }
            (None, None) => {}
        }
        if let Some(rest) = name.strip_prefix("customers.") {
            return Ok(look(self.customers, rest)?.map(|column| (true, column)));
        }
        match name.strip_prefix("orders.") {
            Some(rest) => Ok(look(self.orders, rest)?.map(|column| (false, column))),
            None => Ok(None),
        }
    }
}
