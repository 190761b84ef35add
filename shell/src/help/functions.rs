//! Help on functions: all of them by topic, or one with an example.

use std::fmt::Write as _;

use hailer_protocol::expr::{Function, Topic};

/// Columns that the list may take.
const WIDTH: usize = 80;
/// Where the functions of a topic begin.
const INDENT: usize = 12;

/// Returns the list of all functions.
pub(super) fn list() -> String {
    let mut out =
        "functions: for where, derive, select, sort, top; `help NAME` explains one\n\n".to_owned();
    for topic in Topic::ALL {
        let heading = topic.name();
        let mut column = INDENT.max(heading.len() + 2);
        let _ = write!(out, "{heading:<column$}");
        let mut is_first = true;
        for (function, ..) in Function::ALL {
            let doc = function.doc();
            if doc.topic != topic {
                continue;
            }
            let width = doc.usage.chars().count();
            if !is_first && column + 2 + width > WIDTH {
                let _ = write!(out, "\n{:INDENT$}", "");
                column = INDENT;
                is_first = true;
            }
            if !is_first {
                out.push_str("  ");
                column += 2;
            }
            out.push_str(doc.usage);
            column += width;
            is_first = false;
        }
        out.push('\n');
    }
    out.push_str("\nwhat has no answer is null: `int('x')`, `1 / 0`, what does not fit its type\n");
    out
}

/// Explains one function.
pub(super) fn one(function: Function) -> String {
    let doc = function.doc();
    let mut out = format!("{}\n  {}\n", doc.usage, doc.help);
    let (call, value) = doc.example;
    if !call.is_empty() {
        let _ = writeln!(out, "  {call} is {value}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_function_and_fits_the_screen() {
        let text = list();
        for (_, name, ..) in Function::ALL {
            assert!(text.contains(&format!("{name}(")), "{name}");
        }
        assert!(text.lines().count() <= 32, "{text}");
        let wide = text.lines().find(|l| l.chars().count() > WIDTH);
        assert_eq!(wide, None);
    }
}
