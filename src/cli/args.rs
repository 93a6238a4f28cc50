//! What the user says, as said. [`super::report`] turns it into a complete request.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

use super::choices::{
    DialectArgument, DiffFormatArgument, FormatArgument, InspectFormatArgument, VerdictFormatArgument,
    VerifyFormatArgument,
};
use super::common::{
    LogArguments, OutputArguments, ReadArguments, ResourceArguments, ShowArguments, WhatArguments,
};
use super::examples::{
    AFTER_HELP_CHECK, AFTER_HELP_DIFF, AFTER_HELP_INIT, AFTER_HELP_INSPECT, AFTER_HELP_SCHEMA,
    AFTER_HELP_SHORT, AFTER_HELP_VERIFY, after_help,
};

/// Customer retention from order exports: who stays, who leaves, who comes back, and what they are worth.
#[derive(Debug, Parser)]
#[command(name = "regulars", version, about, max_term_width = 100, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Retention, churn, lifetime value, repeat rate and purchase frequency per period and segment
    #[command(after_help = AFTER_HELP_SHORT, after_long_help = after_help())]
    Report(Box<ReportArguments>),

    /// What is in an export, how it will be read, what will be rejected, which --active-for fits
    #[command(after_help = AFTER_HELP_INSPECT)]
    Inspect(Box<InspectArguments>),

    /// Whether the numbers keep to the thresholds of a configuration file; the exit code says so
    #[command(after_help = AFTER_HELP_CHECK)]
    Check(Box<CheckArguments>),

    /// What moved between two reports that were kept: restated numbers, new periods
    #[command(after_help = AFTER_HELP_DIFF)]
    Diff(Box<DiffArguments>),

    /// Whether an output is the one that was made, and the same when it is made again
    #[command(after_help = AFTER_HELP_VERIFY)]
    Verify(Box<VerifyArguments>),

    /// A commented regulars.toml for the files at hand
    #[command(after_help = AFTER_HELP_INIT)]
    Init(Box<InitArguments>),

    /// What a regulars.toml may say, as a JSON Schema: editors complete and check it
    #[command(after_help = AFTER_HELP_SCHEMA)]
    Schema(SchemaArguments),

    /// The flags in effect, and where each value comes from: default, file, environment, command line
    Config(Box<ReportArguments>),
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Orders: CSV or TSV files, patterns in quotes, or - for standard input; one data set
    #[arg(value_name = "ORDERS", value_hint = ValueHint::FilePath)]
    pub(super) orders: Vec<String>,

    #[command(flatten)]
    pub(super) read: ReadArguments,

    #[command(flatten)]
    pub(super) what: WhatArguments,

    #[command(flatten)]
    pub(super) show: ShowArguments,

    /// The output format [default: by the extension of -o, else table]
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Option<FormatArgument>,

    /// Write to a file, whole or not at all; repeatable. {period} is the last complete period
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Vec<PathBuf>,

    /// Write no manifest beside a file: what it was made of, for `regulars verify`
    #[arg(long, help_heading = "Output")]
    pub(super) no_manifest: bool,

    /// Which program a CSV is for: excel-de writes ; and decimal commas
    #[arg(long, value_enum, default_value = "standard", help_heading = "Output")]
    pub(super) csv_dialect: DialectArgument,

    /// Show the movements in a table even where there is no room for them
    #[arg(long, help_heading = "Output")]
    pub(super) wide: bool,

    /// The width of a table [default: the terminal's, else 80]
    #[arg(long, value_name = "COLUMNS", help_heading = "Output")]
    pub(super) width: Option<usize>,

    /// No warnings and no accounting on standard error
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) log: LogArguments,

    #[command(flatten)]
    pub(super) resources: ResourceArguments,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Orders: CSV or TSV files, patterns in quotes, or - for standard input [default: those of the configuration]
    #[arg(value_name = "ORDERS", value_hint = ValueHint::FilePath)]
    pub(super) orders: Vec<String>,

    #[command(flatten)]
    pub(super) read: ReadArguments,

    #[command(flatten)]
    pub(super) what: WhatArguments,

    /// What is undecided fails too: where the interval lies on both sides of a threshold
    #[arg(long, help_heading = "Output")]
    pub(super) strict: bool,

    /// The format on standard output
    #[arg(
        long = "format",
        value_name = "FORMAT",
        value_enum,
        default_value = "table",
        help_heading = "Output"
    )]
    pub(super) verdict_format: VerdictFormatArgument,

    /// Write to a file too, whole or not at all; repeatable: .xml (JUnit), .json, .md, .tap, .txt
    #[arg(short = 'o', long = "output", value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(super) verdicts: Vec<PathBuf>,

    /// Write no manifest beside a file: what it was made of, for `regulars verify`
    #[arg(long, help_heading = "Output")]
    pub(super) no_manifest: bool,

    /// The width of a table [default: the terminal's, else 80]
    #[arg(long, value_name = "COLUMNS", help_heading = "Output")]
    pub(super) width: Option<usize>,

    /// Print only what is wrong
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) log: LogArguments,

    #[command(flatten)]
    pub(super) resources: ResourceArguments,
}

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Orders and customers [default: the exports in the current folder]
    #[arg(value_name = "FILE")]
    pub(super) files: Vec<String>,

    #[command(flatten)]
    pub(super) read: ReadArguments,

    /// The file to write, which must not be there yet
    #[arg(short, long, value_name = "FILE", default_value = "regulars.toml", help_heading = "Output")]
    pub(super) output: PathBuf,

    #[command(flatten)]
    pub(super) log: LogArguments,
}

#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The older report: CSV or JSON that report -o wrote
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub(super) old: String,

    /// The newer one
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    pub(super) new: String,

    /// Compare what both have even where their numbers mean different things
    #[arg(long)]
    pub(super) unlike: bool,

    /// The format [default: from the extension of --output, else table]
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Option<DiffFormatArgument>,

    #[command(flatten)]
    pub(super) to: OutputArguments,
}

#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Write to a file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) log: LogArguments,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Manifests: FILE.manifest.json that report -o FILE wrote, or patterns in quotes
    #[arg(value_name = "MANIFEST", required = true, value_hint = ValueHint::FilePath)]
    pub(super) manifests: Vec<String>,

    /// The format
    #[arg(long, value_enum, default_value = "table", help_heading = "Output")]
    pub(super) format: VerifyFormatArgument,

    /// Print only what is not as recorded
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    #[command(flatten)]
    pub(super) to: OutputArguments,
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// Orders and customers: CSV or TSV files, patterns in quotes, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<String>,

    #[command(flatten)]
    pub(super) read: ReadArguments,

    /// The format [default: from the extension of --output, else table]
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Option<InspectFormatArgument>,

    #[command(flatten)]
    pub(super) to: OutputArguments,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Arguments::command().debug_assert();
    }
}
