//! `agg` and `uniq` over small tables: what they give, of which type, in which order, of whose rows.

use crate::common::{apply, column, compare, frame, s, shown, try_apply, values};
use hailer_lang::aggregate::{AggregateCall, AggregateFunction};
use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Frame, FrameColumn, FrameRow, TableError};

/// `agg` of functions of columns; a function alone has no argument.
fn agg(calls: &[(&str, Option<Expr>)], by: &[&str]) -> FleetStep {
    let call = |(function, argument): &(&str, Option<Expr>)| {
        let function = AggregateFunction::by_name(function).unwrap();
        AggregateCall {
            name: function.default_name(argument.as_ref()),
            function,
            argument: argument.clone(),
        }
    };
    FleetStep::Agg {
        calls: calls.iter().map(call).collect(),
        by: by.iter().map(|b| (*b).to_owned()).collect(),
    }
}

fn of(function: &'static str, name: &str) -> (&'static str, Option<Expr>) {
    (function, Some(column(name)))
}

fn uniq(by: &[&str]) -> FleetStep {
    FleetStep::Uniq {
        by: by.iter().map(|b| (*b).to_owned()).collect(),
    }
}

fn data_type(frame: &Frame, name: &str) -> DataType {
    frame.columns()[frame.index_of(name).unwrap()]
        .column
        .data_type
}

/// Disks of three nodes.
fn disks() -> Frame {
    let columns = [
        ("dc", DataType::Str),
        ("size", DataType::Size),
        ("use_pct", DataType::Percent),
        ("up", DataType::Duration),
        ("at", DataType::Time),
        ("ok", DataType::Bool),
        ("load", DataType::Float),
        ("n", DataType::Int),
    ];
    let row = |dc: &str, n: i64| {
        vec![
            s(dc),
            Value::Size(n * 1024),
            Value::Percent(n as f64),
            Value::Duration(n * 1_000_000_000),
            Value::Time(n),
            Value::Bool(n > 1),
            Value::Float(n as f64 / 2.0),
            Value::Int(n),
        ]
    };
    frame(&columns, vec![row("fra", 2), row("ams", 1), row("fra", 4)])
}

#[test]
fn a_unit_stays_what_it_is() {
    for (function, name, expected) in [
        ("mean", "size", Value::Size(3072)),
        ("sum", "size", Value::Size(6144)),
        ("p50", "size", Value::Size(3072)),
        ("stddev", "size", Value::Size(1448)),
        ("mean", "use_pct", Value::Percent(3.0)),
        ("max", "use_pct", Value::Percent(4.0)),
        ("sum", "up", Value::Duration(6_000_000_000)),
        ("mean", "up", Value::Duration(3_000_000_000)),
        ("max", "at", Value::Time(4)),
        ("mean", "at", Value::Time(3)),
        ("stddev", "at", Value::Duration(1_414_214)),
        ("mean", "ok", Value::Percent(100.0)),
        ("sum", "ok", Value::Int(2)),
        ("mean", "load", Value::Float(1.5)),
        ("mean", "n", Value::Float(3.0)),
        ("sum", "n", Value::Int(6)),
        ("count", "n", Value::Int(2)),
        ("distinct", "dc", Value::Int(1)),
        ("list", "n", s("2, 4")),
        ("first", "size", Value::Size(2048)),
        ("last", "size", Value::Size(4096)),
    ] {
        let (result, notes) = apply(&disks(), &agg(&[of(function, name)], &["dc"]));
        let made = format!("{function}_{name}");
        assert_eq!(values(&result, "dc"), [s("ams"), s("fra")], "{made}");
        assert_eq!(values(&result, &made)[1], expected, "{made}");
        assert_eq!(data_type(&result, &made), expected.data_type(), "{made}");
        assert!(notes.is_empty(), "{made}: {notes:?}");
    }
}

#[test]
fn null_and_nan_are_no_values_and_nan_is_said() {
    let columns = [("x", DataType::Float)];
    let cells = [Some(1.0), None, Some(f64::NAN), Some(3.0)];
    let rows = cells.map(|c| vec![Value::from(c)]).to_vec();
    let frame = frame(&columns, rows);
    let calls = [
        ("count", None),
        of("count", "x"),
        of("mean", "x"),
        of("max", "x"),
        of("distinct", "x"),
        of("last", "x"),
    ];
    let (result, notes) = apply(&frame, &agg(&calls, &[]));
    let expected = vec![
        Value::Int(4),
        Value::Int(2),
        Value::Float(2.0),
        Value::Float(3.0),
        Value::Int(2),
        Value::Float(3.0),
    ];
    assert_eq!(shown(&result), [expected]);
    let notes: Vec<&str> = notes.iter().map(|n| n.as_str()).collect();
    assert_eq!(
        notes,
        ["agg: 1 of 4 values of `x` are not a number and are left out"]
    );
}

#[test]
fn an_argument_may_be_computed() {
    let twice = Expr::Binary(
        BinaryOp::Mul,
        Box::new(column("size")),
        Box::new(Expr::Literal(Value::Int(2))),
    );
    let (result, _) = apply(&disks(), &agg(&[("max", Some(twice))], &[]));
    assert_eq!(values(&result, "max"), [Value::Size(8192)]);
    let condition = compare("size", BinaryOp::Gt, Value::Size(1024));
    let (result, _) = apply(&disks(), &agg(&[("mean", Some(condition))], &[]));
    assert_eq!(data_type(&result, "mean"), DataType::Percent);
    let share = values(&result, "mean")[0].as_f64().unwrap();
    assert!((share - 200.0 / 3.0).abs() < 1e-9, "{share}");
}

#[test]
fn of_no_rows_there_is_one_row_or_none() {
    let empty = frame(&[("x", DataType::Size), ("dc", DataType::Str)], vec![]);
    let calls = [("count", None), of("sum", "x"), of("list", "dc")];
    let (result, _) = apply(&empty, &agg(&calls, &[]));
    assert_eq!(shown(&result), [[Value::Int(0), Value::Null, Value::Null]]);
    assert_eq!(result.provenance(0), None);
    let (result, _) = apply(&empty, &agg(&calls, &["dc"]));
    assert_eq!(result.len(), 0);
    assert_eq!(data_type(&result, "sum_x"), DataType::Size);
    assert_eq!(apply(&empty, &uniq(&[])).0.len(), 0);
}

#[test]
fn a_row_of_many_nodes_is_no_target_and_one_of_a_single_node_is() {
    let (by_dc, _) = apply(&disks(), &agg(&[of("max", "size")], &["dc"]));
    assert_eq!((by_dc.provenance(0), by_dc.provenance(1)), (None, None));

    let columns = vec![
        FrameColumn::node(),
        FrameColumn::shown(Column::new("size", DataType::Size)),
    ];
    let row = |node: u32, name: &str, size: i64| FrameRow {
        node: Some(node),
        values: vec![s(name), Value::Size(size)],
    };
    let rows = vec![row(2, "b", 1), row(1, "a", 2), row(2, "b", 3)];
    let (frame, _) = Frame::from_rows(columns, rows).unwrap();
    let (by_node, _) = apply(&frame, &agg(&[of("max", "size")], &["node"]));
    assert_eq!(
        shown(&by_node),
        [[s("a"), Value::Size(2)], [s("b"), Value::Size(3)]]
    );
    assert_eq!(by_node.provenance(0), Some(&[1][..]));
    assert_eq!(by_node.provenance(1), Some(&[2][..]));
    // What a node calls `node` is its text and no target.
    let forged = vec![FrameColumn::shown(Column::new("node", DataType::Str))];
    let rows = vec![FrameRow {
        node: Some(1),
        values: vec![s("b")],
    }];
    let (forged, _) = Frame::from_rows(forged, rows).unwrap();
    let (result, _) = apply(&forged, &agg(&[("count", None)], &["node"]));
    assert_eq!(result.provenance(0), None);
}

#[test]
fn what_cannot_be_computed_is_an_error_that_says_of_what() {
    let check = |frame: &Frame, calls: &[(&str, Option<Expr>)], expected: &str, hint: &str| {
        let error = try_apply(frame, &agg(calls, &[])).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let found = error.hint().unwrap_or_default();
        assert!(found.contains(hint), "{found}");
    };
    check(
        &disks(),
        &[of("sum", "dc")],
        "agg: `sum` cannot take `dc`, which is string",
        "`distinct`",
    );
    check(
        &disks(),
        &[of("p99", "ok")],
        "agg: `p99` cannot take `ok`, which is bool",
        "`mean`",
    );
    check(
        &disks(),
        &[of("sum", "at")],
        "agg: `sum` cannot take `at`, which is time",
        "no sum",
    );
    check(
        &disks(),
        &[of("sum", "sise")],
        "agg: the table has no column `sise`",
        "did you mean `size`?",
    );
    let large = [i64::MAX, 1].map(|n| vec![Value::Int(n)]).to_vec();
    check(
        &frame(&[("x", DataType::Int)], large),
        &[of("sum", "x")],
        "agg: the sum of `x` does not fit 64 bits",
        "float",
    );
}

#[test]
fn columns_may_be_called_like_verbs_and_have_quotes() {
    let columns = [("sort", DataType::Int), ("it's `so`", DataType::Int)];
    let frame = frame(&columns, vec![vec![Value::Int(1), Value::Int(2)]]);
    let (result, _) = apply(&frame, &agg(&[of("max", "it's `so`")], &["sort"]));
    assert_eq!(shown(&result), [[Value::Int(1), Value::Int(2)]]);
    assert_eq!(result.columns()[1].column.name, "max_it_s__so_");
}

#[test]
fn of_equal_rows_the_first_stays_with_its_own_node() {
    let columns = vec![
        FrameColumn::node(),
        FrameColumn::shown(Column::new("kernel", DataType::Str)),
        FrameColumn::label(Column::new("dc", DataType::Str)),
    ];
    let row = |node: u32, kernel: &str, dc: &str| FrameRow {
        node: Some(node),
        values: vec![Value::from(format!("n{node}")), s(kernel), s(dc)],
    };
    let rows = vec![
        row(1, "6.1", "fra"),
        row(2, "5.4", "ams"),
        row(3, "6.1", "ams"),
    ];
    let (frame, _) = Frame::from_rows(columns, rows).unwrap();
    let (result, _) = apply(&frame, &uniq(&[]));
    assert_eq!(shown(&result), [[s("n1"), s("6.1")], [s("n2"), s("5.4")]]);
    assert_eq!(result.provenance(0), Some(&[1][..]));
    // A label is not shown, and can be named.
    assert_eq!(apply(&frame, &uniq(&["dc", "kernel"])).0.len(), 3);
    assert_eq!(apply(&frame, &uniq(&["dc"])).0.len(), 2);
    let error = try_apply(&frame, &uniq(&["kernal"])).unwrap_err();
    assert!(matches!(
        error,
        TableError::UnknownColumn { verb: "uniq", .. }
    ));
}
