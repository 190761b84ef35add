//! Judging a peer's certificate in the handshake: chain, time and signature by webpki, and then,
//! which no library does for us, fleet, role and name.
//!
//! Each side runs its half before a single application byte is exchanged. A peer sends its own
//! certificate, signed by the authority itself, or with that of the one issuer between them, which
//! must be an issuer of the peer's role (see `issuer`). There is never a second issuer: so
//! there is nothing to nest.

use std::sync::Arc;

use hailer_protocol::holder::Holder;
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    PeerIncompatible, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::issuer::{self, IssuerRefused};
use crate::read::{self, IdentityReadError};
use crate::tls::{ConfigError, server_name};
use crate::trust::{self, Trust};

/// Why a certificate that the authority did sign is refused all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefused {
    /// It names nobody.
    #[error(transparent)]
    Read(#[from] IdentityReadError),
    /// More certificates were sent than there can be.
    #[error("the peer sent {0} certificates besides its own; there is one issuer at most")]
    Chain(usize),
    /// An issuer that may not have signed this peer.
    #[error(transparent)]
    Issuer(#[from] IssuerRefused),
    /// A member of another fleet.
    #[error("the peer is `{peer}`, and not of the fleet `{fleet}`")]
    Fleet {
        /// Whom it names.
        peer: Box<Identity>,
        /// Our fleet.
        fleet: Name,
    },
    /// A role that has no business here.
    #[error("the peer is `{peer}`; its role `{}` is not accepted here", peer.role)]
    Role {
        /// Whom it names.
        peer: Box<Identity>,
    },
    /// Somebody else answered.
    #[error("the peer is `{peer}`, which is not who was dialled")]
    Name {
        /// Whom it names.
        peer: Box<Identity>,
    },
}

impl PeerRefused {
    /// Returns the refusal inside a TLS error, if it is one of ours: rustls prints it as data.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        let Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error else {
            return None;
        };
        cause.downcast_ref()
    }
}

/// Returns a refusal as a person reads it.
pub(crate) fn cause_of(error: &Error) -> String {
    PeerRefused::of(error).map_or_else(|| error.to_string(), ToString::to_string)
}

impl From<PeerRefused> for Error {
    fn from(refused: PeerRefused) -> Self {
        let cause = OtherError(Arc::new(refused));
        Self::InvalidCertificate(CertificateError::Other(cause))
    }
}

/// What every peer must be, whichever side dialled.
#[derive(Debug)]
struct Expected {
    trust: Trust,
    roles: Vec<Role>,
}

impl Expected {
    fn check(
        &self,
        certificate: &[u8],
        intermediates: &[CertificateDer<'_>],
    ) -> Result<Holder, PeerRefused> {
        let holder = read::holder_of(certificate)?;
        let peer = &holder.identity;
        match intermediates {
            [] => {}
            [issuer] => issuer::check(&self.trust, certificate, peer, issuer)?,
            more => return Err(PeerRefused::Chain(more.len())),
        }
        self.admit(peer)?;
        Ok(holder)
    }

    /// Whether a peer whose chain is verified has any business here.
    fn admit(&self, peer: &Identity) -> Result<(), PeerRefused> {
        if peer.fleet != *self.trust.fleet() {
            return Err(PeerRefused::Fleet {
                peer: Box::new(peer.clone()),
                fleet: self.trust.fleet().clone(),
            });
        }
        if !self.roles.contains(&peer.role) {
            return Err(PeerRefused::Role {
                peer: Box::new(peer.clone()),
            });
        }
        Ok(())
    }
}

/// The answering side's judge of who dials.
#[derive(Debug)]
pub(crate) struct ClientJudge {
    expected: Expected,
    webpki: Arc<dyn ClientCertVerifier>,
}

impl ClientJudge {
    pub(crate) fn new(trust: &Trust, roles: &[Role]) -> Result<Self, ConfigError> {
        // Without hints the handshake is smaller, and a stranger does not learn the fleet's name.
        let webpki = WebPkiClientVerifier::builder_with_provider(
            Arc::clone(&trust.roots),
            trust::provider(),
        )
        .clear_root_hint_subjects()
        .build()
        .map_err(|e| ConfigError::Verifier(e.to_string()))?;
        Ok(Self {
            expected: Expected {
                trust: trust.clone(),
                roles: roles.to_vec(),
            },
            webpki,
        })
    }
}

impl ClientJudge {
    /// Returns whom a chain names whose holder may dial.
    pub(crate) fn holder(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Holder, Error> {
        self.webpki
            .verify_client_cert(end_entity, intermediates, now)?;
        Ok(self.expected.check(end_entity, intermediates)?)
    }

    pub(crate) const fn trust(&self) -> &Trust {
        &self.expected.trust
    }

    /// Whether somebody whose chain was verified before has any business here.
    pub(crate) fn admit(&self, holder: &Holder) -> Result<(), PeerRefused> {
        self.expected.admit(&holder.identity)
    }
}

impl ClientCertVerifier for ClientJudge {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.webpki.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.holder(end_entity, intermediates, now)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// The dialling side's judge of who answers.
#[derive(Debug)]
pub(crate) struct ServerJudge {
    expected: Expected,
    roots: Arc<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerJudge {
    pub(crate) fn new(trust: &Trust, roles: &[Role]) -> Self {
        Self {
            expected: Expected {
                trust: trust.clone(),
                roles: roles.to_vec(),
            },
            roots: Arc::clone(&trust.roots),
            algorithms: trust::provider().signature_verification_algorithms,
        }
    }
}

impl ServerJudge {
    /// Returns whom a chain names that may answer.
    pub(crate) fn peer(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Identity, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )?;
        Ok(self.expected.check(end_entity, intermediates)?.identity)
    }
}

impl ServerCertVerifier for ServerJudge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        dialled: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let peer = self.peer(end_entity, intermediates, now)?;
        if dialled.to_str() != server_name(&peer) {
            return Err(PeerRefused::Name {
                peer: Box::new(peer),
            }
            .into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(PeerIncompatible::Tls12NotOffered.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
