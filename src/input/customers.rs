//! The customers file: segments, first orders and contracts of customers.

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};
use rayon::Scope;

use super::account::{Account, Reason, Rejects};
use super::census::FileCensus;
use super::column::Verdict;
use super::crew::{Takes, read_all};
use super::customer_keys::{CustomerKeys, ELSEWHERE};
use super::customer_row::{CustomerDates, CustomerHarvest, CustomerRows, Entry, Found};
use super::date::GivenFormat;
use super::draft::NONE;
use super::fields::{CUSTOMER_FIELDS, CustomerField};
use super::frames::segment_column;
use super::keys::Keys;
use super::mapping::{Explicit, Header, Mapping};
use super::names::Words;
use super::order_line::Stopped;
use super::orders::Orders;
use super::privacy::Privacy;
use super::profiles::{Choice, Holds, Profile};
use super::record::Records;
use super::source::Source;
use super::split::View;
use super::table::Table;
use super::waiting::{Waiting, settle};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::means::Means;

/// How the customers file is to be read.
#[derive(Debug, Clone)]
pub struct CustomerOptions {
    /// Fields named by the user.
    pub map: Explicit<CustomerField>,
    /// How dates are written, if not to be found out.
    pub date_format: Option<GivenFormat>,
    /// The profile of the system that wrote the file.
    pub profile: Choice,
    /// The encoding, if not to be found out.
    pub encoding: Option<&'static Encoding>,
    /// The business time zone.
    pub zone: TimeZone,
    /// Rows are contracts: each needs a start, and a customer may have several.
    pub contracts: bool,
    /// Whether messages show personal data.
    pub privacy: Privacy,
    /// Contracts that start after this day are ignored, as are ends.
    pub as_of: Option<Day>,
}

impl CustomerOptions {
    /// Opens a customers file.
    ///
    /// # Errors
    /// See [`Table::open`].
    pub fn open(&self, source: &Source) -> Result<Table> {
        let is_header = |header: &Header| self.is_header(header);
        let mut table = Table::open(source, None, self.encoding, Some(&is_header))?;
        table.header.privacy = self.privacy;
        Ok(table)
    }

    /// Whether a record is the header of a customers file.
    pub fn is_header(&self, header: &Header) -> bool {
        let has_key = |mapping: Mapping<CustomerField>| {
            [CustomerField::Id, CustomerField::Email].iter().any(|field| mapping.get(*field).is_some())
        };
        header.columns.len() > 1
            && (matches!(self.profile.of(header, Holds::Customers), Ok(Some(_)))
                || Mapping::of(header, &self.map, CUSTOMER_FIELDS).is_ok_and(has_key))
    }
}

/// What the customers file needs to know of the orders.
#[derive(Debug, Default)]
pub struct OrdersSide {
    /// Whether their customers are keyed by e-mail; `None`: there are no orders.
    pub keyed_by_email: Option<bool>,
    /// Whether each of their customers has an order that counts, by number.
    pub has_orders: Vec<bool>,
}

impl Customers {
    /// Adds what was counted of another share of the customers, in the same file.
    pub fn add_share(&mut self, other: &Self) {
        self.without_orders += other.without_orders;
        self.not_listed += other.not_listed;
        self.with_orders += other.with_orders;
        // Rows that repeat a customer are known to do so in the share of that customer only.
        let again = other.account.excluded.get(&Reason::SameCustomer).copied().unwrap_or(0);
        self.account.used -= again;
        self.account.exclude(Reason::SameCustomer, again);
    }
}

impl OrdersSide {
    /// What the orders say of so many customers, where there are orders.
    ///
    /// # Errors
    /// A frame lacks a column: a bug.
    pub fn of(orders: Option<&Orders>, customers: usize) -> Result<Self> {
        let Some(orders) = orders else { return Ok(Self::default()) };
        let has_orders = orders.finished.customers_with_orders(customers)?;
        Ok(Self { keyed_by_email: Some(orders.keyed_by_email), has_orders })
    }
}

/// Everything the customers file says.
#[derive(Debug)]
pub struct Customers {
    /// One row per customer (per contract in the contract model): `customer` (UInt32), `first_order`,
    /// `start`, `end` (Date, null where unknown), and one UInt32 column per segmenting column (null
    /// where missing).
    pub frame: DataFrame,
    /// The values of each segmenting column.
    pub values: Vec<Keys>,
    /// What became of the rows.
    pub account: Account,
    /// Customers in the file who have no order.
    pub without_orders: u64,
    /// Customers with orders who are not in the file.
    pub not_listed: u64,
    /// Customers with orders.
    pub with_orders: u64,
    /// The file.
    pub file: String,
    /// Field → column, as used.
    pub mapping: Vec<(&'static str, String)>,
    /// The title of the profile it was read with.
    pub profile: Option<String>,
    /// How it is packed and encoded.
    pub form: String,
}

/// Reads the customers file. `keys` are the orders' customers; those without orders are added.
///
/// # Errors
/// The file lacks a field, a date column is ambiguous, a customer's rows contradict each other, or
/// more rows are bad than may be.
pub fn read(
    table: Table,
    options: &CustomerOptions,
    orders: &OrdersSide,
    segment_columns: &[String],
    keys: &CustomerKeys,
    rejects: &mut Rejects<'_>,
    means: Means<'_>,
) -> Result<Customers> {
    rejects.begin(&table.header.file, table.header_row.clone());
    let (reads, dates) = CustomerRows::open(&table.header, options, orders, segment_columns, keys)?;
    let mut reader = Reader::new(&reads, dates, orders, rejects);
    let form = table.form.describe();
    match means.pool.filter(|_| table.records.is_text()) {
        Some(pool) => {
            let name = (table.header.file.as_str(), table.delimiter);
            read_all(
                (pool, &means),
                name,
                table.records.into_pieces(means.memory.piece),
                &reads,
                &mut reader,
            )?;
        }
        None => reader.read_here(&mut { table.records }, None)?,
    }
    reader.finish(table.delimiter, form)
}

/// The same on this thread, with a census of the file, also where reading fails.
///
/// # Errors
/// See [`read`].
pub fn read_observed(
    mut table: Table,
    options: &CustomerOptions,
    orders: &OrdersSide,
    keys: &CustomerKeys,
    rejects: &mut Rejects<'_>,
    censuses: &mut Vec<FileCensus>,
) -> Result<Customers> {
    rejects.begin(&table.header.file, table.header_row.clone());
    let mut census = FileCensus::new(&table);
    let mut observe = || -> Result<(Customers, Mapping<CustomerField>, Profile)> {
        let (reads, dates) = CustomerRows::open(&table.header, options, orders, &[], keys)?;
        let mut reader = Reader::new(&reads, dates, orders, rejects);
        reader.read_here(&mut table.records, Some(&mut census))?;
        let customers = reader.finish(table.delimiter, table.form.describe())?;
        Ok((customers, reads.mapping, reads.profile))
    };
    let read = observe();
    // Also behind the place that it fails on.
    while let Ok(Some(row)) = table.records.next() {
        census.see(&row);
    }
    match &read {
        Ok((_, mapping, profile)) => census.describe(mapping, CUSTOMER_FIELDS, profile),
        Err(_) => {
            let mapping = Mapping::of(&census.header, &options.map, CUSTOMER_FIELDS);
            census.guess(mapping, CUSTOMER_FIELDS);
        }
    }
    censuses.push(census);
    read.map(|(customers, ..)| customers)
}

/// Takes the rows of the file.
struct Reader<'r, 's> {
    reads: &'r CustomerRows<'r>,
    orders: &'r OrdersSide,
    dates: CustomerDates,
    rejects: &'r mut Rejects<'s>,
    account: Account,
    entries: Vec<Entry>,
    /// The values of the segmenting columns, entry by entry, [`NONE`] where missing.
    values: Vec<u32>,
    /// The last entry of each customer, by number; [`NONE`] where there is none.
    known: Vec<u32>,
    /// How many different customers there are.
    customers: u64,
    waiting: Waiting,
}

impl<'s, 'r> Takes<'s, CustomerRows<'r>> for Reader<'r, '_> {
    type Halt = Error;

    fn decided(&self) -> CustomerDates {
        self.dates.clone()
    }

    fn take(
        &mut self,
        _: &'s CustomerRows<'r>,
        rows: &View<'_>,
        found: Option<Found>,
        _: &Scope<'s>,
    ) -> Result<()> {
        let mut from = 0;
        if let Some(Found { decided, stopped, harvest }) = found
            && decided == self.dates.decided()
        {
            from = stopped.first_unread(rows);
            self.take_rows(harvest)?;
        }
        self.read_rows(rows, from)
    }
}

impl<'r, 's> Reader<'r, 's> {
    fn new(
        reads: &'r CustomerRows<'r>,
        dates: CustomerDates,
        orders: &'r OrdersSide,
        rejects: &'r mut Rejects<'s>,
    ) -> Self {
        Self {
            reads,
            orders,
            dates,
            rejects,
            account: Account::default(),
            entries: Vec::new(),
            values: Vec::new(),
            known: Vec::new(),
            customers: 0,
            waiting: Waiting::default(),
        }
    }

    /// Reads all rows on this thread.
    fn read_here(&mut self, records: &mut Records, mut census: Option<&mut FileCensus>) -> Result<()> {
        while let Some((first, rows)) = records.next_rows()? {
            if let Some(census) = &mut census {
                (first..rows.len()).for_each(|index| census.see(&rows.row(index)));
            }
            self.read_rows(&rows, first)?;
        }
        Ok(())
    }

    /// Reads rows on this thread. They may decide how dates are written, and may have to wait.
    fn read_rows(&mut self, rows: &View<'_>, first: usize) -> Result<()> {
        let mut harvest = CustomerHarvest::new(self.reads.columns());
        let mut next = first;
        let fatal = loop {
            match self.reads.read_rows(&mut self.dates, &mut harvest, rows, next) {
                Stopped::Nowhere => break None,
                Stopped::Fatal(_, error) => break Some(error),
                Stopped::Waits(row) => {
                    self.waiting.push(&rows.row(row));
                    self.account.read += 1;
                    if self.waiting.is_full() {
                        return self.settled();
                    }
                    next = row + 1;
                }
            }
        };
        self.reads.number(&mut harvest);
        self.take_rows(harvest)?;
        fatal.map_or(Ok(()), Err)
    }

    /// Takes what rows said.
    fn take_rows(&mut self, harvest: CustomerHarvest) -> Result<()> {
        let header = &self.reads.header;
        self.account.absorb(&harvest.account);
        for refused in harvest.refused {
            self.rejects.add(
                &header.file,
                refused.line,
                &refused.problem,
                &refused.raw,
                &mut self.account,
            )?;
        }
        let stride = self.reads.columns();
        for (index, entry) in harvest.entries.iter().enumerate() {
            if entry.customer >= ELSEWHERE {
                self.account.used += 1;
                continue;
            }
            let (customer, values) = (entry.customer as usize, &harvest.values[index * stride..][..stride]);
            if customer >= self.known.len() {
                self.known.resize(self.reads.keys.bound().max(customer + 1), NONE);
            }
            let known = &mut self.known[customer];
            if let Some(before) = self.entries.get(*known as usize).filter(|_| !self.reads.options.contracts)
            {
                if before.same(entry) && &self.values[*known as usize * stride..][..stride] == values {
                    self.account.exclude(Reason::SameCustomer, 1);
                    continue;
                }
                return Err(Error::input(format!(
                    "{}:{}: customer \"{}\" is on line {} already, with other values",
                    header.file,
                    entry.line,
                    header.privacy.key(&self.reads.keys.display(entry.customer)),
                    before.line
                ))
                .hint("a customers file has one row per customer; is the right column mapped as id?"));
            }
            self.customers += u64::from(*known == NONE);
            *known = u32::try_from(self.entries.len()).expect("fewer than 2³² rows");
            self.entries.push(*entry);
            self.values.extend_from_slice(values);
            self.account.used += 1;
        }
        Ok(())
    }

    /// Reads the rows that waited.
    fn read_waiting(&mut self, delimiter: u8) -> Result<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let left = settle(waiting.len(), || {
            self.dates.follow();
            waiting.retry(delimiter, |row| {
                let mut harvest = CustomerHarvest::new(self.reads.columns());
                match self.reads.row(&mut self.dates, &mut harvest, row) {
                    Ok(()) => {}
                    Err(Verdict::Waits) => return Ok(true),
                    Err(Verdict::Fatal(error)) => return Err(error),
                    Err(Verdict::Rejected(problem)) => harvest.refuse(row, problem),
                }
                self.reads.number(&mut harvest);
                self.take_rows(harvest)?;
                Ok(false)
            })?;
            Ok(waiting.len())
        })?;
        if left == 0 { Ok(()) } else { self.settled() }
    }

    /// The question that waiting rows leave open.
    fn settled(&self) -> Result<()> {
        for column in self.dates.all() {
            column.settled(&self.reads.header.file, "--customers-date-format")?;
        }
        Err(Error::internal("a row waits for a decision that was made"))
    }

    fn finish(mut self, delimiter: u8, form: String) -> Result<Customers> {
        self.read_waiting(delimiter)?;
        self.rejects.check(self.account.read)?;
        self.account.check("customers")?;
        let reads = self.reads;
        let of =
            |name: &str, values: Vec<Option<i32>>| Series::new(name.into(), values).into_date().into_column();
        let dates = |pick: fn(&Entry) -> Option<i32>| self.entries.iter().map(pick).collect::<Vec<_>>();
        let mut columns: Vec<Column> = vec![
            Series::new("customer".into(), self.entries.iter().map(|e| e.customer).collect::<Vec<_>>())
                .into_column(),
            of("first_order", dates(|entry| entry.first_order)),
            of("start", dates(|entry| entry.start)),
            of("end", dates(|entry| entry.end)),
        ];
        for index in 0..reads.columns() {
            let values = self.values.iter().skip(index).step_by(reads.columns());
            let values: Vec<Option<u32>> =
                values.map(|value| Some(*value).filter(|value| *value != NONE)).collect();
            columns.push(Series::new(segment_column(index).into(), values).into_column());
        }
        let frame = DataFrame::new(self.entries.len(), columns)
            .map_err(|error| Error::internal(format!("customers frame: {error}")))?;
        let with_orders = self.orders.has_orders.iter().filter(|has| **has).count() as u64;
        let is_listed = self.known.iter().map(|entry| *entry != NONE);
        let listed =
            is_listed.zip(&self.orders.has_orders).filter(|(listed, has)| *listed && **has).count() as u64;
        let mapping = CUSTOMER_FIELDS
            .iter()
            .filter_map(|info| {
                reads.mapping.get(info.field).map(|at| (info.name, reads.header.columns[at].clone()))
            })
            .collect();
        Ok(Customers {
            frame,
            values: reads.values.iter().map(Words::to_keys).collect(),
            account: self.account,
            without_orders: self.customers - listed,
            not_listed: with_orders - listed,
            with_orders,
            file: reads.header.file.clone(),
            mapping,
            profile: Some(reads.profile.title.clone()).filter(|title| !title.is_empty()),
            form,
        })
    }
}
