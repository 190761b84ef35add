//! A keeper as its driver runs it: one message after the other, written before it is answered.

use std::collections::VecDeque;

use hailer_protocol::lease::{Answer, Authority, Decision, Write};
use hailer_protocol::message::FleetLeaseAsk;
use hailer_protocol::time::Mono;

use crate::plan::{Clock, SECOND, version, whose};
use crate::world::{Event, World};

/// What a patient's node sends.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    Ask { attempt: u32 },
    Renew { attempt: u32, token: u64 },
    Release { token: u64 },
}

/// A message on its way: whose, and when it was sent by the sender's own clock.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) from: usize,
    pub(crate) sent_at: Mono,
    pub(crate) message: Message,
}

pub(crate) struct Keeper {
    pub(crate) clock: Clock,
    /// Counted up at each crash: what was under way then comes to nothing.
    pub(crate) life: u64,
    pub(crate) authority: Option<Authority>,
    pub(crate) inbox: VecDeque<Letter>,
    pub(crate) is_busy: bool,
}

impl Keeper {
    pub(crate) fn crash(&mut self) {
        self.life += 1;
        self.authority = None;
        self.inbox.clear();
        self.is_busy = false;
    }
}

/// What is written, and then answered.
pub(crate) struct Written {
    keeper: usize,
    life: u64,
    writes: Vec<Write>,
    reply: Option<(Letter, Answer)>,
}

/// Decides about a letter; a release has no answer.
fn decide(authority: &mut Authority, now: Mono, letter: &Letter) -> (Vec<Write>, Option<Answer>) {
    let (node, key) = whose(letter.from);
    let split = |d: Decision| (d.writes, Some(d.answer));
    match &letter.message {
        Message::Ask { attempt } => {
            let ask = FleetLeaseAsk {
                automation: version(),
                key,
                attempt: *attempt,
            };
            split(authority.ask(now, node, &ask))
        }
        Message::Renew { token, .. } => split(authority.renew(now, node, *token)),
        Message::Release { token } => (authority.release(node, *token), None),
    }
}

impl World {
    pub(crate) fn begin(&mut self, keeper: usize) {
        if self.keepers[keeper].authority.is_some() {
            return;
        }
        let now = self.keepers[keeper].clock.read(self.now);
        let mut authority = Authority::new(now, self.store.take());
        authority.set_applied(vec![self.plan.applied()]);
        self.keepers[keeper].authority = Some(authority);
        let life = self.keepers[keeper].life;
        self.at(self.now + SECOND, Event::Tick { keeper, life });
    }

    pub(crate) fn tick(&mut self, keeper: usize, life: u64) {
        let it = &mut self.keepers[keeper];
        let Some(authority) = it.authority.as_mut().filter(|_| it.life == life) else {
            return;
        };
        let now = it.clock.read(self.now);
        let is_due = authority.poll_timeout().is_some_and(|at| at <= now);
        if is_due && !it.is_busy {
            let writes = authority.handle_timeout(now);
            it.is_busy = true;
            self.write_later(keeper, writes, None);
        }
        self.at(self.now + SECOND, Event::Tick { keeper, life });
    }

    pub(crate) fn work(&mut self, keeper: usize) {
        let it = &mut self.keepers[keeper];
        let Some(authority) = it.authority.as_mut().filter(|_| !it.is_busy) else {
            return;
        };
        let Some(letter) = it.inbox.pop_front() else {
            return;
        };
        it.is_busy = true;
        let now = it.clock.read(self.now);
        let (writes, answer) = decide(authority, now, &letter);
        self.write_later(keeper, writes, answer.map(|answer| (letter, answer)));
    }

    pub(crate) fn write_later(
        &mut self,
        keeper: usize,
        writes: Vec<Write>,
        reply: Option<(Letter, Answer)>,
    ) {
        let life = self.keepers[keeper].life;
        let written = Written {
            keeper,
            life,
            writes,
            reply,
        };
        // What is only refused waits for no disk.
        let pause = match (self.plan.has_faults, written.writes.is_empty()) {
            (_, true) => 20,
            (true, false) if self.chance.below(200) == 0 => self.chance.millis(1_000, 60_000),
            (_, false) => self.chance.millis(1, 5),
        };
        self.at(self.now + pause, Event::Written(Box::new(written)));
    }

    pub(crate) fn write(&mut self, written: Written) {
        let Written {
            keeper,
            life,
            writes,
            reply,
        } = written;
        let it = &mut self.keepers[keeper];
        let Some(authority) = it.authority.as_mut().filter(|_| it.life == life) else {
            return;
        };
        it.is_busy = false;
        let disk_fails = self.plan.has_faults && self.chance.below(300) == 0;
        let generation = authority.generation();
        let reply = if writes.is_empty() {
            reply
        } else if disk_fails {
            None
        } else if self.store.apply(generation, &writes) {
            reply
        } else {
            let answer = authority.depose();
            it.crash();
            let pause = self.chance.millis(1_000, 90_000);
            self.at(self.now + pause, Event::Begin { keeper });
            reply.map(|(letter, _)| (letter, answer))
        };
        if let Some((letter, answer)) = reply {
            let from = letter.from;
            self.send(keeper, from, |_| Event::AtPatient {
                letter: letter.clone(),
                answer: answer.clone(),
            });
        }
        self.work(keeper);
    }
}
