//! Who gets a certificate: the keeper's decisions, from what is kept of a token or a certificate.
//!
//! ```text
//!  token made ──enrol──▶ enrolment ──renew──▶ enrolment ──renew──▶ …
//!      │                    │  ended by: the next token of that name, or `hailer ca forget`
//!      └─ used, expired     └─ a certificate of an ended enrolment is never renewed
//! ```
//!
//! A name that is enrolled again begins anew: nothing of the enrolment before carries over.

use std::time::Duration;

use hailer_identity::Validity;
use hailer_protocol::ids::NodeName;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;

/// How long a node's certificate holds at most, and unless it is said.
pub const NODE_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How far back a certificate begins, if that is less than a tenth of its life: the node's clock may
/// be behind the keeper's.
const BACK: Duration = Duration::from_secs(60);

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Whom it enrols.
    pub node: NodeName,
    /// When it was made.
    pub made: Wall,
    /// The last moment at which it does.
    pub not_after: Wall,
    /// When it did.
    pub used: Option<Wall>,
}

/// What is kept of the enrolment that a certificate came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Its number.
    pub id: i64,
    /// Who enrolled.
    pub node: NodeName,
    /// When it ended, if it has.
    pub ended: Option<Wall>,
}

/// Why there is no certificate. For the keeper's own log: whoever asks learns only that there is
/// none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No such token.
    #[error("no such token was made")]
    UnknownToken,
    /// It enrolled somebody before.
    #[error("the token for `{0}` has been used")]
    UsedToken(NodeName),
    /// Its time is over.
    #[error("the token for `{0}` has expired")]
    ExpiredToken(NodeName),
    /// It was made for another node.
    #[error("the token is for `{made_for}`, and not for `{asked_for}`")]
    OtherNode {
        /// Whom it was made for.
        made_for: NodeName,
        /// Who asked.
        asked_for: NodeName,
    },
    /// A certificate that this keeper did not give.
    #[error("the certificate of `{0}` is not one that was given here")]
    UnknownCertificate(Identity),
    /// A certificate of somebody who was forgotten, or enrolled again.
    #[error("the enrolment of `{0}` that the certificate belongs to has ended")]
    Ended(NodeName),
    /// It was made before its node's certificates were taken back.
    #[error("the token for `{0}` was made before `{0}` was revoked")]
    RevokedToken(NodeName),
    /// Somebody whose certificates were taken back.
    #[error("`{0}` is revoked")]
    Revoked(Identity),
    /// Only nodes renew here.
    #[error("`{0}` is no node")]
    NoNode(Identity),
}

/// Decides whether a token enrols a node at this moment. The token's end is the keeper's own clock's:
/// no skew is granted. `is_revoked` says whether a certificate of that name would be taken back by now
/// that began at a moment: whoever is revoked does not come back with a token that was out before.
///
/// # Errors
/// Says why not.
pub fn enrol(
    now: Wall,
    life: Duration,
    token: Option<&TokenRow>,
    node: &NodeName,
    is_revoked: impl Fn(Wall) -> bool,
) -> Result<Validity, Reason> {
    let token = token.ok_or(Reason::UnknownToken)?;
    if token.node != *node {
        return Err(Reason::OtherNode {
            made_for: token.node.clone(),
            asked_for: node.clone(),
        });
    }
    if token.used.is_some() {
        return Err(Reason::UsedToken(node.clone()));
    }
    if now > token.not_after {
        return Err(Reason::ExpiredToken(node.clone()));
    }
    if is_revoked(token.made) {
        return Err(Reason::RevokedToken(node.clone()));
    }
    Ok(span(now, life))
}

/// Decides whether the holder of a certificate, which the handshake has verified, gets the next one.
///
/// # Errors
/// Says why not.
pub fn renew(
    now: Wall,
    life: Duration,
    enrolment: Option<&Enrolment>,
    peer: &Identity,
) -> Result<Validity, Reason> {
    if peer.role != Role::Node {
        return Err(Reason::NoNode(peer.clone()));
    }
    let enrolment = enrolment
        .filter(|e| e.node == peer.name)
        .ok_or_else(|| Reason::UnknownCertificate(peer.clone()))?;
    match enrolment.ended {
        Some(_) => Err(Reason::Ended(peer.name.clone())),
        None => Ok(span(now, life)),
    }
}

/// Returns the span of a certificate that is given now, for that long.
pub(super) fn span(now: Wall, life: Duration) -> Validity {
    let back = i64::try_from(BACK.min(life / 10).as_millis()).unwrap_or(i64::MAX);
    Validity {
        not_before: Wall(now.0.saturating_sub(back).max(0)),
        not_after: now + life,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NodeName {
        NodeName::new(text).expect("a name")
    }

    fn identity(role: Role, node: &str) -> Identity {
        Identity {
            fleet: name("demo"),
            role,
            name: name(node),
        }
    }

    #[test]
    fn a_token_enrols_its_node_once_and_until_its_end() {
        let end = Wall(1_000_000);
        let fresh = TokenRow {
            node: name("web1"),
            made: Wall(1_000),
            not_after: end,
            used: None,
        };
        let used = TokenRow {
            used: Some(Wall(5)),
            ..fresh.clone()
        };
        let other = Reason::OtherNode {
            made_for: name("web1"),
            asked_for: name("web2"),
        };
        let cases = [
            (end, Some(&fresh), "web1", None),
            (
                Wall(end.0 + 1),
                Some(&fresh),
                "web1",
                Some(Reason::ExpiredToken(name("web1"))),
            ),
            (
                Wall(end.0 + 1_000),
                Some(&fresh),
                "web1",
                Some(Reason::ExpiredToken(name("web1"))),
            ),
            (end, Some(&fresh), "web2", Some(other)),
            (
                end,
                Some(&used),
                "web1",
                Some(Reason::UsedToken(name("web1"))),
            ),
            (end, None, "web1", Some(Reason::UnknownToken)),
        ];
        for (now, row, asked, expected) in cases {
            assert_eq!(
                enrol(now, NODE_LIFE, row, &name(asked), |_| false).err(),
                expected,
                "{now:?} {asked}"
            );
        }
        // Revoked up to a moment: one that was made before it enrols nobody ever after.
        for (moment, expected) in [
            (1_001, Some(Reason::RevokedToken(name("web1")))),
            (1_000, None),
        ] {
            let is_revoked = |begins| begins < Wall(moment);
            let given = enrol(end, NODE_LIFE, Some(&fresh), &name("web1"), is_revoked);
            assert_eq!(given.err(), expected, "{moment}");
        }
    }

    #[test]
    fn a_certificate_is_renewed_as_long_as_its_enrolment_lasts() {
        let live = Enrolment {
            id: 1,
            node: name("web1"),
            ended: None,
        };
        let ended = Enrolment {
            ended: Some(Wall(5)),
            ..live.clone()
        };
        let node = identity(Role::Node, "web1");
        let now = Wall(1_000_000);
        let validity = renew(now, NODE_LIFE, Some(&live), &node).expect("it lasts");
        assert!(validity.holds_at(now) && !validity.holds_at(now + NODE_LIFE * 2));
        assert_eq!(
            renew(now, NODE_LIFE, Some(&ended), &node),
            Err(Reason::Ended(name("web1")))
        );
        let stranger = identity(Role::Node, "web2");
        for row in [None, Some(&live)] {
            assert_eq!(
                renew(now, NODE_LIFE, row, &stranger),
                Err(Reason::UnknownCertificate(stranger.clone()))
            );
        }
        let relay = identity(Role::Relay, "web1");
        assert_eq!(
            renew(now, NODE_LIFE, Some(&live), &relay),
            Err(Reason::NoNode(relay))
        );
    }
}
