//! All links of a fleet: dialled in the background, kept up between lines, dialled again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hailer_identity::Standing;
use hailer_lang::inventory::{Inventory, Node};
use hailer_lang::node_set::NodeId;
use hailer_lang::selector::Live;
use hailer_protocol::clean::Clean;
use hailer_protocol::ids::LeaseId;
use hailer_protocol::message::Hello;
use hailer_protocol::revocation::Revocations;
use hailer_protocol::role::{Identity, Role};
use quinn::{ClientConfig, Connection};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::backoff::Backoff;
use super::endpoint::Dialler;
use super::link::{Link, LinkView};
use super::random;
use super::session::Session;
use super::standing::{Obeyed, run_out};
use crate::clock;

/// Handshakes that are under way at the same time. More would overflow socket buffers and make
/// each of them slower.
const HANDSHAKES_MAX: usize = 64;

/// How long a handshake counts as one of [`HANDSHAKES_MAX`]. One that takes longer is most likely
/// with a dead node: it may go on, but others need not wait for it.
const HANDSHAKE_BUSY: Duration = Duration::from_millis(300);

/// Handshakes that are under way at the same time, those with silent nodes included: where this
/// machine itself is what is slow, it must not begin ever more of them.
const ATTEMPTS_MAX: usize = 1_024;

/// A connection that held this long counts as a success for the back-off.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// A lease is renewed at every so-manieth turn of a node, so that renewals are spread evenly.
const RENEW_TURNS: u32 = 10;

/// How patient links are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// How long a node may take to be found by name and to complete a handshake.
    pub connect_timeout: Duration,
    /// How often a node is told that attached runs shall live on. A lease lasts three times as
    /// long by default: two renewals in a row may be lost.
    pub renew_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            renew_every: Duration::from_secs(10),
        }
    }
}

/// The live table of a fleet's links. Dropping it ends all of them.
#[derive(Debug)]
pub struct Links {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Shared {
    dialler: Dialler,
    inventory: Arc<Inventory>,
    /// One each node, by its number.
    links: Vec<Link>,
    timing: Timing,
    handshakes: Semaphore,
    attempts: Semaphore,
    n_up: AtomicUsize,
    obeyed: Obeyed,
}

impl Shared {
    fn node(&self, number: usize) -> Option<&Node> {
        self.inventory.nodes().get(number)
    }
}

impl Links {
    /// Makes the table. Nobody is dialled yet. Must be called within a tokio runtime.
    pub(super) fn new(
        dialler: Dialler,
        inventory: Arc<Inventory>,
        timing: Timing,
        lease: LeaseId,
    ) -> Self {
        let shared = Arc::new(Shared {
            dialler,
            links: inventory.nodes().iter().map(|_| Link::new()).collect(),
            inventory,
            timing,
            handshakes: Semaphore::new(HANDSHAKES_MAX),
            attempts: Semaphore::new(ATTEMPTS_MAX),
            n_up: AtomicUsize::new(0),
            obeyed: Obeyed::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(renew_leases(Arc::clone(&shared), lease));
        Self {
            shared,
            tasks: Mutex::new(tasks),
        }
    }

    /// Sees to it that every node is connected, now and from now on.
    pub fn connect_all(&self) {
        for node in 0..self.shared.links.len() {
            self.connect(node);
        }
    }

    /// Sees to it that a node is connected, now and from now on.
    fn connect(&self, node: usize) {
        if self.shared.links[node].claim() {
            let maintained = maintain(Arc::clone(&self.shared), node);
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.spawn(maintained);
        }
    }

    /// Returns the link of a node, which is seen to from now on.
    pub(super) fn link(&self, node: NodeId) -> Option<&Link> {
        let link = self.shared.links.get(node.index())?;
        self.connect(node.index());
        Some(link)
    }

    /// Begins handshakes with these from now on.
    pub(super) fn succeed(&self, configs: Vec<ClientConfig>) {
        self.shared.dialler.succeed(configs);
    }

    /// Connects nobody any more whom these lists revoke.
    pub fn obey(&self, lists: Revocations) {
        self.shared.obeyed.set(lists);
    }

    /// Returns how many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.links.len()
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.links.is_empty()
    }

    /// Returns how many nodes are connected.
    #[must_use]
    pub fn up_count(&self) -> usize {
        self.shared.n_up.load(Ordering::Relaxed)
    }

    /// Returns who is connected, and who was tried and is not.
    #[must_use]
    pub fn live(&self) -> Live {
        let mut live = Live::default();
        for (node, link) in (0..).map(NodeId).zip(&self.shared.links) {
            match link.is_up() {
                Some(true) => live.up.insert(node),
                Some(false) => live.down.insert(node),
                None => {}
            }
        }
        live
    }

    /// Returns what a node's link looks like; `None` for a number that is no node's.
    #[must_use]
    pub fn view(&self, node: NodeId) -> Option<LinkView> {
        Some(self.shared.links.get(node.index())?.view())
    }

    /// Returns what a connected node said of itself, once it has.
    #[must_use]
    pub fn hello(&self, node: NodeId) -> Option<Hello> {
        let session = self.shared.links.get(node.index())?.session()?;
        session.hello().cloned()
    }

    /// Ends all links; the nodes are told, as far as that takes no waiting for them.
    pub(super) async fn close(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        drop(tasks);
        self.shared.dialler.close().await;
    }
}

/// Keeps one node connected, for ever.
async fn maintain(shared: Arc<Shared>, node: usize) {
    let link = &shared.links[node];
    let mut backoff = Backoff::default();
    loop {
        link.set_connecting();
        match Box::pin(connect(&shared, node)).await {
            Ok((connection, standing)) => {
                let reason = live(&shared, link, connection, &standing, &mut backoff).await;
                link.set_lost(clock::mono(), clean(&reason));
            }
            Err(reason) => link.set_failed(clock::mono(), clean(&reason)),
        }
        tracing::debug!(node, name = shared.node(node).map(|n| n.name.as_str()), view = ?link.view(), "link is down");
        let wait = backoff.failed(random::jitter());
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = link.hurry.notified() => {}
        }
    }
}

/// The peer has a say in why a connection ends.
fn clean(reason: &str) -> Arc<str> {
    Clean::line(reason).into_string().into()
}

/// From the handshake's end to the connection's; returns why it ended.
async fn live(
    shared: &Shared,
    link: &Link,
    connection: Connection,
    standing: &Standing,
    backoff: &mut Backoff,
) -> String {
    let since = clock::mono();
    let session = Arc::new(Session::new(connection, since));
    link.set_up(Arc::clone(&session));
    shared.n_up.fetch_add(1, Ordering::Relaxed);
    let reason = tokio::select! {
        reason = session.live() => reason,
        reason = run_out(standing, &session.connection) => reason,
    };
    shared.n_up.fetch_sub(1, Ordering::Relaxed);
    if clock::mono().since(since) >= STABLE_AFTER {
        backoff.succeeded();
    }
    reason
}

async fn connect(shared: &Shared, node: usize) -> Result<(Connection, Standing), String> {
    let turns = (
        shared.attempts.acquire().await,
        shared.handshakes.acquire().await,
    );
    let (Ok(_attempt), Ok(busy)) = turns else {
        return Err("the shell ends".to_owned());
    };
    let patience = shared.timing.connect_timeout;
    let deadline = clock::deadline(clock::mono() + patience);
    let mut handshake = std::pin::pin!(tokio::time::timeout_at(deadline, shake(shared, node)));
    let early = tokio::time::timeout(HANDSHAKE_BUSY, &mut handshake).await;
    drop(busy);
    let done = match early {
        Ok(done) => done,
        Err(_) => handshake.await,
    };
    done.map_err(|_| format!("no answer within {patience:?}"))?
}

async fn shake(shared: &Shared, node: usize) -> Result<(Connection, Standing), String> {
    let peer = shared.node(node).ok_or("no such node")?;
    let address = resolve(&peer.address).await?;
    let identity = Identity {
        fleet: shared.inventory.fleet().clone(),
        role: Role::Node,
        name: peer.name.clone(),
    };
    let server_name = hailer_identity::server_name(&identity);
    let dialling = shared.dialler.dial(node, address, &server_name);
    let connecting = dialling.map_err(|e| e.to_string())?;
    let connection = connecting.await.map_err(|e| e.to_string())?;
    let standing = shared.obeyed.check(&connection)?;
    Ok((connection, standing))
}

/// Returns the first address of `host:port`.
pub(super) async fn resolve(address: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = address.parse() {
        return Ok(address);
    }
    let found = tokio::net::lookup_host(address).await;
    let mut found = found.map_err(|e| format!("cannot find its address: {e}"))?;
    found
        .next()
        .ok_or_else(|| "its name has no address".to_owned())
}

/// Renews the lease wherever attached runs are in flight. The first renewal is the request itself,
/// so a run that ends within seconds never costs one.
async fn renew_leases(shared: Arc<Shared>, lease: LeaseId) {
    let mut ticks = tokio::time::interval(shared.timing.renew_every / RENEW_TURNS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut renewals = JoinSet::new();
    for turn in (0..RENEW_TURNS as usize).cycle() {
        ticks.tick().await;
        while renewals.try_join_next().is_some() {}
        for link in shared.links.iter().skip(turn).step_by(RENEW_TURNS as usize) {
            if let Some(session) = link.session().filter(|session| session.has_attached()) {
                renewals.spawn(async move { session.renew(lease).await });
            }
        }
    }
}
