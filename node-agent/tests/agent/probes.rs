//! Metrics, facts and row plans, evaluated on the node.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::message::{Probe, Run};
use hailer_protocol::row_plan::{ParseAs, Projection, RowPlan, RowStep};
use hailer_protocol::state::State;
use hailer_protocol::value::Value;

use crate::support::{End, Node, a_run, shell};

fn planned(mut run: Run, steps: Vec<RowStep>) -> Run {
    run.row_plan = RowPlan { steps };
    run
}

fn column(name: &str) -> Expr {
    Expr::Column(name.to_owned())
}

fn over(name: &str, points: f64) -> RowStep {
    let literal = Expr::Literal(Value::Percent(points));
    let compared = Expr::Binary(BinaryOp::Gt, Box::new(column(name)), Box::new(literal));
    RowStep::Where(compared)
}

fn only(name: &str) -> RowStep {
    RowStep::Select(vec![Projection {
        name: name.to_owned(),
        expr: column(name),
    }])
}

fn metric(name: &str) -> Probe {
    Probe::Metric(name.to_owned())
}

#[tokio::test]
async fn metrics_answer_with_rows_under_their_columns() {
    let node = Node::start();
    let client = node.operator().await;
    for name in [
        "system.memory.utilization",
        "system.cpu.utilization",
        "system.filesystem.utilization",
    ] {
        let answer = client.run(&a_run(metric(name))).await;
        assert_eq!(answer.done().state, State::Ok, "{name}");
        assert_eq!(answer.done().rc, None);
        assert!(
            answer.batches[0].table.index_of("value").is_some(),
            "{name}"
        );
        assert!(answer.started.is_none(), "no process was started");
    }
}

#[tokio::test]
async fn a_metric_goes_through_its_row_plan() {
    let node = Node::start();
    let client = node.operator().await;
    let run = a_run(metric("system.memory.utilization"));
    let answer = client.run(&planned(run, vec![over("value", 100.0)])).await;
    assert_eq!((answer.rows().len(), answer.batches.len()), (0, 1));
    let run = a_run(metric("system.memory.utilization"));
    let answer = client.run(&planned(run, vec![over("no_such", 1.0)])).await;
    assert_eq!(answer.failed().code, ErrorCode::PLAN);
}

#[tokio::test]
async fn what_is_no_metric_or_fact_is_refused_by_name() {
    let node = Node::start();
    let client = node.operator().await;
    for probe in [
        metric("system.memory.utilisation"),
        Probe::Facts(vec!["kernel".to_owned(), "favourite_colour".to_owned()]),
    ] {
        let answer = client.run(&a_run(probe)).await;
        assert_eq!(answer.failed().code, ErrorCode::UNSUPPORTED);
    }
    let long = "x".repeat(500_000);
    let answer = client.run(&a_run(metric(&long))).await;
    assert!(
        answer.failed().text.len() <= 4096,
        "what is echoed is bounded"
    );
}

#[tokio::test]
async fn facts_are_one_row_with_the_columns_that_were_asked_for() {
    let node = Node::start();
    let client = node.operator().await;
    let all = client.run(&a_run(Probe::Facts(Vec::new()))).await;
    assert_eq!(all.rows().len(), 1);
    let names = ["kernel", "agent_node"].map(str::to_owned);
    let some = client.run(&a_run(Probe::Facts(names.to_vec()))).await;
    let columns = &some.batches[0].table.columns;
    let found: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(found, ["kernel", "agent_node"]);
    assert_eq!(some.rows()[0][1], Value::Str("web1".to_owned()));
}

#[tokio::test]
async fn a_reading_that_needs_time_keeps_its_deadline() {
    let node = Node::start();
    let mut run = a_run(metric("system.cpu.utilization"));
    run.timeout_ms = Some(0);
    let answer = node.operator().await.run(&run).await;
    assert_eq!(answer.done().state, State::TimedOut);
}

#[tokio::test]
async fn only_rows_that_survive_the_plan_travel() {
    let node = Node::start();
    let line = "printf 'Mounted on  Use%%\\n/     10%%\\n/var  95%%\\n/tmp  91%%\\n'";
    let steps = vec![
        RowStep::Parse(ParseAs::Columns),
        over("use_pct", 90.0),
        only("mounted_on"),
    ];
    let answer = node
        .operator()
        .await
        .run(&planned(shell(line), steps))
        .await;
    assert_eq!((answer.done().state, answer.out.len()), (State::Ok, 0));
    let text = |s: &str| vec![Value::Str(s.to_owned())];
    assert_eq!(answer.rows(), [text("/var"), text("/tmp")]);
    assert!(answer.done().out_bytes > 40);
}

#[tokio::test]
async fn df_itself_can_be_parsed_and_filtered() {
    let node = Node::start();
    let steps = vec![
        RowStep::Parse(ParseAs::Auto),
        RowStep::Where(Expr::IsNull {
            of: Box::new(column("mounted_on")),
            negated: true,
        }),
    ];
    let answer = node
        .operator()
        .await
        .run(&planned(shell("df -P"), steps))
        .await;
    answer.done();
    assert!(!answer.rows().is_empty(), "{answer:?}");
}

#[tokio::test]
async fn rows_beyond_the_cap_are_counted_and_batches_have_their_bound() {
    let node = Node::start();
    let mut run = planned(shell("seq 5000"), vec![RowStep::Parse(ParseAs::Lines)]);
    run.caps.rows = 1500;
    let client = node.operator().await;
    let answer = client.run(&run).await;
    let sizes: Vec<usize> = answer.batches.iter().map(|b| b.table.rows.len()).collect();
    assert_eq!(sizes, [1024, 476]);
    assert_eq!(answer.done().cut_rows, 3500);
    let again = client.run(&run).await;
    assert_eq!((again.rows(), again.done().cut_rows), (answer.rows(), 3500));
}

#[tokio::test]
async fn a_plan_that_cannot_be_is_refused_before_anything_runs() {
    let node = Node::start();
    let client = node.operator().await;
    let bad = RowStep::Parse(ParseAs::Regex("(".to_owned()));
    let answer = client.run(&planned(shell("touch ran"), vec![bad])).await;
    assert_eq!(answer.failed().code, ErrorCode::PLAN);
    assert!(!node.path("ran").exists());
    let steps = vec![RowStep::Take(1); 65];
    let answer = client.run(&planned(shell("touch ran"), steps)).await;
    assert_eq!(answer.failed().code, ErrorCode::MALFORMED);
    assert!(!node.path("ran").exists());
}

#[tokio::test]
async fn a_plan_over_a_column_that_is_not_there_fails_and_says_which() {
    let node = Node::start();
    let steps = vec![RowStep::Parse(ParseAs::Lines), over("use_pct", 1.0)];
    let answer = node
        .operator()
        .await
        .run(&planned(shell("echo a"), steps))
        .await;
    assert_eq!(answer.failed().code, ErrorCode::PLAN);
    assert!(answer.failed().text.contains("use_pct"));
}

#[tokio::test]
async fn noise_is_parsed_into_something_or_refused() {
    let node = Node::start();
    let client = node.operator().await;
    for parse in [
        ParseAs::Auto,
        ParseAs::Columns,
        ParseAs::Json,
        ParseAs::KeyValue,
        ParseAs::Csv,
    ] {
        let run = planned(
            shell("head -c 200000 /dev/urandom"),
            vec![RowStep::Parse(parse.clone())],
        );
        let answer = client.run(&run).await;
        if !matches!(answer.end, End::Done(_)) {
            assert_eq!(answer.failed().code, ErrorCode::PLAN, "{parse:?}");
        }
    }
    assert_eq!(client.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn the_row_of_a_command_tells_how_it_ended() {
    let node = Node::start();
    let steps = vec![RowStep::Where(Expr::Binary(
        BinaryOp::Ne,
        Box::new(column("rc")),
        Box::new(Expr::Literal(Value::Int(0))),
    ))];
    let client = node.operator().await;
    let sick = client.run(&planned(shell("exit 3"), steps.clone())).await;
    assert_eq!(sick.rows().len(), 1);
    let well = client.run(&planned(shell("exit 0"), steps)).await;
    assert_eq!(well.rows().len(), 0);
}
