//! A shop small enough to check by hand: every movement once, every kind of order once.
//!
//! The report is March 2024 with an activity window of two months, so a customer is active on
//! 1 March with a purchase from 1 January to 29 February, and on 1 April with one from 1 February to
//! 31 March.
//!
//! | customer | purchases | on 1 March | on 1 April | so |
//! |---|---|---|---|---|
//! | Anna | 10 Jan, 5 Mar (30) | active | active | retained |
//! | Ben | 20 Feb | active | active | retained, without buying |
//! | Cem | 15 Jan | active | – | lost |
//! | Dora | 12 Mar (20), 20 Mar (40) | – | active | new |
//! | Emil | 5 Dec 2023, 30 Mar (60, 10 refunded) | – | active | reactivated |
//! | Fay | 15 Mar, cancelled | – | – | nobody |
//! | Gus | 17 Mar (25, 25 refunded) | – | – | nobody |
//! | – | 16 Mar (99), no customer | – | – | nobody |
//! | Anna | return on 25 Mar (−10) | | | revenue only |

use std::path::Path;

use crate::program::{number, records, regulars, report_csv};

const ORDERS: &str = "\
Bestellnummer;Kundennummer;Bestelldatum;Status;Gesamtbetrag;Erstattet
1;Emil;05.12.2023;bezahlt;12,50;0
2;Anna;10.01.2024;bezahlt;30;0
3;Cem;15.01.2024;bezahlt;30;0
4;Ben;20.02.2024;bezahlt;30;0
5;Anna;05.03.2024;bezahlt;30,00;0
6;Dora;12.03.2024;bezahlt;20;0
7;Fay;15.03.2024;storniert;70;0
8;;16.03.2024;bezahlt;99;0
9;Gus;17.03.2024;bezahlt;25;25
10;Dora;20.03.2024;bezahlt;40;0
11;Anna;25.03.2024;bezahlt;-10;0
12;Emil;30.03.2024;bezahlt;60;10
";

const FLAGS: [&str; 6] = ["orders.csv", "--active-for", "2mo", "--as-of", "2024-03-31", "--from=2024-03"];

fn in_folder(test: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("orders.csv"), ORDERS).expect("writes");
    test(folder.path());
}

#[test]
fn march_comes_out_as_by_hand() {
    in_folder(|folder| {
        let mut arguments = FLAGS.to_vec();
        let metrics = "crr,churn,repeat_rate,returning_rate,purchase_frequency,aov,lifespan,clv,crr_textbook";
        arguments.extend(["--metrics", metrics]);
        let records = records(&report_csv(folder, &arguments));
        assert_eq!(records.len(), 1);
        let expected = [
            ("opening", 3.0),                    // Anna, Ben, Cem
            ("new", 1.0),                        // Dora
            ("reactivated", 1.0),                // Emil
            ("lost", 1.0),                       // Cem
            ("closing", 4.0),                    // Anna, Ben, Dora, Emil = 3 + 1 + 1 − 1
            ("buyers", 3.0),                     // Anna, Dora, Emil
            ("repeat_buyers", 1.0),              // Dora
            ("orders", 4.0),                     // 5, 6, 10, 12
            ("revenue", 130.0),                  // 30 + 20 + 40 + (60 − 10) − 10
            ("crr_pct", 200.0 / 3.0),            // (4 − 1 − 1) / 3
            ("churn_pct", 100.0 / 3.0),          // 1 / 3
            ("repeat_rate_pct", 100.0 / 3.0),    // 1 / 3
            ("returning_rate_pct", 200.0 / 3.0), // Anna and Emil of 3
            ("purchase_frequency", 4.0 / 3.0),   // 4 / 3
            ("aov", 32.5),                       // 130 / 4
            ("lifespan_periods", 3.0),           // 3 / 1
            ("clv", 97.5),                       // 32.50 × 4/4 × 3
            ("crr_textbook_pct", 100.0),         // (4 − 1) / 3
        ];
        for (column, value) in expected {
            let got = number(&records[0], column).unwrap_or_else(|| panic!("{column} is empty"));
            assert!((got - value).abs() < 1e-12 * value, "{column}: {got}, not {value}");
        }
        assert_eq!(records[0]["complete"], "true");
        assert_eq!(records[0]["history"], "full");
    });
}

/// 12 rows: 9 used (8 purchases, 1 return), 3 not: one cancelled, one refunded in full, one guest.
/// The guest's 99 are 99 / (12.50 + 30 + 30 + 30 + 130 + 99) = 29.9 % of the revenue and one of ten
/// orders.
#[test]
fn every_row_is_accounted_for() {
    in_folder(|folder| {
        let mut arguments = vec!["report"];
        arguments.extend(FLAGS);
        let text = String::from_utf8(regulars(folder, &arguments).stdout).expect("UTF-8");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            "12 rows = 9 used + 3 excluded (1 excluded status, 1 refunded in full, 1 no customer) + 0 rejected",
            "8 purchases, 1 return; left out: 1 without customer (10.0 % of orders, 29.9 % of revenue)",
            "counted: bezahlt; excluded: storniert",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    });
}
