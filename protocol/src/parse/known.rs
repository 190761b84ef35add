//! Output whose lines say themselves which tool printed them: `ls -l`, `uptime`, `mount`, `last`,
//! `dmesg`, `stat`, `/etc/passwd` and their like.
//!
//! They have no headings, or their alignment misleads. A text is taken for one of them only where
//! nearly every line fits its pattern; the types of the columns are fixed, so that they are the same
//! on every node.

mod settings;
mod tools;

use std::sync::LazyLock;

use regex::Regex;

use crate::note::{Format, Note};
use crate::parse::typing::{CellRule, type_cell};
use crate::parse::{Parsed, RowSink};
use crate::table::{Column, Row, Table};
use crate::units::clock_duration;
use crate::units::moment::parse_time;
use crate::value::{DataType, Value};

use self::settings::SETTINGS;
use self::tools::TOOLS;

/// Lines that are looked at to recognise a tool.
const SAMPLE_LINES: usize = 50;
/// Longest line in bytes that can be one of a tool's.
const LINE_MAX: usize = 16 << 10;
/// Share of the lines, in percent, that must fit.
const FIT_PERCENT: usize = 90;

/// A row of one pattern without anything else.
const PLAIN: Tool = Tool {
    name: "",
    row: "",
    begin: Begin::EachLine,
    skip: "",
    mark: "",
    rows_max: 0,
    headings: &[],
    types: &[],
    optional: &[],
    no_unit: "",
};

/// What a tool prints.
#[derive(Debug)]
pub(super) struct Tool {
    /// Its name in notes.
    name: &'static str,
    /// One of its rows; the columns are the pattern's groups.
    row: &'static str,
    /// Which lines begin a row.
    begin: Begin,
    /// Lines that belong to the output and are no rows; empty if there are none.
    skip: &'static str,
    /// What stands somewhere in its output, where its rows alone could be anything.
    mark: &'static str,
    /// How many rows it prints at most; 0 where any number may come.
    rows_max: usize,
    /// What the tool prints above its columns, where it does.
    headings: &'static [&'static str],
    /// Columns that are no text.
    types: &'static [(&'static str, Cell)],
    /// Columns that are left out where no row has them: a flag of the tool adds them.
    optional: &'static [&'static str],
    /// What prints the unit that this output lacks; empty where none is missing.
    no_unit: &'static str,
}

/// Which lines begin a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// Each line is a row.
    EachLine,
    /// Those that begin so; the lines below belong to it.
    With(&'static str),
    /// Those that are not indented.
    NotIndented,
}

impl Begin {
    fn is_at(self, line: &str) -> bool {
        match self {
            Self::EachLine => true,
            Self::With(prefix) => line.starts_with(prefix),
            Self::NotIndented => !line.starts_with([' ', '\t']),
        }
    }
}

/// How a column's cells are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Int,
    Float,
    /// A bare number is bytes.
    Bytes,
    /// A bare number is kibibytes.
    Kibibytes,
    /// A bare number is points.
    Points,
    /// A bare number is seconds.
    Seconds,
    /// `3 days,  7:26`, in which `7:26` is hours and minutes.
    Up,
    /// A moment with its year.
    Moment,
    /// The addresses behind each `inet` and `inet6`.
    Addresses,
}

/// A tool whose patterns are compiled.
struct Known {
    tool: &'static Tool,
    row: Regex,
    skip: Option<Regex>,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let compile = |p| Regex::new(p).expect("the patterns are ours, and a test compiles each");
    TOOLS
        .iter()
        .chain(SETTINGS)
        .map(|tool| Known {
            tool,
            row: compile(tool.row),
            skip: (!tool.skip.is_empty()).then(|| compile(tool.skip)),
        })
        .collect()
});

/// Makes a table if a known tool has printed the text.
pub(super) fn parse(text: &str) -> Option<(Format, Parsed)> {
    let known = KNOWN.iter().find(|known| known.fits(text))?;
    Some((Format::Tool(known.tool.name), known.parse(text)))
}

impl Known {
    fn is_skipped(&self, line: &str) -> bool {
        line.trim().is_empty() || self.skip.as_ref().is_some_and(|skip| skip.is_match(line))
    }

    /// Iterates over what can be a row: a line, or several lines as they stand in the text.
    fn records<'t>(&'t self, text: &'t str) -> Box<dyn Iterator<Item = &'t str> + 't> {
        if self.tool.begin == Begin::EachLine {
            return Box::new(text.lines().filter(|line| !self.is_skipped(line)));
        }
        let records = Records {
            rest: text,
            begin: self.tool.begin,
        };
        Box::new(records.filter(|record| !self.is_skipped(record)))
    }

    /// The first row must fit, and nearly all of those that are looked at. A last line without its
    /// end has been cut (`ps aux | head -c 4000`), and says nothing.
    fn fits(&self, text: &str) -> bool {
        if !text.contains(self.tool.mark) {
            return false;
        }
        let (mut all, mut fitting) = (0, 0);
        let mut last_fits = true;
        for record in self.records(text).take(SAMPLE_LINES) {
            all += 1;
            last_fits = record.len() <= LINE_MAX && self.row.is_match(record);
            if all == 1 && !last_fits {
                return false;
            }
            fitting += usize::from(last_fits);
        }
        let rows_max = self.tool.rows_max;
        if !last_fits && all < SAMPLE_LINES && !text.ends_with('\n') {
            all -= 1;
        }
        all > 0 && fitting * 100 >= all * FIT_PERCENT && (rows_max == 0 || all <= rows_max)
    }

    fn parse(&self, text: &str) -> Parsed {
        let names: Vec<&str> = self.row.capture_names().skip(1).flatten().collect();
        let mut sink = RowSink::default();
        let mut not_fitting = 0;
        for record in self.records(text) {
            if sink.is_full() {
                sink.left_out += 1;
            } else if let Some(captures) = self.row.captures(record) {
                let cell = |name: &&str| match captures.name(name).map(|m| m.as_str()) {
                    Some(text) => self.cell(name, text),
                    None => Value::Null,
                };
                sink.push_with(|| names.iter().map(cell).collect());
            } else {
                not_fitting += record.lines().count();
            }
        }
        let mut notes = Vec::new();
        if not_fitting > 0 {
            notes.push(Note::LinesNotFitting(not_fitting));
        }
        if !self.tool.no_unit.is_empty() {
            notes.push(Note::NoUnit(self.tool.no_unit));
        }
        let mut rows = sink.finish(names.len(), &mut notes);
        let mut columns: Vec<Column> = names
            .iter()
            .map(|name| Column::new(*name, self.data_type(name)))
            .collect();
        for (column, heading) in columns.iter_mut().zip(self.tool.headings) {
            column.heading = Some((*heading).to_owned());
        }
        for name in self.tool.optional {
            leave_out_empty(name, &mut columns, &mut rows);
        }
        Parsed {
            table: Table { columns, rows },
            notes,
        }
    }

    fn kind(&self, name: &str) -> Option<Cell> {
        let found = self.tool.types.iter().find(|(column, _)| *column == name);
        found.map(|(_, cell)| *cell)
    }

    fn data_type(&self, name: &str) -> DataType {
        self.kind(name).map_or(DataType::Str, Cell::data_type)
    }

    /// Text that is not what its column holds is null: one type a column.
    fn cell(&self, name: &str, text: &str) -> Value {
        let text = text.trim();
        if text.is_empty() || text == "-" && name != "status" {
            return Value::Null;
        }
        match self.kind(name) {
            Some(kind) => kind.read(text),
            None => Value::from(text),
        }
    }
}

impl Cell {
    const fn data_type(self) -> DataType {
        match self {
            Self::Int => DataType::Int,
            Self::Float => DataType::Float,
            Self::Bytes | Self::Kibibytes => DataType::Size,
            Self::Points => DataType::Percent,
            Self::Seconds | Self::Up => DataType::Duration,
            Self::Moment => DataType::Time,
            Self::Addresses => DataType::Str,
        }
    }

    fn read(self, text: &str) -> Value {
        let number = || text.replace(',', ".").parse::<f64>().ok();
        let size = |unit| {
            let rule = CellRule {
                bytes_per_unit: Some(unit),
                ..CellRule::default()
            };
            let text = text.replace(',', ".");
            Value::from(type_cell(&text, rule).as_size().map(Value::Size))
        };
        match self {
            Self::Int => text.parse::<i64>().ok().into(),
            Self::Float => number().into(),
            Self::Bytes => size(1),
            Self::Kibibytes => size(1024),
            Self::Points => number().map(Value::Percent).into(),
            Self::Seconds => clock_duration(&format!("{text} sec"))
                .map(Value::Duration)
                .into(),
            Self::Up => up(text).map(Value::Duration).into(),
            Self::Moment => parse_time(text).map(Value::Time).into(),
            Self::Addresses => addresses(text).map(Value::from).into(),
        }
    }
}

/// Reads `3 days,  7:26`, `15 min`, `1+02:28`: between hours and minutes stands a colon.
fn up(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    for part in text.split([',', '+']).map(str::trim) {
        let part = match part.split_once(':') {
            Some(_) => clock_duration(&format!("{part}:00"))?,
            None if part.bytes().all(|b| b.is_ascii_digit()) => {
                clock_duration(&format!("{part} days"))?
            }
            None => clock_duration(part)?,
        };
        total = total.checked_add(part)?;
    }
    Some(total)
}

/// Text in pieces, each from a line that begins a row to the next; what stands before the first is a piece, too.
struct Records<'t> {
    rest: &'t str,
    begin: Begin,
}

impl<'t> Iterator for Records<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        if self.rest.trim_start().is_empty() {
            return None;
        }
        let mut end = 0;
        for line in self.rest.split_inclusive('\n') {
            if end > 0 && self.begin.is_at(line) {
                break;
            }
            end += line.len();
        }
        let (record, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(record)
    }
}

/// Collects the words behind `inet` and `inet6`, as `ip addr` prints them.
fn addresses(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if matches!(word, "inet" | "inet6") {
            found.extend(words.next());
        }
    }
    (!found.is_empty()).then(|| found.join(" "))
}

fn leave_out_empty(name: &str, columns: &mut Vec<Column>, rows: &mut [Row]) {
    let Some(at) = columns.iter().position(|c| c.name == name) else {
        return;
    };
    if rows.iter().all(|row| row[at].is_null()) {
        columns.remove(at);
        rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::name::is_column_name;

    #[test]
    fn every_pattern_compiles_and_names_columns_that_there_can_be() {
        for known in KNOWN.iter() {
            let name = known.tool.name;
            let groups: Vec<&str> = known.row.capture_names().flatten().collect();
            assert!(groups.iter().all(|g| is_column_name(g)), "{name}");
            let headings = known.tool.headings;
            assert!(
                headings.is_empty() || headings.len() == groups.len(),
                "{name}"
            );
            let typed = known.tool.types.iter().map(|(column, _)| column);
            for column in typed.chain(known.tool.optional) {
                assert!(groups.contains(column), "{name} has no {column}");
            }
        }
    }

    #[test]
    fn how_long_a_machine_has_been_up_is_read() {
        const MINUTE: i64 = 60_000_000_000;
        for (text, minutes) in [
            ("3 days,  7:26", Some(3 * 1440 + 446)),
            ("1 day, 15 min", Some(1455)),
            ("15 min", Some(15)),
            ("3:49", Some(229)),
            ("02:28", Some(148)),
            ("1+02:28", Some(1588)),
            ("long", None),
            ("3:xx", None),
        ] {
            assert_eq!(up(text), minutes.map(|n: i64| n * MINUTE), "{text}");
        }
    }
}
