//! Asking for a certificate without giving the key away: PKCS #10.
//!
//! The key is made where it is used and never leaves. The request proves that whoever sends it has
//! the key, and says nothing else: who the certificate is for is decided by whoever signs it.

use std::fmt;

use rcgen::{CertificateParams, DistinguishedName, KeyPair, SubjectPublicKeyInfo};
use rustls_pki_types::{CertificateSigningRequestDer, pem::PemObject};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::authority::{AuthorityError, crypto, generate_key};

/// A fresh key and a request for a certificate for it.
pub struct KeyRequest {
    /// The request as DER.
    pub request_der: Vec<u8>,
    /// The request as PEM text.
    pub request_pem: String,
    key: KeyPair,
}

/// Why a request for a certificate is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not PEM.
    #[error("read the request for a certificate: {0}")]
    Pem(String),
    /// Longer than any request for one key is.
    #[error(
        "read the request for a certificate: it has {0} bytes, at most {REQUEST_MAX} are allowed"
    )]
    TooLong(usize),
    /// Not a request.
    #[error("read the request for a certificate: not PKCS #10 in DER: {0}")]
    Der(String),
    /// Not signed with the key that it brings.
    #[error("the request for a certificate is not signed with the key it brings")]
    Possession,
    /// A key that certificates here do not have.
    #[error("the request brings a key that is not supported; make one on P-256, P-384 or Ed25519")]
    Key,
}

impl KeyRequest {
    /// Makes a P-256 key and a request for it.
    ///
    /// # Errors
    /// Fails if the system gives no randomness.
    pub fn generate() -> Result<Self, AuthorityError> {
        Self::new(generate_key()?)
    }

    /// Makes a request for a key that is there: for the next certificate of the same holder.
    ///
    /// # Errors
    /// Refuses text that is no private key in PKCS #8, and keys that certificates here do not have.
    pub fn from_key_pem(key_pem: &str) -> Result<Self, AuthorityError> {
        Self::new(KeyPair::from_pem(key_pem).map_err(crypto("read the private key"))?)
    }

    fn new(key: KeyPair) -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let request = params
            .serialize_request(&key)
            .map_err(crypto("write the request for a certificate"))?;
        Ok(Self {
            request_der: request.der().to_vec(),
            request_pem: request.pem().map_err(crypto("write the request as PEM"))?,
            key,
        })
    }

    /// Returns the private key as PKCS #8 in PEM text. Keep it in a file that only its owner can
    /// read.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }
}

impl fmt::Debug for KeyRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRequest").finish_non_exhaustive()
    }
}

/// Returns a request's DER.
///
/// # Errors
/// Refuses text that holds no request.
pub fn request_from_pem(pem: &str) -> Result<Vec<u8>, RequestError> {
    let request = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes())
        .map_err(|e| RequestError::Pem(e.to_string()))?;
    Ok(request.to_vec())
}

/// Returns the key in a request whose sender has shown to hold it.
pub(crate) fn proven_key_of(request: &[u8]) -> Result<SubjectPublicKeyInfo, RequestError> {
    if request.len() > REQUEST_MAX {
        return Err(RequestError::TooLong(request.len()));
    }
    let (rest, parsed) = X509CertificationRequest::from_der(request)
        .map_err(|e| RequestError::Der(e.to_string()))?;
    if !rest.is_empty() {
        return Err(RequestError::Der(format!("{} bytes follow", rest.len())));
    }
    parsed
        .verify_signature()
        .map_err(|_| RequestError::Possession)?;
    let key = parsed.certification_request_info.subject_pki.raw;
    let key = SubjectPublicKeyInfo::from_der(key).map_err(|_| RequestError::Key)?;
    let supported = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ];
    if !supported.contains(&rcgen::PublicKeyData::algorithm(&key)) {
        return Err(RequestError::Key);
    }
    Ok(key)
}

/// Bytes of a request; one for a P-256 key and no wishes has some 200.
const REQUEST_MAX: usize = 8 << 10;
