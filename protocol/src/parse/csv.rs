//! `parse csv`: comma-, tab- or semicolon-separated values under a line of headings, with quotes as
//! in RFC 4180: a quoted field may hold separators and line ends, and `""` is one quote.

use crate::note::{Format, Note};
use crate::parse::typing::{CellRule, Comma, type_column};
use crate::parse::{ParseError, Parsed, RowSink, bound_headings, columns_of};
use crate::table::Table;
use crate::value::Value;

/// Makes a table; the separator is a tab if the first line has one, else a comma, else a semicolon.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.trim_start_matches(['\r', '\n']);
    let separator = separator_of(first.lines().next().unwrap_or_default());
    let mut records = Records::new(first, separator);
    let mut headings = records.next().unwrap_or_default();
    let mut notes = Vec::new();
    let fields = headings.len();
    bound_headings(&mut headings, &mut notes);
    // `nvidia-smi --format=csv` puts a blank behind each comma.
    let is_spaced = fields > 1 && headings[1..].iter().all(|h| h.starts_with(' '));
    let mut sink = RowSink::default();
    let mut not_fitting = 0;
    for record in &mut records {
        if record.len() == 1 && record[0].trim().is_empty() {
            continue;
        }
        // One field too many would put every later value under a wrong heading.
        if record.len() > fields {
            not_fitting += 1;
            continue;
        }
        sink.push_with(|| {
            let fields = record.into_iter().take(headings.len());
            let fields = fields.zip(&headings);
            fields
                .map(|(field, heading)| cell(field, heading, is_spaced))
                .collect()
        });
    }
    if records.ended_in_quotes {
        let format = format_of(separator);
        return Err(ParseError::new(format, text, "a quoted field does not end"));
    }
    if not_fitting > 0 {
        notes.push(Note::LinesNotFitting(not_fitting));
    }
    let mut rows = sink.finish(headings.len(), &mut notes);
    for heading in &mut headings {
        *heading = heading.trim().to_owned();
    }
    let mut columns = columns_of(&headings);
    // Where a semicolon separates, commas are those of the numbers.
    let comma = if separator == ',' {
        Comma::Unknown
    } else {
        Comma::of_table(&rows, columns.len(), |_| separator == ';')
    };
    let rule = CellRule {
        comma,
        ..CellRule::default()
    };
    for (at, column) in columns.iter_mut().enumerate() {
        column.data_type = type_column(&mut rows, at, rule);
    }
    Ok(Parsed {
        table: Table { columns, rows },
        notes,
    })
}

/// A blank behind the separator is no part of a value, nor is the one before a unit that the heading
/// says too (`utilization.gpu [%]`); what the driver does not know is null.
fn cell(field: String, heading: &str, is_spaced: bool) -> Value {
    if !is_spaced {
        return Value::Str(field);
    }
    let text = field.trim_start();
    if matches!(text, "[N/A]" | "[Not Supported]") {
        return Value::Null;
    }
    let unit = heading
        .trim_end()
        .rsplit_once('[')
        .and_then(|(_, unit)| unit.strip_suffix(']'));
    let number = unit.and_then(|unit| text.strip_suffix(unit)?.strip_suffix(' '));
    match (number, unit) {
        (Some(number), Some(unit @ ("%" | "KiB" | "MiB" | "GiB"))) => {
            format!("{number}{unit}").into()
        }
        (Some(number), _) => number.into(),
        (None, _) => text.into(),
    }
}

/// Returns the separator that the line of headings uses.
pub(super) fn separator_of(line: &str) -> char {
    [('\t'), (','), (';')]
        .into_iter()
        .find(|c| line.contains(*c))
        .unwrap_or(',')
}

pub(super) const fn format_of(separator: char) -> Format {
    if separator == '\t' {
        Format::Tsv
    } else {
        Format::Csv
    }
}

/// The records of a text, one after the other.
pub(super) struct Records<'a> {
    rest: &'a str,
    separator: char,
    pub(super) ended_in_quotes: bool,
}

impl<'a> Records<'a> {
    pub(super) const fn new(text: &'a str, separator: char) -> Self {
        Self {
            rest: text,
            separator,
            ended_in_quotes: false,
        }
    }

    /// Takes one field off the front; says whether the record ended with it.
    fn field(&mut self) -> (String, bool) {
        let mut field = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            loop {
                let Some(at) = self.rest.find('"') else {
                    self.ended_in_quotes = true;
                    field.push_str(self.rest);
                    self.rest = "";
                    return (field, true);
                };
                field.push_str(&self.rest[..at]);
                self.rest = &self.rest[at + 1..];
                let Some(after) = self.rest.strip_prefix('"') else {
                    break;
                };
                field.push('"');
                self.rest = after;
            }
        }
        let end = self.rest.find([self.separator, '\n']);
        let Some(end) = end else {
            field.push_str(self.rest.trim_end_matches('\r'));
            self.rest = "";
            return (field, true);
        };
        let is_last = self.rest.as_bytes()[end] == b'\n';
        let plain = &self.rest[..end];
        field.push_str(if is_last {
            plain.strip_suffix('\r').unwrap_or(plain)
        } else {
            plain
        });
        self.rest = &self.rest[end + 1..];
        (field, is_last)
    }
}

impl Iterator for Records<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            let (field, is_last) = self.field();
            record.push(field);
            if is_last {
                return Some(record);
            }
            if self.rest.is_empty() {
                record.push(String::new());
                return Some(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_keep_separators_and_line_ends() {
        let parsed =
            parse("name,Size,note\r\n\"a, \"\"b\"\"\",5K,\"two\nlines\"\r\nc,,\n").expect("is csv");
        assert_eq!(
            parsed.table.rows,
            [
                vec!["a, \"b\"".into(), Value::Size(5120), "two\nlines".into()],
                vec!["c".into(), Value::Null, Value::Null],
            ]
        );
    }

    #[test]
    fn where_a_semicolon_separates_a_comma_is_the_numbers() {
        let parsed = parse("name;load\na;1,5\nb;0,2\n").expect("is csv");
        assert_eq!(parsed.table.rows[0][1], Value::Float(1.5));
        let parsed = parse("name,devices\na,\"254,1\"\n").expect("is csv");
        assert_eq!(parsed.table.rows[0][1], "254,1".into());
    }

    #[test]
    fn a_record_with_too_many_fields_is_left_out_and_counted() {
        let parsed = parse("a\tb\n1\t2\n1\t2\t3\n4\n").expect("is tsv");
        assert_eq!(parsed.table.rows.len(), 2);
        assert_eq!(parsed.table.rows[1], [Value::Int(4), Value::Null]);
        assert_eq!(parsed.notes, [Note::LinesNotFitting(1)]);
    }

    #[test]
    fn an_open_quote_is_an_error() {
        assert!(parse("a,b\n1,\"2\n").is_err());
    }
}
