//! What docs/automation offers to paste, run as it stands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(own(path)).expect(path)
}

/// A home with the program where `cargo install` puts it, and a shop in it whose checks hold, or do not.
fn home(holds: bool) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let bin = home.path().join(".cargo/bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_regulars"), bin.join("regulars")).expect("copies");
    // Whose days are those of the sample: the second of January 2026.
    let date = "#!/bin/sh\ncase \"$1\" in +*) exec /bin/date -d 2026-01-02 \"$@\";; *) exec /bin/date \"$@\";; esac\n";
    let clock = home.path().join("clock");
    fs::create_dir(&clock).expect("a folder");
    fs::write(clock.join("date"), date).expect("writes");
    fs::set_permissions(clock.join("date"), fs::Permissions::from_mode(0o755)).expect("sets");
    let shop = home.path().join("shop");
    fs::create_dir(&shop).expect("a folder");
    for file in ["orders.csv", "customers.csv"] {
        fs::copy(own("sample-data").join(file), shop.join(file)).expect("copies");
    }
    let most = if holds { 90 } else { 1 };
    let toml = format!(
        "[input]\norders = ['orders.csv']\ncustomers = 'customers.csv'\n[[check]]\nmetric = 'churn'\nmax = {most}\n"
    );
    fs::write(shop.join("regulars.toml"), toml).expect("writes");
    home
}

/// Runs a script as a CI server or cron does: few variables, the program where it was installed.
fn run(script: &str, shell: &[&str], home: &Path, folder: &Path, path: &str) -> Output {
    Command::new(shell[0])
        .args(&shell[1..])
        .arg(script)
        .current_dir(folder)
        .env_clear()
        .env("HOME", home)
        .env("PATH", format!("{}:{path}", home.join("clock").display()))
        .env("SOURCE", "nowhere")
        .env("GITHUB_STEP_SUMMARY", home.join("summary.md"))
        .output()
        .expect("a shell")
}

fn read_yaml(path: &str) -> Value {
    serde_saphyr::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[test]
fn the_github_workflow_runs() {
    for holds in [true, false] {
        let home = home(holds);
        let (home, shop) = (home.path(), home.path().join("shop"));
        let path = format!("{}:{PATH}", home.join(".cargo/bin").display());
        let workflow = read_yaml("docs/automation/github.yml");
        let steps = workflow["jobs"]["retention"]["steps"].as_array().expect("steps");
        let (mut failed, mut ran, mut told) = (false, 0, String::new());
        for step in steps {
            let Some(script) = step["run"].as_str() else {
                let uses = step["uses"].as_str().expect("a step runs or uses something");
                assert!(["actions/checkout@v4", "actions/upload-artifact@v4"].contains(&uses), "{uses}");
                if let Some(path) = step["with"]["path"].as_str() {
                    assert!(shop.join(path).is_dir(), "{path}");
                }
                continue;
            };
            let always = step["if"].as_str() == Some("always()");
            assert!(always || step["if"].is_null());
            if failed && !always {
                continue;
            }
            // As the runner calls it where no shell is named.
            let output = run(script, &["bash", "-e", "-c"], home, &shop, &path);
            told += &String::from_utf8_lossy(&output.stdout);
            failed |= !output.status.success();
            assert!(output.status.success() || step["name"] == "Check", "{script}: {output:?}");
            ran += 1;
        }
        assert_eq!((failed, ran), (!holds, 4));
        assert_eq!(told.contains("::error file=regulars.toml,line=6"), !holds, "{told}");
        let summary = fs::read_to_string(home.join("summary.md")).expect("a summary");
        assert!(summary.contains("| Period") && summary.contains("### regulars: 1 check: "), "{summary}");
        assert_eq!(summary.contains("**broken**"), !holds, "{summary}");
        for file in ["2025-12.csv", "2025-12.csv.manifest.json", "latest.md", "verdicts.xml", "verdicts.md"] {
            assert!(shop.join("reports").join(file).is_file(), "{file}");
        }
    }
}

#[test]
fn the_gitlab_job_runs() {
    for holds in [true, false] {
        let home = home(holds);
        let (home, shop) = (home.path(), home.path().join("shop"));
        let path = format!("{}:{PATH}", home.join(".cargo/bin").display());
        let job = &read_yaml("docs/automation/gitlab.yml")["retention"];
        let lines: Vec<&str> = job["script"]
            .as_array()
            .expect("a script")
            .iter()
            .map(|line| line.as_str().expect("a line"))
            .collect();
        let output = run(&lines.join("\n"), &["sh", "-e", "-c"], home, &shop, &path);
        assert_eq!(output.status.code(), Some(i32::from(!holds)), "{output:?}");
        let junit = job["artifacts"]["reports"]["junit"].as_str().expect("a file");
        let junit = fs::read_to_string(shop.join(junit)).expect("reads");
        let report = quick_junit::Report::deserialize_from_str(&junit).expect("JUnit");
        assert_eq!((report.tests, report.failures), (1, usize::from(!holds)));
        assert!(shop.join("reports/2025-12.csv").is_file());
    }
}

/// The command of a line, as crontab(5) reads it: behind five fields, up to a `%` without a backslash.
fn command_of(line: &str) -> String {
    let mut rest = line;
    for _ in 0..5 {
        let (field, behind) = rest.trim_start().split_once(' ').expect("a field");
        assert!(field.chars().all(|c| c.is_ascii_digit() || "*,-/".contains(c)), "{field}");
        rest = behind;
    }
    let mut command = String::new();
    let mut characters = rest.trim().chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '%' => break,
            '\\' if characters.peek() == Some(&'%') => command.extend(characters.next()),
            other => command.push(other),
        }
    }
    command
}

#[test]
fn the_line_of_a_crontab_runs() {
    assert_eq!(command_of("1 2 * * 1-5 date +\\%F % in"), "date +%F ");
    let crontab = text("docs/automation/crontab");
    let lines: Vec<&str> = crontab.lines().filter(|line| !line.starts_with('#')).collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    for holds in [true, false] {
        let home = home(holds);
        let home = home.path();
        // What cron sets.
        let output = run(&command_of(line), &["/bin/sh", "-c"], home, home, "/usr/bin:/bin");
        assert_eq!(output.status.code(), Some(i32::from(!holds)), "{output:?}");
        // Mail is sent when there is something to say.
        assert_eq!(output.stdout.is_empty() && output.stderr.is_empty(), holds, "{output:?}");
        assert!(home.join("shop/reports/2025-12.csv").is_file());
    }
}

/// The commands of the unit, one after the other while they succeed; `%h` is the home.
#[test]
fn the_systemd_unit_runs() {
    let unit = text("docs/automation/regulars.service");
    let of = |key: &str| -> Vec<&str> { unit.lines().filter_map(|line| line.strip_prefix(key)).collect() };
    let (before, commands, folder) = (of("ExecStartPre="), of("ExecStart="), of("WorkingDirectory="));
    let commands = [before, commands].concat();
    assert_eq!((commands.len(), folder.len()), (3, 1));
    for holds in [true, false] {
        let home = home(holds);
        let home = home.path();
        let expand = |text: &str| text.replace("%h", &home.display().to_string()).replace("%%", "%");
        let mut codes = Vec::new();
        for command in &commands {
            // The quotes of these commands mean the same to a shell.
            let output = run(
                &expand(command),
                &["/bin/sh", "-c"],
                home,
                Path::new(&expand(folder[0])),
                "/usr/bin:/bin",
            );
            codes.push(output.status.code());
            assert!(output.stderr.is_empty(), "{output:?}");
        }
        assert_eq!(codes, [Some(0), Some(0), Some(i32::from(!holds))]);
        assert!(home.join("shop/reports/2025-12.csv.manifest.json").is_file());
    }
    let units = ["regulars.service", "regulars.timer"].map(|unit| own("docs/automation").join(unit));
    let home = home(true);
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--user"])
        .args(units)
        .env("XDG_RUNTIME_DIR", home.path())
        .output();
    match verified {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            // The program is not installed for the one who runs the tests.
            let others: Vec<&str> =
                errors.lines().filter(|line| !line.contains("is not executable")).collect();
            if others.iter().any(|line| line.contains("Failed to initialize manager")) {
                println!("SKIPPED systemd-analyze verify: {errors}");
            } else {
                assert!(others.is_empty(), "{others:?}");
            }
        }
        Err(error) => println!("SKIPPED systemd-analyze verify: {error}"),
    }
}
