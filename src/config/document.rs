//! A TOML file as a tree of keys and values with their places.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Result, nearest};
use crate::input::source::is_pattern;

/// Where something stands in a file: line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character within it.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// A value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number, and as it is written.
    Number(f64, String),
    /// true or false.
    Switch(bool),
    /// A date or a moment, as it is written.
    Date(String),
    /// Values in brackets.
    List(Vec<Item>),
    /// Keys and values, in the order of the file.
    Table(Vec<(Key, Item)>),
}

impl Value {
    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(..) => "a number",
            Self::Switch(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A configuration file.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its name, as the user knows it.
    pub name: String,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// Its keys and values.
    pub root: Vec<(Key, Item)>,
    /// Its text.
    pub text: String,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or is no TOML.
    pub fn open(path: &Path) -> Result<Self> {
        let complain = |error: std::io::Error| Error::usage(format!("{}: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(complain)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&path.display().to_string(), folder, text)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn parse(name: &str, folder: &Path, text: String) -> Result<Self> {
        let lines = Lines::of(&text);
        let root = match DeTable::parse(&text) {
            Ok(table) => lines.table(table.get_ref()),
            Err(error) => {
                let place = lines.place(error.span().map_or(0, |span| span.start));
                let message = error.message().replace('\n', ", ");
                return Err(Error::usage(format!("{name}:{place}: {message}")));
            }
        };
        Ok(Self { name: name.to_owned(), folder: folder.to_owned(), root, text })
    }

    /// The value of a key of the file itself.
    pub fn get(&self, name: &str) -> Option<&Item> {
        self.root.iter().find(|(key, _)| key.name == name).map(|(_, item)| item)
    }

    /// An error that names a place of the file.
    pub fn complain(&self, place: Place, what: impl fmt::Display) -> Error {
        Error::usage(format!("{}:{place}: {what}", self.name))
    }

    /// The error of a key that is not known; the nearest of those known is named.
    pub fn unknown<'k>(&self, key: &Key, known: impl IntoIterator<Item = &'k str> + Clone) -> Error {
        let error = self.complain(key.place, format!("there is no key \"{}\" here", key.name));
        match nearest(&key.name, known.clone()) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint(format!("the keys are {}", known.into_iter().collect::<Vec<_>>().join(", "))),
        }
    }

    /// A relative path of this file, from where the program runs.
    pub fn path(&self, written: &str) -> String {
        let is_path =
            written != "-" && !self.folder.as_os_str().is_empty() && !Path::new(written).is_absolute();
        if !is_path {
            return written.to_owned();
        }
        // The name of the folder is no part of a pattern.
        let folder = self.folder.display().to_string();
        let folder = if is_pattern(written, &self.folder.join(written)) {
            glob::Pattern::escape(&folder)
        } else {
            folder
        };
        Path::new(&folder).join(written).display().to_string()
    }
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    begins: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        Self { text, begins: std::iter::once(0).chain(ends.map(|end| end + 1)).collect() }
    }

    fn place(&self, at: usize) -> Place {
        let line = self.begins.partition_point(|begin| *begin <= at);
        let begin = self.begins[line - 1];
        let column = self.text.get(begin..at).map_or(0, |before| before.chars().count()) + 1;
        Place { line, column }
    }

    fn table(&self, table: &DeTable<'_>) -> Vec<(Key, Item)> {
        let entry = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
            let name = key.get_ref().clone().into_owned();
            (Key { name, place: self.place(key.span().start) }, self.item(value))
        };
        let mut entries: Vec<_> = table.iter().map(entry).collect();
        entries.sort_by_key(|(key, _)| key.place);
        entries
    }

    fn item(&self, value: &Spanned<DeValue<'_>>) -> Item {
        let place = self.place(value.span().start);
        let written = || self.text.get(value.span()).unwrap_or_default().to_owned();
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Integer(number) => number_of(number.as_str(), number.radix(), written()),
            DeValue::Float(number) => number_of(number.as_str(), 10, written()),
            DeValue::Boolean(switch) => Value::Switch(*switch),
            DeValue::Datetime(_) => Value::Date(written()),
            DeValue::Array(list) => Value::List(list.iter().map(|item| self.item(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Item { value, place }
    }
}

fn number_of(digits: &str, radix: u32, written: String) -> Value {
    let value = match radix {
        10 => digits.parse().unwrap_or(f64::NAN),
        _ => i64::from_str_radix(digits, radix).map_or(f64::NAN, |value| value as f64),
    };
    Value::Number(value, written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Document> {
        Document::parse("shop.toml", Path::new("shops"), text.to_owned())
    }

    #[test]
    fn every_value_has_its_place() {
        let text =
            "# ä\n[report]\nby = [\"country\", 2]\nci = 9_5.5\n\n[[check]]\nx.y = 2025-03-01\nz = 0x1F\n";
        let document = parse(text).expect("TOML");
        let shown: Vec<String> = document.root.iter().map(|entry| format!("{entry:?}")).collect();
        let place = |line, column| Place { line, column };
        let Some(Item { value: Value::Table(report), .. }) = document.get("report") else {
            panic!("{shown:?}")
        };
        assert_eq!(report[0].0, Key { name: "by".to_owned(), place: place(3, 1) });
        let Value::List(by) = &report[0].1.value else { panic!("{shown:?}") };
        assert_eq!(by[1], Item { value: Value::Number(2.0, "2".to_owned()), place: place(3, 18) });
        assert_eq!(report[1].1.value, Value::Number(95.5, "9_5.5".to_owned()));
        let Some(Item { value: Value::List(checks), .. }) = document.get("check") else {
            panic!("{shown:?}")
        };
        let Value::Table(check) = &checks[0].value else { panic!("{shown:?}") };
        assert_eq!(check[1].1, Item { value: Value::Number(31.0, "0x1F".to_owned()), place: place(8, 5) });
        let Value::Table(x) = &check[0].1.value else { panic!("{shown:?}") };
        assert_eq!(x[0].1, Item { value: Value::Date("2025-03-01".to_owned()), place: place(7, 7) });
    }

    #[test]
    fn what_is_no_toml_has_a_place_too() {
        let error = parse("a = 1\nb = = 2\n").expect_err("no TOML").to_string();
        assert!(error.starts_with("shop.toml:2:5: "), "{error}");
        let error = parse("a = 1\na = 2\n").expect_err("twice").to_string();
        assert!(error.starts_with("shop.toml:2:1: "), "{error}");
    }

    #[test]
    fn paths_start_from_the_file() {
        let document = parse("").expect("TOML");
        assert_eq!(document.path("a.csv"), "shops/a.csv");
        assert_eq!((document.path("-"), document.path("/a.csv")), ("-".to_owned(), "/a.csv".to_owned()));
    }
}
