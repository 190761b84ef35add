//! Who we are: our certificate, our key, and the identity they prove.

use std::fmt;
use std::sync::Arc;

use hailer_protocol::holder::{Groups, Holder};
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
    holder: Holder,
    validity: Validity,
    /// Parsed once: a key costs more to load than a configuration costs to build.
    pub(crate) resolver: Arc<SingleCertAndKey>,
    pub(crate) certified: Arc<CertifiedKey>,
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
    /// No certificate in the text, or more than two.
    #[error(
        "the certificate's file holds {0} certificates; it must hold its own, and behind it its issuer's if an issuer signed it"
    )]
    Count(usize),
    /// The certificate names nobody.
    #[error(transparent)]
    Certificate(#[from] IdentityReadError),
    /// The second certificate did not sign the first.
    #[error("the second certificate in the file is not that of the issuer of `{0}`")]
    Issuer(Box<Identity>),
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
        if !matches!(certificates.len(), 1 | 2) {
            return Err(CredentialsError::Count(certificates.len()));
        }
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|source| {
            CredentialsError::Pem {
                what: "private key",
                source,
            }
        })?;
        Self::new(certificates, key)
    }

    /// Takes over what an authority has just issued.
    ///
    /// # Errors
    /// As [`Credentials::from_pem`]; an authority's own issue does not fail.
    pub fn from_issued(issued: &Issued) -> Result<Self, CredentialsError> {
        let chain = std::iter::once(&issued.cert_der).chain(&issued.issuer_der);
        Self::new(
            chain.cloned().map(CertificateDer::from).collect(),
            PrivatePkcs8KeyDer::from(issued.key_der.clone()).into(),
        )
    }

    /// Returns whom they prove us to be.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.holder.identity
    }

    /// Returns whom they prove us to be, with the groups they put an operator into.
    #[must_use]
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Returns the groups they put an operator into.
    #[must_use]
    pub const fn groups(&self) -> &Groups {
        &self.holder.groups
    }

    /// Returns our certificate, and behind it our issuer's where an issuer signed it, as DER.
    #[must_use]
    pub fn chain(&self) -> Vec<Vec<u8>> {
        self.certified.cert.iter().map(|c| c.to_vec()).collect()
    }

    /// Returns how long they hold: themselves, and their issuer.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CredentialsError> {
        let own = chain.first().ok_or(CredentialsError::Count(0))?;
        let holder = read::holder_of(own)?;
        let mut validity = read::validity_of(own)?;
        if let Some(issuer) = chain.get(1) {
            if read::issuer_name_of(own)? != read::subject_of(issuer)? {
                return Err(CredentialsError::Issuer(Box::new(holder.identity)));
            }
            let issuer = read::validity_of(issuer)?;
            validity.not_after = validity.not_after.min(issuer.not_after);
            validity.not_before = validity.not_before.max(issuer.not_before);
        }
        let certified = CertifiedKey::from_der(chain, key, &trust::provider())
            .and_then(|certified| certified.keys_match().map(|()| certified))
            .map_err(|source| CredentialsError::Key {
                identity: Box::new(holder.identity.clone()),
                source,
            })?;
        Ok(Self {
            holder,
            validity,
            certified: Arc::new(CertifiedKey::new(
                certified.cert.clone(),
                Arc::clone(&certified.key),
            )),
            resolver: Arc::new(SingleCertAndKey::from(certified)),
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("identity", &self.holder.identity)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}
