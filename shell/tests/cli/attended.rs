//! A keeper that stays connected: it countersigns audits, finds those that were tampered with, and
//! hands on who is revoked.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Child;

use hailer_agent::config::Config;
use hailer_agent::net::Listening;
use hailer_protocol::audit::Head;
use hailer_protocol::ids::NodeName;
use hailer_shell::keeper::{Kept, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::agent::own_user;
use crate::support::hailer::{Hailer, Ran};
use crate::support::wait_until;

/// A fleet of one node, `web1`, with its authority and its keeper.
struct Fleet {
    dir: TempDir,
    keeper: Option<Child>,
    agent: Option<(Runtime, Listening)>,
}

impl Fleet {
    fn new() -> Self {
        let dir = TempDir::with_prefix("hailer-attended-").expect("a temporary directory");
        let fleet = Self {
            dir,
            keeper: None,
            agent: None,
        };
        fleet
            .hailer(&["ca", "init", "ca", "--fleet-name", "demo"])
            .exits(0);
        let issue = ["ca", "issue", "node", "web1", "--ca", "ca", "--out", "web1"];
        fleet.hailer(&issue).exits(0);
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn hailer(&self, args: &[&str]) -> Ran {
        let dir = self.dir.path();
        Hailer::new(dir).in_dir(dir).args(args).run()
    }

    /// Starts the agent, wherever there is a port, and writes that into the fleet file.
    fn start_agent(&mut self) {
        let policy = format!(
            "allow probe\n  to anyone\nallow run as {}\n  to anyone\n",
            own_user()
        );
        fs::write(self.path("policy"), policy).expect("written");
        let program = env!("CARGO_BIN_EXE_hailer");
        let text = format!(
            "name = \"web1\"\nlisten = \"127.0.0.1:0\"\nca = \"ca/ca.pem\"\ncert = \"web1/node.pem\"\n\
             key = \"web1/node.key\"\nstate_dir = \"state\"\nhelper = [\"{program}\", \"exec-helper\"]\n\
             cgroup = \"off\"\n"
        );
        let config = Config::from_text(&text, &self.path("agent.toml")).expect("a configuration");
        let runtime = Runtime::new().expect("a runtime");
        let entered = runtime.enter();
        let listening = hailer_agent::serve::start(&config).expect("the agent starts");
        drop(entered);
        self.fleet_file(listening.address());
        self.agent = Some((runtime, listening));
    }

    fn stop_agent(&mut self) {
        if let Some((runtime, listening)) = self.agent.take() {
            runtime.block_on(listening.close());
        }
    }

    fn fleet_file(&self, address: SocketAddr) {
        let text = format!(
            "fleet = \"demo\"\nca = \"ca/ca.pem\"\n\
             operator = {{ cert = \"ca/operator.pem\", key = \"ca/operator.key\" }}\n\
             default_scope = \"@all\"\n[[nodes]]\nnames = \"web1\"\naddress = \"{address}\"\n"
        );
        fs::write(self.path("next.toml"), text).expect("written");
        fs::rename(self.path("next.toml"), self.path("fleet.toml")).expect("replaced");
    }

    fn start_keeper(&mut self) {
        let args = [
            "serve",
            "--ca",
            "ca",
            "--store",
            "keeper.db",
            "--listen",
            "127.0.0.1:0",
            "--fleet",
            "fleet.toml",
            "--audit-every",
            "1s",
        ];
        let log = fs::OpenOptions::new();
        let log = log.clone().append(true).create(true).open(self.path("log"));
        let dir = self.dir.path();
        let hailer = Hailer::new(dir).in_dir(dir).args(args);
        let mut child = hailer.spawn_logging(log.expect("a log"));
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("text");
        assert!(line.contains("listens on"), "{line}");
        self.keeper = Some(child);
    }

    fn stop_keeper(&mut self) {
        if let Some(mut child) = self.keeper.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// What the keeper keeps of the node's audit.
    fn kept(&self) -> Kept {
        let store = Store::open(&self.path("keeper.db")).expect("a store");
        let node = NodeName::new("web1").expect("a name");
        store.audit_of(&node).expect("read")
    }

    /// Waits until another head was signed under.
    fn signed_after(&self, before: Option<Head>) -> Option<Head> {
        wait_until("the next head is countersigned", || {
            let kept = self.kept();
            assert!(!kept.is_held, "{}", self.log());
            kept.head.is_some() && kept.head != before
        });
        self.kept().head
    }

    fn ask(&self, line: &str) -> Ran {
        self.hailer(&["--fleet", "fleet.toml", "-c", line])
    }

    /// How often a keeper signed, as the node tells it.
    fn n_signed(&self) -> usize {
        let told = self
            .ask("audit |> where event == 'countersigned' |> select who")
            .exits(0);
        told.out.matches("keeper/keeper").count()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop_keeper();
        self.stop_agent();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("there") {
        let entry = entry.expect("readable");
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
        }
    }
}

#[test]
fn an_audit_is_countersigned_and_one_that_was_rolled_back_is_found_and_held_until_accepted() {
    let mut fleet = Fleet::new();
    // Nobody listens there yet: the keeper goes on trying, and takes up the fleet file when it is written.
    fleet.fleet_file(SocketAddr::from(([127, 0, 0, 1], 9)));
    fleet.start_keeper();
    fleet.start_agent();
    let first = fleet.signed_after(None);
    fleet.ask("true").exits(0);
    let second = fleet.signed_after(first);
    assert!(fleet.n_signed() >= 2, "{}", fleet.log());

    // Somebody keeps the state, has the node do something, and puts the state back.
    fleet.stop_agent();
    copy(&fleet.path("state"), &fleet.path("kept"));
    fleet.start_agent();
    let third = fleet.signed_after(second);
    fleet.ask("echo what nobody shall know").exits(0);
    let last = fleet.signed_after(third);
    fleet.stop_agent();
    fs::remove_dir_all(fleet.path("state")).expect("mine");
    fs::rename(fleet.path("kept"), fleet.path("state")).expect("put back");
    fleet.start_agent();
    wait_until("it is found", || fleet.kept().is_held);
    let log = fleet.log();
    assert!(
        log.contains("not what it was") && log.contains("web1"),
        "{log}"
    );
    let found = ["keeper", "findings", "--store", "keeper.db"];
    fleet.hailer(&found).exits(0).says("OPEN");

    // A keeper that starts anew still knows, and signs nothing.
    fleet.stop_keeper();
    let before = fleet.n_signed();
    let told_before = fleet.log().len();
    fleet.start_keeper();
    fleet.ask("true").exits(0);
    // It says so seconds after it is connected, and has asked where the audit stands by then.
    wait_until("the keeper is connected again", || {
        fleet.log()[told_before..].contains(" connected; 1 of 1 nodes are")
    });
    assert_eq!(fleet.kept().head, last);
    assert_eq!(fleet.n_signed(), before);

    let accept = [
        "keeper",
        "accept-audit",
        "--store",
        "keeper.db",
        "web1",
        "--reason",
    ];
    let with = |reason| [&accept[..], &[reason]].concat();
    fleet.hailer(&with(" ")).exits(2).complains("a reason");
    fleet.hailer(&with("restored")).exits(0).says("web1");
    fleet
        .hailer(&with("again"))
        .exits(2)
        .complains("nothing waits");
    fleet.signed_after(None);
    wait_until("it is signed again", || fleet.n_signed() > before);
    fleet.hailer(&found).exits(0).says("restored");
}

#[test]
fn who_is_revoked_is_handed_on_by_the_keeper() {
    let mut fleet = Fleet::new();
    fleet.start_agent();
    fleet.start_keeper();
    fleet.ask("true").exits(0);
    let issue = [
        "ca", "issue", "operator", "bob", "--ca", "ca", "--out", "bob",
    ];
    fleet.hailer(&issue).exits(0);
    // Without a fleet: only the list is written, and the keeper sees it.
    fleet
        .hailer(&["revoke", "--ca", "ca", "operator/admin"])
        .exits(0);
    wait_until("the node obeys", || fleet.ask("true").code != 0);
    let text = fs::read_to_string(fleet.path("fleet.toml")).expect("there");
    let bobs = text.replace("ca/operator", "bob/operator");
    fs::write(fleet.path("bob.toml"), bobs).expect("written");
    fleet
        .hailer(&["--fleet", "bob.toml", "-c", "true"])
        .exits(0);
}
