//! The status words of the orders: each is looked at once, not once per row.

use std::collections::BTreeMap;

use super::keys::Keys;
use super::privacy::Privacy;

/// What is known of a status word as a file writes it.
#[derive(Debug, Clone)]
pub(super) struct Status {
    /// In lower case, without what one system puts before it.
    pub(super) word: String,
    /// Rows that bear it.
    rows: u64,
    /// Whether the first of them was excluded for it.
    excluded: bool,
}

/// The words seen so far, by number.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    written: Keys,
    known: Vec<Status>,
    last: u32,
}

impl Statuses {
    /// The number of a word.
    pub(super) fn number(&mut self, written: &str) -> u32 {
        if !self.known.is_empty() && self.written.text(self.last) == written.as_bytes() {
            return self.last;
        }
        self.last = self.written.number(written.as_bytes());
        if self.last as usize == self.known.len() {
            let lower = written.to_lowercase();
            // WooCommerce's own name of a status.
            let word = lower.strip_prefix("wc-").unwrap_or(&lower).to_owned();
            self.known.push(Status { word, rows: 0, excluded: false });
        }
        self.last
    }

    /// The word with this number.
    pub(super) fn word(&self, number: u32) -> &str {
        &self.known[number as usize].word
    }

    /// Counts a row.
    pub(super) fn count(&mut self, number: u32, excluded: bool) {
        let status = &mut self.known[number as usize];
        if status.rows == 0 {
            status.excluded = excluded;
        }
        status.rows += 1;
    }

    /// Rows by word, and whether it excludes.
    pub(super) fn rows(&self, privacy: Privacy) -> BTreeMap<String, (u64, bool)> {
        let mut rows: BTreeMap<String, (u64, bool)> = BTreeMap::new();
        for status in self.known.iter().filter(|status| status.rows > 0) {
            let (count, _) = rows.entry(privacy.key(&status.word)).or_insert((0, status.excluded));
            *count += status.rows;
        }
        rows
    }
}
