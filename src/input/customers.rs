//! The customers file: segments, first orders and contracts of customers.

use std::collections::BTreeSet;

use encoding_rs::Encoding;
use jiff::tz::TimeZone;
use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use super::account::{Account, Fault, Problem, Reason, Rejects};
use super::census::FileCensus;
use super::column::{DateColumn, Verdict};
use super::date::{GivenFormat, day_of};
use super::draft::NONE;
use super::fields::{CUSTOMER_FIELDS, CustomerField};
use super::frames::segment_column;
use super::keys::Keys;
use super::mapping::{Explicit, Header, Mapping};
use super::names::CustomerKeys;
use super::orders::Orders;
use super::privacy::Privacy;
use super::profiles::{Choice, Holds, Profile};
use super::record::Row;
use super::source::Source;
use super::table::Table;
use super::waiting::{Waiting, settle};
use super::{is_footer, is_missing, segment_value, structure, text_of, unguarded};
use crate::calendar::Day;
use crate::error::{Error, Result};

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

/// One accepted row.
#[derive(Debug, Clone, Copy)]
struct Entry {
    customer: u32,
    first_order: Option<i32>,
    start: Option<i32>,
    end: Option<i32>,
    line: u64,
}

impl Entry {
    /// Whether two rows say the same.
    fn same(&self, other: &Self) -> bool {
        (self.first_order, self.start, self.end) == (other.first_order, other.start, other.end)
    }
}

struct Reader<'o> {
    options: &'o CustomerOptions,
    orders: &'o OrdersSide,
    header: Header,
    mapping: Mapping<CustomerField>,
    profile: Profile,
    segments: Vec<usize>,
    values: Vec<Keys>,
    first_order: DateColumn,
    start: DateColumn,
    end: DateColumn,
    account: Account,
    entries: Vec<Entry>,
    /// The values of the segmenting columns, entry by entry, [`NONE`] where missing.
    segment_values: Vec<u32>,
    row_values: Vec<u32>,
    /// The last entry of each customer, by number; [`NONE`] where there is none.
    known: Vec<u32>,
    /// How many different customers there are.
    customers: u64,
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
) -> Result<Customers> {
    read_observed(table, options, orders, segment_columns, keys, rejects, None)
}

/// The same, with a census of the file, also where reading fails.
///
/// # Errors
/// See [`read`].
pub fn read_observed(
    mut table: Table,
    options: &CustomerOptions,
    orders: &OrdersSide,
    segment_columns: &[String],
    keys: &CustomerKeys,
    rejects: &mut Rejects<'_>,
    censuses: Option<&mut Vec<FileCensus>>,
) -> Result<Customers> {
    rejects.begin(&table.header.file, table.header_row.clone());
    let mut census = censuses.is_some().then(|| FileCensus::new(&table));
    let reader = Reader::new(&table, options, orders, segment_columns);
    let read = reader.and_then(|reader| reader.read(&mut table, keys, rejects, census.as_mut()));
    if let (Some(mut census), Some(censuses)) = (census, censuses) {
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
    }
    read.map(|(customers, ..)| customers)
}
impl<'o> Reader<'o> {
    fn new(
        table: &Table,
        options: &'o CustomerOptions,
        orders: &'o OrdersSide,
        segment_columns: &[String],
    ) -> Result<Self> {
        let header = &table.header;
        let profile = options.profile.of(header, Holds::Customers)?;
        if profile.is_none()
            && let Some(other) = options.profile.of(header, Holds::Orders)?
        {
            return Err(Error::usage(format!("{}: {} holds orders, no customers", header.file, other.title)));
        }
        let mapping = match profile {
            Some(profile) => Mapping::of(header, &profile.map(header, &options.map, CUSTOMER_FIELDS), &[])?,
            None => Mapping::of(header, &options.map, CUSTOMER_FIELDS)?,
        };
        let profile = profile.cloned().unwrap_or_default();
        let mut segments = Vec::new();
        for column in segment_columns {
            segments.push(header.position(column)?.ok_or_else(|| {
                Error::usage(format!("{}: there is no column \"{column}\" to segment by", header.file))
                    .hint(header.describe_for(column))
            })?);
        }
        let given = options.date_format.clone().or(profile.dates().map(GivenFormat::Order));
        let date_column = || {
            let mut dates = DateColumn::new(given.as_ref(), &options.zone);
            dates.format.utc = profile.utc;
            dates
        };
        let reader = Self {
            options,
            orders,
            mapping,
            segments,
            values: segment_columns.iter().map(|_| Keys::default()).collect(),
            first_order: date_column(),
            start: date_column(),
            end: date_column(),
            account: Account::default(),
            entries: Vec::new(),
            segment_values: Vec::new(),
            row_values: Vec::new(),
            known: Vec::new(),
            customers: 0,
            header: header.clone(),
            profile,
        };
        reader.require()?;
        Ok(reader)
    }

    /// Reads all rows.
    fn read(
        mut self,
        table: &mut Table,
        keys: &CustomerKeys,
        rejects: &mut Rejects<'_>,
        mut census: Option<&mut FileCensus>,
    ) -> Result<(Customers, Mapping<CustomerField>, Profile)> {
        let mut waiting = Waiting::default();
        while let Some(row) = table.records.next()? {
            self.account.read += 1;
            if let Some(census) = &mut census {
                census.see(&row);
            }
            if self.row(&row, keys, rejects)? {
                waiting.push(&row);
                if waiting.is_full() {
                    self.settled()?;
                }
            }
        }
        let left = settle(waiting.len(), || {
            self.follow();
            waiting.retry(table.delimiter, |row| self.row(row, keys, rejects))?;
            Ok(waiting.len())
        })?;
        if left > 0 {
            self.settled()?;
            return Err(Error::internal("a row waits for a decision that was made"));
        }
        rejects.check(self.account.read)?;
        let (mapping, profile) = (self.mapping.clone(), self.profile.clone());
        Ok((self.finish(table.form.describe())?, mapping, profile))
    }

    fn require(&self) -> Result<()> {
        let lacks = |field| self.mapping.get(field).is_none();
        let lacking = |what: &str, how: &str| {
            Err(Error::input(format!("{}: no column is recognised as {what}", self.header.file)).hint(
                format!("name it with --map-customers {how}=COLUMN; {}", self.header.describe_for(how)),
            ))
        };
        if lacks(self.key_field()) {
            return match self.key_field() {
                CustomerField::Email => lacking("the e-mail, which is the orders' key", "email"),
                _ => lacking("the customer", "id"),
            };
        }
        if self.options.contracts && lacks(CustomerField::StartedAt) {
            return lacking("the start of a contract, which --model contract needs", "started_at");
        }
        Ok(())
    }

    /// The column that holds the same key as the orders: the e-mail where they have no id, unless the
    /// file has no e-mail but an id that may be one.
    fn key_field(&self) -> CustomerField {
        let has = |field| self.mapping.get(field).is_some();
        let (has_id, has_email) = (has(CustomerField::Id), has(CustomerField::Email));
        let email = match self.orders.keyed_by_email {
            Some(true) => has_email || !has_id,
            Some(false) => false,
            None => has_email && !has_id,
        };
        if email { CustomerField::Email } else { CustomerField::Id }
    }

    /// Reads a row; says whether it has to wait for later rows to decide how its dates read.
    fn row(&mut self, row: &Row<'_>, keys: &CustomerKeys, rejects: &mut Rejects<'_>) -> Result<bool> {
        let problem = structure(&self.header, row);
        let lacks_key = self.mapping.get(self.key_field()).is_none_or(|index| is_missing(&row.get(index)));
        let nothing = if row.is_blank() {
            Some(Reason::Blank)
        } else if (problem.is_some() || (lacks_key && row.len() > 2)) && is_footer(row, problem.is_some()) {
            Some(Reason::Footer)
        } else if problem.is_none() && self.profile.leaves_out(&self.header, row) {
            Some(Reason::OtherKind)
        } else {
            None
        };
        if let Some(reason) = nothing {
            self.account.exclude(reason, 1);
            return Ok(false);
        }
        match problem.map_or_else(|| self.entry(row, keys), |problem| Err(problem.into())) {
            Ok(()) => Ok(false),
            Err(Verdict::Waits) => Ok(true),
            Err(Verdict::Rejected(problem)) => {
                rejects.add(&self.header.file, row.line, &problem, row.raw, &mut self.account)?;
                Ok(false)
            }
            Err(Verdict::Fatal(error)) => Err(error),
        }
    }

    fn entry(&mut self, row: &Row<'_>, keys: &CustomerKeys) -> std::result::Result<(), Verdict> {
        let header = &self.header;
        let id = match self.mapping.get(self.key_field()) {
            Some(index) => text_of(header, row, index)?,
            None => "".into(),
        };
        let date = |field, column: &mut DateColumn| match self.mapping.get(field) {
            None => Ok(None),
            Some(index) => Ok::<_, Verdict>(column.read(header, row, index)?.map(|(stamp, _)| day_of(stamp))),
        };
        let first_order = date(CustomerField::FirstOrderAt, &mut self.first_order)?;
        let (mut start, mut end) = (None, None);
        if self.options.contracts {
            start = date(CustomerField::StartedAt, &mut self.start)?;
            end = date(CustomerField::EndedAt, &mut self.end)?;
            if let (Some(start), Some(end)) = (start, end)
                && end < start
            {
                let message = format!("the contract ends on {end}, before it starts on {start}");
                return Err(Problem::new(Fault::Contract, message).into());
            }
        }
        self.row_values.clear();
        for (column, index) in self.segments.iter().enumerate() {
            let value = text_of(header, row, *index)?;
            let value = segment_value(header, row, *index, &value)?;
            self.row_values.push(value.map_or(NONE, |value| self.values[column].number(value.as_bytes())));
        }
        // From here on the row is taken.
        if is_missing(id.as_bytes()) {
            self.account.exclude(Reason::NoId, 1);
            return Ok(());
        }
        if self.options.contracts {
            let Some(start) = start else {
                self.account.exclude(Reason::NoStart, 1);
                return Ok(());
            };
            if self.options.as_of.is_some_and(|as_of| start > as_of) {
                self.account.exclude(Reason::AfterAsOf, 1);
                return Ok(());
            }
            end = end.filter(|end| self.options.as_of.is_none_or(|as_of| *end <= as_of));
        }
        let by_email = self.orders.keyed_by_email == Some(true) || self.key_field() == CustomerField::Email;
        let customer = if by_email {
            keys.number(super::email_key(&id).as_bytes())
        } else {
            keys.number(unguarded(id.as_bytes()))
        };
        let days = |day: Option<Day>| day.map(|day| day.0);
        let (first_order, start, end) = (days(first_order), days(start), days(end));
        let entry = Entry { customer, first_order, start, end, line: row.line };
        if customer as usize >= self.known.len() {
            self.known.resize(keys.bound().max(customer as usize + 1), NONE);
        }
        let known = &mut self.known[customer as usize];
        let stride = self.segments.len();
        if let Some(before) = self.entries.get(*known as usize).filter(|_| !self.options.contracts) {
            let values = &self.segment_values[*known as usize * stride..][..stride];
            if before.same(&entry) && values == self.row_values {
                self.account.exclude(Reason::SameCustomer, 1);
                return Ok(());
            }
            return Err(Verdict::Fatal(
                Error::input(format!(
                    "{}:{}: customer \"{}\" is on line {} already, with other values",
                    header.file,
                    row.line,
                    header.privacy.key(&keys.display(customer)),
                    before.line
                ))
                .hint("a customers file has one row per customer; is the right column mapped as id?"),
            ));
        }
        self.customers += u64::from(*known == NONE);
        *known = u32::try_from(self.entries.len()).expect("fewer than 2³² rows");
        self.entries.push(entry);
        self.segment_values.extend_from_slice(&self.row_values);
        self.account.used += 1;
        Ok(())
    }

    /// Lets columns whose order of day and month is open follow the others, when these agree.
    fn follow(&mut self) {
        let columns = [&mut self.first_order, &mut self.start, &mut self.end];
        let orders: BTreeSet<_> = columns.iter().filter_map(|column| column.order()).collect();
        for column in columns {
            column.follow(&orders);
        }
    }

    /// Passes when every date has one reading.
    fn settled(&self) -> Result<()> {
        for column in [&self.first_order, &self.start, &self.end] {
            column.settled(&self.header.file, "--customers-date-format")?;
        }
        Ok(())
    }

    fn finish(self, form: String) -> Result<Customers> {
        self.account.check("customers")?;
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
        for index in 0..self.segments.len() {
            let values = self.segment_values.iter().skip(index).step_by(self.segments.len());
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
                self.mapping.get(info.field).map(|at| (info.name, self.header.columns[at].clone()))
            })
            .collect();
        Ok(Customers {
            frame,
            values: self.values,
            account: self.account,
            without_orders: self.customers - listed,
            not_listed: with_orders - listed,
            with_orders,
            file: self.header.file,
            mapping,
            profile: Some(self.profile.title).filter(|title| !title.is_empty()),
            form,
        })
    }
}
