//! The thread that reads lines: reedline, and what reedline leaves to us.

use std::io;
use std::sync::Arc;
use std::sync::mpsc as blocking;

use hailer_protocol::clean::Clean;
use reedline::{EditCommand, Reedline, ReedlineMenu, Signal, ValidationResult, Validator as _};
use tokio::sync::mpsc;

use super::complete::{LineCompleter, World};
use super::highlighter::LineHighlighter;
use super::keys::{Ahead, Keys, Pressed};
use super::menu::TabMenu;
use super::past::{Hint, Past};
use super::prompt::{LinePrompt, Question};
use super::quiet;
use super::screen::Screen;
use super::search::Search;
use super::validator::LineValidator;
use crate::history::History;
use crate::show;
use crate::view::pager::is_dumb;

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
#[derive(Debug)]
pub(super) enum Request {
    /// Read a line.
    Line,
    /// Ask a question.
    Confirm(String),
    /// Drop the lines that were typed ahead.
    Forget,
    /// Take in what was typed ahead.
    Look,
}

/// What the thread answers.
#[derive(Debug)]
pub(super) enum Reply {
    /// What was typed.
    Typed(Typed),
    /// Whether the answer was yes.
    Confirmed(bool),
    /// How many lines were dropped.
    Forgotten(Vec<String>),
    /// Whether there is anything that was typed ahead.
    Ahead(bool),
}

/// What a line editor is made of.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) world: World,
    pub(super) color: bool,
    pub(super) history: History,
    pub(super) screen: Arc<Screen>,
    pub(super) ahead: Ahead,
}

/// Reads lines.
pub(super) struct Reader {
    parts: Parts,
    reedline: Reedline,
    prompt: LinePrompt,
    /// Keys that were pressed ahead, as they are typed anew.
    keys: Keys,
    validator: LineValidator,
}

impl Reader {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            reedline: build(&parts),
            prompt: LinePrompt::new(Arc::clone(&parts.screen), parts.color),
            keys: Keys::new(Ahead::default()),
            validator: LineValidator::new(parts.world.inventory.known_names()),
            parts,
        }
    }

    /// Answers requests until nobody asks any more.
    pub(super) fn serve(
        mut self,
        requests: &blocking::Receiver<Request>,
        replies: &mpsc::Sender<Reply>,
    ) {
        while let Ok(request) = requests.recv() {
            let reply = match request {
                Request::Line => Reply::Typed(self.line()),
                Request::Confirm(question) => Reply::Confirmed(self.confirm(&question)),
                Request::Forget => {
                    // What cannot be read now is noticed by whoever reads the next line.
                    let _ = self.parts.ahead.collect();
                    Reply::Forgotten(self.parts.ahead.drop_lines())
                }
                Request::Look => {
                    let _ = self.parts.ahead.collect();
                    Reply::Ahead(!self.parts.ahead.is_empty())
                }
            };
            if replies.blocking_send(reply).is_err() {
                return;
            }
        }
    }

    /// Reads a line, of keys that were pressed ahead if there are enough.
    fn line(&mut self) -> Typed {
        if let Err(e) = self.parts.ahead.collect() {
            return Typed::Broken(e);
        }
        if self.parts.ahead.was_cut() {
            show::say("more was typed ahead than is kept; the end of it is lost\n");
        }
        self.parts.history.refresh();
        if let Some(typed) = self.typed_ahead() {
            return typed;
        }
        loop {
            self.parts.ahead.begin();
            let signal = self.reedline.read_line(&self.prompt);
            quiet::mark_pastes();
            let point = self.reedline.current_insertion_point();
            let was_blank = self.parts.screen.flush();
            match signal {
                Ok(Signal::Success(line)) => {
                    if was_blank {
                        self.echo(&line);
                    }
                    return Typed::Line(line);
                }
                Ok(Signal::ExternalBreak(text)) => self.go_on(text, point),
                Ok(Signal::CtrlD) => return Typed::End,
                // Signals that nothing here sends count as an interrupted line.
                Ok(_) => return Typed::Interrupted,
                Err(e) => return Typed::Broken(io::Error::other(e.to_string())),
            }
        }
    }

    /// Goes on with a line that was interrupted. The editor would paint it where it was, over what was
    /// printed meanwhile: a new one paints it where the cursor is.
    fn go_on(&mut self, text: String, point: usize) {
        self.reedline = build(&self.parts);
        self.reedline.run_edit_commands(&[
            EditCommand::InsertString(text),
            EditCommand::MoveToPosition {
                position: point,
                select: false,
            },
        ]);
    }

    /// Types what was pressed ahead; returns what it comes to, if that is more than the beginning of a
    /// line.
    fn typed_ahead(&mut self) -> Option<Typed> {
        while let Some(event) = self.parts.ahead.pop() {
            match self.keys.pressed(event) {
                Pressed::Edit(commands) => self.reedline.run_edit_commands(&commands),
                Pressed::Enter => {
                    let line = self.reedline.current_buffer_contents().to_owned();
                    if matches!(self.validator.validate(&line), ValidationResult::Incomplete) {
                        self.reedline
                            .run_edit_commands(&[EditCommand::InsertNewline]);
                        continue;
                    }
                    self.reedline.run_edit_commands(&[EditCommand::Clear]);
                    self.echo(&line);
                    return Some(Typed::Line(line));
                }
                Pressed::Interrupt => self.reedline.run_edit_commands(&[EditCommand::Clear]),
                Pressed::End if self.reedline.current_buffer_contents().is_empty() => {
                    return Some(Typed::End);
                }
                Pressed::End | Pressed::Nothing => {}
            }
        }
        None
    }

    /// Shows a line behind its prompt, as if it had been typed there.
    fn echo(&self, line: &str) {
        let prompt = self.parts.screen.prompt().text();
        show::say(&format!("{prompt}{}\n", Clean::text(line)));
    }

    /// Asks with a line editor of its own, so that Ctrl-C means no, and the answer is no history. What
    /// was typed before the question was there does not answer it.
    fn confirm(&mut self, question: &str) -> bool {
        if self.parts.ahead.collect().is_err() {
            return false;
        }
        let question = Question(format!("{question} [y/N] "));
        let mut editor = Reedline::create().with_ansi_colors(false);
        let answer = editor.read_line(&question);
        quiet::mark_pastes();
        match answer {
            Ok(Signal::Success(answer)) => matches!(answer.trim(), "y" | "Y" | "yes"),
            Ok(_) | Err(_) => false,
        }
    }
}

fn build(parts: &Parts) -> Reedline {
    let names = parts.world.inventory.known_names();
    let screen = || Arc::clone(&parts.screen);
    let completer = LineCompleter::new(parts.world.clone());
    let search = Search::new(parts.history.clone(), parts.color);
    let reedline = Reedline::create()
        .with_edit_mode(Box::new(Keys::new(parts.ahead.clone())))
        .with_validator(Box::new(LineValidator::new(names.clone())))
        .with_highlighter(Box::new(LineHighlighter::new(
            names,
            parts.color,
            screen(),
            parts.world.clone(),
        )))
        .with_completer(Box::new(completer))
        .with_history(Box::new(Past::new(parts.history.clone())))
        .with_history_exclusion_prefix(Some(" ".to_owned()))
        .with_hinter(Box::new(Hint::new(parts.history.clone(), screen())))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_ansi_colors(parts.color)
        .with_break_signal(parts.screen.interrupt())
        // A paste of several lines waits for Enter like anything typed.
        .use_bracketed_paste(true);
    // A terminal that only prints has no place for a menu, and nothing to draw the search in.
    let mut reedline = if is_dumb() {
        reedline
    } else {
        reedline
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(TabMenu::new())))
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(search)))
    };
    let signal = reedline.repaint_signal();
    parts.screen.set_repaint(move || signal.request_repaint());
    reedline
}
