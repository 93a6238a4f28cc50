//! A second implementation of the report, as literally as its definitions read: sets of customers
//! per boundary, no tallies, no bits, and another library's calendar. Slow and plain on purpose.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use jiff::{Span, ToSpan};

/// An order as the files hold it.
#[derive(Debug, Clone)]
pub struct Order {
    pub customer: Option<String>,
    pub at: DateTime,
    pub cents: i64,
    pub refunded: i64,
    pub status: &'static str,
    pub channel: &'static str,
}

impl Order {
    fn day(&self) -> Date {
        self.at.date()
    }

    fn net(&self) -> i64 {
        self.cents - self.refunded
    }

    fn counts(&self) -> bool {
        let excluded = ["cancelled", "void"].contains(&self.status.to_lowercase().as_str());
        let refunded_in_full = self.refunded > 0 && self.net() == 0;
        !excluded && !refunded_in_full && self.customer.is_some()
    }

    fn is_purchase(&self) -> bool {
        self.counts() && self.net() >= 0
    }

    fn is_return(&self) -> bool {
        self.counts() && self.net() < 0
    }
}

/// A row of the customers file.
#[derive(Debug, Clone)]
pub struct Customer {
    pub id: String,
    pub country: &'static str,
    pub first_order: Option<Date>,
}

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What a report depends on.
#[derive(Debug, Clone)]
pub struct Question {
    pub period: Period,
    pub week_start: i8,
    pub fiscal_start: i8,
    pub window: Span,
    pub as_of: Option<Date>,
    pub data_from: Option<Date>,
    pub include_incomplete: bool,
    /// Crossed columns out of `country` (customers) and `channel` (orders).
    pub by: Vec<Vec<&'static str>>,
    pub segment_at_last: bool,
    pub min_customers: usize,
}

impl Question {
    fn period_start(&self, day: Date) -> Date {
        let is_start = |day: Date| {
            let months = |n| day.day() == 1 && (day.month() - self.fiscal_start).rem_euclid(n) == 0;
            match self.period {
                Period::Day => true,
                Period::Week => day.weekday().to_monday_zero_offset() == self.week_start,
                Period::Month => day.day() == 1,
                Period::Quarter => months(3),
                Period::Year => months(12),
            }
        };
        let mut start = day;
        while !is_start(start) {
            start = start.yesterday().expect("in range");
        }
        start
    }

    fn next_start(&self, start: Date) -> Date {
        let mut next = start.tomorrow().expect("in range");
        while self.period_start(next) == start {
            next = next.tomorrow().expect("in range");
        }
        next
    }
}

/// A row: its period's first and last day, its segment's values, and its numbers by column.
#[derive(Debug)]
pub struct Row {
    pub start: Date,
    pub end: Date,
    pub segment: Vec<String>,
    pub numbers: BTreeMap<&'static str, Option<f64>>,
    pub complete: bool,
    pub full: bool,
}

/// The answer, in the order of the CSV. `None`: there is nothing to report.
pub fn answer(orders: &[Order], customers: &[Customer], question: &Question) -> Option<Vec<Row>> {
    let orders: Vec<&Order> =
        orders.iter().filter(|order| question.as_of.is_none_or(|as_of| order.day() <= as_of)).collect();
    let purchases: Vec<&Order> = orders.iter().copied().filter(|order| order.is_purchase()).collect();
    let returns: Vec<&Order> = orders.iter().copied().filter(|order| order.is_return()).collect();
    let first_seen = purchases.iter().map(|order| order.day()).min()?;
    let last_seen = purchases.iter().map(|order| order.day()).max()?;
    let first_covered = question.data_from.unwrap_or(first_seen);
    let last_covered = question.as_of.unwrap_or(last_seen);
    if first_covered > last_covered {
        return None;
    }
    let mut columns: Vec<&str> = Vec::new();
    for column in question.by.iter().flatten() {
        if !columns.contains(column) {
            columns.push(column);
        }
    }
    let key = |order: &Order| order.customer.clone().expect("counts only with a customer");
    let first_ever: BTreeMap<String, Date> = purchases
        .iter()
        .map(|order| {
            let own =
                purchases.iter().filter(|other| other.customer == order.customer).map(|other| other.day());
            let listed = customers.iter().filter(|customer| customer.id == key(order));
            let first = own.chain(listed.filter_map(|customer| customer.first_order)).min();
            (key(order), first.expect("has a purchase"))
        })
        .collect();
    let or_none = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
    let value_of = |customer: &str, column: &str, own_row: Option<&Order>| -> String {
        if column == "country" {
            let listed = customers.iter().find(|listed| listed.id == customer);
            return or_none(listed.map_or("", |listed| listed.country));
        }
        let mine = purchases.iter().filter(|order| order.customer.as_deref() == Some(customer));
        let rank = |order: &&&Order| (order.at, order.channel.is_empty(), order.channel);
        let chosen = if question.segment_at_last {
            let last = mine.clone().map(|order| order.at).max();
            mine.filter(|order| Some(order.at) == last).min_by_key(rank)
        } else {
            mine.min_by_key(rank)
        };
        match (chosen, own_row) {
            (Some(order), _) => or_none(order.channel),
            (None, Some(order)) => or_none(order.channel),
            (None, None) => panic!("a segment of nobody"),
        }
    };
    let values = |customer: &str, breakdown: &[&str], own_row: Option<&Order>| -> Vec<String> {
        breakdown.iter().map(|column| value_of(customer, column, own_row)).collect()
    };
    let mut periods = Vec::new();
    let mut start = question.period_start(first_covered);
    while start <= last_covered {
        let next = question.next_start(start);
        let complete = next.yesterday().expect("in range") <= last_covered;
        if complete || question.include_incomplete {
            periods.push((start, next, complete));
        }
        start = next;
    }
    let active_at = |boundary: Date| -> BTreeSet<String> {
        let from = boundary.checked_sub(question.window).expect("in range");
        purchases
            .iter()
            .filter(|order| from <= order.day() && order.day() < boundary)
            .map(|o| key(o))
            .collect()
    };
    // Breakdown → segment → the members of it; returns of strangers are found by their own row.
    let mut breakdowns: Vec<(Vec<&str>, BTreeSet<Vec<String>>)> =
        vec![(Vec::new(), BTreeSet::from([Vec::new()]))];
    for breakdown in &question.by {
        let mut segments: BTreeSet<Vec<String>> =
            first_ever.keys().map(|customer| values(customer, breakdown, None)).collect();
        let within = |order: &&&Order| order.day() >= question.period_start(first_covered);
        let last_end = {
            let last = question.period_start(last_covered);
            question.next_start(last)
        };
        for order in returns.iter().filter(within).filter(|order| order.day() < last_end) {
            segments.insert(values(&key(order), breakdown, Some(order)));
        }
        breakdowns.push((breakdown.clone(), segments));
    }
    let mut rows = Vec::new();
    for (breakdown, segments) in &breakdowns {
        let closing_of = |segment: &Vec<String>| {
            let count = |next: Date| {
                active_at(next)
                    .iter()
                    .filter(|customer| values(customer, breakdown, None) == *segment)
                    .count()
            };
            periods.iter().map(|(_, next, _)| count(*next)).max().unwrap_or(0)
        };
        let small: BTreeSet<&Vec<String>> = segments
            .iter()
            .filter(|segment| !breakdown.is_empty() && closing_of(segment) < question.min_customers)
            .collect();
        let label = |segment: &Vec<String>| -> Vec<String> {
            if small.contains(segment) {
                vec!["(other)".to_owned(); breakdown.len()]
            } else {
                segment.clone()
            }
        };
        let labels: BTreeSet<Vec<String>> = segments.iter().map(label).collect();
        for (index, (start, next, complete)) in periods.iter().enumerate() {
            for name in &labels {
                let member = |customer: &String| label(&values(customer, breakdown, None)) == *name;
                let at_start: BTreeSet<String> = active_at(*start).into_iter().filter(member).collect();
                let at_end: BTreeSet<String> = active_at(*next).into_iter().filter(member).collect();
                let within = |order: &&&Order| *start <= order.day() && order.day() < *next;
                let bought: Vec<&&Order> =
                    purchases.iter().filter(within).filter(|order| member(&key(order))).collect();
                let returned: i64 = returns
                    .iter()
                    .filter(within)
                    .filter(|order| label(&values(&key(order), breakdown, Some(order))) == *name)
                    .map(|order| order.net())
                    .sum();
                let buyers: BTreeSet<String> = bought.iter().map(|order| key(order)).collect();
                let times = |customer: &String| bought.iter().filter(|order| key(order) == *customer).count();
                let new = |customer: &&String| first_ever[*customer] >= *start;
                let arrived: Vec<&String> = at_end.difference(&at_start).collect();
                let full = start.checked_sub(question.window).expect("in range") >= first_covered;
                let cs = at_start.len() as f64;
                let ce = at_end.len() as f64;
                let cn = arrived.iter().filter(|customer| new(customer)).count() as f64;
                let cr = arrived.len() as f64 - cn;
                let cc = at_start.difference(&at_end).count() as f64;
                let revenue = (bought.iter().map(|order| order.net()).sum::<i64>() + returned) as f64 / 100.0;
                let (orders, buyers_count) = (bought.len() as f64, buyers.len() as f64);
                let repeat = buyers.iter().filter(|customer| times(customer) >= 2).count() as f64;
                let returning =
                    buyers.iter().filter(|customer| first_ever[*customer] < *start).count() as f64;
                let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
                let percent = |a: f64, b: f64| ratio(a, b).map(|share| share * 100.0);
                let known = |value: Option<f64>| value.filter(|_| full);
                let aov = ratio(revenue, orders);
                let lifespan = known(percent(cc, cs).filter(|churn| *churn > 0.0).map(|churn| 100.0 / churn));
                let clv = match (aov, ratio(orders, ce), lifespan) {
                    (Some(value), Some(frequency), Some(lifespan)) => Some(value * frequency * lifespan),
                    _ => None,
                };
                let mut segment = vec!["(all)".to_owned(); columns.len()];
                for (column, value) in breakdown.iter().zip(name) {
                    let position = columns.iter().position(|known| known == column).expect("known");
                    segment[position].clone_from(value);
                }
                let numbers = BTreeMap::from([
                    ("opening", Some(cs)),
                    ("new", Some(cn)),
                    ("reactivated", Some(cr)),
                    ("lost", Some(cc)),
                    ("closing", Some(ce)),
                    ("buyers", Some(buyers_count)),
                    ("repeat_buyers", Some(repeat)),
                    ("orders", Some(orders)),
                    ("revenue", Some(revenue)),
                    ("crr_pct", known(percent(ce - cn - cr, cs))),
                    ("churn_pct", known(percent(cc, cs))),
                    ("repeat_rate_pct", percent(repeat, buyers_count)),
                    ("returning_rate_pct", percent(returning, buyers_count)),
                    ("purchase_frequency", ratio(orders, buyers_count)),
                    ("aov", aov),
                    ("lifespan_periods", lifespan),
                    ("clv", clv),
                ]);
                let end = next.checked_sub(1.day()).expect("in range");
                rows.push((index, Row { start: *start, end, segment, numbers, complete: *complete, full }));
            }
        }
    }
    rows.sort_by_key(|(index, _)| *index); // stable: breakdown by breakdown within a period
    Some(rows.into_iter().map(|(_, row)| row).collect())
}
