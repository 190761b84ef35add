//! Whether one more node may act, by the limits that an automation has for the fleet.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::audience::Audience;
use super::grant::{Grant, Served};
use crate::automation::{AutomationName, Limits, Rate, RateScope};
use crate::ids::NodeName;
use crate::units;

/// Among which nodes a limit counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// All that the automation is for.
    All,
    /// Those that are equal in a label.
    Equal {
        /// The label.
        label: String,
        /// What it is there.
        value: String,
    },
    /// Those that lack the label.
    Without {
        /// The label.
        label: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("the automation"),
            Self::Equal { label, value } => write!(f, "{label}={value}"),
            Self::Without { label } => write!(f, "the automation without label {label}"),
        }
    }
}

/// The limit that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// So many keys are acted on already.
    #[error("{n} at once, of {place}, act already")]
    AtOnce {
        /// As many as may.
        n: u32,
        /// Among these.
        place: Place,
    },
    /// So many nodes act already.
    #[error("{n} of the {of} nodes of {place} act already, and {} may", percent(*basis_points))]
    Share {
        /// As many as may.
        n: usize,
        /// Of so many.
        of: usize,
        /// The share, in hundredths of a percent.
        basis_points: u16,
        /// Among these.
        place: Place,
    },
    /// The share comes to no node at all.
    #[error(
        "{} of the {of} nodes of {place} is less than one node, so none may ever act; set a larger share, or `1 at once`",
        percent(*basis_points)
    )]
    LessThanOne {
        /// Of so many.
        of: usize,
        /// The share, in hundredths of a percent.
        basis_points: u16,
        /// Among these.
        place: Place,
    },
    /// So many attempts were made within the time.
    #[error("{n} attempts of the fleet within {} were made already", span(*per))]
    Rate {
        /// As many as may be.
        n: u32,
        /// Within this time.
        per: Duration,
        /// Until the oldest of them counts no longer.
        free_in: Duration,
    },
}

/// Why a node gets no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The keeper knows of no such version.
    #[error("no automation of this version is applied")]
    NotApplied,
    /// It is for others.
    #[error("{automation} is not for {node}, as it is applied now")]
    NotFor {
        /// The automation.
        automation: AutomationName,
        /// Who asked.
        node: NodeName,
    },
    /// An ask that was overtaken.
    #[error("attempt {attempt} is over: attempt {newest} of this key has the share")]
    Overtaken {
        /// The one that was asked for.
        attempt: u32,
        /// The one that has it.
        newest: u32,
    },
    /// A limit is reached.
    #[error("{automation}: {obstacle}")]
    Limit {
        /// The automation.
        automation: AutomationName,
        /// Its limit.
        obstacle: Obstacle,
    },
    /// Nothing is there to be renewed.
    #[error("share {token} is not held any more; ask anew")]
    NotHeld {
        /// What was to be renewed.
        token: u64,
    },
    /// Another keeper grants.
    #[error("another keeper has taken over")]
    Deposed,
}

/// What the limits are compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present<'a> {
    /// The shares that count: all of the automation but the asker's own.
    pub(super) grants: &'a [Grant],
    /// The asker's own, which it gives up for the new one.
    pub(super) own: Option<u64>,
    /// When attempts were made, in order.
    pub(super) spent: &'a [Served],
    /// It is the attempt that has the own share: it was counted already.
    pub(super) is_again: bool,
    /// Now.
    pub(super) now: Served,
}

/// Returns the first limit that forbids the node to act now.
pub(super) fn obstacle(
    limits: &Limits,
    audience: &Audience,
    node: &NodeName,
    present: &Present<'_>,
) -> Option<Obstacle> {
    let others = || {
        let is_other = |g: &&Grant| Some(g.token) != present.own;
        present.grants.iter().filter(is_other)
    };
    for share in &limits.shares {
        let place = audience.place(node, share.by.as_deref());
        let of = audience.size(&place);
        let basis_points = share.basis_points;
        let may = of.saturating_mul(usize::from(basis_points)) / 10_000;
        if may == 0 {
            return Some(Obstacle::LessThanOne {
                of,
                basis_points,
                place,
            });
        }
        // A share counts nodes: a second key of a node that acts already is no further node.
        let acting: BTreeSet<&NodeName> = others()
            .filter(|g| audience.is_in(&g.node, &place))
            .map(|g| &g.node)
            .collect();
        if acting.len() >= may && !acting.contains(node) {
            return Some(Obstacle::Share {
                n: may,
                of,
                basis_points,
                place,
            });
        }
    }
    for limit in &limits.at_once {
        let place = audience.place(node, limit.by.as_deref());
        let acting = others().filter(|g| audience.is_in(&g.node, &place)).count();
        if acting >= usize::try_from(limit.n).unwrap_or(usize::MAX) {
            return Some(Obstacle::AtOnce { n: limit.n, place });
        }
    }
    if present.is_again {
        return None;
    }
    fleet_rates(limits).find_map(|rate| exhausted(rate, present))
}

/// Returns the limits over time that the keeper counts.
pub(super) fn fleet_rates(limits: &Limits) -> impl Iterator<Item = &Rate> {
    limits.rates.iter().filter(|rate| match rate.scope {
        RateScope::Fleet => true,
        RateScope::Key | RateScope::Node => false,
    })
}

fn exhausted(rate: &Rate, present: &Present<'_>) -> Option<Obstacle> {
    let is_past = |at: &Served| present.now.since(*at) >= rate.per;
    let n = usize::try_from(rate.n).unwrap_or(usize::MAX);
    let within = &present.spent[present.spent.partition_point(is_past)..];
    // The one that has to leave the window before the next may come in.
    let leaves = within.len().checked_sub(n).map(|i| within.get(i))?;
    let free_in = leaves.map_or(rate.per, |at| {
        rate.per.saturating_sub(present.now.since(*at))
    });
    Some(Obstacle::Rate {
        n: rate.n,
        per: rate.per,
        free_in,
    })
}

fn percent(basis_points: u16) -> String {
    units::percent_text(f64::from(basis_points) / 100.0)
}

fn span(per: Duration) -> String {
    units::duration_text(i64::try_from(per.as_nanos()).unwrap_or(i64::MAX))
}
