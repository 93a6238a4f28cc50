//! `regulars verify`: manifests → the files there are, and the reports made again → findings → output.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Outcome;
use super::args::{VerifyArguments, VerifyFormatArgument};
use super::output::{Output, terminal_width};
use super::provenance::{CONFIG, Inputs, Made};
use super::report::{Asked, format_named, rendered};
use super::settings::arguments_of;
use crate::commands::diff::{Changes, diff};
use crate::commands::report::run as compute;
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
    let inputs = match &again {
        Ok(again) => again.inputs.iter().map(|input| Ok(input.digest.clone())).collect(),
        Err(_) => record.inputs.iter().map(digest_now).collect(),
    };
    let changes = match (&kept, bytes) {
        (Ok(kept), Some(bytes)) if *kept != bytes => changes(&record.output.file, kept, &bytes),
        _ => None,
    };
    let found = Found { is_untouched, inputs, output: digest, again, changes };
    Ok(verify(name, &record, env!("CARGO_PKG_VERSION"), found))
}

/// What an input is that was not read to its end.
fn digest_now(input: &Input) -> Result<Digest, String> {
    if input.file == "-" {
        return Err("it was not read to its end".to_owned());
    }
    Digest::of_file(Path::new(&input.file)).map_err(|error| error.to_string())
}

/// The same report once more: what would be recorded of it today, and its bytes.
fn again(record: &Record, output: &Path) -> Result<(Record, Vec<u8>)> {
    let mut arguments = arguments_of(&record.configuration)?;
    let named = |role: &str| -> Vec<String> {
        let of_role = record.inputs.iter().filter(|input| input.role == role);
        of_role.map(|input| input.file.clone()).collect()
    };
    arguments.orders = named("orders");
    arguments.read.config = named(CONFIG).pop().map(PathBuf::from);
    let read = &mut arguments.read;
    for (role, file) in [
        ("customers", &mut read.customers),
        ("rates", &mut read.rates),
        ("returns", &mut read.returns),
        ("payments", &mut read.payments),
        ("lines", &mut read.lines),
    ] {
        *file = named(role).pop();
    }
    arguments.format = Some(format_named(&record.output.format)?);
    arguments.output = vec![output.to_owned()];
    let Asked { request, others, formats } = Asked::of(&arguments)?;
    let inputs = Inputs::begin(&request, &others, arguments.read.config.clone())?;
    let report = compute(request, &mut |_| Ok(()), None)?;
    let inputs = inputs.finish(&report)?;
    let format = *formats.first().ok_or_else(|| Error::internal("there is no format"))?;
    let bytes = rendered(&arguments, &report, format)?;
    let made = Made { inputs: &inputs, configuration: &record.configuration, report: &report };
    let again = made.record(output, record.folder.clone(), &record.output.format, &bytes)?;
    Ok((again, bytes))
}

/// Which numbers are others, where the format tells.
fn changes(name: &str, kept: &[u8], bytes: &[u8]) -> Option<Changes> {
    let old = Kept::parse(name, kept).ok()?;
    let new = Kept::parse("made again", bytes).ok()?;
    diff(&old, &new, true).ok()
}
