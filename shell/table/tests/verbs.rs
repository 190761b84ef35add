//! Fleet verbs over small tables: what they give, in which order, and whose rows they are.

use crate::common::{
    Names, apply, column, compare, count, frame, group, keep_where, s, shown, table, try_apply,
    values,
};
use hailer_lang::fleet_plan::{FleetStep, SortKey};
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::row_plan::{ParseAs, Projection, RowStep};
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame, TableError};

fn sort(keys: &[(&str, bool)]) -> FleetStep {
    FleetStep::Sort {
        keys: keys
            .iter()
            .map(|(name, descending)| SortKey {
                expr: column(name),
                descending: *descending,
            })
            .collect(),
    }
}

fn top(n: u64, by: Expr) -> FleetStep {
    FleetStep::Top { n, by }
}

fn projection(name: &str, expr: Expr) -> Projection {
    Projection {
        name: name.to_owned(),
        expr,
    }
}

/// Four nodes that ran a command; web002 failed.
fn command_result() -> Frame {
    let columns = [("out", DataType::Str), ("err", DataType::Str)];
    let parts = (0..4).map(|node| {
        let out = if node == 2 { "" } else { "a 1\nb 2\n" };
        (node, table(&columns, vec![vec![s(out), s("")]]))
    });
    let run = [
        Column::new("state", DataType::Str),
        Column::new("rc", DataType::Int),
    ];
    let mut ambient = Ambient::new(run, ["dc"]).unwrap();
    for node in 0..4 {
        let (state, rc) = if node == 2 { ("failed", 1) } else { ("ok", 0) };
        let dc = if node < 2 { "fra" } else { "ams" };
        ambient
            .insert(node, vec![s(state), Value::Int(rc), s(dc)])
            .unwrap();
    }
    let (frame, notes) = Frame::from_node_tables(parts, &ambient, &Names::new(4)).unwrap();
    assert!(notes.is_empty());
    frame
}

#[test]
fn the_odd_node_is_the_first_group_and_the_rest_is_one() {
    let (groups, _) = apply(&command_result(), &group(&[]));
    assert_eq!(values(&groups, "count"), [Value::Int(1), Value::Int(3)]);
    assert_eq!(
        values(&groups, "nodes"),
        [s("web002"), s("web000,web001,web003")]
    );
    assert_eq!(values(&groups, "state"), [s("failed"), s("ok")]);
    assert_eq!(groups.provenance(1), Some(&[0, 1, 3][..]));
}

#[test]
fn group_without_columns_needs_the_result_of_a_command() {
    let parsed = frame(&[("a", DataType::Int)], vec![vec![Value::Int(1)]]);
    let error = try_apply(&parsed, &group(&[])).unwrap_err();
    assert_eq!(error, TableError::NoDefaultGroup { missing: "state" });
    assert!(error.hint().unwrap().contains("group by"));
}

#[test]
fn a_hidden_label_can_be_counted_and_null_is_a_group() {
    let (counted, _) = apply(&command_result(), &count(&["dc"]));
    // Equal counts are in the order of the key.
    assert_eq!(
        shown(&counted),
        [vec![s("ams"), Value::Int(2)], vec![s("fra"), Value::Int(2)]]
    );
    let with_null = frame(
        &[("x", DataType::Int)],
        vec![vec![Value::Null], vec![Value::Int(1)], vec![Value::Null]],
    );
    let (counted, _) = apply(&with_null, &count(&["x"]));
    assert_eq!(
        shown(&counted),
        [
            vec![Value::Null, Value::Int(2)],
            vec![Value::Int(1), Value::Int(1)]
        ]
    );
    // A number is of no node: nobody can be acted on because of it.
    assert_eq!(counted.provenance(0), None);
}

#[test]
fn count_without_columns_counts_rows_and_no_rows_are_zero() {
    let (counted, _) = apply(&command_result(), &count(&[]));
    assert_eq!(shown(&counted), [vec![Value::Int(4)]]);
    assert_eq!(counted.provenance(0), None);
    let empty = frame(&[("x", DataType::Int)], vec![]);
    let (counted, _) = apply(&empty, &count(&[]));
    assert_eq!(shown(&counted), [vec![Value::Int(0)]]);
    assert_eq!(counted.provenance(0), None);
}

#[test]
fn every_verb_takes_an_empty_table() {
    let empty = frame(&[("x", DataType::Size), ("y", DataType::Null)], vec![]);
    for step in [
        group(&["x", "y"]),
        count(&["y"]),
        sort(&[("x", false), ("y", true)]),
        top(3, column("y")),
        FleetStep::Take(1),
        FleetStep::Row(RowStep::Take(1)),
        keep_where(compare("x", BinaryOp::Gt, 1_i64)),
    ] {
        let (result, _) = apply(&empty, &step);
        assert_eq!(result.len(), 0, "{step:?}");
    }
}

#[test]
fn a_key_keeps_its_unit_and_its_heading() {
    let mut size = Column::new("size", DataType::Size);
    size.heading = Some("1K-blocks".to_owned());
    let rows = vec![hailer_table::FrameRow {
        node: Some(0),
        values: vec![Value::Size(1024)],
    }];
    let columns = vec![hailer_table::FrameColumn::shown(size)];
    let (frame, _) = Frame::from_rows(columns, rows).unwrap();
    let (grouped, _) = apply(&frame, &group(&["size"]));
    assert_eq!(grouped.value(0, 0), Value::Size(1024));
    assert_eq!(grouped.columns()[0].column.heading(), "1K-blocks");
}

#[test]
fn columns_named_like_verbs_and_counts_stay_apart() {
    let odd = frame(
        &[
            ("count", DataType::Int),
            ("nodes", DataType::Str),
            ("where", DataType::Int),
        ],
        vec![vec![Value::Int(7), s("x"), Value::Int(1)]; 2],
    );
    let (grouped, _) = apply(&odd, &group(&["count", "nodes", "where"]));
    let names: Vec<&str> = grouped
        .columns()
        .iter()
        .map(|c| c.column.name.as_str())
        .collect();
    assert_eq!(names, ["count", "nodes", "where", "count_2", "nodes_2"]);
    assert_eq!(values(&grouped, "count_2"), [Value::Int(2)]);
    for name in ["*", "^.*$", "", "0", "#row"] {
        let odd = frame(
            &[(name, DataType::Int), ("b", DataType::Int)],
            vec![vec![Value::Int(1); 2]; 3],
        );
        let (counted, _) = apply(&odd, &count(&[name]));
        assert_eq!(
            shown(&counted),
            [vec![Value::Int(1), Value::Int(3)]],
            "{name:?}"
        );
    }
}

#[test]
fn sort_is_stable_and_nulls_go_last_both_ways() {
    let rows = [
        (Some(2), 0),
        (None, 1),
        (Some(1), 2),
        (Some(2), 3),
        (Some(1), 4),
    ];
    let rows = rows
        .map(|(x, i)| vec![Value::from(x), Value::Int(i)])
        .to_vec();
    let frame = frame(&[("x", DataType::Int), ("i", DataType::Int)], rows);
    for (descending, expected) in [(false, [2, 4, 0, 3, 1]), (true, [0, 3, 2, 4, 1])] {
        let (sorted, _) = apply(&frame, &sort(&[("x", descending)]));
        assert_eq!(values(&sorted, "i"), expected.map(Value::Int));
        assert_eq!(sorted.provenance(4), Some(&[1][..]));
    }
}

#[test]
fn sizes_sort_as_numbers_not_as_text() {
    let sizes = [2 << 30, 900, 10 << 20]
        .map(|n| vec![Value::Size(n)])
        .to_vec();
    let (sorted, _) = apply(
        &frame(&[("size", DataType::Size)], sizes),
        &sort(&[("size", false)]),
    );
    assert_eq!(
        values(&sorted, "size"),
        [900, 10 << 20, 2 << 30].map(Value::Size)
    );
}

#[test]
fn top_ranks_by_an_expression_and_leaves_out_what_has_no_rank() {
    let rows = [Some(1.0), None, Some(3.0), Some(f64::NAN), Some(3.0)];
    let rows = rows.map(|x| vec![Value::from(x)]).to_vec();
    let frame = frame(&[("x", DataType::Float)], rows);
    let doubled = Expr::Binary(
        BinaryOp::Mul,
        Box::new(column("x")),
        Box::new(Expr::Literal(Value::Int(2))),
    );
    let (two, notes) = apply(&frame, &top(2, doubled));
    assert_eq!(
        (two.provenance(0), two.provenance(1)),
        (Some(&[2][..]), Some(&[4][..]))
    );
    assert!(
        notes.is_empty(),
        "rows without a rank had no place among these: {notes:?}"
    );
    let (all, notes) = apply(&frame, &top(9, column("x")));
    assert_eq!(all.len(), 3);
    assert_eq!(
        notes[0].as_str(),
        "top: 2 rows have no value to rank by; left out"
    );
}

#[test]
fn take_is_for_the_fleet_and_take_per_node_for_each_node() {
    let columns = [("i", DataType::Int)];
    let part = |node, from: i64| {
        let rows = (from..from + 3).map(|i| vec![Value::Int(i)]).collect();
        (node, table(&columns, rows))
    };
    let ambient = Ambient::default();
    // Parts arrive in any order; rows are in the order of nodes.
    let parts = [part(1, 10), part(0, 0), part(1, 20)];
    let (frame, _) = Frame::from_node_tables(parts, &ambient, &Names::new(2)).unwrap();
    let (taken, _) = apply(&frame, &FleetStep::Take(2));
    assert_eq!(values(&taken, "i"), [0, 1].map(Value::Int));
    let (taken, _) = apply(&frame, &FleetStep::Row(RowStep::Take(2)));
    assert_eq!(values(&taken, "i"), [0, 1, 10, 11].map(Value::Int));
    assert_eq!(
        values(&taken, "node"),
        ["web000", "web000", "web001", "web001"].map(s)
    );
}

#[test]
fn where_reads_labels_and_keeps_the_nodes_of_its_rows() {
    let (kept, _) = apply(
        &command_result(),
        &keep_where(compare("label.dc", BinaryOp::Eq, "ams")),
    );
    assert_eq!(values(&kept, "node"), [s("web002"), s("web003")]);
    assert_eq!(kept.nodes(), [2, 3]);
    // It works on a group's columns too, and the group keeps all its nodes.
    let (groups, _) = apply(&command_result(), &group(&["dc"]));
    let (kept, _) = apply(&groups, &keep_where(compare("dc", BinaryOp::Eq, "ams")));
    assert_eq!(kept.provenance(0), Some(&[2, 3][..]));
}

#[test]
fn parse_over_a_kept_result_gives_rows_of_the_same_nodes() {
    let pattern = r"^(?P<name>\w+) (?P<n>\d+)$".to_owned();
    let parse = FleetStep::Row(RowStep::Parse(ParseAs::Regex(pattern)));
    let (parsed, _) = apply(&command_result(), &parse);
    assert_eq!(parsed.nodes(), [0, 1, 3]);
    assert_eq!(
        values(&parsed, "name"),
        ["a", "b", "a", "b", "a", "b"].map(s)
    );
    let names: Vec<&str> = parsed
        .shown_columns()
        .map(|(_, c)| c.column.name.as_str())
        .collect();
    assert_eq!(names, ["node", "name", "n"]);
    // What is known of the node is still there for the next verb.
    let (counted, _) = apply(&parsed, &count(&["dc"]));
    assert_eq!(
        shown(&counted),
        [vec![s("fra"), Value::Int(4)], vec![s("ams"), Value::Int(2)]]
    );
}

#[test]
fn select_shows_what_it_names_and_node_and_keeps_labels_reachable() {
    let step = FleetStep::Row(RowStep::Select(vec![
        projection("rc", column("rc")),
        projection(
            "twice",
            Expr::Binary(
                BinaryOp::Mul,
                Box::new(column("rc")),
                Box::new(Expr::Literal(Value::Int(2))),
            ),
        ),
        projection("centre", column("dc")),
    ]));
    let (selected, _) = apply(&command_result(), &step);
    let names: Vec<&str> = selected
        .shown_columns()
        .map(|(_, c)| c.column.name.as_str())
        .collect();
    assert_eq!(names, ["node", "rc", "twice", "centre"]);
    assert_eq!(values(&selected, "twice"), [0, 0, 2, 0].map(Value::Int));
    assert!(selected.index_of("out").is_none());
    assert!(selected.index_of("state").is_some() && selected.index_of("dc").is_some());
}

#[test]
fn derive_adds_replaces_and_never_takes_a_label_away() {
    let step = FleetStep::Row(RowStep::Derive(vec![
        projection("dc", column("out")),
        projection("err", Expr::Literal(Value::Int(5))),
    ]));
    let (derived, _) = apply(&command_result(), &step);
    assert_eq!(
        derived.value(0, derived.index_of("dc").unwrap()),
        s("a 1\nb 2")
    );
    assert_eq!(
        values(&derived, "label.dc"),
        ["fra", "fra", "ams", "ams"].map(s)
    );
    assert_eq!(values(&derived, "err"), [5; 4].map(Value::Int));
    assert_eq!(derived.nodes(), [0, 1, 2, 3]);
}

#[test]
fn a_nodes_own_column_cannot_pose_as_the_name_of_a_node() {
    let parts = [(
        0,
        table(
            &[("node", DataType::Str), ("state", DataType::Str)],
            vec![vec![s("web003"), s("ESTAB")]],
        ),
    )];
    let mut ambient = Ambient::new([Column::new("state", DataType::Str)], [""; 0]).unwrap();
    ambient.insert(0, vec![s("ok")]).unwrap();
    let (frame, _) = Frame::from_node_tables(parts, &ambient, &Names::new(4)).unwrap();
    // The row's columns have the bare names, as they had on the node; ours stay, shown and first.
    assert_eq!(values(&frame, "run.node"), [s("web000")]);
    assert_eq!(shown(&frame)[0], [s("web000"), s("web003"), s("ESTAB")]);
    assert_eq!(values(&frame, "run.state"), [s("ok")]);
    assert_eq!(frame.provenance(0), Some(&[0][..]));
}

#[test]
fn unlike_types_across_nodes_are_text_and_said() {
    let parts = [
        (
            0,
            table(&[("load", DataType::Float)], vec![vec![Value::Float(0.5)]]),
        ),
        (1, table(&[("load", DataType::Str)], vec![vec![s("n/a")]])),
        (
            2,
            table(&[("load", DataType::Int)], vec![vec![Value::Int(2)]]),
        ),
    ];
    let (frame, notes) =
        Frame::from_node_tables(parts, &Ambient::default(), &Names::new(3)).unwrap();
    assert_eq!(values(&frame, "load"), ["0.5", "n/a", "2"].map(s));
    assert_eq!(notes.len(), 1);
    let parts = [
        (
            0,
            table(&[("load", DataType::Float)], vec![vec![Value::Float(0.5)]]),
        ),
        (
            2,
            table(&[("load", DataType::Int)], vec![vec![Value::Int(2)]]),
        ),
    ];
    let (frame, notes) =
        Frame::from_node_tables(parts, &Ambient::default(), &Names::new(3)).unwrap();
    assert_eq!(values(&frame, "load"), [0.5, 2.0].map(Value::Float));
    assert!(notes.is_empty());
}

#[test]
fn an_unknown_column_is_an_error_that_names_the_nearest() {
    for step in [
        sort(&[("stat", false)]),
        count(&["stat"]),
        top(1, column("stat")),
        keep_where(compare("stat", BinaryOp::Eq, "ok")),
    ] {
        let error = try_apply(&command_result(), &step).unwrap_err();
        assert_eq!(
            error.hint().as_deref(),
            Some("did you mean `state`?"),
            "{error}"
        );
    }
}

#[test]
fn one_nodes_unreadable_output_costs_its_own_rows_and_is_said() {
    let result = frame(
        &[("out", DataType::Str)],
        vec![vec![s("{\"a\": 1}")], vec![s("no json at all")]],
    );
    let json = FleetStep::Row(RowStep::Parse(ParseAs::Json));
    let (parsed, notes) = apply(&result, &json);
    assert_eq!(values(&parsed, "a"), [Value::Int(1)]);
    assert_eq!(parsed.nodes(), [0]);
    assert!(
        notes
            .iter()
            .any(|n| n.as_str().starts_with("1 of 2 outputs could not be read")),
        "{notes:?}"
    );
    // Where nothing can be read there is no table to show.
    let result = frame(&[("out", DataType::Str)], vec![vec![s("no json at all")]]);
    assert!(matches!(
        try_apply(&result, &json),
        Err(TableError::Evaluate { verb: "parse", .. })
    ));
}
