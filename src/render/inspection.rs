//! What was found in files, for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::pretty;
use super::table::paragraph;
use super::words::{accounting, grouped, plural};
use crate::commands::inspect::{
    Candidate, CustomersFinding, Days, FileFinding, Inspection, OrdersFinding, Problem, Repurchases, Share,
    Word,
};
use crate::error::Result;

const INDENT: usize = 15;

/// An inspection as JSON.
///
/// # Errors
/// The JSON library fails: a bug.
pub fn render_inspection_json(inspection: &Inspection) -> Result<Vec<u8>> {
    pretty(inspection)
}

/// An inspection for a person, in lines of this width.
pub fn render_inspection(inspection: &Inspection, width: usize) -> Vec<u8> {
    let mut out = Out { text: String::new(), width };
    for file in &inspection.files {
        out.file(file);
    }
    if let Some(orders) = &inspection.orders {
        out.orders(orders);
    }
    if let Some(customers) = &inspection.customers {
        out.customers(customers);
    }
    if !inspection.by_candidates.is_empty() {
        out.title("Columns that --by could break down by");
        for candidate in &inspection.by_candidates {
            out.line(&candidate.column, &described(candidate));
        }
        out.text.push('\n');
    }
    out.list("Rejected rows", &inspection.rejects);
    out.list("Warnings", &inspection.warnings);
    if inspection.problems.is_empty() {
        out.text.push_str(match (&inspection.orders, &inspection.customers) {
            (Some(_), _) => "A report can be made of this.\n",
            (None, _) => {
                "Customers alone make a report of contracts (--model contract); else it takes orders, too.\n"
            }
        });
    } else {
        out.title("In the way of a report");
        for problem in &inspection.problems {
            out.problem(problem);
        }
    }
    out.text.into_bytes()
}

struct Out {
    text: String,
    width: usize,
}

impl Out {
    fn title(&mut self, title: &str) {
        self.text.push_str(title);
        self.text.push('\n');
    }

    fn line(&mut self, label: &str, text: &str) {
        // A label that is too long for its column has a line of its own.
        if label.chars().count() + 3 > INDENT {
            self.text.push_str(&format!("  {label}\n"));
            paragraph(&mut self.text, "", text, INDENT, self.width);
        } else {
            paragraph(&mut self.text, &format!("  {label}"), text, INDENT, self.width);
        }
    }

    fn list(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.title(title);
        for line in lines {
            paragraph(&mut self.text, "", line, 2, self.width);
        }
        self.text.push('\n');
    }

    fn problem(&mut self, problem: &Problem) {
        for what in &problem.what {
            paragraph(&mut self.text, "", what, 2, self.width);
        }
        if let Some(next) = &problem.next {
            paragraph(&mut self.text, "", next, 4, self.width);
        }
    }

    fn file(&mut self, file: &FileFinding) {
        self.title(&file.file);
        let profile = file.profile.as_ref().map(|profile| format!(", {profile}")).unwrap_or_default();
        self.line("holds", &format!("{}{profile}", file.holds));
        self.line("written in", &format!("{}; fields end at \"{}\"", file.form, file.delimiter));
        self.line("rows", &grouped(&file.rows.to_string()));
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["  Field", "Column", "Empty", "Examples"]);
        for field in &file.mapping {
            table.add_row([
                Cell::new(format!("  {}", field.field)),
                Cell::new(clipped(&field.column, 24)),
                Cell::new(grouped(&field.empty.to_string())).set_alignment(CellAlignment::Right),
                Cell::new(examples(&field.examples)),
            ]);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        if !file.mapping.is_empty() {
            self.text.push('\n');
        }
        for line in table.lines().filter(|_| !file.mapping.is_empty()) {
            self.text.push_str(&clipped(line.trim_end(), self.width));
            self.text.push('\n');
        }
        if !file.other_columns.is_empty() {
            self.text.push('\n');
            self.line("not read", &file.other_columns.join(", "));
        }
        self.text.push('\n');
    }

    fn orders(&mut self, orders: &OrdersFinding) {
        let number = |n: u64| grouped(&n.to_string());
        self.title("Orders");
        self.line("rows", &accounting(&orders.rows.account));
        self.line(
            "orders",
            &format!(
                "{} purchase{} of {} customer{}, {} return{}",
                number(orders.purchases),
                plural(orders.purchases),
                number(orders.customers),
                plural(orders.customers),
                number(orders.returns),
                plural(orders.returns)
            ),
        );
        let keyless = &orders.without_customer;
        if keyless.count > 0 {
            self.line(
                "no customer",
                &format!(
                    "{}; they are in no number",
                    share(keyless, &format!("order{}", plural(keyless.count)))
                ),
            );
        }
        self.line("amounts", &orders.grouping);
        self.line("covered", &covered(orders));
        self.line("gaps", &gaps(orders));
        if !orders.statuses.is_empty() {
            self.line("status", &words(&orders.statuses));
        }
        if !orders.kinds.is_empty() {
            self.line("kinds", &words(&orders.kinds));
        }
        let currencies: Vec<String> =
            orders.currencies.iter().map(|(name, rows)| format!("{name} ({} rows)", number(*rows))).collect();
        let listed = currencies.join(", ");
        let unnamed = "the files name none";
        self.line("currency", if currencies.is_empty() { unnamed } else { &listed });
        let converted = match orders.converted {
            0 => String::new(),
            rows => format!("; {} moments with an offset from UTC are converted into it", number(rows)),
        };
        self.line(
            "dates",
            &format!("{}; days of {}{converted}", orders.dates.join(" and "), orders.time_zone),
        );
        self.line("came back", &came_back(orders.repurchases.as_ref()));
        self.text.push('\n');
    }

    fn customers(&mut self, customers: &CustomersFinding) {
        self.title("Customers");
        self.line("rows", &accounting(&customers.rows.account));
        if let Some(matched) = &customers.matched {
            self.line("matched", &format!("{} have a row", share(matched, "customers with orders")));
        }
        if let Some(without) = &customers.without_orders {
            self.line("no orders", &share(without, "of those listed"));
        }
        self.text.push('\n');
    }
}

/// `602 orders (2.9 %)`
fn share(share: &Share, what: &str) -> String {
    format!("{} {what} ({:.1} %)", grouped(&share.count.to_string()), share.percent)
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

fn examples(examples: &[String]) -> String {
    let shown: Vec<String> = examples.iter().map(|example| clipped(example, 24)).collect();
    shown.join(" · ")
}

fn described(candidate: &Candidate) -> String {
    let commonest: Vec<String> = candidate
        .commonest
        .iter()
        .map(|value| format!("{} {}", clipped(&value.value, 24), grouped(&value.rows.to_string())))
        .collect();
    let more = if candidate.values > commonest.len() { ", …" } else { "" };
    format!("{} values: {}{more} ({})", candidate.values, commonest.join(", "), candidate.file)
}

fn words(words: &[Word]) -> String {
    const SHOWN: usize = 12;
    let list = |counts: bool| {
        let mut of: Vec<&Word> = words.iter().filter(|word| word.counts == counts).collect();
        of.sort_by_key(|word| std::cmp::Reverse(word.rows));
        let shown = of.iter().take(SHOWN);
        let mut list: Vec<String> =
            shown.map(|word| format!("{} ({})", word.word, grouped(&word.rows.to_string()))).collect();
        if of.len() > SHOWN {
            list.push(format!("and {} more", of.len() - SHOWN));
        }
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    };
    format!("counts: {}; left out: {}", list(true), list(false))
}

fn covered(orders: &OrdersFinding) -> String {
    match &orders.covered {
        Some(Days { first, last }) => format!("{first} to {last}, the first and the last purchase"),
        None => "nothing: there is no purchase".to_owned(),
    }
}

fn gaps(orders: &OrdersFinding) -> String {
    const SHOWN: usize = 5;
    if orders.gaps.is_empty() {
        return "none that the shop's rhythm makes improbable".to_owned();
    }
    let mut text: Vec<String> =
        orders.gaps.iter().take(SHOWN).map(|Days { first, last }| format!("{first} to {last}")).collect();
    if orders.gaps.len() > SHOWN {
        text.push(format!("and {} more", orders.gaps.len() - SHOWN));
    }
    format!("no orders {}: is a file missing?", text.join(", "))
}

fn came_back(repurchases: Option<&Repurchases>) -> String {
    let Some(repurchases) = repurchases else { return "nobody within the data".to_owned() };
    format!(
        "half within {} days, nine of ten within {} (of {} intervals between purchases; customers who have not come back yet are in none): --active-for {} holds nine of ten",
        repurchases.median_days.ceil(),
        repurchases.p90_days.ceil(),
        grouped(&repurchases.intervals.to_string()),
        repurchases.suggested_active_for
    )
}
