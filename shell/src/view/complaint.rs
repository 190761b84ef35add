//! Complaints: why something could not be done, as lines of a terminal that break between words.

use super::measure::width_of;

/// What stands before a complaint that does not say itself that it is one.
const PREFIX: &str = "error: ";

/// Lays a complaint out. Its own words and its help break between words where they are wider than
/// the terminal; the operator's line and the marks under it stay as they are, so that the marks
/// stand where they belong.
#[must_use]
pub fn complaint(text: &str, width: Option<u16>) -> String {
    let mut out = String::new();
    for (n, line) in text.lines().enumerate() {
        let is_prefixed = n > 0 || line.starts_with("error") || line.starts_with("warning");
        let line = if is_prefixed {
            line.to_owned()
        } else {
            format!("{PREFIX}{line}")
        };
        let is_ours = n == 0 || line.starts_with("error") || line.trim_start().starts_with("help:");
        match width {
            Some(width) if is_ours => wrap(&line, usize::from(width), &mut out),
            Some(_) | None => out.push_str(&line),
        }
        out.push('\n');
    }
    out
}

/// Lays words of ours out: every line breaks between words where it is wider than the terminal.
#[must_use]
pub fn prose(text: &str, width: Option<u16>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |l| (l, "\n"));
        if width_of(line) > usize::from(width) {
            wrap(line, usize::from(width), &mut out);
        } else {
            out.push_str(line);
        }
        out.push_str(end);
    }
    out
}

/// Breaks a line between words; what follows stands two columns further in.
fn wrap(line: &str, width: usize, out: &mut String) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let further = " ".repeat(indent + 2);
    let mut column = indent;
    out.push_str(&line[..indent]);
    for (n, word) in line.trim_start_matches(' ').split(' ').enumerate() {
        let wide = width_of(word);
        if n > 0 && column + 1 + wide > width {
            out.push('\n');
            out.push_str(&further);
            column = further.len();
        } else if n > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += wide;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_of_ours_break_between_words_and_the_operators_line_never() {
        let text = "open the fleet file: no such file\n  help: give one with --fleet FILE";
        assert_eq!(
            complaint(text, Some(24)),
            "error: open the fleet\n  file: no such file\n  help: give one with\n    --fleet FILE\n"
        );
        let diagnostic = "error[verb]: no verb is called `nonsense` here\n  uptime |> nonsense |> count by dc, rack\n            ^^^^^^^^ unknown";
        assert_eq!(
            complaint(diagnostic, Some(30)),
            "error[verb]: no verb is called\n  `nonsense` here\n  uptime |> nonsense |> count by dc, rack\n            ^^^^^^^^ unknown\n"
        );
        assert_eq!(complaint("x", None), "error: x\n");
    }

    #[test]
    fn prose_breaks_between_words_only_where_it_has_to() {
        let text = "timeout  off  kill it\nask 50: ask before a line that changes things\n";
        assert_eq!(
            prose(text, Some(24)),
            "timeout  off  kill it\nask 50: ask before a\n  line that changes\n  things\n"
        );
        assert_eq!(prose(text, None), text);
    }

    #[test]
    fn a_word_that_is_wider_than_the_terminal_stands_on_a_line_of_its_own() {
        assert_eq!(
            complaint("read /a/very/long/path/of/a/file now", Some(12)),
            "error: read\n  /a/very/long/path/of/a/file\n  now\n"
        );
    }
}
