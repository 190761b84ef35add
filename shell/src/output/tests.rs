//! Whole outputs of every format.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame};

use super::*;
use crate::view::fixture::{Names as TestNames, answer, gathered, silent};

/// A buffer that the test can still read when a writer has it; or a reader that has gone.
#[derive(Debug, Clone, Default)]
struct Shared {
    bytes: Arc<Mutex<Vec<u8>>>,
    is_gone: bool,
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().expect("one thread").clone()).expect("UTF-8")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.bytes
            .lock()
            .expect("one thread")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn options(out: &Shared, talk: &Shared) -> Options<Shared, Shared> {
    Options {
        out: out.clone(),
        talk: talk.clone(),
        look: Look::default(),
        talk_look: Look::default(),
        names: Arc::new(TestNames),
        is_raw: false,
        has_rows: false,
        out_is_terminal: false,
        talk_is_terminal: false,
        turn: None,
    }
}

fn answers() -> Vec<Answer> {
    vec![
        answer(1, 0, b"up 3 days\n", b""),
        answer(2, 3, b"", b"\x1b[31mno, \"really\"\n"),
        answer(3, 0, b"\xff\xfe", b""),
        Answer {
            cut_bytes: 90,
            left_behind: 1,
            notes: vec![Clean::line("a note")],
            ..answer(4, 0, b"=1+1, a\nb", b"")
        },
        silent(5, State::Unreachable, "no connection: timed out after 3s"),
        silent(6, State::Unreachable, "no connection: timed out after 3s"),
    ]
}

/// Writes a command's result; returns what came out, and what was said about it.
fn written(format: Format) -> (String, String) {
    let (out, talk) = (Shared::default(), Shared::default());
    let mut writer = writer(format, options(&out, &talk)).expect("made");
    for answer in answers() {
        assert_eq!(writer.on_answer(&answer).expect("written"), Flow::Open);
    }
    let (gather, summary) = gathered(answers());
    let end = End {
        gather: &gather,
        summary: &summary,
        exit_code: summary.exit_code(),
    };
    assert_eq!(writer.on_end(Some(end)).expect("written"), Flow::Open);
    (out.text(), talk.text())
}

fn rows() -> Table {
    Table {
        columns: vec![
            Column::new("type", DataType::Str),
            Column::new("use_pct", DataType::Percent),
        ],
        rows: vec![vec!["ext4".into(), Value::Percent(91.0)]],
    }
}

/// Writes a result that is a table.
fn written_table(format: Format) -> (String, String) {
    let (frame, _) =
        Frame::from_node_tables([(1, rows())], &Ambient::default(), &TestNames).expect("a frame");
    let (out, talk) = (Shared::default(), Shared::default());
    let mut writer = writer(format, options(&out, &talk)).expect("made");
    assert_eq!(writer.on_table(&frame).expect("written"), Flow::Open);
    let answers = [
        Answer {
            rows: Some(rows()),
            ..answer(1, 0, b"", b"")
        },
        silent(5, State::Lost, "outcome unknown: reset"),
    ];
    let (gather, summary) = gathered(answers);
    let end = End {
        gather: &gather,
        summary: &summary,
        exit_code: summary.exit_code(),
    };
    assert_eq!(writer.on_end(Some(end)).expect("written"), Flow::Open);
    (out.text(), talk.text())
}

#[test]
fn the_summary_tells_the_exit_code_of_the_line_and_not_of_the_run_alone() {
    let out = Shared::default();
    let mut writer = writer(Format::Ndjson, options(&out, &Shared::default())).expect("made");
    let (gather, summary) = gathered([answer(1, 0, b"up\n", b"")]);
    let end = End {
        gather: &gather,
        summary: &summary,
        exit_code: 1,
    };
    assert_eq!(writer.on_end(Some(end)).expect("written"), Flow::Open);
    assert!(out.text().contains("\"exit_code\":1,"), "{}", out.text());
}

const FOOTER: &str = "\
db02 · 1 node · failed rc=3
db[05-06] · 2 nodes · unreachable: no connection: timed out after 3s
db04 · 1 node · cut
6 nodes: 3 ok · 1 failed · 2 unreachable in 0.31 s · 1 output cut, 90B not kept
";

#[test]
fn ndjson_is_a_row_for_each_answer_and_then_the_summary() {
    let (out, talk) = written(Format::Ndjson);
    let expected = r#"{"v":1,"type":"row","node":"db01","state":"ok","rc":0,"ms":13,"bytes":10,"truncated":false,"out":"up 3 days\n","err":""}
{"v":1,"type":"row","node":"db02","state":"failed","rc":3,"ms":14,"bytes":18,"truncated":false,"out":"","err":"\u001b[31mno, \"really\"\n"}
{"v":1,"type":"row","node":"db03","state":"ok","rc":0,"ms":15,"bytes":2,"truncated":false,"out_b64":"//4=","err":""}
{"v":1,"type":"row","node":"db04","state":"ok","rc":0,"ms":16,"bytes":9,"truncated":true,"out":"=1+1, a\nb","err":"","cut_bytes":90,"left_behind":1,"notes":["a note"]}
{"v":1,"type":"row","node":"db05","state":"unreachable","rc":null,"ms":0,"bytes":0,"truncated":false,"out":"","err":"","error":"no connection: timed out after 3s"}
{"v":1,"type":"row","node":"db06","state":"unreachable","rc":null,"ms":0,"bytes":0,"truncated":false,"out":"","err":"","error":"no connection: timed out after 3s"}
{"v":1,"type":"summary","targets":6,"states":{"failed":1,"ok":3,"unreachable":2},"nodes":{"failed":"db02","unreachable":"db[05-06]"},"truncated":1,"cut_bytes":90,"cut_rows":0,"interrupted":false,"exit_code":4,"elapsed_ms":314}
"#;
    assert_eq!((out.as_str(), talk.as_str()), (expected, ""));
}

#[test]
fn rows_of_a_table_have_their_columns_beside_the_node_and_failures_follow() {
    let (out, _) = written_table(Format::Ndjson);
    let expected = r#"{"v":1,"type":"row","node":"db01","row.type":"ext4","use_pct":91.0}
{"v":1,"type":"failure","node":"db05","state":"lost","rc":null,"truncated":false,"error":"outcome unknown: reset"}
{"v":1,"type":"summary","targets":2,"states":{"lost":1,"ok":1},"nodes":{"lost":"db05"},"truncated":0,"cut_bytes":0,"cut_rows":0,"interrupted":false,"exit_code":4,"elapsed_ms":314}
"#;
    assert_eq!(out, expected);
}

#[test]
fn rows_stream_as_answers_come() {
    let (out, talk) = (Shared::default(), Shared::default());
    let mut stream = writer(Format::Ndjson, options(&out, &talk)).expect("made");
    let lost = Answer {
        rows: Some(rows()),
        ..silent(1, State::Lost, "reset")
    };
    assert_eq!(stream.on_answer(&lost).expect("written"), Flow::Open);
    let expected = r#"{"v":1,"type":"row","node":"db01","row.type":"ext4","use_pct":91.0}
{"v":1,"type":"failure","node":"db01","state":"lost","rc":null,"truncated":false,"error":"reset"}
"#;
    assert_eq!(out.text(), expected);
    for format in Format::ALL
        .into_iter()
        .filter(|format| !format.streams_rows())
    {
        let mut writer = writer(format, options(&out, &talk)).expect("made");
        let refused = writer.on_answer(&lost).expect_err("needs a table");
        assert!(matches!(refused, OutputError::RowsNeedTable(f) if f == format));
    }
}

#[test]
fn json_is_one_document() {
    let (out, _) = written(Format::Json);
    let document: serde_json::Value = serde_json::from_str(&out).expect("valid");
    assert_eq!(document["v"], 1);
    assert_eq!(document["rows"].as_array().map(Vec::len), Some(6));
    assert_eq!(document["rows"][1]["err"], "\x1b[31mno, \"really\"\n");
    assert_eq!(document["summary"]["nodes"]["unreachable"], "db[05-06]");
    assert_eq!(document["failures"].as_array().map(Vec::len), Some(0));

    let (out, _) = written_table(Format::Json);
    let expected = r#"{"v":1,"rows":[
{"node":"db01","row.type":"ext4","use_pct":91.0}
],"failures":[
{"node":"db05","state":"lost","rc":null,"truncated":false,"error":"outcome unknown: reset"}
],"summary":{"targets":2,"states":{"lost":1,"ok":1},"nodes":{"lost":"db05"},"truncated":0,"cut_bytes":0,"cut_rows":0,"interrupted":false,"exit_code":4,"elapsed_ms":314}}
"#;
    assert_eq!(out, expected);
}

#[test]
fn json_without_any_row_is_a_document_too() {
    let (out, talk) = (Shared::default(), Shared::default());
    let mut writer = writer(Format::Json, options(&out, &talk)).expect("made");
    assert_eq!(writer.on_end(None).expect("written"), Flow::Open);
    let document: serde_json::Value = serde_json::from_str(&out.text()).expect("valid");
    assert_eq!(document["summary"]["targets"], 0);
    assert_eq!(document["rows"].as_array().map(Vec::len), Some(0));
}

#[test]
fn text_has_each_line_behind_its_node_and_talk_apart() {
    let (out, talk) = written(Format::Text);
    let expected = "db01: up 3 days\ndb03: \\xff\\xfe\ndb04: =1+1, a\ndb04: b\n";
    assert_eq!(out, expected);
    let expected = format!(
        "db02: \\e[31mno, \"really\"\ndb02: (failed rc=3)\ndb04: (90 bytes not kept)\n\
         db05: (unreachable: no connection: timed out after 3s)\n\
         db06: (unreachable: no connection: timed out after 3s)\n{FOOTER}"
    );
    assert_eq!(talk, expected);
}

#[test]
fn raw_bytes_go_into_a_pipe_and_never_to_a_terminal() {
    let (out, talk) = (Shared::default(), Shared::default());
    let raw = |out_is_terminal| Options {
        is_raw: true,
        has_rows: false,
        out_is_terminal,
        talk_is_terminal: true,
        ..options(&out, &talk)
    };
    let refused = writer(Format::Text, raw(true)).err().expect("refused");
    assert!(matches!(refused, OutputError::RawToTerminal));
    let refused = writer(Format::Csv, raw(false)).err().expect("refused");
    assert!(matches!(refused, OutputError::RawFormat(Format::Csv)));

    let mut writer = writer(Format::Text, raw(false)).expect("made");
    let answer = answer(1, 0, b"\x1b[1mbold\0\n", b"\x1b[2J\n");
    assert_eq!(writer.on_answer(&answer).expect("written"), Flow::Open);
    assert_eq!(out.text(), "\x1b[1mbold\0\n");
    assert_eq!(talk.text(), "db01: \\e[2J\n");
}

#[test]
fn csv_has_a_record_for_each_answer_and_talks_elsewhere() {
    let (out, talk) = written(Format::Csv);
    let expected = "node,state,rc,ms,bytes,truncated,out,err,error\r\n\
        db01,ok,0,13,10,false,\"up 3 days\n\",\"\",\r\n\
        db02,failed,3,14,18,false,\"\",\"\\e[31mno, \"\"really\"\"\n\",\r\n\
        db03,ok,0,15,2,false,\\xff\\xfe,\"\",\r\n\
        db04,ok,0,16,9,true,\"'=1+1, a\nb\",\"\",\r\n\
        db05,unreachable,,0,0,false,\"\",\"\",no connection: timed out after 3s\r\n\
        db06,unreachable,,0,0,false,\"\",\"\",no connection: timed out after 3s\r\n";
    assert_eq!(out, expected);
    assert_eq!(talk, FOOTER);
}

#[test]
fn a_table_ends_with_who_is_not_in_it() {
    let footer = "db05 · 1 node · lost: outcome unknown: reset\n2 nodes: 1 ok · 1 lost in 0.31 s\n";
    for format in [Format::Table, Format::Groups] {
        let (out, talk) = written_table(format);
        assert!(out.contains("ext4") && out.ends_with(footer), "{out}");
        assert_eq!(talk, "");
    }
    for format in [Format::Text, Format::Csv] {
        assert_eq!(written_table(format).1, footer);
    }
}

#[test]
fn groups_are_written_whole_at_the_end() {
    let (out, talk) = written(Format::Groups);
    assert!(
        out.starts_with("── db01 · 1 node · ok · 13 ms\n  up 3 days\n"),
        "{out}"
    );
    assert!(out.ends_with("· 1 output cut, 90B not kept\n"), "{out}");
    assert_eq!(talk, "");
}

#[test]
fn a_reader_that_leaves_ends_the_output_and_nothing_fails() {
    for format in Format::ALL {
        let gone = Shared {
            is_gone: true,
            ..Shared::default()
        };
        let mut writer = writer(format, options(&gone, &gone)).expect("made");
        let flow = writer
            .on_answer(&answer(1, 0, b"x\n", b""))
            .expect("no error");
        let draws_at_end = matches!(format, Format::Groups | Format::Table);
        assert_eq!(flow == Flow::Closed, !draws_at_end, "{format:?}");
        let (gather, summary) = gathered(answers());
        let end = End {
            gather: &gather,
            summary: &summary,
            exit_code: summary.exit_code(),
        };
        assert_eq!(
            writer.on_end(Some(end)).expect("no error"),
            Flow::Closed,
            "{format:?}"
        );
    }
}

#[test]
fn a_commands_plain_result_is_a_table_too() {
    let (out, _) = written(Format::Table);
    let expected = "\
node  state        rc  ms  bytes  truncated  out         err
───────────────────────────────────────────────────────────────────────────
db01  ok            0  13    10B  false      up 3 days
db02  failed        3  14    18B  false                  \\e[31mno, \"really\"
db03  ok            0  15     2B  false      \\xff\\xfe
db04  ok            0  16     9B  true       =1+1, a\\nb
db05  unreachable       0     0B  false
db06  unreachable       0     0B  false
";
    let trimmed: String = out
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    assert!(trimmed.starts_with(expected), "{out}");
    assert!(out.ends_with(FOOTER), "{out}");
}

#[test]
fn a_column_named_node_does_not_pass_for_the_node() {
    let pods = Table {
        columns: vec![Column::new("node", DataType::Str)],
        rows: vec![vec!["worker-3".into()]],
    };
    let (frame, _) =
        Frame::from_node_tables([(1, pods)], &Ambient::default(), &TestNames).expect("a frame");
    let (out, talk) = (Shared::default(), Shared::default());
    let mut writer = writer(Format::Ndjson, options(&out, &talk)).expect("made");
    assert_eq!(writer.on_table(&frame).expect("written"), Flow::Open);
    let expected = r#"{"v":1,"type":"row","node":"db01","row.node":"worker-3"}"#;
    assert_eq!(out.text().trim_end(), expected);
}

#[test]
fn formats_are_found_by_their_names() {
    for format in Format::ALL {
        assert_eq!(Format::by_name(format.as_str()), Some(format));
    }
    assert_eq!(Format::by_name("yaml"), None);
}
