//! Why an agent cannot start or go on. A node's own failures in a run are answers, not these.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the agent stops.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The socket cannot be had.
    #[error("listen on {address}: {source}")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// Certificates or keys do not make a TLS configuration.
    #[error("TLS: {0}")]
    Tls(String),
    /// A file cannot be read or written.
    #[error("{what} {path}: {source}", path = path.display())]
    File {
        /// What was tried: `read`, `write`, `create`.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// The configuration is not one.
    #[error("configuration {path}: {text}", path = path.display())]
    Config {
        /// Its file.
        path: PathBuf,
        /// What is wrong, and where.
        text: String,
    },
    /// Signals cannot be listened to.
    #[error("listen to signals: {0}")]
    Signals(std::io::Error),
    /// The spawning helper cannot be started.
    #[error("start the spawning helper: {0}")]
    Helper(String),
    /// The state directory cannot be used.
    #[error("state directory: {0}")]
    State(String),
    /// The machine cannot become a node, or not stay one.
    #[error("{0}")]
    Join(String),
    /// The audit cannot be shown, or is not what was written.
    #[error("audit: {0}")]
    Audit(String),
    /// Nobody takes the output.
    #[error("write to standard output: {0}")]
    Output(std::io::Error),
    /// The fleet asked for cannot be made.
    #[error("{0}")]
    Fleet(String),
}

impl AgentError {
    /// Makes an error about a file.
    pub fn file(what: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::File {
            what,
            path: path.into(),
            source,
        }
    }
}
