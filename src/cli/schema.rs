//! `regulars schema`: what a configuration file may say, as a JSON Schema, for editors.

use anyhow::Result;
use clap::Arg;
use serde_json::{Map, Value, json};

use super::args::SchemaArguments;
use super::output::Output;
use super::settings::{Flag, Section};
use crate::checks;
use crate::error::Error;
use crate::input::profile_schema;

/// Runs the command.
pub(super) fn run(arguments: &SchemaArguments) -> Result<()> {
    let mut bytes =
        serde_json::to_vec_pretty(&schema()).map_err(|error| Error::internal(format!("JSON: {error}")))?;
    bytes.push(b'\n');
    Output::open(arguments.output.as_deref())?.deliver(&bytes)
}

/// The schema, made of the flags, the checks and the profiles.
fn schema() -> Value {
    let flags = Flag::all();
    let mut tables = Map::new();
    for section in Section::ALL {
        let of_section = flags.iter().filter(|flag| flag.section == section);
        let properties: Map<String, Value> =
            of_section.map(|flag| (flag.key.clone(), property(flag))).collect();
        let table = json!({ "type": "object", "additionalProperties": false, "properties": properties });
        tables.insert(section.name().to_owned(), table);
    }
    tables.insert("check".to_owned(), json!({ "type": "array", "items": checks::schema() }));
    tables.insert(
        "profiles".to_owned(),
        json!({ "type": "object", "additionalProperties": profile_schema::schema() }),
    );
    json!({
        // The version that editors of TOML know.
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "regulars.toml",
        "description": "Flags, checks and profiles of regulars",
        "type": "object",
        "additionalProperties": false,
        "properties": tables
    })
}

fn property(flag: &Flag) -> Value {
    let arg = &flag.arg;
    let one = one_value(arg);
    let mut property = if flag.is_switch() {
        json!({ "type": "boolean" })
    } else if flag.key.starts_with("map") {
        // A field and its column, one by one or as `field=column`.
        let pairs = json!({ "type": "object", "additionalProperties": one });
        json!({ "anyOf": [pairs, one, { "type": "array", "items": one }] })
    } else if flag.key == "by" {
        // Columns that are crossed stand in a list of their own.
        let each = json!({ "anyOf": [one, { "type": "array", "items": one }] });
        json!({ "anyOf": [one, { "type": "array", "items": each }] })
    } else if flag.is_list() {
        json!({ "anyOf": [one, { "type": "array", "items": one }] })
    } else {
        one
    };
    property["description"] = description(arg).into();
    if let [default] = arg.get_default_values()
        && !flag.is_switch()
    {
        property["default"] = default.to_string_lossy().into();
    }
    property
}

/// A value, as text or as a number: both are read.
fn one_value(arg: &Arg) -> Value {
    let words: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if words.is_empty() { json!({ "type": ["string", "number"] }) } else { json!({ "enum": words }) }
}

fn description(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    help.map(ToString::to_string).unwrap_or_default()
}
