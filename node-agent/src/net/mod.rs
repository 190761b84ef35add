//! The agent's side of QUIC: the only folder that names quinn.

mod connection;
mod endpoint;
mod enrol;
mod inbound;
mod outbound;

pub use endpoint::{Listening, listen};
pub(crate) use enrol::ask;
pub(crate) use outbound::Outbound;
