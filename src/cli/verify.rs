//! `regulars verify`: manifests → the files there are, and the reports made again → findings → output.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Outcome;
use super::args::{Command, VerifyArguments};
use super::choices::VerifyFormatArgument;
use super::flags::CONFIG;
use super::output::{Output, identity, is_closed_pipe, terminal_width};
use super::settings::command_of;
use super::{check, report};
use crate::commands::diff::{Changes, diff};
use crate::commands::verify::{Finding, Found, Lost, Now, Verification, verify};
use crate::error::Error;
use crate::input::digest::Digest;
use crate::input::source::{Source, expand};
use crate::kept::Kept;
use crate::manifest::{Input, Manifest, Record, SUFFIX};
use crate::render::{render_verification, render_verifications_json};

/// Runs the command. Every manifest is looked at; the worst decides.
pub(super) fn run(arguments: &VerifyArguments) -> Result<Outcome> {
    let here = std::env::current_dir()?;
    let read: Vec<(PathBuf, Opened)> = manifests(&arguments.manifests)
        .into_iter()
        .map(|(path, known)| {
            let opened = known.and_then(|()| Manifest::open(&path));
            (path, opened)
        })
        .collect();
    let output = arguments.to.output.as_deref();
    if let Some(output) = output {
        protect(output, &read)?;
    }
    // A place that cannot be written to should show before the work, not after.
    let place = Output::open(output)?;
    let mut verifications = Vec::new();
    for (path, manifest) in read {
        let name = path.display().to_string();
        verifications.push(match manifest {
            Ok((record, is_untouched)) => one(&name, &here.join(&path), &record, is_untouched),
            Err(error) => unreadable(&name, &error),
        });
        // Where it ran; the next manifest may say another folder.
        std::env::set_current_dir(&here).with_context(|| here.display().to_string())?;
    }
    let width = arguments.to.width.unwrap_or_else(|| terminal_width(output.is_some()));
    let shown =
        || verifications.iter().filter(|verification| !arguments.quiet || verification.now() != Now::Same);
    let bytes = match arguments.format {
        VerifyFormatArgument::Json => render_verifications_json(&shown().collect::<Vec<_>>())?,
        VerifyFormatArgument::Table => shown()
            .flat_map(|verification| render_verification(verification, arguments.quiet, width))
            .collect(),
    };
    // Who does not want to read all of it does not change what it says.
    match place.deliver(&bytes) {
        Err(error) if !is_closed_pipe(&error) => return Err(error),
        _ => {}
    }
    let any = |now| verifications.iter().any(|verification| verification.now() == now);
    Ok(if any(Now::Differs) {
        Outcome::Broken
    } else if any(Now::Unknown) {
        Outcome::Input
    } else {
        Outcome::Done
    })
}

/// A record, and whether it is the one that was written; or why there is none.
type Opened = Result<(Record, bool), Error>;

/// The manifests that arguments and patterns name, each once; or why there is none.
fn manifests(arguments: &[String]) -> Vec<(PathBuf, Result<(), Error>)> {
    let mut paths: Vec<(PathBuf, Result<(), Error>)> = Vec::new();
    for argument in arguments {
        match expand(std::slice::from_ref(argument)) {
            Ok(sources) => {
                for source in sources {
                    let path = PathBuf::from(source.name());
                    let known = match source {
                        Source::File(_) => Ok(()),
                        _ => Err(Error::usage(format!("{argument} is no file, and a manifest is one"))),
                    };
                    if !paths.iter().any(|(other, _)| identity(other) == identity(&path)) {
                        paths.push((path, known));
                    }
                }
            }
            Err(error) => paths.push((PathBuf::from(argument), Err(error))),
        }
    }
    paths
}

/// The file that a manifest lies beside: by its own name where it has one of ours, else the recorded one.
fn output_of(path: &Path, record: &Record) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let own = name.strip_suffix(SUFFIX).filter(|own| !own.is_empty());
    path.with_file_name(own.unwrap_or(&record.output.file))
}

/// Refuses to write over what is looked at.
fn protect(output: &Path, read: &[(PathBuf, Opened)]) -> Result<(), Error> {
    let own = identity(output);
    for (path, manifest) in read {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut taken = vec![identity(path)];
        if let Ok((record, _)) = manifest {
            taken.push(identity(&output_of(path, record)));
            let inputs = record.inputs.iter().map(|input| folder.join(&record.folder).join(&input.file));
            taken.extend(inputs.map(|input| identity(&input)));
        }
        if taken.contains(&own) {
            let shown = output.display();
            return Err(Error::usage(format!("{shown} is read by this run already; name another file")));
        }
    }
    Ok(())
}

/// What is to be said of a manifest that is none.
fn unreadable(name: &str, error: &Error) -> Verification {
    let text = in_a_line(error);
    let finding = Finding { what: "manifest".to_owned(), now: Now::Unknown, text };
    Verification { manifest: name.to_owned(), versions: None, findings: vec![finding], changes: None }
}

fn in_a_line(error: &impl std::fmt::Display) -> String {
    format!("{error:#}").replace('\n', "; ")
}

fn one(name: &str, path: &Path, record: &Record, is_untouched: bool) -> Verification {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let output = output_of(path, record);
    let kept = std::fs::read(&output);
    let digest = kept.as_ref().map(|bytes| Digest::of(bytes)).map_err(lost);
    let ran_in: PathBuf = folder.join(&record.folder).components().collect();
    let again = std::env::set_current_dir(&ran_in)
        .with_context(|| format!("{}, where it was made, cannot be entered", ran_in.display()))
        .and_then(|()| again(record, &output));
    let (again, bytes) = match again {
        Ok((again, bytes)) => (Ok(again), Some(bytes)),
        Err(error) => (Err(in_a_line(&error)), None),
    };
    let read = again.as_ref().map_or(&[][..], |again| &again.inputs);
    let inputs = record.inputs.iter().map(|input| digest_now(&ran_in, input, read)).collect();
    let changes = match (&kept, bytes) {
        (Ok(kept), Some(bytes)) if *kept != bytes => changes(&record.output.file, kept, &bytes),
        _ => None,
    };
    let beside = output.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let found = Found { is_untouched, inputs, beside, output: digest, again, changes };
    verify(name, record, env!("CARGO_PKG_VERSION"), found)
}

/// Why there are no bytes; a file that is gone is known to be.
fn lost(error: &std::io::Error) -> Lost {
    Lost { is_gone: error.kind() == std::io::ErrorKind::NotFound, why: error.to_string() }
}

/// What an input is now. `read`: those of the run just now.
fn digest_now(ran_in: &Path, input: &Input, read: &[Input]) -> Result<Digest, Lost> {
    let path = ran_in.join(&input.file);
    let is_stream = input.file == "-" || path.metadata().is_ok_and(|data| !data.is_file());
    match input.among(read) {
        Some(read) => Ok(read.digest.clone()),
        // It was read, or it would be waited for.
        None if is_stream => Err(Lost { is_gone: false, why: "it was not read to its end".to_owned() }),
        None => Digest::of_file(&path).map_err(|error| {
            let lost = lost(&error);
            Lost { why: format!("{}: {}", path.display(), lost.why), ..lost }
        }),
    }
}

/// The same output once more: what would be recorded of it today, and its bytes.
fn again(record: &Record, output: &Path) -> Result<(Record, Vec<u8>)> {
    // Patterns may match other files by now; what counts is what was read.
    let mut configuration = record.configuration.clone();
    let named = |role: &str| -> Vec<String> {
        let of_role = record.inputs.iter().filter(|input| input.role == role);
        of_role.map(|input| input.file.clone()).collect()
    };
    for (key, value) in &mut configuration {
        if let Some(file) = named(key).pop() {
            *value = file.into();
        }
    }
    configuration.insert("orders".to_owned(), named("orders").into());
    match command_of(&record.command, &configuration, named(CONFIG).pop())? {
        Command::Report(arguments) => report::again(*arguments, record, output),
        Command::Check(arguments) => check::again(&arguments, record, output),
        _ => Err(Error::input(format!("nothing is recorded of regulars {}", record.command)).into()),
    }
}

/// Which numbers are others, where the format tells.
fn changes(name: &str, kept: &[u8], bytes: &[u8]) -> Option<Changes> {
    let old = Kept::parse(name, kept).ok()?;
    let new = Kept::parse("made again", bytes).ok()?;
    diff(&old, &new, true).ok()
}
