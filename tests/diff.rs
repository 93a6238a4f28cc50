//! What late refunds and orders do to months that were closed.

use std::fs;
use std::path::Path;

use crate::program::regulars;

/// February as it stood at its end, and a month later: order 3 was refunded by 2 of 7, order 5 came late, and AT with it.
fn kept(folder: &Path) {
    let header = "order_id,customer_id,date,amount,refunded,country\n";
    let old = "1,a,2024-01-01,5.00,,DE\n2,b,2024-01-20,6.00,,DE\n3,a,2024-02-10,7.00,,DE\n4,b,2024-02-29,1.00,,DE\n";
    let late = "5,c,2024-02-20,4.00,,AT\n6,a,2024-03-31,8.00,,DE\n";
    fs::write(folder.join("old-orders.csv"), format!("{header}{old}")).expect("writes");
    let new = old.replace("7.00,,", "7.00,2.00,");
    fs::write(folder.join("new-orders.csv"), format!("{header}{new}{late}")).expect("writes");
    for name in ["old", "new"] {
        let flags = [
            "--active-for",
            "1mo",
            "--by",
            "country",
            "-q",
            "-o",
            &format!("{name}.csv"),
            "-o",
            &format!("{name}.json"),
        ];
        let output = regulars(folder, &[&["report", &format!("{name}-orders.csv")], &flags[..]].concat());
        assert!(output.status.success(), "{output:?}");
    }
}

fn diff(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = regulars(folder, &[&["diff"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn restated_numbers_are_told_with_what_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    kept(folder);
    // By hand. All: revenue 8 → 5 + 1 + 4 = 10, orders and buyers 2 → 3, new and closing with c; repeat rate stays 0 %.
    // CRR and churn of February stay: both of January are still there. Lifetime values are empty, for nobody left.
    let expected = "period,segment,column,old,new,difference\n\
        2024-02,,new,0,1,1\n\
        2024-02,,closing,2,3,1\n\
        2024-02,,buyers,2,3,1\n\
        2024-02,,orders,2,3,1\n\
        2024-02,,revenue,8,10,2\n\
        2024-02,,returning_rate_pct,100,66.66666666666667,-33.33333333333333\n\
        2024-02,,aov,4,3.3333333333333335,-0.6666666666666665\n\
        2024-02,country DE,revenue,8,6,-2\n\
        2024-02,country DE,aov,4,3,-1\n";
    for (old, new) in
        [("old.csv", "new.csv"), ("old.json", "new.json"), ("old.csv", "new.json"), ("old.json", "new.csv")]
    {
        let (code, out, errors) = diff(folder, &[old, new, "--format", "csv"]);
        assert_eq!((code, out.as_str()), (Some(0), expected), "{old} {new}: {errors}");
    }
    let (_, out, _) = diff(folder, &["old.json", "new.json"]);
    assert!(out.starts_with("2024-02\n  new                       0 → 1\n"), "{out}");
    assert!(out.contains("\n2024-02 country DE\n  revenue                   8 → 6 (-25.00 %)\n"), "{out}");
    assert!(out.contains("2024-02 country AT: the segment is new"), "{out}");
    assert!(out.contains("new periods: 2024-03; gone: none"), "{out}");
    let (code, out, _) = diff(folder, &["new.csv", "new.json", "-o", "d.json"]);
    assert!(code == Some(0) && out.is_empty());
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("d.json")).expect("reads")).expect("JSON");
    assert_eq!(json["restated"].as_array().map(Vec::len), Some(0));
}

#[test]
fn unlike_reports_are_not_compared_unless_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    kept(folder);
    let flags = ["--active-for", "2mo", "--by", "country", "-q", "-o", "other.json"];
    let output = regulars(folder, &[&["report", "new-orders.csv"], &flags[..]].concat());
    assert!(output.status.success(), "{output:?}");
    let (code, _, errors) = diff(folder, &["old.json", "other.json"]);
    assert!(
        code == Some(2) && errors.contains("active_for: \"1mo\" in old.json, \"2mo\" in other.json"),
        "{errors}"
    );
    assert_eq!(diff(folder, &["old.json", "other.json", "--unlike"]).0, Some(0));
    let flags = ["--active-for", "1mo", "--metrics", "crr", "-q", "-o", "few.csv"];
    assert!(regulars(folder, &[&["report", "new-orders.csv"], &flags[..]].concat()).status.success());
    let (code, _, errors) = diff(folder, &["old.csv", "few.csv"]);
    assert!(code == Some(2) && errors.contains("country is in old.csv only"), "{errors}");
    for (arguments, code, expected) in [
        (&["old.csv", "none.csv"][..], 3, "none.csv"),
        (&["old.csv", "old-orders.csv"], 3, "old-orders.csv: it is no report of regulars"),
        (&["old.csv", "new.csv", "-o", "new.csv"], 2, "new.csv is read by this run already"),
    ] {
        let (got, _, errors) = diff(folder, arguments);
        assert!(got == Some(code) && errors.contains(expected), "{arguments:?}: {errors}");
    }
}

/// An interval that moved with its number says nothing more; periods of another length are nothing to compare with.
#[test]
fn a_table_tells_each_move_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let orders = |late: &str| {
        format!(
            "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n2,b,2024-01-20,6.00\n3,a,2024-02-10,7.00\n4,a,2024-03-31,10.00\n{late}"
        )
    };
    for (name, late) in [("old", ""), ("new", "5,b,2024-02-29,10.005\n")] {
        fs::write(folder.join("o.csv"), orders(late)).expect("writes");
        for (period, flags) in [("m", &["--ci", "95"][..]), ("q", &["--period", "quarter"])] {
            let output = format!("{name}-{period}.csv");
            let fixed = [
                "report",
                "o.csv",
                "--active-for",
                "1mo",
                "-q",
                "--no-manifest",
                "--include-incomplete",
                "-o",
                &output,
            ];
            let run = regulars(folder, &[&fixed[..], flags].concat());
            assert!(folder.join(&output).exists(), "{run:?}");
        }
    }
    let (code, table, _) = diff(folder, &["old-m.csv", "new-m.csv"]);
    assert!(code == Some(0) && table.contains("churn_pct") && !table.contains("churn_lo"), "{table}");
    let (_, csv, _) = diff(folder, &["old-m.csv", "new-m.csv", "--format", "csv"]);
    assert!(csv.contains(",churn_lo,"), "{csv}");
    let (code, _, errors) = diff(folder, &["old-m.csv", "old-q.csv"]);
    assert!(
        code == Some(2) && errors.contains("periods are months in old-m.csv, quarters in old-q.csv"),
        "{errors}"
    );
}

/// Money of another currency, purchases by other rules: not the same numbers.
#[test]
fn reports_by_other_rules_are_not_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let orders = "order_id,customer_id,date,amount,currency,status\n1,a,2024-01-01,5.00,EUR,paid\n2,b,2024-02-10,7.00,EUR,open\n3,a,2024-03-31,9.00,EUR,paid\n";
    fs::write(folder.join("eur.csv"), orders).expect("writes");
    fs::write(folder.join("usd.csv"), orders.replace("EUR", "USD")).expect("writes");
    fs::write(folder.join("none.csv"), orders.replace("EUR", "").replace(",currency,", ",note,"))
        .expect("writes");
    let keep = |orders: &str, name: &str, flags: &[&str]| {
        let fixed = ["report", orders, "--active-for", "1mo", "-q", "--no-manifest", "-o", name];
        let run = regulars(folder, &[&fixed[..], flags].concat());
        assert!(folder.join(name).exists(), "{run:?}");
    };
    keep("eur.csv", "base.json", &[]);
    for (orders, flags, expected) in [
        ("usd.csv", &[][..], "currency: \"EUR\" in base.json, \"USD\" in other.json"),
        ("eur.csv", &["--min-amount", "6"], "min_amount: \"\" in base.json, \"6\" in other.json"),
        ("eur.csv", &["--exclude-status", "OPEN"], "exclude_status: \"[]\" in base.json"),
        (
            "eur.csv",
            &["--refunds-at", "refund"],
            "refunds_at: \"order\" in base.json, \"refund\" in other.json",
        ),
        // Files that name no currency may be of any.
        ("none.csv", &[], ""),
    ] {
        let _gone = fs::remove_file(folder.join("other.json"));
        keep(orders, "other.json", flags);
        let (code, _, errors) = diff(folder, &["base.json", "other.json"]);
        assert!(
            code == Some(if expected.is_empty() { 0 } else { 2 }) && errors.contains(expected),
            "{flags:?} {errors}"
        );
    }
    // Other formats are no reports to compare.
    keep("eur.csv", "r.jsonl", &[]);
    keep("eur.csv", "r.md", &[]);
    for name in ["r.jsonl", "r.md", "eur.csv"] {
        let (code, _, errors) = diff(folder, &[name, "base.json"]);
        assert!(
            code == Some(3)
                && errors.contains(&format!("{name}: it is no report of regulars in CSV or JSON")),
            "{errors}"
        );
    }
}
