//! Requests: what is sent to whom, as it goes onto the wire.

use bytes::Bytes;
use hailer_identity::Signer;
use hailer_protocol::codec::CodecError;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::ids::NodeName;
use hailer_protocol::message::{Life, Message as _, Open, Run, StreamKind};
use hailer_protocol::time::Wall;

use super::draft::Approved;
use super::error::FleetError;
use super::fanout::Target;
use super::job::Ask;
use super::policy::Policy;
use super::warrant::{Asked, Warrant, Wish, holds_for, is_signed};

/// In whose name a run is asked, and under which bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) signer: &'a Signer,
    pub(super) now: Wall,
    pub(super) wish: &'a Wish,
    pub(super) policy: &'a Policy,
    /// How many nodes the fleet has.
    pub(super) fleet_size: u32,
    /// It was signed before.
    pub(super) approved: Option<&'a Approved>,
}

/// What is sent to whom.
#[derive(Debug)]
pub(super) struct Request {
    what: What,
    warrant: Option<Warrant>,
}

/// One piece of bytes for all where all are asked the same.
#[derive(Debug)]
enum What {
    Same(Envelope, Life),
    Each(Vec<Run>),
}

impl Request {
    /// Makes the requests of a run, and signs them where nodes want that. `names` are the targets,
    /// in their order; none where there is no such node.
    pub(super) fn new(
        terms: Terms<'_>,
        ask: Ask,
        names: &[Option<&NodeName>],
    ) -> Result<Self, FleetError> {
        let what = match ask {
            Ask::Same(run) => {
                let envelope = run.to_envelope()?;
                let warrant = sign(terms, &[&run], || {
                    let body = envelope.body.as_slice();
                    names.iter().map(move |name| Some(((*name)?, body)))
                })?;
                return Ok(Self {
                    what: What::Same(envelope, run.life),
                    warrant,
                });
            }
            Ask::Each(runs) if runs.len() == names.len() => runs,
            Ask::Each(runs) => {
                return Err(FleetError::Requests {
                    requests: runs.len(),
                    targets: names.len(),
                });
            }
        };
        let all: Vec<&Run> = what.iter().collect();
        let warrant = sign(terms, &all, || {
            // One too large to be sent is left out; it is told as that node's answer.
            let bodies = what.iter().map(|run| run.to_envelope().ok());
            let named = names.iter().zip(bodies);
            named.map(|(name, envelope)| Some(((*name)?, envelope?.body)))
        })?;
        Ok(Self {
            what: What::Each(what),
            warrant,
        })
    }

    /// Whether the nodes go on with it when the shell has ended.
    pub(super) fn outlives_shell(&self) -> bool {
        let life = match &self.what {
            What::Same(_, life) => Some(*life),
            What::Each(runs) => runs.first().map(|run| run.life),
        };
        life == Some(Life::Detached)
    }

    pub(super) fn bytes_for(&self, target: Target) -> Result<(Bytes, Life), CodecError> {
        let (mut envelope, life) = match &self.what {
            What::Same(envelope, life) => (envelope.clone(), *life),
            What::Each(runs) => {
                let run = &runs[target as usize];
                (run.to_envelope()?, run.life)
            }
        };
        if let Some(warrant) = &self.warrant {
            warrant.seal(target, &mut envelope)?;
        }
        Ok((opened(&envelope)?, life))
    }
}

/// Signs runs that are one: of one id, and asking the same of all but for what each is handed.
fn sign<'a, B, T>(
    terms: Terms<'_>,
    runs: &[&Run],
    targets: impl FnOnce() -> T,
) -> Result<Option<Warrant>, FleetError>
where
    B: AsRef<[u8]>,
    T: Iterator<Item = Option<(&'a NodeName, B)>>,
{
    if let Some(approved) = terms.approved {
        return Ok(Some(Warrant::of(approved, targets())));
    }
    let Some(first) = runs.first().filter(|run| is_signed(&run.probe)) else {
        return Ok(None);
    };
    if runs.iter().any(|run| run.run != first.run) {
        let text = "its requests are of several runs, and a signature is for one";
        return Err(FleetError::Sign(text.to_owned()));
    }
    let asked = Asked {
        run: first.run,
        probe: &first.probe,
        wish: terms.wish,
        holds_for: holds_for(terms.policy),
        fleet_size: terms.fleet_size,
    };
    Warrant::sign(terms.signer, terms.now, &asked, targets())
}

/// The stream's opening and the request in one piece, so that they leave in one packet.
fn opened(request: &Envelope) -> Result<Bytes, CodecError> {
    let open = Open {
        stream: StreamKind::Request,
    };
    let mut bytes = open.to_envelope()?.to_bytes();
    request.write_to(&mut bytes);
    Ok(bytes.into())
}
