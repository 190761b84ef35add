//! While a line runs the terminal does not echo: what is typed ahead would tear the lines that are
//! drawn in place. It is not lost; the next prompt reads it.

use std::io::{self, IsTerminal as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Keeps the terminal from echoing for as long as it lives.
#[derive(Debug)]
pub(super) struct NoEcho {
    before: Option<Termios>,
}

impl NoEcho {
    /// Turns echo off, if standard input is a terminal. Ctrl-C keeps its meaning.
    pub(super) fn begin() -> Self {
        let stdin = io::stdin();
        let before = if stdin.is_terminal() {
            tcgetattr(&stdin).ok()
        } else {
            None
        };
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet
                .local_modes
                .remove(LocalModes::ECHO | LocalModes::ECHONL);
            let _ = tcsetattr(&stdin, OptionalActions::Now, &quiet);
        }
        Self { before }
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
