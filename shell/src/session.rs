//! A session: lines in, results out. The prompt, `-c`, scripts and standard input all come here.

mod approval;
mod audit;
mod automate;
mod background;
mod cut;
mod deed;
mod detached;
mod expected;
mod files;
mod followed;
mod keeping;
mod known;
mod listed;
mod order;
mod prepare;
mod promote;
mod query;
mod retry;
mod saved;
mod sides;
mod spread;
mod wanting;

pub(crate) use approval::HOLDS_DEFAULT;
pub use approval::RequestWish;
pub(crate) use audit::ROWS_DEFAULT;
pub use known::{Columns, Known, KnownResult};

use std::sync::Arc;

use hailer_lang::ast::Line;
use hailer_lang::danger;
use hailer_lang::inventory::Inventory;
use hailer_lang::parse::{parse, parse_selector};
use hailer_lang::plan::{Context, LinePlan, Query, ResolvedScope, Source, plan, resolve_scope};
use hailer_lang::saved::Saved;
use hailer_lang::selector::{Live, asks_live};
use hailer_lang::words::is_of_automations;
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::RunId;
use hailer_table::{Frame, Note};

use crate::config::LinesFile;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::files::SavedFile;
use crate::fleet::{Finished, Fleet};
use crate::help;
use crate::history::Wanted;
use crate::jobs::Jobs;
use crate::knowledge::Knowledge;
use crate::open::Opened;
use crate::results::Results;
use crate::running::{Heard, Running};
use crate::script::Statement;
use crate::settings::Settings;
use crate::show;
use crate::view::terminal::stdout_size;
pub use deed::Prepared;
pub(crate) use detached::{let_go, looked_for};
pub(crate) use files::read_table;
use prepare::uses_current_scope;
pub use sides::Side;

/// What a line came to.
#[derive(Debug)]
pub enum Answered {
    /// Nothing to show.
    Nothing,
    /// Words for the operator.
    Said(String),
    /// Words for the operator, and the exit code that they come to.
    Judged(String, Exit),
    /// What became of a line for the shell itself: talk, and no data.
    Done(String),
    /// Lines that were run; whoever keeps them shows them.
    History(Wanted),
    /// A command for the operator's own machine; whoever owns the terminal runs it.
    Local(String),
    /// Other lines in the place of this one.
    Lines(Vec<Statement>),
    /// A result.
    Result(Box<Shown>),
    /// It was shown while it ran.
    Ended {
        /// The exit code that it led to.
        exit: Exit,
        /// The number of its result, unless it was given up.
        number: Option<u32>,
    },
    /// The operator leaves.
    Quit,
}

/// A result as it is to be shown.
#[derive(Debug)]
pub struct Shown {
    /// Its number: `$N`.
    pub number: u32,
    /// The run that its rows come from, whenever that was.
    pub origin: Option<Arc<Finished>>,
    /// Its rows; `None` for a command's plain answers.
    pub frame: Option<Arc<Frame>>,
    /// The line itself says how many rows it wants: none is left out of what is shown.
    pub is_limited: bool,
    /// The file that its rows were written to, where the line ends so.
    pub saved: Option<SavedFile>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// The exit code it leads to.
    pub exit: Exit,
    /// What the line wants to run where its rows are; somebody has to agree first.
    pub deed: Option<Box<Prepared>>,
    /// The detached run that it started.
    pub detached: Option<RunId>,
}

/// What a line came to before any node has answered.
#[derive(Debug)]
pub enum Begun {
    /// Nothing is asked of nodes.
    Answered(Answered),
    /// Nodes were asked. [`Session::finish`] takes the answers in when all have ended.
    Running(Box<Running>),
}

/// One operator's conversation with one fleet.
#[derive(Debug)]
pub struct Session {
    inventory: Arc<Inventory>,
    fleet: Arc<Fleet>,
    scope: Option<ResolvedScope>,
    results: Results,
    jobs: Jobs,
    knowledge: Knowledge,
    saved: Saved,
    lines_file: Option<LinesFile>,
    /// How lines are run.
    pub settings: Settings,
}

impl Session {
    /// Begins a session. Its scope is the given one, or else the fleet file's.
    ///
    /// # Errors
    /// When the scope's selector is wrong.
    pub async fn begin(
        opened: Opened,
        scope: Option<&str>,
        settings: Settings,
    ) -> Result<Self, ShellError> {
        let mut session = Self {
            inventory: opened.inventory,
            fleet: opened.fleet,
            scope: None,
            results: Results::default(),
            jobs: Jobs::default(),
            knowledge: Knowledge::new(opened.sources),
            saved: Saved::default(),
            lines_file: None,
            settings,
        };
        if let Some(text) = scope.or(opened.default_scope.as_deref()) {
            let (selector, _) = parse_selector(text, &session.inventory.known_names());
            if asks_live(&selector) {
                session.learn_live_states().await;
            }
            session.learn(&selector).await;
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
    pub const fn fleet(&self) -> &Arc<Fleet> {
        &self.fleet
    }

    /// Returns the current scope; `None` after a selector that failed.
    #[must_use]
    pub const fn scope(&self) -> Option<&ResolvedScope> {
        self.scope.as_ref()
    }

    /// Takes nodes that were chosen elsewhere as the current scope.
    pub fn start_on(&mut self, scope: ResolvedScope) {
        self.scope = Some(scope);
    }

    /// Returns the kept results.
    #[must_use]
    pub const fn results(&self) -> &Results {
        &self.results
    }

    /// Lets the next result take the place of that one: it is the same line's, asked again.
    pub(crate) const fn again(&mut self, number: u32) {
        self.results.again(number);
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

    pub(crate) fn context<'a>(&'a self, live: &'a Live) -> Context<'a> {
        Context {
            inventory: &self.inventory,
            live,
            results: &self.results,
            learned: self.learned(),
            last_result: self.results.highest(),
            scope: self.scope.as_ref(),
        }
    }

    /// Reads a line and looks everything in it up. Nothing runs.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn plan(&self, text: &str) -> Result<LinePlan, ShellError> {
        self.plan_expanded(text, &self.expand(text)?)
    }

    /// Plans a line whose names were replaced.
    fn plan_expanded(&self, typed: &str, text: &str) -> Result<LinePlan, ShellError> {
        let live = self.live();
        let names = self.known_names();
        let parsed = parse(text, &names);
        let mut plan = plan(&parsed, text, &self.context(&live))
            .map_err(|d| ShellError::of_diagnostics(&d, text))?;
        // Whoever types a name does not see the deed that it stands for: that a `--yes` is in there
        // is no consent.
        if let LinePlan::Query(Query {
            deed: Some(deed), ..
        }) = &mut plan
            && typed != text
            && !parse(typed, &names)
                .line
                .as_ref()
                .is_some_and(Query::is_deed)
        {
            deed.spread.yes = false;
        }
        self.plan_detached(self.plan_retry(plan)?, text)
    }

    /// What the prompt should ask before it lets this line run; `None` if it need not.
    #[must_use]
    pub fn question(&self, plan: &LinePlan) -> Option<String> {
        if let LinePlan::Query(query) = plan
            && self.asks_for_itself(query)
        {
            return self.question_of_retry(query);
        }
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
        let flags = self
            .settings
            .spread_of(&Source::Command(command.clone()))
            .flags();
        let spread = if flags.is_empty() {
            String::new()
        } else {
            format!(", {}", flags.join(" "))
        };
        self.settings.asks(n, self.inventory.len()).then(|| {
            format!(
                "{}; run it on {n} of {} nodes, {}{spread}?",
                why.reason(),
                self.inventory.len(),
                self.inventory.fold_limited(&scope.nodes, 60)
            )
        })
    }

    /// Carries a line out, from text to result, with nobody watching.
    ///
    /// # Errors
    /// When nothing of it could be carried out. A node that fails is a row.
    pub async fn evaluate(&mut self, text: &str) -> Result<Answered, ShellError> {
        let plan = self.read(text)?;
        let mut running = match self.begin_plan(plan).await? {
            Begun::Answered(answered) => return Ok(answered),
            Begun::Running(running) => running,
        };
        loop {
            if let Heard::Ended(ended) = running.heard().await {
                let shown = self.finish(&running, ended?).await?;
                return Ok(Answered::Result(Box::new(shown)));
            }
        }
    }

    /// Reads a line like [`Session::plan`]; a selector that fails leaves no scope behind.
    ///
    /// # Errors
    /// Every mistake, with its place.
    pub fn read(&mut self, text: &str) -> Result<LinePlan, ShellError> {
        let expanded = self.expand(text).inspect_err(|_| {
            if matches!(parse(text, &self.known_names()).line, Some(Line::Scope(_))) {
                self.scope = None;
            }
        });
        let (typed, text) = (text, &expanded?);
        let parsed = parse(text, &self.known_names());
        if uses_current_scope(&parsed) {
            self.refresh_scope()?;
        }
        self.plan_expanded(typed, text).inspect_err(|_| {
            if matches!(parsed.line, Some(Line::Scope(_))) {
                self.scope = None;
            }
        })
    }

    /// Evaluates the current scope anew if it asks who is connected. If it stands for nobody at this
    /// moment the line fails; the scope stays, since another moment may be another matter.
    fn refresh_scope(&mut self) -> Result<(), ShellError> {
        let Some(scope) = self.scope.as_ref().filter(|s| s.is_live && !s.is_frozen) else {
            return Ok(());
        };
        let live = self.live();
        let text = scope.text.clone();
        let fresh = resolve_scope(&text, &self.context(&live))
            .map_err(|d| ShellError::of_diagnostics(&d, &text))?;
        self.scope = Some(fresh);
        Ok(())
    }

    /// Evaluates a line's scope anew if its nodes are others from moment to moment. `None` where it
    /// stays as it is.
    ///
    /// # Errors
    /// When it stands for nobody at this moment.
    pub(crate) async fn scope_of_now(
        &mut self,
        scope: &ResolvedScope,
    ) -> Result<Option<ResolvedScope>, ShellError> {
        if !scope.is_live || scope.is_frozen {
            return Ok(None);
        }
        let (selector, _) = parse_selector(&scope.text, &self.inventory.known_names());
        self.learn(&selector).await;
        let live = self.live();
        resolve_scope(&scope.text, &self.context(&live))
            .map(Some)
            .map_err(|d| ShellError::of_diagnostics(&d, &scope.text))
    }

    /// Begins to carry a plan out. What asks no node is answered at once.
    ///
    /// # Errors
    /// When nothing of it could be carried out.
    pub async fn begin_plan(&mut self, plan: LinePlan) -> Result<Begun, ShellError> {
        if self.settings.dry_run && !matches!(plan, LinePlan::Shell(_) | LinePlan::SetScope(_)) {
            self.check_expected(&plan)?;
            let said = self.explain(&plan);
            return Ok(Begun::Answered(Answered::Said(said)));
        }
        let answered = match plan {
            LinePlan::Nothing => Answered::Nothing,
            LinePlan::Local(command) => Answered::Local(command),
            LinePlan::SetScope(scope) => {
                self.scope = Some(scope);
                Answered::Nothing
            }
            LinePlan::Shell(command) => match command.word.as_str() {
                "cancel" if self.settings.dry_run => {
                    let run = command.args.first().map_or("the last run", String::as_str);
                    Answered::Said(format!("would end {}\n", Clean::line(run)))
                }
                "request" => return self.request_word(&command.args),
                word if is_of_automations(word) => {
                    return self.automation_word(word, &command.args).await;
                }
                "jobs" => return self.jobs_word(&command.args).await,
                "cancel" => return self.cancel_word(&command.args).await,
                word => self.shell_word(word, &command.args)?,
            },
            LinePlan::Query(query) => {
                self.check_expected(&LinePlan::Query(query.clone()))?;
                files::check(&query)?;
                self.check_deed(&query)?;
                if query.source.asks_nodes() && self.is_requested(&query) {
                    let probe = self.probe_of(&query.source)?;
                    return self.request(probe, &query);
                }
                if query.source.asks_nodes() {
                    return Ok(Begun::Running(Box::new(self.ask(query)?)));
                }
                Answered::Result(Box::new(self.look_up(query).await?))
            }
        };
        Ok(Begun::Answered(answered))
    }

    fn shell_word(&mut self, word: &str, args: &[String]) -> Result<Answered, ShellError> {
        match word {
            "quit" | "exit" => Ok(Answered::Quit),
            "help" => {
                let page = help::help(args.first().map(String::as_str))?;
                Ok(Answered::Said(show::prose(&page)))
            }
            "promote" => self.promote_word(args),
            "results" => Ok(Answered::Said(self.list_results(stdout_size()))),
            "scope" => Ok(Answered::Said(self.describe_scope())),
            "history" => {
                let wanted = Wanted::parse(args).map(Answered::History);
                wanted.ok_or_else(|| {
                    ShellError::usage("`history` cannot be asked that")
                        .hint("it is `history [N] [--failed] [--here] [TEXT]`")
                })
            }
            "explain" => {
                let line = args.join(" ");
                let expanded = self.expand(&line)?;
                let plan = self.plan(&expanded)?;
                let mut said = self.explain(&plan);
                if expanded != line {
                    said.insert_str(0, &format!("stands for       {}\n", Clean::line(&expanded)));
                }
                Ok(Answered::Said(said))
            }
            "let" => self.let_word(args),
            "unlet" => self.unlet_word(args),
            "source" => self.source_word(args),
            "?" => {
                let line = self.expand(&args.join(" "))?;
                Ok(Answered::Said(self.preview(&line)?))
            }
            "set" => match args {
                [] => Ok(Answered::Said(show::prose(&self.settings.describe()))),
                [name] => Ok(Answered::Said(show::prose(
                    &self.settings.describe_one(name)?,
                ))),
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
}
