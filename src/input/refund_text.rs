//! Refunds packed into one field: `amount:12.00|reason:broken|date:2024-01-02 10:00:00;amount:…`.

/// One refund of such a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefundText<'t> {
    pub(super) amount: &'t str,
    pub(super) date: Option<&'t str>,
}

/// The refunds of a field; none where it is not written in this way. A reason may hold any text but one that
/// begins a part with `amount:`.
pub(super) fn refunds(text: &str) -> Vec<RefundText<'_>> {
    let mut refunds: Vec<RefundText<'_>> = Vec::new();
    for part in text.split([';', '|']) {
        let Some((name, value)) = part.split_once(':') else { continue };
        match (name.trim(), refunds.last_mut()) {
            ("amount", _) => refunds.push(RefundText { amount: value.trim(), date: None }),
            ("date", Some(refund)) => refund.date = refund.date.or(Some(value.trim())),
            _ => {}
        }
    }
    refunds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_refunds_are_taken_apart() {
        let text = "amount:12.00|reason:too big; and blue|date:2024-01-02 10:00:00;amount:-3|reason:|date:";
        let expected = [
            RefundText { amount: "12.00", date: Some("2024-01-02 10:00:00") },
            RefundText { amount: "-3", date: Some("") },
        ];
        assert_eq!(refunds(text), expected);
        assert_eq!(refunds("12.00"), []);
        assert_eq!(refunds("reason:broken"), []);
    }
}
