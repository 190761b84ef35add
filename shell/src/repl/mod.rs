//! The prompt: read a line, carry it out, show what came of it; again.
//!
//! The line editor blocks, so it has a thread of its own and talks to the session by channels. It
//! owns the terminal while a line is typed, and nobody else writes to it then; while a line runs,
//! the session does. This folder alone knows reedline.

mod completer;
mod editor;
mod highlighter;
mod history;
mod prompt;
mod quiet;
mod validator;

use std::sync::Arc;

use crate::app::Looks;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::line::{self, Showing, Task};
use crate::session::{Answered, Session};
use crate::show;
use editor::{Editor, Typed};
use prompt::PromptState;
use quiet::NoEcho;

pub use history::history_file;

/// What is said once, before the first prompt.
const WELCOME: &str = "A line is a Linux command; it runs on every node in scope. \
                       `help` shows the language on one screen, Ctrl-D leaves.";

/// Reads and carries out lines until the operator leaves.
///
/// # Errors
/// When the terminal or its signals cannot be had.
pub async fn run(mut session: Session, looks: Looks) -> Result<Exit, ShellError> {
    let own = |what: &str, e: std::io::Error| ShellError::own(format!("{what}: {e}"));
    let mut interrupts = Interrupts::take_over().map_err(|e| own("take over Ctrl-C", e))?;
    session.fleet().connect_all_in_background();
    show::say(&format!(
        "hailer {} · fleet {} · {} nodes\n{WELCOME}\n",
        env!("CARGO_PKG_VERSION"),
        session.inventory().fleet(),
        session.inventory().len(),
    ));
    settle(&session).await;
    let mut editor = Editor::start(Arc::clone(session.inventory()), looks.color, history_file())
        .map_err(|e| own("start the line editor", e))?;
    let mut exit = Exit::OK;
    loop {
        let columns = session.last_columns();
        editor.ask(PromptState::of(&session), columns).await;
        // The count of connected nodes in the prompt follows what the links find out.
        let typed = loop {
            tokio::select! {
                typed = editor.typed() => break typed,
                () = tokio::time::sleep(PROMPT_EVERY) => editor.refresh(PromptState::of(&session)),
            }
        };
        match typed {
            Typed::Line(text) => {
                match evaluate(&mut session, &mut editor, &text, &mut interrupts, looks).await {
                    Ok(Some(of_line)) => exit = of_line,
                    Ok(None) => break,
                    Err(error) => {
                        show::complain(&error);
                        exit = error.exit();
                    }
                }
            }
            Typed::Interrupted => {}
            Typed::End => break,
            Typed::Broken(e) => return Err(own("read a line", e)),
        }
    }
    session.close().await;
    Ok(exit)
}

/// How often the prompt looks whether more nodes are connected.
const PROMPT_EVERY: std::time::Duration = std::time::Duration::from_millis(250);

/// How long the first prompt waits for connections, so that it can say how many there are.
const SETTLE: std::time::Duration = std::time::Duration::from_millis(400);

async fn settle(session: &Session) {
    let all_up = async {
        while session.fleet().up_count() < session.inventory().len() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(SETTLE, all_up).await;
}

/// Carries one line out; `None` when the operator leaves.
async fn evaluate(
    session: &mut Session,
    editor: &mut Editor,
    text: &str,
    interrupts: &mut Interrupts,
    looks: Looks,
) -> Result<Option<Exit>, ShellError> {
    let plan = session.read(text)?;
    if let Some(question) = session.question(&plan)
        && !editor.confirm(question).await
    {
        show::say("nothing was run\n");
        return Ok(Some(Exit::OK));
    }
    let showing = Showing {
        looks,
        is_quiet: false,
    };
    let quiet = NoEcho::begin();
    let answered = line::carry_out(session, Task::Plan(plan), interrupts, showing, |_| {}).await?;
    drop(quiet);
    match answered {
        Answered::Nothing => Ok(Some(Exit::OK)),
        Answered::Said(text) => {
            show::say(&text);
            Ok(Some(Exit::OK))
        }
        Answered::History(n) => {
            show::say(&editor.history(n).await);
            Ok(Some(Exit::OK))
        }
        Answered::Local(command) => show::run_local(&command).await.map(Some),
        Answered::Result(shown) => {
            show::result(&shown, session.inventory(), looks);
            Ok(Some(shown.exit))
        }
        Answered::Quit => Ok(None),
    }
}
