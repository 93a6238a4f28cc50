//! What a customer bought in a period, in sixteen bytes.

use crate::calendar::Day;
use crate::money::Micros;

/// Days before 1970 at which the numbers of days in cells begin: 1900-01-01 is 25,567 days before.
const BEFORE: i32 = 25_600;

/// Bits of the number of orders; the others hold the day, up to 2199 and 0 for none.
const ORDERS: u32 = 15;
const MOST: u32 = (1 << ORDERS) - 1;

/// Some orders of one customer, all in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) revenue: Micros,
    /// The customer's number within the part.
    pub(super) customer: u32,
    /// The day of the last purchase, or of a return where there is no purchase; and the number of purchases.
    packed: u32,
}

impl Cell {
    /// One purchase, or one return.
    pub(super) fn of(customer: u32, day: Day, purchase: bool, revenue: Micros) -> Self {
        let day = (day.0 + BEFORE).cast_unsigned();
        Self { revenue, customer, packed: day << ORDERS | u32::from(purchase) }
    }

    pub(super) fn day(&self) -> Day {
        Day((self.packed >> ORDERS).cast_signed() - BEFORE)
    }

    /// The cell in sixteen bytes.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let words = [self.revenue.cast_unsigned().into(), self.customer.into(), self.packed.into()];
        let [revenue, customer, packed]: [u128; 3] = words;
        (revenue | customer << 64 | packed << 96).to_le_bytes()
    }

    /// The cell in these bytes.
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let word = |from: usize| u32::from_le_bytes(std::array::from_fn(|index| bytes[from + index]));
        let revenue = u64::from(word(4)) << 32 | u64::from(word(0));
        Self { revenue: revenue.cast_signed(), customer: word(8), packed: word(12) }
    }

    /// Purchases.
    pub(super) fn orders(&self) -> u32 {
        self.packed & MOST
    }

    /// Adds the orders of another cell of the same customer and period; `false` where they do not fit in.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        let orders = self.orders() + other.orders();
        let (Some(revenue), true) = (self.revenue.checked_add(other.revenue), orders <= MOST) else {
            return false;
        };
        let day = match (self.orders(), other.orders()) {
            (_, 0) => self.day(),
            (0, _) => other.day(),
            _ => self.day().max(other.day()),
        };
        self.packed = (day.0 + BEFORE).cast_unsigned() << ORDERS | orders;
        self.revenue = revenue;
        true
    }
}

/// A cell, or none, where it is known whose it is. Its parts need no more than twelve bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenCell {
    revenue: [u32; 2],
    packed: u32,
}

impl OpenCell {
    /// No cell.
    pub(super) const EMPTY: Self = Self { revenue: [0; 2], packed: 0 };

    pub(super) fn of(cell: &Cell) -> Self {
        let bits = cell.revenue.cast_unsigned();
        let [low, high] =
            [bits, bits >> 32].map(|word| u32::try_from(word & u64::from(u32::MAX)).unwrap_or_default());
        Self { revenue: [low, high], packed: cell.packed }
    }

    /// The cell of this customer, if there is one.
    pub(super) fn of_customer(self, customer: u32) -> Option<Cell> {
        let [low, high] = self.revenue.map(u64::from);
        let revenue = (high << 32 | low).cast_signed();
        (self.packed != 0).then_some(Cell { revenue, customer, packed: self.packed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_add_up_and_keep_the_day_of_the_last_purchase() {
        let first = Day::from_ymd(Day::MIN_YEAR, 1, 1).expect("a day");
        let last = Day::from_ymd(Day::MAX_YEAR, 12, 31).expect("a day");
        let mut cell = Cell::of(7, first, true, 5);
        assert_eq!((cell.day(), cell.orders()), (first, 1));
        assert!(cell.add(&Cell::of(7, last, false, -2)));
        assert_eq!((cell.day(), cell.orders(), cell.revenue), (first, 1, 3));
        assert!(cell.add(&Cell::of(7, last, true, 1)));
        assert_eq!((cell.day(), cell.orders(), cell.revenue), (last, 2, 4));
        let mut returned = Cell::of(7, last, false, -2);
        assert!(returned.add(&Cell::of(7, first, true, 9)));
        assert_eq!((returned.day(), returned.orders(), returned.revenue), (first, 1, 7));
        for revenue in [0, 1, -1, Micros::MAX, Micros::MIN, 1 << 40] {
            let cell = Cell::of(9, last, true, revenue);
            assert_eq!(OpenCell::of(&cell).of_customer(9), Some(cell));
            assert_eq!(Cell::from_bytes(cell.to_bytes()), cell);
        }
        assert_eq!(OpenCell::EMPTY.of_customer(9), None);
    }

    #[test]
    fn what_does_not_fit_into_one_cell_stays_in_two() {
        let mut cell = Cell::of(0, Day(0), true, 1);
        let added = (0..40_000).filter(|_| cell.add(&Cell::of(0, Day(0), true, 1))).count();
        assert_eq!((added, cell.orders()), (32_766, 32_767));
        let mut cell = Cell::of(0, Day(0), true, Micros::MAX);
        assert!(!cell.add(&Cell::of(0, Day(0), true, 1)));
        assert_eq!((cell.orders(), cell.revenue), (1, Micros::MAX));
    }
}
