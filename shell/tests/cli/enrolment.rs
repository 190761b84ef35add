//! A fleet from nothing: its authority, its keeper, its nodes, and what happens when they are not who
//! they say.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;

use hailer_agent::config::Config;
use hailer_agent::join::{JoinArgs, join, renew_once};
use hailer_agent::net::Listening;
use hailer_identity::{Credentials, Trust};
use hailer_protocol::ids::Name;
use rustls::time_provider::DefaultTimeProvider;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::hailer::{Hailer, Ran};
use crate::support::wait_until;

/// An authority and its keeper, in a directory that is thrown away.
pub(crate) struct Keeper {
    pub(crate) dir: TempDir,
    node_ttl: &'static str,
    serving: Option<Child>,
    pub(crate) address: SocketAddr,
    fingerprint: String,
}

impl Keeper {
    pub(crate) fn start(fleet: &str, more: &[&str]) -> Self {
        let dir = TempDir::with_prefix("hailer-keeper-").expect("a temporary directory");
        let init = [&["ca", "init", "ca", "--fleet-name", fleet], more].concat();
        let made = hailer(dir.path(), &init).exits(0);
        let fingerprint = made.out.split("fingerprint").nth(1).expect("a fingerprint");
        let fingerprint = fingerprint
            .split_whitespace()
            .next()
            .expect("one")
            .to_owned();
        // Offline: nothing from here on needs it.
        let root = dir.path().join("ca/root.key");
        if root.exists() {
            fs::rename(root, dir.path().join("offline.key")).expect("it is mine");
        }
        let mut keeper = Self {
            dir,
            node_ttl: "24h",
            serving: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            fingerprint,
        };
        keeper.serve();
        keeper
    }

    fn serve(&mut self) {
        let listen = self.address.to_string();
        let args = [
            "serve",
            "--ca",
            "ca",
            "--store",
            "keeper.db",
            "--listen",
            &listen,
            "--node-ttl",
            self.node_ttl,
        ];
        let dir = self.dir.path();
        let log = fs::File::create(dir.join("keeper.log")).expect("a log");
        let mut child = Hailer::new(dir).in_dir(dir).args(args).spawn_logging(log);
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("text");
        let address = line.trim().rsplit(' ').next().expect("an address");
        self.address = address.parse().unwrap_or_else(|e| panic!("{e}: {line:?}"));
        self.serving = Some(child);
    }

    /// Starts it anew: from now on nodes' certificates hold for ten seconds.
    fn with_short_lives(mut self) -> Self {
        self.stop();
        self.node_ttl = "10s";
        self.serve();
        self
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.serving.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn token(&self, node: &str) -> String {
        let said = hailer(
            self.dir.path(),
            &["ca", "token", node, "--store", "keeper.db"],
        );
        let said = said.exits(0).out;
        let (name, token) = said.trim().split_once(' ').expect("a name and a token");
        assert_eq!(name, node);
        token.to_owned()
    }

    pub(crate) fn join_args(&self, node: &str, token: &str) -> JoinArgs {
        JoinArgs {
            keeper: self.address.to_string(),
            ca: Some(self.path("ca/ca.pem")),
            ca_fingerprint: None,
            token: token.to_owned(),
            name: node.parse().expect("a name"),
            out: self.path(node),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            replace: false,
        }
    }

    /// Returns the configuration that joining wrote, with what a test's agent needs besides.
    pub(crate) fn config(&self, node: &str) -> Config {
        let file = self.path(node).join("agent.toml");
        let text = fs::read_to_string(&file).expect("joining wrote it");
        let program = env!("CARGO_BIN_EXE_hailer");
        let text = format!(
            "{text}state_dir = \"state\"\nhelper = [\"{program}\", \"exec-helper\"]\ncgroup = \"off\"\n"
        );
        // What its owner allows: joining alone allows nothing.
        let policy = format!("allow run as {}\n  to anyone\n", own_user());
        let path = self.path(node).join("policy");
        fs::write(&path, policy).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("mine");
        Config::from_text(&text, &file).expect("a configuration")
    }

    /// Runs a line as the first operator on one node.
    fn ask(&self, node: &str, listening: &Listening, line: &str) -> Ran {
        let text = format!(
            "fleet = \"demo\"\nca = \"ca/ca.pem\"\n\
             operator = {{ cert = \"ca/operator.pem\", key = \"ca/operator.key\" }}\n\
             default_scope = \"@all\"\n[[nodes]]\nnames = \"{node}\"\naddress = \"{}\"\n",
            listening.address()
        );
        fs::write(self.path("fleet.toml"), text).expect("written");
        hailer(self.dir.path(), &["--fleet", "fleet.toml", "-c", line])
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) fn hailer(dir: &Path, args: &[&str]) -> Ran {
    Hailer::new(dir).in_dir(dir).args(args).run()
}

/// Returns the name of the user of this process.
fn own_user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").expect("users");
    let mut users = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let own = users.find(|fields| fields[2] == uid);
    own.expect("a user with a name")[0].to_owned()
}

pub(crate) fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

pub(crate) fn credentials(config: &Config) -> (Credentials, Trust) {
    let read = |path: &Path| fs::read_to_string(path).expect("there");
    let own = Credentials::from_pem(&read(&config.cert), &read(&config.key)).expect("a pair");
    let fleet: Name = own.identity().fleet.clone();
    let trust = Trust::from_pem(fleet, &read(&config.ca), Arc::new(DefaultTimeProvider));
    (own, trust.expect("authorities"))
}

#[test]
fn a_fleet_is_made_enrols_a_node_and_asks_it() {
    let runtime = Runtime::new().expect("a runtime");
    for more in [&[][..], &["--single"][..]] {
        let keeper = Keeper::start("demo", more);
        let mut args = keeper.join_args("web1", &keeper.token("web1"));
        // Once by the file, once by the fingerprint alone.
        if more.is_empty() {
            args.ca = None;
            args.ca_fingerprint = Some(keeper.fingerprint.parse().expect("a fingerprint"));
        }
        runtime.block_on(join(&args)).expect("it joins");
        assert_eq!(mode_of(&keeper.path("web1/node.key")), 0o600);
        let config = keeper.config("web1");
        let entered = runtime.enter();
        let listening = hailer_agent::serve::start(&config).expect("the agent starts");
        keeper
            .ask("web1", &listening, "echo from $HAILER_NODE")
            .exits(0)
            .says("from web1");
        drop(entered);
        runtime.block_on(listening.close());
    }
}

#[test]
fn a_token_is_good_for_one_node_once_even_if_the_keeper_starts_anew() {
    let runtime = Runtime::new().expect("a runtime");
    let mut keeper = Keeper::start("demo", &[]);
    let token = keeper.token("web1");
    let wrong = runtime.block_on(join(&keeper.join_args("web2", &token)));
    let wrong = wrong.expect_err("another name").to_string();
    runtime
        .block_on(join(&keeper.join_args("web1", &token)))
        .expect("it joins");
    keeper.stop();
    keeper.serve();
    let mut again = keeper.join_args("web1", &token);
    again.out = keeper.path("elsewhere");
    let used = runtime
        .block_on(join(&again))
        .expect_err("used")
        .to_string();
    let refusal = |text: &str| text.split("refuses").nth(1).map(str::to_owned);
    assert!(refusal(&used).is_some(), "{used}");
    assert_eq!(refusal(&used), refusal(&wrong), "both sound alike");
    let left: Vec<_> = fs::read_dir(&again.out).expect("there").collect();
    assert!(left.is_empty(), "{left:?}");
    let there = runtime.block_on(join(&keeper.join_args("web1", &token)));
    assert!(
        there
            .expect_err("a node")
            .to_string()
            .contains("is a node already")
    );
}

#[test]
fn one_of_many_who_join_at_once_with_one_token_does() {
    let runtime = Runtime::new().expect("a runtime");
    let keeper = Keeper::start("demo", &[]);
    let token = keeper.token("web1");
    let joining: Vec<_> = (0..60)
        .map(|n| {
            let mut args = keeper.join_args("web1", &token);
            args.out = keeper.path(&format!("try{n}"));
            runtime.spawn(async move { join(&args).await })
        })
        .collect();
    let mut joined = 0;
    for join in joining {
        match runtime.block_on(join).expect("no panic") {
            Ok(()) => joined += 1,
            Err(e) => assert!(e.to_string().contains("denied"), "{e}"),
        }
    }
    assert_eq!(joined, 1);
}

#[test]
fn a_keeper_that_is_not_the_fleets_gets_no_token() {
    let runtime = Runtime::new().expect("a runtime");
    let (ours, theirs) = (Keeper::start("demo", &[]), Keeper::start("demo", &[]));
    let token = ours.token("web1");
    // The same fleet's name, another authority.
    let mut astray = ours.join_args("web1", &token);
    astray.keeper = theirs.address.to_string();
    for pinned in [false, true] {
        if pinned {
            astray.ca = None;
            astray.ca_fingerprint = Some(ours.fingerprint.parse().expect("a fingerprint"));
        }
        let error = runtime
            .block_on(join(&astray))
            .expect_err("not ours")
            .to_string();
        assert!(
            error.contains("UnknownIssuer") || error.contains("certificate"),
            "{error}"
        );
    }
    runtime
        .block_on(join(&ours.join_args("web1", &token)))
        .expect("the token is unused");
}

#[test]
fn a_certificate_is_renewed_with_its_own_key_until_the_node_is_forgotten() {
    let runtime = Runtime::new().expect("a runtime");
    let mut keeper = Keeper::start("demo", &[]);
    let args = keeper.join_args("web1", &keeper.token("web1"));
    runtime.block_on(join(&args)).expect("it joins");
    let config = keeper.config("web1");
    let key = fs::read(&config.key).expect("there");
    let (own, trust) = credentials(&config);
    let renew = |keeper: &Keeper, own: &Credentials| {
        let address = keeper.address.to_string();
        runtime.block_on(renew_once(&config, &address, own, &trust))
    };
    let next = renew(&keeper, &own).expect("renewed");
    assert_ne!(next.chain(), own.chain());
    assert_eq!(fs::read(&config.key).expect("there"), key);
    assert_eq!(credentials(&config).0.chain(), next.chain());

    keeper.stop();
    assert!(renew(&keeper, &next).is_err(), "nobody is there");
    keeper.serve();
    hailer(
        keeper.dir.path(),
        &["ca", "forget", "web1", "--store", "keeper.db"],
    )
    .exits(0);
    let error = renew(&keeper, &next).expect_err("forgotten").to_string();
    assert!(error.contains("enrol the node again"), "{error}");
    assert_eq!(
        credentials(&config).0.chain(),
        next.chain(),
        "the old one stays"
    );
}

#[test]
fn whom_nobody_knows_is_not_said_to_be_forgotten() {
    let dir = TempDir::new().expect("a temporary directory");
    let dir = dir.path();
    let forget = |store| ["ca", "forget", "web[1-3]", "--store", store];
    hailer(dir, &forget("typo.db"))
        .exits(2)
        .complains("there is no store at typo.db");
    assert!(!dir.join("typo.db").exists(), "asking makes none");
    hailer(dir, &["ca", "token", "web1", "--store", "keeper.db"]).exits(0);
    hailer(dir, &forget("keeper.db"))
        .exits(3)
        .complains("1 of 3 forgotten")
        .complains("web[2-3]");
}

#[test]
fn an_authority_keeps_its_keys_to_itself_and_overwrites_nothing() {
    let dir = TempDir::new().expect("a temporary directory");
    let dir = dir.path();
    hailer(dir, &["ca", "init", "ca"])
        .exits(0)
        .says("root.key offline");
    let keys = [
        "root",
        "operator",
        "issuers/node",
        "issuers/keeper",
        "issuers/relay",
    ];
    for key in keys {
        assert_eq!(mode_of(&dir.join(format!("ca/{key}.key"))), 0o600, "{key}");
    }
    assert_eq!(mode_of(&dir.join("ca")), 0o700);
    let before = fs::read(dir.join("ca/ca.pem")).expect("there");
    hailer(dir, &["ca", "init", "ca"])
        .exits(2)
        .complains("is not empty");
    assert_eq!(fs::read(dir.join("ca/ca.pem")).expect("there"), before);

    let issue = [
        "ca", "issue", "operator", "ann", "--group", "sre", "--ca", "ca", "--out", "ann",
    ];
    hailer(dir, &issue)
        .exits(0)
        .says("spiffe://fleet/operator/ann");
    hailer(dir, &issue).exits(2).complains("is not overwritten");
    hailer(dir, &[&issue[..], &["--replace"]].concat()).exits(0);
    let node = [
        "ca", "issue", "node", "n1", "--group", "sre", "--ca", "ca", "--out", "n1",
    ];
    hailer(dir, &node)
        .exits(2)
        .complains("only operators belong to groups");
    let long = [
        "ca", "issue", "relay", "r", "--ttl", "20000h", "--ca", "ca", "--out", "r",
    ];
    hailer(dir, &long).exits(2).complains("is not within");
    hailer(
        dir,
        &["ca", "token", "n1", "--ttl", "61m", "--store", "k.db"],
    )
    .exits(2)
    .complains("one hour at most");

    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(dir.join("ca/issuers/operator.key"), open).expect("mine");
    let again = [&issue[..], &["--replace"]].concat();
    hailer(dir, &again).exits(8).complains("chmod 600");
}

#[test]
fn an_agent_renews_its_certificate_while_it_serves() {
    let runtime = Runtime::new().expect("a runtime");
    let keeper = Keeper::start("demo", &[]).with_short_lives();
    let args = keeper.join_args("web1", &keeper.token("web1"));
    runtime.block_on(join(&args)).expect("it joins");
    let config = keeper.config("web1");
    let (first, _) = credentials(&config);
    let entered = runtime.enter();
    let (listening, renewal) = hailer_agent::serve::start_renewing(&config).expect("it starts");
    let listening = Arc::new(listening);
    let renewal = renewal.expect("the configuration names the keeper");
    let at = Arc::clone(&listening);
    runtime.spawn(async move { renewal.keep(&at).await });
    wait_until("the certificate is renewed", || {
        credentials(&config).0.chain() != first.chain()
    });
    keeper
        .ask("web1", &listening, "echo renewed")
        .exits(0)
        .says("renewed");
    drop(entered);
}
