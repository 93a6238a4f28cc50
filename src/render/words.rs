//! The report's words: its header, the notes under it, and numbers as people read them.

use crate::calendar::{Unit as PeriodUnit, Weekday};
use crate::input::account::Account;
use crate::metrics::{Metric, Unit};
use crate::report::{COUNTS, Count, Model, Number, Report};

/// What stands where there is no number.
pub(super) const MISSING: &str = "–";

/// The unit as a key in JSON.
pub(super) fn unit_id(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => "percent",
        Unit::Money => "money",
        Unit::Purchases => "purchases",
        Unit::Periods => "periods",
    }
}

/// The unit under a metric's name.
pub(super) fn unit_words(report: &Report, unit: Unit) -> String {
    match unit {
        Unit::Percent => "%".to_owned(),
        Unit::Money => currency(report).to_owned(),
        Unit::Purchases => String::new(),
        Unit::Periods => format!("{}s", report.settings.calendar.unit.name()),
    }
}

fn currency(report: &Report) -> &str {
    report.orders.as_ref().and_then(|orders| orders.currency.as_deref()).unwrap_or("")
}

/// A metric's number as people read it: percentages with one decimal, everything else with two.
pub(super) fn metric_number(metric: &Metric, value: Option<f64>) -> String {
    let Some(value) = value else { return MISSING.to_owned() };
    match metric.unit {
        Unit::Percent | Unit::Periods => grouped(&format!("{value:.1}")),
        Unit::Money | Unit::Purchases => grouped(&format!("{value:.2}")),
    }
}

/// A count as people read it; money without decimals.
pub(super) fn count_number(value: Option<Number>) -> String {
    match value {
        None => MISSING.to_owned(),
        Some(Number::Whole(whole)) => grouped(&whole.to_string()),
        Some(Number::Money(money)) => grouped(&format!("{money:.0}")),
    }
}

/// Thousands apart by commas.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `10,000 rows = 9,500 used + 500 excluded (480 excluded status, 20 no customer) + 0 rejected`
pub fn accounting(account: &Account) -> String {
    let number = |n: u64| grouped(&n.to_string());
    let reasons: Vec<String> = account
        .excluded
        .iter()
        .map(|(reason, rows)| format!("{} {}", number(*rows), reason.describe()))
        .collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!(
        "{} rows = {} used + {} excluded{reasons} + {} rejected",
        number(account.read),
        number(account.used),
        number(account.excluded_total()),
        number(account.rejected)
    )
}

/// The title and the lines of the header, as label and text.
pub(super) fn header(report: &Report) -> (String, Vec<(&'static str, String)>) {
    let settings = &report.settings;
    let unit = settings.calendar.unit.name();
    let by = if report.by.is_empty() { String::new() } else { format!(", by {}", report.by.join(" and ")) };
    let range = match (report.rows.first(), report.rows.last()) {
        (Some(first), Some(last)) if first.period != last.period => {
            format!("{} to {}", first.period, last.period)
        }
        (Some(one), _) => one.period.clone(),
        _ => String::new(),
    };
    let mut lines = Vec::new();
    lines.push((
        "active",
        match settings.model {
            Model::Orders => format!("a purchase in the {} before a day (--active-for)", settings.window),
            Model::Contract => "a contract that began before a day and has not ended before it".to_owned(),
        },
    ));
    let mut zone = format!("{} (time zone of the days)", settings.time_zone);
    let calendar = &settings.calendar;
    if calendar.fiscal_year_start != 1 && matches!(calendar.unit, PeriodUnit::Quarter | PeriodUnit::Year) {
        zone.push_str(&format!("; fiscal years start in month {}", calendar.fiscal_year_start));
    }
    if calendar.unit == PeriodUnit::Week && calendar.week_start != Weekday::Monday {
        zone.push_str(&format!("; weeks start on {:?}", calendar.week_start));
    }
    lines.push(("days", zone));
    let coverage = &report.coverage;
    let seen = |given: bool, flag: &'static str, what: &'static str| if given { flag } else { what };
    lines.push((
        "covered",
        format!(
            "{} ({}) to {} ({})",
            coverage.first,
            seen(coverage.first_given, "--data-from", "the first seen"),
            coverage.last,
            seen(coverage.last_given, "--as-of", "the last seen")
        ),
    ));
    if let Some(orders) = &report.orders {
        lines.push(("orders", accounting(&orders.account)));
        let number = |n: u64| grouped(&n.to_string());
        let mut text = format!("{} purchases, {} returns", number(orders.purchases), number(orders.returns));
        if let Some((keyless, of_orders, of_revenue)) = orders.keyless {
            let revenue = of_revenue.map(|share| format!(", {share:.1} % of revenue")).unwrap_or_default();
            text.push_str(&format!(
                "; left out: {} without customer ({of_orders:.1} % of orders{revenue})",
                number(keyless)
            ));
        }
        lines.push(("", text));
        lines.push(("", orders.grouping.clone()));
        let excluded: Vec<&str> = orders
            .statuses
            .iter()
            .filter(|(_, (_, excluded))| *excluded)
            .map(|(name, _)| name.as_str())
            .collect();
        let counted: Vec<&str> = orders
            .statuses
            .iter()
            .filter(|(_, (_, excluded))| !excluded)
            .map(|(name, _)| name.as_str())
            .collect();
        if !orders.statuses.is_empty() {
            let excluded = if excluded.is_empty() { "none".to_owned() } else { excluded.join(", ") };
            lines.push(("status", format!("counted: {}; excluded: {excluded}", counted.join(", "))));
        }
        if settings.assumptions.amounts {
            lines.push((
                "money",
                match &orders.currency {
                    Some(currency) => format!("{currency}, amounts less refunds, at the date of the order"),
                    None => "amounts less refunds, at the date of the order; the files name no currency"
                        .to_owned(),
                },
            ));
        }
    }
    if let Some(customers) = &report.customers {
        lines.push(("customers", accounting(&customers.account)));
    }
    if !report.by.is_empty() {
        let which = if settings.segment_at_last { "last" } else { "first" };
        let mut text = format!("one per customer; a column of the orders counts at the {which} purchase");
        if settings.min_customers > 0 {
            text.push_str(&format!("; fewer than {} active customers: (other)", settings.min_customers));
        }
        lines.push(("segments", text));
    }
    for assumed in &settings.assumed {
        lines.push(("assumed", assumed.clone()));
    }
    if let Some(confidence) = report.confidence {
        lines.push((
            "intervals",
            format!("{} % confidence, the two lines under each number", confidence.percent),
        ));
    }
    (format!("Customer retention by {unit}, {range}{by}"), lines)
}

/// What the shown columns mean: title and definition.
pub(super) fn legend(report: &Report, counts: &[&'static Count]) -> Vec<(&'static str, String)> {
    let metrics = report.metrics.iter().map(|metric| {
        let formula = clv_formula(report, metric).unwrap_or_else(|| metric.formula.to_owned());
        (metric.title, formula)
    });
    counts.iter().map(|count| (count.title, count.meaning.to_owned())).chain(metrics).collect()
}

/// The formula of a metric that the user's assumptions change.
fn clv_formula(report: &Report, metric: &Metric) -> Option<String> {
    let assumptions = &report.settings.assumptions;
    match metric.id {
        "lifespan" => assumptions.lifespan.map(|_| "assumed (--lifespan), not measured".to_owned()),
        "clv" if !report.settings.assumed.is_empty() => {
            let discounted =
                assumptions.discount != 0.0 || assumptions.horizon != crate::metrics::Horizon::Infinite;
            let last = if discounted { "Σ over t < horizon of (r / (1 + d))^t" } else { "lifespan" };
            Some(format!("margin × aov × (orders / closing) × {last}"))
        }
        _ => None,
    }
}

/// Why cells of the shown columns are empty, one line per reason.
pub(super) fn empty_reasons(report: &Report, counts: &[&'static Count]) -> Vec<String> {
    let mut notes: Vec<(String, Vec<&str>)> = Vec::new();
    let mut note =
        |reason: String, title: &'static str| match notes.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, titles)) if titles.contains(&title) => {}
            Some((_, titles)) => titles.push(title),
            None => notes.push((reason, vec![title])),
        };
    for (index, metric) in report.metrics.iter().enumerate() {
        for row in report.rows.iter().filter(|row| row.estimates[index].value.is_none()) {
            let unknown = !report.settings.assumptions.amounts && metric.unit == Unit::Money;
            if unknown {
                note("the orders are read without amounts (--no-amount)".to_owned(), metric.title);
            } else if metric.needs_history && !row.full_history {
                let window = report.settings.window;
                note(format!("fewer than {window} of covered days before the period"), metric.title);
            } else {
                let (reason, _) =
                    metric.empty_when.split_once(", or the history").unwrap_or((metric.empty_when, ""));
                note(reason.to_owned(), metric.title);
            }
        }
    }
    if report.orders.is_none() {
        for count in counts.iter().filter(|count| count.of_orders) {
            note("no orders file is given".to_owned(), count.title);
        }
    }
    notes.into_iter().map(|(reason, titles)| format!("{}: {reason}", titles.join(", "))).collect()
}

/// The counts a report can show beside its metrics.
pub(super) fn shown_counts(report: &Report) -> Vec<&'static Count> {
    COUNTS.iter().filter(|count| report.orders.is_some() || !count.of_orders).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (text, expected) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.80", "-1,234,567.80"),
            ("-100.0", "-100.0"),
        ] {
            assert_eq!(grouped(text), expected);
        }
    }
}
