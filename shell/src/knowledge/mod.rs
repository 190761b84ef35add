//! What a session knows of nodes beside the inventory: what they say of themselves, and what
//! sources of groups say of them. Both are asked when a selector wants them, and remembered.

mod commands;
mod facts_file;
mod heads_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hailer_lang::facts::{FactsNow, KnownFacts, NodeFacts};
use hailer_lang::group_source::{GroupKey, KnownGroups};
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::selector::Learned;
use hailer_protocol::audit::Head;
use hailer_protocol::time::Wall;

use crate::fleet::Finished;

pub(crate) use facts_file::path as facts_path;
pub(crate) use heads_file::path as heads_path;

/// How soon a node that gave no facts is asked for them again.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Commands of sources that run at the same time.
const COMMANDS_MAX: usize = 8;

/// Where a session's knowledge comes from, and where it is kept.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The fleet file's own folder, in which commands of sources run.
    pub folder: PathBuf,
    /// The file in which facts outlive a session; `None` keeps them in memory alone.
    pub facts_file: Option<PathBuf>,
    /// The file in which the heads of nodes' audits outlive a session; `None` as well.
    pub heads_file: Option<PathBuf>,
}

impl Sources {
    /// Keeps all that is learned in memory alone.
    pub fn keep_nothing(&mut self) {
        (self.facts_file, self.heads_file) = (None, None);
    }
}

/// Waits for all of them at once, and in no task of their own: whoever gives the whole up has ended
/// all that they began.
async fn together<F: Future>(work: Vec<F>) -> Vec<F::Output> {
    let mut under_way: Vec<_> = work.into_iter().map(Box::pin).map(|f| (f, None)).collect();
    std::future::poll_fn(|cx| {
        for (work, done) in &mut under_way {
            if done.is_none()
                && let Poll::Ready(output) = work.as_mut().poll(cx)
            {
                *done = Some(output);
            }
        }
        if under_way.iter().any(|(_, done)| done.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(
            under_way
                .iter_mut()
                .filter_map(|(_, done)| done.take())
                .collect(),
        )
    })
    .await
}

/// What was learned.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    sources: Sources,
    /// Shared with completion, which looks at what is known and never waits.
    facts: Arc<KnownFacts>,
    /// When nodes were asked for their facts in vain.
    in_vain: BTreeMap<NodeId, Wall>,
    groups: KnownGroups,
    is_file_read: bool,
    /// The newest record of each node's audit when it was last read; `None` before the file was.
    heads: Option<BTreeMap<NodeId, Head>>,
}

impl Knowledge {
    pub(crate) fn new(sources: Sources) -> Self {
        Self {
            sources,
            ..Self::default()
        }
    }

    /// Returns what is known at a moment, of facts that are at most `age_max` old.
    pub(crate) fn now(&self, now: Wall, age_max: Duration) -> Learned<'_> {
        Learned {
            facts: FactsNow {
                known: &self.facts,
                now,
                age_max,
            },
            groups: &self.groups,
        }
    }

    /// Returns the facts that were told, however long ago.
    pub(crate) fn facts(&self) -> Arc<KnownFacts> {
        Arc::clone(&self.facts)
    }

    /// Reads the file of facts, once.
    pub(crate) fn recall(&mut self, inventory: &Inventory) {
        if std::mem::replace(&mut self.is_file_read, true) {
            return;
        }
        if let Some(file) = &self.sources.facts_file {
            for (node, facts) in facts_file::read(file, inventory) {
                Arc::make_mut(&mut self.facts).learn(node, facts);
            }
        }
    }

    /// Reads the file of heads, once.
    pub(crate) fn recall_heads(&mut self, inventory: &Inventory) {
        if self.heads.is_none() {
            let file = self.sources.heads_file.as_ref();
            let heads = file.map(|file| heads_file::read(file, inventory));
            self.heads = Some(heads.unwrap_or_default());
        }
    }

    /// Returns the newest record of a node's audit when it was last read.
    pub(crate) fn head(&self, node: NodeId) -> Option<Head> {
        self.heads.as_ref()?.get(&node).copied()
    }

    /// Takes what is the newest record of a node's audit now.
    pub(crate) fn keep_head(&mut self, node: NodeId, head: Head) {
        self.heads.get_or_insert_default().insert(node, head);
    }

    /// Writes the file of heads.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn remember_heads(&self, inventory: &Inventory) -> std::io::Result<()> {
        match (&self.sources.heads_file, &self.heads) {
            (Some(file), Some(heads)) => heads_file::write(file, inventory, heads),
            _ => Ok(()),
        }
    }

    /// Leaves those nodes out that were asked in vain a moment ago.
    pub(crate) fn worth_asking(&self, nodes: &NodeSet, now: Wall) -> NodeSet {
        let lately = |node: &NodeId| {
            let age = self
                .in_vain
                .get(node)
                .and_then(|at| hailer_lang::group_source::age(*at, now));
            age.is_some_and(|age| age < AGAIN_AFTER)
        };
        nodes.iter().filter(|node| !lately(node)).collect()
    }

    /// Takes in what nodes answered when they were asked for all their facts.
    pub(crate) fn learn_facts(&mut self, run: &Finished, now: Wall) {
        for answer in run.gather.answers() {
            let table = answer.rows.as_ref();
            match table.and_then(|table| NodeFacts::of_table(now, table)) {
                Some(facts) => {
                    self.in_vain.remove(&answer.node);
                    Arc::make_mut(&mut self.facts).learn(answer.node, facts);
                }
                None => {
                    self.in_vain.insert(answer.node, now);
                }
            }
        }
    }

    /// Writes the file of facts. What another shell learned later than this one is kept.
    pub(crate) async fn remember(&mut self, inventory: &Arc<Inventory>) {
        let Some(file) = self.sources.facts_file.clone() else {
            return;
        };
        let (inventory, mut facts) = (Arc::clone(inventory), KnownFacts::clone(&self.facts));
        let written = tokio::task::spawn_blocking(move || {
            for (node, other) in facts_file::read(&file, &inventory) {
                if facts.of(node).is_none_or(|own| own.at < other.at) {
                    facts.learn(node, other);
                }
            }
            facts_file::write(&file, &inventory, &facts)
                .map_err(|e| format!("write {}: {e}", file.display()))
        });
        match written.await {
            Ok(Ok(())) => {}
            // They are asked for again next time.
            Ok(Err(why)) => tracing::warn!(why, "facts are not kept"),
            Err(why) => tracing::warn!(%why, "facts are not kept"),
        }
    }

    /// Asks sources for groups that are not known, or were told too long ago.
    pub(crate) async fn learn_groups(
        &mut self,
        keys: Vec<GroupKey>,
        inventory: &Arc<Inventory>,
        now: Wall,
    ) {
        let wanted = keys.into_iter().filter(|key| {
            let source = inventory.sources().get(&key.0);
            source.is_some_and(|s| self.groups.is_wanted(key, s.cache, now))
        });
        let wanted: Vec<GroupKey> = wanted.collect();
        for some in wanted.chunks(COMMANDS_MAX) {
            let folder = self.folder();
            let asked = some.iter().map(|key| async move {
                let answer = commands::ask(key, inventory, folder, now).await;
                (key.clone(), answer)
            });
            for (key, answer) in together(asked.collect()).await {
                self.groups.learn(key, answer);
            }
        }
    }

    /// Asks sources for the groups of nodes, where they can tell and it is not known.
    pub(crate) async fn learn_groups_of(
        &mut self,
        nodes: &NodeSet,
        inventory: &Arc<Inventory>,
        now: Wall,
    ) {
        let mut wanted = Vec::new();
        for (name, source) in inventory.sources() {
            let Some(command) = &source.reverse else {
                continue;
            };
            let unknown =
                |node: &NodeId| self.groups.is_node_wanted(name, *node, source.cache, now);
            let of_source = nodes.iter().filter(unknown);
            wanted.extend(of_source.map(|node| (name, command, source.timeout, node)));
        }
        for some in wanted.chunks(COMMANDS_MAX) {
            let folder = self.folder();
            let asked = some
                .iter()
                .map(|(name, command, timeout, node)| async move {
                    let named = inventory.node(*node).map_or("", |n| n.name.as_str());
                    let said = commands::ask_reverse(command, named, *timeout, folder, now).await;
                    (*name, *node, said)
                });
            for (name, node, said) in together(asked.collect()).await {
                self.groups.learn_node(name, node, said);
            }
        }
    }

    fn folder(&self) -> &Path {
        if self.sources.folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &self.sources.folder
        }
    }
}
