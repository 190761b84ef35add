//! Signals that end the shell from outside: what runs on the nodes ends with it, and a terminal is
//! left as it was found.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::fleet::Fleet;

/// What a shell adds to the number of the signal that ended a program.
const BY_SIGNAL: u8 = 128;

/// Waits for signals that end the shell. One that whoever started it wants ignored, as `nohup`
/// does, stays ignored.
#[derive(Debug)]
pub(crate) struct Ends {
    hang_up: Option<Signal>,
    terminate: Option<Signal>,
}

impl Ends {
    /// Takes the signals over from the default, which ends the program where it stands.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub(crate) fn take_over() -> io::Result<Self> {
        // Without `/proc` nothing is known to be ignored.
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let heard = |kind: SignalKind| {
            let is_heard = !ignores(&status, kind.as_raw_value());
            is_heard.then(|| signal(kind)).transpose()
        };
        Ok(Self {
            hang_up: heard(SignalKind::hangup())?,
            terminate: heard(SignalKind::terminate())?,
        })
    }

    /// Does work to its end, or until a signal ends the shell: then the nodes are asked to end what
    /// they run for it, and, for a few seconds, waited for. Returns the exit code of the signal.
    ///
    /// # Errors
    /// Those of the work.
    pub(crate) async fn or_done<E>(
        &mut self,
        fleet: &Fleet,
        work: impl Future<Output = Result<Exit, E>>,
    ) -> Result<Exit, E> {
        let mut work = std::pin::pin!(work);
        let exit = tokio::select! {
            done = &mut work => return done,
            exit = self.next() => exit,
        };
        // The work holds the runs: dropped first, it would break them off before a word is sent.
        if !fleet.end_runs().await {
            tracing::warn!("some nodes did not end in time; they do when the lease runs out");
        }
        Ok(exit)
    }

    /// Waits for a signal; returns the exit code that it leads to.
    pub(crate) async fn next(&mut self) -> Exit {
        let number = |kind: SignalKind| u8::try_from(kind.as_raw_value()).unwrap_or(0);
        let kind = tokio::select! {
            () = heard(self.hang_up.as_mut()) => SignalKind::hangup(),
            () = heard(self.terminate.as_mut()) => SignalKind::terminate(),
        };
        Exit(BY_SIGNAL + number(kind))
    }
}

async fn heard(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            let _ = signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether a process with that `/proc/PID/status` ignores a signal.
fn ignores(status: &str, number: i32) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    (1..=64).contains(&number) && mask >> (number - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_ignored_from_the_start_is_found_in_the_status() {
        let status = "SigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\nSigCgt:\t4000\n";
        for (number, expected) in [(1, true), (13, true), (2, false), (15, false), (0, false)] {
            assert_eq!(ignores(status, number), expected, "{number}");
        }
        assert!(!ignores("", 1));
    }
}
