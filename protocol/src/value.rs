//! Values: what a cell of a table holds, on a node, on the wire and in the shell.
//!
//! The set is closed and small on purpose. A value knows its unit (a size is not an int), so
//! that `where free < 10GiB` compares what the reader means. Null behaves as in SQL: it is
//! neither equal to nor less than anything, and a condition that comes out null selects nothing.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Unknown or absent.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text. From a node it is untrusted: display goes through [`crate::clean`].
    Str(String),
    /// A span of time, in nanoseconds.
    Duration(i64),
    /// A size, in bytes.
    Size(i64),
    /// A percentage, in points: 91 % is 91.0.
    Percent(f64),
    /// A moment, in milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
}

/// The type of a [`Value`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DataType {
    /// Only nulls were seen.
    Null,
    /// [`Value::Bool`].
    Bool,
    /// [`Value::Int`].
    Int,
    /// [`Value::Float`].
    Float,
    /// [`Value::Str`].
    Str,
    /// [`Value::Duration`].
    Duration,
    /// [`Value::Size`].
    Size,
    /// [`Value::Percent`].
    Percent,
    /// [`Value::Time`].
    Time,
}

impl DataType {
    /// Returns the word that the language and its messages use for this type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "string",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Percent => "percent",
            Self::Time => "time",
        }
    }

    /// Returns the type that can hold values of both types, or `None` where text is the only one.
    ///
    /// Int widens to float, and a bare number to the unit it is compared with.
    #[must_use]
    pub fn unify(self, other: Self) -> Option<Self> {
        use DataType::{Duration, Float, Int, Null, Percent, Size};
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Null, b) => Some(b),
            (a, Null) => Some(a),
            (Int, Float) | (Float, Int) => Some(Float),
            (Int | Float, Percent) | (Percent, Int | Float) => Some(Percent),
            (Int, Size) | (Size, Int) => Some(Size),
            (Int, Duration) | (Duration, Int) => Some(Duration),
            _ => None,
        }
    }

    /// Whether values of this type are numbers (with or without a unit) and print to the right.
    #[must_use]
    pub const fn is_numeric(self) -> bool {
        matches!(
            self,
            Self::Int | Self::Float | Self::Duration | Self::Size | Self::Percent
        )
    }
}

impl std::fmt::Display for DataType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Value {
    /// Returns this value's type.
    #[must_use]
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Bool(_) => DataType::Bool,
            Self::Int(_) => DataType::Int,
            Self::Float(_) => DataType::Float,
            Self::Str(_) => DataType::Str,
            Self::Duration(_) => DataType::Duration,
            Self::Size(_) => DataType::Size,
            Self::Percent(_) => DataType::Percent,
            Self::Time(_) => DataType::Time,
        }
    }

    /// Whether this is [`Value::Null`].
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// Returns the bytes of a size.
    #[must_use]
    pub const fn as_size(&self) -> Option<i64> {
        if let Self::Size(bytes) = self {
            Some(*bytes)
        } else {
            None
        }
    }

    /// Returns whether a bool is true.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self {
            Some(*b)
        } else {
            None
        }
    }

    /// Returns the plain number behind an int, float, duration (ns), size (bytes) or percent (points).
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "comparisons across numeric types are made in f64, as SQL engines do"
    )]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(n) | Self::Duration(n) | Self::Size(n) => Some(*n as f64),
            Self::Float(x) | Self::Percent(x) => Some(*x),
            Self::Null | Self::Bool(_) | Self::Str(_) | Self::Time(_) => None,
        }
    }

    /// Compares two values as the language's `<` and `=` do; `None` where there is no answer:
    /// a null on either side, a NaN, or types that cannot be compared.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Str(a), Self::Str(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b))
            | (Self::Size(a) | Self::Int(a), Self::Size(b))
            | (Self::Size(a), Self::Int(b))
            | (Self::Duration(a), Self::Duration(b))
            | (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (a, b) if a.data_type().unify(b.data_type()).is_some() => {
                a.as_f64()?.partial_cmp(&b.as_f64()?)
            }
            _ => None,
        }
    }

    /// Orders values for sorting, totally: nulls last, NaN after numbers, unlike types by type.
    #[must_use]
    pub fn sort_order(&self, other: &Self) -> Ordering {
        match (self.is_null(), other.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                self.compare(other)
                    .unwrap_or_else(|| match (self.as_f64(), other.as_f64()) {
                        (Some(a), Some(b)) => a.total_cmp(&b),
                        _ => self.data_type().cmp(&other.data_type()),
                    })
            }
        }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::Float(x)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::Str(s.to_owned())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Str(s)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_compared_with_a_percent_means_points() {
        assert_eq!(
            Value::Percent(91.0).compare(&Value::Int(90)),
            Some(Ordering::Greater)
        );
    }

    #[test]
    fn null_and_nan_compare_with_nothing() {
        assert_eq!(Value::Null.compare(&Value::Null), None);
        assert_eq!(Value::Float(f64::NAN).compare(&Value::Int(1)), None);
    }

    #[test]
    fn a_duration_is_not_comparable_with_a_size() {
        assert_eq!(Value::Duration(1).compare(&Value::Size(1)), None);
    }

    #[test]
    fn nulls_sort_last() {
        let mut v = vec![Value::Null, Value::Int(2), Value::Int(1)];
        v.sort_by(Value::sort_order);
        assert_eq!(v, [Value::Int(1), Value::Int(2), Value::Null]);
    }
}
