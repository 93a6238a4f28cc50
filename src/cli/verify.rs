//! `regulars verify`: manifests → the files there are, and the reports made again → findings → output.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Outcome;
use super::args::{Command, ReadArguments, VerifyArguments, VerifyFormatArgument};
use super::output::{Output, terminal_width};
use super::provenance::CONFIG;
use super::settings::command_of;
use super::{check, report};
use crate::commands::diff::{Changes, diff};
use crate::commands::verify::{Found, Now, Verification, verify};
use crate::error::Error;
use crate::input::digest::Digest;
use crate::input::source::{Source, expand};
use crate::kept::Kept;
use crate::manifest::{Input, Manifest, Record};
use crate::render::{render_verification, render_verifications_json};

/// Runs the command. Every manifest is looked at; the worst decides.
pub(super) fn run(arguments: &VerifyArguments) -> Result<Outcome> {
    let here = std::env::current_dir()?;
    let mut verifications = Vec::new();
    for source in expand(&arguments.manifests)? {
        let Source::File(path) = &source else {
            return Err(Error::usage(format!("{} is no file, and a manifest is one", source.name())).into());
        };
        let verification = one(&source.name(), path, &here);
        // Where it ran; the next manifest may say another folder.
        std::env::set_current_dir(&here).with_context(|| here.display().to_string())?;
        verifications.push(verification?);
    }
    let output = arguments.to.output.as_deref();
    let width = arguments.to.width.unwrap_or_else(|| terminal_width(output.is_some()));
    let bytes = match arguments.format {
        VerifyFormatArgument::Json => render_verifications_json(&verifications)?,
        VerifyFormatArgument::Table => {
            let each = verifications.iter();
            each.flat_map(|verification| render_verification(verification, arguments.quiet, width)).collect()
        }
    };
    Output::open(output)?.deliver(&bytes)?;
    let all = |now| verifications.iter().any(|verification| verification.now() == now);
    Ok(if all(Now::Differs) {
        Outcome::Broken
    } else if all(Now::Unknown) {
        Outcome::Input
    } else {
        Outcome::Done
    })
}

fn one(name: &str, path: &Path, here: &Path) -> Result<Verification> {
    let (record, is_untouched) = Manifest::open(path)?;
    let folder = here.join(path).parent().unwrap_or(here).to_owned();
    let output = folder.join(&record.output.file);
    let ran_in = folder.join(&record.folder);
    std::env::set_current_dir(&ran_in)
        .with_context(|| format!("{name}: {}, where it was made, cannot be entered", ran_in.display()))?;
    let kept = std::fs::read(&output);
    let digest = kept.as_ref().map(|bytes| Digest::of(bytes)).map_err(ToString::to_string);
    let (again, bytes) = match again(&record, &output) {
        Ok((again, bytes)) => (Ok(again), Some(bytes)),
        Err(error) => (Err(format!("{error:#}")), None),
    };
    let read = again.as_ref().map_or(&[][..], |again| &again.inputs);
    let inputs = record.inputs.iter().map(|input| digest_now(input, read)).collect();
    let changes = match (&kept, bytes) {
        (Ok(kept), Some(bytes)) if *kept != bytes => changes(&record.output.file, kept, &bytes),
        _ => None,
    };
    let found = Found { is_untouched, inputs, output: digest, again, changes };
    Ok(verify(name, &record, env!("CARGO_PKG_VERSION"), found))
}

/// What an input is now. `read`: those of the run just now.
fn digest_now(input: &Input, read: &[Input]) -> Result<Digest, String> {
    let same = read.iter().find(|other| (&other.role, &other.file) == (&input.role, &input.file));
    match same {
        Some(read) => Ok(read.digest.clone()),
        None if input.file == "-" => Err("it was not read to its end".to_owned()),
        None => Digest::of_file(Path::new(&input.file)).map_err(|error| error.to_string()),
    }
}

/// The same output once more: what would be recorded of it today, and its bytes.
fn again(record: &Record, output: &Path) -> Result<(Record, Vec<u8>)> {
    let named = |role: &str| -> Vec<String> {
        let of_role = record.inputs.iter().filter(|input| input.role == role);
        of_role.map(|input| input.file.clone()).collect()
    };
    let read_again = |read: &mut ReadArguments| {
        read.config = named(CONFIG).pop().map(PathBuf::from);
        for (role, file) in [
            ("customers", &mut read.customers),
            ("rates", &mut read.rates),
            ("returns", &mut read.returns),
            ("payments", &mut read.payments),
            ("lines", &mut read.lines),
        ] {
            *file = named(role).pop();
        }
    };
    match command_of(&record.command, &record.configuration)? {
        Command::Report(mut arguments) => {
            arguments.orders = named("orders");
            read_again(&mut arguments.read);
            report::again(*arguments, record, output)
        }
        Command::Check(mut arguments) => {
            arguments.orders = named("orders");
            read_again(&mut arguments.read);
            check::again(&arguments, record, output)
        }
        _ => Err(Error::input(format!("nothing is recorded of regulars {}", record.command)).into()),
    }
}

/// Which numbers are others, where the format tells.
fn changes(name: &str, kept: &[u8], bytes: &[u8]) -> Option<Changes> {
    let old = Kept::parse(name, kept).ok()?;
    let new = Kept::parse("made again", bytes).ok()?;
    diff(&old, &new, true).ok()
}
