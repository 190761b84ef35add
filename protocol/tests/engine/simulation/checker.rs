//! What must never happen, whatever the node lives through.

use std::collections::{BTreeMap, BTreeSet};

use hailer_protocol::engine::{AttemptId, Begin, DeedOutcome, Page, PageWhy, Record, Whose};

#[derive(Default)]
pub(crate) struct Checker {
    /// Every deed that was really begun, and under which lease token.
    begun: BTreeSet<AttemptId>,
    /// True times of intents, by whose they are.
    intents: BTreeMap<Whose, Vec<u64>>,
    /// Until when the keeper keeps a share, in true time.
    kept_until: BTreeMap<u64, u64>,
    pages: BTreeMap<String, PageState>,
    life: u32,
    is_paused: bool,
    muted: BTreeSet<hailer_protocol::automation::Muted>,
}

#[derive(Clone, Copy)]
struct PageState {
    life: u32,
    is_resolved: bool,
}

impl Checker {
    pub(crate) fn n_begun(&self) -> usize {
        self.begun.len()
    }

    pub(crate) fn new_life(&mut self) {
        self.life += 1;
    }

    /// A record became durable.
    pub(crate) fn recorded(&mut self, at_ms: u64, record: &Record) {
        match record {
            Record::Intent { whose, .. } => {
                self.intents.entry(whose.clone()).or_default().push(at_ms);
                self.check_rates(at_ms, whose);
            }
            Record::Paused { .. } => self.is_paused = true,
            Record::Resumed => self.is_paused = false,
            Record::Muted { of, .. } => {
                self.muted.insert(of.clone());
            }
            Record::Unmuted(of) => {
                self.muted.remove(of);
            }
            Record::Outcome { .. }
            | Record::Escalated { .. }
            | Record::Cleared { .. }
            | Record::Flapping { .. }
            | Record::Storm { .. }
            | Record::ClockMoved { .. }
            | Record::Reserved { .. }
            | Record::Open { .. }
            | Record::Numbers { .. } => {}
        }
    }

    /// The limits of the automations in `node.rs`: one a minute a key, and two in two minutes a node.
    fn check_rates(&self, at_ms: u64, whose: &Whose) {
        let within = |times: &[u64], ms: u64| times.iter().filter(|t| at_ms - **t < ms).count();
        let of_key = within(&self.intents[whose], 60_000);
        assert!(
            of_key <= 1,
            "{of_key} attempts of {whose:?} within a minute at {at_ms}"
        );
        let same = self
            .intents
            .iter()
            .filter(|(w, _)| w.automation == whose.automation);
        let of_node: usize = same.map(|(_, times)| within(times, 120_000)).sum();
        assert!(
            of_node <= 2,
            "{of_node} attempts of {whose:?} within two minutes at {at_ms}"
        );
    }

    pub(crate) fn granted(&mut self, token: u64, until_ms: u64) {
        let until = self.kept_until.entry(token).or_default();
        *until = until_ms.max(*until);
    }

    /// A deed is really begun.
    pub(crate) fn begins(
        &mut self,
        begin: &Begin,
        journal: &[Record],
        until_ms: Option<(u64, u64)>,
    ) {
        let id = begin.attempt;
        assert!(self.begun.insert(id), "{id} is begun twice");
        let is_it = |r: &&Record| matches!(r, Record::Intent { id: i, .. } if *i == id);
        let is_over = |r: &&Record| matches!(r, Record::Outcome { id: i, .. } if *i == id);
        assert_eq!(
            journal.iter().filter(is_it).count(),
            1,
            "{id} has one intent"
        );
        assert_eq!(
            journal.iter().filter(is_over).count(),
            0,
            "{id} is not over"
        );
        assert!(!self.is_paused, "{id} is begun while deeds are paused");
        let of = |key: Option<&str>| hailer_protocol::automation::Muted {
            automation: begin.spec.name.clone(),
            key: key.map(str::to_owned),
        };
        let is_muted = [of(None), of(Some(&begin.key))]
            .iter()
            .any(|m| self.muted.contains(m));
        assert!(!is_muted, "{id} is begun while it is muted");
        let is_leased = !begin.spec.limits.at_once.is_empty();
        assert_eq!(
            is_leased,
            until_ms.is_some(),
            "{id} has a share if it needs one"
        );
        if let Some((token, until)) = until_ms {
            self.runs_until(token, until);
        }
    }

    /// A deed may run until then under that share.
    pub(crate) fn runs_until(&self, token: u64, until_ms: u64) {
        let kept = self.kept_until[&token];
        assert!(
            until_ms <= kept,
            "until {until_ms} under {token}, which is kept until {kept}"
        );
    }

    pub(crate) fn paged(&mut self, page: &Page) {
        let is_episode = match page.why {
            PageWhy::Fires
            | PageWhy::Exhausted
            | PageWhy::Ambiguous
            | PageWhy::Unanswered
            | PageWhy::Rejected => true,
            PageWhy::Approval | PageWhy::Flapping | PageWhy::Storm => false,
        };
        if !is_episode {
            return;
        }
        let now = PageState {
            life: self.life,
            is_resolved: false,
        };
        if let Some(before) = self.pages.insert(page.incident.clone(), now) {
            let incident = &page.incident;
            assert_ne!(
                before.life, self.life,
                "{incident} is paged twice in one life"
            );
            assert!(
                !before.is_resolved,
                "{incident} is paged after it was resolved"
            );
        }
    }

    pub(crate) fn resolved(&mut self, incident: &str) {
        if let Some(page) = self.pages.get_mut(incident) {
            page.is_resolved = true;
        }
    }

    /// After the last life: every intent has an end, and no unknown one was left to itself.
    pub(crate) fn at_the_end(&self, journal: &[Record]) {
        let mut ends: BTreeMap<AttemptId, &DeedOutcome> = BTreeMap::new();
        for record in journal {
            if let Record::Outcome { id, tried, .. } = record {
                let before = ends.insert(*id, &tried.outcome);
                assert!(before.is_none(), "{id} ended twice");
            }
        }
        for (at, record) in journal.iter().enumerate() {
            let Record::Intent {
                whose,
                episode,
                id,
                is_repeatable,
                ..
            } = record
            else {
                continue;
            };
            let outcome = ends.get(id).unwrap_or_else(|| panic!("{id} has no end"));
            if **outcome != DeedOutcome::Unknown || *is_repeatable {
                continue;
            }
            let mut later = journal[at + 1..].iter();
            let follows = later.find(|r| turns(r) == Some(whose));
            let is_escalated = matches!(
                follows,
                Some(Record::Escalated { episode: e, why: PageWhy::Ambiguous, .. }) if e == episode
            );
            assert!(is_escalated, "{id} is ambiguous, and then came {follows:?}");
        }
    }
}

/// Whose attempt, escalation or end a record is.
fn turns(record: &Record) -> Option<&Whose> {
    match record {
        Record::Intent { whose, .. }
        | Record::Escalated { whose, .. }
        | Record::Cleared { whose, .. } => Some(whose),
        Record::Outcome { .. }
        | Record::Flapping { .. }
        | Record::Storm { .. }
        | Record::Muted { .. }
        | Record::Unmuted(_)
        | Record::Paused { .. }
        | Record::Resumed
        | Record::ClockMoved { .. }
        | Record::Reserved { .. }
        | Record::Open { .. }
        | Record::Numbers { .. } => None,
    }
}
