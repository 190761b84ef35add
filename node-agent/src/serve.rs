//! The agent of one machine: from its configuration to the last connection.

use std::sync::Arc;
use std::time::Duration;

use hailer_collect::Collector;
use hailer_exec::{HelperCommand, Spawner, SpawnerConfig, detect_cgroup_parent};

use crate::audit::Syslog;
use crate::clock;
use crate::config::{Cgroup, Config};
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
    let state = State::open(&config.state_dir, StateConfig::default(), clock::wall())
        .map_err(|e| AgentError::State(e.to_string()))?;
    let mut journal = Journal::open(state).map_err(|e| AgentError::State(e.to_string()))?;
    if let Some(socket) = &config.audit_syslog {
        let pid = std::process::id();
        journal.set_syslog(Syslog::new(socket.clone(), config.name.clone(), pid));
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
