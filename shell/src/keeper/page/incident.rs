//! An incident: everything of one automation that needs a person now, as one thing.

use std::collections::BTreeMap;

use hailer_protocol::automation::AutomationName;
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::redact::redacted;
use hailer_protocol::time::Wall;

/// One key of an automation on one node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PatientId {
    /// Where.
    pub node: NodeName,
    /// Which; empty for the node itself.
    pub key: String,
}

/// What was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The deed.
    pub command: String,
    /// How it ended, in words.
    pub outcome: String,
}

/// What is known of a patient, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// Since when it fires, by its node's clock.
    pub since: Wall,
    /// Which time it is that this key fires: rises with each.
    pub episode: u64,
    /// The row that fires.
    pub row: String,
    /// What was collected before the first deed.
    pub evidence: String,
    /// What was tried, in order.
    pub tried: Vec<Tried>,
}

impl Patient {
    /// Takes what a node says: control characters are escaped, secrets taken out, lengths bounded, and
    /// what is cut says so.
    #[must_use]
    pub fn new(
        (since, episode): (Wall, u64),
        row: &str,
        evidence: &str,
        tried: &[(String, String)],
    ) -> Self {
        let shown = tried.iter().take(TRIED_MAX);
        let mut tried_shown: Vec<Tried> = shown
            .map(|(command, outcome)| Tried {
                command: line(command),
                outcome: line(outcome),
            })
            .collect();
        if tried.len() > TRIED_MAX {
            tried_shown.push(Tried {
                command: format!("{} more", tried.len() - TRIED_MAX),
                outcome: String::new(),
            });
        }
        Self {
            since,
            episode,
            row: line(row),
            evidence: cut(
                Clean::text(&redacted(evidence.to_owned())).as_str(),
                EVIDENCE_MAX,
            ),
            tried: tried_shown,
        }
    }
}

/// What a node tells about one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Whom to call: a name out of the keeper's file of channels.
    pub page: String,
    /// What the automation wants to say; empty for nothing.
    pub text: String,
    /// Whose.
    pub automation: AutomationName,
    /// Which patient.
    pub patient: PatientId,
    /// What.
    pub reported: Reported,
}

/// What a notice tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// The automation knows no more.
    Escalated(Patient),
    /// It is well again.
    Cleared {
        /// The episode that is over.
        episode: u64,
    },
}

/// All patients of an automation that one page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Names it at every channel, for as long as it is open: the same for each message about it.
    pub key: String,
    /// The fleet.
    pub fleet: Name,
    /// The automation.
    pub automation: AutomationName,
    /// What the automation wants to say.
    pub text: String,
    /// Who is ill now.
    pub patients: BTreeMap<PatientId, Patient>,
    /// How many were well again since it was opened.
    pub n_cleared: usize,
    /// How many incidents were not paged since the last page, since there were too many.
    pub n_held_back: usize,
}

impl Incident {
    /// Returns its nodes, sorted.
    #[must_use]
    pub fn nodes(&self) -> Vec<&NodeName> {
        let mut nodes: Vec<&NodeName> = self.patients.keys().map(|id| &id.node).collect();
        nodes.dedup();
        nodes
    }

    /// Returns since when the first of its patients fires.
    #[must_use]
    pub fn since(&self) -> Option<Wall> {
        self.patients.values().map(|p| p.since).min()
    }

    /// Returns the line to type for the current view.
    #[must_use]
    pub fn line(&self) -> String {
        format!("automations |> where name = {}", self.automation)
    }
}

fn line(text: &str) -> String {
    cut(Clean::line(&redacted(text.to_owned())).as_str(), LINE_MAX)
}

/// Cuts a text at a character, and says so.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(max);
    format!("{} … ({} bytes more)", &text[..end], text.len() - end)
}

const LINE_MAX: usize = 300;
const EVIDENCE_MAX: usize = 2_000;
const TRIED_MAX: usize = 8;
