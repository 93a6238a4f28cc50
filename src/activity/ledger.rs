//! What each customer bought in each period: one cell per customer and period with orders.

use crate::money::Micros;

/// The orders of one customer in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) customer: u32,
    pub(super) period: u32,
    pub(super) orders: u32,
    pub(super) revenue: Micros,
}

impl Cell {
    pub(super) fn of(customer: u32, period: usize, orders: u32, revenue: Micros) -> Self {
        Self { customer, period: u32::try_from(period).unwrap_or(u32::MAX), orders, revenue }
    }
}

/// Cells, merged as they grow in number, so that memory follows customers × periods, not orders.
#[derive(Debug)]
pub(super) struct Ledger {
    cells: Vec<Cell>,
    /// The number of cells at which they are merged next.
    merge_at: usize,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { cells: Vec::new(), merge_at: 1 << 16 }
    }
}

impl Ledger {
    /// Adds to a cell.
    pub(super) fn add(&mut self, cell: Cell) {
        if self.cells.len() >= self.merge_at {
            self.merge();
            self.merge_at = self.merge_at.max(self.cells.len() * 2);
        }
        self.cells.push(cell);
    }

    /// All cells, by customer and then period; each once, unless its sums are beyond what a cell holds.
    pub(super) fn into_cells(mut self) -> Vec<Cell> {
        self.merge();
        self.cells
    }

    fn merge(&mut self) {
        self.cells.sort_unstable_by_key(|cell| (cell.customer, cell.period));
        self.cells.dedup_by(|cell, kept| {
            if (cell.customer, cell.period) != (kept.customer, kept.period) {
                return false;
            }
            // What does not fit into one cell stays in two.
            let orders = kept.orders.checked_add(cell.orders);
            let Some((orders, revenue)) = orders.zip(kept.revenue.checked_add(cell.revenue)) else {
                return false;
            };
            (kept.orders, kept.revenue) = (orders, revenue);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_orders_of_few_customers_stay_few_cells() {
        let mut ledger = Ledger::default();
        for order in 0..500_000_u32 {
            ledger.add(Cell { customer: order % 7, period: order % 3, orders: 1, revenue: 1_000 });
        }
        assert!(ledger.cells.capacity() < 1 << 18);
        let cells = ledger.into_cells();
        assert_eq!(cells.len(), 21);
        assert_eq!(cells.iter().map(|cell| cell.orders).sum::<u32>(), 500_000);
        assert_eq!(cells.iter().map(|cell| cell.revenue).sum::<Micros>(), 500_000_000);
    }
}
