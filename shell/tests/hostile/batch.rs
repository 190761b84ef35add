//! Batch: every form of output, and the log, of commands, of rows and of failures.

use crate::node::{NODES, Nodes};
use crate::payloads::{self, EVALUATED, OPEN, PRODUCT};
use crate::scan::harmless;
use crate::support::hailer::Ran;
use crate::support::terminal::Terminal;

const FORMATS: [&str; 6] = ["groups", "table", "text", "json", "ndjson", "csv"];

/// Whatever there is to ask malicious nodes for, with the verbs that say what is looked at.
const LINES: [&str; 13] = [
    "out",
    "shifted",
    "single",
    "cells |> parse lines",
    "cells |> parse lines |> count by line",
    "failed",
    "refused",
    "gone",
    "facts",
    "metric load",
    "jobs all",
    "eval",
    "evalrows |> parse lines",
];

/// Asserts that neither output has anything in it but text.
#[track_caller]
fn clean(ran: &Ran, layout: &[char], sink: &str) {
    harmless(&ran.out_bytes, layout, sink);
    harmless(
        ran.err.as_bytes(),
        &['\n', '\t'],
        &format!("{sink}, errors"),
    );
    for said in [&ran.out, &ran.err] {
        assert!(!said.contains(PRODUCT), "{sink}: something was reckoned");
        assert!(!said.contains("panicked"), "{sink}: {said}");
    }
}

#[test]
fn no_format_lets_a_control_function_through() {
    let nodes = Nodes::start();
    for format in FORMATS {
        let mut hailer = nodes.hailer().args(["--format", format, "--keep-going"]);
        for line in LINES {
            hailer = hailer.line(line);
        }
        let ran = hailer.run();
        // Only CSV ends its lines with CR LF.
        let layout: &[char] = if format == "csv" {
            &['\n', '\r', '\t']
        } else {
            &['\n', '\t']
        };
        clean(&ran, layout, format);
        let said = format!("{}{}", ran.out, ran.err);
        for number in [0, 1, 500, 1980] {
            let mark = format!("{OPEN}{number}:");
            assert!(said.contains(&mark), "{format}: {mark} has not come so far");
        }
    }
    assert!(nodes.asked().len() >= FORMATS.len() * (LINES.len() - 1) * NODES);
    assert!(!std::path::Path::new(&nodes.canary()).exists());
}

#[test]
fn programs_read_exactly_what_a_node_said() {
    let nodes = Nodes::start();
    let ran = nodes
        .hailer()
        .args(["--format", "ndjson"])
        .line("evalrows |> parse lines")
        .run();
    let records = ran.exits(0).records();
    let of_first: Vec<&str> = records
        .iter()
        .filter(|r| r["node"] == "n0")
        .filter_map(|r| r["line"].as_str())
        .collect();
    let sent: Vec<&str> = EVALUATED.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(of_first, sent);

    let ran = nodes
        .hailer()
        .args(["--format", "ndjson"])
        .line("cells |> parse lines")
        .run();
    let records = ran.exits(0).records();
    let of_first = records.iter().filter(|r| r["node"] == "n0");
    let of_first: Vec<String> = of_first
        .map(|r| r["line"].as_str().expect("text").to_owned())
        .collect();
    assert_eq!(of_first, payloads::marked_texts());
}

#[test]
fn the_log_is_as_clean_as_the_answers() {
    let nodes = Nodes::start();
    let mut hailer = nodes
        .hailer()
        .args(["--keep-going"])
        .env("HAILER_LOG", "trace");
    for line in [
        "out",
        "cells |> parse lines",
        "failed",
        "refused",
        "gone",
        "facts",
        "lie 0",
        "gone",
    ] {
        hailer = hailer.line(line);
    }
    let ran = hailer.run();
    clean(&ran, &['\n', '\t'], "the log");
    assert!(
        ran.err.contains("TRACE") || ran.err.contains("DEBUG"),
        "{}",
        ran.err
    );
}

#[test]
fn one_file_a_node_has_the_nodes_bytes_and_a_name_that_the_node_did_not_choose() {
    let nodes = Nodes::start();
    let dir = nodes.dir().join("answers");
    let dir_text = dir.display().to_string();
    let ran = nodes
        .hailer()
        .args(["--out-dir", &dir_text])
        .line("out")
        .run()
        .exits(1);
    clean(&ran, &['\n', '\t'], "--out-dir");
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .expect("it is there")
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "n0.err",
            "n0.out",
            "n1.err",
            "n1.out",
            "n2.err",
            "n2.out",
            "nodes.failed"
        ]
    );
    let kept = std::fs::read(dir.join("n0.out")).expect("it is there");
    assert!(
        kept == payloads::all_marked(),
        "a file has other bytes than the node sent"
    );
}

#[test]
fn lines_as_they_come_and_lines_asked_again_are_clean() {
    let nodes = Nodes::start();
    for format in ["text", "ndjson", "csv"] {
        for line in [
            "out |> follow",
            "single |> follow",
            "cells |> parse lines |> follow",
        ] {
            let ran = nodes.hailer().args(["--format", format]).line(line).run();
            clean(&ran, &['\n', '\r', '\t'], &format!("{line} as {format}"));
            assert!(
                ran.out.contains(OPEN) || !ran.err.is_empty(),
                "{line}: {}",
                ran.err
            );
        }
    }
}

#[test]
fn a_terminal_gets_only_what_is_ours_in_every_format() {
    let nodes = Nodes::start();
    let file = nodes.file();
    for format in FORMATS {
        let mut args = vec![
            "--fleet",
            &file,
            "--format",
            format,
            "--color",
            "always",
            "--keep-going",
        ];
        for line in LINES {
            args.extend(["-c", line]);
        }
        let mut terminal = Terminal::start(&args, nodes.dir(), 200, 50);
        terminal.wait_for_end();
        let raw = terminal.raw();
        crate::scan::terminal(&raw, format);
        assert!(
            String::from_utf8_lossy(&raw).contains(OPEN),
            "{format}: nothing came"
        );
    }
}
