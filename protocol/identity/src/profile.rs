//! The four certificate profiles: what each role may be in a TLS handshake.
//!
//! | role     | TLS server | TLS client | why                                                    |
//! |----------|------------|------------|--------------------------------------------------------|
//! | operator | no         | yes        | asks; nobody ever dials an operator                    |
//! | node     | yes        | yes        | shells dial it; behind NAT it dials keeper or relay    |
//! | keeper   | yes        | yes        | nodes dial it; it dials nodes                          |
//! | relay    | yes        | yes        | operators and nodes dial it; it dials nodes            |
//!
//! The extended key usage of a certificate must be exactly its role's: one more (or `any`) is
//! refused like one too few. Apart from it every profile is the same: a leaf, digital signatures
//! only, and one subject alternative name, which is the identity.

use hailer_protocol::role::Role;

/// What a role may be in a TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Whether its certificate may stand on the answering side.
    pub is_server: bool,
    /// Whether its certificate may stand on the dialling side.
    pub is_client: bool,
}

impl Profile {
    /// Returns the profile of a role.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Operator => Self {
                is_server: false,
                is_client: true,
            },
            Role::Node | Role::Keeper | Role::Relay => Self {
                is_server: true,
                is_client: true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_the_only_role_that_nobody_dials() {
        for role in Role::ALL {
            let profile = Profile::of(role);
            assert_eq!(profile.is_server, role != Role::Operator, "{role}");
            assert!(profile.is_client, "{role}");
        }
    }
}
