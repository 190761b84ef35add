//! Who we are: our certificate, our key, and the identity they prove.

use std::fmt;
use std::sync::Arc;

use hailer_protocol::role::Identity;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::authority::Issued;
use crate::read::{self, IdentityReadError};
use crate::trust;
use crate::validity::Validity;

/// A certificate with its key. Cloning shares both.
#[derive(Clone)]
pub struct Credentials {
    identity: Identity,
    validity: Validity,
    /// Parsed once: a key costs more to load than a configuration costs to build.
    pub(crate) resolver: Arc<SingleCertAndKey>,
}

/// Why a certificate and a key are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Not PEM, or not what was wanted.
    #[error("read the {what}: {source}")]
    Pem {
        /// Certificate or private key.
        what: &'static str,
        /// Why not.
        source: rustls_pki_types::pem::Error,
    },
    /// More than one certificate in the text.
    #[error(
        "the certificate's file holds {0} certificates; hailer's are signed by the authority itself, so it must hold exactly one"
    )]
    Count(usize),
    /// The certificate names nobody.
    #[error(transparent)]
    Certificate(#[from] IdentityReadError),
    /// A key that is not supported or does not fit the certificate.
    #[error("load the private key of `{identity}`: {source}")]
    Key {
        /// Whom the certificate names.
        identity: Box<Identity>,
        /// Why not.
        source: rustls::Error,
    },
}

impl Credentials {
    /// Reads a certificate and its private key (PKCS #8, SEC 1 or PKCS #1) from PEM text.
    ///
    /// # Errors
    /// Refuses a certificate that names nobody, more than one, and a key that does not fit it.
    pub fn from_pem(cert_pem: &str, key_pem: &str) -> Result<Self, CredentialsError> {
        let certificates = CertificateDer::pem_slice_iter(cert_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| CredentialsError::Pem {
                what: "certificate",
                source,
            })?;
        let count = certificates.len();
        let Ok([certificate]) = <[CertificateDer<'static>; 1]>::try_from(certificates) else {
            return Err(CredentialsError::Count(count));
        };
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|source| {
            CredentialsError::Pem {
                what: "private key",
                source,
            }
        })?;
        Self::new(certificate, key)
    }

    /// Takes over what an authority has just issued.
    ///
    /// # Errors
    /// As [`Credentials::from_pem`]; an authority's own issue does not fail.
    pub fn from_issued(issued: &Issued) -> Result<Self, CredentialsError> {
        Self::new(
            CertificateDer::from(issued.cert_der.clone()),
            PrivatePkcs8KeyDer::from(issued.key_der.clone()).into(),
        )
    }

    /// Returns whom they prove us to be.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns how long they hold.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    fn new(
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CredentialsError> {
        let identity = read::identity_of(&certificate)?;
        let validity = read::validity_of(&certificate)?;
        let certified = CertifiedKey::from_der(vec![certificate], key, &trust::provider())
            .and_then(|certified| certified.keys_match().map(|()| certified))
            .map_err(|source| CredentialsError::Key {
                identity: Box::new(identity.clone()),
                source,
            })?;
        Ok(Self {
            identity,
            validity,
            resolver: Arc::new(SingleCertAndKey::from(certified)),
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("identity", &self.identity)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}
