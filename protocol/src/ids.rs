//! Names and ids: newtypes that parse, check and print, so that no raw string stands for one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a node, a fleet, an operator: a DNS-like label sequence.
///
/// Letters, digits, `.`, `_` and `-`, not at the start; at most 253 bytes. Since a name can hold no
/// separator, quote or control character, it may stand in a path, a certificate and a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// The name of a node.
pub type NodeName = Name;

/// Why a text is not a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than 253 bytes.
    #[error("the name has {0} bytes, at most 253 are allowed")]
    TooLong(usize),
    /// A character that may not stand in a name, or not at its start.
    #[error(
        "the name `{name}` has {character:?} at byte {at}; letters, digits, `.`, `_` and `-` are allowed, starting with a letter or digit"
    )]
    Character {
        /// The text, with what cannot be printed escaped.
        name: String,
        /// The offending character.
        character: char,
        /// Its byte position.
        at: usize,
    },
}

impl Name {
    /// Checks a text and makes it a name.
    ///
    /// # Errors
    /// Says which character is wrong and where.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > 253 {
            return Err(NameError::TooLong(text.len()));
        }
        let bad = text.char_indices().find(|&(at, c)| {
            !(c.is_ascii_alphanumeric() || (at > 0 && matches!(c, '.' | '_' | '-')))
        });
        match bad {
            None => Ok(Self(text)),
            Some((at, character)) => Err(NameError::Character {
                name: text.escape_debug().to_string(),
                character,
                at,
            }),
        }
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;
    fn from_str(s: &str) -> Result<Self, NameError> {
        Self::new(s)
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(s: String) -> Result<Self, NameError> {
        Self::new(s)
    }
}

impl From<Name> for String {
    fn from(n: Name) -> Self {
        n.0
    }
}

/// Makes a 16-byte id that prints as 32 hexadecimal digits.
macro_rules! id16 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = HexError;
            fn from_str(s: &str) -> Result<Self, HexError> {
                read_hex(s).map(Self)
            }
        }
    };
}

id16! {
    /// One run: one line executed over its targets. The shell draws it at random; an agent that
    /// has seen it answers from what it has and never runs it again.
    RunId
}
id16! {
    /// One lease: what keeps attached runs alive. A shell draws one at random when it starts.
    LeaseId
}
id16! {
    /// One event of a node's journal; makes its delivery idempotent.
    EventId
}

id16! {
    /// The checksum of a node's log up to and with one record.
    Link
}

impl Link {
    /// What stands before the very first record.
    pub const START: Self = Self([0; 16]);
}

/// A BLAKE3 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = HexError;
    fn from_str(s: &str) -> Result<Self, HexError> {
        read_hex(s).map(Self)
    }
}

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {digits} hexadecimal digits")]
pub struct HexError {
    digits: usize,
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

fn read_hex<const N: usize>(s: &str) -> Result<[u8; N], HexError> {
    let wrong = HexError { digits: 2 * N };
    if s.len() != 2 * N || !s.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong);
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(s.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(pair).map_err(|_| wrong)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_hold_a_separator_a_blank_or_an_escape() {
        for bad in ["", "-a", ".a", "a/b", "a b", "a\x1b[m", "ä", "a,b", "a\0"] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
        assert!(Name::new("web-01.dc1_x").is_ok());
        assert!(Name::new("a".repeat(254)).is_err());
    }

    #[test]
    fn ids_print_and_parse_as_hex() {
        let id = RunId([0xab; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("xyz".parse::<RunId>().is_err());
        assert!("é".repeat(16).parse::<RunId>().is_err());
    }
}
