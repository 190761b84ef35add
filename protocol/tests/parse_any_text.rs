//! `parse` against text that nobody meant: no format panics, loses a bound, or makes a ragged table.

use hailer_protocol::limits;
use hailer_protocol::note::{Format, Note};
use hailer_protocol::parse::{Parser, name::is_column_name};
use hailer_protocol::row_plan::ParseAs;
use proptest::prelude::*;

fn formats() -> Vec<ParseAs> {
    vec![
        ParseAs::Auto,
        ParseAs::Columns,
        ParseAs::Json,
        ParseAs::KeyValue,
        ParseAs::Csv,
        ParseAs::Lines,
        ParseAs::Regex(r"(?<a>\w+)\W*(?<b>\d+)?".to_owned()),
    ]
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    for format in formats() {
        let Ok(parsed) = Parser::new(&format)
            .expect("the pattern is valid")
            .parse_bytes(bytes)
        else {
            continue;
        };
        let most = rows_of(&format, &parsed.notes, bytes);
        let table = parsed.table;
        prop_assert!(table.is_rectangular(), "{format:?}");
        prop_assert!(table.rows.len() <= most, "{format:?}");
        prop_assert!(table.columns.len() <= limits::COLUMNS_MAX);
        prop_assert!(table.rows.len() <= limits::ROWS_PER_NODE_MAX);
        let mut names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        prop_assert!(names.iter().all(|n| is_column_name(n)), "{names:?}");
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), table.columns.len());
        for (row, at) in table
            .rows
            .iter()
            .flat_map(|r| (0..r.len()).map(move |at| (r, at)))
        {
            let data_type = row[at].data_type();
            prop_assert!(row[at].is_null() || data_type == table.columns[at].data_type);
        }
    }
    Ok(())
}

/// The most rows that a text can hold: one a line, and where it was read as JSON one for each sign
/// that can begin a document or an element.
fn rows_of(format: &ParseAs, notes: &[Note], bytes: &[u8]) -> usize {
    let count = |wanted: &[u8]| bytes.iter().filter(|b| wanted.contains(b)).count();
    let is_json = *format == ParseAs::Json || notes.first() == Some(&Note::ParsedAs(Format::Json));
    let elements = if is_json { count(b"{[\", \t\r") } else { 0 };
    count(b"\n") + 1 + elements
}

proptest! {
    #[test]
    fn any_bytes_parse_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes)?;
    }

    #[test]
    fn text_that_is_nearly_a_table_parses_or_is_refused(
        text in "([A-Z][A-Za-z%:/ ]{0,12} {1,4}){0,6}\n(([ -~äß●├─\t]{0,9} {0,3}){0,7}\n){0,8}",
    ) {
        check(text.as_bytes())?;
    }

    #[test]
    fn text_that_is_nearly_json_or_keys_parses_or_is_refused(
        text in "([{}\\[\\],:=\"\\\\a-c0-9 .\n-]|\"k\":|k=|null){0,60}",
    ) {
        check(text.as_bytes())?;
    }
}

/// Work that grew with the square of these lengths would not end within hours.
#[test]
fn long_texts_of_one_kind_parse_in_linear_time() {
    let most = limits::PARSE_INPUT_MAX / 8;
    for text in [
        "x".repeat(most),
        "\t".repeat(most - 1) + "x",
        "\n".repeat(most - 1) + "x",
        "a b ".repeat(most / 4),
        "USER PID\n".to_owned() + &"x ".repeat(most / 2 - 8),
        "A B\n1 2\n".repeat(most / 8),
        "k=v ".repeat(most / 4),
        "a,".repeat(most / 2),
        "\"".repeat(most),
        "ä●".repeat(most / 5),
    ] {
        check(text.as_bytes()).unwrap();
    }
}

#[test]
fn what_exceeds_a_bound_is_said() {
    let parse = |format: &ParseAs, text: &str| {
        Parser::new(format)
            .expect("the pattern is valid")
            .parse(text)
            .expect("fits")
    };
    let rows = limits::ROWS_PER_NODE_MAX + 100;
    for (format, text) in [
        (ParseAs::Columns, "A B\n".to_owned() + &"1 2\n".repeat(rows)),
        (ParseAs::Columns, "1  2\n".repeat(rows)),
        (ParseAs::Json, "{\"a\":1}\n".repeat(rows)),
        (ParseAs::KeyValue, "a=1 b=2\n".repeat(rows)),
        (ParseAs::KeyValue, "a=1\n\n".repeat(rows)),
        (ParseAs::Csv, "a,b\n".to_owned() + &"1,2\n".repeat(rows)),
        (ParseAs::Lines, "x\n".repeat(rows)),
        (ParseAs::Regex("(?<a>x)".to_owned()), "x\n".repeat(rows)),
    ] {
        let parsed = parse(&format, &text);
        assert_eq!(
            parsed.table.rows.len(),
            limits::ROWS_PER_NODE_MAX,
            "{format:?}"
        );
        let last = parsed.notes.last().unwrap().to_string();
        assert_eq!(
            last, "kept the first 100000 rows, left out 100",
            "{format:?}"
        );
    }
    let wide = (0..300).map(|n| format!("C{n}")).collect::<Vec<_>>();
    let json: Vec<String> = wide.iter().map(|c| format!("\"{c}\":1")).collect();
    for (format, text) in [
        (
            ParseAs::Columns,
            wide.join(" ") + "\n" + &"1   ".repeat(300),
        ),
        (ParseAs::Csv, wide.join(",") + "\n1\n"),
        (ParseAs::KeyValue, wide.join("=1 ") + "=1\n"),
        (ParseAs::Json, format!("{{{}}}", json.join(","))),
    ] {
        let parsed = parse(&format, &text);
        assert_eq!(
            parsed.table.columns.len(),
            limits::COLUMNS_MAX,
            "{format:?}"
        );
        let said = parsed
            .notes
            .iter()
            .any(|n| n.to_string() == "kept the first 256 columns");
        assert!(said, "{format:?}: {:?}", parsed.notes);
    }
    // More keys than columns, one a line: none is left out.
    let parsed = parse(&ParseAs::KeyValue, &(wide.join("=1\n") + "=1\n"));
    assert_eq!(parsed.table.rows.len(), 300);
    let said = "300 keys are too many columns: each is a row of `key` and `value`";
    assert_eq!(parsed.notes[0].to_string(), said);
    // 100,000 rows of 256 columns would be a gigabyte.
    let sparse = "{\"a\":1}\n".repeat(20_000) + &format!("{{{}}}\n", json.join(","));
    let parsed = parse(&ParseAs::Json, &sparse);
    assert_eq!(parsed.table.columns.len(), limits::COLUMNS_MAX);
    let kept = limits::PARSE_CELLS_MAX / limits::COLUMNS_MAX;
    assert_eq!(parsed.table.rows.len(), kept);
    let said = format!("kept the first {kept} rows, left out {}", 20_001 - kept);
    assert_eq!(parsed.notes.last().unwrap().to_string(), said);
}
