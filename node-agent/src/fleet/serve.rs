//! Starting a simulated fleet and keeping it until it is told to stop.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hailer_collect::{Collector, Roots, Settings};
use hailer_exec::Spawner;
use hailer_identity::{Authority, Credentials, ServerSide, SignatureJudge, Trust, Validity};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rustls::time_provider::DefaultTimeProvider;

use super::files::{fleet_file, node_dir, write_node, write_policy, write_secret};
use super::plan::{Flaw, FleetPlan, SimNode};
use crate::clock;
use crate::config::{Cgroup, SandboxMode};
use crate::core::{Bounds, Rules};
use crate::error::AgentError;
use crate::host::{self, Host, HostConfig};
use crate::journal::Journal;
use crate::net::{self, Listening};
use crate::revoked;
use crate::rules;
use crate::serve::start_helper;

/// How long the throw-away certificates are valid.
const VALID_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// The fleet's name in its certificates.
const FLEET: &str = "demo";

/// What each node takes on: less than a machine of its own would, since thousands share this one.
const BOUNDS: Bounds = Bounds {
    sessions: 64,
    runs: 64,
    kept_bytes: 64 << 10,
    run_lease: Duration::from_secs(30),
    last_words: Duration::from_secs(10),
};

/// What to simulate.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// How many nodes.
    pub nodes: usize,
    /// How many of them are down.
    pub down: usize,
    /// How many of them are slow.
    pub slow: usize,
    /// How late slow ones answer.
    pub slow_by: Duration,
    /// Where everything goes.
    pub dir: PathBuf,
    /// The spawning helper, program and arguments.
    pub helper: Vec<String>,
}

/// A fleet that serves.
#[derive(Debug)]
pub struct Served {
    listening: Vec<Listening>,
    /// The addresses of nodes that are down: bound, so that nobody else takes them, and unread.
    _down: Vec<UdpSocket>,
    /// The path of the fleet file.
    pub fleet_file: PathBuf,
}

impl Served {
    /// Returns how many nodes listen.
    #[must_use]
    pub fn n_listening(&self) -> usize {
        self.listening.len()
    }

    /// Stops all nodes.
    pub async fn close(self) {
        let mut closing = tokio::task::JoinSet::new();
        for node in self.listening {
            closing.spawn(node.close());
        }
        closing.join_all().await;
    }
}

/// What the nodes of one simulated fleet share.
struct Shared {
    authority: Authority,
    validity: Validity,
    tls: ServerSide,
    judge: Arc<SignatureJudge>,
    rules: Rules,
    spawner: Arc<Spawner>,
}

/// Makes the fleet's authority, certificates, files and nodes, and lets them listen on loopback.
///
/// # Errors
/// When the directory cannot be written, the helper cannot be started, or addresses run out.
pub fn serve(options: &FleetOptions) -> Result<Served, AgentError> {
    let plan =
        FleetPlan::new(options.nodes, options.down, options.slow).map_err(AgentError::Fleet)?;
    fs::create_dir_all(&options.dir).map_err(|e| AgentError::file("create", &options.dir, e))?;
    // Nodes know their directories by absolute paths.
    let dir = options
        .dir
        .canonicalize()
        .map_err(|e| AgentError::file("find", &options.dir, e))?;
    let policy = write_policy(&dir)?;
    let (rules, stamp) = rules::read(&policy, false);
    let shared = shared(options, rules)?;
    let mut hosts = Vec::new();
    let mut addresses = Vec::with_capacity(plan.nodes.len());
    let mut listening = Vec::new();
    let mut down = Vec::new();
    for node in &plan.nodes {
        if node.flaw == Some(Flaw::Down) {
            let socket = unread_socket()?;
            addresses.push(
                socket
                    .local_addr()
                    .map_err(|e| AgentError::file("bind", &dir, e))?,
            );
            down.push(socket);
            continue;
        }
        write_node(&dir, node)?;
        let (served, host) = start_node(&shared, options, &dir, node)?;
        hosts.push(host);
        addresses.push(served.address());
        listening.push(served);
    }
    rules::watch(hosts.clone(), policy, false, stamp);
    revoked::watch(hosts, dir.join("revoked.list"));
    let operator = issue(&shared, Role::Operator, "operator")?;
    fs::write(dir.join("ca.pem"), shared.authority.cert_pem())
        .and_then(|()| fs::write(dir.join("operator.pem"), &operator.cert_pem))
        .map_err(|e| AgentError::file("write credentials to", &dir, e))?;
    write_secret(&dir.join("operator.key"), &operator.key_pem)?;
    let fleet_path = dir.join("fleet.toml");
    fs::write(&fleet_path, fleet_file(FLEET, &plan, &addresses))
        .map_err(|e| AgentError::file("write", &fleet_path, e))?;
    Ok(Served {
        listening,
        _down: down,
        fleet_file: fleet_path,
    })
}

fn shared(options: &FleetOptions, rules: Rules) -> Result<Shared, AgentError> {
    let tls_error = |e: &dyn std::fmt::Display| AgentError::Tls(e.to_string());
    let now = clock::wall();
    // A little earlier than now, for clocks of containers that lag behind their host's.
    let validity = Validity {
        not_before: Wall(now.0 - 60_000),
        not_after: now + VALID_FOR,
    };
    let fleet = Name::new(FLEET).map_err(|e| tls_error(&e))?;
    let authority = Authority::generate(fleet.clone(), validity.not_before, validity.not_after)
        .map_err(|e| tls_error(&e))?;
    let trust = Trust::from_pem(fleet, authority.cert_pem(), Arc::new(DefaultTimeProvider))
        .map_err(|e| tls_error(&e))?;
    let tls = ServerSide::new(&trust, &[Role::Operator, Role::Keeper, Role::Relay])
        .map_err(|e| tls_error(&e))?;
    let judge = Arc::new(SignatureJudge::new(&trust).map_err(|e| tls_error(&e))?);
    let spawner = Arc::new(start_helper(&options.helper, Cgroup::Off)?);
    Ok(Shared {
        authority,
        validity,
        tls,
        judge,
        rules,
        spawner,
    })
}

fn issue(shared: &Shared, role: Role, name: &str) -> Result<hailer_identity::Issued, AgentError> {
    let name = Name::new(name).map_err(|e| AgentError::Tls(e.to_string()))?;
    let identity = Identity {
        fleet: shared.authority.fleet().clone(),
        role,
        name,
    };
    shared
        .authority
        .issue(&identity, shared.validity)
        .map_err(|e| AgentError::Tls(e.to_string()))
}

fn start_node(
    shared: &Shared,
    options: &FleetOptions,
    dir: &Path,
    node: &SimNode,
) -> Result<(Listening, Weak<Host>), AgentError> {
    let issued = issue(shared, Role::Node, &node.name)?;
    let tls = Credentials::from_issued(&issued)
        .map_err(|e| AgentError::Tls(e.to_string()))
        .and_then(|own| {
            shared
                .tls
                .config(&own)
                .map_err(|e| AgentError::Tls(e.to_string()))
        })?;
    let home = node_dir(dir, &node.name);
    let mut journal = Journal::in_memory().map_err(|e| AgentError::State(e.to_string()))?;
    journal.started(clock::wall(), host::software(), None);
    let host = Host::new(
        HostConfig {
            node: Name::new(node.name.clone()).map_err(|e| AgentError::Fleet(e.to_string()))?,
            fleet: shared.authority.fleet().clone(),
            judge: Arc::clone(&shared.judge),
            rules: shared.rules.clone(),
            hidden: vec![dir.join("operator.key")],
            sandbox: SandboxMode::Auto,
            labels: node.labels.clone(),
            workdir: home.clone(),
            kill_grace: Duration::from_millis(500),
            delay: (node.flaw == Some(Flaw::Slow)).then_some(options.slow_by),
            stand_ins: Some(home.join("bin")),
            bounds: BOUNDS,
            ca: None,
            answers_dir: None,
        },
        journal,
        || {
            let overlay = Some(home.join("facts"));
            let roots = Roots {
                overlay,
                ..Roots::default()
            };
            Collector::new(roots, Settings::default())
        },
        Arc::clone(&shared.spawner),
    );
    let weak = Arc::downgrade(&host);
    Ok((net::listen(host, loopback(), tls)?, weak))
}

const fn loopback() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
}

fn unread_socket() -> Result<UdpSocket, AgentError> {
    UdpSocket::bind(loopback()).map_err(|source| AgentError::Bind {
        address: loopback(),
        source,
    })
}
