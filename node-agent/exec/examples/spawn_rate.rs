//! How many commands a second, and at what cost: through the helper, and with
//! `std::process::Command` for comparison.
//!
//! ```text
//! cargo run --release -p hailer-exec --example spawn_rate -- \
//!     [LINE] [COUNT] [IN_FLIGHT] [HEAP_MIB] [cgroups]
//! ```
//!
//! `agent` is the CPU time of this process, `helper` that of the helper and its supervisors
//! (taken from a control group, so it wants root and Linux 5.14), `command` what the commands
//! themselves used from fork to exit. With `cgroups` each run has a control group of its own.
#![expect(clippy::print_stdout, reason = "it prints its figures")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hailer_exec::{
    ExecError, HelperCommand, Program, Spawner, SpawnerConfig, Spec, detect_cgroup_parent,
};
use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    if args.get(1).is_some_and(|arg| arg == "exec-helper") {
        return Ok(hailer_exec::helper::main()?);
    }
    let text = |at: usize, default: &str| args.get(at).map_or(default, |arg| arg).to_owned();
    let line = text(1, "hostname");
    let count: u32 = text(2, "2000").parse()?;
    let in_flight: u32 = text(3, "8").parse()?;
    let heap_mib: usize = text(4, "0").parse()?;

    let with_groups = text(5, "") == "cgroups";

    // A heap that has been written to, as a busy agent's has.
    let heap = vec![1_u8; heap_mib << 20];
    println!(
        "{count} times `{line}`, {in_flight} in flight, a heap of {} MiB",
        heap.len() >> 20
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(through_the_helper(&line, count, in_flight, with_groups))?;
    with_std(&line, count)
}

async fn through_the_helper(
    line: &str,
    count: u32,
    in_flight: u32,
    with_groups: bool,
) -> Result<(), Failure> {
    let helper = HelperCommand {
        program: std::env::current_exe()?,
        args: vec!["exec-helper".into()],
    };
    let group = BenchGroup::make();
    let cgroup_parent = group
        .as_ref()
        .filter(|_| with_groups)
        .map(|group| group.0.clone());
    let spawner = Arc::new(Spawner::start(&helper, SpawnerConfig { cgroup_parent })?);
    if let Some(group) = &group {
        group.enter(spawner.helper_pid())?;
    }
    let spec = Arc::new(Spec {
        env: vec![("PATH".into(), PATH.into())],
        ..Spec::new(Program::Shell(line.to_owned()))
    });
    let own = own_cpu()?;
    let began = now();
    let mut lanes = JoinSet::new();
    for lane in 0..in_flight {
        let (spawner, spec) = (Arc::clone(&spawner), Arc::clone(&spec));
        let share = count / in_flight + u32::from(lane < count % in_flight);
        lanes.spawn(async move {
            let mut used = Duration::ZERO;
            for _ in 0..share {
                used += once(&spawner, &spec).await?;
            }
            Ok::<_, Failure>(used)
        });
    }
    let mut commands = Duration::ZERO;
    while let Some(lane) = lanes.join_next().await {
        commands += lane??;
    }
    let took = now() - began;
    let agent = own_cpu()?.saturating_sub(own);
    print!("helper {:>7.0}/s", f64::from(count) / took.as_secs_f64());
    print!("   agent {:>8.1?}", agent / count);
    match group.as_ref().and_then(BenchGroup::cpu) {
        Some(all) => print!("   helper {:>8.1?}", all.saturating_sub(commands) / count),
        None => print!("   helper not known"),
    }
    println!("   command {:>8.1?}", commands / count);
    Ok(())
}

/// Runs the command once, reads all of its output, and returns the CPU time it used.
async fn once(spawner: &Spawner, spec: &Spec) -> Result<Duration, ExecError> {
    let mut running = spawner.spawn(spec).await?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (read_out, read_err, end) = tokio::join!(
        running.stdout.read_to_end(&mut out),
        running.stderr.read_to_end(&mut err),
        running.control.wait(),
    );
    read_out.and(read_err).map_err(ExecError::Pipe)?;
    end.map(|end| end.user + end.system)
}

/// The baseline: one after the other, in this process.
fn with_std(line: &str, count: u32) -> Result<(), Failure> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let (own, children) = (own_cpu()?, children_cpu()?);
    let began = now();
    for _ in 0..count {
        Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .output()?;
    }
    let took = now() - began;
    print!("std    {:>7.0}/s", f64::from(count) / took.as_secs_f64());
    print!("   agent {:>8.1?}", own_cpu()?.saturating_sub(own) / count);
    print!("                    ");
    println!(
        "   command {:>8.1?}",
        children_cpu()?.saturating_sub(children) / count
    );
    Ok(())
}

/// A control group with the helper in it, for its account of CPU time.
struct BenchGroup(PathBuf);

impl BenchGroup {
    fn make() -> Option<Self> {
        let name = format!("hailer-bench-{}", std::process::id());
        let path = detect_cgroup_parent()?.join(name);
        fs::create_dir(&path).ok()?;
        Some(Self(path))
    }

    fn enter(&self, pid: u32) -> std::io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }

    fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.0.join("cpu.stat")).ok()?;
        let micros = stat
            .lines()
            .find_map(|line| line.strip_prefix("usage_usec "))?;
        Some(Duration::from_micros(micros.parse().ok()?))
    }
}

impl Drop for BenchGroup {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
        while fs::read_to_string(self.0.join("cgroup.procs")).is_ok_and(|pids| !pids.is_empty()) {
            std::thread::yield_now();
        }
        let _ = fs::remove_dir(&self.0);
    }
}

/// CPU time of this thread, which is all there is, to the nanosecond.
fn own_cpu() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = stat.split(' ').next().ok_or("an empty schedstat")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// CPU time of the children that were waited for, in ticks of 10 ms.
fn children_cpu() -> Result<Duration, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let ticks = fields[13].parse::<u64>()? + fields[14].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}

const PATH: &str = "/usr/bin:/bin";
