//! `regulars report`: files to a [`Report`].

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::activity::{Activity, ByColumn, Origin};
use crate::error::{Error, Result};
use crate::input::account::{Limit, Rejects, Sink};
use crate::input::customers::{self, CustomerOptions, OrdersSide};
use crate::input::keys::Keys;
use crate::input::mapping::Header;
use crate::input::names::Names;
use crate::input::orders::{OrderOptions, OrderReader, Orders};
use crate::input::privacy::Privacy;
use crate::input::reject_file;
use crate::input::source::Source;
use crate::input::table::Table;
use crate::means::{Means, Memory, Progress, threads};
use crate::report::{COUNTS, Inputs, Model, Plan, Report, build};

/// Everything a report depends on; complete, nothing is looked up elsewhere.
#[derive(Debug)]
pub struct Request {
    /// The orders files. Only the contract model does without.
    pub orders: Vec<Source>,
    /// The customers file.
    pub customers: Option<Source>,
    /// How the orders files are read.
    pub order_options: OrderOptions,
    /// How the customers file is read.
    pub customer_options: CustomerOptions,
    /// The breakdowns: a column, or columns crossed by commas.
    pub by: Vec<String>,
    /// How many rows may be rejected.
    pub max_rejects: Limit,
    /// How many threads read and count; by itself, as many as there are processors.
    pub threads: Option<NonZeroUsize>,
    /// How much is held in memory.
    pub memory: Memory,
    /// What is to be reported; its columns and breakdowns come from `by` and the files' headers.
    pub plan: Plan,
}

/// Reads, counts and computes. `sink` is handed every rejected row; `progress` is told how far it has come.
///
/// # Errors
/// See the exit codes in the README: the request is impossible, the data is bad or too little, or an
/// identity does not hold.
pub fn run(request: Request, sink: &mut Sink<'_>, progress: Option<&dyn Progress>) -> Result<Report> {
    let contracts = request.plan.settings.model == Model::Contract;
    if contracts && request.customers.is_none() {
        return Err(Error::usage("--model contract needs --customers FILE, which holds the contracts"));
    }
    let (mut sources, exports): (Vec<_>, Vec<_>) =
        request.orders.iter().cloned().partition(reject_file::is_one);
    sources.extend(exports.iter().cloned());
    let first = match sources.first() {
        Some(source) => request.order_options.open(source)?,
        None if contracts => Vec::new(),
        None => return Err(Error::usage("no orders file is given")),
    };
    let customers_table =
        request.customers.as_ref().map(|source| request.customer_options.open(source)).transpose()?;
    let headers = Headers {
        orders: first.first().map(|table| &table.header),
        customers: customers_table.as_ref().map(|table| &table.header),
    };
    let by = headers.resolve(&request.by)?;

    let mut rejects = Rejects::new(request.max_rejects, sink);
    let pool = threads(request.threads)?;
    let means = Means { pool: pool.as_ref(), memory: request.memory, progress };
    let Read { orders, names, activity } = if first.is_empty() {
        Read::nothing(&request.plan)
    } else {
        let reading = Reading { request: &request, by: &by, exports: &exports, sources: &sources, means };
        reading.read(first, &mut rejects)?
    };
    let mut listed = None;
    if let Some(table) = customers_table {
        let side = match &orders {
            Some(orders) => OrdersSide {
                keyed_by_email: Some(orders.keyed_by_email),
                has_orders: activity.customers_with_orders(names.customers.bound()),
            },
            None => OrdersSide::default(),
        };
        let (options, columns) = (&request.customer_options, &by.customer_columns);
        listed =
            Some(customers::read(table, options, &side, columns, &names.customers, &mut rejects, means)?);
    }
    let privacy = request.order_options.privacy;
    let values = orders.iter().flat_map(|orders| by.order_columns.iter().zip(&orders.values));
    let of_customers = listed.iter().flat_map(|listed| by.customer_columns.iter().zip(&listed.values));
    values.chain(of_customers).try_for_each(|(column, values)| refuse_personal(privacy, column, values))?;
    let rejected = rejects.messages();
    let plan = Plan { columns: by.columns, breakdowns: by.breakdowns, ..request.plan };
    let inputs = Inputs {
        orders: orders.as_ref(),
        customers: listed.as_ref(),
        population: names.customers.bound(),
        pool: pool.as_ref(),
    };
    let mut report = build(&inputs, activity, plan)?;
    report.warnings.extend(rejected.into_iter().map(|message| format!("rejected: {message}")));
    Ok(report)
}

/// The orders, read and folded.
struct Read {
    orders: Option<Orders>,
    names: Arc<Names>,
    activity: Activity,
}

impl Read {
    fn nothing(plan: &Plan) -> Self {
        let names = Arc::new(Names::default());
        let activity = Activity::new(plan.settings.calendar, &names, plan.settings.segment_at);
        Self { orders: None, names, activity }
    }
}

/// How the orders are read.
struct Reading<'r> {
    request: &'r Request,
    by: &'r By,
    exports: &'r [Source],
    sources: &'r [Source],
    means: Means<'r>,
}

impl Reading<'_> {
    /// Reads the sources, of which the first is opened: in the order of their ids, where they have one and could be
    /// read again if not.
    fn read(&self, first: Vec<Table>, rejects: &mut Rejects<'_>) -> Result<Read> {
        let mut first = Some(first);
        if self.sources.iter().all(Source::is_file)
            && let Some(read) = self.read_once(&mut first, rejects, true)?
        {
            return Ok(read);
        }
        self.read_once(&mut first, rejects, false)?.ok_or_else(|| Error::internal("orders are not read"))
    }

    fn read_once(
        &self,
        first: &mut Option<Vec<Table>>,
        rejects: &mut Rejects<'_>,
        in_order: bool,
    ) -> Result<Option<Read>> {
        let Request { order_options, plan, .. } = self.request;
        let columns = &self.by.order_columns;
        let names = Arc::new(Names::new(columns.len()));
        let activity =
            Activity::new(plan.settings.calendar, &names, plan.settings.segment_at).within(self.means.memory);
        let reader =
            OrderReader::new(order_options, columns, self.exports).with(self.means).into(&activity, &names);
        let open = |(number, source): (usize, &Source)| match first.take_if(|_| number == 0) {
            Some(tables) => Ok(tables),
            None => order_options.open(source),
        };
        let tables = self.sources.iter().enumerate().map(open).flat_map(one_by_one);
        let orders = if in_order {
            reader.read_in_order(tables, rejects)?
        } else {
            Some(reader.read(tables, rejects)?)
        };
        Ok(orders.map(|orders| Read { orders: Some(orders), names, activity }))
    }
}

/// Segments are printed, so none may be made of e-mail addresses, names, telephone numbers or addresses.
fn refuse_personal(privacy: Privacy, column: &str, values: &Keys) -> Result<()> {
    let numbers = 0..u32::try_from(values.len()).unwrap_or(u32::MAX);
    if numbers.into_iter().any(|number| privacy.hides(column, values.text(number))) {
        return Err(Error::usage(format!(
            "--by {column}: the column holds personal data, which is not printed"
        ))
        .hint("add --show-personal-data to print it"));
    }
    Ok(())
}

/// The tables of a source, or the one error.
fn one_by_one(tables: Result<Vec<Table>>) -> Vec<Result<Table>> {
    match tables {
        Ok(tables) => tables.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
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
            let same = |known: &Vec<usize>| {
                known.len() == breakdown.len() && known.iter().all(|column| breakdown.contains(column))
            };
            if by.breakdowns.iter().any(same) {
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
            privacy: Privacy::default(),
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
