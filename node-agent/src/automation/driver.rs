//! The task that owns the engine.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use hailer_protocol::automation::{AutomationSet, Condition, Sign, Watch};
use hailer_protocol::engine::{
    AttemptId, Begin, Bounds, DeedOutcome, Effect, Engine, Evidence, Handle, LeaseAnswer, Look,
    Now, Part, Reading, Record, Seen, Verdict,
};
use hailer_protocol::table::Table;
use hailer_protocol::time::Mono;
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use super::book::Book;
use super::deed;
use super::handle::{Automations, INBOX, Message, Refused};
use super::{look, notes, rows};
use crate::clock;
use crate::core::{Entry, Told, Vouch};
use crate::host::Host;

/// Condition commands that run at the same time on a node.
const LOOKING_MAX: usize = 4;

/// After so many records a checkpoint is written, and the journal may drop what lies before it.
const CHECKPOINT_AFTER: usize = 2_000;

/// Begins to watch: what was in force before the process ended is in force again.
pub(crate) fn start(host: &Arc<Host>, book: Book, records: Vec<Record>) -> Automations {
    let (sender, inbox) = mpsc::channel(INBOX);
    let config = host.config();
    let driver = Driver {
        engine: Engine::new(config.fleet.clone(), config.node.clone(), Bounds::default()),
        host: Arc::downgrade(host),
        book,
        watches: HashMap::new(),
        deeds: HashMap::new(),
        looking: Arc::new(Semaphore::new(LOOKING_MAX)),
        sender: sender.downgrade(),
        n_records: 0,
    };
    tokio::spawn(driver.drive(inbox, records));
    Automations::new(sender)
}

/// What both conditions of an automation are looked at with.
struct Watches {
    when: Option<Watch>,
    version: Option<Watch>,
}

/// How a deed under way is ended.
struct Ends {
    now: Arc<Notify>,
    /// When the share that it acts under ends.
    until: watch::Sender<Option<Mono>>,
}

struct Driver {
    engine: Engine,
    host: Weak<Host>,
    book: Book,
    watches: HashMap<Handle, Watches>,
    /// How deeds under way are ended.
    deeds: HashMap<AttemptId, Ends>,
    looking: Arc<Semaphore>,
    sender: mpsc::WeakSender<Message>,
    n_records: usize,
}

/// Waits until a share has ended, whoever has forgotten to renew it; for ever where there is none.
async fn share_ends(mut share: watch::Receiver<Option<Mono>>) {
    loop {
        let until = *share.borrow_and_update();
        let ends = async {
            match until {
                Some(at) => tokio::time::sleep_until(clock::deadline(at)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ends => return,
            changed = share.changed() => if changed.is_err() {
                // Nobody renews it any more: it ends when it was to end.
                match until {
                    Some(at) => return tokio::time::sleep_until(clock::deadline(at)).await,
                    None => std::future::pending().await,
                }
            },
        }
    }
}

fn now() -> Now {
    let now = clock::now();
    Now {
        mono: now.mono,
        wall: now.wall,
    }
}

impl Driver {
    async fn drive(mut self, mut inbox: mpsc::Receiver<Message>, records: Vec<Record>) {
        let mut out = Vec::new();
        self.engine.restore(now(), &records, &mut out);
        drop(records);
        self.engine
            .set_automations(now(), self.book.specs(), &mut out);
        self.carry_out(&mut out).await;
        loop {
            let due = self.engine.poll_timeout().map(|(at, _)| at);
            let time = async {
                match due {
                    Some(at) => tokio::time::sleep_until(clock::deadline(at)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                message = inbox.recv() => match message {
                    Some(message) => self.on(message, &mut out).await,
                    None => return,
                },
                () = time => self.engine.handle_timeout(now(), &mut out),
            }
            self.carry_out(&mut out).await;
            if self.host.strong_count() == 0 {
                return;
            }
        }
    }

    async fn on(&mut self, message: Message, out: &mut Vec<Effect>) {
        match message {
            Message::Apply(set, answer) => {
                let (set, vouch) = *set;
                // Nobody waits for the answer any longer; it is done all the same.
                let _ = answer.send(self.apply(set, vouch, out).await);
            }
            Message::Stow(texts, answer) => {
                let _ = answer.send(self.book.stow(texts).map_err(Refused::from));
            }
            Message::Control(control, reason, answer) => {
                let done = self.engine.control(now(), &control, &reason, out);
                // What it asks to be written down is, before the answer is given.
                self.carry_out(out).await;
                let _ = answer.send(done.map_err(Refused::from));
            }
            Message::Rows(answer) => {
                let rows = self.engine.snapshot(now());
                let _ = answer.send(rows::automations(&rows, &self.book));
            }
            Message::Probed(looks, probed) => self.read(&looks, probed, out),
            Message::Went(begin, went) => {
                self.deeds.remove(&begin.attempt);
                let (name, attempt) = (begin.spec.name.to_string(), begin.attempt.to_string());
                self.tell(notes::ended(&name, &begin.key, &attempt, &went));
                self.engine
                    .deed_ended(now(), begin.attempt, went.outcome, out);
            }
            Message::Collected(evidence, text) => {
                self.tell(Told {
                    event: "evidence".to_owned(),
                    automation: Some(evidence.spec.name.to_string()),
                    key: Some(evidence.key.to_string()),
                    episode: evidence.episode,
                    text,
                    ..Told::default()
                });
                let Evidence {
                    automation,
                    key,
                    episode,
                    ..
                } = *evidence;
                self.engine.collected(now(), automation, &key, episode, out);
            }
            Message::Lease(lease, answer) => self.engine.lease_answer(now(), lease, answer, out),
        }
    }

    /// Puts a set in force, once it has been written down.
    async fn apply(
        &mut self,
        set: AutomationSet,
        vouch: Vouch,
        out: &mut Vec<Effect>,
    ) -> Result<Table, Refused> {
        let planned = self.book.plan(set, vouch, clock::wall())?;
        let before = self.book.kept().map(|k| k.entries.clone());
        let host = self.host.upgrade().ok_or(Refused::Over)?;
        for (_, spec) in &planned.specs {
            for deed in &spec.deeds {
                let permitted = host.permit_deed(&planned.kept.vouch, deed.run_as.as_deref());
                permitted.map_err(|why| Refused::Denied(format!("`{}`: {why}", spec.name)))?;
            }
        }
        let (planned, kept) = host.keep_set(planned).await;
        kept.map_err(|e| Refused::Record(e.to_string()))?;
        let gone = self.book.take(&planned);
        if let Err(e) = host.drop_texts(gone).await {
            tracing::warn!(error = %e, "texts of automations that are no longer in force are kept");
        }
        let changed = rows::changed(before.as_deref().unwrap_or_default(), &planned.kept.entries);
        self.engine.set_automations(now(), planned.specs, out);
        self.watches.clear();
        Ok(changed)
    }

    /// Carries effects out in order. What is to be written down is, before what comes after it.
    async fn carry_out(&mut self, out: &mut Vec<Effect>) {
        while !out.is_empty() {
            let effects = std::mem::take(out);
            let mut looks: Vec<Look> = Vec::new();
            let mut failed: Option<String> = None;
            for effect in effects {
                if let Effect::Look(next) = effect {
                    if looks.last().is_some_and(|l| l.probe != next.probe) {
                        self.look(std::mem::take(&mut looks));
                    }
                    looks.push(next);
                    continue;
                }
                self.one(effect, &mut failed, out).await;
            }
            if !looks.is_empty() {
                self.look(looks);
            }
        }
    }

    async fn one(&mut self, effect: Effect, failed: &mut Option<String>, out: &mut Vec<Effect>) {
        match (effect, failed.as_deref()) {
            (Effect::Look(_), _) => {}
            (Effect::Record(record), None) => {
                if let Err(why) = self.record(record).await {
                    tracing::error!(error = %why, "an automation's record could not be written");
                    *failed = Some(why);
                }
            }
            (Effect::Begin(begin), Some(why)) => {
                let outcome = DeedOutcome::NotStarted {
                    why: format!("its intent could not be written down: {why}"),
                };
                self.engine.deed_ended(now(), begin.attempt, outcome, out);
            }
            (Effect::Begin(begin), None) => self.begin(begin),
            (Effect::Kill { attempt, .. }, _) => {
                if let Some(deed) = self.deeds.get(&attempt) {
                    deed.now.notify_one();
                }
            }
            (Effect::Collect(evidence), _) => self.collect(evidence),
            // No keeper is connected to this agent: what an automation does about that, it says.
            (Effect::AskLease { lease, .. } | Effect::RenewLease { lease, .. }, _) => {
                self.send(Message::Lease(lease, LeaseAnswer::NoKeeper));
            }
            (Effect::ReleaseLease { .. }, _) => {}
            (Effect::ExtendLease { attempt, until }, _) => {
                if let Some(deed) = self.deeds.get(&attempt) {
                    deed.until.send_replace(Some(until));
                }
            }
            (Effect::Page(page), _) => self.tell(notes::page(&page)),
            (Effect::Resolve { incident }, _) => self.tell(Told {
                event: "resolved".to_owned(),
                text: incident,
                ..Told::default()
            }),
            (Effect::Event(notice), _) => {
                if let Some(told) = notes::told(&notice) {
                    self.tell(told);
                }
            }
            (Effect::Record(_), Some(_)) => {}
        }
    }

    async fn record(&mut self, record: Record) -> Result<(), String> {
        let host = self.host.upgrade().ok_or("the agent stops")?;
        let written = host.record(&Entry::Mark(Box::new(record))).await;
        written.map_err(|e| e.to_string())?;
        self.n_records += 1;
        if self.n_records >= CHECKPOINT_AFTER {
            self.n_records = 0;
            let records = self.engine.checkpoint(now());
            if let Err(e) = host.record(&Entry::Marks(records)).await {
                tracing::error!(error = %e, "a checkpoint of the automations could not be written");
            }
        }
        Ok(())
    }

    fn tell(&self, told: Told) {
        if let Some(host) = self.host.upgrade() {
            host.note(Entry::Told(Box::new(told)));
        }
    }

    /// Hands a message to itself, from a task of its own.
    fn send(&self, message: Message) {
        if let Some(sender) = self.sender.upgrade() {
            tokio::spawn(async move {
                // The driver is gone.
                let _ = sender.send(message).await;
            });
        }
    }

    /// Asks one probe for all looks that share it.
    fn look(&mut self, looks: Vec<Look>) {
        let condition = looks.first().and_then(|look| {
            let spec = self.engine.spec(look.automation)?;
            match (look.part, &spec.when) {
                (Part::When, Condition::Node(node)) => Some(node.clone()),
                (Part::Version, _) => spec.version.clone(),
                (Part::When, Condition::Fleet(_)) => None,
            }
        });
        let (Some(condition), Some(host), Some(kept), Some(sender)) = (
            condition,
            self.host.upgrade(),
            self.book.kept(),
            self.sender.upgrade(),
        ) else {
            return;
        };
        let (vouch, looking) = (kept.vouch.clone(), Arc::clone(&self.looking));
        tokio::spawn(async move {
            let is_command = matches!(condition.probe, hailer_protocol::message::Probe::Shell(_));
            let _turn = if is_command {
                looking.acquire_owned().await.ok()
            } else {
                None
            };
            let probed = look::probe(&host, &condition, &vouch).await;
            drop(host);
            // The driver is gone.
            let _ = sender.send(Message::Probed(looks, probed)).await;
        });
    }

    /// Says of each automation what its looks came to.
    fn read(&mut self, looks: &[Look], probed: Result<Table, String>, out: &mut Vec<Effect>) {
        for look in looks {
            let Some(spec) = self.engine.spec(look.automation).cloned() else {
                continue;
            };
            let found = match &probed {
                Err(why) => Err(why.clone()),
                Ok(table) => {
                    let watches = self.watches.entry(look.automation).or_insert_with(|| {
                        let of = |condition| Watch::new(condition, &spec.clear, &spec.key).ok();
                        Watches {
                            when: match &spec.when {
                                Condition::Node(node) => of(node),
                                Condition::Fleet(_) => None,
                            },
                            version: spec.version.as_ref().and_then(of),
                        }
                    });
                    let watch = match look.part {
                        Part::When => &watches.when,
                        Part::Version => &watches.version,
                    };
                    match watch {
                        Some(watch) => watch.look(clock::wall(), table).map_err(|e| e.to_string()),
                        None => Err("its condition cannot be evaluated".to_owned()),
                    }
                }
            };
            match (look.part, found) {
                (Part::Version, found) => {
                    let fires = |p: &hailer_protocol::automation::Patient| p.sign == Sign::Fires;
                    let in_force = found.ok().map(|f| f.patients.iter().any(fires));
                    self.engine
                        .version_seen(now(), look.automation, in_force, out);
                }
                (Part::When, Err(why)) => {
                    let reading = Reading::NoData { why: &why };
                    self.engine.reading(now(), look.automation, reading, out);
                }
                (Part::When, Ok(found)) => {
                    let seen: Vec<Seen<'_>> = found
                        .patients
                        .iter()
                        .map(|p| Seen {
                            key: &p.key,
                            verdict: match p.sign {
                                Sign::Fires => Verdict::Fires,
                                Sign::Between => Verdict::Between,
                                Sign::Well => Verdict::Well,
                            },
                            env: &p.env,
                        })
                        .collect();
                    let reading = Reading::Rows {
                        seen: &seen,
                        looked_at: found.looked_at,
                    };
                    self.engine.reading(now(), look.automation, reading, out);
                }
            }
        }
    }

    fn begin(&mut self, begin: Begin) {
        let (Some(host), Some(kept), Some(sender)) =
            (self.host.upgrade(), self.book.kept(), self.sender.upgrade())
        else {
            return;
        };
        let (until, share) = watch::channel(begin.lease.map(|(_, until)| until));
        let ends = Ends {
            now: Arc::new(Notify::new()),
            until,
        };
        let end = Arc::clone(&ends.now);
        self.deeds.insert(begin.attempt, ends);
        let vouch = kept.vouch.clone();
        tokio::spawn(async move {
            let told = async {
                tokio::select! {
                    () = end.notified() => {}
                    () = share_ends(share) => {}
                }
            };
            let went = deed::carry_out(&host, &begin, &vouch, told).await;
            drop(host);
            let went = Message::Went(Box::new(begin), Box::new(went));
            // The driver is gone, and the attempt stays without an end, as it is.
            let _ = sender.send(went).await;
        });
    }

    fn collect(&self, evidence: Evidence) {
        let (Some(host), Some(kept), Some(sender)) =
            (self.host.upgrade(), self.book.kept(), self.sender.upgrade())
        else {
            return;
        };
        let vouch = kept.vouch.clone();
        tokio::spawn(async move {
            let text = deed::collect(&host, &evidence, &vouch).await;
            drop(host);
            // The driver is gone.
            let _ = sender
                .send(Message::Collected(Box::new(evidence), text))
                .await;
        });
    }
}
