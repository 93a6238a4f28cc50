//! `regulars report`: files to a [`Report`].

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::activity::{Activity, Breakdown, ByColumn, Origin, add_counts};
use crate::error::{Error, Result};
use crate::input::account::{Limit, Rejected, Rejects, Sink};
use crate::input::customer_keys::Share;
use crate::input::customers::{self, CustomerOptions, Customers, OrdersSide};
use crate::input::keys::Keys;
use crate::input::mapping::Header;
use crate::input::names::Names;
use crate::input::orders::{Again, OrderOptions, OrderReader, Orders, Way};
use crate::input::privacy::Privacy;
use crate::input::reject_file;
use crate::input::source::Source;
use crate::input::table::Table;
use crate::means::{Means, Memory, Progress, threads};
use crate::report::{COUNTS, Inputs, Model, Plan, Report, build, count_all};

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

    let plan = Plan { columns: by.columns.clone(), breakdowns: by.breakdowns.clone(), ..request.plan };
    let mut rejects = Rejects::new(request.max_rejects, sink);
    let pool = threads(request.threads)?;
    let means = Means { pool: pool.as_ref(), memory: request.memory, progress };
    let may_be_read_again = sources.iter().all(Source::is_file);
    let reading = Reading {
        order_options: &request.order_options,
        customer_options: &request.customer_options,
        customers: request.customers.as_ref(),
        plan: &plan,
        by: &by,
        exports: &exports,
        sources: &sources,
        means,
        way: Cell::new(if may_be_read_again { Way::InOrder } else { Way::Apart }),
    };
    let opened = Opened { orders: first, customers: customers_table };
    let ReadShare { orders, customers: listed, breakdowns } = reading.read_shares(opened, &mut rejects)?;
    let privacy = request.order_options.privacy;
    let values = orders.iter().flat_map(|orders| by.order_columns.iter().zip(&orders.values));
    let of_customers = listed.iter().flat_map(|listed| by.customer_columns.iter().zip(&listed.values));
    values.chain(of_customers).try_for_each(|(column, values)| refuse_personal(privacy, column, values))?;
    let rejected = rejects.messages();
    let inputs = Inputs { orders: orders.as_ref(), customers: listed.as_ref() };
    let mut report = build(&inputs, breakdowns, plan)?;
    report.warnings.extend(rejected.into_iter().map(|message| format!("rejected: {message}")));
    Ok(report)
}

/// The files that were opened to see their headers.
struct Opened {
    orders: Vec<Table>,
    customers: Option<Table>,
}

/// What came of a share of the customers.
struct ReadShare {
    orders: Option<Orders>,
    customers: Option<Customers>,
    breakdowns: Vec<Breakdown>,
}

/// How the files are read.
struct Reading<'r> {
    order_options: &'r OrderOptions,
    customer_options: &'r CustomerOptions,
    customers: Option<&'r Source>,
    plan: &'r Plan,
    by: &'r By,
    exports: &'r [Source],
    sources: &'r [Source],
    means: Means<'r>,
    /// What may be taken for granted of the orders, as far as known.
    way: Cell<Way>,
}

impl Reading<'_> {
    /// Whether all files can be read once more.
    fn can_read_again(&self) -> bool {
        self.sources.iter().chain(self.customers).all(Source::is_file)
    }

    /// Reads and counts all customers: at once, or, where they are too many, a share after the other.
    fn read_shares(&self, opened: Opened, rejects: &mut Rejects<'_>) -> Result<ReadShare> {
        let mut opened = Some(opened);
        let mut share = Share::WHOLE;
        // Contracts are covered by the customers file, which has to be read as a whole.
        let is_whole = self.plan.settings.model == Model::Contract || !self.can_read_again();
        let most = if is_whole { usize::MAX } else { self.means.memory.customers };
        let mut all = loop {
            match self.read_share(opened.take(), share, most, rejects)? {
                Some(read) => break read,
                None => share.of *= 4,
            }
            self.begin_again(rejects);
        };
        for which in 1..share.of {
            // Its rows are accounted for already.
            let mut sink = |_: Rejected<'_>| Ok(());
            let mut known = Rejects::new(Limit::Percent(100.0), &mut sink);
            if let Some(progress) = self.means.progress {
                progress.begin_again();
            }
            // Keys are spread evenly, so a share is hardly larger than the first.
            let read = self.read_share(None, Share { which, ..share }, usize::MAX, &mut known)?;
            let read = read.ok_or_else(|| Error::internal("a share of the customers has no end"))?;
            let orders = |read: &ReadShare| read.orders.as_ref().map(|orders| orders.account.clone());
            let rows = |read: &ReadShare| read.customers.as_ref().map(|customers| customers.account.read);
            if orders(&all) != orders(&read) || rows(&all) != rows(&read) {
                return Err(Error::input("a file changed while it was read"));
            }
            add_counts(&mut all.breakdowns, read.breakdowns)?;
            if let (Some(customers), Some(more)) = (&mut all.customers, &read.customers) {
                customers.add_share(more);
            }
        }
        Ok(all)
    }

    fn begin_again(&self, rejects: &mut Rejects<'_>) {
        rejects.begin_again();
        if let Some(progress) = self.means.progress {
            progress.begin_again();
        }
    }

    /// Reads and counts a share of the customers; `None` where it has more than so many.
    fn read_share(
        &self,
        opened: Option<Opened>,
        share: Share,
        most: usize,
        rejects: &mut Rejects<'_>,
    ) -> Result<Option<ReadShare>> {
        let settings = &self.plan.settings;
        let names = || Arc::new(Names::new(self.by.order_columns.len()).sharing(share, most));
        let activity = |names: &Arc<Names>| {
            Activity::new(settings.calendar, names, settings.segment_at).within(self.means.memory)
        };
        let (mut first, customers_table) = match opened {
            Some(Opened { orders, customers }) => (Some(orders), customers),
            None => (None, self.customers.map(|source| self.customer_options.open(source)).transpose()?),
        };
        let mut read = None;
        while !self.sources.is_empty() {
            let names = names();
            let activity = activity(&names);
            let reader = OrderReader::new(self.order_options, &self.by.order_columns, self.exports)
                .with(self.means)
                .into(&activity, &names);
            let open = |(number, source): (usize, &Source)| match first.take_if(|_| number == 0) {
                Some(tables) => Ok(tables),
                None => self.order_options.open(source),
            };
            let tables = self.sources.iter().enumerate().map(open).flat_map(one_by_one);
            match reader.read_if(self.way.get(), tables, rejects)? {
                Ok(orders) => {
                    read = Some((orders, names, activity));
                    break;
                }
                Err(Again::As(way)) => {
                    self.way.set(way);
                    self.begin_again(rejects);
                }
                Err(Again::InShares) => return Ok(None),
            }
        }
        let (orders, names, activity) = match read {
            Some((orders, names, activity)) => (Some(orders), names, activity),
            None => {
                let names = names();
                let activity = activity(&names);
                (None, names, activity)
            }
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
            let (options, columns) = (self.customer_options, &self.by.customer_columns);
            let keys = &names.customers;
            listed = Some(customers::read(table, options, &side, columns, keys, rejects, self.means)?);
        }
        if names.customers.is_full() {
            return Ok(None);
        }
        let inputs = Inputs { orders: orders.as_ref(), customers: listed.as_ref() };
        let population = names.customers.bound();
        let breakdowns = count_all(&inputs, self.plan, activity, population, self.means.pool)?;
        Ok(Some(ReadShare { orders, customers: listed, breakdowns }))
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
