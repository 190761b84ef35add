//! Queries: a planned line is asked of its nodes, or of a kept result, and becomes a result.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::fleet_plan::FleetStep;
use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::{LinePlan, Query, QueryEnd, Source};
use hailer_lang::spread::Spread;
use hailer_protocol::expr::Expr;
use hailer_protocol::limits;
use hailer_protocol::message::{Caps, Life, OutputMode, Probe, Run};
use hailer_protocol::row_plan::{RowPlan, RowStep};
use hailer_protocol::value::Value;
use hailer_table::{Frame, Note};
use tokio::sync::mpsc;

use super::cut::Made;
use super::{Begun, Session, Shown, files};
use crate::around::Around;
use crate::asked::Asked;
use crate::clock;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::collect::Keep;
use crate::fleet::{self, Ask, Finished, Job, Policy};
use crate::rows;
use crate::running::{Bond, EachFrame, Running};

/// Events that wait for the view before nothing more is read from the nodes.
const EVENTS_MAX: usize = 1024;

/// Wishes that wait for a run; more than a person can have.
const WISHES_MAX: usize = 8;

impl Session {
    /// Makes a result of what the shell has: the inventory, or a kept result.
    pub(super) async fn look_up(&mut self, query: Query) -> Result<Shown, ShellError> {
        let is_limited = is_limited(&query);
        let made_of = Made::by(&query);
        let sides = self.sides_of(&query);
        let around = self.around(&query.fleet, &query.scope.nodes)?;
        let end = query.end.clone();
        let (origin, frame) = match &query.source {
            Source::Command(_)
            | Source::Each(_)
            | Source::Metric { .. }
            | Source::Facts(_)
            | Source::Runs
            | Source::Audit { .. }
            | Source::Automations
            | Source::Events { .. } => {
                return Err(ShellError::own("nodes have to be asked"));
            }
            Source::Nodes => {
                let live = self.live();
                let nodes = query.scope.nodes.clone();
                let made = in_engine(move || {
                    let (frame, notes) = rows::of_inventory(&nodes, &live, around.inventory())?;
                    apply(frame, notes, &query.fleet, &around)
                });
                (None, made.await?)
            }
            Source::File { file, format } => {
                let made = files::open(file.clone(), *format, &query, around).await?;
                (None, made)
            }
            Source::Result(result)
                if query.fleet.is_empty()
                    && query.deed.is_none()
                    && query.end == QueryEnd::Show =>
            {
                return self.show_again(*result);
            }
            Source::Result(result) => {
                let kept = self
                    .results
                    .find(*result)
                    .map_err(|e| ShellError::usage(e.to_string()))?
                    .clone();
                let steps = self.steps_in_scope(&query.scope.nodes, query.fleet);
                let made = match (&kept.frame, &kept.run) {
                    (Some(frame), _) => {
                        let (frame, around) =
                            (Arc::clone(frame), around.with_run(kept.run.as_deref()));
                        in_engine(move || apply((*frame).clone(), Vec::new(), &steps, &around))
                            .await?
                    }
                    (None, Some(run)) => {
                        self.frame_of_run(run, false, steps, &query.scope.nodes)
                            .await?
                    }
                    (None, None) => return Err(ShellError::own("the kept result has no rows")),
                };
                (kept.run, made)
            }
        };
        let number = self.results.reserve();
        let shown = self.keep(number, query.text.clone(), None, origin, Some(frame));
        self.results.note_sides(number, sides);
        let shown = made_of.check(Shown {
            is_limited,
            ..shown
        });
        let shown = files::end(end, shown).await?;
        self.with_deed(shown, query.deed.map(|deed| *deed), &query.text)
    }

    /// Takes the answers of a run in that is over: they become a result.
    ///
    /// # Errors
    /// When its rows cannot be made what the line asked for; the answers are kept all the same.
    pub async fn finish(
        &mut self,
        running: &Running,
        finished: Finished,
    ) -> Result<Shown, ShellError> {
        let last = self.results.last();
        let shown = self.take_in(running, finished).await;
        if let Some(asked) = &running.asked {
            self.results.note_asked(running.number, asked);
        }
        if let (true, Some(last)) = (running.is_aside, last) {
            // `|> …` goes on from what was typed last, and not from what happened to end since.
            self.results.stay_at(last);
        }
        shown
    }

    async fn take_in(
        &mut self,
        running: &Running,
        finished: Finished,
    ) -> Result<Shown, ShellError> {
        // What a retry asks goes into the result of the line that asked it first.
        let retried = running.earlier.as_ref().zip(running.asked.as_ref());
        let query = retried.map_or(&running.query, |(_, asked)| &asked.query);
        let (number, query) = (running.number, query.clone());
        let is_limited = is_limited(&query);
        let made_of = Made::by(&query);
        let sides = self.sides_of(&query);
        if query.source == Source::Facts(Vec::new()) && query.row_plan.steps.is_empty() {
            self.knowledge.learn_facts(&finished, clock::wall());
        }
        let run = Arc::new(match retried {
            Some((earlier, _)) => Finished::retried(earlier, &finished, clock::wall()),
            None => finished,
        });
        let asked_for_rows = match running.bond {
            Bond::Attached => query.returns_rows(),
            Bond::Launches(_) => false,
            Bond::Follows(_) | Bond::Ends(_) => {
                run.gather.answers().iter().any(|a| a.rows.is_some())
            }
        };
        // Whoever was left out for want of facts has not answered.
        let of_targets = if query.scope.undecided.is_empty() {
            Exit::OK
        } else {
            Exit::INCOMPLETE
        };
        let wants_rows = !matches!(running.bond, Bond::Launches(_))
            && (!query.fleet.is_empty() || query.end != QueryEnd::Show || query.deed.is_some());
        let frame = if asked_for_rows || wants_rows {
            let nodes = &query.scope.nodes;
            let made = match &running.each {
                Some(each) => self.frame_of_each(&run, each, query.fleet, nodes).await,
                None if query.source == Source::Runs => {
                    self.frame_of_detached(&run, query.fleet, nodes).await
                }
                None => {
                    self.frame_of_run(&run, asked_for_rows, query.fleet, nodes)
                        .await
                }
            };
            match made {
                Ok(made) => Some(made),
                Err(e) => return Err(self.keep_unmade(number, query.text, run, &e)),
            }
        } else {
            None
        };
        let origin = Some(Arc::clone(&run));
        let shown = self.keep(number, query.text.clone(), Some(run), origin, frame);
        self.results.note_sides(number, sides);
        let shown = match shown.origin.clone() {
            Some(run) if matches!(query.source, Source::Audit { .. }) => {
                self.with_heads(shown, &run).await
            }
            Some(_) | None => shown,
        };
        let shown = self.write_answers(shown, &query.end).await;
        let shown = made_of.check(Shown {
            is_limited,
            detached: running.bond.launched(),
            exit: shown.exit.worst(of_targets),
            ..shown
        });
        let shown = files::end(query.end, shown).await?;
        let shown = self.told_what_is_wanted(shown);
        self.with_deed(shown, query.deed.map(|deed| *deed), &query.text)
    }

    /// Rows of other nodes than the line's scope do not count.
    fn steps_in_scope(&self, nodes: &NodeSet, steps: Vec<FleetStep>) -> Vec<FleetStep> {
        if nodes.len() == self.inventory.len() {
            return steps;
        }
        let names = self.inventory.names(nodes);
        let within = Expr::In {
            of: Box::new(Expr::Column("node".to_owned())),
            list: names.map(|n| Expr::Literal(Value::from(n))).collect(),
            negated: false,
        };
        std::iter::once(FleetStep::Row(RowStep::Where(within)))
            .chain(steps)
            .collect()
    }

    async fn frame_of_run(
        &self,
        run: &Arc<Finished>,
        asked_for_rows: bool,
        steps: Vec<FleetStep>,
        scope: &NodeSet,
    ) -> Result<(Frame, Vec<Note>), ShellError> {
        let around = self.around(&steps, scope)?.with_run(Some(&**run));
        let run = Arc::clone(run);
        in_engine(move || {
            let (frame, notes) = rows::of_run(&run, asked_for_rows, around.inventory())?;
            apply(frame, notes, &steps, &around)
        })
        .await
    }

    async fn frame_of_each(
        &self,
        run: &Arc<Finished>,
        each: &Arc<EachFrame>,
        steps: Vec<FleetStep>,
        scope: &NodeSet,
    ) -> Result<(Frame, Vec<Note>), ShellError> {
        let around = self.around(&steps, scope)?.with_run(Some(&**run));
        let (run, each) = (Arc::clone(run), Arc::clone(each));
        in_engine(move || {
            let (frame, notes) = rows::of_each(&run, &each, around.inventory())?;
            apply(frame, notes, &steps, &around)
        })
        .await
    }

    /// Takes what the steps need to know beside their rows.
    pub(super) fn around(
        &self,
        steps: &[FleetStep],
        scope: &NodeSet,
    ) -> Result<Around, ShellError> {
        let inventory = Arc::clone(&self.inventory);
        Around::of(steps, &self.results, inventory, scope.clone())
    }

    /// Begins to run a program with its arguments as they are on the scope's nodes.
    ///
    /// # Errors
    /// When there is no scope, or nothing could be asked.
    pub fn begin_argv(&mut self, argv: Vec<String>) -> Result<Begun, ShellError> {
        let scope = self.scope.clone().ok_or_else(|| {
            ShellError::usage("there is no scope").hint("give one with -w SELECTOR")
        })?;
        let text = argv.join(" ");
        let query = Query {
            source: Source::Command(text.clone()),
            scope,
            row_plan: RowPlan::default(),
            fleet: Vec::new(),
            end: if self.settings.detach {
                QueryEnd::Detach
            } else {
                QueryEnd::Show
            },
            deed: None,
            retries: None,
            text,
        };
        self.check_expected(&LinePlan::Query(query.clone()))?;
        self.check_deed(&query)?;
        if self.is_requested(&query) {
            return self.request(Probe::Argv(argv), &query);
        }
        let running = self.start(Probe::Argv(argv), query)?;
        Ok(Begun::Running(Box::new(running)))
    }

    /// Begins to ask a query's nodes.
    pub(super) fn ask(&mut self, query: Query) -> Result<Running, ShellError> {
        // What a verb will need is looked for before anything runs.
        self.around(&query.fleet, &query.scope.nodes)?;
        files::check_beside(&query.fleet)?;
        if let Some(deed) = &query.deed {
            files::check_beside(&deed.fleet)?;
        }
        for step in &query.fleet {
            if let FleetStep::Sql { query, .. } = step {
                hailer_table::check_query(query).map_err(|e| engine_error(&e))?;
            }
        }
        if query.retries.is_some() {
            return self.begin_retry(query);
        }
        let probe = self.probe_of(&query.source)?;
        self.start(probe, query)
    }

    fn start(&mut self, probe: Probe, query: Query) -> Result<Running, ShellError> {
        let (job, bond) = self.job_of(probe, &query)?;
        let asked = Asked::of(&job, &query);
        let mut running = self.launch(job, query);
        running.bond = bond;
        running.asked = asked;
        Ok(running)
    }

    /// Makes the job of a query's command or probe.
    pub(super) fn job_of(&self, probe: Probe, query: &Query) -> Result<(Job, Bond), ShellError> {
        let mut run = self.run(probe, query.row_plan.clone())?;
        let mut bond = Bond::Attached;
        if query.end == QueryEnd::Detach {
            run.life = Life::Detached;
            run.output = OutputMode::Kept;
            bond = Bond::Launches(run.run);
        }
        // The program's flags are for a line's deed, where it has one.
        let spread = match &query.deed {
            Some(_) => Spread {
                max_in_flight: self.settings.max_in_flight,
                ..Spread::default()
            },
            None => self.settings.spread_of(&query.source),
        };
        let layout = self.lay_out(&spread, &query.scope.nodes)?;
        let mut job = Job::new(&query.scope.nodes, run);
        if query.end == QueryEnd::Follow {
            follow(&mut job);
        }
        job.targets.clone_from(&layout.targets);
        let job = self.spread(job, &spread, &layout, &query.scope)?;
        Ok((job, bond))
    }

    /// Lets a job run apart from the session.
    pub(super) fn launch(&mut self, mut job: Job, query: Query) -> Running {
        job.wish.clone_from(&self.settings.wish);
        let (events, heard) = mpsc::channel(EVENTS_MAX);
        let (control, wishes) = mpsc::channel(WISHES_MAX);
        let fleet = Arc::clone(&self.fleet);
        let task = tokio::spawn(async move { fleet::run(&fleet, job, events, wishes).await });
        let number = query.retries.unwrap_or_else(|| self.results.reserve());
        Running::new(number, query, heard, control, task)
    }

    /// Makes what every node of a line is asked.
    pub(super) fn run(&self, probe: Probe, row_plan: RowPlan) -> Result<Run, ShellError> {
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Ok(Run {
            run: fleet::random::run_id().map_err(|e| ShellError::own(e.to_string()))?,
            probe,
            row_plan,
            timeout_ms: self.settings.timeout.map(millis),
            life: Life::Attached(self.fleet.lease()),
            output: OutputMode::Stream,
            caps: Caps {
                output_bytes: limits::OUTPUT_KEPT_DEFAULT,
                rows: limits::ROWS_PER_NODE_MAX as u64,
                memory_bytes: None,
                cpu_seconds: None,
            },
            env: Vec::new(),
        })
    }
}

/// Makes a job one whose lines are passed on as they come and never end.
fn follow(job: &mut Job) {
    job.policy = Policy::endless();
    job.keep = Keep::nothing();
    job.is_live = true;
    let run = match &mut job.ask {
        Ask::Same(run) => std::slice::from_mut(&mut **run),
        Ask::Each(runs) => runs.as_mut_slice(),
    };
    for run in run {
        if !run.row_plan.steps.is_empty() {
            run.output = OutputMode::EachLine;
        }
        run.caps.output_bytes = u64::MAX;
        run.caps.rows = u64::MAX;
    }
}

/// Whether the line itself says how many rows it wants.
fn is_limited(query: &Query) -> bool {
    matches!(
        query.fleet.last(),
        Some(FleetStep::Take(_) | FleetStep::Top { .. })
    )
}

/// Applies the shell's part of a line.
pub(super) fn apply(
    mut frame: Frame,
    mut notes: Vec<Note>,
    steps: &[FleetStep],
    around: &Around,
) -> Result<(Frame, Vec<Note>), hailer_table::TableError> {
    let now = clock::wall();
    for step in steps {
        let mut step = step.clone();
        step.fix_now(now);
        let (next, more) = frame.apply(&step, around)?;
        frame = next;
        notes.extend(more);
    }
    Ok((frame, notes))
}

/// Runs work of the table engine where it may take its time.
pub(super) async fn in_engine<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, hailer_table::TableError> + Send + 'static,
) -> Result<T, ShellError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(engine_error(&e)),
        Err(e) => Err(ShellError::own(format!("the table engine broke off: {e}"))),
    }
}

/// What the table engine says, for the operator.
pub(super) fn engine_error(error: &hailer_table::TableError) -> ShellError {
    let told = ShellError::usage(error.to_string());
    match error.hint() {
        Some(hint) => told.hint(hint),
        None => told,
    }
}
