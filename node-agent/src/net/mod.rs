//! The agent's side of QUIC: the only folder that names quinn.

mod connection;
mod endpoint;
mod inbound;
mod outbound;

pub use endpoint::{Listening, listen};
pub(crate) use outbound::Outbound;
