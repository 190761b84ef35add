//! Requests: what is sent to whom, as it goes onto the wire.

use bytes::Bytes;
use hailer_protocol::codec::CodecError;
use hailer_protocol::message::{Life, Message as _, Open, Run, StreamKind};

use super::error::FleetError;
use super::fanout::Target;
use super::job::Ask;

/// What is sent to whom: one piece of bytes for all where all are asked the same.
#[derive(Debug)]
pub(super) enum Request {
    Same(Bytes, Life),
    Each(Vec<Run>),
}

impl Request {
    pub(super) fn new(ask: Ask, targets: usize) -> Result<Self, FleetError> {
        match ask {
            Ask::Same(run) => Ok(Self::Same(encode(&run)?, run.life)),
            Ask::Each(runs) if runs.len() == targets => Ok(Self::Each(runs)),
            Ask::Each(runs) => Err(FleetError::Requests {
                requests: runs.len(),
                targets,
            }),
        }
    }

    /// Whether the nodes go on with it when the shell has ended.
    pub(super) fn outlives_shell(&self) -> bool {
        let life = match self {
            Self::Same(_, life) => Some(*life),
            Self::Each(runs) => runs.first().map(|run| run.life),
        };
        life == Some(Life::Detached)
    }

    pub(super) fn bytes_for(&self, target: Target) -> Result<(Bytes, Life), CodecError> {
        match self {
            Self::Same(bytes, life) => Ok((bytes.clone(), *life)),
            Self::Each(runs) => {
                let run = &runs[target as usize];
                Ok((encode(run)?, run.life))
            }
        }
    }
}

/// The stream's opening and the request in one piece, so that they leave in one packet.
fn encode(run: &Run) -> Result<Bytes, CodecError> {
    let open = Open {
        stream: StreamKind::Request,
    };
    let mut bytes = open.to_envelope()?.to_bytes();
    run.to_envelope()?.write_to(&mut bytes);
    Ok(bytes.into())
}
