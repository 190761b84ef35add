//! `parse` against what Linux tools print: every `tests/data/parse/NAME.txt` has beside it the table
//! that it becomes, `NAME.expected`. `UPDATE_EXPECTED=1` writes those anew, to be reviewed.

use std::fmt::Write as _;
use std::path::PathBuf;

use hailer_protocol::parse::Parser;
use hailer_protocol::row_plan::ParseAs;
use hailer_protocol::units::display_value;

#[test]
fn every_tools_output_becomes_the_expected_table() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/parse");
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut inputs: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    inputs.sort();
    assert!(
        inputs.len() > 30,
        "{} has lost its fixtures",
        folder.display()
    );
    let mut wrong = String::new();
    for input in inputs {
        let found = rendered(&std::fs::read(&input).unwrap());
        let beside = input.with_extension("expected");
        if update {
            std::fs::write(&beside, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        if found != expected {
            let name = input.display();
            writeln!(
                wrong,
                "=== {name}\n--- expected\n{expected}--- found\n{found}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// One line of `name:type`, one a row with `|` between its cells, then the notes.
fn rendered(text: &[u8]) -> String {
    let parsed = Parser::new(&ParseAs::Auto)
        .expect("has no pattern")
        .parse_bytes(text)
        .expect("any text parses");
    assert!(parsed.table.is_rectangular());
    let mut out = String::new();
    let columns: Vec<String> = parsed
        .table
        .columns
        .iter()
        .map(|c| format!("{}:{}", c.name, c.data_type))
        .collect();
    writeln!(out, "{}", columns.join(" | ")).expect("a string takes all");
    for row in &parsed.table.rows {
        for (value, column) in row.iter().zip(&parsed.table.columns) {
            let data_type = value.data_type();
            assert!(
                value.is_null() || data_type == column.data_type,
                "{column:?}"
            );
        }
        let cells: Vec<String> = row
            .iter()
            .map(|value| match value.as_str() {
                Some(text) => format!("'{text}'"),
                None if value.is_null() => "null".to_owned(),
                None => display_value(value),
            })
            .collect();
        writeln!(out, "{}", cells.join(" | ")).expect("a string takes all");
    }
    for note in &parsed.notes {
        writeln!(out, "# {note}").expect("a string takes all");
    }
    out
}
