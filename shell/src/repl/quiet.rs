//! The terminal between two prompts. It does not echo: what is typed ahead would tear the lines that
//! are drawn in place. It hands out keys as they are pressed, and a paste as a paste, so that all of it
//! can be typed anew at the next prompt and nothing that is pasted runs by itself.
//!
//! However the prompt ends, the terminal is left as it was found.

use std::io::{self, IsTerminal as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Asks the terminal to mark pastes, and no longer to.
const MARK_PASTES: &str = "\x1b[?2004h";
const DO_NOT_MARK_PASTES: &str = "\x1b[?2004l";

/// Keeps the terminal quiet for as long as it lives.
#[derive(Debug)]
pub(super) struct Quiet {
    before: Option<Termios>,
}

impl Quiet {
    /// Makes the terminal quiet, if standard input is one. Ctrl-C keeps its meaning.
    pub(super) fn begin() -> Self {
        let stdin = io::stdin();
        let before = if stdin.is_terminal() {
            tcgetattr(&stdin).ok()
        } else {
            None
        };
        let quiet = Self { before };
        quiet.hush();
        quiet
    }

    /// Makes the terminal quiet again, after somebody else had it.
    pub(super) fn hush(&self) {
        if let Some(before) = &self.before {
            let mut quiet = before.clone();
            let off = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON;
            quiet.local_modes.remove(off);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &quiet);
            mark_pastes();
        }
    }

    /// Leaves the terminal as it was found, for a program that is to have it.
    pub(super) fn restore(&self) {
        if let Some(before) = &self.before {
            say(DO_NOT_MARK_PASTES);
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        self.restore();
    }
}

/// Asks the terminal to mark pastes: the line editor stops that at the end of every line.
pub(super) fn mark_pastes() {
    say(MARK_PASTES);
}

fn say(sequence: &str) {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        // A terminal that is gone ends the next reading of a line.
        let _ = out
            .write_all(sequence.as_bytes())
            .and_then(|()| out.flush());
    }
}
