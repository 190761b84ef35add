//! Aggregates: what `agg` computes of many rows.

use std::fmt;

use hailer_protocol::expr::Expr;

/// One column that an `agg` makes.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateCall {
    /// What the column is called.
    pub name: String,
    /// What is computed.
    pub function: AggregateFunction,
    /// Of what; `None` for `count()` alone.
    pub argument: Option<Expr>,
}

/// What can be computed of the values of many rows. Null and NaN are no values: every function
/// leaves them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// How many rows, or how many values.
    Count,
    /// Their sum.
    Sum,
    /// Their arithmetic mean; of a condition, the share for which it holds.
    Mean,
    /// The lowest.
    Min,
    /// The highest.
    Max,
    /// The value in the middle.
    Median,
    /// The standard deviation of a sample.
    Stddev,
    /// The value that this share of all values lies at or below.
    Percentile(Percentile),
    /// How many different values.
    Distinct,
    /// The value of the first row that has one.
    First,
    /// The value of the last row that has one.
    Last,
    /// The different values as one text.
    List,
}

/// A share of values from 0 to 100 points, in thousandths of a point, so that `p99.9` is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentile(u32);

impl Percentile {
    const THOUSANDTHS: u32 = 1000;

    /// The value in the middle.
    pub const MEDIAN: Self = Self(50 * Self::THOUSANDTHS);

    /// Reads `99` or `99.9`: at most 100, with at most three digits behind the point.
    fn of_digits(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |s: &str| (1..=3).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return None;
        }
        let thousandths = format!("{fraction:0<3}").parse::<u32>().ok()?;
        let points = whole.parse::<u32>().ok()? * Self::THOUSANDTHS + thousandths;
        (points <= 100 * Self::THOUSANDTHS).then_some(Self(points))
    }

    /// Returns the share as a number from 0 to 1.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(100 * Self::THOUSANDTHS)
    }
}

impl fmt::Display for Percentile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / Self::THOUSANDTHS, self.0 % Self::THOUSANDTHS);
        if rest == 0 {
            return write!(f, "p{whole}");
        }
        write!(f, "p{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
    }
}

impl AggregateFunction {
    /// Finds a function by its name: one of [`crate::words::AGGREGATES`], or any `pNN`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "sum" => Self::Sum,
            "mean" => Self::Mean,
            "min" => Self::Min,
            "max" => Self::Max,
            "median" => Self::Median,
            "stddev" => Self::Stddev,
            "distinct" => Self::Distinct,
            "first" => Self::First,
            "last" => Self::Last,
            "list" => Self::List,
            _ => Self::Percentile(Percentile::of_digits(name.strip_prefix('p')?)?),
        })
    }

    /// Returns ours for a name that other languages have for it.
    #[must_use]
    pub fn of_other_languages(name: &str) -> Option<&'static str> {
        Some(match name {
            "avg" | "average" => "mean",
            "std" | "stdev" | "sd" => "stddev",
            "n" | "len" => "count",
            "nunique" | "n_unique" | "count_distinct" | "dc" | "dcount" => "distinct",
            "minimum" => "min",
            "maximum" => "max",
            "total" => "sum",
            "values" | "string_agg" | "group_concat" | "make_set" => "list",
            "percentile" | "quantile" => "p99",
            _ => return None,
        })
    }

    /// Whether it can do without an argument.
    #[must_use]
    pub const fn stands_alone(self) -> bool {
        match self {
            Self::Count => true,
            Self::Sum
            | Self::Mean
            | Self::Min
            | Self::Max
            | Self::Median
            | Self::Stddev
            | Self::Percentile(_)
            | Self::Distinct
            | Self::First
            | Self::Last
            | Self::List => false,
        }
    }

    /// Returns what a column is called that nobody has named: `count`, `mean_use_pct`; `mean` where
    /// the argument is more than a column.
    #[must_use]
    pub fn default_name(self, argument: Option<&Expr>) -> String {
        let plain = |text: &str| -> String {
            let sign = |c: char| if c.is_alphanumeric() { c } else { '_' };
            text.chars().map(sign).collect()
        };
        let function = plain(&self.to_string());
        match argument {
            Some(Expr::Column(column)) => format!("{function}_{}", plain(column)),
            Some(_) | None => function,
        }
    }
}

impl fmt::Display for AggregateFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Median => "median",
            Self::Stddev => "stddev",
            Self::Percentile(percentile) => return percentile.fmt(f),
            Self::Distinct => "distinct",
            Self::First => "first",
            Self::Last => "last",
            Self::List => "list",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_function_is_one_and_prints_as_it_is_written() {
        for name in crate::words::AGGREGATES {
            let function = AggregateFunction::by_name(name);
            assert_eq!(function.map(|f| f.to_string()).as_deref(), Some(*name));
        }
    }

    #[test]
    fn percentiles_lie_between_none_and_all() {
        for (name, expected) in [
            ("p0", Some("p0")),
            ("p50", Some("p50")),
            ("p99.9", Some("p99.9")),
            ("p99.999", Some("p99.999")),
            ("p99.0", Some("p99")),
            ("p100", Some("p100")),
            ("p100.1", None),
            ("p101", None),
            ("p99.9999", None),
            ("p999", None),
            ("p", None),
            ("p.", None),
            ("p9.", None),
            ("p-1", None),
            ("pid", None),
        ] {
            let found = AggregateFunction::by_name(name).map(|f| f.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
        assert_eq!(
            Percentile::of_digits("99.9").map(Percentile::share),
            Some(0.999)
        );
    }

    #[test]
    fn a_column_is_called_after_what_is_computed_of_what() {
        let of = |name: &str, argument: Option<Expr>| {
            let function = AggregateFunction::by_name(name).expect("a function");
            function.default_name(argument.as_ref())
        };
        let column = |name: &str| Some(Expr::Column(name.to_owned()));
        assert_eq!(of("count", None), "count");
        assert_eq!(of("mean", column("use_pct")), "mean_use_pct");
        assert_eq!(of("p99.9", column("label.dc")), "p99_9_label_dc");
        let literal = Expr::Literal(hailer_protocol::value::Value::Int(1));
        assert_eq!(of("sum", Some(literal)), "sum");
    }
}
