//! The operator's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    hailer_shell::app::main()
}
