//! Which column is which field: by `--map`, else by the header's own words.

use std::collections::BTreeMap;

use super::fields::{FieldInfo, ORDER_FIELDS, OrderField, WEAK_CUSTOMER_KEYS, fold};
use super::privacy::Privacy;
use crate::error::{Error, Result, nearest};

/// The header of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The file's name in messages.
    pub file: String,
    /// Column names, trimmed.
    pub columns: Vec<String>,
    /// Whether messages show personal data.
    pub privacy: Privacy,
}

impl Header {
    /// The position of a column: its exact name, else the only one that differs in case alone.
    ///
    /// # Errors
    /// Two columns bear the name. A missing column is `Ok(None)`.
    pub fn position(&self, name: &str) -> Result<Option<usize>> {
        let positions = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            (0..self.columns.len()).filter(|index| same(&self.columns[*index])).collect()
        };
        let mut found = positions(&|column| column == name);
        if found.is_empty() {
            found = positions(&|column| column.to_lowercase() == name.to_lowercase());
        }
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            _ => Err(Error::input(format!("{}: two columns are named \"{name}\"", self.file))
                .hint("rename one of them; a number must come from one column")),
        }
    }

    /// Its columns in quotes. Where a file has no header its first row stands there, so addresses are masked.
    pub fn listed(&self) -> String {
        let shown = |column: &String| self.privacy.quoted("", column.as_bytes());
        self.columns.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// "its columns are …", with the nearest name first where one is near.
    pub fn describe_for(&self, missing: &str) -> String {
        let listed = self.listed();
        match nearest(missing, self.columns.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"? The columns are {listed}"),
            None => format!("the columns are {listed}"),
        }
    }
}

/// Field → column name, as a flag says it.
pub type Explicit<F> = BTreeMap<F, String>;

/// Reads `field=column,field=column`. A comma belongs to the column name unless a field follows it.
///
/// # Errors
/// A part is not `field=column`, the field is unknown, or one is named twice.
pub fn parse_map<F: Copy + Ord>(texts: &[String], fields: &[FieldInfo<F>]) -> Result<Explicit<F>> {
    let lookup = |name: &str| fields.iter().find(|info| info.name == name).map(|info| info.field);
    let mut map = BTreeMap::new();
    for text in texts {
        let mut parts: Vec<String> = Vec::new();
        for piece in text.split(',') {
            let starts_field = piece.split_once('=').is_some_and(|(name, _)| !name.trim().contains(' '));
            match parts.last_mut() {
                Some(last) if !starts_field => {
                    last.push(',');
                    last.push_str(piece);
                }
                _ => parts.push(piece.to_owned()),
            }
        }
        for part in &parts {
            let Some((name, column)) = part.split_once('=') else {
                return Err(Error::usage(format!("\"{part}\" does not say field=column")));
            };
            let (name, column) = (name.trim(), column.trim());
            let Some(field) = lookup(name) else {
                let names = fields.iter().map(|info| info.name);
                let hint = match nearest(name, names.clone()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the fields are {}", names.collect::<Vec<_>>().join(", ")),
                };
                return Err(Error::usage(format!("there is no field \"{name}\" to map")).hint(hint));
            };
            if map.insert(field, column.to_owned()).is_some() {
                return Err(Error::usage(format!("the field {name} is mapped twice")));
            }
        }
    }
    Ok(map)
}

/// Field → position in a file's rows.
#[derive(Debug, Clone)]
pub struct Mapping<F> {
    /// By field. So few that looking through them is faster than a tree; it is done several times for every row.
    positions: Vec<(F, usize)>,
}

impl<F: Copy + Ord> Mapping<F> {
    /// Where a field stands.
    pub fn get(&self, field: F) -> Option<usize> {
        self.positions.iter().find(|(known, _)| *known == field).map(|(_, position)| *position)
    }

    /// Takes the explicit columns, and recognises the other fields by their headers.
    ///
    /// # Errors
    /// A column named explicitly is not there, or a recognised header stands there twice.
    pub fn of(header: &Header, explicit: &Explicit<F>, fields: &[FieldInfo<F>]) -> Result<Self> {
        let mut positions = BTreeMap::new();
        for (field, column) in explicit {
            let Some(position) = header.position(column)? else {
                return Err(Error::usage(format!("{}: there is no column \"{column}\"", header.file))
                    .hint(header.describe_for(column)));
            };
            positions.insert(*field, position);
        }
        let folded: Vec<String> = header.columns.iter().map(|column| fold(column)).collect();
        for info in fields {
            if explicit.contains_key(&info.field) {
                continue;
            }
            let free = |position: &usize| !positions.values().any(|taken| taken == position);
            for name in info.names() {
                let found: Vec<usize> =
                    (0..folded.len()).filter(|i| folded[*i] == name).filter(free).collect();
                match found.as_slice() {
                    [] => {}
                    [one] => {
                        positions.insert(info.field, *one);
                        break;
                    }
                    [first, second, ..] => {
                        return Err(Error::input(format!(
                            "{}: \"{}\" and \"{}\" could both be the {}",
                            header.file, header.columns[*first], header.columns[*second], info.name
                        ))
                        .hint("rename one of the two columns"));
                    }
                }
            }
        }
        Ok(Self { positions: positions.into_iter().collect() })
    }
}

/// Whether a record is the header of an orders file: it names a date and a customer, or every column that
/// the user named.
pub fn is_orders_header(header: &Header, explicit: &Explicit<OrderField>) -> bool {
    let Ok(mapping) = Mapping::of(header, explicit, ORDER_FIELDS) else { return false };
    let mapping = mapping.with_weak_names(header);
    let has = |field| mapping.get(field).is_some();
    has(OrderField::OrderedAt) && (has(OrderField::CustomerId) || has(OrderField::Email))
}

/// Whether the header of a file with dates and customers is that of orders rather than of a list of customers:
/// it has an amount, or a date that says what it is the date of.
pub fn looks_like_orders(header: &Header, explicit: &Explicit<OrderField>) -> bool {
    const ORDERED: &[&str] =
        &["order", "bestell", "auftrag", "purchase", "kauf", "invoice", "rechnung", "transaction"];
    let Ok(mapping) = Mapping::of(header, explicit, ORDER_FIELDS) else { return false };
    let has = |field| mapping.get(field).is_some();
    let says_ordered = mapping.get(OrderField::OrderedAt).is_some_and(|index| {
        let date = fold(&header.columns[index]);
        ORDERED.iter().any(|word| date.starts_with(word))
    });
    is_orders_header(header, explicit)
        && (says_ordered || has(OrderField::Amount) || has(OrderField::UnitPrice))
}

impl Mapping<OrderField> {
    /// Accepts a header such as `customer` as the key where the file has neither id nor e-mail, and
    /// a lone price as the amount where there is no quantity to multiply it with.
    #[must_use]
    pub fn with_weak_names(mut self, header: &Header) -> Self {
        let has = |mapping: &Self, field| mapping.get(field).is_some();
        if !has(&self, OrderField::CustomerId) && !has(&self, OrderField::Email) {
            let weak = WEAK_CUSTOMER_KEYS.iter().find_map(|alias| {
                let mut found = (0..header.columns.len()).filter(|i| fold(&header.columns[*i]) == *alias);
                found.next().filter(|_| found.next().is_none())
            });
            if let Some(position) = weak.filter(|at| !self.positions.iter().any(|(_, taken)| taken == at)) {
                self.positions.push((OrderField::CustomerId, position));
            }
        }
        if !has(&self, OrderField::Amount)
            && !has(&self, OrderField::Quantity)
            && let Some(price) = self.positions.iter_mut().find(|(field, _)| *field == OrderField::UnitPrice)
        {
            price.0 = OrderField::Amount;
        }
        self.positions.sort_unstable();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(columns: &[&str]) -> Header {
        Header {
            file: "o.csv".into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            privacy: Privacy::default(),
        }
    }

    fn mapped(columns: &[&str]) -> Vec<(OrderField, String)> {
        let header = header(columns);
        let mapping =
            Mapping::of(&header, &Explicit::new(), ORDER_FIELDS).expect("clear").with_weak_names(&header);
        mapping.positions.iter().map(|(field, at)| (*field, header.columns[*at].clone())).collect()
    }

    #[test]
    fn english_and_german_headers_say_what_they_are() {
        use OrderField::*;
        let of = |pairs: &[(OrderField, &str)]| {
            pairs.iter().map(|(f, c)| (*f, (*c).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(
            mapped(&["Bestellnummer", "Kundennummer", "Bestelldatum", "Gesamtbetrag", "Währung", "Status"]),
            of(&[
                (OrderId, "Bestellnummer"),
                (CustomerId, "Kundennummer"),
                (OrderedAt, "Bestelldatum"),
                (Amount, "Gesamtbetrag"),
                (Status, "Status"),
                (Currency, "Währung"),
            ])
        );
        assert_eq!(
            mapped(&["Row ID", "Order ID", "Order Date", "Ship Date", "Customer ID", "Sales", "Quantity"]),
            of(&[
                (OrderId, "Order ID"),
                (CustomerId, "Customer ID"),
                (OrderedAt, "Order Date"),
                (Amount, "Sales"),
                (Quantity, "Quantity")
            ])
        );
        assert_eq!(
            mapped(&["date", "customer", "price"]),
            of(&[(CustomerId, "customer"), (OrderedAt, "date"), (Amount, "price")])
        );
        assert_eq!(
            mapped(&["Customer", "Email", "Date", "Total"]),
            of(&[(Email, "Email"), (OrderedAt, "Date"), (Amount, "Total")]),
            "a display name is no key where there is an e-mail"
        );
    }

    #[test]
    fn a_map_may_hold_columns_with_commas() {
        let map = parse_map(&["amount=Revenue, net,order_id=No.".to_owned()], ORDER_FIELDS).expect("valid");
        assert_eq!(map[&OrderField::Amount], "Revenue, net");
        assert_eq!(map[&OrderField::OrderId], "No.");
        assert!(parse_map(&["ammount=x".to_owned()], ORDER_FIELDS).is_err());
        assert!(parse_map(&["amount=x,amount=y".to_owned()], ORDER_FIELDS).is_err());
    }

    #[test]
    fn two_candidates_are_an_error() {
        let header = header(&["Order ID", "order_id", "date"]);
        assert!(Mapping::of(&header, &Explicit::new(), ORDER_FIELDS).is_err());
    }
}
