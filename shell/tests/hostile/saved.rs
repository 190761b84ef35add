//! What outlives a line: files, and what goes back to nodes; and what reckons with a node's text.

use std::fs;
use std::path::Path;

use crate::node::{NODES, Nodes};
use crate::payloads::{EVALUATED, PRODUCT, marked_texts};
use crate::scan::harmless;

/// Texts of the corpus, with the canary's path in them.
fn sent() -> Vec<String> {
    EVALUATED.iter().map(|(_, text)| text.clone()).collect()
}

#[test]
fn saved_tables_open_again_with_the_very_texts() {
    let nodes = Nodes::start();
    for (line, texts) in [
        ("evalrows |> parse lines", sent()),
        ("cells |> parse lines", marked_texts()),
    ] {
        for ending in ["ndjson", "json", "parquet", "csv"] {
            let path = nodes.dir().join(format!("saved.{ending}"));
            let path = path.display();
            let ran = nodes
                .hailer()
                .args(["--format", "ndjson"])
                .line(&format!("@n0 : {line} |> save {path}"))
                .line(&format!("open {path} |> select line"))
                .run()
                .exits(0);
            harmless(ran.err.as_bytes(), &['\n', '\t'], "save");
            let records = ran.records();
            let lines = records.iter().filter_map(|r| r["line"].as_str());
            let lines: Vec<String> = lines.map(str::to_owned).collect();
            if ending == "csv" {
                // Cleaned and guarded: as many, and no formula among them.
                assert_eq!(lines.len(), texts.len());
                let csv = fs::read(nodes.dir().join("saved.csv")).expect("it is there");
                harmless(&csv, &['\n', '\r', '\t'], "csv");
                no_formula(&String::from_utf8(csv).expect("text"));
            } else {
                assert_eq!(lines, texts, "{ending} of {line}");
            }
            fs::remove_file(nodes.dir().join(format!("saved.{ending}"))).expect("it was saved");
        }
    }
}

/// Asserts that no field of a CSV text is one that a spreadsheet evaluates.
#[track_caller]
fn no_formula(csv: &str) {
    let (mut is_quoted, mut begins) = (false, true);
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Two quotes in a quoted field are one that belongs to it.
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                begins = false;
            }
            '"' => is_quoted = !is_quoted,
            ',' | '\n' | '\r' if !is_quoted => begins = true,
            '=' | '+' | '-' | '@' | '\t' | '\n' if begins => panic!("a formula in {csv}"),
            _ => begins = false,
        }
    }
}

#[test]
fn sql_and_comparisons_take_a_nodes_text_for_text() {
    let nodes = Nodes::start();
    let ran = nodes
        .hailer()
        .args(["--format", "ndjson", "--keep-going"])
        .line("evalrows |> parse lines")
        .line("$1 |> sql 'select count(*) as n from self'")
        .line("$1 |> sql \"select count(*) as n from self where line = '1337*1331'\"")
        .line("$1 |> sql \"select line from self where line like '%DROP%' order by line\"")
        .line("$1 |> where line ~ '1337' |> count")
        .line("$1 |> uniq line |> count")
        .line("shifted |> diff")
        .line("eval |> why")
        .line("eval |> group by out")
        .run();
    harmless(&ran.out_bytes, &['\n'], "sql");
    harmless(ran.err.as_bytes(), &['\n', '\t'], "sql, errors");
    let said = format!("{}{}", ran.out, ran.err);
    assert!(!said.contains(PRODUCT), "something was reckoned");
    assert!(!said.contains("panicked"), "{said}");
    let counts: Vec<u64> = ran
        .records()
        .iter()
        .filter_map(|r| r["n"].as_u64())
        .collect();
    let of_one = EVALUATED
        .iter()
        .filter(|(_, text)| text == "1337*1331")
        .count();
    assert_eq!(
        counts[..2],
        [EVALUATED.len() * NODES, of_one * NODES].map(|n| n as u64),
        "{said}"
    );
}

#[test]
fn a_deed_hands_a_nodes_text_on_as_data_and_never_as_words() {
    let nodes = Nodes::start();
    let canary = nodes.canary();
    let ran = nodes
        .hailer()
        .args(["--yes"])
        .line("@n0 : evalrows |> parse lines |> run each echo \"$row_line\"")
        .run();
    harmless(&ran.out_bytes, &['\n', '\t'], "a deed");
    let asked = nodes.asked();
    let mut handed = Vec::new();
    for run in &asked {
        if let hailer_protocol::message::Probe::Each { command, rows, .. } = &run.probe {
            assert_eq!(
                command, "echo \"$row_line\"",
                "the command is what was typed"
            );
            for row in rows {
                let of_line = row.env.iter().find(|(name, _)| name == "row_line");
                handed.push(of_line.expect("it is handed").1.clone());
            }
        }
    }
    assert_eq!(handed, sent(), "{}{}", ran.out, ran.err);
    assert!(!Path::new(&canary).exists());
}

#[test]
fn hailer_takes_no_harm_where_it_stands() {
    let nodes = Nodes::start();
    // A directory of its own, in which anything that is executed or written would be seen.
    let before = names_in(nodes.dir());
    let ran = nodes
        .hailer()
        .args(["--keep-going"])
        .line("eval")
        .line("evalrows |> parse lines |> table")
        .line("eval |> diff")
        .line("$1")
        .run();
    harmless(&ran.out_bytes, &['\n', '\t'], "groups");
    assert_eq!(names_in(nodes.dir()), before);
    assert!(!Path::new("CANARY").exists());
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("it is there");
    let names = entries.map(|e| {
        e.expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned()
    });
    let mut names: Vec<String> = names.filter(|n| n != "hailer" && n != ".cache").collect();
    names.sort();
    names
}
