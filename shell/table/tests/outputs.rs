//! What a command wrote, as expressions read it: without the newline that ends it, on the nodes, in
//! the shell and in SQL alike; and as it is where it is only shown.

use crate::common::{apply, column, compare, frame, group, keep_where, s, shown, values};
use hailer_lang::aggregate::{AggregateCall, AggregateFunction};
use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::row_plan::{Projection, RowPlan, RowStep};
use hailer_protocol::value::{DataType, Value};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = RowStep> {
    let op = prop_oneof![Just(BinaryOp::Eq), Just(BinaryOp::Ne), Just(BinaryOp::Lt)];
    let text = prop_oneof![Just("a"), Just("a\n"), Just("")];
    let projection = |name: &str| Projection {
        name: name.to_owned(),
        expr: column("out"),
    };
    prop_oneof![
        (op, text).prop_map(|(op, text)| RowStep::Where(compare("out", op, text))),
        Just(RowStep::Where(Expr::Matches {
            of: Box::new(column("out")),
            pattern: "^a$".to_owned(),
            negated: false,
        })),
        Just(RowStep::Select(vec![projection("out"), projection("x")])),
        Just(RowStep::Derive(vec![projection("x")])),
    ]
}

proptest! {
    #[test]
    fn a_node_and_the_shell_read_output_alike(
        texts in proptest::collection::vec("[a\n]{0,3}", 0..20),
        steps in proptest::collection::vec(step(), 1..3),
    ) {
        let rows = texts.iter().map(|t| vec![s(t)]).collect();
        let mut here = frame(&[("out", DataType::Str)], rows);
        let evaluator = Evaluator::new(&RowPlan { steps: steps.clone() }).unwrap();
        let there = evaluator.run(here.to_protocol_table()).unwrap().table.rows;
        for step in steps {
            here = apply(&here, &FleetStep::Row(step)).0;
        }
        prop_assert_eq!(shown(&here), there);
    }
}

#[test]
fn sql_and_agg_read_output_as_expressions_do_and_groups_are_as_they_were() {
    let rows = vec![vec![s("active\n")], vec![s("active")], vec![s("failed\n")]];
    let frame = frame(&[("out", DataType::Str)], rows);
    let sql = |query: &str| FleetStep::Sql {
        query: query.to_owned(),
        results: Vec::new(),
    };
    let (counted, _) = apply(
        &frame,
        &sql("SELECT count(*) AS n FROM self WHERE out <> 'active'"),
    );
    assert_eq!(values(&counted, "n"), [Value::Int(1)]);
    let (kept, _) = apply(&frame, &keep_where(compare("out", BinaryOp::Ne, "active")));
    assert_eq!(values(&kept, "out"), [s("failed\n")]);
    let first = AggregateCall {
        name: "x".to_owned(),
        function: AggregateFunction::First,
        argument: Some(column("out")),
    };
    let (first, _) = apply(
        &frame,
        &FleetStep::Agg {
            calls: vec![first],
            by: Vec::new(),
        },
    );
    assert_eq!(values(&first, "x"), [s("active")]);
    let (groups, _) = apply(&frame, &group(&["out"]));
    assert_eq!(groups.len(), 3);
}
