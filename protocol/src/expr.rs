//! Expressions after resolving: what `where`, `select` and `derive` carry to a node instead of text.
//!
//! Evaluation lives in [`crate::eval`]. The tree is closed: a function that this version does not
//! know cannot be decoded, so an old agent refuses a new expression instead of guessing.

mod function;
mod function_doc;

use std::cell::Cell;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::EXPR_DEPTH_MAX;
use crate::time::Wall;
use crate::value::Value;

pub use self::function::Function;
pub use self::function_doc::{FunctionDoc, Topic};

/// An expression over one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub enum Expr {
    /// A constant.
    Literal(Value),
    /// The value of a column in this row.
    Column(String),
    /// `not x` or `-x`.
    Unary(UnaryOp, Box<Self>),
    /// `x op y`.
    Binary(BinaryOp, Box<Self>, Box<Self>),
    /// `x in (a, b)`, or `x not in (a, b)` if negated.
    In {
        /// What is looked for.
        of: Box<Self>,
        /// Where it is looked for.
        list: Vec<Self>,
        /// `not in`.
        negated: bool,
    },
    /// `x ~ 'regex'`, or `x !~ 'regex'` if negated. The pattern is checked when the plan is built.
    Matches {
        /// The text.
        of: Box<Self>,
        /// The regular expression, in the `regex` crate's syntax.
        pattern: String,
        /// `!~`.
        negated: bool,
    },
    /// `x is null`, or `x is not null` if negated.
    IsNull {
        /// What is tested.
        of: Box<Self>,
        /// `is not null`.
        negated: bool,
    },
    /// `name(args…)`.
    Call(Function, Vec<Self>),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnaryOp {
    /// `not`: three-valued, `not null` is null.
    Not,
    /// `-`.
    Neg,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinaryOp {
    /// `or`, three-valued.
    Or,
    /// `and`, three-valued.
    And,
    /// `=`.
    Eq,
    /// `!=`.
    Ne,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
    /// `+`; joins two strings.
    Add,
    /// `-`.
    Sub,
    /// `*`.
    Mul,
    /// `/`; always a fraction, and null where the divisor is zero.
    Div,
    /// `%`; null where the divisor is zero.
    Rem,
}

impl BinaryOp {
    /// Returns the operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

thread_local! {
    /// How many expressions around this one are being decoded on this thread.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// One level of [`DEPTH`].
struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

impl<'de> Deserialize<'de> for Expr {
    /// Refuses an expression that is nested deeper than any that is evaluated: decoding recurses,
    /// and a peer's bytes must not decide how much stack that takes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DEPTH.set(DEPTH.get() + 1);
        let _level = Level;
        if DEPTH.get() > EXPR_DEPTH_MAX + 1 {
            return Err(D::Error::custom(format_args!(
                "an expression is nested deeper than {EXPR_DEPTH_MAX}"
            )));
        }
        Self::deserialize(deserializer)
    }
}

impl Expr {
    /// Returns the name of the column if the expression is one and nothing else.
    #[must_use]
    pub fn as_column(&self) -> Option<&str> {
        if let Self::Column(name) = self {
            Some(name)
        } else {
            None
        }
    }

    /// Calls `visit` with the name of every column that the expression reads.
    pub fn for_each_column<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Literal(_) => {}
            Self::Column(name) => visit(name),
            Self::Unary(_, x) => x.for_each_column(visit),
            Self::Binary(_, x, y) => {
                x.for_each_column(visit);
                y.for_each_column(visit);
            }
            Self::In { of, list, .. } => {
                of.for_each_column(visit);
                list.iter().for_each(|x| x.for_each_column(visit));
            }
            Self::Matches { of, .. } | Self::IsNull { of, .. } => of.for_each_column(visit),
            Self::Call(_, args) => args.iter().for_each(|x| x.for_each_column(visit)),
        }
    }
}

impl Expr {
    /// Puts a moment in the place of every `now()`, so that whoever evaluates needs no clock.
    pub fn fix_now(&mut self, now: Wall) {
        match self {
            Self::Call(Function::Now, _) => *self = Self::Literal(Value::Time(now.0)),
            Self::Call(Function::Age, args) if args.len() == 1 => {
                args.push(Self::Literal(Value::Time(now.0)));
                args[0].fix_now(now);
            }
            Self::Literal(_) | Self::Column(_) => {}
            Self::Unary(_, x) | Self::Matches { of: x, .. } | Self::IsNull { of: x, .. } => {
                x.fix_now(now);
            }
            Self::Binary(_, x, y) => {
                x.fix_now(now);
                y.fix_now(now);
            }
            Self::In { of, list, .. } => {
                of.fix_now(now);
                list.iter_mut().for_each(|x| x.fix_now(now));
            }
            Self::Call(_, args) => args.iter_mut().for_each(|x| x.fix_now(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    /// `not not … null`, as bytes: no expression of that depth need exist to write it.
    fn nested(depth: usize) -> Vec<u8> {
        let null = codec::encode(&Expr::Literal(Value::Null)).expect("small");
        let one = Expr::Unary(UnaryOp::Not, Box::new(Expr::Literal(Value::Null)));
        let not = codec::encode(&one).expect("small");
        let not = &not[..not.len() - null.len()];
        [not.repeat(depth - 1), null].concat()
    }

    #[test]
    fn bytes_cannot_nest_an_expression_deeper_than_it_may_be() {
        assert!(codec::decode::<Expr>(&nested(EXPR_DEPTH_MAX)).is_ok());
        // The evaluator tells of one level too many; beyond that nobody looks.
        assert!(codec::decode::<Expr>(&nested(EXPR_DEPTH_MAX + 1)).is_ok());
        let error = codec::decode::<Expr>(&nested(400_000)).expect_err("refused");
        assert!(
            error.to_string().contains("nested deeper than 64"),
            "{error}"
        );
        assert!(
            codec::decode::<Expr>(&nested(2)).is_ok(),
            "a refusal is over once it is said"
        );
    }
}
