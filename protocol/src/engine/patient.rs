//! One patient of an automation: a mount, a database, the node itself.

use std::sync::Arc;

use super::effect::{Env, PageWhy, Tried};
use super::flap::Flap;
use super::hold::Looks;
use super::input::Now;
use super::notice::{Held, State};
use super::record::OpenAttempt;
use crate::automation::{AutomationSpec, Condition, Hold};
use crate::lease::{HeldLease, LetGo};
use crate::time::{Mono, Wall};

/// What was tried is remembered so often within an episode; the first attempts go.
const TRIED_MAX: usize = 64;

/// Where it stands, with what belongs to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Clear,
    Pending,
    /// At the gate.
    Firing,
    /// At the gate, while evidence is taken.
    Collecting {
        until: Mono,
    },
    Acting(OpenAttempt),
    Verifying {
        until: Mono,
    },
    Escalated(PageWhy),
}

impl Phase {
    pub(super) const fn state(self) -> State {
        match self {
            Self::Clear => State::Clear,
            Self::Pending => State::Pending,
            Self::Firing | Self::Collecting { .. } => State::Firing,
            Self::Acting(_) => State::Acting,
            Self::Verifying { .. } => State::Verifying,
            Self::Escalated(_) => State::Escalated,
        }
    }

    /// Whether an episode is under way.
    pub(super) const fn is_episode(self) -> bool {
        match self {
            Self::Clear | Self::Pending => false,
            Self::Firing
            | Self::Collecting { .. }
            | Self::Acting(_)
            | Self::Verifying { .. }
            | Self::Escalated(_) => true,
        }
    }
}

/// An operator's leave to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    NotAsked,
    Asked { until: Mono },
    Given { until: Mono },
}

/// A share of the fleet's limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Share {
    None,
    /// An ask is under way.
    Asked {
        at: Mono,
    },
    Held {
        lease: HeldLease,
        /// When to ask for its renewal, for the first time or again.
        renew_at: Mono,
    },
    /// One came with a trigger, and is renewed before it is used.
    Offered {
        token: u64,
        asked: Option<Mono>,
    },
    Denied {
        until: Mono,
        text: String,
    },
    /// No keeper; asked again then.
    Away {
        until: Mono,
    },
}

/// One patient.
#[derive(Debug)]
pub(super) struct Patient {
    pub(super) key: Arc<str>,
    pub(super) phase: Phase,
    /// Since when it stands there.
    pub(super) since: Wall,
    /// Since when its episode lasts.
    pub(super) fired_at: Wall,
    pub(super) fire: Looks,
    pub(super) clear: Looks,
    /// The look that told of it last.
    pub(super) seen: u64,
    /// Whether the last look fired.
    pub(super) fires: bool,
    /// When a trigger named it last.
    pub(super) triggered: Option<Mono>,
    /// Shares that came too late and were given back: an older one that comes after them is void.
    pub(super) let_go: LetGo,
    pub(super) env: Env,
    pub(super) episode: u64,
    /// The deed whose turn it is.
    pub(super) step: u16,
    /// Attempts of it that are used up.
    pub(super) attempts: u16,
    pub(super) is_collected: bool,
    /// The deed that was told as one that would have run.
    pub(super) told_step: Option<u16>,
    pub(super) leave: Leave,
    pub(super) share: Share,
    /// The number that its share is asked for under; 0 before the first ask of an attempt.
    pub(super) number: u32,
    pub(super) held: Option<Held>,
    pub(super) flap: Flap,
    pub(super) tried: Vec<Tried>,
    /// The last attempt of this episode, while the episode lasts.
    pub(super) last: Option<OpenAttempt>,
    /// Records tell of this episode, and have to tell of its end.
    pub(super) is_recorded: bool,
    /// A human was called for this episode.
    pub(super) is_paged: bool,
    /// The timer that is set for it.
    pub(super) armed: Option<Mono>,
}

impl Patient {
    pub(super) fn new(key: Arc<str>, spec: &AutomationSpec, now: Now) -> Self {
        Self {
            key,
            phase: Phase::Clear,
            since: now.wall,
            fired_at: now.wall,
            // The keeper has held it for as long as the file says before it triggers.
            fire: Looks::new(match spec.when {
                Condition::Node(_) => spec.fire,
                Condition::Fleet(_) => Hold::ONCE,
            }),
            clear: Looks::new(spec.clear.hold),
            seen: 0,
            fires: false,
            triggered: None,
            let_go: LetGo::default(),
            env: Arc::new([]),
            episode: 0,
            step: 0,
            attempts: 0,
            is_collected: false,
            told_step: None,
            leave: Leave::NotAsked,
            share: Share::None,
            number: 0,
            held: None,
            flap: Flap::default(),
            tried: Vec::new(),
            last: None,
            is_recorded: false,
            is_paged: false,
            armed: None,
        }
    }

    /// Whether nothing would be lost with it.
    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Clear
            && self.fire.is_blank()
            && self.flap.is_blank()
            && self.share == Share::None
    }

    /// When time alone changes something about it.
    pub(super) fn deadline(&self) -> Option<Mono> {
        let phase = match self.phase {
            Phase::Collecting { until } | Phase::Verifying { until } => Some(until),
            Phase::Firing => match self.leave {
                Leave::Asked { until } => Some(until),
                Leave::NotAsked | Leave::Given { .. } => None,
            },
            Phase::Clear | Phase::Pending | Phase::Acting(_) | Phase::Escalated(_) => None,
        };
        let share = match &self.share {
            Share::Held { lease, renew_at } => Some(lease.valid_until().min(*renew_at)),
            Share::None
            | Share::Asked { .. }
            | Share::Offered { .. }
            | Share::Denied { .. }
            | Share::Away { .. } => None,
        };
        [phase, share].into_iter().flatten().min()
    }

    /// Keeps a row, if it is another one.
    pub(super) fn keep_row(&mut self, env: &[(String, String)]) {
        if *self.env != *env {
            self.env = env.into();
        }
    }

    /// Remembers what was tried.
    pub(super) fn remember(&mut self, tried: Tried) {
        if self.tried.len() >= TRIED_MAX {
            self.tried.remove(0);
        }
        self.tried.push(tried);
    }

    /// Makes it ready for an episode.
    pub(super) fn begin_episode(&mut self, now: Now, episode: u64) {
        self.episode = episode;
        self.fired_at = now.wall;
        self.step = 0;
        self.attempts = 0;
        self.is_collected = false;
        self.told_step = None;
        self.leave = Leave::NotAsked;
        self.number = 0;
        self.held = None;
        self.tried.clear();
        self.last = None;
        self.is_recorded = false;
        self.is_paged = false;
        self.clear.reset();
    }
}
