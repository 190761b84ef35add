//! Tables in files: every type there and back in every format, files of other programs, and files
//! that are none.

use crate::common::{Names, frame, s, shown};
use hailer_lang::file_format::FileFormat;
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame, FrameColumn, FrameRow, file};
use polars::prelude::{
    Column as Cells, DataFrame, DataType as Kind, IntoColumn as _, NamedFrom as _, Series, TimeUnit,
};
use polars_io::parquet::write::ParquetWriter;
use proptest::prelude::*;

const SAVED: [FileFormat; 4] = [
    FileFormat::Parquet,
    FileFormat::Csv,
    FileFormat::Ndjson,
    FileFormat::Json,
];

const COLUMNS: [(&str, DataType); 10] = [
    ("node", DataType::Str),
    ("up", DataType::Bool),
    ("rc", DataType::Int),
    ("load", DataType::Float),
    ("out", DataType::Str),
    ("took", DataType::Duration),
    ("size", DataType::Size),
    ("use_pct", DataType::Percent),
    ("at", DataType::Time),
    ("net.bytes", DataType::Int),
];

fn every_type() -> Frame {
    let row = |node: &str, rest: Vec<Value>| [vec![s(node)], rest].concat();
    let rows = vec![
        row(
            "web01",
            vec![
                Value::Bool(true),
                Value::Int(-3),
                Value::Float(2.0),
                s("12"),
                Value::Duration(90_061_000_000_001),
                Value::Size(1 << 40),
                Value::Percent(91.0),
                Value::Time(1_800_000_000_123),
                Value::Int(7),
            ],
        ),
        row("web02", vec![Value::Null; 9]),
        row(
            "",
            vec![
                Value::Bool(false),
                Value::Int(i64::MAX),
                Value::Float(0.1),
                s("a,\"b\"\n'=1+1 ünï 日本"),
                Value::Duration(-1),
                Value::Size(-5),
                Value::Percent(0.25),
                Value::Time(-1),
                Value::Int(0),
            ],
        ),
    ];
    frame(&COLUMNS, rows)
}

fn read(bytes: &[u8], format: FileFormat) -> Frame {
    let (frame, notes) = file::read(bytes.to_vec(), format).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    frame
}

#[test]
fn every_type_comes_back_from_every_format() {
    let before = every_type();
    for format in SAVED {
        let bytes = file::write(&before, format).unwrap();
        let after = read(&bytes, format);
        let types = |f: &Frame| -> Vec<(String, DataType)> {
            let of = |c: &FrameColumn| (c.column.name.clone(), c.column.data_type);
            f.columns().iter().map(of).collect()
        };
        assert_eq!(types(&after), types(&before), "{}", format.name());
        assert_eq!(shown(&after), shown(&before), "{}", format.name());
        // Saved again it is the same file.
        assert_eq!(
            file::write(&after, format).unwrap(),
            bytes,
            "{}",
            format.name()
        );
    }
}

#[test]
fn a_file_is_written_the_same_by_every_version() {
    let text = |format| String::from_utf8(file::write(&every_type(), format).unwrap()).unwrap();
    assert_eq!(
        text(FileFormat::Csv),
        "node,up,rc,load,out,took.seconds,size.bytes,use_pct.percent,at.time,net.bytes.int\r\n\
         \"web01\",true,-3,2.0,\"12\",90061.000000001,1099511627776,91.0,2027-01-15T08:00:00.123Z,7\r\n\
         \"web02\",,,,,,,,,\r\n\
         \"\",false,9223372036854775807,0.1,\"a,\"\"b\"\"\n'=1+1 ünï 日本\",-0.000000001,-5,0.25,\
         1969-12-31T23:59:59.999Z,0\r\n"
    );
    let ndjson = text(FileFormat::Ndjson);
    assert_eq!(
        ndjson.lines().next().unwrap(),
        "{\"node\":\"web01\",\"up\":true,\"rc\":-3,\"load\":2.0,\"out\":\"12\",\
         \"took.seconds\":90061.000000001,\"size.bytes\":1099511627776,\"use_pct.percent\":91.0,\
         \"at.time\":\"2027-01-15T08:00:00.123Z\",\"net.bytes.int\":7}"
    );
    assert_eq!(
        text(FileFormat::Json),
        format!("[\n{}\n]\n", ndjson.trim_end().replace('\n', ",\n"))
    );
    // The metadata is not compressed, so that it can be looked for as it is.
    let parquet = file::write(&every_type(), FileFormat::Parquet).unwrap();
    let described = "{\"columns\":[{\"name\":\"node\",\"type\":\"string\"},\
                     {\"name\":\"up\",\"type\":\"bool\"},{\"name\":\"rc\",\"type\":\"int\"},\
                     {\"name\":\"load\",\"type\":\"float\"},{\"name\":\"out\",\"type\":\"string\"},\
                     {\"name\":\"took\",\"type\":\"duration\"},{\"name\":\"size\",\"type\":\"size\"},\
                     {\"name\":\"use_pct\",\"type\":\"percent\"},{\"name\":\"at\",\"type\":\"time\"},\
                     {\"name\":\"net.bytes\",\"type\":\"int\"}],\"v\":1}";
    let is_there = |part: &[u8]| parquet.windows(part.len()).any(|w| w == part);
    assert!(
        is_there(described.as_bytes()),
        "{}",
        String::from_utf8_lossy(&parquet)
    );
}

#[test]
fn what_is_in_a_file_does_not_depend_on_the_values() {
    let rows = vec![vec![Value::Null; COLUMNS.len()]];
    let nulls = file::write(&frame(&COLUMNS, rows), FileFormat::Csv).unwrap();
    let full = file::write(&every_type(), FileFormat::Csv).unwrap();
    let header = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .lines()
            .next()
            .map(str::to_owned)
    };
    assert_eq!(header(&nulls), header(&full));
}

#[test]
fn no_rows_and_one_column_of_nulls_are_tables_too() {
    let empty = frame(&COLUMNS, vec![]);
    for format in SAVED {
        let bytes = file::write(&empty, format).unwrap();
        let after = read(&bytes, format);
        assert_eq!(after.len(), 0, "{}", format.name());
        if format == FileFormat::Parquet {
            assert_eq!(after.columns()[6].column.data_type, DataType::Size);
        }
    }
    let nulls = frame(&[("x", DataType::Null)], vec![vec![Value::Null]; 3]);
    for format in SAVED {
        let bytes = file::write(&nulls, format).unwrap();
        let after = read(&bytes, format);
        assert_eq!(
            (after.len(), after.value(1, 0)),
            (3, Value::Null),
            "{}",
            format.name()
        );
    }
}

#[test]
fn rows_from_a_file_are_of_no_node_whatever_they_say() {
    let mut ambient = Ambient::new([], ["dc"]).unwrap();
    ambient.insert(1, vec![s("fra")]).unwrap();
    let parts = [(
        1,
        hailer_protocol::table::Table {
            columns: vec![Column::new("x", DataType::Int)],
            rows: vec![vec![Value::Int(1)]],
        },
    )];
    let (before, _) = Frame::from_node_tables(parts, &ambient, &Names::new(2)).unwrap();
    for format in SAVED {
        let after = read(&file::write(&before, format).unwrap(), format);
        assert_eq!(shown(&after), [[s("web001"), Value::Int(1)]]);
        assert_eq!(after.provenance(0), None);
        assert!(after.nodes().is_empty());
        assert!(!after.columns()[0].is_node());
    }
}

#[test]
fn a_heading_and_odd_names_come_back_from_parquet() {
    let columns = vec![
        FrameColumn::shown(Column {
            heading: Some("Use%".to_owned()),
            ..Column::new("use_pct", DataType::Percent)
        }),
        FrameColumn::shown(Column::new("say \"it's\"", DataType::Int)),
    ];
    let rows = vec![FrameRow {
        node: None,
        values: vec![Value::Percent(1.0), Value::Int(1)],
    }];
    let (before, _) = Frame::from_rows(columns, rows).unwrap();
    for format in SAVED {
        let after = read(&file::write(&before, format).unwrap(), format);
        let names: Vec<&str> = after
            .columns()
            .iter()
            .map(|c| c.column.name.as_str())
            .collect();
        assert_eq!(names, ["use_pct", "say_it_s"], "{}", format.name());
        if format == FileFormat::Parquet {
            assert_eq!(after.columns()[0].column.heading(), "Use%");
        }
    }
}

/// A Parquet file as another program writes it.
fn foreign(columns: Vec<Cells>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut data = DataFrame::new(columns[0].len(), columns).unwrap();
    ParquetWriter::new(&mut bytes).finish(&mut data).unwrap();
    bytes
}

#[test]
fn a_parquet_file_of_another_program_has_its_own_types() {
    let ints = |name: &str, kind: Kind| {
        Series::new(name.into(), [1_i64, 2])
            .cast(&kind)
            .unwrap()
            .into_column()
    };
    let list = Series::new(
        "tags".into(),
        [
            Series::new("".into(), [1_i64]),
            Series::new("".into(), [2_i64]),
        ],
    );
    let bytes = foreign(vec![
        ints("Small", Kind::Int32),
        ints("u", Kind::UInt32),
        ints("f", Kind::Float32),
        ints("day", Kind::Date),
        ints("at", Kind::Datetime(TimeUnit::Microseconds, None)),
        ints("took", Kind::Duration(TimeUnit::Milliseconds)),
        Series::new("name".into(), ["a", "b"]).into_column(),
        Series::new("big".into(), [u64::MAX, 1]).into_column(),
        list.into_column(),
        Series::new("raw".into(), [b"a".as_slice(), b"b"]).into_column(),
    ]);
    let (read, notes) = file::read(bytes, FileFormat::Parquet).unwrap();
    let found: Vec<(&str, DataType)> = read
        .columns()
        .iter()
        .map(|c| (c.column.name.as_str(), c.column.data_type))
        .collect();
    let expected = [
        ("small", DataType::Int),
        ("u", DataType::Int),
        ("f", DataType::Float),
        ("day", DataType::Time),
        ("at", DataType::Time),
        ("took", DataType::Duration),
        ("name", DataType::Str),
        ("big", DataType::Str),
    ];
    assert_eq!(found, expected);
    let expected = [
        Value::Int(2),
        Value::Int(2),
        Value::Float(2.0),
        Value::Time(2 * 86_400_000),
        Value::Time(0),
        Value::Duration(2_000_000),
        s("b"),
        s("1"),
    ];
    assert_eq!(shown(&read)[1], expected);
    assert_eq!(read.value(0, 7), s("18446744073709551615"));
    assert_eq!(
        notes[0].as_str(),
        "open: columns are left out, since they hold no single values: tags (lists), raw (raw bytes)"
    );
}

#[test]
fn a_parquet_file_that_is_none_is_an_error_and_never_a_panic() {
    let whole = file::write(&every_type(), FileFormat::Parquet).unwrap();
    for (bytes, expected) in [
        (b"node,size\n".to_vec(), "it does not begin as one"),
        (Vec::new(), "it does not begin as one"),
        (whole[..whole.len() / 2].to_vec(), "its end is missing"),
        (b"PAR1PAR1".to_vec(), "its end is missing"),
    ] {
        let error = file::read(bytes, FileFormat::Parquet)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("read a Parquet file: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    // A hole in the middle, with both ends as they were.
    for at in (4..whole.len() - 12).step_by(97) {
        let mut bytes = whole.clone();
        bytes.drain(at..at + 4);
        let _ = file::read(bytes, FileFormat::Parquet);
    }
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let line = format!("{}\n", vec!["x"; 1025].join(","));
    let error = file::read(line.into_bytes(), FileFormat::Csv).unwrap_err();
    assert_eq!(
        error.to_string(),
        "read a CSV file: it has 1025 columns, at most 1024 can be opened"
    );
    // A column of one value is tiny however long it is.
    let n: usize = 20 << 20;
    let bytes = foreign(vec![Series::new("x".into(), vec![7_i64; n]).into_column()]);
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let error = file::read(bytes, FileFormat::Parquet)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("at most 16777216 values can be opened"),
        "{error}"
    );
}

#[test]
fn text_that_is_no_utf_8_is_said_with_its_place() {
    for format in [
        FileFormat::Csv,
        FileFormat::Ndjson,
        FileFormat::Json,
        FileFormat::Tsv,
    ] {
        let error = file::read(b"a,b\n\xff".to_vec(), format)
            .unwrap_err()
            .to_string();
        assert!(error.contains("byte 5 does not fit"), "{error}");
    }
    let marked = "\u{feff}a\tb\n1\tx y\n";
    let read = read(marked.as_bytes(), FileFormat::Tsv);
    assert_eq!(shown(&read), [[Value::Int(1), s("x y")]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back_from_every_format(texts in prop::collection::vec(any::<Option<String>>(), 1..6)) {
        let rows = texts.iter().map(|t| vec![Value::from(t.clone())]).collect();
        let before = frame(&[("x", DataType::Str)], rows);
        for format in SAVED {
            let after = read(&file::write(&before, format).unwrap(), format);
            prop_assert_eq!(after.len(), texts.len());
            for (row, text) in texts.iter().enumerate() {
                // CSV has no escapes: there control characters are shown and not kept.
                let is_exact = format != FileFormat::Csv
                    || text.as_ref().is_none_or(|t| t.chars().all(|c| c.is_ascii_graphic() || c == ' '));
                if is_exact {
                    prop_assert_eq!(after.value(row, 0), Value::from(text.clone()), "{}", format.name());
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":,.\\\\\"a1\\n\\r-]{0,60}") {
        for format in [FileFormat::Csv, FileFormat::Tsv, FileFormat::Ndjson, FileFormat::Json, FileFormat::Parquet] {
            let _ = file::read(bytes.clone(), format);
            let _ = file::read(text.clone().into_bytes(), format);
            let framed = [b"PAR1", bytes.as_slice(), b"PAR1"].concat();
            let _ = file::read(framed, FileFormat::Parquet);
        }
    }
}
