//! What the tests stand on: fleets, runs of `hailer`, terminals, and looking at processes.

pub(crate) mod agent;
pub(crate) mod fleet;
pub(crate) mod hailer;
pub(crate) mod papers;
pub(crate) mod proc;
pub(crate) mod redact;
pub(crate) mod terminal;

use std::time::{Duration, Instant};

/// After this long a test that waits has failed. Generous: machines that test are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so, and says what was waited for if it never is.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
