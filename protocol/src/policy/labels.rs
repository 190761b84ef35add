//! On which nodes a rule holds: what must be true of a node's labels.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use crate::ids::NodeName;
use crate::mistake::Mistake;

/// One condition on a label. The label must be there in either case, as in a selector: a node
/// without a `tier` is no node whose tier is not `payments`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelTerm {
    /// The label; `node` is the node's own name.
    pub key: String,
    /// Whether the value must be none of `values`, rather than one of them.
    pub negated: bool,
    /// Values; at least one.
    pub values: BTreeSet<String>,
}

impl LabelTerm {
    /// Whether it is true of a node.
    #[must_use]
    pub fn holds(&self, name: &NodeName, labels: &BTreeMap<String, String>) -> bool {
        let value = if self.key == NODE {
            Some(name.as_str())
        } else {
            labels.get(&self.key).map(String::as_str)
        };
        value.is_some_and(|v| self.values.contains(v) != self.negated)
    }
}

/// The key that stands for the node's own name.
const NODE: &str = "node";

impl fmt::Display for LabelTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.key, if self.negated { "!=" } else { "=" })?;
        for (n, value) in self.values.iter().enumerate() {
            f.write_str(if n > 0 { "," } else { "" })?;
            if !value.is_empty() && value.chars().all(is_plain) {
                f.write_str(value)?;
            } else {
                write!(f, "\"{value}\"")?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Value(String),
    Comma,
    And,
    Is,
    IsNot,
}

type Placed = (Token, Range<usize>);

/// Reads `key=value,value & key!=value`, which stands at byte `base` of a policy.
pub(super) fn parse(text: &str, base: usize) -> Result<Vec<LabelTerm>, Mistake> {
    let tokens = tokens(text, base)?;
    let end = base + text.trim_end().len();
    let mut terms: Vec<LabelTerm> = Vec::new();
    for part in tokens.split(|(token, _)| *token == Token::And) {
        let term = term(part, end)?;
        if !terms.contains(&term) {
            terms.push(term);
        }
    }
    terms.sort();
    Ok(terms)
}

fn term(part: &[Placed], end: usize) -> Result<LabelTerm, Mistake> {
    let at_end = part.last().map_or(end..end, |(_, span)| span.end..span.end);
    let form = |span: Range<usize>| {
        Mistake::new(span, "expected a condition on a label")
            .help("write `role=web,db & tier!=payments`")
    };
    let [(Token::Value(key), key_span), (is, is_span), rest @ ..] = part else {
        return Err(form(part.first().map_or(at_end, |(_, span)| span.clone())));
    };
    let negated = match is {
        Token::Is => false,
        Token::IsNot => true,
        Token::Value(_) | Token::Comma | Token::And => return Err(form(is_span.clone())),
    };
    let is_key = key.starts_with(|c: char| c.is_ascii_lowercase())
        && key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !is_key {
        return Err(
            Mistake::new(key_span.clone(), format!("`{key}` cannot be a label"))
                .help("labels have lower-case letters, digits and `_`, and start with a letter"),
        );
    }
    let mut values = BTreeSet::new();
    for one in rest.split(|(token, _)| *token == Token::Comma) {
        match one {
            [(Token::Value(value), _)] => values.insert(value.clone()),
            [] => {
                return Err(Mistake::new(
                    at_end,
                    format!("a value of `{key}` is missing"),
                ));
            }
            [(_, span), ..] => return Err(form(span.clone())),
        };
    }
    Ok(LabelTerm {
        key: key.clone(),
        negated,
        values,
    })
}

fn tokens(text: &str, base: usize) -> Result<Vec<Placed>, Mistake> {
    let mut tokens: Vec<Placed> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let start = base + at;
        let mut end = start + c.len_utf8();
        let token = match c {
            ' ' | '\t' => continue,
            ',' => Token::Comma,
            '&' => Token::And,
            '=' => Token::Is,
            '!' if chars.next_if(|&(_, next)| next == '=').is_some() => {
                end += 1;
                Token::IsNot
            }
            '"' => {
                let Some(length) = text[at + 1..].find('"') else {
                    return Err(Mistake::new(start..end, "the quote is not closed"));
                };
                while chars.next_if(|&(n, _)| n <= at + 1 + length).is_some() {}
                end += length + 1;
                Token::Value(text[at + 1..at + 1 + length].to_owned())
            }
            c if is_plain(c) => {
                let mut value = c.to_string();
                while let Some((_, next)) = chars.next_if(|&(_, next)| is_plain(next)) {
                    value.push(next);
                    end += next.len_utf8();
                }
                Token::Value(value)
            }
            c => {
                let help = match c {
                    '~' | '*' | '?' | '/' => "values are compared exactly, never as patterns",
                    '|' | '(' | ')' => {
                        "conditions are joined by `&`, values by `,`; write another rule for `or`"
                    }
                    _ => "put a value with such a character in double quotes",
                };
                let message = format!("`{c}` cannot stand in a condition on labels");
                return Err(Mistake::new(start..end, message).help(help));
            }
        };
        tokens.push((token, start..end));
    }
    Ok(tokens)
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '@' | '+' | '%')
}
