//! Columns whose reading the data decides: dates with their order of day and month, amounts with
//! their decimal mark. One decision per file and column; a contradiction is an error, never a guess.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::account::{Fault, Problem, quoted};
use super::date::{self, DateFormat, GivenFormat, Order, Stamp};
use super::is_missing;
use super::mapping::Header;
use super::money_text::{amount_of, undress};
use super::number::{self, Mark};
use super::record::Row;
use crate::error::{Error, Result};
use crate::money::Micros;

/// Why a value was not read.
#[derive(Debug)]
pub enum Verdict {
    /// It has two readings until a later value decides.
    Waits,
    /// It is not what it should be; the row is rejected.
    Rejected(Problem),
    /// The file as a whole cannot be read.
    Fatal(Error),
}

impl From<Problem> for Verdict {
    fn from(problem: Problem) -> Self {
        Self::Rejected(problem)
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
struct Place {
    line: u64,
    column: String,
    value: Vec<u8>,
}

impl Place {
    fn of(header: &Header, row: &Row<'_>, index: usize) -> Self {
        Self { line: row.line, column: header.columns[index].clone(), value: row.get(index).into_owned() }
    }
}

/// A column of dates.
#[derive(Debug, Clone)]
pub struct DateColumn {
    /// How the dates are written, as far as known.
    pub format: DateFormat,
    /// The value that decided the order of day and month.
    witness: Option<Place>,
    /// The first value with two readings.
    open: Option<Place>,
    given: bool,
    /// No value decides anything any more: one that would has to wait.
    frozen: bool,
}

/// How dates are written, as far as values have decided it.
pub type WrittenDates = (Option<date::Shape>, Option<Order>);

impl DateColumn {
    /// A column in the given format, or one that is found out.
    pub fn new(given: Option<&GivenFormat>, zone: &TimeZone) -> Self {
        Self {
            format: DateFormat::new(given, zone),
            witness: None,
            open: None,
            given: given.is_some(),
            frozen: false,
        }
    }

    /// How dates are written, as far as it is decided.
    pub(super) fn written(&self) -> WrittenDates {
        (self.format.shape, self.format.order)
    }

    /// The same column, of which no value decides anything any more.
    pub(super) fn frozen(&self) -> Self {
        Self { frozen: true, ..self.clone() }
    }

    /// The moment in a field, and whether it had an offset from UTC; `None` where it is empty.
    pub fn read(
        &mut self,
        header: &Header,
        row: &Row<'_>,
        index: usize,
    ) -> std::result::Result<Option<(Stamp, bool)>, Verdict> {
        self.read_with_time(header, row, index, None)
    }

    /// The same, where the time of day may stand in a column of its own.
    pub fn read_with_time(
        &mut self,
        header: &Header,
        row: &Row<'_>,
        index: usize,
        time: Option<usize>,
    ) -> std::result::Result<Option<(Stamp, bool)>, Verdict> {
        let mut text = row.get(index);
        if let Some(time) = time.map(|index| row.get(index))
            && self.format.custom.is_none()
            && is_time(&time)
            && !text.contains(&b':')
        {
            text = Cow::Owned([&text, &b" "[..], &time].concat());
        }
        self.read_text(header, row, index, &text)
    }

    /// The same for a text that is a part of the field, or made of it.
    pub fn read_text(
        &mut self,
        header: &Header,
        row: &Row<'_>,
        index: usize,
        text: &[u8],
    ) -> std::result::Result<Option<(Stamp, bool)>, Verdict> {
        if is_missing(text) || text.starts_with(b"0000-00-00") {
            return Ok(None);
        }
        if self.frozen && self.format.is_undecided() {
            return Err(Verdict::Waits);
        }
        match self.format.read(text) {
            date::Reading::At(stamp, offset) => Ok(Some((stamp, offset))),
            date::Reading::Decides(..) if self.frozen => Err(Verdict::Waits),
            date::Reading::Decides(order, stamp, offset) => {
                self.format.order = Some(order);
                self.witness = Some(Place::of(header, row, index));
                Ok(Some((stamp, offset)))
            }
            date::Reading::Open => {
                self.open.get_or_insert_with(|| Place::of(header, row, index));
                Err(Verdict::Waits)
            }
            date::Reading::Contradicts if !self.given => {
                Err(Verdict::Fatal(self.contradiction(header, row, index)))
            }
            date::Reading::OtherShape if !self.given => Err(Verdict::Fatal(
                Error::input(format!(
                    "{}:{}: column \"{}\": {} is not written like {}, as the dates before it are",
                    header.file,
                    row.line,
                    header.columns[index],
                    quoted(text),
                    self.format.describe()
                ))
                .hint("a column has one form; with its format as --date-format (for example %Y-%m-%d), other rows are rejected"),
            )),
            date::Reading::Contradicts | date::Reading::OtherShape | date::Reading::Not => {
                let what = match (&self.format.custom, self.format.shape) {
                    (Some(custom), _) => format!("is not a date in the format {custom}"),
                    (None, None) => "is not a date".to_owned(),
                    (None, Some(date::Shape::Either(_))) if self.format.order.is_none() => "is not a date".to_owned(),
                    (None, Some(_)) => format!("is not a date like {}", self.format.describe()),
                };
                Err(Problem::value(Fault::Date, header, index, text, &what).into())
            }
        }
    }

    fn contradiction(&self, header: &Header, row: &Row<'_>, index: usize) -> Error {
        let place = Place::of(header, row, index);
        let (this, other) = match self.format.order {
            Some(Order::DayFirst) => ("the month", "the day"),
            _ => ("the day", "the month"),
        };
        let earlier = match &self.witness {
            Some(witness) => format!("{} (line {})", quoted(&witness.value), witness.line),
            None => "the other files".to_owned(),
        };
        Error::input(format!(
            "{}:{}: column \"{}\": {} has {this} first, {earlier} {other} first",
            header.file,
            place.line,
            place.column,
            quoted(&place.value)
        ))
        .hint("say which with --date-format day-first or month-first; rows that do not fit are then rejected")
    }

    /// The order of day and month, where the data decided it.
    pub fn order(&self) -> Option<Order> {
        self.format.order
    }

    /// Takes the order the other files agree on, when this one leaves it open.
    pub fn follow(&mut self, orders: &BTreeSet<Order>) {
        let leaves_open = matches!(self.format.shape, Some(date::Shape::Either(_)));
        if leaves_open && self.format.order.is_none() && orders.len() == 1 {
            self.format.order = orders.first().copied();
        }
    }

    /// Passes when every value has one reading.
    ///
    /// # Errors
    /// The column could be day-first or month-first: shows both readings of its first open value.
    pub fn settled(&self, file: &str, flag: &str) -> Result<()> {
        let (Some(open), None) = (&self.open, self.format.order) else { return Ok(()) };
        let both = [Order::DayFirst, Order::MonthFirst].map(|order| {
            let mut format = self.format.clone();
            format.order = Some(order);
            match format.read(&open.value) {
                date::Reading::At(stamp, _) => date::day_of(stamp).to_string(),
                _ => "no date".to_owned(),
            }
        });
        Err(Error::input(format!(
            "{file}:{}: column \"{}\": {} is {} or {}, and no value of the column decides",
            open.line,
            open.column,
            quoted(&open.value),
            both[0],
            both[1]
        ))
        .hint(format!("say {flag} day-first or {flag} month-first")))
    }
}

/// Whether a text begins as a time of day does.
fn is_time(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=2).contains(&digits) && text.get(digits) == Some(&b':')
}

/// The columns of amounts of one file; they share their decimal mark.
#[derive(Debug, Clone)]
pub struct AmountColumn {
    mark: Option<Mark>,
    witness: Option<Place>,
    open: Option<Place>,
    given: bool,
    /// No value decides anything any more: one that would has to wait.
    frozen: bool,
    /// The currency beside the amount read last.
    currency: Option<String>,
}

impl AmountColumn {
    /// Columns with the given decimal mark, or one that is found out.
    pub fn new(mark: Option<Mark>) -> Self {
        Self { mark, witness: None, open: None, given: mark.is_some(), frozen: false, currency: None }
    }

    /// The same columns, of which no value decides anything any more.
    pub(super) fn frozen(&self) -> Self {
        Self { frozen: true, ..self.clone() }
    }

    /// The number in a field in millionths; `None` where it is empty.
    pub fn read(
        &mut self,
        header: &Header,
        row: &Row<'_>,
        index: usize,
    ) -> std::result::Result<Option<Micros>, Verdict> {
        self.read_text(header, row, index, &row.get(index))
    }

    /// The same for a text that is a part of the field.
    pub fn read_text(
        &mut self,
        header: &Header,
        row: &Row<'_>,
        index: usize,
        text: &[u8],
    ) -> std::result::Result<Option<Micros>, Verdict> {
        self.currency = None;
        if is_missing(text) {
            return Ok(None);
        }
        let column = &header.columns[index];
        let (reading, currency) = amount_of(text, self.mark);
        self.currency = currency;
        match reading {
            number::Reading::Exact(value) => Ok(Some(value)),
            number::Reading::Decides(..) if self.frozen => Err(Verdict::Waits),
            number::Reading::Decides(mark, value) => {
                self.mark = Some(mark);
                self.witness = Some(Place::of(header, row, index));
                Ok(Some(value))
            }
            number::Reading::Open => {
                self.open.get_or_insert_with(|| Place::of(header, row, index));
                Err(Verdict::Waits)
            }
            number::Reading::Contradicts if !self.given => {
                let earlier = match &self.witness {
                    Some(witness) => format!("in {} (line {})", quoted(&witness.value), witness.line),
                    None => "in the other files".to_owned(),
                };
                let mark = char::from(self.mark.unwrap_or(Mark::Point).symbol());
                Err(Verdict::Fatal(
                    Error::input(format!(
                        "{}:{}: column \"{column}\": {} does not have the decimal mark \"{mark}\" seen {earlier}",
                        header.file,
                        row.line,
                        quoted(text)
                    ))
                    .hint("say which mark is right with --decimal , or --decimal . ; rows that do not fit are then rejected"),
                ))
            }
            number::Reading::Contradicts => {
                let mark = char::from(self.mark.unwrap_or(Mark::Point).symbol());
                let what = format!("is not an amount with the decimal mark \"{mark}\"");
                Err(Problem::value(Fault::Amount, header, index, text, &what).into())
            }
            number::Reading::Not => {
                Err(Problem::value(Fault::Amount, header, index, text, "is not an amount").into())
            }
            number::Reading::TooLarge => {
                Err(Problem::value(Fault::Amount, header, index, text, "is too large for an amount").into())
            }
        }
    }

    /// The currency written beside the amount read last, if any.
    pub fn currency(&mut self) -> Option<String> {
        self.currency.take()
    }

    /// The decimal mark, where the data decided it.
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Takes the mark the other files agree on, when this one leaves it open.
    pub fn follow(&mut self, marks: &BTreeSet<Mark>) {
        if self.mark.is_none() && marks.len() == 1 {
            self.mark = marks.first().copied();
        }
    }

    /// Passes when every value has one reading.
    ///
    /// # Errors
    /// A value could have a decimal mark or a thousands separator: shows both readings.
    pub fn settled(&self, file: &str) -> Result<()> {
        let (Some(open), None) = (&self.open, self.mark) else { return Ok(()) };
        let plain = std::str::from_utf8(&open.value).ok().and_then(undress).map(|undressed| undressed.number);
        let plain = plain.as_ref().map_or(open.value.as_slice(), String::as_bytes);
        let both = [Mark::Point, Mark::Comma].map(|mark| match number::read(plain, Some(mark)) {
            number::Reading::Exact(value) => crate::money::to_text(value.into()),
            _ => "no number".to_owned(),
        });
        Err(Error::input(format!(
            "{file}:{}: column \"{}\": {} is {} or {}, and no value of the file decides",
            open.line,
            open.column,
            quoted(&open.value),
            both[0],
            both[1]
        ))
        .hint("say which character is the decimal mark: --decimal . or --decimal ,"))
    }
}
