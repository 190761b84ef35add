//! Bound expressions over one row.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;

use super::compiled::Tally;
use super::{arithmetic, call, without_last_newline};
use crate::expr::{BinaryOp, Function};
use crate::parse::typing::widen;
use crate::table::Row;
use crate::units::display_value;
use crate::value::{DataType, Value};

/// An expression whose columns are positions and whose types are checked.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Literal(Value),
    Column(usize),
    /// What a command wrote, without the newline that ends it.
    Output(usize),
    Not(Box<Self>),
    Negate(Box<Self>),
    /// `and`, or `or` if the second field is true.
    Logic(Box<Self>, bool, Box<Self>),
    Compare(BinaryOp, Box<Self>, Box<Self>),
    Arithmetic(BinaryOp, Box<Self>, Box<Self>),
    In(Box<Self>, Vec<Self>, bool),
    Matches(Box<Self>, Regex, bool),
    IsNull(Box<Self>, bool),
    Call(Function, Vec<Self>, DataType),
    /// What a regular expression finds in a text: this group.
    FindGroup(Box<Self>, Regex, usize),
    /// A text with every match of a regular expression replaced.
    ReplaceMatches(Box<Self>, Regex, Box<Self>),
}

impl Node {
    pub(super) fn eval<'a>(&'a self, row: &'a Row, tally: &Tally) -> Cow<'a, Value> {
        match self {
            Self::Literal(value) => Cow::Borrowed(value),
            Self::Column(at) => Cow::Borrowed(row.get(*at).unwrap_or(&Value::Null)),
            Self::Output(at) => match row.get(*at) {
                Some(Value::Str(text)) if text.ends_with('\n') => {
                    Cow::Owned(Value::from(without_last_newline(text)))
                }
                value => Cow::Borrowed(value.unwrap_or(&Value::Null)),
            },
            Self::Not(x) => truth(x.truth(row, tally).map(|b| !b)),
            Self::Negate(x) => Cow::Owned(arithmetic::negate(&x.eval(row, tally), tally)),
            Self::Logic(x, is_or, y) => truth(Self::logic(x, *is_or, y, row, tally)),
            Self::Compare(op, x, y) => {
                let order = x.eval(row, tally).compare(&y.eval(row, tally));
                truth(order.map(|o| holds(*op, o)))
            }
            Self::Arithmetic(op, x, y) => {
                let (x, y) = (x.eval(row, tally), y.eval(row, tally));
                Cow::Owned(arithmetic::compute(*op, &x, &y, tally))
            }
            Self::In(of, list, negated) => {
                let found = Self::is_in(&of.eval(row, tally), list, row, tally);
                truth(found.map(|b| b != *negated))
            }
            Self::Matches(of, regex, negated) => {
                let value = of.eval(row, tally);
                if value.is_null() {
                    return Cow::Owned(Value::Null);
                }
                let is_match = match value.as_str() {
                    Some(text) => regex.is_match(text),
                    None => regex.is_match(&display_value(&value)),
                };
                truth(Some(is_match != *negated))
            }
            Self::IsNull(of, negated) => truth(Some(of.eval(row, tally).is_null() != *negated)),
            Self::Call(function, args, data_type) => {
                Self::call(*function, args, *data_type, row, tally)
            }
            Self::FindGroup(of, regex, group) => {
                let value = of.eval(row, tally);
                let found = value.as_str().map(|s| call::find_group(s, regex, *group));
                Cow::Owned(found.unwrap_or(Value::Null))
            }
            Self::ReplaceMatches(of, regex, to) => {
                let (of, to) = (of.eval(row, tally), to.eval(row, tally));
                Cow::Owned(match (of.as_str(), to.as_str()) {
                    (Some(s), Some(to)) => call::replace_matches(s, regex, to, tally),
                    (Some(_) | None, _) => Value::Null,
                })
            }
        }
    }

    fn truth(&self, row: &Row, tally: &Tally) -> Option<bool> {
        self.eval(row, tally).as_bool()
    }

    /// Three-valued: one side can decide, whatever the other is.
    fn logic(x: &Self, is_or: bool, y: &Self, row: &Row, tally: &Tally) -> Option<bool> {
        let first = x.truth(row, tally);
        if first == Some(is_or) {
            return first;
        }
        let second = y.truth(row, tally);
        if second == Some(is_or) {
            return second;
        }
        first.and(second)
    }

    /// As in SQL: not found among values of which one is null is neither true nor false.
    fn is_in(of: &Value, list: &[Self], row: &Row, tally: &Tally) -> Option<bool> {
        let mut unknown = false;
        for item in list {
            match of.compare(&item.eval(row, tally)) {
                Some(Ordering::Equal) => return Some(true),
                Some(Ordering::Less | Ordering::Greater) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(false)
    }

    fn call<'a>(
        function: Function,
        args: &'a [Self],
        data_type: DataType,
        row: &'a Row,
        tally: &Tally,
    ) -> Cow<'a, Value> {
        let chosen = if function == Function::Coalesce {
            args.iter()
                .map(|a| a.eval(row, tally))
                .find(|v| !v.is_null())
        } else if function == Function::If {
            let is_true = args.first().and_then(|c| c.truth(row, tally)) == Some(true);
            args.get(if is_true { 1 } else { 2 })
                .map(|a| a.eval(row, tally))
        } else if function == Function::Least {
            Self::extreme(args, Ordering::Less, row, tally)
        } else if function == Function::Greatest {
            Self::extreme(args, Ordering::Greater, row, tally)
        } else if function == Function::NullIf {
            let mut values = args.iter().map(|a| a.eval(row, tally));
            let (a, b) = (values.next(), values.next());
            let is_equal = a
                .as_ref()
                .zip(b)
                .is_some_and(|(a, b)| a.compare(&b) == Some(Ordering::Equal));
            a.filter(|_| !is_equal)
        } else {
            let values: Vec<Cow<'_, Value>> = args.iter().map(|a| a.eval(row, tally)).collect();
            return Cow::Owned(call::call(function, &values, tally));
        };
        match chosen {
            Some(value) if value.is_null() || value.data_type() == data_type => value,
            Some(value) => Cow::Owned(widen(value.into_owned(), data_type)),
            None => Cow::Owned(Value::Null),
        }
    }

    /// The least or the greatest value that is not null; what compares with nothing is not looked at.
    fn extreme<'a>(
        args: &'a [Self],
        wanted: Ordering,
        row: &'a Row,
        tally: &Tally,
    ) -> Option<Cow<'a, Value>> {
        args.iter()
            .map(|a| a.eval(row, tally))
            .filter(|v| v.compare(v).is_some())
            .reduce(|best, v| {
                if v.compare(&best) == Some(wanted) {
                    v
                } else {
                    best
                }
            })
    }
}

fn truth<'a>(b: Option<bool>) -> Cow<'a, Value> {
    Cow::Owned(b.into())
}

const fn holds(op: BinaryOp, order: Ordering) -> bool {
    match op {
        BinaryOp::Eq => order.is_eq(),
        BinaryOp::Ne => order.is_ne(),
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Le => order.is_le(),
        BinaryOp::Gt => order.is_gt(),
        BinaryOp::Ge => order.is_ge(),
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem => false,
    }
}
