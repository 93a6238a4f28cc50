//! The command line: arguments in, files and messages out. The only place that knows a terminal.

mod args;
mod check;
mod choices;
mod common;
mod config;
mod diff;
mod examples;
mod flags;
mod init;
mod inspect;
mod leftovers;
mod message;
mod output;
mod progress;
mod provenance;
mod reading;
mod rejects;
mod report;
mod request;
mod schema;
mod settings;
mod verify;
mod whole_file;

use anyhow::Result;
use clap::error::ErrorKind;

use crate::error::{Error, Kind};
use args::Command;
use message::{Level, say, say_with};
use settings::{Refused, Resolved};

/// How a run ended; `main` turns it into an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done.
    Done,
    /// A check does not hold.
    Broken,
    /// The command line or a configuration asks for something impossible.
    Usage,
    /// The input is unreadable, ambiguous, has too many bad rows, or too little data.
    Input,
    /// A bug in this program.
    Internal,
}

/// Runs the program with the process's arguments.
pub fn run() -> Outcome {
    // A panic is a bug; it is reported as one, without a backtrace the user cannot use.
    std::panic::set_hook(Box::new(|panic| {
        if std::thread::current().name() == Some(crate::input::parquet::THREAD) {
            return;
        }
        let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        let next = ["this is a bug; please report it with the command you ran".to_owned()];
        say_with(Level::Internal, format_args!("{message}{place}"), &next);
    }));
    std::panic::catch_unwind(|| {
        let arguments: Vec<_> = std::env::args_os().collect();
        match settings::resolve(&arguments, std::env::vars_os()) {
            Ok(resolved) => finish(dispatch(&resolved), &|messages| resolved.origins_in(messages)),
            Err(Refused::Clap(error)) => refuse(&error),
            Err(Refused::Known(error)) => finish(Err(error.into()), &|_| Vec::new()),
        }
    })
    .unwrap_or(Outcome::Internal)
}

fn dispatch(resolved: &Resolved) -> Result<Outcome> {
    match &resolved.arguments.command {
        Command::Report(arguments) => report::run(arguments, resolved)?,
        Command::Inspect(arguments) => inspect::run(arguments, resolved.document.as_ref())?,
        Command::Diff(arguments) => diff::run(arguments)?,
        Command::Init(arguments) => init::run(arguments, resolved)?,
        Command::Schema(arguments) => schema::run(arguments)?,
        Command::Config(_) => config::run(resolved)?,
        Command::Verify(arguments) => return verify::run(arguments),
        Command::Check(arguments) => return check::run(arguments, resolved),
    }
    Ok(Outcome::Done)
}

/// `origins`: where the flags that messages name come from, if not from the command line.
fn finish(result: Result<Outcome>, origins: &dyn Fn(&[String]) -> Vec<String>) -> Outcome {
    let error = match result {
        Ok(outcome) => return outcome,
        Err(error) => error,
    };
    if output::is_closed_pipe(&error) {
        return Outcome::Done;
    }
    let Some(known) = error.downcast_ref::<Error>() else {
        say(Level::Error, format_args!("{error:#}"));
        return Outcome::Input;
    };
    let level = if known.kind() == Kind::Internal { Level::Internal } else { Level::Error };
    let hint = known.next_step().map(str::to_owned);
    let next: Vec<String> = hint.into_iter().chain(origins(known.messages())).collect();
    if let Some((last, others)) = known.messages().split_last() {
        for message in others {
            say(level, message);
        }
        say_with(level, last, &next);
    }
    match known.kind() {
        Kind::Usage => Outcome::Usage,
        Kind::Input => Outcome::Input,
        Kind::Internal => Outcome::Internal,
    }
}

/// What clap has to say: help and version go to standard output, the rest is an error of usage.
fn refuse(error: &clap::Error) -> Outcome {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A closed pipe is the only way this fails, and it ends quietly.
        let _closed = error.print();
        return Outcome::Done;
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let next = match error.kind() {
        ErrorKind::InvalidSubcommand => vec!["to report on a file, write: regulars report FILE".to_owned()],
        _ => Vec::new(),
    };
    say_with(Level::Error, text.trim_end(), &next);
    Outcome::Usage
}
