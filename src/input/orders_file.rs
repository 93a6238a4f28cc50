//! One orders file: what its columns are and how they are written.

use super::book::FileFacts;
use super::column::{AmountColumn, DateColumn};
use super::date::GivenFormat;
use super::fields::{ORDER_FIELDS, OrderField};
use super::grouping::Grouping;
use super::mapping::{Header, Mapping};
use super::number::Mark;
use super::order_options::OrderOptions;
use super::profiles::{Holds, Profile};
use super::table::Form;
use super::waiting::Waiting;
use crate::error::{Error, Result};

/// One file while it is read.
pub(super) struct File {
    pub(super) number: u32,
    pub(super) header: Header,
    pub(super) delimiter: u8,
    pub(super) mapping: Mapping<OrderField>,
    /// Where the segmenting columns stand.
    pub(super) segments: Vec<usize>,
    pub(super) dates: DateColumn,
    pub(super) refund_dates: DateColumn,
    pub(super) amounts: AmountColumn,
    pub(super) form: Form,
    pub(super) profile: Profile,
    /// The header of the amounts where these stand in a separate file.
    separate: Option<String>,
    /// Rows that wait for the file's later rows to decide how they read.
    pub(super) waiting: Waiting,
    /// The next row is one of the first two.
    pub(super) begins: bool,
}

impl File {
    /// Finds out what the columns are, by the profile of the file, the user's words and its header.
    ///
    /// # Errors
    /// The profile refuses the file, a column named by the user is missing, or one is named twice.
    pub(super) fn open(
        header: Header,
        delimiter: u8,
        form: Form,
        number: u32,
        options: &OrderOptions,
    ) -> Result<Self> {
        let profile = options.profile.of(&header, Holds::Orders)?;
        if profile.is_none()
            && let Some(other) = options.profile.of(&header, Holds::Customers)?
        {
            return Err(Error::usage(format!("{}: {} holds customers, no orders", header.file, other.title))
                .hint("name it with --customers"));
        }
        if let Some(profile) = profile
            && let Some(reason) = &profile.refuse
        {
            return Err(Error::input(format!("{}: {} cannot be used: {reason}", header.file, profile.title))
                .hint("to read it all the same, say --profile none and map its columns"));
        }
        let mapping = match profile {
            Some(profile) => Mapping::of(&header, &profile.map(&header, &options.map, ORDER_FIELDS), &[])?,
            None => Mapping::of(&header, &options.map, ORDER_FIELDS)?.with_weak_names(&header),
        };
        let profile = profile.cloned().unwrap_or_default();
        if mapping.get(OrderField::Kind).is_some() && profile.kinds.sales.is_empty() {
            return Err(Error::usage(format!(
                "{}: no profile says which kinds of rows are sales",
                header.file
            ))
            .hint("kind is a field of profiles with a table [kinds]"));
        }
        let separate = options.amounts.as_ref().map(|amounts| amounts.column.clone());
        let given = options.date_format.clone().or(profile.dates().map(GivenFormat::Order));
        let [dates, refund_dates] = [(); 2].map(|()| {
            let mut dates = DateColumn::new(given.as_ref(), &options.zone);
            dates.format.utc = profile.utc;
            dates
        });
        let amounts = AmountColumn::new(
            options.decimal.or(profile.decimal()).or(form.is_typed().then_some(Mark::Point)),
        );
        Ok(Self {
            number,
            header,
            delimiter,
            mapping,
            segments: Vec::new(),
            dates,
            refund_dates,
            amounts,
            form,
            profile,
            separate,
            waiting: Waiting::default(),
            begins: true,
        })
    }

    /// Finds the columns that segment.
    ///
    /// # Errors
    /// One is missing, or named twice.
    pub(super) fn find_segments(&mut self, columns: &[String]) -> Result<()> {
        for column in columns {
            self.segments.push(self.header.position(column)?.ok_or_else(|| {
                Error::input(format!("{}: there is no column \"{column}\" to segment by", self.header.file))
                    .hint(self.header.describe_for(column))
            })?);
        }
        Ok(())
    }

    /// Says which question its waiting rows leave open.
    ///
    /// # Errors
    /// Always: the question, or that there is none, which is a bug.
    pub(super) fn settled(&self) -> Result<()> {
        self.dates.settled(&self.header.file, "--date-format")?;
        self.refund_dates.settled(&self.header.file, "--date-format")?;
        self.amounts.settled(&self.header.file)?;
        Err(Error::internal("a row waits for a decision that was made"))
    }

    /// The header of a field.
    pub(super) fn column(&self, field: OrderField) -> Option<&str> {
        self.mapping.get(field).map(|index| self.header.columns[index].as_str())
    }

    /// What messages and decisions need to know of it.
    pub(super) fn facts(&self) -> FileFacts {
        let header_of = |field| self.column(field).map(str::to_owned);
        FileFacts {
            name: self.header.file.clone(),
            date_header: header_of(OrderField::OrderedAt).unwrap_or_default(),
            amount_header: self.separate.clone().or(header_of(OrderField::Amount)),
            refunded_header: header_of(OrderField::Refunded),
            order_amount: if self.separate.is_some() { Some(Grouping::Sum) } else { self.profile.grouping() },
            has_currencies: self.column(OrderField::Currency).is_some(),
        }
    }
}
