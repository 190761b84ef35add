//! The fleet: links to its nodes, and runs fanned out over them.
//!
//! What is decided is decided by pure machines that take the time as an argument: [`fanout`] says
//! who is asked when and how each target ends, [`collect`] what an answer is, [`gather`] what is
//! kept and what is equal, [`summary`] how it all ended. Around them, and only here in this crate,
//! is QUIC: one socket, one link a node, one stream a request, and [`driver`], a loop.
//!
//! A node that fails is an answer like any other; nothing a node does or says can fail a run.

pub mod answer;
pub mod arriving;
mod backoff;
pub mod budget;
pub mod cause;
pub mod collect;
pub(crate) mod contact;
mod delay_line;
pub mod draft;
pub mod driver;
mod endpoint;
pub mod error;
mod exchange;
pub mod fanout;
pub mod gather;
pub mod groups;
pub mod job;
mod link;
pub mod links;
mod own;
mod pieces;
pub mod policy;
pub mod random;
mod request;
pub mod retried;
mod revocation;
mod seat;
mod session;
mod standing;
pub mod summary;
mod warrant;

pub use answer::Answer;
pub(crate) use contact::{Contact, Contacts};
pub use draft::{Approved, Draft};
pub use driver::run;
pub use error::FleetError;
pub use job::{Ask, Control, Event, Finished, Gate, GateAnswer, Job, StageNews};
pub use link::LinkView;
pub use links::{Links, Timing};
pub use own::PapersNews;
pub use policy::Policy;
pub use revocation::Delivered;
pub use summary::Summary;
pub use warrant::Wish;

use std::sync::Arc;
use std::time::Duration;

use hailer_identity::{ClientSide, Credentials, Trust};
use hailer_lang::inventory::Inventory;
use hailer_lang::selector::Live;
use hailer_protocol::holder::Holder;
use hailer_protocol::ids::LeaseId;
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;
use tokio::sync::watch;

use endpoint::{Dialler, Windows};
use own::Own;
use request::{Request, Terms};

use crate::clock;

/// How long nodes may take to confirm that they ended what ran for a shell that a signal ends. It is
/// longer than a command may take to end itself before it is killed.
const END_WITHIN: Duration = Duration::from_secs(5);

/// The operator's side of a fleet. Dropping it ends all connections; [`Fleet::close`] also tells
/// the nodes.
#[derive(Debug)]
pub struct Fleet {
    inventory: Arc<Inventory>,
    links: Links,
    lease: LeaseId,
    /// The operator's key: what is started on a node is signed with it.
    own: Own,
    /// Whether all runs shall end; a run that would not outlive the shell listens as long as it lasts.
    ending: watch::Sender<bool>,
}

impl Fleet {
    /// Opens the socket. Nobody is dialled until [`Fleet::connect_all_in_background`] or a run.
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the credentials do not fit the fleet, or no socket can be opened.
    pub fn open(
        inventory: Arc<Inventory>,
        credentials: &Credentials,
        trust: &Trust,
        timing: Timing,
    ) -> Result<Self, FleetError> {
        Self::open_under(random::lease_id()?, inventory, credentials, trust, timing)
    }

    /// Opens the socket as [`Fleet::open`] does, under a lease that an earlier process drew: what
    /// that one signed names it.
    ///
    /// # Errors
    /// As [`Fleet::open`].
    pub fn open_under(
        lease: LeaseId,
        inventory: Arc<Inventory>,
        credentials: &Credentials,
        trust: &Trust,
        timing: Timing,
    ) -> Result<Self, FleetError> {
        let tls = ClientSide::new(trust, &[Role::Node])?.config(credentials)?;
        let own = Own::new(credentials)?;
        let nodes = Arc::clone(&inventory);
        Ok(Self {
            inventory,
            links: Links::new(Dialler::open(tls, Windows::SHELL)?, nodes, timing, lease),
            lease,
            own,
            ending: watch::Sender::new(false),
        })
    }

    /// Makes and signs what a job's targets are sent; what is asked is taken out of the job.
    fn request(&self, job: &mut Job) -> Result<Request, FleetError> {
        let nodes = job.targets.iter().map(|node| self.inventory.node(*node));
        let names: Vec<_> = nodes.map(|node| node.map(|node| &node.name)).collect();
        let own = self.own.now();
        let terms = Terms {
            signer: &own.signer,
            now: clock::wall(),
            wish: &job.wish,
            policy: &job.policy,
            fleet_size: self.size(),
            approved: job.approved.as_deref(),
        };
        let ask = std::mem::replace(&mut job.ask, Ask::Each(Vec::new()));
        Request::new(terms, ask, &names)
    }

    /// Connects every node, and keeps it connected.
    pub fn connect_all_in_background(&self) {
        self.links.connect_all();
    }

    /// Returns who asks.
    #[must_use]
    pub fn operator(&self) -> Holder {
        self.own.now().signer.holder().clone()
    }

    /// Returns when the operator's certificate ends.
    #[must_use]
    pub fn ends_at(&self) -> Wall {
        self.own.now().validity.not_after
    }

    /// Connects and signs with these from now on; connections that are there stay. Returns whether the
    /// certificate is another than before.
    ///
    /// # Errors
    /// When they do not fit the fleet, or are another operator's; then the last ones hold on.
    pub fn succeed(&self, credentials: &Credentials, trust: &Trust) -> Result<bool, FleetError> {
        let tls = ClientSide::new(trust, &[Role::Node])?.config(credentials)?;
        let configs = endpoint::configs(tls, Windows::SHELL)?;
        let is_other = self.own.succeed(credentials)?;
        self.links.succeed(configs);
        Ok(is_other)
    }

    /// Keeps what became of the operator's papers for [`Fleet::news`], in the place of older news.
    pub fn tell(&self, news: PapersNews) {
        self.own.tell(news);
    }

    /// Returns what became of the operator's papers last, once.
    pub fn news(&self) -> Option<PapersNews> {
        self.own.news()
    }

    /// Returns how many nodes the fleet has, as signatures say it.
    fn size(&self) -> u32 {
        u32::try_from(self.inventory.len()).unwrap_or(u32::MAX)
    }

    /// Returns the lease that keeps attached runs of this process alive.
    #[must_use]
    pub const fn lease(&self) -> LeaseId {
        self.lease
    }

    /// Returns the live table of who is connected.
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// Returns how many nodes are connected.
    #[must_use]
    pub fn up_count(&self) -> usize {
        self.links.up_count()
    }

    /// Returns who is connected and who is not, for selectors such as `state=up`.
    #[must_use]
    pub fn live(&self) -> Live {
        self.links.live()
    }

    /// Returns who there is.
    #[must_use]
    pub const fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// Asks the nodes of all runs under way, and of any that begins now, to stop; runs that outlive
    /// the shell are left alone. Nobody hears of the answers. Returns whether all nodes have stopped
    /// within a few seconds.
    pub async fn end_runs(&self) -> bool {
        self.ending.send_replace(true);
        tokio::time::timeout(END_WITHIN, self.ending.closed())
            .await
            .is_ok()
    }

    /// Ends all connections, and tells the nodes as far as that takes no waiting for them.
    pub async fn close(&self) {
        self.links.close().await;
    }
}
