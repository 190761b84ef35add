//! The only reader of the clock in the shell.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the file that reads the clock for everybody else"
)]

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hailer_protocol::time::{Mono, Wall};

/// Monotonic time counts from the first reading in this process.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

/// Returns the time since an origin of this process's own.
#[must_use]
pub fn mono() -> Mono {
    Mono(origin().elapsed())
}

/// Returns the wall clock's time. Before 1970 it is zero.
#[must_use]
pub fn wall() -> Wall {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    Wall(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Returns tokio's instant for a moment of [`mono`], to sleep until it.
#[must_use]
pub fn deadline(at: Mono) -> tokio::time::Instant {
    tokio::time::Instant::from_std(origin() + at.0)
}
