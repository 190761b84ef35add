//! The agent of one machine: from its configuration to the last connection.

use std::sync::Arc;
use std::time::Duration;

use hailer_collect::Collector;
use hailer_exec::{HelperCommand, Spawner, SpawnerConfig, detect_cgroup_parent};

use crate::audit::Syslog;
use crate::clock;
use crate::config::{Cgroup, Config, SandboxMode};
use crate::core::Bounds;
use crate::error::AgentError;
use crate::host::{self, Host, HostConfig};
use crate::join::Renewal;
use crate::journal::Journal;
use crate::net::{self, Listening};
use crate::papers;
use crate::revoked;
use crate::rules;
use crate::state::{State, StateConfig};

/// Starts the agent; it serves until it is closed.
///
/// # Errors
/// When a file, the helper, the state directory or the address cannot be had.
pub fn start(config: &Config) -> Result<Listening, AgentError> {
    start_renewing(config).map(|(listening, _)| listening)
}

/// Starts the agent; returns beside it what renews its certificate, where a keeper is configured.
///
/// # Errors
/// As [`start`].
pub fn start_renewing(config: &Config) -> Result<(Listening, Option<Renewal>), AgentError> {
    let stamps = papers::Stamps::of(config);
    let papers = papers::read(config)?;
    tell_sandbox(config.sandbox);
    let state = State::open(&config.state_dir, StateConfig::default(), clock::wall())
        .map_err(|e| AgentError::State(e.to_string()))?;
    let mut journal = Journal::open(state).map_err(|e| AgentError::State(e.to_string()))?;
    if let Some(socket) = &config.audit_syslog {
        let pid = std::process::id();
        journal.set_syslog(Syslog::new(socket.clone(), config.name.clone(), pid));
    }
    journal.tell_damage(clock::wall());
    if let Err(e) = journal.take_acceptance(clock::wall()) {
        tracing::error!(error = %e, "that the log's damage is accepted cannot be taken up");
    }
    journal.started(clock::wall(), host::software(), Some(config.digest));
    let (rules, stamp) = rules::read(&config.policy, config.is_read_only);
    std::fs::create_dir_all(&config.workdir)
        .map_err(|e| AgentError::file("create", &config.workdir, e))?;
    let host = Host::new(
        HostConfig {
            node: config.name.clone(),
            fleet: papers.fleet,
            judge: papers.judge,
            rules,
            hidden: vec![config.state_dir.clone(), config.key.clone()],
            sandbox: config.sandbox,
            labels: config.labels.clone(),
            workdir: config.workdir.clone(),
            kill_grace: Duration::from_millis(config.kill_grace_ms),
            delay: None,
            stand_ins: None,
            bounds: Bounds::default(),
            ca: Some(config.ca.clone()),
            answers_dir: Some(config.state_dir.join("answers")),
        },
        journal,
        Collector::default,
        Arc::new(start_helper(&config.helper, config.cgroup)?),
    );
    host::watch_damage(&host);
    let hosts = vec![Arc::downgrade(&host)];
    rules::watch(
        hosts.clone(),
        config.policy.clone(),
        config.is_read_only,
        stamp,
    );
    revoked::watch(hosts, config.revoked.clone());
    let agent = Arc::downgrade(&host);
    let listening = net::listen(host, config.listen, papers.tls)?;
    let first = (stamps, papers.validity);
    papers::watch(agent, config.clone(), first, listening.reconfigures());
    let renewal = Renewal::new(config, papers.validity);
    Ok((listening, renewal))
}

/// Says in the agent's log what the sandbox of readings is on this machine.
fn tell_sandbox(mode: SandboxMode) {
    match (hailer_exec::stood_in_for(), mode) {
        (Ok(by_filter), _) if by_filter.is_empty() => {
            tracing::info!("readings run in the full sandbox");
        }
        (Ok(by_filter), SandboxMode::Auto) => tracing::info!(
            %by_filter,
            "readings run in the sandbox; this kernel is older than Linux 6.12, and the filter of system calls stands in for what it cannot do"
        ),
        (Ok(missing), SandboxMode::Strict) => tracing::warn!(
            %missing,
            "readings are refused: `sandbox` is \"strict\", and this kernel is older than Linux 6.12"
        ),
        (Err(error), _) => tracing::warn!(
            %error,
            "readings are refused: their sandbox needs Landlock (Linux 5.13, and `landlock` among the security modules)"
        ),
    }
}

/// Starts the spawning helper.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn start_helper(helper: &[String], cgroup: Cgroup) -> Result<Spawner, AgentError> {
    let Some((program, arguments)) = helper.split_first() else {
        return Err(AgentError::Helper("no program is configured".to_owned()));
    };
    let command = HelperCommand {
        program: program.into(),
        args: arguments.iter().map(Into::into).collect(),
    };
    let config = SpawnerConfig {
        cgroup_parent: match cgroup {
            Cgroup::Auto => detect_cgroup_parent(),
            Cgroup::Off => None,
        },
    };
    Spawner::start(&command, config)
        .map_err(|e| AgentError::Helper(format!("`{}`: {e}", helper.join(" "))))
}
