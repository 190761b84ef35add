//! A session: lines in, results out. The prompt, `-c`, scripts and standard input all come here.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::danger;
use hailer_lang::explain::explain;
use hailer_lang::fleet_plan::FleetStep;
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_lang::parse::{Parsed, parse};
use hailer_lang::plan::{Context, LinePlan, Query, ResolvedScope, Source, plan, resolve_scope};
use hailer_lang::selector::Live;
use hailer_protocol::expr::Expr;
use hailer_protocol::limits;
use hailer_protocol::message::{Caps, Life, OutputMode, Probe, Run};
use hailer_protocol::row_plan::RowStep;
use hailer_protocol::value::Value;
use hailer_table::{Frame, Note};
use tokio::sync::mpsc;

use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::{self, Control, Event, Finished, Fleet, Job};
use crate::help;
use crate::open::Opened;
use crate::results::{Kept, Results};
use crate::rows::{self, Names};
use crate::settings::Settings;

/// How long a line that selects by live state waits to learn it.
const LIVE_WITHIN: Duration = Duration::from_secs(4);

/// What a line came to.
#[derive(Debug)]
pub enum Answered {
    /// Nothing to show.
    Nothing,
    /// Words for the operator.
    Said(String),
    /// The last lines that were run, this many; whoever keeps them shows them.
    History(usize),
    /// A command for the operator's own machine; whoever owns the terminal runs it.
    Local(String),
    /// A result.
    Result(Box<Shown>),
    /// The operator leaves.
    Quit,
}

/// A result as it is to be shown.
#[derive(Debug)]
pub struct Shown {
    /// Its number: `$N`.
    pub number: u32,
    /// The run that was made for it; `None` where the line went on from what was there.
    pub run: Option<Arc<Finished>>,
    /// The run that its rows come from, whenever that was.
    pub origin: Option<Arc<Finished>>,
    /// Its rows; `None` for a command's plain answers.
    pub frame: Option<Arc<Frame>>,
    /// The line itself says how many rows it wants: none is left out of what is shown.
    pub is_limited: bool,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// The exit code it leads to.
    pub exit: Exit,
}

/// How a run is watched and steered while it lasts.
#[derive(Debug)]
pub struct Wires {
    /// What is heard of it.
    pub events: mpsc::Sender<Event>,
    /// What is wanted of it.
    pub control: mpsc::Receiver<Control>,
}

/// One operator's conversation with one fleet.
#[derive(Debug)]
pub struct Session {
    inventory: Arc<Inventory>,
    fleet: Fleet,
    scope: Option<ResolvedScope>,
    results: Results,
    /// How lines are run.
    pub settings: Settings,
}

impl Session {
    /// Begins a session. Its scope is the given one, or else the fleet file's.
    ///
    /// # Errors
    /// When the scope's selector is wrong.
    pub fn new(
        opened: Opened,
        scope: Option<&str>,
        settings: Settings,
    ) -> Result<Self, ShellError> {
        let mut session = Self {
            inventory: opened.inventory,
            fleet: opened.fleet,
            scope: None,
            results: Results::default(),
            settings,
        };
        if let Some(text) = scope.or(opened.default_scope.as_deref()) {
            let live = session.live();
            session.scope = Some(
                resolve_scope(text, &session.context(&live))
                    .map_err(|d| ShellError::of_diagnostics(&d, text))?,
            );
        }
        Ok(session)
    }

    /// Returns the nodes, labels and groups.
    #[must_use]
    pub const fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// Returns the links.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Returns the current scope; `None` after a selector that failed.
    #[must_use]
    pub const fn scope(&self) -> Option<&ResolvedScope> {
        self.scope.as_ref()
    }

    /// Returns the kept results.
    #[must_use]
    pub const fn results(&self) -> &Results {
        &self.results
    }

    /// Returns who is connected and who is not, at this moment.
    #[must_use]
    pub fn live(&self) -> Live {
        self.fleet.live()
    }

    /// Ends the connections.
    pub async fn close(self) {
        self.fleet.close().await;
    }

    fn context<'a>(&'a self, live: &'a Live) -> Context<'a> {
        Context {
            inventory: &self.inventory,
            live,
            results: &self.results,
            last_result: self.results.last(),
            scope: self.scope.as_ref(),
        }
    }

    /// Returns the columns of the last result with their types, for completion.
    #[must_use]
    pub fn last_columns(&self) -> Vec<(String, &'static str)> {
        let last = self.results.find(hailer_lang::ast::ResultRef::Last);
        let frame = last.ok().and_then(|kept| kept.frame.clone());
        frame.map_or_else(Vec::new, |frame| {
            let columns = frame.columns().iter();
            columns
                .map(|c| (c.column.name.clone(), c.column.data_type.name()))
                .collect()
        })
    }

    /// Connects all nodes, and waits until it is known who is up, if the line's selector asks for
    /// that and nobody was dialled yet.
    pub async fn learn_live_states(&self, text: &str) {
        if !text.contains("state") {
            return;
        }
        self.fleet.connect_all_in_background();
        let known = async {
            let live = || self.live();
            while live().up.or(&live().down).len() < self.inventory.len() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(LIVE_WITHIN, known).await;
    }

    /// Reads a line and looks everything in it up. Nothing runs.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn plan(&self, text: &str) -> Result<LinePlan, ShellError> {
        let live = self.live();
        let parsed = parse(text, &self.inventory.known_names());
        plan(&parsed, text, &self.context(&live)).map_err(|d| ShellError::of_diagnostics(&d, text))
    }

    /// What the prompt should ask before it lets this line run; `None` if it need not.
    #[must_use]
    pub fn question(&self, plan: &LinePlan) -> Option<String> {
        let LinePlan::Query(Query {
            source: Source::Command(command),
            scope,
            ..
        }) = plan
        else {
            return None;
        };
        let why = danger::changes_things(command)?;
        let n = scope.nodes.len();
        self.settings.asks(n, self.inventory.len()).then(|| {
            format!(
                "{}; run it on {n} of {} nodes, {}?",
                why.reason(),
                self.inventory.len(),
                self.inventory.fold_limited(&scope.nodes, 60)
            )
        })
    }

    /// Carries a line out, from text to result.
    ///
    /// # Errors
    /// When nothing of it could be carried out. A node that fails is a row.
    pub async fn evaluate(&mut self, text: &str, wires: Wires) -> Result<Answered, ShellError> {
        let plan = self.read(text)?;
        self.carry_out(plan, wires).await
    }

    /// Reads a line like [`Session::plan`]; a selector that fails leaves no scope behind.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn read(&mut self, text: &str) -> Result<LinePlan, ShellError> {
        self.refresh_scope()?;
        self.plan(text).inspect_err(|_| {
            if is_scope_line(&parse(text, &self.inventory.known_names())) {
                self.scope = None;
            }
        })
    }

    /// Evaluates the scope anew: one that asks for live states stands for other nodes by now. A
    /// scope made of a result stays what it was.
    fn refresh_scope(&mut self) -> Result<(), ShellError> {
        let Some(scope) = self.scope.as_ref().filter(|s| !s.is_frozen) else {
            return Ok(());
        };
        let live = self.live();
        let text = scope.text.clone();
        let fresh = resolve_scope(&text, &self.context(&live))
            .map_err(|d| ShellError::of_diagnostics(&d, &text))?;
        self.scope = Some(fresh);
        Ok(())
    }

    /// Carries a plan out.
    ///
    /// # Errors
    /// When nothing of it could be carried out.
    pub async fn carry_out(
        &mut self,
        plan: LinePlan,
        wires: Wires,
    ) -> Result<Answered, ShellError> {
        if self.settings.dry_run && !matches!(plan, LinePlan::Shell(_) | LinePlan::SetScope(_)) {
            self.check_expected(&plan)?;
            return Ok(Answered::Said(explain(&plan, &self.inventory)));
        }
        match plan {
            LinePlan::Nothing => Ok(Answered::Nothing),
            LinePlan::Local(command) => Ok(Answered::Local(command)),
            LinePlan::SetScope(scope) => {
                self.scope = Some(scope);
                Ok(Answered::Nothing)
            }
            LinePlan::Shell(command) => self.shell_word(&command.word, &command.args),
            LinePlan::Query(query) => {
                self.check_expected(&LinePlan::Query(query.clone()))?;
                self.query(query, wires)
                    .await
                    .map(|s| Answered::Result(Box::new(s)))
            }
        }
    }

    fn check_expected(&self, plan: &LinePlan) -> Result<(), ShellError> {
        let (LinePlan::Query(query), Some(expected)) = (plan, self.settings.expect) else {
            return Ok(());
        };
        let n = query.scope.nodes.len() as u64;
        if n < expected && query.source.asks_nodes() {
            return Err(ShellError::new(
                Exit::NO_TARGETS,
                format!(
                    "{} stands for {n} nodes, at least {expected} are expected",
                    query.scope.text
                ),
            )
            .hint("nothing was run"));
        }
        Ok(())
    }

    fn shell_word(&mut self, word: &str, args: &[String]) -> Result<Answered, ShellError> {
        match word {
            "quit" | "exit" => Ok(Answered::Quit),
            "help" => Ok(Answered::Said(help::help(
                args.first().map(String::as_str),
            )?)),
            "scope" => Ok(Answered::Said(self.describe_scope())),
            "history" => {
                let n = args.first().map_or(Ok(20), |n| n.parse::<usize>());
                n.map(Answered::History)
                    .map_err(|_| ShellError::usage("`history` takes a number of lines"))
            }
            "explain" => {
                let plan = self.plan(&args.join(" "))?;
                Ok(Answered::Said(explain(&plan, &self.inventory)))
            }
            "set" => match args {
                [] => Ok(Answered::Said(self.settings.describe())),
                [name, value] => {
                    self.settings.set(name, value)?;
                    Ok(Answered::Nothing)
                }
                _ => Err(ShellError::usage("`set` takes a name and a value")
                    .hint("`set` alone shows them all")),
            },
            other => Err(ShellError::usage(format!("`{other}` is for the prompt"))
                .hint(format!("`: {other}` runs a Linux command of that name"))),
        }
    }

    pub(crate) fn describe_scope(&self) -> String {
        match &self.scope {
            None => "there is no scope; set one with @SELECTOR\n".to_owned(),
            Some(scope) => format!(
                "{} · {} of {} nodes\n{}\n",
                scope.text,
                scope.nodes.len(),
                self.inventory.len(),
                self.inventory.fold(&scope.nodes)
            ),
        }
    }

    async fn query(&mut self, query: Query, wires: Wires) -> Result<Shown, ShellError> {
        let is_limited = matches!(
            query.fleet.last(),
            Some(FleetStep::Take(_) | FleetStep::Top { .. })
        );
        let (run, origin, frame) = match &query.source {
            Source::Command(_) | Source::Metric { .. } | Source::Facts(_) => {
                let run = Arc::new(self.run(&query, wires).await?);
                let is_probe = !matches!(query.source, Source::Command(_));
                let asked_for_rows = is_probe || !query.row_plan.steps.is_empty();
                let made = if asked_for_rows || !query.fleet.is_empty() {
                    Some(self.frame_of_run(&run, asked_for_rows, query.fleet).await?)
                } else {
                    None
                };
                (Some(Arc::clone(&run)), Some(run), made)
            }
            Source::Nodes => {
                let (live, inventory) = (self.live(), Arc::clone(&self.inventory));
                let nodes = query.scope.nodes.clone();
                let made = in_engine(move || {
                    let (frame, notes) = rows::of_inventory(&nodes, &live, &inventory)?;
                    apply(frame, notes, &query.fleet, &inventory)
                });
                (None, None, Some(made.await?))
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
                        let (frame, inventory) = (Arc::clone(frame), Arc::clone(&self.inventory));
                        in_engine(move || apply((*frame).clone(), Vec::new(), &steps, &inventory))
                            .await?
                    }
                    (None, Some(run)) => self.frame_of_run(run, false, steps).await?,
                    (None, None) => return Err(ShellError::own("the kept result has no rows")),
                };
                (None, kept.run, Some(made))
            }
        };
        let shown = self.keep(query.text, run, origin, frame);
        Ok(Shown {
            is_limited,
            ..shown
        })
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

    fn keep(
        &mut self,
        text: String,
        run: Option<Arc<Finished>>,
        origin: Option<Arc<Finished>>,
        frame: Option<(Frame, Vec<Note>)>,
    ) -> Shown {
        let (frame, notes) = frame.map_or((None, Vec::new()), |(f, n)| (Some(Arc::new(f)), n));
        let mut exit = run
            .as_ref()
            .map_or(Exit::OK, |r| Exit(r.summary.exit_code()));
        if self.settings.fail_if_rows && frame.as_ref().is_some_and(|f| f.len() > 0) {
            exit = exit.worst(Exit::FAILED);
        }
        let is_complete = origin.as_ref().is_none_or(|r| {
            let answers = r.gather.answers();
            answers
                .iter()
                .all(|a| a.state.is_answer() && !a.is_truncated())
        });
        let number = self.results.keep(Kept {
            text,
            run: origin.clone(),
            frame: frame.clone(),
            is_complete,
        });
        Shown {
            number,
            run,
            origin,
            frame,
            is_limited: false,
            notes,
            exit,
        }
    }

    async fn frame_of_run(
        &self,
        run: &Arc<Finished>,
        asked_for_rows: bool,
        steps: Vec<FleetStep>,
    ) -> Result<(Frame, Vec<Note>), ShellError> {
        let (run, inventory) = (Arc::clone(run), Arc::clone(&self.inventory));
        in_engine(move || {
            let (frame, notes) = rows::of_run(&run, asked_for_rows, &inventory)?;
            apply(frame, notes, &steps, &inventory)
        })
        .await
    }

    async fn run(&self, query: &Query, wires: Wires) -> Result<Finished, ShellError> {
        let probe = match &query.source {
            Source::Command(line) => Probe::Shell(line.clone()),
            Source::Metric { name } => Probe::Metric(name.clone()),
            Source::Facts(columns) => Probe::Facts(columns.clone()),
            Source::Nodes | Source::Result(_) => {
                return Err(ShellError::own("nothing is asked of nodes"));
            }
        };
        self.ask(probe, query, wires).await
    }

    /// Runs a program with its arguments as they are on the scope's nodes.
    ///
    /// # Errors
    /// When the selector is wrong or nothing could be asked.
    pub async fn run_argv(&mut self, argv: Vec<String>, wires: Wires) -> Result<Shown, ShellError> {
        let scope = self.scope.clone().ok_or_else(|| {
            ShellError::usage("there is no scope").hint("give one with -w SELECTOR")
        })?;
        let text = argv.join(" ");
        let query = Query {
            source: Source::Command(text.clone()),
            scope,
            row_plan: hailer_protocol::row_plan::RowPlan::default(),
            fleet: Vec::new(),
            text,
        };
        self.check_expected(&LinePlan::Query(query.clone()))?;
        let run = Arc::new(self.ask(Probe::Argv(argv), &query, wires).await?);
        Ok(self.keep(query.text, Some(Arc::clone(&run)), Some(run), None))
    }

    async fn ask(&self, probe: Probe, query: &Query, wires: Wires) -> Result<Finished, ShellError> {
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let own = |e: fleet::FleetError| ShellError::own(e.to_string());
        let run = Run {
            run: fleet::random::run_id().map_err(own)?,
            probe,
            row_plan: query.row_plan.clone(),
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
        };
        let mut job = Job::new(&query.scope.nodes, run);
        job.policy.max_in_flight = self.settings.max_in_flight;
        job.policy.deadline = self.settings.deadline;
        job.policy.answer_within = self.settings.timeout;
        fleet::run(&self.fleet, job, wires.events, wires.control)
            .await
            .map_err(own)
    }
}

fn is_scope_line(parsed: &Parsed) -> bool {
    matches!(parsed.line, Some(hailer_lang::ast::Line::Scope(_)))
}

/// Applies the shell's part of a line.
fn apply(
    mut frame: Frame,
    mut notes: Vec<Note>,
    steps: &[FleetStep],
    inventory: &Inventory,
) -> Result<(Frame, Vec<Note>), hailer_table::TableError> {
    for step in steps {
        let (next, more) = frame.apply(step, &Names(inventory))?;
        frame = next;
        notes.extend(more);
    }
    Ok((frame, notes))
}

/// Runs work of the table engine where it may take its time.
async fn in_engine<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, hailer_table::TableError> + Send + 'static,
) -> Result<T, ShellError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => {
            let error = ShellError::usage(e.to_string());
            Err(match e.hint() {
                Some(hint) => error.hint(hint),
                None => error,
            })
        }
        Err(e) => Err(ShellError::own(format!("the table engine broke off: {e}"))),
    }
}
