//! The manifest beside a report: what is to be known of the files while a report is made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use anyhow::Result;
use serde_json::Value;

use super::flags::{CONFIG, Flag};
use super::output::Output;
use super::settings::Resolved;
use crate::commands::report::Request;
use crate::config::Document;
use crate::error::Error;
use crate::input::digest::{Digest, Stamp};
use crate::input::source::Source;
use crate::manifest::{FORMAT, Input, Made as Written, Manifest, Record, whole};
use crate::render::{Facts, facts};
use crate::report::Report;

/// Flags that change no byte of an output, and those that a manifest says elsewhere.
const ELSEWHERE: [&str; 12] = [
    "orders",
    "output",
    "format",
    "no_manifest",
    "quiet",
    "log_format",
    "threads",
    "rejects",
    "require_fresh",
    "fail_on_warnings",
    "verdicts",
    "verdict_format",
];

/// The role of a report that a check compares with.
pub(super) const BASELINE: &str = "baseline";

/// A file that is read, as it was before that.
#[derive(Debug, Clone)]
pub(super) struct ReadFile {
    /// What it is read for: a key of a configuration file.
    pub(super) role: &'static str,
    pub(super) source: Source,
    before: Option<Stamp>,
}

impl ReadFile {
    /// A file that is going to be read.
    pub(super) fn new(role: &'static str, source: Source) -> Self {
        let before = Self::stamp(&source);
        Self { role, source, before }
    }

    /// A configuration file, as it was read.
    pub(super) fn config(document: &Document) -> Self {
        Self::new(CONFIG, Source::Memory(document.name.clone(), document.text.as_bytes().into()))
    }

    fn stamp(source: &Source) -> Option<Stamp> {
        let Source::File(path) = source else { return None };
        Stamp::of(path)
    }

    /// Whether it is still the same.
    fn is_as_before(&self) -> bool {
        self.before == Self::stamp(&self.source)
    }
}

/// The files that a request reads. `others`: those beside the orders and the customers.
pub(super) fn files_of(request: &Request, others: &[ReadFile]) -> Vec<ReadFile> {
    let orders = request.orders.iter().map(|source| ReadFile::new("orders", source.clone()));
    let customers = request.customers.iter().map(|source| ReadFile::new("customers", source.clone()));
    orders.chain(customers).chain(others.iter().cloned()).collect()
}

/// Where an output goes, and its manifest.
pub(super) struct Place {
    output: Output,
    manifest: Option<Output>,
}

impl Place {
    /// Prepares to write both. What is no regular file has no manifest.
    pub(super) fn open(path: &Path, no_manifest: bool) -> Result<Self> {
        let output = Output::open(Some(path))?;
        let has_one = !no_manifest && output.is_whole();
        let manifest = has_one.then(|| Output::open(Some(&Manifest::beside(path)))).transpose()?;
        Ok(Self { output, manifest })
    }

    /// Whether it has a manifest.
    pub(super) fn has_manifest(&self) -> bool {
        self.manifest.is_some()
    }

    /// Writes both beside their places. `made`: what was made, where a manifest was foreseen.
    pub(super) fn prepare(
        self,
        path: &Path,
        format: &str,
        bytes: &[u8],
        made: Option<&Made<'_>>,
    ) -> Result<Prepared> {
        let manifest = match (self.manifest, made) {
            (Some(output), Some(made)) => Some(output.prepare(&made.manifest(path, format, bytes)?)?),
            _ => None,
        };
        Ok(Prepared { output: self.output.prepare(bytes)?, manifest })
    }
}

/// An output that is written, but not in its place yet, and its manifest.
pub(super) struct Prepared {
    output: Output,
    manifest: Option<Output>,
}

impl Prepared {
    /// Puts both in their places.
    pub(super) fn finish(self) -> Result<()> {
        self.output.finish()?;
        self.manifest.map_or(Ok(()), Output::finish)
    }
}

/// All files that a run writes.
pub(super) fn with_manifests(outputs: &[PathBuf], no_manifest: bool) -> Vec<PathBuf> {
    let manifests = outputs.iter().filter(|_| !no_manifest).map(|output| Manifest::beside(output));
    outputs.iter().cloned().chain(manifests).collect()
}

/// The files of a run, looked at while they are read for its output.
pub(super) struct Inputs {
    files: Vec<ReadFile>,
    digests: JoinHandle<Vec<std::io::Result<Option<Digest>>>>,
}

impl Inputs {
    /// Begins to look at them, in a thread of its own. `files`: in the order they are recorded.
    pub(super) fn begin(files: Vec<ReadFile>) -> Result<Self> {
        for file in &files {
            file.source.want_digest();
        }
        // What can be read once only is known when it was read.
        let again: Vec<Option<Source>> = files
            .iter()
            .map(|file| Some(file.source.clone()).filter(|source| !matches!(source, Source::Stream(_))))
            .collect();
        let digest = |source: Option<Source>| source.map_or(Ok(None), |source| source.digest());
        let digests = std::thread::Builder::new()
            .name("regulars digests".to_owned())
            .spawn(move || again.into_iter().map(digest).collect())?;
        Ok(Self { files, digests })
    }

    /// What they are, when all of them were read.
    pub(super) fn finish(self, report: &Report) -> Result<Vec<Input>> {
        let digests = self.digests.join().map_err(|_| Error::internal("the thread that reads digests"))?;
        let mut inputs = Vec::new();
        for (file, digest) in self.files.iter().zip(digests) {
            let ReadFile { role, source, .. } = file;
            let name = source.name();
            let complain = |what: &dyn std::fmt::Display| Error::input(format!("{name}: {what}"));
            if !file.is_as_before() {
                return Err(complain(&"changed while it was read").into());
            }
            let digest = match digest.map_err(|error| complain(&error))? {
                Some(digest) => Some(digest),
                None => source.digest().map_err(|error| complain(&error))?,
            };
            let digest = digest.ok_or_else(|| Error::internal(format!("{name} was not read to its end")))?;
            let rows = match *role {
                // Rows of a reject file that is given back are those of the files it holds rows of.
                "orders" => report.orders.as_ref().and_then(|orders| {
                    let at = orders.files.iter().position(|file| *file == name)?;
                    orders.rows.get(at).copied()
                }),
                "customers" => report.customers.as_ref().map(|customers| customers.account.read),
                _ => None,
            };
            let file = if source.is_stdin() { "-".to_owned() } else { name };
            inputs.push(Input { role: (*role).to_owned(), file, digest, rows });
        }
        Ok(inputs)
    }
}

/// The flags that decide an output, as they are in effect.
pub(super) fn configuration(resolved: &Resolved) -> BTreeMap<String, Value> {
    let mut configuration = BTreeMap::new();
    for flag in resolved.flags.iter().filter(|flag| !ELSEWHERE.contains(&flag.key.as_str())) {
        let Some((values, _)) = resolved.own_value(flag) else { continue };
        configuration.insert(flag.key.clone(), written(flag, values));
    }
    configuration
}

fn written(flag: &Flag, mut values: Vec<String>) -> Value {
    if flag.is_list() {
        return values.into();
    }
    match values.pop() {
        Some(value) if flag.is_switch() => Value::Bool(value == "true"),
        value => value.into(),
    }
}

/// What was made, and of what.
pub(super) struct Made<'m> {
    /// The command.
    pub(super) command: &'static str,
    pub(super) inputs: &'m [Input],
    pub(super) configuration: &'m BTreeMap<String, Value>,
    pub(super) report: &'m Report,
}

impl Made<'_> {
    /// The record of an output; `folder`: where the program ran, seen from it.
    pub(super) fn record(
        &self,
        file: &Path,
        folder: String,
        format: &str,
        bytes: &[u8],
    ) -> Result<Record, Error> {
        let Facts { settings, definitions, coverage, rows } = facts(self.report)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Record {
            format: FORMAT,
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.to_owned(),
            folder,
            inputs: self.inputs.to_vec(),
            rows,
            configuration: self.configuration.clone(),
            settings: whole(settings),
            definitions,
            coverage,
            output: Written { file: name, format: format.to_owned(), digest: Digest::of(bytes) },
        })
    }

    /// The manifest of an output, as a file.
    pub(super) fn manifest(&self, file: &Path, format: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let folder = folder_from(file)?;
        Manifest::of(self.record(file, folder, format, bytes)?)?.to_json()
    }
}

/// Where the program runs, seen from the folder of a file.
fn folder_from(file: &Path) -> Result<String, Error> {
    let complain = |error: std::io::Error| Error::input(format!("{}: {error}", file.display()));
    let own = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = own.canonicalize().map_err(complain)?;
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).map_err(complain)?;
    let folder = pathdiff::diff_paths(&here, own).unwrap_or(here);
    let folder = folder.to_string_lossy().into_owned();
    Ok(if folder.is_empty() { ".".to_owned() } else { folder })
}
