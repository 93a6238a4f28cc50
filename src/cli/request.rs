//! Arguments to a complete request: every word of the user's checked before any file is read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::tz::TimeZone;

use super::args::{
    ModelArgument, OnConflictArgument, OrderAmountArgument, PeriodArgument, RefundsAtArgument,
    ReportArguments, SegmentAtArgument, WeekdayArgument,
};
use crate::activity::SegmentAt;
use crate::calendar::{Calendar, Day, Span, Unit, Weekday};
use crate::commands::report::Request;
use crate::error::Error;
use crate::input::customers::CustomerOptions;
use crate::input::fields::{CUSTOMER_FIELDS, ORDER_FIELDS};
use crate::input::grouping::Grouping;
use crate::input::mapping::parse_map;
use crate::input::number::{Mark, Reading, read};
use crate::input::order_amounts::read_order_amounts;
use crate::input::orders::{EXCLUDED_STATUS, OnConflict, OrderOptions, REFUNDED_STATUS, RefundsAt};
use crate::input::profiles::{Choice, Profile, parse_own};
use crate::input::rates::Rates;
use crate::input::returns::read_returns;
use crate::input::side_file::SideOptions;
use crate::input::source::{Source, expand};
use crate::input::{DateOrder, GivenFormat};
use crate::metrics::{Assumptions, Horizon, defaults, select};
use crate::report::{Model, Plan, Settings};
use crate::stats::Confidence;

/// The request that the arguments make.
pub(super) fn request_of(arguments: &ReportArguments) -> Result<Request, Error> {
    let unit = match arguments.period {
        PeriodArgument::Day => Unit::Day,
        PeriodArgument::Week => Unit::Week,
        PeriodArgument::Month => Unit::Month,
        PeriodArgument::Quarter => Unit::Quarter,
        PeriodArgument::Year => Unit::Year,
    };
    let calendar = Calendar {
        unit,
        week_start: weekday(arguments.week_start),
        fiscal_year_start: arguments.fiscal_year_start,
    };
    let as_of = arguments.as_of.as_deref().map(|text| last_day("--as-of", text)).transpose()?;
    let day = |flag, text: &Option<String>| text.as_deref().map(|text| first_day(flag, text)).transpose();
    let (from, data_from) = (day("--from", &arguments.from)?, day("--data-from", &arguments.data_from)?);
    let to = arguments.to.as_deref().map(|text| last_day("--to", text)).transpose()?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(Error::usage(format!("--from {from} is after --to {to}")));
    }
    let zone_name = arguments.timezone.clone().unwrap_or_else(|| "UTC".to_owned());
    let zone = TimeZone::get(&zone_name).map_err(|_| {
        Error::usage(format!("--timezone {zone_name}: there is no such time zone"))
            .hint("use an IANA name such as Europe/Berlin or America/New_York")
    })?;
    let (assumptions, assumed) = assumptions(arguments, unit)?;
    let model = match arguments.model {
        ModelArgument::Orders => Model::Orders,
        ModelArgument::Contract => Model::Contract,
    };
    let orders = expand(&arguments.orders)?;
    let customers = match &arguments.customers {
        Some(customers) => Some(one_source("--customers", customers)?),
        None => None,
    };
    if orders.contains(&Source::Stdin) && customers == Some(Source::Stdin) {
        return Err(Error::usage("orders and customers cannot both come from standard input"));
    }
    let given = arguments.customers_date_format.as_deref();
    let order_options = order_options(arguments, &zone, as_of)?;
    Ok(Request {
        orders,
        customers,
        customer_options: CustomerOptions {
            map: parse_map(&arguments.map_customers, CUSTOMER_FIELDS)?,
            date_format: given.map(|text| date_format("--customers-date-format", text)).transpose()?,
            profile: order_options.profile.clone(),
            encoding: order_options.encoding,
            zone,
            contracts: model == Model::Contract,
            as_of,
        },
        order_options,
        by: arguments.by.clone(),
        max_rejects: arguments.max_rejects,
        plan: Plan {
            settings: Settings {
                model,
                window: arguments.active_for,
                calendar,
                time_zone: zone_name,
                time_zone_given: arguments.timezone.is_some(),
                assumptions,
                assumed,
                segment_at: match arguments.segment_at {
                    SegmentAtArgument::First => SegmentAt::First,
                    SegmentAtArgument::Last => SegmentAt::Last,
                },
                min_customers: arguments.min_customers,
            },
            columns: Vec::new(),
            breakdowns: Vec::new(),
            metrics: if arguments.metrics.is_empty() {
                defaults()
            } else {
                select(&trimmed(&arguments.metrics))?
            },
            confidence: arguments.ci.map(confidence).transpose()?,
            data_from,
            as_of,
            from,
            to,
            include_incomplete: arguments.include_incomplete,
        },
    })
}

/// A level of confidence; 0.95 is a slip for 95.
fn confidence(percent: f64) -> Result<Confidence, Error> {
    let complain =
        || Error::usage(format!("--ci {percent}: a level is a percentage such as 95, from 50 to below 100"));
    if percent < 50.0 { Err(complain()) } else { Confidence::new(percent).ok_or_else(complain) }
}

fn one_source(flag: &str, argument: &str) -> Result<Source, Error> {
    let mut sources = expand(&[argument.to_owned()])?;
    match (sources.pop(), sources.is_empty()) {
        (Some(source), true) => Ok(source),
        _ => Err(Error::usage(format!("{flag} {argument}: the pattern matches more than one file"))),
    }
}

fn order_options(
    arguments: &ReportArguments,
    zone: &TimeZone,
    as_of: Option<Day>,
) -> Result<OrderOptions, Error> {
    let lower = |texts: &[String]| -> BTreeSet<String> {
        trimmed(texts).iter().map(|text| text.to_lowercase()).collect()
    };
    let included = lower(&arguments.include_status);
    let without_included = |words: &[&str]| -> BTreeSet<String> {
        words.iter().map(|word| (*word).to_owned()).filter(|word| !included.contains(word)).collect()
    };
    let decimal = match arguments.decimal.as_deref() {
        None => None,
        Some(".") => Some(Mark::Point),
        Some(",") => Some(Mark::Comma),
        Some(other) => return Err(Error::usage(format!("--decimal {other}: the decimal mark is . or ,"))),
    };
    let excluded_by_user = lower(&arguments.exclude_status);
    let mut excluded_status = without_included(EXCLUDED_STATUS);
    excluded_status.extend(excluded_by_user.iter().cloned());
    let encoding = arguments.encoding.as_deref().map(encoding).transpose()?;
    let date_format = arguments.date_format.as_deref();
    let date_format = date_format.map(|text| self::date_format("--date-format", text)).transpose()?;
    let cents = arguments.cents;
    let side = SideOptions { decimal, date_format: date_format.clone(), encoding, zone: zone.clone(), cents };
    let amounts = [("--payments", "payments", &arguments.payments), ("--lines", "lines", &arguments.lines)];
    let amounts =
        amounts.into_iter().find_map(|(flag, what, path)| path.as_ref().map(|path| (flag, what, path)));
    Ok(OrderOptions {
        map: parse_map(&arguments.map, ORDER_FIELDS)?,
        delimiter: arguments.delimiter.as_deref().map(delimiter).transpose()?,
        profile: Choice::new(arguments.profile.as_deref(), own_profiles(arguments.config.as_deref())?)?,
        encoding,
        decimal,
        returns: match &arguments.returns {
            Some(path) => read_returns(&one_source("--returns", path)?, &side)?,
            None => BTreeMap::new(),
        },
        amounts: match amounts {
            Some((flag, what, path)) => {
                Some(read_order_amounts(&one_source(flag, path)?, what, &excluded_by_user, &side)?)
            }
            None => None,
        },
        cents,
        on_conflict: arguments.on_conflict.map(|which| match which {
            OnConflictArgument::First => OnConflict::First,
            OnConflictArgument::Last => OnConflict::Last,
        }),
        refunds_at: match arguments.refunds_at {
            RefundsAtArgument::Order => RefundsAt::Order,
            RefundsAtArgument::Refund => RefundsAt::Refund,
        },
        date_format,
        zone: zone.clone(),
        excluded_status,
        refunded_status: without_included(REFUNDED_STATUS),
        guest_key_email: arguments.guest_key.is_some(),
        order_amount: arguments.order_amount.map(grouping),
        order_refund: arguments.order_refund.map(grouping),
        included_status: included.clone(),
        named_status: excluded_by_user.union(&included).cloned().collect(),
        without_amounts: arguments.no_amount,
        min_amount: match arguments.min_amount.as_deref() {
            None => None,
            Some(text) => match read(text.as_bytes(), Some(Mark::Point)) {
                Reading::Exact(amount) => Some(amount),
                _ => return Err(Error::usage(format!("--min-amount {text} is not an amount such as 0.01"))),
            },
        },
        currency: arguments.currency.as_deref().map(|code| code.trim().to_uppercase()),
        rates: match &arguments.rates {
            Some(path) => Some(Rates::read(&one_source("--rates", path)?)?),
            None => None,
        },
        as_of,
    })
}

fn encoding(name: &str) -> Result<&'static encoding_rs::Encoding, Error> {
    encoding_rs::Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        Error::usage(format!("--encoding {name}: there is no such encoding"))
            .hint("for example utf-8, windows-1252, iso-8859-15, utf-16le")
    })
}

/// The user's profiles: from the file named, else from `regulars.toml` in the current folder, if there is one.
fn own_profiles(config: Option<&Path>) -> Result<Vec<Profile>, Error> {
    let path = config.unwrap_or(Path::new("regulars.toml"));
    match std::fs::read_to_string(path) {
        Ok(text) => parse_own(&path.display().to_string(), &text),
        Err(error) if config.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::usage(format!("{}: {error}", path.display()))),
    }
}

fn trimmed(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn delimiter(text: &str) -> Result<u8, Error> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte]
            if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') =>
        {
            Ok(*byte)
        }
        _ => Err(Error::usage(format!("--delimiter {text}: give one character such as ; or the word tab"))),
    }
}

/// The order of day and month, or a format, which is tried on a date of its own making, so that a slip
/// shows before any file is read.
fn date_format(flag: &str, format: &str) -> Result<GivenFormat, Error> {
    match format {
        "day-first" => return Ok(GivenFormat::Order(DateOrder::DayFirst)),
        "month-first" => return Ok(GivenFormat::Order(DateOrder::MonthFirst)),
        _ => {}
    }
    let complain = |why: &dyn std::fmt::Display| {
        Error::usage(format!("{flag} {format}: {why}"))
            .hint("for example %d/%m/%Y, %m/%d/%Y %H:%M, day-first or month-first")
    };
    if format.contains("%Q") {
        return Err(complain(&"names of time zones are not read"));
    }
    if (format.contains("%I") || format.contains("%l")) && !format.to_lowercase().contains("%p") {
        return Err(complain(&"an hour up to 12 needs AM or PM (%p)"));
    }
    let probe = jiff::civil::date(2024, 2, 29).at(13, 45, 59, 0).to_zoned(TimeZone::UTC);
    let text = probe
        .map_err(|error| complain(&error))
        .and_then(|probe| jiff::fmt::strtime::format(format, &probe).map_err(|error| complain(&error)))?;
    let parsed = jiff::fmt::strtime::parse(format, &text).map_err(|error| complain(&error))?;
    parsed.to_date().map_err(|_| complain(&"the format has no day, month and year"))?;
    Ok(GivenFormat::Custom(format.to_owned()))
}

fn grouping(argument: OrderAmountArgument) -> Grouping {
    match argument {
        OrderAmountArgument::Sum => Grouping::Sum,
        OrderAmountArgument::Once => Grouping::Once,
    }
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

/// The first day of what a date flag names: a day, a month or a year.
fn first_day(flag: &str, text: &str) -> Result<Day, Error> {
    let completed = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    Day::parse_iso(&completed).ok_or_else(|| {
        Error::usage(format!("{flag} {text}: there is no such day")).hint("write 2025-03-14, 2025-03 or 2025")
    })
}

/// The last day of what a date flag names.
fn last_day(flag: &str, text: &str) -> Result<Day, Error> {
    let first = first_day(flag, text)?;
    let unit = match text.len() {
        4 => Unit::Year,
        7 => Unit::Month,
        _ => return Ok(first),
    };
    let calendar = Calendar { unit, week_start: Weekday::Monday, fiscal_year_start: 1 };
    Ok(calendar.start_of(calendar.number_of(first) + 1).plus(-1))
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
fn assumptions(arguments: &ReportArguments, unit: Unit) -> Result<(Assumptions, Vec<String>), Error> {
    let mut assumptions = Assumptions { amounts: !arguments.no_amount, ..Assumptions::default() };
    let mut said = Vec::new();
    if let Some(text) = &arguments.margin {
        assumptions.margin = share("--margin", text)?;
        if assumptions.margin > 1.0 {
            return Err(Error::usage(format!("--margin {text}: a margin is at most 1, or 100%")));
        }
        said.push(format!("margin {text} of revenue (CLV)"));
    }
    if let Some(text) = &arguments.discount {
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
    if let Some(text) = &arguments.horizon {
        let periods = horizon(text, unit)?;
        assumptions.horizon = Horizon::Periods(periods);
        said.push(format!("horizon {periods} {}s (CLV)", unit.name()));
    }
    if let Some(span) = arguments.lifespan {
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
    fn dates_may_be_months_and_years() {
        let day = |text| Day::parse_iso(text);
        assert_eq!(first_day("--from", "2024-02").ok(), day("2024-02-01"));
        assert_eq!(last_day("--to", "2024-02").ok(), day("2024-02-29"));
        assert_eq!(last_day("--to", "2024").ok(), day("2024-12-31"));
        assert_eq!(last_day("--to", "2024-02-10").ok(), day("2024-02-10"));
        assert_eq!(kind_of(first_day("--from", "2024-13")), Some(Kind::Usage));
        assert_eq!(kind_of(first_day("--from", "2023-02-29")), Some(Kind::Usage));
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

    #[test]
    fn date_formats_are_checked_before_use() {
        assert!(date_format("", "%d/%m/%Y").is_ok());
        assert!(date_format("", "%m/%d/%y %H:%M:%S").is_ok());
        assert_eq!(kind_of(date_format("", "%d/%m")), Some(Kind::Usage));
        assert_eq!(kind_of(date_format("", "dd/mm/yyyy")), Some(Kind::Usage));
    }
}
