//! Where the columns of a table lie, and which cell of a row stands in which.
//!
//! Between two headings there is a position that (nearly) no row's word crosses: the cut. Rows that
//! do cross a cut have outgrown their columns (`ps` prints a long number over the next column and
//! shifts the rest); where cells hold no blanks, such rows are taken apart word by word.

use super::heading::{Heading, have_words};
use super::words::{Word, words};
use crate::table::Row;
use crate::value::Value;

/// Columns of a table: column `n` begins at `cuts[n]`; the last has no end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    cuts: Vec<usize>,
    /// Nearly every row has exactly one word in every column but the last.
    one_word_a_cell: bool,
    /// Rows do not stand under their headings, but have one word for each.
    only_words: bool,
    /// Columns that hold numbers in every row that stands under its headings.
    numeric: Vec<bool>,
}

impl Layout {
    /// Finds the cuts from the headings and the rows.
    pub(super) fn new<S: AsRef<str>>(headings: &[Heading], rows: &[S]) -> Self {
        let width = headings.last().map_or(0, |h| h.end);
        let profile = Profile::new(width, rows);
        let mut cuts = vec![0];
        for pair in headings.windows(2) {
            cuts.push(cut_between(&pair[0], &pair[1], &profile));
        }
        let mut layout = Self {
            cuts,
            one_word_a_cell: false,
            only_words: false,
            numeric: Vec::new(),
        };
        let (mut fitting, mut simple) = (0_usize, 0_usize);
        for row in rows {
            match layout.shape_of(row.as_ref()) {
                Shape::OneEach => {
                    fitting += 1;
                    simple += 1;
                }
                Shape::Doubled | Shape::Gaps => fitting += 1,
                Shape::Crosses => {}
            }
        }
        layout.one_word_a_cell = if fitting == 0 {
            rows.iter().all(|row| layout.has_enough_words(row.as_ref()))
        } else {
            simple * 10 >= fitting * 9
        };
        layout.only_words = !layout.one_word_a_cell && have_words(rows, headings.len());
        layout.numeric = layout.numeric_columns(rows);
        layout
    }

    fn numeric_columns<S: AsRef<str>>(&self, rows: &[S]) -> Vec<bool> {
        let mut numbers = vec![0_usize; self.cuts.len()];
        let mut others = vec![false; self.cuts.len()];
        for row in rows {
            let row = row.as_ref();
            if self.shape_of(row) == Shape::Crosses {
                continue;
            }
            for (at, cell) in self.cells_by_position(row).iter().enumerate() {
                match cell.as_str() {
                    Some(text) if is_number(text) => numbers[at] += 1,
                    Some("-") | None => {}
                    Some(_) => others[at] = true,
                }
            }
        }
        // Of a single row nothing can be said.
        let certain = |n: usize, other: bool| n > 1 && !other;
        numbers
            .into_iter()
            .zip(others)
            .map(|(n, other)| certain(n, other))
            .collect()
    }

    /// Returns the first column whose cell cannot be its own.
    fn misplaced(&self, cells: &Row) -> Option<usize> {
        cells.iter().zip(&self.numeric).position(|(cell, numeric)| {
            *numeric && cell.as_str().is_some_and(|c| c != "-" && !is_number(c))
        })
    }

    fn shape_of(&self, row: &str) -> Shape {
        let last = self.cuts.len() - 1;
        let mut shape = Shape::OneEach;
        let (mut at, mut in_column) = (0, 0);
        for word in words(row) {
            let column = self.column_of(word.start, at);
            if column != at {
                if in_column != 1 || column > at + 1 {
                    shape = shape.max(Shape::Gaps);
                }
                (at, in_column) = (column, 0);
            }
            if at == last {
                return shape;
            }
            in_column += 1;
            if in_column > 1 {
                shape = shape.max(Shape::Doubled);
            }
            if word.end > self.cuts[at + 1] {
                return Shape::Crosses;
            }
        }
        // The row ended early: only its last cell may be missing without a gap.
        if at + 1 < last {
            shape = shape.max(Shape::Gaps);
        }
        shape
    }

    fn has_enough_words(&self, row: &str) -> bool {
        let columns = self.cuts.len();
        words(row).take(columns).count() + 1 >= columns
    }

    /// Takes a row apart; a cell is text without blanks around it, or null. Says too whether the row
    /// was placed: one that has outgrown its columns keeps what is certain, and the rest is null.
    pub(super) fn cells(&self, row: &str) -> (Row, bool) {
        if self.only_words {
            return (self.cells_by_word(row), true);
        }
        let crosses = self.shape_of(row) == Shape::Crosses;
        let may_be_words = self.one_word_a_cell && self.has_enough_words(row);
        let by_position = self.cells_by_position(row);
        let misplaced = self.misplaced(&by_position);
        if !crosses && misplaced.is_none() {
            return (by_position, true);
        }
        if may_be_words {
            let by_word = self.cells_by_word(row);
            if self.misplaced(&by_word).is_none() {
                return (by_word, true);
            }
        }
        let Some(misplaced) = misplaced else {
            return (by_position, true);
        };
        let certain = self.crossed_column(row).unwrap_or(misplaced).min(misplaced);
        let kept = by_position
            .into_iter()
            .enumerate()
            .map(|(at, cell)| if at < certain { cell } else { Value::Null })
            .collect();
        (kept, false)
    }

    /// Returns the first column that a word outgrows.
    fn crossed_column(&self, row: &str) -> Option<usize> {
        let mut at = 0;
        words(row).find_map(|word| {
            at = self.column_of(word.start, at);
            let end = self.cuts.get(at + 1)?;
            (word.end > *end).then_some(at)
        })
    }

    fn cells_by_word(&self, row: &str) -> Row {
        let last = self.cuts.len() - 1;
        let mut cells = vec![Value::Null; self.cuts.len()];
        for (at, word) in words(row).take(self.cuts.len()).enumerate() {
            cells[at] = Value::from(if at == last {
                &row[word.offset..]
            } else {
                word.text
            });
        }
        cells
    }

    fn cells_by_position(&self, row: &str) -> Row {
        let last = self.cuts.len() - 1;
        let mut spans: Vec<Option<(usize, usize)>> = vec![None; self.cuts.len()];
        let mut at = 0;
        for word in words(row) {
            at = self.column_of(word.start, at);
            if at == last {
                spans[at] = Some((word.offset, row.len()));
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

    /// Returns the column in which a position lies, looking from column `from` on.
    fn column_of(&self, position: usize, from: usize) -> usize {
        let ahead = self.cuts[from + 1..]
            .iter()
            .take_while(|cut| position >= **cut)
            .count();
        from + ahead
    }
}

/// How a row's words lie in the columns before the last; the later of two holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// One word in each.
    OneEach,
    /// Some column has none.
    Gaps,
    /// Some column has several.
    Doubled,
    /// A word lies in two.
    Crosses,
}

/// Whether a cell is one word that begins as a number does.
fn is_number(cell: &str) -> bool {
    !cell.contains(' ')
        && cell
            .trim_start_matches(['-', '+'])
            .starts_with(|c: char| c.is_ascii_digit())
}

/// How many rows have a word at a position, and across a boundary.
#[derive(Debug)]
struct Profile {
    rows: u32,
    /// `filled[p]`: rows with a character at `p`.
    filled: Vec<u32>,
    /// `crossed[p]`: rows with a word on both sides of the boundary before `p`.
    crossed: Vec<u32>,
}

impl Profile {
    fn new<S: AsRef<str>>(width: usize, rows: &[S]) -> Self {
        // Starts and ends are counted first and summed up once: a row costs its words only.
        let mut filled = vec![0_i64; width + 2];
        let mut crossed = vec![0_i64; width + 2];
        let mut add = |word: &Word<'_>| {
            let end = word.end.min(width + 1);
            filled[word.start] += 1;
            filled[end] -= 1;
            crossed[(word.start + 1).min(end)] += 1;
            crossed[end] -= 1;
        };
        for row in rows {
            words(row.as_ref())
                .take_while(|w| w.start < width)
                .for_each(|w| add(&w));
        }
        Self {
            rows: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            filled: sums(&filled),
            crossed: sums(&crossed),
        }
    }

    /// Length of the run of positions before `cut`, from `from` on, that (nearly) no row fills.
    fn blanks_before(&self, cut: usize, from: usize) -> usize {
        (from..cut)
            .rev()
            .take_while(|p| self.filled[*p] <= self.rows / 20)
            .count()
    }
}

fn sums(steps: &[i64]) -> Vec<u32> {
    steps
        .iter()
        .scan(0_i64, |sum, step| {
            *sum += step;
            Some(u32::try_from(*sum).unwrap_or(0))
        })
        .collect()
}

/// Chooses the cut between two headings: the boundary that the fewest rows cross; among those, the
/// one behind the widest gap; among those, the rightmost.
fn cut_between(left: &Heading, right: &Heading, profile: &Profile) -> usize {
    if let Some(cut) = known_cut(left, right) {
        return cut;
    }
    (left.end..=right.start)
        .min_by_key(|cut| {
            let blanks = profile.blanks_before(*cut, left.end.saturating_sub(1));
            (
                profile.crossed[*cut],
                std::cmp::Reverse(blanks),
                std::cmp::Reverse(*cut),
            )
        })
        .unwrap_or(right.start)
}

/// The start time that `ps -o lstart` prints has blanks in it and ends under its heading's end.
fn known_cut(left: &Heading, right: &Heading) -> Option<usize> {
    const LSTART_WIDTH: usize = "Mon Nov 23 15:10:54 2026".len();
    if right.text != "STARTED" || right.start < left.end + 10 {
        return None;
    }
    right
        .end
        .checked_sub(LSTART_WIDTH)
        .filter(|cut| *cut >= left.end)
}
