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
        let heeded = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        let Ok(mut signals) = Signals::new(heeded) else { return };
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

/// Whether whoever started the program wants a signal ignored, as `nohup` does; then it stays so. Known on Linux only.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0);
    ignored & (1 << (signal - 1)) != 0
}

#[cfg(not(unix))]
fn watch() {}
