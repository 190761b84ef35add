//! Roles and identities: who a peer is, as its certificate says in one SPIFFE-style name.
//!
//! `spiffe://FLEET/ROLE/NAME`, compared exactly, never as a pattern or a list. The role comes from
//! the certificate alone: not from who dialled, and not from anything a message claims.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{Name, NameError};

/// What a certificate's holder may be to its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// A person or pipeline that asks.
    Operator,
    /// A machine that answers.
    Node,
    /// The shell without a prompt: stores events, grants leases, pages; cannot command.
    Keeper,
    /// Passes requests on; cannot originate them.
    Relay,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Operator, Self::Node, Self::Keeper, Self::Relay];

    /// Returns the role as it stands in a certificate.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Node => "node",
            Self::Keeper => "keeper",
            Self::Relay => "relay",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who a certificate names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// The fleet, SPIFFE's trust domain.
    pub fleet: Name,
    /// The role.
    pub role: Role,
    /// The node's, operator's, keeper's or relay's own name.
    pub name: Name,
}

/// Why a text is not an [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not of the form `spiffe://FLEET/ROLE/NAME`.
    #[error("`{0}` is not of the form spiffe://FLEET/ROLE/NAME")]
    Form(String),
    /// An unknown role.
    #[error("unknown role `{0}`; the roles are operator, node, keeper and relay")]
    Role(String),
    /// The fleet or the name has a character that names do not have.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/{}/{}", self.fleet, self.role, self.name)
    }
}

impl FromStr for Identity {
    type Err = IdentityError;
    fn from_str(s: &str) -> Result<Self, IdentityError> {
        let form = || IdentityError::Form(s.escape_debug().to_string());
        let rest = s.strip_prefix("spiffe://").ok_or_else(form)?;
        let mut parts = rest.split('/');
        let (Some(fleet), Some(role), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(form());
        };
        let role = Role::ALL
            .into_iter()
            .find(|r| r.as_str() == role)
            .ok_or_else(|| IdentityError::Role(role.escape_debug().to_string()))?;
        Ok(Self {
            fleet: Name::new(fleet)?,
            role,
            name: Name::new(name)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_print_and_parse() {
        let text = "spiffe://demo/node/web001";
        let id: Identity = text.parse().expect("valid");
        assert_eq!((id.role, id.to_string().as_str()), (Role::Node, text));
    }

    #[test]
    fn nothing_but_the_exact_form_is_an_identity() {
        for bad in [
            "",
            "spiffe://demo/node",
            "spiffe://demo/node/a/b",
            "spiffe://demo/Node/a",
            "spiffe://demo/admin/a",
            "spiffe:///node/a",
            "spiffe://demo/node/",
            "spiffe://demo/node/a,b",
            "https://demo/node/a",
            "spiffe://demo/node/a\n",
        ] {
            assert!(bad.parse::<Identity>().is_err(), "{bad:?}");
        }
    }
}
