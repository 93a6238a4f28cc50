//! What stands under the flags in `--help`: examples, and what every number means.

pub(super) const AFTER_HELP_SHORT: &str = "\
Examples:
  regulars report orders.csv
  regulars report orders.csv --customers customers.csv --by country
  regulars report 'exports/2025-*.csv' --period quarter -o report.csv

--help (not -h) explains every flag and every number.";

pub(super) const AFTER_HELP_INSPECT: &str = "\
Examples:
  regulars inspect orders.csv
  regulars inspect orders.csv customers.csv
  regulars inspect 'exports/2025-*.csv' --format json

Values of personal columns (e-mail, names, telephone, address) are masked; --show-personal-data shows
them. The exit code is 0 when a report could be made, else 3: what is in the way stands at the end.";

pub(super) const AFTER_HELP_INIT: &str = "\
Examples:
  regulars init
      for the exports in this folder
  regulars init 'exports/*.csv' customers.csv --decimal , -o shop.toml

Files are read as `regulars inspect` does; flags that they need are written down.";

pub(super) const AFTER_HELP_DIFF: &str = "\
Examples:
  regulars diff reports/2025-03.json reports/2025-04.json
      which closed months are no longer what they were, and by how much
  regulars diff old.csv new.csv --format csv

Late refunds and orders change closed months; regulars report --as-of DATE gives them as they
stood. Reports whose settings, formulas or columns differ are not compared unless --unlike says so;
a CSV tells its columns only, a JSON all of it. The exit code is 0 whether or not anything moved.";

pub(super) const AFTER_HELP_VERIFY: &str = "\
Examples:
  regulars verify reports/2025-03.csv.manifest.json
  regulars verify 'reports/*.manifest.json' -q

A manifest lies beside every file of `report -o` and `check -o` (unless
--no-manifest): SHA-256 and rows of what was read, the flags in effect, the
definitions, the days covered, and the SHA-256 of the file. `verify` looks at
all of them, makes the file again, and tells which numbers of a report are
others.

Exit codes: 0 all is as recorded, 1 something is not, 2 usage, 3 it cannot be
told, because an input is gone or cannot be read.";

pub(super) const AFTER_HELP_SCHEMA: &str = "\
Example:
  regulars schema -o regulars.schema.json

With the first line `#:schema ./regulars.schema.json` in regulars.toml, editors
know what can stand there: those with Even Better TOML, taplo or tombi.";

pub(super) const AFTER_HELP_CHECK: &str = "\
Examples:
  regulars check
      the files and the checks of regulars.toml in this folder
  regulars check orders.csv --config kpis.toml -o verdicts.xml -o summary.md
      verdicts on standard output, and for a CI server (JUnit) and a summary
  regulars check --format github --strict
      annotations for GitHub Actions; what is undecided fails too

A check in regulars.toml:
  [[check]]
  metric = \"churn\"                 # any metric or count of regulars report
  segment = { country = \"DE\" }     # \"*\" for every one; without it, all customers
  max = 6                          # or min, max_drop, max_rise: 2.5 (its units) or \"5%\"

Exit codes: 0 every check held, 1 one is broken, or has no number, 2 usage, 3 input, 4 a bug.";

/// Examples, and what every number means, from the one list of metrics.
pub(super) fn after_help() -> String {
    use crate::metrics::METRICS;
    use crate::report::COUNTS;
    use std::fmt::Write as _;
    let mut text = String::from(
        "\
Examples:
  regulars report orders.csv
      every month of the file, all customers
  regulars report orders.csv --customers customers.csv --by country --by tier
      and every country, and every loyalty tier
  regulars report orders.csv --customers customers.csv --by country,tier
      and every tier of every country
  regulars report 'exports/2025-*.csv' --period quarter -o report.csv
      several files as one data set; quarters; written whole or not at all
  regulars report orders.csv --map customer_id=Client,ordered_at=Day,amount=Net
      columns that are not recognised by their names
  regulars report orders.csv --period month --active-for 1mo
      period-over-period retention: active = bought in the period

A customer is active on a day when a purchase lies in the --active-for before it. A purchase is an
order that was not cancelled (--exclude-status), not refunded in full, and not a return.

Counts of a period:
",
    );
    for count in COUNTS {
        let _infallible = writeln!(text, "  {:<20}{}", count.id, count.meaning);
    }
    text.push_str("\nMetrics of a period (--metrics):\n");
    for metric in METRICS {
        let _infallible = writeln!(text, "  {:<20}{}", metric.id, metric.name);
        let _infallible = writeln!(text, "  {:<20}  = {}", "", metric.formula);
        let _infallible = writeln!(text, "  {:<20}  empty when {}", "", metric.when_empty());
        let _infallible = writeln!(text, "  {:<20}  --ci: {}", "", metric.interval_method);
    }
    text.push_str(
        "\nExit codes: 0 done, 2 usage, 3 input (unreadable, ambiguous, too many bad rows, too little data),\n4 a bug.",
    );
    text
}
