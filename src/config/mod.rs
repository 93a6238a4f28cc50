//! Configuration files: TOML whose every key and value has a place, so that each complaint names it.

mod document;

pub use document::{Document, Item, Key, Place, Value};
