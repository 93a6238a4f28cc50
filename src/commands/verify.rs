//! A report against its manifest: whether it is the one that was made, and can be made again.

use serde::Serialize;
use serde_json::Value;

use super::diff::Changes;
use crate::input::digest::Digest;
use crate::manifest::{Input, Record};
use crate::render::{first_of, grouped};

/// Differences that are named.
const SHOWN: usize = 5;

/// What is there now.
#[derive(Debug)]
pub struct Found {
    /// The record is the one that was written.
    pub is_untouched: bool,
    /// The bytes of every input, or why there are none.
    pub inputs: Vec<Result<Digest, Lost>>,
    /// The name of the file that the manifest lies beside.
    pub beside: String,
    /// Its bytes, or why there are none.
    pub output: Result<Digest, Lost>,
    /// What a run records today, or why it fails.
    pub again: Result<Record, String>,
    /// Which numbers are others in the report of today.
    pub changes: Option<Changes>,
}

/// Why a file has no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// There is no such file any more.
    pub is_gone: bool,
    /// In words.
    pub why: String,
}

/// What became of something that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Now {
    /// It is as recorded.
    Same,
    /// It is something else.
    Differs,
    /// It cannot be told.
    Unknown,
}

/// What was found of something that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub what: String,
    /// What became of it.
    pub now: Now,
    /// In words.
    pub text: String,
}

/// What became of a report.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// The manifest.
    pub manifest: String,
    /// The version of the program that made it, and of this one, where they are not the same.
    pub versions: Option<(String, String)>,
    /// All that was recorded.
    pub findings: Vec<Finding>,
    /// Which numbers are others in the report of today.
    pub changes: Option<Changes>,
}

impl Verification {
    /// The worst of the findings.
    pub fn now(&self) -> Now {
        let any = |now| self.findings.iter().any(|finding| finding.now == now);
        if any(Now::Differs) {
            Now::Differs
        } else if any(Now::Unknown) {
            Now::Unknown
        } else {
            Now::Same
        }
    }
}

/// Compares what was recorded with what is there now. `version`: that of this program.
pub fn verify(manifest: &str, record: &Record, version: &str, found: Found) -> Verification {
    let mut findings = Vec::new();
    let mut find = |what: &str, now: Now, text: String| {
        findings.push(Finding { what: what.to_owned(), now, text });
    };
    if !found.is_untouched {
        find("manifest", Now::Differs, "its record is not the one that its SHA-256 is of".to_owned());
    }
    for (input, now) in record.inputs.iter().zip(&found.inputs) {
        let what = format!("{} {}", input.role, input.file);
        match now {
            Ok(digest) if *digest == input.digest => {
                let again = found.again.as_ref().ok().and_then(|again| input.among(&again.inputs));
                match again.filter(|again| again.rows != input.rows) {
                    Some(again) => find(&what, Now::Differs, rows_of(input, again)),
                    None => find(&what, Now::Same, size(input)),
                }
            }
            Ok(digest) => find(&what, Now::Differs, others(&input.digest, digest)),
            // What was made of it cannot be told any more.
            Err(lost) => find(&what, Now::Unknown, lost.why.clone()),
        }
    }
    let output = &record.output;
    let name = if found.beside == output.file {
        output.file.clone()
    } else {
        format!("{} (written as {})", found.beside, output.file)
    };
    match &found.output {
        Ok(digest) if *digest == output.digest => {
            find(&name, Now::Same, format!("the {} bytes that were written", number(digest.bytes)));
        }
        Ok(digest) => find(&name, Now::Differs, others(&output.digest, digest)),
        Err(lost) if lost.is_gone => find(&name, Now::Differs, lost.why.clone()),
        Err(lost) => find(&name, Now::Unknown, lost.why.clone()),
    }
    match &found.again {
        Err(why) => find("made again", Now::Unknown, format!("it cannot be: {why}")),
        Ok(again) => {
            if again.program != record.program {
                find("program", Now::Differs, format!("was {}, is {}", record.program, again.program));
            }
            let parts = [
                ("rows", &record.rows, &again.rows),
                ("settings", &record.settings, &again.settings),
                ("definitions", &record.definitions, &again.definitions),
                ("coverage", &record.coverage, &again.coverage),
            ];
            for (what, was, is) in parts {
                let mut places = Vec::new();
                differences(was, is, "", &mut places);
                if !places.is_empty() {
                    find(what, Now::Differs, first_of(&places, SHOWN));
                }
            }
            if again.output.digest == output.digest {
                find("made again", Now::Same, "the same bytes".to_owned());
            } else {
                find("made again", Now::Differs, others(&output.digest, &again.output.digest));
            }
        }
    }
    let versions = (record.version != version).then(|| (record.version.clone(), version.to_owned()));
    Verification { manifest: manifest.to_owned(), versions, findings, changes: found.changes }
}

fn size(input: &Input) -> String {
    let bytes = number(input.digest.bytes);
    match input.rows {
        Some(rows) => format!("the same {bytes} bytes, {} rows", number(rows)),
        None => format!("the same {bytes} bytes"),
    }
}

fn rows_of(was: &Input, is: &Input) -> String {
    let rows =
        |input: &Input| input.rows.map_or("not counted".to_owned(), |rows| format!("{} rows", number(rows)));
    format!("the same bytes, but {} as recorded, {} as read", rows(was), rows(is))
}

fn number(number: u64) -> String {
    grouped(&number.to_string())
}

fn others(was: &Digest, is: &Digest) -> String {
    let short = |digest: &Digest| digest.sha256.get(..12).unwrap_or(&digest.sha256).to_owned();
    format!(
        "was {} bytes, SHA-256 {}…, is {} bytes, SHA-256 {}…",
        number(was.bytes),
        short(was),
        number(is.bytes),
        short(is)
    )
}

/// Where two values are not the same, each place with what stands there.
fn differences(was: &Value, is: &Value, at: &str, places: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                differences(
                    one.get(key).unwrap_or(&Value::Null),
                    other.get(key).unwrap_or(&Value::Null),
                    &at,
                    places,
                );
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                // A definition is known by its id.
                let name = one["id"].as_str().map_or_else(|| index.to_string(), str::to_owned);
                let at = if at.is_empty() { name } else { format!("{at}.{name}") };
                differences(one, other, &at, places);
            }
        }
        _ if was == is => {}
        _ => places.push(format!("{at} was {was}, is {is}")),
    }
}
