//! Whom we trust: one fleet's authorities, the cryptography, and the clock that judges validity.

use std::sync::{Arc, OnceLock};

use hailer_protocol::ids::Name;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::time_provider::TimeProvider;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::read::{self, AuthorityReadError};

/// One fleet and the authorities that may sign for it. Cloning shares everything.
#[derive(Debug, Clone)]
pub struct Trust {
    fleet: Name,
    pub(crate) roots: Arc<RootCertStore>,
    authorities: Arc<[Anchor]>,
    pub(crate) clock: Arc<dyn TimeProvider>,
}

/// What is remembered of an authority beside what the TLS library keeps.
#[derive(Debug)]
struct Anchor {
    certificate: CertificateDer<'static>,
    /// Its subject's raw bytes.
    subject: Vec<u8>,
    /// Whether it says that it signs for the fleet, as authorities of hailer's do.
    names_fleet: bool,
}

/// Why an authority's file cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Not PEM.
    #[error("read the authority's certificate: {0}")]
    Pem(rustls_pki_types::pem::Error),
    /// No certificate in the text.
    #[error("the authority's file holds no certificate")]
    Empty,
    /// Not an authority's certificate.
    #[error("read the authority's certificate: {0}")]
    Certificate(#[from] AuthorityReadError),
    /// An authority of another fleet.
    #[error("the authority signs for the fleet `{theirs}`, not for `{ours}`")]
    Fleet {
        /// The fleet that the certificate names.
        theirs: Name,
        /// The fleet that was asked for.
        ours: Name,
    },
    /// The TLS library cannot use it.
    #[error("use the authority's certificate: {0}")]
    Anchor(rustls::Error),
}

impl Trust {
    /// Trusts the authorities in `ca_pem` to sign for `fleet`.
    ///
    /// Several certificates mean several authorities: that is how one is replaced by the next. An
    /// authority that says for which fleet it signs is held to it; one made elsewhere need not say
    /// so, and is believed for `fleet` alone. `clock` says at what time certificates are judged:
    /// programs pass rustls' `DefaultTimeProvider`.
    ///
    /// # Errors
    /// Refuses text without a certificate, a leaf, and an authority of another fleet.
    pub fn from_pem(
        fleet: Name,
        ca_pem: &str,
        clock: Arc<dyn TimeProvider>,
    ) -> Result<Self, TrustError> {
        let certificates = CertificateDer::pem_slice_iter(ca_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(TrustError::Pem)?;
        Self::from_der(fleet, certificates.into_iter(), clock)
    }

    /// Trusts authorities in DER, as [`Trust::from_pem`] does those in a file.
    ///
    /// # Errors
    /// As there.
    pub fn from_der(
        fleet: Name,
        certificates: impl Iterator<Item = CertificateDer<'static>>,
        clock: Arc<dyn TimeProvider>,
    ) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let mut authorities = Vec::new();
        for certificate in certificates {
            let named = read::authority_fleet_of(&certificate)?;
            let names_fleet = named.is_some();
            if let Some(theirs) = named
                && theirs != fleet
            {
                return Err(TrustError::Fleet {
                    theirs,
                    ours: fleet,
                });
            }
            let subject = read::subject_of(&certificate).map_err(AuthorityReadError::from)?;
            authorities.push(Anchor {
                certificate: certificate.clone(),
                subject,
                names_fleet,
            });
            roots.add(certificate).map_err(TrustError::Anchor)?;
        }
        if roots.is_empty() {
            return Err(TrustError::Empty);
        }
        Ok(Self {
            fleet,
            roots: Arc::new(roots),
            authorities: authorities.into(),
            clock,
        })
    }

    /// Whether an authority of that subject names the fleet: then its issuers must name a role.
    pub(crate) fn is_own_authority(&self, subject: &[u8]) -> bool {
        self.authorities
            .iter()
            .any(|a| a.names_fleet && a.subject == subject)
    }

    /// Returns the certificates of all trusted authorities.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.authorities.iter().map(|a| a.certificate.as_ref())
    }

    /// Returns the clock by which certificates are judged.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn TimeProvider> {
        Arc::clone(&self.clock)
    }

    /// Returns the trusted authorities as PEM text.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.authorities().map(crate::pem::pem_of).collect()
    }

    /// Returns the fleet whose members are trusted.
    #[must_use]
    pub const fn fleet(&self) -> &Name {
        &self.fleet
    }
}

/// Returns the fleet that the authorities in `ca_pem` sign for, as the first that says it says:
/// [`Trust::from_pem`] holds the others to it.
///
/// # Errors
/// Refuses text that is not PEM, and certificates that are no authorities'.
pub fn authority_fleet_in(ca_pem: &str) -> Result<Option<Name>, TrustError> {
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let fleet = read::authority_fleet_of(&certificate.map_err(TrustError::Pem)?)?;
        if fleet.is_some() {
            return Ok(fleet);
        }
    }
    Ok(None)
}

/// Returns the one cryptography of the whole tree, shared by every configuration.
///
/// It is passed explicitly everywhere, because a process default that nobody set, or that two
/// libraries set, is found out only at the first handshake. The hybrid post-quantum key exchange
/// comes first, so what is recorded today stays closed to tomorrow's machines.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let provider = PROVIDER.get_or_init(|| {
        Arc::new(CryptoProvider {
            cipher_suites: vec![
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS13_AES_256_GCM_SHA384,
                cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            ],
            kx_groups: vec![
                kx_group::X25519MLKEM768,
                kx_group::X25519,
                kx_group::SECP256R1,
            ],
            ..aws_lc_rs::default_provider()
        })
    });
    Arc::clone(provider)
}
