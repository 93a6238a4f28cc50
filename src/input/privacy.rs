//! Personal data in messages: e-mail addresses, names, telephone numbers and postal addresses are shown
//! only as far as it takes to find them in the file.

use super::account::quoted;
use super::fields::fold;

/// A value for a message: in quotes, masked where it or its column is personal.
pub(super) fn shown(column: &str, value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    if text.contains('@') || is_personal(column) { format!("\"{}\"", masked(&text)) } else { quoted(value) }
}

/// A key of a customer for a message.
pub(super) fn shown_key(key: &str) -> String {
    if key.contains('@') { masked(key) } else { key.to_owned() }
}

/// `i…@e….com`; without an at sign the first character.
fn masked(text: &str) -> String {
    let first = |text: &str| text.chars().next().map(|character| format!("{character}…")).unwrap_or_default();
    match text.split_once('@') {
        None => first(text),
        Some((name, domain)) => {
            let ending = domain.rfind('.').map_or("", |point| &domain[point..]);
            format!("{}@{}{ending}", first(name), first(domain))
        }
    }
}

/// Whether a column holds personal data, by its name.
fn is_personal(column: &str) -> bool {
    const PARTS: &[&str] = &[
        "email",
        "mail",
        "firstname",
        "lastname",
        "surname",
        "customername",
        "buyername",
        "billingname",
        "shippingname",
        "fullname",
        "vorname",
        "nachname",
        "kundenname",
        "telefon",
        "phone",
        "mobil",
        "address",
        "adresse",
        "street",
        "strasse",
        "zip",
        "plz",
        "postcode",
        "postalcode",
        "birth",
        "geburt",
    ];
    let folded = fold(column);
    folded == "name" || PARTS.iter().any(|part| folded.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_are_masked_and_others_are_not() {
        for (column, value, expected) in [
            ("E-Mail", "ida@example.com", "\"i…@e….com\""),
            ("customer_id", "ida@example.com", "\"i…@e….com\""),
            ("Billing Street", "Musterweg 1", "\"M…\""),
            ("Name", "Ida Muster", "\"I…\""),
            ("Straße", "", "\"\""),
            ("Gesamtbetrag", "12,4x", "\"12,4x\""),
            ("Item name", "Tea", "\"Tea\""),
        ] {
            assert_eq!(shown(column, value.as_bytes()), expected);
        }
        assert_eq!(
            (shown_key("ida@example.com"), shown_key("007")),
            ("i…@e….com".to_owned(), "007".to_owned())
        );
    }
}
