//! The evaluator against any expression and row, and against a naive reference.

use proptest::prelude::*;

use super::*;
use crate::expr::{BinaryOp, Function, UnaryOp};

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        "[-0-9.%GKa-z]{0,6}".prop_map(Value::Str),
        any::<i64>().prop_map(Value::Duration),
        any::<i64>().prop_map(Value::Size),
        any::<f64>().prop_map(Value::Percent),
        any::<i64>().prop_map(Value::Time),
    ]
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        any_value().prop_map(Expr::Literal),
        "[a-d]".prop_map(Expr::Column),
    ];
    let operator = prop::sample::select(vec![
        BinaryOp::Or,
        BinaryOp::And,
        BinaryOp::Eq,
        BinaryOp::Lt,
        BinaryOp::Add,
        BinaryOp::Sub,
        BinaryOp::Mul,
        BinaryOp::Div,
        BinaryOp::Rem,
    ]);
    let function = prop::sample::select(Function::ALL.to_vec());
    leaf.prop_recursive(5, 40, 3, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (operator.clone(), boxed(), boxed()).prop_map(|(op, x, y)| Expr::Binary(op, x, y)),
            (any::<bool>(), boxed()).prop_map(|(not, x)| {
                Expr::Unary(if not { UnaryOp::Not } else { UnaryOp::Neg }, x)
            }),
            (boxed(), list.clone(), any::<bool>()).prop_map(|(of, list, negated)| Expr::In {
                of,
                list,
                negated
            }),
            (boxed(), any::<bool>()).prop_map(|(of, negated)| Expr::IsNull { of, negated }),
            (boxed(), "[a-c.+*]{0,3}", any::<bool>()).prop_map(|(of, pattern, negated)| {
                Expr::Matches {
                    of,
                    pattern,
                    negated,
                }
            }),
            (function.clone(), list).prop_map(|(f, mut args)| {
                args.truncate(f.3);
                args.resize(
                    args.len().max(f.1.len().min(f.2)),
                    Expr::Literal(Value::Null),
                );
                Expr::Call(f.0, args)
            }),
        ]
    })
}

/// Three-valued logic by its tables alone.
fn reference(expr: &Expr, row: &[Option<bool>]) -> Option<bool> {
    match expr {
        Expr::Literal(Value::Bool(b)) => Some(*b),
        Expr::Column(name) => row[usize::from(name.as_bytes()[0] - b'a')],
        Expr::Unary(UnaryOp::Not, x) => reference(x, row).map(|b| !b),
        Expr::Binary(op, x, y) => {
            let (x, y) = (reference(x, row), reference(y, row));
            let deciding = *op == BinaryOp::Or;
            match (op, x, y) {
                (BinaryOp::Eq, x, y) => Some(x? == y?),
                (_, Some(b), _) | (_, _, Some(b)) if b == deciding => Some(deciding),
                (_, None, _) | (_, _, None) => None,
                (_, Some(_), Some(_)) => Some(!deciding),
            }
        }
        Expr::Literal(_)
        | Expr::Unary(..)
        | Expr::In { .. }
        | Expr::Matches { .. }
        | Expr::IsNull { .. }
        | Expr::Call(..) => None,
    }
}

fn any_logic() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|b| Expr::Literal(Value::Bool(b))),
        Just(Expr::Literal(Value::Null)),
        "[a-d]".prop_map(Expr::Column),
    ];
    let operator = prop::sample::select(vec![BinaryOp::Or, BinaryOp::And, BinaryOp::Eq]);
    leaf.prop_recursive(6, 60, 2, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (operator.clone(), boxed(), boxed()).prop_map(|(op, x, y)| Expr::Binary(op, x, y)),
            boxed().prop_map(|x| Expr::Unary(UnaryOp::Not, x)),
        ]
    })
}

proptest! {
    #[test]
    fn any_expression_over_any_row_is_an_error_or_a_value_of_its_type(
        expr in any_expr(),
        row in prop::collection::vec(any_value(), 4),
        typed: bool,
    ) {
        let columns: Vec<Column> = ["a", "b", "c", "d"]
            .iter()
            .zip(&row)
            .map(|(name, value)| {
                // A peer may well lie about its types.
                Column::new(*name, if typed { value.data_type() } else { DataType::Int })
            })
            .collect();
        if let Ok(compiled) = Compiled::new(&expr, &columns) {
            let value = compiled.eval(&row);
            if typed {
                let fits = value.is_null() || compiled.data_type().unify(value.data_type()).is_some();
                prop_assert!(fits, "{:?} is {:?}", compiled.data_type(), value);
            }
        }
    }

    #[test]
    fn logic_is_that_of_the_truth_tables(
        expr in any_logic(),
        row in prop::collection::vec(any::<Option<bool>>(), 4),
    ) {
        let columns = ["a", "b", "c", "d"].map(|name| Column::new(name, DataType::Bool));
        let compiled = Compiled::new(&expr, &columns).expect("all are conditions");
        let values: Row = row.iter().map(|b| Value::from(*b)).collect();
        prop_assert_eq!(compiled.eval(&values), Value::from(reference(&expr, &row)));
    }
}
