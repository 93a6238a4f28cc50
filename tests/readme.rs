//! The README's table of metrics is the program's own list.

use std::path::Path;

use regulars::metrics::METRICS;

#[test]
fn the_readme_lists_the_metrics() {
    let mut table = String::from("| metric | id | formula | empty when |\n|---|---|---|---|\n");
    for metric in METRICS {
        table.push_str(&format!(
            "| {} | `{}` | {} | {} |\n",
            metric.name,
            metric.id,
            metric.formula,
            metric.when_empty()
        ));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("there is a README");
    let (_, after) = readme.split_once("checked by the tests -->\n").expect("the mark before the table");
    let (found, _) = after.split_once("<!-- end of metrics -->").expect("the mark behind the table");
    assert_eq!(found, table);
}
