//! Parquet as files. The key `hailer` of the file's metadata says what each column is:
//!
//! ```json
//! {"v":1,"columns":[{"name":"node","type":"string"},{"name":"use_pct","type":"percent","heading":"Use%"}]}
//! ```
//!
//! A file of another program has no such key: then its own types are taken, ints of every width as
//! int, dates and timestamps as time, text and categories as string. Columns of lists, of structs
//! and of raw bytes are left out, which a note says.

use std::io::Cursor;

use hailer_lang::file_format::FileFormat;
use hailer_protocol::table::Column;
use hailer_protocol::value::DataType;
use polars::prelude::{ArrowDataType, ArrowSchema, DataType as Kind, PlSmallStr, TimeUnit};
use polars_io::SerReader as _;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::{KeyValueMetadata, ParquetWriter};
use serde_json::{Map, Value as Json, json};

use super::names::Names;
use super::{check_size, unreadable};
use crate::column::FrameColumn;
use crate::engine::{self, Cells, Data};
use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::provenance::Provenance;

const FORMAT: FileFormat = FileFormat::Parquet;

/// The key in a file's metadata under which the columns' types are.
const KEY: &str = "hailer";

/// The version of what is said there.
const VERSION: u64 = 1;

/// The most bytes of text that are read out of one file: a dictionary says much in little.
const TEXT_BYTES_MAX: usize = 1 << 30;

/// Bytes at the beginning and at the end of every Parquet file.
const MAGIC: &[u8] = b"PAR1";

/// Returns a frame's shown columns as a file.
pub(super) fn write(frame: &Frame) -> Result<Vec<u8>, TableError> {
    let shown: Vec<usize> = frame.shown_columns().map(|(at, _)| at).collect();
    let columns: Vec<&Column> = shown
        .iter()
        .map(|at| &frame.columns()[*at].column)
        .collect();
    let metadata = description(&columns);
    let mut bytes = Vec::new();
    engine::guard("write a Parquet file", || {
        let mut cells = Vec::with_capacity(shown.len());
        for (&at, column) in shown.iter().zip(&columns) {
            let mut stored = match column.data_type {
                DataType::Duration => frame
                    .cells(at)
                    .cast(&Kind::Duration(TimeUnit::Nanoseconds))?,
                DataType::Time => frame
                    .cells(at)
                    .cast(&Kind::Datetime(TimeUnit::Milliseconds, None))?,
                DataType::Null
                | DataType::Bool
                | DataType::Int
                | DataType::Float
                | DataType::Str
                | DataType::Size
                | DataType::Percent => frame.cells(at).clone(),
            };
            stored.rename(PlSmallStr::from_str(&column.name));
            cells.push(stored);
        }
        let mut data = Data::new(frame.len(), cells)?;
        let metadata = KeyValueMetadata::from_static(vec![(KEY.to_owned(), metadata)]);
        ParquetWriter::new(&mut bytes)
            .with_key_value_metadata(Some(metadata))
            .finish(&mut data)?;
        Ok(())
    })?;
    Ok(bytes)
}

/// What the metadata says of the columns.
fn description(columns: &[&Column]) -> String {
    let of = |column: &&Column| {
        let mut entry = Map::new();
        entry.insert("name".to_owned(), column.name.clone().into());
        entry.insert("type".to_owned(), column.data_type.name().into());
        if let Some(heading) = &column.heading {
            entry.insert("heading".to_owned(), heading.clone().into());
        }
        Json::Object(entry)
    };
    let columns: Vec<Json> = columns.iter().map(of).collect();
    json!({ "v": VERSION, "columns": columns }).to_string()
}

/// A type and a heading that the metadata gives a column.
type Described = (String, DataType, Option<String>);

/// Reads what the metadata says; nothing where it is not ours.
fn described(metadata: &str) -> Vec<Described> {
    let Ok(json) = serde_json::from_str::<Json>(metadata) else {
        return Vec::new();
    };
    let is_ours = json.get("v").and_then(Json::as_u64) == Some(VERSION);
    let columns = json.get("columns").and_then(Json::as_array);
    let of = |entry: &Json| {
        let text = |key: &str| entry.get(key).and_then(Json::as_str);
        let data_type = TYPES.into_iter().find(|t| Some(t.name()) == text("type"))?;
        Some((
            text("name")?.to_owned(),
            data_type,
            text("heading").map(str::to_owned),
        ))
    };
    columns
        .filter(|_| is_ours)
        .map(|columns| columns.iter().filter_map(of).collect())
        .unwrap_or_default()
}

const TYPES: [DataType; 9] = [
    DataType::Null,
    DataType::Bool,
    DataType::Int,
    DataType::Float,
    DataType::Str,
    DataType::Duration,
    DataType::Size,
    DataType::Percent,
    DataType::Time,
];

/// Makes a frame of a file.
pub(super) fn read(bytes: Vec<u8>) -> Result<(Frame, Vec<Note>), TableError> {
    if !bytes.starts_with(MAGIC) {
        return Err(unreadable(FORMAT, "it does not begin as one"));
    }
    if !bytes.ends_with(MAGIC) || bytes.len() < 3 * MAGIC.len() {
        return Err(unreadable(
            FORMAT,
            "its end is missing; was it cut off while it was copied?",
        ));
    }
    let file = said(engine::guard("read", || {
        let mut reader = ParquetReader::new(Cursor::new(bytes.as_slice()));
        let schema = reader.schema()?;
        Ok((schema, reader.get_metadata()?.clone()))
    }))?;
    let (schema, metadata) = file;
    check_size(FORMAT, schema.len(), metadata.num_rows)?;
    let pairs = metadata.key_value_metadata.iter().flatten();
    let ours = pairs
        .filter(|pair| pair.key == KEY)
        .find_map(|pair| pair.value.clone());
    let described = ours.as_deref().map(described).unwrap_or_default();

    let (kept, left_out) = readable(&schema);
    let data = said(engine::guard("read", || {
        let mut reader = ParquetReader::new(Cursor::new(bytes.as_slice()));
        reader.set_metadata(metadata.clone());
        reader.with_projection(Some(kept.clone())).finish()
    }))?;
    let mut names = Names::default();
    let mut columns = Vec::with_capacity(kept.len());
    let mut cells = Vec::with_capacity(kept.len());
    let mut text_bytes = 0;
    for column in data.columns() {
        let title = column.name().as_str();
        let about = described.iter().find(|(name, _, _)| name == title);
        let (stored, data_type) = said(ours_of(column, about.map(|(_, of, _)| *of)))?;
        text_bytes += text_length(&stored);
        if text_bytes > TEXT_BYTES_MAX {
            let gib = TEXT_BYTES_MAX >> 30;
            return Err(unreadable(
                FORMAT,
                &format!("its text is longer than {gib} GiB, which is not opened"),
            ));
        }
        let mut named = names.column(title, data_type);
        if let Some((_, _, Some(heading))) = about {
            named.heading = Some(heading.clone());
        }
        columns.push(FrameColumn::shown(named));
        cells.push(stored);
    }
    let notes = names.note().into_iter().chain(left_out_note(&left_out));
    let provenance = Provenance::of_nothing(metadata.num_rows);
    Ok((
        Frame::from_parts(columns, cells, provenance)?,
        notes.collect(),
    ))
}

/// What the engine says of a file is about the file.
fn said<T>(read: Result<T, TableError>) -> Result<T, TableError> {
    read.map_err(|error| {
        if let TableError::Engine { reason, .. } = error {
            let format = FORMAT.name();
            TableError::Unreadable { format, reason }
        } else {
            error
        }
    })
}

/// Returns the positions of the columns that hold values, and the names and types of the others.
fn readable(schema: &ArrowSchema) -> (Vec<usize>, Vec<String>) {
    let mut kept = Vec::new();
    let mut left_out = Vec::new();
    for (at, (name, column)) in schema.iter().enumerate() {
        match kind_of(column.dtype()) {
            Ok(()) => kept.push(at),
            Err(what) => left_out.push(format!("{name} ({what})")),
        }
    }
    (kept, left_out)
}

/// Whether values of this type are some of ours.
fn kind_of(dtype: &ArrowDataType) -> Result<(), &'static str> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list of a library's types grows, and what is not known is not read"
    )]
    match dtype {
        ArrowDataType::Null
        | ArrowDataType::Boolean
        | ArrowDataType::Int8
        | ArrowDataType::Int16
        | ArrowDataType::Int32
        | ArrowDataType::Int64
        | ArrowDataType::UInt8
        | ArrowDataType::UInt16
        | ArrowDataType::UInt32
        | ArrowDataType::UInt64
        | ArrowDataType::Float32
        | ArrowDataType::Float64
        | ArrowDataType::Timestamp(..)
        | ArrowDataType::Date32
        | ArrowDataType::Date64
        | ArrowDataType::Duration(_)
        | ArrowDataType::Utf8
        | ArrowDataType::LargeUtf8
        | ArrowDataType::Utf8View => Ok(()),
        ArrowDataType::List(_) | ArrowDataType::LargeList(_) | ArrowDataType::FixedSizeList(..) => {
            Err("lists")
        }
        ArrowDataType::Struct(_) | ArrowDataType::Map(..) => Err("structs"),
        ArrowDataType::Binary
        | ArrowDataType::LargeBinary
        | ArrowDataType::BinaryView
        | ArrowDataType::FixedSizeBinary(_) => Err("raw bytes"),
        ArrowDataType::Dictionary(..) => Err("categories"),
        _ => Err("a type that is not known here"),
    }
}

fn left_out_note(left_out: &[String]) -> Option<Note> {
    let columns = match left_out.len() {
        0 => return None,
        1 => "a column is",
        _ => "columns are",
    };
    Some(Note::new(&format!(
        "open: {columns} left out, since they hold no single values: {}",
        left_out.join(", ")
    )))
}

/// Returns a column as the frame stores it, and its type: the described one where that fits.
fn ours_of(column: &Cells, wanted: Option<DataType>) -> Result<(Cells, DataType), TableError> {
    engine::guard("read", || {
        let own = engine::stored(column)?;
        let fits = match (own.1, wanted) {
            (DataType::Int, Some(DataType::Size)) => Some(DataType::Size),
            (DataType::Float, Some(DataType::Percent)) => Some(DataType::Percent),
            (DataType::Bool, Some(DataType::Null)) if own.0.null_count() == own.0.len() => {
                Some(DataType::Null)
            }
            _ => None,
        };
        let data_type = fits.unwrap_or(own.1);
        Ok((own.0, data_type))
    })
}

/// Returns how many bytes of text a column has.
fn text_length(column: &Cells) -> usize {
    column
        .as_materialized_series()
        .str()
        .map_or(0, |text| text.iter().flatten().map(str::len).sum())
}
