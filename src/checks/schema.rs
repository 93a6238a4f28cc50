//! The JSON Schema of a check, for editors.

use serde_json::{Value, json};

use super::{Against, Measure};
use crate::metrics::METRICS;
use crate::report::COUNTS;

/// The schema of a table `[[check]]`: an object whose properties are the keys of a check.
pub fn schema() -> Value {
    let metrics = METRICS.iter().map(|metric| Measure::Metric(metric));
    let measures = metrics.chain(COUNTS.iter().map(Measure::Count)).map(Measure::id);
    let change = json!({
        "anyOf": [
            { "type": "number", "minimum": 0 },
            {
                "type": "string",
                "pattern": r"^\s*\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*%\s*$"
            }
        ]
    });
    let with_interval: Vec<&str> =
        METRICS.iter().filter(|metric| metric.has_interval()).map(|metric| metric.id).collect();
    let moves = json!({ "anyOf": [{ "required": ["max_drop"] }, { "required": ["max_rise"] }] });
    let described = |mut schema: Value, text: &str| {
        schema["description"] = text.into();
        schema
    };
    let segment_value = json!({ "type": ["string", "number"] });
    // A column that both files have: orders.country, which is a table in a table.
    let of_file = json!({
        "anyOf": [segment_value, { "type": "object", "minProperties": 1, "additionalProperties": segment_value }]
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["metric"],
        "anyOf": [
            { "required": ["min"] },
            { "required": ["max"] },
            { "required": ["max_drop"] },
            { "required": ["max_rise"] }
        ],
        "not": { "required": ["period", "last"] },
        "allOf": [
            {
                "if": { "required": ["against"], "properties": { "against": { "const": "baseline" } } },
                "then": { "required": ["baseline"] }
            },
            {
                "if": { "required": ["evidence"], "properties": { "evidence": { "const": "interval" } } },
                "then": { "properties": { "metric": { "enum": with_interval } } }
            }
        ],
        "dependencies": { "against": moves, "baseline": moves },
        "properties": {
            "name": { "type": "string", "pattern": r"\S", "description": "Its name in all outputs; else made of what it says" },
            "metric": {
                "enum": measures.collect::<Vec<_>>(),
                "description": "A metric or a count of regulars report"
            },
            "segment": {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": segment_value,
                "properties": { "orders": of_file, "customers": of_file },
                "description": "{ country = \"DE\" }; \"*\" for every value; without it, all customers"
            },
            "period": {
                "type": ["string", "number"],
                "description": "\"last\" (the last complete one) or a label such as \"2025-03\""
            },
            "last": { "type": "integer", "minimum": 1, "description": "Each of the last so many complete periods" },
            "min": { "type": "number", "description": "The number is at least this" },
            "max": { "type": "number", "description": "The number is at most this" },
            "max_drop": described(change.clone(), "It drops by at most so much: its units, or a share such as \"5%\""),
            "max_rise": described(change, "It rises by at most so much: its units, or a share such as \"5%\""),
            "against": {
                "enum": Against::ALL.map(Against::key),
                "description": "What it is compared with [default: previous, or baseline where one is named]"
            },
            "baseline": { "type": "string", "description": "A CSV or JSON that regulars report -o wrote" },
            "min_customers": {
                "type": "integer",
                "minimum": 0,
                "description": "Numbers that rest on fewer customers are skipped"
            },
            "evidence": {
                "enum": ["point", "interval"],
                "description": "Whether the number decides, or its whole interval [default: point]"
            },
            "allow_missing": { "type": "boolean", "description": "A number that is not there is skipped" }
        }
    })
}
