//! `hailerd fleet`: what it writes, what it says, and that nothing of it is left.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hailer_identity::Credentials;
use hailer_protocol::ids::Name;
use hailer_protocol::state::State;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Client, Mark, Pki, Program, shell, until};

/// Serves one node out of `dir`.
pub(crate) async fn serve_one(dir: &Path) -> Program {
    let mut fleet = Program::start(dir, &["fleet", "--nodes", "1", "--dir", "."]);
    assert_eq!(fleet.says().await, "ready 1");
    fleet
}

/// The nodes of the fleet file, by name and address.
fn nodes(dir: &Path) -> Vec<(String, SocketAddr)> {
    let text = fs::read_to_string(dir.join("fleet.toml")).expect("a fleet file");
    let file: toml::Table = text.parse().expect("TOML");
    let entries = file["nodes"].as_array().expect("a list").iter();
    entries
        .flat_map(|entry| {
            let names = entry["names"].as_str().expect("a text").split(',');
            let names: Vec<String> = names.map(str::to_owned).collect();
            let addresses = entry["addresses"].as_array().expect("a list").clone();
            assert_eq!(names.len(), addresses.len());
            names.into_iter().zip(addresses)
        })
        .map(|(name, address)| {
            let address = address.as_str().expect("a text");
            (name, address.parse().expect("an address"))
        })
        .collect()
}

async fn connect(dir: &Path, name: &str, address: SocketAddr) -> Client {
    let read = |file: &str| fs::read_to_string(dir.join(file)).expect("written");
    let own = Credentials::from_pem(&read("operator.pem"), &read("operator.key"));
    let fleet = Name::new("demo").expect("valid");
    let trust = Pki::trust_in(&fleet, &read("ca.pem"));
    let client = Client::connect(&own.expect("credentials"), &trust, address, name).await;
    client.expect("it listens")
}

/// Connects to the first node that has a directory, which those that are down have not.
pub(crate) async fn any_node(dir: &Path) -> Client {
    let is_up = |(name, _): &(String, _)| dir.join("nodes").join(name).is_dir();
    let (name, address) = nodes(dir).into_iter().find(is_up).expect("a node");
    connect(dir, &name, address).await
}

#[tokio::test]
async fn a_fleet_says_how_many_nodes_are_ready_and_writes_what_a_shell_needs() {
    let dir = TempDir::new().expect("a temporary directory");
    let args = ["fleet", "--nodes", "3", "--dir", "made/here", "--fail", "1"];
    let slow = ["--slow", "1", "--slow-ms", "300"];
    let mut fleet = Program::start(dir.path(), &[&args[..], &slow[..]].concat());
    assert_eq!(fleet.says().await, "ready 2");
    let made = dir.path().join("made/here");
    let mode = |name: &str| {
        let metadata = fs::metadata(made.join(name)).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("operator.key"), 0o600);
    assert_eq!(
        (mode("operator.pem") & 0o400, mode("ca.pem") & 0o400),
        (0o400, 0o400)
    );
    let all = nodes(&made);
    assert_eq!(all.len(), 3);
    let mut n_slow = 0;
    for (name, address) in all {
        let home = made.join("nodes").join(&name);
        if !home.is_dir() {
            continue;
        }
        let client = connect(&made, &name, address).await;
        let answer = client.run(&shell("cat etc/hostname; pwd")).await;
        let home = home.canonicalize().expect("it is there");
        assert_eq!(answer.out_text(), format!("{name}\n{}\n", home.display()));
        n_slow += usize::from(answer.done().state != State::Ok);
    }
    assert_eq!(n_slow, 0, "late is not wrong");
    fleet.signal(Signal::TERM);
    let mark = Mark::same_as(&fleet.mark);
    let (status, log) = fleet.end().await;
    assert!(status.success(), "{status}: {log}");
    until("the end of the helper", || mark.alive().is_empty()).await;
}

#[tokio::test]
async fn a_key_that_was_readable_before_is_closed_before_it_is_written() {
    let dir = TempDir::new().expect("a temporary directory");
    let key = dir.path().join("operator.key");
    fs::write(&key, "old").expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("mode");
    let fleet = serve_one(dir.path()).await;
    let mode = fs::metadata(&key)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(fleet);
}

#[tokio::test]
async fn a_fleet_that_is_killed_takes_its_helper_and_its_commands_with_it() {
    for signal in [Signal::TERM, Signal::KILL] {
        let dir = TempDir::new().expect("a temporary directory");
        let fleet = serve_one(dir.path()).await;
        let client = any_node(dir.path()).await;
        let mark = Mark::new();
        let run = mark.on(shell("setsid sleep 1000 & echo ready; sleep 1001"));
        let mut asked = client.ask(&run).await;
        asked.hears("ready\n").await;
        let own = Mark::same_as(&fleet.mark);
        fleet.signal(signal);
        fleet.end().await;
        until("the end of its commands", || mark.alive().is_empty()).await;
        until("the end of its helper", || own.alive().is_empty()).await;
    }
}

#[tokio::test]
async fn a_fleet_that_watches_standard_input_ends_by_a_signal_too() {
    let dir = TempDir::new().expect("a temporary directory");
    let watched = dir.path().join("watched");
    let args = [
        "fleet",
        "--nodes",
        "1",
        "--dir",
        "watched",
        "--until-stdin-closes",
    ];
    let mut fleet = Program::start(dir.path(), &args);
    assert_eq!(fleet.says().await, "ready 1");
    fleet.signal(Signal::TERM);
    let (status, log) = fleet.end().await;
    assert!(status.success(), "{status}: {log}");
    assert!(!watched.exists(), "its directory is gone");
}

#[tokio::test]
async fn a_fleet_that_cannot_be_is_refused() {
    let dir = TempDir::new().expect("a temporary directory");
    for (more, text) in [
        (["--nodes", "0"], "at least one node"),
        (["--fail", "49"], "more than the fleet's 48"),
    ] {
        let args = [&["fleet", "--dir", "."][..], &more[..]].concat();
        let (status, log) = Program::start(dir.path(), &args).end().await;
        assert!(!status.success() && log.contains(text), "{log}");
    }
}
