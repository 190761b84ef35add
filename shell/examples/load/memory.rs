//! Resident memory: of idle connections, of an idle agent, of a shell that is flooded.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hailer_shell::clock;
use tempfile::TempDir;

use crate::ours::Ours;
use crate::pki::{Pki, write_pair};
use crate::processes::{FLEET, Serving, built, memory_kib, resident_tree_kib};
use crate::report::say;
use crate::{Result, Size};

/// How long an agent settles before it is looked at.
const SETTLE: Duration = Duration::from_secs(2);

/// How often a flooded shell's peak is read: it is gone with the process.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks at connections and at an agent while nothing happens.
pub(crate) fn idle(size: Size) -> Result<()> {
    say("memory, idle");
    connections(size.nodes)?;
    agent()?;
    say("");
    Ok(())
}

fn connections(n: usize) -> Result<()> {
    let fleet = Serving::start(FLEET, n)?;
    let own = || memory_kib(std::process::id(), "VmRSS").unwrap_or(0);
    let served = || memory_kib(fleet.pid(), "VmRSS").unwrap_or(0);
    crate::runtime()?.block_on(async {
        let ours = Ours::open(fleet.dir()).await?;
        let before = (own(), served());
        ours.connect().await;
        tokio::time::sleep(SETTLE).await;
        let per_node = |after: u64, before: u64| after.saturating_sub(before) as f64 / n as f64;
        say(&format!(
            "  a connection, operator's side  {:>8.1} KiB",
            per_node(own(), before.0)
        ));
        say(&format!(
            "  a connection, node's side      {:>8.1} KiB",
            per_node(served(), before.1)
        ));
        let before_connections = before.1 as f64 / n as f64;
        say(&format!(
            "  a simulated node without one   {before_connections:>8.1} KiB"
        ));
        ours.close().await;
        Result::Ok(())
    })
}

/// Starts the agent as it is installed, with its journal on disk.
fn agent() -> Result<()> {
    let dir = TempDir::new()?;
    let pki = Pki::generate()?;
    pki.write(dir.path())?;
    write_pair(dir.path(), "node", &pki.node("n0")?)?;
    let config = "name = \"n0\"\nlisten = \"127.0.0.1:0\"\nca = \"ca.pem\"\n\
                  cert = \"node.pem\"\nkey = \"node.key\"\nstate_dir = \"state\"\n";
    fs::write(dir.path().join("agent.toml"), config)?;
    let mut command = Command::new(built("hailerd")?);
    command
        .args(["run", "--config"])
        .arg(dir.path().join("agent.toml"));
    let mut agent = Stopping(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?);
    std::thread::sleep(SETTLE);
    if let Some(status) = agent.0.try_wait()? {
        return Err(format!("the agent ended with {status}").into());
    }
    let mib = |kib: u64| kib as f64 / 1024.0;
    let pid = agent.0.id();
    let own = memory_kib(pid, "VmRSS").unwrap_or(0);
    say(&format!(
        "  hailerd                        {:>8.1} MiB",
        mib(own)
    ));
    let helper = resident_tree_kib(pid).saturating_sub(own);
    say(&format!(
        "  its spawning helper            {:>8.1} MiB",
        mib(helper)
    ));
    Ok(())
}

/// A child that is told to end when it is no longer needed.
struct Stopping(Child);

impl Drop for Stopping {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets nodes offer far more than a shell may keep, and watches its peak.
pub(crate) fn bombs(size: Size) -> Result<()> {
    let fleet = Serving::start(FLEET, size.bombers)?;
    let begun = clock::mono();
    let mut command = Command::new(built("hailer")?);
    command.arg("--fleet").arg(fleet.dir().join("fleet.toml"));
    let offer = format!("head -c {} /dev/zero", size.bomb_mib << 20);
    command.args(["--quiet", "-c", &offer]);
    let mut shell = Stopping(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let mut peak_kib = 0;
    let status = loop {
        peak_kib = memory_kib(shell.0.id(), "VmHWM").map_or(peak_kib, |kib| peak_kib.max(kib));
        match shell.0.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK_EVERY),
        }
    };
    let elapsed = clock::mono().since(begun);
    say(&format!(
        "bombs: {} nodes offer {} MiB each",
        size.bombers, size.bomb_mib
    ));
    say(&format!(
        "  peak of the shell              {:>8.1} MiB",
        peak_kib as f64 / 1024.0
    ));
    let offered = (size.bombers as u64 * size.bomb_mib) as f64;
    say(&format!(
        "  it took                        {:>8.1} s  ({:.0} MiB/s), and ended with {status}",
        elapsed.as_secs_f64(),
        offered / elapsed.as_secs_f64()
    ));
    say("");
    Ok(())
}
