//! Files that say something about orders by their ids: returns, payments, lines. Everything in them counts,
//! so a row that cannot be read is an error, never set aside.

use encoding_rs::Encoding;
use jiff::tz::TimeZone;

use super::account::{Fault, Problem};
use super::column::{AmountColumn, DateColumn, Verdict};
use super::date::{GivenFormat, Stamp, day_of};
use super::fields::FieldInfo;
use super::mapping::{Explicit, Header, Mapping};
use super::number::Mark;
use super::record::Row;
use super::source::Source;
use super::table::Table;
use super::waiting::{Waiting, settle};
use super::{is_footer, is_missing, structure, unguarded};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::money::Micros;

/// How such files are to be read.
#[derive(Debug, Clone)]
pub struct SideOptions {
    /// The decimal mark, if not to be found out.
    pub decimal: Option<Mark>,
    /// How dates are written, if not to be found out.
    pub date_format: Option<GivenFormat>,
    /// The encoding, if not to be found out.
    pub encoding: Option<&'static Encoding>,
    /// The business time zone.
    pub zone: TimeZone,
    /// Amounts are in hundredths.
    pub cents: bool,
    /// What is dated after this day is not there yet.
    pub as_of: Option<Day>,
}

impl SideOptions {
    /// Whether a moment is after `--as-of`.
    pub(super) fn is_later(&self, at: Option<Stamp>) -> bool {
        at.zip(self.as_of).is_some_and(|(at, as_of)| day_of(at) > as_of)
    }
}

/// The columns of an opened file.
pub(super) struct SideFile<F> {
    pub(super) header: Header,
    mapping: Mapping<F>,
    id: F,
    dates: DateColumn,
    amounts: AmountColumn,
    cents: bool,
}

impl<F: Copy + Ord> SideFile<F> {
    /// Reads a file of `what` that has at least the column `id`, row by row.
    ///
    /// # Errors
    /// It cannot be read, has no order ids, or a row cannot be read; `take` refuses.
    pub(super) fn read(
        source: &Source,
        what: &str,
        (fields, id): (&[FieldInfo<F>], F),
        options: &SideOptions,
        mut take: impl FnMut(&mut Self, &Row<'_>, &[u8]) -> std::result::Result<(), Verdict>,
    ) -> Result<Self> {
        let mapped = |header: &Header| Mapping::of(header, &Explicit::new(), fields);
        let is_header = |header: &Header| matches!(mapped(header), Ok(mapping) if mapping.get(id).is_some());
        let Table { mut records, header, delimiter, .. } =
            Table::open(source, None, options.encoding, Some(&is_header))?;
        let mapping = mapped(&header)?;
        if mapping.get(id).is_none() {
            return Err(Error::input(format!("{}: no column is recognised as the order id", header.file))
                .hint(format!(
                    "a file of {what} has a column Order ID; {}",
                    header.describe_for("Order ID")
                )));
        }
        let mut file = Self {
            header,
            mapping,
            id,
            dates: DateColumn::new(options.date_format.as_ref(), &options.zone),
            amounts: AmountColumn::new(options.decimal),
            cents: options.cents,
        };
        let mut waiting = Waiting::default();
        while let Some(row) = records.next()? {
            if file.take(&row, &mut take)? {
                waiting.push(&row);
                if waiting.is_full() {
                    return Err(file.open_question());
                }
            }
        }
        let left = settle(waiting.len(), || {
            waiting.retry(delimiter, |row| file.take(row, &mut take))?;
            Ok(waiting.len())
        })?;
        if left > 0 { Err(file.open_question()) } else { Ok(file) }
    }

    /// The question that waiting rows leave open.
    fn open_question(&self) -> Error {
        let open = self.dates.settled(&self.header.file, "--date-format");
        let open = open.and_then(|()| self.amounts.settled(&self.header.file));
        open.err().unwrap_or_else(|| Error::internal("a row waits for a decision that was made"))
    }

    /// Hands a row on; says whether it has to wait.
    fn take(
        &mut self,
        row: &Row<'_>,
        take: &mut impl FnMut(&mut Self, &Row<'_>, &[u8]) -> std::result::Result<(), Verdict>,
    ) -> Result<bool> {
        if row.is_blank() {
            return Ok(false);
        }
        let malformed = structure(&self.header, row);
        let id = self.mapping.get(self.id).map(|index| row.get(index)).unwrap_or_default();
        let lacks_id = is_missing(&id);
        if (malformed.is_some() || lacks_id) && is_footer(row, malformed.is_some()) {
            return Ok(false);
        }
        let complain = |header: &Header, message: &str| {
            Error::input(format!("{}:{}: {message}", header.file, row.line))
                .hint("every row of this file counts, so none is set aside: correct it")
        };
        if let Some(problem) = malformed {
            return Err(complain(&self.header, &problem.message));
        }
        if lacks_id {
            let column = self.column(self.id).unwrap_or_default();
            return Err(complain(&self.header, &format!("column \"{column}\" is empty")));
        }
        match take(self, row, unguarded(&id)) {
            Ok(()) => Ok(false),
            Err(Verdict::Waits) => Ok(true),
            Err(Verdict::Rejected(problem)) => Err(complain(&self.header, &problem.message)),
            Err(Verdict::Fatal(error)) => Err(error),
        }
    }

    /// The header of a field.
    pub(super) fn column(&self, field: F) -> Option<&str> {
        self.mapping.get(field).map(|index| self.header.columns[index].as_str())
    }

    /// A field as text, in lower case; `None` where it is empty or not there.
    pub(super) fn word(&self, row: &Row<'_>, field: F) -> Option<String> {
        let text = row.get(self.mapping.get(field)?);
        (!is_missing(&text)).then(|| String::from_utf8_lossy(&text).to_lowercase())
    }

    /// A number as it stands.
    pub(super) fn number(&mut self, row: &Row<'_>, field: F) -> std::result::Result<Option<Micros>, Verdict> {
        match self.mapping.get(field) {
            Some(index) => self.amounts.read(&self.header, row, index),
            None => Ok(None),
        }
    }

    /// An amount of money.
    pub(super) fn money(&mut self, row: &Row<'_>, field: F) -> std::result::Result<Option<Micros>, Verdict> {
        let cents = self.cents;
        Ok(self.number(row, field)?.map(|value| if cents { crate::money::from_cents(value) } else { value }))
    }

    /// A moment.
    pub(super) fn date(&mut self, row: &Row<'_>, field: F) -> std::result::Result<Option<Stamp>, Verdict> {
        let Some(index) = self.mapping.get(field) else { return Ok(None) };
        Ok(self.dates.read(&self.header, row, index)?.map(|(stamp, _)| stamp))
    }
}

/// The one currency that a file's rows name, if they do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OneCurrency(pub(super) Option<String>);

impl OneCurrency {
    /// Takes the currency of a row.
    ///
    /// # Errors
    /// It is another than that of the rows before.
    pub(super) fn see<F: Copy + Ord>(
        &mut self,
        file: &SideFile<F>,
        row: &Row<'_>,
        field: F,
    ) -> std::result::Result<(), Verdict> {
        let Some(here) = file.word(row, field).map(|word| word.to_uppercase()) else { return Ok(()) };
        let known = self.0.get_or_insert_with(|| here.clone());
        if *known == here {
            return Ok(());
        }
        let what = format!("is not the currency of the rows before it, {known}");
        let index = file.mapping.get(field).unwrap_or(0);
        Err(Problem::value(Fault::Amount, &file.header, index, here.as_bytes(), &what).into())
    }
}

/// A sum that has grown too large.
pub(super) fn too_large() -> Verdict {
    Problem::new(Fault::Amount, "the amounts of its order are too large").into()
}
