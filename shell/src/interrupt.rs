//! Ctrl-C and Ctrl-Z while a line runs: Ctrl-C once asks nobody else, twice stops those who were
//! asked; Ctrl-Z lets the run go on in the background. What they mean is decided in
//! [`crate::line`]; here they are only heard.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::ShellError;
use crate::exit::Exit;

/// What the operator's keys ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
}

/// Turns the terminal's signals into wishes for the run under way.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Signal,
    /// `None` where Ctrl-Z stops hailer, as it stops any program.
    suspend: Option<Signal>,
}

impl Interrupts {
    /// Takes SIGINT over from the default of ending the program.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub fn take_over() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            suspend: None,
        })
    }

    /// Takes SIGTSTP over, too, from the default of stopping the program: a prompt has a background
    /// of its own, and a shell that is stopped does not renew the leases of its runs.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn take_over_both() -> std::io::Result<Self> {
        Ok(Self {
            suspend: Some(suspend()?),
            ..Self::take_over()?
        })
    }

    /// Forgets keys that were pressed before: they were meant for something else.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn forget(&mut self) -> std::io::Result<()> {
        *self = match self.suspend {
            Some(_) => Self::take_over_both()?,
            None => Self::take_over()?,
        };
        Ok(())
    }

    /// Waits for Ctrl-C. Ctrl-Z is left to whoever asks for the next key: pressed while a line is got
    /// ready, it is meant for the run that is about to begin.
    pub async fn interrupted(&mut self) {
        let _ = self.interrupt.recv().await;
    }

    /// Whether Ctrl-C was pressed and nobody has heard it yet.
    pub async fn was_interrupted(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.interrupted() => true,
            () = std::future::ready(()) => false,
        }
    }

    /// Waits for work that comes before a line is run. Ctrl-C gives it up, and the line with it.
    ///
    /// # Errors
    /// When Ctrl-C was pressed: nothing was run.
    pub async fn unless_pressed<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, ShellError> {
        tokio::select! {
            biased;
            () = self.interrupted() => Err(nothing_run()),
            done = work => Ok(done),
        }
    }

    /// Waits for the next key.
    pub async fn next(&mut self) -> Key {
        let suspended = async {
            match &mut self.suspend {
                Some(suspend) => suspend.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Key::Interrupt,
            _ = suspended => Key::Suspend,
        }
    }
}

/// Stops this process as Ctrl-Z would have, together with a command of the operator's own machine
/// that it has just stopped. Whoever started hailer lets both go on; where nobody could, nothing is
/// stopped.
pub fn stop_with_child() {
    use rustix::process::{Signal, getpid, getppid, getsid, kill_process};
    let own = getsid(None).ok();
    let of_parent = getppid().and_then(|parent| getsid(Some(parent)).ok());
    if own.is_some() && own == of_parent {
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

fn suspend() -> std::io::Result<Signal> {
    signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))
}

/// What is said of a line that Ctrl-C ended before any of it ran.
pub fn nothing_run() -> ShellError {
    ShellError::new(Exit::INTERRUPTED, "interrupted before the line began").hint("nothing was run")
}

/// What is said of a shell that a key or a signal ended before it had its scope.
pub fn no_scope(exit: Exit) -> ShellError {
    ShellError::new(exit, "interrupted while the scope was looked up").hint("nothing was run")
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn ctrl_z_that_is_pressed_while_a_line_is_got_ready_is_for_its_run() {
        let mut keys = Interrupts::take_over_both().expect("handlers");
        let mut witness = suspend().expect("a handler");
        kill_process(getpid(), Signal::TSTP).expect("it is this process");
        let ready = keys.unless_pressed(witness.recv()).await;
        assert_eq!(ready.expect("Ctrl-C was not pressed"), Some(()));
        assert!(!keys.was_interrupted().await);
        let key = tokio::select! {
            biased;
            key = keys.next() => Some(key),
            () = std::future::ready(()) => None,
        };
        assert_eq!(key, Some(Key::Suspend));
    }
}
