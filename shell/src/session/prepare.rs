//! Getting ready for a line: what its selector asks of nodes and of this machine is found out before
//! the line is planned, since planning waits for nobody.

use std::time::Duration;

use hailer_lang::ast::{self, Line, Selector, Verb};
use hailer_lang::explain::left_out;
use hailer_lang::group_source::{GroupSource, NODES_ASKED_MAX, wanted};
use hailer_lang::node_set::NodeSet;
use hailer_lang::parse::{Parsed, parse, parse_selector};
use hailer_lang::plan::{LinePlan, resolve_scope};
use hailer_lang::selector::{Learned, asks_facts, asks_live, undecided};
use hailer_protocol::message::Probe;
use hailer_protocol::row_plan::RowPlan;
use tokio::sync::mpsc;

use super::Session;
use crate::clock;
use crate::fleet::{self, Job};

/// How long a line that selects by live state waits to learn it.
const LIVE_WITHIN: Duration = Duration::from_secs(4);

/// How long a line that selects by facts waits for nodes to tell them.
const FACTS_WITHIN: Duration = Duration::from_secs(4);

impl Session {
    /// Gets ready for a line: finds out who is connected if its selector or its rows ask that, and
    /// everything that [`Session::learn_for`] does.
    pub async fn prepare(&mut self, text: &str) {
        // A name that stands for nonsense is told when the line is read.
        let text = &self.expand(text).unwrap_or_else(|_| text.to_owned());
        let parsed = parse(text, &self.known_names());
        let selector = self.selector_of(&parsed);
        if selector.as_ref().is_some_and(asks_live) || shows_live_states(&parsed) {
            self.learn_live_states().await;
        }
        self.learn_for(text).await;
    }

    /// Gets ready for a line as far as the prompt has to, which keeps nodes connected anyway: asks
    /// nodes for their facts, and sources for their groups, if its selector goes by them and what is
    /// known of them is too old.
    pub async fn learn_for(&mut self, text: &str) {
        let text = &self.expand(text).unwrap_or_else(|_| text.to_owned());
        let parsed = parse(text, &self.known_names());
        if let Some(selector) = self.selector_of(&parsed) {
            self.learn(&selector).await;
        }
        self.learn_groups_for(&parsed).await;
    }

    /// What `? @NODE` shows of few nodes: the groups that sources know them in.
    async fn learn_groups_for(&mut self, parsed: &Parsed) {
        let knows = |source: &GroupSource| source.reverse.is_some();
        if !self.inventory.sources().values().any(knows) {
            return;
        }
        let Some(Line::Shell(line)) = &parsed.line else {
            return;
        };
        let Some(text) = line.args.first().filter(|_| line.word.name == "?") else {
            return;
        };
        let live = self.live();
        let context = self.context(&live);
        let text = text.strip_prefix('@').unwrap_or(text);
        let Ok(scope) = resolve_scope(text, &context) else {
            return;
        };
        let nodes = scope.nodes;
        if nodes.len() <= NODES_ASKED_MAX {
            let now = clock::wall();
            self.knowledge
                .learn_groups_of(&nodes, &self.inventory, now)
                .await;
        }
    }

    /// The selector that decides whom a line is for: its own, or the current scope's.
    fn selector_of(&self, parsed: &Parsed) -> Option<Selector> {
        if let Some(own) = own_selector(parsed) {
            return Some(own.clone());
        }
        if let Some(Line::Shell(line)) = &parsed.line
            && matches!(line.word.name.as_str(), "explain" | "?" | "detached")
            && let Some(inner) = line.args.first()
        {
            let inner = self.expand(inner).unwrap_or_else(|_| inner.clone());
            let inner = parse(&inner, &self.known_names());
            // One line within another is all that the language has.
            return match inner.line {
                Some(Line::Shell(_)) => None,
                Some(_) | None => self.selector_of(&inner),
            };
        }
        let scope = self.scope.as_ref().filter(|s| s.is_live && !s.is_frozen)?;
        uses_current_scope(parsed)
            .then(|| parse_selector(&scope.text, &self.inventory.known_names()).0)
    }

    /// Learns what a selector goes by.
    pub(super) async fn learn(&mut self, selector: &Selector) {
        let groups = wanted(selector, &self.inventory);
        if !groups.is_empty() {
            let now = clock::wall();
            self.knowledge
                .learn_groups(groups, &self.inventory, now)
                .await;
        }
        if asks_facts(selector, &self.inventory) {
            self.knowledge.recall(&self.inventory);
            let live = self.live();
            let of_interest = undecided(selector, self.context(&live).world());
            self.ask_facts(&of_interest).await;
        }
    }

    async fn ask_facts(&mut self, nodes: &NodeSet) {
        let nodes = self.knowledge.worth_asking(nodes, clock::wall());
        if nodes.is_empty() {
            return;
        }
        let Ok(run) = self.run(Probe::Facts(Vec::new()), RowPlan::default()) else {
            return;
        };
        let mut job = Job::new(&nodes, run);
        job.policy.deadline = Some(FACTS_WITHIN);
        job.policy.confirm_grace = Duration::ZERO;
        let (events, _) = mpsc::channel(1);
        let (_control, wishes) = mpsc::channel(1);
        if let Ok(finished) = fleet::run(&self.fleet, job, events, wishes).await {
            self.knowledge.learn_facts(&finished, clock::wall());
            self.knowledge.remember(&self.inventory).await;
        }
    }

    /// Returns what is known of nodes beside the inventory, at this moment.
    pub(super) fn learned(&self) -> Learned<'_> {
        self.knowledge.now(clock::wall(), self.settings.facts_age)
    }

    /// Connects all nodes, and waits until it is known who is up.
    pub(super) async fn learn_live_states(&self) {
        self.fleet.connect_all_in_background();
        let known = async {
            let live = || self.live();
            while live().up.or(&live().down).len() < self.inventory.len() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(LIVE_WITHIN, known).await;
    }

    /// What an operator must know of a plan's targets before anything else: who is left out because
    /// nobody knows whether they match.
    #[must_use]
    pub fn remark(&self, plan: &LinePlan) -> Option<String> {
        let scope = match plan {
            LinePlan::Query(query) => &query.scope,
            LinePlan::SetScope(scope) => scope,
            LinePlan::Nothing | LinePlan::Local(_) | LinePlan::Shell(_) => return None,
        };
        if let LinePlan::Query(query) = plan
            && query.retries.is_some()
        {
            return self.remark_on_retry(query);
        }
        let mut said = String::new();
        if !scope.undecided.is_empty() {
            said = format!("{}\n", left_out(scope, &self.inventory));
        }
        if let LinePlan::Query(query) = plan
            && query.deed.is_none()
            && self.settings.spread_of(&query.source) != self.settings.spread
        {
            let flags = self.settings.spread_of(&query.source).flags();
            said.push_str(&format!("spread as `set` says: {}\n", flags.join(" ")));
        }
        (!said.is_empty()).then_some(said)
    }
}

/// The selector that a line itself has.
const fn own_selector(parsed: &Parsed) -> Option<&Selector> {
    match &parsed.line {
        Some(Line::Scope(selector)) => Some(selector),
        Some(Line::Query(query)) => query.scope.as_ref(),
        Some(Line::Nothing | Line::Local(_) | Line::Shell(_)) | None => None,
    }
}

/// Whether a line's rows tell who is connected.
const fn shows_live_states(parsed: &Parsed) -> bool {
    match &parsed.line {
        Some(Line::Query(query)) => matches!(query.source, ast::Source::Nodes),
        Some(Line::Nothing | Line::Local(_) | Line::Scope(_) | Line::Shell(_)) | None => false,
    }
}

/// Whether a line is for the nodes of the current scope.
pub(super) fn uses_current_scope(parsed: &Parsed) -> bool {
    match &parsed.line {
        Some(Line::Query(query)) => {
            // What a deed's targets are held against is the current scope, whatever the rows are.
            let is_deed = query
                .stages
                .iter()
                .any(|s| matches!(s.verb, Verb::Run { .. }));
            let is_kept = matches!(query.source, ast::Source::Result(_) | ast::Source::Open(..));
            query.scope.is_none() && (is_deed || !is_kept)
        }
        Some(Line::Shell(line)) => match (line.word.name.as_str(), line.args.first()) {
            ("detached", Some(inner)) => !inner.starts_with('@'),
            ("jobs", Some(what)) => what == "all",
            // A deed that is asked again is held against it.
            ("retry", _) => true,
            (_, _) => false,
        },
        Some(Line::Nothing | Line::Local(_) | Line::Scope(_)) | None => false,
    }
}
