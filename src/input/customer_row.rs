//! One row of a customers file: what it says of a customer, or of a contract.

use std::collections::BTreeSet;

use super::account::{Account, Fault, Problem, Reason};
use super::column::{DateColumn, Verdict, WrittenDates};
use super::crew::Reads;
use super::customer_keys::CustomerKeys;
use super::customers::{CustomerOptions, OrdersSide};
use super::date::{GivenFormat, day_of};
use super::draft::NONE;
use super::fields::{CUSTOMER_FIELDS, CustomerField};
use super::mapping::{Header, Mapping};
use super::names::{Met, Words};
use super::order_line::{Refused, Stopped};
use super::profiles::{Holds, Profile};
use super::record::Row;
use super::split::View;
use super::{is_footer, is_missing, segment_value, structure, text_of, unguarded};
use crate::calendar::Day;
use crate::error::{Error, Result};

/// One accepted row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) customer: u32,
    pub(super) first_order: Option<i32>,
    pub(super) start: Option<i32>,
    pub(super) end: Option<i32>,
    pub(super) line: u64,
}

impl Entry {
    /// Whether two rows say the same of their customers.
    pub(super) fn same(&self, other: &Self) -> bool {
        (self.first_order, self.start, self.end) == (other.first_order, other.start, other.end)
    }
}

/// The columns of dates, as far as rows have decided how they are written.
#[derive(Debug, Clone)]
pub(super) struct CustomerDates {
    first_order: DateColumn,
    start: DateColumn,
    end: DateColumn,
}

impl CustomerDates {
    pub(super) fn all(&self) -> [&DateColumn; 3] {
        [&self.first_order, &self.start, &self.end]
    }

    /// What is decided.
    pub(super) fn decided(&self) -> [WrittenDates; 3] {
        self.all().map(DateColumn::written)
    }

    /// The same columns, of which no row decides anything any more: a row that would has to wait.
    fn frozen(&self) -> Self {
        let [first_order, start, end] = self.all().map(DateColumn::frozen);
        Self { first_order, start, end }
    }

    /// Lets columns whose order of day and month is open follow the others, when these agree.
    pub(super) fn follow(&mut self) {
        let orders: BTreeSet<_> = self.all().into_iter().filter_map(DateColumn::order).collect();
        for column in [&mut self.first_order, &mut self.start, &mut self.end] {
            column.follow(&orders);
        }
    }
}

/// What rows say, and what became of them so far.
#[derive(Debug, Default)]
pub(super) struct CustomerHarvest {
    pub(super) entries: Vec<Entry>,
    /// The values of the segmenting columns, entry by entry, [`NONE`] where missing.
    pub(super) values: Vec<u32>,
    pub(super) account: Account,
    pub(super) refused: Vec<Refused>,
    /// The keys of the entries, one behind the other, and where each ends.
    keys: Vec<u8>,
    ends: Vec<usize>,
    met: Vec<Met>,
    row_values: Vec<u32>,
}

impl CustomerHarvest {
    pub(super) fn new(columns: usize) -> Self {
        Self { met: (0..columns).map(|_| Met::default()).collect(), ..Self::default() }
    }

    /// Notes a row that cannot be used.
    pub(super) fn refuse(&mut self, row: &Row<'_>, problem: Problem) {
        self.refused.push(Refused { line: row.line, problem, raw: row.raw.into() });
    }
}

/// What came of a piece.
pub(super) struct Found {
    /// What was decided before it was read.
    pub(super) decided: [WrittenDates; 3],
    pub(super) stopped: Stopped,
    pub(super) harvest: CustomerHarvest,
}

/// What reading the rows needs to know, and does not change.
pub(super) struct CustomerRows<'c> {
    pub(super) options: &'c CustomerOptions,
    keyed_by_email: Option<bool>,
    pub(super) header: Header,
    pub(super) mapping: Mapping<CustomerField>,
    pub(super) profile: Profile,
    segments: Vec<usize>,
    pub(super) values: Vec<Words>,
    pub(super) keys: &'c CustomerKeys,
}

impl Reads for CustomerRows<'_> {
    type Decided = CustomerDates;
    type Found = Found;

    fn read(&self, dates: CustomerDates, rows: &View<'_>) -> Found {
        let mut harvest = CustomerHarvest::new(self.columns());
        let stopped = self.read_rows(&mut dates.frozen(), &mut harvest, rows, 0);
        self.number(&mut harvest);
        Found { decided: dates.decided(), stopped, harvest }
    }
}

impl<'c> CustomerRows<'c> {
    /// Finds out what the columns are.
    ///
    /// # Errors
    /// The file holds orders, or lacks a column.
    pub(super) fn open(
        header: &Header,
        options: &'c CustomerOptions,
        orders: &OrdersSide,
        segment_columns: &[String],
        keys: &'c CustomerKeys,
    ) -> Result<(Self, CustomerDates)> {
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
        let dates = CustomerDates { first_order: date_column(), start: date_column(), end: date_column() };
        let rows = Self {
            options,
            keyed_by_email: orders.keyed_by_email,
            header: header.clone(),
            mapping,
            profile,
            segments,
            values: segment_columns.iter().map(|_| Words::default()).collect(),
            keys,
        };
        rows.require()?;
        Ok((rows, dates))
    }

    /// How many columns segment.
    pub(super) fn columns(&self) -> usize {
        self.segments.len()
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
        let email = match self.keyed_by_email {
            Some(true) => has_email || !has_id,
            Some(false) => false,
            None => has_email && !has_id,
        };
        if email { CustomerField::Email } else { CustomerField::Id }
    }

    /// Reads rows from this one on, until one of them has to wait or ends it all.
    pub(super) fn read_rows(
        &self,
        dates: &mut CustomerDates,
        harvest: &mut CustomerHarvest,
        rows: &View<'_>,
        first: usize,
    ) -> Stopped {
        for index in first..rows.len() {
            let row = rows.row(index);
            match self.row(dates, harvest, &row) {
                Ok(()) => {}
                Err(Verdict::Waits) => return Stopped::Waits(index),
                Err(Verdict::Fatal(error)) => return Stopped::Fatal(index, error),
                Err(Verdict::Rejected(problem)) => harvest.refuse(&row, problem),
            }
            harvest.account.read += 1;
        }
        Stopped::Nowhere
    }

    /// Reads a row. Nothing is noted of one that has to wait, that ends it all, or that is rejected.
    pub(super) fn row(
        &self,
        dates: &mut CustomerDates,
        harvest: &mut CustomerHarvest,
        row: &Row<'_>,
    ) -> std::result::Result<(), Verdict> {
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
            harvest.account.exclude(reason, 1);
            return Ok(());
        }
        match problem {
            Some(problem) => Err(problem.into()),
            None => self.entry(dates, harvest, row),
        }
    }

    fn entry(
        &self,
        dates: &mut CustomerDates,
        harvest: &mut CustomerHarvest,
        row: &Row<'_>,
    ) -> std::result::Result<(), Verdict> {
        let header = &self.header;
        let id = match self.mapping.get(self.key_field()) {
            Some(index) => text_of(header, row, index)?,
            None => "".into(),
        };
        let date = |field, column: &mut DateColumn| match self.mapping.get(field) {
            None => Ok(None),
            Some(index) => Ok::<_, Verdict>(column.read(header, row, index)?.map(|(stamp, _)| day_of(stamp))),
        };
        let first_order = date(CustomerField::FirstOrderAt, &mut dates.first_order)?;
        let (mut start, mut end) = (None, None);
        if self.options.contracts {
            start = date(CustomerField::StartedAt, &mut dates.start)?;
            end = date(CustomerField::EndedAt, &mut dates.end)?;
            if let (Some(start), Some(end)) = (start, end)
                && end < start
            {
                let message = format!("the contract ends on {end}, before it starts on {start}");
                return Err(Problem::new(Fault::Contract, message).into());
            }
        }
        harvest.row_values.clear();
        for (column, index) in self.segments.iter().enumerate() {
            let value = text_of(header, row, *index)?;
            let value = segment_value(header, row, *index, &value)?;
            let words = &self.values[column];
            let of_new = |value: std::borrow::Cow<'_, str>| words.number(value.as_bytes());
            let met = &mut harvest.met[column];
            harvest.row_values.push(value.map_or(NONE, |value| met.number(value, of_new)));
        }
        // From here on the row is taken.
        if is_missing(id.as_bytes()) {
            harvest.account.exclude(Reason::NoId, 1);
            return Ok(());
        }
        if self.options.contracts {
            let Some(start) = start else {
                harvest.account.exclude(Reason::NoStart, 1);
                return Ok(());
            };
            if self.options.as_of.is_some_and(|as_of| start > as_of) {
                harvest.account.exclude(Reason::AfterAsOf, 1);
                return Ok(());
            }
            end = end.filter(|end| self.options.as_of.is_none_or(|as_of| *end <= as_of));
        }
        let by_email = self.keyed_by_email == Some(true) || self.key_field() == CustomerField::Email;
        if by_email {
            harvest.keys.extend_from_slice(super::email_key(&id).as_bytes());
        } else {
            harvest.keys.extend_from_slice(unguarded(id.as_bytes()));
        }
        harvest.ends.push(harvest.keys.len());
        let days = |day: Option<Day>| day.map(|day| day.0);
        harvest.entries.push(Entry {
            customer: NONE,
            first_order: days(first_order),
            start: days(start),
            end: days(end),
            line: row.line,
        });
        harvest.values.extend_from_slice(&harvest.row_values);
        Ok(())
    }

    /// Finds the numbers of the customers.
    pub(super) fn number(&self, harvest: &mut CustomerHarvest) {
        let starts = std::iter::once(0).chain(harvest.ends.iter().copied());
        let keys = starts.zip(&harvest.ends).map(|(start, end)| &harvest.keys[start..*end]);
        let mut numbers = Vec::new();
        self.keys.number_all(keys, &mut numbers);
        for (entry, number) in harvest.entries.iter_mut().zip(numbers) {
            entry.customer = number;
        }
    }
}
