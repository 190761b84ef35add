//! Formats: what programs read, of commands and of tables.

use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::fleet::Fleet;
use crate::support::hailer::{Hailer, wait};
use crate::support::terminal::Terminal;

fn hailer(format: &str) -> Hailer {
    Fleet::shared().hailer().args(["--format", format])
}

/// One node that is ok, one that fails with output that wants quoting, one that is down.
const MIXED: &str =
    r#"@web[01-02],web11 : test $HAILER_NODE = web01 || { printf 'a,b\n"c\t'; exit 4; }"#;

const TABLE: &str = "@web[01-02],web11 : printf 'NAME SIZE\\na,1 10%%\\n' |> parse";

fn keys(record: &Value) -> Vec<&str> {
    record
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn ndjson_is_a_record_a_line_and_the_summary_comes_last() {
    let ran = hailer("ndjson").line(MIXED).run().exits(4);
    let records = ran.records();
    let (summary, rows) = records.split_last().expect("a summary");
    assert_eq!(rows.len(), 3);
    for record in &records {
        assert_eq!(record["v"], 1);
    }
    for row in rows {
        assert_eq!(row["type"], "row");
        for name in [
            "node",
            "state",
            "rc",
            "ms",
            "bytes",
            "truncated",
            "out",
            "err",
        ] {
            assert!(keys(row).contains(&name), "{name} is not in {row}");
        }
    }
    let of = |node: &str| {
        rows.iter()
            .find(|r| r["node"] == node)
            .expect("every target")
    };
    assert_eq!(of("web02")["out"], "a,b\n\"c\t");
    assert_eq!(
        (&of("web02")["state"], &of("web02")["rc"]),
        (&"failed".into(), &4.into())
    );
    assert_eq!(of("web11")["state"], "unreachable");
    assert_eq!(of("web11")["rc"], Value::Null);
    assert!(
        of("web11")["error"]
            .as_str()
            .is_some_and(|e| e.contains("no connection"))
    );
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["targets"], 3);
    assert_eq!(summary["states"]["failed"], 1);
    assert_eq!(summary["nodes"]["unreachable"], "web11");
    assert_eq!(summary["exit_code"], 4);
}

#[test]
fn rows_of_tables_and_those_who_gave_none_are_records_of_different_types() {
    for line in [TABLE.to_owned(), format!("{TABLE} |> sort name")] {
        let ran = hailer("ndjson").line(&line).run().exits(4);
        let records = ran.records();
        let types: Vec<&str> = records.iter().filter_map(|r| r["type"].as_str()).collect();
        assert_eq!(
            types,
            ["row", "row", "failure", "summary"],
            "{line}: {}",
            ran.out
        );
        assert_eq!(records[0]["name"], "a,1", "{}", ran.out);
        assert_eq!(records[2]["node"], "web11");
        assert_eq!(records[2]["state"], "unreachable");

        let ran = hailer("json").line(&line).run().exits(4);
        let document: Value = serde_json::from_str(&ran.out).expect("one document");
        assert_eq!(
            document["rows"].as_array().map(Vec::len),
            Some(2),
            "{}",
            ran.out
        );
        assert_eq!(document["failures"][0]["node"], "web11", "{}", ran.out);
    }
}

#[test]
fn json_is_one_document() {
    let ran = hailer("json").line(MIXED).run().exits(4);
    let document: Value = serde_json::from_str(&ran.out).expect("one document");
    assert_eq!(document["rows"].as_array().map(Vec::len), Some(3));
    assert_eq!(document["summary"]["exit_code"], 4);
    let ran = hailer("json").line("nodes |> count").run().exits(0);
    let document: Value = serde_json::from_str(&ran.out).expect("one document");
    assert_eq!(document["rows"][0]["count"], 20, "{}", ran.out);
}

#[test]
fn csv_has_a_header_and_quotes_what_needs_it() {
    let ran = hailer("csv").line(MIXED).run().exits(4);
    assert!(
        ran.out
            .starts_with("node,state,rc,ms,bytes,truncated,out,err"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\"a,b\n\"\"c\t\""), "{}", ran.out);
    let ran = hailer("csv")
        .line(&format!("{TABLE} |> sort node |> select node, name"))
        .run();
    let ran = ran.exits(4);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines, ["node,name", "web01,\"a,1\"", "web02,\"a,1\""]);
    // Who is missing from the data is said beside it.
    ran.complains("web11 · 1 node · unreachable");
}

#[test]
fn text_is_a_line_of_output_behind_its_node() {
    let ran = hailer("text")
        .line("@web01 : printf 'one\\ntwo'")
        .run()
        .exits(0);
    assert_eq!(ran.out, "web01: one\nweb01: two\n");
    let ran = hailer("text").line(MIXED).run().exits(4);
    ran.complains("web11 · 1 node · unreachable");
}

#[test]
fn every_format_carries_commands_and_tables() {
    for format in ["groups", "table", "text", "json", "ndjson", "csv"] {
        let ran = hailer(format).line("@web[01-02] : echo hi").run().exits(0);
        assert!(ran.out.contains("hi"), "{format}: {}", ran.out);
        let ran = hailer(format).line("@web01 : nodes").run().exits(0);
        assert!(ran.out.contains("web01"), "{format}: {}", ran.out);
        let ran = hailer(format)
            .line("@web[01-02] : echo hi |> parse lines")
            .run()
            .exits(0);
        assert!(ran.out.contains("hi"), "{format}: {}", ran.out);
        assert!(
            !ran.out.contains('\x1b') && !ran.err.contains('\x1b'),
            "{format}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_base64_in_json_and_as_they_are_when_raw() {
    let line = r"@web01 : printf '\377\000a'";
    let ran = hailer("ndjson").line(line).run().exits(0);
    assert_eq!(ran.records()[0]["out_b64"], "/wBh");
    assert!(ran.records()[0].get("out").is_none(), "{}", ran.out);
    let ran = hailer("text").args(["--raw"]).line(line).run().exits(0);
    assert_eq!(ran.out_bytes, b"\xff\0a");
}

#[test]
fn raw_bytes_never_reach_a_terminal() {
    let ran = hailer("groups").args(["--raw"]).line("@web01 : true").run();
    ran.exits(2)
        .prints_nothing()
        .complains("--raw goes with --format text");
    let fleet = Fleet::shared();
    let file = fleet.file().display().to_string();
    let args = [
        "--fleet",
        &file,
        "--format",
        "text",
        "--raw",
        "-c",
        "@web01 : echo hi",
    ];
    let home = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::start(&args, home.path(), 100, 30);
    assert_eq!(terminal.wait_for_end(), 2);
    let screen = terminal.wait_for("terminal");
    assert!(!screen.iter().any(|l| l == "hi"), "{screen:?}");
}

#[test]
fn data_goes_to_standard_output_and_talk_to_standard_error() {
    for format in ["text", "json", "ndjson", "csv"] {
        let ran = hailer(format).line("@web[10-11] : echo hi").run().exits(4);
        assert!(!ran.out.contains("2 nodes:"), "{format}: {}", ran.out);
        let ran = hailer(format)
            .args(["--quiet"])
            .line("@web[10-11] : echo hi")
            .run()
            .exits(4);
        // Where the data does not say who did not answer, one line does.
        let told = match format {
            "text" | "csv" => "unreachable: web11\n",
            _ => "",
        };
        assert_eq!(ran.err, told, "{format}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let hailer = || Fleet::shared().hailer().line("@web01 : echo hi; false");
    assert!(!hailer().run().exits(1).out.contains('\x1b'));
    assert!(
        hailer()
            .args(["--color", "always"])
            .run()
            .exits(1)
            .out
            .contains("\x1b[")
    );
    let file = Fleet::shared().file().display().to_string();
    let home = tempfile::tempdir().expect("a directory");
    for (flags, is_coloured) in [(&[][..], true), (&["--color", "never"], false)] {
        let mut args = vec!["--fleet", &file, "-c", "@web01 : echo hi; false"];
        args.extend(flags);
        let mut terminal = Terminal::start(&args, home.path(), 100, 30);
        assert_eq!(terminal.wait_for_end(), 1);
        terminal.wait_for("1 node: 1 failed");
        let raw = terminal.raw();
        let has_colour = raw.windows(3).any(|w| w == b"\x1b[3" || w == b"\x1b[1");
        assert_eq!(has_colour, is_coloured, "{}", String::from_utf8_lossy(&raw));
    }
}

#[test]
fn whoever_stops_reading_ends_the_output_and_nothing_else() {
    for format in ["text", "ndjson", "groups", "csv", "json"] {
        let mut child = hailer(format).line("@web[01-05] : seq 200000").spawn();
        let mut first = [0; 1];
        let mut out = child.stdout.take().expect("it is piped");
        out.read_exact(&mut first).expect("there is output");
        drop(out);
        let (code, _) = wait(&mut child);
        let mut err = String::new();
        let mut pipe = child.stderr.take().expect("it is piped");
        pipe.read_to_string(&mut err).expect("it is text");
        assert_eq!(code, 0, "{format}: {err}");
        assert!(
            !err.contains("roken pipe") && !err.contains("panic"),
            "{format}: {err}"
        );
    }
}

#[test]
fn words_into_a_closed_pipe_do_no_harm() {
    let mut child = Fleet::shared()
        .hailer()
        .line("help")
        .line("help metric")
        .spawn();
    drop(child.stdout.take());
    let (code, _) = wait(&mut child);
    assert_eq!(code, 0);
}

#[test]
fn what_one_program_writes_another_one_reads() {
    let mut child = hailer("ndjson").line("@web01 : echo hi").spawn();
    let filter = Command::new("grep")
        .args(["-c", "\"type\":\"summary\""])
        .stdin(child.stdout.take().expect("it is piped"))
        .stdout(Stdio::piped())
        .output()
        .expect("grep is there");
    assert_eq!(String::from_utf8_lossy(&filter.stdout).trim(), "1");
    assert_eq!(wait(&mut child).0, 0);
}
