//! `regulars`: the only map from what happened to an exit code.

use std::process::ExitCode;

use regulars::cli::{self, Outcome};

fn main() -> ExitCode {
    match cli::run() {
        Outcome::Done => ExitCode::SUCCESS,
        Outcome::Broken => ExitCode::from(1),
        Outcome::Usage => ExitCode::from(2),
        Outcome::Input => ExitCode::from(3),
        Outcome::Internal => ExitCode::from(4),
    }
}
