//! Where in 64 bytes the delimiters, line ends and quotes stand, as bits.

use wide::u8x16;

/// Bytes that are looked at together.
pub(super) const BLOCK: usize = 64;

/// The bits of delimiters and line ends, and those of quotes, in a block of at most [`BLOCK`] bytes.
pub(super) fn marks(block: &[u8], delimiter: u8) -> (u64, u64) {
    let Ok(whole) = <&[u8; BLOCK]>::try_from(block) else {
        let mut padded = [0; BLOCK];
        padded[..block.len()].copy_from_slice(block);
        return of(&padded, delimiter);
    };
    of(whole, delimiter)
}

fn of(block: &[u8; BLOCK], delimiter: u8) -> (u64, u64) {
    let [delimiter, line_end, quote] = [delimiter, b'\n', b'"'].map(u8x16::splat);
    let (mut ends, mut quotes) = (0, 0);
    let (quarters, _) = block.as_chunks::<16>();
    for (quarter, bytes) in quarters.iter().enumerate() {
        let bytes = u8x16::new(*bytes);
        let bits = |mask: u8x16| u64::from(mask.to_bitmask()) << (16 * quarter);
        ends |= bits(bytes.simd_eq(delimiter) | bytes.simd_eq(line_end));
        quotes |= bits(bytes.simd_eq(quote));
    }
    (ends, quotes)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn marks_are_where_the_bytes_are(block in proptest::collection::vec(proptest::num::u8::ANY, 0..=BLOCK)) {
            // All bytes, many of them marks.
            let mark = |byte: &u8| if byte.is_multiple_of(3) { b",\n\""[usize::from(byte / 3 % 3)] } else { *byte };
            let block: Vec<u8> = block.iter().map(mark).collect();
            let bits = |is: fn(u8) -> bool| {
                block.iter().enumerate().filter(|(_, byte)| is(**byte)).fold(0_u64, |bits, (at, _)| bits | 1 << at)
            };
            let expected = (bits(|byte| byte == b',' || byte == b'\n'), bits(|byte| byte == b'"'));
            proptest::prop_assert_eq!(marks(&block, b','), expected);
        }
    }
}
