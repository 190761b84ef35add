//! The only reader of the clock in this folder. It is tokio's, so that tests can stop it.

use std::sync::OnceLock;

use hailer_protocol::time::Mono;
use tokio::time::Instant;

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// Returns the time since the first reading in this process.
#[must_use]
pub(crate) fn mono() -> Mono {
    Mono(origin().elapsed())
}

/// Returns tokio's instant for a moment of [`mono`], to sleep until it.
#[must_use]
pub(super) fn instant(at: Mono) -> Instant {
    origin() + at.0
}
