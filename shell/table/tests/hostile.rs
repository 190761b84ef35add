//! Output of a hostile node, in every sink: nothing that reaches a terminal may command it.

use crate::common::{Names, apply, count, frame, group, s, table};
use hailer_protocol::table::Column;
use hailer_protocol::value::DataType;
use hailer_table::{Ambient, Frame, View, export, render_table};
use unicode_width::UnicodeWidthStr;

const HOSTILE: [&str; 12] = [
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJmIC8=\x07",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "zero\u{200b}width\u{feff}",
    "nul\0bell\x07back\x08",
    "line\nbreak\r\nand\rmore",
    "\u{2028}\u{2029}\u{85}",
    "\t\t\t",
    "\u{e0041}\u{e0001}",
    "=cmd|' /C calc'!A0",
];

fn hostile_frame() -> Frame {
    let parts = HOSTILE.into_iter().zip(0..).map(|(text, node)| {
        let mut columns = table(&[("out", DataType::Str)], vec![vec![s(text), s(text)]]);
        // Names are lower case and plain when `parse` makes them, but a peer may send anything.
        let mut column = Column::new(format!("evil{text}"), DataType::Str);
        column.heading = Some(text.to_owned());
        columns.columns.push(column);
        (node, columns)
    });
    Frame::from_node_tables(parts, &Ambient::default(), &Names::new(HOSTILE.len()))
        .unwrap()
        .0
}

/// What may stand in text for a terminal besides printable characters.
fn assert_harmless(text: &str, layout: &[char], sink: &str) {
    for c in text.chars() {
        let is_hidden = matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
        assert!(
            layout.contains(&c) || !(c.is_control() || is_hidden),
            "{sink} lets {c:?} through"
        );
    }
}

#[test]
fn no_sink_lets_a_control_function_through() {
    let frame = hostile_frame();
    let (groups, _) = apply(&frame, &group(&["out"]));
    let (counts, _) = apply(&frame, &count(&["out"]));
    for frame in [&frame, &groups, &counts] {
        for width in [None, Some(10), Some(40), Some(80)] {
            for ascii in [false, true] {
                let view = View {
                    width,
                    ascii,
                    ..View::default()
                };
                assert_harmless(&render_table(frame, &view), &['\n'], "the table");
            }
        }
        assert_harmless(&export::json::array(frame), &['\n'], "json");
        assert_harmless(&export::ndjson::lines(frame), &['\n'], "ndjson");
        assert_harmless(&export::csv::document(frame), &['\n', '\r', '\t'], "csv");
        assert_harmless(&export::text::text(frame), &['\n', '\t'], "text");
    }
}

#[test]
fn one_row_is_one_line_in_every_line_format() {
    let frame = hostile_frame();
    assert_eq!(export::ndjson::lines(&frame).lines().count(), HOSTILE.len());
    let drawn = render_table(&frame, &View::default());
    assert_eq!(drawn.lines().count(), 2 + HOSTILE.len());
    for line in export::text::text(&frame).lines() {
        assert!(line.starts_with("web"), "{line:?} has no node before it");
    }
}

#[test]
fn errors_and_notes_are_harmless_too() {
    let frame = hostile_frame();
    let error = crate::common::try_apply(&frame, &count(&["\x1b[2J"])).unwrap_err();
    assert_harmless(&error.to_string(), &[], "an error");
    assert_harmless(&error.hint().unwrap(), &[], "a hint");
    assert_harmless(&format!("{error:?}"), &[], "a debugged error");
}

#[test]
fn json_gives_the_very_text_back() {
    let frame = hostile_frame();
    for (line, text) in export::ndjson::lines(&frame).lines().zip(HOSTILE) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["out"], text);
        assert!(object["node"].as_str().unwrap().starts_with("web"));
    }
    let array: Vec<serde_json::Value> = serde_json::from_str(&export::json::array(&frame)).unwrap();
    assert_eq!(array.len(), HOSTILE.len());
}

#[test]
fn ten_thousand_marks_and_a_million_letters_stay_within_the_line() {
    let marks = format!("a{}", "\u{301}".repeat(10_000));
    let rows = vec![
        vec![s(&marks)],
        vec![s(&"x".repeat(1_000_000))],
        vec![s(&"日".repeat(1000))],
    ];
    let frame = frame(&[("text", DataType::Str)], rows);
    let view = View {
        width: Some(80),
        ..View::default()
    };
    for line in render_table(&frame, &view).lines() {
        assert!(
            line.width() <= 80 && line.chars().count() <= 240,
            "{} characters",
            line.chars().count()
        );
    }
}

#[test]
fn no_csv_field_of_text_begins_a_formula() {
    let rows = ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "ok"]
        .map(|t| vec![s(t)])
        .to_vec();
    let csv = export::csv::document(&frame(&[("=evil", DataType::Str)], rows));
    for field in csv.split("\r\n").map(|f| f.trim_start_matches('"')) {
        assert!(
            !field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']),
            "{field:?}"
        );
    }
}
