//! The prompt: read a line, carry it out, show what came of it; again.
//!
//! The line editor blocks, so it has a thread of its own and talks to the session by channels. It
//! owns the terminal while a line is typed, and nobody else writes to it then; while a line runs,
//! the session does. This folder alone knows reedline.

mod completer;
mod editor;
mod highlighter;
mod history;
mod notices;
mod prompt;
mod quiet;
mod validator;

use std::collections::VecDeque;
use std::sync::Arc;

use hailer_protocol::clean::Clean;

use crate::app::Looks;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::interrupt::{Interrupts, Key, stop_with_child};
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
    let interrupts = Interrupts::take_over_both().map_err(|e| own("take over Ctrl-C", e))?;
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
        is_leaving: false,
    };
    let exit = prompt.converse(&mut session).await;
    if !session.jobs().is_empty() {
        show::say("ending what is in the background\n");
        let left = session.end_background().await;
        if left > 0 {
            show::say(&format!(
                "{left} did not end in time; its nodes end it when the lease runs out\n"
            ));
        }
    }
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
    /// The operator was told what is in the background, and has typed nothing since but to leave.
    is_leaving: bool,
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
                    Typed::End if self.stays(session) => continue,
                    Typed::End => return Ok(exit),
                    Typed::Broken(e) => {
                        return Err(ShellError::own(format!("read a line: {e}")));
                    }
                },
            };
            match self.evaluate(session, &text).await {
                Ok(Some(of_line)) => {
                    exit = of_line;
                    self.is_leaving = false;
                }
                Ok(None) if self.stays(session) => continue,
                Ok(None) => return Ok(exit),
                Err(error) => {
                    show::complain(&error);
                    exit = error.exit();
                    self.is_leaving = false;
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

    /// Reads a line. The count of connected nodes in the prompt follows what the links find out,
    /// and the ends of runs in the background are told.
    async fn read(&mut self, session: &mut Session) -> Typed {
        while let Some(number) = session.over_by_now() {
            show::say(&self.ended(session, number).await);
        }
        let columns = session.last_columns();
        self.editor.ask(PromptState::of(session), columns);
        loop {
            tokio::select! {
                typed = self.editor.typed() => return typed,
                number = session.over_aside() => {
                    let notice = self.ended(session, number).await;
                    self.editor.announce(&notice);
                }
                () = tokio::time::sleep(PROMPT_EVERY) => {
                    self.editor.refresh(PromptState::of(session));
                }
            }
        }
    }

    /// Takes the result of a run in the background in, and returns what is said of it.
    async fn ended(&self, session: &mut Session, number: u32) -> String {
        let (line, shown) = session.collect(number).await;
        match shown {
            Ok(shown) => show::ended(&shown, &line),
            Err(error) => format!("[{number}] ended: {line}\n{error}\n"),
        }
    }

    /// Whether the operator, who wants to leave, stays for now: once it is said what leaving ends.
    fn stays(&mut self, session: &Session) -> bool {
        let stays = !session.jobs().is_empty() && !self.is_leaving;
        if stays {
            show::say(&session.leaving());
            self.is_leaving = true;
        }
        stays
    }

    /// Returns the first line of what was typed; a paste of several lets the others wait. Pasted
    /// lines are lines of their own, as in a script: a scope among them is one.
    fn first_of(&mut self, session: &Session, text: &str) -> Option<String> {
        match statements(text, &session.known_names()) {
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
        self.looks.theme = session.settings.theme;
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
                show::page(&text, &session.settings.pager);
                Ok(Some(Exit::OK))
            }
            Answered::History(n) => {
                show::page(&self.editor.history(n).await, &session.settings.pager);
                Ok(Some(Exit::OK))
            }
            Answered::Lines(lines) => {
                lines
                    .into_iter()
                    .rev()
                    .for_each(|l| self.waiting.push_front(l.text));
                Ok(Some(Exit::OK))
            }
            Answered::Local(command) => self.run_local(&command).await.map(Some),
            Answered::Result(shown) => {
                let text = show::result(&shown, session.inventory(), self.looks);
                show::page(&text, &session.settings.pager);
                Ok(Some(shown.exit))
            }
            Answered::Quit => Ok(None),
        }
    }
}

impl Repl {
    /// Runs a command on the operator's own machine, which has the terminal meanwhile.
    async fn run_local(&mut self, command: &str) -> Result<Exit, ShellError> {
        let ran = show::run_local(command);
        tokio::pin!(ran);
        loop {
            tokio::select! {
                exit = &mut ran => return exit,
                key = self.interrupts.next() => match key {
                    // The command hears it itself.
                    Key::Interrupt => {}
                    Key::Suspend => stop_with_child(),
                },
            }
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
