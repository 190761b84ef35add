//! The book: which automations are in force here, what vouches for them, and their texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use hailer_protocol::automation::{AutomationSet, AutomationSpec, Condition, SetEntry, Watch};
use hailer_protocol::codec::{self, CodecError};
use hailer_protocol::eval::PlanError;
use hailer_protocol::ids::Digest;
use hailer_protocol::limits::AUTOMATIONS_MAX;
use hailer_protocol::time::Wall;
use serde::{Deserialize, Serialize};

use crate::core::Vouch;

/// Bytes of automations that are kept for a set that is still to come.
const STOWED_MAX: usize = 32 << 20;

/// The set in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Its number.
    pub(crate) generation: u64,
    /// What is in it.
    pub(crate) entries: Vec<SetEntry>,
    /// What vouches for it.
    pub(crate) vouch: Vouch,
    /// When it was put in force.
    pub(crate) at: Wall,
}

impl Kept {
    /// Returns the bytes in which it is kept.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, CodecError> {
        codec::encode(self)
    }

    /// Reads them.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes)
    }
}

/// Why a set is not put in force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BookError {
    /// An older set than the one in force.
    #[error(
        "set {offered} is older than set {current}, which is in force: apply the automations anew"
    )]
    Older {
        /// The number of the set that was offered.
        offered: u64,
        /// The number of the one in force.
        current: u64,
    },
    /// Another set of the same number.
    #[error("another set has the number {0} already; apply the automations anew")]
    Other(u64),
    /// More than a node holds.
    #[error("{0} automations are more than the {AUTOMATIONS_MAX} that a node holds")]
    TooMany(usize),
    /// More than is kept for later.
    #[error(
        "automations of {0} bytes are more than the {STOWED_MAX} that are kept for a set to come"
    )]
    TooMuch(usize),
    /// A text that was never sent.
    #[error("the text of `{name}` in version {version} is not here; send it with the set")]
    Missing {
        /// Of which automation.
        name: String,
        /// In which version.
        version: Digest,
    },
    /// Two of one name.
    #[error("`{0}` is in the set twice")]
    Twice(String),
    /// Bytes that are no automation.
    #[error("the text of `{name}` is none that this version of the agent can read: {why}")]
    Unreadable {
        /// Of which automation.
        name: String,
        /// Why.
        why: CodecError,
    },
    /// The name in the set is not the one in the text.
    #[error("what the set calls `{said}` calls itself `{found}`")]
    Misnamed {
        /// By the set.
        said: String,
        /// By itself.
        found: String,
    },
    /// Its conditions cannot be evaluated.
    #[error("the condition of `{name}` cannot be evaluated: {why}")]
    Plan {
        /// Of which automation.
        name: String,
        /// Why.
        why: PlanError,
    },
}

/// The automations of one node.
#[derive(Debug, Default)]
pub(crate) struct Book {
    kept: Option<Kept>,
    texts: BTreeMap<Digest, Vec<u8>>,
    stowed: BTreeMap<Digest, Vec<u8>>,
}

/// What a set comes to.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// The set as it is kept.
    pub(crate) kept: Kept,
    /// Texts that are new here.
    pub(crate) new: Vec<(Digest, Vec<u8>)>,
    /// Every automation of it.
    pub(crate) specs: Vec<(Digest, Arc<AutomationSpec>)>,
}

impl Book {
    /// Makes the book of what was kept.
    pub(crate) fn new(kept: Option<Kept>, texts: BTreeMap<Digest, Vec<u8>>) -> Self {
        Self {
            kept,
            texts,
            stowed: BTreeMap::new(),
        }
    }

    /// Returns the set in force.
    pub(crate) const fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// Returns every automation in force. One that this version of the agent cannot read is told of and
    /// left out: it was read when it was put in force.
    pub(crate) fn specs(&self) -> Vec<(Digest, Arc<AutomationSpec>)> {
        let entries = self.kept.iter().flat_map(|k| &k.entries);
        let read = |entry: &SetEntry| {
            let bytes = self.texts.get(&entry.version)?;
            match AutomationSpec::from_bytes(bytes) {
                Ok(spec) => Some((entry.version, Arc::new(spec))),
                Err(error) => {
                    tracing::error!(name = %entry.name, %error, "an automation cannot be read");
                    None
                }
            }
        };
        entries.filter_map(read).collect()
    }

    /// Keeps texts for a set to come.
    ///
    /// # Errors
    /// When they are too much; then none is kept.
    pub(crate) fn stow(&mut self, texts: Vec<Vec<u8>>) -> Result<(), BookError> {
        let more: usize = texts.iter().map(Vec::len).sum();
        let all = more + self.stowed.values().map(Vec::len).sum::<usize>();
        if all > STOWED_MAX {
            return Err(BookError::TooMuch(all));
        }
        let named = texts.into_iter().map(|t| (Digest::of(&t), t));
        self.stowed.extend(named);
        Ok(())
    }

    /// Checks a set, and changes nothing.
    ///
    /// # Errors
    /// Says why it cannot be put in force.
    pub(crate) fn plan(
        &self,
        set: AutomationSet,
        vouch: Vouch,
        at: Wall,
    ) -> Result<Planned, BookError> {
        if set.entries.len() > AUTOMATIONS_MAX {
            return Err(BookError::TooMany(set.entries.len()));
        }
        if let Some(kept) = &self.kept {
            let (offered, current) = (set.generation, kept.generation);
            if offered < current {
                return Err(BookError::Older { offered, current });
            }
            if offered == current && kept.entries != set.entries {
                return Err(BookError::Other(offered));
            }
        }
        let sent: BTreeMap<Digest, Vec<u8>> = set
            .specs
            .into_iter()
            .map(|bytes| (Digest::of(&bytes), bytes))
            .collect();
        let mut names = std::collections::BTreeSet::new();
        let (mut specs, mut new) = (Vec::new(), Vec::new());
        for entry in &set.entries {
            if !names.insert(&entry.name) {
                return Err(BookError::Twice(entry.name.to_string()));
            }
            let fresh = sent
                .get(&entry.version)
                .or_else(|| self.stowed.get(&entry.version));
            let bytes = self.texts.get(&entry.version).or(fresh);
            let bytes = bytes.ok_or_else(|| BookError::Missing {
                name: entry.name.to_string(),
                version: entry.version,
            })?;
            specs.push((entry.version, Arc::new(read(entry, bytes)?)));
            if !self.texts.contains_key(&entry.version) {
                new.push((entry.version, bytes.clone()));
            }
        }
        Ok(Planned {
            kept: Kept {
                generation: set.generation,
                entries: set.entries,
                vouch,
                at,
            },
            new,
            specs,
        })
    }

    /// Takes a set that has been written down, and forgets what is no longer of use. Returns the
    /// versions of which the texts can go.
    pub(crate) fn take(&mut self, planned: &Planned) -> Vec<Digest> {
        self.texts.extend(planned.new.iter().cloned());
        self.stowed.clear();
        let entries = planned.kept.entries.iter();
        let wanted: std::collections::BTreeSet<Digest> = entries.map(|e| e.version).collect();
        let gone = self.texts.keys().filter(|v| !wanted.contains(v));
        let gone: Vec<Digest> = gone.copied().collect();
        gone.iter().for_each(|version| {
            self.texts.remove(version);
        });
        self.kept = Some(planned.kept.clone());
        gone
    }
}

/// Reads one automation, and checks that it can be evaluated.
fn read(entry: &SetEntry, bytes: &[u8]) -> Result<AutomationSpec, BookError> {
    let name = || entry.name.to_string();
    let spec = AutomationSpec::from_bytes(bytes)
        .map_err(|why| BookError::Unreadable { name: name(), why })?;
    if spec.name != entry.name {
        return Err(BookError::Misnamed {
            said: name(),
            found: spec.name.to_string(),
        });
    }
    let of_node = |condition: &Condition| match condition {
        Condition::Node(node) => Some(node.clone()),
        Condition::Fleet(_) => None,
    };
    let conditions = of_node(&spec.when).into_iter().chain(spec.version.clone());
    for condition in conditions {
        Watch::new(&condition, &spec.clear, &spec.key)
            .map_err(|why| BookError::Plan { name: name(), why })?;
    }
    Ok(spec)
}
