//! `parse columns`: tables as Linux tools print them for people.
//!
//! The headings are found first (some tools print lines above them), then the positions that
//! separate the columns, then each row's cells. The last column takes the rest of its line, so that
//! commands keep their blanks. Where there are no headings, columns are named `c1`, `c2` …
//!
//! Cells that are empty or a lone `-` are null. Where a tool prints sizes in one known unit (`ps`,
//! `top`, `df` without `-h`), they are sizes, so that `rss > 1GiB` compares what it says.

mod aligned;
mod heading;
mod layout;
mod special;
mod words;

use std::borrow::Cow;

use self::aligned::Split;
use self::heading::{Found, Heading};
use self::layout::Layout;
use self::words::{prepare, without_tree, words as words_of};
use crate::limits;
use crate::note::{Format, Note};
use crate::parse::typing::{CellRule, Comma, is_ambiguous, type_column};
use crate::parse::{ParseError, Parsed, columns_of, known};
use crate::table::{Row, Table};
use crate::units::parse_quantity;
use crate::value::{DataType, Value};

/// Lines above and below a table that are kept in mind besides its rows.
const LINES_AROUND: usize = 64;
/// Share of rows, in percent, whose cells must stand under headings before a text is taken for a
/// table without being told.
const FIT_PERCENT: usize = 70;

/// Makes a table of a text that is one, with headings or without.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    if let Some((format, mut parsed)) = known::parse(text) {
        parsed.notes.insert(0, Note::ParsedAs(format));
        return Ok(parsed);
    }
    let text = Lines::new(text);
    if let Some(found) = heading::find(&text.lines) {
        return Ok(under_headings(&text, found));
    }
    without_headings(&text)
        .map(|(parsed, _)| parsed)
        .ok_or_else(|| {
            let reason = "no line of headings, and no columns that are aligned";
            ParseError::new(Format::Columns, text.text, reason)
        })
}

/// Makes a table if the text certainly is one with headings.
pub(super) fn parse_with_headings(text: &str) -> Option<Parsed> {
    let text = Lines::new(text);
    let found = heading::find(&text.lines)?;
    if !found.is_certain || found.headings.len() < 2 && !is_known_alone(&found) {
        return None;
    }
    let rows = &text.lines[found.start..found.end];
    // `lvs` leaves most of its cells empty; that names and kinds stand under headings says enough.
    let is_lvm = found
        .headings
        .iter()
        .take(2)
        .map(|h| h.text.as_str())
        .eq(["LV", "VG"]);
    if is_lvm {
        return Some(under_headings(&text, found));
    }
    let fitting = rows
        .iter()
        .take(100)
        .filter(|row| words_of(row).take(found.headings.len()).count() * 2 >= found.headings.len())
        .count();
    (fitting * 100 >= rows.len().min(100) * FIT_PERCENT).then(|| under_headings(&text, found))
}

/// A single heading of one word is a table only where it is in capitals, as `lsblk -o NAME` prints.
fn is_known_alone(found: &Found) -> bool {
    let heading = &found.headings[0].text;
    heading::is_alone(heading) || heading.chars().all(|c| !c.is_lowercase())
}

/// Makes a table if the text's lines certainly have columns, though no headings.
pub(super) fn parse_aligned(text: &str) -> Option<Parsed> {
    let text = Lines::new(text);
    without_headings(&text)
        .filter(|(_, is_certain)| *is_certain)
        .map(|(parsed, _)| parsed)
}

/// A text's lines, as many as can become rows.
struct Lines<'a> {
    text: &'a str,
    lines: Vec<Cow<'a, str>>,
    left_out: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut rest = text.lines();
        let lines = rest
            .by_ref()
            .take(limits::ROWS_PER_NODE_MAX + LINES_AROUND)
            .map(prepare)
            .collect();
        Self {
            text,
            lines,
            left_out: rest.count(),
        }
    }
}

fn under_headings(text: &Lines<'_>, found: Found) -> Parsed {
    let mut notes = Vec::new();
    let Found {
        mut headings,
        line,
        start,
        end,
        is_certain: _,
    } = found;
    // Long runs of `vmstat` and `top` print their headings again.
    let preamble = &text.lines[..=line];
    let mut blocks = vec![(start, end)];
    blocks.extend(heading::repeated(&text.lines, line, end));
    let rows: Vec<&str> = blocks
        .iter()
        .flat_map(|(start, end)| &text.lines[*start..*end])
        .map(AsRef::as_ref)
        .filter(|row| !preamble.iter().any(|above| above == row))
        .collect();
    add_empty_heading(&mut headings, &rows);
    let layout = Layout::new(&headings, &rows);
    let kept = rows.len().min(rows_max(headings.len()));
    let mut not_aligned = 0;
    let mut cells: Vec<Row> = rows[..kept]
        .iter()
        .map(|row| {
            let (cells, is_placed) = layout.cells(row);
            not_aligned += usize::from(!is_placed);
            cells
        })
        .collect();
    if headings.len() > limits::COLUMNS_MAX {
        headings.truncate(limits::COLUMNS_MAX);
        cells
            .iter_mut()
            .for_each(|row| row.truncate(limits::COLUMNS_MAX));
        notes.push(Note::ColumnsCut {
            kept: limits::COLUMNS_MAX,
        });
    }
    trim_trees(&mut cells);
    note_lines_around(
        &text.lines[..line],
        &lines_outside(text, line, &blocks),
        &mut notes,
    );
    if not_aligned > 0 {
        notes.push(Note::RowsNotAligned(not_aligned));
    }
    note_rows_cut(rows.len() - kept + text.left_out, kept, &mut notes);
    let mut texts: Vec<String> = headings.into_iter().map(|h| h.text).collect();
    special::split_used_by(&mut texts, &mut cells);
    let table = typed(&texts, cells, &mut notes);
    Parsed { table, notes }
}

/// Returns how many rows there may be under so many headings.
fn rows_max(headings: usize) -> usize {
    let columns = headings.clamp(1, limits::COLUMNS_MAX);
    limits::ROWS_PER_NODE_MAX.min(limits::PARSE_CELLS_MAX / columns)
}

/// Lines behind the table that are neither its rows nor its headings again.
fn lines_outside<'a>(
    text: &Lines<'a>,
    headings: usize,
    blocks: &[(usize, usize)],
) -> Vec<Cow<'a, str>> {
    let first_end = blocks.first().map_or(0, |b| b.1);
    (first_end..text.lines.len())
        .filter(|at| !blocks.iter().any(|(start, end)| (start..end).contains(&at)))
        .map(|at| text.lines[at].clone())
        .filter(|line| *line != text.lines[headings])
        .collect()
}

fn without_headings(text: &Lines<'_>) -> Option<(Parsed, bool)> {
    // `last` ends with an empty line and a remark: the longest block is the table.
    let rows = text.lines.split(|l| l.is_empty()).max_by_key(|b| b.len())?;
    let split = Split::new(rows)?;
    let kept = rows.len().min(rows_max(split.columns()));
    let cells = rows[..kept].iter().map(|row| split.cells(row)).collect();
    let mut notes = Vec::new();
    let start = text.lines.iter().position(|l| std::ptr::eq(l, &rows[0]))?;
    note_lines_around(
        &text.lines[..start],
        &text.lines[start + rows.len()..],
        &mut notes,
    );
    note_rows_cut(rows.len() - kept + text.left_out, kept, &mut notes);
    let names: Vec<String> = (1..=split.columns()).map(|n| format!("c{n}")).collect();
    let table = typed(&names, cells, &mut notes);
    Some((Parsed { table, notes }, split.is_certain(rows)))
}

fn note_lines_around(above: &[Cow<'_, str>], below: &[Cow<'_, str>], notes: &mut Vec<Note>) {
    let with_text = |lines: &[Cow<'_, str>]| lines.iter().filter(|l| !l.is_empty()).count();
    let (above, below) = (with_text(above), with_text(below));
    if above + below > 0 {
        notes.push(Note::LinesAround { above, below });
    }
}

fn note_rows_cut(left_out: usize, kept: usize, notes: &mut Vec<Note>) {
    if left_out > 0 {
        notes.push(Note::RowsCut { kept, left_out });
    }
}

/// `free` prints no heading above its first column.
fn add_empty_heading(headings: &mut Vec<Heading>, rows: &[&str]) {
    let Some(first) = headings.first().map(|h| h.start) else {
        return;
    };
    let before = rows
        .iter()
        .filter(|row| words_of(row).next().is_some_and(|w| w.end <= first))
        .count();
    let with_more = rows
        .iter()
        .filter(|row| words_of(row).take(headings.len() + 1).count() > headings.len())
        .count();
    if first > 0 && before * 2 > rows.len() && with_more > 0 {
        let unnamed = Heading {
            text: String::new(),
            start: 0,
            end: 0,
        };
        headings.insert(0, unnamed);
    }
}

fn trim_trees(rows: &mut [Row]) {
    for cell in rows.iter_mut().filter_map(|row| row.first_mut()) {
        if let Value::Str(text) = cell {
            let name = without_tree(text);
            if name.len() < text.len() {
                *text = name.to_owned();
            }
        }
    }
}

fn typed(headings: &[String], mut rows: Vec<Row>, notes: &mut Vec<Note>) -> Table {
    let mut columns = columns_of(headings);
    let block = headings.iter().find_map(|h| block_size(h));
    special::without_signs(headings, &mut rows);
    let memory = special::memory_unit(headings, &rows);
    let vmstat = special::vmstat_unit(headings, &rows);
    let comma = Comma::of_table(&rows, headings.len(), |at| {
        let rule = rule_for(&headings[at], block);
        rule.is_percent || rule.bytes_per_unit.is_some()
    });
    let mut ambiguous = Vec::new();
    for (at, column) in columns.iter_mut().enumerate() {
        let mut rule = CellRule {
            comma,
            ..rule_for(&headings[at], block)
        };
        if let special::MemoryUnit::Bytes(unit) = memory
            && at > 0
        {
            rule.bytes_per_unit = Some(unit);
        }
        if special::is_bytes(headings, &headings[at]) {
            rule.bytes_per_unit = Some(1);
        }
        rule = special::vmstat_rule(&headings[at], vmstat, rule);
        column.data_type = type_column(&mut rows, at, rule);
        if column.data_type == DataType::Str && is_ambiguous(&rows, at) {
            ambiguous.push(column.name.clone());
        }
    }
    if memory == special::MemoryUnit::NotSaid {
        notes.push(Note::NoUnit("`free -h` and `free -b` do"));
    }
    if vmstat == special::MemoryUnit::NotSaid {
        notes.push(Note::NoUnit("without `-S` it is kibibytes"));
    }
    if !ambiguous.is_empty() {
        notes.push(Note::AmbiguousNumbers(ambiguous));
    }
    Table { columns, rows }
}

/// What is known of a column by its heading alone.
fn rule_for(heading: &str, block: Option<i64>) -> CellRule {
    let bytes_per_unit = match heading {
        // Both `ps` and `top` print kibibytes.
        "VSZ" | "RSS" | "VIRT" | "RES" | "SHR" => Some(1024),
        "Used" | "Available" | "Avail" => block,
        other => block_size(other),
    };
    CellRule {
        dash_is_null: true,
        bytes_per_unit,
        // `kubectl top` prints `250m` for a quarter of a processor.
        no_duration: heading.starts_with("CPU"),
        is_percent: heading.starts_with('%') || heading.ends_with('%'),
        comma: Comma::Unknown,
    }
}

/// Reads the unit out of the heading that `df` prints above sizes, as `1K-blocks`.
fn block_size(heading: &str) -> Option<i64> {
    let unit = heading.strip_suffix("-blocks")?;
    match unit.parse::<i64>() {
        Ok(bytes) => Some(bytes),
        Err(_) => parse_quantity(unit)?.as_size(),
    }
}
