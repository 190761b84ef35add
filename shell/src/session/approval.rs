//! Runs that another person approves first: written instead of sent, and sent as they came back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::deed::Deed;
use hailer_lang::node_set::NodeSet;
use hailer_lang::plan::{Query, QueryEnd, ResolvedScope, Source};
use hailer_lang::spread::Spread;
use hailer_protocol::clean::Clean;
use hailer_protocol::message::{Life, Probe};
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;

use super::files::path_of;
use super::retry::{asked_of, nodes_in};
use super::{Answered, Begun, Session};
use crate::clock;
use crate::deed::count;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::{Ask, Job};
use crate::running::Bond;
use crate::trust::request_file::RequestFile;

/// For how long a request can be begun, unless somebody says otherwise.
pub(crate) const HOLDS_DEFAULT: Duration = Duration::from_secs(3600);

/// Where a run goes that is signed and not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestWish {
    /// The file, which must not be there.
    pub file: PathBuf,
    /// For how long the signature holds.
    pub holds_for: Duration,
}

impl Session {
    /// Whether a query is written into a file, and not asked. Rows in front of a deed are asked: who
    /// they are of is what the request is about.
    pub(super) fn is_requested(&self, query: &Query) -> bool {
        self.settings.request.is_some() && query.deed.is_none()
    }

    /// Writes the request of a line without a deed.
    pub(super) fn request(&mut self, probe: Probe, query: &Query) -> Result<Begun, ShellError> {
        if !matches!(query.source, Source::Command(_)) {
            return Err(only_commands());
        }
        let (job, _) = self.job_of(probe, query)?;
        let spread = self.settings.spread_of(&query.source);
        self.write_request(job, query, &spread, &self.wish()?)
    }

    /// Writes the request of a deed.
    pub(super) fn request_of_deed(
        &mut self,
        job: Job,
        query: &Query,
        deed: &Deed,
    ) -> Result<Begun, ShellError> {
        let spread = self.settings.spread_of_deed(&deed.spread);
        self.write_request(job, query, &spread, &self.wish()?)
    }

    fn wish(&self) -> Result<RequestWish, ShellError> {
        let wish = self.settings.request.clone();
        wish.ok_or_else(|| ShellError::own("no request is wanted"))
    }

    /// `request FILE`: signs the last line once more, for the nodes that denied it alone. Those that
    /// did not have carried it out, or may have.
    pub(super) fn request_word(&mut self, args: &[String]) -> Result<Begun, ShellError> {
        let file = args.first().map_or("", String::as_str);
        let Some((number, kept)) = self.results.newest().next() else {
            return Err(
                ShellError::usage("there is no line yet to ask approval for")
                    .hint("run it first: nodes that want an approval deny it, and say so"),
            );
        };
        let (asked, run) = asked_of(kept, number)?;
        let is_command = matches!(asked.query.source, Source::Command(_) | Source::Each(_));
        if asked.deed.is_none() && !is_command {
            return Err(only_commands());
        }
        let denied = nodes_in(run, State::Denied).and(&self.inventory.all());
        if denied.is_empty() {
            return Err(ShellError::new(
                Exit::NO_TARGETS,
                format!("no node denied ${number}: there is nothing to be approved"),
            )
            .hint("nothing was signed; --request FILE signs a line that was not run"));
        }
        if self.settings.dry_run {
            let nodes = count(denied.len());
            let said = format!("would sign ${number} for {nodes}, and write the request\n");
            return Ok(Begun::Answered(Answered::Said(said)));
        }
        let query = Query {
            scope: ResolvedScope {
                nodes: denied,
                ..asked.query.scope.clone()
            },
            ..asked.query.clone()
        };
        let spread = self.spread_again(asked);
        let targets = self.lay_out(&spread, &query.scope.nodes)?.targets;
        let runs = targets.iter().filter_map(|node| {
            let run = asked.run_of(*node)?;
            Some((*node, run.clone()))
        });
        let job = self.job_again(runs.collect(), &targets, &query)?;
        let wish = RequestWish {
            file: path_of(file),
            holds_for: HOLDS_DEFAULT,
        };
        self.write_request(job, &query, &spread, &wish)
    }

    fn write_request(
        &self,
        mut job: Job,
        query: &Query,
        spread: &Spread,
        wish: &RequestWish,
    ) -> Result<Begun, ShellError> {
        let is_plain = query.fleet.is_empty() && query.retries.is_none();
        if !is_plain || !matches!(query.end, QueryEnd::Show | QueryEnd::Detach) {
            return Err(ShellError::usage(
                "a request is a command, with rows on its nodes at most",
            )
            .hint("leave out what the shell does with its result; nothing was run"));
        }
        job.wish.clone_from(&self.settings.wish);
        let draft = self
            .fleet
            .draw_up(&job, wish.holds_for)
            .map_err(|e| ShellError::own(e.to_string()))?;
        let nodes = count(draft.targets.len());
        let request = RequestFile::new(query.text.clone(), flags_of(spread)?, draft)
            .map_err(|e| ShellError::own(format!("make the request: {e}")))?;
        request.write_new(&wish.file)?;
        let file = wish.file.display().to_string();
        Ok(Begun::Answered(Answered::Done(format!(
            "signed for {nodes} and sent to no node: another operator looks at it with \
             `hailer approve {file}`, then `hailer run-approved {file}` runs it\n",
            file = Clean::line(&file)
        ))))
    }

    /// Begins to send a run that was signed before, with whatever approvals it has. The nodes find
    /// out whether they are enough.
    ///
    /// # Errors
    /// When it is another's, another fleet's or over, or when the fleet lacks one of its nodes.
    #[expect(clippy::too_many_lines, reason = "what has to fit, in its order")]
    pub fn begin_approved(&mut self, request: &RequestFile) -> Result<Begun, ShellError> {
        self.check_approved(request)?;
        let run = request.first();
        let mut nodes = NodeSet::default();
        for (name, _) in &request.draft.targets {
            nodes.insert(self.inventory.id(name.as_str()).ok_or_else(|| {
                ShellError::usage(format!("the fleet file has no node `{name}`"))
                    .hint("the request is for it, too; nothing was run")
            })?);
        }
        let mut spread = Spread::default();
        for (flag, value) in &request.spread {
            spread
                .set(flag, value)
                .map_err(|wrong| ShellError::usage(wrong.message).hint(wrong.help))?;
        }
        let spread = self.settings.spread.clone().or(&spread);
        if let Some(wrong) = spread.conflict() {
            return Err(ShellError::usage(wrong.message).hint(wrong.help));
        }
        let command = request.statement.action.command.to_string();
        let is_each = matches!(run.probe, Probe::Each { .. });
        let is_detached = run.life == Life::Detached;
        let query = Query {
            source: if is_each {
                Source::Each(command)
            } else {
                Source::Command(command)
            },
            scope: ResolvedScope {
                text: format!("@{}", self.inventory.fold_limited(&nodes, 60)),
                nodes,
                is_frozen: true,
                is_live: false,
                undecided: NodeSet::default(),
                facts_age: None,
            },
            row_plan: RowPlan::default(),
            fleet: Vec::new(),
            end: if is_detached {
                QueryEnd::Detach
            } else {
                QueryEnd::Show
            },
            deed: None,
            retries: None,
            text: request.line.clone(),
        };
        let query = Query {
            row_plan: run.row_plan.clone(),
            ..query
        };
        let layout = self.lay_out(&spread, &query.scope.nodes)?;
        let job = Job {
            targets: layout.targets.clone(),
            ask: self.bodies(request, &layout.targets)?,
            approved: Some(Arc::new(
                request
                    .draft
                    .approved()
                    .map_err(|e| ShellError::usage(e.to_string()))?,
            )),
            ..Job::new(&query.scope.nodes, run.clone())
        };
        let mut job = self.spread(job, &spread, &layout, &query.scope)?;
        job.policy.answer_within = None;
        let id = run.run;
        let mut running = self.launch(job, query);
        if is_detached {
            running.bond = Bond::Launches(id);
        }
        Ok(Begun::Running(Box::new(running)))
    }

    fn check_approved(&self, request: &RequestFile) -> Result<(), ShellError> {
        let (statement, me) = (&request.statement, &self.fleet.operator().identity);
        if statement.fleet != me.fleet {
            return Err(ShellError::usage(format!(
                "the request is for the fleet `{}`, this is `{}`",
                statement.fleet, me.fleet
            )));
        }
        if statement.operator != me.name {
            return Err(ShellError::usage(format!(
                "the request is `{}`'s, and you are `{}`",
                statement.operator, me.name
            ))
            .hint("who has signed a run starts it; `hailer approve` is for everybody else"));
        }
        if clock::wall().is_past(statement.not_after) {
            return Err(ShellError::usage("the request's time is over")
                .hint("write a new one with --request; --holds says for how long"));
        }
        Ok(())
    }

    /// What each target is sent, in the order in which they are asked.
    fn bodies(
        &self,
        request: &RequestFile,
        targets: &[hailer_lang::node_set::NodeId],
    ) -> Result<Ask, ShellError> {
        if let [run] = request.runs.as_slice() {
            return Ok(Ask::Same(Box::new(run.clone())));
        }
        let places: std::collections::HashMap<&str, usize> = request
            .draft
            .targets
            .iter()
            .map(|(name, body)| (name.as_str(), *body))
            .collect();
        let run_of = |node| {
            let name = self.inventory.node(node)?.name.as_str();
            request.runs.get(*places.get(name)?).cloned()
        };
        let runs: Option<Vec<_>> = targets.iter().map(|node| run_of(*node)).collect();
        runs.map(Ask::Each)
            .ok_or_else(|| ShellError::own("a target has no request"))
    }
}

fn only_commands() -> ShellError {
    ShellError::usage("only commands are approved by another person")
        .hint("metrics and facts want no signature; nothing was run")
}

/// Returns the flags by which a run is spread, as a file has them. Who is drawn has been drawn.
fn flags_of(spread: &Spread) -> Result<Vec<(String, String)>, ShellError> {
    let kept = Spread {
        pick: None,
        seed: None,
        yes: false,
        ..spread.clone()
    };
    let flags = kept.flags();
    let flags: Vec<(String, String)> = flags
        .iter()
        .map(|flag| {
            let flag = flag.trim_start_matches("--");
            let (name, value) = flag.split_once(' ').unwrap_or((flag, ""));
            let value = value
                .strip_prefix('\'')
                .and_then(|v| v.strip_suffix('\''))
                .unwrap_or(value);
            (name.to_owned(), value.to_owned())
        })
        .collect();
    let mut again = Spread::default();
    let is_read = flags
        .iter()
        .all(|(name, value)| again.set(name, value).is_ok());
    if is_read && again == kept {
        Ok(flags)
    } else {
        Err(
            ShellError::usage("a request cannot carry how this run is spread")
                .hint("give these flags to `hailer run-approved`; nothing was run"),
        )
    }
}
