//! The manifest beside a report or verdicts.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use regulars::input::digest::Digest;
use serde_json::Value;

#[cfg(unix)]
use crate::program::pipe;
use crate::program::regulars;

/// Five orders of three customers in two countries, January to March.
pub const ORDERS: &str = "order_id,customer_id,date,amount,country\n\
    1,a,2024-01-05,10.00,DE\n2,b,2024-01-20,20.00,AT\n3,a,2024-02-03,5.00,DE\n4,c,2024-03-09,7.50,DE\n\
    5,b,2024-03-31,1.00,AT\n";

/// Writes a file.
pub fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("writes");
}

/// All that a run said.
pub fn text_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a report, which must succeed.
pub fn report(folder: &Path, flags: &[&str]) {
    let fixed = ["report", "orders.csv", "--active-for", "1mo", "-q"];
    let output = regulars(folder, &[&fixed, flags].concat());
    assert!(output.status.success(), "{}", text_of(&output));
}

/// A manifest, read.
pub fn manifest(folder: &Path, name: &str) -> Value {
    let bytes = fs::read(folder.join(name)).expect("reads");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Runs `verify`, which must end with this code.
pub fn verify(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = regulars(folder, &[&["verify", "--width", "999"], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{}", text_of(&output));
    text_of(&output)
}

/// JSON without blanks, keys in order: a second implementation.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let each = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", each.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[test]
fn every_output_has_a_manifest_that_verifies_from_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let orders: String = ORDERS
        .lines()
        .map(|line| line.to_owned() + if line.starts_with('o') { ",currency\n" } else { ",EUR\n" })
        .collect();
    write(folder, "orders.csv", &orders);
    write(folder, "rates.csv", "currency,rate\nEUR,1\n");
    fs::create_dir(folder.join("reports")).expect("a folder");
    let outputs = ["reports/{period}.csv", "r.json", "r.jsonl", "r.md", "r.txt"];
    let flags: Vec<&str> = outputs.iter().flat_map(|output| ["-o", output]).collect();
    let all = [&flags[..], &["--by", "country", "--ci", "90", "--currency", "EUR", "--rates", "rates.csv"]]
        .concat();
    report(folder, &all);
    let names: Vec<String> = ["reports/2024-03.csv", "r.json", "r.jsonl", "r.md", "r.txt"]
        .map(|name| format!("{name}.manifest.json"))
        .into();
    let before: Vec<Vec<u8>> = names.iter().map(|name| fs::read(folder.join(name)).expect("reads")).collect();

    let first = manifest(folder, &names[0]);
    let record = &first["record"];
    assert_eq!(first["sha256"], Digest::of(canonical(record).as_bytes()).sha256);
    assert_eq!((&record["folder"], &record["output"]["file"]), (&"..".into(), &"2024-03.csv".into()));
    let kept = fs::read(folder.join("reports/2024-03.csv")).expect("reads");
    assert_eq!(record["output"]["sha256"], Digest::of(&kept).sha256);
    let inputs = record["inputs"].as_array().expect("a list");
    let seen: Vec<_> = inputs.iter().map(|input| (&input["role"], &input["file"], &input["rows"])).collect();
    let expected = [("orders", "orders.csv", Value::from(5)), ("rates", "rates.csv", Value::Null)];
    for ((role, file, rows), seen) in expected.iter().zip(&seen) {
        assert_eq!((&Value::from(*role), &Value::from(*file), rows), *seen);
    }
    assert_eq!(seen.len(), 2);
    assert_eq!(inputs[0]["sha256"], Digest::of(orders.as_bytes()).sha256);
    assert_eq!(record["coverage"]["last_day"], "2024-03-31");
    assert_eq!(record["configuration"]["by"], serde_json::json!(["country"]));

    // Another second, another number of threads: the same bytes.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    report(folder, &[&all[..], &["--threads", "1"]].concat());
    for (name, before) in names.iter().zip(&before) {
        assert_eq!(fs::read(folder.join(name)).expect("reads"), *before, "{name}");
    }
    // What a configuration file says by now is no matter, nor where it is verified.
    write(folder, "regulars.toml", "[report]\nperiod = 'year'\n");
    let told = verify(folder, &[&names[0], "r.*.manifest.json"], 0);
    assert_eq!(told.matches("made again: the same bytes").count(), 5, "{told}");
    assert_eq!(
        verify(&folder.join("reports"), &["2024-03.csv.manifest.json", "../r.md.manifest.json", "-q"], 0),
        ""
    );
    let names_after: Vec<String> = fs::read_dir(folder)
        .expect("lists")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(names_after.is_empty(), "{names_after:?}");
}

/// Profiles of a configuration file decide how exports are read.
#[test]
fn a_configuration_with_profiles_is_an_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", "No,Who,When,Sum\n1,a,2024-01-05,10.00\n2,a,2024-03-31,20.00\n");
    let profile = "[profiles.own]\ntitle = 'Own'\nholds = 'orders'\nfingerprint = ['No', 'Who', 'When', 'Sum']\n\
                   [profiles.own.columns]\norder_id = ['No']\ncustomer_id = ['Who']\nordered_at = ['When']\namount = ['Sum']\n";
    write(folder, "regulars.toml", profile);
    report(folder, &["-o", "r.csv"]);
    let made = manifest(folder, "r.csv.manifest.json");
    assert_eq!(made["record"]["inputs"][1]["file"], "regulars.toml", "{made}");
    verify(folder, &["r.csv.manifest.json"], 0);
    write(folder, "regulars.toml", &(profile.to_owned() + "# changed\n"));
    assert!(verify(folder, &["r.csv.manifest.json"], 1).contains("DIFFERS  config regulars.toml"));
}

fn with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), input.as_bytes()).expect("writes");
    child.wait_with_output().expect("it ends")
}

#[test]
fn standard_input_is_known_by_its_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let flags = ["report", "-", "--active-for", "1mo", "-q", "-o", "r.csv"];
    assert!(with_input(folder, &flags, ORDERS).status.success());
    let made = manifest(folder, "r.csv.manifest.json");
    let input = &made["record"]["inputs"][0];
    assert_eq!(
        (&input["file"], &input["sha256"], &input["rows"]),
        (&"-".into(), &Digest::of(ORDERS.as_bytes()).sha256.into(), &5.into())
    );
    let again = with_input(folder, &["verify", "r.csv.manifest.json"], ORDERS);
    assert!(again.status.success(), "{}", text_of(&again));
    let other = with_input(folder, &["verify", "r.csv.manifest.json"], &ORDERS.replace("5.00", "6.00"));
    assert_eq!(other.status.code(), Some(1), "{}", text_of(&other));
    assert!(text_of(&other).contains("DIFFERS  orders -"), "{}", text_of(&other));
}

/// A pipe has no file beside it, and `--no-manifest` is obeyed.
#[test]
fn no_manifest_where_none_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", ORDERS);
    report(folder, &["-o", "r.csv", "--no-manifest"]);
    assert!(!folder.join("r.csv.manifest.json").exists());
    #[cfg(unix)]
    {
        report(folder, &["-o", "/dev/stdout", "--format", "csv"]);
        assert!(!Path::new("/dev/stdout.manifest.json").exists());
        // A pipe is read once, and known by its bytes.
        let pipe = pipe(folder, "pipe.csv");
        let writer = std::thread::spawn(move || fs::write(pipe, ORDERS));
        let output = regulars(folder, &["report", "pipe.csv", "--active-for", "1mo", "-q", "-o", "r.csv"]);
        writer.join().expect("no panic").expect("writes");
        assert!(output.status.success(), "{}", text_of(&output));
        let made = manifest(folder, "r.csv.manifest.json");
        assert_eq!(made["record"]["inputs"][0]["sha256"], Digest::of(ORDERS.as_bytes()).sha256);
    }
}

/// Verdicts have manifests, too: the configuration and the baselines are among what they are made of.
#[test]
fn verdicts_can_be_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", ORDERS);
    report(folder, &["-o", "kept.json"]);
    let checks = "[input]\norders = ['orders.csv']\n[report]\nactive_for = '1mo'\n[[check]]\nmetric = 'churn'\nmax = 1\nevidence = 'interval'\n\
                  [[check]]\nmetric = 'orders'\nmax_drop = 0\nbaseline = 'kept.json'\n";
    write(folder, "k.toml", checks);
    let files = ["v.xml", "v.json", "v.md", "v.tap", "v.txt"];
    let outputs: Vec<&str> = files.iter().flat_map(|file| ["-o", file]).collect();
    let output = regulars(folder, &[&["check", "--config", "k.toml", "--strict"], &outputs[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text_of(&output));
    let made = manifest(folder, "v.xml.manifest.json");
    let inputs = made["record"]["inputs"].as_array().expect("inputs");
    let roles: Vec<&str> = inputs.iter().map(|input| input["role"].as_str().expect("a role")).collect();
    assert_eq!(roles, ["orders", "config", "baseline"]);
    assert_eq!(made["record"]["configuration"]["strict"], true);
    let told = verify(folder, &["v.*.manifest.json"], 0);
    assert_eq!(told.matches("made again: the same bytes").count(), 5, "{told}");
    // Another threshold, another baseline.
    write(folder, "k.toml", &checks.replace("max = 1", "max = 2"));
    assert!(verify(folder, &["v.tap.manifest.json"], 1).contains("DIFFERS  config k.toml"));
    write(folder, "k.toml", checks);
    let kept = fs::read_to_string(folder.join("kept.json")).expect("reads");
    write(folder, "kept.json", &kept.replace("\"orders\": 2,", "\"orders\": 3,"));
    let told = verify(folder, &["v.json.manifest.json"], 1);
    assert!(told.contains("DIFFERS  baseline kept.json") && told.contains("DIFFERS  made again"), "{told}");
}

/// The digest of a record is what the documentation says: `jq -jcS .record | sha256sum`, and the same in Python.
#[test]
fn others_can_compute_the_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", ORDERS);
    report(
        folder,
        &["-o", "r.csv", "--margin", "0.35", "--discount", "0.1", "--ci", "97.5", "--by", "country"],
    );
    let expected = manifest(folder, "r.csv.manifest.json")["sha256"].as_str().expect("a digest").to_owned();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/automation/README.md"))
        .expect("reads");
    let documented = readme.split('`').find(|text| text.starts_with("jq -jcS")).expect("the command");
    let jq = documented.replace("FILE", "r.csv");
    let python = "import json, hashlib; record = json.load(open('r.csv.manifest.json'))['record']; \
                  text = json.dumps(record, sort_keys=True, separators=(',', ':'), ensure_ascii=False); \
                  print(hashlib.sha256(text.encode()).hexdigest())";
    for (program, arguments) in [("sh", ["-c", &jq]), ("python3", ["-c", python])] {
        match Command::new(program).args(arguments).current_dir(folder).output() {
            Ok(output) if output.status.success() && output.stderr.is_empty() => {
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                assert_eq!(
                    told.split_whitespace().next(),
                    Some(expected.as_str()),
                    "{program} {arguments:?}"
                );
            }
            other => println!("SKIPPED {program} {arguments:?}: {other:?}"),
        }
    }
}

/// A file that changes while it is read is in no manifest.
#[cfg(unix)]
#[test]
fn what_changes_while_it_is_read_makes_no_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let late = pipe(folder, "late.csv");
    // The run waits for the pipe; meanwhile another file takes the place of one that it has opened, of the same size and
    // as old.
    for (flags, changed, other) in [
        (&["report", "late.csv", "orders.csv"][..], "orders.csv", ORDERS.replace("5.00", "6.00")),
        (
            &["report", "late.csv", "--returns", "returns.csv"],
            "returns.csv",
            "order_id,amount\n3,2.00\n".to_owned(),
        ),
    ] {
        write(folder, "orders.csv", ORDERS);
        write(folder, "returns.csv", "order_id,amount\n3,1.00\n");
        let child = Command::new(env!("CARGO_BIN_EXE_regulars"))
            .args(flags)
            .args(["--active-for", "1mo", "-q", "-o", "r.csv"])
            .current_dir(folder)
            .env_clear()
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // Opening blocks until the run has opened the pipe: it has looked at the files named before.
        let mut pipe = fs::File::options().write(true).open(&late).expect("a reader");
        let old = fs::metadata(folder.join(changed)).expect("there").modified().expect("a time");
        write(folder, "new.csv", &other);
        fs::File::options()
            .append(true)
            .open(folder.join("new.csv"))
            .expect("opens")
            .set_modified(old)
            .expect("sets");
        fs::rename(folder.join("new.csv"), folder.join(changed)).expect("renames");
        let late = ORDERS.replace("\n1,", "\n11,").replace("\n2,", "\n12,").replace("\n3,", "\n13,");
        std::io::Write::write_all(
            &mut pipe,
            late.replace("\n4,", "\n14,").replace("\n5,", "\n15,").as_bytes(),
        )
        .expect("writes");
        drop(pipe);
        let output = child.wait_with_output().expect("it ends");
        let told = text_of(&output);
        assert!(
            output.status.code() == Some(3)
                && told.contains(&format!("{changed}: changed while it was read")),
            "{told}"
        );
        assert!(!folder.join("r.csv").exists() && !folder.join("r.csv.manifest.json").exists());
    }
}

/// Rows of a reject file that is given back are rows of the export.
#[test]
fn a_reject_file_that_is_given_back_is_an_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "orders.csv", &ORDERS.replace("7.50", "x"));
    report(folder, &["-o", "r.csv", "--max-rejects", "1", "--rejects", "bad.csv"]);
    let bad = fs::read_to_string(folder.join("bad.csv")).expect("reads");
    write(folder, "bad.csv", &bad.replace(",x,", ",7.50,"));
    report(folder, &["bad.csv", "-o", "r.csv"]);
    let made = manifest(folder, "r.csv.manifest.json");
    let inputs = made["record"]["inputs"].as_array().expect("inputs");
    let told: Vec<_> = inputs.iter().map(|input| (&input["file"], &input["rows"])).collect();
    assert_eq!(told, [(&"orders.csv".into(), &5.into()), (&"bad.csv".into(), &Value::Null)]);
    assert_eq!(made["record"]["rows"]["orders"]["read"], 6);
    verify(folder, &["r.csv.manifest.json"], 0);
}
