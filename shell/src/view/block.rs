//! Blocks: what a command wrote, behind a gutter.
//!
//! Every row of output begins with a gutter of ours, so that no node can print a line that looks
//! like a header or a summary: `  ` for standard output, `err│ ` for standard error, and in
//! their continued rows `┆ ` and `   ┆ `.

use super::fit;
use super::measure::size;
use super::style::{Line, Look, Paint};

/// Rows of the screen that one line of output may take, where the screen has a width.
const ROWS_A_LINE_MAX: usize = 8;

/// Columns that text always gets, however narrow the terminal says it is.
const TEXT_WIDTH_MIN: usize = 8;

/// One stream's signs.
#[derive(Debug, Clone, Copy)]
struct Gutter {
    first: &'static str,
    next: &'static str,
    paint: Paint,
}

const OUT: Gutter = Gutter {
    first: "  ",
    next: "┆ ",
    paint: Paint::Plain,
};

const ERR: Gutter = Gutter {
    first: "err│ ",
    next: "   ┆ ",
    paint: Paint::Warn,
};

/// Lays out both streams in at most about `rows_max` rows; what is left out is counted.
///
/// When there is not place for both, standard error gets up to half of it: what went wrong is
/// not to be found below a thousand lines of what went well.
///
/// Returns, too, whether anything is left out. Where `rows_max` is none, nothing is.
pub(super) fn block(
    out: &[u8],
    err: &[u8],
    look: Look,
    rows_max: Option<usize>,
) -> (Vec<Line>, bool) {
    let a_line = match rows_max {
        Some(_) if look.width.is_some() => ROWS_A_LINE_MAX,
        // Without a width a line is one row.
        Some(_) => 1,
        None => usize::MAX,
    };
    let rows_max = rows_max.unwrap_or(usize::MAX).max(1);
    let for_err = count_lines(err).min(rows_max / 2);
    let mut lines = Vec::new();
    let of_out = stream(&mut lines, out, OUT, look, (rows_max - for_err, a_line));
    let for_err = rows_max.saturating_sub(lines.len()).max(for_err).max(1);
    let of_err = stream(&mut lines, err, ERR, look, (for_err, a_line));
    (lines, of_out || of_err)
}

/// Lays out one stream in so many rows, and so many of each line. Returns whether anything is left out.
fn stream(
    into: &mut Vec<Line>,
    bytes: &[u8],
    gutter: Gutter,
    look: Look,
    (rows_max, a_line): (usize, usize),
) -> bool {
    let mut is_cut = false;
    let text_width = look.width.map(|width| {
        let gutter = gutter.first.chars().count();
        usize::from(width)
            .saturating_sub(gutter)
            .max(TEXT_WIDTH_MIN)
    });
    let mut rows_left = rows_max;
    let mut lines = lines_of(bytes);
    while let Some(line) = lines.next() {
        let rows_here = rows_left.min(a_line);
        let laid_out = fit::rows(line, text_width, rows_here, look.ascii);
        for (at, row) in laid_out.rows.iter().enumerate() {
            let sign = if at == 0 { gutter.first } else { gutter.next };
            let start = Line::new(look).own(Paint::Dim, sign);
            into.push(start.clean(gutter.paint, row));
        }
        if laid_out.bytes_left > 0 {
            is_cut = true;
            let rest = Line::new(look)
                .own(Paint::Dim, gutter.next)
                .own(Paint::Dim, "… ")
                .clean(Paint::Dim, &size(laid_out.bytes_left as u64))
                .own(Paint::Dim, " more in this line");
            into.push(rest);
        }
        rows_left = rows_left.saturating_sub(laid_out.rows.len());
        if rows_left > 0 {
            continue;
        }
        // To say that one more line follows takes as much place as the line.
        let mut rest = lines.clone();
        let n_left = rest.by_ref().count();
        if n_left == 1
            && lines
                .clone()
                .next()
                .is_some_and(|l| is_short(l, text_width))
        {
            rows_left = 1;
            continue;
        }
        if n_left > 0 {
            let more = Line::new(look)
                .own(Paint::Dim, gutter.first)
                .own(Paint::Dim, "… ")
                .number(Paint::Dim, n_left)
                .own(
                    Paint::Dim,
                    if n_left == 1 {
                        " more line"
                    } else {
                        " more lines"
                    },
                );
            into.push(more);
            is_cut = true;
        }
        return is_cut;
    }
    is_cut
}

fn is_short(line: &[u8], text_width: Option<usize>) -> bool {
    text_width.is_none_or(|width| line.len() <= width)
}

/// Returns the lines of an output, without their ends; what follows the last newline is a line
/// too, if there is anything.
pub(super) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let body = line.strip_suffix(b"\n");
        body.map_or(line, |body| body.strip_suffix(b"\r").unwrap_or(body))
    })
}

/// Returns how many lines an output has.
pub(super) fn count_lines(bytes: &[u8]) -> usize {
    lines_of(bytes).count()
}

/// Returns the first line that is not blank.
pub(super) fn first_line(bytes: &[u8]) -> Option<&[u8]> {
    lines_of(bytes).find(|line| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::style::text_of;

    #[track_caller]
    fn check(out: &str, err: &str, width: u16, rows_max: usize, expected: &str) {
        let look = Look {
            width: Some(width),
            ..Look::default()
        };
        let (lines, _) = block(out.as_bytes(), err.as_bytes(), look, Some(rows_max));
        assert_eq!(text_of(&lines), expected);
    }

    #[test]
    fn long_output_shows_its_beginning_and_counts_the_rest() {
        let ten: String = (1..=10).map(|n| format!("line {n}\n")).collect();
        check(&ten, "", 80, 2, "  line 1\n  line 2\n  … 8 more lines\n");
        let all: String = (1..=10).map(|n| format!("  line {n}\n")).collect();
        check(&ten, "", 80, 9, &all);
    }

    #[test]
    fn errors_are_not_pushed_out_by_output() {
        let ten: String = (1..=10).map(|n| format!("{n}\n")).collect();
        let expected = "  1\n  2\n  … 8 more lines\nerr│ oh\nerr│ no\n";
        check(&ten, "oh\nno\n", 80, 4, expected);
    }

    #[test]
    fn long_lines_are_wrapped_under_a_sign_of_ours() {
        check("0123456789ab", "", 10, 9, "  01234567\n┆ 89ab\n");
        check("", "0123456789ab", 13, 9, "err│ 01234567\n   ┆ 89ab\n");
        let long = "x".repeat(1 << 20);
        let rows = "┆ xxxxxxxx\n".repeat(7);
        check(
            &long,
            "",
            10,
            9,
            &format!("  xxxxxxxx\n{rows}┆ … 1023.9KiB more in this line\n"),
        );
    }

    #[test]
    fn no_output_can_look_like_a_header() {
        check(
            "── db01 · 1 node · ok\r\n",
            "",
            80,
            9,
            "  ── db01 · 1 node · ok\n",
        );
    }

    #[test]
    fn without_a_bound_long_lines_are_there_to_their_end_and_what_is_left_out_is_told() {
        let look = Look {
            width: Some(10),
            ..Look::default()
        };
        let long = "x".repeat(400);
        let (whole, is_cut) = block(long.as_bytes(), b"", look, None);
        assert_eq!((whole.len(), is_cut), (50, false));
        assert!(block(long.as_bytes(), b"", look, Some(40)).1);
        assert!(block(b"a\nb\nc\n", b"", look, Some(1)).1);
        assert!(!block(b"a\nb\nc\n", b"", look, Some(3)).1);
    }

    #[test]
    fn without_a_width_and_a_bound_everything_is_there() {
        let long = format!("{}\n", "x".repeat(10_000)).repeat(100);
        let (lines, is_cut) = block(long.as_bytes(), b"", Look::default(), None);
        assert!(!is_cut);
        assert_eq!(lines.len(), 100);
        assert!(lines.iter().all(|line| line.width() == 10_002));
    }
}
