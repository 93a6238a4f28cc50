//! What stands over a report: what its numbers are made of.

use super::words::{accounting, grouped, plural, shortened};
use crate::calendar::{Unit, Weekday};
use crate::report::{Model, OrdersSummary, Report, Settings};

/// A line of the header: a label, empty where the line continues the one before, and a text.
pub(super) type Line = (&'static str, String);

/// The title of a report.
pub(super) fn title(report: &Report) -> String {
    let unit = report.settings.calendar.unit.name();
    let range = match (report.rows.first(), report.rows.last()) {
        (Some(first), Some(last)) if first.period != last.period => {
            format!(", {} to {}", first.period, last.period)
        }
        (Some(one), _) => format!(", {}", one.period),
        _ => String::new(),
    };
    let by = if report.by.is_empty() { String::new() } else { format!(", by {}", report.by.join(" and ")) };
    format!("Customer retention per {unit}{range}{by}")
}

/// The lines under the title.
pub(super) fn lines(report: &Report) -> Vec<Line> {
    let settings = &report.settings;
    let mut lines =
        vec![("active", activity(settings)), ("days", days(settings)), ("covered", coverage(report))];
    if let Some(orders) = &report.orders {
        lines.extend(orders_lines(orders, settings.assumptions.amounts));
    }
    if let Some(customers) = &report.customers {
        lines.push(("customers", accounting(&customers.account)));
        lines.push(("", columns(&customers.mapping)));
        lines.push(("", format!("read as {}", customers.read_as)));
    }
    if !report.by.is_empty() {
        lines.push(("segments", segments(report)));
    }
    lines.extend(settings.assumed.iter().map(|assumed| ("assumed", assumed.clone())));
    if let Some(confidence) = report.confidence {
        lines.push((
            "intervals",
            format!("{} % confidence, from and to under each number", confidence.percent),
        ));
    }
    lines
}

/// What numbers mean wherever they stand: without what is to be known of the files.
pub(super) fn meaning(report: &Report) -> Vec<(String, String)> {
    let settings = &report.settings;
    let mut lines =
        vec![("active", activity(settings)), ("days", days(settings)), ("covered", coverage(report))];
    if let Some(orders) = &report.orders {
        lines.push(("orders", accounting(&orders.account)));
    }
    if let Some(customers) = &report.customers {
        lines.push(("customers", accounting(&customers.account)));
    }
    lines.extend(settings.assumed.iter().map(|assumed| ("assumed", assumed.clone())));
    if let Some(confidence) = report.confidence {
        let text = format!(
            "{} % confidence; of differences as Newcombe's, as if both were independent",
            confidence.percent
        );
        lines.push(("intervals", text));
    }
    lines.into_iter().map(|(label, text)| (label.to_owned(), text)).collect()
}

fn activity(settings: &Settings) -> String {
    match settings.model {
        Model::Orders => format!("a purchase in the {} before a day (--active-for)", settings.window),
        Model::Contract => "a contract that began before a day and has not ended before it".to_owned(),
    }
}

fn days(settings: &Settings) -> String {
    let calendar = &settings.calendar;
    let mut text = format!("time zone {}", settings.time_zone);
    if calendar.fiscal_year_start != 1 && matches!(calendar.unit, Unit::Quarter | Unit::Year) {
        text.push_str(&format!("; fiscal years start in month {}", calendar.fiscal_year_start));
    }
    if calendar.unit == Unit::Week && calendar.week_start != Weekday::Monday {
        text.push_str(&format!("; weeks start on {:?}", calendar.week_start));
    }
    text
}

fn coverage(report: &Report) -> String {
    let coverage = &report.coverage;
    let (first, last) = match report.settings.model {
        Model::Orders => ("first purchase", "last purchase"),
        Model::Contract => ("first seen", "last start or purchase"),
    };
    format!(
        "{} ({}) to {} ({})",
        coverage.first,
        if coverage.first_given { "--data-from" } else { first },
        coverage.last,
        if coverage.last_given { "--as-of" } else { last }
    )
}

fn orders_lines(orders: &OrdersSummary, has_amounts: bool) -> Vec<Line> {
    let number = |n: u64| grouped(&n.to_string());
    let mut made = format!(
        "{} purchase{}, {} return{}",
        number(orders.purchases),
        plural(orders.purchases),
        number(orders.returns),
        plural(orders.returns)
    );
    if let Some((keyless, of_orders, of_revenue)) = orders.keyless {
        let revenue = of_revenue.map(|share| format!(", {share:.1} % of revenue")).unwrap_or_default();
        let keyless = number(keyless);
        made.push_str(&format!(
            "; left out: {keyless} without customer ({of_orders:.1} % of orders{revenue})"
        ));
    }
    let mut lines = vec![
        ("orders", accounting(&orders.account)),
        ("", made),
        ("", orders.grouping.clone()),
        ("", columns(&orders.mapping)),
        ("", read_as(orders)),
    ];
    if !orders.statuses.is_empty() {
        let list = |which: bool| {
            let of = orders.statuses.iter().filter(|(_, (_, excluded))| *excluded == which);
            shortened(&of.map(|(name, _)| name.as_str()).collect::<Vec<_>>())
        };
        lines.push(("status", format!("counted: {}; excluded: {}", list(false), list(true))));
    }
    if !orders.kinds.is_empty() {
        let list = |count: fn(&(u64, u64)) -> u64| {
            let of = orders.kinds.iter().filter(|(_, counts)| count(counts) > 0);
            shortened(&of.map(|(name, _)| name.as_str()).collect::<Vec<_>>())
        };
        lines.push(("kinds", format!("counted: {}; left out: {}", list(|c| c.0), list(|c| c.1))));
    }
    if has_amounts {
        let currency = orders.currency.as_deref();
        let unnamed = if currency.is_none() { "; the files name no currency" } else { "" };
        let currency = currency.map(|currency| format!("{currency}, ")).unwrap_or_default();
        let from = orders.amounts_from.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        let refunds = if orders.refunds_at_own_date {
            "in full, at the date of the order; refunds at their own date"
        } else {
            "less refunds, at the date of the order"
        };
        lines.push(("money", format!("{currency}amounts{from} {refunds}{unnamed}")));
    }
    lines
}

/// What the files are and how they are written.
fn read_as(orders: &OrdersSummary) -> String {
    let what = match orders.profiles.as_slice() {
        [] => orders.forms.join(" and "),
        profiles => format!("{} ({})", profiles.join(" and "), orders.forms.join(" and ")),
    };
    format!("read as {what}; dates {}", orders.date_formats.join(" and "))
}

/// Which columns were taken as what: `order_id = Order ID, …`; a column named like its field once.
fn columns(mapping: &[(&'static str, String)]) -> String {
    let pairs: Vec<String> = mapping
        .iter()
        .map(|(field, column)| if field == column { column.clone() } else { format!("{field} = {column}") })
        .collect();
    format!("columns: {}", pairs.join(", "))
}

fn segments(report: &Report) -> String {
    let settings = &report.settings;
    let mut text = "each customer is in one".to_owned();
    if report.segments_by_orders {
        let which = settings.segment_at.name();
        text.push_str(&format!("; a column of the orders counts at the {which} purchase"));
    }
    if settings.min_customers > 0 {
        text.push_str(&format!("; never {} active customers: (other)", settings.min_customers));
    }
    text
}
