//! CSV and TSV as files: RFC 4180, with quotes that mean text.
//!
//! Text is always quoted and nothing else is, so that `"12"` is text and `12` a number, `""` is empty
//! text and an empty field null. A text that a spreadsheet would run as a formula has a `'` in front,
//! which is taken away again. Lines end in CR LF.
//!
//! Files of other programs are read as they come: a field without quotes is a bool, a number, a
//! number with a unit (`10GiB`, `95%`, `30s`) or an RFC 3339 time where all fields of its column are,
//! and text otherwise. A line with fewer fields than the first is filled up with nulls.

use hailer_protocol::clean::Clean;
use hailer_protocol::units::moment::parse_moment;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::{DataType, Value};

use super::names::Names;
use super::{check_size, field, unreadable};
use crate::column::FrameColumn;
use crate::error::{Note, TableError};
use crate::export::shown;
use crate::frame::Frame;
use crate::provenance::Provenance;
use hailer_lang::file_format::FileFormat;

/// Returns the header and all rows.
pub(super) fn write(frame: &Frame, separator: u8) -> String {
    let separator = char::from(separator);
    let columns: Vec<usize> = shown(frame).into_iter().map(|(at, _)| at).collect();
    let mut out = String::new();
    let header = columns.iter().map(|&at| {
        let name = field::written_name(&frame.columns()[at].column);
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        // A formula has no place in a header either.
        let is_bare = name.chars().all(is_plain) && !name.starts_with('-') && !name.is_empty();
        if is_bare { name } else { quoted(&name) }
    });
    push_line(&mut out, header, separator);
    for row in 0..frame.len() {
        let fields = columns.iter().map(|&at| {
            let value = frame.value(row, at);
            value
                .as_str()
                .map_or_else(|| field::written(&value), quoted)
        });
        push_line(&mut out, fields, separator);
    }
    out
}

fn push_line(out: &mut String, fields: impl Iterator<Item = String>, separator: char) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.push(separator);
        }
        out.push_str(&field);
    }
    out.push_str("\r\n");
}

fn quoted(text: &str) -> String {
    let clean = Clean::text(text);
    let body = clean.as_str();
    let guard = if is_guarded_as(body) { "'" } else { "" };
    format!("\"{guard}{}\"", body.replace('"', "\"\""))
}

/// Whether a text begins as a formula does, perhaps behind a `'`, so that one of those says nothing.
fn is_guarded_as(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn without_guard(text: String) -> String {
    match text.strip_prefix('\'') {
        Some(behind) if is_guarded_as(behind) => behind.to_owned(),
        Some(_) | None => text,
    }
}

/// Makes a frame of a file.
pub(super) fn read(text: &str, separator: u8) -> Result<(Frame, Vec<Note>), TableError> {
    let format = if separator == b'\t' {
        FileFormat::Tsv
    } else {
        FileFormat::Csv
    };
    let mut records = Records {
        text,
        at: 0,
        separator,
    };
    let header = match records.next_record() {
        Some(Ok(header)) => header,
        Some(Err(OpenQuote { line })) => return Err(open_quote(format, line)),
        None => {
            return Err(unreadable(
                format,
                "it is empty; its first line names the columns",
            ));
        }
    };
    let n_columns = header.len();
    let mut cells: Vec<Vec<Field>> = vec![Vec::new(); n_columns];
    let (mut n_rows, mut short, mut long) = (0, 0, 0);
    while let Some(record) = records.next_record() {
        let record = record.map_err(|OpenQuote { line }| open_quote(format, line))?;
        // A line without anything is a row only where there is nothing but one null to say.
        if n_columns > 1 && matches!(record.as_slice(), [only] if only.is_null()) {
            continue;
        }
        n_rows += 1;
        check_size(format, n_columns, n_rows)?;
        short += usize::from(record.len() < n_columns);
        long += usize::from(record.len() > n_columns);
        let fields = record
            .into_iter()
            .chain(std::iter::repeat_with(Field::default));
        for (column, field) in cells.iter_mut().zip(fields) {
            column.push(field);
        }
    }
    check_size(format, n_columns, n_rows)?;
    let mut names = Names::default();
    let mut notes = Vec::new();
    let mut columns = Vec::with_capacity(n_columns);
    for (title, cells) in header.into_iter().zip(cells) {
        let title = without_guard(title.text);
        let (name, declared) = field::typed_name(title.trim());
        let (data_type, values, note) = typed(name, declared, cells);
        notes.extend(note);
        columns.push((FrameColumn::shown(names.column(name, data_type)), values));
    }
    notes.extend(names.note());
    if short > 0 {
        notes.push(lines(short, "fewer", "what is missing is null"));
    }
    if long > 0 {
        notes.push(lines(long, "more", "what is beyond is left out"));
    }
    let (frame, more) = Frame::from_values(columns, Provenance::of_nothing(n_rows))?;
    notes.extend(more);
    Ok((frame, notes))
}

fn open_quote(format: FileFormat, line: usize) -> TableError {
    unreadable(
        format,
        &format!("the quote that opens in line {line} does not close"),
    )
}

fn lines(n: usize, how: &str, what: &str) -> Note {
    let lines = if n == 1 { "line has" } else { "lines have" };
    Note::new(&format!(
        "open: {n} {lines} {how} fields than the first one; {what}"
    ))
}

/// Gives a column's fields their type: the declared one where all of them are of it, or the one that
/// all of them are of, or text.
fn typed(
    name: &str,
    declared: Option<DataType>,
    cells: Vec<Field>,
) -> (DataType, Vec<Value>, Option<Note>) {
    let all = |read: &dyn Fn(&Field) -> Option<Value>| -> Option<Vec<Value>> {
        cells.iter().map(read).collect()
    };
    let mut note = None;
    if let Some(data_type) = declared {
        let read = |field: &Field| match field {
            _ if field.is_null() => Some(Value::Null),
            _ => field::parsed(&field.text, data_type),
        };
        if let Some(values) = all(&read) {
            return (data_type, values, None);
        }
        note = Some(Note::new(&format!(
            "open: not everything below `{name}` is {data_type}; it is taken as it is written"
        )));
    }
    let inferred = inferred(&cells);
    if !matches!(inferred, DataType::Str) {
        let read = |field: &Field| match (bare(field), inferred) {
            #[expect(clippy::cast_precision_loss, reason = "an int among floats is a float")]
            (Some(Value::Int(n)), DataType::Float) => Some(Value::Float(n as f64)),
            (value, _) => value,
        };
        if let Some(values) = all(&read) {
            return (inferred, values, note);
        }
    }
    let text = |field: Field| {
        if field.is_null() {
            Value::Null
        } else {
            Value::Str(without_guard(field.text))
        }
    };
    (DataType::Str, cells.into_iter().map(text).collect(), note)
}

/// Returns the type that all fields are of; text where there is none, or a quoted one.
fn inferred(cells: &[Field]) -> DataType {
    let mut so_far = DataType::Null;
    for cell in cells {
        let Some(value) = bare(cell) else {
            return DataType::Str;
        };
        so_far = match (so_far, value.data_type()) {
            (a, DataType::Null) => a,
            (DataType::Null, b) => b,
            (a, b) if a == b => a,
            (DataType::Int, DataType::Float) | (DataType::Float, DataType::Int) => DataType::Float,
            _ => return DataType::Str,
        };
    }
    so_far
}

/// Reads a field without quotes; `None` where it is text.
fn bare(field: &Field) -> Option<Value> {
    if field.is_quoted {
        return None;
    }
    let text = field.text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    match text {
        "" => return Some(Value::Null),
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "NaN" | "inf" | "-inf" => return text.parse().ok().map(Value::Float),
        _ => {}
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let is_padded = digits.len() > 1
        && digits.starts_with('0')
        && digits[1..].starts_with(|c: char| c.is_ascii_digit());
    if is_padded {
        return None;
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        // Digits beyond 64 bits are text: as a float they would be others.
        return text.parse().ok().map(Value::Int);
    }
    let is_float = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-');
    if digits.bytes().all(is_float)
        && let Ok(x) = text.parse()
    {
        return Some(Value::Float(x));
    }
    parse_quantity(text).or_else(|| parse_moment(text).map(Value::Time))
}

/// One field of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Field {
    text: String,
    is_quoted: bool,
}

impl Field {
    const fn is_null(&self) -> bool {
        self.text.is_empty() && !self.is_quoted
    }
}

/// A quote that does not close, and the line in which it opens, counted from 1.
#[derive(Debug, PartialEq, Eq)]
struct OpenQuote {
    line: usize,
}

/// The lines of a text, where a line break within quotes ends none.
struct Records<'a> {
    text: &'a str,
    at: usize,
    separator: u8,
}

impl Records<'_> {
    fn next_record(&mut self) -> Option<Result<Vec<Field>, OpenQuote>> {
        if self.at >= self.text.len() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            match self.field() {
                Ok(field) => record.push(field),
                Err(open) => return Some(Err(open)),
            }
            let rest = &self.text.as_bytes()[self.at..];
            match rest.first() {
                Some(&b) if b == self.separator => self.at += 1,
                Some(b'\r') if rest.get(1) == Some(&b'\n') => {
                    self.at += 2;
                    return Some(Ok(record));
                }
                Some(_) => {
                    self.at += 1;
                    return Some(Ok(record));
                }
                None => return Some(Ok(record)),
            }
        }
    }

    /// Reads up to a separator or the end of the line.
    fn field(&mut self) -> Result<Field, OpenQuote> {
        let bytes = self.text.as_bytes();
        let mut field = Field::default();
        if bytes.get(self.at) == Some(&b'"') {
            self.quoted(&mut field)?;
        }
        // What stands behind a closing quote belongs to the field, as other readers have it.
        let rest = &self.text[self.at..];
        let ends = |b: u8| b == self.separator || b == b'\n' || b == b'\r';
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        field.text.push_str(&rest[..length]);
        self.at += length;
        Ok(field)
    }

    fn quoted(&mut self, field: &mut Field) -> Result<(), OpenQuote> {
        field.is_quoted = true;
        let opened = self.at;
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find('"') else {
                let line = self.text[..opened].matches('\n').count() + 1;
                return Err(OpenQuote { line });
            };
            field.text.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.text[self.at..].starts_with('"') {
                return Ok(());
            }
            field.text.push('"');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, DataType, Vec<Value>)> {
        let (frame, _) = read(text, b',').unwrap();
        let table = frame.to_protocol_table();
        let column = |(at, c): (usize, &hailer_protocol::table::Column)| {
            let values = table.rows.iter().map(|row| row[at].clone()).collect();
            (c.name.clone(), c.data_type, values)
        };
        table.columns.iter().enumerate().map(column).collect()
    }

    fn check(cells: &[&str], data_type: DataType) {
        let text = format!("x\n{}\n", cells.join("\n"));
        assert_eq!(values(&text)[0].1, data_type, "{cells:?}");
    }

    #[test]
    fn a_column_is_of_the_type_that_all_its_fields_are_of() {
        check(&["1", "", "-3"], DataType::Int);
        check(&["1", "2.5"], DataType::Float);
        check(&["1e3", "NaN"], DataType::Float);
        check(&["true", "false"], DataType::Bool);
        check(&["10GiB", "5B"], DataType::Size);
        check(&["95%"], DataType::Percent);
        check(&["30s", "1h30m"], DataType::Duration);
        check(&["2026-11-23T15:10:00Z"], DataType::Time);
        check(&["10GiB", "5"], DataType::Str);
        check(&["1", "\"2\""], DataType::Str);
        check(&["007"], DataType::Str);
        check(&["99999999999999999999"], DataType::Str);
        check(&["1", "x"], DataType::Str);
        check(&["\"\""], DataType::Str);
        check(&["1.2.3"], DataType::Str);
        check(&[""], DataType::Null);
    }

    #[test]
    fn quotes_hold_separators_breaks_and_quotes() {
        let text = "a,b\r\n\"1,\n2\",\"say \"\"hi\"\"\"\r\n\r\nx,\"\"\n";
        let found = values(text);
        assert_eq!(found[0].2, ["1,\n2", "x"].map(Value::from));
        assert_eq!(found[1].2, ["say \"hi\"", ""].map(Value::from));
    }

    #[test]
    fn a_declared_type_that_does_not_fit_is_no_type() {
        let (frame, notes) = read("x.bytes,y.percent\n1,2\nno,3\n", b',').unwrap();
        let types: Vec<DataType> = frame.columns().iter().map(|c| c.column.data_type).collect();
        assert_eq!(types, [DataType::Str, DataType::Percent]);
        assert!(
            notes[0]
                .as_str()
                .contains("not everything below `x` is size"),
            "{notes:?}"
        );
    }

    #[test]
    fn crooked_lines_are_put_right_and_said() {
        let (frame, notes) = read("a,b\n1\n2,3,4\n", b',').unwrap();
        assert_eq!(frame.len(), 2);
        assert_eq!(frame.value(0, 1), Value::Null);
        let notes: Vec<&str> = notes.iter().map(Note::as_str).collect();
        assert_eq!(
            notes,
            [
                "open: 1 line has fewer fields than the first one; what is missing is null",
                "open: 1 line has more fields than the first one; what is beyond is left out",
            ]
        );
    }

    #[test]
    fn what_is_no_csv_is_an_error_that_says_where() {
        let error = read("a,b\n1,2\n\"x", b',').unwrap_err();
        assert_eq!(
            error.to_string(),
            "read a CSV file: the quote that opens in line 3 does not close"
        );
        let error = read("", b'\t').unwrap_err();
        assert!(error.to_string().contains("it is empty"), "{error}");
    }

    #[test]
    fn a_formula_is_guarded_and_comes_back() {
        for text in ["=1+1", "'=1", "''@x", "'plain", "-", "\t=x", "+1", ""] {
            let file = format!("x\r\n{}\r\n", quoted(text));
            assert_eq!(values(&file)[0].2, [Value::from(text)], "{file:?}");
        }
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
