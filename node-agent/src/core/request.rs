//! Requests: what their type does not state of them, checked before anything is decided.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::limits;
use hailer_protocol::message::{Life, OutputMode, Probe, Run};

use super::admit::Denial;

/// Bounds on a request that its type does not state.
#[expect(clippy::too_many_lines, reason = "a flat list of bounds")]
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
        Probe::Each { command, .. } if command.len() > limits::COMMAND_MAX => {
            return too("bytes of command", command.len(), limits::COMMAND_MAX);
        }
        Probe::Each { rows, .. } if rows.len() > limits::EACH_ROWS_MAX => {
            return too("rows", rows.len(), limits::EACH_ROWS_MAX);
        }
        Probe::Each { .. } if !run.row_plan.steps.is_empty() || run.life == Life::Detached => {
            return Err(denial(
                ErrorCode::MALFORMED,
                "a command that runs once a row is attached, and has no row plan".to_owned(),
            ));
        }
        Probe::Replay { .. } => {
            return Err(denial(
                ErrorCode::UNSUPPORTED,
                "this agent does not remember its metrics".to_owned(),
            ));
        }
        Probe::Shell(_)
        | Probe::Argv(_)
        | Probe::Each { .. }
        | Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Attach(_)
        | Probe::Cancel(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_) => {}
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
        Probe::Each { command, rows, .. } => {
            has_nul(command) || !rows.iter().all(|row| is_row(&row.env))
        }
        Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. }
        | Probe::Attach(_)
        | Probe::Cancel(_) => false,
    };
    if nul || !is_environment(&run.env) {
        return Err(denial(
            ErrorCode::MALFORMED,
            "the command or its environment cannot be handed to the kernel".to_owned(),
        ));
    }
    Ok(())
}

/// Whether these are a row's variables: what comes from a row must never become `PATH` or the like,
/// whichever shell asks.
fn is_row(env: &[(String, String)]) -> bool {
    is_environment(env) && env.iter().all(|(k, _)| k.starts_with("row_"))
}

/// Whether the kernel takes these variables.
fn is_environment(env: &[(String, String)]) -> bool {
    let has_nul = |s: &String| s.contains('\0');
    env.iter()
        .all(|(k, v)| !has_nul(k) && !has_nul(v) && !k.contains('=') && !k.is_empty())
}

pub(super) fn command_of(probe: &Probe) -> Option<String> {
    match probe {
        Probe::Shell(line) => Some(line.clone()),
        Probe::Argv(argv) => Some(format!("{argv:?}")),
        Probe::Each { command, rows, .. } => {
            Some(format!("{command} # for each of {} rows", rows.len()))
        }
        Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. }
        | Probe::Attach(_)
        | Probe::Cancel(_) => None,
    }
}

pub(super) const fn denial(code: ErrorCode, text: String) -> Denial {
    Denial { code, text }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::ids::{LeaseId, RunId};
    use hailer_protocol::message::{Caps, EachRow};
    use hailer_protocol::row_plan::RowPlan;

    use super::*;

    #[test]
    fn a_rows_variables_can_never_be_another_programs() {
        let of = |name: &str| Run {
            run: RunId([1; 16]),
            probe: Probe::Each {
                command: "true".to_owned(),
                rows: vec![EachRow {
                    env: vec![(name.to_owned(), "x".to_owned())],
                }],
                timeout_ms: None,
                stops_at_failure: false,
            },
            row_plan: RowPlan::default(),
            timeout_ms: None,
            life: Life::Attached(LeaseId([1; 16])),
            output: OutputMode::Stream,
            caps: Caps {
                output_bytes: 1,
                rows: 1,
                memory_bytes: None,
                cpu_seconds: None,
            },
            env: Vec::new(),
        };
        assert!(check_run(&of("row_path")).is_ok());
        for name in ["PATH", "LD_PRELOAD", "HAILER_RUN", "", "row_a=b"] {
            assert!(check_run(&of(name)).is_err(), "{name}");
        }
    }
}
