//! How the amounts of an order's lines become the amount of the order.

use super::fields::{AmountName, name_of_amount};
use crate::money::Micros;

/// What the lines of an order say about its amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grouping {
    /// Each line has an amount of its own; they are summed.
    Sum,
    /// The order's total is repeated on its lines; it is taken once.
    Once,
}

/// How the grouping was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// No order has two lines with amounts.
    NotNeeded,
    /// A flag says it.
    Flag,
    /// The profile of the export says it, or a separate file has the amounts.
    Known,
    /// Some order's lines bear different amounts.
    LinesDiffer,
    /// The header names the total of an order, or the amount of a line.
    Header,
}

/// An amount over the lines of one order, under both groupings. Whatever the order of the lines, it
/// ends up the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    sum: Micros,
    /// The amount on the lines that have one other than 0; the smallest, where they differ.
    value: Micros,
    /// Lines with an amount, 0 included.
    pub(super) count: u32,
    /// Lines with an amount other than 0.
    pub(super) priced: u32,
    /// Amounts other than 0 differ.
    pub(super) differ: bool,
    /// An amount is negative.
    pub(super) negative: bool,
}

impl Lines {
    /// No line has an amount.
    pub(super) const NONE: Self =
        Self { sum: 0, value: 0, count: 0, priced: 0, differ: false, negative: false };

    /// Adds a line's amount; `None` on overflow.
    pub(super) fn add(&mut self, value: Micros) -> Option<()> {
        self.sum = self.sum.checked_add(value)?;
        self.count += 1;
        self.negative |= value < 0;
        if value != 0 {
            self.differ |= self.priced > 0 && self.value != value;
            self.value = if self.priced == 0 { value } else { self.value.min(value) };
            self.priced += 1;
        }
        Some(())
    }

    /// The order's amount.
    pub(super) fn total(&self, grouping: Grouping) -> Micros {
        match grouping {
            Grouping::Sum => self.sum,
            Grouping::Once => self.value,
        }
    }

    /// The repeated amount, where the two groupings give different totals and the lines do not say
    /// which is right.
    pub(super) fn open(&self) -> Option<Micros> {
        (self.priced > 1 && !self.differ).then_some(self.value)
    }
}

/// Why a grouping cannot be decided: the order at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecided<O> {
    /// All lines of this order bear the same amount, and nothing says what it is.
    Repeated(O),
    /// The header names the total of an order, but it differs within this one.
    TotalDiffers(O),
    /// The user says that lines repeat a total, but it differs within this order.
    NotOnce(O),
}

/// Decides the grouping of one column. `header` is the name of the column, or `None` for quantity × price, which
/// stands on lines; `open` is an order of several lines that bear the same amount, `differing` one whose lines bear
/// different ones, where there are such orders.
pub(super) fn decide<O>(
    flag: Option<Grouping>,
    header: Option<&str>,
    open: Option<O>,
    differing: Option<O>,
) -> Result<(Grouping, Evidence), Undecided<O>> {
    let name = header.map_or(AmountName::Line, name_of_amount);
    match (flag, open, differing) {
        (Some(Grouping::Once), _, Some(order)) => Err(Undecided::NotOnce(order)),
        (Some(grouping), _, _) => Ok((grouping, Evidence::Flag)),
        (None, _, Some(order)) if name == AmountName::OrderTotal => Err(Undecided::TotalDiffers(order)),
        (None, _, Some(_)) => Ok((Grouping::Sum, Evidence::LinesDiffer)),
        (None, None, None) => Ok((Grouping::Sum, Evidence::NotNeeded)),
        (None, Some(order), None) => match name {
            AmountName::OrderTotal | AmountName::Total => Ok((Grouping::Once, Evidence::Header)),
            AmountName::Line => Ok((Grouping::Sum, Evidence::Header)),
            AmountName::Unclear => Err(Undecided::Repeated(order)),
        },
    }
}

/// What [`decide`] can only say in the end, if it does not fail, where that is known before all orders are:
/// `differing` says that one was seen whose lines bear different amounts.
pub(super) fn foreseen(flag: Option<Grouping>, header: Option<&str>, differing: bool) -> Option<Grouping> {
    match header.map_or(AmountName::Line, name_of_amount) {
        _ if flag.is_some() => flag,
        AmountName::OrderTotal => Some(Grouping::Once),
        AmountName::Line => Some(Grouping::Sum),
        AmountName::Total | AmountName::Unclear => differing.then_some(Grouping::Sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(amounts: &[Micros]) -> Lines {
        let mut lines = Lines::default();
        for amount in amounts {
            lines.add(*amount).expect("small");
        }
        lines
    }

    fn decided(
        flag: Option<Grouping>,
        header: &str,
        orders: &[&[Micros]],
    ) -> Result<(Grouping, Evidence), Undecided<usize>> {
        let orders: Vec<Lines> = orders.iter().map(|amounts| lines(amounts)).collect();
        let open = orders.iter().position(|lines| lines.open().is_some());
        let differing = orders.iter().position(|lines| lines.differ);
        let decided = decide(flag, Some(header), open, differing);
        // What is foreseen is what is decided, if anything is.
        if let (Some(foreseen), Ok((grouping, _)), Some(_)) =
            (foreseen(flag, Some(header), differing.is_some()), decided, open.or(differing))
        {
            assert_eq!(foreseen, grouping, "{header}");
        }
        decided
    }

    #[test]
    fn the_lines_decide_where_they_can() {
        use Evidence::*;
        use Grouping::*;
        assert_eq!(decided(None, "amount", &[&[5], &[3, 4], &[7, 7]]), Ok((Sum, LinesDiffer)));
        assert_eq!(decided(None, "amount", &[&[5], &[3, 0], &[0, 7]]), Ok((Sum, NotNeeded)));
        assert_eq!(decided(None, "amount", &[&[5], &[7, 7]]), Err(Undecided::Repeated(1)));
        assert_eq!(decided(None, "Order Total", &[&[7, 7]]), Ok((Once, Header)));
        assert_eq!(decided(None, "Gesamtbetrag", &[&[7, 7]]), Ok((Once, Header)));
        assert_eq!(decided(None, "Gesamtbetrag", &[&[7, 7], &[7, 8]]), Ok((Sum, LinesDiffer)));
        assert_eq!(decided(None, "Line Total", &[&[7, 7]]), Ok((Sum, Header)));
        assert_eq!(decided(None, "Order Total", &[&[7, 8]]), Err(Undecided::TotalDiffers(0)));
        assert_eq!(decided(Some(Once), "amount", &[&[7, 7]]), Ok((Once, Flag)));
        assert_eq!(decided(Some(Once), "amount", &[&[7, 8]]), Err(Undecided::NotOnce(0)));
        assert_eq!(decided(Some(Sum), "Order Total", &[&[7, 8]]), Ok((Sum, Flag)));
    }

    #[test]
    fn the_order_of_lines_is_no_matter() {
        for (amounts, once) in [([100, 0, 100], 100), ([0, 100, 100], 100), ([0, 0, 0], 0), ([-5, 0, 0], -5)]
        {
            assert_eq!(lines(&amounts).total(Grouping::Once), once);
            assert_eq!(lines(&amounts).total(Grouping::Sum), amounts.iter().sum::<Micros>());
        }
    }
}
