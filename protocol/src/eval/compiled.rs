//! Compiled expressions: columns are positions, regular expressions are ready, types are known.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use regex::Regex;

use super::check::{
    Operand, as_moment, check_comparison, check_plan_expr, is_comparison, types_error,
};
use super::error::{EvalError, PlanError};
use super::node::Node;
use super::{arithmetic, call, check, is_output};
use crate::expr::{BinaryOp, Expr, Function, UnaryOp};
use crate::nearest::nearest;
use crate::parse::regex::compile;
use crate::parse::typing::widen;
use crate::table::{Column, Row};
use crate::value::{DataType, Value};

/// An expression over the rows of one table.
#[derive(Debug, Clone)]
pub struct Compiled {
    node: Node,
    data_type: DataType,
    described: String,
}

/// Counts what a reader of the result must know.
#[derive(Debug, Default)]
pub struct Tally {
    overflows: Cell<u64>,
    text_bytes: Cell<usize>,
}

/// Regular expressions by their text: each is compiled once a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns(HashMap<String, Regex>);

impl Compiled {
    /// Compiles an expression for rows under these columns, and checks its types.
    pub fn new(expr: &Expr, columns: &[Column]) -> Result<Self, EvalError> {
        let mut patterns = Patterns::default();
        check_plan_expr(expr, &mut patterns)?;
        Self::with_patterns(expr, columns, &patterns)
    }

    /// Compiles an expression that [`check_plan_expr`] has checked with these patterns.
    pub(super) fn with_patterns(
        expr: &Expr,
        columns: &[Column],
        patterns: &Patterns,
    ) -> Result<Self, EvalError> {
        let (node, data_type) = Binder { columns, patterns }.bind(expr)?;
        Ok(Self {
            node,
            data_type,
            described: Operand { expr, data_type }.describe(),
        })
    }

    /// Evaluates the expression over one row. A row that does not fit the columns reads as null.
    #[must_use]
    pub fn eval(&self, row: &Row) -> Value {
        self.eval_counting(row, &Tally::default())
    }

    /// [`Compiled::eval`], counting values that did not fit.
    #[must_use]
    pub fn eval_counting(&self, row: &Row, tally: &Tally) -> Value {
        self.node.eval(row, tally).into_owned()
    }

    /// [`Compiled::eval_counting`], widened to exactly [`Compiled::data_type`].
    pub(super) fn eval_widened(&self, row: &Row, tally: &Tally) -> Value {
        let value = self.eval_counting(row, tally);
        if value.is_null() {
            value
        } else {
            widen(value, self.data_type)
        }
    }

    /// Reads a column as it is, and not as an expression reads it.
    #[must_use]
    pub(super) fn verbatim(mut self) -> Self {
        if let Node::Output(at) = self.node {
            self.node = Node::Column(at);
        }
        self
    }

    /// Returns the type of every value that is not null.
    #[must_use]
    pub const fn data_type(&self) -> DataType {
        self.data_type
    }

    /// Checks that the expression is true or false.
    pub fn check_is_condition(&self) -> Result<(), EvalError> {
        match self.data_type {
            DataType::Bool | DataType::Null => Ok(()),
            DataType::Int
            | DataType::Float
            | DataType::Str
            | DataType::Duration
            | DataType::Size
            | DataType::Percent
            | DataType::Time => Err(EvalError::NotACondition {
                found: self.described.clone(),
            }),
        }
    }
}

impl Tally {
    /// Returns how many values did not fit their type.
    #[must_use]
    pub const fn overflows(&self) -> u64 {
        self.overflows.get()
    }

    /// Counts text that was made, and returns how many bytes it is in all.
    pub(super) fn make_text(&self, bytes: usize) -> usize {
        self.text_bytes
            .set(self.text_bytes.get().saturating_add(bytes));
        self.text_bytes.get()
    }

    /// Counts one value, and returns the null in its place.
    pub(super) fn overflow(&self) -> Value {
        self.overflows.set(self.overflows.get().saturating_add(1));
        Value::Null
    }
}

impl Patterns {
    pub(super) fn add(&mut self, pattern: &str) -> Result<&Regex, PlanError> {
        Ok(match self.0.entry(pattern.to_owned()) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(free) => free.insert(compile(pattern)?),
        })
    }

    fn find(&self, pattern: &str) -> Result<Regex, PlanError> {
        match self.0.get(pattern) {
            Some(regex) => Ok(regex.clone()),
            None => Ok(compile(pattern)?),
        }
    }
}

struct Binder<'a> {
    columns: &'a [Column],
    patterns: &'a Patterns,
}

impl Binder<'_> {
    /// Binds one expression; recursion is bounded by the check of the plan.
    fn bind(&self, expr: &Expr) -> Result<(Node, DataType), EvalError> {
        Ok(match expr {
            Expr::Literal(value) => (Node::Literal(value.clone()), value.data_type()),
            Expr::Column(name) => self.bind_column(name)?,
            Expr::Unary(op, x) => self.bind_unary(*op, x)?,
            Expr::Binary(op, x, y) => self.bind_binary(*op, x, y)?,
            Expr::In { of, list, negated } => {
                let (node, data_type) = self.bind(of)?;
                let mut items = Vec::with_capacity(list.len());
                for item in list {
                    let left = Operand {
                        expr: of,
                        data_type,
                    };
                    items.push(compared("in", left, item, self.bind(item)?)?);
                }
                (Node::In(Box::new(node), items, *negated), DataType::Bool)
            }
            Expr::Matches {
                of,
                pattern,
                negated,
            } => {
                let (node, _) = self.bind(of)?;
                let regex = self.patterns.find(pattern)?;
                (
                    Node::Matches(Box::new(node), regex, *negated),
                    DataType::Bool,
                )
            }
            Expr::IsNull { of, negated } => {
                let (node, _) = self.bind(of)?;
                (Node::IsNull(Box::new(node), *negated), DataType::Bool)
            }
            Expr::Call(function, args) => self.bind_call(*function, args)?,
        })
    }

    fn bind_column(&self, name: &str) -> Result<(Node, DataType), EvalError> {
        let names = || self.columns.iter().map(|c| c.name.as_str());
        match self.columns.iter().position(|c| c.name == name) {
            Some(at) => {
                let data_type = self.columns[at].data_type;
                let node = if is_output(name) {
                    Node::Output(at)
                } else {
                    Node::Column(at)
                };
                Ok((node, data_type))
            }
            None => Err(EvalError::UnknownColumn {
                name: name.to_owned(),
                nearest: nearest(name, names()).map(str::to_owned),
                available: names().map(str::to_owned).collect(),
            }),
        }
    }

    fn bind_unary(&self, op: UnaryOp, x: &Expr) -> Result<(Node, DataType), EvalError> {
        let (node, data_type) = self.bind(x)?;
        let (function, wanted, fits) = match op {
            UnaryOp::Not => ("not", "a condition", data_type == DataType::Bool),
            UnaryOp::Neg => ("-", "a number", data_type.is_numeric()),
        };
        if !fits && data_type != DataType::Null {
            let operand = Operand { expr: x, data_type };
            return Err(argument_error(function, wanted, operand));
        }
        Ok(match op {
            UnaryOp::Not => (Node::Not(Box::new(node)), DataType::Bool),
            UnaryOp::Neg => (Node::Negate(Box::new(node)), data_type),
        })
    }

    fn bind_binary(&self, op: BinaryOp, x: &Expr, y: &Expr) -> Result<(Node, DataType), EvalError> {
        let (left, left_type) = self.bind(x)?;
        let a = Operand {
            expr: x,
            data_type: left_type,
        };
        if is_comparison(op) {
            // A time may stand on either side of its text.
            let (right, right_type) = self.bind(y)?;
            let (left, right) = match as_moment(a, right_type) {
                Some(moment) => (Node::Literal(moment), right),
                None => (left, compared(op.symbol(), a, y, (right, right_type))?),
            };
            let node = Node::Compare(op, Box::new(left), Box::new(right));
            return Ok((node, DataType::Bool));
        }
        let (right, right_type) = self.bind(y)?;
        let b = Operand {
            expr: y,
            data_type: right_type,
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            for operand in [a, b] {
                if !matches!(operand.data_type, DataType::Bool | DataType::Null) {
                    return Err(argument_error(op.symbol(), "conditions", operand));
                }
            }
            let is_or = op == BinaryOp::Or;
            return Ok((
                Node::Logic(Box::new(left), is_or, Box::new(right)),
                DataType::Bool,
            ));
        }
        let data_type = arithmetic::result_type(op, left_type, right_type)
            .ok_or_else(|| types_error(op.symbol(), a, b))?;
        Ok((
            Node::Arithmetic(op, Box::new(left), Box::new(right)),
            data_type,
        ))
    }

    fn bind_call(&self, function: Function, args: &[Expr]) -> Result<(Node, DataType), EvalError> {
        let mut nodes = Vec::with_capacity(args.len());
        let mut types = Vec::with_capacity(args.len());
        for arg in args {
            let (node, data_type) = self.bind(arg)?;
            nodes.push(node);
            types.push(data_type);
        }
        let data_type = call::result_type(function, &types).map_err(|(at, wanted)| {
            let operand = Operand {
                expr: &args[at],
                data_type: types[at],
            };
            argument_error(function.name(), wanted, operand)
        })?;
        let wants_clock = function == Function::Now || function == Function::Age && args.len() < 2;
        if wants_clock {
            let function = function.name();
            return Err(PlanError::NoClock { function }.into());
        }
        let node = if function == Function::Match {
            self.bind_match(args, nodes)?
        } else if function == Function::ReplaceRegex {
            self.bind_replace(args, nodes)?
        } else {
            Node::Call(function, nodes, data_type)
        };
        Ok((node, data_type))
    }

    fn bind_replace(&self, args: &[Expr], nodes: Vec<Node>) -> Result<Node, EvalError> {
        let pattern = check::pattern_argument(Function::ReplaceRegex, args)?;
        let regex = self.patterns.find(pattern)?;
        let mut nodes = nodes.into_iter();
        Ok(match (nodes.next(), nodes.nth(1)) {
            (Some(of), Some(to)) => Node::ReplaceMatches(Box::new(of), regex, Box::new(to)),
            (Some(_) | None, _) => Node::Literal(Value::Null),
        })
    }

    /// `match`: without a group it is the expression's first, or all that it finds if it has none.
    fn bind_match(&self, args: &[Expr], nodes: Vec<Node>) -> Result<Node, EvalError> {
        let pattern = check::pattern_argument(Function::Match, args)?;
        let regex = self.patterns.find(pattern)?;
        let group = check::group_argument(&regex, args)?;
        match nodes.into_iter().next() {
            Some(of) => Ok(Node::FindGroup(Box::new(of), regex, group)),
            None => Ok(Node::Literal(Value::Null)),
        }
    }
}

/// Checks that what was bound can be compared with `left`; text that is compared with a time is one.
fn compared(
    operator: &'static str,
    left: Operand<'_>,
    right: &Expr,
    (node, data_type): (Node, DataType),
) -> Result<Node, EvalError> {
    let operand = Operand {
        expr: right,
        data_type,
    };
    if let Some(moment) = as_moment(operand, left.data_type) {
        return Ok(Node::Literal(moment));
    }
    check_comparison(operator, left, operand)?;
    Ok(node)
}

fn argument_error(function: &'static str, wanted: &'static str, found: Operand<'_>) -> EvalError {
    let column = found.expr.as_column().unwrap_or("x");
    let hint = (wanted == "string").then(|| format!("make text of it: `string({column})`"));
    EvalError::Argument {
        function,
        wanted,
        found: found.describe(),
        hint,
    }
}
