//! Staying connected to every node of the fleet: the roster's driver.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use hailer_identity::{Countersigner, Credentials, Trust};
use hailer_lang::node_set::fold::fold_limited;
use hailer_protocol::ids::NodeName;
use hailer_protocol::time::Mono;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::attend::{Attendance, Trouble};
use super::roster::{Attempt, DIALS_MAX, Dial, News, Roster};
use super::store::Store;
use super::watched::{FleetWatch, LOOK_EVERY, Lists, ListsWatch};
use crate::clock;
use crate::error::ShellError;
use crate::fleet::{Contacts, random};

/// Names that a log line has room for.
const NAMES_WIDTH: usize = 120;

/// Reasons for which nodes are down that are told apart in one go.
const REASONS_MAX: usize = 5;

/// How often heads of nodes that have left the fleet are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What it takes to stay connected.
#[derive(Debug)]
pub(super) struct Connect {
    /// The fleet file.
    pub(super) file: PathBuf,
    /// The authority's directory, in which the lists of who is revoked lie.
    pub(super) ca: PathBuf,
    /// Who the keeper is and whom it believes, now and later.
    pub(super) own: watch::Receiver<Arc<Papers>>,
    /// The keeper's memory.
    pub(super) store: Store,
    /// How often a node is asked where its audit stands.
    pub(super) audit_every: Duration,
}

/// Who the keeper is, and whom it believes.
#[derive(Debug)]
pub(super) struct Papers {
    /// Its certificate and key.
    pub(super) credentials: Credentials,
    /// The fleet's authorities.
    pub(super) trust: Trust,
}

/// The keeper's side of the fleet.
#[derive(Debug)]
pub(super) struct Connected {
    attendance: Arc<Attendance>,
    own: watch::Receiver<Arc<Papers>>,
    fleet_file: FleetWatch,
    lists_file: ListsWatch,
    lists: watch::Sender<Arc<Lists>>,
    first: BTreeMap<NodeName, String>,
}

/// What becomes of a node's connection.
#[derive(Debug)]
struct Report {
    node: NodeName,
    attempt: Attempt,
    /// Nothing when it is up, and why when it is no more.
    ended: Option<String>,
}

impl Connected {
    /// Reads the files and opens the socket; nobody is dialled yet.
    ///
    /// # Errors
    /// When a file says something wrong, or no socket can be had.
    pub(super) fn open(connect: Connect) -> Result<Self, ShellError> {
        let papers = Arc::clone(&connect.own.borrow());
        let own = &papers.credentials;
        let fleet = own.identity().fleet.clone();
        let failed = |e: &dyn std::fmt::Display| ShellError::own(format!("open the fleet: {e}"));
        let contacts = Contacts::open(own, &papers.trust).map_err(|e| failed(&e))?;
        let signer = Countersigner::new(own).map_err(|e| failed(&e))?;
        let mut fleet_file = FleetWatch::new(connect.file, fleet.clone());
        let mut lists_file = ListsWatch::new(&connect.ca, papers.trust.clone());
        let first = fleet_file.next().unwrap_or_else(|| Ok(BTreeMap::new()))?;
        let lists = lists_file.next().unwrap_or_else(|| Ok(Lists::default()))?;
        contacts.obey(lists.revoked.clone());
        let (sender, receiver) = watch::channel(Arc::new(lists));
        Ok(Self {
            attendance: Arc::new(Attendance {
                fleet,
                contacts,
                signer: RwLock::new(Arc::new(signer)),
                store: Arc::new(Mutex::new(connect.store)),
                lists: receiver,
                audit_every: connect.audit_every,
            }),
            own: connect.own,
            fleet_file,
            lists_file,
            lists: sender,
            first,
        })
    }

    /// Ends all connections, and tells the nodes.
    pub(super) async fn close(&self) {
        self.attendance.contacts.close().await;
    }

    /// Stays connected. Never returns.
    pub(super) async fn keep(&mut self) {
        let (reports, mut reported) = mpsc::channel(1024);
        let mut roster = Roster::new(DIALS_MAX);
        let mut tasks = Tasks::default();
        let first = std::mem::take(&mut self.first);
        tasks.end(&roster.set_fleet(clock::mono(), first));
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut prune = tokio::time::interval(PRUNE_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        prune.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = clock::mono();
            for dial in roster.poll_dials(now) {
                tasks.dial(dial, &self.attendance, &reports);
            }
            if let Some(news) = roster.poll_news(now) {
                tell(&news);
            }
            tokio::select! {
                Some(report) = reported.recv() => take(&mut roster, &mut tasks, report),
                () = until(roster.poll_timeout()) => {}
                _ = look.tick() => self.look(&mut roster, &mut tasks),
                _ = prune.tick() => self.prune(&roster),
                Ok(()) = self.own.changed() => self.renew(),
            }
        }
    }

    fn look(&mut self, roster: &mut Roster, tasks: &mut Tasks) {
        match self.fleet_file.next() {
            Some(Ok(nodes)) => tasks.end(&roster.set_fleet(clock::mono(), nodes)),
            Some(Err(e)) => tracing::error!(error = %e, "the fleet file is not taken up"),
            None => {}
        }
        match self.lists_file.next() {
            Some(Ok(lists)) => {
                tracing::info!(n = lists.signed.len(), "lists of revocations are handed on");
                self.attendance.contacts.obey(lists.revoked.clone());
                self.lists.send_replace(Arc::new(lists));
            }
            Some(Err(e)) => tracing::error!(error = %e, "a list of revocations is not taken up"),
            None => {}
        }
    }

    fn renew(&mut self) {
        let papers = Arc::clone(&self.own.borrow_and_update());
        let own = &papers.credentials;
        self.lists_file.believe(papers.trust.clone());
        let renewed = self.attendance.contacts.renew(own, &papers.trust);
        match (renewed, Countersigner::new(own)) {
            (Ok(()), Ok(signer)) => {
                let slot = &self.attendance.signer;
                *slot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
            }
            (Err(e), _) => {
                tracing::error!(error = %e, "the keeper's next certificate does not fit")
            }
            (_, Err(e)) => {
                tracing::error!(error = %e, "the keeper's next certificate does not fit")
            }
        }
    }

    fn prune(&self, roster: &Roster) {
        let (attendance, fleet) = (Arc::clone(&self.attendance), roster.names());
        tokio::spawn(async move {
            let pruned = attendance.with_store(move |store, now| store.prune_heads(now, &fleet));
            if let Err(Trouble::Store(why) | Trouble::Node(why) | Trouble::Key(why)) = pruned.await
            {
                tracing::error!(why, "old heads are not forgotten");
            }
        });
    }
}

async fn until(due: Option<Mono>) {
    match due {
        Some(at) => tokio::time::sleep_until(clock::deadline(at)).await,
        None => std::future::pending().await,
    }
}

fn take(roster: &mut Roster, tasks: &mut Tasks, report: Report) {
    let Report {
        node,
        attempt,
        ended,
    } = report;
    let now = clock::mono();
    match ended {
        None => roster.connected(now, &node, attempt),
        Some(reason) => {
            tasks.forget(&node, attempt);
            roster.ended(now, &node, attempt, reason, random::jitter());
        }
    }
}

/// The connections' tasks, one a node.
#[derive(Debug, Default)]
struct Tasks {
    running: JoinSet<()>,
    by_node: HashMap<NodeName, (Attempt, AbortHandle)>,
}

impl Tasks {
    fn dial(&mut self, dial: Dial, attendance: &Arc<Attendance>, reports: &mpsc::Sender<Report>) {
        while self.running.try_join_next().is_some() {}
        let (attendance, reports) = (Arc::clone(attendance), reports.clone());
        let (node, attempt) = (dial.node.clone(), dial.attempt);
        let task = async move {
            let Dial {
                node,
                address,
                attempt,
            } = dial;
            let report = |ended| Report {
                node: node.clone(),
                attempt,
                ended,
            };
            let ended = match attendance.dial(&node, &address).await {
                Ok(contact) => {
                    // Nobody listens only when the keeper ends.
                    let _ = reports.send(report(None)).await;
                    attendance.attend(&node, &contact).await
                }
                Err(reason) => reason,
            };
            let _ = reports.send(report(Some(ended))).await;
        };
        let handle = self.running.spawn(task);
        self.by_node.insert(node, (attempt, handle));
    }

    /// Ends what belongs to nodes that have left, or moved.
    fn end(&mut self, nodes: &[NodeName]) {
        for node in nodes {
            if let Some((_, task)) = self.by_node.remove(node) {
                task.abort();
            }
        }
    }

    fn forget(&mut self, node: &NodeName, attempt: Attempt) {
        if self.by_node.get(node).is_some_and(|(of, _)| *of == attempt) {
            self.by_node.remove(node);
        }
    }
}

/// Says what has changed, a line for all nodes that came and one for each reason why nodes went.
fn tell(news: &News) {
    let (n_up, n_nodes) = (news.n_up, news.n_nodes);
    let folded = |nodes: &[NodeName]| fold_limited(nodes.iter().map(NodeName::as_str), NAMES_WIDTH);
    if !news.up.is_empty() {
        let n = news.up.len();
        tracing::info!(n, nodes = %folded(&news.up), "connected; {n_up} of {n_nodes} nodes are");
    }
    let mut down: Vec<_> = news.down.iter().collect();
    down.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    let rest = down.split_off(down.len().min(REASONS_MAX));
    for (reason, nodes) in down {
        let n = nodes.len();
        tracing::warn!(n, nodes = %folded(nodes), reason, "not connected; {n_up} of {n_nodes} nodes are");
    }
    let rest: Vec<NodeName> = rest
        .into_iter()
        .flat_map(|(_, nodes)| nodes.clone())
        .collect();
    if !rest.is_empty() {
        let n = rest.len();
        tracing::warn!(n, nodes = %folded(&rest), reason = "several", "not connected; {n_up} of {n_nodes} nodes are");
    }
}
