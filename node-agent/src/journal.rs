//! The journal: what the agent was asked to start, and what came of it, on disk.
//!
//! Intents are appended before a command starts and outcomes after it has ended, to the state
//! directory's checksummed log. An intent is forced to the disk before its command starts: not even
//! a power loss leaves a command without one. Outcomes and refusals are handed to the kernel and
//! reach the disk with the next intent: a crash of the agent loses nothing, a power loss may lose
//! the last ones, and the command's outcome is then unknown, which is what it is.
//!
//! What guards nothing (refusals, probes, kills, the agent's own start and end) is a *note*: if it
//! cannot be written, the agent goes on, and the journal says how many are missing as soon as it can.

mod automations;
mod body;
mod damage;
mod heads;

use std::collections::{BTreeMap, VecDeque};

use hailer_protocol::audit::Head;
use hailer_protocol::engine::Record as Mark;
use hailer_protocol::ids::{Digest, RunId};
use hailer_protocol::revocation::SignedRevocations;
use hailer_protocol::role::Role;
use hailer_protocol::signing::Statement;
use hailer_protocol::time::Wall;

pub(crate) use body::*;

use crate::audit::Syslog;
use crate::core::{Detached, Entry, Outcome as Became, REMEMBERED_MAX, RunEnd};
use crate::state::{Admission, LogConfig, Snapshot, Space, State, StateConfig, Sync};

/// Why an entry could not be written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The log or the store refused.
    #[error("append to the journal: {0}")]
    Write(String),
    /// The log is damaged, and nobody has accepted that.
    #[error(
        "this node's log is damaged, and it runs nothing until somebody has looked at that: {0}; \
         `hailerd journal accept --reason …` on the node lets it go on"
    )]
    Damaged(String),
    /// The log is not what was written.
    #[error("read the journal: {0}")]
    Read(String),
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

/// One agent's journal.
#[derive(Debug)]
pub struct Journal {
    state: State,
    is_on_disk: bool,
    known: VecDeque<(RunId, Digest)>,
    detached: BTreeMap<RunId, Detached>,
    /// What could not be written, and is not yet written down as missing.
    gap: Option<Gap>,
    syslog: Option<Syslog>,
    /// Whether the newest record is a keeper's countersignature.
    is_countersigned: bool,
    lists: Vec<SignedRevocations>,
    /// What the automations' engine is made of.
    marks: Vec<Mark>,
}

/// Under what the number of the last trust bundle is kept.
const BUNDLE: &str = "bundle";

/// How much a simulated node remembers: a process holds thousands of them. Twice the longest
/// command fits.
const IN_MEMORY: LogConfig = LogConfig {
    segment_bytes: 256 << 10,
    bytes: 512 << 10,
};

fn remember(known: &mut VecDeque<(RunId, Digest)>, intent: &Intent) {
    known.push_back((intent.run, intent.request));
    if known.len() > REMEMBERED_MAX {
        known.pop_front();
    }
}

impl Journal {
    /// Reads what an opened state directory knows of earlier runs.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn open(state: State) -> Result<Self, JournalError> {
        let mut known = VecDeque::new();
        let mut marks = Vec::new();
        let mut detached: BTreeMap<RunId, Detached> = BTreeMap::new();
        let log = state.log();
        let records = log
            .read_from(log.first_seq())
            .map_err(|e| JournalError::Write(e.to_string()))?;
        let mut is_countersigned = false;
        for record in records {
            let record = record.map_err(|e| JournalError::Write(e.to_string()))?;
            is_countersigned = record.kind == Body::COUNTERSIGNED;
            let mut ends = |run: &RunId, end: RunEnd| {
                if let Some(run) = detached.get_mut(run) {
                    let at = record.wall;
                    run.outcome = Became::Ended { at, end };
                }
            };
            match Body::read(record.kind, &record.body) {
                Some(Body::Intent(intent)) => remember(&mut known, &intent),
                Some(Body::Detached(intent)) => {
                    remember(&mut known, &intent);
                    if let Some(run) = intent.into_detached(record.wall) {
                        detached.insert(run.run, run);
                    }
                }
                Some(Body::Outcome(outcome)) => ends(&outcome.run.clone(), outcome.into_end(None)),
                Some(Body::Ended(ended)) => {
                    let run = ended.outcome.run;
                    ends(&run, ended.outcome.into_end(ended.bytes));
                }
                Some(Body::Mark(mark)) => marks.push(mark),
                Some(Body::Marks(all)) => marks = all,
                Some(
                    Body::Told(_)
                    | Body::Refusal(_)
                    | Body::StepIntent(_)
                    | Body::StepOutcome(_)
                    | Body::StepEnded(_)
                    | Body::Authorised(_)
                    | Body::Refused(_)
                    | Body::Probe(_)
                    | Body::Killed(_)
                    | Body::Repeated(_)
                    | Body::AgentStarted(_)
                    | Body::AgentStopped(_)
                    | Body::Gap(_)
                    | Body::Damaged(_)
                    | Body::Accepted(_)
                    | Body::Revocations(_)
                    | Body::Authorities(_)
                    | Body::Countersigned(_),
                )
                | None => {}
            }
        }
        Ok(Self {
            lists: kept_lists(&state)?,
            marks,
            state,
            is_on_disk: true,
            known,
            detached,
            gap: None,
            syslog: None,
            is_countersigned,
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
            marks: Vec::new(),
            known: VecDeque::new(),
            detached: BTreeMap::new(),
            gap: None,
            syslog: None,
            is_countersigned: false,
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
    pub(crate) fn append(&mut self, now: Wall, entry: &Entry) -> Result<(), JournalError> {
        if let Some(damage) = self.state.damage()
            && damage::is_guarding(entry)
        {
            return Err(JournalError::Damaged(damage.to_owned()));
        }
        if let Entry::Authorised { statement, .. } = entry {
            self.spend(now, statement)?;
        }
        if let Entry::Revocations { scope, signed, .. } = entry {
            self.keep_list(*scope, signed)?;
        }
        if let Entry::Authorities { number, .. } = entry {
            self.keep_bundle(*number)?;
        }
        let sync = match entry {
            // What is countersigned is counted on by whoever signed.
            Entry::Intent { .. } | Entry::StepIntent { .. } | Entry::Countersigned { .. } => {
                Sync::Yes
            }
            Entry::Mark(mark) if automations::is_guard(mark) => Sync::Yes,
            // The store has forced the nonce to the disk; the record gets there with the intent.
            Entry::Authorised { .. }
            | Entry::Outcome { .. }
            | Entry::StepOutcome { .. }
            | Entry::Revocations { .. }
            | Entry::Authorities { .. }
            | Entry::Mark(_)
            | Entry::Marks(_)
            | Entry::Told(_)
            | Entry::Refusal { .. }
            | Entry::Probe { .. }
            | Entry::Killed { .. }
            | Entry::Repeated { .. }
            | Entry::AgentStarted { .. }
            | Entry::AgentStopped
            | Entry::Gap { .. } => Sync::No,
        };
        self.mend(now);
        self.write(now, &Body::from(entry), sync)
    }

    /// Appends an entry that guards nothing. If it could not be written it is counted, and the count is
    /// written before the next entry that can be.
    pub(crate) fn note(&mut self, now: Wall, entry: &Entry) {
        if let Err(e) = self.append(now, entry) {
            self.lose(now, 1, &e.to_string());
        }
    }

    /// Counts entries that are lost.
    pub(crate) fn lose(&mut self, now: Wall, n: u64, why: &str) {
        tracing::error!(n, why, "entries of the journal are lost");
        let gap = self.gap.get_or_insert_with(|| Gap {
            n: 0,
            since: now,
            why: why.to_owned(),
        });
        gap.n += n;
    }

    /// Writes down what is missing, if anything is.
    fn mend(&mut self, now: Wall) {
        if let Some(gap) = self.gap.take()
            && self.write(now, &Body::Gap(gap.clone()), Sync::No).is_err()
        {
            self.gap = Some(gap);
        }
    }

    fn write(&mut self, now: Wall, body: &Body, sync: Sync) -> Result<(), JournalError> {
        let failed = |e: &dyn std::fmt::Display| JournalError::Write(e.to_string());
        let bytes = body.encode().map_err(|e| failed(&e))?;
        self.state
            .log_mut()
            .append(now, body.kind(), &bytes, sync)
            .map_err(|e| failed(&e))?;
        self.is_countersigned = body.kind() == Body::COUNTERSIGNED;
        if let Some(syslog) = &mut self.syslog {
            let log = self.state.log();
            let (seq, link) = (log.next_seq() - 1, log.head());
            syslog.tell(&Head { seq, link }, now, body);
        }
        Ok(())
    }

    /// Also sends every record to the machine's own log from now on.
    pub(crate) fn set_syslog(&mut self, syslog: Syslog) {
        self.syslog = Some(syslog);
    }

    /// Returns the log as it is now, to be read while others append.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.state.log().snapshot()
    }

    /// Writes down that the agent has started.
    pub(crate) fn started(&mut self, now: Wall, software: String, config: Option<Digest>) {
        let started = Entry::AgentStarted {
            software,
            config,
            torn_bytes: self.state.recovery().torn_bytes,
        };
        self.note(now, &started);
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

    /// Returns the number of the trust bundle that was taken last; 0 if there was none.
    pub(crate) fn bundle(&self) -> u64 {
        let kept = self.state.store().value(Space::Authorities, BUNDLE);
        let number = kept.ok().flatten();
        number
            .and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)))
            .unwrap_or(0)
    }

    fn keep_bundle(&mut self, number: u64) -> Result<(), JournalError> {
        self.state
            .store_mut()
            .put(Space::Authorities, BUNDLE, &number.to_be_bytes())
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

fn kept_lists(state: &State) -> Result<Vec<SignedRevocations>, JournalError> {
    let kept = state.store().entries(Space::Revocations);
    let kept = kept.map_err(|e| JournalError::Write(e.to_string()))?;
    kept.iter()
        .map(|(_, bytes)| SignedRevocations::decode(bytes))
        .collect::<Result<_, _>>()
        .map_err(|e| JournalError::Write(format!("the revocations that are kept: {e}")))
}

#[cfg(test)]
mod tests {
    use hailer_protocol::error::ErrorCode;

    use super::*;

    fn refusal() -> Entry {
        Entry::Refusal {
            who: "spiffe://demo/operator/ann".parse().expect("an identity"),
            via: None,
            code: ErrorCode::DENIED,
            text: "no".to_owned(),
            asked: None,
        }
    }

    fn bodies(journal: &Journal) -> Vec<Body> {
        let mut bodies = Vec::new();
        let chain = journal.snapshot().read(|record| {
            bodies.extend(Body::read(record.kind, &record.body));
        });
        assert!(chain.broken.is_none(), "{:?}", chain.broken);
        bodies
    }

    #[test]
    fn what_a_full_disk_did_not_take_is_counted_and_told_before_what_it_takes_next() {
        let dir = tempfile::tempdir().expect("a directory");
        let state = State::open(dir.path(), StateConfig::default(), Wall(0)).expect("open");
        let mut journal = Journal::open(state).expect("a journal");
        journal.note(Wall(1), &refusal());
        journal.state.log_mut().set_room(Some(10));
        for at in 2..5 {
            journal.note(Wall(at), &refusal());
        }
        let intent = Entry::Intent {
            run: RunId([1; 16]),
            request: Digest([2; 32]),
            who: "spiffe://demo/operator/ann".parse().expect("an identity"),
            command: "reboot".to_owned(),
            is_detached: false,
        };
        assert!(
            journal.append(Wall(5), &intent).is_err(),
            "what guards a command is refused, and the command with it"
        );
        journal.state.log_mut().set_room(None);
        journal.note(Wall(6), &refusal());
        let found = bodies(&journal);
        assert_eq!(found.len(), 3);
        let Body::Gap(gap) = &found[1] else {
            panic!("{found:?}");
        };
        assert_eq!((gap.n, gap.since), (3, Wall(2)));
        assert!(gap.why.contains("append"), "{gap:?}");
        assert!(matches!(found[2], Body::Refused(_)));
    }

    #[test]
    fn detached_runs_are_known_again_by_records_of_both_versions() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = || {
            let state = State::open(dir.path(), StateConfig::default(), Wall(0)).expect("open");
            Journal::open(state).expect("a journal")
        };
        let mut journal = open();
        for id in [1, 2] {
            let intent = Entry::Intent {
                run: RunId([id; 16]),
                request: Digest([id; 32]),
                who: "spiffe://demo/operator/ann".parse().expect("an identity"),
                command: "sleep 1".to_owned(),
                is_detached: true,
            };
            journal.append(Wall(1), &intent).expect("written");
        }
        let outcome = |id| Outcome {
            run: RunId([id; 16]),
            state: Some(hailer_protocol::state::State::Ok),
            rc: Some(0),
            wall_us: 5,
            failure: None,
        };
        let ended = Ended {
            outcome: outcome(2),
            bytes: Some(7),
            out: None,
            err: None,
        };
        for body in [Body::Outcome(outcome(1)), Body::Ended(ended)] {
            journal.write(Wall(2), &body, Sync::No).expect("written");
        }
        drop(journal);
        let mut journal = open();
        assert_eq!(journal.take_known_runs().len(), 2);
        let bytes: Vec<_> = journal
            .take_detached()
            .map(|run| match run.outcome {
                Became::Ended { end, .. } => end.bytes,
                other @ (Became::Running | Became::Unknown) => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(bytes, [None, Some(7)]);
    }
}
