//! Requests: what their type does not state of them, checked before anything is decided.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::limits;
use hailer_protocol::message::{Life, OutputMode, Probe, Run};

use super::admit::Denial;

/// Bounds on a request that its type does not state.
pub(super) fn check_run(run: &Run) -> Result<(), Denial> {
    let too = |what: &str, n: usize, max: usize| {
        Err(denial(
            ErrorCode::MALFORMED,
            format!("the request has {n} {what}, at most {max} are allowed"),
        ))
    };
    if run.row_plan.steps.len() > limits::PLAN_STEPS_MAX {
        return too(
            "plan steps",
            run.row_plan.steps.len(),
            limits::PLAN_STEPS_MAX,
        );
    }
    match &run.probe {
        Probe::Shell(line) if line.len() > limits::COMMAND_MAX => {
            return too("bytes of command", line.len(), limits::COMMAND_MAX);
        }
        Probe::Argv(argv) if argv.len() > limits::ARGV_MAX => {
            return too("arguments", argv.len(), limits::ARGV_MAX);
        }
        Probe::Argv(argv) if argv.is_empty() => {
            return Err(denial(
                ErrorCode::MALFORMED,
                "the command is empty".to_owned(),
            ));
        }
        Probe::Shell(_)
        | Probe::Argv(_)
        | Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Attach(_)
        | Probe::Cancel(_) => {}
    }
    let is_detached_command = run.life == Life::Detached && command_of(&run.probe).is_some();
    if run.output == OutputMode::Kept && !is_detached_command {
        return Err(denial(
            ErrorCode::MALFORMED,
            "output is kept of detached commands alone".to_owned(),
        ));
    }
    let has_nul = |s: &String| s.contains('\0');
    let nul = match &run.probe {
        Probe::Shell(line) => has_nul(line),
        Probe::Argv(argv) => argv.iter().any(has_nul),
        Probe::Metric(_) | Probe::Facts(_) | Probe::Runs | Probe::Attach(_) | Probe::Cancel(_) => {
            false
        }
    };
    if nul
        || run
            .env
            .iter()
            .any(|(k, v)| has_nul(k) || has_nul(v) || k.contains('=') || k.is_empty())
    {
        return Err(denial(
            ErrorCode::MALFORMED,
            "the command or its environment cannot be handed to the kernel".to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn command_of(probe: &Probe) -> Option<String> {
    match probe {
        Probe::Shell(line) => Some(line.clone()),
        Probe::Argv(argv) => Some(format!("{argv:?}")),
        Probe::Metric(_) | Probe::Facts(_) | Probe::Runs | Probe::Attach(_) | Probe::Cancel(_) => {
            None
        }
    }
}

pub(super) const fn denial(code: ErrorCode, text: String) -> Denial {
    Denial { code, text }
}
