//! Columns without headings, as `mount`, `who`, `last`, `du` and `ip -br address` print them.
//!
//! A gap that all rows share is a column's end if what follows it begins in one position, or what
//! precedes it ends in one. Where nothing is aligned, columns are counted in words.

use super::words::words;
use crate::limits;
use crate::table::Row;
use crate::value::Value;

/// Rows that are looked at to find the columns.
const SAMPLE_ROWS: usize = 200;
/// Positions that are looked at in a row: what stands further right belongs to the last column.
const WIDTH_MAX: usize = 512;

/// How rows without headings are taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// Columns begin at these positions.
    Positions(Vec<usize>),
    /// So many words, the last of which takes the rest of the line.
    Words(usize),
}

impl Split {
    /// Finds out how; `None` where there is a single column.
    pub(super) fn new<S: AsRef<str>>(rows: &[S]) -> Option<Self> {
        let sample = &rows[..rows.len().min(SAMPLE_ROWS)];
        if let Some(starts) = aligned_starts(sample)
            && sample.len() > 1
        {
            return Some(Self::Positions(starts));
        }
        let fewest = sample
            .iter()
            .map(|row| words(row.as_ref()).take(limits::COLUMNS_MAX).count())
            .min()?;
        (fewest > 1).then_some(Self::Words(fewest))
    }

    /// Whether the rows hardly are prose: they are aligned, or all of as many words.
    pub(super) fn is_certain<S: AsRef<str>>(&self, rows: &[S]) -> bool {
        match self {
            Self::Positions(_) => true,
            Self::Words(n) => {
                rows.len() > 2
                    && rows
                        .iter()
                        .take(SAMPLE_ROWS)
                        .all(|row| words(row.as_ref()).take(n + 1).count() == *n)
            }
        }
    }

    pub(super) const fn columns(&self) -> usize {
        match self {
            Self::Positions(starts) => starts.len(),
            Self::Words(n) => *n,
        }
    }

    /// Takes a row apart.
    pub(super) fn cells(&self, row: &str) -> Row {
        let mut spans: Vec<Option<(usize, usize)>> = vec![None; self.columns()];
        let last = spans.len() - 1;
        for (n, word) in words(row).enumerate() {
            let at = match self {
                Self::Positions(starts) => starts
                    .partition_point(|s| *s <= word.start)
                    .saturating_sub(1),
                Self::Words(_) => n.min(last),
            };
            if at == last {
                spans[last] = Some((word.offset, row.len()));
                break;
            }
            let start = spans[at].map_or(word.offset, |s| s.0);
            spans[at] = Some((start, word.offset_end()));
        }
        spans
            .into_iter()
            .map(|span| span.map_or(Value::Null, |(start, end)| Value::from(&row[start..end])))
            .collect()
    }
}

/// Returns where columns begin, the first at 0; `None` if there is only one.
fn aligned_starts<S: AsRef<str>>(rows: &[S]) -> Option<Vec<usize>> {
    let width = rows
        .iter()
        .filter_map(|row| {
            words(row.as_ref())
                .take_while(|w| w.start < WIDTH_MAX)
                .last()
        })
        .map(|w| w.end.min(WIDTH_MAX))
        .max()?;
    let mut filled = vec![0_u32; width + 1];
    let mut starts = vec![0_u32; width + 1];
    let mut ends = vec![0_u32; width + 1];
    for row in rows {
        for word in words(row.as_ref()).take_while(|w| w.start < width) {
            let end = word.end.min(width);
            filled[word.start..end].iter_mut().for_each(|n| *n += 1);
            starts[word.start] += 1;
            ends[end] += 1;
        }
    }
    let mut columns = vec![0];
    let mut at = filled.iter().position(|n| *n > 0)?;
    while let Some(gap) = filled[at..width].iter().position(|n| *n == 0) {
        let gap_start = at + gap;
        let Some(blanks) = filled[gap_start..width].iter().position(|n| *n > 0) else {
            break;
        };
        let next = gap_start + blanks;
        let column = columns.last().copied().unwrap_or(0);
        if begins_together(rows, next) || ends_together(rows, column, gap_start) {
            columns.push(next);
        }
        at = next;
        if columns.len() >= limits::COLUMNS_MAX {
            break;
        }
    }
    (columns.len() > 1).then_some(columns)
}

/// Whether every row's first word at or behind a position begins right there, and most have one.
/// Some row must have room before it: where all have one blank, words are as long by chance.
fn begins_together<S: AsRef<str>>(rows: &[S], position: usize) -> bool {
    let mut have = 0;
    let mut has_room = false;
    for row in rows {
        let mut end_before = 0;
        for word in words(row.as_ref()) {
            if word.end <= position {
                end_before = word.end;
                continue;
            }
            if word.start != position {
                return false;
            }
            have += 1;
            has_room |= position - end_before > 1;
            break;
        }
    }
    has_room && have * 2 >= rows.len()
}

/// Whether every row has one number in these positions, and it ends at the last of them.
fn ends_together<S: AsRef<str>>(rows: &[S], from: usize, to: usize) -> bool {
    rows.iter().all(|row| {
        let mut within = words(row.as_ref())
            .skip_while(|w| w.start < from)
            .take_while(|w| w.start < to);
        let number = within.next();
        let is_number = number.is_some_and(|w| {
            w.end == to && w.text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        });
        is_number && within.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[&str], expected: Option<Split>) {
        assert_eq!(Split::new(rows), expected, "{rows:?}");
    }

    #[test]
    fn columns_are_found_where_rows_are_aligned() {
        check(
            &[
                "lo    UNKNOWN  127.0.0.1/8 ::1/128",
                "ifb0  DOWN",
                "eth0  UP       192.0.2.2/24 fd00::2/64",
            ],
            Some(Split::Positions(vec![0, 6, 15])),
        );
        check(
            &["    12 a file", "   345 other"],
            Some(Split::Positions(vec![0, 7])),
        );
    }

    #[test]
    fn rows_that_are_not_aligned_are_counted_in_words() {
        check(
            &[
                "proc on /proc type proc (rw)",
                "tmpfs on /run type tmpfs (rw)",
            ],
            Some(Split::Words(6)),
        );
        check(&["one", "two words"], None);
    }
}
