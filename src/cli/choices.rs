//! What flags can be set to, where they have a list of words.

use clap::ValueEnum;

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
