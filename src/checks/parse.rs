//! Checks from a configuration file.

use super::{Against, Bound, Change, Check, Evidence, Measure, Periods, Selector};
use crate::config::{Document, Item, Key, Place, Value};
use crate::error::{Error, Result, nearest};
use crate::metrics::{METRICS, Unit};
use crate::report::COUNTS;

/// The keys of a check.
const KEYS: [&str; 14] = [
    "name",
    "metric",
    "segment",
    "period",
    "last",
    "min",
    "max",
    "max_drop",
    "max_rise",
    "against",
    "baseline",
    "min_customers",
    "evidence",
    "allow_missing",
];

/// The checks of a file, in its order.
///
/// # Errors
/// A key is unknown, a value is none of those there are, or a check does not say what it checks.
pub fn parse(document: &Document) -> Result<Vec<Check>> {
    let Some(item) = document.get("check") else { return Ok(Vec::new()) };
    let Value::List(items) = &item.value else {
        return Err(document.complain(item.place, "checks are a list of tables: write [[check]]"));
    };
    let checks: Vec<Check> =
        items.iter().map(|item| Reader { document, item }.read()).collect::<Result<_>>()?;
    for (index, check) in checks.iter().enumerate() {
        if let Some(known) = checks[..index].iter().find(|known| known.name == check.name) {
            let what = format!("there is a check \"{}\" on line {} already", check.name, known.place.line);
            return Err(document.complain(check.place, what).hint("give it a name of its own: name = \"…\""));
        }
    }
    Ok(checks)
}

/// Reads one check.
struct Reader<'d> {
    document: &'d Document,
    item: &'d Item,
}

impl<'d> Reader<'d> {
    fn read(&self) -> Result<Check> {
        let entries = self.entries()?;
        if let Some((key, _)) = entries.iter().find(|(key, _)| !KEYS.contains(&key.name.as_str())) {
            return Err(self.document.unknown(key, KEYS));
        }
        let place = entries.first().map_or(self.item.place, |(key, _)| key.place);
        let measure = self.measure(place)?;
        let segment = self.segment()?;
        let bounds = self.bounds(measure, place)?;
        let baseline = self.get("baseline").map(|(_, item)| self.text("baseline", item)).transpose()?;
        let evidence = match self.choice("evidence", &["point", "interval"])? {
            Some(1) => Evidence::Interval,
            _ => Evidence::Point,
        };
        let lacks = match measure {
            Measure::Count(count) => Some(format!("{} is a count, which has no interval", count.id)),
            Measure::Metric(metric) => {
                (!metric.has_interval()).then(|| format!("{} has no interval", metric.id))
            }
        };
        if let Some(what) = lacks.filter(|_| evidence == Evidence::Interval) {
            let place = self.get("evidence").map_or(place, |(_, item)| item.place);
            return Err(self.complain(place, what));
        }
        let mut check = Check {
            name: String::new(),
            measure,
            segment,
            periods: self.periods()?,
            bounds,
            baseline: baseline.map(|path| self.document.path(&path)),
            min_customers: self.whole("min_customers")?.unwrap_or(0),
            evidence,
            allow_missing: self.switch("allow_missing")?,
            place,
        };
        check.name = match self.get("name") {
            None => default_name(&check),
            Some((_, item)) => {
                let name = self.text("name", item)?;
                if name.trim().is_empty() {
                    return Err(self.complain(item.place, "a name has a letter at least"));
                }
                name
            }
        };
        Ok(check)
    }

    fn complain(&self, place: Place, what: impl std::fmt::Display) -> Error {
        self.document.complain(place, what)
    }

    fn entries(&self) -> Result<&'d [(Key, Item)]> {
        match &self.item.value {
            Value::Table(entries) => Ok(entries),
            other => Err(self.complain(self.item.place, format!("a check is a table, not {}", other.kind()))),
        }
    }

    fn get(&self, name: &str) -> Option<(&'d Key, &'d Item)> {
        let entries = self.entries().unwrap_or_default();
        entries.iter().find(|(key, _)| key.name == name).map(|(key, item)| (key, item))
    }

    fn text(&self, name: &str, item: &Item) -> Result<String> {
        match &item.value {
            Value::Text(text) => Ok(text.clone()),
            other => Err(self.complain(item.place, format!("{name} is a text, not {}", other.kind()))),
        }
    }

    fn number(&self, name: &str, item: &Item) -> Result<f64> {
        match &item.value {
            Value::Number(number, _) if number.is_finite() => Ok(*number),
            Value::Number(_, written) => {
                Err(self.complain(item.place, format!("{name}: {written} is no number")))
            }
            other => Err(self.complain(item.place, format!("{name} is a number, not {}", other.kind()))),
        }
    }

    fn whole(&self, name: &str) -> Result<Option<u64>> {
        let Some((_, item)) = self.get(name) else { return Ok(None) };
        match &item.value {
            Value::Number(_, written) => written.replace('_', "").parse().ok(),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| self.complain(item.place, format!("{name} is a whole number, 0 or more")))
    }

    fn switch(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None => Ok(false),
            Some((_, Item { value: Value::Switch(switch), .. })) => Ok(*switch),
            Some((_, item)) => Err(self.complain(item.place, format!("{name} is true or false"))),
        }
    }

    /// Which of these words it is.
    fn choice(&self, name: &str, words: &[&str]) -> Result<Option<usize>> {
        let Some((_, item)) = self.get(name) else { return Ok(None) };
        let text = self.text(name, item)?;
        words.iter().position(|word| *word == text).map(Some).ok_or_else(|| {
            let error =
                self.complain(item.place, format!("{name} is {}, not \"{text}\"", words.join(" or ")));
            match nearest(&text, words.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error,
            }
        })
    }

    fn measure(&self, place: Place) -> Result<Measure> {
        let ids = || METRICS.iter().map(|metric| metric.id).chain(COUNTS.iter().map(|count| count.id));
        let Some((_, item)) = self.get("metric") else {
            let hint = format!("metric = one of {}", ids().collect::<Vec<_>>().join(", "));
            return Err(self.complain(place, "the check does not say which metric it is about").hint(hint));
        };
        let text = self.text("metric", item)?;
        if let Some(metric) = METRICS.iter().find(|metric| metric.id == text) {
            return Ok(Measure::Metric(metric));
        }
        if let Some(count) = COUNTS.iter().find(|count| count.id == text) {
            return Ok(Measure::Count(count));
        }
        let error = self.complain(item.place, format!("there is no metric \"{text}\""));
        Err(match nearest(&text, ids()) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint(format!("the metrics are {}", ids().collect::<Vec<_>>().join(", "))),
        })
    }

    fn segment(&self) -> Result<Selector> {
        let Some((_, item)) = self.get("segment") else { return Ok(Vec::new()) };
        let complain = || {
            self.complain(
                item.place,
                "segment is a table such as { country = \"DE\" }, or { country = \"*\" } for every one",
            )
        };
        let Value::Table(entries) = &item.value else { return Err(complain()) };
        if entries.is_empty() {
            return Err(complain());
        }
        let mut selector = Vec::new();
        for (key, item) in entries {
            match &item.value {
                // orders.country is a key in a table for TOML, and the column of a file for us.
                Value::Table(inner) if ["orders", "customers"].contains(&key.name.as_str()) => {
                    for (column, item) in inner {
                        selector.push((format!("{}.{}", key.name, column.name), self.segment_value(item)?));
                    }
                }
                _ => selector.push((key.name.clone(), self.segment_value(item)?)),
            }
        }
        Ok(selector)
    }

    /// A value of a segment; `None` for every one.
    fn segment_value(&self, item: &Item) -> Result<Option<String>> {
        match &item.value {
            Value::Text(text) | Value::Number(_, text) => Ok(Some(text.clone()).filter(|text| text != "*")),
            other => Err(self.complain(item.place, format!("a segment is a text, not {}", other.kind()))),
        }
    }

    fn periods(&self) -> Result<Periods> {
        match (self.get("period"), self.get("last")) {
            (Some((key, _)), Some(_)) => Err(self.complain(key.place, "give period or last, not both")),
            (Some((_, item)), None) => Ok(match &item.value {
                Value::Text(text) if text == "last" => Periods::Last(1),
                Value::Text(text) | Value::Number(_, text) | Value::Date(text) => {
                    Periods::Named(text.clone(), item.place)
                }
                other => {
                    let what =
                        format!("period is \"last\" or a label such as \"2025-03\", not {}", other.kind());
                    return Err(self.complain(item.place, what));
                }
            }),
            (None, Some((_, item))) => match self.whole("last")? {
                Some(count @ 1..) => Ok(Periods::Last(usize::try_from(count).unwrap_or(usize::MAX))),
                _ => Err(self.complain(item.place, "last is a number of periods, 1 or more")),
            },
            (None, None) => Ok(Periods::Last(1)),
        }
    }

    fn bounds(&self, measure: Measure, place: Place) -> Result<Vec<(Bound, Place)>> {
        let against = match self.choice("against", &Against::ALL.map(Against::key))? {
            Some(chosen) => Against::ALL[chosen],
            None if self.get("baseline").is_some() => Against::Baseline,
            _ => Against::Previous,
        };
        let mut bounds = Vec::new();
        for (name, make) in [("min", Bound::Min as fn(f64) -> Bound), ("max", Bound::Max)] {
            if let Some((key, item)) = self.get(name) {
                let number = self.number(name, item)?;
                // A percentage without an interval is no proportion, and may exceed 100: the textbook's retention.
                let most = match measure {
                    Measure::Metric(metric) if metric.unit == Unit::Percent => {
                        Some(if metric.has_interval() { 100.0 } else { f64::INFINITY })
                    }
                    _ => None,
                };
                if let Some(most) = most
                    && !(0.0..=most).contains(&number)
                {
                    let what = format!("{name}: {} is a percentage, from 0 to {most}", measure.id());
                    return Err(self.complain(item.place, what));
                }
                bounds.push((make(number), key.place));
            }
        }
        if let [(Bound::Min(min), _), (Bound::Max(max), place)] = bounds[..]
            && min > max
        {
            return Err(self.complain(place, format!("no number is at least {min} and at most {max}")));
        }
        for (name, make) in
            [("max_drop", Bound::Drop as fn(Change, Against) -> Bound), ("max_rise", Bound::Rise)]
        {
            if let Some((key, item)) = self.get(name) {
                bounds.push((make(self.change(name, item)?, against), key.place));
            }
        }
        let moves = bounds.iter().any(|(bound, _)| matches!(bound, Bound::Drop(..) | Bound::Rise(..)));
        if let Some((key, _)) = self.get("against").or_else(|| self.get("baseline")).filter(|_| !moves) {
            return Err(self.complain(key.place, format!("{} is for max_drop and max_rise", key.name)));
        }
        match (against, self.get("baseline"), self.get("against")) {
            (Against::Baseline, None, Some((_, item))) => {
                return Err(
                    self.complain(item.place, "a baseline is a report in a file: baseline = \"report.csv\"")
                );
            }
            (Against::Previous | Against::LastYear, Some((key, _)), _) => {
                return Err(self.complain(key.place, "baseline is for against = \"baseline\""));
            }
            _ => {}
        }
        if bounds.is_empty() {
            let error = self.complain(place, "the check has no threshold");
            return Err(error.hint("give min, max, max_drop or max_rise"));
        }
        Ok(bounds)
    }

    fn change(&self, name: &str, item: &Item) -> Result<Change> {
        let complain = || {
            self.complain(
                item.place,
                format!("{name} is a number of the metric's units, or a share such as \"5%\""),
            )
        };
        let change = match &item.value {
            Value::Number(number, _) => Change::Absolute(*number),
            Value::Text(text) => {
                let percent =
                    text.trim().strip_suffix('%').and_then(|digits| digits.trim().parse::<f64>().ok());
                let percent = percent.ok_or_else(complain)?;
                if name == "max_drop" && percent > 100.0 {
                    return Err(self.complain(item.place, "max_drop is at most \"100%\""));
                }
                Change::Relative(percent / 100.0)
            }
            _ => return Err(complain()),
        };
        let (Change::Absolute(size) | Change::Relative(size)) = change;
        if size >= 0.0 && size.is_finite() { Ok(change) } else { Err(complain()) }
    }
}

/// A name made of all that makes a check another one.
fn default_name(check: &Check) -> String {
    let who: Vec<String> = check
        .segment
        .iter()
        .map(|(column, value)| match value {
            Some(value) => format!("{column} {value}"),
            None => format!("every {column}"),
        })
        .collect();
    let mut name = check.measure.id().to_owned();
    if !who.is_empty() {
        name += &format!(" of {}", who.join(", "));
    }
    match &check.periods {
        Periods::Last(1) => {}
        Periods::Last(count) => name += &format!(" in each of the last {count}"),
        Periods::Named(label, _) => name += &format!(" in {label}"),
    }
    let bounds: Vec<String> = check.bounds.iter().map(|(bound, _)| bound.to_string()).collect();
    name += &format!(" {}", bounds.join(" and "));
    if let Some(baseline) = &check.baseline {
        name += &format!(" ({baseline})");
    }
    if check.min_customers > 0 {
        name += &format!(", of {} customers or more", check.min_customers);
    }
    if check.evidence == Evidence::Interval {
        name += ", by its interval";
    }
    name
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str) -> Result<Vec<Check>> {
        parse(&Document::parse("shop.toml", Path::new("shops"), text.to_owned()).expect("TOML"))
    }

    #[test]
    fn everything_a_check_can_say() {
        let text = "
            [[check]]
            metric = 'churn'
            max = 6
            [[check]]
            name = 'holds'
            metric = 'crr'
            segment = { country = 'DE', tier = '*' }
            last = 3
            max_drop = '5%'
            max_rise = 2.5
            baseline = 'kept.csv'
            evidence = 'interval'
            min_customers = 50
            allow_missing = true
            [[check]]
            metric = 'orders'
            period = 2025
            min = 1_000
            max_drop = 3
            against = 'last-year'";
        let checks = read(text).expect("checks");
        assert_eq!((checks[0].name.as_str(), checks[0].place.line), ("churn at most 6", 3));
        assert_eq!((checks[0].by(), checks[0].periods.clone()), (None, Periods::Last(1)));
        let check = &checks[1];
        assert_eq!(check.by().as_deref(), Some("country,tier"));
        assert_eq!(check.segment[1], ("tier".to_owned(), None));
        assert_eq!((check.periods.clone(), check.evidence), (Periods::Last(3), Evidence::Interval));
        let bounds: Vec<Bound> = check.bounds.iter().map(|(bound, _)| *bound).collect();
        let (drop, rise) = (Change::Relative(0.05), Change::Absolute(2.5));
        assert_eq!(bounds, [Bound::Drop(drop, Against::Baseline), Bound::Rise(rise, Against::Baseline)]);
        assert_eq!(check.bounds[0].1, Place { line: 10, column: 13 });
        assert_eq!((check.baseline.as_deref(), check.min_customers), (Some("shops/kept.csv"), 50));
        assert!(check.allow_missing);
        assert_eq!(checks[2].periods, Periods::Named("2025".to_owned(), Place { line: 18, column: 22 }));
        assert_eq!(checks[2].bounds[1].0, Bound::Drop(Change::Absolute(3.0), Against::LastYear));
    }

    #[test]
    fn slips_have_a_place() {
        for (check, expected) in [
            ("metric = 'crr'", "shop.toml:2:1: the check has no threshold"),
            ("max = 3", "shop.toml:2:1: the check does not say which metric it is about"),
            (
                "metric = 'chrun'\nmax = 3",
                "shop.toml:2:10: there is no metric \"chrun\"\ndid you mean churn?",
            ),
            (
                "metric = 'crr'\nmin = 80\nmaxx = 3",
                "shop.toml:4:1: there is no key \"maxx\" here\ndid you mean max?",
            ),
            ("metric = 'crr'\nmin = '80'", "shop.toml:3:7: min is a number, not a text"),
            ("metric = 'crr'\nmin = 180", "shop.toml:3:7: min: crr is a percentage, from 0 to 100"),
            ("metric = 'crr'\nmin = 80\nmax = 70", "shop.toml:4:1: no number is at least 80 and at most 70"),
            (
                "metric = 'crr'\nmin = 80\nagainst = 'previous'",
                "shop.toml:4:1: against is for max_drop and max_rise",
            ),
            ("metric = 'crr'\nmax_drop = '5'", "shop.toml:3:12: max_drop is a number of the metric's units"),
            ("metric = 'crr'\nmax_drop = -5", "shop.toml:3:12: max_drop is a number of the metric's units"),
            (
                "metric = 'crr'\nmax_drop = 5\nagainst = 'baseline'",
                "shop.toml:4:11: a baseline is a report in a file",
            ),
            ("metric = 'crr'\nmin = 5\nsegment = 'DE'", "shop.toml:4:11: segment is a table"),
            ("metric = 'crr'\nmin = 5\nlast = 0", "shop.toml:4:8: last is a number of periods"),
            ("metric = 'crr'\nmin = 5\nlast = 1\nperiod = 'last'", "shop.toml:5:1: give period or last"),
            ("metric = 'orders'\nmin = 5\nevidence = 'interval'", "shop.toml:4:12: orders is a count"),
            (
                "metric = 'crr'\nmin = 5\nevidence = 'intervals'",
                "shop.toml:4:12: evidence is point or interval",
            ),
        ] {
            let error = read(&format!("[[check]]\n{check}\n")).expect_err(check).to_string();
            assert!(error.starts_with(expected), "{check}: {error}");
        }
        let twice = "[[check]]\nmetric = 'crr'\nmin = 5\n".repeat(2);
        let error = read(&twice).expect_err("twice").to_string();
        assert!(
            error.starts_with("shop.toml:5:1: there is a check \"crr at least 5\" on line 2 already"),
            "{error}"
        );
    }
}
