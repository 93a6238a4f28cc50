//! The commonest rows, read the short way.
//!
//! In most files most rows have everything an order needs and nothing else: a date, an amount and a customer as they
//! are usually written, a status that counts, no refund. What is not exactly so is left to [`RowReader::row`], which
//! reads every row, and these in the same way.

use super::date::day_of;
use super::entries::{Entry, Span};
use super::fields::OrderField;
use super::is_missing;
use super::number::plain;
use super::order_line::{Context, RowReader};
use super::record::Row;
use super::statuses::Rule;
use super::unguarded;

/// Where the fields of plain rows stand.
#[derive(Debug, Clone)]
pub(super) struct PlainRows {
    /// How many columns the header has.
    columns: usize,
    id: Option<usize>,
    /// The customer's key, and whether it is an e-mail.
    customer: usize,
    is_email: bool,
    ordered_at: usize,
    amount: usize,
    status: Option<usize>,
    currency: Option<usize>,
    /// What was refunded: nothing.
    refunded: Option<usize>,
    /// Fields that must be empty.
    empty: Vec<usize>,
}

impl PlainRows {
    /// The fields of a file, if it can have plain rows.
    pub(super) fn of(context: &Context<'_>) -> Option<Self> {
        let Context { options, file, .. } = context;
        let at = |field| file.mapping.get(field);
        let never = [OrderField::Kind, OrderField::Transaction, OrderField::OrderedTime];
        let elsewhere = options.without_amounts || options.amounts.is_some();
        let has_rules = file.profile.has_row_rules() || !file.profile.guest_ids.is_empty();
        if never.into_iter().any(|field| at(field).is_some()) || elsewhere || options.cents || has_rules {
            return None;
        }
        let (customer, is_email) = match at(OrderField::CustomerId) {
            Some(index) => (index, false),
            None => (at(OrderField::Email)?, true),
        };
        let empty = [OrderField::CancelledAt, OrderField::RefundOf, OrderField::RefundedAt];
        Some(Self {
            columns: file.header.columns.len(),
            id: at(OrderField::OrderId),
            customer,
            is_email,
            ordered_at: at(OrderField::OrderedAt)?,
            amount: at(OrderField::Amount)?,
            status: at(OrderField::Status),
            currency: at(OrderField::Currency),
            refunded: at(OrderField::Refunded),
            empty: empty.into_iter().filter_map(at).collect(),
        })
    }
}

/// A field that says something.
#[inline]
fn present<'r>(row: &Row<'r>, index: usize) -> Option<&'r [u8]> {
    row.plain(index).filter(|text| !is_missing(text))
}

impl RowReader<'_> {
    /// Reads a row, if it is a plain one; else nothing is noted of it.
    pub(super) fn plain_row(&mut self, fields: &PlainRows, row: &Row<'_>, index: u32) -> bool {
        self.try_plain_row(fields, row, index).is_some()
    }

    fn try_plain_row(&mut self, fields: &PlainRows, row: &Row<'_>, index: u32) -> Option<()> {
        if row.len() != fields.columns || row.damaged().is_some() {
            return None;
        }
        let Context { options, file, .. } = self.context;
        let mark = self.columns.amounts.mark()?;
        let amount = plain(present(row, fields.amount)?, mark)?;
        let at = self.columns.dates.format.read_plain(present(row, fields.ordered_at)?)?;
        if options.as_of.is_some_and(|as_of| day_of(at) > as_of) {
            return None;
        }
        let says_nothing = |index: &usize| row.plain(*index).is_some_and(is_missing);
        if !fields.empty.iter().all(says_nothing) {
            return None;
        }
        if let Some(index) = fields.refunded {
            let text = row.plain(index)?;
            if !is_missing(text) && plain(text, mark) != Some(0) {
                return None;
            }
        }
        let id = fields.id.map(|index| present(row, index)).map_or(Some(None), |id| id.map(Some))?;
        let customer = present(row, fields.customer)?;
        if fields.is_email && !customer.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            return None;
        }
        let harvest = &mut *self.harvest;
        let status = match fields.status {
            None => None,
            Some(index) => {
                let status = harvest.statuses.known(present(row, index)?)?;
                (harvest.statuses.rule(status) == Rule::Counts
                    && !harvest.statuses.is_wholly_refunded(status))
                .then_some(())?;
                Some(status)
            }
        };
        let currency = match fields.currency {
            None => super::draft::NONE,
            Some(index) => harvest.currencies.known(present(row, index)?)?,
        };
        for ((index, met), segment) in
            file.segments.iter().zip(&mut harvest.values).zip(&mut harvest.segments)
        {
            *segment = met.known(present(row, *index)?)?;
        }
        // From here on the row is taken.
        if let Some(status) = status {
            harvest.statuses.count(status, false);
        }
        let entries = &mut harvest.entries;
        let id = id.map_or(Span::NONE, |id| entries.keep(unguarded(id)));
        let key = if fields.is_email {
            entries.keep_marked(0, customer)
        } else {
            entries.keep(unguarded(customer))
        };
        let entry = Entry {
            id,
            key,
            at,
            amount,
            has_amount: true,
            currency,
            has_status: status.is_some(),
            ..Entry::at(index, row.line)
        };
        entries.push(entry, &harvest.segments);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::tz::TimeZone;

    use super::super::account::Account;
    use super::super::names::Names;
    use super::super::order_line::Harvest;
    use super::super::order_options::OrderOptions;
    use super::super::orders_file::File;
    use super::super::privacy::Privacy;
    use super::super::record::Records;
    use super::super::source::Source;
    use super::*;
    use crate::calendar::Day;

    const HEADER: &str = "order_id,key,date,amount,refunded,cancelled_at,status,currency,channel\n";

    /// What reading a row leaves behind.
    fn left(harvest: &Harvest, names: &Names, done: bool) -> String {
        let lines = (0..harvest.entries.list.len()).map(|index| {
            let entry = &harvest.entries.list[index];
            let texts = [entry.id, entry.key].map(|span| harvest.entries.bytes(span).map(<[u8]>::to_vec));
            format!("{:?} {texts:?} {:?}", entry.what, harvest.entries.line(index, 0, b""))
        });
        let lines: Vec<String> = lines.collect();
        let statuses = harvest.statuses.rows(Privacy::default());
        let known = names.values[0].to_keys().len();
        format!("{done} {lines:?} {:?} {statuses:?} {known} {}", harvest.account, harvest.with_offset)
    }

    /// Every row of these values, read the short way where it can be, and the long way: how many were plain.
    fn compare(key: &str, keys: &[&str], options: &OrderOptions) -> (u32, u32) {
        let dates =
            ["2024-02-29", "2024-02-29 23:59:59", "2024-02-30", "", "2024-03-01T10:00:00Z", "29.02.2024"];
        let amounts = ["12.50", "0", "-3", "12,50", "", "1x", "EUR 5.00", "99999999999.00"];
        let refunds = ["", "0.00", "3.00", "0,00"];
        let cancelled = ["", "2024-03-01"];
        let statuses = ["paid", "cancelled", "Paid", "refunded", "", "new to it"];
        let currencies = ["EUR", "", "usd"];
        let channels = ["web", "", "(all)"];
        let first = "7,k,2024-01-01,1.00,,,paid,EUR,web\n";
        let text = format!("{}{first}{first}", HEADER.replace("key", key));
        let source = Source::Memory("o.csv".to_owned(), text.into_bytes().into());
        let mut table = options.open(&source).expect("orders").remove(0);
        let segments = ["channel".to_owned()];
        let mut file =
            File::open(table.header, table.delimiter, table.form, 0, options, &segments).expect("a shape");
        let names = Names::new(1);
        let repaired = HashSet::new();
        let (mut plain, mut all) = (0, 0);
        let mut begun = || {
            let mut harvest = Harvest::new(1);
            let context = Context { options, names: &names, file: &file.shape, repaired: &repaired };
            let mut reader =
                RowReader { context, columns: &mut file.columns, harvest: &mut harvest, read_before: 2 };
            let row = "7,k,2024-01-01,1.00,,,paid,EUR,web\n";
            let mut records = Records::new(Box::new(row.as_bytes()), "o.csv");
            let (_, rows) = records.next_rows().expect("rows").expect("a row");
            reader.read(&rows, 0);
            harvest
        };
        let harvests: Vec<Harvest> = (0..2).map(|_| begun()).collect();
        let [mut short, mut long] = <[Harvest; 2]>::try_from(harvests).unwrap_or_else(|_| panic!("two"));
        let context = Context { options, names: &names, file: &file.shape, repaired: &repaired };
        let fields = PlainRows::of(&context).expect("a file with plain rows");
        while table.records.next().expect("rows").is_some() {}
        for date in dates {
            for amount in amounts {
                for (refunded, cancelled) in refunds.iter().flat_map(|r| cancelled.map(|c| (*r, c))) {
                    for (status, currency) in statuses.iter().flat_map(|s| currencies.map(|c| (*s, c))) {
                        for (key, channel) in keys.iter().flat_map(|k| channels.map(|c| (*k, c))) {
                            let amount = if amount.contains(',') {
                                format!("\"{amount}\"")
                            } else {
                                amount.to_owned()
                            };
                            let refunded = if refunded.contains(',') {
                                format!("\"{refunded}\"")
                            } else {
                                refunded.to_owned()
                            };
                            let text = format!(
                                "9,{key},{date},{amount},{refunded},{cancelled},{status},{currency},{channel}\n"
                            );
                            let mut records =
                                Records::new(Box::new(std::io::Cursor::new(text.clone())), "o.csv");
                            let (_, rows) = records.next_rows().expect("rows").expect("a row");
                            let row = rows.row(0);
                            all += 1;
                            let mut columns = file.columns.frozen();
                            for harvest in [&mut short, &mut long] {
                                harvest.entries.clear();
                                harvest.account = Account::default();
                            }
                            let mut reader = RowReader {
                                context,
                                columns: &mut columns,
                                harvest: &mut short,
                                read_before: 2,
                            };
                            let is_plain = reader.plain_row(&fields, &row, 0);
                            if !is_plain {
                                assert_eq!(short.entries.list.len(), 0, "{text}");
                                // Both get to know the row's words.
                                for harvest in [&mut short, &mut long] {
                                    let mut columns = file.columns.frozen();
                                    let columns = &mut columns;
                                    let _read =
                                        RowReader { context, columns, harvest, read_before: 2 }.row(&row, 0);
                                }
                                continue;
                            }
                            plain += 1;
                            let mut columns = file.columns.frozen();
                            let mut reader = RowReader {
                                context,
                                columns: &mut columns,
                                harvest: &mut long,
                                read_before: 2,
                            };
                            let done = reader.row(&row, 0).is_ok();
                            assert_eq!(left(&short, &names, true), left(&long, &names, done), "{text}");
                        }
                    }
                }
            }
        }
        (plain, all)
    }

    #[test]
    fn plain_rows_are_read_as_all_others() {
        let options = OrderOptions::new(TimeZone::UTC);
        let keys = ["C1", "", "'007", "a@Example.com", "ümlaut"];
        let (plain, all) = compare("customer_id", &keys, &options);
        assert!(plain > 150 && plain < all / 10, "{plain} of {all}");
        let (plain, _) = compare("email", &keys, &options);
        assert!(plain > 40, "{plain}"); // of keys in lower case only
        let cut = OrderOptions { as_of: Day::parse_iso("2024-02-01"), ..options };
        assert_eq!(compare("customer_id", &keys, &cut).0, 0);
    }
}
