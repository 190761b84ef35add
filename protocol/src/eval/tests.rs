//! Plans over tables.

use super::*;
use crate::expr::{BinaryOp, Function, UnaryOp};
use crate::row_plan::ParseAs;

pub(super) fn column(name: &str) -> Box<Expr> {
    Box::new(Expr::Column(name.to_owned()))
}

pub(super) fn literal(value: impl Into<Value>) -> Box<Expr> {
    Box::new(Expr::Literal(value.into()))
}

pub(super) fn binary(x: Box<Expr>, op: BinaryOp, y: Box<Expr>) -> Expr {
    Expr::Binary(op, x, y)
}

pub(super) fn call(function: Function, args: impl IntoIterator<Item = Box<Expr>>) -> Expr {
    Expr::Call(function, args.into_iter().map(|a| *a).collect())
}

pub(super) fn projection(name: &str, expr: Expr) -> Projection {
    Projection {
        name: name.to_owned(),
        expr,
    }
}

pub(super) fn disks() -> Table {
    let mut columns = vec![
        Column::new("mounted_on", DataType::Str),
        Column::new("use_pct", DataType::Percent),
        Column::new("free", DataType::Size),
        Column::new("age", DataType::Duration),
        Column::new("seen", DataType::Time),
        Column::new("empty", DataType::Null),
    ];
    columns[1].heading = Some("Use%".to_owned());
    let row = |name: &str, percent: Value, free: i64| {
        vec![
            name.into(),
            percent,
            Value::Size(free),
            Value::Duration(60_000_000_000),
            Value::Time(0),
            Value::Null,
        ]
    };
    Table {
        columns,
        rows: vec![
            row("/", Value::Percent(91.0), 1 << 30),
            row("/var", Value::Percent(15.0), 20 << 30),
            row("/proc", Value::Null, 0),
        ],
    }
}

pub(super) fn run(steps: Vec<RowStep>, table: Table) -> Result<Outcome, EvalError> {
    Evaluator::new(&RowPlan { steps })?.run(table)
}

fn mounts_where(expr: Expr) -> Vec<String> {
    let outcome = run(vec![RowStep::Where(expr)], disks()).expect("the types fit");
    let texts = outcome.table.column("mounted_on").expect("is kept");
    texts.into_iter().map(crate::units::display_value).collect()
}

pub(super) fn error_of(expr: Expr) -> (String, String) {
    let error = run(vec![RowStep::Where(expr)], disks()).expect_err("the types do not fit");
    (error.to_string(), error.hint().unwrap_or_default())
}

#[test]
fn where_keeps_what_is_true_and_neither_false_nor_null() {
    use BinaryOp::{And, Eq, Gt, Lt, Ne, Or};
    let full = || binary(column("use_pct"), Gt, literal(90));
    let not_full = Expr::Unary(UnaryOp::Not, Box::new(full()));
    for (expr, expected) in [
        (full(), vec!["/"]),
        (not_full, vec!["/var"]),
        (
            binary(column("free"), Lt, literal_size(10 << 30)),
            vec!["/", "/proc"],
        ),
        (
            binary(column("mounted_on"), Ne, literal("/")),
            vec!["/var", "/proc"],
        ),
        (binary(column("empty"), Eq, literal(1)), vec![]),
        (
            binary(Box::new(full()), Or, literal(true)),
            vec!["/", "/var", "/proc"],
        ),
        (binary(Box::new(full()), And, literal(false)), vec![]),
        (
            Expr::IsNull {
                of: column("use_pct"),
                negated: false,
            },
            vec!["/proc"],
        ),
        (
            Expr::Matches {
                of: column("mounted_on"),
                pattern: "^/(var|proc)$".to_owned(),
                negated: false,
            },
            vec!["/var", "/proc"],
        ),
        (
            Expr::Matches {
                of: column("use_pct"),
                pattern: "^9".to_owned(),
                negated: true,
            },
            vec!["/var"],
        ),
        (
            binary(column("seen"), Lt, literal("2026-01-01T00:00:00Z")),
            vec!["/", "/var", "/proc"],
        ),
        (
            binary(literal("2026-01-01T00:00:00Z"), Lt, column("seen")),
            vec![],
        ),
    ] {
        assert_eq!(mounts_where(expr.clone()), expected, "{expr:?}");
    }
}

fn literal_size(bytes: i64) -> Box<Expr> {
    Box::new(Expr::Literal(Value::Size(bytes)))
}

#[test]
fn in_is_null_where_a_null_might_have_been_it() {
    let is_in = |list: &[Value], negated| Expr::In {
        of: column("use_pct"),
        list: list.iter().cloned().map(Expr::Literal).collect(),
        negated,
    };
    let (a, b) = (Value::Int(91), Value::Int(1));
    for (expr, expected) in [
        (is_in(&[a.clone(), b.clone()], false), vec!["/"]),
        (is_in(&[a.clone(), Value::Null], false), vec!["/"]),
        (is_in(&[b], true), vec!["/", "/var"]),
        (is_in(&[a, Value::Null], true), vec![]),
        (is_in(&[], true), vec!["/", "/var", "/proc"]),
    ] {
        assert_eq!(mounts_where(expr.clone()), expected, "{expr:?}");
    }
}

#[test]
fn wrong_types_are_errors_that_say_what_to_write() {
    use BinaryOp::{Add, And, Eq, Gt};
    for (expr, message, hint) in [
        (
            binary(column("use_pct"), Gt, literal("90")),
            "`>` does not take column `use_pct` (percent) and string '90'",
            "write 90 without quotes",
        ),
        (
            binary(column("use_pct"), Gt, literal("full")),
            "`>` does not take column `use_pct` (percent) and string 'full'",
            "compare it with a number, or make text of it: `string(use_pct)`",
        ),
        (
            binary(column("mounted_on"), Eq, literal(5)),
            "`=` does not take column `mounted_on` (string) and int 5",
            "compare it with text in quotes, or make it a number: `int(mounted_on)`",
        ),
        (
            binary(column("mounted_on"), Eq, column("free")),
            "`=` does not take column `mounted_on` (string) and column `free` (size)",
            "compare it with text in quotes, or make it a number: `int(mounted_on)`",
        ),
        (
            binary(column("age"), Gt, literal(300)),
            "`>` does not take column `age` (duration) and int 300",
            "write a unit: `300s`",
        ),
        (
            binary(column("age"), Add, column("free")),
            "`+` does not take column `age` (duration) and column `free` (size)",
            "",
        ),
        (
            binary(column("free"), And, literal(true)),
            "`and` wants conditions, found column `free` (size)",
            "",
        ),
        (
            *column("free"),
            "`where` wants a condition, found column `free` (size)",
            "compare it with something: `where use_pct > 90`",
        ),
        (
            binary(column("use_pc"), Gt, literal(1)),
            "there is no column `use_pc`",
            "did you mean `use_pct`?",
        ),
        (
            binary(column("kernel"), Gt, literal(1)),
            "there is no column `kernel`",
            "the columns are `mounted_on`, `use_pct`, `free`, `age`, `seen`, `empty`",
        ),
        (
            binary(
                Box::new(call(Function::Len, [column("free")])),
                Gt,
                literal(1),
            ),
            "`len` wants string, found column `free` (size)",
            "make text of it: `string(free)`",
        ),
    ] {
        let found = error_of(expr);
        assert_eq!((found.0.as_str(), found.1.as_str()), (message, hint));
    }
}

#[test]
fn types_are_checked_where_no_row_would_show_it() {
    let mut empty = disks();
    empty.rows.clear();
    let wrong = binary(column("use_pct"), BinaryOp::Eq, literal("x"));
    assert!(run(vec![RowStep::Where(wrong)], empty).is_err());
}

#[test]
fn select_and_derive_name_type_and_replace_columns() {
    let half = binary(column("free"), BinaryOp::Div, literal(2));
    let swapped = vec![
        projection("free", half),
        projection("was", *column("free")),
        projection(
            "ratio",
            call(
                Function::Coalesce,
                [column("empty"), literal(1), literal(0.5)],
            ),
        ),
    ];
    let selected = ["use_pct", "was", "free", "ratio"].map(|n| projection(n, *column(n)));
    let steps = vec![
        RowStep::Derive(swapped),
        RowStep::Select(selected.into()),
        RowStep::Take(1),
    ];
    let table = run(steps, disks()).expect("the types fit").table;
    let found: Vec<_> = table
        .columns
        .iter()
        .map(|c| (c.heading(), c.data_type))
        .collect();
    assert_eq!(
        found,
        [
            ("Use%", DataType::Percent),
            ("was", DataType::Size),
            ("free", DataType::Size),
            ("ratio", DataType::Float),
        ]
    );
    let row = vec![
        Value::Percent(91.0),
        Value::Size(1 << 30),
        Value::Size(1 << 29),
        Value::Float(1.0),
    ];
    assert_eq!(table.rows, [row]);
}

#[test]
fn parse_reads_out_and_what_follows_sees_its_columns() {
    let probe = |out: Value, truncated: bool| Table {
        columns: vec![
            Column::new("rc", DataType::Int),
            Column::new("truncated", DataType::Bool),
            Column::new("out", DataType::Str),
        ],
        rows: vec![vec![Value::Int(0), truncated.into(), out]],
    };
    let steps = || {
        let full = binary(column("use_pct"), BinaryOp::Gt, literal(90));
        vec![RowStep::Parse(ParseAs::Auto), RowStep::Where(full)]
    };
    let text = "Use% Mounted on\n 95% /\n  5% /dev\n 99% /va";
    let outcome = run(steps(), probe(text.into(), false)).expect("is a table");
    assert_eq!(outcome.table.rows.len(), 2);
    assert_eq!(outcome.notes[0].to_string(), "parsed as columns");

    let cut = run(steps(), probe(text.into(), true)).expect("is a table");
    assert_eq!(cut.table.rows.len(), 1, "half a line is no row");
    assert_eq!(cut.notes[0], Note::InputCut);

    for nothing in [Value::Null, "".into(), "\n".into()] {
        let outcome = run(steps(), probe(nothing, false)).expect("nothing is no mistake");
        assert_eq!(outcome.table, Table::default());
    }
    let error = run(steps(), disks()).expect_err("there is no `out`");
    assert!(matches!(error, EvalError::NothingToParse { .. }));
}

#[test]
fn texts_of_several_rows_are_put_together_by_name() {
    let table = Table {
        columns: vec![Column::new("out", DataType::Str)],
        rows: vec![
            vec!["{\"a\":1,\"b\":2}".into()],
            vec!["{\"c\":true,\"a\":\"x\"}".into()],
        ],
    };
    let plan = vec![RowStep::Parse(ParseAs::Json)];
    let table = run(plan, table).expect("is json").table;
    let names: Vec<_> = table.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(
        table.rows,
        [
            vec!["1".into(), 2.into(), Value::Null],
            vec!["x".into(), Value::Null, true.into()],
        ]
    );
}

#[test]
fn plans_beyond_the_limits_are_refused() {
    let refused = |steps| Evaluator::new(&RowPlan { steps }).expect_err("beyond a limit");
    let too_many = vec![RowStep::Take(1); limits::PLAN_STEPS_MAX + 1];
    assert_eq!(refused(too_many), PlanError::TooManySteps { steps: 65 });

    let mut deep = *literal(true);
    for _ in 0..limits::EXPR_DEPTH_MAX {
        deep = Expr::Unary(UnaryOp::Not, Box::new(deep));
    }
    assert_eq!(refused(vec![RowStep::Where(deep)]), PlanError::TooDeep);

    let one = || projection("a", *literal(1));
    let twice = refused(vec![RowStep::Select(vec![one(), one()])]);
    assert_eq!(twice.to_string(), "`select` names two columns `a`");

    let bad = refused(vec![RowStep::Derive(vec![projection("A b", *literal(1))])]);
    assert_eq!(bad.to_string(), "`A b` cannot be the name of a column");

    let arguments = refused(vec![RowStep::Where(call(Function::If, [literal(true)]))]);
    assert_eq!(arguments.to_string(), "`if` takes 3 arguments, found 1");

    let pattern = |pattern: &str| {
        refused(vec![RowStep::Where(Expr::Matches {
            of: literal("x"),
            pattern: pattern.to_owned(),
            negated: false,
        })])
    };
    assert!(matches!(pattern("("), PlanError::Pattern(_)));
    assert!(matches!(pattern("a{1000}{1000}"), PlanError::Pattern(_)));
}

#[test]
fn overflow_is_null_and_counted() {
    let sum = binary(literal(i64::MAX), BinaryOp::Add, literal(1));
    let steps = vec![RowStep::Derive(vec![projection("sum", sum)])];
    let outcome = run(steps, disks()).expect("the types fit");
    assert_eq!(outcome.notes, [Note::Overflowed(3)]);
}

#[test]
fn text_cannot_be_doubled_without_end() {
    let double = binary(column("t"), BinaryOp::Add, column("t"));
    let steps = vec![RowStep::Derive(vec![projection("t", double)]); 60];
    let table = Table {
        columns: vec![Column::new("t", DataType::Str)],
        rows: vec![vec!["x".into()]],
    };
    let outcome = run(steps, table).expect("the types fit");
    assert_eq!(outcome.table.rows, [[Value::Null]]);
    assert_eq!(outcome.notes, [Note::Overflowed(1)]);
}

#[test]
fn comparisons_nested_to_the_limit_compile_at_once() {
    let mut expr = *literal(true);
    for _ in 0..limits::EXPR_DEPTH_MAX - 1 {
        expr = binary(literal(true), BinaryOp::Eq, Box::new(expr));
    }
    let compiled = Compiled::new(&expr, &[]).expect("within the limit");
    assert_eq!(compiled.eval(&vec![]), Value::Bool(true));
}

#[test]
fn an_expression_reads_output_without_the_one_newline_that_ends_it() {
    use BinaryOp::{Eq, Ne};
    let table = |texts: &[&str]| Table {
        columns: vec![
            Column::new("out", DataType::Str),
            Column::new("err", DataType::Str),
            Column::new("line", DataType::Str),
        ],
        rows: texts.iter().map(|t| vec![Value::from(*t); 3]).collect(),
    };
    let texts = [
        "active\n",
        "active",
        "active\n\n",
        "active\r\n",
        "\nactive",
        "\n",
        "",
    ];
    let kept = |expr: Expr| -> Vec<String> {
        let kept = run(vec![RowStep::Where(expr)], table(&texts)).expect("the types fit");
        let of = |row: &Vec<Value>| row[0].as_str().map(str::to_owned);
        kept.table.rows.iter().filter_map(of).collect()
    };
    for name in ["out", "err"] {
        let equal = kept(binary(column(name), Eq, literal("active")));
        assert_eq!(equal, ["active\n", "active"], "what is kept is as it was");
        assert_eq!(kept(binary(column(name), Ne, literal("active"))).len(), 5);
        let anchored = Expr::Matches {
            of: column(name),
            pattern: "^active$".to_owned(),
            negated: false,
        };
        assert_eq!(kept(anchored), ["active\n", "active"]);
        let within = Expr::In {
            of: column(name),
            list: vec![Expr::Literal(Value::from("active"))],
            negated: true,
        };
        assert_eq!(kept(within).len(), 5);
        assert_eq!(kept(binary(column(name), Eq, literal(""))), ["\n", ""]);
    }
    let other = kept(binary(column("line"), Eq, literal("active")));
    assert_eq!(other, ["active"], "no other column is read so");
}

#[test]
fn output_that_is_only_picked_keeps_its_newline_and_under_another_name_has_none() {
    let table = || Table {
        columns: vec![Column::new("out", DataType::Str)],
        rows: vec![vec![Value::from("a\n")]],
    };
    let named = |name: &str| crate::row_plan::Projection {
        name: name.to_owned(),
        expr: *column("out"),
    };
    for (step, expected) in [
        (
            RowStep::Select(vec![named("out"), named("x")]),
            ["a\n", "a"],
        ),
        (RowStep::Derive(vec![named("x")]), ["a\n", "a"]),
    ] {
        let outcome = run(vec![step], table()).expect("the types fit");
        let expected: Vec<Value> = expected.into_iter().map(Value::from).collect();
        assert_eq!(outcome.table.rows, [expected]);
    }
}
