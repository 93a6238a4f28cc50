//! One row of bits per customer.

use std::ops::Range;

/// A matrix of bits; rows are customers, columns are period boundaries.
#[derive(Debug, Clone)]
pub(super) struct BitRows {
    stride: usize,
    words: Vec<u64>,
}

impl BitRows {
    /// All zero.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        let stride = columns.div_ceil(64);
        Self { stride, words: vec![0; rows * stride] }
    }

    /// Sets the bits of a range of columns.
    pub(super) fn set(&mut self, row: usize, columns: Range<usize>) {
        if columns.is_empty() {
            return;
        }
        let words = &mut self.words[row * self.stride..][..self.stride];
        let (first, last) = (columns.start / 64, (columns.end - 1) / 64);
        for (index, word) in words.iter_mut().enumerate().take(last + 1).skip(first) {
            let low = columns.start.saturating_sub(index * 64);
            let high = (columns.end - index * 64).min(64);
            *word |= (u64::MAX >> (64 - (high - low))) << low;
        }
    }

    /// Whether a bit is set.
    pub(super) fn get(&self, row: usize, column: usize) -> bool {
        self.words[row * self.stride + column / 64] >> (column % 64) & 1 == 1
    }

    /// The columns a row could have set bits in, from its first non-zero word to its last; empty for
    /// a row of zeros.
    pub(super) fn span(&self, row: usize) -> Range<usize> {
        let words = &self.words[row * self.stride..][..self.stride];
        match (words.iter().position(|word| *word != 0), words.iter().rposition(|word| *word != 0)) {
            (Some(first), Some(last)) => first * 64..(last + 1) * 64,
            _ => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every range over three words, against a loop.
    #[test]
    fn ranges_set_exactly_their_bits() {
        for start in 0..150 {
            for end in start..150 {
                let mut bits = BitRows::new(2, 150);
                bits.set(1, start..end);
                for column in 0..150 {
                    assert_eq!(
                        bits.get(1, column),
                        (start..end).contains(&column),
                        "{start}..{end} {column}"
                    );
                    assert!(!bits.get(0, column));
                }
                let span = bits.span(1);
                assert!(start == end || (span.start <= start && end <= span.end));
            }
        }
    }
}
