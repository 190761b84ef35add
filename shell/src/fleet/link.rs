//! A link: one node's connection over time, as the rest of the shell sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hailer_protocol::time::Mono;
use tokio::sync::{Notify, mpsc};

use super::fanout::{LinkAtStart, Target};
use super::session::Session;

/// An attempt that failed so recently is not repeated for a run: its reason is the answer.
const FRESH_FAILURE: Duration = Duration::from_secs(5);

/// What a link looks like at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkView {
    /// Nobody has needed it yet.
    Idle,
    /// A handshake is under way, or waits for its turn.
    Connecting,
    /// Connected.
    Up {
        /// Since when.
        since: Mono,
    },
    /// Not connected; it is tried again by itself.
    Down {
        /// Since when.
        since: Mono,
        /// Why, without the node's name.
        reason: Arc<str>,
    },
}

/// What became of a connection that a run waits for.
pub(super) type Signal = (Target, Result<(), Arc<str>>);

/// Where a run hears of it. Unbounded, but each of a run's targets waits at most once at a time.
pub(super) type SignalSender = mpsc::UnboundedSender<Signal>;

#[derive(Debug)]
enum Condition {
    Idle,
    Connecting,
    Up(Arc<Session>),
    /// The connection ended and nobody has dialled since.
    Lost {
        since: Mono,
        reason: Arc<str>,
    },
    /// The last attempt failed.
    Failed {
        since: Mono,
        reason: Arc<str>,
    },
}

#[derive(Debug)]
struct Inner {
    condition: Condition,
    is_maintained: bool,
    /// Since it was last up, or ever, an attempt failed or the connection ended.
    has_failed: bool,
    waiting: Vec<(SignalSender, Target)>,
}

/// One node's link.
#[derive(Debug)]
pub(super) struct Link {
    inner: Mutex<Inner>,
    /// Ends a wait between two attempts.
    pub(super) hurry: Notify,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner {
                condition: Condition::Idle,
                is_maintained: false,
                has_failed: false,
                waiting: Vec::new(),
            }),
            hurry: Notify::new(),
        }
    }

    // Nothing panics while the lock is held, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the session, if there is one.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.lock().session().map(Arc::clone)
    }

    /// Returns whether it is up (`true`), or was tried and is not; `None` if that is not known.
    pub(super) fn is_up(&self) -> Option<bool> {
        let inner = self.lock();
        match inner.session() {
            Some(_) => Some(true),
            None => inner.has_failed.then_some(false),
        }
    }

    pub(super) fn view(&self) -> LinkView {
        match &self.lock().condition {
            Condition::Idle => LinkView::Idle,
            Condition::Connecting => LinkView::Connecting,
            Condition::Up(session) => LinkView::Up {
                since: session.since,
            },
            Condition::Lost { since, reason } | Condition::Failed { since, reason } => {
                LinkView::Down {
                    since: *since,
                    reason: Arc::clone(reason),
                }
            }
        }
    }

    /// Returns what a run that begins now makes of the link.
    pub(super) fn at_start(&self, now: Mono) -> LinkAtStart {
        let inner = self.lock();
        if inner.session().is_some() {
            return LinkAtStart::Up;
        }
        match &inner.condition {
            Condition::Failed { since, reason } if now.since(*since) < FRESH_FAILURE => {
                LinkAtStart::Down {
                    reason: Arc::clone(reason),
                }
            }
            Condition::Idle
            | Condition::Connecting
            | Condition::Up(_)
            | Condition::Lost { .. }
            | Condition::Failed { .. } => LinkAtStart::Connecting,
        }
    }

    /// Whether nobody maintains it yet; from now on the caller does.
    pub(super) fn claim(&self) -> bool {
        let mut inner = self.lock();
        if matches!(inner.condition, Condition::Idle) {
            inner.condition = Condition::Connecting;
        }
        !std::mem::replace(&mut inner.is_maintained, true)
    }

    /// Tells `waiter` when the link is up or an attempt has failed: at once if it is up. One that is
    /// in a hurry does not wait for the time between two attempts.
    pub(super) fn wait(&self, waiter: &SignalSender, target: Target, hurries: bool) {
        let mut inner = self.lock();
        if inner.session().is_some() {
            let _ = waiter.send((target, Ok(())));
            return;
        }
        inner.waiting.push((waiter.clone(), target));
        // Where the wait between two attempts has not begun yet, it will be skipped.
        if hurries {
            self.hurry.notify_one();
        }
    }

    pub(super) fn set_connecting(&self) {
        self.lock().condition = Condition::Connecting;
    }

    /// The handshake is complete: runs that wait may go on.
    pub(super) fn set_up(&self, session: Arc<Session>) {
        let mut inner = self.lock();
        inner.condition = Condition::Up(session);
        inner.has_failed = false;
        inner.tell(&Ok(()));
    }

    /// The connection ended. Runs that wait by now wait for the next attempt.
    pub(super) fn set_lost(&self, since: Mono, reason: Arc<str>) {
        let mut inner = self.lock();
        inner.condition = Condition::Lost { since, reason };
        inner.has_failed = true;
    }

    /// An attempt failed: that is what runs that wait are told.
    pub(super) fn set_failed(&self, since: Mono, reason: Arc<str>) {
        let mut inner = self.lock();
        let told = Err(Arc::clone(&reason));
        inner.condition = Condition::Failed { since, reason };
        inner.has_failed = true;
        inner.tell(&told);
    }
}

impl Inner {
    /// Returns the session unless its connection has ended and that is only not known here yet.
    fn session(&self) -> Option<&Arc<Session>> {
        match &self.condition {
            Condition::Up(session) => Some(session).filter(|s| !s.has_ended()),
            Condition::Idle
            | Condition::Connecting
            | Condition::Lost { .. }
            | Condition::Failed { .. } => None,
        }
    }

    fn tell(&mut self, told: &Result<(), Arc<str>>) {
        for (waiter, target) in std::mem::take(&mut self.waiting) {
            // A run that has ended no longer listens.
            let _ = waiter.send((target, told.clone()));
        }
    }
}
