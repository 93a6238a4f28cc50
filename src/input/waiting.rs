//! Rows that cannot be read before a later row decides how.

use super::record::Row;
use super::split::Rows;
use crate::error::Result;

/// The rows of one file that wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    rows: Vec<(u64, Box<[u8]>)>,
    bytes: usize,
}

impl Waiting {
    pub(super) fn push(&mut self, row: &Row<'_>) {
        self.bytes += row.raw.len();
        self.rows.push((row.line, row.raw.into()));
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether so many wait that no more are kept: the bound on the memory they take.
    pub(super) fn is_full(&self) -> bool {
        const ROWS: usize = 1_000_000;
        const BYTES: usize = 256 << 20;
        self.rows.len() >= ROWS || self.bytes >= BYTES
    }

    /// Hands every row to `read` once more; it says whether the row goes on waiting.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn retry(
        &mut self,
        delimiter: u8,
        mut read: impl FnMut(&Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut fields = Rows::default();
        for (line, raw) in std::mem::take(&mut self.rows) {
            if read(&Row::of(&raw, line, delimiter, &mut fields))? {
                self.rows.push((line, raw));
            }
        }
        Ok(())
    }
}

/// Runs rounds over rows that wait, as long as each leaves fewer of them: a row that is read may decide for
/// others. `round` returns how many wait after it; so does this.
///
/// # Errors
/// Those of `round`.
pub(super) fn settle(mut waiting: usize, mut round: impl FnMut() -> Result<usize>) -> Result<usize> {
    while waiting > 0 {
        let left = round()?;
        if left == waiting {
            break;
        }
        waiting = left;
    }
    Ok(waiting)
}
