//! Types of cells: a column has one type, found from all its cells; what is mixed stays text.
//!
//! Text that only looks like a number keeps its digits: `007` is text, so are numbers that do not
//! fit 64 bits.

mod number_style;

pub(crate) use self::number_style::Comma;
use self::number_style::NumberStyle;
use crate::table::Row;
use crate::units::{moment, parse_quantity};
use crate::value::{DataType, Value};

/// How the cells of one column are read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CellRule {
    /// A lone `-` means that there is no value.
    pub dash_is_null: bool,
    /// Bare numbers are this many bytes: the tool prints sizes in one unit.
    pub bytes_per_unit: Option<i64>,
    /// `5m` is no duration here.
    pub no_duration: bool,
    /// Numbers are percents, with the sign in the heading.
    pub is_percent: bool,
    /// What a comma is.
    pub comma: Comma,
}

/// Types the column at `at`, whose cells are text or null, and returns its type.
pub(crate) fn type_column(rows: &mut [Row], at: usize, rule: CellRule) -> DataType {
    if let Some(style) = NumberStyle::of_column(rows, at, rule.comma) {
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            if let Value::Str(text) = cell {
                *text = style.plain(text);
            }
        }
    }
    let mut fold = Fold::default();
    for row in &mut *rows {
        let Some(cell) = row.get_mut(at) else {
            continue;
        };
        let Value::Str(text) = cell else { continue };
        if text.is_empty() || (rule.dash_is_null && text == "-") {
            *cell = Value::Null;
        } else if !fold.is_text {
            fold.add(&read(text, rule));
        }
    }
    let mut data_type = fold.finish();
    if rule.is_percent && matches!(data_type, DataType::Int | DataType::Float) {
        data_type = DataType::Percent;
    }
    if !matches!(data_type, DataType::Str | DataType::Null) {
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            if let Value::Str(text) = cell {
                *cell = widen(read(text, rule), data_type);
            }
        }
    }
    data_type
}

/// Whether every number of a column is grouped in a way that could be a fraction too, as `1,234`.
pub(crate) fn is_ambiguous(rows: &[Row], at: usize) -> bool {
    number_style::is_ambiguous(texts(rows, at))
}

fn texts(rows: &[Row], at: usize) -> impl Iterator<Item = &str> + Clone {
    rows.iter()
        .filter_map(move |row| row.get(at)?.as_str())
        .filter(|text| !text.is_empty() && *text != "-")
}

/// Types one cell on its own, as where a row is made of lines.
pub(crate) fn type_cell(text: &str, rule: CellRule) -> Value {
    if text.is_empty() || (rule.dash_is_null && text == "-") {
        return Value::Null;
    }
    read(text, rule)
}

/// Turns a value into the wider type of its column; what has no place there is null.
pub(crate) fn widen(value: Value, data_type: DataType) -> Value {
    match (value, data_type) {
        (Value::Int(n), DataType::Float) => Value::Float(n as f64),
        (Value::Int(n), DataType::Percent) => Value::Percent(n as f64),
        (Value::Int(n), DataType::Size) => Value::Size(n),
        (Value::Int(n), DataType::Duration) => Value::Duration(n),
        (Value::Float(x), DataType::Percent) => Value::Percent(x),
        (value, wanted) if value.data_type() == wanted => value,
        _ => Value::Null,
    }
}

/// The type of the cells seen so far.
#[derive(Default)]
struct Fold {
    data_type: Option<DataType>,
    is_text: bool,
    /// A bare number other than zero: such a column has no unit of time.
    has_count: bool,
}

impl Fold {
    fn add(&mut self, value: &Value) {
        let seen = value.data_type();
        self.has_count |= matches!(value, Value::Int(n) if *n != 0);
        let unified = match self.data_type {
            None => Some(seen),
            Some(so_far) => so_far.unify(seen),
        };
        match unified {
            Some(DataType::Str) | None => self.is_text = true,
            Some(data_type) => self.data_type = Some(data_type),
        }
    }

    fn finish(self) -> DataType {
        match self.data_type {
            _ if self.is_text => DataType::Str,
            None => DataType::Null,
            Some(DataType::Duration) if self.has_count => DataType::Str,
            Some(data_type) => data_type,
        }
    }
}

fn read(text: &str, rule: CellRule) -> Value {
    if let Some(bytes) = rule.bytes_per_unit.and_then(|unit| read_size(text, unit)) {
        return Value::Size(bytes);
    }
    read_plain(text)
        .filter(|v| !(rule.no_duration && v.data_type() == DataType::Duration))
        .unwrap_or_else(|| Value::Str(text.to_owned()))
}

/// Reads a bare number of `unit` bytes, or one with a suffix in either case, as `top` prints `1.2g`.
fn read_size(text: &str, unit: i64) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(unit);
    }
    parse_quantity(&text.to_ascii_uppercase())?.as_size()
}

fn read_plain(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = *digits.as_bytes().first()?;
    if !first.is_ascii_digit() {
        return match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        };
    }
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let has_leading_zero = first == b'0' && whole > 1;
    let rest = &digits[whole..];
    if has_leading_zero && !rest.starts_with('-') {
        return None;
    }
    if rest.is_empty() {
        return text.parse().ok().map(Value::Int);
    }
    if let Some(fraction) = rest.strip_prefix('.')
        && !fraction.is_empty()
        && fraction.bytes().all(|b| b.is_ascii_digit())
    {
        return text.parse().ok().map(Value::Float);
    }
    if rest.starts_with('-') {
        return moment::parse_moment(text).map(Value::Time);
    }
    parse_quantity(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cells: &[&str], expected: DataType) {
        let mut rows: Vec<Row> = cells.iter().map(|c| vec![Value::from(*c)]).collect();
        let rule = CellRule {
            dash_is_null: true,
            ..CellRule::default()
        };
        assert_eq!(type_column(&mut rows, 0, rule), expected, "{cells:?}");
        for row in rows {
            let found = row[0].data_type();
            assert!(found == expected || found == DataType::Null, "{cells:?}");
        }
    }

    #[test]
    fn a_column_has_one_type() {
        check(&["1", "-", "3"], DataType::Int);
        check(&["1", "2.5"], DataType::Float);
        check(&["91%", "5%", ""], DataType::Percent);
        check(&["0", "4.0K", "12G"], DataType::Size);
        check(&["5d3h", "47s", "0"], DataType::Duration);
        check(&["5m", "12"], DataType::Str);
        check(&["5m", "5M"], DataType::Str);
        check(&["1", "x"], DataType::Str);
        check(&["007", "1"], DataType::Str);
        check(&["99999999999999999999"], DataType::Str);
        check(&["true", "false"], DataType::Bool);
        check(&["2026-11-23T15:10:00Z"], DataType::Time);
        check(&["2026-11-23"], DataType::Str);
        check(&["1.2.3"], DataType::Str);
        check(&["-", ""], DataType::Null);
        check(&["-5", "+5"], DataType::Int);
    }

    #[test]
    fn a_column_of_kibibytes_is_a_column_of_sizes() {
        let mut rows: Vec<Row> = ["16", "1.5g", "-"].map(|c| vec![Value::from(c)]).into();
        let rule = CellRule {
            dash_is_null: true,
            bytes_per_unit: Some(1024),
            ..CellRule::default()
        };
        assert_eq!(type_column(&mut rows, 0, rule), DataType::Size);
        assert_eq!(rows[0][0], Value::Size(16 << 10));
        assert_eq!(rows[1][0], Value::Size(3 << 29));
        assert_eq!(rows[2][0], Value::Null);
    }
}
