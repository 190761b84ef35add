//! What goes into the agent's core and what comes out of it.

use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::Run;
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::Statement;
use hailer_protocol::state::State;

use super::gate::{Peer, Permit};

/// One stream of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamRef {
    /// The connection, numbered by the driver.
    pub conn: u64,
    /// The stream, as QUIC numbers it.
    pub stream: u64,
}

/// What the drivers tell the core.
#[derive(Debug, Clone)]
pub enum Input {
    /// A peer with a verified certificate has connected.
    Connected {
        /// The connection.
        conn: u64,
        /// Who it is, as the handshake found out.
        peer: Peer,
    },
    /// The connection is gone. Its runs live on until their lease ends.
    Disconnected {
        /// The connection.
        conn: u64,
    },
    /// A whole envelope arrived.
    Envelope {
        /// Where.
        at: StreamRef,
        /// What.
        envelope: Envelope,
    },
    /// The peer reset its half of the stream: it cancels what it asked for there.
    Reset {
        /// Where.
        at: StreamRef,
    },
    /// The stream is over, whoever ended it.
    Closed {
        /// Where.
        at: StreamRef,
    },
    /// A run that was begun has ended.
    Ended {
        /// Which.
        run: RunId,
        /// How.
        end: RunEnd,
    },
}

/// How a run ended, as the journal tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// In which state; `None` where it never started.
    pub state: Option<State>,
    /// The exit code, if there is one.
    pub rc: Option<i32>,
    /// How long it took.
    pub wall: Duration,
    /// How many bytes it wrote; `None` where that is not known.
    pub bytes: Option<u64>,
    /// Why it could not be carried out, if so.
    pub failure: Option<(ErrorCode, String)>,
}

/// What the core asks of the drivers. Effects are carried out in order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Write this to the stream.
    Send {
        /// Where.
        at: StreamRef,
        /// What.
        envelope: Envelope,
    },
    /// Nothing more will be sent on the stream.
    Finish {
        /// Where.
        at: StreamRef,
    },
    /// Write this down before anything after it is done. If that fails, the effects after it are
    /// not carried out.
    Record(Entry),
    /// Carry out the run and answer on the stream.
    Begin {
        /// Where to answer.
        at: StreamRef,
        /// What to do.
        run: Arc<Run>,
        /// Who asked.
        who: Identity,
        /// How it may be done.
        permit: Permit,
    },
    /// Answer on the stream with what is there of a run that was begun before.
    Answer {
        /// Where to answer.
        at: StreamRef,
        /// Which.
        run: RunId,
    },
    /// Kill whatever is left of a detached run that an earlier agent of this node began.
    EndOrphan {
        /// Which.
        run: RunId,
    },
    /// Drop what is kept of a detached run's answer.
    Forget {
        /// Which.
        run: RunId,
    },
    /// End the connection with all its streams.
    Close {
        /// Which.
        conn: u64,
        /// What its peer is told.
        why: Farewell,
    },
    /// End the run with its whole process tree.
    Kill {
        /// Which.
        run: RunId,
        /// Why.
        why: KillReason,
    },
}

/// Why a run is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KillReason {
    /// Its operator cancelled it.
    Cancelled,
    /// Its deadline has come.
    Deadline,
    /// Its operator's lease has ended.
    LeaseEnded,
    /// Its operator's certificate was revoked.
    Revoked,
}

/// Why a connection is ended, as its peer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Farewell {
    /// There are as many as there may be.
    Crowded,
    /// A list names its holder.
    Revoked,
    /// Its certificate's time is over.
    Expired,
}

impl Farewell {
    /// Returns its number on the wire. Numbers are never reused; 0 is a plain goodbye, 1 a peer
    /// without an identity.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Crowded => 2,
            Self::Revoked => 3,
            Self::Expired => 4,
        }
    }

    /// Returns what the peer reads, and what to do about it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Crowded => "too many connections",
            Self::Revoked => {
                "denied: your certificate is revoked; ask whoever keeps the fleet's authority for another"
            }
            Self::Expired => "denied: your certificate has expired; renew it and connect again",
        }
    }
}

impl KillReason {
    /// Returns the state in which the run ends.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Cancelled | Self::LeaseEnded | Self::Revoked => State::Cancelled,
            Self::Deadline => State::TimedOut,
        }
    }
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A signed request is about to be carried out. It is written down once: a nonce that was written
    /// down before is refused, and nothing after it is done.
    Authorised {
        /// What was signed.
        statement: Box<Statement>,
        /// Who approved it beside its operator.
        approvers: Vec<Identity>,
        /// What the node's policy made of it; nothing where it is about an earlier run of the same
        /// operator's.
        permit: Option<Permit>,
    },
    /// A command is about to be started.
    Intent {
        /// The run.
        run: RunId,
        /// BLAKE3 of the request, so that a repeated id can be told from a stolen one.
        request: hailer_protocol::ids::Digest,
        /// Who asked.
        who: Identity,
        /// What.
        command: String,
        /// It outlives its operator's shell, and is listed.
        is_detached: bool,
    },
    /// A command has ended.
    Outcome {
        /// The run.
        run: RunId,
        /// How.
        end: RunEnd,
    },
    /// One row's command of a run that has several is about to be started.
    StepIntent {
        /// The run.
        run: RunId,
        /// Which row, from 1.
        step: u32,
        /// What.
        command: String,
    },
    /// One row's command has ended.
    StepOutcome {
        /// The run.
        run: RunId,
        /// Which row, from 1.
        step: u32,
        /// In which state; `None` where that is not known.
        state: Option<State>,
        /// The exit code, if there is one.
        rc: Option<i32>,
    },
    /// A newer revocation list holds from now on, also after a restart.
    Revocations {
        /// Of which role it speaks; of all of them if that is `None`.
        scope: Option<Role>,
        /// Its number.
        number: u64,
        /// The list.
        signed: Box<SignedRevocations>,
    },
    /// Something was asked for and refused.
    Refusal {
        /// Who asked.
        who: Identity,
        /// Why it was refused.
        text: String,
    },
}
