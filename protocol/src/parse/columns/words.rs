//! Words of a line, with the columns of text in which they stand.
//!
//! Tools align by characters, so positions count characters; offsets in bytes come along for slicing.

use std::borrow::Cow;

/// A run of characters without a blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// First character's position.
    pub start: usize,
    /// Position behind the last character.
    pub end: usize,
    /// Offset of the first byte.
    pub offset: usize,
    /// The word.
    pub text: &'a str,
}

impl Word<'_> {
    /// Offset behind the last byte.
    pub(super) const fn offset_end(&self) -> usize {
        self.offset + self.text.len()
    }
}

/// Iterates over the words of a line; blanks are spaces.
pub(super) fn words(line: &str) -> Words<'_> {
    Words {
        line,
        offset: 0,
        position: 0,
    }
}

#[derive(Debug)]
pub(super) struct Words<'a> {
    line: &'a str,
    offset: usize,
    position: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = &self.line.as_bytes()[self.offset..];
        let blanks = rest.iter().position(|b| *b != b' ')?;
        self.offset += blanks;
        self.position += blanks;
        let rest = &self.line[self.offset..];
        let length = rest.bytes().position(|b| b == b' ').unwrap_or(rest.len());
        let text = &rest[..length];
        let characters = if text.is_ascii() {
            length
        } else {
            text.chars().count()
        };
        let word = Word {
            start: self.position,
            end: self.position + characters,
            offset: self.offset,
            text,
        };
        self.offset += length;
        self.position += characters;
        Some(word)
    }
}

/// What `systemctl` prints before a unit to show its state.
const MARKS: [char; 4] = ['●', '○', '×', '↻'];

/// Longest line in bytes whose tabs are expanded to stops of eight; in longer ones a tab is one
/// blank, so that a text of tabs does not grow eightfold.
const EXPANDED_LINE_MAX: usize = 64 << 10;

/// Prepares a line for aligning: tabs become blanks, the marks that `systemctl` puts before a unit
/// are blanked, blanks at the end go.
pub(super) fn prepare(line: &str) -> Cow<'_, str> {
    let line = line.trim_end();
    let marked = line
        .trim_start_matches(' ')
        .strip_prefix(MARKS)
        .is_some_and(|rest| rest.starts_with(' '));
    if !marked && !line.contains('\t') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut position = 0;
    let mut mark_may_follow = marked;
    for c in line.chars() {
        match c {
            '\t' if line.len() <= EXPANDED_LINE_MAX => {
                let blanks = 8 - position % 8;
                out.extend(std::iter::repeat_n(' ', blanks));
                position += blanks;
                continue;
            }
            '\t' => out.push(' '),
            c if mark_may_follow && MARKS.contains(&c) => {
                out.push(' ');
                mark_may_follow = false;
            }
            c => {
                mark_may_follow &= c == ' ';
                out.push(c);
            }
        }
        position += 1;
    }
    Cow::Owned(out)
}

/// Takes the lines of a tree (`├─`, `|-`) off the front of a cell.
pub(super) fn without_tree(cell: &str) -> &str {
    let drawn = cell.trim_start_matches(['│', '├', '└', '─', ' ']);
    if drawn.len() < cell.len() {
        return drawn;
    }
    let mut rest = cell;
    while let Some(after) = rest.strip_prefix("| ") {
        rest = after.trim_start();
    }
    rest.strip_prefix("|-")
        .or_else(|| rest.strip_prefix("`-"))
        .unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_know_their_positions_and_offsets() {
        let found: Vec<_> = words(" ä bc  d")
            .map(|w| (w.start, w.end, w.offset, w.text))
            .collect();
        assert_eq!(found, [(1, 2, 1, "ä"), (3, 5, 4, "bc"), (7, 8, 8, "d")]);
    }

    #[test]
    fn tabs_and_marks_become_blanks() {
        assert_eq!(prepare("4.0K\t/a  "), "4.0K    /a");
        assert_eq!(prepare("● x.service ● y"), "  x.service ● y");
        assert_eq!(prepare("plain"), "plain");
    }

    #[test]
    fn tree_lines_are_taken_off() {
        assert_eq!(without_tree("├─vda1"), "vda1");
        assert_eq!(without_tree("│ └─md0"), "md0");
        assert_eq!(without_tree("|-sda1"), "sda1");
        assert_eq!(without_tree("| `-md0"), "md0");
        assert_eq!(without_tree("sda"), "sda");
    }
}
