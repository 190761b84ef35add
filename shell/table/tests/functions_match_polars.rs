//! The functions of the language and those of polars that do the same must agree, or a `derive` on a
//! node and a `sql` in the shell would speak of different values. Where they differ by design, it is
//! said here: what overflows is null, and so is what is no number.

use crate::common::{apply, column, frame, values};
use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::expr::{BinaryOp, Expr, Function};
use hailer_protocol::row_plan::{Projection, RowStep};
use hailer_protocol::value::{DataType, Value};
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::{self as pl, IntoColumn, IntoLazy, NamedFrom};
use proptest::prelude::*;

/// A row of two whole numbers, two fractions, two texts and a truth; any may be null.
type Row = (
    (Option<i64>, Option<i64>),
    (Option<f64>, Option<f64>),
    (Option<String>, Option<String>),
    Option<bool>,
);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let option = |s| proptest::option::weighted(0.8, s);
    let int = || option(-1000_i64..1000);
    let float = || {
        let halves = (-40_i32..40).prop_map(|n| f64::from(n) / 4.0);
        proptest::option::weighted(0.8, halves)
    };
    let text = || proptest::option::weighted(0.8, "[ abAB/.é\u{1f600}]{0,6}");
    let row = (
        (int(), int()),
        (float(), float()),
        (text(), text()),
        any::<Option<bool>>(),
    );
    proptest::collection::vec(row, 1..20)
}

const COLUMNS: [(&str, DataType); 7] = [
    ("a", DataType::Int),
    ("b", DataType::Int),
    ("x", DataType::Float),
    ("y", DataType::Float),
    ("s", DataType::Str),
    ("t", DataType::Str),
    ("flag", DataType::Bool),
];

fn ours(rows: &[Row], expr: Expr) -> Vec<Value> {
    let cells = rows.iter().cloned().map(|((a, b), (x, y), (s, t), flag)| {
        vec![
            a.into(),
            b.into(),
            x.into(),
            y.into(),
            s.into(),
            t.into(),
            flag.into(),
        ]
    });
    let derive = RowStep::Derive(vec![Projection {
        name: "made".to_owned(),
        expr,
    }]);
    let (made, _) = apply(&frame(&COLUMNS, cells.collect()), &FleetStep::Row(derive));
    values(&made, "made")
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "polars has many more kinds of values than are asked for here"
)]
fn theirs(rows: &[Row], expr: pl::Expr) -> Vec<Value> {
    fn cells<T: Clone>(rows: &[Row], pick: impl Fn(&Row) -> Option<T>) -> Vec<Option<T>> {
        rows.iter().map(pick).collect()
    }
    let columns = vec![
        pl::Series::new("a".into(), cells(rows, |r| r.0.0)).into_column(),
        pl::Series::new("b".into(), cells(rows, |r| r.0.1)).into_column(),
        pl::Series::new("x".into(), cells(rows, |r| r.1.0)).into_column(),
        pl::Series::new("y".into(), cells(rows, |r| r.1.1)).into_column(),
        pl::Series::new("s".into(), cells(rows, |r| r.2.0.clone())).into_column(),
        pl::Series::new("t".into(), cells(rows, |r| r.2.1.clone())).into_column(),
        pl::Series::new("flag".into(), cells(rows, |r| r.3)).into_column(),
    ];
    let data = pl::DataFrame::new(rows.len(), columns).unwrap();
    let made = data.lazy().select([expr.alias("made")]).collect().unwrap();
    let made = made.column("made").unwrap().as_materialized_series();
    (0..rows.len())
        .map(|at| match made.get(at).unwrap() {
            pl::AnyValue::Null => Value::Null,
            pl::AnyValue::Boolean(b) => Value::Bool(b),
            pl::AnyValue::String(s) => Value::from(s),
            pl::AnyValue::StringOwned(s) => Value::from(s.as_str()),
            pl::AnyValue::Int64(n) => Value::Int(n),
            pl::AnyValue::UInt32(n) => Value::Int(i64::from(n)),
            pl::AnyValue::Float64(x) if x.is_nan() => Value::Null,
            pl::AnyValue::Float64(x) => Value::Float(x),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn call(function: Function, args: &[Expr]) -> Expr {
    Expr::Call(function, args.to_vec())
}

fn lit(value: impl Into<Value>) -> Expr {
    Expr::Literal(value.into())
}

fn binary(op: BinaryOp, a: &str, b: &str) -> Expr {
    Expr::Binary(op, Box::new(column(a)), Box::new(column(b)))
}

/// The same question, asked both ways.
#[expect(clippy::too_many_lines, reason = "a flat list")]
fn pairs() -> Vec<(&'static str, Expr, pl::Expr)> {
    use Function as F;
    let c = |name: &str| column(name);
    let col = pl::col::<&str>;
    vec![
        (
            "lower",
            call(F::Lower, &[c("s")]),
            col("s").str().to_lowercase(),
        ),
        (
            "upper",
            call(F::Upper, &[c("s")]),
            col("s").str().to_uppercase(),
        ),
        ("len", call(F::Len, &[c("s")]), col("s").str().len_chars()),
        (
            "trim",
            call(F::Trim, &[c("s")]),
            col("s").str().strip_chars(pl::lit(pl::NULL)),
        ),
        (
            "trim_start",
            call(F::TrimStart, &[c("s")]),
            col("s").str().strip_chars_start(pl::lit(pl::NULL)),
        ),
        (
            "trim_end",
            call(F::TrimEnd, &[c("s")]),
            col("s").str().strip_chars_end(pl::lit(pl::NULL)),
        ),
        (
            "contains",
            call(F::Contains, &[c("s"), c("t")]),
            col("s").str().contains_literal(col("t")),
        ),
        (
            "starts_with",
            call(F::StartsWith, &[c("s"), c("t")]),
            col("s").str().starts_with(col("t")),
        ),
        (
            "ends_with",
            call(F::EndsWith, &[c("s"), c("t")]),
            col("s").str().ends_with(col("t")),
        ),
        (
            "replace",
            call(F::Replace, &[c("s"), lit("a"), lit("bb")]),
            col("s")
                .str()
                .replace_all(pl::lit("a"), pl::lit("bb"), true),
        ),
        (
            "replace_regex",
            call(F::ReplaceRegex, &[c("s"), lit("[ab]+"), lit("-")]),
            col("s")
                .str()
                .replace_all(pl::lit("[ab]+"), pl::lit("-"), false),
        ),
        (
            "match",
            call(F::Match, &[c("s"), lit("a(.)"), lit(1)]),
            col("s").str().extract(pl::lit("a(.)"), 1),
        ),
        (
            "substr",
            call(F::Substr, &[c("s"), lit(2), lit(3)]),
            col("s").str().slice(pl::lit(1), pl::lit(3)),
        ),
        (
            "substr from the end",
            call(F::Substr, &[c("s"), lit(-2)]),
            col("s")
                .str()
                .slice(pl::lit(-2), pl::lit(pl::NULL).cast(pl::DataType::UInt64)),
        ),
        (
            "concat",
            call(F::Concat, &[c("s"), c("t")]),
            col("s") + col("t"),
        ),
        ("floor", call(F::Floor, &[c("x")]), col("x").floor()),
        ("ceil", call(F::Ceil, &[c("x")]), col("x").ceil()),
        ("sqrt", call(F::Sqrt, &[c("x")]), col("x").sqrt()),
        (
            "pow",
            call(F::Pow, &[c("x"), lit(2)]),
            col("x").pow(pl::lit(2.0)),
        ),
        (
            "least",
            call(F::Least, &[c("x"), c("y")]),
            min_horizontal([col("x"), col("y")]).unwrap(),
        ),
        (
            "greatest",
            call(F::Greatest, &[c("a"), c("b")]),
            max_horizontal([col("a"), col("b")]).unwrap(),
        ),
        (
            "coalesce",
            call(F::Coalesce, &[c("s"), c("t"), lit("none")]),
            pl::coalesce(&[col("s"), col("t"), pl::lit("none")]),
        ),
        (
            "if",
            call(F::If, &[c("flag"), c("a"), c("b")]),
            pl::when(col("flag")).then(col("a")).otherwise(col("b")),
        ),
        (
            "null_if",
            call(F::NullIf, &[c("a"), lit(5)]),
            pl::when(col("a").eq(pl::lit(5_i64)))
                .then(pl::lit(pl::NULL).cast(pl::DataType::Int64))
                .otherwise(col("a")),
        ),
        ("add", binary(BinaryOp::Add, "a", "b"), col("a") + col("b")),
        ("sub", binary(BinaryOp::Sub, "a", "x"), col("a") - col("x")),
        ("mul", binary(BinaryOp::Mul, "a", "b"), col("a") * col("b")),
        (
            "float",
            call(F::Float, &[c("a")]),
            col("a").cast(pl::DataType::Float64),
        ),
    ]
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => (a - b).abs() <= 1e-12 * a.abs().max(1.0) || a == b,
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn functions_come_to_the_same(rows in rows()) {
        for (name, expr, polars_expr) in pairs() {
            let (ours, theirs) = (ours(&rows, expr), theirs(&rows, polars_expr));
            for (row, (a, b)) in rows.iter().zip(ours.iter().zip(&theirs)) {
                prop_assert!(same(a, b), "{}: {:?} and {:?} of {:?}", name, a, b, row);
            }
        }
    }

    #[test]
    fn text_becomes_the_same_numbers(n in any::<i32>(), x in -1e6_f64..1e6) {
        let (whole, fraction) = (n.to_string(), format!("{x:.3}"));
        let rows = vec![((None, None), (None, None), (Some(whole), Some(fraction)), None)];
        let int = ours(&rows, call(Function::Int, &[column("s")]));
        prop_assert_eq!(int, theirs(&rows, pl::col("s").cast(pl::DataType::Int64)));
        let float = ours(&rows, call(Function::Float, &[column("t")]));
        prop_assert_eq!(float, theirs(&rows, pl::col("t").cast(pl::DataType::Float64)));
    }
}

#[test]
fn division_is_where_the_two_differ_and_zero_divides_nothing() {
    let rows = vec![((Some(7), Some(0)), (None, None), (None, None), None)];
    let divided = ours(&rows, binary(BinaryOp::Div, "a", "b"));
    assert_eq!(divided, [Value::Null]);
    let rows = vec![((Some(7), Some(2)), (None, None), (None, None), None)];
    let divided = ours(&rows, binary(BinaryOp::Div, "a", "b"));
    assert_eq!(divided, [Value::Float(3.5)], "always a fraction");
}
