//! Programs and files of one node, for completion: asked in the background when Tab wants them, and
//! kept for a while. Typing never waits for them. What a node answers is hostile: a name that is no
//! plain text is left out, and what is inserted is quoted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hailer_protocol::time::Mono;
use tokio::sync::mpsc;

use super::offers::quoted;
use crate::clock;

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(60);

/// Folders that are remembered.
const LISTINGS_MAX: usize = 64;

/// Names of one listing; a node is asked for no more.
const NAMES_MAX: usize = 5_000;

/// What is listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::repl) enum Listing {
    /// The programs in `PATH`.
    Programs,
    /// A folder, with its slash.
    Folder(String),
}

impl Listing {
    /// The command that lists it.
    pub(in crate::repl) fn command(&self) -> String {
        match self {
            Self::Programs => format!(
                "IFS=:; for d in $PATH; do ls -1 \"$d\" 2>/dev/null; done | sort -u | head -n {NAMES_MAX}"
            ),
            Self::Folder(folder) => {
                format!(
                    "ls -1Ap {} 2>/dev/null | head -n {NAMES_MAX}",
                    quoted(folder)
                )
            }
        }
    }
}

/// What a node is to be asked.
#[derive(Debug)]
pub(in crate::repl) struct Asked(pub(in crate::repl) Listing);

#[derive(Debug, Default)]
struct State {
    listings: HashMap<Listing, (Mono, Arc<Vec<String>>)>,
    waiting: Option<Listing>,
}

/// The listings of one node. Clones are the same.
#[derive(Debug, Clone)]
pub(in crate::repl) struct Sample {
    state: Arc<Mutex<State>>,
    wishes: mpsc::UnboundedSender<Asked>,
}

impl Sample {
    /// Makes an empty sample, and what hears its wishes.
    pub(in crate::repl) fn new() -> (Self, mpsc::UnboundedReceiver<Asked>) {
        let (wishes, heard) = mpsc::unbounded_channel();
        let state = Arc::default();
        (Self { state, wishes }, heard)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a node is being asked.
    pub(super) fn is_waiting(&self) -> bool {
        self.lock().waiting.is_some()
    }

    /// Returns the programs; `None` while a node is asked.
    pub(super) fn programs(&self) -> Option<Arc<Vec<String>>> {
        self.get(Listing::Programs)
    }

    /// Returns the files of a folder; `None` while a node is asked.
    pub(super) fn folder(&self, folder: &str) -> Option<Arc<Vec<String>>> {
        self.get(Listing::Folder(folder.to_owned()))
    }

    fn get(&self, listing: Listing) -> Option<Arc<Vec<String>>> {
        let now = clock::mono();
        let mut state = self.lock();
        if let Some((at, names)) = state.listings.get(&listing)
            && now.since(*at) < FRESH
        {
            return Some(Arc::clone(names));
        }
        if state.waiting.as_ref() == Some(&listing) {
            return None;
        }
        state.waiting = Some(listing.clone());
        // Nobody hears while no line is read; then there is nothing to complete either.
        if self.wishes.send(Asked(listing)).is_err() {
            state.waiting = None;
            return Some(Arc::default());
        }
        None
    }

    /// Takes an answer in; an empty one where no node could say.
    pub(in crate::repl) fn answer(&self, listing: Listing, output: &[u8]) {
        let text = String::from_utf8_lossy(output);
        let names = text.lines().filter(|n| !n.is_empty()).take(NAMES_MAX);
        let names: Vec<String> = names.map(str::to_owned).collect();
        let mut state = self.lock();
        if state.listings.len() >= LISTINGS_MAX {
            state.listings.clear();
        }
        if state.waiting.as_ref() == Some(&listing) {
            state.waiting = None;
        }
        state
            .listings
            .insert(listing, (clock::mono(), Arc::new(names)));
    }

    /// Forgets what was listed: the scope is another.
    pub(in crate::repl) fn forget(&self) {
        *self.lock() = State::default();
    }
}
