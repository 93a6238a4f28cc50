//! What is said to the user, on standard error: as text, or as a JSON object per line for those who collect logs.

use std::fmt::Display;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde::Serialize;

/// How grave a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// What was done.
    Info,
    /// What a careful reader should know.
    Warning,
    /// Why the run failed.
    Error,
    /// A bug in this program.
    Internal,
}

impl Level {
    /// What stands before the text.
    fn prefix(self) -> &'static str {
        match self {
            Self::Info => "",
            Self::Warning => "warning: ",
            Self::Error => "error: ",
            Self::Internal => "internal error: ",
        }
    }
}

/// A message for programs.
#[derive(Serialize)]
struct Line<'m> {
    level: Level,
    message: &'m str,
    /// What to do next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    next: Vec<&'m str>,
}

static AS_JSON: AtomicBool = AtomicBool::new(false);

/// From now on messages are JSON, a line each.
pub(super) fn speak_json() {
    AS_JSON.store(true, Relaxed);
}

/// Whether messages are for programs.
pub(super) fn is_for_programs() -> bool {
    AS_JSON.load(Relaxed)
}

/// Says something. When nobody can read it any more, the run goes on all the same.
pub(super) fn say(level: Level, text: impl Display) {
    say_with(level, text, &[]);
}

/// The same, and what to do next.
pub(super) fn say_with(level: Level, text: impl Display, next: &[String]) {
    let text = text.to_string();
    let said = if is_for_programs() {
        // A message is one line; what stands under it is what to do.
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default();
        let next: Vec<&str> = lines.chain(next.iter().map(String::as_str)).collect();
        let line = Line { level, message, next };
        serde_json::to_string(&line).unwrap_or_default() + "\n"
    } else {
        let next = next.iter().fold(String::new(), |text, step| text + "  " + step + "\n");
        format!("regulars: {}{text}\n{next}", level.prefix())
    };
    // At once, so that lines of runs that write to one log do not mix.
    let _unread = std::io::stderr().lock().write_all(said.as_bytes());
}
