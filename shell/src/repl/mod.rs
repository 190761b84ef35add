//! The prompt: read a line, carry it out, show what came of it; again.
//!
//! The line editor blocks, so it has a thread of its own and talks to the session by channels. It
//! owns the terminal while a line is typed, and nobody else writes to it then; while a line runs,
//! the session does. This folder alone knows reedline.

mod behind;
mod changes;
mod complete;
mod deed;
mod dial;
mod editor;
mod highlighter;
mod keys;
mod menu;
mod notices;
mod paging;
mod past;
mod prompt;
mod quiet;
mod reader;
mod screen;
mod search;
mod unknown;
mod validator;

use std::collections::VecDeque;
use std::sync::Arc;

use hailer_lang::plan::LinePlan;
use hailer_protocol::clean::Clean;
use hailer_protocol::redact::REDACTED;
use hailer_protocol::time::Mono;

use crate::app::Looks;
use crate::clock;
use crate::ends::Ends;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::history::{self, History, Outcome};
use crate::interrupt::{Interrupts, Key, stop_with_child};
use crate::line::{self, Showing, Task};
use crate::pen::Pen;
use crate::script::statements;
use crate::session::{Answered, Session};
use crate::show;
use behind::{Stop, Waiting};
use changes::Changes;
use complete::Asked;
use editor::{Editor, Next};
use notices::Expiry;
use prompt::PromptState;
use quiet::Quiet;
use reader::Typed;

/// What is said once, of a line with a secret in it.
const SECRET_KEPT_OUT: &str = "The history keeps that line without the secret in it; the up arrow of this \
shell has it whole. A line that begins with a blank is not kept at all.\n";

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
    let mut ends = Ends::take_over().map_err(|e| own("take over signals", e))?;
    show::say(&show::prose(&format!(
        "hailer {} · fleet {} · {} nodes\n{notice}{WELCOME}\n",
        env!("CARGO_PKG_VERSION"),
        session.inventory().fleet(),
        session.inventory().len(),
    )));
    let quiet = Quiet::begin();
    let history = open_history(&session);
    let editor = Editor::start(
        Arc::clone(session.inventory()),
        looks.color,
        history.clone(),
    )
    .map_err(|e| own("start the line editor", e))?;
    dial::connect_all(&session, &editor).await;
    let mut prompt = Repl {
        editor,
        interrupts,
        looks,
        quiet,
        history,
        waiting: VecDeque::new(),
        running: None,
        changes: Changes::default(),
        expiry: Expiry::default(),
        is_leaving: false,
    };
    let fleet = Arc::clone(session.fleet());
    let exit = ends.or_done(&fleet, prompt.converse(&mut session)).await;
    if session.jobs().would_end() {
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

/// Opens the history; what it has to complain about is said at the prompt.
fn open_history(session: &Session) -> History {
    // Several shells may begin in the same millisecond.
    let number = clock::wall().0.wrapping_mul(100_000) + i64::from(std::process::id() % 100_000);
    let fleet = session.inventory().fleet().as_str();
    History::open_in_background(history::state_dir(), fleet, number)
}

/// The prompt under way.
struct Repl {
    editor: Editor,
    interrupts: Interrupts,
    looks: Looks,
    quiet: Quiet,
    history: History,
    /// Lines that were pasted together and have not had their turn.
    waiting: VecDeque<Waiting>,
    /// The line of the history that is being carried out.
    running: Option<i64>,
    changes: Changes,
    expiry: Expiry,
    /// The operator was told what is in the background, and has typed nothing since but to leave.
    is_leaving: bool,
}

/// What a line came to.
#[derive(Default)]
struct Came {
    exit: Exit,
    /// How many nodes ended in which state.
    states: String,
    /// The number of its result.
    result: Option<u32>,
    /// The operator leaves.
    leaves: bool,
    /// The operator did not agree to it.
    is_declined: bool,
}

impl Came {
    /// Nothing came of it.
    fn failed(exit: Exit) -> Self {
        Self {
            exit,
            ..Self::default()
        }
    }
}

impl Repl {
    async fn converse(&mut self, session: &mut Session) -> Result<Exit, ShellError> {
        let mut exit = Exit::OK;
        loop {
            if let Some(trouble) = self.trouble() {
                show::say(&trouble);
            }
            let text = match self.waiting.pop_front() {
                Some(Waiting { text, .. }) => {
                    let prompt = PromptState::of(session).text();
                    show::say(&format!("{prompt}{}\n", Clean::text(&text)));
                    text
                }
                None => match self.read(session).await? {
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
            let began = clock::mono();
            let came = match self.evaluate(session, &text).await {
                Ok(came) => came,
                Err(error) => {
                    // What is typed once the mistake can be read is for the next prompt.
                    let stop = Stop::after_error(error.exit());
                    let dropped = self.drop_what_follows(stop).await;
                    show::complain(&error);
                    show::say(&dropped);
                    exit = error.exit();
                    self.over(began, &Came::failed(exit));
                    self.is_leaving = false;
                    continue;
                }
            };
            exit = came.exit;
            self.over(began, &came);
            if came.leaves {
                if self.stays(session) {
                    continue;
                }
                return Ok(exit);
            }
            self.is_leaving = false;
            let declined = came.is_declined.then_some(Stop::Declined);
            if let Some(stop) = declined.or_else(|| Stop::after(exit)) {
                let dropped = self.drop_what_follows(stop).await;
                show::say(&dropped);
            }
        }
    }

    /// Notes in the history what came of the line.
    fn over(&self, began: Mono, came: &Came) {
        if let Some(id) = self.running {
            let outcome = Outcome {
                exit: came.exit.0,
                took: clock::mono().since(began),
                states: came.states.clone(),
                result: came.result,
            };
            self.history.ended(id, &outcome);
        }
    }

    /// Reads a line. The count of connected nodes in the prompt follows what the links find out,
    /// and the ends of runs in the background are told.
    async fn read(&mut self, session: &mut Session) -> Result<Typed, ShellError> {
        while let Some(number) = session.over_by_now() {
            show::say(&self.ended(session, number).await);
        }
        if let Some(lines) = self.notices(session) {
            show::say(&lines);
        }
        let state = PromptState::of(session);
        let scope = session.scope().map(|s| s.text.clone());
        if self.history.set_scope(scope) {
            self.editor.sample().forget();
        }
        // What was pressed while another line ran was meant for that one. What is pressed from here on
        // is the editor's, and from the moment when it lets go of the terminal the new line's.
        self.forget_keys()?;
        self.editor.ask(state, session.known());
        loop {
            tokio::select! {
                biased;
                next = self.editor.next() => match next {
                    Next::Typed(typed) => return Ok(typed),
                    Next::Asked(asked) => self.look_up(session, asked),
                },
                // One that was under way while the editor took the terminal.
                _ = self.interrupts.next() => {}
                number = session.over_aside() => {
                    let notice = self.ended(session, number).await;
                    self.editor.announce(&notice);
                }
                () = tokio::time::sleep(PROMPT_EVERY) => {
                    self.editor.refresh(PromptState::of(session));
                    if let Some(lines) = self.notices(session) {
                        self.editor.announce(&lines);
                    }
                }
            }
        }
    }

    fn forget_keys(&mut self) -> Result<(), ShellError> {
        let forgotten = self.interrupts.forget();
        forgotten.map_err(|e| ShellError::own(format!("take over Ctrl-C: {e}")))
    }

    /// Lets a node of the scope be asked, in the background, for what completion wants.
    fn look_up(&self, session: &Session, asked: Asked) {
        let sample = self.editor.sample().clone();
        let Asked(listing) = asked;
        let answer = session.ask_one(listing.command());
        tokio::spawn(async move {
            let output = match answer {
                Some(answer) => answer.await,
                None => Vec::new(),
            };
            sample.answer(listing, &output);
        });
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
        let stays = session.jobs().would_end() && !self.is_leaving;
        if stays {
            show::say(&session.leaving());
            self.is_leaving = true;
        }
        stays
    }

    /// Returns the first line of what was typed; a paste of several lets the others wait. Pasted
    /// lines are lines of their own, as in a script: a scope among them is one. In the history they
    /// are one; a blank at the beginning keeps it out.
    fn first_of(&mut self, session: &Session, text: &str) -> Option<String> {
        self.running = None;
        if text.contains(REDACTED) {
            show::complain(
                &ShellError::usage(format!("the line has `{REDACTED}` where a secret was"))
                    .hint("put the secret back in; the history keeps none"),
            );
            return None;
        }
        if !text.starts_with(' ') && !text.trim().is_empty() {
            match self.history.add(text, clock::wall()) {
                Ok(id) => {
                    self.running = Some(id);
                    if self.history.took_out_a_secret() {
                        show::say(SECRET_KEPT_OUT);
                    }
                }
                Err(error) => show::say(&format!("{error} in the history\n")),
            }
        }
        match statements(text, &session.known_names()) {
            Ok(found) => self.waiting.extend(found.into_iter().map(|s| Waiting {
                text: s.text,
                is_kept: self.running.is_some(),
            })),
            Err(error) => show::complain(&error),
        }
        self.waiting.pop_front().map(|first| first.text)
    }

    /// Carries one line out.
    #[expect(
        clippy::too_many_lines,
        reason = "what a line goes through, in its order"
    )]
    async fn evaluate(&mut self, session: &mut Session, text: &str) -> Result<Came, ShellError> {
        self.interrupts
            .unless_pressed(session.learn_for(text))
            .await?;
        self.looks.theme = session.settings.theme;
        let plan = session.read(text)?;
        if let Some(remark) = session.remark(&plan) {
            show::say(&remark);
        }
        let asks_nodes = matches!(&plan, LinePlan::Query(query) if query.source.asks_nodes());
        if let Some(question) = session.question(&plan)
            && !self.editor.confirm(question).await
        {
            show::say("nothing was run\n");
            return Ok(Came {
                is_declined: true,
                ..Came::default()
            });
        }
        let showing = Showing {
            looks: self.looks,
            is_quiet: false,
            prints: false,
            format: None,
        };
        let is_deed = matches!(&plan, LinePlan::Query(query) if query.deed.is_some());
        let interrupts = &mut self.interrupts;
        let answered = line::carry_out(
            session,
            Task::Plan(plan),
            interrupts,
            showing,
            None::<&mut Pen<()>>,
        )
        .await;
        Ok(match answered? {
            Answered::Nothing => Came::default(),
            Answered::Said(text) => {
                self.page(&text, session).await;
                Came::default()
            }
            Answered::Judged(text, exit) => {
                self.page(&text, session).await;
                Came {
                    exit,
                    ..Came::default()
                }
            }
            Answered::Done(text) => {
                show::say(&text);
                Came::default()
            }
            Answered::History(wanted) => {
                let look = self.looks.on_stdout();
                let now = clock::wall();
                let text = self
                    .history
                    .read(|book| history::table(&wanted.of(book), now, look));
                self.page(&text, session).await;
                Came::default()
            }
            Answered::Lines(lines) => {
                for line in lines.into_iter().rev() {
                    self.waiting.push_front(Waiting {
                        text: line.text,
                        is_kept: false,
                    });
                }
                Came::default()
            }
            Answered::Local(command) => {
                self.quiet.restore();
                let exit = self.run_local(&command).await;
                self.quiet.hush();
                self.forget_keys()?;
                Came {
                    exit: exit?,
                    ..Came::default()
                }
            }
            Answered::Result(mut shown) => {
                self.page_result(&shown, session).await;
                if let Some(run) = shown.detached {
                    show::say(&show::detached(run));
                }
                // A line that went on in the background comes back with its deed still to be asked about.
                if is_deed || shown.deed.is_some() {
                    return self.deed(session, &mut shown).await;
                }
                Came {
                    exit: shown.exit,
                    states: if asks_nodes {
                        show::states(&shown)
                    } else {
                        String::new()
                    },
                    result: Some(shown.number),
                    ..Came::default()
                }
            }
            Answered::Ended { exit, number } => Came {
                exit,
                result: number,
                ..Came::default()
            },
            Answered::Quit => Came {
                leaves: true,
                ..Came::default()
            },
        })
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
