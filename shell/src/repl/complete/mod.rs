//! Tab: what could stand here, by the place it stands in.
//!
//! [`place`] says what kind of word is being typed, [`offers`] and [`selector`] what there is of that
//! kind, [`rank`] what of it fits. Nothing here waits: names from nodes come later, from [`sample`].

mod flags;
mod local;
mod offers;
mod place;
mod rank;
mod sample;
mod selector;

use std::sync::{Arc, Mutex, PoisonError};

use hailer_lang::inventory::Inventory;
use hailer_protocol::clean::Clean;
use reedline::{Completer, CompletionResult, CompletionStatus, Span, Suggestion};

use crate::session::Known;
use place::{Place, What};
#[cfg(test)]
use sample::Listing;
pub(super) use sample::{Asked, Sample};
pub(super) use selector::Names;

/// Suggestions of one Tab; with more there is more to type first.
const SUGGESTIONS_MAX: usize = 200;

/// One thing that could stand here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    value: String,
    about: String,
    /// Whether a blank follows.
    is_word: bool,
}

impl Candidate {
    fn word(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            about: about.into(),
            is_word: true,
        }
    }

    fn part(value: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            is_word: false,
            ..Self::word(value, about)
        }
    }
}

/// What can be named anywhere on a line.
#[derive(Clone)]
pub(super) struct World {
    pub(super) inventory: Arc<Inventory>,
    /// The names of nodes.
    pub(super) names: Arc<Names>,
    /// What the session knows; another one at each prompt.
    pub(super) known: Arc<Mutex<Arc<Known>>>,
    pub(super) sample: Sample,
}

impl World {
    /// Returns what the session knew at the last prompt.
    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Completes lines for reedline.
pub(super) struct LineCompleter {
    world: World,
    /// A node was asked for what could stand here.
    is_waiting: bool,
}

impl LineCompleter {
    pub(super) const fn new(world: World) -> Self {
        Self {
            world,
            is_waiting: false,
        }
    }
}

impl Completer for LineCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = line.get(..pos).unwrap_or(line);
        let Some((start, found)) = candidates(before, &self.world) else {
            self.is_waiting = true;
            return CompletionResult::Pending;
        };
        let suggestion = |c: Candidate| Suggestion {
            value: c.value,
            description: Some(Clean::line(&c.about).into_string()).filter(|a| !a.is_empty()),
            span: Span::new(start, before.len()),
            append_whitespace: c.is_word,
            ..Suggestion::default()
        };
        // What could command the terminal is not offered: it can still be typed.
        let is_clean = |c: &Candidate| Clean::line(&c.value).as_str() == c.value;
        let found = found.into_iter().filter(is_clean).take(SUGGESTIONS_MAX);
        CompletionResult::fresh(found.map(suggestion).collect::<Vec<_>>())
    }

    fn poll_completion(&mut self) -> CompletionStatus {
        if !self.is_waiting {
            return CompletionStatus::Idle;
        }
        if self.world.sample.is_waiting() {
            return CompletionStatus::Pending;
        }
        self.is_waiting = false;
        CompletionStatus::Ready
    }
}

/// Returns what could stand at the end of a text, and where the word begins that it replaces; `None`
/// while a node is asked.
fn candidates(before: &str, world: &World) -> Option<(usize, Vec<Candidate>)> {
    let place = place::place(before);
    let typed = &before[place.start..];
    let known = world.known();
    let found = match &place.what {
        What::Nothing => Vec::new(),
        What::Selector => {
            let (skip, found) = selector::offers(typed, world, &known);
            return Some((place.start + skip, found));
        }
        What::Program => offers::programs(world.sample.programs()?),
        What::Path => return paths(&place, typed, world),
        What::File(wanted) => return Some((place.start, local::files(typed, *wanted))),
        What::RunFlag(before) => flags::of_run(before),
        What::RunValue(flag) => flags::value(flag, &world.inventory),
        What::First => offers::first_words(&known),
        What::Metric => offers::metrics(),
        What::Fact => offers::facts(),
        What::ShellArgument(word, before) => offers::shell_arguments(word, before, &known),
        What::Verb => offers::verbs(),
        What::InVerb(verb, before) => offers::in_verb(verb, before, typed, &place, world, &known),
    };
    Some((place.start, rank::rank(found, typed)))
}

/// Files of one folder on a node, quoted as the shell there wants it.
fn paths(place: &Place, typed: &str, world: &World) -> Option<(usize, Vec<Candidate>)> {
    let text = hailer_lang::lexer::shell_scan::unquote(typed);
    let (folder, name) = match text.rfind('/') {
        Some(at) => text.split_at(at + 1),
        None => ("", text.as_str()),
    };
    // Without a slash it may be anything; where commands begin there is nothing to be found.
    if folder.is_empty() || text.starts_with('-') {
        return Some((place.start, Vec::new()));
    }
    let names = world.sample.folder(folder)?;
    let found = rank::rank(offers::files(&names), name);
    let quote = |c: Candidate| Candidate {
        value: offers::quoted(&format!("{folder}{}", c.value)),
        ..c
    };
    Some((place.start, found.into_iter().map(quote).collect()))
}

#[cfg(test)]
mod tests;
