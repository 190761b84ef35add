//! What is to be sent, until it is: each channel by itself, with pauses that grow.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hailer_protocol::time::Mono;

use super::{Message, MessageKind};

/// One message on its way over one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterId(u64);

/// Messages on their way. A channel sends one at a time, in order; channels do not wait for each other.
#[derive(Debug, Default)]
pub struct Outbox {
    channels: BTreeMap<String, VecDeque<Letter>>,
    next: u64,
    dropped: u64,
}

#[derive(Debug)]
struct Letter {
    id: LetterId,
    message: Message,
    tries: u32,
    is_under_way: bool,
    due: Mono,
}

impl Outbox {
    /// Hands a message to a channel. What waits there about the same incident gives way to it, and a
    /// call that nobody has tried to make is not made when it is over.
    pub fn push(&mut self, now: Mono, channel: &str, mut message: Message) {
        let queue = self.channels.entry(channel.to_owned()).or_default();
        let mut was_untold = false;
        queue.retain(|letter| {
            let is_same = letter.message.incident.key == message.incident.key;
            let gives_way = is_same && !letter.is_under_way;
            was_untold |=
                gives_way && letter.tries == 0 && letter.message.kind == MessageKind::Opened;
            !gives_way
        });
        match (message.kind, was_untold) {
            (MessageKind::Resolved, true) => return,
            (MessageKind::Updated, true) => message.kind = MessageKind::Opened,
            (MessageKind::Opened | MessageKind::Updated | MessageKind::Resolved, _) => {}
        }
        if queue.len() >= QUEUE_MAX {
            let oldest = queue.iter().position(|letter| !letter.is_under_way);
            if oldest.and_then(|at| queue.remove(at)).is_some() {
                self.dropped += 1;
            }
        }
        self.next += 1;
        queue.push_back(Letter {
            id: LetterId(self.next),
            message,
            tries: 0,
            is_under_way: false,
            due: now,
        });
    }

    /// Returns what is to be sent now, one message a channel, as being under way.
    pub fn due(&mut self, now: Mono) -> Vec<(LetterId, String, Message)> {
        let mut due = Vec::new();
        for (channel, queue) in &mut self.channels {
            let Some(letter) = queue.front_mut() else {
                continue;
            };
            if !letter.is_under_way && letter.due <= now {
                letter.is_under_way = true;
                letter.tries += 1;
                due.push((letter.id, channel.clone(), letter.message.clone()));
            }
        }
        due
    }

    /// It was sent.
    pub fn sent(&mut self, id: LetterId) {
        for queue in self.channels.values_mut() {
            queue.retain(|letter| letter.id != id);
        }
    }

    /// It was not; `draw` is a random number that the pause is drawn by. Returns whether it is tried
    /// again: a message that the other side refused for good (`is_final`) is not.
    pub fn failed(&mut self, now: Mono, id: LetterId, draw: u64, is_final: bool) -> bool {
        if is_final {
            self.sent(id);
            self.dropped += 1;
            return false;
        }
        let letters = self.channels.values_mut().flatten();
        for letter in letters.filter(|letter| letter.id == id) {
            letter.is_under_way = false;
            letter.due = now + pause(letter.tries, draw);
        }
        true
    }

    /// Returns when [`Outbox::due`] has something next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Mono> {
        let fronts = self.channels.values().filter_map(VecDeque::front);
        let waiting = fronts.filter(|letter| !letter.is_under_way);
        waiting.map(|letter| letter.due).min()
    }

    /// Returns how many messages were given up.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Half of the growing pause for sure, and the other half by chance.
fn pause(tries: u32, draw: u64) -> Duration {
    let whole = PAUSE_MIN.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let half = whole.min(PAUSE_MAX) / 2;
    let millis = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
    half + Duration::from_millis(draw % millis.saturating_add(1))
}

const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(5 * 60);

/// So many messages wait for a channel; the oldest gives way to the next.
const QUEUE_MAX: usize = 1_000;
