//! The arguments of verbs and words that are read otherwise: files, and the flags of `run`.

use hailer_lang::lexer::token::{self, Token};
use hailer_lang::spread::takes_value;

use super::{FileFor, Place, What, in_command, nothing, skip_blanks, word};

/// The last word of the text as the name of a file is written: up to a blank, or quoted.
pub(super) fn in_file(text: &str, from: usize, wanted: FileFor) -> Place {
    let (mut at, mut start) = (from, text.len());
    loop {
        let next = token::next_raw(text, at);
        if next.token == Token::End {
            break;
        }
        at = next.span.end;
        if at >= text.len() {
            start = next.span.start;
            break;
        }
    }
    word(What::File(wanted), start)
}

/// Where the flags of `run` begin.
pub(super) fn behind_run(text: &str, from: usize) -> Option<usize> {
    let mut at = skip_blanks(text, from);
    let behind = text[at..].strip_prefix("run ")?;
    at = skip_blanks(text, text.len() - behind.len());
    if let Some(behind) = text[at..].strip_prefix("each ") {
        at = skip_blanks(text, text.len() - behind.len());
    }
    Some(at)
}

/// The flags of `run`, and the command behind them.
pub(super) fn in_run(text: &str, from: usize) -> Place {
    let mut at = from;
    let mut before = Vec::new();
    while text[at..].starts_with('-') {
        let Some(end) = text[at..].find(char::is_whitespace).map(|n| at + n) else {
            return match text[at..].split_once('=') {
                Some((flag, value)) => word(What::RunValue(named(flag)), text.len() - value.len()),
                None => word(What::RunFlag(before), at),
            };
        };
        let flag = &text[at..end];
        at = skip_blanks(text, end);
        if flag == "--" {
            break;
        }
        before.push(flag.to_owned());
        if takes_value(&named(flag)) != Ok(true) {
            continue;
        }
        // Its value may be quoted, with blanks.
        let value = token::next_raw(text, at);
        if matches!(value.token, Token::OpenQuote(_)) {
            return nothing(text);
        }
        if value.span.end >= text.len() {
            return word(What::RunValue(named(flag)), at);
        }
        at = skip_blanks(text, value.span.end);
    }
    in_command(text, at)
}

/// A flag without what makes it one.
fn named(flag: &str) -> String {
    flag.trim_start_matches('-').to_owned()
}

/// The flag of `save`, or its file.
pub(super) fn in_save(text: &str, from: usize) -> Place {
    let place = in_file(text, from, FileFor::Save);
    if text[place.start..].starts_with('-') {
        return word(What::InVerb("save".to_owned(), Vec::new()), place.start);
    }
    place
}

/// The file of `join`, which has something of a path; results are words like any other.
pub(super) fn in_join(text: &str, from: usize) -> Option<Place> {
    let behind = text[from..].trim_start().strip_prefix("join ")?;
    let behind = behind.trim_start();
    let file = behind.strip_prefix("left ").unwrap_or(behind).trim_start();
    let is_file = file.contains(['/', '.', '~']) && !file.contains(char::is_whitespace);
    is_file.then(|| word(What::File(FileFor::Rows), text.len() - file.len()))
}
