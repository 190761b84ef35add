//! `where` on the nodes against the same question over everything that they print: what is saved by
//! taking the condition to the rows.

use crate::ours::Ours;
use crate::processes::{FLEET, Serving, octets};
use crate::report::{Row, Sides, print, say};
use crate::{Result, Size};

/// Rows that each node prints.
const ROWS: usize = 1_000;
/// How many of them are asked for.
const KEPT: usize = 10;

/// What an operator types.
fn lines() -> (String, String) {
    let command = format!("echo 'Filesystem Used Mounted'; seq -f '/dev/vda %g /srv/data' {ROWS}");
    let condition = format!("|> parse |> where used > {}", ROWS - KEPT);
    (command, condition)
}

/// Lets both ways take turns.
pub(crate) fn measure(size: Size) -> Result<()> {
    let fleet = Serving::start(FLEET, size.nodes)?;
    let sides = Sides {
        nodes: fleet.pid(),
        n: size.nodes,
    };
    let mut shipped = Row::new("everything shipped", sides);
    let mut pushed = Row::new("where on the node", sides);
    let (command, condition) = lines();
    let expected = size.nodes * KEPT;
    let (mut all, mut few) = (0, 0);
    crate::runtime()?.block_on(async {
        let mut ours = Ours::open(fleet.dir()).await?;
        ours.connect().await;
        for turn in 0..=size.reps {
            let before = octets();
            shipped.begin();
            ours.rows(&command).await?;
            let found = ours.rows(&condition).await?;
            shipped.end(turn > 0);
            check(found, expected)?;
            let between = octets();
            pushed.begin();
            let found = ours.rows(&format!("{command} {condition}")).await?;
            pushed.end(turn > 0);
            check(found, expected)?;
            if turn > 0 {
                all += between.saturating_sub(before);
                few += octets().saturating_sub(between);
            }
        }
        ours.close().await;
        Result::Ok(())
    })?;
    let title = format!("{KEPT} of {ROWS} rows a node");
    print(&title, &[&shipped, &pushed]);
    let per_node = |octets: u64| octets / (size.nodes * size.reps).max(1) as u64;
    say(&format!(
        "  bytes a node: {} shipped, {} with `where` on the node: {:.3} of them\n",
        per_node(all),
        per_node(few),
        few as f64 / all.max(1) as f64
    ));
    Ok(())
}

fn check(found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{found} rows came, {expected} were asked for").into())
}
