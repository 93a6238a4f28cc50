//! What is said to the user, on standard error.

use std::fmt::Display;
use std::io::Write;

/// Writes a line to standard error. When nobody can read it any more, the run goes on all the same.
pub(super) fn say(line: impl Display) {
    let mut out = std::io::stderr().lock();
    let _unread = writeln!(out, "{line}");
}
