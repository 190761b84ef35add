//! Where on a line something is to be completed. Pure; it never fails, whatever the text.

mod arguments;

use hailer_lang::lexer::shell_scan::{self, ShellTokenKind};
use hailer_lang::lexer::token::{self, Token};
use hailer_lang::words::{self, PROBES, SHELL_WORDS};

use arguments::{behind_run, in_file, in_join, in_run, in_save};

/// What could stand at the end of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The first word of a line.
    First,
    /// Part of a selector.
    Selector,
    /// A metric.
    Metric,
    /// A fact.
    Fact,
    /// An argument of a word for the shell, with those before it.
    ShellArgument(String, Vec<String>),
    /// A fleet verb.
    Verb,
    /// Something within a fleet verb: the verb, and its words so far.
    InVerb(String, Vec<String>),
    /// A program on a node.
    Program,
    /// A path on a node.
    Path,
    /// A file on this machine.
    File(FileFor),
    /// A flag of `run`, with those before it.
    RunFlag(Vec<String>),
    /// The value of a flag of `run`.
    RunValue(String),
    /// Nothing that anybody knows.
    Nothing,
}

/// What a file on this machine is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFor {
    /// Its rows.
    Rows,
    /// Rows are written to it.
    Save,
    /// Its lines are run.
    Lines,
}

/// Where something is to be completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// What it could be.
    pub(super) what: What,
    /// Where the word begins that it replaces.
    pub(super) start: usize,
    /// The source that the verbs work on: `df -h`, `metric x`, `$3`; empty for the last result.
    pub(super) source: String,
    /// The verbs between the source and here.
    pub(super) stages: Vec<String>,
}

/// Returns what could stand at the end of the text.
pub(super) fn place(text: &str) -> Place {
    let mut at = skip_blanks(text, 0);
    // `explain LINE`, `let NAME = LINE` and others hold a line of their own.
    loop {
        let rest = &text[at..];
        let before = ["explain ", "detached ", "? ", "\\"].into_iter();
        if let Some(behind) = before.filter_map(|b| rest.strip_prefix(b)).next() {
            at = skip_blanks(text, text.len() - behind.len());
        } else if let Some(line) = let_line(rest) {
            at = skip_blanks(text, text.len() - line.len());
        } else {
            break;
        }
    }
    let rest = &text[at..];
    if let Some(selector) = rest.strip_prefix('@') {
        match selector.find(" : ") {
            None => return in_selector(text, at + 1),
            Some(colon) => at = skip_blanks(text, at + 1 + colon + 3),
        }
    }
    let rest = &text[at..];
    if let Some(command) = rest.strip_prefix(':') {
        return in_command(text, text.len() - command.len());
    }
    if rest.starts_with('!') {
        return nothing(text);
    }
    if rest.starts_with("|>") || is_result(rest) {
        let pipe = rest.find("|>").map_or(text.len(), |n| at + n);
        let source = text[at..pipe].trim().to_owned();
        return in_stages(text, pipe, source);
    }
    let Some(blank) = rest.find(|c: char| c.is_whitespace() || c == '|') else {
        return word(What::First, at);
    };
    let first = &rest[..blank];
    if words::find(PROBES, first).is_some() {
        return in_probe(text, at, first);
    }
    if words::find(SHELL_WORDS, first).is_some() {
        if first == "source" {
            return in_file(text, at + blank, FileFor::Lines);
        }
        let start = last_word(text, at + blank);
        let args = text[at + blank..start].split_whitespace();
        let args = args.map(str::to_owned).collect();
        return word(What::ShellArgument(first.to_owned(), args), start);
    }
    in_command(text, at)
}

fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    at + rest.len() - rest.trim_start().len()
}

/// The line behind `let NAME =`.
fn let_line(rest: &str) -> Option<&str> {
    let (name, line) = rest.strip_prefix("let ")?.split_once('=')?;
    let name = name.trim();
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some(line)
}

/// `$`, `$3` with nothing but blanks before a `|>`.
fn is_result(rest: &str) -> bool {
    let Some(behind) = rest.strip_prefix('$') else {
        return false;
    };
    let behind = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.trim_start().starts_with("|>")
}

fn word(what: What, start: usize) -> Place {
    Place {
        what,
        start,
        source: String::new(),
        stages: Vec::new(),
    }
}

fn nothing(text: &str) -> Place {
    word(What::Nothing, text.len())
}

/// Where the word begins that reaches to the end.
fn last_word(text: &str, from: usize) -> usize {
    let end = text[from..].rfind(char::is_whitespace);
    end.map_or(from, |at| {
        from + at + text[from + at..].chars().next().map_or(1, char::len_utf8)
    })
}

fn in_selector(text: &str, from: usize) -> Place {
    // Nothing within quotes ends a word.
    let (mut start, mut quote) = (from, None);
    for (at, c) in text[from..].char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if " ,!&^()@".contains(c) => start = from + at + 1,
            None => {}
        }
    }
    word(What::Selector, start)
}

fn in_probe(text: &str, at: usize, first: &str) -> Place {
    let mut end = at;
    loop {
        let next = token::next(text, end);
        if next.token == Token::Pipe {
            let source = text[at..next.span.start].trim().to_owned();
            return in_stages(text, next.span.start, source);
        }
        if next.token == Token::End {
            break;
        }
        end = next.span.end;
    }
    let start = text
        .rfind(|c: char| c.is_whitespace() || c == ',')
        .map_or(at, |n| n + 1);
    match first {
        "metric" => word(What::Metric, start),
        "facts" => word(What::Fact, start),
        "open" => in_file(text, at + first.len(), FileFor::Rows),
        _ => nothing(text),
    }
}

/// A command on the nodes, by the shell's own rules, and the verbs behind it.
fn in_command(text: &str, from: usize) -> Place {
    let from = skip_blanks(text, from);
    let scan = shell_scan::scan(text, from);
    if let Some(pipe) = scan.pipe {
        let source = text[from..pipe.start].trim().to_owned();
        return in_stages(text, pipe.start, source);
    }
    let last = scan.tokens.last();
    match last.filter(|t| t.span.end == text.len() && !t.span.is_empty()) {
        Some(token) => match token.kind {
            ShellTokenKind::Command if token.span.of(text).contains('/') => {
                word(What::Path, token.span.start)
            }
            ShellTokenKind::Command => word(What::Program, token.span.start),
            ShellTokenKind::Argument | ShellTokenKind::Target => word(What::Path, token.span.start),
            ShellTokenKind::Operator => word(What::Program, text.len()),
            ShellTokenKind::Keyword
            | ShellTokenKind::Assignment
            | ShellTokenKind::Redirect
            | ShellTokenKind::Comment => nothing(text),
        },
        None => match last.map(|t| t.kind) {
            None | Some(ShellTokenKind::Operator | ShellTokenKind::Keyword) => {
                word(What::Program, text.len())
            }
            Some(ShellTokenKind::Comment) => nothing(text),
            Some(
                ShellTokenKind::Command
                | ShellTokenKind::Argument
                | ShellTokenKind::Target
                | ShellTokenKind::Assignment
                | ShellTokenKind::Redirect,
            ) => word(What::Path, text.len()),
        },
    }
}

/// The verbs from the first `|>` on.
fn in_stages(text: &str, first_pipe: usize, source: String) -> Place {
    let mut at = first_pipe;
    let mut begun = first_pipe;
    let mut stages = Vec::new();
    loop {
        let next = token::next(text, at);
        at = next.span.end;
        if next.token == Token::Pipe {
            if next.span.start > first_pipe {
                stages.push(text[begun..next.span.start].trim().to_owned());
            }
            begun = next.span.end;
            if let Some(behind) = behind_run(text, begun) {
                return in_run(text, behind);
            }
            if let Some(behind) = text[begun..].trim_start().strip_prefix("save ") {
                return in_save(text, text.len() - behind.len());
            }
            if let Some(place) = in_join(text, begun) {
                return place;
            }
        } else if matches!(next.token, Token::OpenQuote(_)) {
            // Within quotes nothing is known.
            return nothing(text);
        } else if next.token == Token::End {
            break;
        }
    }
    let delimiters = |c: char| c.is_whitespace() || "(),=<>!~+*/".contains(c);
    let stage = &text[begun.min(text.len())..];
    let start = begun
        + stage.rfind(delimiters).map_or(0, |at| {
            at + stage[at..].chars().next().map_or(1, char::len_utf8)
        });
    let mut before = text[begun..start].split_whitespace().map(str::to_owned);
    let what = match before.next() {
        None => What::Verb,
        Some(verb) => What::InVerb(verb, before.collect()),
    };
    Place {
        what,
        start,
        source,
        stages,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, what: &What, word: &str) {
        let place = place(text);
        assert_eq!(
            (&place.what, &text[place.start..]),
            (what, word),
            "{text:?}"
        );
    }

    fn in_verb(verb: &str, before: &[&str]) -> What {
        let before = before.iter().map(|w| (*w).to_owned());
        What::InVerb(verb.to_owned(), before.collect())
    }

    #[test]
    fn a_place_is_found_by_the_rules_of_the_language() {
        use What::{First, Metric, Path, Program, Selector, Verb};
        for (text, what, word) in [
            ("", First, ""),
            ("met", First, "met"),
            ("explain met", First, "met"),
            ("let x = met", First, "met"),
            ("@we", Selector, "we"),
            ("@all ! (role=", Selector, "role="),
            ("@all : up", First, "up"),
            ("@all : : up", Program, "up"),
            (": up", Program, "up"),
            ("metric mem", Metric, "mem"),
            ("facts kernel,me", What::Fact, "me"),
            ("df -h /va", Path, "/va"),
            ("df ", Path, ""),
            ("df | gr", Program, "gr"),
            ("df && ", Program, ""),
            ("./x", What::First, "./x"),
            ("sudo ./x", Path, "./x"),
            ("echo '|> wh", Path, "'|> wh"),
            ("df |> wh", Verb, "wh"),
            ("df |>", Verb, ""),
            ("$3 |> wh", Verb, "wh"),
            ("|> where use", in_verb("where", &[]), "use"),
            ("|> where a and u", in_verb("where", &["a", "and"]), "u"),
            ("|> where upper(u", in_verb("where", &["upper("]), "u"),
            ("|> run --yes systemctl re", Path, "re"),
            ("? @we", Selector, "we"),
            ("detached up", First, "up"),
            ("@os='Debian G", Selector, "os='Debian G"),
            ("|> run sys", Program, "sys"),
            ("|> where x ~ 'a", What::Nothing, ""),
            ("set ti", What::ShellArgument("set".into(), vec![]), "ti"),
            (
                "set shell ",
                What::ShellArgument("set".into(), vec!["shell".into()]),
                "",
            ),
            ("!ls", What::Nothing, ""),
        ] {
            check(text, &what, word);
        }
    }

    #[test]
    fn flags_their_values_and_files_have_places_of_their_own() {
        use What::{Path, Program};
        for (text, what, word) in [
            ("|> run --ca", What::RunFlag(vec![]), "--ca"),
            (
                "|> run each --yes -",
                What::RunFlag(vec!["--yes".into()]),
                "-",
            ),
            (
                "|> run --canary 1,5",
                What::RunValue("canary".into()),
                "1,5",
            ),
            ("|> run --batch-by ", What::RunValue("batch-by".into()), ""),
            (
                "|> run --batch-by=d",
                What::RunValue("batch-by".into()),
                "d",
            ),
            ("|> run --canary 1,5% --gate 'a b' systemctl re", Path, "re"),
            ("|> run --gate 'a |> wh", What::Nothing, ""),
            ("|> run -- --x", Program, "--x"),
            ("|> save --f", in_verb("save", &[]), "--f"),
            ("|> save --force a.c", What::File(FileFor::Save), "a.c"),
            ("open ", What::File(FileFor::Rows), ""),
            ("open 'my r", What::File(FileFor::Rows), "'my r"),
            ("|> join ./ho", What::File(FileFor::Rows), "./ho"),
            (
                "|> join left $3 by ",
                in_verb("join", &["left", "$3", "by"]),
                "",
            ),
            ("source x/", What::File(FileFor::Lines), "x/"),
        ] {
            check(text, &what, word);
        }
    }

    #[test]
    fn the_source_and_the_verbs_before_are_known() {
        let found = place("@all : df -h |> parse |> derive x = 1 |> where ");
        assert_eq!(found.source, "df -h");
        assert_eq!(found.stages, ["parse", "derive x = 1"]);
        assert_eq!(place("$3 |> where ").source, "$3");
        assert_eq!(place("|> where ").source, "");
    }

    #[test]
    fn no_text_does_harm() {
        let line = "@é : ö |> where x=\"ö\" and `é` |> run --ü é $(ß \\";
        for (at, _) in line.char_indices() {
            let found = place(&line[..at]);
            assert!(line[..at].is_char_boundary(found.start), "{at}");
        }
    }
}
