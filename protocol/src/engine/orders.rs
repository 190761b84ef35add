//! What operators told automations: to be quiet, to stop.

use std::collections::BTreeMap;

use super::input::Now;
use crate::automation::{AutomationName, CONTROL_REASON_MAX, Muted};
use crate::time::{Mono, Wall};

/// An end by both clocks: it is over when both say so. A clock that is set forward ends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    wall: Wall,
    mono: Mono,
}

/// One order in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    end: Option<End>,
    /// Why, as whoever gave it said.
    pub(super) reason: String,
}

impl Order {
    pub(super) fn new(now: Now, until: Option<Wall>, reason: &str) -> Self {
        let end = until.map(|wall| {
            let left = wall.0.saturating_sub(now.wall.0).max(0);
            let left = std::time::Duration::from_millis(u64::try_from(left).unwrap_or(0));
            End {
                wall,
                mono: now.mono + left,
            }
        });
        let mut cut = reason.len().min(CONTROL_REASON_MAX);
        while !reason.is_char_boundary(cut) {
            cut -= 1;
        }
        Self {
            end,
            reason: reason[..cut].to_owned(),
        }
    }

    fn is_over(&self, now: Now) -> bool {
        self.end
            .is_some_and(|e| e.mono <= now.mono && e.wall <= now.wall)
    }

    /// When to look whether it is over.
    fn look_at(&self, now: Now) -> Option<Mono> {
        let end = self.end?;
        let left = end.wall.0.saturating_sub(now.wall.0).max(0);
        let by_wall = now.mono + std::time::Duration::from_millis(u64::try_from(left).unwrap_or(0));
        Some(end.mono.max(by_wall))
    }

    pub(super) fn until(&self) -> Option<Wall> {
        self.end.map(|e| e.wall)
    }
}

/// Every order in force.
#[derive(Debug, Default)]
pub(super) struct Orders {
    pub(super) pause: Option<Order>,
    pub(super) mutes: BTreeMap<Muted, Order>,
    next: Option<Mono>,
}

/// An order whose time is up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Over {
    Pause,
    Mute(Muted),
}

impl Orders {
    /// To be called after every change.
    pub(super) fn arm(&mut self, now: Now) {
        let mutes = self.mutes.values();
        let all = mutes.chain(self.pause.iter());
        self.next = all.filter_map(|o| o.look_at(now)).min();
    }

    /// Takes what is over.
    pub(super) fn expire(&mut self, now: Now) -> Vec<Over> {
        if self.next.is_none_or(|at| now.mono < at) {
            return Vec::new();
        }
        let mut over = Vec::new();
        if self.pause.as_ref().is_some_and(|p| p.is_over(now)) {
            self.pause = None;
            over.push(Over::Pause);
        }
        let done = self.mutes.iter().filter(|(_, o)| o.is_over(now));
        let done: Vec<Muted> = done.map(|(of, _)| of.clone()).collect();
        for of in done {
            self.mutes.remove(&of);
            over.push(Over::Mute(of));
        }
        self.arm(now);
        over
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.next
    }

    pub(super) fn is_muted(&self, name: &AutomationName, key: &str) -> bool {
        // Nearly always; and then nothing is allocated.
        if self.mutes.is_empty() {
            return false;
        }
        let of = self.mutes.keys().filter(|m| m.automation == *name);
        of.into_iter()
            .any(|m| m.key.as_deref().is_none_or(|k| k == key))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(mono_s: u64, wall_s: i64) -> Now {
        Now {
            mono: Mono(Duration::from_secs(mono_s)),
            wall: Wall(wall_s * 1000),
        }
    }

    #[test]
    fn an_order_is_over_when_both_clocks_say_so() {
        for (now, is_over) in [
            (at(159, 1059), false),
            (at(160, 1060), true),
            (at(101, 90_000), false),
            (at(160, 500), false),
        ] {
            let mut orders = Orders {
                pause: Some(Order::new(at(100, 1000), Some(Wall(1_060_000)), "why")),
                ..Orders::default()
            };
            orders.arm(at(100, 1000));
            let over = orders.expire(now);
            assert_eq!(over == [Over::Pause], is_over, "{now:?}");
        }
    }
}
