//! The same orders in a random dialect: they are read back as they are, or the dialect is said to be
//! ambiguous. Nothing in between.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use crate::program::{regulars, report_csv};

#[derive(Debug, Clone)]
struct Order {
    customer: &'static str,
    day: Date,
    /// Cents of each line.
    lines: Vec<i64>,
}

impl Order {
    fn total(&self) -> i64 {
        self.lines.iter().sum()
    }
}

#[derive(Debug, Clone)]
struct Dialect {
    delimiter: char,
    quote_all: bool,
    comma: bool,
    grouped: bool,
    currency: &'static str,
    date: &'static str,
    encoding: &'static str,
    crlf: bool,
    preamble: bool,
    footer: bool,
    totals: bool,
    columns: Vec<usize>,
}

fn order() -> impl Strategy<Value = Order> {
    let customer =
        select(vec!["Müller & Söhne", "007", "7", "O\"Brien", "Ana, Bea; Cea", "tab\there", "a|b", "Ö"]);
    let day = (0..400_i64).prop_map(|n| date(2023, 12, 20).checked_add(n.days()).expect("in range"));
    let lines = prop_oneof![
        3 => proptest::collection::vec(1..300_000_i64, 1),
        1 => proptest::collection::vec(1..300_000_i64, 2..4),
    ];
    (customer, day, lines).prop_map(|(customer, day, lines)| Order { customer, day, lines })
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let date = select(vec![
        "%Y-%m-%d",
        "%Y-%m-%d 12:30:00",
        "%Y-%m-%dT12:30",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%d/%m/%y",
        "%Y%m%d",
        "%b %d, %Y",
        "%d-%b-%y",
    ]);
    let text = (
        select(vec![',', ';', '\t', '|']),
        any::<bool>(),
        select(vec!["UTF-8", "UTF-8 with a mark", "windows-1252", "UTF-16LE", "UTF-16BE"]),
        any::<bool>(),
    );
    let money = (any::<bool>(), any::<bool>(), select(vec!["", "€ ", " €", "EUR "]));
    let around = (any::<bool>(), any::<bool>(), any::<bool>(), Just(vec![0, 1, 2, 3]));
    (text, money, date, around).prop_flat_map(
        |((delimiter, quote_all, encoding, crlf), money, date, around)| {
            let (comma, grouped, currency) = money;
            let (preamble, footer, totals, columns) = around;
            Just(columns).prop_shuffle().prop_map(move |columns| Dialect {
                delimiter,
                quote_all,
                comma,
                grouped,
                currency,
                date,
                encoding,
                crlf,
                preamble,
                footer,
                totals,
                columns,
            })
        },
    )
}

impl Dialect {
    fn amount(&self, cents: i64) -> String {
        let (mark, between) = if self.comma { (',', '.') } else { ('.', ',') };
        let units = (cents / 100).to_string();
        let mut whole = String::new();
        for (index, digit) in units.chars().enumerate() {
            if self.grouped && index > 0 && (units.len() - index).is_multiple_of(3) {
                whole.push(between);
            }
            whole.push(digit);
        }
        let number = format!("{whole}{mark}{:02}", cents % 100);
        if self.currency.starts_with(' ') {
            format!("{number}{}", self.currency)
        } else {
            format!("{}{number}", self.currency)
        }
    }

    fn row(&self, cells: [&str; 4]) -> String {
        let field = |text: &str| {
            if self.quote_all || text.contains(['"', '\n', self.delimiter]) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.to_owned()
            }
        };
        let cells: Vec<String> = self.columns.iter().map(|column| field(cells[*column])).collect();
        format!("{}{}", cells.join(&self.delimiter.to_string()), if self.crlf { "\r\n" } else { "\n" })
    }

    fn write(&self, orders: &[Order]) -> Vec<u8> {
        let mut text = String::new();
        if self.preamble {
            text.push_str("Umsätze\n\nall shops\n");
        }
        let amount = if self.totals { "Order Total" } else { "Line Amount" };
        text.push_str(&self.row(["Bestellnummer", "Kundennummer", "Bestelldatum", amount]));
        for (number, order) in orders.iter().enumerate() {
            let number = format!("N{number}");
            let day = order.day.strftime(self.date).to_string();
            for line in &order.lines {
                let cents = if self.totals { order.total() } else { *line };
                text.push_str(&self.row([&number, order.customer, &day, &self.amount(cents)]));
            }
        }
        if self.footer {
            text.push_str("Seller ID : x\n");
        }
        let units = |text: &str| -> Vec<u16> { std::iter::once(0xfeff).chain(text.encode_utf16()).collect() };
        match self.encoding {
            "windows-1252" => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
            "UTF-16LE" => units(&text).into_iter().flat_map(u16::to_le_bytes).collect(),
            "UTF-16BE" => units(&text).into_iter().flat_map(u16::to_be_bytes).collect(),
            "UTF-8 with a mark" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            _ => text.into_bytes(),
        }
    }
}

/// The same orders, one row each, as plainly as can be.
fn plain(orders: &[Order]) -> String {
    let mut text = String::from("order_id,customer_id,ordered_at,amount,currency\n");
    for (number, order) in orders.iter().enumerate() {
        let customer = order.customer.replace('"', "\"\"");
        let (day, cents) = (order.day, order.total());
        text.push_str(&format!("N{number},\"{customer}\",{day},{}.{:02},EUR\n", cents / 100, cents % 100));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, rng_seed: RngSeed::Fixed(1252), ..ProptestConfig::default()
    })]

    #[test]
    fn every_dialect_is_read_back_or_said_to_be_ambiguous(
        orders in proptest::collection::vec(order(), 1..25),
        dialect in dialect(),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("plain.csv"), plain(&orders)).expect("writes");
        std::fs::write(folder.path().join("export.csv"), dialect.write(&orders)).expect("writes");
        let flags = ["--metrics", "aov,repeat_rate", "--include-incomplete"];
        let expected = report_csv(folder.path(), &[&["plain.csv"][..], &flags].concat());
        let output = regulars(folder.path(), &[&["report", "export.csv", "--format", "csv"][..], &flags].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(3) {
            prop_assert!(errors.contains("and no value of the"), "{}", errors);
        } else {
            prop_assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", errors);
        }
    }
}

/// The strategy above is not so cautious that everything is ambiguous: shuffled columns of a plain German
/// export are read.
#[test]
fn a_german_export_is_not_ambiguous() {
    let orders = [Order { customer: "Ö", day: date(2024, 1, 31), lines: vec![123_456] }];
    let mut dialect = Dialect {
        delimiter: ';',
        quote_all: false,
        comma: true,
        grouped: true,
        currency: " €",
        date: "%d.%m.%Y",
        encoding: "windows-1252",
        crlf: true,
        preamble: true,
        footer: true,
        totals: true,
        columns: vec![3, 0, 2, 1],
    };
    for _ in 0..4 {
        dialect.columns.rotate_left(1);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("export.csv"), dialect.write(&orders)).expect("writes");
        let csv = report_csv(folder.path(), &["export.csv", "--metrics", "aov"]);
        assert!(
            csv.ends_with("2024-01,2024-01-01,2024-01-31,0,1,0,0,1,1,0,1,1234.56,1234.56,true,partial\n"),
            "{csv}"
        );
    }
}
