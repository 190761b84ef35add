//! `hailer help [WORD]`: the program's own commands, and the language's words.

use std::io;

use clap::CommandFactory as _;

use super::help;
use crate::cli::Cli;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::show;

/// Shows the help of the program, of one of its commands, or of a word of the language.
#[must_use]
pub fn on_program(word: Option<&str>) -> Exit {
    let mut program = Cli::command();
    program.build();
    let of_command = match word {
        None => Some(program.render_help().to_string()),
        Some(word) => program
            .get_subcommands_mut()
            .find(|command| command.get_name() == word && !command.is_hide_set())
            .map(|command| command.render_help().to_string()),
    };
    let text = match (of_command, word) {
        // Some words are both: `run` is a command of the program, and a verb.
        (Some(text), Some(word)) if word != "help" => match help(Some(word)) {
            Ok(page) => Ok(format!("{text}\nIn the language, `{word}` is:\n\n{page}")),
            Err(_) => Ok(text),
        },
        (Some(text), None) => Ok(format!(
            "{text}\n`hailer help language` is the language on one screen.\n"
        )),
        (Some(_) | None, word) => help(word),
    };
    match text {
        Ok(text) => match show::write(&text) {
            Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
                show::complain(&ShellError::own(format!("write the help: {e}")));
                Exit::OWN_FAILURE
            }
            Ok(()) | Err(_) => Exit::OK,
        },
        Err(error) => {
            show::complain(&error);
            error.exit()
        }
    }
}
