//! A warehouse dump in Parquet and the same table as CSV make the same report, byte for byte.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::program::{regulars, report_csv};

const ROWS: i32 = 3_000;
/// 2024-01-01.
const FIRST_DAY: i32 = 19_723;

/// Customers with quotes and line breaks; every ninth order has none.
fn customer(row: i32) -> Option<String> {
    (row % 9 != 0).then(|| format!("\"{}\"\n, GmbH", row % 97))
}

fn cents(row: i32) -> i64 {
    i64::from(row) * 7 % 10_000 + 1_000
}

fn csv() -> String {
    let mut text = String::from("order_id,customer_id,ordered_at,amount,refunded\n");
    for row in 0..ROWS {
        let day = regulars::calendar::Day(FIRST_DAY + row % 400);
        let customer = customer(row).unwrap_or_default().replace('"', "\"\"");
        let (whole, rest) = (cents(row) / 100, cents(row) % 100);
        text.push_str(&format!("{row},\"{customer}\",{day},{whole}.{rest:02},{}\n", row % 3));
    }
    text
}

/// Ids as integers, days as dates, amounts as decimals, refunds as doubles; in row groups of 1,000.
fn parquet(path: &std::path::Path) {
    let schema = "message orders {
        required int64 order_id;
        optional binary customer_id (UTF8);
        required int32 ordered_at (DATE);
        required int64 amount (DECIMAL(12, 2));
        required double refunded;
    }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let properties = Arc::new(WriterProperties::builder().set_compression(zstd).build());
    let file = File::create(path).expect("creates");
    let mut writer = SerializedFileWriter::new(file, schema, properties).expect("starts");
    for first in (0..ROWS).step_by(1_000) {
        let rows = first..first + 1_000;
        let mut group = writer.next_row_group().expect("a group");
        while let Some(mut column) = group.next_column().expect("a column") {
            let written = match column.untyped() {
                ColumnWriter::Int64ColumnWriter(typed) => {
                    let name = typed.get_descriptor().name().to_owned();
                    let of = |row| if name == "order_id" { i64::from(row) } else { cents(row) };
                    typed.write_batch(&rows.clone().map(of).collect::<Vec<_>>(), None, None)
                }
                ColumnWriter::ByteArrayColumnWriter(typed) => {
                    let levels: Vec<i16> = rows.clone().map(|row| customer(row).is_some().into()).collect();
                    let values = rows.clone().filter_map(customer);
                    let values: Vec<ByteArray> = values.map(|value| value.as_str().into()).collect();
                    typed.write_batch(&values, Some(&levels), None)
                }
                ColumnWriter::Int32ColumnWriter(typed) => {
                    let days: Vec<i32> = rows.clone().map(|row| FIRST_DAY + row % 400).collect();
                    typed.write_batch(&days, None, None)
                }
                ColumnWriter::DoubleColumnWriter(typed) => {
                    let refunds: Vec<f64> = rows.clone().map(|row| f64::from(row % 3)).collect();
                    typed.write_batch(&refunds, None, None)
                }
                _ => unreachable!("no such column"),
            };
            assert!(written.expect("writes") > 0);
            column.close().expect("closes");
        }
        group.close().expect("closes");
    }
    writer.close().expect("closes");
}

#[test]
fn a_parquet_file_is_the_export_it_stands_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("orders.parquet");
    parquet(&dump);
    std::fs::write(folder.path().join("orders.csv"), csv()).expect("writes");
    let flags = ["--active-for", "1mo", "--period", "week"];
    let expected = report_csv(folder.path(), &[&["orders.csv"][..], &flags].concat());
    assert!(expected.lines().count() > 50);
    assert_eq!(report_csv(folder.path(), &[&["orders.parquet"][..], &flags].concat()), expected);

    // Customers' names have line breaks; a row is named by its number all the same.
    let output = regulars(
        folder.path(),
        &["report", "orders.parquet", "--map", "amount=customer_id,customer_id=order_id"],
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("orders.parquet:3: column \"customer_id\""), "{errors}");
    assert!(errors.contains("orders.parquet:4: column \"customer_id\""), "{errors}");

    let whole = std::fs::read(&dump).expect("reads");
    for kept in [4, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&dump, &whole[..kept]).expect("writes");
        let output = regulars(folder.path(), &["report", "orders.parquet"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("orders.parquet: its Parquet data is cut off or damaged"), "{errors}");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    }
}
