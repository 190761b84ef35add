//! Scopes that a slip of the finger has made a command: `web01: uptime` would run on every node.
//!
//! What is no program anywhere and names nodes is refused; nothing else is, since any word may be a
//! program.

use crate::diagnostic::{Code, Diagnostic};
use crate::inventory::Inventory;
use crate::node_set::unfold::{NAMES_MAX, Pattern};
use crate::span::Span;

/// Says that a command begins with nodes, if it does.
pub(super) fn scope_slip(command: &str, span: Span, inventory: &Inventory) -> Option<Diagnostic> {
    let slip = behind_at(command, inventory)
        .or_else(|| before_colon(command, inventory))
        .or_else(|| behind_on(command, inventory))?;
    let span = Span::new(span.start, span.start + slip.written.len());
    let rest = if slip.rest.is_empty() {
        "…"
    } else {
        slip.rest
    };
    Some(
        Diagnostic::new(Code::LabelAsCommand, span, slip.message)
            .label("not a scope")
            .help(format!("write `@{} : {rest}`", slip.names)),
    )
}

/// A scope as it was written.
struct Slip<'a> {
    /// What the command begins with.
    written: &'a str,
    names: &'a str,
    /// The command that was meant.
    rest: &'a str,
    message: String,
}

/// `q@web01 : uptime`: a key too many.
fn behind_at<'a>(command: &'a str, inventory: &Inventory) -> Option<Slip<'a>> {
    let (word, behind) = first_word(command);
    let (before, names) = word.split_once('@')?;
    if before.is_empty() || names.is_empty() {
        return None;
    }
    let names = names.strip_suffix(':').unwrap_or(names);
    // Whatever stands before a ` : ` was meant to be a scope; without one only nodes are.
    let rest = match behind.strip_prefix(": ") {
        Some(rest) => rest,
        None if are_known(names, inventory) => behind,
        None => behind.split_once(" : ")?.1,
    };
    Some(Slip {
        written: word,
        names,
        rest: rest.trim(),
        message: format!("`{word}` would be run as a program, on every node in scope"),
    })
}

/// `web01 : uptime` and `web01: uptime`.
fn before_colon<'a>(command: &'a str, inventory: &Inventory) -> Option<Slip<'a>> {
    let apart = command
        .split_once(" : ")
        .or_else(|| command.strip_suffix(" :").map(|names| (names, "")))
        .filter(|(names, _)| are_nodes(names, inventory));
    let (names, rest) = apart.or_else(|| {
        let (word, behind) = first_word(command);
        let names = word.strip_suffix(':')?;
        are_known(names, inventory).then_some((names, behind))
    })?;
    let what = if inventory.groups().contains_key(names) {
        "group"
    } else {
        "node"
    };
    Some(Slip {
        written: names,
        names,
        rest: rest.trim(),
        message: format!("`{names}` is a {what}, and here it would be run as a program"),
    })
}

/// `on web01 uptime`: as one says it.
fn behind_on<'a>(command: &'a str, inventory: &Inventory) -> Option<Slip<'a>> {
    let (on, behind) = first_word(command);
    let (word, rest) = first_word(behind);
    let names = word.strip_suffix(':').unwrap_or(word);
    let names = names.strip_prefix('@').unwrap_or(names);
    if on != "on" || !are_known(names, inventory) {
        return None;
    }
    Some(Slip {
        written: on,
        names,
        rest: rest.strip_prefix(": ").unwrap_or(rest).trim(),
        message: "`on` would be run as a program, on every node in scope".to_owned(),
    })
}

/// Returns the first word, and what is behind it.
fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Whether a word names nodes, groups, or both.
fn are_known(word: &str, inventory: &Inventory) -> bool {
    let is_known = |name: &str| {
        let group = name.strip_prefix('@').unwrap_or(name);
        name == "all" || inventory.groups().contains_key(group) || are_nodes(name, inventory)
    };
    are_nodes(word, inventory) || word.split(',').all(is_known)
}

/// Whether every name of a folded word is a node's.
fn are_nodes(word: &str, inventory: &Inventory) -> bool {
    let all_are = |word: &str| {
        let pattern = Pattern::parse(word).ok().filter(|p| p.count() <= NAMES_MAX);
        let names = pattern.map(|pattern| pattern.names()).unwrap_or_default();
        !names.is_empty() && names.iter().all(|name| inventory.id(name).is_some())
    };
    all_are(word) || word.split(',').all(all_are)
}
