//! `regulars verify`: whether a file is the one that was made, and can be made again.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::manifest::{ORDERS, report, verify, write};
#[cfg(unix)]
use crate::program::pipe;
use crate::program::regulars;

#[test]
fn whatever_is_another_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let begin = || {
        write(folder, "orders.csv", ORDERS);
        report(folder, &["-o", "r.csv"]);
    };
    let all = ["r.csv.manifest.json"];

    begin();
    // A late refund changes a closed month.
    write(folder, "orders.csv", &ORDERS.replace("3,a,2024-02-03,5.00", "3,a,2024-02-03,4.00"));
    let told = verify(folder, &all, 1);
    assert!(told.contains("DIFFERS  orders orders.csv") && told.contains("DIFFERS  made again"), "{told}");
    assert!(told.contains("same     r.csv"), "{told}");
    let moved: Vec<&str> = told.lines().skip_while(|line| *line != "2024-02").collect();
    assert!(moved[1].starts_with("  revenue") && moved[1].contains("5 → 4 (-20.00 %)"), "{told}");
    let json: Value =
        serde_json::from_str(&verify(folder, &["r.csv.manifest.json", "--format", "json"], 1)).expect("JSON");
    assert_eq!(json[0]["changes"]["restated"][0]["column"], "revenue");

    begin();
    write(folder, "orders.csv", &(ORDERS.to_owned() + "6,d,2024-03-31,1.00,AT\n"));
    let told = verify(folder, &all, 1);
    assert!(told.contains("rows: orders.read was 5, is 6; orders.used was 5, is 6"), "{told}");

    begin();
    let kept = fs::read_to_string(folder.join("r.csv")).expect("reads");
    write(folder, "r.csv", &kept.replace("10", "11"));
    let told = verify(folder, &all, 1);
    assert!(told.contains("DIFFERS  r.csv") && told.contains("same     made again"), "{told}");
    fs::remove_file(folder.join("r.csv")).expect("removes");
    assert!(verify(folder, &all, 1).contains("DIFFERS  r.csv: No such file"));

    begin();
    let written = fs::read_to_string(folder.join(all[0])).expect("reads");
    write(folder, all[0], &written.replace("\"last_day\": \"2024-03-31\"", "\"last_day\": \"2024-04-30\""));
    let told = verify(folder, &all, 1);
    assert!(
        told.contains("DIFFERS  manifest")
            && told.contains("coverage: last_day was \"2024-04-30\", is \"2024-03-31\""),
        "{told}"
    );
    let version = env!("CARGO_PKG_VERSION");
    write(folder, all[0], &written.replace(&format!("\"version\": \"{version}\""), "\"version\": \"0.0.9\""));
    let expected = format!("made by version 0.0.9, made again by version {version}");
    assert!(verify(folder, &all, 1).contains(&expected));

    begin();
    fs::remove_file(folder.join("orders.csv")).expect("removes");
    let told = verify(folder, &all, 3);
    assert!(
        told.contains("/orders.csv: No such file") && told.contains("unknown  made again: it cannot be"),
        "{told}"
    );
    // The worst decides.
    write(folder, "r.csv", "");
    verify(folder, &all, 1);

    for (text, expected) in [
        ("{", "it is no manifest"),
        ("{}", "it is no manifest"),
        ("{\"record\":{\"format\":2}}", "a manifest of version 2"),
    ] {
        write(folder, "other.json", text);
        let told = verify(folder, &["other.json"], 3);
        assert!(told.contains(expected), "{told}");
    }
    verify(folder, &["nothing.json"], 3);
    verify(folder, &[], 2);
}

#[test]
fn verify_says_all_there_is_to_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", ORDERS);
    report(folder, &["-o", "r.csv", "-o", "s.csv"]);
    let name = "r.csv.manifest.json";
    // Nothing that is looked at is written over.
    for output in [name, "r.csv", "orders.csv", "./r.csv"] {
        let told = verify(folder, &[name, "-o", output], 2);
        assert!(told.contains("is read by this run already"), "{told}");
    }
    verify(folder, &[name, "-o", "told.txt"], 0);
    assert!(fs::read_to_string(folder.join("told.txt")).expect("reads").contains("as recorded"));
    // What is no manifest hides nothing of others, nor does a folder that is gone; named twice is named once.
    write(folder, "broken.json", "{}");
    let kept = fs::read_to_string(folder.join("r.csv")).expect("reads");
    write(folder, "r.csv", &(kept.clone() + "x"));
    let told = verify(folder, &["broken.json", name, name, "s.csv.manifest.json"], 1);
    assert!(told.contains("unknown  manifest: broken.json: it is no manifest"), "{told}");
    assert_eq!(
        (told.matches("DIFFERS  r.csv").count(), told.matches("\ns.csv.manifest.json: as recorded").count()),
        (1, 1),
        "{told}"
    );
    write(folder, "r.csv", &kept);
    let text = fs::read_to_string(folder.join(name)).expect("reads");
    write(folder, name, &text.replace("\"folder\": \".\"", "\"folder\": \"nowhere\""));
    let told = verify(folder, &[name], 1);
    assert!(
        told.contains("same     r.csv: ") && told.contains("nowhere, where it was made, cannot be entered"),
        "{told}"
    );
    write(folder, name, &text);
    // Quietly, JSON has only what is wrong.
    assert_eq!(verify(folder, &[name, "-q", "--format", "json"], 0), "[]\n");
    // Names may be long, of the report and so of its manifest.
    let long = format!("{}.csv", "x".repeat(200));
    report(folder, &["-o", &long]);
    verify(folder, &[&format!("{long}.manifest.json")], 0);
    // A configuration or a variable that is wrong is nothing to commands that need none.
    write(folder, "regulars.toml", "[reportt]\n");
    let output = Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args(["verify", name])
        .current_dir(folder)
        .env_clear()
        .env("REGULARS_PEROD", "x")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    assert!(regulars(folder, &["schema"]).status.success());
    // Names are no commands to a terminal.
    write(folder, name, &text.replace("\"file\": \"r.csv\"", "\"file\": \"\\u001b[31mr.csv\""));
    assert!(!verify(folder, &[name], 1).contains('\u{1b}'));
}

/// Who reads what it says may go away; the code stays. A pipe that was read is not waited for again.
#[cfg(unix)]
#[test]
fn verify_keeps_its_word_when_nobody_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", ORDERS);
    report(folder, &["-o", "r.csv"]);
    write(folder, "r.csv", "other");
    let script =
        format!("set -o pipefail; '{}' verify r.csv.manifest.json | true", env!("CARGO_BIN_EXE_regulars"));
    for _ in 0..5 {
        let status = Command::new("bash").args(["-c", &script]).current_dir(folder).status().expect("bash");
        assert_eq!(status.code(), Some(1));
    }
    let pipe = pipe(folder, "pipe.csv");
    let feed = |text: String| {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::write(pipe, text))
    };
    let writer = feed(ORDERS.to_owned());
    let flags = ["report", "pipe.csv", "--active-for", "1mo", "-q", "-o", "p.csv"];
    assert!(regulars(folder, &flags).status.success());
    writer.join().expect("no panic").expect("writes");
    let writer = feed(ORDERS.replace("7.50", "x"));
    let told = verify(folder, &["p.csv.manifest.json"], 3);
    writer.join().expect("no panic").expect("writes");
    assert!(told.contains("unknown  orders pipe.csv: it was not read to its end"), "{told}");
}

/// A manifest is of the file that it lies beside, and is read to the letter.
#[test]
fn a_manifest_goes_with_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", ORDERS);
    report(folder, &["-o", "r.csv"]);
    for (from, to) in [("r.csv", "x.csv"), ("r.csv.manifest.json", "x.csv.manifest.json")] {
        fs::copy(folder.join(from), folder.join(to)).expect("copies");
    }
    assert!(verify(folder, &["x.csv.manifest.json"], 0).contains("same     x.csv (written as r.csv): "));
    write(folder, "x.csv", "junk");
    assert!(verify(folder, &["x.csv.manifest.json"], 1).contains("DIFFERS  x.csv (written as r.csv): "));
    let text = fs::read_to_string(folder.join("r.csv.manifest.json")).expect("reads");
    let twice =
        text.replace("\"program\": \"regulars\",", "\"program\": \"other\",\n    \"program\": \"regulars\",");
    assert_ne!(text, twice);
    write(folder, "r.csv.manifest.json", &twice);
    assert!(verify(folder, &["r.csv.manifest.json"], 1).contains("DIFFERS  manifest: "));
    // A pattern that matches nothing keeps nothing else from being looked at.
    let told = verify(folder, &["nothing*.json", "r.csv.manifest.json"], 1);
    assert!(
        told.contains("nothing*.json: no file matches this pattern") && told.contains("same     r.csv"),
        "{told}"
    );
}
