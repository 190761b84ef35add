//! The thread that reads lines, and the channels to it.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc as blocking};

use hailer_lang::inventory::Inventory;
use reedline::{
    ColumnarMenu, DefaultHinter, EditCommand, Emacs, FileBackedHistory, KeyCode, KeyModifiers,
    MenuBuilder as _, Reedline, ReedlineEvent, ReedlineMenu, Signal, default_emacs_keybindings,
};
use tokio::sync::mpsc;

use super::completer::LineCompleter;
use super::highlighter::LineHighlighter;
use super::history::{self, LINES_MAX};
use super::notices::Notices;
use super::prompt::{LinePrompt, PromptState, Question};
use super::validator::LineValidator;

const MENU: &str = "completion";

/// What the operator typed.
#[derive(Debug)]
pub(super) enum Typed {
    /// A whole line.
    Line(String),
    /// Ctrl-C: what was typed is dropped.
    Interrupted,
    /// Ctrl-D on an empty line.
    End,
    /// The terminal is gone.
    Broken(io::Error),
}

/// What the thread is asked to do.
enum Request {
    Line {
        columns: Vec<(String, &'static str)>,
    },
    Confirm {
        question: String,
    },
    History {
        n: usize,
    },
}

/// What the thread answers.
enum Reply {
    Typed(Typed),
    Confirmed(bool),
    History(String),
}

/// The line editor, as the session sees it.
pub(super) struct Editor {
    requests: blocking::Sender<Request>,
    replies: mpsc::Receiver<Reply>,
    prompt: Arc<Mutex<PromptState>>,
    repaint: Box<dyn Fn() + Send>,
    notices: Notices,
}

impl Editor {
    /// Starts the thread.
    pub(super) fn start(
        inventory: Arc<Inventory>,
        color: bool,
        history: Option<PathBuf>,
    ) -> io::Result<Self> {
        let (requests, requests_rx) = blocking::channel();
        let (replies_tx, replies) = mpsc::channel(1);
        let prompt = Arc::new(Mutex::new(PromptState::default()));
        let columns = Arc::new(Mutex::new(Vec::new()));
        let notices = Notices::default();
        let mut reedline = build(&inventory, color, history.clone(), Arc::clone(&columns))
            .with_break_signal(Arc::clone(&notices.knock));
        let signal = reedline.repaint_signal();
        let repaint = Box::new(move || signal.request_repaint());
        let state = Arc::clone(&prompt);
        let said = notices.clone();
        std::thread::Builder::new()
            .name("line editor".to_owned())
            .spawn(move || {
                let prompt = LinePrompt::new(state, color);
                while let Ok(request) = requests_rx.recv() {
                    let reply = match request {
                        Request::Line { columns: now } => {
                            *columns.lock().unwrap_or_else(PoisonError::into_inner) = now;
                            let typed = read(&mut reedline, &prompt, &said);
                            // A terminal that is closed must not take the history with it.
                            let _ = reedline.sync_history();
                            Reply::Typed(typed)
                        }
                        Request::Confirm { question } => Reply::Confirmed(confirm(&question)),
                        Request::History { n } => {
                            Reply::History(history::list(reedline.history(), n))
                        }
                    };
                    if replies_tx.blocking_send(reply).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            requests,
            replies,
            prompt,
            repaint,
            notices,
        })
    }

    /// Asks for a line; [`Editor::typed`] returns it. `columns` are those of the last result.
    pub(super) fn ask(&mut self, state: PromptState, columns: Vec<(String, &'static str)>) {
        self.set(state);
        let _ = self.requests.send(Request::Line { columns });
    }

    /// Waits for what was asked for. Nothing is lost when the future is dropped.
    pub(super) async fn typed(&mut self) -> Typed {
        match self.replies.recv().await {
            Some(Reply::Typed(typed)) => typed,
            Some(Reply::Confirmed(_) | Reply::History(_)) => Typed::Interrupted,
            None => Typed::Broken(io::Error::other("the line editor has ended")),
        }
    }

    /// Says something above the line that is being typed. It ends in a newline.
    pub(super) fn announce(&self, notice: &str) {
        self.notices.add(notice);
    }

    /// Shows another state in the prompt that is being typed at, if it differs.
    pub(super) fn refresh(&mut self, state: PromptState) {
        if self.set(state) {
            (self.repaint)();
        }
    }

    fn set(&mut self, state: PromptState) -> bool {
        let mut now = self.prompt.lock().unwrap_or_else(PoisonError::into_inner);
        let differs = *now != state;
        *now = state;
        differs
    }

    /// Asks a question that `y` answers; anything else is no.
    pub(super) async fn confirm(&mut self, question: String) -> bool {
        let _ = self.requests.send(Request::Confirm { question });
        matches!(self.replies.recv().await, Some(Reply::Confirmed(true)))
    }

    /// Returns the last `n` lines that were run, as text.
    pub(super) async fn history(&mut self, n: usize) -> String {
        let _ = self.requests.send(Request::History { n });
        match self.replies.recv().await {
            Some(Reply::History(text)) => text,
            Some(Reply::Typed(_) | Reply::Confirmed(_)) | None => String::new(),
        }
    }
}

fn build(
    inventory: &Arc<Inventory>,
    color: bool,
    history: Option<PathBuf>,
    columns: Arc<Mutex<Vec<(String, &'static str)>>>,
) -> Reedline {
    let mut keys = default_emacs_keybindings();
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(vec![
            ReedlineEvent::Menu(MENU.to_owned()),
            ReedlineEvent::MenuNext,
        ]),
    );
    keys.add_binding(
        KeyModifiers::SHIFT,
        KeyCode::BackTab,
        ReedlineEvent::MenuPrevious,
    );
    keys.add_binding(
        KeyModifiers::ALT,
        KeyCode::Enter,
        ReedlineEvent::Edit(vec![EditCommand::InsertNewline]),
    );
    let names = inventory.known_names();
    let menu = ColumnarMenu::default().with_name(MENU).with_marker("");
    let mut reedline = Reedline::create()
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(LineValidator::new(names.clone())))
        .with_highlighter(Box::new(LineHighlighter::new(names, color)))
        .with_completer(Box::new(LineCompleter::new(Arc::clone(inventory), columns)))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_history_exclusion_prefix(Some(" ".to_owned()))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_ansi_colors(color)
        // A paste of several lines waits for Enter like anything typed.
        .use_bracketed_paste(true);
    if color {
        let style = nu_ansi_term::Style::new().fg(nu_ansi_term::Color::DarkGray);
        reedline = reedline.with_hinter(Box::new(DefaultHinter::default().with_style(style)));
    }
    // Without a place to keep it, the history lives as long as the shell.
    let private = history.filter(|file| history::make_private(file).is_ok());
    match private.and_then(|file| FileBackedHistory::with_file(LINES_MAX, file).ok()) {
        Some(kept) => reedline.with_history(Box::new(kept)),
        None => reedline,
    }
}

fn read(reedline: &mut Reedline, prompt: &LinePrompt, notices: &Notices) -> Typed {
    match notices.read(reedline, prompt) {
        Ok(Signal::Success(line)) => Typed::Line(line),
        Ok(Signal::CtrlD) => Typed::End,
        // Signals that nothing here sends count as an interrupted line.
        Ok(_) => Typed::Interrupted,
        Err(e) => Typed::Broken(e),
    }
}

/// Asks with a line editor of its own, so that Ctrl-C means no, and the answer is no history.
fn confirm(question: &str) -> bool {
    let question = Question(format!("{question} [y/N] "));
    let mut editor = Reedline::create().with_ansi_colors(false);
    match editor.read_line(&question) {
        Ok(Signal::Success(answer)) => matches!(answer.trim(), "y" | "Y" | "yes"),
        Ok(_) | Err(_) => false,
    }
}
