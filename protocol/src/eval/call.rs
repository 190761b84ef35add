//! The functions of the language: what they take, and where they are carried out.
//!
//! Every function but `coalesce`, `if`, `least` and `greatest` is null where an argument is null;
//! what has no answer is null too. Those that do not want all of their arguments, and those whose
//! regular expression is compiled beforehand, are called by their own nodes.

mod address;
mod moments;
mod numbers;
mod text;

pub(super) use self::text::{find_group, replace_matches};

use super::compiled::Tally;
use crate::expr::Function;
use crate::units::display_value;
use crate::value::{DataType, Value};

/// What was wanted of which argument.
type Wrong = (usize, &'static str);

/// What a function asks of its arguments, in the words of an error, and what it yields; `Err` holds
/// the number of the first argument that is wrong and what was wanted there.
#[expect(clippy::too_many_lines, reason = "one flat table")]
pub(super) fn result_type(function: Function, types: &[DataType]) -> Result<DataType, Wrong> {
    use DataType::{Bool, Duration, Float, Int, Percent, Size, Str, Time};
    match function {
        Function::Lower
        | Function::Upper
        | Function::Trim
        | Function::TrimStart
        | Function::TrimEnd
        | Function::Replace
        | Function::ReplaceRegex
        | Function::Basename
        | Function::Dirname
        | Function::Hash => all_text(types, Str),
        Function::Len | Function::Position => all_text(types, Int),
        Function::Contains
        | Function::StartsWith
        | Function::EndsWith
        | Function::IsIp
        | Function::InCidr => all_text(types, Bool),
        Function::Substr => {
            wants(types, 0, "string", |t| t == Str)?;
            wants(types, 1, "a whole number", |t| t == Int)?;
            wants(types, 2, "a whole number", |t| t == Int).map(|()| Str)
        }
        Function::Split => {
            all_text(&types[..types.len().min(2)], Str)?;
            wants(types, 2, "a whole number", |t| t == Int).map(|()| Str)
        }
        Function::Lpad | Function::Rpad => {
            wants(types, 0, "string", |t| t == Str)?;
            wants(types, 1, "a whole number", |t| t == Int)?;
            wants(types, 2, "string", |t| t == Str).map(|()| Str)
        }
        Function::Match => wants(types, 0, "string", |t| t == Str).map(|()| Str),
        Function::Concat | Function::Str => Ok(Str),
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => {
            wants(types, 0, "a number", DataType::is_numeric)?;
            wants(types, 1, "a whole number of digits", |t| t == Int)?;
            Ok(first(types))
        }
        Function::Sqrt
        | Function::Ln
        | Function::Log2
        | Function::Log10
        | Function::Exp
        | Function::Pow => {
            let is_bare = |t| matches!(t, Int | Float);
            wants(types, 0, "a number without a unit", is_bare)?;
            wants(types, 1, "a number without a unit", is_bare).map(|()| Float)
        }
        Function::Coalesce => unified(types, 0, true),
        Function::Least | Function::Greatest => unified(types, 0, false),
        Function::NullIf => unified(types, 0, false).map(|_| first(types)),
        Function::If => {
            wants(types, 0, "a condition", |t| t == Bool)?;
            unified(types, 1, true)
        }
        Function::Int => wants(types, 0, "text or a number", |t| t != Time).map(|()| Int),
        Function::Float => wants(types, 0, "text or a number", |t| t != Time).map(|()| Float),
        Function::Now => Ok(Time),
        Function::Age => {
            moments(types, 0)?;
            moments(types, 1).map(|()| Duration)
        }
        Function::Time => {
            let readable = |t| matches!(t, Str | Int | Float | Time);
            wants(types, 0, "text, a time or seconds since 1970", readable)?;
            wants(types, 1, "a format as text", |t| t == Str).map(|()| Time)
        }
        Function::FormatTime => {
            moments(types, 0)?;
            wants(types, 1, "a format as text", |t| t == Str).map(|()| Str)
        }
        Function::Date => moments(types, 0).map(|()| Str),
        Function::Hour | Function::Weekday => moments(types, 0).map(|()| Int),
        Function::Duration => {
            let readable = |t| matches!(t, Str | Int | Float | Duration);
            wants(types, 0, "text, a duration or seconds", readable).map(|()| Duration)
        }
        Function::Size => {
            let readable = |t| matches!(t, Str | Int | Float | Size);
            wants(types, 0, "text, a size or bytes", readable).map(|()| Size)
        }
        Function::Percent => {
            let readable = |t| matches!(t, Str | Int | Float | Percent);
            wants(types, 0, "text, a percent or points", readable).map(|()| Percent)
        }
    }
}

fn first(types: &[DataType]) -> DataType {
    types.first().copied().unwrap_or(DataType::Null)
}

/// An argument that is not there, or is null, is as it is wanted.
fn wants(
    types: &[DataType],
    at: usize,
    wanted: &'static str,
    fits: impl Fn(DataType) -> bool,
) -> Result<(), Wrong> {
    match types.get(at) {
        Some(t) if *t != DataType::Null && !fits(*t) => Err((at, wanted)),
        Some(_) | None => Ok(()),
    }
}

fn all_text(types: &[DataType], result: DataType) -> Result<DataType, Wrong> {
    for at in 0..types.len() {
        wants(types, at, "string", |t| t == DataType::Str)?;
    }
    Ok(result)
}

fn moments(types: &[DataType], at: usize) -> Result<(), Wrong> {
    wants(types, at, "a time", |t| {
        matches!(t, DataType::Time | DataType::Str)
    })
}

/// Returns the type that all have in common. A bare number among durations would be nanoseconds;
/// where values are compared, nobody means that.
fn unified(types: &[DataType], from: usize, bare_durations: bool) -> Result<DataType, Wrong> {
    let mut result = DataType::Null;
    for (at, t) in types.iter().enumerate().skip(from) {
        let is_bare = matches!(
            (result, *t),
            (DataType::Duration, DataType::Int) | (DataType::Int, DataType::Duration)
        );
        result = result
            .unify(*t)
            .filter(|_| bare_durations || !is_bare)
            .ok_or((at, "the same type as the others"))?;
    }
    Ok(result)
}

/// Calls a function whose arguments are all at hand; `coalesce`, `if` and those like them are not
/// called here, since they do not want all of them, nor is what a regular expression finds.
pub(super) fn call(function: Function, args: &[impl AsRef<Value>], tally: &Tally) -> Value {
    let arg = |at: usize| args.get(at).map_or(&Value::Null, AsRef::as_ref);
    let more = |at: usize| args.get(at).map(AsRef::as_ref);
    if args.iter().any(|a| a.as_ref().is_null()) {
        return Value::Null;
    }
    match function {
        Function::Lower => text::on(arg(0), |s| s.to_lowercase().into()),
        Function::Upper => text::on(arg(0), |s| s.to_uppercase().into()),
        Function::Trim => text::on(arg(0), |s| s.trim().into()),
        Function::TrimStart => text::on(arg(0), |s| s.trim_start().into()),
        Function::TrimEnd => text::on(arg(0), |s| s.trim_end().into()),
        Function::Len => text::on(arg(0), text::length),
        Function::Contains => text::on_both(arg(0), arg(1), |s, part| s.contains(part).into()),
        Function::StartsWith => text::on_both(arg(0), arg(1), |s, part| s.starts_with(part).into()),
        Function::EndsWith => text::on_both(arg(0), arg(1), |s, part| s.ends_with(part).into()),
        Function::Replace => text::on(arg(2), |to| {
            text::on_both(arg(0), arg(1), |s, from| text::replace(s, from, to, tally))
        }),
        Function::Substr => text::on(arg(0), |s| text::substr(s, arg(1), more(2))),
        Function::Split => text::on_both(arg(0), arg(1), |s, separator| {
            text::split(s, separator, arg(2))
        }),
        Function::Concat => {
            let all = args.iter().map(|a| display_value(a.as_ref()));
            text::concat(all, tally)
        }
        Function::Lpad => text::on(arg(0), |s| text::pad(s, arg(1), more(2), true, tally)),
        Function::Rpad => text::on(arg(0), |s| text::pad(s, arg(1), more(2), false, tally)),
        Function::Position => text::on_both(arg(0), arg(1), text::position),
        Function::Hash => text::on(arg(0), text::hash),
        Function::Abs => numbers::abs(arg(0), tally),
        Function::Round => numbers::round(arg(0), more(1), tally),
        Function::Floor => numbers::on_fraction(arg(0), f64::floor),
        Function::Ceil => numbers::on_fraction(arg(0), f64::ceil),
        Function::Sqrt => numbers::real(arg(0), |x| (x >= 0.0).then(|| x.sqrt()), tally),
        Function::Ln => numbers::real(arg(0), |x| (x > 0.0).then(|| x.ln()), tally),
        Function::Log2 => numbers::real(arg(0), |x| (x > 0.0).then(|| x.log2()), tally),
        Function::Log10 => numbers::real(arg(0), |x| (x > 0.0).then(|| x.log10()), tally),
        Function::Exp => numbers::real(arg(0), |x| Some(x.exp()), tally),
        Function::Pow => numbers::pow(arg(0), arg(1), tally),
        Function::Int => numbers::int(arg(0), tally),
        Function::Float => numbers::float(arg(0)),
        Function::Str => display_value(arg(0)).into(),
        Function::Duration => numbers::duration(arg(0), tally),
        Function::Size => numbers::size(arg(0), tally),
        Function::Percent => numbers::percent(arg(0)),
        Function::Age => moments::age(arg(0), arg(1), tally),
        Function::Time => moments::time(arg(0), more(1), tally),
        Function::FormatTime => moments::format(arg(0), arg(1)),
        Function::Date => moments::date(arg(0)),
        Function::Hour => moments::hour(arg(0)),
        Function::Weekday => moments::weekday(arg(0)),
        Function::IsIp => text::on(arg(0), address::is_ip),
        Function::InCidr => text::on_both(arg(0), arg(1), address::in_cidr),
        Function::Basename => text::on(arg(0), address::basename),
        Function::Dirname => text::on(arg(0), address::dirname),
        Function::Coalesce
        | Function::If
        | Function::Least
        | Function::Greatest
        | Function::NullIf
        | Function::Now
        | Function::Match
        | Function::ReplaceRegex => Value::Null,
    }
}
