//! Signatures over bytes: which kinds are taken, and how one is checked.
//!
//! The kind follows from the key alone and is never said beside the signature, so there is nothing
//! to negotiate and nothing to downgrade.

use rustls::SignatureScheme;
use rustls_pki_types::SignatureVerificationAlgorithm;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_SIG_ED25519, Oid,
};
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::trust;

/// Every kind of signature that is taken.
pub(crate) const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ED25519,
];

/// Why a signature is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A key of a kind that signs nothing here.
    #[error("the key cannot sign here; it must be on P-256, P-384 or Ed25519")]
    Key,
    /// Not signed with that key, or not these bytes.
    #[error("the signature is not the key's, or not over these bytes")]
    Wrong,
}

/// Checks a signature over `bytes` with a certificate's key.
pub(crate) fn verify(
    key: &SubjectPublicKeyInfo<'_>,
    bytes: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let algorithm = algorithm_of(key).ok_or(SignatureError::Key)?;
    algorithm
        .verify_signature(&key.subject_public_key.data, bytes, signature)
        .map_err(|_| SignatureError::Wrong)
}

fn algorithm_of(
    key: &SubjectPublicKeyInfo<'_>,
) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    let kind = &key.algorithm.algorithm;
    let curve = key.algorithm.parameters.as_ref();
    let curve = curve.and_then(|p| Oid::try_from(p).ok());
    let wanted = if *kind == OID_SIG_ED25519 && curve.is_none() {
        SignatureScheme::ED25519
    } else if *kind != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return None;
    } else if curve.as_ref() == Some(&OID_EC_P256) {
        SignatureScheme::ECDSA_NISTP256_SHA256
    } else if curve.as_ref() == Some(&OID_NIST_EC_P384) {
        SignatureScheme::ECDSA_NISTP384_SHA384
    } else {
        return None;
    };
    // Of the algorithms of a scheme, TLS 1.3 takes the first: the one whose hash fits the curve.
    trust::provider()
        .signature_verification_algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == wanted)
        .and_then(|(_, algorithms)| algorithms.first().copied())
}
