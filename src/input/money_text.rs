//! Amounts as shops print them: currencies, parentheses, blanks between thousands.
//!
//! `1 234,56 €`, `$1,240.00`, `-$3.00`, `(30.00)`, `EUR 90,00`, `1'234.50`, `'12.50` → the plain number
//! inside, and the currency beside it. Everything that is not exactly such a text stays no amount.

use super::number::{Mark, Reading, read};

/// An amount, plain or dressed, under a decimal mark or none yet; and the currency beside it.
pub fn amount_of(text: &[u8], mark: Option<Mark>) -> (Reading, Option<String>) {
    let plain = read(text, mark);
    if plain != Reading::Not {
        return (plain, None);
    }
    match std::str::from_utf8(text).ok().and_then(undress) {
        Some(undressed) => (read(undressed.number.as_bytes(), mark), undressed.currency),
        None => (plain, None),
    }
}

/// A number without its dress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Undressed {
    /// An optional sign, digits and marks, as [`super::number::read`] takes them.
    pub(super) number: String,
    /// The currency beside it: its ISO code where the text says which, else the text.
    pub(super) currency: Option<String>,
}

/// Blanks and apostrophes that stand between thousands.
const BETWEEN_THOUSANDS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '\u{2019}'];

/// Takes an amount out of its dress; `None` when the text is no such amount.
pub(super) fn undress(text: &str) -> Option<Undressed> {
    let mut text = trim(text);
    // A leading apostrophe keeps spreadsheets from reading a number.
    text = trim(text.strip_prefix('\'').unwrap_or(text));
    let mut negative = None;
    if let Some(inside) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        negative = Some(true);
        text = trim(inside);
    }
    let mut currency = None;
    // A sign may stand before or behind a currency, at either end, but once.
    for _ in 0..3 {
        if let Some((sign, rest)) = sign(text) {
            if negative.replace(sign).is_some() {
                return None;
            }
            text = trim(rest);
        }
        if let Some((code, rest)) = currency_at_end(text) {
            if currency.replace(code).is_some() {
                return None;
            }
            text = trim(rest);
        }
    }
    let digits = ungrouped(text)?;
    let sign = if negative == Some(true) { "-" } else { "" };
    Some(Undressed { number: format!("{sign}{digits}"), currency })
}

fn trim(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_whitespace() || character == '\u{202f}')
}

/// A sign at either end of the text; `true` for minus.
fn sign(text: &str) -> Option<(bool, &str)> {
    let minus = ['-', '\u{2212}'];
    let stripped = text.strip_prefix(minus).or_else(|| text.strip_suffix(minus));
    stripped.map(|rest| (true, rest)).or_else(|| text.strip_prefix('+').map(|rest| (false, rest)))
}

/// A currency at either end of the text.
fn currency_at_end(text: &str) -> Option<(String, &str)> {
    let is_core = |character: char| character.is_ascii_digit() || "-+\u{2212}(,".contains(character);
    let start = text.find(is_core)?;
    if start > 0 {
        let before = &text[..start];
        return match (code(trim(before)), before.strip_suffix('.')) {
            (Some(code), _) => Some((code, &text[start..])),
            // The point of `€.50` is the number's.
            (None, Some(shorter)) => Some((code(trim(shorter))?, &text[start - 1..])),
            (None, None) => None,
        };
    }
    let is_end = |character: char| character.is_ascii_digit() || "-+\u{2212})".contains(character);
    let end = text.rfind(is_end)? + text[text.rfind(is_end)?..].chars().next()?.len_utf8();
    if end < text.len() { Some((code(trim(&text[end..]))?, &text[..end])) } else { None }
}

/// The codes of ISO 4217 in circulation.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP \
     BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF \
     GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR \
     LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP \
     PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP \
     TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL";

/// The ISO code of a currency written as a code, a symbol or a name.
fn code(text: &str) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[
        ("€", "EUR"),
        ("Euro", "EUR"),
        ("£", "GBP"),
        ("¥", "JPY"),
        ("US$", "USD"),
        ("A$", "AUD"),
        ("AU$", "AUD"),
        ("C$", "CAD"),
        ("CA$", "CAD"),
        ("CDN$", "CAD"),
        ("NZ$", "NZD"),
        ("HK$", "HKD"),
        ("S$", "SGD"),
        ("R$", "BRL"),
        ("MX$", "MXN"),
        ("Fr.", "CHF"),
        ("SFr.", "CHF"),
        ("RM", "MYR"),
        ("zł", "PLN"),
        ("Kč", "CZK"),
        ("Ft", "HUF"),
        ("₹", "INR"),
        ("₺", "TRY"),
        ("₩", "KRW"),
        ("₫", "VND"),
        ("₪", "ILS"),
        ("฿", "THB"),
        ("₱", "PHP"),
        ("₴", "UAH"),
        ("₽", "RUB"),
        ("$", "$"),
        ("kr", "kr"),
        ("kr.", "kr"),
    ];
    let compact: String = text.split_whitespace().collect();
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == compact) {
        return Some((*code).to_owned());
    }
    let code = compact.to_uppercase();
    let same_case = compact == code || compact == compact.to_lowercase();
    (same_case && CODES.split_ascii_whitespace().any(|known| known == code)).then_some(code)
}

/// The number without what stands between its thousands, which are groups of three.
fn ungrouped(text: &str) -> Option<String> {
    let Some(between) = text.chars().find(|character| BETWEEN_THOUSANDS.contains(character)) else {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
        return (plain && !text.is_empty()).then(|| text.to_owned());
    };
    let groups: Vec<&str> = text.split(between).collect();
    let (last, heads) = groups.split_last()?;
    let (first, middle) = heads.split_first()?;
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let (tail, fraction) = last.split_at_checked(3)?;
    let good = (1..=3).contains(&first.len())
        && digits(first)
        && middle.iter().all(|group| group.len() == 3 && digits(group))
        && digits(tail)
        && (fraction.is_empty()
            || fraction.strip_prefix(['.', ',']).is_some_and(|rest| !rest.is_empty() && digits(rest)));
    // Four digits and more before a mark make it the decimal mark, whatever follows.
    good.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_shops_print_them() {
        for (text, number, currency) in [
            ("1 234,56 €", "1234,56", Some("EUR")),
            ("1\u{202f}234,50\u{a0}€", "1234,50", Some("EUR")),
            ("$1,240.00", "1,240.00", Some("$")),
            ("-$3.00", "-3.00", Some("$")),
            ("$-3.00", "-3.00", Some("$")),
            ("(30.00)", "-30.00", None),
            ("(RM 50.00)", "-50.00", Some("MYR")),
            ("EUR 90,00", "90,00", Some("EUR")),
            ("90,00 eur", "90,00", Some("EUR")),
            ("AU $3,000.00", "3,000.00", Some("AUD")),
            ("CA$76.00", "76.00", Some("CAD")),
            ("1'234.50", "1234.50", None),
            ("CHF 1’234.50", "1234.50", Some("CHF")),
            ("Fr. 12.50", "12.50", Some("CHF")),
            ("'12.50", "12.50", None),
            ("30.00-", "-30.00", None),
            ("−5", "-5", None),
            ("€.50", ".50", Some("EUR")),
            ("116,99 €", "116,99", Some("EUR")),
        ] {
            let expected = Undressed { number: number.to_owned(), currency: currency.map(str::to_owned) };
            assert_eq!(undress(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "€",
            "EUR",
            "12,4x",
            "12 4",
            "1 23,5",
            "1234 567",
            "--5",
            "-(5)",
            "(5)-",
            "5 €€",
            "€5$",
            "ABCD 5",
            "5 items",
            "12 tsd",
            "1 234 5",
            "Eur 5",
            "5 % ",
            "1e5",
            "( )",
            "1'23",
            "12:30",
            "SFr..\u{202f}4646,",
            "2024-01-05",
        ] {
            assert_eq!(undress(text), None, "{text}");
        }
    }
}
