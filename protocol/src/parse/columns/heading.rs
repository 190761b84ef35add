//! The line of headings: which line it is, and where one heading ends and the next begins.
//!
//! Two words with one blank between them are either two headings (`Use% Mounted`) or one (`Mounted
//! on`). The rows tell: where they have a cell under each word, the words are two headings.

use super::words::{Word, words};
use crate::limits;

/// Lines from the top among which the headings are looked for: `top` prints six lines before them.
const SEARCH_LINES: usize = 24;
/// Rows that are looked at to tell headings apart.
const SAMPLE_ROWS: usize = 500;
/// Longest line of headings in bytes.
const LINE_MAX: usize = 8 << 10;

/// Headings whose words belong together, whatever the rows look like: first word's end, second
/// word's beginning.
const TOGETHER: [(&str, &str); 14] = [
    ("MEM", "USAGE"),
    ("USAGE", "/"),
    ("/", "LIMIT"),
    ("NET", "I/O"),
    ("BLOCK", "I/O"),
    ("MEM", "%"),
    ("CPU", "%"),
    ("Mounted", "on"),
    ("Local", "Address"),
    ("Foreign", "Address"),
    ("Peer", "Address"),
    ("/Program", "name"),
    ("CONTAINER", "ID"),
    ("IMAGE", "ID"),
];

/// One heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub text: String,
    /// First character's position.
    pub start: usize,
    /// Position behind the last character.
    pub end: usize,
}

/// The table within the lines of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub headings: Vec<Heading>,
    /// The line of headings.
    pub line: usize,
    /// The first row's line.
    pub start: usize,
    /// The line behind the last row.
    pub end: usize,
    /// No word of the headings could be taken for anything else.
    pub is_certain: bool,
}

/// Finds the line of headings: of the lines that look like headings the one with the most rows.
pub(super) fn find<S: AsRef<str>>(lines: &[S]) -> Option<Found> {
    let mut best: Option<Found> = None;
    for (at, line) in lines.iter().enumerate().take(SEARCH_LINES) {
        let line = line.as_ref();
        if line.len() > LINE_MAX || line.is_empty() {
            continue;
        }
        let start = rows_start(lines, at + 1);
        let end = block_end(lines, start);
        let rows = &lines[start..end];
        let Some(is_certain) = judge(line, rows, &lines[..=at]) else {
            continue;
        };
        if best.as_ref().is_none_or(|b| rows.len() > b.end - b.start) {
            best = Some(Found {
                headings: Vec::new(),
                line: at,
                start,
                end,
                is_certain,
            });
        }
        // The lines below belong to this table; a line of words among them is a row.
        if is_certain && !rows.is_empty() {
            break;
        }
    }
    let mut found = best?;
    let above = &lines[..=found.line];
    let rows: Vec<&str> = lines[found.start..found.end]
        .iter()
        .map(AsRef::as_ref)
        .filter(|row| !above.iter().any(|l| l.as_ref() == *row))
        .take(SAMPLE_ROWS)
        .collect();
    found.headings = headings_of(lines[found.line].as_ref(), &rows);
    Some(found)
}

/// Returns the rows under the same headings further down, as `iostat 1 5` prints them; the headings
/// are in line `headings`, and their first rows end before line `end`.
pub(super) fn repeated<S: AsRef<str>>(
    lines: &[S],
    headings: usize,
    end: usize,
) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    let mut at = end;
    while let Some(next) = lines[at..]
        .iter()
        .position(|line| line.as_ref() == lines[headings].as_ref())
    {
        let start = rows_start(lines, at + next + 1);
        at = block_end(lines, start);
        blocks.push((start, at));
    }
    blocks
}

/// Whether a heading is one that `df --output` prints above its only column.
pub(super) fn is_alone(heading: &str) -> bool {
    const ALONE: [&str; 14] = [
        "Mounted on",
        "Filesystem",
        "Type",
        "Size",
        "Used",
        "Avail",
        "Available",
        "Use%",
        "Capacity",
        "Inodes",
        "IUsed",
        "IFree",
        "IUse%",
        "File",
    ];
    ALONE.contains(&heading) || is_block_size(heading)
}

/// Skips what separates headings from rows: a ruled line, or one empty line.
fn rows_start<S: AsRef<str>>(lines: &[S], from: usize) -> usize {
    let is_rule = |line: &str| {
        line.bytes().all(|b| matches!(b, b'-' | b'=' | b'+' | b' ')) && !line.trim().is_empty()
    };
    match lines.get(from).map(AsRef::as_ref) {
        Some(line) if is_rule(line) => from + 1,
        Some("") if lines.get(from + 1).is_some_and(|l| !l.as_ref().is_empty()) => from + 1,
        Some(_) | None => from,
    }
}

/// A table ends at an empty line, where `netstat` and `iptables` announce their next one, or
/// `systemctl` counts.
fn block_end<S: AsRef<str>>(lines: &[S], from: usize) -> usize {
    lines[from..]
        .iter()
        .position(|line| {
            let line = line.as_ref();
            line.is_empty()
                || (line.starts_with("Active ") && line.ends_with(')'))
                || (line.starts_with("Chain ") && line.ends_with(')'))
                || (line.ends_with(" listed.") && line.starts_with(|c: char| c.is_ascii_digit()))
        })
        .map_or(lines.len(), |n| from + n)
}

/// Says whether a line can be headings above these rows, and whether that is certain. Lines that
/// repeat one `until` the headings are no rows.
fn judge<S: AsRef<str>>(line: &str, rows: &[S], until: &[S]) -> Option<bool> {
    let (mut all, mut capital) = (0, 0);
    let mut last_end = None;
    let mut all_certain = true;
    // `sar` prints the time where the heading of its times would be.
    let line = behind_time(line).unwrap_or(line);
    for word in words(line) {
        let is_last = word.offset_end() == line.trim_end().len();
        let is_sign = last_end.is_some() && matches!(word.text, "%" | "/");
        if !is_sign && !is_heading_word(word.text, is_last) {
            return None;
        }
        all += 1;
        let starts_capital = word
            .text
            .chars()
            .find(|c| c.is_alphabetic())
            .is_none_or(char::is_uppercase)
            || is_block_size(word.text);
        let goes_on = last_end.is_some_and(|end| word.start == end + 1);
        capital += usize::from(starts_capital);
        all_certain &= starts_capital || goes_on;
        last_end = Some(word.end);
    }
    if all == 0 || all > limits::COLUMNS_MAX * 2 {
        return None;
    }
    if rows.is_empty() {
        return (all > 1 && capital == all).then_some(true);
    }
    if all_certain && capital * 2 >= all {
        // Prose begins with a capital too. In a table the words have cells below them.
        let is_prose = capital < all && rows.iter().all(|r| words(r.as_ref()).nth(1).is_none());
        let heading = line.trim();
        let may_be_alone = heading == heading.to_uppercase() || is_alone(heading);
        return Some(!is_prose && (all > 1 || may_be_alone));
    }
    // Headings in lower case differ from the rows in having no digits, and the rows have a number.
    if line.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let sample = || {
        let repeats = |row: &S| until.iter().any(|l| l.as_ref() == row.as_ref());
        rows.iter()
            .take(SAMPLE_ROWS)
            .filter(move |row| !repeats(row))
    };
    let with_number = sample()
        .filter(|row| words(row.as_ref()).take(64).any(|w| is_number(w.text)))
        .count();
    let looked_at = sample().count();
    (all > 1 && with_number * 10 >= looked_at * 8).then_some(true)
}

/// A sentence ends with a dot; an abbreviation (`Verf.` of a German `df`) has more behind it.
fn is_heading_word(word: &str, is_last: bool) -> bool {
    let Some(first) = word.chars().next() else {
        return false;
    };
    let may_begin =
        first.is_alphabetic() || matches!(first, '%' | '#' | '_') || is_block_size(word);
    may_begin
        && word.len() <= 40
        && word.chars().any(char::is_alphabetic)
        && !word.contains(['=', '"', '\'', '`', '{', '[', '<', '|', ',', ';', '\\', '*'])
        && !word.ends_with([':', '!', '?'])
        && !(word.ends_with('.') && (is_last || word.len() > 6))
        && !word.contains("://")
        && !word.contains("..")
}

/// `1K-blocks` of `df`, and its `1024-blocks` where POSIX is asked for.
fn is_block_size(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with("-blocks")
}

fn is_number(word: &str) -> bool {
    word.trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit())
}

/// Splits the line into words, then puts together those that are one heading.
fn headings_of<S: AsRef<str>>(line: &str, rows: &[S]) -> Vec<Heading> {
    let words = named_time(split_glued(words(line).collect()), line);
    let gap = |at: usize| words[at + 1].start - words[at].end;
    let gaps = words.len().saturating_sub(1);
    let wide = (0..gaps).filter(|at| gap(*at) >= 3).count();
    let single = (0..gaps).filter(|at| gap(*at) == 1).count();
    // `docker` and `kubectl` put three blanks between columns and one within a heading.
    let one_blank_joins = wide >= 2 && wide + single == gaps;
    let is_known = |at: usize| gap(at) == 1 && is_known_pair(words[at].text, words[at + 1].text);
    let expected = words.len() - (0..gaps).filter(|at| is_known(*at)).count();
    let one_word_each = !one_blank_joins && have_words(rows, expected);
    let mut headings: Vec<Heading> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let joins = at > 0
            && gap(at - 1) == 1
            && (is_known(at - 1)
                || !one_word_each && is_together(&words[at - 1], word, rows, one_blank_joins));
        match headings.last_mut() {
            Some(last) if joins => {
                last.text.push(' ');
                last.text.push_str(word.text);
                last.end = word.end;
            }
            Some(_) | None => headings.push(Heading {
                text: word.text.to_owned(),
                start: word.start,
                end: word.end,
            }),
        }
    }
    headings
}

/// `ss` prints its last two headings without a blank when the ports are short.
fn split_glued(words: Vec<Word<'_>>) -> Vec<Word<'_>> {
    const GLUED: (&str, &str) = ("Address:Port", "Process");
    words
        .into_iter()
        .flat_map(|word| {
            let split = word
                .text
                .strip_suffix(GLUED.1)
                .filter(|first| first.ends_with(GLUED.0))
                .map(str::len);
            let Some(at) = split else {
                return vec![word];
            };
            let first = Word {
                end: word.start + at,
                text: &word.text[..at],
                ..word
            };
            let second = Word {
                start: word.start + at,
                offset: word.offset + at,
                text: &word.text[at..],
                ..word
            };
            vec![first, second]
        })
        .collect()
}

/// Returns the line behind the time that begins it, `15:00:01` or `03:00:01 PM`.
fn behind_time(line: &str) -> Option<&str> {
    let time = line.get(..8)?;
    let is_time = time.bytes().enumerate().all(|(at, b)| match at {
        2 | 5 => b == b':',
        _ => b.is_ascii_digit(),
    });
    let rest = line
        .get(8..)
        .filter(|rest| is_time && rest.starts_with(' '))?;
    Some(
        rest.strip_prefix(" AM ")
            .or_else(|| rest.strip_prefix(" PM "))
            .unwrap_or(rest),
    )
}

/// Makes the time that begins the line a heading.
fn named_time<'a>(mut words: Vec<Word<'a>>, line: &str) -> Vec<Word<'a>> {
    let Some(rest) = behind_time(line) else {
        return words;
    };
    let end = line[..line.len() - rest.len()].trim_end().len();
    words.retain(|word| word.start == 0 || word.start >= end);
    if let Some(first) = words.first_mut() {
        first.text = "time";
        first.end = end;
    }
    words
}

/// A sign goes on with a heading where it stands alone: `%MEM` behind `%CPU` is a heading itself.
fn is_known_pair(a: &str, b: &str) -> bool {
    TOGETHER.iter().any(|(end, start)| {
        let is_sign = matches!(*start, "%" | "/");
        a.ends_with(end)
            && if is_sign {
                b == *start
            } else {
                b.starts_with(start)
            }
    })
}

/// Whether every row has exactly so many words: then it has one a heading, wherever they stand.
pub(super) fn have_words<S: AsRef<str>>(rows: &[S], expected: usize) -> bool {
    !rows.is_empty()
        && rows
            .iter()
            .take(SAMPLE_ROWS)
            .all(|row| words(row.as_ref()).take(expected + 1).count() == expected)
}

/// Whether two words with one blank between them are one heading.
fn is_together<S: AsRef<str>>(
    a: &Word<'_>,
    b: &Word<'_>,
    rows: &[S],
    one_blank_joins: bool,
) -> bool {
    let (mut crossed, mut both) = (0, 0);
    for row in rows.iter().take(SAMPLE_ROWS) {
        let (mut under_a, mut under_b) = (false, false);
        for cell in words(row.as_ref()).take_while(|w| w.start < b.end) {
            let on_a = cell.end > a.start && cell.start < a.end;
            let on_b = cell.end > b.start;
            crossed += usize::from(on_a && on_b);
            under_a |= on_a && !on_b;
            under_b |= on_b && !on_a;
        }
        both += usize::from(under_a && under_b);
    }
    if both == 0 && crossed == 0 {
        let is_lower = b.text.starts_with(|c: char| c.is_lowercase());
        // Cells under one of two words: `on` goes on with a heading, `TYPE` is one.
        return one_blank_joins || (is_lower && a.text.starts_with(|c: char| c.is_uppercase()));
    }
    // Some rows overflow their columns and cross the gap; in two headings most do not.
    crossed * 2 > both
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let lines: Vec<&str> = text.lines().collect();
        let found = find(&lines).map(|f| f.headings).unwrap_or_default();
        let texts: Vec<_> = found.iter().map(|h| h.text.as_str()).collect();
        assert_eq!(texts, expected, "{text}");
    }

    #[test]
    fn rows_tell_headings_of_two_words_from_two_headings() {
        check("Use% Mounted on\n  0% /dev\n", &["Use%", "Mounted on"]);
        check(
            "RO TYPE MOUNTPOINTS\n 0 disk\n",
            &["RO", "TYPE", "MOUNTPOINTS"],
        );
        check(
            "CONTAINER ID   IMAGE     NAMES\n0123456789ab   nginx:1   web\n",
            &["CONTAINER ID", "IMAGE", "NAMES"],
        );
        check(
            "LAST SEEN   TYPE     REASON\n5m          Normal   Pulled\n",
            &["LAST SEEN", "TYPE", "REASON"],
        );
        check(
            "Peer Address:PortProcess\n     0.0.0.0:*   \n",
            &["Peer Address:Port", "Process"],
        );
        check(
            "PID %CPU %MEM COMMAND\n  1  0.0  0.1 init\n812  1.2  4.4\n",
            &["PID", "%CPU", "%MEM", "COMMAND"],
        );
        check(
            "NAME CPU % MEM %\nweb  1.5%  2%\n",
            &["NAME", "CPU %", "MEM %"],
        );
    }

    #[test]
    fn lines_that_are_no_headings_are_not_taken_for_them() {
        for text in [
            "proc on /proc type proc (rw)\nsysfs on /sys type sysfs (rw)\n",
            "root pts/0 2026-11-23 15:00\n",
            "ssh.service loaded active running OpenBSD\ncron.service loaded active running Cron\n",
            "Permission denied\n",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn lower_case_headings_stand_above_numbers() {
        check(
            "procs ---memory---\n r  b   swpd\n 1  0      0\n",
            &["r", "b", "swpd"],
        );
    }
}
