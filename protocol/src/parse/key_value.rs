//! `parse kv`: keys and values.
//!
//! Lines that hold several `key=value` words are a row each (log lines). Otherwise a line is one
//! entry, `key=value`, `key = value` or `key: value`, and a block of lines is a row (`/etc/os-release`,
//! `/proc/meminfo`, `lscpu`, `systemctl show`); an empty line, or the first key again, begins the next.

use std::collections::HashMap;

use crate::limits;
use crate::note::{Format, Note};
use crate::parse::typing::{CellRule, type_cell, type_column};
use crate::parse::{ParseError, Parsed, RowSink, columns_of};
use crate::table::{Column, Row, Table};
use crate::units::clock_duration;
use crate::units::moment::parse_time;
use crate::value::{DataType, Value};

/// Lines that are looked at to tell the two shapes apart.
const SAMPLE_LINES: usize = 100;
/// Longest key in bytes; what is longer is prose.
const KEY_MAX: usize = 64;

/// Makes a table.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let mut builder = Builder::default();
    let several = has_several_a_line(text);
    if several {
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            builder.add_word_line(line);
        }
    } else {
        text.lines().for_each(|line| builder.add_entry_line(line));
        builder.end_row();
    }
    if !several && builder.columns_are_cut && builder.sink.rows.len() == 1 {
        return Ok(keys_as_rows(text));
    }
    if builder.sink.rows.is_empty() {
        let reason = "no line is `key=value` or `key: value`";
        return Err(ParseError::new(Format::KeyValue, text, reason));
    }
    Ok(builder.finish())
}

/// A table of `key` and `value`, for texts with more keys than a table has columns, as `sysctl -a`.
fn keys_as_rows(text: &str) -> Parsed {
    let mut sink = RowSink::default();
    let entries = text.lines().filter_map(entry_of);
    entries.for_each(|(key, value)| sink.push_with(|| vec![key.into(), value.into()]));
    let mut notes = vec![Note::KeysAreRows(sink.rows.len() + sink.left_out)];
    let columns = ["key", "value"].map(|name| Column::new(name, DataType::Str));
    let rows = sink.finish(columns.len(), &mut notes);
    let table = Table {
        columns: columns.into(),
        rows,
    };
    Parsed { table, notes }
}

/// Whether `dmidecode` printed the text: most of its lines are entries of lists.
pub(super) fn is_dmidecode(text: &str) -> bool {
    text.lines().take(16).any(|line| handle_of(line).is_some())
}

/// Reads the line with which `dmidecode` begins a structure.
fn handle_of(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("Handle ")?;
    let (handle, rest) = rest.split_once(", DMI type ")?;
    Some((handle, rest.split_once(',')?.0))
}

/// Returns the share of sampled lines that are entries, from 0 to 1: how sure it is that this is
/// the format.
pub(super) fn fit(text: &str) -> f64 {
    let lines = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .take(SAMPLE_LINES);
    let (mut all, mut fitting) = (0_u32, 0_u32);
    let several = has_several_a_line(text);
    for line in lines {
        all += 1;
        let fits = if several {
            words_of(line).is_some_and(|words| words.len() > 1)
        } else {
            entry_of(line).is_some()
        };
        fitting += u32::from(fits);
    }
    f64::from(fitting) / f64::from(all.max(1))
}

fn has_several_a_line(text: &str) -> bool {
    let lines = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .take(SAMPLE_LINES);
    let (mut all, mut several) = (0, 0);
    for line in lines {
        all += 1;
        several += usize::from(words_of(line).is_some_and(|words| words.len() > 1));
    }
    several * 2 > all
}

/// Splits `a=1 b="two words"`; `None` if any word is not `key=value`.
fn words_of(line: &str) -> Option<Vec<(&str, String)>> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let at = rest.find('=')?;
        let key = &rest[..at];
        if !is_word_key(key) {
            return None;
        }
        let (value, after) = split_value(&rest[at + 1..]);
        words.push((key, value));
        rest = after.trim_start();
    }
    Some(words)
}

/// Takes a value off the front: quoted, with `\"` for a quote, or up to the next blank.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, other)) => value.push(other),
                None => break,
            },
            c => value.push(c),
        }
    }
    (value, "")
}

fn is_word_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= KEY_MAX
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || "_-./@".contains(c))
}

/// Splits `key=value` or `key: value`.
fn entry_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let at = line
        .bytes()
        .take(KEY_MAX + 1)
        .enumerate()
        .position(|(at, b)| {
            let ends = line
                .as_bytes()
                .get(at + 1)
                .is_none_or(u8::is_ascii_whitespace);
            b == b'=' || (b == b':' && ends)
        })?;
    let (key, value) = (line[..at].trim_end(), line[at + 1..].trim_start());
    let is_key = key.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && (line.as_bytes()[at] == b':' || is_word_key(key));
    is_key.then(|| (key, unquote(value)))
}

fn unquote(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|q| value.strip_prefix(q)?.strip_suffix(q))
        .unwrap_or(value)
}

/// Where the last entry of a row went.
#[derive(Clone, Copy)]
struct Last {
    column: usize,
    /// How far its line was indented.
    indent: usize,
    /// Nothing stood behind its key: what follows is a list.
    is_list: bool,
}

/// Rows whose columns are found as they come.
#[derive(Default)]
struct Builder {
    headings: Vec<String>,
    positions: HashMap<String, usize>,
    columns_are_cut: bool,
    not_fitting: usize,
    open: Row,
    /// The open row has an entry, though there may be no room to keep it.
    has_entry: bool,
    /// How often each key has come in the open row.
    seen: HashMap<String, usize>,
    first_key: Option<String>,
    /// The last entry of the open row.
    last: Option<Last>,
    /// The next line names the structure, as `dmidecode` prints it.
    title_follows: bool,
    sink: RowSink,
}

impl Builder {
    fn add_word_line(&mut self, line: &str) {
        let Some(words) = words_of(line) else {
            self.not_fitting += 1;
            return;
        };
        for (key, value) in words {
            self.set(key, Value::Str(value));
        }
        self.end_row();
    }

    fn add_entry_line(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.end_row();
            return;
        }
        if let Some((handle, kind)) = handle_of(line) {
            self.end_row();
            self.set("handle", Value::from(handle));
            self.set("dmi_type", Value::from(kind));
            self.title_follows = true;
            return;
        }
        if std::mem::take(&mut self.title_follows) && !line.starts_with(['\t', ' ']) {
            self.set("title", Value::from(line.trim()));
            return;
        }
        let indent = line.len() - line.trim_start().len();
        if let Some(interface) = line.strip_prefix("Settings for ").filter(|_| indent == 0) {
            self.set("interface", Value::from(interface.trim_end_matches(':')));
            return;
        }
        let Some((key, value)) = entry_of(line) else {
            if self.goes_on(line.trim(), indent) {
                return;
            }
            // A comment is no mistake.
            self.not_fitting += usize::from(!line.trim_start().starts_with('#'));
            return;
        };
        if self.first_key.as_deref() == Some(key) {
            self.end_row();
        }
        if self.first_key.is_none() {
            self.first_key = Some(key.to_owned());
        }
        self.last = None;
        self.set(key, Value::from(value));
        if let Some(last) = &mut self.last {
            last.indent = indent;
        }
    }

    /// A line that is indented further than the entry before goes on with its value: `ethtool` and
    /// `dmidecode` print lists so.
    fn goes_on(&mut self, more: &str, indent: usize) -> bool {
        let Some(last) = self.last.filter(|last| indent > last.indent) else {
            return false;
        };
        match self.open.get_mut(last.column) {
            Some(Value::Str(value)) if value.is_empty() => more.clone_into(value),
            Some(Value::Str(value)) => {
                value.push_str(if last.is_list { ", " } else { " " });
                value.push_str(more);
            }
            Some(_) | None => return false,
        }
        true
    }

    fn set(&mut self, key: &str, value: Value) {
        self.has_entry = true;
        // Once there is room for no more rows, keys that only they have make no columns.
        if self.sink.is_full() {
            return;
        }
        let seen = self.seen.entry(key.to_owned()).or_insert(0);
        *seen += 1;
        // The same key again in one row gets a number, as headings do.
        let unique = if *seen == 1 {
            key.to_owned()
        } else {
            format!("{key}_{seen}")
        };
        let at = match self.positions.get(&unique) {
            Some(at) => *at,
            None if self.headings.len() < limits::COLUMNS_MAX => {
                let at = self.headings.len();
                self.positions.insert(unique.clone(), at);
                self.headings.push(unique);
                at
            }
            None => {
                self.columns_are_cut = true;
                return;
            }
        };
        if self.open.len() <= at {
            self.open.resize(at + 1, Value::Null);
        }
        let is_list = value.as_str().is_some_and(str::is_empty);
        self.open[at] = value;
        self.last = Some(Last {
            column: at,
            indent: 0,
            is_list,
        });
    }

    fn end_row(&mut self) {
        self.first_key = None;
        self.last = None;
        self.seen.clear();
        if std::mem::take(&mut self.has_entry) {
            let open = std::mem::take(&mut self.open);
            self.sink.push_with(|| open);
        }
    }

    fn finish(self) -> Parsed {
        let mut notes = Vec::new();
        if self.columns_are_cut {
            notes.push(Note::ColumnsCut {
                kept: limits::COLUMNS_MAX,
            });
        }
        if self.not_fitting > 0 {
            notes.push(Note::LinesNotFitting(self.not_fitting));
        }
        let mut rows = self.sink.finish(self.headings.len(), &mut notes);
        let mut columns = columns_of(&self.headings);
        for (at, column) in columns.iter_mut().enumerate() {
            column.data_type = type_kernel_sizes(&mut rows, at)
                .or_else(|| type_all(&mut rows, at, DataType::Duration, seconds))
                .or_else(|| type_all(&mut rows, at, DataType::Time, zoned_time))
                .unwrap_or_else(|| type_column(&mut rows, at, CellRule::default()));
        }
        Parsed {
            table: Table { columns, rows },
            notes,
        }
    }
}

/// Types a column in which every value is `N kB` as sizes. The kernel writes `kB` in `/proc` and
/// means 1024 bytes.
fn type_kernel_sizes(rows: &mut [Row], at: usize) -> Option<DataType> {
    let rule = CellRule {
        bytes_per_unit: Some(1024),
        ..CellRule::default()
    };
    let sizes: Option<Vec<Value>> = rows
        .iter()
        .map(|row| {
            let number = row[at].as_str()?.strip_suffix(" kB")?;
            let size = type_cell(number, rule);
            size.as_size().is_some().then_some(size)
        })
        .collect();
    for (row, size) in rows.iter_mut().zip(sizes?) {
        row[at] = size;
    }
    Some(DataType::Size)
}

/// Types a column in which every value is read as one thing; leaves it alone otherwise.
fn type_all(
    rows: &mut [Row],
    at: usize,
    data_type: DataType,
    read: impl Fn(&str) -> Option<Value>,
) -> Option<DataType> {
    let cells = rows.iter().map(|row| &row[at]).filter(|v| !v.is_null());
    let found: Vec<Value> = cells
        .map(|v| v.as_str().and_then(&read))
        .collect::<Option<_>>()?;
    if found.is_empty() {
        return None;
    }
    let mut found = found.into_iter();
    for row in rows.iter_mut().filter(|row| !row[at].is_null()) {
        row[at] = found.next()?;
    }
    Some(data_type)
}

/// Reads what `chronyc tracking` prints: `-0.000000123 seconds`, `0.5 seconds slow of NTP time`.
fn seconds(text: &str) -> Option<Value> {
    let (number, rest) = text.split_once(" seconds")?;
    let is_slow = match rest {
        "" | " fast of NTP time" => false,
        " slow of NTP time" => true,
        _ => return None,
    };
    let ns = clock_duration(&format!("{number} seconds"))?;
    Some(Value::Duration(if is_slow { -ns } else { ns }))
}

/// Reads a time whose zone is said, as `openssl x509 -enddate` prints it; the others would be a guess.
fn zoned_time(text: &str) -> Option<Value> {
    let is_zoned = [" GMT", " UTC"].iter().any(|zone| text.ends_with(zone));
    if is_zoned {
        parse_time(text).map(Value::Time)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, names: &[&str], rows: &[&[Value]]) {
        let table = parse(text).expect("has keys").table;
        let found: Vec<_> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(found, names, "{text}");
        assert_eq!(table.rows, rows, "{text}");
    }

    #[test]
    fn a_block_of_entries_is_one_row() {
        check(
            "NAME=\"Debian GNU/Linux\"\nVERSION_ID=12\nEMPTY=\n# comment\n",
            &["name", "version_id", "empty"],
            &[&["Debian GNU/Linux".into(), 12.into(), Value::Null]],
        );
        check(
            "MemTotal:       2048 kB\nHugePages_Total:       0\n",
            &["memtotal", "hugepages_total"],
            &[&[Value::Size(2 << 20), 0.into()]],
        );
        check(
            "net.ipv4.ip_forward = 1\nkernel.x = a b\n",
            &["net_ipv4_ip_forward", "kernel_x"],
            &[&[1.into(), "a b".into()]],
        );
    }

    #[test]
    fn keys_are_words_of_any_script() {
        check(
            "größe=5 名前=x\n",
            &["größe", "名前"],
            &[&[5.into(), "x".into()]],
        );
        check("größe: 5\n", &["größe"], &[&[5.into()]]);
    }

    #[test]
    fn an_empty_line_or_the_first_key_again_begins_the_next_row() {
        let rows: [&[Value]; 2] = [&[1.into(), "a".into()], &[2.into(), Value::Null]];
        check("id: 1\nname: a\n\nid: 2\n", &["id", "name"], &rows);
        check("id: 1\nname: a\nid: 2\n", &["id", "name"], &rows);
    }

    #[test]
    fn a_line_of_several_words_is_a_row() {
        check(
            "level=info msg=\"it \\\"works\\\"\" took=5ms\nlevel=warn took=1s\n",
            &["level", "msg", "took"],
            &[
                &[
                    "info".into(),
                    "it \"works\"".into(),
                    Value::Duration(5_000_000),
                ],
                &["warn".into(), Value::Null, Value::Duration(1_000_000_000)],
            ],
        );
    }

    #[test]
    fn lines_without_a_key_are_counted_and_a_text_without_any_is_an_error() {
        let parsed = parse("a: 1\nno key here\n").expect("one entry");
        assert_eq!(parsed.notes, [Note::LinesNotFitting(1)]);
        assert!(parse("just words\n").is_err());
    }

    #[test]
    fn the_same_key_twice_in_a_row_is_numbered() {
        check(
            "a: 1\nb: 2\nb: 3\n",
            &["a", "b", "b_2"],
            &[&[1.into(), 2.into(), 3.into()]],
        );
    }
}
