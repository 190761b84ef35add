//! Deeds at the prompt: the rows are shown, then the operator is asked, then the command runs.

use hailer_protocol::clean::Clean;

use super::{Came, Repl};
use crate::error::ShellError;
use crate::exit::Exit;
use crate::line::{self, Showing, Task};
use crate::pen::Pen;
use crate::session::{Answered, Session, Shown};
use crate::show;

impl Repl {
    /// Asks whether the deed of a line may run where its rows are, and lets it.
    pub(super) async fn deed(
        &mut self,
        session: &mut Session,
        rows: &mut Shown,
    ) -> Result<Came, ShellError> {
        let nowhere = Came {
            exit: rows.exit,
            result: Some(rows.number),
            ..Came::default()
        };
        if rows.exit == Exit::INTERRUPTED {
            show::say("interrupted before `run`: the command was run nowhere\n");
            return Ok(nowhere);
        }
        let Some(prepared) = rows.deed.take() else {
            show::say("no row is left: the command was run nowhere\n");
            return Ok(nowhere);
        };
        if let Some(question) = prepared.question(session) {
            if !self
                .editor
                .confirm(Clean::line(&question).into_string())
                .await
            {
                show::say("the command was run nowhere\n");
                return Ok(Came {
                    exit: Exit::OK,
                    is_declined: true,
                    ..nowhere
                });
            }
            // Keys from before the question are answered by it.
            self.interrupts
                .forget()
                .map_err(|e| ShellError::own(format!("take over Ctrl-C: {e}")))?;
        } else {
            show::say(&format!("{}\n", Clean::line(prepared.about())));
        }
        let showing = Showing {
            looks: self.looks,
            is_quiet: false,
            prints: false,
            format: None,
        };
        let task = Task::Deed(prepared);
        let interrupts = &mut self.interrupts;
        let pen = None::<&mut Pen<()>>;
        Ok(
            match line::carry_out(session, task, interrupts, showing, pen).await? {
                Answered::Result(shown) => {
                    self.page_result(&shown, session).await;
                    Came {
                        exit: shown.exit,
                        states: show::states(&shown),
                        result: Some(shown.number),
                        ..Came::default()
                    }
                }
                Answered::Said(text) | Answered::Done(text) | Answered::Judged(text, _) => {
                    show::say(&text);
                    nowhere
                }
                Answered::Nothing
                | Answered::Lines(_)
                | Answered::History(_)
                | Answered::Local(_)
                | Answered::Ended { .. }
                | Answered::Quit => nowhere,
            },
        )
    }
}
