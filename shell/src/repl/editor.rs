//! The line editor as the session sees it: a thread that reads lines, and channels to it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};

use hailer_lang::inventory::Inventory;
use tokio::sync::mpsc;

use super::completer::Columns;
use super::keys::Ahead;
use super::prompt::PromptState;
use super::reader::{Parts, Reader, Reply, Request, Typed};
use super::screen::Screen;
use crate::history::History;

/// The line editor.
pub(super) struct Editor {
    requests: blocking::Sender<Request>,
    replies: mpsc::Receiver<Reply>,
    columns: Arc<Mutex<Columns>>,
    screen: Arc<Screen>,
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
        let columns = Arc::new(Mutex::new(Vec::new()));
        let screen = Arc::new(Screen::default());
        let parts = Parts {
            inventory,
            color,
            history,
            columns: Arc::clone(&columns),
            screen: Arc::clone(&screen),
            ahead: Ahead::default(),
        };
        std::thread::Builder::new()
            .name("line editor".to_owned())
            .spawn(move || Reader::new(parts).serve(&requests_rx, &replies_tx))?;
        Ok(Self {
            requests,
            replies,
            columns,
            screen,
        })
    }

    /// Asks for a line; [`Editor::typed`] returns it. `columns` are those of the last result.
    pub(super) fn ask(&mut self, state: PromptState, columns: Columns) {
        self.screen.set_prompt(state);
        *self.columns.lock().unwrap_or_else(PoisonError::into_inner) = columns;
        let _ = self.requests.send(Request::Line);
    }

    /// Waits for what was asked for. Nothing is lost when the future is dropped.
    pub(super) async fn typed(&mut self) -> Typed {
        match self.replies.recv().await {
            Some(Reply::Typed(typed)) => typed,
            Some(Reply::Confirmed(_) | Reply::Forgotten(_)) => Typed::Interrupted,
            None => Typed::Broken(io::Error::other("the line editor has ended")),
        }
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
    pub(super) async fn forget_typed_ahead(&mut self) -> usize {
        let _ = self.requests.send(Request::Forget);
        match self.replies.recv().await {
            Some(Reply::Forgotten(n)) => n,
            Some(Reply::Typed(_) | Reply::Confirmed(_)) | None => 0,
        }
    }
}
