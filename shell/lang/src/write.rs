//! Steps and expressions back to text, as an operator would write them.
//!
//! The text reads back to the same expression: operators get parentheses where the parser would
//! group them otherwise, and text always gets quotes.

use hailer_protocol::expr::{BinaryOp, Expr, UnaryOp};
use hailer_protocol::row_plan::{ParseAs, Projection, RowStep};
use hailer_protocol::units::{duration_text, float_text};
use hailer_protocol::value::Value;

use crate::aggregate::AggregateCall;
use crate::fleet_plan::FleetStep;

/// Writes a row verb.
#[must_use]
pub fn row_step(step: &RowStep) -> String {
    match step {
        RowStep::Parse(ParseAs::Auto) => "parse".to_owned(),
        RowStep::Parse(ParseAs::Columns) => "parse columns".to_owned(),
        RowStep::Parse(ParseAs::Json) => "parse json".to_owned(),
        RowStep::Parse(ParseAs::KeyValue) => "parse kv".to_owned(),
        RowStep::Parse(ParseAs::Csv) => "parse csv".to_owned(),
        RowStep::Parse(ParseAs::Lines) => "parse lines".to_owned(),
        RowStep::Parse(ParseAs::Regex(pattern)) => format!("parse regex {}", quote(pattern)),
        RowStep::Where(expr) => format!("where {}", expression(expr)),
        RowStep::Select(list) => format!("select {}", projections(list)),
        RowStep::Derive(list) => format!("derive {}", projections(list)),
        RowStep::Take(n) => format!("take {n} per node"),
    }
}

/// Writes a verb that runs in the shell.
#[must_use]
pub fn fleet_step(step: &FleetStep) -> String {
    match step {
        FleetStep::Row(step) => row_step(step),
        FleetStep::Group { by } => with_by("group", by),
        FleetStep::Count { by } => with_by("count", by),
        FleetStep::Sort { keys } => {
            let keys: Vec<String> = keys
                .iter()
                .map(|k| {
                    format!(
                        "{}{}",
                        expression(&k.expr),
                        if k.descending { " desc" } else { "" }
                    )
                })
                .collect();
            format!("sort {}", keys.join(", "))
        }
        FleetStep::Top { n, by } => format!("top {n} by {}", expression(by)),
        FleetStep::Agg { calls, by } => {
            let calls: Vec<String> = calls.iter().map(aggregate).collect();
            with_by(&format!("agg {}", calls.join(", ")), by)
        }
        FleetStep::Sql { query, .. } => format!("sql {}", quote(query)),
        FleetStep::Uniq { by } => with_by("uniq", by),
        FleetStep::Take(n) => format!("take {n}"),
        FleetStep::Why { by } => with_by("why", by),
        FleetStep::Diff { with: None, .. } => "diff".to_owned(),
        FleetStep::Diff { with: Some(n), by } => with_by(&format!("diff ${n}"), by),
        FleetStep::Join { with, by, is_left } => {
            let left = if *is_left { "left " } else { "" };
            with_by(&format!("join {left}{with}"), by)
        }
    }
}

/// Writes the name of a file, in quotes where it would not be one word.
#[must_use]
pub fn file_name(file: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./~+@:".contains(c);
    if file.chars().all(is_plain) && !file.is_empty() {
        file.to_owned()
    } else {
        quote(file)
    }
}

/// Writes an expression.
#[must_use]
pub fn expression(expr: &Expr) -> String {
    write(expr, 0)
}

fn with_by(verb: &str, by: &[String]) -> String {
    if by.is_empty() {
        return verb.to_owned();
    }
    let by: Vec<String> = by.iter().map(|c| column(c)).collect();
    format!("{verb} by {}", by.join(", "))
}

fn aggregate(call: &AggregateCall) -> String {
    let argument = call.argument.as_ref().map(expression).unwrap_or_default();
    let text = format!("{}({argument})", call.function);
    if call.name == call.function.default_name(call.argument.as_ref()) {
        text
    } else {
        format!("{} = {text}", column(&call.name))
    }
}

fn projections(list: &[Projection]) -> String {
    let one = |p: &Projection| {
        if p.expr == Expr::Column(p.name.clone()) {
            column(&p.name)
        } else {
            format!("{} = {}", column(&p.name), expression(&p.expr))
        }
    };
    list.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// How tightly operators bind, loosest first.
const fn binding(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => 1,
        BinaryOp::And => 2,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            4
        }
        BinaryOp::Add | BinaryOp::Sub => 5,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 6,
    }
}

const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const NEGATIVE: u8 = 7;

/// Writes an expression that stands where only what binds tighter than `outer` goes bare.
fn write(expr: &Expr, outer: u8) -> String {
    let (text, own) = match expr {
        Expr::Literal(value) => (literal(value), u8::MAX),
        Expr::Column(name) => (column(name), u8::MAX),
        Expr::Unary(UnaryOp::Not, x) => (format!("not {}", write(x, NOT - 1)), NOT),
        Expr::Unary(UnaryOp::Neg, x) => (format!("-{}", write(x, NEGATIVE)), NEGATIVE),
        Expr::Binary(op, x, y) => {
            let own = binding(*op);
            // Comparisons do not chain, so neither side of one may be another.
            let left = if own == COMPARISON { own } else { own - 1 };
            let right = match op {
                BinaryOp::Eq | BinaryOp::Ne => beside_equals(y, own),
                BinaryOp::Or
                | BinaryOp::And
                | BinaryOp::Lt
                | BinaryOp::Le
                | BinaryOp::Gt
                | BinaryOp::Ge
                | BinaryOp::Add
                | BinaryOp::Sub
                | BinaryOp::Mul
                | BinaryOp::Div
                | BinaryOp::Rem => write(y, own),
            };
            (format!("{} {} {right}", write(x, left), op.symbol()), own)
        }
        Expr::In { of, list, negated } => {
            let list: Vec<String> = list.iter().map(|e| beside_equals(e, 0)).collect();
            let not = if *negated { "not " } else { "" };
            (
                format!("{} {not}in ({})", write(of, COMPARISON), list.join(", ")),
                COMPARISON,
            )
        }
        Expr::Matches {
            of,
            pattern,
            negated,
        } => {
            let op = if *negated { "!~" } else { "~" };
            (
                format!("{} {op} {}", write(of, COMPARISON), quote(pattern)),
                COMPARISON,
            )
        }
        Expr::IsNull { of, negated } => {
            let not = if *negated { "not " } else { "" };
            (
                format!("{} is {not}null", write(of, COMPARISON)),
                COMPARISON,
            )
        }
        Expr::Call(function, args) => {
            let args: Vec<String> = args.iter().map(|e| write(e, 0)).collect();
            (format!("{}({})", function.name(), args.join(", ")), u8::MAX)
        }
    };
    if own <= outer {
        format!("({text})")
    } else {
        text
    }
}

/// Writes what stands where a bare word is text: a column alone gets backquotes there.
fn beside_equals(expr: &Expr, outer: u8) -> String {
    match expr {
        Expr::Column(name) => format!("`{name}`"),
        Expr::Literal(_)
        | Expr::Unary(..)
        | Expr::Binary(..)
        | Expr::In { .. }
        | Expr::Matches { .. }
        | Expr::IsNull { .. }
        | Expr::Call(..) => write(expr, outer),
    }
}

/// Writes a column: in backquotes where a bare word would be read as something else.
fn column(name: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(word);
    if plain && !crate::words::KEYWORDS.contains(&name) {
        name.to_owned()
    } else {
        format!("`{name}`")
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => float_text(*x),
        Value::Str(s) => quote(s),
        Value::Duration(ns) => duration_text(*ns),
        Value::Size(bytes) => size(*bytes),
        Value::Percent(points) => format!("{}%", float_text(*points)),
        // There are no literals of this type; the number is what it is compared with.
        Value::Time(ms) => ms.to_string(),
    }
}

/// Writes a size exactly, in the largest unit that divides it.
fn size(bytes: i64) -> String {
    let units = [
        ("PiB", 50),
        ("TiB", 40),
        ("GiB", 30),
        ("MiB", 20),
        ("KiB", 10),
    ];
    let fits = units
        .into_iter()
        .find(|(_, bits)| bytes != 0 && bytes % (1_i64 << bits) == 0);
    fits.map_or_else(
        || format!("{bytes}B"),
        |(unit, bits)| format!("{}{unit}", bytes >> bits),
    )
}

/// Quotes text: single quotes are verbatim, double quotes know `\`.
fn quote(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n").replace('\t', "\\t"))
}
