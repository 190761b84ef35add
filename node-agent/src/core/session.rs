//! One connection, as a state machine: which streams are open and what may come on each next.
//!
//! ```text
//!            open(hello)  ─▶ AwaitHello ──hello──▶ Over
//!  new ──┬── open(request)─▶ AwaitRun ──run──▶ Running ──end──▶ Over
//!        ├── open(revocation)─▶ AwaitList ──offer──▶ Over
//!        ├── open(trust)─▶ AwaitTrust ──offer──▶ Over
//!        ├── open(audit) ─▶ AwaitAsk ──ask──▶ Telling ──told──▶ AwaitCountersign ──signed──▶ Over
//!        ├── open(lease) ─▶ Lease ◀──renew──┐
//!        │                    └─────────────┘
//!        └── anything else ─▶ Over (refused)
//! ```
//!
//! Requests do not wait for the hello: the protocol's major version was settled by TLS, and a
//! feature that the peer has not named is simply not used.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::audit::Head;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::RunId;
use hailer_protocol::limits::FEATURES_MAX;
use hailer_protocol::message::{Hello, StreamKind};
use hailer_protocol::time::Mono;
use hailer_protocol::version::Version;

use super::Now;
use super::admit::Denial;
use super::gate::Peer;

/// Streams of one connection that may be open at once; QUIC's own bound is lower.
const STREAMS_MAX: usize = 1024;

/// For how long the end of a certificate is not looked at again.
const LOOK_AHEAD: Duration = Duration::from_secs(24 * 3600);

/// What may come next on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamPhase {
    /// Nothing was read yet: an open must come.
    New,
    /// The peer's hello.
    AwaitHello,
    /// A run or a fetch.
    AwaitRun,
    /// Nothing but a reset: the run is on its way.
    Running(RunId),
    /// Renewals.
    Lease,
    /// A revocation list.
    AwaitList,
    /// A trust bundle.
    AwaitTrust,
    /// A question where the audit stands.
    AwaitAsk,
    /// Nothing: where it stands is being read.
    Telling,
    /// A signature under that head, or nothing.
    AwaitCountersign(Head),
    /// Nothing; whatever comes is ignored.
    Over,
}

impl StreamPhase {
    /// What may come while an answer is given that was begun before: as long as its run lasts, a reset
    /// cancels it.
    #[must_use]
    pub const fn answered(run: RunId, is_running: bool) -> Self {
        if is_running {
            Self::Running(run)
        } else {
            Self::Over
        }
    }
}

/// One connection's side of the conversation.
#[derive(Debug)]
pub struct Session {
    /// Shared with whatever is being decided: its certificates are too long to be copied for every
    /// envelope.
    peer: Arc<Peer>,
    hello: Option<Hello>,
    streams: BTreeMap<u64, StreamPhase>,
    /// Whether its chain leads to the authorities that are believed at this moment.
    is_verified: bool,
    /// When to look whether its certificate still holds.
    look_at: Mono,
}

impl Session {
    /// Begins a session with a peer whose certificate has been verified.
    #[must_use]
    pub fn new(now: Now, peer: Peer) -> Self {
        let mut session = Self {
            peer: Arc::new(peer),
            hello: None,
            streams: BTreeMap::new(),
            is_verified: true,
            look_at: now.mono,
        };
        session.look_again(now);
        session
    }

    /// Whether the peer's chain leads to the authorities that are believed at this moment.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Other authorities are believed from now on.
    pub const fn forget_verified(&mut self) {
        self.is_verified = false;
    }

    /// Returns when to look whether the peer's certificate still holds.
    #[must_use]
    pub const fn look_at(&self) -> Mono {
        self.look_at
    }

    /// Computes anew when that is, by a wall clock that may have been set.
    pub fn look_again(&mut self, now: Now) {
        let left = self.peer.standing.ends_at().0.saturating_sub(now.wall.0);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        self.look_at = now.mono + left.min(LOOK_AHEAD);
    }

    /// Returns who the peer is.
    #[must_use]
    pub const fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// Returns what the peer said of itself, once it has.
    #[must_use]
    pub const fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Returns what may come next on a stream.
    #[must_use]
    pub fn phase(&self, stream: u64) -> StreamPhase {
        self.streams
            .get(&stream)
            .copied()
            .unwrap_or(StreamPhase::New)
    }

    /// Returns the kind of a stream whose open has been read.
    #[must_use]
    pub const fn kind_of(phase: StreamPhase) -> Option<StreamKind> {
        match phase {
            StreamPhase::New | StreamPhase::Over => None,
            StreamPhase::AwaitHello => Some(StreamKind::Hello),
            StreamPhase::AwaitRun | StreamPhase::Running(_) => Some(StreamKind::Request),
            StreamPhase::Lease => Some(StreamKind::RunLease),
            StreamPhase::AwaitList => Some(StreamKind::Revocation),
            StreamPhase::AwaitTrust => Some(StreamKind::Trust),
            StreamPhase::AwaitAsk | StreamPhase::Telling | StreamPhase::AwaitCountersign(_) => {
                Some(StreamKind::Audit)
            }
        }
    }

    /// Takes note of a stream's open, which has been admitted.
    ///
    /// # Errors
    /// When the session has as many streams as it may.
    pub fn open(&mut self, stream: u64, kind: StreamKind) -> Result<(), Denial> {
        if self.streams.len() >= STREAMS_MAX {
            return Err(Denial {
                code: ErrorCode::BUSY,
                text: format!("{STREAMS_MAX} streams are open on this connection"),
            });
        }
        let phase = match kind {
            StreamKind::Hello => StreamPhase::AwaitHello,
            StreamKind::Request => StreamPhase::AwaitRun,
            StreamKind::RunLease => StreamPhase::Lease,
            StreamKind::Revocation => StreamPhase::AwaitList,
            StreamKind::Trust => StreamPhase::AwaitTrust,
            StreamKind::Audit => StreamPhase::AwaitAsk,
            StreamKind::Events
            | StreamKind::FleetLease
            | StreamKind::Trigger
            | StreamKind::Enrol => StreamPhase::Over,
        };
        self.streams.insert(stream, phase);
        Ok(())
    }

    /// Takes the peer's hello.
    ///
    /// # Errors
    /// When the versions do not fit or the hello is out of bounds.
    pub fn greet(&mut self, stream: u64, hello: Hello) -> Result<(), Denial> {
        self.set(stream, StreamPhase::Over);
        if !Version::OURS.speaks_with(hello.version) {
            return Err(Denial {
                code: ErrorCode::VERSION,
                text: format!(
                    "this agent speaks version {}, the peer {}",
                    Version::OURS,
                    hello.version
                ),
            });
        }
        if hello.features.len() > FEATURES_MAX {
            return Err(Denial {
                code: ErrorCode::MALFORMED,
                text: format!(
                    "a hello names {} features, at most {FEATURES_MAX} are allowed",
                    hello.features.len()
                ),
            });
        }
        self.hello = Some(hello);
        Ok(())
    }

    /// Moves a stream on.
    pub fn set(&mut self, stream: u64, phase: StreamPhase) {
        self.streams.insert(stream, phase);
    }

    /// Forgets a stream and returns what was on its way there.
    pub fn close(&mut self, stream: u64) -> Option<RunId> {
        match self.streams.remove(&stream) {
            Some(StreamPhase::Running(run)) => Some(run),
            Some(
                StreamPhase::New
                | StreamPhase::AwaitHello
                | StreamPhase::AwaitRun
                | StreamPhase::Lease
                | StreamPhase::AwaitList
                | StreamPhase::AwaitTrust
                | StreamPhase::AwaitAsk
                | StreamPhase::Telling
                | StreamPhase::AwaitCountersign(_)
                | StreamPhase::Over,
            )
            | None => None,
        }
    }
}
