//! The session's side of detached runs: they are started, found again on the nodes, and waited for
//! or ended by their ids.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::fleet_plan::{FleetStep, SortKey};
use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::{LinePlan, Query, QueryEnd, ResolvedScope, Source};
use hailer_lang::run_name::RunName;
use hailer_protocol::expr::Expr;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{Life, Probe};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_table::{Frame, Note};
use tokio::sync::mpsc;

use super::background::cut;
use super::query::{apply, in_engine};
use super::{Begun, Session};
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::{self, Finished, Job};
use crate::rows;
use crate::running::Bond;

/// How long nodes have to say which detached runs they know.
const LIST_WITHIN: Duration = Duration::from_secs(10);

/// The columns by which the rows of `jobs all` fold: what is the same on many nodes.
const FOLD_BY: [&str; 6] = ["run", "line", "began", "run_state", "run_rc", "held"];

/// A detached run that was found on nodes.
struct Found {
    run: RunId,
    line: String,
    /// The nodes that know it, and those that could not be asked whether they do.
    nodes: NodeSet,
}

/// What is said while the nodes are asked for the detached run of which a plan gives the id, and when
/// Ctrl-C comes then; `None` if it gives none.
pub(crate) fn looked_for(plan: &LinePlan) -> Option<(String, ShellError)> {
    let LinePlan::Shell(command) = plan else {
        return None;
    };
    let (id, ends) = match (command.word.as_str(), command.args.as_slice()) {
        ("jobs", [_, id, ..]) => (id, false),
        ("cancel", [id, ..]) => (id, true),
        _ => return None,
    };
    let Some(RunName::Id(id)) = RunName::of(id) else {
        return None;
    };
    let error = ShellError::new(
        Exit::INTERRUPTED,
        format!("interrupted while the nodes were asked for the detached run `{id}`"),
    );
    let error = error.hint(if ends {
        "nothing was ended: it runs on, if it was running"
    } else {
        "it stays as it is, and runs on if it was running"
    });
    let asking = format!("asking the nodes for the detached run {id}\n");
    Some((asking, error))
}

/// What is said when Ctrl-C lets go of a detached run that is waited for; `None` of a run that ends
/// with its shell.
pub(crate) fn let_go(bond: Bond) -> Option<ShellError> {
    let (run, what, hint) = match bond {
        Bond::Attached | Bond::Launches(_) => return None,
        Bond::Follows(run) => (run, "runs on", "`jobs attach"),
        Bond::Ends(run) => (
            run,
            "was told to end on every node that could be reached",
            "`jobs all` shows how it stands, `jobs attach",
        ),
    };
    let id = run.to_string();
    let short = rows::detached::short_id(&id);
    let text = format!("no longer waiting: the detached run {short} {what}");
    let ends = match bond {
        Bond::Follows(_) => format!(", `cancel {short}` ends it"),
        Bond::Attached | Bond::Launches(_) | Bond::Ends(_) => String::new(),
    };
    Some(
        ShellError::new(Exit::INTERRUPTED, text)
            .hint(format!("{hint} {short}` waits for it again{ends}")),
    )
}

impl Session {
    /// Makes queries of the words that are for nodes: `detached LINE` and `jobs all`.
    pub(super) fn plan_detached(&self, plan: LinePlan, text: &str) -> Result<LinePlan, ShellError> {
        let refused = |(why, hint): (String, &str)| ShellError::usage(why).hint(hint);
        match plan {
            LinePlan::Shell(command) if command.word == "detached" => {
                let inner = self.plan(&command.args.concat())?;
                let LinePlan::Query(query) = inner else {
                    return Ok(inner);
                };
                let text = text.trim().to_owned();
                let query = Query { text, ..query }.detach().map_err(refused)?;
                Ok(LinePlan::Query(query))
            }
            LinePlan::Shell(command) if command.word == "jobs" && command.args == ["all"] => {
                Ok(LinePlan::Query(self.list_detached(text)?))
            }
            LinePlan::Query(query)
                if self.settings.detach && matches!(query.source, Source::Command(_)) =>
            {
                Ok(LinePlan::Query(query.detach().map_err(refused)?))
            }
            LinePlan::Nothing
            | LinePlan::Local(_)
            | LinePlan::SetScope(_)
            | LinePlan::Shell(_)
            | LinePlan::Query(_) => Ok(plan),
        }
    }

    fn list_detached(&self, text: &str) -> Result<Query, ShellError> {
        let scope = self.scope.clone().ok_or_else(|| {
            ShellError::usage("there is no scope: which nodes are asked for their runs?")
                .hint("set one with `@SELECTOR`; `@all` is every node")
        })?;
        let group = FleetStep::Group {
            by: FOLD_BY.map(str::to_owned).to_vec(),
        };
        let key = |name: &str| SortKey {
            expr: Expr::Column(name.to_owned()),
            descending: false,
        };
        let sort = FleetStep::Sort {
            keys: vec![key("began"), key("run")],
        };
        Ok(Query {
            source: Source::Runs,
            scope,
            row_plan: RowPlan::default(),
            fleet: vec![group, sort],
            end: QueryEnd::Show,
            deed: None,
            retries: None,
            text: text.trim().to_owned(),
        })
    }

    /// Makes the folded rows of `jobs all`.
    pub(super) async fn frame_of_detached(
        &self,
        run: &Arc<Finished>,
        steps: Vec<FleetStep>,
        scope: &NodeSet,
    ) -> Result<(Frame, Vec<Note>), ShellError> {
        let around = self.around(&steps, scope)?.with_run(Some(&**run));
        let run = Arc::clone(run);
        in_engine(move || {
            let (frame, notes) = rows::detached::of_detached(&run, around.inventory())?;
            apply(frame, notes, &steps, &around)
        })
        .await
    }

    /// Waits for a detached run, or ends it, wherever it is: its id says on which nodes, and not
    /// the scope.
    pub(super) async fn follow_detached(
        &mut self,
        id: &str,
        ends: bool,
    ) -> Result<Begun, ShellError> {
        let found = self.find_detached(id).await?;
        let scope = ResolvedScope {
            nodes: found.nodes,
            text: format!(
                "the nodes of run {}",
                rows::detached::short_id(&found.run.to_string())
            ),
            ..ResolvedScope::all(&self.inventory)
        };
        let query = Query {
            source: Source::Command(found.line.clone()),
            scope,
            row_plan: RowPlan::default(),
            fleet: Vec::new(),
            end: QueryEnd::Show,
            deed: None,
            retries: None,
            text: found.line,
        };
        let probe = if ends {
            Probe::Cancel(found.run)
        } else {
            Probe::Attach(found.run)
        };
        let mut run = self.run(probe, RowPlan::default())?;
        // Neither a timeout nor the end of this shell is the run's.
        run.life = Life::Detached;
        run.timeout_ms = None;
        let job = Job::new(&query.scope.nodes, run);
        let mut running = self.launch(job, query);
        running.bond = if ends {
            Bond::Ends(found.run)
        } else {
            Bond::Follows(found.run)
        };
        Ok(Begun::Running(Box::new(running)))
    }

    /// Asks all nodes for the run whose id begins so.
    async fn find_detached(&self, id: &str) -> Result<Found, ShellError> {
        let run = self.run(Probe::Runs, RowPlan::default())?;
        let mut job = Job::new(&self.inventory.all(), run);
        job.policy.deadline = Some(LIST_WITHIN);
        let (events, _) = mpsc::channel(1);
        let (_control, wishes) = mpsc::channel(1);
        let finished = fleet::run(&self.fleet, job, events, wishes)
            .await
            .map_err(|e| ShellError::own(e.to_string()))?;
        let mut unknown = NodeSet::default();
        let mut found: BTreeMap<RunId, (String, NodeSet)> = BTreeMap::new();
        for answer in finished.gather.answers() {
            if answer.state != State::Ok {
                unknown.insert(answer.node);
            }
            for table in answer.rows.iter() {
                for (run, line) in rows::detached::detached_runs(table) {
                    if run.to_string().starts_with(id) {
                        let entry = found
                            .entry(run)
                            .or_insert_with(|| (line, NodeSet::default()));
                        entry.1.insert(answer.node);
                    }
                }
            }
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some((run, (line, nodes))), None) => Ok(Found {
                run,
                line,
                nodes: nodes.or(&unknown),
            }),
            (Some((first, _)), Some((second, _))) => {
                let ids: Vec<String> = [first, second].map(|run| run.to_string()).to_vec();
                Err(ShellError::usage(format!(
                    "the ids of several detached runs begin with `{id}`: {}{}",
                    ids.join(", "),
                    if found.next().is_some() { ", …" } else { "" }
                ))
                .hint("give more of it; `jobs all` lists them"))
            }
            (None, _) => Err(self.no_detached(id, &unknown)),
        }
    }

    fn no_detached(&self, id: &str, unknown: &NodeSet) -> ShellError {
        let text = format!("no detached run of yours has an id that begins with `{id}`");
        if unknown.is_empty() {
            return ShellError::usage(text).hint("`jobs all` lists those that there are");
        }
        ShellError::new(Exit::INCOMPLETE, text).hint(format!(
            "{} could not be asked: {}",
            match unknown.len() {
                1 => "one node".to_owned(),
                n => format!("{n} nodes"),
            },
            cut(&self.inventory.fold_limited(unknown, 60))
        ))
    }
}
