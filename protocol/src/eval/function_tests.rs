//! The functions' edges.

use super::tests::{binary, call, column, disks, error_of, literal, projection, run};
use super::*;
use crate::expr::{BinaryOp, Function};

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
#[expect(clippy::too_many_lines, reason = "one flat table")]
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
fn a_plan_makes_no_more_text_than_its_budget() {
    let line = "x".repeat(1 << 16);
    let table = Table {
        columns: vec![Column::new("line", DataType::Str)],
        rows: vec![vec![line.into()]; 200],
    };
    let one = RowStep::Derive(vec![projection("copy", *column("line"))]);
    assert!(run(vec![one.clone()], table.clone()).is_ok());
    let error = run(vec![one; 6], table).expect_err("75 MiB are too many");
    assert_eq!(error, EvalError::TooMuchText { verb: "derive" });
}
