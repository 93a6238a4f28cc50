//! One orders file: what its columns are and how they are written.

use std::sync::Arc;

use super::column::{AmountColumn, DateColumn, WrittenDates};
use super::date::GivenFormat;
use super::draft::FileFacts;
use super::fields::{ORDER_FIELDS, OrderField};
use super::grouping::Grouping;
use super::mapping::{Header, Mapping};
use super::number::Mark;
use super::order_options::OrderOptions;
use super::profiles::{Holds, Profile};
use super::table::Form;
use super::waiting::Waiting;
use crate::error::{Error, Result};

/// What is known of one file before its rows are read.
pub(super) struct Shape {
    pub(super) number: u32,
    pub(super) header: Header,
    pub(super) delimiter: u8,
    pub(super) mapping: Mapping<OrderField>,
    /// Where the segmenting columns stand.
    pub(super) segments: Vec<usize>,
    pub(super) form: Form,
    pub(super) profile: Profile,
    /// The header of the amounts where these stand in a separate file.
    separate: Option<String>,
}

/// How the columns of a file are written, as far as its rows have decided it.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) dates: DateColumn,
    pub(super) refund_dates: DateColumn,
    pub(super) amounts: AmountColumn,
}

/// What rows have decided so far.
pub(super) type Decided = (WrittenDates, WrittenDates, Option<Mark>);

impl Columns {
    /// What is decided.
    pub(super) fn decided(&self) -> Decided {
        (self.dates.written(), self.refund_dates.written(), self.amounts.mark())
    }

    /// The same columns, of which no row decides anything any more: a row that would has to wait.
    pub(super) fn frozen(&self) -> Self {
        Self {
            dates: self.dates.frozen(),
            refund_dates: self.refund_dates.frozen(),
            amounts: self.amounts.frozen(),
        }
    }
}

/// One file while it is read.
pub(super) struct File {
    pub(super) shape: Arc<Shape>,
    pub(super) columns: Columns,
    /// Rows that wait for the file's later rows to decide how they read.
    pub(super) waiting: Waiting,
}

impl File {
    /// Finds out what the columns are, by the profile of the file, the user's words and its header.
    ///
    /// # Errors
    /// The profile refuses the file, a column named by the user or one that segments is missing, or one is named twice.
    pub(super) fn open(
        header: Header,
        delimiter: u8,
        form: Form,
        number: u32,
        options: &OrderOptions,
        segments: &[String],
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
        let segments = segments.iter().map(|column| segment_of(&header, column)).collect::<Result<_>>()?;
        let shape = Shape { number, header, delimiter, mapping, segments, form, profile, separate };
        let columns = Columns { dates, refund_dates, amounts };
        Ok(Self { shape: Arc::new(shape), columns, waiting: Waiting::default() })
    }

    /// Says which question its waiting rows leave open.
    ///
    /// # Errors
    /// Always: the question, or that there is none, which is a bug.
    pub(super) fn settled(&self) -> Result<()> {
        let file = &self.shape.header.file;
        self.columns.dates.settled(file, "--date-format")?;
        self.columns.refund_dates.settled(file, "--date-format")?;
        self.columns.amounts.settled(file)?;
        Err(Error::internal("a row waits for a decision that was made"))
    }
}

/// Where a segmenting column stands.
fn segment_of(header: &Header, column: &str) -> Result<usize> {
    header.position(column)?.ok_or_else(|| {
        Error::input(format!("{}: there is no column \"{column}\" to segment by", header.file))
            .hint(header.describe_for(column))
    })
}

impl Shape {
    /// The header of a field.
    pub(super) fn column(&self, field: OrderField) -> Option<&str> {
        self.mapping.get(field).map(|index| self.header.columns[index].as_str())
    }

    /// What messages and decisions need to know of it.
    pub(super) fn facts(&self) -> FileFacts {
        let header_of = |field| self.column(field).map(str::to_owned);
        FileFacts {
            rows: 0,
            name: self.header.file.clone(),
            date_header: header_of(OrderField::OrderedAt).unwrap_or_default(),
            amount_header: self.separate.clone().or(header_of(OrderField::Amount)),
            refunded_header: header_of(OrderField::Refunded),
            order_amount: if self.separate.is_some() { Some(Grouping::Sum) } else { self.profile.grouping() },
            has_currencies: self.column(OrderField::Currency).is_some(),
            has_transactions: self.column(OrderField::Transaction).is_some(),
            known: Arc::default(),
        }
    }
}
