//! Why a fleet cannot be opened, or a run cannot even begin. A node that fails is never an error:
//! it is an answer.

use std::io;

use hailer_identity::ConfigError;
use hailer_protocol::codec::CodecError;
use hailer_protocol::role::Identity;

/// What can be wrong on this side.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The certificate does not fit the fleet.
    #[error(transparent)]
    Identity(#[from] ConfigError),
    /// The TLS configuration cannot carry QUIC.
    #[error("the TLS configuration cannot carry QUIC: {0}")]
    Tls(String),
    /// No socket.
    #[error("open a UDP socket for the fleet: {0}")]
    Socket(#[source] io::Error),
    /// The operating system gave no random bytes.
    #[error("draw random bytes for an id: the operating system gave none")]
    Random,
    /// The request does not fit into one message.
    #[error("the request is too large to be sent: {0}")]
    Request(#[from] CodecError),
    /// The run could not be signed, and no node takes it unsigned.
    #[error("sign the run: {0}")]
    Sign(String),
    /// The next papers are not those of whom the shell was opened for.
    #[error("this shell is `{own}`, and the next certificate is of `{theirs}`")]
    OtherOperator {
        /// Whom the shell is.
        own: Box<Identity>,
        /// Whom the next certificate names.
        theirs: Box<Identity>,
    },
    /// A job with a request for each target has not one for each.
    #[error("the job has {requests} requests for {targets} targets")]
    Requests {
        /// How many requests.
        requests: usize,
        /// How many targets.
        targets: usize,
    },
}
