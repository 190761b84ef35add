//! What one agent's drivers share: its decisions, its journal, its collector, its helper.

mod automations;
mod damage;
mod heads;
mod notes;
mod timer;
mod trust;

pub(crate) use damage::watch as watch_damage;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hailer_collect::Collector;
use hailer_exec::{Killer, Spawner};
use hailer_identity::SignatureJudge;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::ids::{Name, NodeName, RunId};
use hailer_protocol::limits::PARSE_INPUT_ALL_MAX;
use hailer_protocol::role::Identity;
use hailer_protocol::time::Mono;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, oneshot, watch};

use crate::automation::{self, Automations, Book};
use crate::clock;
use crate::config::SandboxMode;
use crate::core::{
    Agent, Bounds, Detached, Effect, Entry, Farewell, Gate, Input, KillReason, Peer, Rules, RunEnd,
};
use crate::journal::{Journal, JournalError};
use crate::papers;
use crate::run::{Kept, Room, Shelf, end_orphan};
use crate::state::Snapshot;

/// What an agent is made of.
#[derive(Debug)]
pub struct HostConfig {
    /// The node's name.
    pub node: NodeName,
    /// Its fleet.
    pub fleet: Name,
    /// Whose signatures it believes; a process that serves many nodes has one for all.
    pub judge: Arc<SignatureJudge>,
    /// What its owner allows.
    pub rules: Rules,
    /// Places that no reading may look into: its state and its key.
    pub hidden: Vec<PathBuf>,
    /// What the sandbox of readings is on an old kernel.
    pub sandbox: SandboxMode,
    /// Labels, as the node itself knows them.
    pub labels: BTreeMap<String, String>,
    /// Where commands start.
    pub workdir: PathBuf,
    /// How long a tree that is told to end may take before it is killed.
    pub kill_grace: Duration,
    /// A simulated node may be slow: it waits this long before it does anything.
    pub delay: Option<Duration>,
    /// A simulated node may have stand-ins for programs: this directory is searched first.
    pub stand_ins: Option<PathBuf>,
    /// What it takes on at once.
    pub bounds: Bounds,
    /// The file of the fleet's authorities; an agent without one takes no others.
    pub ca: Option<PathBuf>,
    /// Where answers of detached runs are kept; in memory where there is no such directory.
    pub answers_dir: Option<PathBuf>,
}

/// One agent, as its connections and runs see it.
#[derive(Debug)]
pub struct Host {
    config: HostConfig,
    core: Mutex<Agent>,
    journal: Mutex<Journal>,
    journal_on_disk: bool,
    /// Held while other authorities are written down.
    adopting: AsyncMutex<()>,
    notes: Mutex<notes::Notes>,
    collector: Mutex<Collector>,
    /// Reads filesystems alone, which can block for ever: a dead disk must not hold up the rest.
    disks: Arc<AsyncMutex<Collector>>,
    spawner: Arc<Spawner>,
    room: Room,
    killers: Mutex<HashMap<RunId, Kill>>,
    kept: Mutex<Kept>,
    shelf: Mutex<Shelf>,
    connections: AtomicU64,
    /// How the connections that are there can be ended.
    closers: Mutex<HashMap<u64, oneshot::Sender<Farewell>>>,
    handshakes: AtomicUsize,
    timer: Arc<Notify>,
    automations: OnceLock<Automations>,
    /// When whoever keeps time looks next, as long as the core's lock is held.
    armed: Mutex<Option<Mono>>,
}

impl Drop for Host {
    fn drop(&mut self) {
        // So that the task that keeps time sees that there is nothing to keep it for.
        self.timer.notify_one();
    }
}

/// Counts a handshake for as long as it lasts.
#[derive(Debug)]
pub(crate) struct Handshake {
    host: Arc<Host>,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.host.handshakes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How a run can be ended, and why it was.
#[derive(Debug, Default)]
struct Kill {
    why: watch::Sender<Option<KillReason>>,
    killer: Option<Killer>,
}

/// What a run is told from elsewhere: to end.
#[derive(Debug)]
pub(crate) struct Told(Option<watch::Receiver<Option<KillReason>>>);

impl Told {
    /// Returns why the run was told to end, if it was.
    pub(crate) fn why(&self) -> Option<KillReason> {
        self.0.as_ref().and_then(|why| *why.borrow())
    }

    /// Waits until the run is told to end. Dropping the future loses nothing.
    pub(crate) async fn end(&mut self) -> KillReason {
        if let Some(receiver) = &mut self.0
            && let Ok(why) = receiver.wait_for(Option::is_some).await
            && let Some(why) = *why
        {
            return why;
        }
        std::future::pending().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in another task must not take the agent down: the data behind these locks is changed
    // in single steps that leave it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// Makes an agent and lets it remember what its journal knows. `collector` makes a collector;
    /// it is called once for what may block and once for the rest.
    #[must_use]
    pub fn new(
        config: HostConfig,
        mut journal: Journal,
        collector: impl Fn() -> Collector,
        spawner: Arc<Spawner>,
    ) -> Arc<Self> {
        let gate = Gate {
            fleet: config.fleet.clone(),
            node: config.node.clone(),
            judge: Arc::clone(&config.judge),
            labels: config.labels.clone(),
            rules: config.rules.clone(),
            revoked: Arc::default(),
        };
        let mut core = Agent::new(software(), config.bounds, gate);
        for (run, request) in journal.take_known_runs() {
            core.remember(run, request);
        }
        for list in journal.take_lists() {
            if let Err(e) = core.remember_list(&list) {
                tracing::error!(error = %e, "a revocation list that is kept is not this fleet's");
            }
        }
        core.remember_bundle(journal.bundle());
        core.remember_bundle(config.ca.as_deref().map_or(0, papers::bundle_in));
        for run in journal.take_detached() {
            core.remember_detached(run);
        }
        let marks = journal.take_marks();
        let book = journal.book().unwrap_or_else(|error| {
            tracing::error!(%error, "no automation is in force: apply them anew");
            Book::default()
        });
        let timer = Arc::new(Notify::new());
        let host = Arc::new(Self {
            kept: Mutex::new(Kept::new(config.bounds.kept_bytes)),
            shelf: Mutex::new(shelf(config.answers_dir.as_deref())),
            config,
            core: Mutex::new(core),
            journal_on_disk: journal.is_on_disk(),
            journal: Mutex::new(journal),
            adopting: AsyncMutex::default(),
            notes: Mutex::default(),
            collector: Mutex::new(collector()),
            disks: Arc::new(AsyncMutex::new(collector())),
            spawner,
            room: Room::new(PARSE_INPUT_ALL_MAX),
            killers: Mutex::default(),
            connections: AtomicU64::new(0),
            closers: Mutex::default(),
            handshakes: AtomicUsize::new(0),
            timer: Arc::clone(&timer),
            automations: OnceLock::new(),
            armed: Mutex::default(),
        });
        tokio::spawn(timer::keep_time(Arc::downgrade(&host), timer));
        let automations = automation::start(&host, book, marks);
        // Nobody else has set it: the host is made here.
        let _ = host.automations.set(automations);
        host
    }

    /// Returns what the agent was made of.
    #[must_use]
    pub const fn config(&self) -> &HostConfig {
        &self.config
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    /// Room for output that waits to be parsed.
    pub(crate) const fn room(&self) -> &Room {
        &self.room
    }

    pub(crate) fn collector(&self) -> MutexGuard<'_, Collector> {
        lock(&self.collector)
    }

    /// Waits for the collector that may block. Whoever holds it is on a thread that may.
    pub(crate) async fn disks(&self) -> OwnedMutexGuard<Collector> {
        Arc::clone(&self.disks).lock_owned().await
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }

    pub(crate) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        lock(&self.shelf)
    }

    /// Returns the detached runs of that operator, oldest first.
    pub(crate) fn detached_of(&self, who: &Identity) -> Vec<Detached> {
        lock(&self.core).detached_of(who)
    }

    /// Takes up other rules; they hold from the next request on.
    pub fn set_rules(&self, rules: Rules) {
        lock(&self.core).set_rules(rules);
    }

    /// Enters a connection, or says why it is to end at once. What comes back beside its number says
    /// so later.
    pub(crate) fn connect(
        &self,
        peer: Peer,
    ) -> Result<(u64, oneshot::Receiver<Farewell>), Farewell> {
        let conn = self.connections.fetch_add(1, Ordering::Relaxed);
        let (closer, ends) = oneshot::channel();
        {
            let (now, mut core) = (clock::now(), lock(&self.core));
            core.greet(now.wall, &peer)?;
            core.handle(now, Input::Connected { conn, peer });
            // Still under the core's lock: whoever ends it from now on finds it here.
            lock(&self.closers).insert(conn, closer);
        }
        self.timer.notify_one();
        Ok((conn, ends))
    }

    /// Forgets a connection that is gone.
    pub(crate) fn disconnect(&self, conn: u64) {
        lock(&self.closers).remove(&conn);
        self.handle(Input::Disconnected { conn });
    }

    /// Ends a connection with all its streams.
    pub(crate) fn close(&self, conn: u64, why: Farewell) {
        if let Some(closer) = lock(&self.closers).remove(&conn) {
            tracing::warn!(conn, why = why.text(), "a connection is ended");
            // Nobody listens: it has just ended by itself.
            let _ = closer.send(why);
        }
    }

    /// Lets the core look at a wall clock that may have been set.
    pub(crate) async fn look_at_clock(self: &Arc<Self>) {
        let effects = lock(&self.core).handle_timeout(clock::now());
        self.carry_out(effects).await;
    }

    pub(crate) fn begin_handshake(self: &Arc<Self>) -> Handshake {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
        Handshake {
            host: Arc::clone(self),
        }
    }

    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::Relaxed)
    }

    /// Hands an input to the core and returns what is to be done.
    pub(crate) fn handle(&self, input: Input) -> Vec<Effect> {
        let (effects, is_sooner) = {
            let mut core = lock(&self.core);
            let effects = core.handle(clock::now(), input);
            for effect in &effects {
                if let Effect::Begin { run, .. } = effect {
                    // Still under the core's lock: whatever the core decides next about this run
                    // finds it here.
                    self.enter(run.run);
                }
            }
            let is_sooner = self.is_sooner(&core);
            (effects, is_sooner)
        };
        if is_sooner {
            self.timer.notify_one();
        }
        effects
    }

    /// Hands an input to the core and does what needs no stream.
    pub(crate) async fn act(self: &Arc<Self>, input: Input) {
        let effects = self.handle(input);
        self.carry_out(effects).await;
    }

    async fn carry_out(self: &Arc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Kill { run, why } => self.kill(run, why),
                Effect::Close { conn, why } => self.close(conn, why),
                Effect::Forget { run } => self.shelf().forget(run),
                Effect::EndOrphan { run } => end_orphan(self, run),
                Effect::Record(entry) => {
                    if let Err(e) = self.record(&entry).await {
                        tracing::error!(error = %e, "an entry of the journal is lost");
                    }
                }
                Effect::Note(entry) => self.note(entry),
                Effect::Send { .. }
                | Effect::Finish { .. }
                | Effect::Begin { .. }
                | Effect::Adopt { .. }
                | Effect::TellHead { .. }
                | Effect::Countersign { .. }
                | Effect::Answer { .. } => {
                    debug_assert!(
                        false,
                        "effects for a stream come from the stream's envelopes"
                    );
                }
            }
        }
    }

    /// Writes an entry down, where waiting for a disk holds up nobody else.
    pub(crate) async fn record(self: &Arc<Self>, entry: &Entry) -> Result<(), JournalError> {
        let recorded = self.write_down(entry).await;
        if let Entry::Revocations { scope, .. } = entry {
            lock(&self.core).note_kept(*scope, recorded.is_ok());
        }
        recorded
    }

    async fn write_down(self: &Arc<Self>, entry: &Entry) -> Result<(), JournalError> {
        if !self.journal_on_disk {
            return lock(&self.journal).append(clock::wall(), entry);
        }
        let (host, entry) = (Arc::clone(self), entry.clone());
        let append = move || {
            let mut journal = lock(&host.journal);
            // What was noted before it stands before it.
            host.write_notes(&mut journal);
            journal.append(clock::wall(), &entry)
        };
        tokio::task::spawn_blocking(append)
            .await
            .unwrap_or_else(|e| Err(JournalError::broken_off(&e)))
    }

    /// Returns the audit's log as it is now, with all that was noted so far.
    pub(crate) fn audit_log(&self) -> Snapshot {
        let mut journal = lock(&self.journal);
        self.write_notes(&mut journal);
        journal.snapshot()
    }

    /// Makes a run known to [`Host::kill`] before its process exists, and to who asks again.
    fn enter(&self, run: RunId) {
        lock(&self.killers).entry(run).or_default();
        self.kept().begin(run);
    }

    /// Returns what a run is told from elsewhere.
    pub(crate) fn told(&self, run: RunId) -> Told {
        Told(lock(&self.killers).get(&run).map(|k| k.why.subscribe()))
    }

    /// Gives a run's process to [`Host::kill`]. It ends at once if that was asked for before.
    pub(crate) fn arm(&self, run: RunId, pid: u32, killer: Killer) {
        let mut killers = lock(&self.killers);
        let entry = killers.entry(run).or_default();
        if entry.why.borrow().is_some() {
            killer.kill();
        }
        entry.killer = Some(killer);
        drop(killers);
        self.kept().started(run, pid);
    }

    /// Ends a run with its whole process tree.
    pub(crate) fn kill(&self, run: RunId, why: KillReason) {
        if let Some(entry) = lock(&self.killers).get_mut(&run) {
            entry.why.send_if_modified(|told| {
                let first = told.is_none();
                told.get_or_insert(why);
                first
            });
            if let Some(killer) = &entry.killer {
                killer.kill();
            }
        }
    }

    /// Keeps a detached run's answer, where waiting for a disk holds up nobody else.
    async fn put_away(self: &Arc<Self>, run: RunId, answer: Vec<Envelope>) {
        let host = Arc::clone(self);
        let put = move || host.shelf().put(run, &answer);
        let done = if self.config.answers_dir.is_some() {
            let done = tokio::task::spawn_blocking(put).await;
            done.unwrap_or_else(|e| Err(std::io::Error::other(e.to_string())))
        } else {
            put()
        };
        if let Err(e) = done {
            tracing::error!(%run, error = %e, "the answer of a detached run is not kept");
        }
    }

    /// Takes a run's end: forgets how to end it, keeps its answer for who asks again, tells the
    /// core and writes the end down.
    pub(crate) async fn conclude(
        self: &Arc<Self>,
        run: RunId,
        end: RunEnd,
        answer: Option<Vec<Envelope>>,
    ) {
        lock(&self.killers).remove(&run);
        let answer = match answer {
            Some(answer) if lock(&self.core).is_detached(run) => {
                self.put_away(run, answer).await;
                None
            }
            answer => answer,
        };
        self.kept().end(run, answer);
        self.act(Input::Ended { run, end }).await;
    }
}

/// Opens the shelf; an agent whose disk fails serves all the same, and keeps answers in memory.
fn shelf(dir: Option<&Path>) -> Shelf {
    let Some(dir) = dir else {
        return Shelf::in_memory();
    };
    Shelf::open(dir).unwrap_or_else(|e| {
        tracing::error!(dir = %dir.display(), error = %e, "answers of detached runs are kept in memory");
        Shelf::in_memory()
    })
}

/// Returns what the agent calls itself in a hello.
#[must_use]
pub fn software() -> String {
    format!("hailerd {}", env!("CARGO_PKG_VERSION"))
}
