//! What became of reports, to bytes.

use super::changes::render_changes;
use super::pretty;
use super::table::paragraph;
use super::words::plain;
use crate::commands::verify::{Now, Verification};
use crate::error::Result;

/// For people: a paragraph for each thing that was recorded. `only_wrong`: only what is not as recorded.
pub fn render_verification(verification: &Verification, only_wrong: bool, width: usize) -> Vec<u8> {
    let mut out = String::new();
    if only_wrong && verification.now() == Now::Same {
        return out.into_bytes();
    }
    let all = match verification.now() {
        Now::Same => "as recorded",
        Now::Differs => "NOT as recorded",
        Now::Unknown => "cannot be told",
    };
    out += &format!("{}: {all}\n", plain(&verification.manifest));
    for finding in &verification.findings {
        let label = match finding.now {
            Now::Same if only_wrong => continue,
            Now::Same => "same",
            Now::Differs => "DIFFERS",
            Now::Unknown => "unknown",
        };
        paragraph(
            &mut out,
            &format!("  {label:<7}  "),
            &plain(&format!("{}: {}", finding.what, finding.text)),
            11,
            width,
        );
    }
    if let Some((then, now)) = &verification.versions {
        paragraph(
            &mut out,
            "  note     ",
            &format!("made by version {then}, made again by version {now}"),
            11,
            width,
        );
    }
    if let Some(changes) = &verification.changes {
        out.push('\n');
        out += &String::from_utf8_lossy(&render_changes(changes, width));
    }
    out.into_bytes()
}

/// For programs, with all there is.
///
/// # Errors
/// The library that writes JSON fails: a bug.
pub fn render_verifications_json(verifications: &[&Verification]) -> Result<Vec<u8>> {
    pretty(verifications)
}
