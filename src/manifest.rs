//! The manifest beside an output, a report or verdicts: what it was made of, so that anybody can make it again and compare.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::input::digest::Digest;
use crate::render::pretty;

/// What a manifest's name ends in, behind that of its output.
pub const SUFFIX: &str = ".manifest.json";

/// The manifest of an output: a record, and the digest of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the output was made of. No clock is in it: the same run writes the same bytes.
    pub record: Record,
    /// The SHA-256 of [`Manifest::record`] as JSON without blanks, its keys in the order of the alphabet.
    pub sha256: String,
}

/// What an output was made of, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this format.
    pub format: u32,
    /// The program that made it.
    pub program: String,
    /// The version of the program.
    pub version: String,
    /// Its command: `report` or `check`.
    pub command: String,
    /// The folder that the program ran in, seen from the manifest.
    pub folder: String,
    /// The files that were read, in the order they were read.
    pub inputs: Vec<Input>,
    /// What became of the rows of the orders and of the customers.
    pub rows: Value,
    /// The flags that decide the output, by the keys of a configuration file, as they were in effect.
    pub configuration: BTreeMap<String, Value>,
    /// The flags in effect, as the numbers take them.
    pub settings: Value,
    /// What every number means.
    pub definitions: Value,
    /// The days the data covers.
    pub coverage: Value,
    /// What was written.
    pub output: Made,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What it was read for: a key of a configuration file, such as `orders`.
    pub role: String,
    /// Its name, from the folder that the program ran in; `-` is standard input.
    pub file: String,
    /// Its bytes.
    #[serde(flatten)]
    pub digest: Digest,
    /// Its rows behind the header, where they are accounted for.
    pub rows: Option<u64>,
}

impl Input {
    /// The same file, read for the same, among others.
    pub fn among<'i>(&self, inputs: &'i [Self]) -> Option<&'i Self> {
        inputs.iter().find(|other| (&other.role, &other.file) == (&self.role, &self.file))
    }
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Its name, in the folder of the manifest.
    pub file: String,
    /// The output format.
    pub format: String,
    /// Its bytes.
    #[serde(flatten)]
    pub digest: Digest,
}

/// The version of the format that this program writes and reads.
pub const FORMAT: u32 = 1;

impl Manifest {
    /// The manifest of a record.
    ///
    /// # Errors
    /// The library that writes JSON fails: a bug.
    pub fn of(record: Record) -> Result<Self> {
        let sha256 = digest_of(serde_json::to_value(&record).map_err(bug)?);
        Ok(Self { record, sha256 })
    }

    /// Where the manifest of a file is.
    pub fn beside(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(SUFFIX);
        name.into()
    }

    /// As a file.
    ///
    /// # Errors
    /// The library that writes JSON fails: a bug.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        pretty(self)
    }

    /// Reads a file: the record, and whether it is as it was written: to the letter, where this version wrote it.
    ///
    /// # Errors
    /// It cannot be read, or is no manifest, or one of another version.
    pub fn open(path: &Path) -> Result<(Record, bool)> {
        let name = path.display();
        let bytes = std::fs::read(path).map_err(|error| Error::input(format!("{name}: {error}")))?;
        let json: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Error::input(format!("{name}: it is no manifest: {error}")))?;
        match json["record"]["format"].as_u64() {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => {
                return Err(Error::input(format!(
                    "{name}: it is a manifest of version {format}, this program reads version {FORMAT}"
                )));
            }
            None => {
                return Err(Error::input(format!("{name}: it is no manifest"))
                    .hint(format!("regulars report … -o FILE writes FILE{SUFFIX} beside it")));
            }
        }
        let is_signed = json["sha256"] == digest_of(json["record"].clone());
        let manifest: Self = serde_json::from_value(json)
            .map_err(|error| Error::input(format!("{name}: it is no manifest: {error}")))?;
        // Also what a reader of the text sees and a reader of JSON does not: keys that are there twice.
        let is_own = manifest.record.version == env!("CARGO_PKG_VERSION");
        let is_untouched = is_signed && (!is_own || manifest.to_json()? == bytes);
        Ok((manifest.record, is_untouched))
    }
}

/// The same value with whole numbers written as such: 1, not 1.0, so that every program that writes JSON writes it alike.
pub fn whole(value: Value) -> Value {
    /// Beyond, not every whole number is one of these.
    const MOST: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        Value::Number(number) => match number.as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and not too large")]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < MOST => {
                (float as i64).into()
            }
            _ => number.into(),
        },
        other => other,
    }
}

fn digest_of(mut record: Value) -> String {
    record.sort_all_objects();
    Digest::of(record.to_string().as_bytes()).sha256
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn bug(error: serde_json::Error) -> Error {
    Error::internal(format!("JSON: {error}"))
}
