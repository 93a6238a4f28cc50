//! The JSON Schema of a profile, for editors.

use serde_json::{Value, json};

use super::fields::{CUSTOMER_FIELDS, ORDER_FIELDS};

/// The schema of a table `[profiles.NAME]`: what [`super::profiles::Profile`] reads.
pub fn schema() -> Value {
    let texts = |text: &str| json!({ "type": "array", "items": { "type": "string" }, "description": text });
    let switch = |text: &str| json!({ "type": "boolean", "description": text });
    let text = |text: &str| json!({ "type": "string", "description": text });
    let fields =
        ORDER_FIELDS.iter().map(|field| field.name).chain(CUSTOMER_FIELDS.iter().map(|field| field.name));
    let columns: serde_json::Map<String, Value> = fields
        .map(|name| (name.to_owned(), json!({ "type": "array", "items": { "type": "string" } })))
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["title", "fingerprint"],
        "properties": {
            "title": text("The system, for people"),
            "holds": { "enum": ["orders", "customers"], "description": "What its rows are [default: orders]" },
            "fingerprint": texts("Columns that together tell this export from all others"),
            "one_of": texts("Columns of which it has at least one"),
            "without": texts("Columns that it does not have"),
            "refuse": text("Why the export cannot be used at all"),
            "note": text("What a reader of the numbers must know of it"),
            "columns": {
                "type": "object",
                "additionalProperties": false,
                "properties": columns,
                "description": "Field → the column's names over time, the newest first"
            },
            "order_amount": {
                "enum": ["sum", "once"],
                "description": "Whether the amounts of an order's lines are summed, or repeat the order's total"
            },
            "excluded_status": texts("Statuses that make an order no purchase, beside the common ones"),
            "refunded_status": texts("Statuses that say an order was refunded in full"),
            "included_status": texts("Statuses that do not exclude although they do elsewhere"),
            "kinds": {
                "type": "object",
                "additionalProperties": false,
                "required": ["sales", "refunds", "others"],
                "properties": {
                    "sales": texts("Words for sales"),
                    "refunds": texts("Words for refunds"),
                    "others": texts("Words for what is neither")
                },
                "description": "What the words of the column kind say a row is; in lower case"
            },
            "leave_out": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["column", "words"],
                    "properties": { "column": text("A column"), "words": texts("Words, in lower case") }
                },
                "description": "Rows that are nothing of what the file is read for"
            },
            "guest_key_email": switch("Orders without customer id are keyed by their e-mail"),
            "guest_ids": texts("Customer ids that stand for no customer"),
            "dates": {
                "enum": ["day-first", "month-first"],
                "description": "The order of day and month"
            },
            "utc": switch("Moments without an offset are in UTC"),
            "decimal": { "enum": [".", ","], "description": "The decimal mark" }
        }
    })
}
