//! The records of the journal: what an entry is on the disk.
//!
//! Kinds and their fields are only appended: a log is read by later versions than the one that
//! wrote it. Texts that people wrote are kept without their secrets.

use std::time::Duration;

use hailer_protocol::audit::Head;
use hailer_protocol::codec::{self, CodecError};
use hailer_protocol::countersign::SignedHead;
use hailer_protocol::engine::Record as Mark;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{Digest, Link, RunId};
use hailer_protocol::redact::{redact, redacted};
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::Statement;
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::core::{
    Asked, Detached, Entry, KillReason, Outcome as Became, Permit, Repeats, RunEnd, Told,
};

/// Declares each kind of record once: its number, its name, what it holds.
macro_rules! bodies {
    ($($number:literal $name:ident($body:ty) $(#[doc = $doc:literal])*;)+) => {
        /// A record's content. It is made, written and dropped, one at a time.
        #[expect(clippy::large_enum_variant, reason = "there is never more than one")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum Body {
            $($(#[doc = $doc])* $name($body),)+
        }

        impl Body {
            /// Returns the number of its kind. Numbers are never reused.
            pub(crate) const fn kind(&self) -> u16 {
                match self { $(Self::$name(_) => $number,)+ }
            }

            /// Returns its bytes.
            pub(crate) fn encode(&self) -> Result<Vec<u8>, CodecError> {
                match self { $(Self::$name(body) => codec::encode(body),)+ }
            }

            /// Reads a record; `None` where it is of a kind that this version does not know, or not
            /// what one of that kind holds.
            pub(crate) fn read(kind: u16, bytes: &[u8]) -> Option<Self> {
                match kind {
                    $($number => of::<$body>(bytes).map(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

bodies! {
    1 Intent(Intent) #[doc = " A command is about to start."];
    2 Outcome(Outcome) #[doc = " As an end, without what was written: of earlier versions."];
    3 Refusal(OldRefusal) #[doc = " As a refusal, without its code: of earlier versions."];
    4 Detached(Intent) #[doc = " As an intent, of a run that outlives its operator's shell."];
    5 StepIntent(StepIntent) #[doc = " One row's command is about to start."];
    6 StepOutcome(StepOutcome) #[doc = " As a step's end, without what was written: of earlier versions."];
    7 Authorised(Authorised) #[doc = " What vouches for the run that follows."];
    8 Ended(Ended) #[doc = " A command has ended."];
    9 Refused(Refused) #[doc = " Something was refused."];
    10 Probe(Probed) #[doc = " Something was told that starts nothing."];
    11 Killed(Killed) #[doc = " A run was told to end."];
    12 Repeated(Repeated) #[doc = " More of the same."];
    13 AgentStarted(AgentStarted) #[doc = " The agent has started."];
    14 AgentStopped(AgentStopped) #[doc = " The agent stops."];
    15 Gap(Gap) #[doc = " Entries could not be written."];
    16 Revocations(ListTaken) #[doc = " Which list of revocations holds from then on."];
    17 Authorities(BundleTaken) #[doc = " Which trust bundle is believed from then on."];
    18 Damaged(Damaged) #[doc = " The log was found damaged."];
    19 Accepted(Accepted) #[doc = " Somebody has accepted that."];
    20 StepEnded(StepEnded) #[doc = " One row's command has ended, and what it wrote."];
    21 Countersigned(Countersigned) #[doc = " A keeper has seen the log up to a record."];
    40 Mark(Mark) #[doc = " What the automations' engine is made of after a restart."];
    41 Marks(Vec<Mark>) #[doc = " Marks that stand for all before them."];
    42 Told(Told) #[doc = " Something that happened to an automation."];
}

impl Body {
    /// The number of a countersignature's kind.
    pub(crate) const COUNTERSIGNED: u16 = 21;
}

fn of<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    codec::decode(bytes).ok()
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) run: RunId,
    pub(crate) request: Digest,
    pub(crate) who: String,
    pub(crate) command: String,
}

impl Intent {
    /// Makes the detached run of which nothing more is known; `None` if it is nobody's.
    pub(super) fn into_detached(self, began: Wall) -> Option<Detached> {
        Some(Detached {
            run: self.run,
            who: self.who.parse::<Identity>().ok()?,
            command: self.command,
            began,
            outcome: Became::Unknown,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Authorised {
    pub(crate) statement: Statement,
    pub(crate) who: String,
    pub(crate) via: Option<String>,
    pub(crate) approvers: Vec<String>,
    pub(crate) permit: Option<Permitted>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Permitted {
    pub(crate) grant: Grant,
    pub(crate) line: u32,
    pub(crate) policy: Digest,
    pub(crate) run_as: Option<String>,
    pub(crate) is_reading: bool,
}

impl From<&Permit> for Permitted {
    fn from(permit: &Permit) -> Self {
        Self {
            grant: permit.grant,
            line: u32::try_from(permit.line).unwrap_or(u32::MAX),
            policy: permit.policy,
            run_as: permit.run_as.as_ref().map(ToString::to_string),
            is_reading: permit.reading.is_some(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) run: RunId,
    pub(crate) state: Option<State>,
    pub(crate) rc: Option<i32>,
    pub(crate) wall_us: u64,
    pub(crate) failure: Option<(ErrorCode, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) bytes: Option<u64>,
    pub(crate) out: Option<Digest>,
    pub(crate) err: Option<Digest>,
}

impl Outcome {
    pub(super) fn into_end(self, bytes: Option<u64>) -> RunEnd {
        RunEnd {
            state: self.state,
            rc: self.rc,
            wall: Duration::from_micros(self.wall_us),
            bytes,
            digests: None,
            failure: self.failure,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepIntent {
    pub(crate) run: RunId,
    pub(crate) step: u32,
    pub(crate) command: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepOutcome {
    pub(crate) run: RunId,
    pub(crate) step: u32,
    pub(crate) state: Option<State>,
    pub(crate) rc: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepEnded {
    pub(crate) outcome: StepOutcome,
    pub(crate) out: Option<Digest>,
    pub(crate) err: Option<Digest>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OldRefusal {
    pub(crate) who: String,
    pub(crate) text: String,
}

/// A request as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Matter {
    pub(crate) run: RunId,
    pub(crate) command: String,
}

impl From<&Asked> for Matter {
    fn from(asked: &Asked) -> Self {
        Self {
            run: asked.run,
            command: redact(&asked.command).into_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) who: String,
    pub(crate) via: Option<String>,
    pub(crate) code: ErrorCode,
    pub(crate) text: String,
    pub(crate) asked: Option<Matter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) asked: Matter,
    pub(crate) who: String,
    pub(crate) permit: Permitted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Killed {
    pub(crate) run: RunId,
    pub(crate) why: Cause,
    pub(crate) by: Option<String>,
}

/// Why a run was told to end. Variants are only appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    Cancelled,
    Deadline,
    LeaseEnded,
    Revoked,
}

impl From<KillReason> for Cause {
    fn from(why: KillReason) -> Self {
        match why {
            KillReason::Cancelled => Self::Cancelled,
            KillReason::Deadline => Self::Deadline,
            KillReason::LeaseEnded => Self::LeaseEnded,
            KillReason::Revoked => Self::Revoked,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repeated {
    pub(crate) who: Option<String>,
    /// The code of refusals; nothing where probes are counted.
    pub(crate) refusals: Option<ErrorCode>,
    pub(crate) n: u64,
    pub(crate) within_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentStarted {
    pub(crate) software: String,
    pub(crate) config: Option<Digest>,
    pub(crate) torn_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentStopped {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gap {
    pub(crate) n: u64,
    pub(crate) since: Wall,
    pub(crate) why: String,
}

/// What became of a damaged log; the record after the last sound one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Damaged {
    pub(crate) text: String,
    /// The last sound record, 0 if there was none.
    pub(crate) sound_seq: u64,
    /// The link after it.
    pub(crate) sound_link: Link,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accepted {
    pub(crate) who: String,
    pub(crate) reason: String,
    pub(crate) text: String,
}

/// Which list holds from then on; the list itself is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListTaken {
    pub(crate) scope: Option<Role>,
    pub(crate) number: u64,
}

/// Which trust bundle is believed from then on; its authorities are in their file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BundleTaken {
    pub(crate) number: u64,
    pub(crate) authorities: u32,
}

/// What a keeper signed, whole: it proves itself to whoever reads the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Countersigned {
    pub(crate) keeper: String,
    pub(crate) head: Head,
    pub(crate) signed: SignedHead,
}

impl From<&Entry> for Body {
    #[expect(clippy::too_many_lines, reason = "one arm for each entry")]
    fn from(entry: &Entry) -> Self {
        match entry {
            Entry::Authorised {
                statement,
                who,
                via,
                approvers,
                permit,
            } => Self::Authorised(Authorised {
                statement: without_secrets(statement),
                who: who.to_string(),
                via: via.as_ref().map(ToString::to_string),
                approvers: approvers.iter().map(ToString::to_string).collect(),
                permit: permit.as_ref().map(Permitted::from),
            }),
            Entry::Intent {
                run,
                request,
                who,
                command,
                is_detached,
            } => {
                let intent = Intent {
                    run: *run,
                    request: *request,
                    who: who.to_string(),
                    command: redact(command).into_owned(),
                };
                if *is_detached {
                    Self::Detached(intent)
                } else {
                    Self::Intent(intent)
                }
            }
            Entry::Outcome { run, end } => Self::Ended(ended(*run, end)),
            Entry::StepIntent { run, step, command } => Self::StepIntent(StepIntent {
                run: *run,
                step: *step,
                command: redact(command).into_owned(),
            }),
            Entry::StepOutcome {
                run,
                step,
                state,
                rc,
                digests,
            } => Self::StepEnded(StepEnded {
                outcome: StepOutcome {
                    run: *run,
                    step: *step,
                    state: *state,
                    rc: *rc,
                },
                out: digests.map(|d| d.out),
                err: digests.map(|d| d.err),
            }),
            Entry::Refusal {
                who,
                via,
                code,
                text,
                asked,
            } => Self::Refused(Refused {
                who: who.to_string(),
                via: via.as_ref().map(ToString::to_string),
                code: *code,
                text: redact(text).into_owned(),
                asked: asked.as_ref().map(Matter::from),
            }),
            Entry::Probe { asked, who, permit } => Self::Probe(Probed {
                asked: Matter::from(asked),
                who: who.to_string(),
                permit: Permitted::from(permit),
            }),
            Entry::Killed { run, why, by } => Self::Killed(Killed {
                run: *run,
                why: (*why).into(),
                by: by.as_ref().map(ToString::to_string),
            }),
            Entry::Repeated {
                who,
                what,
                n,
                within,
            } => Self::Repeated(Repeated {
                who: who.as_ref().map(ToString::to_string),
                refusals: match what {
                    Repeats::Probes => None,
                    Repeats::Refusals(code) => Some(*code),
                },
                n: *n,
                within_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            }),
            Entry::AgentStarted {
                software,
                config,
                torn_bytes,
            } => Self::AgentStarted(AgentStarted {
                software: software.clone(),
                config: *config,
                torn_bytes: *torn_bytes,
            }),
            Entry::Mark(mark) => Self::Mark((**mark).clone()),
            Entry::Marks(marks) => Self::Marks(marks.clone()),
            Entry::Told(told) => Self::Told((**told).clone()),
            Entry::Revocations { scope, number, .. } => Self::Revocations(ListTaken {
                scope: *scope,
                number: *number,
            }),
            Entry::Authorities {
                number,
                authorities,
            } => Self::Authorities(BundleTaken {
                number: *number,
                authorities: u32::try_from(*authorities).unwrap_or(u32::MAX),
            }),
            Entry::Gap { n, since, why } => Self::Gap(Gap {
                n: *n,
                since: *since,
                why: why.clone(),
            }),
            Entry::Countersigned {
                keeper,
                head,
                signed,
            } => Self::Countersigned(Countersigned {
                keeper: keeper.to_string(),
                head: *head,
                signed: (**signed).clone(),
            }),
            Entry::AgentStopped => Self::AgentStopped(AgentStopped {}),
        }
    }
}

fn ended(run: RunId, end: &RunEnd) -> Ended {
    let failure = end.failure.clone();
    Ended {
        outcome: Outcome {
            run,
            state: end.state,
            rc: end.rc,
            wall_us: u64::try_from(end.wall.as_micros()).unwrap_or(u64::MAX),
            failure: failure.map(|(code, text)| (code, redacted(text))),
        },
        bytes: end.bytes,
        out: end.digests.map(|d| d.out),
        err: end.digests.map(|d| d.err),
    }
}

/// A statement as the audit keeps it. What was signed is no longer in it word for word, and nothing
/// asks for that: its signature was judged before.
fn without_secrets(statement: &Statement) -> Statement {
    let mut statement = statement.clone();
    let command = &mut statement.action.command;
    command.text = redacted(std::mem::take(&mut command.text));
    statement.reason = statement.reason.map(redacted);
    statement
}
