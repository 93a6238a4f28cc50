//! What is said of bad files does not depend on how they are read.

use std::io::Write as _;

use crate::program::{number, records, regulars, report_csv};

/// A file that breaks off behind two lines of an order that contradict each other: the contradiction comes first,
/// and so do rejected rows, on however many threads.
#[test]
fn what_is_wrong_first_is_said_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rows = String::from("order_id,customer_id,date,amount\n");
    for row in 0..120_000 {
        let customer = if row == 50_001 { "another" } else { "C" };
        let amount = if row == 40_000 { "1x" } else { "5.00" };
        // Two rows have the same order.
        let order = if row == 50_001 { 50_000 } else { row };
        rows += &format!("{order},{customer},2024-01-{:02},{amount}\n", row / 6_000 + 1);
    }
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(rows.as_bytes()).expect("packs");
    let packed = packer.finish().expect("packs");
    std::fs::write(folder.path().join("cut.csv.gz"), &packed[..packed.len() - 4]).expect("writes");
    let mut said = Vec::new();
    for threads in ["1", "2", "8"] {
        let bad = format!("bad-{threads}.csv");
        let flags = ["--threads", threads, "--max-rejects", "9", "--rejects", &bad];
        let output = regulars(folder.path(), &[&["report", "cut.csv.gz"], &flags[..]].concat());
        let rejected = std::fs::read_to_string(folder.path().join(&bad)).expect("rejected rows");
        assert!(rejected.contains("1x"), "{rejected}");
        said.push((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    assert!(
        said[0].1.contains("cut.csv.gz:50003: the customer differs within order \"50000\""),
        "{}",
        said[0].1
    );
    assert!(said.iter().all(|other| *other == said[0]), "{said:?}");
}

/// A currency that stands beside one amount is not that of the next row, whichever way rows are read.
#[test]
fn a_currency_beside_an_amount_is_of_its_own_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = [
        "A1,C1,2024-01-01,10.00,",
        "A2,C1,2024-01-02,EUR 10.00,",
        "A3,C2,2024-01-03,EUR 10.00,EUR 2.00",
        "A4,C2,2024-01-04,AMOUNT,",
        "A5,C3,2024-02-05,,",
        "A5,C3,2024-02-05,10.00,",
        "A6,C3,2024-03-05,EUR 10.00,",
    ];
    let flags = ["--currency", "EUR", "--active-for", "1mo", "--include-incomplete", "--metrics", "aov"];
    for amount in ["10.00", "10.0"] {
        let text = format!("order_id,customer_id,date,amount,refunded\n{}\n", rows.join("\n"));
        std::fs::write(folder.path().join("orders.csv"), text.replace("AMOUNT", amount)).expect("writes");
        let records = records(&report_csv(folder.path(), &[&["orders.csv"], &flags[..]].concat()));
        let of =
            |name: &str| -> Vec<Option<f64>> { records.iter().map(|record| number(record, name)).collect() };
        // Only what names euros counts: 10 and 10 − 2 in January, 10 in March.
        assert_eq!(of("orders"), [Some(2.0), Some(0.0), Some(1.0)]);
        assert_eq!(of("revenue"), [Some(18.0), Some(0.0), Some(10.0)]);
    }
}

/// A packed file that breaks off behind text beyond ASCII: inspected, it is a finding, not a bug.
#[test]
fn a_file_that_breaks_off_is_a_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: Vec<String> =
        (0..6_000).map(|row| format!("{row},C{row},2024-01-05,5.00,für {row}\n")).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer
        .write_all(format!("order_id,customer_id,date,amount,note\n{}", rows.concat()).as_bytes())
        .expect("packs");
    let packed = packer.finish().expect("packs");
    std::fs::write(folder.path().join("cut.csv.gz"), &packed[..packed.len() - 4]).expect("writes");
    let output = regulars(folder.path(), &["inspect", "cut.csv.gz"]);
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("breaks off"), "{text}");
}
