//! JSON: the rows with what every number means, how the inputs were read, and what they cover.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::{history, pretty};
use crate::error::{Error, Result};
use crate::input::account::Account;
use crate::metrics::{Horizon, Metric};
use crate::report::{COUNTS, CustomersSummary, Model, Number, OrdersSummary, Report, Row};

#[derive(Serialize)]
struct Document<'r> {
    definitions: Vec<Definition<'r>>,
    settings: SettingsOut<'r>,
    inputs: InputsOut<'r>,
    coverage: CoverageOut,
    warnings: &'r [String],
    notes: &'r [String],
    rows: Vec<RowOut<'r>>,
}

#[derive(Serialize)]
struct Definition<'r> {
    id: &'r str,
    column: &'r str,
    name: &'r str,
    kind: &'static str,
    formula: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    window: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    empty_when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'r str>,
}

#[derive(Serialize)]
struct SettingsOut<'r> {
    model: &'static str,
    period: &'static str,
    week_start: String,
    fiscal_year_start: u8,
    active_for: String,
    time_zone: &'r str,
    by: &'r [String],
    segment_at: &'static str,
    min_customers: u64,
    currency: Option<&'r str>,
    min_amount: Option<&'r str>,
    exclude_status: &'r [String],
    include_status: &'r [String],
    refunds_at: &'static str,
    amounts: bool,
    confidence_percent: Option<f64>,
    margin: f64,
    discount_per_period: f64,
    horizon_periods: Option<u32>,
    assumed_lifespan_periods: Option<f64>,
}

#[derive(Serialize)]
struct InputsOut<'r> {
    orders: Option<OrdersOut<'r>>,
    customers: Option<CustomersOut<'r>>,
}

#[derive(Serialize)]
struct RowsOut {
    read: u64,
    used: u64,
    excluded: BTreeMap<&'static str, u64>,
    rejected: u64,
}

#[derive(Serialize)]
struct OrdersOut<'r> {
    files: &'r [String],
    rows: RowsOut,
    purchases: u64,
    returns: u64,
    without_customer: Option<KeylessOut>,
    currency: Option<&'r str>,
    grouping: &'r str,
    date_formats: &'r [String],
    encodings: &'r [String],
    profiles: &'r [String],
    mapping: BTreeMap<&'static str, &'r str>,
    statuses: BTreeMap<&'r str, StatusOut>,
}

#[derive(Serialize)]
struct KeylessOut {
    orders: u64,
    percent_of_orders: f64,
    percent_of_revenue: Option<f64>,
}

#[derive(Serialize)]
struct StatusOut {
    rows: u64,
    excluded: bool,
}

#[derive(Serialize)]
struct CustomersOut<'r> {
    file: &'r str,
    rows: RowsOut,
    without_orders: u64,
    with_orders_but_not_listed: u64,
    mapping: BTreeMap<&'static str, &'r str>,
}

#[derive(Serialize)]
struct CoverageOut {
    first_day: String,
    first_day_given: bool,
    last_day: String,
    last_day_given: bool,
}

pub(super) fn render(report: &Report) -> Result<Vec<u8>> {
    let document = Document {
        definitions: definitions(report),
        settings: settings(report),
        inputs: InputsOut {
            orders: report.orders.as_ref().map(orders),
            customers: report.customers.as_ref().map(customers),
        },
        coverage: coverage(report),
        warnings: &report.warnings,
        notes: &report.notes,
        rows: report.rows.iter().map(|row| RowOut { report, row }).collect(),
    };
    pretty(&document)
}

pub(super) fn render_lines(report: &Report) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for row in &report.rows {
        serde_json::to_writer(&mut out, &RowOut { report, row }).map_err(|error| bug(&error))?;
        out.push(b'\n');
    }
    Ok(out)
}

/// What the numbers of a report mean and rest on, as its JSON says it.
#[derive(Debug)]
pub struct Facts {
    /// The flags in effect, as the numbers take them.
    pub settings: Value,
    /// What every number means.
    pub definitions: Value,
    /// The days the data covers.
    pub coverage: Value,
    /// What became of the rows of the orders and of the customers.
    pub rows: Value,
}

/// The facts of a report.
///
/// # Errors
/// The library that writes JSON fails: a bug.
pub fn facts(report: &Report) -> Result<Facts> {
    let value = |part: serde_json::Result<Value>| part.map_err(|error| bug(&error));
    let accounts = BTreeMap::from([
        ("orders", report.orders.as_ref().map(|orders| rows(&orders.account))),
        ("customers", report.customers.as_ref().map(|customers| rows(&customers.account))),
    ]);
    Ok(Facts {
        settings: value(serde_json::to_value(settings(report)))?,
        definitions: value(serde_json::to_value(definitions(report)))?,
        coverage: value(serde_json::to_value(coverage(report)))?,
        rows: value(serde_json::to_value(accounts))?,
    })
}

fn settings(report: &Report) -> SettingsOut<'_> {
    let settings = &report.settings;
    SettingsOut {
        model: match settings.model {
            Model::Orders => "orders",
            Model::Contract => "contract",
        },
        period: settings.calendar.unit.name(),
        week_start: format!("{:?}", settings.calendar.week_start).to_lowercase(),
        fiscal_year_start: settings.calendar.fiscal_year_start,
        active_for: settings.window.to_string(),
        time_zone: &settings.time_zone,
        by: &report.by,
        segment_at: settings.segment_at.name(),
        min_customers: settings.min_customers,
        currency: report.orders.as_ref().and_then(|orders| orders.currency.as_deref()),
        min_amount: settings.min_amount.as_deref(),
        exclude_status: &settings.exclude_status,
        include_status: &settings.include_status,
        refunds_at: if report.orders.as_ref().is_some_and(|orders| orders.refunds_at_own_date) {
            "refund"
        } else {
            "order"
        },
        amounts: settings.assumptions.amounts,
        confidence_percent: report.confidence.map(|level| level.percent),
        margin: settings.assumptions.margin,
        discount_per_period: settings.assumptions.discount,
        horizon_periods: match settings.assumptions.horizon {
            Horizon::Infinite => None,
            Horizon::Periods(periods) => Some(periods),
        },
        assumed_lifespan_periods: settings.assumptions.lifespan,
    }
}

fn coverage(report: &Report) -> CoverageOut {
    CoverageOut {
        first_day: report.coverage.first.to_string(),
        first_day_given: report.coverage.first_given,
        last_day: report.coverage.last.to_string(),
        last_day_given: report.coverage.last_given,
    }
}

fn bug(error: &serde_json::Error) -> Error {
    Error::internal(format!("JSON: {error}"))
}

fn definitions(report: &Report) -> Vec<Definition<'_>> {
    let window = match report.settings.model {
        Model::Orders => report.settings.window.to_string(),
        Model::Contract => "contract".to_owned(),
    };
    let counts = COUNTS.iter().map(|count| Definition {
        id: count.id,
        column: count.id,
        name: count.title,
        kind: "count",
        formula: count.meaning.to_owned(),
        unit: None,
        window: window.clone(),
        empty_when: None,
        interval: None,
        source: None,
    });
    let metrics = report.metrics.iter().map(|metric: &&Metric| Definition {
        id: metric.id,
        column: metric.column,
        name: metric.name,
        kind: "metric",
        formula: super::words::formula(report, metric),
        unit: Some(super::words::unit_id(metric.unit)),
        window: window.clone(),
        empty_when: Some(metric.when_empty()),
        interval: report.confidence.map(|_| metric.interval_method),
        source: Some(metric.source),
    });
    counts.chain(metrics).collect()
}

fn rows(account: &Account) -> RowsOut {
    RowsOut {
        read: account.read,
        used: account.used,
        excluded: account.excluded.iter().map(|(reason, rows)| (reason.id(), *rows)).collect(),
        rejected: account.rejected,
    }
}

fn mapping<'r>(pairs: &'r [(&'static str, String)]) -> BTreeMap<&'static str, &'r str> {
    pairs.iter().map(|(field, column)| (*field, column.as_str())).collect()
}

fn orders(summary: &OrdersSummary) -> OrdersOut<'_> {
    OrdersOut {
        files: &summary.files,
        rows: rows(&summary.account),
        purchases: summary.purchases,
        returns: summary.returns,
        without_customer: summary.keyless.map(|(orders, percent_of_orders, percent_of_revenue)| KeylessOut {
            orders,
            percent_of_orders,
            percent_of_revenue,
        }),
        currency: summary.currency.as_deref(),
        grouping: &summary.grouping,
        date_formats: &summary.date_formats,
        encodings: &summary.forms,
        profiles: &summary.profiles,
        mapping: mapping(&summary.mapping),
        statuses: summary
            .statuses
            .iter()
            .map(|(status, (rows, excluded))| {
                (status.as_str(), StatusOut { rows: *rows, excluded: *excluded })
            })
            .collect(),
    }
}

fn customers(summary: &CustomersSummary) -> CustomersOut<'_> {
    CustomersOut {
        file: &summary.file,
        rows: rows(&summary.account),
        without_orders: summary.without_orders,
        with_orders_but_not_listed: summary.not_listed,
        mapping: mapping(&summary.mapping),
    }
}

/// A row, keyed by the columns of the CSV.
struct RowOut<'r> {
    report: &'r Report,
    row: &'r Row,
}

impl Serialize for RowOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let (report, row) = (self.report, self.row);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("period", &row.period)?;
        map.serialize_entry("period_start", &row.start.to_string())?;
        map.serialize_entry("period_end", &row.end.to_string())?;
        for (column, value) in report.by.iter().zip(&row.segment) {
            map.serialize_entry(column, value)?;
        }
        for count in COUNTS {
            match report.count(count, row) {
                None => map.serialize_entry(count.id, &None::<u64>)?,
                Some(Number::Whole(whole)) => map.serialize_entry(count.id, &whole)?,
                Some(Number::Money(money)) => map.serialize_entry(count.id, &money)?,
            }
        }
        for (metric, estimate) in report.metrics.iter().zip(&row.estimates) {
            map.serialize_entry(metric.column, &estimate.value)?;
            if report.confidence.is_some() {
                map.serialize_entry(&format!("{}_lo", metric.id), &estimate.interval.map(|i| i.lo))?;
                map.serialize_entry(&format!("{}_hi", metric.id), &estimate.interval.map(|i| i.hi))?;
            }
        }
        map.serialize_entry("complete", &row.complete)?;
        map.serialize_entry("history", history(row))?;
        map.end()
    }
}
