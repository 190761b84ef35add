//! Saved lines: names that stand for a line or a selector, as an alias does.
//!
//! A saved line takes the place of its name where the name is the first word of a line, a saved
//! selector where the name stands in a selector. Text takes the place of text, so that what runs is
//! what `explain` shows. A name that is a node or a group stays that; behind `: ` every first word
//! is Linux's.

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Line, Selector, SelectorKind, Source};
use crate::inventory::Inventory;
use crate::parse::{KnownNames, parse};
use crate::span::Span;
use crate::words;

/// Names within names: no useful one is deeper.
const DEPTH_MAX: usize = 8;

/// Bytes that a line may grow to by its names.
const EXPANDED_MAX: usize = 64 << 10;

/// Names with what they stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    lines: BTreeMap<String, String>,
}

/// Why a name cannot be given to a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// The name is no word.
    #[error("`{0}` cannot be a name: it takes letters, digits and `_`, and begins with a letter")]
    NoName(String),
    /// The name means something already.
    #[error("`{name}` is {what}")]
    Taken {
        /// The name.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The line uses the name that it is to have.
    #[error("`{0}` would stand for itself")]
    Itself(String),
    /// Names within names within names.
    #[error("`{0}` stands for names within names, more than {DEPTH_MAX} deep")]
    TooDeep(String),
    /// The line grew beyond all use.
    #[error("`{0}` stands for more than {EXPANDED_MAX} bytes")]
    TooLong(String),
}

/// A text whose names were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The text that counts.
    pub text: String,
    /// The names that were replaced, in the order in which they were found.
    pub names: Vec<String>,
}

impl Saved {
    /// Gives a line a name, in place of what had it.
    ///
    /// # Errors
    /// When it cannot have that name.
    pub fn insert(
        &mut self,
        name: &str,
        line: &str,
        inventory: &Inventory,
    ) -> Result<(), SavedError> {
        if !is_name(name) {
            return Err(SavedError::NoName(name.to_owned()));
        }
        if let Some(what) = taken(name, inventory) {
            let name = name.to_owned();
            return Err(SavedError::Taken { name, what });
        }
        let mut changed = self.clone();
        changed.lines.insert(name.to_owned(), line.to_owned());
        changed.expand(name, inventory)?;
        *self = changed;
        Ok(())
    }

    /// Takes a name away; returns what it stood for.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.lines.remove(name)
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lines.get(name).map(String::as_str)
    }

    /// Returns all names with what they stand for, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|(n, l)| (n.as_str(), l.as_str()))
    }

    /// Puts lines and selectors in the place of their names.
    ///
    /// # Errors
    /// When names stand for each other, or for too much.
    pub fn expand(&self, text: &str, inventory: &Inventory) -> Result<Expanded, SavedError> {
        let mut expanded = Expanded {
            text: text.to_owned(),
            names: Vec::new(),
        };
        if self.lines.is_empty() {
            return Ok(expanded);
        }
        let words = inventory.known_names();
        let mut depth = 0;
        loop {
            let found = self.find(&expanded.text, inventory, &words);
            if found.is_empty() {
                return Ok(expanded);
            }
            depth += 1;
            for (span, name, is_selector) in found.into_iter().rev() {
                let line = &self.lines[&name];
                let line = if is_selector {
                    let selector = line.trim().trim_start_matches('@');
                    format!("({selector})")
                } else {
                    line.clone()
                };
                expanded.text.replace_range(span.start..span.end, &line);
                if depth > DEPTH_MAX {
                    return Err(if expanded.names.contains(&name) {
                        SavedError::Itself(name)
                    } else {
                        SavedError::TooDeep(name)
                    });
                }
                if expanded.text.len() > EXPANDED_MAX.max(text.len()) {
                    return Err(SavedError::TooLong(name));
                }
                if !expanded.names.contains(&name) {
                    expanded.names.push(name);
                }
            }
        }
    }

    /// Finds names in a line: the place, the name, and whether it stands in a selector.
    fn find(
        &self,
        text: &str,
        inventory: &Inventory,
        words: &KnownNames,
    ) -> Vec<(Span, String, bool)> {
        let parsed = parse(text, words);
        let mut found = Vec::new();
        match &parsed.line {
            Some(Line::Scope(selector)) => self.in_selector(selector, text, inventory, &mut found),
            Some(Line::Query(query)) => {
                if let Some(selector) = &query.scope {
                    self.in_selector(selector, text, inventory, &mut found);
                }
                let behind = query.scope.as_ref().map_or(0, |s| s.span.end);
                let colons = text[behind..query.source_span.start].matches(':').count();
                let is_explicit = colons > usize::from(query.scope.is_some());
                if let (Source::Command(command), false) = (&query.source, is_explicit) {
                    let word = first_word(command);
                    if self.lines.contains_key(word) {
                        let start = query.source_span.start;
                        let span = Span::new(start, start + word.len());
                        found.push((span, word.to_owned(), false));
                    }
                }
            }
            Some(Line::Nothing | Line::Local(_) | Line::Shell(_)) | None => {}
        }
        found
    }

    fn in_selector(
        &self,
        selector: &Selector,
        text: &str,
        inventory: &Inventory,
        found: &mut Vec<(Span, String, bool)>,
    ) {
        match &selector.kind {
            SelectorKind::Names(_) => {
                // The span has the parentheses around a name, too.
                let around = |c: char| c.is_whitespace() || c == '(' || c == ')';
                let name = selector.span.of(text).trim_matches(around);
                let is_ours =
                    inventory.id(name).is_none() && !inventory.groups().contains_key(name);
                let stands_for = self.get(name).filter(|line| is_selector(line));
                if is_ours && stands_for.is_some() {
                    let start = selector.span.start;
                    let at = start + selector.span.of(text).find(name).unwrap_or(0);
                    found.push((Span::new(at, at + name.len()), name.to_owned(), true));
                }
            }
            SelectorKind::Chain(first, rest) => {
                self.in_selector(first, text, inventory, found);
                for (_, selector) in rest {
                    self.in_selector(selector, text, inventory, found);
                }
            }
            SelectorKind::All
            | SelectorKind::Glob(_)
            | SelectorKind::Regex(_)
            | SelectorKind::Source(..)
            | SelectorKind::Group(_)
            | SelectorKind::Label(..)
            | SelectorKind::State { .. }
            | SelectorKind::Result(..)
            | SelectorKind::Error => {}
        }
    }
}

/// Whether a text is a selector alone.
#[must_use]
pub fn is_selector(line: &str) -> bool {
    matches!(
        parse(line, &KnownNames::default()).line,
        Some(Line::Scope(_))
    )
}

/// Whether a text can be a name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= 64
}

fn first_word(command: &str) -> &str {
    let end = command.find(|c: char| c.is_whitespace() || "|&;<>()".contains(c));
    &command[..end.unwrap_or(command.len())]
}

/// What a name means already.
fn taken(name: &str, inventory: &Inventory) -> Option<&'static str> {
    let in_lists: BTreeSet<&str> = [words::PROBES, words::SHELL_WORDS, words::VERBS]
        .into_iter()
        .flat_map(words::names)
        .collect();
    if in_lists.contains(name) || words::KEYWORDS.contains(&name) {
        Some("one of hailer's words")
    } else if inventory.id(name).is_some() {
        Some("a node")
    } else if inventory.groups().contains_key(name) {
        Some("a group")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::file::FleetFile;

    fn inventory() -> Inventory {
        let text = "fleet = \"t\"\n[[nodes]]\nnames = \"web[1-3]\"\naddress = \"{name}:1\"\n\
                    labels = { dc = \"fra\", role = \"web\" }\ngroups = [\"front\"]\n";
        Inventory::from_fleet_file(&FleetFile::parse(text).expect("a fleet file")).expect("names")
    }

    fn saved(lines: &[(&str, &str)]) -> Saved {
        let mut saved = Saved::default();
        for (name, line) in lines {
            saved.insert(name, line, &inventory()).expect("a good name");
        }
        saved
    }

    #[test]
    fn a_name_gives_way_to_what_it_stands_for_and_nothing_else_does() {
        let saved = saved(&[
            ("oom", "dmesg -T | grep -i oom |> parse lines"),
            ("fra", "@dc=fra & role=web"),
            ("k", "kubectl --context prod"),
        ]);
        for (text, expected) in [
            ("oom", "dmesg -T | grep -i oom |> parse lines"),
            (
                "oom |> count by dc",
                "dmesg -T | grep -i oom |> parse lines |> count by dc",
            ),
            (
                "@web1 : oom",
                "@web1 : dmesg -T | grep -i oom |> parse lines",
            ),
            ("k get pods", "kubectl --context prod get pods"),
            ("@fra", "@(dc=fra & role=web)"),
            (
                "@fra ! web1 : k get pods",
                "@(dc=fra & role=web) ! web1 : kubectl --context prod get pods",
            ),
            ("fra", "@dc=fra & role=web"),
            // Linux's, whatever they look like.
            (": oom", ": oom"),
            ("@web1 : : oom", "@web1 : : oom"),
            ("echo oom", "echo oom"),
            ("oomph", "oomph"),
            ("@front : echo fra", "@front : echo fra"),
            ("!oom", "!oom"),
        ] {
            let expanded = saved.expand(text, &inventory()).expect("expands");
            assert_eq!(expanded.text, expected, "{text}");
            assert_eq!(expanded.names.is_empty(), text == expected, "{text}");
        }
    }

    #[test]
    fn names_may_stand_for_names_but_never_for_themselves() {
        let mut saved = saved(&[("fra", "@dc=fra"), ("fraweb", "@fra & role=web")]);
        let text = saved.expand("@fraweb", &inventory()).expect("expands").text;
        assert_eq!(text, "@((dc=fra) & role=web)");
        let before = saved.clone();
        for (name, line) in [("a", "a -v"), ("fra", "@fraweb")] {
            let error = saved.insert(name, line, &inventory()).expect_err(name);
            assert!(matches!(error, SavedError::Itself(_)), "{error}");
        }
        assert_eq!(saved, before, "a refused name changes nothing");
    }

    #[test]
    fn what_means_something_already_cannot_be_a_name() {
        let mut saved = Saved::default();
        for (name, what) in [
            ("where", "hailer's words"),
            ("help", "hailer's words"),
            ("web1", "a node"),
            ("front", "a group"),
            ("9lives", "begins with a letter"),
            ("a b", "letters"),
        ] {
            let error = saved.insert(name, "uptime", &inventory()).expect_err(name);
            assert!(error.to_string().contains(what), "{name}: {error}");
        }
    }
}
