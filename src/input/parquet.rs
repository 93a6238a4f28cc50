//! Parquet to the text that an export would be: a header, and a line per row, every text in quotes. So all that
//! is known of reading exports holds for warehouse dumps, too; the row of a message is that of the dump.

use std::fmt::Write as _;
use std::io::{self, Read};

use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

use super::ahead::{BLOCK, Blocks, Gone, text_from};

/// The thread that reads Parquet. A panic in it is one of the library on damaged data, and is no bug of ours.
pub const THREAD: &str = "parquet";

/// The first bytes of a file.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// How the integers of a column stand for moments, where they do.
#[derive(Clone, Copy, Default)]
struct Moments {
    /// They are moments in UTC, not of a local clock.
    utc: bool,
    /// They count nanoseconds, which the library leaves as integers.
    nanos: bool,
}

/// The text of a Parquet file. It is made in a thread of its own, a few blocks ahead.
///
/// # Errors
/// The file is no Parquet file, or not a whole one.
pub(super) fn text_of(file: impl ChunkReader + 'static) -> io::Result<Box<dyn Read + Send>> {
    let reader = SerializedFileReader::new(file)
        .map_err(|error| io::Error::other(format!("its Parquet data is cut off or damaged ({error})")))?;
    text_from(THREAD, move |blocks| send_text(reader, blocks))
}

fn send_text<R: ChunkReader + 'static>(reader: SerializedFileReader<R>, blocks: &Blocks) -> Result<(), Gone> {
    let schema = reader.metadata().file_metadata().schema();
    let columns: Vec<Moments> = schema.get_fields().iter().map(|field| moments_of(field)).collect();
    let mut text = String::new();
    for (index, field) in schema.get_fields().iter().enumerate() {
        text.push_str(if index > 0 { "," } else { "" });
        quote(&mut text, field.name());
    }
    text.push('\n');
    for row in RowIter::from_file_into(Box::new(reader)) {
        match row {
            Ok(row) => line(&mut text, &row, &columns),
            Err(error) => {
                let damaged = io::Error::other(format!(
                    "its Parquet data is damaged, or packed in a way that is not read ({error})"
                ));
                return blocks.send(Err(damaged));
            }
        }
        if text.len() >= BLOCK {
            blocks.send(Ok(std::mem::take(&mut text).into_bytes()))?;
        }
    }
    blocks.send(Ok(text.into_bytes()))
}

fn moments_of(field: &parquet::schema::types::Type) -> Moments {
    match field.get_basic_info().logical_type_ref() {
        Some(LogicalType::Timestamp(kind)) => {
            Moments { utc: kind.is_adjusted_to_u_t_c, nanos: kind.unit == TimeUnit::NANOS }
        }
        _ => Moments::default(),
    }
}

fn line(text: &mut String, row: &Row, columns: &[Moments]) {
    for (index, ((_, field), moments)) in row.get_column_iter().zip(columns).enumerate() {
        text.push_str(if index > 0 { "," } else { "" });
        let zone = if moments.utc { "Z" } else { "" };
        let moment = match field {
            Field::TimestampMillis(value) => jiff::Timestamp::from_millisecond(*value).ok(),
            Field::TimestampMicros(value) => jiff::Timestamp::from_microsecond(*value).ok(),
            Field::Long(value) if moments.nanos => jiff::Timestamp::from_nanosecond((*value).into()).ok(),
            _ => None,
        };
        let _infallible = match (moment, field) {
            (Some(moment), _) => {
                let clock = jiff::tz::TimeZone::UTC.to_datetime(moment);
                write!(text, "{clock}{zone}")
            }
            (None, Field::Date(days)) => write!(text, "{}", crate::calendar::Day(*days)),
            (None, Field::Str(value)) => {
                quote(text, value);
                Ok(())
            }
            (None, Field::Float(value)) if value.is_finite() => write!(text, "{value}"),
            (None, Field::Double(value)) if value.is_finite() => write!(text, "{value}"),
            (None, Field::Null | Field::Float(_) | Field::Double(_)) => Ok(()),
            (None, Field::Bytes(value)) => {
                quote(text, &String::from_utf8_lossy(value.data()));
                Ok(())
            }
            (None, other) => {
                quote(text, &other.to_string());
                Ok(())
            }
        };
    }
    text.push('\n');
}

fn quote(text: &mut String, value: &str) {
    text.push('"');
    text.push_str(&value.replace('"', "\"\""));
    text.push('"');
}
