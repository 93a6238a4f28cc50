//! Where values come from: defaults, a file, the environment, the command line.

use std::path::Path;
use std::process::{Command, Output};

use crate::program::regulars;

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("writes");
}

fn with_environment(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts")
}

fn line(output: &Output, key: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().filter(|line| line.starts_with(&format!("{key} = ")));
    let line =
        lines.next().unwrap_or_else(|| panic!("{key}: {text} {}", String::from_utf8_lossy(&output.stderr)));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let config = |variables: &[(&str, &str)], flags: &[&str]| {
        with_environment(folder, variables, &[&["config"], flags].concat())
    };
    assert_eq!(line(&config(&[], &[]), "period"), "period = \"month\" # default");
    write(
        folder,
        "regulars.toml",
        "[report]\nperiod = 'quarter'\nby = ['a', ['b', 'c']]\ninclude_incomplete = true\n",
    );
    assert_eq!(line(&config(&[], &[]), "period"), "period = \"quarter\" # regulars.toml:2:1");
    assert_eq!(line(&config(&[], &[]), "by"), "by = [\"a\", \"b,c\"] # regulars.toml:3:1");
    let year = [("REGULARS_PERIOD", "year"), ("REGULARS_INCLUDE_INCOMPLETE", "false")];
    assert_eq!(line(&config(&year, &[]), "period"), "period = \"year\" # REGULARS_PERIOD");
    assert_eq!(
        line(&config(&year, &[]), "include_incomplete"),
        "include_incomplete = false # REGULARS_INCLUDE_INCOMPLETE"
    );
    assert_eq!(line(&config(&year, &["--period", "week"]), "period"), "period = \"week\" # command line");
    assert_eq!(line(&config(&year, &["--by", "d"]), "by"), "by = [\"d\"] # command line");
    // Another file, named by either.
    write(folder, "other.toml", "[report]\nperiod = 'day'\n");
    let other = [("REGULARS_CONFIG", "other.toml")];
    assert_eq!(line(&config(&other, &[]), "period"), "period = \"day\" # other.toml:2:1");
    assert_eq!(
        line(&config(&other, &["--config", "regulars.toml"]), "period"),
        "period = \"quarter\" # regulars.toml:2:1"
    );
}

/// Profiles of the file that the environment names are those of every command.
#[test]
fn the_environment_names_the_file_for_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "o.csv", "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n");
    write(folder, "other.toml", "[[check]]\nmetric = 'orders'\nmin = 1\n[profiles.own]\nnonsense = 1\n");
    for command in ["report", "check", "inspect", "init"] {
        let output = with_environment(folder, &[("REGULARS_CONFIG", "other.toml")], &[command, "o.csv"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains("other.toml:5:1"), "{command}: {errors}");
    }
}

/// What `config` prints is a file that says the same.
#[test]
fn what_config_prints_can_be_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let text = "[input]\norders = ['o 1.csv', 'b\"\\c.csv']\ncustomers = 'c.csv'\nmap = { customer_id = 'Kunde ä' }\nmax_rejects = '0.5%'\n\
                [report]\nci = 95\nactive_for = '6mo'\nmargin = 0.25\nby = ['x']\n[output]\nwide = true\nwidth = 120\n";
    write(folder, "regulars.toml", text);
    let first = String::from_utf8(regulars(folder, &["config"]).stdout).expect("UTF-8");
    write(folder, "regulars.toml", &first);
    let again = String::from_utf8(regulars(folder, &["config"]).stdout).expect("UTF-8");
    let values = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.rsplit_once("  # ").map_or(line, |(value, _)| value.trim_end()).to_owned())
            .collect()
    };
    assert!(first.contains("map = [\"customer_id=Kunde ä\"]") && first.contains("margin = 0.25"), "{first}");
    assert_eq!(values(&first), values(&again));
    assert!(!again.contains("# default"), "{again}");
}

#[test]
fn paths_of_a_file_start_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir_all(folder.join("shop/exports")).expect("a folder");
    write(
        folder,
        "shop/exports/2024.csv",
        "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n2,a,2024-02-29,5.00\n",
    );
    write(
        folder,
        "shop/regulars.toml",
        "[input]\norders = ['exports/*.csv']\n[output]\noutput = 'out.csv'\n[report]\nactive_for = '1mo'\n",
    );
    let output = regulars(folder, &["report", "--config", "shop/regulars.toml"]);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.join("shop/out.csv").exists() && output.stdout.is_empty());
    // A file on the command line is read in place of those of the configuration.
    let output = regulars(folder, &["report", "other.csv", "--config", "shop/regulars.toml"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && errors.contains("other.csv"), "{errors}");
}

#[test]
fn slips_are_errors_that_name_the_place_and_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (text, expected) in [
        (
            "[report]\nperoid = 'month'\n",
            "regulars.toml:2:1: there is no key \"peroid\" here\n  did you mean period?",
        ),
        ("[reports]\n", "regulars.toml:1:2: there is no key \"reports\" here\n  did you mean report?"),
        ("[input]\nperiod = 'month'\n", "regulars.toml:2:1: period belongs to [report]"),
        ("[report]\nperiod = 'mnth'\n", "regulars.toml:2:1: invalid value 'mnth' for '--period <PERIOD>'"),
        ("[report]\nperiod = ['month']\n", "regulars.toml:2:10: period is a text or a number, not a list"),
        (
            "[report]\ninclude_incomplete = 1\n",
            "regulars.toml:2:22: include_incomplete is true or false, not a number",
        ),
        ("report = 1\n", "regulars.toml:1:10: report is a table: write [report]"),
        (
            "[report]\nfrom = '2024-13'\n",
            "--from 2024-13: there is no such day\n  write 2025-03-14, 2025-03 or 2025\n  --from comes from regulars.toml:2:1",
        ),
        (
            "[input]\nlines = 'l.csv'\nno_amount = true\n",
            "the argument '--lines <FILE>' cannot be used with '--no-amount'\n  --lines comes from regulars.toml:2:1; --no-amount comes from regulars.toml:3:1",
        ),
    ] {
        write(folder, "regulars.toml", text);
        let output = regulars(folder, &["report", "o.csv"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}: {errors}");
        let conflict = errors.replace(
            "'--no-amount' cannot be used with '--lines <FILE>'",
            "'--lines <FILE>' cannot be used with '--no-amount'",
        );
        assert!(conflict.starts_with(&format!("regulars: error: {expected}")), "{text}: {errors}");
    }
    write(folder, "regulars.toml", "");
    let output = with_environment(folder, &[("REGULARS_PERIOT", "month")], &["report", "o.csv"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && errors.contains("did you mean REGULARS_PERIOD?"), "{errors}");
}

/// What `init` writes is read as it stands, and so is what it only suggests.
#[test]
fn init_writes_a_file_that_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    for file in ["orders.csv", "customers.csv"] {
        std::fs::copy(sample.join(file), folder.join(file)).expect("copies");
    }
    let output = regulars(folder, &["init", "--timezone", "Europe/Berlin"]);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(folder.join("regulars.toml")).expect("reads");
    for line in ["orders = [\"orders.csv\"]", "customers = \"customers.csv\"", "timezone = \"Europe/Berlin\""]
    {
        assert!(text.lines().any(|written| written == line), "{text}");
    }
    let report = regulars(folder, &["report", "--format", "csv", "-q"]);
    let flags = ["--customers", "customers.csv", "--timezone", "Europe/Berlin", "--format", "csv", "-q"];
    let by_hand =
        regulars(folder, &[&["report", "orders.csv", "--config", "/dev/null"], &flags[..]].concat());
    assert!(report.status.success() && report.stdout == by_hand.stdout, "{report:?}");
    // A second time it is there.
    assert_eq!(regulars(folder, &["init"]).status.code(), Some(2));
    // Every line that is commented out and looks like one of a file is one.
    let is_line = |line: &str| {
        line.starts_with("[[") || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let all: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_line(rest)).unwrap_or(line))
        .collect();
    std::fs::create_dir(folder.join("reports")).expect("a folder");
    write(
        folder,
        "all.toml",
        &all.join("\n")
            .replace("require_fresh = \"3d\"", "require_fresh = \"90y\"")
            .replace("fail_on_warnings = true", "fail_on_warnings = false"),
    );
    let output = regulars(folder, &["check", "--config", "all.toml"]);
    assert!(output.status.code() == Some(0) || output.status.code() == Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 checks: "), "{output:?}");
    let output = regulars(folder, &["report", "--config", "all.toml"]);
    assert!(output.status.success() && folder.join("reports/2025-12.csv").exists(), "{output:?}");
    // Files that cannot be read are no ground for a configuration.
    write(folder, "bad.csv", "a,b\n1,2\n");
    let output = regulars(folder, &["init", "bad.csv", "-o", "bad.toml"]);
    assert!(output.status.code() == Some(3) && !folder.join("bad.toml").exists(), "{output:?}");
}

#[test]
fn edges_of_files_and_command_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let orders = "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n2,a,2024-02-29,5.00\n";
    write(folder, "o.csv", orders);
    // Numbers as TOML writes them.
    write(folder, "regulars.toml", "[report]\nmin_customers = 1_000\nwidth = 1\n");
    let errors = regulars(folder, &["config"]);
    assert!(String::from_utf8_lossy(&errors.stderr).contains("width belongs to [output]"), "{errors:?}");
    write(folder, "regulars.toml", "[report]\nmin_customers = 1_000\n[output]\nwidth = 0x50\n");
    let shown = regulars(folder, &["config"]);
    assert_eq!(line(&shown, "min_customers"), "min_customers = 1000 # regulars.toml:2:1");
    assert_eq!(line(&shown, "width"), "width = 80 # regulars.toml:4:1");
    // A list has its own commas.
    write(folder, "regulars.toml", "[input]\nexclude_status = ['on hold, waiting']\n");
    let output = regulars(folder, &["report", "o.csv"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = "regulars.toml:2:18: exclude_status: \"on hold, waiting\" has a comma";
    assert!(output.status.code() == Some(2) && errors.contains(expected), "{errors}");
    // What a folder is called is no pattern.
    std::fs::create_dir(folder.join("x[1]")).expect("a folder");
    write(folder, "x[1]/o.csv", orders);
    write(folder, "x[1]/r.toml", "[input]\norders = ['*.csv']\n[report]\nactive_for = '1mo'\n");
    let output = regulars(folder, &["report", "--config", "x[1]/r.toml", "-q"]);
    assert!(output.status.success(), "{output:?}");
    // An end of flags, the program's own name, a variable that is empty.
    write(
        folder,
        "regulars.toml",
        "[input]\norders = ['o.csv']\n[report]\nactive_for = '1mo'\nperiod = 'day'\n",
    );
    for arguments in [&["report", "--"][..], &["report", "-q", "--"], &["report"]] {
        let output = with_environment(folder, &[("REGULARS_CONFIG", "")], arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.starts_with("Customer retention per day"), "{output:?}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(env!("CARGO_BIN_EXE_regulars"));
        let output =
            command.arg0("report").arg("report").current_dir(folder).env_clear().output().expect("runs");
        assert!(output.status.success(), "{output:?}");
    }
}

/// What only `check` can say stands in the file, too.
#[test]
fn a_file_says_where_verdicts_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(folder, "o.csv", "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n2,a,2024-02-29,5.00\n");
    let output =
        "[output]\nverdicts = ['v.xml', 'v.md']\nverdict_format = 'tap'\nstrict = true\noutput = 'r.csv'\n";
    let check = "[[check]]\nname = 'enough orders'\nmetric = 'orders'\nmin = 1\n";
    write(folder, "regulars.toml", &format!("[input]\norders = ['o.csv']\n{output}{check}"));
    let told = regulars(folder, &["check"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.status.success() && text.starts_with("TAP version 14\n1..1\nok 1 - enough orders\n"),
        "{told:?}"
    );
    assert!(folder.join("v.xml").exists() && folder.join("v.md").exists() && !folder.join("r.csv").exists());
    let shown = regulars(folder, &["config"]);
    assert_eq!(line(&shown, "verdicts"), "verdicts = [\"v.xml\", \"v.md\"] # regulars.toml:4:1");
    assert_eq!(line(&shown, "strict"), "strict = true # regulars.toml:6:1");
}

/// A pattern stays one beside a customers file, and names are those of the folder of the file.
#[test]
fn init_keeps_patterns_and_names_files_from_where_it_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::create_dir_all(folder.join("ex")).expect("a folder");
    std::fs::create_dir_all(folder.join("shop")).expect("a folder");
    write(folder, "ex/2024-01.csv", "order_id,customer_id,date\n1,a,2024-01-01\n2,b,2024-01-31\n");
    write(folder, "customers.csv", "customer_id,country,first_order\na,DE,2024-01-01\nb,AT,2024-01-31\n");
    write(folder, "lines.csv", "order_id,amount\n1,5.00\n2,6.00\n");
    let run = |output: &str| {
        let flags = ["init", "ex/*.csv", "customers.csv", "--lines", "lines.csv", "-o", output];
        let told = regulars(folder, &flags);
        assert!(told.status.success(), "{told:?}");
        let text = std::fs::read_to_string(folder.join(output)).expect("reads");
        let report =
            regulars(folder, &["report", "--config", output, "--format", "csv", "-q", "--metrics", "aov"]);
        assert!(report.status.success(), "{report:?}");
        text
    };
    let text = run("here.toml");
    for line in ["orders = [\"ex/*.csv\"]", "customers = \"customers.csv\"", "lines = \"lines.csv\""] {
        assert!(text.lines().any(|written| written == line), "{text}");
    }
    assert!(run("shop/there.toml").contains("/ex/*.csv\"]"), "{text}");
    assert!(run("./beside.toml").contains("orders = [\"ex/*.csv\"]"), "{text}");
}

/// Messages for programs: one object a line, whatever goes wrong.
#[test]
fn messages_are_json_where_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    write(
        folder,
        "o.csv",
        "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n2,a,2024-02-29,x\n3,a,2024-02-29,y\n",
    );
    write(
        folder,
        "fine.csv",
        "order_id,customer_id,date,amount\n1,a,2024-01-01,5.00\n2,,2024-02-20,5.00\n3,a,2024-02-29,5.00\n",
    );
    let messages = |variables: &[(&str, &str)], arguments: &[&str]| -> Vec<serde_json::Value> {
        let output = with_environment(folder, variables, arguments);
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{text}"))).collect()
    };
    let bad = messages(&[], &["report", "o.csv", "--log-format", "json"]);
    assert!(bad.iter().all(|line| line["level"] == "error"), "{bad:?}");
    assert!(
        bad[0]["message"].as_str().expect("a text").starts_with("o.csv:3: column \"amount\": \"x\""),
        "{bad:?}"
    );
    assert!(
        bad.last().expect("a line")["next"][0].as_str().expect("a text").contains("--max-rejects"),
        "{bad:?}"
    );
    // A value that clap refuses: a line, and what stands under it.
    let refused = messages(&[], &["report", "fine.csv", "--require-fresh", "0d", "--log-format", "json"]);
    assert!(!refused[0]["message"].as_str().expect("a text").contains('\n'), "{refused:?}");
    // What is no command, or none at all.
    let json = [("REGULARS_LOG_FORMAT", "json")];
    for arguments in [&["bogus"][..], &[], &["report", "o.csv", "--bogus"]] {
        assert_eq!(messages(&json, arguments)[0]["level"], "error", "{arguments:?}");
    }
    assert_eq!(messages(&[], &["report", "o.csv", "--bogus", "--log-format", "json"])[0]["level"], "error");
    write(folder, "regulars.toml", "[output]\nlog_format = 'json'\n[nonsense]\n");
    assert_eq!(messages(&[], &["report", "o.csv"]).len(), 1);
    std::fs::remove_file(folder.join("regulars.toml")).expect("removes");
    // A slip; the environment and the file ask for it, too.
    let slip = messages(&[("REGULARS_LOG_FORMAT", "json")], &["report", "o.csv", "--formt", "csv"]);
    assert_eq!((slip.len(), &slip[0]["level"]), (1, &"error".into()));
    let unknown = messages(&[("REGULARS_LOG_FORMAT", "json"), ("REGULARS_X", "1")], &["report", "o.csv"]);
    assert_eq!(unknown.len(), 1);
    write(folder, "regulars.toml", "[output]\nlog_format = 'json'\n[report]\nfrom = '2024-13'\n");
    let from = messages(&[], &["report", "fine.csv"]);
    assert_eq!(from[0]["next"][1], "--from comes from regulars.toml:4:1", "{from:?}");
    write(folder, "regulars.toml", "[output]\nlog_format = 'json'\n");
    let told = messages(&[], &["report", "fine.csv", "--format", "csv", "--active-for", "1mo"]);
    let levels: Vec<&str> = told.iter().map(|line| line["level"].as_str().expect("a level")).collect();
    assert!(
        levels.contains(&"info") && levels.iter().all(|level| ["info", "warning", "error"].contains(level)),
        "{told:?}"
    );
    // The command line has the last word.
    let output = regulars(folder, &["report", "o.csv", "--log-format", "text"]);
    assert!(output.stderr.starts_with(b"regulars: error: o.csv:3"), "{output:?}");
}
