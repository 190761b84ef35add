//! Deeds: the rows that a line has left become targets, somebody agrees, and the command runs there.

use std::collections::BTreeMap;
use std::sync::Arc;

use hailer_lang::ast::ResultRef;
use hailer_lang::context::ResolvedScope;
use hailer_lang::deed::Deed;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::plan::{LinePlan, Query, QueryEnd, Source};
use hailer_lang::spread::Layout;
use hailer_protocol::message::{EachRow, Probe, Run};
use hailer_protocol::units::duration_text;
use hailer_table::{Frame, Note};

use super::{Begun, Session, Shown, Side};
use crate::asked::Asked;
use crate::clock;
use crate::deed::{Targets, share};
use crate::error::ShellError;
use crate::fleet::{Ask, Finished, Job};
use crate::running::EachFrame;

/// A deed with its targets, which nobody has agreed to yet.
#[derive(Debug)]
pub struct Prepared {
    deed: Deed,
    /// The run of the deed, as a query of its own.
    query: Query,
    targets: Targets,
    layout: Layout,
    /// The rows that the targets are of.
    frame: Arc<Frame>,
    /// What is said before it runs.
    about: String,
    n_fleet: usize,
}

impl Prepared {
    /// Returns the deed's run as a query of its own.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Says what is about to run where, and of how old and how complete rows.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// What the prompt asks before it runs; `None` if the line or a setting says not to.
    #[must_use]
    pub fn question(&self, session: &Session) -> Option<String> {
        let is_agreed = self.deed.spread.yes || session.settings.spread.yes;
        let asks = session.settings.ask.is_some() && !is_agreed;
        asks.then(|| format!("{}; run it?", self.about))
    }

    fn describe(&mut self, session: &Session, origin: Option<&Finished>, sides: &[Side]) {
        let inventory = &session.inventory;
        let nodes: NodeSet = self.layout.targets.iter().copied().collect();
        let n = nodes.len();
        let percent = n * 100 / self.n_fleet.max(1);
        let mut about = format!(
            "`{}` on {n} of {} nodes ({percent}%), {}",
            self.deed.command,
            self.n_fleet,
            inventory.fold_limited(&nodes, 60)
        );
        if self.deed.each {
            let rows = self.targets.n_rows();
            let noun = if rows == 1 { "row" } else { "rows" };
            about.push_str(&format!(", for {rows} {noun}"));
        }
        if let Some(seed) = self.layout.picked {
            about.push_str(&format!(", picked by --seed {seed}"));
        }
        let mut flags = session.settings.spread_of_deed(&self.deed.spread);
        (flags.yes, flags.pick, flags.seed) = (false, None, None);
        let flags = flags.flags();
        if !flags.is_empty() {
            about.push_str(&format!(", {}", flags.join(" ")));
        }
        if !self.layout.ends.is_empty() {
            let stages = self.layout.ends.len() + 1;
            about.push_str(&format!(", in {stages} stages"));
        }
        if let Some(origin) = origin {
            let age = clock::mono().since(origin.ended).as_secs();
            let age = i64::try_from(age).unwrap_or(i64::MAX);
            let age = duration_text(age.saturating_mul(1_000_000_000));
            let share = share(origin).map_or_else(
                || match origin.summary.total() {
                    1 => "the 1 node asked".to_owned(),
                    n => format!("all {n} nodes asked"),
                },
                |share| format!("only {share}"),
            );
            about.push_str(&format!("; the rows are {age} old, of {share}"));
        }
        for side in sides.iter().filter_map(Side::about) {
            about.push_str(&format!("; {side}"));
        }
        for left_out in &self.targets.left_out {
            about.push_str("; ");
            about.push_str(left_out);
        }
        self.about = about;
    }
}

impl Session {
    /// Whether a line is a deed that nobody has agreed to: in batch that is a mistake.
    ///
    /// # Errors
    /// Says that it wants `--yes`.
    pub fn check_agreed(&self, plan: &LinePlan) -> Result<(), ShellError> {
        let LinePlan::Query(query) = plan else {
            return Ok(());
        };
        let again = self.asked_again(query);
        let again = again.and_then(|(_, asked)| asked.deed.as_ref());
        let Some(deed) = query.deed.as_deref().or(again) else {
            return Ok(());
        };
        if deed.spread.yes || self.settings.spread.yes || self.settings.dry_run {
            return Ok(());
        }
        Err(ShellError::usage(format!(
            "`{}` wants --yes where nobody can be asked",
            deed.word()
        ))
        .hint("nothing was run; `explain LINE` or --dry-run shows what would"))
    }

    /// Looks at what a line's deed will need, before anything of the line runs.
    pub(super) fn check_deed(&self, query: &Query) -> Result<(), ShellError> {
        let (spread, scope) = match &query.deed {
            Some(deed) => (self.settings.spread_of_deed(&deed.spread), &deed.scope),
            None => (self.settings.spread_of(&query.source), &query.scope),
        };
        if let Some(wrong) = spread.conflict() {
            return Err(ShellError::usage(wrong.message).hint(wrong.help));
        }
        if let Some(label) = &spread.batch_by
            && !self.inventory.labels().contains_key(label)
        {
            return Err(
                ShellError::usage(format!("--batch-by {label}: no node has such a label"))
                    .hint("nothing was run"),
            );
        }
        if query.end == QueryEnd::Detach && spread.has_stages() && spread.gate.is_none() {
            return Err(ShellError::usage(
                "stages of a detached run wait until it has begun, and not for what comes of it",
            )
            .hint("add `--gate 'LINE'` that tells whether it went well; nothing was run"));
        }
        self.gate_of(&spread, scope).map(|_| ())
    }

    /// Prepares the deed of a line whose rows are there. Where no row is left: why not, as far as rows
    /// were there.
    pub(super) fn prepare_deed(
        &self,
        deed: Deed,
        text: &str,
        frame: &Arc<Frame>,
        origin: Option<&Finished>,
        sides: &[Side],
    ) -> Result<Result<Box<Prepared>, Vec<String>>, ShellError> {
        let targets = Targets::of(&deed, frame, origin, sides, &self.inventory)?;
        if targets.rows.is_empty() {
            return Ok(Err(targets.left_out));
        }
        let spread = self.settings.spread_of_deed(&deed.spread);
        let layout = self.lay_out(&spread, &targets.nodes())?;
        let nodes: NodeSet = layout.targets.iter().copied().collect();
        let source = if deed.each {
            Source::Each(deed.command.clone())
        } else {
            Source::Command(deed.command.clone())
        };
        let query = Query {
            source,
            scope: ResolvedScope {
                nodes,
                text: deed.scope.text.clone(),
                is_frozen: true,
                is_live: false,
                undecided: NodeSet::default(),
                facts_age: None,
            },
            row_plan: deed.row_plan.clone(),
            fleet: deed.fleet.clone(),
            end: deed.end.clone(),
            deed: None,
            retries: None,
            text: text.to_owned(),
        };
        let mut prepared = Prepared {
            deed,
            query,
            targets,
            layout,
            frame: Arc::clone(frame),
            about: String::new(),
            n_fleet: self.inventory.len(),
        };
        prepared.describe(self, origin, sides);
        Ok(Ok(Box::new(prepared)))
    }

    /// Begins to run a deed that somebody has agreed to.
    ///
    /// # Errors
    /// When nothing of it could be asked.
    pub fn begin_deed(&mut self, prepared: Prepared) -> Result<Begun, ShellError> {
        let Prepared {
            deed,
            query,
            targets,
            layout,
            frame,
            ..
        } = prepared;
        let spread = self.settings.spread_of_deed(&deed.spread);
        let probe = self.command_probe(&deed.command);
        let template = self.run(probe, query.row_plan.clone())?;
        let mut rows = targets.rows;
        let mut runs: Vec<Run> = Vec::with_capacity(layout.targets.len());
        let mut sent: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        for node in &layout.targets {
            let rows = rows.remove(node).unwrap_or_default();
            sent.insert(*node, rows.iter().map(|row| row.row).collect());
            let mut run = template.clone();
            let mut variables = rows.into_iter().map(|row| row.variables);
            if deed.each {
                run.probe = Probe::Each {
                    command: self.command_line(&deed.command),
                    rows: variables.map(|env| EachRow { env }).collect(),
                    timeout_ms: run.timeout_ms.take(),
                    stops_at_failure: spread.max_failures
                        == Some(hailer_lang::spread::Amount::Nodes(0)),
                };
            } else {
                run.env = variables.next().unwrap_or_default();
            }
            runs.push(run);
        }
        let job = Job {
            targets: layout.targets.clone(),
            ask: Ask::Each(runs),
            ..Job::new(&query.scope.nodes, template)
        };
        let mut job = self.spread(job, &spread, &layout, &query.scope)?;
        if deed.each {
            // The timeout is each row's.
            let most = sent.values().map(Vec::len).max().unwrap_or(1);
            let most = u32::try_from(most).unwrap_or(u32::MAX);
            job.policy.answer_within = job.policy.answer_within.map(|t| t.saturating_mul(most));
        }
        if self.settings.request.is_some() {
            return self.request_of_deed(job, &query, &deed);
        }
        let each = deed.each.then(|| Arc::new(EachFrame { frame, rows: sent }));
        let asked = Asked::of_deed(&job, &query, deed, each.clone());
        let mut running = self.launch(job, query).with_each(each);
        running.asked = asked;
        Ok(Begun::Running(Box::new(running)))
    }

    /// Prepares the deed of a result that was just made; a mistake is told with the result's number.
    pub(super) fn with_deed(
        &self,
        mut shown: Shown,
        deed: Option<Deed>,
        text: &str,
    ) -> Result<Shown, ShellError> {
        let (Some(deed), Some(frame)) = (deed, &shown.frame) else {
            return Ok(shown);
        };
        let sides = self.results.find(ResultRef::Number(shown.number));
        let sides = sides.map(|kept| &kept.sides[..]).unwrap_or_default();
        let prepared = self
            .prepare_deed(deed, text, frame, shown.origin.as_deref(), sides)
            .map_err(|e| {
                let kept = format!("the rows are kept as ${}", shown.number);
                ShellError::new(e.exit(), format!("{e}; {kept}"))
            })?;
        match prepared {
            Ok(prepared) => shown.deed = Some(prepared),
            Err(why) => shown.notes.extend(why.iter().map(|why| Note::new(why))),
        }
        Ok(shown)
    }
}
