//! Keys that end in digits, which most shops' customers have: a stem and a number.

use super::keys::{INLINE, Packed, short};

/// A key of up to fifteen bytes that ends in digits. It is known by its parts in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) stem: Stem,
    /// The number of its last digits, of which there are up to eight.
    pub(super) value: u32,
}

/// What keys that differ in nothing but their number have in common: what stands before the digits, how long they
/// are, and how many digits they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stem([u64; 2]);

impl Stem {
    /// The key of this stem with this number.
    pub(super) fn key(self, value: u32) -> Vec<u8> {
        let [low, high] = self.0.map(u64::to_le_bytes);
        let mut bytes = [low, high].concat();
        let shape = usize::from(bytes[INLINE]);
        let (length, digits) = (shape % 16, shape / 16);
        bytes.truncate(length - digits);
        bytes.extend(format!("{value:0digits$}").into_bytes());
        bytes
    }
}

/// All bits of eight bytes but the highest of each.
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

impl Numbered {
    /// A key of up to fifteen bytes that ends in a digit.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let packed: Packed = short(key)?;
        let length = key.len();
        let last = match key.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last),
            // The key's bytes, moved up to where the last eight would be.
            None if length > 0 => u64::from_le_bytes(*packed.first_chunk()?) << (8 * (8 - length)),
            None => return None,
        };
        // Each byte a digit's value, if it is below ten.
        let values = last ^ 0x3030_3030_3030_3030;
        // The highest bit of each byte that is no digit: adding 0x76 reaches it from ten on.
        let others = (((values & LOW) + 0x7676_7676_7676_7676) | values) & !LOW;
        let digits = others.leading_zeros() / 8;
        if digits == 0 {
            return None;
        }
        let begin = 8 * (8 - digits);
        let value = decimal(values >> begin << begin);
        let before = u128::from_le_bytes(packed) & ((1 << (8 * (length - digits as usize))) - 1);
        let shape = length as u128 | u128::from(digits) << 4;
        let stem = (before | shape << (8 * INLINE)).to_le_bytes();
        let (stem, _) = stem.as_chunks();
        Some(Self { stem: Stem([u64::from_le_bytes(stem[0]), u64::from_le_bytes(stem[1])]), value })
    }
}

/// The number of eight digits' values, the first of which is the lowest byte.
fn decimal(values: u64) -> u32 {
    // Pairs of digits, then of those, then of those: the sums stay within their two, four and eight bytes.
    let pairs = (values & 0x00ff_00ff_00ff_00ff) * 10 + (values >> 8 & 0x00ff_00ff_00ff_00ff);
    let fours = (pairs & 0x0000_ffff_0000_ffff) * 100 + (pairs >> 16 & 0x0000_ffff_0000_ffff);
    let all = (fours & 0xffff_ffff) * 10_000 + (fours >> 32);
    u32::try_from(all).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart_at_their_last_digits() {
        let value = |key: &str| Numbered::of(key.as_bytes()).map(|numbered| numbered.value);
        assert_eq!(
            [value("C00456753"), value("7"), value("0"), value("a-00042")],
            [456_753, 7, 0, 42].map(Some)
        );
        assert_eq!(value("123456789012345"), Some(89_012_345));
        assert_eq!(
            [value(""), value("x"), value("12a"), value("1234567890123456"), value("1\u{b2}")],
            [None; 5]
        );
    }

    proptest::proptest! {
        /// Two keys are alike only where they are the same; and the value is that of the last digits.
        #[test]
        fn no_two_keys_are_alike(one in "[0-9a:/\u{ff}]{0,3}[0-9]{0,9}", other in "[0-9a:/]{0,3}[0-9]{0,9}") {
            let [first, second] = [&one, &other].map(|key| Numbered::of(key.as_bytes()));
            if let (Some(first), Some(second)) = (first, second) {
                proptest::prop_assert_eq!(first == second, one == other);
            }
            let digits = one.len() - one.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            let expected = one[one.len() - digits.min(8)..].parse::<u32>().ok().filter(|_| one.len() <= INLINE);
            proptest::prop_assert_eq!(first.map(|key| key.value), expected);
            if let Some(key) = first {
                proptest::prop_assert_eq!(key.stem.key(key.value), one.as_bytes());
            }
        }
    }
}
