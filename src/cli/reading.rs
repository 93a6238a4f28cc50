//! What counts and how files are read, from the arguments: the same for every command.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::choices::{ModelArgument, OnConflictArgument, OrderAmountArgument, RefundsAtArgument};
use super::common::ReadArguments;
use super::provenance::ReadFile;
use crate::calendar::{Calendar, Day, Unit, Weekday};
use crate::config::Document;
use crate::error::Error;
use crate::input::customers::CustomerOptions;
use crate::input::fields::{CUSTOMER_FIELDS, ORDER_FIELDS};
use crate::input::grouping::Grouping;
use crate::input::mapping::parse_map;
use crate::input::number::{Mark, Reading, read};
use crate::input::order_amounts::{Contents, read_order_amounts};
use crate::input::orders::{EXCLUDED_STATUS, OnConflict, OrderOptions, REFUNDED_STATUS, RefundsAt};
use crate::input::privacy::Privacy;
use crate::input::profiles::{Choice, parse_own};
use crate::input::rates::Rates;
use crate::input::returns::read_returns;
use crate::input::side_file::SideOptions;
use crate::input::source::{Source, expand};
use crate::input::{DateOrder, GivenFormat};
use crate::report::Report;

/// How all files are to be read.
pub(super) struct ReadOptions {
    pub(super) orders: OrderOptions,
    pub(super) customers: CustomerOptions,
    /// The customers file.
    pub(super) customers_file: Option<Source>,
    /// The files that said something of the orders or of money; they are read already.
    pub(super) others: Vec<ReadFile>,
    /// The name of the business time zone.
    pub(super) zone_name: String,
    pub(super) as_of: Option<Day>,
}

/// The options that the arguments make. `document`: the configuration file, which may have profiles; `files`: what the
/// command itself reads.
pub(super) fn read_options(
    arguments: &ReadArguments,
    document: Option<&Document>,
    files: &[Source],
) -> Result<ReadOptions, Error> {
    let on_stdin = arguments.files().filter(|(_, file)| *file == "-").count();
    if on_stdin + files.iter().filter(|file| file.is_stdin()).count() > 1 {
        return Err(Error::usage("only one of the files can come from standard input"));
    }
    let as_of = arguments.as_of.as_deref().map(|text| last_day("--as-of", text)).transpose()?;
    let zone_name = arguments.timezone.clone().unwrap_or_else(|| "UTC".to_owned());
    let zone = TimeZone::get(&zone_name).map_err(|_| {
        Error::usage(format!("--timezone {zone_name}: there is no such time zone"))
            .hint("use an IANA name such as Europe/Berlin or America/New_York")
    })?;
    let customers_file = match &arguments.customers {
        Some(customers) => Some(one_source("--customers", customers)?),
        None => None,
    };
    let privacy = if arguments.show_personal_data { Privacy::Shown } else { Privacy::Masked };
    let others = other_files(arguments)?;
    let own = document.map(|document| parse_own(&document.name, &document.text)).transpose()?;
    let profile = Choice::new(arguments.profile.as_deref(), own.unwrap_or_default())?;
    let orders = OrderOptions { profile, privacy, ..order_options(arguments, &others, &zone, as_of)? };
    let given = arguments.customers_date_format.as_deref();
    let customers = CustomerOptions {
        map: parse_map(&arguments.map_customers, CUSTOMER_FIELDS)
            .map_err(|error| error.about("--map-customers"))?,
        date_format: given.map(|text| date_format("--customers-date-format", text)).transpose()?,
        profile: orders.profile.clone(),
        encoding: orders.encoding,
        zone,
        privacy,
        contracts: matches!(arguments.model, ModelArgument::Contract),
        as_of,
    };
    Ok(ReadOptions { orders, customers, customers_file, others, zone_name, as_of })
}

/// Fails when the data is not what is asked for: too old, or doubtful.
pub(super) fn require_of(arguments: &ReadArguments, report: &Report) -> Result<(), Error> {
    require_fresh(arguments, report)?;
    require_quiet(arguments, report)
}

/// Fails when there is something to be said of the data that makes a careful reader doubt.
fn require_quiet(arguments: &ReadArguments, report: &Report) -> Result<(), Error> {
    if !arguments.fail_on_warnings || report.warnings.is_empty() {
        return Ok(());
    }
    Err(Error::places(report.warnings.clone()).hint("--fail-on-warnings makes this an error"))
}

/// Fails when the last purchase is too long ago: a job that runs on old exports says nothing of today.
fn require_fresh(arguments: &ReadArguments, report: &Report) -> Result<(), Error> {
    let Some(span) = arguments.require_fresh else { return Ok(()) };
    let (today, what) = if report.coverage.last_given {
        (report.coverage.last, "--as-of")
    } else {
        let zone = TimeZone::get(&report.settings.time_zone).unwrap_or(TimeZone::UTC);
        let now = jiff::Timestamp::now().to_zoned(zone).date();
        let day = Day::from_ymd(
            now.year().into(),
            now.month().cast_unsigned().into(),
            now.day().cast_unsigned().into(),
        );
        (day.unwrap_or(report.coverage.last), "today")
    };
    let last = report.coverage.last_seen;
    if last >= span.before(today) {
        return Ok(());
    }
    Err(Error::input(format!("the last purchase is of {last}, more than {span} before {what} ({today})"))
        .hint("is the newest export among the files? --require-fresh asks for it"))
}

fn other_files(arguments: &ReadArguments) -> Result<Vec<ReadFile>, Error> {
    let mut others = Vec::new();
    for (key, file) in arguments.files().filter(|(key, _)| *key != "customers") {
        let source = one_source(&format!("--{key}"), file)?;
        // It is read at once, before anybody can ask.
        source.want_digest();
        others.push(ReadFile::new(key, source));
    }
    Ok(others)
}

fn one_source(flag: &str, argument: &str) -> Result<Source, Error> {
    let mut sources = expand(&[argument.to_owned()])?;
    match (sources.pop(), sources.is_empty()) {
        (Some(source), true) => Ok(source),
        _ => Err(Error::usage(format!("{flag} {argument}: the pattern matches more than one file"))),
    }
}

fn order_options(
    arguments: &ReadArguments,
    others: &[ReadFile],
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
    let date = date_format.clone();
    let side = SideOptions { decimal, date_format: date, encoding, zone: zone.clone(), cents, as_of };
    let refunded_status = without_included(REFUNDED_STATUS);
    // A payment that went back is none.
    let unpaid: BTreeSet<String> = excluded_status.union(&refunded_status).cloned().collect();
    let other = |key: &str| others.iter().find(|file| file.role == key).map(|file| &file.source);
    let amounts = [("payments", Contents::Payments), ("lines", Contents::Lines)];
    let amounts = amounts.into_iter().find_map(|(key, what)| other(key).map(|source| (what, source)));
    Ok(OrderOptions {
        map: parse_map(&arguments.map, ORDER_FIELDS).map_err(|error| error.about("--map"))?,
        delimiter: arguments.delimiter.as_deref().map(delimiter).transpose()?,
        profile: Choice::default(),
        encoding,
        decimal,
        returns: other("returns").map(|source| read_returns(source, &side)).transpose()?.unwrap_or_default(),
        amounts: amounts
            .map(|(what, source)| read_order_amounts(source, what, &unpaid, &side))
            .transpose()?,
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
        refunded_status,
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
        rates: other("rates").map(Rates::read).transpose()?,
        privacy: Privacy::default(),
        as_of,
    })
}

fn encoding(name: &str) -> Result<&'static encoding_rs::Encoding, Error> {
    encoding_rs::Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        Error::usage(format!("--encoding {name}: there is no such encoding"))
            .hint("for example utf-8, windows-1252, iso-8859-15, utf-16le")
    })
}

pub(super) fn trimmed(texts: &[String]) -> Vec<String> {
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

/// The first day of what a date flag names: a day, a month or a year.
pub(super) fn first_day(flag: &str, text: &str) -> Result<Day, Error> {
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
pub(super) fn last_day(flag: &str, text: &str) -> Result<Day, Error> {
    let first = first_day(flag, text)?;
    let unit = match text.len() {
        4 => Unit::Year,
        7 => Unit::Month,
        _ => return Ok(first),
    };
    let calendar = Calendar { unit, week_start: Weekday::Monday, fiscal_year_start: 1 };
    Ok(calendar.start_of(calendar.number_of(first) + 1).plus(-1))
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
    fn date_formats_are_checked_before_use() {
        assert!(date_format("", "%d/%m/%Y").is_ok());
        assert!(date_format("", "%m/%d/%y %H:%M:%S").is_ok());
        assert_eq!(kind_of(date_format("", "%d/%m")), Some(Kind::Usage));
        assert_eq!(kind_of(date_format("", "dd/mm/yyyy")), Some(Kind::Usage));
    }
}
