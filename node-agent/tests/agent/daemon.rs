//! `hailerd run`: the agent of one machine, from its configuration to SIGTERM.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Life, OutputMode, Probe, Run};
use hailer_protocol::role::Role;
use hailer_protocol::value::Value;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Client, Mark, Pki, Program, a_run, own_policy, shell, until};

/// A directory with everything that an agent needs.
pub(crate) struct Machine {
    dir: TempDir,
    pub(crate) pki: Pki,
}

const CONFIG: &str = r#"
name = "web1"
listen = "127.0.0.1:0"
ca = "ca.pem"
cert = "node.pem"
key = "node.key"
state_dir = "state"
kill_grace_ms = 100
labels = { dc = "fra" }
"#;

impl Machine {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let pki = Pki::new("demo");
        let machine = Self { dir, pki };
        let node = machine.pki.issue(Role::Node, "web1");
        machine.write("ca.pem", machine.pki.authority.cert_pem());
        machine.write("node.pem", &node.cert_pem);
        machine.write("node.key", &node.key_pem);
        machine.close("node.key", 0o600);
        machine.write("agent.toml", CONFIG);
        machine.write("policy", &own_policy());
        machine.close("policy", 0o644);
        machine
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("written");
    }

    pub(crate) fn close(&self, name: &str, mode: u32) {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path().join(name), permissions).expect("mode");
    }

    fn start(&self) -> Program {
        Program::start(self.path(), &["run", "--config", "agent.toml"])
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn serve(&self) -> (Program, Client) {
        let mut agent = self.start();
        let line = agent.logs("the agent listens").await;
        let address = line.split("address=").nth(1).expect("an address");
        let address: SocketAddr = address.trim().parse().expect("an address");
        let own = self.pki.credentials(Role::Operator, "ann");
        let client = Client::connect(&own, &self.pki.trust, address, "web1").await;
        (agent, client.expect("it listens"))
    }

    /// Starts it although it must not start; returns what it says.
    async fn refused(&self) -> String {
        let (status, log) = self.start().end().await;
        assert!(!status.success(), "{log}");
        log
    }
}

#[tokio::test]
async fn an_agent_serves_and_leaves_nothing_when_it_is_told_to_stop() {
    let machine = Machine::new();
    let (agent, client) = machine.serve().await;
    let home = machine.path().join("state/empty");
    let home = home.canonicalize().expect("made");
    assert_eq!(
        client.out_of("pwd; ls").await,
        format!("{}\n", home.display())
    );

    let mark = Mark::new();
    let run = mark.on(shell("(setsid sleep 1000 &); echo ready; sleep 1001"));
    let mut asked = client.ask(&run).await;
    asked.hears("ready\n").await;
    let own = Mark::same_as(&agent.mark);
    agent.signal(Signal::TERM);
    let (status, log) = agent.end().await;
    assert!(status.success(), "{status}: {log}");
    until("the end of its commands", || mark.alive().is_empty()).await;
    until("the end of its helper", || own.alive().is_empty()).await;
}

#[tokio::test]
async fn an_id_is_not_run_again_after_a_crash() {
    let machine = Machine::new();
    let count = machine.path().join("count");
    let (agent, client) = machine.serve().await;
    let ended = shell(&format!("echo x >> {}", count.display()));
    client.run(&ended).await.done();
    let mark = Mark::new();
    let cut_off = mark.on(shell(&format!(
        "echo y >> {}; echo ready; sleep 1000",
        count.display()
    )));
    let mut asked = client.ask(&cut_off).await;
    asked.hears("ready\n").await;
    agent.signal(Signal::KILL);
    agent.end().await;
    until("the end of its commands", || mark.alive().is_empty()).await;

    let (_agent, client) = machine.serve().await;
    for run in [&ended, &cut_off] {
        let answer = client.run(run).await;
        assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
        let mut other = run.clone();
        other.probe = Probe::Shell("true".to_owned());
        assert_eq!(client.run(&other).await.failed().code, ErrorCode::RUN_ID);
    }
    assert_eq!(fs::read_to_string(count).expect("written"), "x\ny\n");
    assert_eq!(client.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn detached_runs_are_found_again_after_a_restart_and_one_that_was_cut_off_is_lost() {
    let machine = Machine::new();
    let (agent, client) = machine.serve().await;
    let detached = |line: &str| Run {
        life: Life::Detached,
        output: OutputMode::Kept,
        timeout_ms: None,
        ..shell(line)
    };
    let about = |probe| Run {
        life: Life::Detached,
        ..a_run(probe)
    };
    let ended = detached("echo kept; exit 5");
    client.run(&ended).await.done();
    let answer = client.run(&about(Probe::Attach(ended.run))).await;
    assert_eq!(answer.done().rc, Some(5));
    let mark = Mark::new();
    let cut_off = mark.on(detached("trap '' TERM; sleep 1000; sleep 1001"));
    client.run(&cut_off).await.done();
    until("the command", || !mark.alive().is_empty()).await;
    agent.signal(Signal::KILL);
    agent.end().await;

    let (_agent, client) = machine.serve().await;
    let again = client.run(&about(Probe::Attach(ended.run))).await;
    assert_eq!((again.out, again.end), (answer.out, answer.end));
    let list = client.run(&a_run(Probe::Runs)).await;
    let table = list.batches[0].table.clone();
    let states = table.column("run_state").expect("a column");
    assert_eq!(states, [&Value::from("failed"), &Value::from("lost")]);
    let answer = client.run(&about(Probe::Attach(cut_off.run))).await;
    assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
    assert!(!mark.alive().is_empty(), "it goes on without its agent");
    let answer = client.run(&about(Probe::Cancel(cut_off.run))).await;
    assert_eq!(answer.failed().code, ErrorCode::UNKNOWN);
    until("the end of what was left", || mark.alive().is_empty()).await;
}

#[tokio::test]
async fn a_deadline_that_comes_while_the_intent_is_written_holds_all_the_same() {
    let machine = Machine::new();
    let (_agent, client) = machine.serve().await;
    for ms in [0, 0, 1, 1, 2, 2, 3, 3] {
        let mut run = shell("sleep 1000");
        run.timeout_ms = Some(ms);
        let done = client.run(&run).await;
        assert_eq!(
            done.done().state,
            hailer_protocol::state::State::TimedOut,
            "{ms} ms"
        );
    }
}

#[tokio::test]
async fn of_many_equal_requests_one_runs_although_the_disk_takes_its_time() {
    let machine = Machine::new();
    let (_agent, client) = machine.serve().await;
    let count = machine.path().join("count");
    let run = shell(&format!("echo x >> {}; echo done", count.display()));
    let mut asked = Vec::new();
    for _ in 0..16 {
        asked.push(client.ask(&run).await);
    }
    for asked in asked {
        assert_eq!(asked.answer().await.out_text(), "done\n");
    }
    assert_eq!(fs::read_to_string(count).expect("written"), "x\n");
}

#[tokio::test]
async fn a_second_agent_on_one_state_directory_is_refused() {
    let machine = Machine::new();
    let (_agent, client) = machine.serve().await;
    let log = machine.refused().await;
    assert!(log.contains("another agent is using it"), "{log}");
    assert_eq!(client.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn a_key_that_others_can_read_is_refused_with_what_to_do() {
    let machine = Machine::new();
    machine.close("node.key", 0o644);
    let log = machine.refused().await;
    assert!(
        log.contains("chmod 600") && log.contains("node.key"),
        "{log}"
    );
}

#[tokio::test]
async fn a_certificate_for_somebody_else_is_refused() {
    let machine = Machine::new();
    machine.write("agent.toml", &CONFIG.replace("web1", "web2"));
    let log = machine.refused().await;
    assert!(
        log.contains("spiffe://demo/node/web1") && log.contains("web2"),
        "{log}"
    );

    let machine = Machine::new();
    let keeper = machine.pki.issue(Role::Keeper, "web1");
    machine.write("node.pem", &keeper.cert_pem);
    machine.write("node.key", &keeper.key_pem);
    let log = machine.refused().await;
    assert!(log.contains("spiffe://demo/keeper/web1"), "{log}");
}

#[tokio::test]
async fn a_mistake_in_the_configuration_names_the_file_and_the_key() {
    for (from, to, expected) in [
        ("kill_grace_ms", "kill_grace", "kill_grace"),
        ("\"ca.pem\"", "7", "ca"),
        ("ca.pem", "no-such.pem", "no-such.pem"),
        ("127.0.0.1:0", "everywhere", "listen"),
        ("\"web1\"", "\"web 1\"", "name"),
    ] {
        let machine = Machine::new();
        machine.write("agent.toml", &CONFIG.replace(from, to));
        let log = machine.refused().await;
        let names_file = log.contains("agent.toml") || to == "no-such.pem";
        assert!(names_file && log.contains(expected), "{to}: {log}");
    }
    let machine = Machine::new();
    fs::remove_file(machine.path().join("agent.toml")).expect("removed");
    let log = machine.refused().await;
    assert!(
        log.contains("agent.toml") && log.contains("No such file"),
        "{log}"
    );
}

#[tokio::test]
async fn a_policy_holds_as_soon_as_its_file_says_so_and_one_with_a_mistake_allows_nothing() {
    let machine = Machine::new();
    let (mut agent, client) = machine.serve().await;
    assert_eq!(client.out_of("echo here").await, "here\n");
    for (text, logged, refused) in [
        (
            "allow probe\n  to nobody in particular\n",
            "has changed, and nothing is allowed",
            "mistake",
        ),
        (
            "allow probe\n  to anyone\n",
            "has changed, and holds",
            "no line of the policy",
        ),
    ] {
        machine.write("policy", text);
        agent.logs(logged).await;
        let answer = client.run(&shell("touch ran")).await;
        let told = &answer.failed().text;
        assert!(told.contains(refused), "{told}");
    }
    machine.write("policy", &own_policy());
    agent.logs("the policy has changed").await;
    assert_eq!(client.out_of("echo here").await, "here\n");
    machine.close("policy", 0o666);
    agent.logs("chmod go-w").await;
    agent.logs("has changed, and nothing is allowed").await;
    let answer = client.run(&shell("touch ran")).await;
    let told = &answer.failed().text;
    assert!(told.contains("has no policy"), "{told}");
    assert!(!told.contains("as a reading"), "said once: {told}");
}
