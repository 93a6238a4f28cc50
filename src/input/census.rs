//! What the columns of a file hold, seen while it is read: for people who look before they trust.

use std::collections::BTreeMap;

use super::fields::FieldInfo;
use super::is_missing;
use super::mapping::{Header, Mapping};
use super::profiles::Profile;
use super::record::Row;
use super::table::{Form, Table};
use crate::error::Result;

/// Different values of a column that are counted; beyond, a column is none of a few values.
const COUNTED: usize = 50;

/// A file, as it was found.
#[derive(Debug, Clone)]
pub struct FileCensus {
    /// The names of its columns.
    pub header: Header,
    /// The character between fields.
    pub delimiter: char,
    /// How it is packed and encoded.
    pub form: Form,
    /// The profile it is read with.
    pub profile: Option<String>,
    /// Rows behind the header, without empty lines.
    pub rows: u64,
    /// Field → position of its column, as it is read.
    pub mapping: Vec<(&'static str, usize)>,
    /// What the columns hold, by position.
    pub columns: Vec<ColumnCensus>,
    /// The column of the order's id, where lines of orders are followed.
    order_id: Option<usize>,
    /// The fields of the row before.
    previous: Vec<Vec<u8>>,
}

/// What a column holds.
#[derive(Debug, Clone, Default)]
pub struct ColumnCensus {
    /// Rows in which it holds nothing.
    pub empty: u64,
    /// It differs within an order: two lines of one, one behind the other, have different values.
    pub differs_within_orders: bool,
    /// The first different values, three at most.
    pub examples: Vec<Vec<u8>>,
    /// Its values and their rows, as long as they are few.
    values: Option<BTreeMap<Vec<u8>, u64>>,
}

impl FileCensus {
    /// A census of a file that is opened and not yet read.
    pub(super) fn new(table: &Table) -> Self {
        let column = ColumnCensus { values: Some(BTreeMap::new()), ..ColumnCensus::default() };
        Self {
            columns: vec![column; table.header.columns.len()],
            header: table.header.clone(),
            delimiter: table.delimiter.into(),
            form: table.form.clone(),
            profile: None,
            rows: 0,
            mapping: Vec::new(),
            order_id: None,
            previous: Vec::new(),
        }
    }

    /// Tells apart what is said of orders and of their lines, which bear the order's id in this column.
    pub(super) fn follow_orders(&mut self, id: Option<usize>) {
        self.order_id = id;
    }

    /// The census of a file that is read for nothing else.
    pub fn of(mut table: Table) -> Self {
        let mut census = Self::new(&table);
        while let Ok(Some(row)) = table.records.next() {
            census.see(&row);
        }
        census
    }

    /// Notes what a row holds.
    pub(super) fn see(&mut self, row: &Row<'_>) {
        self.rows += 1;
        if row.is_blank() || row.len() < self.columns.len() {
            return;
        }
        let fields = (0..self.columns.len()).map(|index| row.get(index));
        for (column, value) in self.columns.iter_mut().zip(fields) {
            column.see(&value);
        }
        if let Some(id) = self.order_id {
            let same_order = self.previous.get(id).is_some_and(|id_before| *id_before == *row.get(id));
            self.previous.resize(self.columns.len(), Vec::new());
            for (index, (column, before)) in self.columns.iter_mut().zip(&mut self.previous).enumerate() {
                let value = row.get(index);
                let says_something = !is_missing(&value) && !is_missing(before);
                column.differs_within_orders |= same_order && says_something && *before != *value;
                before.clear();
                before.extend_from_slice(&value);
            }
        }
    }

    /// Notes which columns are read, and how.
    pub(super) fn describe<F: Copy + Ord>(
        &mut self,
        mapping: &Mapping<F>,
        fields: &[FieldInfo<F>],
        profile: &Profile,
    ) {
        self.profile = Some(profile.title.clone()).filter(|title| !title.is_empty());
        let position = |info: &FieldInfo<F>| mapping.get(info.field).map(|position| (info.name, position));
        self.mapping = fields.iter().filter_map(position).collect();
    }

    /// Notes which columns would be read, as far as the header says.
    pub(super) fn guess<F: Copy + Ord>(&mut self, mapping: Result<Mapping<F>>, fields: &[FieldInfo<F>]) {
        if let Ok(mapping) = mapping {
            self.describe(&mapping, fields, &Profile::default());
        }
    }

    /// The census of a field's column.
    pub fn field(&self, field: &str) -> Option<&ColumnCensus> {
        let (_, position) = self.mapping.iter().find(|(name, _)| *name == field)?;
        self.columns.get(*position)
    }
}

impl ColumnCensus {
    fn see(&mut self, value: &[u8]) {
        if is_missing(value) {
            self.empty += 1;
            return;
        }
        if self.examples.len() < 3 && !self.examples.iter().any(|known| known == value) {
            self.examples.push(value.to_vec());
        }
        let Some(values) = &mut self.values else { return };
        if let Some(rows) = values.get_mut(value) {
            *rows += 1;
        } else if values.len() < COUNTED {
            values.insert(value.to_vec(), 1);
        } else {
            self.values = None;
        }
    }

    /// Its values and their rows, the commonest first, where they are few.
    pub fn values(&self) -> Option<Vec<(&[u8], u64)>> {
        let values = self.values.as_ref()?;
        let mut values: Vec<_> = values.iter().map(|(value, rows)| (value.as_slice(), *rows)).collect();
        values.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        Some(values)
    }
}
