//! The TLS configurations of enrolment, where one side has no certificate yet.
//!
//! The keeper always shows its own, and the node verifies it before it sends its token: against the
//! authorities in a file, or against the one whose [`Fingerprint`] it was given. Nobody is trusted
//! because they were the first to answer. A node that renews shows its certificate; one that joins
//! shows none. What either may ask for is decided by whoever answers; the protocol's name differs from
//! that of everything else ([`ENROL_ALPN`]), so that a connection without a certificate never
//! reaches anything else.

use std::sync::{Arc, Mutex, PoisonError};

use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::version::ENROL_ALPN;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::verify_tls13_signature;
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error,
    PeerIncompatible, ServerConfig, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::credentials::Credentials;
use crate::fingerprint::Fingerprint;
use crate::read;
use crate::tls::ConfigError;
use crate::trust::{self, Trust};
use crate::verify::{ClientJudge, ServerJudge};

/// Returns the configuration under which a keeper answers those who join, and nodes that renew.
///
/// Behind its own chain it sends the authorities: a node that knows only the fingerprint of one
/// finds it there.
///
/// # Errors
/// Refuses credentials that are no keeper's of the fleet in `trust`.
pub fn enrolment_config(own: &Credentials, trust: &Trust) -> Result<ServerConfig, ConfigError> {
    check_keeper(own.identity(), trust)?;
    let judge = OptionalNode(ClientJudge::new(trust, &[Role::Node])?);
    let mut chain = own.certified.cert.clone();
    chain.extend(
        trust
            .authorities()
            .map(|der| CertificateDer::from(der.to_vec())),
    );
    let certified = CertifiedKey::new(chain, Arc::clone(&own.certified.key));
    let mut config =
        ServerConfig::builder_with_details(trust::provider(), Arc::clone(&trust.clock))
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(judge))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![ENROL_ALPN.to_vec()];
    config.max_early_data_size = 0;
    config.send_half_rtt_data = false;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

/// Returns the configuration under which a node asks any keeper of its fleet for its next
/// certificate.
///
/// # Errors
/// Refuses credentials that are no node's of the fleet in `trust`.
pub fn renewal_config(own: &Credentials, trust: &Trust) -> Result<ClientConfig, ConfigError> {
    let identity = own.identity();
    if identity.fleet != *trust.fleet() {
        return Err(ConfigError::OwnFleet {
            own: Box::new(identity.clone()),
            fleet: trust.fleet().clone(),
        });
    }
    let joining = JoinTrust::of(trust);
    let mut config =
        ClientConfig::builder_with_details(trust::provider(), Arc::clone(&trust.clock))
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(joining.judge))
            .with_client_cert_resolver(Arc::clone(&own.resolver) as Arc<_>);
    finish(&mut config);
    Ok(config)
}

/// What a joining node knows of its fleet beforehand.
#[derive(Debug)]
pub struct JoinTrust {
    judge: KeeperJudge,
    met: Arc<Mutex<Option<Joined>>>,
}

/// What a joining node has found out in the handshake.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The keeper that answered.
    pub keeper: Identity,
    /// The fleet's authorities as they were known beforehand, or the one that the fingerprint
    /// named.
    pub trust: Trust,
}

impl JoinTrust {
    /// Trusts the keepers that the authorities in `trust` vouch for.
    #[must_use]
    pub fn of(trust: &Trust) -> Self {
        Self::new(Known::Authorities(trust.clone()))
    }

    /// Trusts the keepers of the one authority with that fingerprint; of which fleet, it says
    /// itself.
    #[must_use]
    pub fn pinned(fingerprint: Fingerprint, clock: Arc<dyn TimeProvider>) -> Self {
        Self::new(Known::Pinned(fingerprint, clock))
    }

    fn new(known: Known) -> Self {
        let met = Arc::default();
        let judge = KeeperJudge {
            known,
            met: Arc::clone(&met),
        };
        Self { judge, met }
    }

    /// Returns the configuration under which a node dials that has no certificate yet, and where
    /// it finds, after the handshake, whom it met.
    ///
    /// # Errors
    /// When the TLS library refuses.
    pub fn config(self) -> Result<(ClientConfig, impl Fn() -> Option<Joined>), ConfigError> {
        let clock = match &self.judge.known {
            Known::Authorities(trust) => Arc::clone(&trust.clock),
            Known::Pinned(_, clock) => Arc::clone(clock),
        };
        let met = self.met;
        let mut config = ClientConfig::builder_with_details(trust::provider(), clock)
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.judge))
            .with_no_client_auth();
        finish(&mut config);
        let met = move || met.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok((config, met))
    }
}

fn finish(config: &mut ClientConfig) {
    config.alpn_protocols = vec![ENROL_ALPN.to_vec()];
    config.enable_early_data = false;
    config.resumption = Resumption::disabled();
}

fn check_keeper(own: &Identity, trust: &Trust) -> Result<(), ConfigError> {
    if own.fleet != *trust.fleet() {
        return Err(ConfigError::OwnFleet {
            own: Box::new(own.clone()),
            fleet: trust.fleet().clone(),
        });
    }
    if own.role != Role::Keeper {
        return Err(ConfigError::NotKeeper(Box::new(own.clone())));
    }
    Ok(())
}

/// Judges a node's certificate if it shows one.
#[derive(Debug)]
struct OptionalNode(ClientJudge);

impl ClientCertVerifier for OptionalNode {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.0.verify_client_cert(end_entity, intermediates, now)
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
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[derive(Debug)]
enum Known {
    Authorities(Trust),
    Pinned(Fingerprint, Arc<dyn TimeProvider>),
}

/// Judges whoever answers: any keeper of the fleet, whatever its name.
#[derive(Debug)]
struct KeeperJudge {
    known: Known,
    met: Arc<Mutex<Option<Joined>>>,
}

impl KeeperJudge {
    /// Returns whom to trust, and what of the chain leads there.
    fn trust<'a>(
        &self,
        sent: &'a [CertificateDer<'a>],
    ) -> Result<(Trust, Vec<CertificateDer<'a>>), Error> {
        let trust = match &self.known {
            Known::Authorities(trust) => trust.clone(),
            Known::Pinned(wanted, clock) => {
                let pinned = sent
                    .iter()
                    .find(|der| Fingerprint::of(der) == *wanted)
                    .ok_or(CertificateError::UnknownIssuer)?;
                trust_in(pinned, clock)?
            }
        };
        // The authorities come last, for those who know a fingerprint; they are no links.
        let links = sent
            .iter()
            .filter(|der| !is_self_issued(der))
            .cloned()
            .collect();
        Ok((trust, links))
    }
}

fn trust_in(pinned: &CertificateDer<'_>, clock: &Arc<dyn TimeProvider>) -> Result<Trust, Error> {
    let fleet: Option<Name> =
        read::authority_fleet_of(pinned).map_err(|_| CertificateError::BadEncoding)?;
    // A fingerprint says nothing of a fleet, so the authority must.
    let fleet = fleet.ok_or(CertificateError::UnknownIssuer)?;
    Trust::from_der(
        fleet,
        [pinned.clone().into_owned()].into_iter(),
        Arc::clone(clock),
    )
    .map_err(|_| CertificateError::UnknownIssuer.into())
}

fn is_self_issued(certificate: &[u8]) -> bool {
    match (
        read::subject_of(certificate),
        read::issuer_name_of(certificate),
    ) {
        (Ok(subject), Ok(issuer)) => subject == issuer,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

impl ServerCertVerifier for KeeperJudge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _dialled: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (trust, links) = self.trust(intermediates)?;
        let judge = ServerJudge::new(&trust, &[Role::Keeper]);
        let keeper = judge.peer(end_entity, &links, now)?;
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        *met = Some(Joined { keeper, trust });
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
        let algorithms = trust::provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        trust::provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
