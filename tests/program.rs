//! Runs the program as its users do, and reads what it writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs `regulars` with these arguments in a folder.
pub fn regulars(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the program starts")
}

/// Runs `regulars report … --format csv`, which must succeed, and returns the CSV.
pub fn report_csv(folder: &Path, arguments: &[&str]) -> String {
    let mut all = vec!["report"];
    all.extend(arguments);
    all.extend(["--format", "csv"]);
    let output = regulars(folder, &all);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{all:?}\n{errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A row of the CSV by column.
pub type Record = BTreeMap<String, String>;

/// The rows of a CSV.
pub fn records(csv: &str) -> Vec<Record> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.deserialize().map(|record| record.expect("a well-formed CSV")).collect()
}

/// A number of a row; `None` where it is empty.
pub fn number(record: &Record, column: &str) -> Option<f64> {
    let text = record.get(column).unwrap_or_else(|| panic!("no column {column}"));
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: {text}")))
}

/// Makes a pipe that has a name.
#[cfg(unix)]
pub fn pipe(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    path
}
