//! The keepers' common store: what a database does for them.

use std::collections::BTreeMap;

use hailer_protocol::automation::AutomationName;
use hailer_protocol::lease::{Generation, Grant, Served, Stored, Write};

use crate::plan::Flaw;

#[derive(Default)]
pub(crate) struct Store {
    generation: u64,
    served: Served,
    grants: BTreeMap<u64, Grant>,
    spent: Vec<(AutomationName, Served)>,
    /// A mistake: whoever writes may.
    takes_all: bool,
    /// A mistake: shares are not kept.
    is_forgetful: bool,
}

impl Store {
    pub(crate) fn new(flaw: Option<Flaw>) -> Self {
        Self {
            takes_all: flaw == Some(Flaw::TwoWriters),
            is_forgetful: flaw == Some(Flaw::Forgets),
            ..Self::default()
        }
    }

    pub(crate) fn take(&mut self) -> Stored {
        self.generation += 1;
        Stored {
            generation: Generation(self.generation),
            served: self.served,
            grants: self.grants.values().cloned().collect(),
            spent: self.spent.clone(),
        }
    }

    /// Carries all of it out, or nothing.
    pub(crate) fn apply(&mut self, generation: Generation, writes: &[Write]) -> bool {
        if generation.0 != self.generation && !self.takes_all {
            return false;
        }
        for write in writes {
            match write {
                Write::Give(grant) if !self.is_forgetful => {
                    assert!(
                        self.grants.keys().all(|token| *token < grant.token) || self.takes_all,
                        "tokens only rise"
                    );
                    self.grants.insert(grant.token, grant.clone());
                }
                Write::Give(_) => {}
                Write::Renew { token, at } => {
                    if let Some(grant) = self.grants.get_mut(token) {
                        grant.at = *at;
                    }
                }
                Write::Take { token } => {
                    self.grants.remove(token);
                }
                Write::Spend { automation, at } => self.spent.push((automation.clone(), *at)),
                Write::Forget {
                    automation,
                    through,
                } => self
                    .spent
                    .retain(|(name, at)| name != automation || at > through),
                Write::Served(served) => self.served = self.served.max(*served),
            }
        }
        true
    }
}
