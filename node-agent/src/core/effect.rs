//! What goes into the agent's core and what comes out of it.

use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::audit::Head;
use hailer_protocol::countersign::SignedHead;
use hailer_protocol::engine::Record as Mark;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::farewell::code;
use hailer_protocol::ids::{Digest, RunId};
use hailer_protocol::message::{AuditAsk, AuditStands, Run};
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::Statement;
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;

use super::agent::Adopted;
use super::gate::{Peer, Permit};
use super::told::Told;
use super::vouch::Vouch;

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
    /// What arrived is no envelope, and nothing after it can be read.
    Garbled {
        /// Where.
        at: StreamRef,
        /// What is wrong with it.
        text: String,
    },
    /// The stream is over, whoever ended it.
    Closed {
        /// Where.
        at: StreamRef,
    },
    /// Where the audit stands has been read.
    Stands {
        /// Where it was asked.
        at: StreamRef,
        /// Where it stands.
        stands: Box<AuditStands>,
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
    /// What they were; `None` where that is not known.
    pub digests: Option<OutputDigests>,
    /// Why it could not be carried out, if so.
    pub failure: Option<(ErrorCode, String)>,
}

/// BLAKE3 of everything that a command wrote, whether it travelled or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputDigests {
    /// Of its standard output.
    pub out: Digest,
    /// Of its standard error.
    pub err: Digest,
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
    /// Write this down, too; what comes after it is done in any case, and what could not be written
    /// is counted.
    Note(Entry),
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
        /// What vouches for what it puts in force; nothing where it puts nothing in force.
        vouch: Option<Box<Vouch>>,
    },
    /// Answer on the stream with what is there of a run that was begun before.
    Answer {
        /// Where to answer.
        at: StreamRef,
        /// Which.
        run: RunId,
    },
    /// Write these authorities down and believe them. If that fails, say so on the stream; the effects
    /// after it are not carried out.
    Adopt {
        /// Where to say so.
        at: StreamRef,
        /// Which.
        adopted: Box<Adopted>,
    },
    /// Find out where the audit stands and hand it in; nothing comes of the stream before.
    TellHead {
        /// Where it was asked.
        at: StreamRef,
        /// What was asked.
        ask: AuditAsk,
    },
    /// Write this countersignature down, answer with the head since then, and end the stream.
    Countersign {
        /// Where to answer.
        at: StreamRef,
        /// What to write.
        entry: Entry,
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
    /// Returns its number on the wire, to a peer of whom requests may have been taken over the
    /// connection.
    #[must_use]
    pub const fn code(self) -> u32 {
        match self {
            Self::Crowded => code::CROWDED,
            Self::Revoked => code::REVOKED,
            Self::Expired => code::EXPIRED,
        }
    }

    /// Returns its number on the wire, to a peer that was never let in: what it has sent already is
    /// not carried out.
    #[must_use]
    pub const fn code_before(self) -> u32 {
        match self {
            Self::Crowded => code::CROWDED,
            Self::Revoked => code::REVOKED_BEFORE,
            Self::Expired => code::EXPIRED_BEFORE,
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
        /// Who signed it.
        who: Identity,
        /// Whose connection it came over, if another's.
        via: Option<Identity>,
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
        request: Digest,
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
        /// Of what it wrote; nothing where there was no process.
        digests: Option<OutputDigests>,
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
    /// Other authorities are believed, as they are written down.
    Authorities {
        /// The number of the bundle that brought them.
        number: u64,
        /// How many they are.
        authorities: usize,
    },
    /// A keeper has seen the log up to a record.
    Countersigned {
        /// Which keeper.
        keeper: Identity,
        /// Up to which record.
        head: Head,
        /// Its signature.
        signed: Box<SignedHead>,
    },
    /// Something was asked for and refused.
    Refusal {
        /// Who asked.
        who: Identity,
        /// Whose connection it came over, if another's.
        via: Option<Identity>,
        /// Why it was refused, as a program reads it.
        code: ErrorCode,
        /// Why, as a person reads it.
        text: String,
        /// What was asked, as far as the request was read.
        asked: Option<Asked>,
    },
    /// Something is about to be told that starts nothing: metrics, facts, lists.
    Probe {
        /// What was asked.
        asked: Asked,
        /// Who asked.
        who: Identity,
        /// How the node's policy lets it be done.
        permit: Permit,
    },
    /// A run was told to end.
    Killed {
        /// Which.
        run: RunId,
        /// Why.
        why: KillReason,
        /// Who wanted it; nobody where time did.
        by: Option<Identity>,
    },
    /// More of the same came than is written down one by one.
    Repeated {
        /// From whom; nobody where it was from too many to tell apart.
        who: Option<Identity>,
        /// What.
        what: Repeats,
        /// How many.
        n: u64,
        /// Within which time.
        within: Duration,
    },
    /// What the automations' engine is made of after a restart.
    Mark(Box<Mark>),
    /// Marks that stand for all before them.
    Marks(Vec<Mark>),
    /// Something that happened to an automation.
    Told(Box<Told>),
    /// The agent has started.
    AgentStarted {
        /// Which, in which version.
        software: String,
        /// BLAKE3 of its configuration file, if it has one.
        config: Option<Digest>,
        /// Bytes of a half-written record that were cut off the log's end.
        torn_bytes: u64,
    },
    /// The agent stops.
    AgentStopped,
    /// Entries before this one could not be written.
    Gap {
        /// How many.
        n: u64,
        /// When the first of them should have been written.
        since: Wall,
        /// Why it could not be.
        why: String,
    },
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The run.
    pub run: RunId,
    /// What is asked, for people.
    pub command: String,
}

/// What is counted when it comes too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Repeats {
    /// Metrics, facts, lists.
    Probes,
    /// Refusals for that reason.
    Refusals(ErrorCode),
}
