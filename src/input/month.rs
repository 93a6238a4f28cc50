//! Month names, English, German and French, in full and as systems abbreviate them.

/// The month (1–12) of a name, in any case, with or without a point behind it.
pub(super) fn number(name: &str) -> Option<u32> {
    const MONTHS: [&[&str]; 12] = [
        &["jan", "january", "januar", "jän", "jänner", "janv", "janvier"],
        &["feb", "february", "februar", "févr", "fév", "février", "fevr", "fevrier"],
        &["mar", "march", "mär", "märz", "mrz", "maerz", "mars"],
        &["apr", "april", "avr", "avril"],
        &["may", "mai"],
        &["jun", "june", "juni", "juin"],
        &["jul", "july", "juli", "juil", "juillet"],
        &["aug", "august", "août", "aout"],
        &["sep", "sept", "september", "septembre"],
        &["oct", "october", "okt", "oktober", "octobre"],
        &["nov", "november", "novembre"],
        &["dec", "december", "dez", "dezember", "déc", "décembre", "decembre"],
    ];
    let name = name.trim_end_matches('.').to_lowercase();
    (1..).zip(MONTHS).find(|(_, names)| names.contains(&name.as_str())).map(|(month, _)| month)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names() {
        for (name, month) in [
            ("Sep", 9),
            ("sept.", 9),
            ("Dez", 12),
            ("Mär", 3),
            ("oct.", 10),
            ("JULI", 7),
            ("août", 8),
            ("May", 5),
        ] {
            assert_eq!(number(name), Some(month), "{name}");
        }
        for name in ["", ".", "Mo", "Monday", "j"] {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
