//! Signals that end the shell from outside: the terminal is left as it was found, and what runs on
//! the nodes ends with the shell.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// What a shell adds to the number of the signal that ended a program.
const BY_SIGNAL: u8 = 128;

/// Waits for signals that end the shell.
#[derive(Debug)]
pub(super) struct Ends {
    hang_up: Signal,
    terminate: Signal,
}

impl Ends {
    /// Takes the signals over from the default, which leaves the terminal as it is.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub(super) fn take_over() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one; returns the exit code that it leads to.
    pub(super) async fn next(&mut self) -> Exit {
        let number = |kind: SignalKind| u8::try_from(kind.as_raw_value()).unwrap_or(0);
        let kind = tokio::select! {
            _ = self.hang_up.recv() => SignalKind::hangup(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        Exit(BY_SIGNAL + number(kind))
    }
}
