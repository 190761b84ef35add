//! How long programs take that ask nobody far away, and how large they are.

use std::path::Path;
use std::process::{Command, Stdio};

use hailer_shell::clock;

use crate::processes::built;
use crate::report::{print_turns, say};
use crate::{Result, Size};

/// Times `--help` and the smallest demo, and looks at the files.
pub(crate) fn measure(size: Size) -> Result<()> {
    let hailer = built("hailer")?;
    say("start-up");
    time("hailer --help", &hailer, &["--help"], size.reps, 0)?;
    // The demo's fleet has a node that is down, which is waited for and is an exit code.
    let demo = ["demo", "-c", "true"];
    time("hailer demo -c true", &hailer, &demo, size.reps.min(5), 4)?;
    let demo = ["demo", "--fail", "0", "--slow", "0", "-c", "true"];
    time("the same with all nodes up", &hailer, &demo, size.reps, 0)?;
    for name in ["hailer", "hailerd"] {
        let bytes = std::fs::metadata(built(name)?)?.len();
        say(&format!(
            "  size of {name:<22} {:>8.1} MiB",
            bytes as f64 / f64::from(1 << 20)
        ));
    }
    say("");
    Ok(())
}

fn time(name: &str, program: &Path, args: &[&str], reps: usize, code: i32) -> Result<()> {
    let mut walls = Vec::new();
    for _ in 0..reps {
        let begun = clock::mono();
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        let status = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.code() != Some(code) {
            return Err(format!("{name} ended with {status}").into());
        }
        walls.push(clock::mono().since(begun));
    }
    print_turns(name, &walls);
    Ok(())
}
