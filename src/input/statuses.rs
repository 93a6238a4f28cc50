//! The status words of the orders: each is looked at once, not once per row.

use std::collections::BTreeMap;

use super::account::Reason;
use super::keys::Keys;
use super::order_options::OrderOptions;
use super::privacy::Privacy;
use super::profiles::Profile;

/// What a status means for its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing.
    Counts,
    /// The row is left out.
    Excludes(Reason),
    /// It is left out where the row has no refunded amount that says it better.
    SaysRefunded,
}

impl Rule {
    fn of(word: &str, options: &OrderOptions, profile: &Profile) -> Self {
        if options.included_status.contains(word) || profile.included_status.contains(word) {
            return Self::Counts;
        }
        if options.excluded_status.contains(word) || profile.excluded_status.contains(word) {
            return Self::Excludes(Reason::Status);
        }
        if profile.refunded_status.contains(word) {
            // Where refunds are rows of their own, the row of the sale stays, marked.
            let stays = !profile.kinds.sales.is_empty();
            return if stays { Self::Counts } else { Self::Excludes(Reason::RefundedInFull) };
        }
        if options.refunded_status.contains(word) { Self::SaysRefunded } else { Self::Counts }
    }
}

/// What is known of a status word as a file writes it.
#[derive(Debug, Clone)]
struct Status {
    /// In lower case, without what one system puts before it.
    word: String,
    rule: Rule,
    /// The profile says that it marks an order that was refunded in full.
    wholly_refunded: bool,
    /// Rows that bear it.
    rows: u64,
    /// Whether the first of them was excluded for it.
    excluded: bool,
}

/// The words seen so far in one file, by number.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    written: Keys,
    known: Vec<Status>,
    last: u32,
}

impl Statuses {
    /// The number of a word.
    pub(super) fn number(&mut self, written: &str, options: &OrderOptions, profile: &Profile) -> u32 {
        if !self.known.is_empty() && self.written.is(self.last, written.as_bytes()) {
            return self.last;
        }
        self.last = self.written.number(written.as_bytes());
        if self.last as usize == self.known.len() {
            let lower = written.to_lowercase();
            // WooCommerce's own name of a status.
            let word = lower.strip_prefix("wc-").unwrap_or(&lower).to_owned();
            let rule = Rule::of(&word, options, profile);
            let wholly_refunded = profile.refunded_status.contains(&word);
            self.known.push(Status { word, rule, wholly_refunded, rows: 0, excluded: false });
        }
        self.last
    }

    /// The number of a word that was seen before.
    pub(super) fn known(&mut self, written: &[u8]) -> Option<u32> {
        if self.known.is_empty() || !self.written.is(self.last, written) {
            self.last = self.written.find(written)?;
        }
        Some(self.last)
    }

    /// What the status with this number means.
    pub(super) fn rule(&self, number: u32) -> Rule {
        self.known[number as usize].rule
    }

    /// Whether the profile says that it marks an order that was refunded in full.
    pub(super) fn is_wholly_refunded(&self, number: u32) -> bool {
        self.known[number as usize].wholly_refunded
    }

    /// Counts a row.
    pub(super) fn count(&mut self, number: u32, excluded: bool) {
        let status = &mut self.known[number as usize];
        if status.rows == 0 {
            status.excluded = excluded;
        }
        status.rows += 1;
    }

    /// Adds the rows that were counted behind those counted here.
    pub(super) fn absorb(&mut self, others: &Self) {
        for (number, other) in (0..).zip(&others.known).filter(|(_, other)| other.rows > 0) {
            let index = self.written.number(others.written.text(number)) as usize;
            if index == self.known.len() {
                self.known.push(other.clone());
                continue;
            }
            let status = &mut self.known[index];
            if status.rows == 0 {
                status.excluded = other.excluded;
            }
            status.rows += other.rows;
        }
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
