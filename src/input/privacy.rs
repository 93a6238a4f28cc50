//! Personal data in what the program says: e-mail addresses, names, telephone numbers and postal addresses are
//! shown only as far as it takes to find them in the file, unless the user asks for them.

use super::account::quoted;
use super::fields::fold;

/// Whether personal data is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Privacy {
    /// It is masked.
    #[default]
    Masked,
    /// It is shown (`--show-personal-data`).
    Shown,
}

impl Privacy {
    /// A value for a message: in quotes, masked where it or its column is personal.
    pub(super) fn quoted(self, column: &str, value: &[u8]) -> String {
        if self.hides(column, value) {
            format!("\"{}\"", masked(&String::from_utf8_lossy(value)))
        } else {
            quoted(value)
        }
    }

    /// A value as it is, shortened where it is long, masked where it or its column is personal.
    pub fn shown(self, column: &str, value: &[u8]) -> String {
        let quoted = self.quoted(column, value);
        quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted).to_owned()
    }

    /// A key of a customer or of an order for a message: e-mail addresses and names are masked.
    pub(super) fn key(self, key: &str) -> String {
        let is_name = || key.contains(char::is_whitespace) && key.contains(char::is_alphabetic);
        if self == Self::Masked && (key.contains('@') || is_name()) { masked(key) } else { key.to_owned() }
    }

    /// Whether a value is not to be shown as it is: an e-mail address or a telephone number wherever it stands,
    /// anything but a number in a column of names and addresses.
    pub fn hides(self, column: &str, value: &[u8]) -> bool {
        self == Self::Masked && (value.contains(&b'@') || is_telephone(value) || is_personal(column, value))
    }
}

fn is_telephone(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let written = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'-' | b'/');
    matches!(value, [b'+', rest @ ..] if digits >= 7 && rest.iter().all(written))
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

/// Whether a value is personal by the name of its column. Some names are those of a number in one export and
/// those of a person in another.
fn is_personal(column: &str, value: &[u8]) -> bool {
    const PEOPLE: &[&str] = &[
        "name",
        "customer",
        "kunde",
        "client",
        "buyer",
        "user",
        "member",
        "kaufer",
        "kaeufer",
        "username",
        "benutzername",
        "contact",
        "login",
        "inhaber",
    ];
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
        "billingfirst",
        "billinglast",
        "shippingfirst",
        "shippinglast",
        "recipient",
        "empfanger",
        "empfaenger",
        "ansprechpartner",
        "besteller",
        "kontaktperson",
        "nickname",
        "shipto",
        "lieferort",
        "last4",
        "dateofbirth",
        "birth",
        "geburt",
        "password",
        "iban",
        "cardname",
        "note",
        "comment",
        "bemerkung",
        "nachricht",
    ];
    let folded = fold(column);
    if folded == "dob" {
        return true;
    }
    let has_letter = value.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    (PEOPLE.contains(&folded.as_str()) && has_letter) || PARTS.iter().any(|part| folded.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_are_masked_and_others_are_not() {
        for (column, value, expected) in [
            ("E-Mail", "ida@example.com", "i…@e….com"),
            ("customer_id", "ida@example.com", "i…@e….com"),
            ("Billing Street", "Musterweg 1", "M…"),
            ("Name", "Ida Muster", "I…"),
            ("Kunde", "Ida Muster", "I…"),
            ("Kunde", "10023", "10023"),
            ("Wert", "+49 (30) 123456", "+…"),
            ("Saldo", "+1234", "+1234"),
            ("Straße", "", ""),
            ("Gesamtbetrag", "12,4x", "12,4x"),
            ("Item name", "Tea", "Tea"),
        ] {
            assert_eq!(Privacy::Masked.shown(column, value.as_bytes()), expected, "{column}");
            assert_eq!(Privacy::Shown.shown(column, value.as_bytes()), value);
        }
        let keys = ["ida@example.com", "007", "Ida Muster", "10 23"].map(|key| Privacy::Masked.key(key));
        assert_eq!(keys, ["i…@e….com", "007", "I…", "10 23"]);
    }
}
