//! The gate: what a node makes of a request before it looks at its own rules.
//!
//! A request that starts a process, or ends one, must be signed by its operator: over the very
//! bytes that arrived, for this node of this fleet, for this moment. The node finds all of that out
//! by itself, so nothing between operator and node can invent a request, turn it elsewhere or bring it
//! again. Metrics, facts and lists rely on the connection's certificate alone: they change
//! nothing, and cost less than a signature.

use std::sync::Arc;

use hailer_identity::SignatureJudge;
use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::holder::Holder;
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::message::Run;
use hailer_protocol::signing::{Checked, Own, SignedBlock, check};
use hailer_protocol::time::Wall;
use rustls::pki_types::CertificateDer;

use super::admit::Denial;

/// Who is at the other end of a connection, as the handshake found out.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Whom the certificate names.
    pub holder: Holder,
    /// The certificate and what leads from it to the authority: what the handshake has verified need not
    /// be verified again for every request.
    pub chain: Vec<CertificateDer<'static>>,
}

/// What a node checks signed requests with.
#[derive(Debug)]
pub struct Gate {
    /// The node's fleet.
    pub fleet: Name,
    /// The node's own name: the one in its certificate.
    pub node: NodeName,
    /// Whose signatures it believes.
    pub judge: Arc<SignatureJudge>,
}

/// In whose name a request is carried out, and what vouches for it.
#[derive(Debug, Clone)]
pub enum Authority {
    /// The connection's certificate.
    Connection(Holder),
    /// A signature over this very request.
    Signed(Box<Checked>),
}

impl Authority {
    /// Returns who asks.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        match self {
            Self::Connection(holder) => holder,
            Self::Signed(checked) => &checked.signers.operator,
        }
    }
}

impl Gate {
    /// Finds out in whose name an envelope stands, before its body is decoded.
    pub(super) fn authority(
        &self,
        now: Wall,
        peer: &Peer,
        envelope: &Envelope,
    ) -> Result<Authority, Denial> {
        let Auth::Signed(block) = &envelope.auth else {
            return Ok(Authority::Connection(peer.holder.clone()));
        };
        let block = SignedBlock::decode(block).map_err(|e| denied(e.to_string()))?;
        let signers = self
            .judge
            .signers(now, &block, Some(&peer.chain))
            .map_err(|e| denied(e.to_string()))?;
        let own = Own {
            fleet: &self.fleet,
            node: &self.node,
        };
        check(now, own, &envelope.body, &block, signers)
            .map(|checked| Authority::Signed(Box::new(checked)))
            .map_err(|e| denied(e.to_string()))
    }
}

/// Holds a decoded request against what vouches for it.
pub(super) fn vouched(authority: &Authority, request: &Run) -> Result<(), Denial> {
    match authority {
        Authority::Connection(_) if Grant::Probe.fits(&request.probe) => Ok(()),
        Authority::Connection(_) => Err(denied(
            "this node starts and ends nothing that its operator has not signed".to_owned(),
        )),
        Authority::Signed(checked) => checked.covers(request).map_err(|e| denied(e.to_string())),
    }
}

const fn denied(text: String) -> Denial {
    Denial {
        code: ErrorCode::DENIED,
        text,
    }
}
