//! `why`: who is odd, what sets them apart, and how much that is worth.

use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::expr::BinaryOp;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame, Note, TableError};

use crate::common::{Names, compare, keep_where, s, table, values};

/// Forty nodes: the racks hold eight each, every other is in ams, all answered.
fn fleet() -> Names {
    let mut names = Names::new(40);
    names.answered = (0..40).collect();
    let racks = ["r1", "r2", "r3", "r4", "r5"];
    let of = |f: &dyn Fn(usize) -> Option<&'static str>| (0..40).map(f).collect::<Vec<_>>();
    names.labels.insert("rack", of(&|n| Some(racks[n / 8])));
    names
        .labels
        .insert("dc", of(&|n| Some(["ams", "fra"][n % 2])));
    names
        .labels
        .insert("spare", of(&|n| (n > 2).then_some("no")));
    names
}

/// What a command answered on each node.
fn said(of: impl Fn(u32) -> &'static str) -> Frame {
    let columns = [
        ("state", DataType::Str),
        ("rc", DataType::Int),
        ("out", DataType::Str),
    ];
    let parts = (0..40).map(|node| {
        let row = vec![s("ok"), Value::Int(0), s(of(node))];
        (node, table(&columns, vec![row]))
    });
    frame(parts)
}

/// Rows with a kernel and an uptime.
fn facts(of: impl Fn(u32) -> (&'static str, i64)) -> Frame {
    let columns = [("kernel", DataType::Str), ("uptime", DataType::Int)];
    let parts = (0..40).map(|node| {
        let (kernel, uptime) = of(node);
        (
            node,
            table(&columns, vec![vec![s(kernel), Value::Int(uptime)]]),
        )
    });
    frame(parts)
}

fn frame(parts: impl Iterator<Item = (u32, hailer_protocol::table::Table)>) -> Frame {
    let ambient = Ambient::new([], Vec::<String>::new()).unwrap();
    Frame::from_node_tables(parts, &ambient, &Names::new(40))
        .unwrap()
        .0
}

fn why(frame: &Frame, by: &[&str], around: &Names) -> Result<(Frame, Vec<Note>), TableError> {
    let step = FleetStep::Why {
        by: by.iter().map(|c| (*c).to_owned()).collect(),
    };
    frame.clone().apply(&step, around)
}

fn texts(frame: &Frame, name: &str) -> Vec<String> {
    let text = |value: &Value| hailer_protocol::units::display_value(value);
    values(frame, name).iter().map(text).collect()
}

fn notes(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(Note::as_str).collect()
}

#[test]
fn a_rack_whose_nodes_are_the_odd_ones_comes_first_with_certainty() {
    let frame = said(|node| if node / 8 == 3 { "old" } else { "new" });
    let (rows, said) = why(&frame, &[], &fleet()).unwrap();
    assert_eq!(texts(&rows, "column")[0], "rack");
    assert_eq!(texts(&rows, "value")[0], "r4");
    assert_eq!(values(&rows, "in_odd")[0], Value::Int(8));
    assert_eq!(values(&rows, "in_rest")[0], Value::Int(0));
    assert_eq!(values(&rows, "odd_share")[0], Value::Percent(100.0));
    assert_eq!(values(&rows, "score")[0], Value::Float(1.0));
    assert_eq!(values(&rows, "chance")[0], Value::Percent(0.0));
    assert_eq!(rows.provenance(0).unwrap(), (24..32).collect::<Vec<u32>>());
    assert_eq!(said.len(), 1, "nothing is doubtful");
    assert!(said[0].as_str().starts_with("why: 8 odd nodes, web024,"));
    assert!(said[0].as_str().ends_with(", compared with 32"));
}

#[test]
fn one_odd_node_is_said_to_prove_little() {
    let frame = said(|node| if node == 9 { "old" } else { "new" });
    let (rows, said) = why(&frame, &[], &fleet()).unwrap();
    assert_eq!(texts(&rows, "value")[0], "r2");
    assert_eq!(
        notes(&said),
        [
            "why: 1 odd node, web009, compared with 39",
            "why: with 1 odd and 9 values tried, chance alone may explain all of this"
        ]
    );
}

#[test]
fn rows_that_a_where_left_are_odd_and_the_other_nodes_that_answered_are_the_rest() {
    let all = facts(|node| (if node < 3 { "5.10" } else { "6.1" }, 7));
    let left = keep_where(compare("kernel", BinaryOp::Eq, "5.10"));
    let mut around = fleet();
    around.answered.retain(|node| *node != 39);
    let (odd, _) = all.apply(&left, &around).unwrap();
    let (rows, said) = why(&odd, &[], &around).unwrap();
    assert_eq!(
        texts(&rows, "column")[0],
        "spare",
        "a label that is missing"
    );
    assert_eq!(values(&rows, "value")[0], Value::Null);
    assert_eq!(
        said[0].as_str(),
        "why: 3 odd nodes, web000,web001,web002, compared with 36"
    );
    let error = why(&odd, &["kernel"], &around).unwrap_err();
    assert_eq!(
        error.to_string(),
        "why: the rest have no rows here, so `kernel` cannot be compared"
    );
    assert!(
        why(&odd, &["rack"], &around).is_ok(),
        "labels are known of all"
    );
    around.scope = Some((0..20).collect());
    let (_, said) = why(&odd, &[], &around).unwrap();
    assert!(said[0].as_str().ends_with("compared with 17"));
}

#[test]
fn named_columns_of_all_rows_are_compared_and_numbers_are_split_where_it_tells_most() {
    let columns = [
        ("state", DataType::Str),
        ("out", DataType::Str),
        ("temp", DataType::Int),
    ];
    let parts = (0..40).map(|node| {
        let out = if node % 10 == 0 { "slow" } else { "fast" };
        let temp = if node % 10 == 0 { 90 } else { 40 } + i64::from(node / 10);
        (
            node,
            table(&columns, vec![vec![s("ok"), s(out), Value::Int(temp)]]),
        )
    });
    // The temperature is not what they said; answers are compared by what commands answer.
    let frame = frame(parts);
    let (rows, _) = why(&frame, &["temp"], &fleet()).unwrap();
    assert_eq!(
        texts(&rows, "value").len(),
        4,
        "few values are told one by one"
    );
    let many = (0..40).map(|node| {
        let odd = node % 10 == 0;
        let row = vec![
            s("ok"),
            s(if odd { "slow" } else { "fast" }),
            Value::Int(i64::from(node) + if odd { 500 } else { 0 }),
        ];
        (node, table(&columns, vec![row]))
    });
    let (rows, _) = why(&self::frame(many), &["temp", "rack"], &fleet()).unwrap();
    assert_eq!(texts(&rows, "column")[0], "temp");
    assert_eq!(texts(&rows, "value")[0], ">= 500");
    assert_eq!(values(&rows, "score")[0], Value::Float(1.0));
}

#[test]
fn facts_beside_the_answers_are_compared_without_being_named() {
    let columns = [
        ("state", DataType::Str),
        ("out", DataType::Str),
        ("kernel", DataType::Str),
    ];
    let parts = (0..40).map(|node| {
        let odd = [3, 17, 30].contains(&node);
        let row = vec![
            s("ok"),
            s(if odd { "no" } else { "yes" }),
            s(if odd { "5.10" } else { "6.1" }),
        ];
        (node, table(&columns, vec![row]))
    });
    let (rows, _) = why(&frame(parts), &[], &fleet()).unwrap();
    assert_eq!(texts(&rows, "column")[0], "kernel");
}

#[test]
fn nobody_odd_and_nobody_else_are_said() {
    let (rows, said) = why(&said(|_| "same"), &[], &fleet()).unwrap();
    assert!(rows.is_empty());
    assert_eq!(notes(&said), ["why: no node is odd; 40 nodes agree"]);
    let none = facts(|_| ("6.1", 1))
        .apply(
            &keep_where(compare("kernel", BinaryOp::Eq, "none")),
            &fleet(),
        )
        .unwrap()
        .0;
    let (rows, said) = why(&none, &[], &fleet()).unwrap();
    assert!(rows.is_empty());
    assert_eq!(notes(&said), ["why: no node is odd; 40 nodes agree"]);
    let error = why(&said_half(), &[], &fleet()).unwrap_err();
    assert!(matches!(error, TableError::NoMajority { nodes: 20, .. }));
}

fn said_half() -> Frame {
    said(|node| if node < 20 { "a" } else { "b" })
}

#[test]
fn a_column_that_is_not_there_is_named_with_the_nearest() {
    let frame = facts(|node| (if node < 3 { "5.10" } else { "6.1" }, 7));
    let error = why(&frame, &["kernal"], &fleet()).unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean `kernel`?");
}

#[test]
fn rows_of_no_node_cannot_be_asked() {
    let columns = vec![hailer_table::FrameColumn::shown(
        hailer_protocol::table::Column::new("a", DataType::Int),
    )];
    let rows = vec![hailer_table::FrameRow {
        node: None,
        values: vec![Value::Int(1)],
    }];
    let (frame, _) = Frame::from_rows(columns, rows).unwrap();
    let error = why(&frame, &[], &fleet()).unwrap_err();
    assert_eq!(error.to_string(), "why: the rows come from no node");
}
