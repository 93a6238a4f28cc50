//! `regulars check` on a shop whose numbers are worked out by hand.

use std::fmt::Write as _;
use std::path::Path;

use crate::junit::keeps_to_junit_10;
use crate::program::{regulars, report_csv};

/// Twenty customers buy in January 2024, ten in DE and ten in AT; all of DE and five of AT in February; six of DE in March.
/// With a window of a month: February loses 5 of 20 (25 %; DE 0, AT 5 of 10), March 9 of 15 (60 %; DE 4 of 10, AT 5 of 5).
fn shop(folder: &Path, checks: &str) {
    let mut orders = String::from("order_id,customer_id,date,amount,country\n");
    let mut number = 0;
    let mut buy = |customer: usize, date: &str| {
        number += 1;
        let country = if customer <= 10 { "DE" } else { "AT" };
        let _infallible = writeln!(orders, "{number},c{customer:02},{date},10.00,{country}");
    };
    (1..=20).for_each(|customer| buy(customer, "2024-01-01"));
    (1..=15).for_each(|customer| buy(customer, "2024-02-10"));
    (1..=6).for_each(|customer| buy(customer, "2024-03-31"));
    std::fs::write(folder.join("orders.csv"), orders).expect("writes");
    let settings = "[input]\norders = ['orders.csv']\n[report]\nactive_for = '1mo'\n";
    std::fs::write(folder.join("regulars.toml"), format!("{settings}{checks}")).expect("writes");
}

/// The states of all verdicts in their order, and the exit code.
fn states(folder: &Path, checks: &str, flags: &[&str]) -> (Vec<String>, Option<i32>) {
    shop(folder, checks);
    let output = regulars(folder, &[&["check", "--format", "json"], flags].concat());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{checks}: {}", String::from_utf8_lossy(&output.stderr)));
    let checks = json["checks"].as_array().expect("checks");
    let verdicts = checks.iter().flat_map(|check| check["verdicts"].as_array().expect("verdicts").iter());
    (
        verdicts.map(|verdict| verdict["state"].as_str().expect("a state").to_owned()).collect(),
        output.status.code(),
    )
}

#[test]
fn thresholds_hold_or_break_as_the_numbers_say() {
    let folder = tempfile::tempdir().expect("a folder");
    // Wilson's interval of 9 among 15 is 35.7 to 80.2 %.
    for (check, expected) in [
        ("metric = 'churn'\nmax = 60", "held"),
        ("metric = 'churn'\nmax = 59", "broken"),
        ("metric = 'churn'\nmin = 60", "held"),
        ("metric = 'churn'\nmin = 61", "broken"),
        ("metric = 'churn'\nmin = 70\nmax = 80", "broken held"),
        ("metric = 'churn'\nsegment = { country = 'DE' }\nmax = 40", "held"),
        ("metric = 'churn'\nsegment = { country = '*' }\nmax = 50", "broken held"),
        ("metric = 'churn'\nsegment = { country = '*' }\nlast = 2\nmax = 50", "held held broken held"),
        ("metric = 'churn'\nevidence = 'interval'\nmax = 35.6", "broken"),
        ("metric = 'churn'\nevidence = 'interval'\nmax = 35.8", "undecided"),
        ("metric = 'churn'\nevidence = 'interval'\nmax = 80.1", "undecided"),
        ("metric = 'churn'\nevidence = 'interval'\nmax = 80.3", "held"),
        // 25 % before: 35 points more; of retention, 40 after 75 is 46.7 % less.
        ("metric = 'churn'\nmax_rise = 35", "held"),
        ("metric = 'churn'\nmax_rise = 34.9", "broken"),
        ("metric = 'crr'\nmax_drop = '46%'", "broken"),
        ("metric = 'crr'\nmax_drop = '47%'", "held"),
        ("metric = 'churn'\nmax_drop = 0", "held"),
        ("metric = 'crr'\nmax_rise = '0%'", "held"),
        // Newcombe's interval of 9/15 − 5/20 is 2.0 to 59.4 points.
        ("metric = 'churn'\nevidence = 'interval'\nmax_rise = 1.9", "broken"),
        ("metric = 'churn'\nevidence = 'interval'\nmax_rise = 30", "undecided"),
        ("metric = 'churn'\nevidence = 'interval'\nmax_rise = 60", "held"),
        ("metric = 'orders'\nmin = 6\nmax = 6", "held held"),
        ("metric = 'revenue'\nmax_drop = 90", "held"),
        ("metric = 'revenue'\nmax_drop = 89.99", "broken"),
        ("metric = 'churn'\nperiod = '2024-02'\nmax = 25", "held"),
        ("metric = 'churn'\nsegment = { country = 'AT' }\nmin_customers = 6\nmax = 1", "skipped"),
        ("metric = 'churn'\nsegment = { country = 'AT' }\nmin_customers = 5\nmax = 1", "broken"),
    ] {
        let (got, code) = states(folder.path(), &format!("[[check]]\n{check}\n"), &[]);
        assert_eq!(got.join(" "), expected, "{check}");
        assert_eq!(code, Some(i32::from(expected.contains("broken"))), "{check}");
    }
}

#[test]
fn what_is_not_there_breaks_unless_it_may_be_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    for check in [
        // No history before the first month.
        "metric = 'churn'\nperiod = '2024-01'\nmax = 60",
        "metric = 'opening'\nperiod = '2024-01'\nmax = 60",
        "metric = 'churn'\nperiod = '2024-04'\nmax = 60",
        "metric = 'churn'\nsegment = { country = 'FR' }\nmax = 60",
        "metric = 'churn'\nmax_rise = 5\nagainst = 'last-year'",
        // Nobody of AT is left in March, so the churn after it has no base; a year without loss has no lifespan.
        "metric = 'lifespan'\nsegment = { country = 'DE' }\nperiod = '2024-02'\nmin = 1",
    ] {
        let (got, code) = states(folder.path(), &format!("[[check]]\n{check}\n"), &[]);
        assert_eq!((got.join(" "), code), ("missing".to_owned(), Some(1)), "{check}");
        let (got, code) = states(folder.path(), &format!("[[check]]\n{check}\nallow_missing = true\n"), &[]);
        assert_eq!((got.join(" "), code), ("skipped".to_owned(), Some(0)), "{check}");
    }
    // March is not complete when the data ends before its last day.
    let check = "[[check]]\nmetric = 'churn'\nperiod = '2024-03'\nmax = 60\n";
    assert_eq!(states(folder.path(), check, &["--as-of", "2024-03-30"]).0, ["missing"]);
    // Three complete periods are there, four are not; the first has no history.
    let check = "[[check]]\nmetric = 'churn'\nlast = 4\nmax = 60\n";
    assert_eq!(states(folder.path(), check, &[]).0, ["missing", "missing", "held", "held"]);
}

#[test]
fn a_baseline_is_a_report_that_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    shop(folder.path(), "");
    let csv = report_csv(folder.path(), &["--as-of", "2024-02-29", "--by", "country"]);
    std::fs::write(folder.path().join("kept.csv"), csv).expect("writes");
    for (check, expected) in [
        ("max_rise = 35", "held"),
        ("max_rise = 34", "broken"),
        ("max_rise = 40\nsegment = { country = 'DE' }", "held"),
        ("max_rise = 39\nsegment = { country = 'DE' }", "broken"),
        // The same period, where the baseline has it.
        ("max_rise = 0\nperiod = '2024-02'", "held"),
        ("max_rise = 0\nsegment = { channel = 'web' }", "error"),
    ] {
        let text = format!("[[check]]\nmetric = 'churn'\nbaseline = 'kept.csv'\n{check}\n");
        if expected == "error" {
            shop(folder.path(), &text);
            assert_eq!(regulars(folder.path(), &["check"]).status.code(), Some(2), "{check}");
        } else {
            assert_eq!(states(folder.path(), &text, &[]).0, [expected], "{check}");
        }
    }
    let text = "[[check]]\nmetric = 'churn'\nbaseline = 'none.csv'\nmax_rise = 1\n";
    shop(folder.path(), text);
    let output = regulars(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("none.csv"), "{output:?}");
}

#[test]
fn what_is_undecided_fails_when_strict() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = "[[check]]\nmetric = 'churn'\nevidence = 'interval'\nmax = 60\n";
    assert_eq!(states(folder.path(), check, &[]).1, Some(0));
    assert_eq!(states(folder.path(), check, &["--strict"]).1, Some(1));
}

#[test]
fn a_baseline_of_other_settings_is_refused_and_slips_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    shop(folder, "");
    for (name, flags) in [
        ("same.json", &["--active-for", "1mo"][..]),
        ("wide.json", &["--active-for", "2mo"]),
        ("years.csv", &["--active-for", "1mo", "--period", "year", "--include-incomplete"]),
    ] {
        let output = regulars(folder, &[&["report", "-q", "-o", name], flags].concat());
        assert!(folder.join(name).exists(), "{output:?}");
    }
    for (check, code, expected) in [
        ("baseline = 'same.json'\nmax_rise = 0", 0, ""),
        (
            "baseline = 'wide.json'\nmax_rise = 0",
            2,
            "wide.json: its active_for is \"2mo\", that of the checks \"1mo\"",
        ),
        (
            "baseline = 'years.csv'\nmax_rise = 0",
            2,
            "years.csv: its periods are no months as those of the checks are",
        ),
        (
            "segment = { land = 'DE' }\nmax = 5",
            2,
            "regulars.toml:6:1: segment land: there is no such column in orders.csv",
        ),
        ("max = 0.6", 1, "regulars.toml:7:1: churn is in percent: 0.6 is 0.6 %, not 60 %"),
    ] {
        shop(folder, &format!("[[check]]\nmetric = 'churn'\n{check}\n"));
        let output = regulars(folder, &["check"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(code) && errors.contains(expected), "{check}: {errors}");
    }
    // A metric without intervals cannot be judged by one.
    shop(folder, "[[check]]\nmetric = 'crr_textbook'\nevidence = 'interval'\nmin = 1\n");
    let output = regulars(folder, &["check"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2)
            && errors.contains("regulars.toml:7:12: crr_textbook has no interval"),
        "{errors}"
    );
    // Checks that differ in anything have names of their own.
    let other = ["", "period = '2024-02'\n", "last = 2\n", "min_customers = 3\n", "evidence = 'interval'\n"];
    let one = "[[check]]\nmetric = 'churn'\nmax = 90\n";
    let checks = other.map(|line| format!("{one}{line}")).concat();
    assert_eq!(states(folder, &checks, &[]).0.len(), 6);
}

/// Every format names every check and its state, and says where the threshold stands.
#[test]
fn verdicts_are_told_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let checks = "[[check]]\nname = 'a, b: 100% \"<&\\''\nmetric = 'churn'\nmax = 50\n[[check]]\nmetric = 'crr'\nmin = 30\n";
    let checks = checks.replace("\\'", "");
    shop(folder.path(), &checks);
    let files = ["v.xml", "v.json", "v.md", "v.tap", "v.txt"];
    let outputs: Vec<&str> = files.iter().flat_map(|file| ["-o", file]).collect();
    let output = regulars(folder.path(), &[&["check", "--format", "github"], &outputs[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let github = String::from_utf8(output.stdout).expect("UTF-8");
    let line =
        "::error file=regulars.toml,line=8,title=a%2C b%3A 100%25 \"<& (broken)::churn 2024-03: 60.0 %25";
    assert!(github.starts_with(line), "{github}");
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).expect(file);
    keeps_to_junit_10(&read("v.xml"));
    let report = quick_junit::Report::deserialize_from_str(&read("v.xml")).expect("JUnit");
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 0));
    let cases = &report.test_suites[0].test_cases;
    assert_eq!(cases[0].name.as_str(), "a, b: 100% \"<&");
    let tap = read("v.tap");
    assert!(tap.starts_with("TAP version 14\n1..2\nnot ok 1 - a, b: 100% \"<&\n"), "{tap}");
    assert!(tap.contains("\nok 2 - crr at least 30\n"), "{tap}");
    assert!(
        read("v.md").contains("| **broken** | a, b: 100% \"\\<& | 2024-03 | (all) | 60.0 % |"),
        "{}",
        read("v.md")
    );
    assert!(
        read("v.txt").contains("  BROKEN     churn 2024-03: 60.0 % [35.7, 80.2] (n = 15 opening)"),
        "{}",
        read("v.txt")
    );
    // Quietly, only what is wrong; nothing where nothing is.
    let output = regulars(folder.path(), &["check", "-q"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("BROKEN") && !text.contains("held"), "{text}");
    shop(folder.path(), "[[check]]\nmetric = 'crr'\nmin = 30\n");
    let output = regulars(folder.path(), &["check", "-q"]);
    assert!(output.stdout.is_empty() && output.stderr.is_empty() && output.status.success(), "{output:?}");
}

/// What the data does not cover is no number, not even a small one; what rests on too few customers is none to compare with.
#[test]
fn numbers_that_are_not_known_are_not_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (checks, flags, expected) in [
        // min_customers does not hide that the history is missing.
        ("metric = 'churn'\nperiod = '2024-01'\nmin_customers = 5\nmax = 60", &[][..], "missing"),
        // Who is active at the end of January is known when a month before February is: from 2024-01-01 on.
        ("metric = 'closing'\nperiod = '2024-01'\nmin = 20", &[], "held"),
        ("metric = 'closing'\nperiod = '2024-01'\nmin = 20", &["--active-for", "2mo"], "missing"),
        ("metric = 'closing'\nperiod = '2024-02'\nmin = 20", &["--active-for", "2mo"], "held"),
        // Files that begin in the middle of January do not have all of its orders.
        ("metric = 'orders'\nperiod = '2024-02'\nmax_drop = 0", &["--data-from", "2024-01-01"], "broken"),
        ("metric = 'orders'\nperiod = '2024-02'\nmax_drop = 0", &["--data-from", "2024-01-15"], "missing"),
        ("metric = 'orders'\nperiod = '2024-01'\nmin = 1", &["--data-from", "2024-01-15"], "missing"),
        // Without amounts there is no revenue, not one of 0.
        ("metric = 'revenue'\nmax = 1000", &["--no-amount"], "missing"),
        ("metric = 'orders'\nmax = 6", &["--no-amount"], "held"),
        // AT had 10 at the start of February, 5 at that of March, which is enough; DE 10 and 10.
        (
            "metric = 'churn'\nsegment = { country = '*' }\nmax_rise = 49\nmin_customers = 5",
            &[],
            "broken held",
        ),
        (
            "metric = 'churn'\nsegment = { country = '*' }\nmax_rise = 49\nmin_customers = 6",
            &[],
            "skipped held",
        ),
        // Nobody of AT bought in March: too few now. DE is judged, so the check is not skipped.
        (
            "metric = 'repeat_rate'\nsegment = { country = '*' }\nmin_customers = 1\nmax = 0",
            &[],
            "skipped held",
        ),
        ("metric = 'crr_textbook'\nmax = 134", &[], "held"),
        ("metric = 'churn'\nsegment = { orders.country = 'DE' }\nmax = 40", &[], "held"),
    ] {
        let (got, code) = states(folder, &format!("[[check]]\n{checks}\n"), flags);
        assert_eq!(got.join(" "), expected, "{checks} {flags:?}");
        assert_eq!(
            code,
            Some(i32::from(expected.contains("broken") || expected.contains("missing"))),
            "{checks}"
        );
    }
    // The period before has too few: in January nobody of AT bought twice, in February nobody of DE left.
    let text = "[[check]]\nmetric = 'orders'\nsegment = { country = 'AT' }\nmin_customers = 6\nperiod = '2024-02'\nmax_drop = 0\n";
    assert_eq!(states(folder, text, &[]).0, ["skipped"]);
    let tap = regulars(folder, &["check", "--format", "tap"]);
    assert!(String::from_utf8_lossy(&tap.stdout).contains("# SKIP"), "{tap:?}");
    let text = "[[check]]\nmetric = 'repeat_rate'\nsegment = { country = '*' }\nmin_customers = 1\nmax = 0\n";
    shop(folder, text);
    let tap = regulars(folder, &["check", "--format", "tap"]);
    assert!(
        String::from_utf8_lossy(&tap.stdout)
            .contains("ok 1 - repeat_rate of every country at most 0, of 1 customers or more\n"),
        "{tap:?}"
    );
}

#[test]
fn baselines_are_compared_where_they_mean_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    shop(folder, "");
    let keep = |name: &str, flags: &[&str]| {
        let fixed = ["report", "orders.csv", "--active-for", "1mo", "-q", "--no-manifest", "-o", name];
        let output = regulars(folder, &[&fixed, flags].concat());
        assert!(folder.join(name).exists(), "{output:?}");
    };
    // Half of March: two of its six orders, and none of DE's losses.
    keep("half.csv", &["--as-of", "2024-03-15", "--include-incomplete"]);
    keep("narrow.json", &["--ci", "50"]);
    keep("plain.json", &[]);
    keep("german.csv", &["--csv-dialect", "excel-de"]);
    keep("merged.json", &["--min-customers", "20", "--by", "country"]);
    keep("quarters.csv", &["--period", "quarter", "--include-incomplete"]);
    for (check, flags, code, expected) in [
        (
            "metric = 'orders'\nbaseline = 'half.csv'\nmax_drop = 0",
            &[][..],
            1,
            "2024-03 in half.csv: the period is not complete",
        ),
        (
            "metric = 'orders'\nbaseline = 'half.csv'\nmax_drop = 0\nperiod = '2024-02'",
            &[],
            0,
            "2024-02 in half.csv 15",
        ),
        ("metric = 'churn'\nbaseline = 'half.csv'\nmax_drop = 0\nperiod = '2024-01'", &[], 1, "partial"),
        // Who was active at the end of January is who was at the start of February.
        (
            "metric = 'closing'\nbaseline = 'half.csv'\nmax_drop = 0\nperiod = '2024-01'",
            &[],
            0,
            "2024-01 in half.csv 20",
        ),
        (
            "metric = 'churn'\nbaseline = 'german.csv'\nmax_rise = 0\nperiod = '2024-02'",
            &[],
            0,
            "2024-02 in german.csv 25.0 %",
        ),
        // x − 1.2 y for 60 % after 25 %.
        ("metric = 'churn'\nevidence = 'interval'\nmax_rise = '20%'", &[], 0, "; room -30.0 [-56.1, 5.7]"),
        (
            "metric = 'churn'\nevidence = 'interval'\nmax_rise = '20%'",
            &["--format", "markdown"],
            0,
            "; room -30.0 \\[-56.1, 5.7\\]",
        ),
        (
            "metric = 'churn'\nbaseline = 'narrow.json'\nmax_rise = 0",
            &[],
            2,
            "its confidence_percent is \"50.0\", that of the checks \"95.0\"",
        ),
        ("metric = 'churn'\nbaseline = 'plain.json'\nmax_rise = 0", &[], 0, "held"),
        (
            "metric = 'churn'\nbaseline = 'merged.json'\nmax_rise = 0",
            &[],
            2,
            "its min_customers is \"20\", that of the checks \"0\"",
        ),
        // A fiscal year has other labels for the same quarters.
        (
            "metric = 'orders'\nbaseline = 'quarters.csv'\nmax_drop = 0",
            &["--period", "quarter", "--fiscal-year-start", "4"],
            0,
            "2024-Q1 in quarters.csv 41",
        ),
    ] {
        shop(folder, &format!("[[check]]\n{check}\n"));
        let output = regulars(folder, &[&["check", "--width", "999"], flags].concat());
        let told =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && told.contains(expected), "{check}: {told}");
    }
    // What is read is not written over.
    shop(folder, "[[check]]\nmetric = 'churn'\nbaseline = 'plain.json'\nmax_rise = 0\n");
    for flags in [["-o", "plain.json"], ["-o", "./plain.json"], ["--rejects", "regulars.toml"]] {
        let before = std::fs::read(folder.join(flags[1])).expect("reads");
        let output = regulars(folder, &[&["check"], &flags[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(std::fs::read(folder.join(flags[1])).expect("reads"), before);
    }
}

/// Names that control terminals, that XML cannot have, that mean something to a format.
#[test]
fn no_name_breaks_a_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let odd = "A\u{7}\u{1b}[31m\u{ffff}|<b>&\"'%#\\ é";
    let field = format!("\"{}\"", odd.replace('"', "\"\""));
    let mut orders = String::from("order_id,customer_id,date,amount,land,currency\n");
    for (number, date) in ["2024-01-01", "2024-02-10", "2024-03-31"].iter().enumerate() {
        let _infallible = writeln!(orders, "{number},a,{date},1.00,{field},E|R");
    }
    std::fs::write(folder.join("o.csv"), orders).expect("writes");
    let checks =
        "[[check]]\nname = 'x\\u0007: \\u001b #'\nmetric = 'aov'\nsegment = { land = '*' }\nmax = 0\n"
            .replace('\'', "\"");
    std::fs::write(folder.join("k.toml"), checks).expect("writes");
    let files = ["v.xml", "v.json", "v.md", "v.tap", "v.txt"];
    let outputs: Vec<&str> = files.iter().flat_map(|file| ["-o", file]).collect();
    let flags = ["check", "o.csv", "--config", "k.toml", "--active-for", "1mo", "--format", "github"];
    let output = regulars(folder, &[&flags[..], &outputs].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let github = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        github.lines().count() == 2 && github.starts_with("::error file=k.toml,line=5,title=x %3A   #"),
        "{github}"
    );
    for file in files {
        let text = std::fs::read_to_string(folder.join(file)).expect(file);
        let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{ffff}';
        assert!(file == "v.json" || !text.contains(is_bad), "{file}: {text:?}");
        match file {
            "v.xml" => {
                keeps_to_junit_10(&text);
                let report = quick_junit::Report::deserialize_from_str(&text).expect("JUnit");
                assert_eq!(report.failures, 1);
            }
            "v.json" => {
                let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                let verdict = &json["checks"][0]["verdicts"][0];
                assert_eq!(verdict["segment"]["land"], odd);
                assert_eq!(
                    verdict["threshold"],
                    serde_json::json!({ "key": "max", "value": 0.0, "is_share": false })
                );
            }
            "v.md" => {
                let row = text.lines().find(|line| line.contains("**broken**")).expect("a row");
                let bars = row.matches('|').count() - row.matches("\\|").count();
                assert_eq!(bars, 11, "{row}");
            }
            "v.tap" => assert!(text.contains("not ok 1 - x :   \\#\n"), "{text}"),
            _ => {}
        }
    }
}

#[test]
fn verdicts_say_what_decides() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (check, flags, expected) in [
        // 15 / 9 is 1.667, which is not 1.7; and 35 of 75 is 46.667 %.
        ("metric = 'lifespan'\nmin = 1.69", &[][..], "BROKEN     lifespan 2024-03: 1.67 months"),
        ("metric = 'lifespan'\nmin = 1.6", &[], "held       lifespan 2024-03: 1.7 months"),
        ("metric = 'crr'\nmax_drop = '46.68%'", &[], "held       crr 2024-03: 40.0 %"),
        ("metric = 'crr'\nmax_drop = '46.68%'", &[], "= -46.67 %; asked: at most 46.68 % below"),
        ("metric = 'churn'\nsegment = { country = 'D' }\nmax = 5", &[], "the segments are AT; DE)"),
        ("metric = 'churn'\nperiod = '2023-03'\nmax = 5", &[], "the data has 2024-01 to 2024-03)"),
        (
            "metric = 'clv'\nmax = 5",
            &["--margin", "0.5", "--discount", "0.1"],
            " margin × aov × (orders / closing) × Σ",
        ),
    ] {
        shop(folder, &format!("[[check]]\n{check}\n"));
        let output = regulars(folder, &[&["check", "--width", "999"], flags].concat());
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains(expected), "{check}: {told}");
    }
    shop(folder, "[[check]]\nmetric = 'clv'\nmax = 5\n[[check]]\nmetric = 'churn'\nmax_rise = 0.07\n");
    let output = regulars(folder, &["check", "--margin", "0.5", "--discount", "0.1", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["meaning"]["assumed"].as_array().map(Vec::len), Some(2), "{json}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("is in percent"), "{output:?}");
    // A label that no month has is a slip, not a number that is missing.
    for (label, hint) in
        [("2024-13", "a month is written 2025-03"), ("2024-Q1", "a month is written 2025-03")]
    {
        shop(folder, &format!("[[check]]\nmetric = 'churn'\nmax = 5\nperiod = '{label}'\n"));
        let output = regulars(folder, &["check"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = format!("regulars.toml:8:10: period: there is no month \"{label}\"\n  {hint}");
        assert!(output.status.code() == Some(2) && errors.contains(&expected), "{errors}");
    }
}
