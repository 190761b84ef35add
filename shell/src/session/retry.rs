//! `retry $3.failed`: the same is asked of some targets of a result once more, and their answers
//! take the place of the earlier ones in it.
//!
//! The nodes are named by their result, so a plain line is asked of them whatever the scope is, as
//! `@$3.failed : …` would. A deed keeps to its rule: its targets lie in the scope that its line
//! named, or else in the current one. A lost target may have run; only `$3.lost` names it.

use std::collections::BTreeMap;
use std::sync::Arc;

use hailer_lang::ast::SetKind;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::plan::{LinePlan, Query, ResolvedScope, resolve_scope};
use hailer_lang::retry::Retry;
use hailer_lang::spread::Spread;
use hailer_protocol::clean::Clean;
use hailer_protocol::message::{Probe, Run};
use hailer_protocol::state::State;

use super::Session;
use crate::asked::Asked;
use crate::deed::count;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::{Ask, Finished, Job};
use crate::results::Kept;
use crate::running::Running;

impl Session {
    /// Makes a query of `retry`.
    pub(super) fn plan_retry(&self, plan: LinePlan) -> Result<LinePlan, ShellError> {
        match plan {
            LinePlan::Shell(command) if command.word == "retry" => {
                let named = command.args.first().map_or("", String::as_str);
                self.retry(named).map(LinePlan::Query)
            }
            LinePlan::Nothing
            | LinePlan::Local(_)
            | LinePlan::SetScope(_)
            | LinePlan::Shell(_)
            | LinePlan::Query(_) => Ok(plan),
        }
    }

    fn retry(&self, text: &str) -> Result<Query, ShellError> {
        let named = Retry::of(text)
            .map_err(|_| ShellError::usage(format!("`{text}` is no result and no set of one")))?;
        let number = self.results.number_of(named.result);
        let found = self.results.find(named.result);
        let kept = found.map_err(|e| ShellError::usage(format!("{text}: {e}")))?;
        let (asked, run) = asked_of(kept, number)?;
        let lost = nodes_in(run, State::Lost);
        let nodes = match named.set {
            None => self.not_ok(run, number)?,
            Some(_) => {
                let live = self.live();
                resolve_scope(text, &self.context(&live))
                    .map_err(|d| ShellError::of_diagnostics(&d, text))?
                    .nodes
            }
        };
        let wanted = without_lost(named.set, nodes, &lost);
        if wanted.is_empty() {
            let text = format!(
                "{} of {text} may have run, and may run twice",
                count(lost.len())
            );
            return Err(ShellError::new(Exit::NO_TARGETS, text).hint(format!(
                "nothing was run; `retry ${number}.lost` asks what was lost once more"
            )));
        }
        self.check_retried_deed(asked, &wanted)?;
        Ok(Query {
            scope: ResolvedScope {
                nodes: wanted,
                text: text.to_owned(),
                is_frozen: true,
                is_live: false,
                undecided: NodeSet::default(),
                facts_age: None,
            },
            retries: Some(number),
            ..asked.query.clone()
        })
    }

    /// The targets that were not ok.
    fn not_ok(&self, run: &Finished, number: u32) -> Result<NodeSet, ShellError> {
        let states = run.summary.nodes.iter();
        let not_ok = states.filter(|(state, _)| *state != State::Ok);
        let nodes = not_ok.fold(NodeSet::default(), |all, (_, nodes)| all.or(nodes));
        let nodes = nodes.and(&self.inventory.all());
        if nodes.is_empty() {
            let text = format!("every target of ${number} was ok: there is nothing to retry");
            return Err(ShellError::new(Exit::NO_TARGETS, text)
                .hint(format!("`retry ${number}.ok` asks those again that were")));
        }
        Ok(nodes)
    }

    fn check_retried_deed(&self, asked: &Asked, nodes: &NodeSet) -> Result<(), ShellError> {
        let Some(deed) = asked.deed.as_ref().filter(|deed| !deed.has_own_scope) else {
            return Ok(());
        };
        let Some(scope) = &self.scope else {
            return Err(ShellError::usage(format!(
                "there is no scope: on which nodes may `{}` act again?",
                deed.word()
            ))
            .hint("set one with `@SELECTOR`; nothing was run"));
        };
        let outside = nodes.sub(&scope.nodes);
        if outside.is_empty() {
            return Ok(());
        }
        Err(ShellError::usage(format!(
            "{} to act on again are not in the scope {}: {}",
            count(outside.len()),
            scope.text,
            self.inventory.fold_limited(&outside, 60)
        ))
        .hint("set a scope that holds them; nothing was run"))
    }

    /// Returns what a query asks once more, where it does.
    pub(super) fn asked_again(&self, query: &Query) -> Option<(&Kept, &Arc<Asked>)> {
        let number = query.retries?;
        let (_, kept) = self.results.newest().find(|(n, _)| *n == number)?;
        Some((kept, kept.asked.as_ref()?))
    }

    /// Whether a retry has a question of its own, or none: a deed's, or that of what may run twice.
    /// Others are asked about as their line was.
    pub(super) fn asks_for_itself(&self, query: &Query) -> bool {
        let again = self.asked_again(query);
        again.is_some_and(|(kept, asked)| asked.deed.is_some() || may_run_twice(kept, query))
    }

    /// What the prompt asks before such a retry; `None` if the line or a setting says not to.
    pub(super) fn question_of_retry(&self, query: &Query) -> Option<String> {
        let (kept, asked) = self.asked_again(query)?;
        let twice = if may_run_twice(kept, query) {
            "; it may have run there, and may run twice"
        } else if self.is_agreed(asked) {
            return None;
        } else {
            ""
        };
        self.settings.ask?;
        let nodes = &query.scope.nodes;
        let command = asked.deed.as_ref().map_or(&kept.text, |deed| &deed.command);
        Some(format!(
            "`{command}` again on {} of {} nodes, {}{twice}; run it?",
            nodes.len(),
            self.inventory.len(),
            self.inventory.fold_limited(nodes, 60)
        ))
    }

    /// Whether somebody has agreed to what is asked once more.
    fn is_agreed(&self, asked: &Asked) -> bool {
        let by_line = asked.deed.as_ref().is_none_or(|deed| deed.spread.yes);
        by_line || self.settings.spread.yes
    }

    /// What is to be known of a retry: who is left out, and what stays as it was.
    pub(super) fn remark_on_retry(&self, query: &Query) -> Option<String> {
        let (kept, asked) = self.asked_again(query)?;
        let number = query.retries?;
        let mut said = String::new();
        let set = Retry::of(&query.scope.text).map(|named| named.set);
        let lost = nodes_in(kept.run.as_ref()?, State::Lost);
        if !matches!(set, Ok(Some(SetKind::State(_)))) && !lost.is_empty() {
            said.push_str(&format!(
                "left out: {}, lost, may have run: {}; `retry ${number}.lost` asks there again\n",
                count(lost.len()),
                self.inventory.fold_limited(&lost, 60)
            ));
        }
        if let Some(file) = &asked.file {
            let file = Clean::line(file);
            said.push_str(&format!(
                "{file} stays as it is; `${number} |> save --force {file}` writes it anew\n"
            ));
        }
        (!said.is_empty()).then_some(said)
    }

    /// Begins to ask targets of a result once more.
    pub(super) fn begin_retry(&mut self, query: Query) -> Result<Running, ShellError> {
        let (kept, asked) = self
            .asked_again(&query)
            .ok_or_else(|| ShellError::own("the result is not kept any more"))?;
        let (earlier, asked) = (kept.run.clone(), Arc::clone(asked));
        let spread = self.spread_again(&asked);
        let layout = self.lay_out(&spread, &query.scope.nodes)?;
        let mut runs = BTreeMap::new();
        for node in &layout.targets {
            let run = asked.run_of(*node).ok_or_else(|| {
                ShellError::usage(format!(
                    "{} was no target of {}",
                    self.inventory.fold(&std::iter::once(*node).collect()),
                    query.scope.text
                ))
            })?;
            runs.insert(*node, run.clone());
        }
        let job = self.job_again(runs, &layout.targets, &query)?;
        let most = most_rows(&job.ask);
        let mut job = self.spread(job, &spread, &layout, &query.scope)?;
        job.policy.answer_within = job.policy.answer_within.map(|t| t.saturating_mul(most));
        let mut running = self.launch(job, query).with_each(asked.each.clone());
        running.earlier = earlier;
        running.asked = Some(asked);
        Ok(running)
    }

    /// How a retry is spread: as its line was. Whom it is for is already said.
    pub(super) fn spread_again(&self, asked: &Asked) -> Spread {
        let spread = match &asked.deed {
            Some(deed) => self.settings.spread_of_deed(&deed.spread),
            None => self.settings.spread_of(&asked.query.source),
        };
        Spread {
            pick: None,
            seed: None,
            ..spread
        }
    }

    /// Makes a run of its own of what each target was asked: timeouts are those of now, since a
    /// longer one may be why there is a retry.
    pub(super) fn job_again(
        &self,
        mut runs: BTreeMap<NodeId, Run>,
        targets: &[NodeId],
        query: &Query,
    ) -> Result<Job, ShellError> {
        let Some((_, first)) = runs.first_key_value() else {
            return Err(ShellError::own("nobody is asked once more"));
        };
        let fresh = self.run(first.probe.clone(), query.row_plan.clone())?;
        let again = targets
            .iter()
            .filter_map(|node| runs.remove(node))
            .map(|old| {
                let mut run = Run {
                    probe: old.probe,
                    env: old.env,
                    ..fresh.clone()
                };
                if let Probe::Each { timeout_ms, .. } = &mut run.probe {
                    // The timeout is each row's.
                    *timeout_ms = run.timeout_ms.take();
                }
                run
            });
        let again: Vec<Run> = again.collect();
        Ok(Job {
            targets: targets.to_vec(),
            ask: Ask::Each(again),
            ..Job::new(&query.scope.nodes, fresh)
        })
    }
}

/// The most rows that one node has its command run for.
fn most_rows(ask: &Ask) -> u32 {
    let rows = |run: &Run| {
        if let Probe::Each { rows, .. } = &run.probe {
            rows.len()
        } else {
            1
        }
    };
    let most = match ask {
        Ask::Same(run) => rows(run),
        Ask::Each(runs) => runs.iter().map(rows).max().unwrap_or(1),
    };
    u32::try_from(most.max(1)).unwrap_or(u32::MAX)
}

/// Whether a query asks targets again of which nobody knows whether they have run.
fn may_run_twice(kept: &Kept, query: &Query) -> bool {
    let lost = kept.run.as_ref().map(|run| nodes_in(run, State::Lost));
    lost.is_some_and(|lost| !lost.and(&query.scope.nodes).is_empty())
}

/// Leaves out what may have run, unless that is what is named.
fn without_lost(set: Option<SetKind>, nodes: NodeSet, lost: &NodeSet) -> NodeSet {
    match set {
        Some(SetKind::State(State::Lost)) => nodes,
        Some(_) | None => nodes.sub(lost),
    }
}

pub(super) fn nodes_in(run: &Finished, state: State) -> NodeSet {
    run.summary.nodes_in(state).cloned().unwrap_or_default()
}

/// What was asked for a result, with what came of it.
pub(super) fn asked_of(kept: &Kept, number: u32) -> Result<(&Asked, &Finished), ShellError> {
    let refused = |why: &str, hint: &str| {
        let text = format!("${number} {why}: nothing can be asked again");
        Err(ShellError::usage(text).hint(hint.to_owned()))
    };
    match (&kept.asked, &kept.run) {
        (Some(asked), Some(run)) => Ok((asked, run)),
        (_, None) => refused(
            "asked no nodes for its rows",
            "they are of the inventory, a file, or what was made of those",
        ),
        (None, Some(_)) => refused(
            "is no line's own answers",
            "it was made of another result, which can be retried, or was detached or followed",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_asked_again_only_by_its_name() {
        let of = |nodes: &[u32]| nodes.iter().map(|n| NodeId(*n)).collect::<NodeSet>();
        let lost = of(&[2]);
        for (set, nodes, expected) in [
            (None, of(&[1, 2]), of(&[1])),
            (Some(SetKind::Minority), of(&[2, 3]), of(&[3])),
            (Some(SetKind::Rows), of(&[2]), of(&[])),
            (Some(SetKind::State(State::Failed)), of(&[1]), of(&[1])),
            (Some(SetKind::State(State::Lost)), of(&[2]), of(&[2])),
        ] {
            assert_eq!(without_lost(set, nodes, &lost), expected, "{set:?}");
        }
    }
}
