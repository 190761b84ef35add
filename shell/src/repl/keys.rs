//! Keys: what they do, and what was pressed while nobody read.
//!
//! The terminal hands keys out in bunches, and reedline drops what stands behind the Ctrl-C that ends
//! a line. What is typed while a line runs is read by nobody at all. Both are kept here, in their
//! order, and typed anew at the next prompt: a paste stays a paste, and Enter is Enter.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossterm::event::{self, Event};
use reedline::{
    EditCommand, EditMode, Emacs, KeyCode, KeyModifiers, Keybindings, PromptEditMode,
    ReedlineEvent, ReedlineRawEvent, default_emacs_keybindings,
};

use super::menu::MENU;
use super::search::SEARCH;

/// Keys that are kept of what is typed ahead.
const AHEAD_MAX: usize = 64 << 10;

/// Returns what the keys do.
pub(super) fn bindings() -> Keybindings {
    let mut keys = default_emacs_keybindings();
    let menu = |name: &str| ReedlineEvent::Menu(name.to_owned());
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(vec![menu(MENU), ReedlineEvent::MenuNext]),
    );
    // In the search the same key goes from the lines of every scope to those of this one, and back.
    keys.add_binding(
        KeyModifiers::CONTROL,
        KeyCode::Char('r'),
        ReedlineEvent::UntilFound(vec![menu(SEARCH), ReedlineEvent::MenuPageNext]),
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
    keys
}

/// What a key that was pressed ahead comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Pressed {
    /// The text changes.
    Edit(Vec<EditCommand>),
    /// The line is whole, or goes on.
    Enter,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    End,
    /// A key that does nothing ahead of its prompt.
    Nothing,
}

/// Keys that were pressed and have not had their turn. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead {
    inner: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<Event>,
    /// The line has ended; what comes is for the next.
    is_over: bool,
    was_cut: bool,
}

impl Queue {
    fn push(&mut self, event: Event) {
        if self.events.len() < AHEAD_MAX {
            self.events.push_back(event);
        } else {
            self.was_cut = true;
        }
    }
}

impl Ahead {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the terminal has by now.
    ///
    /// # Errors
    /// When the terminal cannot be read.
    pub(super) fn collect(&self) -> io::Result<()> {
        while event::poll(Duration::ZERO)? {
            let event = event::read()?;
            self.lock().push(event);
        }
        Ok(())
    }

    /// A new line is read: keys are for it again.
    pub(super) fn begin(&self) {
        self.lock().is_over = false;
    }

    /// Returns the next key.
    pub(super) fn pop(&self) -> Option<Event> {
        self.lock().events.pop_front()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        let queue = self.lock();
        !queue
            .events
            .iter()
            .any(|e| matches!(e, Event::Key(_) | Event::Paste(_)))
    }

    /// Drops whole lines; the beginning of another stays. Returns what was dropped, as far as its
    /// keys are text.
    pub(super) fn drop_lines(&self) -> Vec<String> {
        let mut queue = self.lock();
        let is_enter = |e: &Event| matches!(e, Event::Key(k) if k.code == KeyCode::Enter);
        let Some(last) = queue.events.iter().rposition(is_enter) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let mut line = String::new();
        for event in queue.events.drain(..=last) {
            match event {
                Event::Paste(text) => line.push_str(&text),
                Event::Key(key) => {
                    let is_text = !key.modifiers.contains(KeyModifiers::CONTROL);
                    // Keys that move are played by the editor; here they are of no use.
                    if key.code == KeyCode::Enter {
                        lines.push(std::mem::take(&mut line));
                    } else if key.code == KeyCode::Backspace {
                        line.pop();
                    } else if let (KeyCode::Char(c), true) = (key.code, is_text) {
                        line.push(c);
                    }
                }
                Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Resize(..) => {}
            }
        }
        lines
    }

    /// Returns, once, whether more was typed than is kept.
    pub(super) fn was_cut(&self) -> bool {
        std::mem::take(&mut self.lock().was_cut)
    }
}

/// Keys as reedline asks for them.
pub(super) struct Keys {
    emacs: Emacs,
    ahead: Ahead,
}

impl Keys {
    pub(super) fn new(ahead: Ahead) -> Self {
        Self {
            emacs: Emacs::new(bindings()),
            ahead,
        }
    }

    /// Returns what a key comes to ahead of its prompt.
    pub(super) fn pressed(&mut self, event: Event) -> Pressed {
        let Ok(event) = ReedlineRawEvent::try_from(event) else {
            return Pressed::Nothing;
        };
        let event = self.emacs.parse_event(event);
        if let ReedlineEvent::Edit(commands) = event {
            Pressed::Edit(commands)
        } else if matches!(event, ReedlineEvent::Enter | ReedlineEvent::Submit) {
            Pressed::Enter
        } else if event == ReedlineEvent::CtrlC {
            Pressed::Interrupt
        } else if event == ReedlineEvent::CtrlD {
            Pressed::End
        } else {
            Pressed::Nothing
        }
    }
}

impl EditMode for Keys {
    fn parse_event(&mut self, event: ReedlineRawEvent) -> ReedlineEvent {
        let mut queue = self.ahead.lock();
        if queue.is_over {
            queue.push(event.into());
            return ReedlineEvent::None;
        }
        let parsed = self.emacs.parse_event(event);
        queue.is_over = matches!(parsed, ReedlineEvent::CtrlC);
        parsed
    }

    fn edit_mode(&self) -> PromptEditMode {
        self.emacs.edit_mode()
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    fn raw(event: Event) -> ReedlineRawEvent {
        ReedlineRawEvent::try_from(event).expect("a key that is pressed")
    }

    #[test]
    fn what_is_typed_in_the_same_instant_behind_ctrl_c_is_kept_for_the_next_line() {
        let ahead = Ahead::default();
        let mut keys = Keys::new(ahead.clone());
        let plain = |c| key(KeyCode::Char(c), KeyModifiers::NONE);
        let interrupt = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(matches!(
            keys.parse_event(raw(plain('a'))),
            ReedlineEvent::Edit(_)
        ));
        assert_eq!(keys.parse_event(raw(interrupt)), ReedlineEvent::CtrlC);
        let enter = key(KeyCode::Enter, KeyModifiers::NONE);
        for event in [plain('l'), plain('s'), enter.clone()] {
            assert_eq!(keys.parse_event(raw(event)), ReedlineEvent::None);
        }
        assert_eq!(ahead.pop(), Some(plain('l')));
        assert_eq!(ahead.pop(), Some(plain('s')));
        assert_eq!(keys.pressed(ahead.pop().expect("Enter")), Pressed::Enter);
        assert_eq!(ahead.pop(), None);
        ahead.begin();
        assert!(matches!(
            keys.parse_event(raw(plain('x'))),
            ReedlineEvent::Edit(_)
        ));
    }

    #[test]
    fn lines_behind_one_that_failed_are_dropped_and_the_beginning_of_another_stays() {
        let ahead = Ahead::default();
        let enter = || key(KeyCode::Enter, KeyModifiers::NONE);
        let plain = |c| key(KeyCode::Char(c), KeyModifiers::NONE);
        for event in [plain('a'), enter(), plain('b'), enter(), plain('c')] {
            ahead.lock().push(event);
        }
        assert_eq!(ahead.drop_lines().len(), 2);
        assert_eq!(ahead.pop(), Some(plain('c')));
        assert!(ahead.drop_lines().is_empty());
    }

    #[test]
    fn a_paste_ahead_is_text_and_never_enter() {
        let mut keys = Keys::new(Ahead::default());
        let pasted = keys.pressed(Event::Paste("rm -rf x\nls\n".to_owned()));
        assert!(matches!(pasted, Pressed::Edit(_)), "{pasted:?}");
    }

    #[test]
    fn what_is_typed_ahead_is_bounded_and_says_so() {
        let ahead = Ahead::default();
        for _ in 0..=AHEAD_MAX {
            ahead
                .lock()
                .push(key(KeyCode::Char('x'), KeyModifiers::NONE));
        }
        assert!(ahead.was_cut());
        assert!(!ahead.was_cut(), "once");
    }
}
