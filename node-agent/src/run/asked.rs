//! What a run asks for: its program, and what becomes of that program's output.

use hailer_exec::Program;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::message::{Failed, OutputMode, Probe, Run};

use super::line_rows::LineRows;
use crate::clock;

/// Returns what makes rows of the output: of all of it at the end, or of each line as it comes. At
/// most one of both.
pub(super) fn plan_of(run: &Run) -> Result<(Option<Evaluator>, Option<LineRows>), Failed> {
    if run.row_plan.steps.is_empty() {
        return Ok((None, None));
    }
    let evaluator = Evaluator::new(&run.row_plan)
        .map_err(|e| Failed::new(ErrorCode::PLAN, e.to_string()))?
        .at(clock::wall());
    match run.output {
        OutputMode::EachLine => {
            LineRows::new(&run.row_plan, evaluator).map(|each| (None, Some(each)))
        }
        OutputMode::Stream | OutputMode::DigestOver(_) | OutputMode::Kept => {
            Ok((Some(evaluator), None))
        }
    }
}

/// Returns the program of a run that is one command.
pub(super) fn program_of(probe: &Probe) -> Option<Program> {
    match probe {
        Probe::Argv(argv) => Some(Program::Argv(argv.clone())),
        Probe::Shell(line) => Some(Program::Shell(line.clone())),
        Probe::Each { .. }
        | Probe::Metric(_)
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
