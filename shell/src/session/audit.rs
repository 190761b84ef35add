//! The audit: what nodes are asked for it, and whether their logs still are what they were.
//!
//! After every `audit` each node that answered is asked where its chain stands, and whether the record
//! that was its newest the last time still is in it. So a log that somebody cut off or wrote anew, with
//! every checksum right, is told of by whoever has looked at it before.

use std::time::Duration;

use hailer_lang::node_set::NodeSet;
use hailer_protocol::audit::{Head, Verdict, continues};
use hailer_protocol::ids::Link;
use hailer_protocol::message::Probe;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;
use hailer_protocol::time::Wall;
use hailer_protocol::value::Value;
use hailer_table::Note;
use tokio::sync::mpsc;

use super::{Session, Shown};
use crate::clock;
use crate::exit::Exit;
use crate::fleet::{self, Ask, Finished, Job};

/// How many records of each node a line is told of.
pub(crate) const ROWS_DEFAULT: u32 = 10_000;

/// How long nodes have to say where their chains stand.
const HEADS_WITHIN: Duration = Duration::from_secs(10);

/// Returns what nodes are asked for their audit of that time.
pub(super) fn audit_of(since: Option<Duration>) -> Probe {
    Probe::Audit {
        since: since.map(ago),
        until: None,
        limit: ROWS_DEFAULT,
    }
}

/// Returns the moment that long ago.
pub(super) fn ago(since: Duration) -> Wall {
    let ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Wall(clock::wall().0.saturating_sub(ms))
}

impl Session {
    /// Compares the chains of the nodes that answered with what was kept of them, and says where they
    /// do not go on from it.
    pub(super) async fn with_heads(&mut self, shown: Shown, run: &Finished) -> Shown {
        let answers = run.gather.answers().iter();
        let sound: NodeSet = answers
            .filter(|answer| answer.state == State::Ok)
            .map(|answer| answer.node)
            .collect();
        let told = self.check_heads(&sound).await;
        let exit = if told.is_empty() {
            Exit::OK
        } else {
            Exit::FAILED
        };
        let mut shown = shown;
        shown.exit = shown.exit.worst(exit);
        shown.notes.extend(told);
        shown
    }

    async fn check_heads(&mut self, nodes: &NodeSet) -> Vec<Note> {
        self.knowledge.recall_heads(&self.inventory);
        let Ok(run) = self.run(Probe::AuditHead(None), RowPlan::default()) else {
            return Vec::new();
        };
        if nodes.is_empty() {
            return Vec::new();
        }
        let mut job = Job::new(nodes, run.clone());
        let asks = job.targets.iter().map(|node| {
            let mut run = run.clone();
            run.probe = Probe::AuditHead(self.knowledge.head(*node).map(|head| head.seq));
            run
        });
        job.ask = Ask::Each(asks.collect());
        job.policy.deadline = Some(HEADS_WITHIN);
        job.policy.confirm_grace = Duration::ZERO;
        let (events, _) = mpsc::channel(1);
        let (_control, wishes) = mpsc::channel(1);
        let Ok(finished) = fleet::run(&self.fleet, job, events, wishes).await else {
            return vec![Note::new(
                "whether these logs go on from what was read before could not be asked",
            )];
        };
        let mut notes = Vec::new();
        let mut silent = NodeSet::default();
        for answer in finished.gather.answers() {
            let stands = answer.rows.as_ref().and_then(Stands::of_table);
            let Some(stands) = stands.filter(|_| answer.state == State::Ok) else {
                silent.insert(answer.node);
                continue;
            };
            let verdict = stands.verdict(self.knowledge.head(answer.node));
            if verdict.is_tampering() {
                let name = self.inventory.node(answer.node);
                let name = name.map_or("?", |node| node.name.as_str());
                notes.push(Note::new(&format!(
                    "{name}: its audit is not what it was: {verdict}"
                )));
            } else {
                // What was tampered with stays told, until somebody has looked into it.
                self.knowledge.keep_head(answer.node, stands.newest);
            }
        }
        if !silent.is_empty() {
            let names = self.inventory.fold_limited(&silent, 60);
            notes.push(Note::new(&format!(
                "{names}: whether the audit goes on from what was read before is not known"
            )));
        }
        if let Err(e) = self.knowledge.remember_heads(&self.inventory) {
            notes.push(Note::new(&format!(
                "where these logs stand could not be kept: {e}"
            )));
        }
        notes
    }
}

/// Where a node's chain stands, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stands {
    first: u64,
    newest: Head,
    kept_link: Option<Link>,
}

impl Stands {
    fn of_table(table: &Table) -> Option<Self> {
        let row = table.rows.first()?;
        let cell = |name: &str| table.index_of(name).and_then(|at| row.get(at));
        let int = |name: &str| match cell(name) {
            Some(Value::Int(n)) => u64::try_from(*n).ok(),
            _ => None,
        };
        let link = |name: &str| match cell(name) {
            Some(Value::Str(text)) => text.parse::<Link>().ok(),
            _ => None,
        };
        Some(Self {
            first: int("first")?,
            newest: Head {
                seq: int("seq")?,
                link: link("link")?,
            },
            kept_link: link("kept_link"),
        })
    }

    fn verdict(&self, kept: Option<Head>) -> Verdict {
        let Some(kept) = kept else {
            return Verdict::Continues;
        };
        let end = |seq| Head {
            seq,
            link: self.newest.link,
        };
        let first = (self.first > 0).then(|| end(self.first));
        let at_kept = self.kept_link.map(|link| Head {
            seq: kept.seq,
            link,
        });
        let newest = (self.newest.seq > 0).then_some(self.newest);
        let all = [
            first.filter(|head| head.seq != kept.seq),
            at_kept,
            newest.filter(|head| head.seq != kept.seq),
        ];
        continues(kept, all.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(byte: u8) -> Link {
        Link([byte; 16])
    }

    #[test]
    fn what_a_node_says_of_its_chain_is_held_against_what_was_kept() {
        let kept = Head {
            seq: 5,
            link: link(5),
        };
        let stands = |first, seq, kept_link| Stands {
            first,
            newest: Head { seq, link: link(9) },
            kept_link,
        };
        for (found, tampered) in [
            (stands(1, 9, Some(link(5))), None),
            (stands(5, 9, Some(link(5))), None),
            (stands(7, 9, None), None),
            (stands(1, 9, Some(link(6))), Some("rewritten")),
            (stands(1, 4, None), Some("cut off")),
            (stands(0, 0, None), Some("cut off")),
            (stands(1, 9, None), Some("cut off")),
        ] {
            let verdict = found.verdict(Some(kept));
            assert_eq!(verdict.is_tampering(), tampered.is_some(), "{found:?}");
            assert!(
                verdict.to_string().contains(tampered.unwrap_or("")),
                "{verdict}"
            );
            assert_eq!(found.verdict(None), Verdict::Continues);
        }
    }
}
