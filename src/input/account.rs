//! What became of every row: used, excluded for a named reason, or rejected. None disappears.

use std::collections::BTreeMap;

use super::mapping::Header;
use crate::error::{Error, Result};

/// Why a row that can be read is in no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Every field is empty.
    Blank,
    /// A line that sums up or signs the file (`Grand Total`, `45 record(s) downloaded`).
    Footer,
    /// A second line of the header: units, questions, JSON.
    SecondHeader,
    /// A reject file has it, repaired.
    Repaired,
    /// The same row of the same order stands in another file as well.
    Repeated,
    /// The same transaction stands in the files again.
    RepeatedRow,
    /// It is nothing that is bought: a transfer, a fee, a summary of other rows.
    OtherKind,
    /// Another file has the order, too, and its rows count (`--on-conflict`).
    OtherVersion,
    /// The separate file of amounts does not name the order.
    NoAmount,
    /// Its status is an excluded one.
    Status,
    /// Its currency is not the report's.
    Currency,
    /// It happened after `--as-of`.
    AfterAsOf,
    /// The order was refunded in full.
    RefundedInFull,
    /// The order's net amount is below `--min-amount`.
    BelowMinimum,
    /// The order has no customer key.
    NoCustomer,
    /// A row of the customers file without a key.
    NoId,
    /// A row of the customers file that says the same as an earlier one.
    SameCustomer,
    /// A row of the customers file without a contract's start.
    NoStart,
}

impl Reason {
    /// The reason in words, behind a count of rows.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Footer => "footer",
            Self::SecondHeader => "second header line",
            Self::Repaired => "repaired in a reject file",
            Self::Repeated => "repeated in another file",
            Self::RepeatedRow => "the same transaction again",
            Self::OtherKind => "other kinds of rows",
            Self::OtherVersion => "another version of the order",
            Self::NoAmount => "no payment or line",
            Self::Status => "excluded status",
            Self::Currency => "other currency",
            Self::AfterAsOf => "after --as-of",
            Self::RefundedInFull => "refunded in full",
            Self::BelowMinimum => "below --min-amount",
            Self::NoCustomer => "no customer",
            Self::NoId => "no id",
            Self::SameCustomer => "repeated",
            Self::NoStart => "no contract start",
        }
    }

    /// The reason as a key in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Footer => "footer",
            Self::SecondHeader => "second_header",
            Self::Repaired => "repaired",
            Self::Repeated => "repeated_in_another_file",
            Self::RepeatedRow => "repeated_transaction",
            Self::OtherKind => "other_kind",
            Self::OtherVersion => "other_version",
            Self::NoAmount => "no_amount",
            Self::Status => "excluded_status",
            Self::Currency => "other_currency",
            Self::AfterAsOf => "after_as_of",
            Self::RefundedInFull => "refunded_in_full",
            Self::BelowMinimum => "below_min_amount",
            Self::NoCustomer => "no_customer",
            Self::NoId => "no_id",
            Self::SameCustomer => "repeated",
            Self::NoStart => "no_contract_start",
        }
    }
}

/// The count of a data set's rows by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Rows behind the headers, without empty lines.
    pub read: u64,
    /// Rows that are in the numbers.
    pub used: u64,
    /// Rows that are in no number, by reason.
    pub excluded: BTreeMap<Reason, u64>,
    /// Rows that could not be read.
    pub rejected: u64,
}

impl Account {
    /// Counts rows as excluded.
    pub fn exclude(&mut self, reason: Reason, rows: u64) {
        if rows > 0 {
            *self.excluded.entry(reason).or_default() += rows;
        }
    }

    /// Adds what became of other rows.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.read += other.read;
        self.used += other.used;
        self.rejected += other.rejected;
        for (reason, rows) in &other.excluded {
            self.exclude(*reason, *rows);
        }
    }

    /// Rows excluded for any reason.
    pub fn excluded_total(&self) -> u64 {
        self.excluded.values().sum()
    }

    /// rows read = rows used + rows excluded + rows rejected.
    ///
    /// # Errors
    /// The identity does not hold: a bug.
    pub fn check(&self, what: &str) -> Result<()> {
        let accounted = self.used + self.excluded_total() + self.rejected;
        if self.read == accounted {
            return Ok(());
        }
        Err(Error::internal(format!(
            "{what}: rows read ({}) = used ({}) + excluded ({}) + rejected ({}) does not hold",
            self.read,
            self.used,
            self.excluded_total(),
            self.rejected
        )))
    }
}

/// What is wrong with a row; messages are counted and shown by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// More or fewer fields than the header.
    Fields,
    /// Text behind a closing quote.
    Quoting,
    /// Bytes that are not UTF-8.
    Encoding,
    /// Not a date.
    Date,
    /// Not an amount.
    Amount,
    /// A value that must be there is not.
    Missing,
    /// A contract that ends before it starts.
    Contract,
}

/// A row that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The class it is counted under.
    pub fault: Fault,
    /// What is wrong, without the place.
    pub message: String,
}

impl Problem {
    /// A problem of this class.
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into() }
    }

    /// A value in a column that does not read as what it should be. Personal data is masked.
    pub fn value(fault: Fault, header: &Header, index: usize, value: &[u8], what: &str) -> Self {
        let column = &header.columns[index];
        Self::new(fault, format!("column \"{column}\": {} {what}", header.privacy.quoted(column, value)))
    }
}

/// A value in quotes, shortened where it is long.
pub fn quoted(value: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(value);
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// How many rows may be rejected before a data set is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// At most this many.
    Rows(u64),
    /// At most this share of the rows read, in percent.
    Percent(f64),
}

impl Limit {
    /// Whether so many of so many rows may be rejected.
    pub fn allows(self, rejected: u64, read: u64) -> bool {
        match self {
            Self::Rows(limit) => rejected <= limit,
            Self::Percent(limit) => rejected as f64 * 100.0 <= limit * read as f64,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Percent(share) => write!(f, "{share} %"),
        }
    }
}

impl std::str::FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let complaint = || format!("\"{text}\" is neither a number of rows nor a percentage such as 0.5%");
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Rows).map_err(|_| complaint()),
            Some(share) => match share.trim().parse::<f64>() {
                Ok(share) if (0.0..=100.0).contains(&share) => Ok(Self::Percent(share)),
                _ => Err(complaint()),
            },
        }
    }
}

/// A rejected row on its way to the reject file.
#[derive(Debug, Clone, Copy)]
pub struct Rejected<'a> {
    /// The file it came from.
    pub file: &'a str,
    /// The line it starts on.
    pub line: u64,
    /// What is wrong with it.
    pub reason: &'a str,
    /// Its original bytes.
    pub raw: &'a [u8],
    /// The line of the file's header, and its bytes.
    pub header: Option<&'a (u64, Vec<u8>)>,
}

/// Takes rejected rows as they are found.
pub type Sink<'s> = dyn FnMut(Rejected<'_>) -> Result<()> + 's;

/// Collects what is wrong with rows until it is too much.
pub struct Rejects<'s> {
    limit: Limit,
    sink: &'s mut Sink<'s>,
    /// Rows of the data sets already checked.
    read: u64,
    /// The headers of the files, by name.
    headers: BTreeMap<String, (u64, Vec<u8>)>,
    /// By kind: how many, and the first few in words.
    kinds: BTreeMap<Fault, (u64, Vec<String>)>,
    /// Rows that the sink was handed before reading began again; they come again, and are not handed on.
    handed_before: u64,
    handed: u64,
}

/// How many messages of each kind are shown.
const SHOWN_PER_KIND: usize = 5;

impl<'s> Rejects<'s> {
    /// A collector that hands every rejected row to `sink`.
    pub fn new(limit: Limit, sink: &'s mut Sink<'s>) -> Self {
        Self {
            limit,
            sink,
            read: 0,
            headers: BTreeMap::new(),
            kinds: BTreeMap::new(),
            handed_before: 0,
            handed: 0,
        }
    }

    /// Notes the header of a file that is to be read.
    pub fn begin(&mut self, file: &str, header: (u64, Vec<u8>)) {
        self.headers.insert(file.to_owned(), header);
    }

    /// Begins again with the data set that is read: its rows will come once more, in the same order.
    pub fn begin_again(&mut self) {
        self.handed_before = self.handed_before.max(self.handed);
        self.handed = 0;
        self.kinds.clear();
    }

    /// Notes a rejected row.
    ///
    /// # Errors
    /// The sink cannot write.
    pub fn add(
        &mut self,
        file: &str,
        line: u64,
        problem: &Problem,
        raw: &[u8],
        account: &mut Account,
    ) -> Result<()> {
        account.rejected += 1;
        let (count, shown) = self.kinds.entry(problem.fault).or_default();
        *count += 1;
        if shown.len() < SHOWN_PER_KIND {
            shown.push(format!("{file}:{line}: {}", problem.message));
        }
        self.handed += 1;
        if self.handed <= self.handed_before {
            return Ok(());
        }
        let header = self.headers.get(file);
        (self.sink)(Rejected { file, line, reason: &problem.message, raw, header })
    }

    /// How many rows were rejected.
    pub fn total(&self) -> u64 {
        self.kinds.values().map(|(count, _)| count).sum()
    }

    /// The first few problems of each kind, and how many more there are.
    pub fn messages(&self) -> Vec<String> {
        let mut messages = Vec::new();
        for (count, shown) in self.kinds.values() {
            messages.extend(shown.iter().cloned());
            let more = count - shown.len() as u64;
            if more > 0 {
                messages.push(format!("… and {more} more of this kind"));
            }
        }
        messages
    }

    /// Whether the rejected rows are few enough to go on, after a data set of `read` rows.
    ///
    /// # Errors
    /// They are not: names them, and says how to set them aside.
    pub fn check(&mut self, read: u64) -> Result<()> {
        let total = self.total();
        self.read += read;
        let read = self.read;
        if self.limit.allows(total, read) {
            return Ok(());
        }
        let mut messages = self.messages();
        messages.push(format!("{total} of {read} rows cannot be read; {} may be rejected", self.limit));
        Err(Error::places(messages).hint(format!(
            "correct the file, or use --max-rejects {total} --rejects bad.csv to set such rows aside"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::privacy::Privacy;

    #[test]
    fn limits() {
        assert!("5".parse::<Limit>().is_ok_and(|limit| limit.allows(5, 5) && !limit.allows(6, 1_000)));
        assert!("0.5%".parse::<Limit>().is_ok_and(|limit| limit.allows(5, 1_000) && !limit.allows(6, 1_000)));
        for text in ["", "-1", "x", "101%", "%", "NaN%"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    #[test]
    fn five_of_a_kind_are_shown_and_all_are_counted() {
        let mut seen = 0;
        let mut sink = |_: Rejected<'_>| {
            seen += 1;
            Ok(())
        };
        let mut account = Account::default();
        let mut rejects = Rejects::new(Limit::Rows(0), &mut sink);
        for line in 2..9 {
            let header = Header {
                file: "o.csv".to_owned(),
                columns: vec!["Betrag".to_owned()],
                privacy: Privacy::Masked,
            };
            let problem = Problem::value(Fault::Amount, &header, 0, b"12,4x", "is not an amount");
            rejects.add("o.csv", line, &problem, b"raw", &mut account).expect("sink works");
        }
        let error = rejects.check(100).expect_err("none allowed");
        assert_eq!(error.messages()[0], "o.csv:2: column \"Betrag\": \"12,4x\" is not an amount");
        assert_eq!(error.messages()[5], "… and 2 more of this kind");
        assert_eq!(error.messages()[6], "7 of 100 rows cannot be read; 0 may be rejected");
        assert_eq!((account.rejected, seen), (7, 7));
    }
}
