//! What a configuration file can say: the flags, and values of them that are not on the command line.

use std::ffi::OsString;
use std::fmt;

use clap::builder::ValueHint;
use clap::{Arg, ArgAction, Args as _, Command, CommandFactory as _};

use super::args::Arguments;
use super::common::ReadArguments;
use crate::config::Place;

/// The flag that names the file, which no file can say.
pub(super) const CONFIG: &str = "config";

/// The tables of a file whose keys are flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Files, and how they are read.
    Input,
    /// What is computed.
    Report,
    /// Where it goes.
    Output,
}

impl Section {
    pub(super) const ALL: [Self; 3] = [Self::Input, Self::Report, Self::Output];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Report => "report",
            Self::Output => "output",
        }
    }
}

/// A flag that a file can say: those of `regulars report`, and what `regulars check` has beyond them.
pub(super) struct Flag {
    pub(super) section: Section,
    /// Its name in the file.
    pub(super) key: String,
    pub(super) arg: Arg,
}

impl Flag {
    /// All of them, in the order of `--help`. `commands`: see [`commands`].
    pub(super) fn all(commands: &Command) -> Vec<Self> {
        let read = ReadArguments::augment_args(Command::new("read"));
        let is_read = |arg: &Arg| read.get_arguments().any(|other| other.get_id() == arg.get_id());
        let commands = ["report", "check"].into_iter().filter_map(|name| commands.find_subcommand(name));
        let mut flags: Vec<&Arg> = Vec::new();
        for arg in commands.flat_map(Command::get_arguments) {
            let id = arg.get_id();
            if id != CONFIG && id != "help" && !flags.iter().any(|known| known.get_id() == id) {
                flags.push(arg);
            }
        }
        flags
            .into_iter()
            .map(|arg| Self {
                section: match arg.get_help_heading() {
                    _ if is_read(arg) || arg.is_positional() => Section::Input,
                    Some("Output") => Section::Output,
                    _ => Section::Report,
                },
                key: arg.get_id().to_string(),
                arg: arg.clone(),
            })
            .collect()
    }

    /// Whether it is on or off.
    pub(super) fn is_switch(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::SetTrue)
    }

    /// Whether it takes several values.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.arg.get_action(), ArgAction::Append)
    }

    /// Whether its values are names of files.
    pub(super) fn is_path(&self) -> bool {
        matches!(self.arg.get_value_hint(), ValueHint::FilePath | ValueHint::AnyPath)
    }

    /// Its name as an argument.
    pub(super) fn name(&self) -> String {
        self.arg.get_long().map_or_else(|| self.key.to_uppercase(), |long| format!("--{long}"))
    }
}

/// All commands with all of their flags.
pub(super) fn commands() -> Command {
    let mut all = Arguments::command();
    all.build();
    all
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File(String, Place),
    Environment(String),
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(name, place) => write!(f, "{name}:{place}"),
            Self::Environment(name) => f.write_str(name),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value that is not on the command line.
pub(super) struct Given {
    pub(super) key: String,
    /// Its name as an argument.
    pub(super) flag: String,
    pub(super) values: Vec<String>,
    is_switch: bool,
    pub(super) is_positional: bool,
    pub(super) origin: Origin,
}

impl Given {
    /// A value of a flag.
    pub(super) fn of(flag: &Flag, values: Vec<String>, origin: Origin) -> Self {
        Self {
            key: flag.key.clone(),
            flag: flag.name(),
            values,
            is_switch: flag.is_switch(),
            is_positional: flag.arg.is_positional(),
            origin,
        }
    }

    /// The file.
    pub(super) fn config(path: String, origin: Origin) -> Self {
        let (key, flag) = (CONFIG.to_owned(), "--config".to_owned());
        Self { key, flag, values: vec![path], is_switch: false, is_positional: false, origin }
    }

    /// As arguments.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        if self.is_positional {
            return self.values.iter().map(OsString::from).collect();
        }
        let values = self.values.iter();
        if self.is_switch {
            return values.filter(|value| *value == "true").map(|_| OsString::from(&self.flag)).collect();
        }
        values.map(|value| format!("{}={value}", self.flag).into()).collect()
    }
}
