//! One agent in this process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hailer_agent::config::SandboxMode;
use hailer_agent::core::{Bounds, Rules};
use hailer_agent::host::{Host, HostConfig};
use hailer_agent::journal::Journal;
use hailer_agent::net::{self, Listening};
use hailer_collect::Collector;
use hailer_exec::{HelperCommand, Spawner, SpawnerConfig};
use hailer_identity::{ServerSide, SignatureJudge};
use hailer_protocol::ids::Name;
use hailer_protocol::policy::Policy;
use hailer_protocol::role::Role;
use tempfile::TempDir;

use super::{Client, Pki};

/// The node's name.
const NAME: &str = "web1";

pub(crate) struct Node {
    pub(crate) pki: Pki,
    pub(crate) listening: Listening,
    pub(crate) host: Arc<Host>,
    dir: TempDir,
}

impl Node {
    pub(crate) fn start() -> Self {
        Self::with(Bounds::default(), None)
    }

    pub(crate) fn bounded(bounds: Bounds) -> Self {
        Self::with(bounds, None)
    }

    pub(crate) fn with(bounds: Bounds, delay: Option<Duration>) -> Self {
        let journal = Journal::in_memory().expect("a journal");
        Self::keeping(journal, bounds, delay)
    }

    pub(crate) fn keeping(journal: Journal, bounds: Bounds, delay: Option<Duration>) -> Self {
        Self::keeping_with(Pki::new("demo"), journal, bounds, delay)
    }

    /// As a node whose certificates are there already.
    pub(crate) fn keeping_with(
        pki: Pki,
        journal: Journal,
        bounds: Bounds,
        delay: Option<Duration>,
    ) -> Self {
        Self::made_of(pki, journal, bounds, delay, own_rules(""))
    }

    /// With an owner who allows this.
    pub(crate) fn ruled(rules: Rules) -> Self {
        let journal = Journal::in_memory().expect("a journal");
        Self::made_of(Pki::new("demo"), journal, Bounds::default(), None, rules)
    }

    /// With an owner who allows this, and a journal that is kept.
    pub(crate) fn ruled_keeping(journal: Journal, rules: Rules) -> Self {
        Self::made_again(Pki::new("demo"), journal, rules)
    }

    /// As [`Node::ruled_keeping`], whose certificates are there already.
    pub(crate) fn made_again(pki: Pki, journal: Journal, rules: Rules) -> Self {
        Self::made_of(pki, journal, Bounds::default(), None, rules)
    }

    fn made_of(
        pki: Pki,
        journal: Journal,
        bounds: Bounds,
        delay: Option<Duration>,
        rules: Rules,
    ) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let helper = HelperCommand {
            program: env!("CARGO_BIN_EXE_hailerd").into(),
            args: vec!["exec-helper".into()],
        };
        let spawner = Spawner::start(&helper, SpawnerConfig::default()).expect("the helper");
        let config = HostConfig {
            sandbox: SandboxMode::Auto,
            node: Name::new(NAME).expect("valid"),
            fleet: Name::new("demo").expect("valid"),
            judge: Arc::new(SignatureJudge::new(&pki.trust).expect("a judge")),
            rules,
            hidden: Vec::new(),
            labels: BTreeMap::from([("dc".to_owned(), "fra".to_owned())]),
            workdir: dir.path().to_owned(),
            kill_grace: Duration::from_millis(200),
            delay,
            stand_ins: None,
            bounds,
            ca: None,
            answers_dir: None,
        };
        let host = Host::new(config, journal, Collector::default, Arc::new(spawner));
        let roles = [Role::Operator, Role::Keeper, Role::Relay];
        let tls = ServerSide::new(&pki.trust, &roles)
            .and_then(|side| side.config(&pki.credentials(Role::Node, NAME)))
            .expect("a TLS configuration");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listening: net::listen(Arc::clone(&host), any, tls).expect("loopback"),
            host,
            pki,
            dir,
        }
    }

    /// Ends the agent and gives its state up; what is left is its authority.
    pub(crate) async fn stop(self) -> Pki {
        self.listening.close().await;
        drop(self.host);
        self.pki
    }

    /// Where commands start.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.path().canonicalize().expect("it is there")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    pub(crate) fn touch(&self, name: &str) {
        std::fs::write(self.path(name), "").expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        read(&self.path(name))
    }

    pub(crate) async fn operator(&self) -> Client {
        self.operator_called("ann").await
    }

    pub(crate) async fn operator_called(&self, name: &str) -> Client {
        let own = self.pki.credentials(Role::Operator, name);
        let trust = &self.pki.trust;
        Client::connect(&own, trust, self.listening.address(), NAME)
            .await
            .expect("an operator may connect")
    }
}

/// What a node allows whose owner is whoever runs the test, and `more`.
pub(crate) fn own_rules(more: &str) -> Rules {
    rules(&format!("{}{more}", own_policy()))
}

pub(crate) fn own_policy() -> String {
    let user = own_user();
    format!("allow probe\n  to anyone\nallow run as {user}\n  to anyone\n")
}

/// The name of whoever runs the test.
pub(crate) fn own_user() -> String {
    let uid = rustix::process::getuid();
    let passwd = std::fs::read_to_string("/etc/passwd").expect("users");
    let own = passwd.lines().map(|l| l.split(':').collect::<Vec<_>>());
    let own = own.into_iter().find(|f| f[2] == uid.as_raw().to_string());
    own.expect("a user with a name")[0].to_owned()
}

pub(crate) fn rules(text: &str) -> Rules {
    let (policy, mistakes) = Policy::parse(text);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    Rules::new(Arc::new(policy), false)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
