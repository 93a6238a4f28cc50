//! The bar of a long run.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::message::is_for_programs;
use crate::input::source::Source;
use crate::means::Progress;

/// A run that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// How far reading has come: bytes, rows and the time left, on standard error.
pub(super) struct Bar {
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    begun: Instant,
    is_shown: bool,
    rows: u64,
}

impl Bar {
    /// A bar for these files; `None` where nobody would see it.
    pub(super) fn new<'s>(sources: impl Iterator<Item = &'s Source>, quiet: bool) -> Option<Self> {
        if quiet || is_for_programs() || !std::io::stderr().is_terminal() {
            return None;
        }
        // Standard input and pipes do not say how long they are.
        let total: Option<u64> = sources.map(Source::size).sum();
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let template = match total {
            Some(_) => "{bar:24} {percent:>3} %  {bytes} of {total_bytes}, {msg} rows, {eta} left",
            None => "{bytes}, {msg} rows, {elapsed}",
        };
        // The template is a constant; with one that cannot be read the bar would be a plain one.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Some(Self { bar, state: Mutex::new(State { begun: Instant::now(), is_shown: false, rows: 0 }) })
    }
}

impl Progress for Bar {
    fn advance(&self, bytes: u64, rows: u64) {
        self.bar.inc(bytes);
        let Ok(mut state) = self.state.lock() else { return };
        state.rows += rows;
        self.bar.set_message(HumanCount(state.rows).to_string());
        if !state.is_shown && state.begun.elapsed() > PATIENCE {
            state.is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    fn begin_again(&self) {
        self.bar.set_position(0);
        if let Ok(mut state) = self.state.lock() {
            state.rows = 0;
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
