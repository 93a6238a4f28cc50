//! `regulars schema`: what a configuration file may say, as a JSON Schema, for editors.

use anyhow::Result;
use clap::Arg;
use serde_json::{Map, Value, json};

use super::args::SchemaArguments;
use super::flags::{Flag, Section, commands};
use super::output::Output;
use crate::checks;
use crate::input::fields::{CUSTOMER_FIELDS, FieldInfo, ORDER_FIELDS};
use crate::input::profile_schema;
use crate::metrics::METRICS;
use crate::render::pretty;

/// Runs the command.
pub(super) fn run(arguments: &SchemaArguments) -> Result<()> {
    let bytes = pretty(&schema())?;
    Output::open(arguments.output.as_deref())?.deliver(&bytes)
}

/// The schema, made of the flags, the checks and the profiles.
fn schema() -> Value {
    let flags = Flag::all(&commands());
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
        let fields = if flag.key == "map" { names(ORDER_FIELDS) } else { names(CUSTOMER_FIELDS) };
        let columns: Map<String, Value> = fields.into_iter().map(|field| (field, one.clone())).collect();
        let pairs = json!({ "type": "object", "additionalProperties": false, "properties": columns });
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

fn names<F>(fields: &[FieldInfo<F>]) -> Vec<String> {
    fields.iter().map(|field| field.name.to_owned()).collect()
}

/// A value, as text or as a number: both are read.
fn one_value(arg: &Arg) -> Value {
    let words: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !words.is_empty() {
        return json!({ "enum": words });
    }
    let whole = |least: u32, most: Option<u32>| {
        let mut schema = json!({ "type": "integer", "minimum": least });
        if let Some(most) = most {
            schema["maximum"] = most.into();
        }
        // Numbers in quotes are read, too.
        json!({ "anyOf": [schema, { "type": "string", "pattern": "^[0-9]+$" }] })
    };
    match arg.get_id().as_str() {
        "width" | "min_customers" => whole(0, None),
        "threads" => whole(1, Some(256)),
        "fiscal_year_start" => whole(1, Some(12)),
        "ci" => json!({
            "anyOf": [{ "type": "number", "minimum": 50, "exclusiveMaximum": 100 }, { "type": "string" }]
        }),
        "decimal" => json!({ "enum": [".", ","] }),
        "metrics" => json!({ "enum": METRICS.iter().map(|metric| metric.id).collect::<Vec<_>>() }),
        _ => json!({ "type": ["string", "number"] }),
    }
}

fn description(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    help.map(ToString::to_string).unwrap_or_default()
}
