//! Fingerprints: how an authority is named where its certificate is not at hand.
//!
//! The SHA-256 of the certificate in DER, as `openssl x509 -noout -fingerprint -sha256` prints it.

use std::fmt;
use std::str::FromStr;

use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;

/// The SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Why a text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint has 64 hexadecimal digits, with or without a `:` between each two; it is the SHA-256 of the authority's certificate"
)]
pub struct FingerprintError;

impl Fingerprint {
    /// Returns the fingerprint of a certificate in DER.
    ///
    /// # Panics
    /// Never: the cryptography's hash has 32 bytes by its name.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Self {
        // The hash of a cipher suite: so there is one cryptography in the tree, and no other hash.
        let suite = TLS13_AES_128_GCM_SHA256
            .tls13()
            .expect("a suite of TLS 1.3");
        let mut hash = suite.common.hash_provider.start();
        hash.update(certificate);
        let digest = hash.finish();
        Self(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits: String = text.trim().split(':').collect();
        let digest: hailer_protocol::ids::Digest = digits.parse().map_err(|_| FingerprintError)?;
        Ok(Self(digest.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_sha_256_that_other_tools_print() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of(b"abc").to_string(), of_abc);
        let with_colons = "BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:B0:03:61:A3:96:17:7A:9C:B4:10:FF:61:F2:00:15:AD";
        assert_eq!(with_colons.parse(), Ok(Fingerprint::of(b"abc")));
        assert!(of_abc[1..].parse::<Fingerprint>().is_err());
        assert!("".parse::<Fingerprint>().is_err());
    }
}
