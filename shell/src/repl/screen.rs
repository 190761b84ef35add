//! What both sides of the line editor know: the prompt, and lines that arrive while one is typed.
//!
//! Such lines go above the prompt. Nobody but the editor knows where on the screen it is, so it is
//! asked to paint nothing, which leaves the cursor where the prompt began; then the lines are
//! printed there, and the prompt is painted below them as it was.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::prompt::PromptState;

/// Asks the editor to paint.
type Repaint = Box<dyn Fn() + Send>;

/// The state of the prompt's screen.
#[derive(Default)]
pub(super) struct Screen {
    prompt: Mutex<PromptState>,
    repaint: Mutex<Option<Repaint>>,
    /// Lines that wait to be printed.
    waiting: Mutex<String>,
    /// Nothing is to be painted: lines wait.
    is_hidden: AtomicBool,
    /// The painting under way, or the last one, shows nothing.
    is_blank: AtomicBool,
    /// Ends the reading of a line for a moment.
    interrupt: Arc<AtomicBool>,
    /// The prompt was painted.
    painted: Notify,
}

impl Screen {
    /// Returns the prompt's state.
    pub(super) fn prompt(&self) -> PromptState {
        lock(&self.prompt).clone()
    }

    /// Sets the prompt's state, and paints it if it differs.
    pub(super) fn set_prompt(&self, state: PromptState) {
        let mut now = lock(&self.prompt);
        if *now != state {
            *now = state;
            drop(now);
            self.repaint();
        }
    }

    /// Prints whole lines above the prompt. They are ours, or were cleaned.
    pub(super) fn print(&self, lines: &str) {
        lock(&self.waiting).push_str(lines);
        self.is_hidden.store(true, SeqCst);
        self.repaint();
    }

    /// A painting begins: one answer holds for all its parts. Returns whether nothing is shown.
    pub(super) fn begin_painting(&self) -> bool {
        let hidden = self.is_hidden.load(SeqCst);
        self.is_blank.store(hidden, SeqCst);
        hidden
    }

    /// Whether the painting under way shows nothing.
    pub(super) fn is_blank(&self) -> bool {
        self.is_blank.load(SeqCst)
    }

    /// The last part of a painting: a screen that is blank is ready for the lines that wait. Returns
    /// whether nothing is shown.
    pub(super) fn end_painting(&self) -> bool {
        let blank = self.is_blank();
        self.painted.notify_one();
        self.interrupt.store(blank, SeqCst);
        blank
    }

    /// Waits until the prompt is painted, or was since this was asked last.
    pub(super) async fn painted(&self) {
        self.painted.notified().await;
    }

    /// Returns what ends the reading of a line for a moment.
    pub(super) fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }

    /// Sets what the painting is asked for with.
    pub(super) fn set_repaint(&self, repaint: impl Fn() + Send + 'static) {
        *lock(&self.repaint) = Some(Box::new(repaint));
    }

    fn repaint(&self) {
        if let Some(repaint) = &*lock(&self.repaint) {
            repaint();
        }
    }

    /// Prints the lines that wait where the cursor stands, which is at the beginning of a line with
    /// nothing below. Returns whether the last painting showed nothing.
    pub(super) fn flush(&self) -> bool {
        self.is_hidden.store(false, SeqCst);
        self.interrupt.store(false, SeqCst);
        let lines = std::mem::take(&mut *lock(&self.waiting));
        if !lines.is_empty() {
            let mut out = io::stdout().lock();
            // A terminal that is gone ends the next reading of a line.
            let _ = write!(out, "\r\x1b[J{lines}").and_then(|()| out.flush());
        }
        self.is_blank.swap(false, SeqCst)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_wait_blank_the_prompt_and_interrupt_the_reading() {
        let screen = Screen::default();
        let paint = || screen.begin_painting() && screen.end_painting();
        assert!(!paint());
        assert!(!screen.interrupt().load(SeqCst));
        screen.begin_painting();
        screen.print("");
        assert!(!screen.end_painting(), "a painting is whole or blank");
        assert!(paint(), "nothing is painted");
        assert!(screen.interrupt().load(SeqCst), "and the reading stops");
        assert!(screen.flush(), "the screen was blank");
        assert!(!paint());
        assert!(!screen.flush());
    }
}
