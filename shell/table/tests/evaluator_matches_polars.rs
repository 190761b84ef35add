//! The protocol's evaluator and polars must agree, or a `where` on a node and a `group` in the
//! shell would speak of different rows. Generated tables, one question, asked both ways.

use std::collections::BTreeMap;

use crate::common::{apply, column, compare, count, frame, group, keep_where, values};
use hailer_lang::fleet_plan::{FleetStep, SortKey};
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::value::{DataType, Value};
use hailer_table::Frame;
use polars::prelude::{self as pl, IntoColumn, IntoLazy, NamedFrom};
use proptest::prelude::*;

#[derive(Debug, Clone, PartialEq)]
struct Row {
    int: Option<i64>,
    float: Option<f64>,
    text: Option<String>,
    flag: Option<bool>,
}

/// Few distinct values, so that comparisons hit and groups fill; and the odd ones.
fn row() -> impl Strategy<Value = Row> {
    let int = prop_oneof![-3_i64..4, Just(i64::MIN), Just(i64::MAX)];
    let float = prop_oneof![
        (-3_i32..4).prop_map(|n| f64::from(n) / 2.0),
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::MIN_POSITIVE),
    ];
    let text = prop_oneof![
        "[ab]{0,2}",
        Just("é".to_owned()),
        Just("\u{1f600}".to_owned())
    ];
    (
        proptest::option::of(int),
        proptest::option::of(float),
        proptest::option::of(text),
        proptest::option::of(any::<bool>()),
    )
        .prop_map(|(int, float, text, flag)| Row {
            int,
            float,
            text,
            flag,
        })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec(row(), 0..40)
}

const COLUMNS: [(&str, DataType); 5] = [
    ("int", DataType::Int),
    ("float", DataType::Float),
    ("text", DataType::Str),
    ("flag", DataType::Bool),
    ("at", DataType::Int),
];

fn ours(rows: &[Row]) -> Frame {
    let values = rows
        .iter()
        .zip(0_i64..)
        .map(|(r, at)| {
            vec![
                r.int.into(),
                r.float.into(),
                r.text.clone().into(),
                r.flag.into(),
                Value::Int(at),
            ]
        })
        .collect();
    frame(&COLUMNS, values)
}

fn theirs(rows: &[Row]) -> pl::DataFrame {
    let ints: Vec<Option<i64>> = rows.iter().map(|r| r.int).collect();
    let floats: Vec<Option<f64>> = rows.iter().map(|r| r.float).collect();
    let texts: Vec<Option<String>> = rows.iter().map(|r| r.text.clone()).collect();
    let flags: Vec<Option<bool>> = rows.iter().map(|r| r.flag).collect();
    let at: Vec<i64> = (0..rows.len() as i64).collect();
    pl::DataFrame::new(
        rows.len(),
        vec![
            pl::Series::new("int".into(), ints).into_column(),
            pl::Series::new("float".into(), floats).into_column(),
            pl::Series::new("text".into(), texts).into_column(),
            pl::Series::new("flag".into(), flags).into_column(),
            pl::Series::new("at".into(), at).into_column(),
        ],
    )
    .unwrap()
}

/// Which rows are there, by their numbers.
fn ours_at(frame: &Frame) -> Vec<i64> {
    values(frame, "at")
        .into_iter()
        .map(|v| {
            let Value::Int(n) = v else { panic!("{v:?}") };
            n
        })
        .collect()
}

fn theirs_at(data: &pl::DataFrame) -> Vec<i64> {
    let at = data.column("at").unwrap().as_materialized_series();
    at.i64().unwrap().iter().flatten().collect()
}

#[derive(Debug, Clone)]
enum Operand {
    Int(i64),
    Float(f64),
    Text(String),
    Flag(bool),
}

impl Operand {
    fn of(column: &str, row: &Row) -> Self {
        match column {
            "int" => Self::Int(row.int.unwrap_or(0)),
            "float" => Self::Float(row.float.unwrap_or(0.5)),
            "text" => Self::Text(row.text.clone().unwrap_or_default()),
            _ => Self::Flag(row.flag.unwrap_or(true)),
        }
    }

    fn ours(&self) -> Value {
        match self {
            Self::Int(n) => Value::Int(*n),
            Self::Float(x) => Value::Float(*x),
            Self::Text(s) => Value::Str(s.clone()),
            Self::Flag(b) => Value::Bool(*b),
        }
    }

    fn theirs(&self) -> pl::Expr {
        match self {
            Self::Int(n) => pl::lit(*n),
            Self::Float(x) => pl::lit(*x),
            Self::Text(s) => pl::lit(s.clone()),
            Self::Flag(b) => pl::lit(*b),
        }
    }
}

fn polars_compare(name: &str, op: BinaryOp, operand: &Operand) -> pl::Expr {
    let (left, right) = (pl::col(name), operand.theirs());
    match op {
        BinaryOp::Eq => left.eq(right),
        BinaryOp::Ne => left.neq(right),
        BinaryOp::Lt => left.lt(right),
        BinaryOp::Le => left.lt_eq(right),
        BinaryOp::Gt => left.gt(right),
        BinaryOp::Ge => left.gt_eq(right),
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem => panic!("{op:?} is no comparison"),
    }
}

const COMPARISONS: [BinaryOp; 6] = [
    BinaryOp::Eq,
    BinaryOp::Ne,
    BinaryOp::Lt,
    BinaryOp::Le,
    BinaryOp::Gt,
    BinaryOp::Ge,
];

fn comparison() -> impl Strategy<Value = (&'static str, BinaryOp, Operand)> {
    let name = proptest::sample::select(vec!["int", "float", "text", "flag"]);
    let op = proptest::sample::select(COMPARISONS.to_vec());
    (name, op, row()).prop_map(|(name, op, row)| (name, op, Operand::of(name, &row)))
}

fn join(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    Expr::Binary(op, Box::new(a), Box::new(b))
}

proptest! {
    #[test]
    fn a_comparison_keeps_the_same_rows((name, op, operand) in comparison(), rows in rows()) {
        let (kept, _) = apply(&ours(&rows), &keep_where(compare(name, op, operand.ours())));
        let filtered = theirs(&rows).lazy().filter(polars_compare(name, op, &operand));
        prop_assert_eq!(ours_at(&kept), theirs_at(&filtered.collect().unwrap()));
    }

    #[test]
    fn and_or_and_not_know_three_truths_alike(
        (name_a, op_a, a) in comparison(),
        (name_b, op_b, b) in comparison(),
        is_and in any::<bool>(),
        negated in any::<bool>(),
        rows in rows(),
    ) {
        let op = if is_and { BinaryOp::And } else { BinaryOp::Or };
        let mut expr = join(op, compare(name_a, op_a, a.ours()), compare(name_b, op_b, b.ours()));
        let (left, right) = (polars_compare(name_a, op_a, &a), polars_compare(name_b, op_b, &b));
        let mut polars_expr = if is_and { left.and(right) } else { left.or(right) };
        if negated {
            expr = Expr::Unary(hailer_protocol::expr::UnaryOp::Not, Box::new(expr));
            polars_expr = polars_expr.not();
        }
        let (kept, _) = apply(&ours(&rows), &keep_where(expr));
        let filtered = theirs(&rows).lazy().filter(polars_expr).collect().unwrap();
        prop_assert_eq!(ours_at(&kept), theirs_at(&filtered));
    }

    #[test]
    fn null_is_found_alike(negated in any::<bool>(), rows in rows()) {
        let expr = Expr::IsNull { of: Box::new(column("float")), negated };
        let theirs_expr = if negated { pl::col("float").is_not_null() } else { pl::col("float").is_null() };
        let (kept, _) = apply(&ours(&rows), &keep_where(expr));
        let filtered = theirs(&rows).lazy().filter(theirs_expr).collect().unwrap();
        prop_assert_eq!(ours_at(&kept), theirs_at(&filtered));
    }

    #[test]
    fn sort_is_the_order_of_values(
        name in proptest::sample::select(vec!["int", "float", "text", "flag"]),
        descending in any::<bool>(),
        rows in rows(),
    ) {
        let frame = ours(&rows);
        let keys = vec![SortKey { expr: column(name), descending }];
        let (sorted, _) = apply(&frame, &FleetStep::Sort { keys });
        let cells = values(&frame, name);
        let mut model: Vec<i64> = (0..rows.len() as i64).collect();
        model.sort_by(|a, b| {
            let (a, b) = (&cells[*a as usize], &cells[*b as usize]);
            let order = a.sort_order(b);
            if descending && !a.is_null() && !b.is_null() { order.reverse() } else { order }
        });
        prop_assert_eq!(ours_at(&sorted), model);
    }

    #[test]
    fn groups_and_counts_are_those_of_a_plain_map(rows in rows()) {
        // Keys as text, so that a plain map can hold them; a null has a text of its own.
        let key = |r: &Row| (
            r.text.clone().map_or_else(|| "null".to_owned(), |t| format!("={t}")),
            r.float.map_or_else(|| "null".to_owned(), |x| format!("={}", x + 0.0)),
        );
        let mut model: BTreeMap<(String, String), Vec<u32>> = BTreeMap::new();
        for (r, node) in rows.iter().zip(0..) {
            model.entry(key(r)).or_default().push(node);
        }
        let (counted, _) = apply(&ours(&rows), &count(&["text", "float"]));
        let (grouped, _) = apply(&ours(&rows), &group(&["text", "float"]));
        prop_assert_eq!(grouped.len(), model.len());
        for row in 0..grouped.len() {
            let nodes = grouped.provenance(row).unwrap().to_vec();
            let first = &rows[nodes[0] as usize];
            prop_assert_eq!(&nodes, &model[&key(first)]);
            let n = Value::Int(nodes.len() as i64);
            prop_assert_eq!(grouped.value(row, grouped.index_of("count").unwrap()), n);
        }
        // A number is of no node; which keys have which number is the same.
        let named = |f: &Frame| {
            let names = ["text", "float", "count"];
            let mut rows: Vec<String> = (0..f.len())
                .map(|row| {
                    let value = |name: &&str| f.value(row, f.index_of(name).unwrap());
                    format!("{:?}", names.iter().map(value).collect::<Vec<_>>())
                })
                .collect();
            rows.sort();
            rows
        };
        prop_assert_eq!(named(&counted), named(&grouped));
        prop_assert!((0..counted.len()).all(|row| counted.provenance(row).is_none()));
        let counts = |f: &Frame| values(f, "count").iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>();
        prop_assert!(counts(&counted).is_sorted_by(|a, b| a >= b));
        prop_assert!(counts(&grouped).is_sorted());
    }
}

#[test]
fn nan_is_where_the_two_differ_and_the_evaluator_counts() {
    let nan = |float| Row {
        int: None,
        float: Some(float),
        text: None,
        flag: None,
    };
    let rows = [nan(f64::NAN), nan(1.0)];
    let (kept, _) = apply(
        &ours(&rows),
        &keep_where(compare("float", BinaryOp::Gt, 0.5)),
    );
    assert_eq!(ours_at(&kept), [1], "NaN is not greater than anything");
    let filtered = theirs(&rows)
        .lazy()
        .filter(pl::col("float").gt(pl::lit(0.5)));
    assert_eq!(theirs_at(&filtered.collect().unwrap()), [0, 1]);
}
