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

use std::collections::VecDeque;
use std::sync::Arc;

use hailer_protocol::clean::Clean;

use crate::app::Looks;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::line::{self, Showing, Task};
use crate::pen::Pen;
use crate::script::statements;
use crate::session::{Answered, Session};
use crate::show;
use editor::{Editor, Typed};
use prompt::PromptState;
use quiet::NoEcho;

pub use history::history_file;

/// What is said once, before the first prompt.
const WELCOME: &str = "A line is a Linux command; it runs on every node in scope. \
                       `help` shows the language on one screen, Ctrl-D leaves.";

/// Reads and carries out lines until the operator leaves. `notice` is said before the first prompt.
///
/// # Errors
/// When the terminal or its signals cannot be had.
pub async fn run(mut session: Session, looks: Looks, notice: &str) -> Result<Exit, ShellError> {
    let own = |what: &str, e: std::io::Error| ShellError::own(format!("{what}: {e}"));
    let interrupts = Interrupts::take_over().map_err(|e| own("take over Ctrl-C", e))?;
    session.fleet().connect_all_in_background();
    show::say(&format!(
        "hailer {} · fleet {} · {} nodes\n{notice}{WELCOME}\n",
        env!("CARGO_PKG_VERSION"),
        session.inventory().fleet(),
        session.inventory().len(),
    ));
    settle(&session).await;
    let editor = Editor::start(Arc::clone(session.inventory()), looks.color, history_file())
        .map_err(|e| own("start the line editor", e))?;
    let mut prompt = Repl {
        editor,
        interrupts,
        looks,
        waiting: VecDeque::new(),
    };
    let exit = prompt.converse(&mut session).await;
    session.close().await;
    exit
}

/// The prompt under way.
struct Repl {
    editor: Editor,
    interrupts: Interrupts,
    looks: Looks,
    /// Lines that were pasted or typed ahead and have not had their turn.
    waiting: VecDeque<String>,
}

impl Repl {
    async fn converse(&mut self, session: &mut Session) -> Result<Exit, ShellError> {
        let mut exit = Exit::OK;
        loop {
            let text = match self.waiting.pop_front() {
                Some(text) => {
                    let prompt = PromptState::of(session).text();
                    show::say(&format!("{prompt}{}\n", Clean::text(&text)));
                    text
                }
                None => match self.read(session).await {
                    Typed::Line(text) => match self.first_of(session, &text) {
                        Some(first) => first,
                        None => continue,
                    },
                    Typed::Interrupted => continue,
                    Typed::End => return Ok(exit),
                    Typed::Broken(e) => {
                        return Err(ShellError::own(format!("read a line: {e}")));
                    }
                },
            };
            match self.evaluate(session, &text).await {
                Ok(Some(of_line)) => exit = of_line,
                Ok(None) => return Ok(exit),
                Err(error) => {
                    show::complain(&error);
                    exit = error.exit();
                }
            }
            let failed = exit.0 == Exit::USAGE.0 || exit >= Exit::NO_TARGETS;
            if failed && !self.waiting.is_empty() {
                let n = self.waiting.len();
                self.waiting.clear();
                show::say(&format!("the {n} lines behind it were not run\n"));
            }
        }
    }

    /// Reads a line. The count of connected nodes in the prompt follows what the links find out.
    async fn read(&mut self, session: &Session) -> Typed {
        let columns = session.last_columns();
        self.editor.ask(PromptState::of(session), columns);
        loop {
            tokio::select! {
                typed = self.editor.typed() => return typed,
                () = tokio::time::sleep(PROMPT_EVERY) => {
                    self.editor.refresh(PromptState::of(session));
                }
            }
        }
    }

    /// Returns the first line of what was typed; a paste of several lets the others wait. Pasted
    /// lines are lines of their own, as in a script: a scope among them is one.
    fn first_of(&mut self, session: &Session, text: &str) -> Option<String> {
        match statements(text, &session.inventory().known_names()) {
            Ok(found) => self.waiting.extend(found.into_iter().map(|s| s.text)),
            Err(error) => show::complain(&error),
        }
        self.waiting.pop_front()
    }

    /// Carries one line out; `None` when the operator leaves.
    async fn evaluate(
        &mut self,
        session: &mut Session,
        text: &str,
    ) -> Result<Option<Exit>, ShellError> {
        session.learn_for(text).await;
        let plan = session.read(text)?;
        if let Some(remark) = session.remark(&plan) {
            show::say(&remark);
        }
        if let Some(question) = session.question(&plan)
            && !self.editor.confirm(question).await
        {
            self.waiting.clear();
            show::say("nothing was run\n");
            return Ok(Some(Exit::OK));
        }
        let showing = Showing {
            looks: self.looks,
            is_quiet: false,
            prints: false,
        };
        let quiet = NoEcho::begin();
        let interrupts = &mut self.interrupts;
        let answered = line::carry_out(
            session,
            Task::Plan(plan),
            interrupts,
            showing,
            None::<&mut Pen<()>>,
        )
        .await;
        let ahead = quiet.typed_ahead();
        self.waiting.extend(ahead.lines().map(str::to_owned));
        drop(quiet);
        match answered? {
            Answered::Nothing => Ok(Some(Exit::OK)),
            Answered::Said(text) => {
                show::say(&text);
                Ok(Some(Exit::OK))
            }
            Answered::History(n) => {
                show::say(&self.editor.history(n).await);
                Ok(Some(Exit::OK))
            }
            Answered::Local(command) => show::run_local(&command).await.map(Some),
            Answered::Result(shown) => {
                show::result(&shown, session.inventory(), self.looks);
                Ok(Some(shown.exit))
            }
            Answered::Quit => Ok(None),
        }
    }
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
