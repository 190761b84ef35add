//! Two texts, line by line: what is only in the one, what is only in the other, and a little of
//! what is around.
//!
//! Work and what comes out are bounded: lines that both texts begin or end with cost nothing, of
//! what is between them at most [`COMPARED_MAX`] lines a side are compared, by an algorithm that
//! gives up the shortest answer before it takes long; at most [`SHOWN_MAX`] lines come out, and of
//! a line that is very long the part where it differs. What is left out is said.

use std::collections::HashMap;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::report::{Changed, DiffLine, Of, Sign};

/// Lines that are equal, before and behind what differs.
const CONTEXT: usize = 2;

/// Lines of one side, between what both sides begin and end with, that are compared.
const COMPARED_MAX: usize = 20_000;

/// Lines that come out of one comparison.
const SHOWN_MAX: usize = 1_000;

/// Bytes of one line that come out.
const LINE_BYTES_MAX: usize = 1_024;

/// Bytes that a cut line shows before it begins to differ.
const LEAD_BYTES: usize = 48;

/// Compares two texts, which are known to differ.
pub(super) fn compare(of: Of, before: &str, after: &str) -> Vec<DiffLine> {
    let said = |text: String| vec![DiffLine::said(of, text)];
    if before.contains('\0') || after.contains('\0') {
        return said(format!(
            "not text: {} bytes before, {} bytes after; not compared by line",
            before.len(),
            after.len()
        ));
    }
    if before == after {
        return said("reads the same; bytes that are not text differ, or were cut".to_owned());
    }
    let (old, new) = (split(before), split(after));
    let hunks = hunks(&old, &new);
    if hunks.lines.is_empty() && hunks.uncompared == 0 {
        return said("only the newline at the end differs".to_owned());
    }
    let mut lines = hunks.lines;
    for line in &mut lines {
        line.of = of;
    }
    if lines.len() > SHOWN_MAX {
        let is_change = |line: &&DiffLine| matches!(line.sign, Sign::Removed | Sign::Added);
        let left_out = lines[SHOWN_MAX..].iter().filter(is_change).count();
        lines.truncate(SHOWN_MAX);
        if left_out > 0 {
            lines.push(DiffLine::said(of, format!("{left_out} more lines differ")));
        }
    }
    if hunks.uncompared > 0 {
        let text = format!("{} more lines were not compared", hunks.uncompared);
        lines.push(DiffLine::said(of, text));
    }
    lines
}

/// Splits text into lines without their newlines; a final newline begins no line.
fn split(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return Vec::new();
    }
    text.split('\n').collect()
}

struct Hunks {
    lines: Vec<DiffLine>,
    /// Lines of both sides that were too many to compare.
    uncompared: usize,
}

fn hunks(old: &[&str], new: &[&str]) -> Hunks {
    let shortest = old.len().min(new.len());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let prefix = old.iter().zip(new).take_while(same).count();
    let suffix = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(same)
        .count()
        .min(shortest - prefix);
    // What both begin and end with is only needed as far as it is shown.
    let start = prefix.saturating_sub(CONTEXT);
    let end = suffix.saturating_sub(CONTEXT);
    let (mut a, mut b) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let uncompared = a.len().saturating_sub(COMPARED_MAX) + b.len().saturating_sub(COMPARED_MAX);
    a = &a[..a.len().min(COMPARED_MAX)];
    b = &b[..b.len().min(COMPARED_MAX)];

    let mut ids: HashMap<&str, u32> = HashMap::new();
    let (old_ids, new_ids) = (numbered(a, &mut ids), numbered(b, &mut ids));
    let ops = capture_diff_slices(Algorithm::Myers, &old_ids, &new_ids);
    let mut lines = Vec::new();
    for group in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let (from, to) = (first.old_range().start, last.old_range().end);
        let (new_from, new_to) = (first.new_range().start, last.new_range().end);
        let is_whole = start == 0 && to - from == old.len() && new_to - new_from == new.len();
        if !is_whole {
            lines.push(DiffLine::place(
                (start + from, to - from),
                (start + new_from, new_to - new_from),
            ));
        }
        for op in group {
            op_lines(&op, a, b, start, &mut lines);
        }
    }
    Hunks { lines, uncompared }
}

/// Numbers lines, so that comparing two of them costs the same however long they are.
fn numbered<'a>(lines: &[&'a str], ids: &mut HashMap<&'a str, u32>) -> Vec<u32> {
    let mut number = |line: &&'a str| {
        let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        *ids.entry(line).or_insert(next)
    };
    lines.iter().map(&mut number).collect()
}

fn op_lines(op: &DiffOp, old: &[&str], new: &[&str], start: usize, into: &mut Vec<DiffLine>) {
    let (before, after) = (op.old_range(), op.new_range());
    if let DiffOp::Equal { .. } = op {
        for (at, line) in before.clone().zip(&old[before]) {
            into.push(DiffLine::text(Sign::Same, start + at + 1, cut(line, 0)));
        }
        return;
    }
    // A line that took another's place is shown from where it begins to be another.
    let lead = |i: usize| {
        let pair = (
            old.get(before.start + i).filter(|_| i < before.len()),
            new.get(after.start + i).filter(|_| i < after.len()),
        );
        match pair {
            (Some(a), Some(b)) => common_start(a, b),
            _ => 0,
        }
    };
    for (i, at) in before.clone().enumerate() {
        into.push(DiffLine::text(
            Sign::Removed,
            start + at + 1,
            cut(old[at], lead(i)),
        ));
    }
    for (i, at) in after.clone().enumerate() {
        into.push(DiffLine::text(
            Sign::Added,
            start + at + 1,
            cut(new[at], lead(i)),
        ));
    }
}

/// Returns how many bytes two lines have in common from their beginning.
fn common_start(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count()
}

/// Cuts a line to what may come out of it; `differs` is where it begins to differ.
fn cut(line: &str, differs: usize) -> Changed {
    if line.len() <= LINE_BYTES_MAX {
        return Changed {
            text: line.to_owned(),
            before: 0,
            behind: 0,
        };
    }
    // A difference that is within reach needs no cut at the beginning.
    let start = if differs + LEAD_BYTES < LINE_BYTES_MAX {
        0
    } else {
        line.floor_char_boundary(differs - LEAD_BYTES)
    };
    let end = line.floor_char_boundary((start + LINE_BYTES_MAX).min(line.len()));
    Changed {
        text: line[start..end].to_owned(),
        before: start,
        behind: line.len() - end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out, a line each: the sign, the line's number and its text.
    fn drawn(before: &str, after: &str) -> Vec<String> {
        let line = |line: &DiffLine| {
            let sign = match line.sign {
                Sign::Same => ' ',
                Sign::Removed => '-',
                Sign::Added => '+',
                Sign::Place => '@',
                Sign::Said => '#',
                Sign::Changed => '~',
            };
            format!("{sign}{} {}", line.at, line.changed.text)
        };
        compare(Of::Out, before, after).iter().map(line).collect()
    }

    #[test]
    fn one_line_for_another_needs_no_place() {
        assert_eq!(drawn("2.14.1\n", "2.11.0\n"), ["-1 2.14.1", "+1 2.11.0"]);
        assert_eq!(drawn("", "a\nb\n"), ["+1 a", "+2 b"]);
        assert_eq!(drawn("a\nb", ""), ["-1 a", "-2 b"]);
    }

    #[test]
    fn a_difference_in_the_middle_has_two_lines_around_it_and_says_where_it_is() {
        let ten: Vec<String> = (1..=10).map(|n| n.to_string()).collect();
        let mut other = ten.clone();
        other[5] = "six".to_owned();
        assert_eq!(
            drawn(&ten.join("\n"), &other.join("\n")),
            [
                "@4 @@ -4,5 +4,5 @@",
                " 4 4",
                " 5 5",
                "-6 6",
                "+6 six",
                " 7 7",
                " 8 8"
            ]
        );
    }

    #[test]
    fn differences_far_apart_are_two_places() {
        let many: Vec<String> = (1..=40).map(|n| n.to_string()).collect();
        let mut other = many.clone();
        other.remove(30);
        other.insert(2, "new".to_owned());
        let lines = drawn(&many.join("\n"), &other.join("\n"));
        let places: Vec<&String> = lines.iter().filter(|l| l.starts_with('@')).collect();
        assert_eq!(places, ["@1 @@ -1,4 +1,5 @@", "@29 @@ -29,5 +30,4 @@"]);
    }

    #[test]
    fn what_lines_cannot_show_is_said() {
        assert_eq!(
            drawn("a\n", "a"),
            ["#0 only the newline at the end differs"]
        );
        assert_eq!(drawn("a\r\nb\n", "a\nb\n")[..2], ["-1 a\r", "+1 a"]);
        assert_eq!(
            drawn("\0\u{1}", "ELF\0"),
            ["#0 not text: 2 bytes before, 4 bytes after; not compared by line"]
        );
        assert!(drawn("a\u{fffd}", "a\u{fffd}")[0].contains("reads the same"));
    }

    #[test]
    fn a_line_of_a_mebibyte_is_shown_where_it_differs() {
        let long = |end: &str| format!("{}{end}{}", "x".repeat(1 << 20), "y".repeat(4_000));
        let lines = compare(Of::Out, &long("old"), &long("new"));
        assert_eq!(lines.len(), 2);
        for (line, end) in lines.iter().zip(["old", "new"]) {
            assert!(line.changed.text.contains(end), "{}", line.changed.text);
            assert!(line.changed.text.len() <= LINE_BYTES_MAX);
            assert!(line.changed.before > 1_000_000 && line.changed.behind > 3_000);
        }
        let wide = |end: &str| format!("{}{end}", "日本語".repeat(2_000));
        let lines = compare(Of::Out, &wide("ד"), &wide("א"));
        assert!(
            lines[0].changed.text.ends_with('ד'),
            "cut between characters"
        );
    }

    #[test]
    fn huge_texts_without_a_line_in_common_are_bounded_and_said() {
        let lines_of = |name: &str| -> String {
            let lines = 0..COMPARED_MAX + 5;
            lines.map(|n| format!("{name} {n}\n")).collect()
        };
        let lines = compare(Of::Out, &lines_of("a"), &lines_of("b"));
        let said: Vec<&str> = lines[SHOWN_MAX..]
            .iter()
            .map(|l| l.changed.text.as_str())
            .collect();
        assert_eq!(
            said,
            ["39001 more lines differ", "10 more lines were not compared"]
        );
    }

    #[test]
    fn one_line_more_in_a_million_is_found() {
        let many: String = (0..1_000_000).map(|n| format!("{n}\n")).collect();
        let more = format!("{many}the end\n");
        assert_eq!(
            drawn(&many, &more),
            [
                "@999999 @@ -999999,2 +999999,3 @@",
                " 999999 999998",
                " 1000000 999999",
                "+1000001 the end"
            ]
        );
    }

    #[test]
    fn noise_of_twenty_thousand_lines_a_side_is_compared_soon() {
        // The same lines in another order, few of them unique: the worst that a node may send.
        let noise = |step: usize| -> String {
            let lines = (0..COMPARED_MAX).map(|n| format!("{}\n", n * step % 997));
            lines.collect()
        };
        assert!(!compare(Of::Out, &noise(7), &noise(11)).is_empty());
    }
}
