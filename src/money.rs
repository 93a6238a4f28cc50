//! Exact money: whole millionths, so that a sum does not depend on the order of its terms.

/// Millionths in one unit of the currency. Six decimals hold the
/// amounts and unit prices that shops write; digits beyond are rounded half away from zero when an amount is read.
pub const MICROS: i64 = 1_000_000;

/// An amount, or a sum of amounts, in millionths.
pub type Micros = i64;

/// A sum over any number of orders, in millionths.
pub type WideMicros = i128;

/// The floating-point number nearest to an exact sum.
pub fn to_f64(sum: WideMicros) -> f64 {
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    if sum.unsigned_abs() <= EXACT {
        // Both operands are exact, so the quotient is rounded once.
        sum as f64 / MICROS as f64
    } else {
        to_text(sum).parse().unwrap_or(f64::NAN)
    }
}

/// The exact decimal text: no exponent, no trailing zeros.
pub fn to_text(sum: WideMicros) -> String {
    let sign = if sum < 0 { "-" } else { "" };
    let micros = u128::from(MICROS.unsigned_abs());
    let (whole, fraction) = (sum.unsigned_abs() / micros, sum.unsigned_abs() % micros);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let text = format!("{sign}{whole}.{fraction:06}");
    text.trim_end_matches('0').to_owned()
}

/// `a × b` of two numbers in millionths, rounded half away from zero; `None` on overflow.
pub fn multiply(a: Micros, b: Micros) -> Option<Micros> {
    let product = i128::from(a) * i128::from(b);
    let half = i128::from(MICROS / 2) * product.signum();
    Micros::try_from((product + half) / i128::from(MICROS)).ok()
}

/// An amount in hundredths as one in whole units, rounded half away from zero.
pub fn from_cents(value: Micros) -> Micros {
    value / 100 + (value % 100) / 50
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_float_say_the_same() {
        for (sum, text) in [
            (0, "0"),
            (1, "0.000001"),
            (-1_500_000, "-1.5"),
            (261_960_000, "261.96"),
            (123_456_789_012_345_678_901, "123456789012345.678901"),
        ] {
            assert_eq!(to_text(sum), text);
            assert_eq!(Ok(to_f64(sum)), text.parse());
        }
    }

    #[test]
    fn cents_are_hundredths() {
        for (cents, units) in [(1_999 * MICROS, 19_990_000), (-50, -1), (49, 0), (-150, -2), (0, 0)] {
            assert_eq!(from_cents(cents), units);
        }
    }

    #[test]
    fn products_round_half_away_from_zero() {
        assert_eq!(multiply(3 * MICROS, 12_345_600), Some(37_036_800));
        assert_eq!(multiply(1, 500_000), Some(1));
        assert_eq!(multiply(-1, 500_000), Some(-1));
        assert_eq!(multiply(1, 499_999), Some(0));
        assert_eq!(multiply(i64::MAX, 2 * MICROS), None);
    }
}
