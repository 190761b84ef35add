//! Whole processes: start, read the files, connect everybody, ask, write the result, end.

use std::process::{Command, Stdio};

use clap::ValueEnum as _;

use crate::floor::Asked;
use crate::ours;
use crate::processes::{FLEET, FLOOR, Serving, built};
use crate::report::{Row, Sides, print};
use crate::{Result, Size};

/// Lets both sides take turns.
pub(crate) fn measure(size: Size, asked: Asked) -> Result<()> {
    let hailer = built("hailer")?;
    let own = std::env::current_exe()?;
    let bare = Serving::start(FLOOR, size.nodes)?;
    let fleet = Serving::start(FLEET, size.nodes)?;
    let sides = |serving: &Serving| Sides {
        nodes: serving.pid(),
        n: size.nodes,
    };
    let mut floor = Row::new("bare quinn", sides(&bare));
    let mut line = Row::new("hailer -c", sides(&fleet));
    let word = asked.to_possible_value();
    for turn in 0..=size.reps {
        floor.begin();
        let mut command = Command::new(&own);
        command.arg("floor-cold").arg("--dir").arg(bare.dir());
        command.args(["--asked", word.as_ref().map_or("", |w| w.get_name())]);
        must_succeed(command)?;
        floor.end(turn > 0);
        line.begin();
        let mut command = Command::new(&hailer);
        command.arg("--fleet").arg(fleet.dir().join("fleet.toml"));
        command.args(["-c", ours::text(asked)]);
        must_succeed(command)?;
        line.end(turn > 0);
    }
    let title = format!("cold `{}`, from process start to end", ours::text(asked));
    print(&title, &[&floor, &line]);
    Ok(())
}

fn must_succeed(mut command: Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{command:?} ended with {status}").into())
}
