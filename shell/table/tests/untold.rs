//! Rows that never came: where no node told a column, verbs take the names that they read; where
//! one did, a name that is none is an error.

use crate::common::{Names, apply, column, count, group, keep_where, s, shown, table, try_apply};
use hailer_lang::aggregate::{AggregateCall, AggregateFunction};
use hailer_lang::fleet_plan::{Beside, FleetStep, SortKey};
use hailer_protocol::expr::Expr;
use hailer_protocol::row_plan::{Projection, RowStep};
use hailer_protocol::table::Table;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame, NodeId, TableError};

/// Rows of two nodes that are labelled `dc`.
fn answered(parts: Vec<(NodeId, Table)>) -> Frame {
    let mut ambient = Ambient::new(Vec::new(), ["dc"]).unwrap();
    for node in 0..2 {
        ambient.insert(node, vec![s("fra")]).unwrap();
    }
    let made = Frame::from_node_tables(parts, &ambient, &Names::new(2));
    made.unwrap().0
}

fn sort(name: &str) -> FleetStep {
    let expr = column(name);
    let descending = false;
    let keys = vec![SortKey { expr, descending }];
    FleetStep::Sort { keys }
}

fn projections() -> Vec<Projection> {
    let expr = Expr::IsNull {
        of: Box::new(column("b")),
        negated: false,
    };
    let name = "c".to_owned();
    vec![Projection { name, expr }]
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn sum_of_a(by: &[&str]) -> FleetStep {
    let function = AggregateFunction::by_name("sum").unwrap();
    let call = AggregateCall {
        name: "total".to_owned(),
        function,
        argument: Some(column("a")),
    };
    FleetStep::Agg {
        calls: vec![call],
        by: strings(by),
    }
}

fn sql(query: &str) -> FleetStep {
    FleetStep::Sql {
        query: query.to_owned(),
        results: Vec::new(),
    }
}

fn names(frame: &Frame) -> String {
    let names = frame.shown_columns().map(|(_, c)| c.column.name.as_str());
    names.collect::<Vec<_>>().join(" ")
}

/// Carries out verbs one after the other; returns the shown columns, and what is said.
fn through(frame: Frame, steps: &[FleetStep]) -> (Frame, String) {
    let mut said = Vec::new();
    let mut frame = frame;
    for step in steps {
        let (next, notes) = apply(&frame, step);
        said.extend(notes.iter().map(ToString::to_string));
        frame = next;
    }
    (frame, said.join("; "))
}

#[test]
fn where_no_node_told_a_column_every_verb_takes_those_that_it_names() {
    let unsure =
        |names: &str| format!("no node told its columns, so whether {names} is one is not known");
    let filter = keep_where(Expr::IsNull {
        of: Box::new(column("a")),
        negated: true,
    });
    let derive = FleetStep::Row(RowStep::Derive(projections()));
    let select = FleetStep::Row(RowStep::Select(projections()));
    let uniq = FleetStep::Uniq {
        by: strings(&["a"]),
    };
    let top = FleetStep::Top {
        n: 3,
        by: column("a"),
    };
    let cases: Vec<(Vec<FleetStep>, &str, String)> = vec![
        (vec![sort("a")], "node a", unsure("`a`")),
        (vec![top], "node a", unsure("`a`")),
        (vec![uniq], "node a", unsure("`a`")),
        (vec![group(&["a"])], "a count nodes", unsure("`a`")),
        (vec![count(&["a", "dc"])], "a dc count", unsure("`a`")),
        (vec![derive.clone()], "node b c", unsure("`b`")),
        (vec![select], "node c", unsure("`b`")),
        (vec![sum_of_a(&["b"])], "b total", unsure("`b`, `a`")),
        (
            vec![sql("SELECT a, b FROM self")],
            "a b",
            unsure("`a`, `b`"),
        ),
        (
            vec![filter, FleetStep::Take(3), derive, sort("d")],
            "node a b c d",
            ["`a`", "`b`", "`d`"].map(unsure).join("; "),
        ),
    ];
    let nobody = || answered(Vec::new());
    let silent = || answered(vec![(0, Table::default()), (1, Table::default())]);
    for (steps, expected, told) in cases {
        for frame in [nobody(), silent()] {
            let (made, said) = through(frame, &steps);
            assert_eq!(
                (names(&made).as_str(), made.len()),
                (expected, 0),
                "{steps:?}"
            );
            assert_eq!(said, told, "{steps:?}");
        }
    }
}

#[test]
fn an_aggregate_of_all_rows_is_one_row_even_without_any() {
    let (made, _) = apply(&answered(Vec::new()), &sum_of_a(&[]));
    assert_eq!(shown(&made), [vec![Value::Null]]);
    let (made, notes) = apply(&answered(Vec::new()), &count(&[]));
    assert_eq!(shown(&made), [vec![Value::Int(0)]]);
    assert!(notes.is_empty());
}

#[test]
fn rows_that_were_filtered_away_leave_their_columns_behind() {
    let columns = [("a", DataType::Int)];
    let frame = answered(vec![(0, table(&columns, Vec::new()))]);
    let (made, said) = through(frame.clone(), &[sort("a"), count(&["a"])]);
    assert_eq!((names(&made).as_str(), said.as_str()), ("a count", ""));
    let error = try_apply(&frame, &sort("b")).unwrap_err();
    assert!(matches!(error, TableError::UnknownColumn { .. }), "{error}");
    assert_eq!(error.hint().unwrap(), "did you mean `a`?");
}

#[test]
fn a_join_with_rows_that_never_came_matches_nothing() {
    let columns = [("a", DataType::Int)];
    let left = answered(vec![(0, table(&columns, vec![vec![Value::Int(1)]]))]);
    let mut around = Names::new(2);
    around.results = vec![answered(Vec::new())];
    let step = FleetStep::Join {
        with: Beside::Result(1),
        by: strings(&["a"]),
        is_left: false,
    };
    let (made, notes) = left.apply(&step, &around).unwrap();
    assert!(made.is_empty());
    assert!(notes[0].as_str().contains("1 of 1 rows has no match in $1"));
}
