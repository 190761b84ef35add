//! Messages: every kind with its number, who sends it and when.
//!
//! A stream begins with [`Open`], which says what the stream is for; either side may open any.
//! A request stream then carries one [`Run`] and its answer: [`Started`], any number of
//! [`Output`]s or [`Batch`]es, then exactly one [`Done`] or [`Failed`].
//!
//! To add a message: append a [`Kind`] with a number never used before, write its type, give it a
//! line in [`Kind::ALL`], golden bytes in `tests/golden.rs`, a decision in the agent's
//! admission matrix. The compiler and the tests name the places that were forgotten.

mod answer;
mod audit;
mod enrol;
mod event;
mod guard;
mod hello;
mod lease;
mod revocation;
mod run;
mod trust;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use answer::{Batch, Done, Failed, Held, Output, OutputDigest, Sandboxed, Started, Usage};
pub use audit::{AuditAsk, AuditCountersign, AuditCountersigned, AuditStands};
pub use enrol::{EnrolAsk, Enrolled, RenewAsk};
pub use event::{Event, EventAck, EventBatch, EventKind, Trigger};
pub use guard::{Guard, Guards};
pub use hello::{Hello, Open, Refused, StreamKind};
pub use lease::{
    FleetLeaseAsk, FleetLeaseDenied, FleetLeaseGranted, FleetLeaseRelease, FleetLeaseRenew,
    RunLeaseHeld, RunLeaseRenew,
};
pub use revocation::{RevocationOffer, RevocationTaken};
pub use run::{Caps, EachRow, Fetch, Life, OutputMode, Probe, Run};
pub use trust::{TrustOffer, TrustTaken};

use crate::codec::{self, CodecError};
use crate::envelope::Envelope;

/// A type that travels in an envelope.
pub trait Message: Serialize + DeserializeOwned {
    /// Its number on the wire.
    const KIND: Kind;

    /// Puts the message into an unsigned envelope.
    ///
    /// # Errors
    /// When it is larger than an envelope may be.
    fn to_envelope(&self) -> Result<Envelope, CodecError> {
        Ok(Envelope::new(Self::KIND, codec::encode(self)?))
    }

    /// Takes the message out of an envelope whose authority has been decided.
    ///
    /// # Errors
    /// When the envelope is of another kind, or its body is no such message.
    fn from_envelope(envelope: &Envelope) -> Result<Self, CodecError> {
        if envelope.kind != Self::KIND as u16 {
            return Err(CodecError::Decode(format!(
                "expected {} ({}), got kind {}",
                Self::KIND.name(),
                Self::KIND as u16,
                envelope.kind
            )));
        }
        codec::decode(&envelope.body)
    }
}

/// Makes the table of kinds: one line a message, numbers never reused.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal $name:literal,)*) => {
        /// The number of each message. Appended to, never changed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Kind { $($(#[$doc])* $kind = $number,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Finds the kind with that number.
            #[must_use]
            pub fn from_number(number: u16) -> Option<Self> {
                Self::ALL.iter().copied().find(|k| *k as u16 == number)
            }

            /// Returns the kind's name, as documents and refusals give it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }

        $(impl Message for $kind { const KIND: Kind = Kind::$kind; })*

        /// Decodes a body as what its kind says, and drops it: for fuzzers and checks.
        ///
        /// # Errors
        /// When the kind is unknown or the body is no such message.
        pub fn decode_any(envelope: &Envelope) -> Result<(), CodecError> {
            match Kind::from_number(envelope.kind) {
                $(Some(Kind::$kind) => $kind::from_envelope(envelope).map(drop),)*
                None => Err(CodecError::Decode(format!("unknown kind {}", envelope.kind))),
            }
        }
    };
}

kinds! {
    /// First on every stream.
    Open = 1 "open",
    /// Both sides, on the hello stream.
    Hello = 2 "hello",
    /// The answer to a stream that will not be served; nothing follows.
    Refused = 3 "refused",

    /// Shell to agent: carry this out.
    Run = 16 "run",
    /// Agent to shell: it runs.
    Started = 17 "started",
    /// Agent to shell: bytes that the command wrote.
    Output = 18 "output",
    /// Agent to shell: rows.
    Batch = 19 "batch",
    /// Agent to shell: it has ended; nothing follows.
    Done = 20 "done",
    /// Agent to shell: it could not be carried out; nothing follows.
    Failed = 21 "failed",
    /// Agent to shell: output too large to send unasked, by length and digest.
    OutputDigest = 22 "output_digest",
    /// Shell to agent: send the output with that digest.
    Fetch = 23 "fetch",
    /// Agent to shell: what its sandbox kept the command from.
    Sandboxed = 24 "sandboxed",

    /// Shell to agent: my attached runs shall live on.
    RunLeaseRenew = 32 "run_lease_renew",
    /// Agent to shell: they do.
    RunLeaseHeld = 33 "run_lease_held",

    /// Agent to keeper: what happened.
    EventBatch = 48 "event_batch",
    /// Keeper to agent: stored, need not be kept any longer.
    EventAck = 49 "event_ack",

    /// Agent to keeper: may I act within a fleet-wide limit?
    FleetLeaseAsk = 64 "fleet_lease_ask",
    /// Keeper to agent: yes, until then, with this token.
    FleetLeaseGranted = 65 "fleet_lease_granted",
    /// Keeper to agent: no, ask again then.
    FleetLeaseDenied = 66 "fleet_lease_denied",
    /// Agent to keeper: done, give it to the next.
    FleetLeaseRelease = 67 "fleet_lease_release",
    /// Agent to keeper: I still act under it.
    FleetLeaseRenew = 68 "fleet_lease_renew",

    /// Keeper to agent: a condition over the whole fleet holds for an automation you have.
    Trigger = 80 "trigger",

    /// Joining node to keeper: certify me under this name, here is my token.
    EnrolAsk = 96 "enrol_ask",
    /// Node to keeper: certify me again.
    RenewAsk = 97 "renew_ask",
    /// Keeper to node: the certificate, and whom to trust; nothing follows.
    Enrolled = 98 "enrolled",
    /// Operator or keeper to agent: this is revoked.
    RevocationOffer = 112 "revocation_offer",
    /// Agent to operator or keeper: it holds here.
    RevocationTaken = 113 "revocation_taken",
    /// Operator or keeper to agent: believe these authorities from now on.
    TrustOffer = 114 "trust_offer",
    /// Agent to operator or keeper: they are believed here.
    TrustTaken = 115 "trust_taken",

    /// Keeper to agent: my signature under the head of your audit.
    AuditCountersign = 116 "audit_countersign",
    /// Agent to keeper: it is written down; nothing follows.
    AuditCountersigned = 117 "audit_countersigned",
    /// Keeper to agent: where does your audit stand?
    AuditAsk = 118 "audit_ask",
    /// Agent to keeper: here.
    AuditStands = 119 "audit_stands",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_of_kinds_are_unique() {
        let mut numbers: Vec<u16> = Kind::ALL.iter().map(|k| *k as u16).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), Kind::ALL.len());
        assert!(numbers.is_sorted(), "the table is in the order of numbers");
        for kind in Kind::ALL {
            assert_eq!(Kind::from_number(*kind as u16), Some(*kind));
        }
        assert_eq!(Kind::from_number(4), None);
    }

    #[test]
    fn a_message_is_not_taken_out_of_another_ones_envelope() {
        let envelope = Open {
            stream: StreamKind::Hello,
        }
        .to_envelope()
        .expect("small");
        assert!(Refused::from_envelope(&envelope).is_err());
    }
}
