//! Tokens of fleet verbs and expressions.
//!
//! [`next`] is a function of the text and a position: it holds no state, so the parser may look
//! ahead, and may hand a stretch of text to the shell's lexer instead.

use crate::ast::ResultRef;
use crate::span::Span;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name or keyword: letters, digits, `_` and `.`.
    Word(String),
    /// A name in backquotes: always a column.
    Column(String),
    /// `'text'` or `"text"`.
    Str(String),
    /// Digits with whatever unit is stuck to them.
    Number(String),
    /// An operator or bracket.
    Sym(&'static str),
    /// `$` or `$3`.
    Result(ResultRef),
    /// `--flag` or `--flag=value`.
    Flag(String),
    /// `|>`.
    Pipe,
    /// An operator of the shell that has no place behind a fleet verb.
    Foreign(&'static str),
    /// A quote that does not end.
    OpenQuote(char),
    /// A `\` at the end of the text.
    Backslash,
    /// Any other character.
    Other(char),
    /// The end of the text.
    End,
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexed {
    /// The token.
    pub token: Token,
    /// Where it stands.
    pub span: Span,
}

/// Returns the position of the next character that is not a blank, and the comments on the way.
#[must_use]
pub fn skip_blanks(text: &str, mut at: usize) -> (usize, Option<Span>) {
    let mut comment = None;
    loop {
        let rest = &text[at..];
        let blank_before = at == 0 || text[..at].ends_with(char::is_whitespace);
        if rest.starts_with("\\\n") {
            at += 2;
        } else if rest.starts_with('#') && blank_before {
            let end = rest.find('\n').map_or(text.len(), |n| at + n);
            comment = Some(Span::new(at, end));
            at = end;
        } else if let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
            at += c.len_utf8();
        } else {
            return (at, comment);
        }
    }
}

/// Reads one token at or behind a position.
#[must_use]
pub fn next(text: &str, at: usize) -> Lexed {
    let (start, _) = skip_blanks(text, at);
    let rest = &text[start..];
    let (token, length) = match rest.chars().next() {
        None => (Token::End, 0),
        Some(c) if c.is_alphabetic() || c == '_' => word(rest),
        Some(c) if c.is_ascii_digit() => number(rest),
        Some(c @ ('\'' | '"' | '`')) => quoted(rest, c),
        Some('$') => result(rest),
        Some('\\') if rest.len() == 1 => (Token::Backslash, 1),
        Some('-')
            if rest[1..].starts_with('-')
                && rest[2..].starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (Token::Flag(rest[..length].to_owned()), length)
        }
        Some(c) => symbol(rest, c),
    };
    Lexed {
        token,
        span: Span::new(start, start + length),
    }
}

/// Reads text up to a blank, as a file name or pattern is written, or a quoted text.
#[must_use]
pub fn next_raw(text: &str, at: usize) -> Lexed {
    let (start, _) = skip_blanks(text, at);
    let rest = &text[start..];
    if let Some(c @ ('\'' | '"')) = rest.chars().next() {
        let (token, length) = quoted(rest, c);
        return Lexed {
            token,
            span: Span::new(start, start + length),
        };
    }
    let length = rest
        .find(|c: char| c.is_whitespace() || c == '|')
        .unwrap_or(rest.len());
    if length == 0 {
        return next(text, at);
    }
    let token = Token::Word(rest[..length].to_owned());
    Lexed {
        token,
        span: Span::new(start, start + length),
    }
}

fn word(rest: &str) -> (Token, usize) {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    (Token::Word(rest[..length].to_owned()), length)
}

/// `1`, `1.5`, `1e3`, `10GiB`, `1m30s`, `95%`. A `%` with something stuck behind it is an operator.
fn number(rest: &str) -> (Token, usize) {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    let exponent = rest[..length].ends_with(['e', 'E'])
        && rest[..length - 1]
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.');
    if exponent && let Some(sign) = rest[length..].strip_prefix(['+', '-']) {
        let digits = sign
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(sign.len());
        if digits > 0 {
            length += 1 + digits;
        }
    }
    if let Some(behind) = rest[length..].strip_prefix('%')
        && !behind.starts_with(|c: char| inside(c) || c == '(')
    {
        length += 1;
    }
    (Token::Number(rest[..length].to_owned()), length)
}

/// Single quotes and backquotes are verbatim; in double quotes `\` quotes `"`, `\`, `n` and `t`.
fn quoted(rest: &str, quote: char) -> (Token, usize) {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            let token = if quote == '`' {
                Token::Column(value)
            } else {
                Token::Str(value)
            };
            return (token, at + 1);
        }
        if c != '\\' || quote != '"' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => value.push('\n'),
            Some((_, 't')) => value.push('\t'),
            Some((_, c @ ('"' | '\\'))) => value.push(c),
            Some((_, c)) => value.extend(['\\', c]),
            None => {}
        }
    }
    (Token::OpenQuote(quote), rest.len())
}

fn result(rest: &str) -> (Token, usize) {
    let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return (Token::Result(ResultRef::Last), 1);
    }
    match rest[1..=digits].parse() {
        Ok(n) => (Token::Result(ResultRef::Number(n)), 1 + digits),
        Err(_) => (Token::Other('$'), 1 + digits),
    }
}

fn symbol(rest: &str, c: char) -> (Token, usize) {
    const FOREIGN: [&str; 9] = ["|>>", "|>&", "||", "|&", "&&", "&", "|", ";;", ";"];
    const SYMBOLS: [&str; 17] = [
        "==", "!=", "!~", "<=", ">=", "=", "<", ">", "~", "+", "-", "*", "/", "%", "(", ")", ",",
    ];
    if rest.starts_with("|>") && !rest.starts_with("|>>") && !rest.starts_with("|>&") {
        return (Token::Pipe, 2);
    }
    if let Some(op) = FOREIGN.into_iter().find(|op| rest.starts_with(op)) {
        return (Token::Foreign(op), op.len());
    }
    match SYMBOLS.into_iter().find(|s| rest.starts_with(s)) {
        Some(s) => (Token::Sym(s), s.len()),
        None => (Token::Other(c), c.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Token> {
        let mut at = 0;
        let mut out = Vec::new();
        loop {
            let lexed = next(text, at);
            at = lexed.span.end;
            if lexed.token == Token::End {
                return out;
            }
            out.push(lexed.token);
        }
    }

    #[test]
    fn a_percent_sign_is_a_unit_unless_something_is_stuck_behind_it() {
        let number = |s: &str| Token::Number(s.into());
        assert_eq!(all("95%"), [number("95%")]);
        assert_eq!(all("95%)"), [number("95%"), Token::Sym(")")]);
        assert_eq!(all("10%3"), [number("10"), Token::Sym("%"), number("3")]);
        assert_eq!(
            all("1e-3 1e3 10GiB 1m30s"),
            ["1e-3", "1e3", "10GiB", "1m30s"].map(number)
        );
        assert_eq!(all("0xe-3"), [number("0xe"), Token::Sym("-"), number("3")]);
    }

    #[test]
    fn comments_newlines_and_continuations_are_blanks() {
        assert_eq!(
            all("a # b |> c\n\\\n d"),
            [Token::Word("a".into()), Token::Word("d".into())]
        );
    }

    #[test]
    fn operators_of_the_shell_are_told_from_ours() {
        assert_eq!(
            all("|> && |>> ; $3 $"),
            [
                Token::Pipe,
                Token::Foreign("&&"),
                Token::Foreign("|>>"),
                Token::Foreign(";"),
                Token::Result(ResultRef::Number(3)),
                Token::Result(ResultRef::Last),
            ]
        );
    }
}
