//! Orders to polars frames, a batch at a time.

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series};

use super::date::{Stamp, day_of};
use crate::error::{Error, Result};
use crate::money::Micros;

/// Takes orders as they are made, from any thread and in any order. A batch has the columns of
/// [`super::classify::Finished::batches`].
pub trait TakesBatches: Sync {
    /// Takes a batch.
    ///
    /// # Errors
    /// The batch lacks a column: a bug.
    fn take(&self, batch: &DataFrame) -> Result<()>;
}

/// The name of a segmenting orders column in the frames, by its position.
pub fn segment_column(index: usize) -> String {
    format!("segment_{index}")
}

/// Columns on their way into a frame.
pub(super) struct Batch {
    customer: Vec<u32>,
    day: Vec<i32>,
    at: Vec<i64>,
    net: Vec<i64>,
    purchase: Vec<bool>,
    segments: Vec<Vec<u32>>,
}

impl Batch {
    pub(super) fn new(segments: usize) -> Self {
        Self {
            customer: Vec::new(),
            day: Vec::new(),
            at: Vec::new(),
            net: Vec::new(),
            purchase: Vec::new(),
            segments: vec![Vec::new(); segments],
        }
    }

    /// Makes room for so many orders.
    pub(super) fn reserve(&mut self, orders: usize) {
        self.customer.reserve(orders);
        self.day.reserve(orders);
        self.at.reserve(orders);
        self.net.reserve(orders);
        self.purchase.reserve(orders);
        self.segments.iter_mut().for_each(|column| column.reserve(orders));
    }

    pub(super) fn len(&self) -> usize {
        self.customer.len()
    }

    pub(super) fn push(&mut self, customer: u32, at: Stamp, net: Micros, purchase: bool, segments: &[u32]) {
        self.customer.push(customer);
        self.day.push(day_of(at).0);
        self.at.push(at);
        self.net.push(net);
        self.purchase.push(purchase);
        for (column, value) in self.segments.iter_mut().zip(segments) {
            column.push(*value);
        }
    }

    pub(super) fn take(&mut self, segment_columns: &[String]) -> Result<DataFrame> {
        let full = std::mem::replace(self, Self::new(segment_columns.len()));
        let height = full.len();
        let mut columns: Vec<Column> = vec![
            Series::new("customer".into(), full.customer).into_column(),
            Series::new("day".into(), full.day).into_date().into_column(),
            Series::new("at".into(), full.at).into_column(),
            Series::new("net".into(), full.net).into_column(),
            Series::new("purchase".into(), full.purchase).into_column(),
        ];
        for (index, values) in full.segments.into_iter().enumerate() {
            columns.push(Series::new(segment_column(index).into(), values).into_column());
        }
        DataFrame::new(height, columns).map_err(|error| Error::internal(format!("orders frame: {error}")))
    }
}
