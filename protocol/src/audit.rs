//! The audit of a node: what its rows say, and how a later reading is held against an earlier one.
//!
//! Every record of a node's log carries a *link*: a checksum over the link before it and the record
//! itself. So a link vouches for everything that came before it, and whoever keeps the newest one, the
//! *head*, somewhere else can tell later whether the log still is what it was: [`continues`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Link;
use crate::table::Column;
use crate::value::DataType;

/// A column of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditColumn {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub data_type: DataType,
    /// What it says, in one line.
    pub description: &'static str,
}

const fn column(name: &'static str, data_type: DataType, description: &'static str) -> AuditColumn {
    AuditColumn {
        name,
        data_type,
        description,
    }
}

/// Every column of the audit, in their order. What an event has nothing to say of is null.
#[rustfmt::skip]
pub const AUDIT_COLUMNS: &[AuditColumn] = &[
    column("time", DataType::Time, "when, by the node's clock"),
    column("seq", DataType::Int, "the record's number, without a gap"),
    column("event", DataType::Str, "what happened: one of the events below"),
    column("who", DataType::Str, "who asked: the signer of a signed request, otherwise the connection's peer"),
    column("via", DataType::Str, "whose connection it came over, if another's"),
    column("run", DataType::Str, "the run's id"),
    column("command", DataType::Str, "what was asked, without its secrets"),
    column("reason", DataType::Str, "why, as the operator gave it, without its secrets"),
    column("approved_by", DataType::Str, "who approved it beside the operator"),
    column("run_as", DataType::Str, "as which user of the node"),
    column("targets", DataType::Int, "for how many nodes the run was signed"),
    column("root", DataType::Str, "the root of the tree over exactly those nodes"),
    column("policy_line", DataType::Int, "the line of the policy that allows it"),
    column("policy", DataType::Str, "that policy's version"),
    column("run_state", DataType::Str, "how the command ended"),
    column("run_rc", DataType::Int, "its exit code"),
    column("took", DataType::Duration, "how long it took"),
    column("wrote", DataType::Size, "how many bytes it wrote"),
    column("out_digest", DataType::Str, "BLAKE3 of all that it wrote to standard output"),
    column("err_digest", DataType::Str, "BLAKE3 of all that it wrote to standard error"),
    column("text", DataType::Str, "why it was refused, killed or failed; what else is to be said"),
    column("link", DataType::Str, "the checksum of everything up to and with this record"),
];

/// Returns the columns of the audit's table.
#[must_use]
pub fn columns() -> Vec<Column> {
    let columns = AUDIT_COLUMNS.iter();
    columns.map(|c| Column::new(c.name, c.data_type)).collect()
}

/// What a row of the audit tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuditEvent {
    /// Metrics, facts or lists were asked for, and given.
    Probe,
    /// A signed request was allowed.
    Allowed,
    /// A command is about to start.
    Started,
    /// A command has ended.
    Ended,
    /// Something was refused.
    Refused,
    /// A run was told to end before its own end.
    Killed,
    /// More of the same, which is counted and not written down one by one.
    Repeated,
    /// A newer list of revocations holds.
    Revoked,
    /// Other authorities are believed.
    Authorities,
    /// A keeper has seen the log up to a record, and signed for it.
    Countersigned,
    /// The agent started.
    AgentStarted,
    /// The agent stopped.
    AgentStopped,
    /// What happened could not be written down, and is counted.
    Gap,
    /// The log was found damaged, and what is not sound was moved aside.
    Damaged,
    /// Somebody has accepted that, and the node goes on.
    Accepted,
    /// What an automation saw, did or remembers; `events` tells more.
    Automation,
    /// A record of a kind that this version does not know.
    Unknown,
    /// The chain is broken here: what lies behind proves nothing.
    Broken,
}

impl AuditEvent {
    /// Every event.
    pub const ALL: [Self; 18] = [
        Self::Probe,
        Self::Allowed,
        Self::Started,
        Self::Ended,
        Self::Refused,
        Self::Killed,
        Self::Repeated,
        Self::Revoked,
        Self::Authorities,
        Self::Countersigned,
        Self::AgentStarted,
        Self::AgentStopped,
        Self::Gap,
        Self::Damaged,
        Self::Accepted,
        Self::Automation,
        Self::Unknown,
        Self::Broken,
    ];

    /// Returns its name, as rows show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Allowed => "allowed",
            Self::Started => "started",
            Self::Ended => "ended",
            Self::Refused => "refused",
            Self::Killed => "killed",
            Self::Repeated => "repeated",
            Self::Revoked => "revoked",
            Self::Authorities => "authorities",
            Self::Countersigned => "countersigned",
            Self::AgentStarted => "agent_started",
            Self::AgentStopped => "agent_stopped",
            Self::Gap => "gap",
            Self::Damaged => "damaged",
            Self::Accepted => "accepted",
            Self::Automation => "automation",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }

    /// Returns what it says, in a few words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Probe => "metrics, facts or lists were asked for, and given",
            Self::Allowed => "a signed request was allowed",
            Self::Started => "a command is about to start",
            Self::Ended => "a command has ended",
            Self::Refused => "something was refused",
            Self::Killed => "a run was told to end before its own end",
            Self::Repeated => "more of the same, counted and not written one by one",
            Self::Revoked => "a newer list of revocations holds",
            Self::Authorities => "other authorities are believed",
            Self::Countersigned => "a keeper has seen the log so far, and signed for it",
            Self::AgentStarted => "the agent started",
            Self::AgentStopped => "the agent stopped",
            Self::Gap => "what happened could not be written down, and is counted",
            Self::Damaged => "the log was damaged, and what is not sound moved aside",
            Self::Accepted => "somebody has accepted the damage, and the node goes on",
            Self::Automation => "what an automation saw, did or remembers: see `events`",
            Self::Unknown => "a record of a kind that this version does not know",
            Self::Broken => "the chain is broken here: what lies behind proves nothing",
        }
    }
}

/// A record and the link after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Head {
    /// The record's number; 0 stands before the first.
    pub seq: u64,
    /// The link after it.
    pub link: Link,
}

/// What a log is to one that was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same, and went on.
    Continues,
    /// The record that was the newest is there, and says something else, or what lies before it does.
    Rewritten {
        /// Which record.
        seq: u64,
        /// What it said before.
        expected: Link,
        /// What it says now.
        found: Link,
    },
    /// The record that was the newest is gone: the log ends before it.
    Truncated {
        /// Which record.
        seq: u64,
        /// The newest there is; 0 if there is none.
        newest: u64,
    },
    /// Everything up to it has been dropped to keep the log's bound: of that time nothing can be told
    /// any more.
    Dropped {
        /// Which record.
        seq: u64,
        /// The oldest there is.
        oldest: u64,
    },
}

impl Verdict {
    /// Whether somebody has tampered with the log.
    #[must_use]
    pub const fn is_tampering(&self) -> bool {
        match self {
            Self::Rewritten { .. } | Self::Truncated { .. } => true,
            Self::Continues | Self::Dropped { .. } => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continues => f.write_str("it goes on from what was read before"),
            Self::Rewritten {
                seq,
                expected,
                found,
            } => write!(
                f,
                "it was rewritten: record {seq} had the link {expected} and has {found}"
            ),
            Self::Truncated { seq, newest } => write!(
                f,
                "it was cut off: record {seq} was there, and it ends at {newest}"
            ),
            Self::Dropped { seq, oldest } => write!(
                f,
                "record {seq} was dropped with others to keep the log's bound; the oldest is {oldest}"
            ),
        }
    }
}

/// Judges whether a log still contains the head that was kept of it. `records` are its heads in
/// order, each verified against the one before; only the one at the kept number and the ends matter.
#[must_use]
pub fn continues(kept: Head, records: impl IntoIterator<Item = Head>) -> Verdict {
    let seq = kept.seq;
    if seq == 0 {
        return Verdict::Continues;
    }
    let (mut oldest, mut newest) = (None, 0);
    for head in records {
        oldest.get_or_insert(head.seq);
        newest = head.seq;
        if head.seq == seq {
            if head.link == kept.link {
                return Verdict::Continues;
            }
            return Verdict::Rewritten {
                seq,
                expected: kept.link,
                found: head.link,
            };
        }
    }
    match oldest {
        Some(oldest) if oldest > seq => Verdict::Dropped { seq, oldest },
        Some(_) | None => Verdict::Truncated { seq, newest },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: u64, byte: u8) -> Head {
        Head {
            seq,
            link: Link([byte; 16]),
        }
    }

    #[test]
    fn a_log_continues_only_if_the_kept_head_is_in_it() {
        let log = [head(4, 4), head(5, 5), head(6, 6)];
        let seq = 5;
        for (kept, records, expected) in [
            (head(0, 0), &log[..0], Verdict::Continues),
            (head(5, 5), &log[..], Verdict::Continues),
            (head(6, 6), &log[..], Verdict::Continues),
            (
                head(5, 9),
                &log[..],
                Verdict::Rewritten {
                    seq,
                    expected: Link([9; 16]),
                    found: Link([5; 16]),
                },
            ),
            (head(5, 5), &log[..1], Verdict::Truncated { seq, newest: 4 }),
            (head(5, 5), &log[..0], Verdict::Truncated { seq, newest: 0 }),
            (head(5, 5), &log[2..], Verdict::Dropped { seq, oldest: 6 }),
        ] {
            let found = continues(kept, records.iter().copied());
            assert_eq!(found, expected, "{kept:?}");
            assert_eq!(
                found.is_tampering(),
                !matches!(found, Verdict::Continues | Verdict::Dropped { .. })
            );
        }
    }

    #[test]
    fn columns_and_events_have_names_of_their_own() {
        let mut names: Vec<_> = AUDIT_COLUMNS.iter().map(|c| c.name).collect();
        names.extend(AuditEvent::ALL.map(AuditEvent::as_str));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
