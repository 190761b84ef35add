//! How a run is spread over its nodes: the flags of `run`, which the program and `set` know too.
//!
//! | flag | meaning |
//! |---|---|
//! | `--canary 1,5%,25%` | stages: so many nodes in all, a share rounded up; then the rest |
//! | `--batch-by LABEL` | stages: one value of the label after the other, never two at once |
//! | `--wait DURATION` | ask nobody else for so long after each stage |
//! | `--gate 'LINE'` | between stages ask this of the nodes asked so far; rows, failures or silence halt; a node has the timeout for it, or 60 s |
//! | `--max-failures N\|%` | halt when more fail; a share is rounded down |
//! | `--max-unreachable N\|%` | halt when more cannot be reached |
//! | `--fail-fast` | `--max-failures 0` |
//! | `--pick N` | only so many of the nodes, drawn by chance |
//! | `--seed S` | the same seed draws the same nodes |
//! | `--max-in-flight N` | ask so many at the same time |
//!
//! With stages and no `--max-failures` the first failure halts: a canary that fails is one.

use std::time::Duration;

use hailer_protocol::ids::Digest;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::Value;

use crate::inventory::Inventory;
use crate::nearest::did_you_mean;
use crate::node_set::{NodeId, NodeSet};
use crate::words;

/// A number of nodes, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Nodes(u32),
    /// So many hundredths of a percent, at most 10,000.
    Share(u32),
}

impl Amount {
    /// Reads `5` or `5%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse().ok().map(Self::Nodes);
        };
        let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
        let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !is_digits(whole) || !is_digits(part) || part.len() > 2 {
            return None;
        }
        let hundredths = format!("{part:0<2}").parse::<u32>().ok()?;
        let share = whole.parse::<u32>().ok()?.checked_mul(100)? + hundredths;
        (share <= 10_000).then_some(Self::Share(share))
    }

    /// Returns how many of `total` that is, a share rounded up.
    #[must_use]
    pub fn at_least(self, total: usize) -> usize {
        match self {
            Self::Nodes(n) => n as usize,
            Self::Share(share) => total.saturating_mul(share as usize).div_ceil(10_000),
        }
    }

    /// Returns how many of `total` that is, a share rounded down.
    #[must_use]
    pub const fn at_most(self, total: usize) -> usize {
        match self {
            Self::Nodes(n) => n as usize,
            Self::Share(share) => total.saturating_mul(share as usize) / 10_000,
        }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Nodes(n) => write!(f, "{n}"),
            Self::Share(share) if share % 100 == 0 => write!(f, "{}%", share / 100),
            Self::Share(share) => write!(f, "{}.{:02}%", share / 100, share % 100),
        }
    }
}

/// How a run is spread. The default asks all at once, whatever becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// Ends of stages.
    pub canary: Vec<Amount>,
    /// The label whose values are stages.
    pub batch_by: Option<String>,
    /// How long nobody else is asked after a stage.
    pub wait: Option<Duration>,
    /// The line that is asked between stages.
    pub gate: Option<String>,
    /// How many may fail.
    pub max_failures: Option<Amount>,
    /// How many may be unreachable.
    pub max_unreachable: Option<Amount>,
    /// How many are drawn.
    pub pick: Option<u32>,
    /// What they are drawn by.
    pub seed: Option<u64>,
    /// How many are asked at the same time.
    pub max_in_flight: Option<usize>,
    /// Nobody is asked whether it may run.
    pub yes: bool,
}

/// Why a flag cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

fn wrong(flag: &str, value: &str, help: &str) -> FlagError {
    FlagError {
        message: format!("`--{flag}` cannot be `{value}`"),
        help: help.to_owned(),
    }
}

/// Returns whether a flag of `run` takes a value.
///
/// # Errors
/// When there is no such flag.
pub fn takes_value(flag: &str) -> Result<bool, FlagError> {
    let known = || words::names(words::RUN_FLAGS);
    match words::find(words::RUN_FLAGS, flag) {
        Some(word) => Ok(word.usage != word.name),
        None => Err(FlagError {
            message: format!("`run` has no flag `--{flag}`"),
            help: did_you_mean(flag, known()).unwrap_or_else(|| {
                let known: Vec<String> = known().map(|name| format!("--{name}")).collect();
                format!("it has {}; `--` ends them", known.join(", "))
            }),
        }),
    }
}

impl Spread {
    /// Takes a flag, named without its `--`; one without a value is given an empty text.
    ///
    /// # Errors
    /// When there is no such flag, or it cannot have that value.
    pub fn set(&mut self, flag: &str, value: &str) -> Result<(), FlagError> {
        let amount = || {
            Amount::parse(value).ok_or_else(|| {
                wrong(
                    flag,
                    value,
                    "write a number of nodes, or a share such as 5%",
                )
            })
        };
        let number = |help| {
            let n = value.parse::<u32>().ok().filter(|n| *n > 0);
            n.ok_or_else(|| wrong(flag, value, help))
        };
        takes_value(flag)?;
        match flag {
            "canary" => self.canary = canary(value)?,
            "batch-by" => self.batch_by = Some(value.to_owned()),
            "wait" => self.wait = Some(duration(flag, value)?),
            "gate" => self.gate = Some(value.to_owned()),
            "max-failures" => self.max_failures = Some(amount()?),
            "max-unreachable" => self.max_unreachable = Some(amount()?),
            "fail-fast" => self.max_failures = Some(Amount::Nodes(0)),
            "pick" => self.pick = Some(number("write how many nodes, from 1")?),
            "seed" => {
                let seed = value.parse().ok();
                self.seed = Some(seed.ok_or_else(|| wrong(flag, value, "write a whole number"))?);
            }
            "max-in-flight" => self.max_in_flight = Some(number("write a number from 1")? as usize),
            _ => self.yes = true,
        }
        Ok(())
    }

    /// Returns this spread with what it leaves open taken from another one.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let has_stages = !self.canary.is_empty() || self.batch_by.is_some();
        let other = other.clone();
        Self {
            canary: if has_stages {
                self.canary
            } else {
                other.canary
            },
            batch_by: if has_stages {
                self.batch_by
            } else {
                other.batch_by
            },
            wait: self.wait.or(other.wait),
            gate: self.gate.or(other.gate),
            max_failures: self.max_failures.or(other.max_failures),
            max_unreachable: self.max_unreachable.or(other.max_unreachable),
            pick: self.pick.or(other.pick),
            seed: self.seed.or(other.seed),
            max_in_flight: self.max_in_flight.or(other.max_in_flight),
            yes: self.yes || other.yes,
        }
    }

    /// Returns the flags as they are written.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut flag = |name: &str, value: Option<String>| {
            flags.extend(value.map(|value| format!("--{name} {value}")));
        };
        let stages: Vec<String> = self.canary.iter().map(ToString::to_string).collect();
        flag("canary", (!stages.is_empty()).then(|| stages.join(",")));
        flag("batch-by", self.batch_by.clone());
        flag("wait", self.wait.map(|wait| format!("{wait:?}")));
        flag("gate", self.gate.as_ref().map(|gate| format!("'{gate}'")));
        flag("max-failures", self.max_failures.map(|n| n.to_string()));
        flag(
            "max-unreachable",
            self.max_unreachable.map(|n| n.to_string()),
        );
        flag("pick", self.pick.map(|n| n.to_string()));
        flag("seed", self.seed.map(|n| n.to_string()));
        flag("max-in-flight", self.max_in_flight.map(|n| n.to_string()));
        if self.yes {
            flags.push("--yes".to_owned());
        }
        flags
    }

    /// Whether targets are asked in stages.
    #[must_use]
    pub const fn has_stages(&self) -> bool {
        !self.canary.is_empty() || self.batch_by.is_some()
    }

    /// Returns why the flags do not go together, if so.
    #[must_use]
    pub fn conflict(&self) -> Option<FlagError> {
        let error = |message: &str, help: &str| FlagError {
            message: message.to_owned(),
            help: help.to_owned(),
        };
        if (self.wait.is_some() || self.gate.is_some()) && !self.has_stages() {
            let message = "`--wait` and `--gate` stand between stages, and there are none";
            let help = "add `--canary 1,5%,25%` or `--batch-by LABEL`";
            return Some(error(message, help));
        }
        if self.seed.is_some() && self.pick.is_none() {
            return Some(error(
                "`--seed` is what `--pick` draws by, and there is none",
                "add `--pick N`",
            ));
        }
        None
    }

    /// Orders the targets and cuts them into stages. `seed` is drawn by the caller, for a `--pick`
    /// without one.
    ///
    /// # Errors
    /// When targets do not have the label that stages go by.
    pub fn lay_out(
        &self,
        nodes: &NodeSet,
        inventory: &Inventory,
        seed: u64,
    ) -> Result<Layout, FlagError> {
        let total = nodes.len();
        let (nodes, picked) = match self.pick.map(|n| n as usize).filter(|n| *n < total) {
            Some(n) => {
                let seed = self.seed.unwrap_or(seed);
                (pick(nodes, n, seed, inventory), Some(seed))
            }
            None => (nodes.clone(), None),
        };
        let mut targets: Vec<NodeId> = nodes.iter().collect();
        let mut ends: Vec<usize> = self
            .canary
            .iter()
            .map(|a| a.at_least(nodes.len()))
            .collect();
        if let Some(label) = &self.batch_by {
            let unlabelled: NodeSet = nodes
                .iter()
                .filter(|node| inventory.label(*node, label).is_none())
                .collect();
            if !unlabelled.is_empty() {
                return Err(FlagError {
                    message: format!(
                        "{} of {} nodes have no label `{label}`: {}",
                        unlabelled.len(),
                        nodes.len(),
                        inventory.fold_limited(&unlabelled, 60)
                    ),
                    help: "leave them out of the selector, or give them one".to_owned(),
                });
            }
            targets.sort_by_key(|node| inventory.label(*node, label));
            let values: Vec<_> = targets.iter().map(|n| inventory.label(*n, label)).collect();
            ends.extend((1..values.len()).filter(|at| values[*at] != values[at - 1]));
        }
        ends.retain(|end| (1..targets.len()).contains(end));
        ends.sort_unstable();
        ends.dedup();
        let ends = ends.iter().filter_map(|end| u32::try_from(*end).ok());
        Ok(Layout {
            ends: ends.collect(),
            targets,
            picked,
        })
    }
}

/// The targets of a run in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Each once.
    pub targets: Vec<NodeId>,
    /// How many are asked up to the end of each stage but the last.
    pub ends: Vec<u32>,
    /// The seed by which they were drawn, if they were.
    pub picked: Option<u64>,
}

/// Draws nodes by their names: a node more in the fleet changes one pick at most.
fn pick(nodes: &NodeSet, n: usize, seed: u64, inventory: &Inventory) -> NodeSet {
    let mut ranked: Vec<([u8; 32], NodeId)> = nodes
        .iter()
        .map(|node| {
            let name = inventory.node(node).map_or("", |n| n.name.as_str());
            let mut bytes = seed.to_le_bytes().to_vec();
            bytes.extend_from_slice(name.as_bytes());
            (Digest::of(&bytes).0, node)
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(n).map(|(_, node)| node).collect()
}

fn canary(text: &str) -> Result<Vec<Amount>, FlagError> {
    let help = "write how many nodes in all each stage ends with, growing: 1,5%,25%";
    let stages: Option<Vec<Amount>> = text.split(',').map(|s| Amount::parse(s.trim())).collect();
    let stages = stages.ok_or_else(|| wrong("canary", text, help))?;
    let is_zero = |a: &Amount| matches!(a, Amount::Nodes(0) | Amount::Share(0));
    let grows = stages.windows(2).all(|pair| match (pair[0], pair[1]) {
        (Amount::Nodes(a), Amount::Nodes(b)) | (Amount::Share(a), Amount::Share(b)) => a < b,
        (Amount::Nodes(_), Amount::Share(_)) => true,
        (Amount::Share(_), Amount::Nodes(_)) => false,
    });
    if !grows || stages.iter().any(is_zero) {
        return Err(wrong("canary", text, help));
    }
    Ok(stages)
}

fn duration(flag: &str, text: &str) -> Result<Duration, FlagError> {
    match parse_quantity(text) {
        Some(Value::Duration(ns)) if ns >= 0 => Ok(Duration::from_nanos(ns.unsigned_abs())),
        Some(_) | None => Err(wrong(flag, text, "write a duration such as 30s or 5m")),
    }
}

#[cfg(test)]
#[path = "spread/tests.rs"]
mod tests;
