//! Jobs that nobody watches: names made of periods, locks, old data, and signals half way.

use std::fs;
use std::path::Path;

use crate::program::regulars;

const ORDERS: &str = "order_id,customer_id,date,amount\n\
    1,a,2024-01-01,5.00\n2,b,2024-01-20,6.00\n3,a,2024-02-10,7.00\n4,a,2024-03-05,8.00\n";

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn outputs_are_named_after_the_last_complete_period() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
    let report = ["report", "orders.csv", "--active-for", "1mo", "-q", "-o"];
    let run = |outputs: &[&str]| regulars(folder, &[&report[..], outputs].concat());
    // March is not over.
    let output = run(&["{period}.csv", "-o", "latest.md", "-o", "{period}-again.json"]);
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    let outputs = ["2024-02-again.json", "2024-02.csv", "latest.md"];
    let manifests = outputs.map(|name| format!("{name}.manifest.json"));
    let mut expected = [&outputs.map(str::to_owned)[..], &manifests, &["orders.csv".to_owned()]].concat();
    expected.sort();
    assert_eq!(names(folder), expected);
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let first = ["2024-02.csv", "latest.md", "2024-02-again.json"].map(read);
    assert!(first[0].starts_with(b"period,") && first[1].starts_with(b"#") && first[2].starts_with(b"{"));
    // The same run again changes no byte.
    assert!(run(&["{period}.csv", "-o", "latest.md", "-o", "{period}-again.json"]).status.success());
    assert_eq!(["2024-02.csv", "latest.md", "2024-02-again.json"].map(read), first);
    for (outputs, expected) in [
        (&["a.csv", "-o", "./a.csv"][..], "./a.csv is read or written by this run already"),
        (
            &["a.csv", "-o", "a.csv.manifest.json"],
            "a.csv.manifest.json is read or written by this run already",
        ),
        (&["a.csv", "-o", "a.csv"], "a.csv is read or written by this run already"),
        (&["{period}.csv", "-o", "2024-02.csv"], "2024-02.csv is read or written by this run already"),
        (&["orders.csv"], "orders.csv is read or written by this run already"),
        (&["a.csv", "-o", "b.md", "--format", "csv"], "--format is for one output"),
        (&["{perod}.csv"], "{perod}.csv: only {period} stands for something in a name"),
        (&["a.csv", "-o", "b.xyz"], "b.xyz: the extension does not name a format"),
    ] {
        let output = run(outputs);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && errors.contains(expected), "{outputs:?}: {errors}");
    }
    assert_eq!(names(folder), expected);
}

#[test]
fn old_data_fails_where_fresh_data_is_required() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
    // The last purchase is of 2024-03-05.
    for (as_of, code) in [("2024-03-08", 0), ("2024-03-09", 3)] {
        let flags = [
            "--as-of",
            as_of,
            "--require-fresh",
            "3d",
            "--active-for",
            "1mo",
            "--no-manifest",
            "-o",
            "out.csv",
        ];
        let output = regulars(folder, &[&["report", "orders.csv"], &flags[..]].concat());
        assert_eq!(output.status.code(), Some(code), "{as_of}: {output:?}");
        assert_eq!(folder.join("out.csv").exists(), code == 0);
        if code == 0 {
            fs::remove_file(folder.join("out.csv")).expect("removes");
        } else {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            let expected = "the last purchase is of 2024-03-05, more than 3d before --as-of (2024-03-09)";
            assert!(errors.contains(expected), "{errors}");
        }
    }
    // Without --as-of it is today that counts, and these data are from long ago.
    let output = regulars(folder, &["report", "orders.csv", "--require-fresh", "30d"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(names(folder), ["orders.csv"]);
}

/// A month without orders, in the middle or at the end, is said; and an error where that is asked for.
#[test]
fn what_makes_a_careful_reader_doubt_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // A purchase a day, but none in May.
    let mut orders = String::from("order_id,customer_id,date,amount\n");
    for month in [1, 2, 3, 4, 6, 7] {
        for day in 1..=28 {
            orders.push_str(&format!("{month:02}{day:02},c{},2024-{month:02}-{day:02},5.00\n", day % 9));
        }
    }
    fs::write(folder.join("orders.csv"), orders).expect("writes");
    fs::write(folder.join("k.toml"), "[report]\nactive_for = '1mo'\n[[check]]\nmetric = 'orders'\nmin = 1\n")
        .expect("writes");
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let report = ["report", "orders.csv", "--config", "k.toml", "-o", "r.csv"];
    let output = regulars(folder, &report);
    assert!(output.status.success() && told(&output).contains("2024-05"), "{output:?}");
    assert!(told(&output).contains("regulars: 2024-07 is left out"), "{}", told(&output));
    let check = ["check", "orders.csv", "--config", "k.toml"];
    let output = regulars(folder, &check);
    let expected = "regulars: 2024-07 is not judged: the data ends on 2024-07-28, before it does; if the files are \
                    complete to its end, say --as-of 2024-07-31";
    assert!(output.status.success() && told(&output).contains(expected), "{}", told(&output));
    fs::remove_file(folder.join("r.csv")).expect("removes");
    for command in [&report[..], &check] {
        let output = regulars(folder, &[command, &["-q", "--fail-on-warnings"]].concat());
        assert!(output.status.code() == Some(3) && told(&output).contains("2024-05"), "{output:?}");
    }
    assert!(!folder.join("r.csv").exists());
    // What is refused leaves an earlier reject file alone.
    fs::write(folder.join("bad.csv"), "as it was").expect("writes");
    let text = fs::read_to_string(folder.join("orders.csv")).expect("reads");
    fs::write(folder.join("orders.csv"), text + "9999,c1,2024-07-28,x\n").expect("writes");
    for flag in ["--fail-on-warnings", "--require-fresh=3d"] {
        let rejects = ["--max-rejects", "1", "--rejects", "bad.csv", "-q", flag];
        let output = regulars(folder, &[&report[..], &rejects].concat());
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert_eq!(fs::read(folder.join("bad.csv")).expect("reads"), b"as it was");
    }
}

#[test]
fn two_runs_do_not_write_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
    fs::write(folder.join("out.csv"), "as it was").expect("writes");
    let report = ["report", "orders.csv", "--active-for", "1mo", "-q", "-o", "out.csv"];
    let lock = fs::File::create(folder.join(".regulars-out.csv.lock")).expect("creates");
    lock.lock().expect("locks");
    let output = regulars(folder, &report);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(3) && errors.contains("out.csv: another run is writing it"),
        "{errors}"
    );
    assert_eq!(fs::read(folder.join("out.csv")).expect("reads"), b"as it was");
    // A lock that nobody holds is one that a killed run left.
    drop(lock);
    assert!(regulars(folder, &report).status.success());
    assert_eq!(names(folder), ["orders.csv", "out.csv", "out.csv.manifest.json"]);
    assert!(fs::read(folder.join("out.csv")).expect("reads").starts_with(b"period,"));
}

/// Signals while the input is not read to its end.
#[cfg(unix)]
mod signals {
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, ExitStatus, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    /// Starts a run that waits for more of its input, with its output begun.
    fn begin(folder: &Path, command: &[&str]) -> Child {
        wait_for_output(folder, Command::new(env!("CARGO_BIN_EXE_regulars")).args(command))
    }

    fn wait_for_output(folder: &Path, command: &mut Command) -> Child {
        let mut child = command
            .current_dir(folder)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        child.stdin.as_mut().expect("a pipe").write_all(ORDERS.as_bytes()).expect("writes");
        let begun = |name: &String| {
            // That of the manifest comes last.
            let middle = name.strip_prefix(".regulars-out.").and_then(|rest| rest.strip_suffix(".tmp"));
            middle.is_some_and(|middle| middle.contains(".manifest.json."))
        };
        let start = Instant::now();
        while !names(folder).iter().any(begun) {
            assert!(start.elapsed() < Duration::from_mins(1), "it does not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }

    fn send(signal: &str, mut child: Child) -> ExitStatus {
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
        child.wait().expect("it ends")
    }

    #[test]
    fn what_a_signal_interrupts_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::write(folder.join("out.csv"), "as it was").expect("writes");
        fs::write(folder.join("k.toml"), "[[check]]\nmetric = 'orders'\nmin = 1\n").expect("writes");
        let report = &["report", "-", "-o", "out.csv", "-o", "new.csv", "--rejects", "bad.csv"][..];
        let check = &["check", "-", "--config", "k.toml", "-o", "out.xml"][..];
        for (signal, number) in [("-TERM", 15), ("-INT", 2), ("-HUP", 1)] {
            for command in [report, check] {
                let status = send(signal, begin(folder, command));
                assert_eq!(status.signal(), Some(number), "{command:?}");
                assert_eq!(names(folder), ["k.toml", "out.csv"], "{signal} {command:?}");
            }
        }
        assert_eq!(fs::read(folder.join("out.csv")).expect("reads"), b"as it was");
    }

    /// Nobody can clear away behind SIGKILL; the next run does.
    #[test]
    fn what_is_killed_leaves_the_old_file_and_the_next_run_clears_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::write(folder.join("out.csv"), "as it was").expect("writes");
        fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
        // A file of somebody else with a name like ours.
        fs::write(folder.join(".regulars-out.csv.notes.tmp"), "mine").expect("writes");
        let status = send("-KILL", begin(folder, &["report", "-", "-o", "out.csv"]));
        assert_eq!(status.signal(), Some(9));
        assert_eq!(fs::read(folder.join("out.csv")).expect("reads"), b"as it was");
        // For the report and for its manifest, a temporary file and a lock each.
        assert_eq!(names(folder).len(), 7, "{:?}", names(folder));
        let flags = ["--active-for", "1mo", "-q", "-o", "out.csv"];
        assert!(regulars(folder, &[&["report", "orders.csv"], &flags[..]].concat()).status.success());
        assert_eq!(
            names(folder),
            [".regulars-out.csv.notes.tmp", "orders.csv", "out.csv", "out.csv.manifest.json"]
        );
    }

    /// Who reads a pipe named with `-o` may go away; that is an error, and keeps nothing else from being told.
    #[test]
    fn a_closed_pipe_that_was_named_changes_no_verdict() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
        fs::write(folder.join("k.toml"), "[[check]]\nmetric = 'orders'\nmin = 9\n").expect("writes");
        let run = |command: &str| {
            let script = format!(
                "mkfifo pipe.txt; (exec 3<pipe.txt; exec 3<&-) & '{}' {command}; code=$?; wait; exit $code",
                env!("CARGO_BIN_EXE_regulars")
            );
            Command::new("bash").args(["-c", &script]).current_dir(folder).output().expect("bash")
        };
        let output = run("check orders.csv --config k.toml --active-for 1mo -o pipe.txt -o v.json");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        // The pipe may have been closed before or behind what is written to it.
        assert!(matches!(output.status.code(), Some(1 | 3)), "{output:?}");
        assert!(told.contains("BROKEN"), "{output:?}");
        assert_eq!(folder.join("v.json").exists(), output.status.code() == Some(1));
        let output = run("report orders.csv --active-for 1mo -q -o pipe.txt -o b.csv");
        assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        assert_eq!(folder.join("b.csv").exists(), output.status.success());
        // Standard output may be closed: the verdict stays.
        let command = format!(
            "set -o pipefail; '{}' check orders.csv --config k.toml --active-for 1mo | true",
            env!("CARGO_BIN_EXE_regulars")
        );
        let status = Command::new("bash").args(["-c", &command]).current_dir(folder).status().expect("bash");
        assert_eq!(status.code(), Some(1));
    }

    /// `nohup` and its like ask that a signal be ignored.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_ignored_stays_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let script = format!("trap '' HUP; exec '{}' report - -q -o out.csv", env!("CARGO_BIN_EXE_regulars"));
        let mut child = wait_for_output(folder, Command::new("bash").args(["-c", &script]));
        let sent = |signal: &str, child: &Child| {
            Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill").success()
        };
        assert!(sent("-HUP", &child));
        std::thread::sleep(Duration::from_millis(50));
        assert!(child.try_wait().expect("asks").is_none(), "it ended");
        assert_eq!(send("-TERM", child).signal(), Some(15));
        assert!(names(folder).is_empty(), "{:?}", names(folder));
    }

    /// With names that periods make, nothing would be written again under last month's.
    #[test]
    fn what_a_killed_run_left_of_another_file_is_cleared_away_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        assert_eq!(send("-KILL", begin(folder, &["report", "-", "-o", "out.csv"])).signal(), Some(9));
        assert_eq!(names(folder).len(), 4, "{:?}", names(folder));
        fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
        // One that is still running keeps its own.
        let running = begin(folder, &["report", "-", "-o", "out.json"]);
        let flags = ["report", "orders.csv", "--active-for", "1mo", "-q", "-o", "new.csv"];
        assert!(regulars(folder, &flags).status.success());
        let left: Vec<String> = names(folder).into_iter().filter(|name| name.contains(".tmp")).collect();
        assert_eq!(left.iter().filter(|name| name.contains("out.json")).count(), 2, "{left:?}");
        assert!(!left.iter().any(|name| name.contains("out.csv")), "{left:?}");
        assert_eq!(send("-TERM", running).signal(), Some(15));
        let kept: Vec<String> = names(folder).into_iter().filter(|name| name.contains("regulars")).collect();
        assert!(!kept.iter().any(|name| name.contains(".tmp")), "{kept:?}");
    }

    /// A link whose target is not there yet is followed all the same.
    #[test]
    fn a_link_is_followed_to_where_nothing_is_yet() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
        fs::create_dir(folder.join("kept")).expect("a folder");
        std::os::unix::fs::symlink("kept/march.csv", folder.join("latest.csv")).expect("links");
        for _ in 0..2 {
            let flags = ["report", "orders.csv", "--active-for", "1mo", "-q", "-o", "latest.csv"];
            assert!(regulars(folder, &flags).status.success());
            assert!(folder.join("latest.csv").is_symlink() && folder.join("kept/march.csv").is_file());
        }
    }

    /// Whatever the moment: each file is the old one or the new one, whole.
    #[test]
    fn what_is_killed_at_any_moment_has_no_half_written_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let orders = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/orders.csv");
        let orders = orders.to_str().expect("UTF-8");
        let outputs = ["out.csv", "out.json", "out.jsonl", "out.md", "out.txt"];
        let flags: Vec<&str> = outputs.iter().flat_map(|output| ["-o", output]).collect();
        let command = [&["report", orders, "-q", "--ci", "95"], &flags[..]].concat();
        let manifests = outputs.map(|name| format!("{name}.manifest.json"));
        let all: Vec<&str> = outputs.into_iter().chain(manifests.iter().map(String::as_str)).collect();
        let read = |name: &&str| fs::read(folder.join(name)).expect("reads");
        let start = Instant::now();
        assert!(regulars(folder, &command).status.success());
        let took = start.elapsed();
        let new: Vec<Vec<u8>> = all.iter().map(read).collect();
        let mut replaced = 0;
        for moment in 0..40_u32 {
            for name in &all {
                fs::write(folder.join(name), "as it was").expect("writes");
            }
            let mut child = Command::new(env!("CARGO_BIN_EXE_regulars"))
                .args(&command)
                .current_dir(folder)
                .env_clear()
                .spawn()
                .expect("the program starts");
            std::thread::sleep(took * moment / 35);
            child.kill().expect("kills");
            child.wait().expect("ends");
            for (name, new) in all.iter().zip(&new) {
                let now = read(name);
                assert!(now == *new || now == b"as it was", "{name} at {moment}: {} bytes", now.len());
                replaced += u32::from(now == *new);
            }
        }
        // Some came too late, unless the machine was much slower than before.
        println!("{replaced} of {} files were replaced", 40 * all.len());
    }

    /// A disk that is full: here one of a few pages, where the system lets us have it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let orders = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/orders.csv");
        fs::create_dir(folder.join("disk")).expect("a folder");
        let (program, orders) = (env!("CARGO_BIN_EXE_regulars"), orders.display());
        // What comes after the limit fails to be written, as on a full disk.
        let limited = |command: &str| {
            let script = format!("trap '' XFSZ; ulimit -f 8; exec '{program}' {command}");
            Command::new("bash").args(["-c", &script]).current_dir(folder).output().expect("bash")
        };
        let full = |command: &str| {
            let script = format!(
                "mount -t tmpfs -o size=16k none disk || exit 99; cd disk; printf 'as it was' > out.csv; \
                 printf 'as it was' > bad.csv; '{program}' {command}; code=$?; \
                 ls -A; cat out.csv bad.csv; exit $code"
            );
            let unshare = ["--user", "--map-root-user", "--mount", "bash", "-c", &script];
            Command::new("unshare").args(unshare).current_dir(folder).output()
        };
        let customers = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/customers.csv");
        let customers = customers.display();
        let report = format!("report '{orders}' --customers '{customers}' --by country,channel -q");
        for name in ["out.csv", "out.json", "out.md", "out.txt", "out.jsonl"] {
            fs::write(folder.join(name), "as it was").expect("writes");
            let output = limited(&format!("{report} -o {name}"));
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(3) && errors.contains("cannot be written"), "{errors}");
            assert_eq!(fs::read(folder.join(name)).expect("reads"), b"as it was");
        }
        let left: Vec<String> = names(folder).into_iter().filter(|name| name.contains("regulars")).collect();
        assert!(left.is_empty(), "{left:?}");

        let output = full(&format!("{report} -o out.csv"));
        match output {
            Ok(output) if output.status.code() != Some(99) && output.status.code() != Some(1) => {
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                let errors = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(
                    output.status.code() == Some(3) && errors.contains("No space left"),
                    "{told}{errors}"
                );
                assert_eq!(told, "bad.csv\nout.csv\nas it wasas it was");
            }
            other => println!("SKIPPED a disk of its own: {:?}", other.map(|output| output.stderr)),
        }
        // Several outputs, of which only some have room: all stay as they were.
        let output = full(&format!("{report} -o bad.csv --from 2025-11 --no-manifest -o out.csv"));
        match output {
            Ok(output) if output.status.code() != Some(99) && output.status.code() != Some(1) => {
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                assert_eq!(
                    (output.status.code(), told.as_str()),
                    (Some(3), "bad.csv\nout.csv\nas it wasas it was")
                );
            }
            other => println!("SKIPPED a disk of its own: {:?}", other.map(|output| output.stderr)),
        }
        // Standard output, too.
        let script = format!("exec '{program}' report '{orders}' --format csv > /dev/full");
        let output = Command::new("bash").args(["-c", &script]).output().expect("bash");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && errors.contains("No space left"), "{errors}");
    }

    /// A folder that nobody can write to, not even root.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_that_cannot_be_written_to_shows_before_the_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        fs::write(folder.join("orders.csv"), ORDERS).expect("writes");
        fs::write(folder.join("k.toml"), "[[check]]\nmetric = 'orders'\nmin = 1\n").expect("writes");
        for command in [
            &["report", "orders.csv", "-o", "/proc/out.csv"][..],
            &["report", "orders.csv", "-o", "out.csv", "--rejects", "/proc/bad.csv"],
            &["check", "orders.csv", "--config", "k.toml", "-o", "/proc/out.xml"],
            &["inspect", "orders.csv", "-o", "/proc/out.json"],
            &["report", "orders.csv", "-o", "missing/out.csv"],
            // Whatever the periods will be called.
            &["report", "nowhere.csv", "-o", "missing/{period}.csv"],
        ] {
            let output = regulars(folder, command);
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(3) && errors.contains(": cannot be written: "), "{errors}");
            let is_missing = command.iter().any(|word| word.starts_with("missing/"));
            assert_eq!(errors.contains("there is no such folder; make it first"), is_missing, "{errors}");
            assert!(output.stdout.is_empty(), "{command:?}");
            assert_eq!(names(folder), ["k.toml", "orders.csv"], "{command:?}");
        }
    }
}
