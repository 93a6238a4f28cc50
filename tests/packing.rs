//! The same export in every encoding and packing, whole and broken off.

use std::io::Write;

use encoding_rs::WINDOWS_1252;

use crate::program::{regulars, report_csv};

fn text() -> String {
    let mut text = String::from("Bestellnummer;Kundennummer;Bestelldatum;Gesamtbetrag;Größe\r\n");
    for order in 0..3_000 {
        let (day, month) = (order % 28 + 1, order / 28 % 12 + 1);
        text.push_str(&format!(
            "{order};Käufer{:03};{day:02}.{month:02}.2024;{},50;groß\r\n",
            order % 97,
            order % 50
        ));
    }
    text
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("writes")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).expect("writes")
}

fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

const FLAGS: [&str; 4] = ["--active-for", "1mo", "--by", "Größe"];

#[test]
fn every_packing_of_every_encoding_is_the_same_export() {
    let text = text();
    let (first, second) = text.split_at(40_000);
    let folder = tempfile::tempdir().expect("a folder");
    let run = |bytes: &[u8]| {
        // The name says nothing about what is inside.
        std::fs::write(folder.path().join("orders.csv"), bytes).expect("writes");
        report_csv(folder.path(), &[&["orders.csv"][..], &FLAGS].concat())
    };
    let expected = run(text.as_bytes());
    assert!(expected.lines().count() > 20 && expected.contains(",groß,"));
    let cp1252 = WINDOWS_1252.encode(&text).0;
    for bytes in [text.as_bytes(), &cp1252, &utf16(&text), &[b"\xef\xbb\xbf", text.as_bytes()].concat()] {
        for packed in [bytes.to_vec(), gzip(bytes), zstd(bytes)] {
            assert!(run(&packed) == expected);
        }
    }
    for several in [
        [gzip(first.as_bytes()), gzip(second.as_bytes())].concat(),
        [zstd(first.as_bytes()), zstd(second.as_bytes())].concat(),
    ] {
        assert!(run(&several) == expected, "several members are one text");
    }
}

#[test]
fn what_breaks_off_is_an_error_and_no_report() {
    let text = text();
    let folder = tempfile::tempdir().expect("a folder");
    for (packed, name) in [(gzip(text.as_bytes()), "gzip"), (zstd(text.as_bytes()), "zstd")] {
        for kept in [5, 30, packed.len() / 3, packed.len() - 9, packed.len() - 1] {
            std::fs::write(folder.path().join("orders.csv"), &packed[..kept]).expect("writes");
            let output = regulars(folder.path(), &["report", "orders.csv", "--format", "csv"]);
            let errors = String::from_utf8_lossy(&output.stderr);
            let expected = format!(
                "orders.csv: its {name} data breaks off: the file is cut off, or still being written"
            );
            assert!(errors.contains(&expected), "{kept} of {} bytes: {errors}", packed.len());
            assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
        }
        let mut damaged = packed.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 20].fill(0x55);
        std::fs::write(folder.path().join("orders.csv"), &damaged).expect("writes");
        let output = regulars(folder.path(), &["report", "orders.csv", "--format", "csv"]);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]), "damaged");
    }
}

/// A pipe can be read once, so nothing may look into it before it is read: not even to see what it is.
#[cfg(unix)]
#[test]
fn a_pipe_named_as_a_file_is_read_whole() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().expect("a folder");
    // Longer than what is read at once.
    let mut text = text();
    for order in 3_000..60_000 {
        text.push_str(&format!("{order};K;29.12.2024;1,50;klein\r\n"));
    }
    std::fs::write(folder.path().join("orders.csv"), &text).expect("writes");
    let expected = report_csv(folder.path(), &[&["orders.csv"][..], &FLAGS].concat());
    let mut child = Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args([&["report", "/dev/stdin", "--format", "csv"][..], &FLAGS].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("writes");
    let output = child.wait_with_output().expect("ends");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        expected,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
