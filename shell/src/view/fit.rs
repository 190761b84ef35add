//! Fitting: text of a node laid out in rows of the screen.
//!
//! Work follows what is shown, not what was sent: a line of a megabyte is read as far as the rows
//! that it may take. Tabs become spaces, characters that hide or command are escaped, and a flood
//! of combining marks is escaped too, since it would smear over the lines above.

use hailer_protocol::clean::Clean;

use super::measure::{char_width, width_of};

/// Combining marks on one character at most. Scripts use up to three or four.
const MARKS_MAX: usize = 8;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// One line of output in rows of the screen.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// The rows, from the top; one at least.
    pub(super) rows: Vec<Clean>,
    /// Bytes of the line behind the last row.
    pub(super) bytes_left: usize,
}

/// Lays one line, which holds no newline, out in at most `rows_max` rows (but at least one) that
/// are `width` columns wide.
pub(super) fn rows(line: &[u8], width: Option<usize>, rows_max: usize, ascii: bool) -> Rows {
    // Most lines are short and plain.
    if line.len() <= width.unwrap_or(usize::MAX) && line.iter().all(|b| (b' '..=b'~').contains(b)) {
        return Rows {
            rows: vec![Clean::line_from_bytes(line)],
            bytes_left: 0,
        };
    }
    let mut layout = Layout {
        width: width.unwrap_or(usize::MAX).max(1),
        rows_max,
        ascii,
        rows: Vec::new(),
        row: String::new(),
        row_width: 0,
        column: 0,
        marks: 0,
    };
    let bytes_left = layout.take(line);
    layout.finish_row();
    Rows {
        rows: layout.rows,
        bytes_left,
    }
}

struct Layout {
    width: usize,
    rows_max: usize,
    ascii: bool,
    rows: Vec<Clean>,
    row: String,
    row_width: usize,
    /// Columns from the line's beginning, for tab stops.
    column: usize,
    marks: usize,
}

impl Layout {
    /// Takes the line and returns how many bytes found no place.
    fn take(&mut self, line: &[u8]) -> usize {
        let mut taken = 0;
        for chunk in line.utf8_chunks() {
            for c in chunk.valid().chars() {
                if !self.take_char(c) {
                    return line.len() - taken;
                }
                taken += c.len_utf8();
            }
            for byte in chunk.invalid() {
                let shown = Clean::line_from_bytes(&[*byte]);
                if !self.put(shown.as_str(), width_of(shown.as_str())) {
                    return line.len() - taken;
                }
                taken += 1;
            }
        }
        0
    }

    fn take_char(&mut self, c: char) -> bool {
        let mut bytes = [0; 4];
        let raw: &str = c.encode_utf8(&mut bytes);
        match c {
            ' '..='~' => {
                self.marks = 0;
                self.put(raw, 1)
            }
            '\t' => {
                self.marks = 0;
                // A tab at the end of a row does not reach into the next one.
                let room = self.width.saturating_sub(self.row_width).max(1);
                let n = (TAB - self.column % TAB).min(room);
                self.put(&"        "[..n], n)
            }
            c => {
                let shown = one_line(&Clean::line(raw), self.ascii);
                let width = width_of(shown.as_str());
                if width > 0 {
                    self.marks = 0;
                    return self.put(shown.as_str(), width);
                }
                self.marks += 1;
                if self.marks > MARKS_MAX {
                    let escaped = escape(c);
                    return self.put(&escaped, escaped.len());
                }
                if self.row.is_empty() && !self.put("\u{25cc}", 1) {
                    return false;
                }
                self.row.push_str(shown.as_str());
                true
            }
        }
    }

    /// Puts a piece that is not broken; says whether there was a row for it.
    fn put(&mut self, piece: &str, width: usize) -> bool {
        if self.row_width > 0 && self.row_width.saturating_add(width) > self.width {
            if self.rows.len() + 1 >= self.rows_max {
                return false;
            }
            self.finish_row();
        }
        self.row.push_str(piece);
        self.row_width += width;
        self.column += width;
        true
    }

    fn finish_row(&mut self) {
        // Clean already, piece by piece; this makes the type say so.
        self.rows.push(Clean::line(&self.row));
        self.row.clear();
        self.row_width = 0;
    }
}

fn escape(c: char) -> String {
    c.escape_unicode().to_string()
}

/// Returns text that keeps to one line; with `ascii`, in ASCII.
pub(super) fn one_line(text: &Clean, ascii: bool) -> Clean {
    let text = text.as_str();
    if !ascii || text.is_ascii() {
        return Clean::line(text);
    }
    let escaped: String = text.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(&escape(c));
        }
        out
    });
    Clean::line(&escaped)
}

/// Splits text where it would be wider than `columns`.
pub(super) fn split_at(text: &str, columns: usize) -> (&str, &str) {
    let mut width = 0;
    for (at, c) in text.char_indices() {
        width += char_width(c);
        if width > columns {
            return text.split_at(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &[u8], width: usize, rows_max: usize, expected: &[&str], bytes_left: usize) {
        let found = rows(line, Some(width), rows_max, false);
        let texts: Vec<&str> = found.rows.iter().map(Clean::as_str).collect();
        assert_eq!((texts.as_slice(), found.bytes_left), (expected, bytes_left));
    }

    #[test]
    fn a_line_is_wrapped_by_columns_and_what_finds_no_row_is_counted() {
        check(b"", 4, 2, &[""], 0);
        check(b"abcd", 4, 2, &["abcd"], 0);
        check(b"abcdefghij", 4, 2, &["abcd", "efgh"], 2);
        check("日本語".as_bytes(), 5, 9, &["日本", "語"], 0);
        check("日本語".as_bytes(), 1, 2, &["日", "本"], 3);
    }

    #[test]
    fn an_escape_is_not_broken_over_two_rows() {
        check(b"abc\x1b[2J", 4, 9, &["abc", "\\e[2", "J"], 0);
        check(b"ab\xffcd", 5, 9, &["ab", "\\xffc", "d"], 0);
        check(b"a\r\0", 80, 1, &["a\\r\\x00"], 0);
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        check(b"a\tb\t\tc", 80, 1, &["a       b               c"], 0);
        check(b"abc\tdef", 5, 9, &["abc  ", "def"], 0);
    }

    #[test]
    fn a_flood_of_marks_is_escaped() {
        let flood = format!("a{}b", "\u{301}".repeat(10));
        let expected = format!("a{}\\u{{301}}\\u{{301}}b", "\u{301}".repeat(8));
        check(flood.as_bytes(), 80, 1, &[&expected], 0);
        check("\u{301}x".as_bytes(), 80, 1, &["\u{25cc}\u{301}x"], 0);
    }

    #[test]
    fn a_megabyte_in_one_line_is_read_no_further_than_it_is_shown() {
        let line = vec![b'x'; 1 << 20];
        let found = rows(&line, Some(80), 3, false);
        assert_eq!((found.rows.len(), found.bytes_left), (3, (1 << 20) - 240));
    }
}
