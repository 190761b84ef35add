//! Automations from the shell: what `plan` compares, what `apply` rolls out, and orders to those that are
//! in force.
//!
//! A folder of files is what the fleet is to have, all of it: what is not in it is removed. A node is
//! asked what it has, by version; only those that have something else are sent anything, so an `apply`
//! that was interrupted goes on where it stopped when it is typed again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use hailer_lang::context::ResolvedScope;
use hailer_lang::fleet_plan::FleetStep;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::plan::{Query, QueryEnd, Source, resolve_scope};
use hailer_lang::spread::{Amount, Spread};
use hailer_protocol::automation::{AutomationSet, AutomationSpec, SetEntry};
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::Digest;
use hailer_protocol::limits::ENVELOPE_BODY_MAX;
use hailer_protocol::message::Probe;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::state::State;
use hailer_protocol::table::Table;
use hailer_protocol::value::Value;
use tokio::sync::mpsc;

use super::files::path_of;
use super::order::duration;
use super::{Answered, Begun, Session};
use crate::automation;
use crate::clock;
use crate::deed::count;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::{self, Ask, Job};

/// How long nodes have to say what they have.
const ASKED_WITHIN: Duration = Duration::from_secs(10);

/// How much text of automations one request holds, with room for the rest of it.
const TEXTS_MAX: usize = ENVELOPE_BODY_MAX - (64 << 10);

/// Columns that the folded names of nodes may take.
const NAMES_WIDTH: usize = 60;

/// One automation as it is to be.
struct Wanted {
    spec: AutomationSpec,
    bytes: Vec<u8>,
    version: Digest,
    /// The nodes that it is for.
    nodes: NodeSet,
}

/// What one node has: versions by name, as far as it tells them.
#[derive(Debug, Default)]
struct Had {
    generation: u64,
    versions: BTreeMap<String, String>,
}

/// What would change.
struct Plan {
    wanted: Vec<Wanted>,
    had: BTreeMap<NodeId, Had>,
    /// Nodes that did not say what they have.
    silent: NodeSet,
    /// Nodes that have something else than they are to have.
    differ: NodeSet,
}

impl Session {
    /// Carries out a word that is about automations.
    pub(super) async fn automation_word(
        &mut self,
        word: &str,
        args: &[String],
    ) -> Result<Begun, ShellError> {
        match word {
            "plan" => {
                let plan = self.plan_of(args).await?;
                Ok(Begun::Answered(self.told(&plan)))
            }
            "apply" => self.apply_word(args).await,
            _ => self.order(word, args),
        }
    }

    async fn apply_word(&mut self, args: &[String]) -> Result<Begun, ShellError> {
        let is_agreed = args.iter().any(|a| a == "--yes") || self.settings.care.yes;
        let (spread, paths) = spread_and_paths(args)?;
        let plan = self.plan_of(&paths).await?;
        let told = self.told(&plan);
        if plan.differ.is_empty() || self.settings.dry_run {
            return Ok(Begun::Answered(told));
        }
        if !is_agreed {
            let Answered::Judged(text, _) = told else {
                return Ok(Begun::Answered(told));
            };
            let said = format!(
                "{text}nothing was changed; `apply {} --yes` does it: one node, a tenth, then all\n",
                paths.join(" ")
            );
            let exit = Exit::USAGE;
            return Ok(Begun::Answered(Answered::Judged(said, exit)));
        }
        let layout = self.lay_out(&spread, &plan.differ)?;
        let generation = self.next_generation(&plan);
        let first = self.run(Probe::Automations, RowPlan::default())?;
        let runs = layout.targets.iter().map(|node| {
            let mut run = first.clone();
            run.probe = Probe::Apply(plan.set_for(*node, generation)?);
            Ok(run)
        });
        let runs: Vec<_> = runs.collect::<Result<_, ShellError>>()?;
        let nodes = plan.differ.clone();
        let scope = ResolvedScope {
            nodes,
            text: "apply".to_owned(),
            ..ResolvedScope::all(&self.inventory)
        };
        let columns = ["name", "change", "version"].map(str::to_owned);
        let query = Query {
            fleet: vec![FleetStep::Group {
                by: columns.to_vec(),
            }],
            ..query(scope, format!("apply {}", args.join(" ")))
        };
        let mut job = Job::new(&query.scope.nodes, first);
        job.targets.clone_from(&layout.targets);
        job.ask = Ask::Each(runs);
        let job = self.spread(job, &spread, &layout, &query.scope)?;
        Ok(Begun::Running(Box::new(self.launch(job, query))))
    }

    /// A number that is higher than any that a node has seen, whoever applied it.
    fn next_generation(&self, plan: &Plan) -> u64 {
        let seen = plan.had.values().map(|had| had.generation).max();
        let by_clock = u64::try_from(clock::wall().0).unwrap_or(0);
        by_clock.max(seen.unwrap_or(0).saturating_add(1))
    }

    /// Reads files, asks every node what it has, and compares.
    async fn plan_of(&mut self, paths: &[String]) -> Result<Plan, ShellError> {
        let mut wanted = Vec::new();
        for spec in automation::all(&files_of(paths)?, &self.inventory)? {
            let text = spec.on.trim_start_matches('@').to_owned();
            let live = self.live();
            let scope = resolve_scope(&text, &self.context(&live)).map_err(|d| {
                ShellError::of_diagnostics(&d, &text).at(&format!("`on` of {}", spec.name))
            })?;
            let bytes = spec.to_bytes().map_err(|e| {
                ShellError::usage(format!("the automation {} is too large: {e}", spec.name))
            })?;
            wanted.push(Wanted {
                version: Digest::of(&bytes),
                nodes: scope.nodes,
                bytes,
                spec,
            });
        }
        let (had, silent) = self.ask_had().await?;
        let mut plan = Plan {
            wanted,
            had,
            silent,
            differ: NodeSet::default(),
        };
        for node in self.inventory.all().iter() {
            if plan.had.contains_key(&node) && plan.differs(node) {
                plan.differ.insert(node);
            }
        }
        Ok(plan)
    }

    async fn ask_had(&self) -> Result<(BTreeMap<NodeId, Had>, NodeSet), ShellError> {
        let run = self.run(Probe::Automations, RowPlan::default())?;
        let mut job = Job::new(&self.inventory.all(), run);
        job.policy.deadline = Some(ASKED_WITHIN);
        let (events, _) = mpsc::channel(1);
        let (_control, wishes) = mpsc::channel(1);
        let finished = fleet::run(&self.fleet, job, events, wishes).await;
        let finished = finished.map_err(|e| ShellError::own(e.to_string()))?;
        let (mut had, mut silent) = (BTreeMap::new(), NodeSet::default());
        for answer in finished.gather.answers() {
            match (&answer.rows, answer.state) {
                (Some(table), State::Ok) => {
                    had.insert(answer.node, Had::of(table));
                }
                _ => {
                    silent.insert(answer.node);
                }
            }
        }
        Ok((had, silent))
    }

    /// Says what would change, and where.
    fn told(&self, plan: &Plan) -> Answered {
        let mut lines = Vec::new();
        let fold = |nodes: &NodeSet| {
            let names = self.inventory.fold_limited(nodes, NAMES_WIDTH);
            format!("{}: {names}", count(nodes.len()))
        };
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for wanted in &plan.wanted {
            let name = wanted.spec.name.as_str();
            names.insert(name);
            let version = wanted.version.to_string();
            let (mut added, mut changed) = (NodeSet::default(), NodeSet::default());
            let mut removed = NodeSet::default();
            for (node, had) in &plan.had {
                match had.versions.get(name) {
                    Some(_) if !wanted.nodes.contains(*node) => removed.insert(*node),
                    None if wanted.nodes.contains(*node) => added.insert(*node),
                    Some(old) if !version.starts_with(old.as_str()) => changed.insert(*node),
                    Some(_) | None => {}
                };
            }
            let mode = wanted.spec.mode.as_str();
            for (sign, what, nodes) in [
                ("+", "added to", &added),
                ("~", "changed on", &changed),
                ("-", "removed from", &removed),
            ] {
                if !nodes.is_empty() {
                    lines.push(format!("{sign} {name} ({mode}) {what} {}", fold(nodes)));
                }
            }
            if added.is_empty() && changed.is_empty() && removed.is_empty() {
                let n = count(wanted.nodes.len());
                lines.push(format!("= {name} ({mode}) as it is, on {n}"));
            }
        }
        let mut gone: BTreeMap<&str, NodeSet> = BTreeMap::new();
        for (node, had) in &plan.had {
            for name in had.versions.keys().filter(|n| !names.contains(n.as_str())) {
                gone.entry(name).or_default().insert(*node);
            }
        }
        for (name, nodes) in gone {
            lines.push(format!(
                "- {} removed from {}",
                Clean::line(name),
                fold(&nodes)
            ));
        }
        let mut exit = Exit::OK;
        if !plan.differ.is_empty() {
            exit = Exit::USAGE;
        }
        if !plan.silent.is_empty() {
            lines.push(format!(
                "? what they have is not known of {}",
                fold(&plan.silent)
            ));
            exit = exit.worst(Exit::INCOMPLETE);
        }
        if lines.is_empty() {
            lines.push("no automation is wanted, and none is in force".to_owned());
        }
        let text = lines.join("\n") + "\n";
        Answered::Judged(text, exit)
    }
}

impl Plan {
    fn wanted_on(&self, node: NodeId) -> impl Iterator<Item = &Wanted> {
        self.wanted.iter().filter(move |w| w.nodes.contains(node))
    }

    fn differs(&self, node: NodeId) -> bool {
        let Some(had) = self.had.get(&node) else {
            return true;
        };
        let is_had = |w: &Wanted| {
            let version = w.version.to_string();
            let old = had.versions.get(w.spec.name.as_str());
            old.is_some_and(|old| version.starts_with(old.as_str()))
        };
        self.wanted_on(node).count() != had.versions.len() || !self.wanted_on(node).all(is_had)
    }

    /// The set of one node, with the texts that it lacks.
    fn set_for(&self, node: NodeId, generation: u64) -> Result<AutomationSet, ShellError> {
        let had = self.had.get(&node);
        let lacks = |w: &&Wanted| {
            let version = w.version.to_string();
            let old = had.and_then(|had| had.versions.get(w.spec.name.as_str()));
            old.is_none_or(|old| !version.starts_with(old.as_str()))
        };
        let entries = self.wanted_on(node).map(|w| SetEntry {
            name: w.spec.name.clone(),
            version: w.version,
        });
        let specs: Vec<Vec<u8>> = self
            .wanted_on(node)
            .filter(lacks)
            .map(|w| w.bytes.clone())
            .collect();
        let size: usize = specs.iter().map(Vec::len).sum();
        if size > TEXTS_MAX {
            return Err(ShellError::usage(format!(
                "one node would be sent {size} bytes of automations at once, at most {TEXTS_MAX} fit"
            ))
            .hint("apply some of the files first, then all"));
        }
        Ok(AutomationSet {
            generation,
            entries: entries.collect(),
            specs,
        })
    }
}

impl Had {
    fn of(table: &Table) -> Self {
        let at = |name: &str| table.index_of(name);
        let (name, version, generation) = (at("name"), at("version"), at("generation"));
        let mut had = Self::default();
        for row in &table.rows {
            let text = |at: Option<usize>| row.get(at?)?.as_str().map(str::to_owned);
            // A version that is too short to tell two apart is none.
            let version = text(version).filter(|v| v.len() >= 12);
            if let (Some(name), Some(version)) = (text(name), version) {
                had.versions.insert(name, version);
            }
            if let Some(Value::Int(n)) = generation.and_then(|at| row.get(at)) {
                had.generation = had.generation.max(u64::try_from(*n).unwrap_or(0));
            }
        }
        had
    }
}

/// The files that are named: each, or all automations of a folder.
fn files_of(paths: &[String]) -> Result<Vec<PathBuf>, ShellError> {
    if paths.is_empty() {
        return Err(ShellError::usage("which automations?")
            .hint("name a folder of `NAME.hail` files, or the files: all of them together are what the fleet is to have"));
    }
    let mut files = Vec::new();
    for path in paths {
        let path = path_of(path);
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        let failed = |e: std::io::Error| ShellError::usage(format!("read {}: {e}", path.display()));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|e| e == automation::EXTENSION) {
                found.push(file);
            }
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Takes the flags out of the arguments of `apply`. Without any it goes to one node, then to a tenth,
/// then to all, and halts at the first failure.
fn spread_and_paths(args: &[String]) -> Result<(Spread, Vec<String>), ShellError> {
    let mut spread = Spread {
        canary: vec![Amount::Nodes(1), Amount::Share(1000)],
        ..Spread::default()
    };
    let mut paths = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let Some(flag) = arg.strip_prefix("--") else {
            paths.push(arg.clone());
            continue;
        };
        if flag == "yes" {
            continue;
        }
        let value = match flag {
            "canary" | "max-failures" | "wait" => args.next(),
            _ => {
                return Err(ShellError::usage(format!("`apply` has no flag `--{flag}`"))
                    .hint("--yes, --canary 1,10%, --wait 10s, --max-failures N|%"));
            }
        };
        let bad = || {
            ShellError::usage(format!("`--{flag}` wants a value"))
                .hint("--canary 1,10%, --wait 10s, --max-failures N|%")
        };
        let value = value.ok_or_else(bad)?;
        match flag {
            "canary" => {
                let amounts = value.split(',').map(|a| Amount::parse(a.trim()));
                spread.canary = amounts.collect::<Option<_>>().ok_or_else(bad)?;
            }
            "wait" => spread.wait = Some(duration(value).ok_or_else(bad)?),
            _ => spread.max_failures = Some(Amount::parse(value).ok_or_else(bad)?),
        }
    }
    Ok((spread, paths))
}

/// A question whose answers are rows.
pub(super) fn query(scope: ResolvedScope, text: String) -> Query {
    Query {
        source: Source::Automations,
        scope,
        row_plan: RowPlan::default(),
        fleet: Vec::new(),
        end: QueryEnd::Show,
        deed: None,
        retries: None,
        text,
    }
}
