//! Files that must not stay behind when a signal ends the program.

use std::path::PathBuf;
use std::sync::Mutex;
#[cfg(unix)]
use std::sync::OnceLock;

use crate::means::lock;

static FILES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Changes the list of such files, and the files, with no signal between.
pub(super) fn change<T>(change: impl FnOnce(&mut Vec<PathBuf>) -> T) -> T {
    watch();
    change(&mut lock(&FILES))
}

/// Waits for signals in a thread of its own, from the first file on.
#[cfg(unix)]
fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    static WATCHED: OnceLock<()> = OnceLock::new();
    WATCHED.get_or_init(|| {
        // Without it, a signal leaves a temporary file behind, which the next run removes.
        let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
        let wait = move || {
            for signal in signals.forever() {
                let files = lock(&FILES);
                for file in files.iter() {
                    let _gone = std::fs::remove_file(file);
                }
                // Ends the program as the signal does where nobody waits for it.
                let _ended = emulate_default_handler(signal);
            }
        };
        let _thread = std::thread::Builder::new().name("regulars signals".to_owned()).spawn(wait);
    });
}

#[cfg(not(unix))]
fn watch() {}
