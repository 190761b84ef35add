//! Enrolment tokens: what a new node shows to get its first certificate.
//!
//! A token is 256 random bits, good once, for one name and a short time. It is printed once when it
//! is made; whoever keeps it afterwards keeps its [`TokenHash`], from which it cannot be had back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// In front of a token's digits, so that people and scanners for secrets know what it is.
const PREFIX: &str = "hailer-token-";

/// What the hash of a token is derived under: no other hash of the same bytes is equal to it.
const HASH_CONTEXT: &str = "hailer 2026-01 enrolment token";

/// A token itself. It is secret: it never prints but by [`Token::reveal`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token([u8; 32]);

/// What is kept of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// Why a text is no token. The text itself is not repeated: it may be most of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no enrolment token; one is `{PREFIX}` and 64 hexadecimal digits")]
pub struct TokenError;

impl Token {
    /// Makes a token of 32 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the token as text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(PREFIX.to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Returns what may be kept of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(blake3::derive_key(HASH_CONTEXT, &self.0))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl FromStr for Token {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let digits = text.trim().strip_prefix(PREFIX).ok_or(TokenError)?;
        // A digest is read by the same rule: 64 digits, nothing else.
        let bytes: crate::ids::Digest = digits.parse().map_err(|_| TokenError)?;
        Ok(Self(bytes.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_never_shows_itself_by_accident() {
        let token = Token::from_random([0xa5; 32]);
        let text = token.reveal();
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(format!("{text}\n").parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains("a5"));
        assert_ne!(token.hash().0, *blake3::hash(&[0xa5; 32]).as_bytes());
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        let short = format!("{PREFIX}{}", "a".repeat(63));
        let sign = format!("{PREFIX}+{}", "a".repeat(63));
        for bad in ["", "a5", PREFIX, &short, &sign, &"a".repeat(64)] {
            let error = bad.parse::<Token>().expect_err(bad).to_string();
            assert!(bad.len() < 20 || !error.contains(bad), "{error}");
        }
    }
}
