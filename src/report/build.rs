//! Orders and customers to a report.

use rayon::ThreadPool;

use super::{
    ALL, Coverage, CustomersSummary, Estimate, Model, OTHER, OrdersSummary, Report, Row, Settings, gaps,
};
use crate::activity::{Activity, Breakdown, ByColumn, Counting, Grid, Origin, Segmentation, count};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::input::classify::Finished;
use crate::input::customers::Customers;
use crate::input::grouping::{Evidence, Grouping};
use crate::input::orders::{Orders, RefundsAt};
use crate::metrics::Metric;
use crate::money::to_f64;
use crate::stats::Confidence;
use crate::tally::Tally;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The orders; the contract model does without.
    pub orders: Option<&'a Orders>,
    /// The customers file.
    pub customers: Option<&'a Customers>,
}

/// What is to be reported.
#[derive(Debug)]
pub struct Plan {
    /// What the numbers mean.
    pub settings: Settings,
    /// The segmenting columns.
    pub columns: Vec<ByColumn>,
    /// The breakdowns: positions of crossed columns.
    pub breakdowns: Vec<Vec<usize>>,
    /// The metrics.
    pub metrics: Vec<&'static Metric>,
    /// How sure intervals are to be; no intervals without it.
    pub confidence: Option<Confidence>,
    /// The first covered day, if given.
    pub data_from: Option<Day>,
    /// The last covered day, if given.
    pub as_of: Option<Day>,
    /// Periods before this day's are not printed.
    pub from: Option<Day>,
    /// Periods after this day's are not printed.
    pub to: Option<Day>,
    /// Periods that have not ended are printed too.
    pub include_incomplete: bool,
}

/// Computes a report from what was counted by [`count_all`].
///
/// # Errors
/// There is nothing to report on, or an identity does not hold.
pub fn build(inputs: &Inputs<'_>, breakdowns: Vec<Breakdown>, plan: Plan) -> Result<Report> {
    let coverage = cover(inputs, &plan)?;
    let grid = grid(&plan, &coverage);
    let settings = &plan.settings;
    let shown = shown_periods(&plan, &grid, &coverage)?;
    let breakdowns = merge_small(breakdowns, settings.min_customers, &shown)?;
    let mut rows = Vec::new();
    for period in &shown {
        for breakdown in &breakdowns {
            for segment in &breakdown.segments {
                let mut values = vec![ALL.to_owned(); plan.columns.len()];
                for (column, value) in breakdown.columns.iter().zip(&segment.values) {
                    values[*column].clone_from(value);
                }
                rows.push(row(&plan, &grid, &coverage, *period, values, &segment.tallies[*period]));
            }
        }
    }
    let shortfall = shortfall(&plan, &grid, &coverage);
    let warnings = warnings(inputs, &plan, &coverage);
    let notes = notes(&plan, &grid, &coverage);
    Ok(Report {
        segments_by_orders: plan.columns.iter().any(|column| matches!(column.origin, Origin::Orders(_))),
        by: plan.columns.iter().map(|column| column.name.clone()).collect(),
        settings: plan.settings,
        metrics: plan.metrics,
        confidence: plan.confidence,
        coverage,
        orders: inputs.orders.map(summarise_orders),
        customers: inputs.customers.map(summarise_customers),
        rows,
        warnings,
        notes,
        shortfall,
    })
}

/// The covered days: from `--data-from` or the first purchase to `--as-of` or the last one. In the
/// contract model starts of contracts count like purchases; ends do not, for they may lie ahead.
fn cover(inputs: &Inputs<'_>, plan: &Plan) -> Result<Coverage> {
    let purchases = inputs.orders.and_then(|orders| orders.finished.purchase_days);
    let starts = match (plan.settings.model, inputs.customers) {
        (Model::Contract, Some(customers)) => {
            let column = customers.frame.column("start")?.date()?;
            let mut days = column.phys.iter().flatten().map(Day);
            days.next().map(|day| days.fold((day, day), |(lo, hi), day| (lo.min(day), hi.max(day))))
        }
        _ => None,
    };
    let seen = match (purchases, starts) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (one, other) => one.or(other),
    };
    let Some((first, last)) = seen else {
        let what = match plan.settings.model {
            Model::Orders => "there is no purchase in the data",
            Model::Contract => "there is no contract in the data",
        };
        let account = inputs.orders.map(|orders| &orders.account);
        let hint = match account.filter(|account| account.read > 0) {
            None => "the files hold headers only".to_owned(),
            Some(account) if account.used > 0 => "all orders that count are returns".to_owned(),
            Some(account) if account.excluded_total() == 0 => {
                format!("all {} rows are rejected", account.rejected)
            }
            Some(account) => {
                let reasons =
                    account.excluded.iter().map(|(reason, rows)| format!("{rows} {}", reason.describe()));
                format!("rows are excluded: {}", reasons.collect::<Vec<_>>().join(", "))
            }
        };
        return Err(Error::input(what).hint(hint));
    };
    let coverage = Coverage {
        first: plan.data_from.unwrap_or(first),
        first_given: plan.data_from.is_some(),
        last: plan.as_of.unwrap_or(last),
        last_given: plan.as_of.is_some(),
        last_seen: last,
    };
    if coverage.first > coverage.last {
        return Err(Error::input(format!(
            "--data-from {} is after the last covered day, {}",
            coverage.first, coverage.last
        )));
    }
    Ok(coverage)
}

/// Counts what the customers of these inputs have done, and checks. `population` is a number above those of all
/// customers; `pool` counts, without one the calling thread.
///
/// # Errors
/// There is nothing to report on, or an identity does not hold.
pub fn count_all(
    inputs: &Inputs<'_>,
    plan: &Plan,
    activity: Activity,
    population: usize,
    pool: Option<&ThreadPool>,
) -> Result<Vec<Breakdown>> {
    let grid = grid(plan, &cover(inputs, plan)?);
    let values = inputs.orders.map_or(&[][..], |orders| &orders.values);
    let segment_at = plan.settings.segment_at;
    let segmentation = Segmentation::new(&plan.columns, inputs.customers, values, population, segment_at)?;
    let counting = Counting {
        grid: &grid,
        customers: inputs.customers,
        contracts: plan.settings.model == Model::Contract,
        segmentation: &segmentation,
        breakdowns: &plan.breakdowns,
        pool,
    };
    count(activity, &counting)
}

/// The periods that the data covers.
fn grid(plan: &Plan, coverage: &Coverage) -> Grid {
    let settings = &plan.settings;
    Grid::new(settings.calendar, coverage.first, coverage.last, settings.window)
}

/// The periods to print.
fn shown_periods(plan: &Plan, grid: &Grid, coverage: &Coverage) -> Result<Vec<usize>> {
    let unit = plan.settings.calendar.unit.name();
    let complete: Vec<usize> = (0..grid.len())
        .filter(|period| plan.include_incomplete || coverage.completes(grid, *period))
        .collect();
    let (first, last) = (coverage.first, coverage.last);
    if complete.is_empty() {
        return Err(Error::input(format!("no {unit} is complete: the data covers {first} to {last}"))
            .hint("use --include-incomplete to see it as it stands, or a shorter --period"));
    }
    let shown: Vec<usize> = complete
        .into_iter()
        .filter(|period| plan.from.is_none_or(|from| grid.last_day(*period) >= from))
        .filter(|period| plan.to.is_none_or(|to| grid.start(*period) <= to))
        .collect();
    if shown.is_empty() {
        return Err(Error::input(format!(
            "no complete {unit} lies between --from and --to: the data covers {first} to {last}"
        )));
    }
    Ok(shown)
}

/// Merges segments whose closing count never reaches the minimum in the printed periods.
fn merge_small(breakdowns: Vec<Breakdown>, minimum: u64, shown: &[usize]) -> Result<Vec<Breakdown>> {
    let mut merged = Vec::with_capacity(breakdowns.len());
    for mut breakdown in breakdowns {
        if minimum > 0 && !breakdown.columns.is_empty() {
            let largest =
                |tallies: &[Tally]| shown.iter().map(|period| tallies[*period].closing).max().unwrap_or(0);
            let (small, mut kept): (Vec<_>, Vec<_>) =
                breakdown.segments.into_iter().partition(|segment| largest(&segment.tallies) < minimum);
            let mut small = small.into_iter();
            if let Some(mut other) = small.next() {
                other.values.fill(OTHER.to_owned());
                for segment in small {
                    for (sum, tally) in other.tallies.iter_mut().zip(&segment.tallies) {
                        sum.merge(tally).ok_or_else(|| Error::input("amounts are too large to add up"))?;
                    }
                }
                kept.push(other);
                kept.sort_by(|a, b| a.values.cmp(&b.values));
            }
            breakdown.segments = kept;
        }
        merged.push(breakdown);
    }
    Ok(merged)
}

fn row(
    plan: &Plan,
    grid: &Grid,
    coverage: &Coverage,
    period: usize,
    segment: Vec<String>,
    tally: &Tally,
) -> Row {
    let full_history = full_history(plan, grid, coverage, period);
    let assumptions = &plan.settings.assumptions;
    let estimates = plan
        .metrics
        .iter()
        .map(|metric| {
            let known = full_history || !metric.needs_history;
            // What overflows is no number.
            let value = (metric.value)(tally, assumptions).filter(|value| known && value.is_finite());
            let interval = plan
                .confidence
                .filter(|_| value.is_some())
                .and_then(|level| (metric.interval)(tally, assumptions, level))
                .filter(|interval| interval.lo.is_finite() && interval.hi.is_finite());
            Estimate { value, interval }
        })
        .collect();
    Row {
        period: grid.label(period),
        start: grid.start(period),
        end: grid.last_day(period),
        segment,
        tally: tally.clone(),
        estimates,
        complete: coverage.completes(grid, period),
        full_history,
    }
}

/// Whether the days before a period that its metrics look back to are covered.
fn full_history(plan: &Plan, grid: &Grid, coverage: &Coverage, period: usize) -> bool {
    match plan.settings.model {
        Model::Orders => coverage.has_history(grid, period),
        Model::Contract => grid.start(period) >= coverage.first,
    }
}

/// When no period has the history that the metrics asked for need: says so, and what would work.
fn shortfall(plan: &Plan, grid: &Grid, coverage: &Coverage) -> Option<Error> {
    let needed: Vec<&str> = plan.metrics.iter().filter(|m| m.needs_history).map(|m| m.id).collect();
    let any_full = (0..grid.len())
        .any(|period| coverage.completes(grid, period) && full_history(plan, grid, coverage, period));
    if any_full || needed.is_empty() {
        return None;
    }
    let unit = plan.settings.calendar.unit;
    let before = match plan.settings.model {
        Model::Orders => format!("has the {} before it", plan.settings.window),
        Model::Contract => "starts within the covered days".to_owned(),
    };
    let error = Error::input(format!(
        "the history is too short: no complete {} {before} that {} need; the data covers {} to {}",
        unit.name(),
        needed.join(", "),
        coverage.first,
        coverage.last
    ));
    if plan.settings.model == Model::Contract {
        return Some(error.hint("--data-from says from when the contracts are complete"));
    }
    Some(match coverage.longest_window(grid, unit) {
        Some(window) => error.hint(format!("the longest that works is --active-for {window}")),
        None => error.hint("no --active-for works with a single period; use a shorter --period or more data"),
    })
}

/// What is left out of the rows because the data ends within a period.
fn notes(plan: &Plan, grid: &Grid, coverage: &Coverage) -> Vec<String> {
    let last = grid.len() - 1;
    if plan.include_incomplete
        || coverage.completes(grid, last)
        || plan.to.is_some_and(|to| to < grid.start(last))
    {
        return Vec::new();
    }
    let how = if coverage.last_given {
        "--include-incomplete shows it as it stands".to_owned()
    } else {
        format!("if the files are complete to its end, say --as-of {}", grid.last_day(last))
    };
    vec![format!(
        "{} is left out: the data ends on {}, before the {} does; {how}",
        grid.label(last),
        coverage.last,
        plan.settings.calendar.unit.name()
    )]
}

fn warnings(inputs: &Inputs<'_>, plan: &Plan, coverage: &Coverage) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut warnings = Vec::new();
    let Some(orders) = inputs.orders else { return warnings };
    if orders.with_offset > 0 && !plan.settings.time_zone_given {
        warnings.push(format!(
            "{} timestamps are in UTC or have an offset from it, and are counted on their UTC day; name the business's zone with --timezone",
            orders.with_offset
        ));
    }
    let gaps = gaps::improbable(&orders.finished.order_days, coverage.first, coverage.last);
    for (first, last) in gaps.iter().take(SHOWN) {
        let days = last.0 - first.0 + 1;
        warnings.push(format!(
            "no orders from {first} to {last} ({days} days), which is unlike the weeks around it: is a file missing?"
        ));
    }
    if gaps.len() > SHOWN {
        warnings.push(format!("… and {} more such gaps", gaps.len() - SHOWN));
    }
    if let Some(customers) = inputs.customers.filter(|customers| customers.not_listed > 0) {
        let share = 100.0 * customers.not_listed as f64 / customers.with_orders as f64;
        let so = match plan.settings.model {
            Model::Orders => "their segment is (none)",
            Model::Contract => {
                "they have no contract, but their purchases count in orders, revenue, AOV and CLV"
            }
        };
        warnings.push(format!(
            "{} of {} customers with orders ({share:.1} %) are not in {}; {so}",
            customers.not_listed, customers.with_orders, customers.file
        ));
    }
    if orders.finished.spanning > 0 {
        warnings.push(format!(
            "{} orders have lines in more than one file; they are put together, so see that no file is an older version of another",
            orders.finished.spanning
        ));
    }
    if orders.unknown_returns > 0 {
        warnings.push(format!(
            "--returns: {} of {} orders are in no orders file; they change no number",
            orders.unknown_returns, orders.returns_named
        ));
    }
    if orders.unknown_amounts > 0 {
        warnings.push(format!(
            "orders of {} that are in no orders file: {}; they change no number",
            orders.amounts_from.as_deref().unwrap_or("the separate file"),
            orders.unknown_amounts
        ));
    }
    if orders.finished.returned_beyond > 0 {
        warnings.push(format!(
            "more came back of {} orders than they amounted to; are refunds in another unit than amounts?",
            orders.finished.returned_beyond
        ));
    }
    warnings.extend(orders.unknown_kind_warnings());
    for file in &orders.unread_repairs {
        warnings.push(format!(
            "rows of {file} are repaired, but it is not read under this name; they count beside the others"
        ));
    }
    warnings.extend(orders.profile_notes.iter().cloned());
    for status in &orders.unknown_statuses {
        let known: Vec<&str> = orders.statuses.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "no status".to_owned() } else { known.join(", ") };
        warnings.push(format!(
            "no order has the status \"{status}\" (--exclude-status, --include-status); the orders have {known}"
        ));
    }
    warnings
}

/// How lines became orders, in words.
pub fn describe_grouping(finished: &Finished) -> String {
    let mut grouping: Vec<String> = finished
        .groupings
        .iter()
        .map(|(header, (grouping, evidence))| {
            let what = header.as_deref().unwrap_or("quantity × price");
            let how = match grouping {
                Grouping::Sum => format!("{what} is summed over the lines of an order"),
                Grouping::Once => format!("{what} is taken once per order"),
            };
            match evidence {
                Evidence::NotNeeded => "one amount per order".to_owned(),
                Evidence::Flag => format!("{how} (--order-amount)"),
                Evidence::Known => how,
                Evidence::LinesDiffer => format!("{how} (it differs within orders)"),
                Evidence::Header => format!("{how} (its name says so)"),
            }
        })
        .collect();
    grouping.dedup();
    grouping.join("; ")
}

fn summarise_orders(orders: &Orders) -> OrdersSummary {
    let finished = &orders.finished;
    let placed = finished.purchases + finished.returns + finished.keyless;
    let keyless = (finished.keyless > 0).then(|| {
        let of_revenue = (finished.revenue.0 != 0)
            .then(|| 100.0 * to_f64(finished.revenue.1) / to_f64(finished.revenue.0));
        (finished.keyless, 100.0 * finished.keyless as f64 / placed as f64, of_revenue)
    });
    OrdersSummary {
        files: orders.files.iter().map(|file| file.name.clone()).collect(),
        rows: orders.files.iter().map(|file| file.rows).collect(),
        account: orders.account.clone(),
        purchases: finished.purchases,
        returns: finished.returns,
        keyless,
        statuses: orders.statuses.clone(),
        kinds: orders.kinds.clone(),
        refunds_at_own_date: orders.refunds_at == RefundsAt::Refund,
        amounts_from: orders.amounts_from.clone(),
        mapping: orders.mapping.clone(),
        date_formats: orders.date_formats.clone(),
        forms: orders.forms.clone(),
        profiles: orders.profiles.clone(),
        grouping: describe_grouping(finished),
        currency: finished.currency.clone(),
    }
}

fn summarise_customers(customers: &Customers) -> CustomersSummary {
    CustomersSummary {
        file: customers.file.clone(),
        account: customers.account.clone(),
        without_orders: customers.without_orders,
        not_listed: customers.not_listed,
        mapping: customers.mapping.clone(),
        read_as: match &customers.profile {
            Some(profile) => format!("{profile} ({})", customers.form),
            None => customers.form.clone(),
        },
    }
}
