//! Certificates as PEM text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of a line, as RFC 7468 has it.
const LINE: usize = 64;

/// Returns a certificate in DER as PEM text.
#[must_use]
pub fn pem_of(certificate: &[u8]) -> String {
    let mut rest = STANDARD.encode(certificate);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    while !rest.is_empty() {
        let after = rest.split_off(rest.len().min(LINE));
        let _ = writeln!(text, "{rest}");
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for length in [1, 47, 48, 49, 96, 500] {
            let der: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let text = pem_of(&der);
            assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
            let read = CertificateDer::from_pem_slice(text.as_bytes()).expect("PEM");
            assert_eq!(read.as_ref(), der);
        }
    }
}
