//! The agent's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    hailer_agent::cli::main()
}
