//! While a line runs the terminal does not echo: what is typed ahead would tear the lines that are
//! drawn in place. Whole lines that were typed ahead are read when the line is over, in their order;
//! the beginning of another is left to the next prompt.

use std::io::{self, IsTerminal as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// What is read of lines typed ahead at most; a terminal keeps no more by itself.
const AHEAD_MAX: usize = 64 << 10;

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

    /// Returns the whole lines that were typed by now. A terminal hands out whole lines only.
    pub(super) fn typed_ahead(&self) -> String {
        let mut text = Vec::new();
        let stdin = io::stdin();
        while self.before.is_some() && text.len() < AHEAD_MAX {
            let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
            let at_once = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            if !matches!(poll(&mut waiting, Some(&at_once)), Ok(1..)) {
                break;
            }
            let mut line = [0; 4096];
            match rustix::io::read(&stdin, &mut line) {
                Ok(n @ 1..) => text.extend_from_slice(&line[..n]),
                Ok(0) | Err(_) => break,
            }
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
