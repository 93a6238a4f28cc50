//! What a run may use of the machine: threads and memory. No number depends on it.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// How much is held in memory before it goes to disk, and in what pieces text is read. No number depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of text that a thread is given at once, where there are several.
    pub piece: usize,
    /// Bytes of orders that are not whole, kept in the order of their rows; beyond, they are divided.
    pub undivided: usize,
    /// Bytes of such orders in memory, or of the hashes of all ids.
    pub orders: usize,
    /// Bytes of what customers bought in past periods.
    pub cells: usize,
    /// Customers; where there are more, they are counted a share at a time, if the files can be read again.
    pub customers: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self { piece: 1 << 20, undivided: 8 << 20, orders: 128 << 20, cells: 512 << 20, customers: 32 << 20 }
    }
}

/// Is told how far reading has come.
pub trait Progress: Sync {
    /// So many more bytes of the files, as they are on disk, and so many more rows were read.
    fn advance(&self, bytes: u64, rows: u64);

    /// The orders are read once more, from the beginning.
    fn begin_again(&self);
}

/// Threads and memory.
#[derive(Clone, Copy, Default)]
pub struct Means<'m> {
    /// The threads that read and count; without them, the calling thread does.
    pub pool: Option<&'m ThreadPool>,
    /// The memory.
    pub memory: Memory,
    /// Who is told how far it has come.
    pub progress: Option<&'m dyn Progress>,
}

impl Means<'_> {
    /// Tells how far reading has come.
    pub(crate) fn tell(&self, bytes: u64, rows: usize) {
        if let Some(progress) = self.progress {
            progress.advance(bytes, rows as u64);
        }
    }
}

/// So many threads, by itself as many as there are processors; `None` where one is enough.
///
/// # Errors
/// The system has no threads left.
pub fn threads(given: Option<NonZeroUsize>) -> Result<Option<ThreadPool>> {
    let threads = given.or(std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    if threads == 1 {
        return Ok(None);
    }
    let pool =
        ThreadPoolBuilder::new().num_threads(threads).thread_name(|number| format!("regulars {number}"));
    pool.build().map(Some).map_err(|error| Error::input(format!("threads cannot be started: {error}")))
}

/// A lock that a panic elsewhere left behind is as good as any: that panic ends the program.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
