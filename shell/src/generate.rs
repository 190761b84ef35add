//! The man page and shell completions, made from the arguments themselves.

use std::io::{self, Write as _};

use clap_complete::Shell;

use crate::cli::Generate;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::show;

/// Writes one of them to standard output; returns the exit code.
#[must_use]
pub fn print(what: Generate, command: clap::Command) -> Exit {
    let text = text(what, command);
    match text.and_then(|text| io::stdout().lock().write_all(&text)) {
        Ok(()) => Exit::OK,
        // Whoever stopped reading wants no more.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::OK,
        Err(e) => {
            let error = ShellError::own(format!("write to standard output: {e}"));
            show::complain(&error);
            error.exit()
        }
    }
}

fn text(what: Generate, command: clap::Command) -> io::Result<Vec<u8>> {
    let mut command = without_hidden(&command);
    let mut text = Vec::new();
    let shell = match what {
        Generate::Man => {
            clap_mangen::Man::new(command).render(&mut text)?;
            return Ok(text);
        }
        Generate::CompleteBash => Shell::Bash,
        Generate::CompleteZsh => Shell::Zsh,
        Generate::CompleteFish => Shell::Fish,
    };
    clap_complete::generate(shell, &mut command, "hailer", &mut text);
    Ok(text)
}

/// The same command without what is hidden, which completions would show.
fn without_hidden(command: &clap::Command) -> clap::Command {
    let mut seen = clap::Command::new("hailer")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true);
    for (text, set) in [
        (command.get_about(), clap::Command::about as fn(_, _) -> _),
        (command.get_long_about(), clap::Command::long_about),
        (command.get_after_help(), clap::Command::after_help),
    ] {
        if let Some(text) = text {
            seen = set(seen, text.clone());
        }
    }
    let subcommands = command.get_subcommands().filter(|c| !c.is_hide_set());
    seen.args(command.get_arguments()).subcommands(subcommands)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn each_of_them_names_the_flags() {
        for what in Generate::value_variants() {
            let text = text(*what, Cli::command()).expect("renders");
            let text = String::from_utf8(text).expect("text");
            assert!(text.replace('\\', "").contains("max-in-flight"), "{what:?}");
            assert!(
                !text.contains("exec-helper"),
                "{what:?} shows what is hidden"
            );
        }
    }
}
