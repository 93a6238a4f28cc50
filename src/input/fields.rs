//! The fields an export can have, and the header names that say so by themselves.

/// A field of the orders files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of `--map`; the table below describes them")]
pub enum OrderField {
    OrderId,
    CustomerId,
    Email,
    OrderedAt,
    Amount,
    Quantity,
    UnitPrice,
    Refunded,
    Status,
    Currency,
    CancelledAt,
    OrderedTime,
    Kind,
    RefundOf,
    RefundedAt,
    Transaction,
}

/// A field of the customers file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of `--map-customers`")]
pub enum CustomerField {
    Id,
    Email,
    StartedAt,
    EndedAt,
    FirstOrderAt,
}

/// What a field is called, and the headers it is recognised by.
#[derive(Debug)]
pub struct FieldInfo<F> {
    /// Which field.
    pub field: F,
    /// Its name in `--map` and in messages.
    pub name: &'static str,
    /// Header names, folded by [`fold`], best first, separated by blanks.
    names: &'static [&'static str],
}

impl<F> FieldInfo<F> {
    /// A field, its name, and its header names in groups separated by blanks.
    pub(super) const fn new(field: F, name: &'static str, names: &'static [&'static str]) -> Self {
        Self { field, name, names }
    }

    /// The header names it is recognised by, folded, best first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<F> {
        self.names.iter().flat_map(|names| names.split_ascii_whitespace())
    }
}

/// Headers of an order's number.
pub(super) const ORDER_IDS: &str = "orderid ordernumber orderno ordernr bestellnummer bestellnr bestellid \
         bestellungsnummer bestellungid auftragsnummer auftragsnr auftragsid order orderref orderreference";

/// Headers of a currency.
pub(super) const CURRENCIES: &str = "currency currencycode ordercurrency wahrung waehrung wahrungscode";

/// Headers of a customer's number.
const CUSTOMER_KEYS: &str = "customerid customernumber customerno customernr customerkey kundennummer kundennr kundenid \
         kundenschlussel kdnr clientid userid buyerid accountid memberid mitgliedsnummer shopperid \
         contactid debitorennummer debitornummer debitor benutzerid kaeuferid kauferid";

/// Headers of a customer's e-mail.
const EMAILS: &str = "email emailaddress customeremail customeremailaddress billingemail buyeremail useremail \
         emailadresse kundenemail mail mailadresse";

/// The fields of an orders file.
pub const ORDER_FIELDS: &[FieldInfo<OrderField>] = &[
    FieldInfo {
        field: OrderField::OrderId,
        name: "order_id",
        names: &[
            ORDER_IDS,
            "invoicenumber invoiceno invoiceid invoice rechnungsnummer rechnungsnr belegnummer belegnr \
             transactionid transactionno transaktionsnummer transaktionsid bestellung auftrag id",
        ],
    },
    FieldInfo { field: OrderField::CustomerId, name: "customer_id", names: &[CUSTOMER_KEYS] },
    FieldInfo { field: OrderField::Email, name: "email", names: &[EMAILS] },
    FieldInfo {
        field: OrderField::OrderedAt,
        name: "ordered_at",
        names: &["orderedat orderdate orderdatetime ordertime ordertimestamp dateordered bestelldatum \
             bestelltam bestellzeitpunkt bestellzeit auftragsdatum purchasedate purchasedat kaufdatum \
             gekauftam createdat created createddate datecreated orderplaced placedat processedat \
             paidat saledate transactiondate transactiontime invoicedate rechnungsdatum belegdatum \
             erstelldatum erstelltam datetime timestamp date datum zeitpunkt"],
    },
    FieldInfo {
        field: OrderField::Amount,
        name: "amount",
        names: &["amount ordertotal totalamount grandtotal orderamount ordervalue total gesamtbetrag \
             bestellwert bestellsumme bestellbetrag auftragssumme auftragswert gesamtsumme \
             rechnungsbetrag rechnungssumme invoicetotal invoiceamount totalprice gesamtpreis \
             linetotal lineamount itemtotal zeilensumme zeilenbetrag positionssumme positionsbetrag \
             netamount nettobetrag grossamount bruttobetrag revenue umsatz sales betrag summe gesamt \
             warenwert spend value wert"],
    },
    FieldInfo {
        field: OrderField::Quantity,
        name: "quantity",
        names: &["quantity qty units menge anzahl stuckzahl stueckzahl stuck stueck"],
    },
    FieldInfo {
        field: OrderField::UnitPrice,
        name: "unit_price",
        names: &["unitprice priceperunit itemprice priceeach einzelpreis stuckpreis stueckpreis price \
             preis"],
    },
    FieldInfo {
        field: OrderField::Refunded,
        name: "refunded",
        names: &["refunded refundedamount refundamount amountrefunded totalrefunded refundedtotal \
             refundtotal refund erstattet erstattung erstattungsbetrag erstatteterbetrag \
             ruckerstattung rueckerstattung gutschrift"],
    },
    FieldInfo {
        field: OrderField::Status,
        name: "status",
        names: &["status orderstatus bestellstatus auftragsstatus orderstate financialstatus \
             paymentstatus zahlungsstatus"],
    },
    FieldInfo { field: OrderField::Currency, name: "currency", names: &[CURRENCIES] },
    FieldInfo {
        field: OrderField::CancelledAt,
        name: "cancelled_at",
        names: &["cancelledat canceledat storniertam stornodatum"],
    },
    FieldInfo { field: OrderField::OrderedTime, name: "ordered_time", names: &["time uhrzeit heure"] },
    FieldInfo { field: OrderField::Kind, name: "kind", names: &[] },
    FieldInfo { field: OrderField::RefundOf, name: "refund_of", names: &[] },
    FieldInfo { field: OrderField::Transaction, name: "transaction", names: &[] },
    FieldInfo {
        field: OrderField::RefundedAt,
        name: "refunded_at",
        names: &["refundedat refunddate daterefunded erstattetam erstattungsdatum"],
    },
];

/// The fields of a customers file.
pub const CUSTOMER_FIELDS: &[FieldInfo<CustomerField>] = &[
    FieldInfo {
        field: CustomerField::Id,
        name: "id",
        names: &[CUSTOMER_KEYS, "id customer kunde number nummer"],
    },
    FieldInfo { field: CustomerField::Email, name: "email", names: &[EMAILS] },
    FieldInfo {
        field: CustomerField::StartedAt,
        name: "started_at",
        names: &["startedat startdate contractstart contractstartdate subscriptionstart subscribedat start \
             begin startdatum vertragsbeginn vertragsstart abobeginn beginn"],
    },
    FieldInfo {
        field: CustomerField::EndedAt,
        name: "ended_at",
        names: &["endedat enddate contractend contractenddate subscriptionend end churnedat churndate \
             canceledat cancelledat enddatum vertragsende aboende ende gekundigtzum gekuendigtzum"],
    },
    FieldInfo {
        field: CustomerField::FirstOrderAt,
        name: "first_order_at",
        names: &["firstorderat firstorder firstorderdate firstpurchase firstpurchaseat firstpurchasedate \
             erstebestellung erstbestellung erstkauf erstkaufdatum signupat signupdate signup \
             signedup signedupat registeredat registered registrationdate dateregistered \
             registriertam registrierungsdatum anmeldedatum angemeldetam customersince kundeseit \
             joined joinedat joindate createdat created createddate datecreated erstelltam angelegtam"],
    },
];

/// Whether a header is that of an order's number.
pub fn names_order(header: &str) -> bool {
    let folded = fold(header);
    ORDER_IDS.split_ascii_whitespace().any(|name| name == folded)
}

/// Headers that hold a customer's number in plain exports and a display name in others: taken only
/// where the file has no better key.
pub const WEAK_CUSTOMER_KEYS: &[&str] =
    &["customer", "kunde", "client", "user", "buyer", "member", "kaeufer", "kaufer"];

/// What the header of an amount says it is the amount of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountName {
    /// The total of an order: `Order Total`, `Bestellsumme`.
    OrderTotal,
    /// A total, of an order or of a line: `Total`, `Gesamtbetrag`.
    Total,
    /// One line of an order: `Line Total`, `Positionsbetrag`.
    Line,
    /// It does not say: `Amount`, `Betrag`, `Sales`.
    Unclear,
}

/// What the header of an amount says.
pub fn name_of_amount(header: &str) -> AmountName {
    const LINE: &[&str] = &["line", "item", "position", "zeile", "artikel"];
    const ORDER: &[&str] = &["order", "grand", "bestell", "auftrag", "invoice", "rechnung"];
    const TOTAL: &[&str] = &["total", "gesamt", "summe"];
    let words: Vec<String> = header.split(|c: char| !c.is_alphanumeric()).map(fold).collect();
    let begins = |list: &[&str]| words.iter().any(|word| list.iter().any(|start| word.starts_with(start)));
    if begins(LINE) {
        AmountName::Line
    } else if begins(ORDER) {
        AmountName::OrderTotal
    } else if TOTAL.iter().any(|total| fold(header).contains(total)) {
        AmountName::Total
    } else {
        AmountName::Unclear
    }
}

/// A header name without case, blanks and punctuation, umlauts without their dots.
pub fn fold(header: &str) -> String {
    let mut folded = String::with_capacity(header.len());
    for character in header.chars().flat_map(char::to_lowercase) {
        match character {
            'ä' => folded.push('a'),
            'ö' => folded.push('o'),
            'ü' => folded.push('u'),
            'ß' => folded.push_str("ss"),
            other if other.is_alphanumeric() => folded.push(other),
            _ => {}
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_belong_to_one_field() {
        let mut seen = std::collections::HashMap::new();
        for info in ORDER_FIELDS {
            for name in info.names() {
                assert_eq!(fold(name), name);
                assert_eq!(seen.insert(name, info.name), None, "{name}");
            }
        }
        let mut seen = std::collections::HashMap::new();
        for info in CUSTOMER_FIELDS {
            for name in info.names() {
                assert_eq!(fold(name), name);
                assert_eq!(seen.insert(name, info.name), None, "{name}");
            }
        }
    }

    #[test]
    fn headers_say_what_amounts_belong_to() {
        for (header, name) in [
            ("Order Total", AmountName::OrderTotal),
            ("order_total", AmountName::OrderTotal),
            ("Grand Total", AmountName::OrderTotal),
            ("Bestellsumme", AmountName::OrderTotal),
            ("Total", AmountName::Total),
            ("Gesamtbetrag", AmountName::Total),
            ("Line Total", AmountName::Line),
            ("Order Line Total", AmountName::Line),
            ("Positionsbetrag", AmountName::Line),
            ("Online sales", AmountName::Unclear),
            ("Amount", AmountName::Unclear),
        ] {
            assert_eq!(name_of_amount(header), name, "{header}");
        }
    }

    #[test]
    fn headers_fold() {
        for (header, folded) in [
            ("Order ID", "orderid"),
            ("order_id", "orderid"),
            ("Order #", "order"),
            ("Bestell-Nr.", "bestellnr"),
            ("Währung", "wahrung"),
            ("E-Mail-Adresse", "emailadresse"),
        ] {
            assert_eq!(fold(header), folded);
        }
    }
}
