//! What can be told of a condition before it is asked: that no row can meet it, or that every one does.
//!
//! It goes by constants, by bounds on one column that exclude each other, and by what columns can
//! hold. It never guesses: what it cannot tell is neither.

use std::collections::BTreeMap;

use hailer_protocol::eval::Compiled;
use hailer_protocol::expr::{BinaryOp, Expr, UnaryOp};
use hailer_protocol::metrics::{self, Measure, VALUE_COLUMN};
use hailer_protocol::row_plan::{RowPlan, RowStep};
use hailer_protocol::value::{DataType, Value};

use crate::plan::Source;

/// What columns can hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranges(BTreeMap<String, (f64, f64)>);

impl Ranges {
    /// Finds the ranges of a line's columns.
    pub(super) fn of(source: &Source, plan: &RowPlan) -> Self {
        let mut out = BTreeMap::new();
        let mut put = |name: &str, low: f64, high: f64| out.insert(name.to_owned(), (low, high));
        match source {
            Source::Command(_) => {
                let parses = plan.steps.iter().any(|s| matches!(s, RowStep::Parse(_)));
                if parses {
                    // Shares of processors are not among them: four busy ones are 400%.
                    for name in ["use_pct", "iuse_pct", "pct_mem", "mem_pct"] {
                        put(name, 0.0, 100.0);
                    }
                } else {
                    put("rc", 0.0, 255.0);
                    put("ms", 0.0, f64::INFINITY);
                    put("bytes", 0.0, f64::INFINITY);
                }
            }
            Source::Metric { name } => {
                if let Ok(metric) = metrics::find(name)
                    && metric.data_type == DataType::Percent
                    && !matches!(metric.measure, Measure::Top(_))
                {
                    put(VALUE_COLUMN, 0.0, 100.0);
                }
            }
            Source::Each(_)
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. }
            | Source::Nodes
            | Source::File { .. }
            | Source::Result(_) => {}
        }
        for step in &plan.steps {
            match step {
                RowStep::Select(list) | RowStep::Derive(list) => {
                    for item in list {
                        if item.expr.as_column() != Some(&item.name) {
                            out.remove(&item.name);
                        }
                    }
                }
                RowStep::Parse(_) | RowStep::Where(_) | RowStep::Take(_) => {}
            }
        }
        Self(out)
    }
}

/// Whether no row can meet all of these.
pub(super) fn never_true(all: &[&Expr], ranges: &Ranges) -> bool {
    let mut parts = Vec::new();
    all.iter().for_each(|e| conjuncts(e, &mut parts));
    parts.iter().any(|p| never(p, ranges)) || contradict(&parts, ranges)
}

/// Whether every row meets it in which its columns are not null.
pub(super) fn always_true(expr: &Expr, ranges: &Ranges) -> bool {
    if let Expr::Binary(BinaryOp::And, x, y) = expr {
        return always_true(x, ranges) && always_true(y, ranges);
    }
    if let Expr::Binary(BinaryOp::Or, x, y) = expr {
        return always_true(x, ranges) || always_true(y, ranges);
    }
    if let Expr::Unary(UnaryOp::Not, x) = expr {
        return never(x, ranges);
    }
    constant(expr) == Some(Value::Bool(true)) || bound(expr).is_some_and(|b| b.holds_all(ranges))
}

fn never(expr: &Expr, ranges: &Ranges) -> bool {
    if let Expr::Binary(BinaryOp::And, ..) = expr {
        return never_true(&[expr], ranges);
    }
    if let Expr::Binary(BinaryOp::Or, x, y) = expr {
        return never(x, ranges) && never(y, ranges);
    }
    if let Expr::Unary(UnaryOp::Not, x) = expr {
        return always_true(x, ranges);
    }
    let is_false = matches!(constant(expr), Some(Value::Bool(false) | Value::Null));
    is_false || contradict(&[expr], ranges)
}

fn conjuncts<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    if let Expr::Binary(BinaryOp::And, x, y) = expr {
        conjuncts(x, out);
        conjuncts(y, out);
    } else {
        out.push(expr);
    }
}

/// The value of an expression that reads no column and no clock.
fn constant(expr: &Expr) -> Option<Value> {
    let mut reads = false;
    expr.for_each_column(&mut |_| reads = true);
    if reads || asks_time(expr) {
        return None;
    }
    let compiled = Compiled::new(expr, &[]).ok()?;
    Some(compiled.eval(&Vec::new()))
}

fn asks_time(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(_) | Expr::Column(_) => false,
        Expr::Unary(_, x) => asks_time(x),
        Expr::Binary(_, x, y) => asks_time(x) || asks_time(y),
        Expr::In { of, list, .. } => asks_time(of) || list.iter().any(asks_time),
        Expr::Matches { of, .. } | Expr::IsNull { of, .. } => asks_time(of),
        // A call may read the clock; constants are rarely written as calls.
        Expr::Call(..) => true,
    }
}

/// `column op constant`.
#[derive(Debug, Clone)]
struct Bound<'a> {
    column: &'a str,
    op: BinaryOp,
    value: Value,
}

fn bound(expr: &Expr) -> Option<Bound<'_>> {
    let Expr::Binary(op, x, y) = expr else {
        return None;
    };
    if let (Some(column), Some(value)) = (x.as_column(), constant(y)) {
        let op = *op;
        return Some(Bound { column, op, value });
    }
    let (column, value) = (y.as_column()?, constant(x)?);
    let op = match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Ge => BinaryOp::Le,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem => *op,
    };
    Some(Bound { column, op, value })
}

/// Numbers that compare with each other have the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Number,
    Size,
    Duration,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds that people write are far below 2^53"
)]
fn number(value: &Value) -> Option<(Kind, f64)> {
    match value {
        Value::Int(n) => Some((Kind::Number, *n as f64)),
        Value::Float(x) | Value::Percent(x) => Some((Kind::Number, *x)),
        Value::Size(n) => Some((Kind::Size, *n as f64)),
        Value::Duration(n) => Some((Kind::Duration, *n as f64)),
        Value::Null | Value::Bool(_) | Value::Str(_) | Value::Time(_) => None,
    }
}

impl Bound<'_> {
    /// Whether everything that the column can hold meets it.
    fn holds_all(&self, ranges: &Ranges) -> bool {
        let Some((_, n)) = number(&self.value) else {
            return false;
        };
        let Some(&(low, high)) = ranges.0.get(self.column) else {
            return false;
        };
        match self.op {
            BinaryOp::Lt => high < n,
            BinaryOp::Le => high <= n,
            BinaryOp::Gt => low > n,
            BinaryOp::Ge => low >= n,
            BinaryOp::Ne => n < low || n > high,
            BinaryOp::Eq
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Rem => false,
        }
    }
}

/// What is left of a column's values.
#[derive(Debug, Clone, Copy)]
struct Left {
    low: f64,
    high: f64,
    /// The ends themselves are out.
    open_low: bool,
    open_high: bool,
}

impl Left {
    fn above(&mut self, n: f64, open: bool) {
        if n > self.low || (n == self.low && open) {
            (self.low, self.open_low) = (n, open);
        }
    }

    fn below(&mut self, n: f64, open: bool) {
        if n < self.high || (n == self.high && open) {
            (self.high, self.open_high) = (n, open);
        }
    }

    fn is_empty(self) -> bool {
        self.low > self.high || (self.low == self.high && (self.open_low || self.open_high))
    }
}

/// Whether bounds on one column leave nothing.
fn contradict(parts: &[&Expr], ranges: &Ranges) -> bool {
    let mut left: BTreeMap<(&str, Kind), Left> = BTreeMap::new();
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for bound in parts.iter().filter_map(|p| bound(p)) {
        if let (BinaryOp::Eq, Value::Str(text)) = (bound.op, &bound.value) {
            let other = texts.insert(bound.column, text.clone());
            if other.is_some_and(|other| other != *text) {
                return true;
            }
        }
        let Some((kind, n)) = number(&bound.value) else {
            continue;
        };
        let &(low, high) = ranges
            .0
            .get(bound.column)
            .unwrap_or(&(f64::NEG_INFINITY, f64::INFINITY));
        let left = left.entry((bound.column, kind)).or_insert(Left {
            low,
            high,
            open_low: false,
            open_high: false,
        });
        match bound.op {
            BinaryOp::Gt => left.above(n, true),
            BinaryOp::Ge => left.above(n, false),
            BinaryOp::Lt => left.below(n, true),
            BinaryOp::Le => left.below(n, false),
            BinaryOp::Eq => {
                left.above(n, false);
                left.below(n, false);
            }
            BinaryOp::Ne
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Rem => {}
        }
    }
    left.values().any(|l| l.is_empty())
}
