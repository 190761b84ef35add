//! Plans over tables.

use super::*;
use crate::expr::{BinaryOp, Function, UnaryOp};
use crate::row_plan::ParseAs;

fn column(name: &str) -> Box<Expr> {
    Box::new(Expr::Column(name.to_owned()))
}

fn literal(value: impl Into<Value>) -> Box<Expr> {
    Box::new(Expr::Literal(value.into()))
}

fn binary(x: Box<Expr>, op: BinaryOp, y: Box<Expr>) -> Expr {
    Expr::Binary(op, x, y)
}

fn call(function: Function, args: impl IntoIterator<Item = Box<Expr>>) -> Expr {
    Expr::Call(function, args.into_iter().map(|a| *a).collect())
}

fn projection(name: &str, expr: Expr) -> Projection {
    Projection {
        name: name.to_owned(),
        expr,
    }
}

fn disks() -> Table {
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

fn run(steps: Vec<RowStep>, table: Table) -> Result<Outcome, EvalError> {
    Evaluator::new(&RowPlan { steps })?.run(table)
}

fn mounts_where(expr: Expr) -> Vec<String> {
    let outcome = run(vec![RowStep::Where(expr)], disks()).expect("the types fit");
    let texts = outcome.table.column("mounted_on").expect("is kept");
    texts.into_iter().map(crate::units::display_value).collect()
}

fn error_of(expr: Expr) -> (String, String) {
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
            "make text of it: `string(x)`",
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
fn functions_convert_and_compute() {
    use Function as F;
    for (function, args, expected) in [
        (F::Int, vec![" 12 ".into()], Value::Int(12)),
        (F::Int, vec!["10GiB".into()], Value::Int(10 << 30)),
        (F::Int, vec!["95%".into()], Value::Int(95)),
        (F::Int, vec!["x".into()], Value::Null),
        (F::Int, vec!["inf".into()], Value::Null),
        (F::Int, vec![Value::Float(-2.9)], Value::Int(-2)),
        (F::Float, vec!["1.5K".into()], Value::Float(1536.0)),
        (F::Float, vec![Value::Bool(true)], Value::Float(1.0)),
        (F::Str, vec![Value::Size(1536)], "1.5KiB".into()),
        (F::Lower, vec!["ÄB".into()], "äb".into()),
        (F::Len, vec!["äb".into()], Value::Int(2)),
        (F::Trim, vec![" a ".into()], "a".into()),
        (F::Contains, vec!["abc".into(), "b".into()], true.into()),
        (F::StartsWith, vec!["abc".into(), "b".into()], false.into()),
        (F::EndsWith, vec!["abc".into(), "bc".into()], true.into()),
        (
            F::Replace,
            vec!["a-b-".into(), "-".into(), "+".into()],
            "a+b+".into(),
        ),
        (F::Abs, vec![Value::Size(-5)], Value::Size(5)),
        (F::Abs, vec![Value::Int(i64::MIN)], Value::Null),
        (F::Round, vec![Value::Float(2.5)], Value::Float(3.0)),
        (
            F::Round,
            vec![Value::Float(2.345), 1.into()],
            Value::Float(2.3),
        ),
        (F::Round, vec![Value::Int(250), (-2).into()], 300.into()),
        (F::Floor, vec![Value::Float(-1.5)], Value::Float(-2.0)),
        (F::Ceil, vec![Value::Percent(1.2)], Value::Percent(2.0)),
        (
            F::Coalesce,
            vec![Value::Null, Value::Size(1)],
            Value::Size(1),
        ),
        (
            F::If,
            vec![Value::Null, 1.into(), Value::Float(2.5)],
            Value::Float(2.5),
        ),
        (
            F::If,
            vec![true.into(), 1.into(), Value::Float(2.5)],
            Value::Float(1.0),
        ),
        (F::Upper, vec![Value::Null], Value::Null),
    ] {
        let expr = Expr::Call(function, args.iter().cloned().map(Expr::Literal).collect());
        let compiled = Compiled::new(&expr, &[]).expect("the types fit");
        assert_eq!(compiled.eval(&vec![]), expected, "{function:?} {args:?}");
    }
}

#[test]
fn functions_have_edges_that_are_null_and_no_errors() {
    use Function as F;
    let int = Value::Int;
    let t = || Value::from("2026-11-23 15:10:00");
    for (function, args, expected) in [
        (F::Substr, vec!["nginx".into(), int(-3)], "inx".into()),
        (
            F::Substr,
            vec!["nginx".into(), int(-9), int(2)],
            "ng".into(),
        ),
        (F::Substr, vec!["nginx".into(), int(0), int(2)], "ng".into()),
        (F::Substr, vec!["äöü".into(), int(2), int(1)], "ö".into()),
        (F::Substr, vec!["abc".into(), int(9)], "".into()),
        (F::Substr, vec!["abc".into(), int(1), int(-1)], "".into()),
        (F::Substr, vec!["abc".into(), int(i64::MIN)], "abc".into()),
        (F::Substr, vec!["abc".into(), int(i64::MAX)], "".into()),
        (
            F::Split,
            vec!["a:b".into(), ":".into(), int(3)],
            Value::Null,
        ),
        (
            F::Split,
            vec!["a:b".into(), ":".into(), int(-1)],
            "b".into(),
        ),
        (
            F::Split,
            vec!["a:b".into(), ":".into(), int(0)],
            Value::Null,
        ),
        (
            F::Split,
            vec![" a  b ".into(), "".into(), int(2)],
            "b".into(),
        ),
        (
            F::Split,
            vec![" a  b ".into(), "".into(), int(-2)],
            "a".into(),
        ),
        (F::Lpad, vec!["abc".into(), int(2)], "abc".into()),
        (F::Lpad, vec!["ä".into(), int(3), "xy".into()], "xyä".into()),
        (F::Lpad, vec!["a".into(), int(9), "".into()], "a".into()),
        (F::Rpad, vec!["a".into(), int(i64::MAX)], Value::Null),
        (F::Position, vec!["äb".into(), "b".into()], int(2)),
        (F::Position, vec!["ab".into(), "".into()], int(1)),
        (F::Concat, vec!["a".into(), Value::Null], Value::Null),
        (
            F::Least,
            vec![Value::Null, int(2), Value::Float(1.5)],
            Value::Float(1.5),
        ),
        (
            F::Least,
            vec![Value::Float(f64::NAN), int(2)],
            Value::Float(2.0),
        ),
        (F::Greatest, vec!["b".into(), "a".into()], "b".into()),
        (F::Greatest, vec![Value::Null, Value::Null], Value::Null),
        (F::NullIf, vec![int(5), int(5)], Value::Null),
        (F::NullIf, vec![Value::Null, int(5)], Value::Null),
        (F::NullIf, vec![int(5), Value::Null], int(5)),
        (F::Sqrt, vec![int(-1)], Value::Null),
        (F::Ln, vec![int(0)], Value::Null),
        (F::Exp, vec![int(10_000)], Value::Null),
        (F::Pow, vec![int(0), int(-1)], Value::Null),
        (F::Pow, vec![int(-8), Value::Float(0.5)], Value::Null),
        (F::Duration, vec![int(90)], Value::Duration(90_000_000_000)),
        (
            F::Duration,
            vec!["90".into()],
            Value::Duration(90_000_000_000),
        ),
        (
            F::Duration,
            vec!["2h30m".into()],
            Value::Duration(9_000_000_000_000),
        ),
        (F::Duration, vec!["soon".into()], Value::Null),
        (F::Duration, vec![int(i64::MAX)], Value::Null),
        (F::Size, vec!["1.5 GiB".into()], Value::Size(3 << 29)),
        (F::Size, vec!["10g".into()], Value::Size(10 << 30)),
        (F::Size, vec!["4096".into()], Value::Size(4096)),
        (F::Size, vec!["big".into()], Value::Null),
        (F::Percent, vec!["91.5%".into()], Value::Percent(91.5)),
        (F::Percent, vec!["all".into()], Value::Null),
        (F::Time, vec![int(0)], Value::Time(0)),
        (F::Time, vec![Value::Float(1.5)], Value::Time(1500)),
        (F::Time, vec![int(i64::MAX)], Value::Null),
        (F::Time, vec!["never".into()], Value::Null),
        (
            F::Age,
            vec![t(), "2026-11-23 15:10:05".into()],
            Value::Duration(5_000_000_000),
        ),
        (F::Age, vec!["x".into(), t()], Value::Null),
        (F::Hour, vec![t()], int(15)),
        (F::Weekday, vec!["2026-11-29".into()], int(7)),
        (F::Date, vec![Value::Time(-1)], "1969-12-31".into()),
        (F::IsIp, vec!["fe80::1".into()], true.into()),
        (F::IsIp, vec!["10.0.0.0/8".into()], false.into()),
        (
            F::InCidr,
            vec!["10.0.0.1".into(), "0.0.0.0/0".into()],
            true.into(),
        ),
        (
            F::InCidr,
            vec!["10.0.0.1".into(), "10.0.0.1".into()],
            true.into(),
        ),
        (
            F::InCidr,
            vec!["10.0.0.1".into(), "10.0.0.0/33".into()],
            Value::Null,
        ),
        (
            F::InCidr,
            vec!["fd00::1".into(), "fd00::/8".into()],
            true.into(),
        ),
        (
            F::InCidr,
            vec!["fd00::1".into(), "10.0.0.0/8".into()],
            false.into(),
        ),
        (
            F::InCidr,
            vec!["web01".into(), "10.0.0.0/8".into()],
            Value::Null,
        ),
        (F::Basename, vec!["/var/log/".into()], "log".into()),
        (F::Basename, vec!["/".into()], "/".into()),
        (F::Basename, vec!["".into()], "".into()),
        (F::Dirname, vec!["/etc".into()], "/".into()),
        (F::Dirname, vec!["etc".into()], ".".into()),
        (F::Dirname, vec!["/var//log/".into()], "/var".into()),
    ] {
        let expr = Expr::Call(function, args.iter().cloned().map(Expr::Literal).collect());
        let compiled = Compiled::new(&expr, &[]).expect("the types fit");
        assert_eq!(compiled.eval(&vec![]), expected, "{function:?} {args:?}");
    }
}

#[test]
fn a_run_has_one_now_and_without_a_clock_there_is_none() {
    let now = || call(Function::Now, []);
    let seen = *column("seen");
    let old = call(Function::Age, [Box::new(seen)]);
    let steps = vec![
        RowStep::Derive(vec![projection("at", now()), projection("old", old)]),
        RowStep::Where(binary(column("at"), BinaryOp::Gt, column("seen"))),
    ];
    let evaluator = Evaluator::new(&RowPlan { steps }).expect("within the limits");
    let error = evaluator
        .run(disks())
        .expect_err("nobody said what time it is");
    assert_eq!(
        error.to_string(),
        "`now` wants a clock, and there is none here"
    );
    let table = evaluator.at(Wall(5_000)).run(disks()).expect("fits").table;
    assert_eq!(table.rows.len(), 3);
    for row in table.rows {
        assert_eq!(
            row[6..],
            [Value::Time(5_000), Value::Duration(5_000_000_000)]
        );
    }
}

#[test]
fn regular_expressions_of_functions_are_compiled_beforehand() {
    let found = |args: Vec<Value>| {
        let literals = args.into_iter().map(Expr::Literal).collect();
        let expr = Expr::Call(Function::Match, literals);
        Compiled::new(&expr, &[])
            .map(|c| c.eval(&vec![]))
            .map_err(|e| e.to_string())
    };
    let line = || Value::from("port=80 host=web");
    assert_eq!(found(vec![line(), "[0-9]+".into()]), Ok("80".into()));
    assert_eq!(found(vec![line(), "port=([0-9]+)".into()]), Ok("80".into()));
    let named = || Value::from("port=(?<port>[0-9]+) host=(?<host>\\w+)");
    assert_eq!(
        found(vec![line(), named(), "host".into()]),
        Ok("web".into())
    );
    assert_eq!(
        found(vec![line(), named(), 0.into()]),
        Ok("port=80 host=web".into())
    );
    assert_eq!(found(vec![line(), "x(y)".into()]), Ok(Value::Null));
    assert_eq!(
        found(vec![line(), "x|(p)q".into(), 1.into()]),
        Ok(Value::Null)
    );
    assert_eq!(found(vec![Value::Null, "x".into()]), Ok(Value::Null));
    assert_eq!(
        found(vec![line(), "x".into(), 1.into()]),
        Err("regular expression `x` has no group `1`".to_owned())
    );
    assert!(found(vec![line(), "(".into()]).is_err());
    let computed = call(Function::Match, [literal("x"), column("mounted_on")]);
    assert_eq!(
        error_of(computed).0,
        "`match` wants its regular expression in quotes, not computed"
    );
    let format = call(
        Function::Date,
        [Box::new(call(
            Function::Time,
            [literal("x"), literal("%Q")],
        ))],
    );
    assert_eq!(
        error_of(format).0,
        "`time` does not know `%Q` in the format '%Q'"
    );
}

#[test]
fn what_a_function_makes_of_text_is_bounded() {
    let text = "x".repeat(1 << 19);
    let to = "y".repeat(8);
    let replaced = |function, from: &str| {
        let args = [literal(text.as_str()), literal(from), literal(to.as_str())];
        let steps = vec![RowStep::Derive(vec![projection("t", call(function, args))])];
        let one = Table {
            columns: vec![Column::new("a", DataType::Int)],
            rows: vec![vec![1.into()]],
        };
        let outcome = run(steps, one).expect("the types fit");
        assert_eq!(outcome.table.rows[0][1], Value::Null);
        assert_eq!(outcome.notes, [Note::Overflowed(1)]);
    };
    replaced(Function::Replace, "x");
    replaced(Function::ReplaceRegex, "x");
    replaced(Function::ReplaceRegex, "");
    replaced(Function::Concat, text.as_str());
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
