//! Over connections that are up: one request to everybody, until the last answer is in.

use crate::floor::{Asked, Floor};
use crate::ours::{self, Ours};
use crate::processes::{FLEET, FLOOR, Serving};
use crate::report::{Row, Sides, print};
use crate::{Result, Size};

/// Lets both sides take turns.
pub(crate) fn measure(size: Size, asked: Asked) -> Result<()> {
    let bare = Serving::start(FLOOR, size.nodes)?;
    let fleet = Serving::start(FLEET, size.nodes)?;
    let sides = |serving: &Serving| Sides {
        nodes: serving.pid(),
        n: size.nodes,
    };
    let mut rows = [
        Row::new("bare quinn", sides(&bare)),
        Row::new("hailer, all answers in", sides(&fleet)),
        Row::new("hailer, the whole line", sides(&fleet)),
    ];
    crate::runtime()?.block_on(async {
        let floor = Floor::connect(bare.dir()).await?;
        let mut ours = Ours::open(fleet.dir()).await?;
        ours.connect().await;
        let [bare, answers, line] = &mut rows;
        for turn in 0..=size.reps {
            bare.begin();
            floor.ask(asked).await?;
            bare.end(turn > 0);
            answers.begin();
            ours.ask(asked).await?;
            answers.end(turn > 0);
            line.begin();
            ours.line(asked).await?;
            line.end(turn > 0);
        }
        floor.close().await;
        ours.close().await;
        Result::Ok(())
    })?;
    let title = format!("warm `{}`", ours::text(asked));
    print(&title, &rows.iter().collect::<Vec<_>>());
    Ok(())
}
