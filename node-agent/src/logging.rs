//! The agent's own log: on standard error, and without secrets.
//!
//! Whatever an event says of a command, a reason or an error goes through
//! [`redact`](hailer_protocol::redact) on its way out, so that no place that logs has to think of it.

use std::io::{self, Write};

use hailer_protocol::redact::redact;

/// Writes events without the secrets in them. Each event comes in one piece.
#[derive(Debug)]
pub struct Redacting<W>(W);

impl<W: Write> Redacting<W> {
    /// Makes one that writes there.
    pub const fn new(inner: W) -> Self {
        Self(inner)
    }
}

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.0.write_all(redact(&text).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Logs to standard error from now on; `HAILER_LOG` says what.
pub fn to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HAILER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,hailer=info"));
    let _ = tracing_subscriber::fmt()
        .with_writer(|| Redacting::new(io::stderr()))
        .with_env_filter(filter)
        .with_ansi(false)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_loses_its_secret_and_keeps_its_end() {
        let mut out = Vec::new();
        Redacting::new(&mut out)
            .write_all(b"WARN it failed command=mysql -phunter2 db\n")
            .expect("written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "WARN it failed command=mysql -p[redacted] db\n"
        );
    }
}
