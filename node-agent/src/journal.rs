//! The journal: what the agent was asked to start, and what came of it, on disk.
//!
//! Intents are appended before a command starts and outcomes after it has ended, to the state
//! directory's checksummed log. An intent is forced to the disk before its command starts: not even
//! a power loss leaves a command without one. Outcomes and refusals are handed to the kernel and
//! reach the disk with the next intent: a crash of the agent loses nothing, a power loss may lose
//! the last ones, and the command's outcome is then unknown, which is what it is.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hailer_protocol::codec;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::ids::{Digest, RunId};
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::signing::Statement;
use hailer_protocol::state::State as RunState;
use hailer_protocol::time::Wall;
use serde::{Deserialize, Serialize};

use crate::core::{Detached, Entry, Outcome as Became, Permit, REMEMBERED_MAX, RunEnd};
use crate::state::{Admission, LogConfig, Space, State, StateConfig, Sync};

/// Why an entry could not be written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The log or the store refused.
    #[error("append to the journal: {0}")]
    Write(String),
    /// A signature that was used before, or of which that can no longer be told.
    #[error("{0}")]
    Spent(&'static str),
}

impl JournalError {
    /// The thread that wrote has died.
    pub(crate) fn broken_off(why: &dyn std::fmt::Display) -> Self {
        Self::Write(format!("the write broke off: {why}"))
    }
}

/// Kinds of records in the log. Numbers are never reused.
mod kind {
    pub(super) const INTENT: u16 = 1;
    pub(super) const OUTCOME: u16 = 2;
    pub(super) const REFUSAL: u16 = 3;
    /// As an intent, of a run that outlives its operator's shell.
    pub(super) const DETACHED: u16 = 4;
    pub(super) const STEP_INTENT: u16 = 5;
    pub(super) const STEP_OUTCOME: u16 = 6;
    /// What vouches for the run that follows.
    pub(super) const AUTHORISED: u16 = 7;
    pub(super) const REVOCATIONS: u16 = 8;
}

#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    run: RunId,
    request: Digest,
    who: String,
    command: String,
}

impl Intent {
    /// Makes the detached run of which nothing more is known; `None` if it is nobody's.
    fn into_detached(self, began: Wall) -> Option<Detached> {
        Some(Detached {
            run: self.run,
            who: self.who.parse::<Identity>().ok()?,
            command: self.command,
            began,
            outcome: Became::Unknown,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Authorised {
    statement: Statement,
    approvers: Vec<String>,
    permit: Option<Permitted>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Permitted {
    grant: Grant,
    line: u32,
    policy: Digest,
    run_as: Option<String>,
    is_reading: bool,
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

#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    run: RunId,
    state: Option<RunState>,
    rc: Option<i32>,
    wall_us: u64,
    failure: Option<(ErrorCode, String)>,
}

impl Outcome {
    fn into_end(self) -> RunEnd {
        RunEnd {
            state: self.state,
            rc: self.rc,
            wall: Duration::from_micros(self.wall_us),
            bytes: None,
            failure: self.failure,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StepIntent {
    run: RunId,
    step: u32,
    command: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct StepOutcome {
    run: RunId,
    step: u32,
    state: Option<RunState>,
    rc: Option<i32>,
}

/// Which list holds from then on; the list itself is in the store.
#[derive(Debug, Serialize, Deserialize)]
struct ListTaken {
    scope: Option<Role>,
    number: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    who: String,
    text: String,
}

/// One agent's journal.
#[derive(Debug)]
pub struct Journal {
    state: State,
    is_on_disk: bool,
    known: VecDeque<(RunId, Digest)>,
    detached: BTreeMap<RunId, Detached>,
    lists: Vec<SignedRevocations>,
}

/// How much a simulated node remembers: a process holds thousands of them. Twice the longest
/// command fits.
const IN_MEMORY: LogConfig = LogConfig {
    segment_bytes: 256 << 10,
    bytes: 512 << 10,
};

impl Journal {
    /// Reads what an opened state directory knows of earlier runs.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn open(state: State) -> Result<Self, JournalError> {
        let mut known = VecDeque::new();
        let mut detached = BTreeMap::new();
        let log = state.log();
        let records = log
            .read_from(log.first_seq())
            .map_err(|e| JournalError::Write(e.to_string()))?;
        for record in records {
            let record = record.map_err(|e| JournalError::Write(e.to_string()))?;
            if (record.kind == kind::INTENT || record.kind == kind::DETACHED)
                && let Ok(intent) = codec::decode::<Intent>(&record.body)
            {
                known.push_back((intent.run, intent.request));
                if known.len() > REMEMBERED_MAX {
                    known.pop_front();
                }
                if record.kind == kind::DETACHED
                    && let Some(run) = intent.into_detached(record.wall)
                {
                    detached.insert(run.run, run);
                }
            } else if record.kind == kind::OUTCOME
                && let Ok(outcome) = codec::decode::<Outcome>(&record.body)
                && let Some(run) = detached.get_mut(&outcome.run)
            {
                run.outcome = Became::Ended {
                    at: record.wall,
                    end: outcome.into_end(),
                };
            }
        }
        let kept = state.store().entries(Space::Revocations);
        let kept = kept.map_err(|e| JournalError::Write(e.to_string()))?;
        let lists = kept
            .iter()
            .map(|(_, bytes)| SignedRevocations::decode(bytes))
            .collect::<Result<_, _>>()
            .map_err(|e| JournalError::Write(format!("the revocations that are kept: {e}")))?;
        Ok(Self {
            lists,
            state,
            is_on_disk: true,
            known,
            detached,
        })
    }

    /// Makes a journal that lives in memory and is gone with the process: for simulated nodes.
    ///
    /// # Errors
    /// When the state's bounds contradict each other.
    pub fn in_memory() -> Result<Self, JournalError> {
        let config = StateConfig {
            log: IN_MEMORY,
            ..StateConfig::default()
        };
        let state = State::ephemeral(config).map_err(|e| JournalError::Write(e.to_string()))?;
        Ok(Self {
            state,
            is_on_disk: false,
            lists: Vec::new(),
            known: VecDeque::new(),
            detached: BTreeMap::new(),
        })
    }

    /// Whether appending may wait for a disk.
    pub(crate) const fn is_on_disk(&self) -> bool {
        self.is_on_disk
    }

    /// Hands over the latest runs that were begun before this process started, oldest first.
    pub(crate) fn take_known_runs(&mut self) -> VecDeque<(RunId, Digest)> {
        std::mem::take(&mut self.known)
    }

    /// Hands over the detached runs that were begun before this process started.
    pub(crate) fn take_detached(&mut self) -> impl Iterator<Item = Detached> + use<> {
        std::mem::take(&mut self.detached).into_values()
    }

    /// Hands over the revocation lists that were taken before this process started.
    pub(crate) fn take_lists(&mut self) -> Vec<SignedRevocations> {
        std::mem::take(&mut self.lists)
    }

    /// Appends an entry.
    ///
    /// # Errors
    /// When it could not be written whole; then nothing of it is there.
    #[expect(clippy::too_many_lines, reason = "one arm a kind of entry")]
    pub(crate) fn append(&mut self, now: Wall, entry: &Entry) -> Result<(), JournalError> {
        if let Entry::Authorised { statement, .. } = entry {
            self.spend(now, statement)?;
        }
        if let Entry::Revocations { scope, signed, .. } = entry {
            self.keep_list(*scope, signed)?;
        }
        let (kind, body) = match entry {
            Entry::Authorised {
                statement,
                approvers,
                permit,
            } => (
                kind::AUTHORISED,
                codec::encode(&Authorised {
                    statement: (**statement).clone(),
                    approvers: approvers.iter().map(ToString::to_string).collect(),
                    permit: permit.as_ref().map(Permitted::from),
                }),
            ),
            Entry::Intent {
                run,
                request,
                who,
                command,
                is_detached,
            } => (
                if *is_detached {
                    kind::DETACHED
                } else {
                    kind::INTENT
                },
                codec::encode(&Intent {
                    run: *run,
                    request: *request,
                    who: who.to_string(),
                    command: command.clone(),
                }),
            ),
            Entry::Outcome { run, end } => (
                kind::OUTCOME,
                codec::encode(&Outcome {
                    run: *run,
                    state: end.state,
                    rc: end.rc,
                    wall_us: u64::try_from(end.wall.as_micros()).unwrap_or(u64::MAX),
                    failure: end.failure.clone(),
                }),
            ),
            Entry::StepIntent { run, step, command } => (
                kind::STEP_INTENT,
                codec::encode(&StepIntent {
                    run: *run,
                    step: *step,
                    command: command.clone(),
                }),
            ),
            Entry::StepOutcome {
                run,
                step,
                state,
                rc,
            } => (
                kind::STEP_OUTCOME,
                codec::encode(&StepOutcome {
                    run: *run,
                    step: *step,
                    state: *state,
                    rc: *rc,
                }),
            ),
            Entry::Revocations { scope, number, .. } => (
                kind::REVOCATIONS,
                codec::encode(&ListTaken {
                    scope: *scope,
                    number: *number,
                }),
            ),
            Entry::Refusal { who, text } => (
                kind::REFUSAL,
                codec::encode(&Refusal {
                    who: who.to_string(),
                    text: text.clone(),
                }),
            ),
        };
        let sync = match entry {
            Entry::Intent { .. } | Entry::StepIntent { .. } => Sync::Yes,
            // The store has forced the nonce to the disk; the record gets there with the intent.
            Entry::Authorised { .. }
            | Entry::Outcome { .. }
            | Entry::StepOutcome { .. }
            | Entry::Revocations { .. }
            | Entry::Refusal { .. } => Sync::No,
        };
        let body = body.map_err(|e| JournalError::Write(e.to_string()))?;
        self.state
            .log_mut()
            .append(now, kind, &body, sync)
            .map_err(|e| JournalError::Write(e.to_string()))?;
        Ok(())
    }

    /// Keeps a list in place of its signer's last one, forced to the disk.
    fn keep_list(
        &mut self,
        scope: Option<Role>,
        signed: &SignedRevocations,
    ) -> Result<(), JournalError> {
        let bytes = signed
            .encode()
            .map_err(|e| JournalError::Write(e.to_string()))?;
        let key = scope.map_or("authority", Role::as_str);
        self.state
            .store_mut()
            .put(Space::Revocations, key, &bytes)
            .map_err(|e| JournalError::Write(e.to_string()))
    }

    /// Admits a statement's nonce, once and for all, also over restarts.
    fn spend(&mut self, now: Wall, statement: &Statement) -> Result<(), JournalError> {
        let until = statement.forget_after();
        let admission = self
            .state
            .store_mut()
            .admit_nonce(statement.nonce.0, until, now)
            .map_err(|e| JournalError::Write(e.to_string()))?;
        match admission {
            Admission::Fresh => Ok(()),
            Admission::Seen => Err(JournalError::Spent(
                "this signature was used before; a run is signed once and carried out once",
            )),
            Admission::Expired => Err(JournalError::Spent(
                "the signature's time is over; compare the clocks of operator and node",
            )),
            Admission::Full => Err(JournalError::Spent(
                "this node remembers as many signatures as it may, and none of them has run out; try later",
            )),
        }
    }
}
