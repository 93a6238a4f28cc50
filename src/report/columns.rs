//! The counts of a row: the columns before the metrics.

use crate::money::to_f64;
use crate::tally::Tally;

/// A count of a row.
#[derive(Debug)]
pub struct Count {
    /// Its column in CSV and JSON.
    pub id: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// What it counts.
    pub meaning: &'static str,
    /// Whether it comes from orders, which the contract model does without.
    pub of_orders: bool,
    /// Whether it is money.
    pub is_money: bool,
    /// Whether even a narrow table shows it.
    pub always: bool,
    /// Its value.
    pub value: fn(&Tally) -> Number,
}

/// The value of a count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Customers or orders.
    Whole(u64),
    /// Money.
    Money(f64),
}

/// All counts, in the order of the columns. CE = CS + CN + CR − CC.
pub const COUNTS: &[Count] = &[
    Count {
        id: "opening",
        title: "Opening",
        meaning: "customers active at the start of the period (CS)",
        of_orders: false,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.opening),
    },
    Count {
        id: "new",
        title: "New",
        meaning: "active at the end, not at the start, first ever purchase in the period (CN)",
        of_orders: false,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.new),
    },
    Count {
        id: "reactivated",
        title: "Back",
        meaning: "active at the end, not at the start, first ever purchase before the period (CR)",
        of_orders: false,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.reactivated),
    },
    Count {
        id: "lost",
        title: "Lost",
        meaning: "active at the start, not at the end (CC)",
        of_orders: false,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.lost),
    },
    Count {
        id: "closing",
        title: "Active",
        meaning: "customers active at the end of the period (CE)",
        of_orders: false,
        is_money: false,
        always: true,
        value: |tally| Number::Whole(tally.closing),
    },
    Count {
        id: "buyers",
        title: "Buyers",
        meaning: "customers with a purchase in the period",
        of_orders: true,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.buyers),
    },
    Count {
        id: "repeat_buyers",
        title: "Twice+",
        meaning: "customers with two purchases or more in the period",
        of_orders: true,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.repeat_buyers),
    },
    Count {
        id: "orders",
        title: "Orders",
        meaning: "purchases in the period",
        of_orders: true,
        is_money: false,
        always: false,
        value: |tally| Number::Whole(tally.orders),
    },
    Count {
        id: "revenue",
        title: "Revenue",
        meaning: "net amounts of the purchases and returns of the period",
        of_orders: true,
        is_money: true,
        always: false,
        value: |tally| Number::Money(to_f64(tally.revenue)),
    },
];
