//! The lines of a history in memory: hints, the way back with the up arrow, searches. Pure.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use hailer_protocol::time::Wall;

use super::LINES_MAX;
use crate::exit::Exit;

/// How many of the latest lines are looked at again for what came of them in other shells.
const OPEN_MAX: usize = 64;

/// A line that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: later lines have higher ones.
    pub id: i64,
    /// The line.
    pub line: String,
    /// When it was run; `None` of lines from a time when that was not written down.
    pub at: Option<Wall>,
    /// The fleet that it was run on.
    pub fleet: Option<String>,
    /// The scope in which it was typed.
    pub scope: Option<String>,
    /// The shell in which it was typed.
    pub session: i64,
    /// What came of it; `None` while it runs, and if its shell ended first.
    pub outcome: Option<Outcome>,
}

/// What came of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code.
    pub exit: u8,
    /// How long it took.
    pub took: Duration,
    /// How many nodes ended in which state, `45 ok, 3 failed`; empty where no node was asked.
    pub states: String,
    /// The number of its result.
    pub result: Option<u32>,
}

/// What is noted of a line that had no turn.
const NOT_RUN: &str = "not run";

impl Outcome {
    /// What comes of a line that was not run, since one before it came to nothing.
    #[must_use]
    pub fn not_run() -> Self {
        Self {
            exit: Exit::HALTED.0,
            took: Duration::ZERO,
            states: NOT_RUN.to_owned(),
            result: None,
        }
    }

    /// Whether everything was as asked for.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.exit == 0
    }

    /// Whether the line was a mistake, so that nothing of it ran.
    #[must_use]
    pub const fn is_mistake(&self) -> bool {
        self.exit == 2 && self.states.is_empty()
    }
}

/// The lines of one fleet's shells, oldest first.
#[derive(Debug)]
pub struct Book {
    entries: VecDeque<Entry>,
    session: i64,
    /// The last line there was when this shell began.
    began_after: i64,
    /// The scope in which lines are typed now.
    pub(super) scope: Option<String>,
}

impl Book {
    /// Makes an empty book for one shell.
    #[must_use]
    pub const fn new(session: i64) -> Self {
        Self {
            entries: VecDeque::new(),
            session,
            began_after: 0,
            scope: None,
        }
    }

    /// Fills the book with what was kept, oldest first.
    pub(super) fn begin_with(&mut self, entries: Vec<Entry>) {
        self.entries = entries.into();
        self.began_after = self.last_id();
    }

    /// Returns the lines, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Returns the scope in which lines are typed now.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    fn last_id(&self) -> i64 {
        self.entries.back().map_or(0, |e| e.id)
    }

    /// Makes the entry of a line that is about to run.
    pub(super) fn entry(&self, line: &str, now: Wall, fleet: &str) -> Entry {
        Entry {
            id: self.last_id() + 1,
            line: line.to_owned(),
            at: Some(now),
            fleet: Some(fleet.to_owned()),
            scope: self.scope.clone(),
            session: self.session,
            outcome: None,
        }
    }

    pub(super) fn add(&mut self, entry: Entry) -> i64 {
        let id = entry.id;
        self.take_in(vec![entry]);
        id
    }

    /// Notes what came of a line; returns what is to be kept. A line may end several times, as a
    /// paste does: then times add up, and the worst exit code counts.
    pub(super) fn ended(&mut self, id: i64, outcome: &Outcome) -> Option<Outcome> {
        let entry = self.entries.iter_mut().rev().find(|e| e.id == id)?;
        let mut outcome = outcome.clone();
        if let Some(before) = &entry.outcome {
            outcome.took += before.took;
            outcome.exit = outcome.exit.max(before.exit);
            outcome.result = outcome.result.or(before.result);
            if outcome.states.is_empty() {
                outcome.states.clone_from(&before.states);
            }
        }
        entry.outcome = Some(outcome.clone());
        Some(outcome)
    }

    /// From which line on other shells may have something new.
    pub(super) fn refresh_from(&self) -> i64 {
        let at = self.entries.len().saturating_sub(OPEN_MAX);
        self.entries.get(at).map_or(0, |e| e.id)
    }

    /// Takes in lines, new ones and ones that are known, in the order of their numbers.
    pub(super) fn take_in(&mut self, fresh: Vec<Entry>) {
        for mut entry in fresh {
            match self.entries.binary_search_by_key(&entry.id, |e| e.id) {
                Ok(at) => {
                    // Of its own lines a shell knows more than the file: that has no secrets.
                    if entry.session == self.session {
                        entry.line = std::mem::take(&mut self.entries[at].line);
                    }
                    self.entries[at] = entry;
                }
                Err(at) => self.entries.insert(at, entry),
            }
        }
        while self.entries.len() > LINES_MAX {
            self.entries.pop_front();
        }
    }

    /// Returns the latest line that goes on from this text: one of the same scope, or else any. A
    /// line that was a mistake is no hint.
    #[must_use]
    pub fn hint(&self, text: &str) -> Option<&str> {
        if text.is_empty() {
            return None;
        }
        let mut elsewhere = None;
        for entry in self.entries.iter().rev() {
            let goes_on = entry.line.len() > text.len() && entry.line.starts_with(text);
            if !goes_on || entry.outcome.as_ref().is_some_and(Outcome::is_mistake) {
                continue;
            }
            if entry.scope == self.scope {
                return Some(&entry.line);
            }
            elsewhere.get_or_insert(entry.line.as_str());
        }
        elsewhere
    }

    /// The lines that the up arrow goes through: those of this shell, and those from before it
    /// began. What another shell runs meanwhile is for its own scope, and one key and Enter must
    /// not run it here.
    pub fn own(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|e| e.session == self.session || e.id <= self.began_after)
    }

    /// Returns a line by its number.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&id, |e| e.id).ok()?;
        self.entries.get(at)
    }

    /// Returns the latest lines in which every word of the text occurs, newest first and each line
    /// once; `here` leaves out lines of other scopes. Letters of either case are the same unless
    /// the text has a capital.
    #[must_use]
    pub fn search(&self, text: &str, here: bool, n: usize) -> Vec<&Entry> {
        let exact = text.chars().any(char::is_uppercase);
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut seen = HashSet::new();
        self.entries
            .iter()
            .rev()
            .filter(|e| !here || e.scope == self.scope)
            .filter(|e| words.iter().all(|w| contains(&e.line, w, exact)))
            .filter(|e| seen.insert(e.line.as_str()))
            .take(n)
            .collect()
    }
}

fn contains(line: &str, word: &str, exact: bool) -> bool {
    if exact || !word.is_ascii() {
        return line.contains(word);
    }
    let (line, word) = (line.as_bytes(), word.as_bytes());
    line.windows(word.len())
        .any(|w| w.eq_ignore_ascii_case(word))
}
