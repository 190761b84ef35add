//! The office: the store's decisions, signed by the authority.

use std::time::Duration;

use hailer_identity::{Authority, AuthorityError, Certified, Standing, holder_of, serial_of};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::NodeName;
use hailer_protocol::message::{EnrolAsk, Enrolled, Refused, RenewAsk};
use hailer_protocol::revocation::Revocations;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;

use super::enrolment::{self, NODE_LIFE, Reason};
use super::store::{NotGiven, Store, StoreError};

/// What whoever has no good token is told, whatever is wrong with it: it must not learn which tokens
/// or names there are.
const NOT_ENROLLED: &str = "this token does not enrol this node: it is unknown, used, expired, or \
                            made for another name; or the request for a certificate is none";

/// What whoever gets no next certificate is told.
const NOT_RENEWED: &str = "this certificate is not renewed here; enrol the node again";

/// Enrols and renews.
#[derive(Debug)]
pub struct Office {
    store: Store,
    signer: Authority,
    authorities: Vec<Vec<u8>>,
    life: Duration,
    revoked: Revocations,
}

/// Why nothing was given: for the keeper's log, and what the other side is told of it.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The decision.
    #[error(transparent)]
    Reason(#[from] Reason),
    /// The request cannot be signed.
    #[error(transparent)]
    Signing(#[from] AuthorityError),
    /// The keeper's memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The connection showed no certificate to be renewed.
    #[error("a renewal was asked for over a connection without a certificate")]
    Nobody,
}

impl Refusal {
    /// Returns what the other side is told. All that is wrong with a token sounds alike.
    #[must_use]
    pub fn told(&self, is_renewal: bool) -> Refused {
        let text = if is_renewal {
            NOT_RENEWED
        } else {
            NOT_ENROLLED
        };
        match self {
            Self::Reason(_) | Self::Signing(_) | Self::Nobody => {
                Refused::new(ErrorCode::DENIED, text)
            }
            Self::Store(_) => Refused::new(ErrorCode::BUSY, "the keeper cannot write; try later"),
        }
    }
}

impl From<NotGiven<AuthorityError>> for Refusal {
    fn from(error: NotGiven<AuthorityError>) -> Self {
        match error {
            NotGiven::Reason(reason) => Self::Reason(reason),
            NotGiven::Signing(error) => Self::Signing(error),
            NotGiven::Store(error) => Self::Store(error),
        }
    }
}

impl Office {
    /// Opens the office of the fleet for which `signer` signs nodes. `authorities` are those that
    /// members trust, in DER.
    ///
    /// # Errors
    /// Refuses the store of another fleet.
    pub fn open(
        mut store: Store,
        signer: Authority,
        authorities: Vec<Vec<u8>>,
    ) -> Result<Self, StoreError> {
        store.claim(signer.fleet())?;
        Ok(Self {
            store,
            signer,
            authorities,
            life: NODE_LIFE,
            revoked: Revocations::default(),
        })
    }

    /// Gives certificates that hold for so long, and never longer than [`NODE_LIFE`].
    #[must_use]
    pub fn with_life(mut self, life: Duration) -> Self {
        self.life = life.min(NODE_LIFE);
        self
    }

    /// Signs with this issuer from now on, and names these authorities (DER).
    pub fn succeed(&mut self, signer: Authority, authorities: Vec<Vec<u8>>) {
        self.signer = signer;
        self.authorities = authorities;
    }

    /// Gives nothing to whom these lists revoke.
    pub fn obey(&mut self, lists: Revocations) {
        self.revoked = lists;
    }

    /// Enrols a node.
    ///
    /// # Errors
    /// Says why not.
    pub fn enrol(&mut self, now: Wall, ask: &EnrolAsk) -> Result<Enrolled, Refusal> {
        let signer = &self.signer;
        let identity = Identity {
            fleet: signer.fleet().clone(),
            role: Role::Node,
            name: ask.name.clone(),
        };
        // Before the token is looked at: one that was made since stays good for when the name is.
        let is_revoked = |begins| self.revoked.is_revoked(&identity, &[], begins);
        if is_revoked(enrolment::span(now, self.life).not_before) {
            return Err(Reason::Revoked(identity).into());
        }
        let (span, token) = ((now, self.life), ask.token.hash());
        let certified = self
            .store
            .enrol(span, token, &ask.name, is_revoked, |validity| {
                certify(signer, &ask.name, &ask.request, validity)
            })?;
        Ok(self.enrolled(certified))
    }

    /// Gives a node its next certificate. `chain` is what the handshake has verified, leaf first.
    ///
    /// # Errors
    /// Says why not.
    pub fn renew(
        &mut self,
        now: Wall,
        chain: &[impl AsRef<[u8]>],
        ask: &RenewAsk,
    ) -> Result<Enrolled, Refusal> {
        let unreadable = |e: hailer_identity::IdentityReadError| {
            Refusal::Signing(AuthorityError::Certificate(e.into()))
        };
        let Some(certificate) = chain.first().map(AsRef::as_ref) else {
            return Err(Refusal::Nobody);
        };
        let peer = holder_of(certificate).map_err(unreadable)?.identity;
        let serial = serial_of(certificate).map_err(unreadable)?;
        if Standing::of(chain)
            .map_err(unreadable)?
            .is_revoked(&self.revoked)
        {
            return Err(Reason::Revoked(peer).into());
        }
        let signer = &self.signer;
        let certified = self
            .store
            .renew((now, self.life), &serial, &peer, |validity| {
                certify(signer, &peer.name, &ask.request, validity)
            })?;
        Ok(self.enrolled(certified))
    }

    fn enrolled(&self, certified: Certified) -> Enrolled {
        Enrolled {
            chain: std::iter::once(certified.cert_der)
                .chain(certified.issuer_der)
                .collect(),
            authorities: self.authorities.clone(),
        }
    }
}

/// Signs a node's certificate, within the authority's own span; returns its number beside it.
fn certify(
    signer: &Authority,
    node: &NodeName,
    request: &[u8],
    mut validity: hailer_identity::Validity,
) -> Result<(Certified, Vec<u8>), AuthorityError> {
    let own = signer.validity();
    validity.not_before = validity.not_before.max(own.not_before);
    validity.not_after = validity.not_after.min(own.not_after);
    let holder = Holder {
        identity: Identity {
            fleet: signer.fleet().clone(),
            role: Role::Node,
            name: node.clone(),
        },
        groups: Groups::default(),
    };
    let certified = signer.certify(request, &holder, validity)?;
    let serial = serial_of(&certified.cert_der)?;
    Ok((certified, serial))
}
