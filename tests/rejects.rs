//! Rejected rows, set aside, repaired by hand and given back: the numbers are those of a file without mistakes.

use std::path::Path;

use encoding_rs::WINDOWS_1252;

use crate::program::{number, records, regulars, report_csv};

const FLAGS: [&str; 6] = ["--period", "year", "--include-incomplete", "--metrics", "aov", "--map"];
const MAP: &str = "order_id=Nr,customer_id=Käufer,ordered_at=Bestelldatum,amount=Betrag";

fn year(folder: &Path, files: &[&str], more: &[&str]) -> (Option<f64>, Option<f64>) {
    let records = records(&report_csv(folder, &[files, &FLAGS, &[MAP], more].concat()));
    (number(&records[0], "orders"), number(&records[0], "revenue"))
}

/// Two exports in Windows-1252, one with lines before its header, with mistakes in amounts, dates and quoting;
/// one note holds a line break and quotes.
#[test]
fn rejected_rows_can_be_repaired_and_given_back() {
    let january = "Shop-Bericht\r\nNr;Käufer;Bestelldatum;Betrag;Notiz\r\n\
        1;Jörg;03.01.2025;10,50;\r\n\
        2;Jörg;31.02.2025;20,00;\"sagt \"\"ja\"\"\r\nund nein\"\r\n\
        3;Änne;05.01.2025;1x,00;\r\n\
        4;Änne;06.01.2025;5,00;größer\r\n";
    let february = "Nr,Käufer,Bestelldatum,Betrag\n5,Jörg,01.02.2025,\"7,25\"\n6,Jörg,,\"8,00\"\n";
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let bytes = WINDOWS_1252.encode(text).0;
        std::fs::write(folder.path().join(name), bytes).expect("writes");
    };
    write("januar.csv", january);
    write("februar.csv", february);
    let files = ["januar.csv", "februar.csv"];
    let expected_without = (Some(3.0), Some(22.75));
    assert_eq!(
        year(folder.path(), &files, &["--max-rejects", "3", "--rejects", "bad.csv"]),
        expected_without
    );

    let bad = std::fs::read_to_string(folder.path().join("bad.csv")).expect("UTF-8");
    let repaired = bad
        .replace("2;Jörg;31.02.2025", "2;Jörg;28.01.2025")
        .replace("1x,00", "100,00")
        .replace("6,Jörg,,", "6,Jörg,02.02.2025,");
    assert_ne!(bad, repaired);
    std::fs::write(folder.path().join("repaired.csv"), &repaired).expect("writes");
    // 22.75 + 20 + 100 + 8, whichever file comes first; no row is rejected any more.
    let expected = (Some(6.0), Some(150.75));
    let all = ["januar.csv", "februar.csv", "repaired.csv"];
    assert_eq!(year(folder.path(), &all, &[]), expected);
    let all = ["repaired.csv", "februar.csv", "januar.csv"];
    assert_eq!(year(folder.path(), &all, &[]), expected);

    // What is not repaired yet is named by the line of its own file.
    std::fs::write(folder.path().join("half.csv"), repaired.replace("100,00", "1y,00")).expect("writes");
    let output = regulars(folder.path(), &["report", "half.csv", "--map", MAP]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("half.csv (januar.csv):6: column \"Betrag\": \"1y,00\" is not an amount"),
        "{errors}"
    );
    assert_eq!(output.status.code(), Some(3));
}

/// A repaired row is a line of the order it stood in, in the file it stood in: equal lines count each, and orders of
/// several lines are no orders in several files.
#[test]
fn repaired_lines_join_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
    write(
        "a.csv",
        "id,customer_id,date,amount\n1,K,2025-01-31,10.00\n1,K,2025-01-31,1o.00\n2,L,2025-01-31,8.00\n",
    );
    write(
        "b.csv",
        "id,customer_id,date,amount\n1,K,2025-01-31,10.00\n1,K,2025-01-31,10.00\n3,M,2025-02-01,2.00\n",
    );
    let flags = ["--metrics", "aov", "--period", "year", "--include-incomplete", "--order-amount", "sum"];
    let revenue = |files: &[&str], more: &[&str]| {
        number(&records(&report_csv(folder.path(), &[files, &flags, more].concat()))[0], "revenue")
    };
    assert_eq!(revenue(&["a.csv"], &["--max-rejects", "1", "--rejects", "bad.csv"]), Some(18.0));
    let bad = std::fs::read_to_string(folder.path().join("bad.csv")).expect("UTF-8");
    write("bad.csv", &bad.replace("1o.00", "10.00"));
    assert_eq!(revenue(&["a.csv", "bad.csv"], &[]), Some(28.0));
    // The other export has both lines, too.
    assert_eq!(revenue(&["a.csv", "b.csv", "bad.csv"], &[]), Some(30.0));
    for rule in ["first", "last"] {
        assert_eq!(revenue(&["a.csv", "b.csv", "bad.csv"], &["--on-conflict", rule]), Some(30.0));
    }
    // A second round: what was not repaired in the first.
    write("bad.csv", &bad);
    assert_eq!(revenue(&["bad.csv", "a.csv"], &["--max-rejects", "1", "--rejects", "again.csv"]), Some(18.0));
    let again = std::fs::read_to_string(folder.path().join("again.csv")).expect("UTF-8");
    write("again.csv", &again.replace("1o.00", "10.00"));
    for files in [["a.csv", "bad.csv", "again.csv"], ["again.csv", "bad.csv", "a.csv"]] {
        assert_eq!(revenue(&files, &[]), Some(28.0));
    }
    // A line number that is none of the file is no reason to take memory for it.
    write("far.csv", &bad.replace("1o.00", "10.00").replace(",3,", ",300000000000,"));
    assert_eq!(revenue(&["far.csv"], &[]), Some(10.0));
}

/// The reject file of a German export is given back as written, all in quotes, and as Excel saves it: with semicolons
/// and a mark of its encoding. The export is named by another path.
#[test]
fn a_reject_file_may_be_saved_again_by_another_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
    write(
        "w.csv",
        "Kundennummer;Bestelldatum;Betrag;Notiz\na;05.01.2024;10,50;\nb;06.01.2024;x,50;\nc;29.02.2024;5,00;\n",
    );
    let flags = ["--metrics", "aov", "--period", "year", "--include-incomplete"];
    let revenue = |files: &[&str], more: &[&str]| {
        number(&records(&report_csv(folder.path(), &[files, &flags, more].concat()))[0], "revenue")
    };
    assert_eq!(revenue(&["w.csv"], &["--max-rejects", "1", "--rejects", "bad.csv"]), Some(15.5));
    let bad = std::fs::read_to_string(folder.path().join("bad.csv")).expect("UTF-8");
    let rows: Vec<Vec<String>> = csv::Reader::from_reader(bad.replace("x,50", "20,50").as_bytes())
        .into_records()
        .map(|row| row.expect("well-formed").iter().map(str::to_owned).collect())
        .collect();
    let quoted = |delimiter: &str| -> String {
        let header = vec!["file", "line", "reason", "row"].into_iter().map(str::to_owned).collect();
        let lines = std::iter::once(&header).chain(&rows);
        lines
            .map(|row: &Vec<String>| {
                let fields: Vec<String> =
                    row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
                fields.join(delimiter) + "\r\n"
            })
            .collect()
    };
    for repaired in
        [bad.replace("x,50", "20,50"), quoted(","), format!("\u{feff}{}", quoted(";")), quoted("\t")]
    {
        write("good.csv", &repaired);
        assert_eq!(revenue(&["./w.csv", "good.csv"], &[]), Some(36.0), "{repaired}");
    }
}
