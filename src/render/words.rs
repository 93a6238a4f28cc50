//! The report's words: its legend, the notes under it, and numbers as people read them.

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
    value.map_or_else(|| MISSING.to_owned(), |value| decimal(value, decimals_of(metric.unit)))
}

/// How many decimals people read of a metric.
pub(super) fn decimals_of(unit: Unit) -> usize {
    match unit {
        Unit::Percent | Unit::Periods => 1,
        Unit::Money | Unit::Purchases => 2,
    }
}

/// A number with so many decimals.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    grouped(&format!("{value:.decimals$}"))
}

/// How many decimals it takes, at least so many, for a number to stand on the side of another where it is.
pub(super) fn decimals_beside(value: f64, other: f64, least: usize) -> usize {
    const MOST: usize = 12;
    let rounded = |decimals: usize| format!("{value:.decimals$}").parse().unwrap_or(value);
    let is_told = |decimals: &usize| {
        let shown: f64 = rounded(*decimals);
        shown.partial_cmp(&other) == value.partial_cmp(&other)
    };
    (least..MOST).find(is_told).unwrap_or(MOST)
}

/// A segment: its columns and values.
pub(super) fn segment_words(segment: &[(String, String)]) -> String {
    let words: Vec<String> = segment.iter().map(|(column, value)| format!("{column} {value}")).collect();
    plain(&words.join(", "))
}

/// Text for a line of its own: without characters that control terminals or that XML cannot have.
pub(super) fn plain(text: &str) -> String {
    let is_bad = |character: char| character.is_control() || matches!(character, '\u{FFFE}' | '\u{FFFF}');
    text.chars().map(|character| if is_bad(character) { ' ' } else { character }).collect()
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
pub(crate) fn grouped(text: &str) -> String {
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

pub(super) fn plural(n: u64) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// So many of many texts, and how many more there are.
pub(crate) fn first_of(texts: &[String], shown: usize) -> String {
    let more = texts.len().saturating_sub(shown);
    let text = texts[..texts.len() - more].join("; ");
    if more > 0 { format!("{text}; and {more} more") } else { text }
}

/// The first few of many names.
pub(super) fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    match names.len() {
        0 => "none".to_owned(),
        n if n > SHOWN => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}

/// What the shown columns mean: title and definition.
pub(super) fn legend(report: &Report, counts: &[&'static Count]) -> Vec<(&'static str, String)> {
    let metrics = report.metrics.iter().map(|metric| (metric.title, formula(report, metric)));
    counts.iter().map(|count| (count.title, count.meaning.to_owned())).chain(metrics).collect()
}

/// The formula of a metric, as the user's assumptions change it.
pub(super) fn formula(report: &Report, metric: &Metric) -> String {
    assumed_formula(report, metric).unwrap_or_else(|| metric.formula.to_owned())
}

fn assumed_formula(report: &Report, metric: &Metric) -> Option<String> {
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

/// What stands under the table: what is left out, what is marked, and why cells are empty.
pub(super) fn footnotes(report: &Report, counts: &[&'static Count]) -> Vec<(&'static str, String)> {
    let mut notes: Vec<_> = report.notes.iter().map(|note| ("!", note.clone())).collect();
    if report.rows.iter().any(|row| !row.complete) {
        notes.push(("*", "not complete: the period ends after the last covered day".to_owned()));
    }
    notes.extend(empty_reasons(report, counts).into_iter().map(|note| (MISSING, note)));
    let hidden: Vec<&str> = shown_counts(report)
        .iter()
        .filter(|count| !counts.iter().any(|shown| shown.id == count.id))
        .map(|count| count.title)
        .collect();
    if !hidden.is_empty() {
        notes.push(("+", format!("--wide shows {}", hidden.join(", "))));
    }
    notes
}

/// Why cells of the shown columns are empty, one line per reason.
fn empty_reasons(report: &Report, counts: &[&'static Count]) -> Vec<String> {
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
                let given = report.coverage.first_given;
                let how = report.coverage.earlier_hint();
                let lacks = match report.settings.model {
                    Model::Orders => format!("fewer than {window} of covered days before the period{how}"),
                    Model::Contract if given => "the period begins before the covered days".to_owned(),
                    Model::Contract => "the period begins before the first contract; if the file is complete from an earlier day, say --data-from".to_owned(),
                };
                note(lacks, metric.title);
            } else {
                note(metric.empty_when.to_owned(), metric.title);
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
    fn a_number_is_shown_on_its_side_of_a_threshold() {
        for (value, threshold, expected) in [
            (6.04, 6.0, 2),
            (6.0, 6.0, 1),
            (5.96, 6.0, 2),
            (6.4, 6.0, 1),
            (60.000_004, 60.0, 6),
            (-5.04, -5.0, 2),
        ] {
            assert_eq!(decimals_beside(value, threshold, 1), expected, "{value}");
        }
    }

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
