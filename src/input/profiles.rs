//! Known exports, as data: one embedded TOML file per system, chosen by the columns it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use super::date::Order;
use super::fields::ORDER_FIELDS;
use super::grouping::Grouping;
use super::mapping::{Explicit, Header};
use super::number::Mark;
use crate::error::{Error, Result, nearest};
use crate::input::fields::OrderField;

/// Name and text of every profile.
const EMBEDDED: &[(&str, &str)] = &[
    ("amazon-orders", include_str!("profiles/amazon-orders.toml")),
    ("bigcommerce-orders", include_str!("profiles/bigcommerce-orders.toml")),
    ("ebay-orders-de", include_str!("profiles/ebay-orders-de.toml")),
    ("ebay-orders-en", include_str!("profiles/ebay-orders-en.toml")),
    ("etsy-orders", include_str!("profiles/etsy-orders.toml")),
    ("gumroad-sales", include_str!("profiles/gumroad-sales.toml")),
    ("magento2-orders", include_str!("profiles/magento2-orders.toml")),
    ("prestashop-orders", include_str!("profiles/prestashop-orders.toml")),
    ("shopify-orders", include_str!("profiles/shopify-orders.toml")),
    ("shopware5-orders", include_str!("profiles/shopware5-orders.toml")),
    ("shopware6-orders", include_str!("profiles/shopware6-orders.toml")),
    ("square-transactions", include_str!("profiles/square-transactions.toml")),
    ("stripe-payments", include_str!("profiles/stripe-payments.toml")),
    ("woocommerce-analytics", include_str!("profiles/woocommerce-analytics.toml")),
    ("woocommerce-skyverge", include_str!("profiles/woocommerce-skyverge.toml")),
    ("woocommerce-webtoffee", include_str!("profiles/woocommerce-webtoffee.toml")),
];

/// What is known of a system's export.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in `--profile`.
    #[serde(skip)]
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Columns that together tell this export from all others.
    pub fingerprint: Vec<String>,
    /// Why the export cannot be used at all.
    pub refuse: Option<String>,
    /// Field → the column's names over time, the newest first.
    #[serde(default)]
    columns: BTreeMap<String, Vec<String>>,
    /// What the lines of an order say about its amount.
    order_amount: Option<GroupingName>,
    /// Statuses that make an order no purchase, beside the common ones.
    #[serde(default)]
    pub excluded_status: BTreeSet<String>,
    /// Statuses that say an order was refunded in full, whatever its amounts say.
    #[serde(default)]
    pub refunded_status: BTreeSet<String>,
    /// Orders without customer id are keyed by their e-mail.
    #[serde(default)]
    pub guest_key_email: bool,
    /// Customer ids that stand for no customer.
    #[serde(default)]
    pub guest_ids: BTreeSet<String>,
    /// The order of day and month.
    dates: Option<OrderName>,
    /// Moments without an offset are in UTC.
    #[serde(default)]
    pub utc: bool,
    /// The decimal mark.
    decimal: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GroupingName {
    Sum,
    Once,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OrderName {
    DayFirst,
    MonthFirst,
}

/// Which profile a file is read with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// The one its header tells, if any.
    #[default]
    Recognised,
    /// This one.
    Named(String),
    /// None.
    Off,
}

impl Choice {
    /// Reads `--profile`: a name, or `none`.
    ///
    /// # Errors
    /// There is no profile of that name.
    pub fn parse(text: &str) -> Result<Self> {
        let names = || EMBEDDED.iter().map(|(name, _)| *name);
        match text {
            "none" => Ok(Self::Off),
            name if names().any(|known| known == name) => Ok(Self::Named(name.to_owned())),
            name => {
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the profiles are {}, and none", names().collect::<Vec<_>>().join(", ")),
                };
                Err(Error::usage(format!("--profile {name}: there is no such profile")).hint(hint))
            }
        }
    }

    /// The profile of a file with this header.
    ///
    /// # Errors
    /// An embedded profile is malformed: a bug.
    pub fn of(&self, header: &Header) -> Result<Option<&'static Profile>> {
        match self {
            Self::Off => Ok(None),
            Self::Named(name) => Ok(all()?.iter().find(|profile| profile.name == *name)),
            Self::Recognised => {
                let has = |column: &String| header.columns.contains(column);
                let fitting = all()?.iter().filter(|profile| profile.fingerprint.iter().all(has));
                Ok(fitting.max_by_key(|profile| profile.fingerprint.len()))
            }
        }
    }
}

/// All profiles.
///
/// # Errors
/// One is malformed: a bug.
pub fn all() -> Result<&'static [Profile]> {
    static ALL: OnceLock<Result<Vec<Profile>>> = OnceLock::new();
    ALL.get_or_init(parse_all).as_deref().map_err(Clone::clone)
}

fn parse_all() -> Result<Vec<Profile>> {
    let read = |(name, text): &(&str, &str)| {
        let profile: Profile =
            toml::from_str(text).map_err(|error| Error::internal(format!("profile {name}: {error}")))?;
        Ok(Profile { name: (*name).to_owned(), ..profile })
    };
    EMBEDDED.iter().map(read).collect()
}

impl Profile {
    /// The profile's columns that the file has, under those the user named.
    pub fn map(&self, header: &Header, explicit: &Explicit<OrderField>) -> Explicit<OrderField> {
        let mut map = explicit.clone();
        for info in ORDER_FIELDS {
            let columns = self.columns.get(info.name).map_or(&[][..], Vec::as_slice);
            if let Some(column) = columns.iter().find(|column| header.columns.contains(column)) {
                map.entry(info.field).or_insert_with(|| column.clone());
            }
        }
        map
    }

    /// What the lines of an order say about its amount, if the profile knows.
    pub fn grouping(&self) -> Option<Grouping> {
        self.order_amount.map(|name| match name {
            GroupingName::Sum => Grouping::Sum,
            GroupingName::Once => Grouping::Once,
        })
    }

    /// The order of day and month, if the profile knows.
    pub fn dates(&self) -> Option<Order> {
        self.dates.map(|name| match name {
            OrderName::DayFirst => Order::DayFirst,
            OrderName::MonthFirst => Order::MonthFirst,
        })
    }

    /// The decimal mark, if the profile knows.
    pub fn decimal(&self) -> Option<Mark> {
        self.decimal.as_deref().map(|mark| if mark == "," { Mark::Comma } else { Mark::Point })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_well_formed() {
        let fields: Vec<&str> = ORDER_FIELDS.iter().map(|info| info.name).collect();
        for profile in all().expect("well-formed") {
            assert!(!profile.title.is_empty() && profile.fingerprint.len() >= 4, "{}", profile.name);
            assert!(profile.columns.keys().all(|field| fields.contains(&field.as_str())), "{}", profile.name);
            let usable = profile.columns.contains_key("ordered_at") && profile.columns.contains_key("amount");
            assert_ne!(usable, profile.refuse.is_some(), "{}", profile.name);
            for status in profile.excluded_status.iter().chain(&profile.refunded_status) {
                assert_eq!(*status, status.to_lowercase(), "{}", profile.name);
            }
            assert!(matches!(profile.decimal.as_deref(), None | Some("." | ",")));
        }
    }
}
