//! One type a column: what values of several nodes have in common.
//!
//! Nodes run different versions of one tool, so a column may be an int here and text there. Int
//! widens to float and a bare number to a unit; everything else meets as text, and a note says so.

use hailer_protocol::value::{DataType, Value};

use crate::error::Note;
use crate::evaluator;

/// A column's values brought to one type.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) data_type: DataType,
    pub(crate) values: Vec<Value>,
    /// The types that had to become text, if any had to.
    pub(crate) mixed: Option<Vec<DataType>>,
}

/// Brings values to one type, beginning with the one that was declared.
pub(crate) fn settle(declared: DataType, mut values: Vec<Value>) -> Settled {
    let mut seen = vec![];
    for data_type in values.iter().map(Value::data_type) {
        if data_type != DataType::Null && !seen.contains(&data_type) {
            seen.push(data_type);
        }
    }
    // A declaration alone is no value: it decides only where every value fits it.
    let of_values = seen.iter().try_fold(DataType::Null, |a, b| a.unify(*b));
    let data_type = match of_values {
        Some(of_values) => declared.unify(of_values).unwrap_or(of_values),
        None => DataType::Str,
    };
    if seen.iter().any(|s| *s != data_type) {
        for value in &mut values {
            convert(value, data_type);
        }
    }
    seen.sort_unstable();
    Settled {
        data_type,
        values,
        mixed: of_values.is_none().then_some(seen),
    }
}

/// Says that a column's types had only text in common.
pub(crate) fn mixed_note(name: &str, types: &[DataType]) -> Note {
    let names: Vec<&str> = types.iter().map(|t| t.name()).collect();
    Note::new(&format!(
        "`{name}` is {} in different rows and is taken as text",
        names.join(" and ")
    ))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an int among floats is a float, as in SQL engines"
)]
fn convert(value: &mut Value, to: DataType) {
    let new = match (to, &*value) {
        (_, Value::Null) => return,
        (_, v) if v.data_type() == to => return,
        (DataType::Float, Value::Int(n)) => Value::Float(*n as f64),
        (DataType::Percent, Value::Int(n)) => Value::Percent(*n as f64),
        (DataType::Percent, Value::Float(x)) => Value::Percent(*x),
        (DataType::Size, Value::Int(n)) => Value::Size(*n),
        (DataType::Duration, Value::Int(n)) => Value::Duration(*n),
        (_, v) => Value::Str(evaluator::display(v)),
    };
    *value = new;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[Value], data_type: DataType, expected: &[Value], is_mixed: bool) {
        let settled = settle(DataType::Null, values.to_vec());
        assert_eq!(settled.data_type, data_type, "{values:?}");
        assert_eq!(settled.values, expected);
        assert_eq!(settled.mixed.is_some(), is_mixed);
    }

    #[test]
    fn unlike_types_meet_in_a_wider_one_or_in_text() {
        use Value::{Bool, Float, Int, Null, Percent, Size, Str};
        check(
            &[Int(1), Null, Int(2)],
            DataType::Int,
            &[Int(1), Null, Int(2)],
            false,
        );
        check(
            &[Int(1), Float(0.5)],
            DataType::Float,
            &[Float(1.0), Float(0.5)],
            false,
        );
        check(
            &[Int(0), Size(9)],
            DataType::Size,
            &[Size(0), Size(9)],
            false,
        );
        check(
            &[Float(1.5), Percent(2.0)],
            DataType::Percent,
            &[Percent(1.5), Percent(2.0)],
            false,
        );
        check(&[Null], DataType::Null, &[Null], false);
        check(
            &[Int(1), Str("n/a".into()), Bool(true)],
            DataType::Str,
            &[Str("1".into()), Str("n/a".into()), Str("true".into())],
            true,
        );
    }

    #[test]
    fn a_declared_type_stands_where_no_value_speaks_against_it() {
        assert_eq!(settle(DataType::Size, vec![]).data_type, DataType::Size);
        assert_eq!(
            settle(DataType::Float, vec![Value::Int(1)]).values,
            [Value::Float(1.0)]
        );
        assert_eq!(
            settle(DataType::Str, vec![Value::Int(1)]).data_type,
            DataType::Int
        );
    }

    #[test]
    fn the_note_names_the_types() {
        let note = mixed_note("load", &[DataType::Int, DataType::Str]);
        assert_eq!(
            note.as_str(),
            "`load` is int and string in different rows and is taken as text"
        );
    }
}
