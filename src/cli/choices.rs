//! What flags can be set to, where they have a list of words.

use clap::ValueEnum;

use crate::error::Error;

/// The word for a choice.
pub(super) fn name_of(choice: &impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The output format of this name.
///
/// # Errors
/// There is none.
pub(super) fn format_named<T: ValueEnum>(name: &str) -> Result<T, Error> {
    T::from_str(name, false).map_err(|_| Error::input(format!("there is no format \"{name}\"")))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormatArgument {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VerdictFormatArgument {
    Table,
    Json,
    Junit,
    Github,
    Markdown,
    Tap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormatArgument {
    Table,
    Csv,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VerifyFormatArgument {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PeriodArgument {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ModelArgument {
    Orders,
    Contract,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SegmentAtArgument {
    First,
    Last,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RefundsAtArgument {
    Order,
    Refund,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OnConflictArgument {
    First,
    Last,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum GuestKeyArgument {
    Email,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OrderAmountArgument {
    Sum,
    Once,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum WeekdayArgument {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArgument {
    Table,
    Csv,
    Json,
    Jsonl,
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum InspectFormatArgument {
    Table,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DialectArgument {
    Standard,
    ExcelDe,
}
