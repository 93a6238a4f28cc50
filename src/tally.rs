//! The narrow waist: what has to be known of a period × segment to compute every metric.

use crate::money::WideMicros;

/// The sufficient statistics of one period × segment. All integers, so that sums are exact and do
/// not depend on the order of their terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// CS: customers active at the start.
    pub opening: u64,
    /// CN: active at the end, not at the start, first ever purchase in the period.
    pub new: u64,
    /// CR: active at the end, not at the start, first ever purchase before.
    pub reactivated: u64,
    /// CC: active at the start, not at the end.
    pub lost: u64,
    /// CE: customers active at the end.
    pub closing: u64,
    /// Customers with a purchase in the period.
    pub buyers: u64,
    /// Customers with two purchases or more in the period.
    pub repeat_buyers: u64,
    /// Buyers who had purchased before the period.
    pub returning_buyers: u64,
    /// Purchases in the period.
    pub orders: u64,
    /// Net amounts of the purchases and returns of the period, in millionths.
    pub revenue: WideMicros,
    /// Sums over customers with orders or returns, for intervals.
    pub moments: Moments,
}

/// Sums over the customers of a period × segment who bought or returned something: how many they
/// are (`customers`), and, with n = purchases and r = revenue of one: Σn², Σr² and Σn·r.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moments {
    /// Customers with a purchase or a return in the period.
    pub customers: u64,
    /// Σn²
    pub orders_squared: u128,
    /// Σr² in millionths squared.
    pub revenue_squared: u128,
    /// Σn·r in millionths.
    pub orders_times_revenue: WideMicros,
}

impl Tally {
    /// Adds the orders of one customer in the period. `None`: too large to square.
    pub fn add_customer(&mut self, orders: u64, revenue: WideMicros, purchased_before: bool) -> Option<()> {
        self.buyers += u64::from(orders >= 1);
        self.repeat_buyers += u64::from(orders >= 2);
        self.returning_buyers += u64::from(orders >= 1 && purchased_before);
        self.orders += orders;
        self.revenue = self.revenue.checked_add(revenue)?;
        let wide = u128::from(orders);
        let moments = &mut self.moments;
        moments.customers += 1;
        moments.orders_squared = moments.orders_squared.checked_add(wide * wide)?;
        let (squared, product) = match (i64::try_from(revenue), i64::try_from(orders)) {
            // Two words of 64 bits never overflow one of 128, so most products need no checks.
            (Ok(revenue), Ok(orders)) => {
                let magnitude = u128::from(revenue.unsigned_abs());
                (magnitude * magnitude, WideMicros::from(revenue) * WideMicros::from(orders))
            }
            _ => {
                let magnitude = revenue.unsigned_abs();
                (magnitude.checked_mul(magnitude)?, revenue.checked_mul(orders.into())?)
            }
        };
        moments.revenue_squared = moments.revenue_squared.checked_add(squared)?;
        moments.orders_times_revenue = moments.orders_times_revenue.checked_add(product)?;
        Some(())
    }

    /// Adds the customers of another segment. `None`: too large.
    pub fn merge(&mut self, other: &Self) -> Option<()> {
        self.opening += other.opening;
        self.new += other.new;
        self.reactivated += other.reactivated;
        self.lost += other.lost;
        self.closing += other.closing;
        self.buyers += other.buyers;
        self.repeat_buyers += other.repeat_buyers;
        self.returning_buyers += other.returning_buyers;
        self.orders += other.orders;
        self.revenue = self.revenue.checked_add(other.revenue)?;
        let (mine, theirs) = (&mut self.moments, &other.moments);
        mine.customers += theirs.customers;
        mine.orders_squared = mine.orders_squared.checked_add(theirs.orders_squared)?;
        mine.revenue_squared = mine.revenue_squared.checked_add(theirs.revenue_squared)?;
        mine.orders_times_revenue = mine.orders_times_revenue.checked_add(theirs.orders_times_revenue)?;
        Some(())
    }
}
