//! Orders for the spawning helper: what was asked, in the way in which the node's policy permits it.

use std::path::PathBuf;

use hailer_exec::{Program, Rlimits, Sandbox, Spec, Stdin, User};
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Failed, Life, Run};

use super::environment::{environment, own_user};
use crate::config::SandboxMode;
use crate::core::Permit;
use crate::host::Host;

/// Makes the order for the spawning helper: what was asked, in the way in which it is permitted.
pub(super) async fn spec(
    host: &Host,
    run: &Run,
    permit: &Permit,
    program: Program,
) -> Result<Spec, Failed> {
    let config = host.config();
    let defaults = Rlimits::default();
    let run_as = user_of(permit).await?;
    let is_other = run_as.is_some();
    let program = match &permit.reading {
        Some(words) => Program::Argv(words.clone()),
        None => program,
    };
    Ok(Spec {
        program,
        env: environment(&config.node, run.run, &run.env, config.stand_ins.as_deref()),
        // The agent's own empty folder lies in its state, where nobody else may go.
        cwd: if is_other {
            PathBuf::from("/")
        } else {
            config.workdir.clone()
        },
        stdin: Stdin::Null,
        detached: matches!(run.life, Life::Detached),
        kill_grace: config.kill_grace,
        run_as,
        sandbox: permit.reading.is_some().then(|| Sandbox {
            is_strict: config.sandbox == SandboxMode::Strict,
            ..Sandbox::hiding(config.hidden.iter().cloned())
        }),
        limits: Rlimits {
            address_space_bytes: run.caps.memory_bytes,
            cpu_seconds: run.caps.cpu_seconds,
            ..defaults
        },
    })
}

/// Looks up as whom a command runs; `None` is the agent's own user.
async fn user_of(permit: &Permit) -> Result<Option<User>, Failed> {
    let Some(name) = &permit.run_as else {
        let text = "the policy names nobody as whom a command may run".to_owned();
        return Err(Failed::new(ErrorCode::DENIED, text));
    };
    if permit.reading.is_none() && name.as_str() == own_user() {
        return Ok(None);
    }
    let name = name.to_string();
    let found = tokio::task::spawn_blocking(move || User::look_up(&name)).await;
    let user = found
        .map_err(|e| Failed::new(ErrorCode::INTERNAL, e.to_string()))?
        .map_err(|e| Failed::new(ErrorCode::SPAWN, e.to_string()))?;
    if permit.reading.is_some() && user.uid == 0 {
        let text = format!(
            "`{}` is the superuser on this node, and a reading is never done as that",
            user.name
        );
        return Err(Failed::new(ErrorCode::DENIED, text));
    }
    Ok(Some(user))
}
