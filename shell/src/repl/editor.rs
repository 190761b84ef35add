//! The line editor as the session sees it: a thread that reads lines, and channels to it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};

use hailer_lang::inventory::Inventory;
use tokio::sync::mpsc;

use super::complete::{Asked, Names, Sample, World};
use super::keys::Ahead;
use super::prompt::PromptState;
use super::reader::{Parts, Reader, Reply, Request, Typed};
use super::screen::Screen;
use crate::history::History;
use crate::session::Known;

/// What comes of a line editor that was asked for a line.
pub(super) enum Next {
    /// The line.
    Typed(Typed),
    /// Completion wants something of a node; [`Editor::sample`] takes the answer.
    Asked(Asked),
}

/// The line editor.
pub(super) struct Editor {
    requests: blocking::Sender<Request>,
    replies: mpsc::Receiver<Reply>,
    known: Arc<Mutex<Arc<Known>>>,
    screen: Arc<Screen>,
    sample: Sample,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Editor {
    /// Starts the thread.
    pub(super) fn start(
        inventory: Arc<Inventory>,
        color: bool,
        history: History,
    ) -> io::Result<Self> {
        let (requests, requests_rx) = blocking::channel();
        let (replies_tx, replies) = mpsc::channel(1);
        let known = Arc::default();
        let (sample, asked) = Sample::new();
        let screen = Arc::new(Screen::default());
        let parts = Parts {
            world: World {
                names: Arc::new(Names::of(Arc::clone(&inventory))),
                inventory,
                known: Arc::clone(&known),
                sample: sample.clone(),
            },
            color,
            history,
            screen: Arc::clone(&screen),
            ahead: Ahead::default(),
        };
        std::thread::Builder::new()
            .name("line editor".to_owned())
            .spawn(move || Reader::new(parts).serve(&requests_rx, &replies_tx))?;
        Ok(Self {
            requests,
            replies,
            known,
            screen,
            sample,
            asked,
        })
    }

    /// Asks for a line; [`Editor::next`] returns it. `known` is what it may name.
    pub(super) fn ask(&mut self, state: PromptState, known: Known) {
        self.screen.set_prompt(state);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        let _ = self.requests.send(Request::Line);
    }

    /// Waits for what was asked for, or for what completion wants meanwhile. Nothing is lost when the
    /// future is dropped.
    pub(super) async fn next(&mut self) -> Next {
        tokio::select! {
            reply = self.replies.recv() => Next::Typed(match reply {
                Some(Reply::Typed(typed)) => typed,
                Some(Reply::Confirmed(_) | Reply::Forgotten(_) | Reply::Ahead(_)) => Typed::Interrupted,
                None => Typed::Broken(io::Error::other("the line editor has ended")),
            }),
            Some(asked) = self.asked.recv() => Next::Asked(asked),
        }
    }

    /// Returns what knows when the prompt is there.
    pub(super) const fn screen(&self) -> &Arc<Screen> {
        &self.screen
    }

    /// Returns what is known of one node's programs and files.
    pub(super) const fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Shows another state in the prompt that is being typed at, if it differs.
    pub(super) fn refresh(&mut self, state: PromptState) {
        self.screen.set_prompt(state);
    }

    /// Says whole lines above the line that is being typed, and leaves that as it is. They are ours, or
    /// were cleaned.
    pub(super) fn announce(&self, lines: &str) {
        self.screen.print(lines);
    }

    /// Asks a question that `y` answers; anything else is no.
    pub(super) async fn confirm(&mut self, question: String) -> bool {
        let _ = self.requests.send(Request::Confirm(question));
        matches!(self.replies.recv().await, Some(Reply::Confirmed(true)))
    }

    /// Drops whole lines that were typed ahead; returns how many those were.
    pub(super) async fn forget_typed_ahead(&mut self) -> Vec<String> {
        let _ = self.requests.send(Request::Forget);
        match self.replies.recv().await {
            Some(Reply::Forgotten(lines)) => lines,
            Some(Reply::Typed(_) | Reply::Confirmed(_) | Reply::Ahead(_)) | None => Vec::new(),
        }
    }

    /// Whether keys were pressed that have not had their turn. From here on they are the prompt's,
    /// whoever has the terminal before it.
    pub(super) async fn has_typed_ahead(&mut self) -> bool {
        let _ = self.requests.send(Request::Look);
        matches!(self.replies.recv().await, Some(Reply::Ahead(true)))
    }
}
