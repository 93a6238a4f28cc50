//! Known exports, as data: one embedded TOML file per system, chosen by the columns it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::date::Order;
use super::fields::{CUSTOMER_FIELDS, FieldInfo, ORDER_FIELDS};
use super::grouping::Grouping;
use super::is_missing;
use super::mapping::{Explicit, Header};
use super::number::Mark;
use super::record::Row;
use crate::error::{Error, Result, nearest};

/// Name and text of every profile.
const EMBEDDED: &[(&str, &str)] = &[
    ("amazon-orders", include_str!("profiles/amazon-orders.toml")),
    ("bigcommerce-orders", include_str!("profiles/bigcommerce-orders.toml")),
    ("ebay-items-en", include_str!("profiles/ebay-items-en.toml")),
    ("ebay-orders-de", include_str!("profiles/ebay-orders-de.toml")),
    ("ebay-orders-en", include_str!("profiles/ebay-orders-en.toml")),
    ("ebay-orders-fr", include_str!("profiles/ebay-orders-fr.toml")),
    ("etsy-items", include_str!("profiles/etsy-items.toml")),
    ("etsy-orders", include_str!("profiles/etsy-orders.toml")),
    ("gumroad-sales", include_str!("profiles/gumroad-sales.toml")),
    ("hubspot-contacts", include_str!("profiles/hubspot-contacts.toml")),
    ("magento2-customers", include_str!("profiles/magento2-customers.toml")),
    ("magento2-orders", include_str!("profiles/magento2-orders.toml")),
    ("paypal-activity-de", include_str!("profiles/paypal-activity-de.toml")),
    ("paypal-activity-en", include_str!("profiles/paypal-activity-en.toml")),
    ("paypal-statement-de", include_str!("profiles/paypal-statement-de.toml")),
    ("prestashop-orders", include_str!("profiles/prestashop-orders.toml")),
    ("shopify-customers", include_str!("profiles/shopify-customers.toml")),
    ("shopify-orders", include_str!("profiles/shopify-orders.toml")),
    ("shopware5-customers", include_str!("profiles/shopware5-customers.toml")),
    ("shopware5-orders", include_str!("profiles/shopware5-orders.toml")),
    ("shopware5-positions", include_str!("profiles/shopware5-positions.toml")),
    ("shopware6-orders", include_str!("profiles/shopware6-orders.toml")),
    ("square-transactions", include_str!("profiles/square-transactions.toml")),
    ("stripe-customers", include_str!("profiles/stripe-customers.toml")),
    ("stripe-payments", include_str!("profiles/stripe-payments.toml")),
    ("stripe-subscriptions", include_str!("profiles/stripe-subscriptions.toml")),
    ("woocommerce-algolplus", include_str!("profiles/woocommerce-algolplus.toml")),
    ("woocommerce-analytics", include_str!("profiles/woocommerce-analytics.toml")),
    ("woocommerce-customers", include_str!("profiles/woocommerce-customers.toml")),
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
    /// What its rows are.
    #[serde(default)]
    pub holds: Holds,
    /// Columns that together tell this export from all others.
    pub fingerprint: Vec<String>,
    /// Columns of which it has at least one, where those above are too common to tell.
    #[serde(default)]
    pub one_of: Vec<String>,
    /// Columns that it does not have, where another export has all of its others.
    #[serde(default)]
    pub without: Vec<String>,
    /// Why the export cannot be used at all.
    pub refuse: Option<String>,
    /// What a reader of the numbers must know of this export.
    pub note: Option<String>,
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
    /// Statuses that do not exclude although they do elsewhere: the amounts tell it better.
    #[serde(default)]
    pub included_status: BTreeSet<String>,
    /// The kinds of rows, where a column tells sales from refunds and from all else.
    #[serde(default)]
    pub kinds: Kinds,
    /// Rows that are nothing of what the file is read for.
    #[serde(default)]
    leave_out: Vec<LeaveOut>,
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

/// What the rows of an export are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Orders or their lines, payments, refunds.
    #[default]
    Orders,
    /// Customers or their contracts.
    Customers,
}

/// What the words of a column say a row is; in lower case. Empty: the export has no such column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// Sales, where the amount is not negative.
    pub sales: BTreeSet<String>,
    /// Refunds, where the amount is not positive.
    pub refunds: BTreeSet<String>,
    /// What is known to be neither.
    pub others: BTreeSet<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaveOut {
    column: String,
    /// In lower case; an empty word is an empty field.
    words: BTreeSet<String>,
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

/// Which profile files are read with, and which there are beside the embedded ones.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pick: Pick,
    own: Vec<Profile>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Pick {
    /// The one a header tells, if any.
    #[default]
    Recognised,
    /// This one, for the files that hold what it holds.
    Named(String),
    /// None.
    Off,
}

impl Choice {
    /// Reads `--profile`: a name, or `none`. `own`: the user's profiles, which come before the embedded ones.
    ///
    /// # Errors
    /// There is no profile of that name.
    pub fn new(text: Option<&str>, own: Vec<Profile>) -> Result<Self> {
        let mut choice = Self { pick: Pick::Recognised, own };
        choice.pick = match text {
            None => Pick::Recognised,
            Some("none") => Pick::Off,
            Some(name) if choice.known()?.any(|profile| profile.name == name) => Pick::Named(name.to_owned()),
            Some(name) => {
                let names: Vec<&str> = choice.known()?.map(|profile| profile.name.as_str()).collect();
                let hint = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("the profiles are {}, and none", names.join(", ")),
                };
                return Err(Error::usage(format!("--profile {name}: there is no such profile")).hint(hint));
            }
        };
        Ok(choice)
    }

    /// The user's profiles, then the embedded ones.
    fn known(&self) -> Result<impl Iterator<Item = &Profile>> {
        Ok(self.own.iter().chain(all()?))
    }

    /// The profile of a file with this header that holds such rows.
    ///
    /// # Errors
    /// An embedded profile is malformed: a bug.
    pub fn of(&self, header: &Header, holds: Holds) -> Result<Option<&Profile>> {
        let named = match &self.pick {
            Pick::Off => return Ok(None),
            Pick::Named(name) => self.known()?.find(|profile| profile.name == *name),
            Pick::Recognised => None,
        };
        if let Some(named) = named.filter(|profile| profile.holds == holds) {
            return Ok(Some(named));
        }
        let fits = |profile: &&Profile| profile.holds == holds && profile.fits(header);
        // The user's own come first; of the embedded ones that which asks for most.
        let own = self.own.iter().find(fits);
        Ok(own.or(all()?.iter().filter(fits).max_by_key(|profile| profile.fingerprint.len())))
    }
}

/// Where a profile's column stands. Apostrophes are printed in two ways.
fn position(header: &Header, name: &str) -> Option<usize> {
    let plain = |text: &str| text.replace('’', "'");
    header.columns.iter().position(|column| column == name || plain(column) == plain(name))
}

/// The user's own profiles: the tables under `[profiles]` of a configuration file.
///
/// # Errors
/// The text is not what a profile is made of; the message has line and column.
pub fn parse_own(file: &str, text: &str) -> Result<Vec<Profile>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Configuration {
        #[serde(default)]
        profiles: BTreeMap<String, Profile>,
        // Those who read them complain about them.
        #[serde(default, rename = "input")]
        _input: IgnoredAny,
        #[serde(default, rename = "report")]
        _report: IgnoredAny,
        #[serde(default, rename = "output")]
        _output: IgnoredAny,
        #[serde(default, rename = "check")]
        _check: IgnoredAny,
    }
    let configuration: Configuration = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::usage(format!("{file}:{line}:{column}: {}", error.message().replace('\n', ", ")))
    })?;
    let named = |(name, profile)| {
        let profile = Profile { name, ..profile };
        match profile.flaw() {
            None => Ok(profile),
            Some(flaw) => Err(Error::usage(format!("{file}: profile {}: {flaw}", profile.name))),
        }
    };
    configuration.profiles.into_iter().map(named).collect()
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
    /// Whether a header is that of this export.
    pub fn fits(&self, header: &Header) -> bool {
        let has = |column: &String| position(header, column).is_some();
        let has_one = self.one_of.is_empty() || self.one_of.iter().any(has);
        self.fingerprint.iter().all(has) && has_one && !self.without.iter().any(has)
    }

    /// Whether a row is nothing of what the file is read for.
    pub fn leaves_out(&self, header: &Header, row: &Row<'_>) -> bool {
        self.leave_out.iter().any(|rule| {
            position(header, &rule.column).is_some_and(|index| {
                let text = row.get(index);
                let word = if is_missing(&text) { "".into() } else { String::from_utf8_lossy(&text) };
                rule.words.contains(&word.to_lowercase())
            })
        })
    }

    /// Whether some rows are left out by what they hold.
    pub(super) fn has_row_rules(&self) -> bool {
        !self.leave_out.is_empty()
    }

    /// The profile's columns that the file has, under those the user named.
    pub fn map<F: Copy + Ord>(
        &self,
        header: &Header,
        explicit: &Explicit<F>,
        fields: &[FieldInfo<F>],
    ) -> Explicit<F> {
        let mut map = explicit.clone();
        for info in fields {
            let columns = self.columns.get(info.name).map_or(&[][..], Vec::as_slice);
            if let Some(index) = columns.iter().find_map(|column| position(header, column)) {
                map.entry(info.field).or_insert_with(|| header.columns[index].clone());
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

    /// What is wrong with it, if anything.
    fn flaw(&self) -> Option<String> {
        let names: Vec<&str> = match self.holds {
            Holds::Orders => ORDER_FIELDS.iter().map(|info| info.name).collect(),
            Holds::Customers => CUSTOMER_FIELDS.iter().map(|info| info.name).collect(),
        };
        if let Some(unknown) = self.columns.keys().find(|field| !names.contains(&field.as_str())) {
            return Some(format!("there is no field \"{unknown}\"; the fields are {}", names.join(", ")));
        }
        let has = |field: &str| self.columns.contains_key(field);
        let usable = match self.holds {
            Holds::Orders => has("ordered_at") && (has("customer_id") || has("email")),
            Holds::Customers => has("id") || has("email"),
        };
        if usable == self.refuse.is_some() {
            return Some(
                "it has neither the columns of a date and a customer nor a reason to refuse, or both"
                    .to_owned(),
            );
        }
        let kinds = self.kinds.sales.iter().chain(&self.kinds.refunds).chain(&self.kinds.others);
        let leave_out = self.leave_out.iter().flat_map(|rule| &rule.words);
        let statuses = self.excluded_status.iter().chain(&self.refunded_status).chain(&self.included_status);
        if let Some(word) = kinds.chain(leave_out).chain(statuses).find(|word| **word != word.to_lowercase())
        {
            return Some(format!("the word \"{word}\" is not in lower case"));
        }
        if self.title.is_empty() || self.fingerprint.is_empty() {
            return Some("it has no title, or no fingerprint".to_owned());
        }
        let has_kinds =
            !self.kinds.sales.is_empty() || !self.kinds.refunds.is_empty() || !self.kinds.others.is_empty();
        if has_kinds != has("kind") {
            return Some("a column of the field kind and the table [kinds] need each other".to_owned());
        }
        let mark = self.decimal.as_deref();
        (!matches!(mark, None | Some("." | ","))).then(|| "the decimal mark is . or ,".to_owned())
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
        for profile in all().expect("well-formed") {
            assert_eq!(profile.flaw(), None, "{}", profile.name);
            assert!(profile.fingerprint.len() >= 3, "{}", profile.name);
        }
    }

    #[test]
    fn own_profiles_say_where_they_are_wrong() {
        let error = |text: &str| parse_own("regulars.toml", text).expect_err("wrong").to_string();
        let profile =
            |rest: &str| format!("[profiles.shop]\ntitle = \"Shop\"\nfingerprint = [\"a\"]\n{rest}");
        assert!(
            error(&profile("decimals = \".\"")).starts_with("regulars.toml:4:1: unknown field `decimals`")
        );
        assert!(
            error(&profile("[profiles.shop.columns]\nammount = [\"x\"]"))
                .contains("there is no field \"ammount\"")
        );
        assert!(error(&profile("")).contains("neither the columns"));
        let own = profile("[profiles.shop.columns]\nordered_at = [\"a\"]\namount = [\"b\"]\nemail = [\"c\"]");
        let choice = Choice::new(Some("shop"), parse_own("regulars.toml", &own).expect("right"));
        assert!(choice.is_ok(), "it can be named");
    }
}
