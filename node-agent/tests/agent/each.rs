//! A command once a row: one after the other, each with its own deadline, and a row in the answer.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::limits::EACH_ROWS_MAX;
use hailer_protocol::message::{EachRow, Probe, Run};
use hailer_protocol::state::State;
use hailer_protocol::value::Value;

use crate::support::{Answer, Mark, Node, a_run, until};

fn rows(values: &[&str]) -> Vec<EachRow> {
    let row = |value: &&str| EachRow {
        env: vec![("row_x".to_owned(), (*value).to_owned())],
    };
    values.iter().map(row).collect()
}

fn each(command: &str, values: &[&str]) -> Run {
    a_run(Probe::Each {
        command: command.to_owned(),
        rows: rows(values),
        timeout_ms: None,
        stops_at_failure: false,
    })
}

type Told = (i64, String, Option<i64>, String);

/// What was answered for each row: its number, state, exit code and output.
fn told(answer: &Answer) -> Vec<Told> {
    let tables = answer.batches.iter().map(|batch| &batch.table);
    let cell = |row: &[Value], at: Option<usize>| at.map_or(Value::Null, |at| row[at].clone());
    tables
        .flat_map(|table| {
            table.rows.iter().map(|row| {
                let of = |name| cell(row, table.index_of(name));
                let (Value::Int(n), Value::Str(state), Value::Str(out)) =
                    (of("row"), of("state"), of("out"))
                else {
                    panic!("{row:?}");
                };
                let rc = if let Value::Int(rc) = of("rc") {
                    Some(rc)
                } else {
                    None
                };
                (n, state, rc, out)
            })
        })
        .collect()
}

#[tokio::test]
async fn rows_run_one_after_the_other_with_their_own_variables() {
    let node = Node::start();
    let command = r#"mkdir lock && printf '%s' "$row_x" && rmdir lock; test "$row_x" != b"#;
    let run = each(command, &["a", "b", "; exit 9"]);
    let answer = node.operator().await.run(&run).await;
    let expected = [
        (1, "ok", Some(0), "a"),
        (2, "failed", Some(1), "b"),
        (3, "ok", Some(0), "; exit 9"),
    ];
    let expected = expected.map(|(n, s, rc, out)| (n, s.to_owned(), rc, out.to_owned()));
    assert_eq!(told(&answer), expected);
    assert_eq!(
        (answer.done().state, answer.done().rc),
        (State::Failed, Some(1))
    );
}

#[tokio::test]
async fn a_row_that_outlives_its_deadline_is_killed_and_the_next_one_follows() {
    let node = Node::start();
    let mark = Mark::new();
    let mut run = mark.on(each("test $row_x = fast || sleep 1000", &["slow", "fast"]));
    if let Probe::Each { timeout_ms, .. } = &mut run.probe {
        *timeout_ms = Some(2_000);
    }
    let answer = node.operator().await.run(&run).await;
    let states: Vec<String> = told(&answer).into_iter().map(|row| row.1).collect();
    assert_eq!(states, ["timed_out", "ok"]);
    assert_eq!(answer.done().state, State::TimedOut);
    assert!(mark.alive().is_empty());
}

#[tokio::test]
async fn rows_behind_a_failure_are_not_begun_where_that_is_wanted() {
    let node = Node::start();
    let mut run = each("touch ran-$row_x; test $row_x != b", &["a", "b", "c"]);
    if let Probe::Each {
        stops_at_failure, ..
    } = &mut run.probe
    {
        *stops_at_failure = true;
    }
    let answer = node.operator().await.run(&run).await;
    let states: Vec<String> = told(&answer).into_iter().map(|row| row.1).collect();
    assert_eq!(states, ["ok", "failed", "not_started"]);
    assert_eq!(answer.done().state, State::Failed);
    assert!(node.path("ran-b").exists() && !node.path("ran-c").exists());
}

#[tokio::test]
async fn a_cancel_ends_the_row_under_way_and_begins_no_other() {
    let node = Node::start();
    let mark = Mark::new();
    let command = "touch ran-$row_x; test $row_x = a || sleep 1000";
    let run = mark.on(each(command, &["a", "b", "c"]));
    let client = node.operator().await;
    let mut asked = client.ask(&run).await;
    until("the second row begins", || node.path("ran-b").exists()).await;
    asked.cancel();
    let answer = asked.answer().await;
    let states: Vec<String> = told(&answer).into_iter().map(|row| row.1).collect();
    assert_eq!(states, ["ok", "cancelled", "cancelled"]);
    assert_eq!(answer.done().state, State::Cancelled);
    assert!(!node.path("ran-c").exists() && mark.alive().is_empty());
}

#[tokio::test]
async fn who_asks_again_is_told_the_same_and_nothing_runs_twice() {
    let node = Node::start();
    let client = node.operator().await;
    let run = each("echo $row_x >> count; echo $row_x", &["a", "b"]);
    let first = client.run(&run).await;
    let again = client.run(&run).await;
    assert!(again.started.as_ref().is_some_and(|s| s.again));
    assert_eq!(told(&again), told(&first));
    assert_eq!(node.read("count"), "a\nb\n");
}

#[tokio::test]
async fn too_many_rows_are_refused_and_long_output_is_cut_and_says_so() {
    let node = Node::start();
    let client = node.operator().await;
    let many = vec!["x"; EACH_ROWS_MAX + 1];
    let answer = client.run(&each("touch ran", &many)).await;
    assert_eq!(answer.failed().code, ErrorCode::MALFORMED);
    assert!(!node.path("ran").exists());
    let mut run = each("echo 0123456789", &["a"]);
    run.caps.output_bytes = 4;
    let answer = client.run(&run).await;
    assert_eq!(told(&answer)[0].3, "0123");
    let table = &answer.batches[0].table;
    let at = table.index_of("truncated").expect("a column");
    assert_eq!(table.rows[0][at], Value::Bool(true));
}
