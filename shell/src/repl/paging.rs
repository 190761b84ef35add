//! The pager: a program of the operator's own that has the terminal for as long as it shows a text.
//!
//! What was typed before it began is the prompt's: then nothing is paged. A pager that shows nothing
//! swallows nothing either: the text is printed, and why is said.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use hailer_protocol::clean::Clean;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Signal, kill_current_process_group};

use super::Repl;
use crate::interrupt::{Interrupts, Key};
use crate::session::{Session, Shown};
use crate::show::{self, Length};
use crate::view::pager;

/// How often a pager that stopped itself is continued, once Ctrl-Z was pressed.
const CONTINUE_EVERY: Duration = Duration::from_millis(250);

impl Repl {
    /// Shows words, through the pager where they are longer than the screen.
    pub(super) async fn page(&mut self, text: &str, session: &Session) {
        if let Some(command) = self.pager_for(text, session).await
            && self.through(text, &command).await
        {
            return;
        }
        show::say(text);
    }

    /// Shows a result. In a pager nothing of it is left out, and what stands at its end is said again
    /// when the pager has gone. What precedes a question is not paged.
    pub(super) async fn page_result(&mut self, shown: &Shown, session: &Session) {
        let text = show::result(shown, session.inventory(), self.looks, Length::Short);
        if shown.deed.is_none()
            && let Some(command) = self.pager_for(&text, session).await
        {
            let whole = show::result(shown, session.inventory(), self.looks, Length::Whole);
            if self.through(&whole, &command).await {
                show::say(&show::end_of(shown, session.inventory(), self.looks));
                return;
            }
        }
        show::say(&text);
    }

    /// Returns the pager's command if the text wants one and nothing waits behind it: neither lines of
    /// a paste nor keys, which would be the pager's commands.
    async fn pager_for(&mut self, text: &str, session: &Session) -> Option<String> {
        let command = pager::command_for(text, &session.settings.pager)?;
        let waits = !self.waiting.is_empty() || self.editor.has_typed_ahead().await;
        (!waits).then_some(command)
    }

    /// Lets a pager show a text, and says so where it did not. Returns whether it did.
    async fn through(&mut self, text: &str, command: &str) -> bool {
        self.quiet.restore();
        let paged = page(text, command, &mut self.interrupts).await;
        self.quiet.hush();
        match paged {
            Ok(()) => true,
            Err(why) => {
                let said = format!("the pager `{command}` {why}; `set pager off` prints at once");
                show::say(&format!("{}\n", Clean::line(&said)));
                false
            }
        }
    }
}

/// Shows a text in a pager, which has the keys meanwhile.
///
/// # Errors
/// When it showed nothing, or ended as if it had not: why, as in "the pager … ended with exit code 1".
async fn page(text: &str, command: &str, interrupts: &mut Interrupts) -> Result<(), String> {
    let cannot = |e: &dyn std::fmt::Display| format!("could not be started: {e}");
    let mut file = in_memory(text).map_err(|e| cannot(&e))?;
    let stdin = file.try_clone().map_err(|e| cannot(&e))?;
    let mut child = tokio::process::Command::new("/bin/sh")
        .arg("-c")
        .arg(pager::script(command))
        .envs(pager::variables(|name| std::env::var(name).ok()))
        .env_remove("LESSSECURE_ALLOW")
        .stdin(stdin)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| cannot(&e))?;
    let (mut was_interrupted, mut may_have_stopped) = (false, false);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(|e| format!("was lost: {e}"))?,
            key = interrupts.next() => match key {
                Key::Interrupt => was_interrupted = true,
                Key::Suspend => may_have_stopped = true,
            },
            // Nobody else would continue one that stops itself: its shell and this one are awake.
            () = tokio::time::sleep(CONTINUE_EVERY), if may_have_stopped => {
                let _ = kill_current_process_group(Signal::CONT);
            }
        }
    };
    // Both have one position in the text: at the beginning, nothing was read.
    let was_read = file.stream_position().is_ok_and(|at| at > 0);
    if was_read && (status.success() || was_interrupted) {
        return Ok(());
    }
    Err(ending(status))
}

/// Returns a file without a name that has this text, to be read from its beginning.
fn in_memory(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("hailer-pager", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "showed nothing".to_owned(),
        (Some(127), _) => "was not found".to_owned(),
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
