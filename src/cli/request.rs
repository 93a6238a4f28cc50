//! Arguments to a complete request: every word of the user's checked before any file is read.

use std::num::NonZeroUsize;

use super::args::ReportArguments;
use super::choices::{ModelArgument, PeriodArgument, SegmentAtArgument, WeekdayArgument};
use super::common::{ReadArguments, ResourceArguments, WhatArguments};
use super::provenance::ReadFile;
use super::reading::{first_day, last_day, read_options, trimmed};
use crate::activity::SegmentAt;
use crate::calendar::{Calendar, Span, Unit, Weekday};
use crate::commands::report::Request;
use crate::config::Document;
use crate::error::Error;
use crate::input::source::expand;
use crate::means::Memory;
use crate::metrics::{Assumptions, Horizon, METRICS, defaults, select};
use crate::report::{Model, Plan, Settings};
use crate::stats::Confidence;

/// The request that the arguments of a report make.
pub(super) fn request_of(
    arguments: &ReportArguments,
    document: Option<&Document>,
) -> Result<(Request, Vec<ReadFile>), Error> {
    let ReportArguments { orders, read, what, show, resources, .. } = arguments;
    let (request, others) = request(orders, read, document, what, resources)?;
    let from = show.from.as_deref().map(|text| first_day("--from", text)).transpose()?;
    let to = show.to.as_deref().map(|text| last_day("--to", text)).transpose()?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Error::usage(format!("--from {from} is after --to {to}")));
    }
    let metrics = if show.metrics.is_empty() {
        defaults()
    } else {
        select(&trimmed(&show.metrics)).map_err(|error| error.about("--metrics"))?
    };
    let include_incomplete = show.include_incomplete;
    let plan = Plan { metrics, from, to, include_incomplete, ..request.plan };
    Ok((Request { by: show.by.clone(), plan, ..request }, others))
}

/// A request for everything there is, with the numbers that the arguments mean.
pub(super) fn request(
    orders: &[String],
    read: &ReadArguments,
    document: Option<&Document>,
    what: &WhatArguments,
    resources: &ResourceArguments,
) -> Result<(Request, Vec<ReadFile>), Error> {
    let unit = match what.period {
        PeriodArgument::Day => Unit::Day,
        PeriodArgument::Week => Unit::Week,
        PeriodArgument::Month => Unit::Month,
        PeriodArgument::Quarter => Unit::Quarter,
        PeriodArgument::Year => Unit::Year,
    };
    let calendar =
        Calendar { unit, week_start: weekday(what.week_start), fiscal_year_start: what.fiscal_year_start };
    let orders = expand(orders)?;
    let options = read_options(read, document, &orders)?;
    let data_from = what.data_from.as_deref().map(|text| first_day("--data-from", text)).transpose()?;
    let (assumptions, assumed) = assumptions(read, what, unit)?;
    let model = match read.model {
        ModelArgument::Orders => Model::Orders,
        ModelArgument::Contract => Model::Contract,
    };
    let request = Request {
        orders,
        customers: options.customers_file,
        order_options: options.orders,
        customer_options: options.customers,
        by: Vec::new(),
        max_rejects: read.max_rejects,
        threads: resources.threads.map(usize::from).and_then(NonZeroUsize::new),
        memory: Memory::default(),
        plan: Plan {
            settings: Settings {
                model,
                window: what.active_for,
                calendar,
                time_zone: options.zone_name,
                time_zone_given: read.timezone.is_some(),
                assumptions,
                assumed,
                segment_at: match what.segment_at {
                    SegmentAtArgument::First => SegmentAt::First,
                    SegmentAtArgument::Last => SegmentAt::Last,
                },
                min_customers: what.min_customers,
                min_amount: read.min_amount.clone(),
                exclude_status: sorted(&read.exclude_status),
                include_status: sorted(&read.include_status),
            },
            columns: Vec::new(),
            breakdowns: Vec::new(),
            metrics: METRICS.to_vec(),
            confidence: what.ci.map(confidence).transpose()?,
            data_from,
            as_of: options.as_of,
            from: None,
            to: None,
            include_incomplete: true,
        },
    };
    Ok((request, options.others))
}

/// Words in lower case and in their order, so that the same words are the same text.
fn sorted(words: &[String]) -> Vec<String> {
    let mut words: Vec<String> = trimmed(words).iter().map(|word| word.to_lowercase()).collect();
    words.sort();
    words.dedup();
    words
}

/// A level of confidence; 0.95 is a slip for 95.
fn confidence(percent: f64) -> Result<Confidence, Error> {
    let complain =
        || Error::usage(format!("--ci {percent}: a level is a percentage such as 95, from 50 to below 100"));
    if percent < 50.0 { Err(complain()) } else { Confidence::new(percent).ok_or_else(complain) }
}

fn weekday(argument: WeekdayArgument) -> Weekday {
    match argument {
        WeekdayArgument::Monday => Weekday::Monday,
        WeekdayArgument::Tuesday => Weekday::Tuesday,
        WeekdayArgument::Wednesday => Weekday::Wednesday,
        WeekdayArgument::Thursday => Weekday::Thursday,
        WeekdayArgument::Friday => Weekday::Friday,
        WeekdayArgument::Saturday => Weekday::Saturday,
        WeekdayArgument::Sunday => Weekday::Sunday,
    }
}

/// A share such as 0.3 or 30%.
fn share(flag: &str, text: &str) -> Result<f64, Error> {
    let (digits, scale) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits.trim(), 100.0));
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value / scale),
        _ => Err(Error::usage(format!("{flag} {text} is not a share such as 0.3 or 30%"))),
    }
}

/// What the lifetime value assumes, and how the header says it.
fn assumptions(
    read: &ReadArguments,
    what: &WhatArguments,
    unit: Unit,
) -> Result<(Assumptions, Vec<String>), Error> {
    let mut assumptions = Assumptions { amounts: !read.no_amount, ..Assumptions::default() };
    let mut said = Vec::new();
    if let Some(text) = &what.margin {
        assumptions.margin = share("--margin", text)?;
        if assumptions.margin > 1.0 {
            return Err(Error::usage(format!("--margin {text}: a margin is at most 1, or 100%")));
        }
        said.push(format!("margin {text} of revenue (CLV)"));
    }
    if let Some(text) = &what.discount {
        let yearly = share("--discount", text)?;
        if yearly > 1.0 {
            return Err(Error::usage(format!("--discount {text}: more than 100 % a year; write 10% or 0.1")));
        }
        assumptions.discount = (1.0 + yearly).powf(1.0 / unit.per_year()) - 1.0;
        said.push(format!(
            "discount {text} per year, {:.4} % per {} (CLV)",
            100.0 * assumptions.discount,
            unit.name()
        ));
    }
    if let Some(text) = &what.horizon {
        let periods = horizon(text, unit)?;
        assumptions.horizon = Horizon::Periods(periods);
        said.push(format!("horizon {periods} {}s (CLV)", unit.name()));
    }
    if let Some(span) = what.lifespan {
        let periods = match (exact_periods(span, unit), unit.per_year()) {
            (Some((whole, per)), _) => f64::from(whole) / f64::from(per),
            (None, per_year) => span.mean_days() * per_year / 365.2425,
        };
        if periods < 1.0 {
            return Err(Error::usage(format!("--lifespan {span} is shorter than a {}", unit.name())));
        }
        assumptions.lifespan = Some(periods);
        said.push(format!("lifespan {span} = {periods:.4} {}s, not measured", unit.name()));
    }
    Ok((assumptions, said))
}

/// A span as a fraction of periods, where both are made of days or both of months.
fn exact_periods(span: Span, unit: Unit) -> Option<(u32, u32)> {
    use crate::calendar::SpanUnit;
    let count = u32::from(span.count);
    match (span.unit, unit.months()) {
        (SpanUnit::Months, Some(months)) => Some((count, months.into())),
        (SpanUnit::Years, Some(months)) => Some((12 * count, months.into())),
        (SpanUnit::Days, None) => Some((count, if unit == Unit::Week { 7 } else { 1 })),
        (SpanUnit::Weeks, None) => Some((7 * count, if unit == Unit::Week { 7 } else { 1 })),
        _ => None,
    }
}

fn horizon(text: &str, unit: Unit) -> Result<u32, Error> {
    let complain = || {
        let name = unit.name();
        Error::usage(format!("--horizon {text} is not a whole number of {name}s"))
            .hint(format!("give a number of {name}s, or a span that is one"))
    };
    if let Ok(periods) = text.parse::<u32>() {
        return if periods > 0 { Ok(periods) } else { Err(complain()) };
    }
    let span: Span = text.parse().map_err(|_| complain())?;
    match exact_periods(span, unit) {
        Some((whole, per)) if whole.is_multiple_of(per) => Ok(whole / per),
        _ => Err(complain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn kind_of<T>(result: Result<T, Error>) -> Option<Kind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn horizons_are_whole_periods() {
        assert_eq!(horizon("24mo", Unit::Quarter).ok(), Some(8));
        assert_eq!(horizon("2y", Unit::Month).ok(), Some(24));
        assert_eq!(horizon("5", Unit::Day).ok(), Some(5));
        assert_eq!(horizon("10w", Unit::Day).ok(), Some(70));
        for (text, unit) in
            [("1mo", Unit::Quarter), ("30d", Unit::Month), ("0", Unit::Month), ("x", Unit::Month)]
        {
            assert_eq!(kind_of(horizon(text, unit)), Some(Kind::Usage), "{text}");
        }
    }
}
