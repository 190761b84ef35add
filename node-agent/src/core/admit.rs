//! Admission: the one function that decides, for every envelope, whether its sender may send it.
//!
//! Here the role decides: operators may ask, nobody may command in another's name, and what this
//! version does not do yet is refused by name. The decision is made before the body is decoded, from the
//! certificate's identity and the envelope's kind. What a signature says is found out behind it, by
//! the [gate](super::gate).

use hailer_protocol::envelope::{Auth, Envelope};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Kind, StreamKind};
use hailer_protocol::role::{Identity, Role};

use super::Now;

/// What admission says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be decoded and acted upon.
    Allow,
    /// It may not.
    Deny(Denial),
}

/// Why an envelope was not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Why, as a program reads it.
    pub code: ErrorCode,
    /// Why, as a person reads it.
    pub text: String,
}

impl Denial {
    fn because(code: ErrorCode, text: impl Into<String>) -> Verdict {
        Verdict::Deny(Self {
            code,
            text: text.into(),
        })
    }
}

/// Decides whether `peer` may send `envelope` on a stream of kind `stream`, at this moment.
///
/// `stream` is `None` for the first envelope of a stream, which must be an open.
#[must_use]
pub fn admit(
    _now: Now,
    peer: &Identity,
    stream: Option<StreamKind>,
    envelope: &Envelope,
) -> Verdict {
    let Some(kind) = Kind::from_number(envelope.kind) else {
        return Denial::because(
            ErrorCode::UNSUPPORTED,
            format!("message {} is not known to this agent", envelope.kind),
        );
    };
    if matches!(envelope.auth, Auth::Signed(_)) && kind != Kind::Run {
        return Denial::because(
            ErrorCode::UNSUPPORTED,
            format!(
                "{} is never signed, and what is not expected is not verified",
                kind.name()
            ),
        );
    }
    match (kind, stream) {
        (Kind::Open, None) => Verdict::Allow,
        (Kind::Open, Some(_)) => misplaced(kind),
        (_, None) => Denial::because(
            ErrorCode::MALFORMED,
            format!("a stream begins with open, not with {}", kind.name()),
        ),
        (Kind::Hello, Some(StreamKind::Hello)) => Verdict::Allow,
        (Kind::Run | Kind::Fetch, Some(StreamKind::Request))
        | (Kind::RunLeaseRenew, Some(StreamKind::RunLease)) => operators_only(peer, kind),
        // The stream was refused to whoever may not hand these on; they prove their own origin.
        (Kind::RevocationOffer, Some(StreamKind::Revocation))
        | (Kind::TrustOffer, Some(StreamKind::Trust)) => may_hand_on(peer),
        (Kind::AuditAsk | Kind::AuditCountersign, Some(StreamKind::Audit)) => keepers_only(peer),
        (Kind::EventAck, Some(StreamKind::Events))
        | (Kind::FleetLeaseGranted | Kind::FleetLeaseDenied, Some(StreamKind::FleetLease))
        | (Kind::Trigger, Some(StreamKind::Trigger)) => not_yet(kind),
        // What agents send is never taken from anybody, and nothing may stand on another's stream.
        (
            Kind::Hello
            | Kind::Refused
            | Kind::Run
            | Kind::Started
            | Kind::Output
            | Kind::Batch
            | Kind::Done
            | Kind::Failed
            | Kind::OutputDigest
            | Kind::Fetch
            | Kind::Sandboxed
            | Kind::RunLeaseRenew
            | Kind::RunLeaseHeld
            | Kind::EventBatch
            | Kind::EventAck
            | Kind::FleetLeaseAsk
            | Kind::FleetLeaseGranted
            | Kind::FleetLeaseDenied
            | Kind::FleetLeaseRelease
            | Kind::FleetLeaseRenew
            | Kind::Trigger
            | Kind::EnrolAsk
            | Kind::RenewAsk
            | Kind::Enrolled
            | Kind::RevocationOffer
            | Kind::RevocationTaken
            | Kind::TrustOffer
            | Kind::TrustTaken
            | Kind::AuditAsk
            | Kind::AuditStands
            | Kind::AuditCountersign
            | Kind::AuditCountersigned,
            Some(_),
        ) => misplaced(kind),
    }
}

/// Decides whether `peer` may open a stream of that kind.
#[must_use]
pub fn admit_stream(peer: &Identity, stream: StreamKind) -> Verdict {
    match (stream, peer.role) {
        (StreamKind::Hello, _) | (StreamKind::Request | StreamKind::RunLease, Role::Operator) => {
            Verdict::Allow
        }
        (StreamKind::Revocation | StreamKind::Trust, _) => may_hand_on(peer),
        (StreamKind::Audit, _) => keepers_only(peer),
        (StreamKind::Request | StreamKind::RunLease, role) => Denial::because(
            ErrorCode::DENIED,
            format!("a {role} may not open a {stream:?} stream; only operators may"),
        ),
        (
            StreamKind::Events | StreamKind::FleetLease | StreamKind::Trigger | StreamKind::Enrol,
            _,
        ) => Denial::because(
            ErrorCode::UNSUPPORTED,
            format!("{stream:?} streams are not served by this agent"),
        ),
    }
}

fn operators_only(peer: &Identity, kind: Kind) -> Verdict {
    match peer.role {
        Role::Operator => Verdict::Allow,
        role @ (Role::Node | Role::Keeper | Role::Relay) => Denial::because(
            ErrorCode::DENIED,
            format!(
                "{peer} may not send {}: it is a {role}, and only operators may",
                kind.name()
            ),
        ),
    }
}

/// Revocation lists and trust bundles are signed by an authority; who brings one only has to be a
/// regular of the fleet's.
fn may_hand_on(peer: &Identity) -> Verdict {
    match peer.role {
        Role::Operator | Role::Keeper => Verdict::Allow,
        role @ (Role::Node | Role::Relay) => Denial::because(
            ErrorCode::DENIED,
            format!("a {role} may not hand in lists or bundles; operators and keepers may"),
        ),
    }
}

/// Who countersigns must be no operator: their requests are what the audit is about.
fn keepers_only(peer: &Identity) -> Verdict {
    match peer.role {
        Role::Keeper => Verdict::Allow,
        role @ (Role::Operator | Role::Node | Role::Relay) => Denial::because(
            ErrorCode::DENIED,
            format!("a {role} may not countersign the audit; keepers may"),
        ),
    }
}

fn not_yet(kind: Kind) -> Verdict {
    Denial::because(
        ErrorCode::UNSUPPORTED,
        format!("{} is not served by this agent", kind.name()),
    )
}

fn misplaced(kind: Kind) -> Verdict {
    Denial::because(
        ErrorCode::MALFORMED,
        format!("{} may not stand here", kind.name()),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hailer_protocol::ids::Name;
    use hailer_protocol::time::{Mono, Wall};

    use super::*;

    const NOW: Now = Now {
        wall: Wall(0),
        mono: Mono(Duration::ZERO),
    };

    fn peer(role: Role) -> Identity {
        let name = |n| Name::new(n).expect("valid");
        Identity {
            fleet: name("demo"),
            role,
            name: name("x"),
        }
    }

    fn streams() -> impl Iterator<Item = Option<StreamKind>> {
        std::iter::once(None).chain(StreamKind::ALL.into_iter().map(Some))
    }

    #[test]
    fn every_message_from_every_role_on_every_stream_has_a_decision_and_few_are_allowed() {
        let mut allowed = Vec::new();
        for kind in Kind::ALL {
            for role in Role::ALL {
                for stream in streams() {
                    let envelope = Envelope::new(*kind, Vec::new());
                    if admit(NOW, &peer(role), stream, &envelope) == Verdict::Allow
                        && !matches!(kind, Kind::Open | Kind::Hello)
                    {
                        allowed.push((*kind, role, stream));
                    }
                }
            }
        }
        assert_eq!(
            allowed,
            [
                (Kind::Run, Role::Operator, Some(StreamKind::Request)),
                (Kind::Fetch, Role::Operator, Some(StreamKind::Request)),
                (
                    Kind::RunLeaseRenew,
                    Role::Operator,
                    Some(StreamKind::RunLease)
                ),
                (
                    Kind::RevocationOffer,
                    Role::Operator,
                    Some(StreamKind::Revocation)
                ),
                (
                    Kind::RevocationOffer,
                    Role::Keeper,
                    Some(StreamKind::Revocation)
                ),
                (Kind::TrustOffer, Role::Operator, Some(StreamKind::Trust)),
                (Kind::TrustOffer, Role::Keeper, Some(StreamKind::Trust)),
                (
                    Kind::AuditCountersign,
                    Role::Keeper,
                    Some(StreamKind::Audit)
                ),
                (Kind::AuditAsk, Role::Keeper, Some(StreamKind::Audit)),
            ]
        );
    }

    #[test]
    fn a_node_with_a_valid_certificate_cannot_run_anything_on_another() {
        let run = Envelope::new(Kind::Run, Vec::new());
        let verdict = admit(NOW, &peer(Role::Node), Some(StreamKind::Request), &run);
        let Verdict::Deny(denial) = verdict else {
            panic!("allowed")
        };
        assert_eq!(denial.code, ErrorCode::DENIED);
        assert!(admit_stream(&peer(Role::Node), StreamKind::Request) != Verdict::Allow);
    }

    #[test]
    fn a_signature_changes_nothing_for_a_role_and_stands_on_runs_alone() {
        for kind in Kind::ALL {
            for role in Role::ALL {
                for stream in streams() {
                    let mut envelope = Envelope::new(*kind, Vec::new());
                    let unsigned = admit(NOW, &peer(role), stream, &envelope);
                    envelope.auth = Auth::Signed(vec![1, 2, 3]);
                    let signed = admit(NOW, &peer(role), stream, &envelope);
                    if *kind == Kind::Run {
                        assert_eq!(signed, unsigned, "{kind:?} {role} {stream:?}");
                    } else {
                        assert_ne!(signed, Verdict::Allow, "{kind:?} {role} {stream:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_unknown_message_is_refused_by_its_number() {
        let mut envelope = Envelope::new(Kind::Run, Vec::new());
        envelope.kind = 999;
        let Verdict::Deny(denial) = admit(NOW, &peer(Role::Operator), None, &envelope) else {
            panic!("allowed")
        };
        assert_eq!(denial.text, "message 999 is not known to this agent");
    }
}
