//! How a run is spread: from the flags of a line and the program to the rules of its fan-out.

use std::sync::Arc;

use hailer_lang::ast::Line;
use hailer_lang::context::ResolvedScope;
use hailer_lang::node_set::NodeSet;
use hailer_lang::parse::parse;
use hailer_lang::plan::{LinePlan, Query, QueryEnd, Source, plan};
use hailer_lang::spread::{Layout, Spread};
use hailer_protocol::message::{Probe, Run};
use hailer_protocol::state::State;
use tokio::sync::mpsc;

use super::Session;
use super::audit::{ROWS_DEFAULT, ago, audit_of};
use super::query::{apply, in_engine};
use crate::around::Around;
use crate::deed::count;
use crate::error::ShellError;
use crate::fleet::policy::{Limits, Staging};
use crate::fleet::{self, Fleet, Gate, Job, Policy, Wish};
use crate::rows;
use crate::settings::NodeShell;

impl Session {
    /// Orders targets and cuts them into stages.
    pub(super) fn lay_out(&self, spread: &Spread, nodes: &NodeSet) -> Result<Layout, ShellError> {
        let seed = match (spread.pick, spread.seed) {
            (Some(_), None) => {
                let drawn = fleet::random::run_id().map_err(|e| ShellError::own(e.to_string()))?;
                // Short enough to be typed again.
                u64::from(u16::from_le_bytes([drawn.0[0], drawn.0[1]]))
            }
            (_, seed) => seed.unwrap_or(0),
        };
        spread
            .lay_out(nodes, &self.inventory, seed)
            .map_err(|wrong| ShellError::usage(wrong.message).hint(wrong.help))
    }

    /// Gives a job its rules.
    pub(super) fn spread(
        &self,
        mut job: Job,
        spread: &Spread,
        layout: &Layout,
        scope: &ResolvedScope,
    ) -> Result<Job, ShellError> {
        let n = layout.targets.len();
        let is_careful = spread.has_stages()
            || spread.max_failures.is_some()
            || spread.max_unreachable.is_some();
        if let Some(n) = spread.max_in_flight.or(self.settings.max_in_flight) {
            job.policy = Policy {
                is_patient: job.policy.is_patient,
                ..Policy::strictly(n)
            };
        } else if is_careful {
            job.policy.stalled_after = None;
        }
        job.policy.deadline = self.settings.deadline;
        job.policy.answer_within = self.settings.timeout;
        job.policy.staging = Staging {
            ends: layout.ends.clone(),
            wait: spread.wait.unwrap_or_default(),
            is_gated: spread.gate.is_some(),
        };
        let default = spread.has_stages().then_some(0);
        job.policy.limits = Limits {
            failures: spread.max_failures.map(|a| a.at_most(n)).or(default),
            unreachable: spread.max_unreachable.map(|a| a.at_most(n)),
        };
        job.gate = self
            .gate_of(spread, scope)?
            .map(|query| self.gate(query))
            .transpose()?;
        Ok(job)
    }

    /// Plans the line that is asked between stages.
    pub(super) fn gate_of(
        &self,
        spread: &Spread,
        scope: &ResolvedScope,
    ) -> Result<Option<Query>, ShellError> {
        let Some(text) = &spread.gate else {
            return Ok(None);
        };
        let live = self.live();
        let mut context = self.context(&live);
        context.scope = Some(scope);
        let parsed = parse(text, &self.inventory.known_names());
        let has_scope = matches!(&parsed.line, Some(Line::Query(q)) if q.scope.is_some());
        let planned = plan(&parsed, text, &context)
            .map_err(|d| ShellError::of_diagnostics(&d, text).at("--gate"))?;
        match planned {
            LinePlan::Query(query)
                if query.source.asks_nodes()
                    && query.deed.is_none()
                    && query.end == QueryEnd::Show
                    && !has_scope =>
            {
                Ok(Some(query))
            }
            LinePlan::Query(_)
            | LinePlan::Nothing
            | LinePlan::Local(_)
            | LinePlan::SetScope(_)
            | LinePlan::Shell(_) => Err(ShellError::usage(format!(
                "--gate `{text}` is no question to the nodes of a stage"
            ))
            .hint("give a command or a probe with verbs, without a scope, and without `run`, `save`, `follow` and `watch`")),
        }
    }

    /// Returns what nodes are asked for a source.
    pub(super) fn probe_of(&self, source: &Source) -> Result<Probe, ShellError> {
        match source {
            Source::Command(line) => Ok(self.command_probe(line)),
            Source::Metric { name } => Ok(Probe::Metric(name.clone())),
            Source::Facts(columns) => Ok(Probe::Facts(columns.clone())),
            Source::Runs => Ok(Probe::Runs),
            Source::Audit { since } => Ok(audit_of(*since)),
            Source::Automations => Ok(Probe::Automations),
            Source::Events { since } => Ok(Probe::Events {
                since: since.map(ago),
                until: None,
                limit: ROWS_DEFAULT,
            }),
            Source::Each(_) | Source::Nodes | Source::File { .. } | Source::Result(_) => {
                Err(ShellError::own("nothing is asked of nodes"))
            }
        }
    }

    /// Returns a command as nodes are asked for it, by the shell that is set.
    pub(super) fn command_probe(&self, line: &str) -> Probe {
        match self.settings.shell {
            NodeShell::Sh => Probe::Shell(line.to_owned()),
            NodeShell::Bash => Probe::Argv(["bash", "-c", line].map(str::to_owned).to_vec()),
        }
    }

    /// Returns a command as `/bin/sh` reads it, by the shell that is set.
    pub(super) fn command_line(&self, line: &str) -> String {
        match self.settings.shell {
            NodeShell::Sh => line.to_owned(),
            NodeShell::Bash => format!("exec bash -c '{}'", line.replace('\'', r"'\''")),
        }
    }

    fn gate(&self, query: Query) -> Result<Gate, ShellError> {
        let probe = self.probe_of(&query.source)?;
        let mut run = self.run(probe, query.row_plan.clone())?;
        let within = self.settings.gate_timeout();
        run.timeout_ms = u64::try_from(within.as_millis()).ok();
        let around = self.around(&query.fleet, &query.scope.nodes)?;
        let fleet = Arc::clone(&self.fleet);
        let policy = Policy {
            deadline: self.settings.deadline,
            answer_within: Some(within),
            ..Policy::default()
        };
        let wish = self.settings.wish.clone();
        Ok(Gate::new(move |nodes| {
            let (fleet, around) = (Arc::clone(&fleet), around.clone());
            let (query, run) = (query.clone(), run.clone());
            let terms = (policy.clone(), wish.clone());
            Box::pin(async move { ask_gate(&fleet, nodes, query, run, terms, around).await })
        }))
    }
}

/// Asks the gate of the nodes that were asked so far. Rows, a node that is not ok, and silence all
/// keep it shut; with verbs a command's own failure is a matter of the verbs.
async fn ask_gate(
    fleet: &Fleet,
    nodes: NodeSet,
    query: Query,
    mut run: Run,
    (policy, wish): (Policy, Wish),
    around: Around,
) -> Result<(), String> {
    run.run = fleet::random::run_id().map_err(|e| e.to_string())?;
    let job = Job {
        policy,
        wish,
        ..Job::new(&nodes, run)
    };
    // Nobody listens, and nobody wishes: a gate that is dropped is cancelled.
    let (events, _) = mpsc::channel(1);
    let (_control, wishes) = mpsc::channel(1);
    let finished = fleet::run(fleet, job, events, wishes)
        .await
        .map_err(|e| e.to_string())?;
    let has_verbs = query.returns_rows() || !query.fleet.is_empty();
    let is_well = |state: State| state == State::Ok || has_verbs && state.is_answer();
    let bad: Vec<String> = finished
        .summary
        .nodes
        .iter()
        .filter(|(state, _)| !is_well(*state))
        .map(|(state, nodes)| format!("{} {state}", nodes.len()))
        .collect();
    if !bad.is_empty() {
        return Err(format!(
            "of {} {}",
            count(finished.summary.total()),
            bad.join(", ")
        ));
    }
    if !has_verbs {
        return Ok(());
    }
    let around = around.with_run(Some(&finished));
    let made = in_engine(move || {
        let asked_for_rows = query.returns_rows();
        let (frame, notes) = rows::of_run(&finished, asked_for_rows, around.inventory())?;
        apply(frame, notes, &query.fleet, &around)
    });
    let (frame, _) = made.await.map_err(|e| e.to_string())?;
    match frame.len() {
        0 => Ok(()),
        1 => Err("1 row is left".to_owned()),
        n => Err(format!("{n} rows are left")),
    }
}
