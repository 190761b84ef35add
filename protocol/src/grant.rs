//! Grants: what a node's policy may let an operator do. Each is granted by itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::Probe;

/// What an operator may be granted on a node, in the order of power. None implies another: who may
/// run commands may read metrics only where that is granted, too. Variants are only appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grant {
    /// Metrics, facts, and the node's audit.
    Probe,
    /// Commands out of an allow-list, as a named unprivileged user, in a sandbox.
    Read,
    /// Any command.
    Run,
    /// Automations, which act with nobody there.
    Automate,
}

impl Grant {
    /// Every grant, the least powerful first.
    pub const ALL: [Self; 4] = [Self::Probe, Self::Read, Self::Run, Self::Automate];

    /// Returns its name, as policies write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Read => "read",
            Self::Run => "run",
            Self::Automate => "automate",
        }
    }

    /// Whether what is asked may be asked for under this grant at all: a command never passes for a
    /// probe, nor a probe for a command.
    #[must_use]
    pub const fn fits(self, probe: &Probe) -> bool {
        match probe {
            Probe::Metric(_)
            | Probe::Facts(_)
            | Probe::Runs
            | Probe::Audit { .. }
            | Probe::AuditHead(_)
            | Probe::Automations
            | Probe::Events { .. }
            | Probe::Replay { .. } => matches!(self, Self::Probe),
            Probe::Apply(_) | Probe::Stow(_) | Probe::Control(_) => matches!(self, Self::Automate),
            Probe::Shell(_)
            | Probe::Argv(_)
            | Probe::Each { .. }
            | Probe::Attach(_)
            | Probe::Cancel(_) => matches!(self, Self::Read | Self::Run),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
