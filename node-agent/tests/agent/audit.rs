//! What an agent wrote down, as its operators see it.

use hailer_protocol::ids::Digest;
use hailer_protocol::message::{Probe, Run};
use hailer_protocol::state::State;
use hailer_protocol::value::Value;

use crate::support::{Answer, Node, a_run, shell};

fn audit() -> Run {
    a_run(Probe::Audit {
        since: None,
        until: None,
        limit: 1000,
    })
}

/// What rows say under these columns, one line a row; what is null is left out.
fn told(answer: &Answer, columns: &[&str]) -> Vec<String> {
    let table = &answer.batches[0].table;
    let at: Vec<usize> = columns
        .iter()
        .map(|name| table.index_of(name).expect("a column"))
        .collect();
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::Str(text) => Some(text.clone()),
        Value::Int(n) | Value::Size(n) => Some(n.to_string()),
        Value::Bool(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Percent(_)
        | Value::Time(_) => Some(format!("{value:?}")),
    };
    let line = |row: &Vec<Value>| {
        let cells: Vec<String> = at.iter().filter_map(|at| text(&row[*at])).collect();
        cells.join(" ")
    };
    answer.rows().iter().map(line).collect()
}

#[tokio::test]
async fn a_command_a_probe_and_a_refusal_are_told_with_what_came_of_them() {
    let node = Node::start();
    let client = node.operator().await;
    assert_eq!(client.out_of("printf abc; printf e >&2").await, "abc");
    client
        .run(&a_run(Probe::Facts(vec!["kernel".to_owned()])))
        .await;
    let refused = client.run(&shell("true\0")).await;
    assert!(!refused.failed().text.is_empty());

    let answer = client.run(&audit()).await;
    assert_eq!(answer.done().state, State::Ok);
    let rows = told(
        &answer,
        &[
            "event",
            "who",
            "command",
            "targets",
            "run_state",
            "run_rc",
            "wrote",
        ],
    );
    let expected = [
        "allowed ann printf abc; printf e >&2 1",
        "started ann printf abc; printf e >&2",
        "ended ok 0 4",
        "probe ann facts kernel",
    ];
    let at = rows
        .iter()
        .position(|row| row == expected[0])
        .expect("allowed");
    assert_eq!(rows[at..at + 4], expected, "{rows:#?}");
    assert!(rows[at + 4].starts_with("refused ann"), "{rows:#?}");
    assert_eq!(rows.last().map(String::as_str), Some("probe ann audit"));
    let digests = told(&answer, &["out_digest", "err_digest"]);
    let expected = [Digest::of(b"abc"), Digest::of(b"e")]
        .map(|d| d.to_string())
        .join(" ");
    assert!(digests.contains(&expected), "{digests:?}");
    let seqs = told(&answer, &["seq"]);
    let counted: Vec<String> = (1..=seqs.len()).map(|n| n.to_string()).collect();
    assert_eq!(seqs, counted, "without a gap");
}

#[tokio::test]
async fn a_flood_of_refusals_does_not_fill_the_log() {
    let node = Node::start();
    let client = node.operator().await;
    for _ in 0..60 {
        client.run(&shell("true\0")).await;
    }
    let answer = client.run(&audit()).await;
    let rows = told(&answer, &["event"]);
    let refused = rows.iter().filter(|row| *row == "refused").count();
    assert_eq!(refused, 20, "{rows:?}");
}

#[tokio::test]
async fn where_the_chain_stands_is_told_with_the_link_that_was_kept() {
    let node = Node::start();
    let client = node.operator().await;
    client.out_of("true").await;
    let columns = ["first", "seq", "link", "kept_link"];
    let first = client.run(&a_run(Probe::AuditHead(None))).await;
    let first = told(&first, &columns).remove(0);
    let words: Vec<&str> = first.split(' ').collect();
    let (seq, link) = (words[1].parse::<u64>().expect("a number"), words[2]);
    client.out_of("true").await;
    let later = client.run(&a_run(Probe::AuditHead(Some(seq)))).await;
    let later = told(&later, &columns).remove(0);
    assert!(later.ends_with(link), "{first} and then {later}");
    let beyond = client.run(&a_run(Probe::AuditHead(Some(9999)))).await;
    assert_eq!(told(&beyond, &["kept_link"]), [""]);
}
