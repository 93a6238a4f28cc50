//! Which segment each customer is in.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use polars::prelude::DataFrame;

use super::fold::SegmentAt;
use crate::error::Result;
use crate::input::book::NONE;
use crate::input::frames::segment_column;
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
    /// earliest start counts, or the latest.
    ///
    /// # Errors
    /// The customers frame lacks a column: a bug.
    pub fn new(
        columns: &'a [ByColumn],
        customers: Option<&'a Customers>,
        order_values: &'a [Keys],
        population: usize,
        segment_at: SegmentAt,
    ) -> Result<Self> {
        let customer_values = customers.map_or(&[][..], |customers| &customers.values);
        let mut customer_codes = Vec::with_capacity(customer_values.len());
        if let Some(customers) = customers {
            for (index, keys) in customer_values.iter().enumerate() {
                let frame = &customers.frame;
                customer_codes.push(codes_by_customer(
                    frame,
                    &segment_column(index),
                    keys,
                    population,
                    segment_at,
                )?);
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

/// Which of a customer's rows counts, the smallest: its start, whether its value is missing, the value.
type Rank<'k> = (i64, bool, Option<&'k [u8]>);

/// The value code of every customer in a column of the customers frame: that of the row with the
/// earliest (latest) start, and among several of these the value that sorts first, a missing one last.
fn codes_by_customer(
    frame: &DataFrame,
    name: &str,
    keys: &Keys,
    population: usize,
    segment_at: SegmentAt,
) -> Result<Vec<u32>> {
    let customers = super::fold::column(frame, "customer")?.u32()?;
    let starts = &super::fold::column(frame, "start")?.date()?.phys;
    let values = super::fold::column(frame, name)?.u32()?;
    let mut codes = vec![NONE; population];
    if starts.null_count() == frame.height() {
        // No contracts, so one row per customer.
        for (customer, value) in customers.iter().zip(values.iter()) {
            if let (Some(customer), Some(value)) = (customer, value) {
                codes[customer as usize] = value;
            }
        }
        return Ok(codes);
    }
    let mut best: Vec<Option<Rank<'_>>> = vec![None; population];
    for ((customer, start), value) in customers.iter().zip(starts.iter()).zip(values.iter()) {
        let Some(customer) = customer.map(|customer| customer as usize) else { continue };
        let start = start.map_or(0, i64::from);
        let rank = (
            if segment_at == SegmentAt::Last { -start } else { start },
            value.is_none(),
            value.map(|value| keys.text(value)),
        );
        if best[customer].is_none_or(|known| rank < known) {
            best[customer] = Some(rank);
            codes[customer] = value.unwrap_or(NONE);
        }
    }
    Ok(codes)
}

/// Numbers the combinations of values that occur in one breakdown.
#[derive(Debug)]
pub(super) struct Numbering<'s> {
    segmentation: &'s Segmentation<'s>,
    /// Positions of the crossed columns.
    columns: &'s [usize],
    /// With one column: the number of each value, behind that of a missing one.
    of_value: Vec<u32>,
    /// With several: those of their values together.
    of_values: HashMap<Vec<u32>, u32, FixedState>,
    codes: Vec<u32>,
    /// The values of each segment, one per crossed column.
    pub(super) names: Vec<Vec<String>>,
}

impl<'s> Numbering<'s> {
    pub(super) fn new(segmentation: &'s Segmentation<'s>, columns: &'s [usize]) -> Self {
        Self {
            segmentation,
            columns,
            of_value: Vec::new(),
            of_values: HashMap::default(),
            codes: Vec::new(),
            // The total exists even when nobody does.
            names: if columns.is_empty() { vec![Vec::new()] } else { Vec::new() },
        }
    }

    /// The segment of a customer, given the orders columns' codes that apply.
    pub(super) fn number(&mut self, customer: u32, own: &[u32]) -> u32 {
        let known = match self.columns {
            [] => return 0,
            [column] => {
                let code = self.segmentation.code(*column, customer, own);
                self.codes.clear();
                self.codes.push(code);
                let index = code.wrapping_add(1) as usize;
                if index >= self.of_value.len() {
                    self.of_value.resize(index + 1, NONE);
                }
                Some(self.of_value[index]).filter(|number| *number != NONE)
            }
            columns => {
                self.codes.clear();
                self.codes
                    .extend(columns.iter().map(|column| self.segmentation.code(*column, customer, own)));
                self.of_values.get(&self.codes).copied()
            }
        };
        known.unwrap_or_else(|| self.number_new())
    }

    /// The number of the codes at hand, which are new.
    fn number_new(&mut self) -> u32 {
        let number = u32::try_from(self.names.len()).unwrap_or(NONE);
        let values = self.columns.iter().zip(&self.codes);
        self.names.push(values.map(|(column, code)| self.segmentation.value(*column, *code)).collect());
        match self.codes.as_slice() {
            [code] => self.of_value[code.wrapping_add(1) as usize] = number,
            codes => _ = self.of_values.insert(codes.to_vec(), number),
        }
        number
    }
}
