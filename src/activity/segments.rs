//! Which segment each customer is in.

use std::collections::HashMap;

use polars::prelude::DataFrame;

use super::fold::Activity;
use crate::error::Result;
use crate::input::book::{NONE, segment_column};
use crate::input::keys::Keys;
use crate::input::{NO_VALUE, customers::Customers};

/// Where a segmenting column lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The customers file: this position among its segmenting columns.
    Customers(usize),
    /// The orders files: this position among theirs.
    Orders(usize),
}

/// A column named in `--by`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByColumn {
    /// As the user named it; the header of the report's column.
    pub name: String,
    /// Where it lives.
    pub origin: Origin,
}

/// The columns of a report's breakdowns and the values behind their codes.
#[derive(Debug)]
pub struct Segmentation<'a> {
    columns: &'a [ByColumn],
    customer_values: &'a [Keys],
    order_values: &'a [Keys],
    /// The customers file's value codes by column and customer.
    customer_codes: Vec<Vec<u32>>,
}

impl<'a> Segmentation<'a> {
    /// Prepares the customers' values. In a file with several rows per customer (contracts), the
    /// earliest start counts, or the latest when `last`.
    ///
    /// # Errors
    /// The customers frame lacks a column: a bug.
    pub fn new(
        columns: &'a [ByColumn],
        customers: Option<&'a Customers>,
        order_values: &'a [Keys],
        population: usize,
        last: bool,
    ) -> Result<Self> {
        let customer_values = customers.map_or(&[][..], |customers| &customers.values);
        let mut customer_codes = vec![vec![NONE; population]; customer_values.len()];
        if let Some(customers) = customers {
            let order = rows_by_start(&customers.frame, last)?;
            for (index, codes) in customer_codes.iter_mut().enumerate() {
                let column = super::fold::column(&customers.frame, &segment_column(index))?;
                let values = column.u32()?;
                let numbers = super::fold::column(&customers.frame, "customer")?;
                let numbers = numbers.u32()?;
                for row in &order {
                    if let Some(customer) = numbers.get(*row) {
                        codes[customer as usize] = values.get(*row).unwrap_or(NONE);
                    }
                }
            }
        }
        Ok(Self { columns, customer_values, order_values, customer_codes })
    }

    /// The value code of a customer in a column; `own` are the orders columns' codes that apply.
    fn code(&self, column: usize, customer: u32, own: &[u32]) -> u32 {
        match self.columns[column].origin {
            Origin::Customers(index) => self.customer_codes[index][customer as usize],
            Origin::Orders(index) => own[index],
        }
    }

    fn value(&self, column: usize, code: u32) -> String {
        if code == NONE {
            return NO_VALUE.to_owned();
        }
        match self.columns[column].origin {
            Origin::Customers(index) => self.customer_values[index].display(code).into_owned(),
            Origin::Orders(index) => self.order_values[index].display(code).into_owned(),
        }
    }
}

/// The rows of the customers frame such that the last row of a customer is the one that counts.
fn rows_by_start(frame: &DataFrame, last: bool) -> Result<Vec<usize>> {
    let starts = super::fold::column(frame, "start")?;
    let starts = starts.date()?;
    let starts: Vec<Option<i32>> = starts.phys.iter().collect();
    let mut rows: Vec<usize> = (0..frame.height()).collect();
    rows.sort_by_key(|row| {
        let start = starts[*row].map_or(0, i64::from);
        if last { start } else { -start }
    });
    Ok(rows)
}

/// Numbers the combinations of values that occur in one breakdown.
#[derive(Debug)]
pub(super) struct Numbering<'s> {
    segmentation: &'s Segmentation<'s>,
    /// Positions of the crossed columns.
    columns: &'s [usize],
    numbers: HashMap<Vec<u32>, u32>,
    /// The values of each segment, one per crossed column.
    pub(super) names: Vec<Vec<String>>,
}

impl<'s> Numbering<'s> {
    pub(super) fn new(segmentation: &'s Segmentation<'s>, columns: &'s [usize]) -> Self {
        Self { segmentation, columns, numbers: HashMap::new(), names: Vec::new() }
    }

    /// The segment of a customer, given the orders columns' codes that apply.
    pub(super) fn number(&mut self, customer: u32, own: &[u32]) -> u32 {
        let codes: Vec<u32> =
            self.columns.iter().map(|column| self.segmentation.code(*column, customer, own)).collect();
        let (segmentation, columns, names) = (self.segmentation, self.columns, &mut self.names);
        *self.numbers.entry(codes).or_insert_with_key(|codes| {
            names.push(
                columns.iter().zip(codes).map(|(column, code)| segmentation.value(*column, *code)).collect(),
            );
            u32::try_from(names.len() - 1).unwrap_or(NONE)
        })
    }

    /// The segment of every customer who is one, [`NONE`] for the others.
    pub(super) fn of_all(&mut self, activity: &Activity<'_>) -> Vec<u32> {
        (0..)
            .take(activity.population())
            .map(|customer| {
                let codes = activity.own_codes(customer);
                if activity.is_customer(customer) { self.number(customer, codes) } else { NONE }
            })
            .collect()
    }
}
