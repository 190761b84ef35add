//! A session's saved lines: names are replaced before a line is read, and `let` and `unlet` change
//! them, here and in the operator's file.

use hailer_lang::parse::KnownNames;
use hailer_lang::plan::LinePlan;
use hailer_lang::saved::Saved;
use hailer_protocol::clean::Clean;

use super::{Answered, Session};
use crate::config::LinesFile;
use crate::error::ShellError;
use crate::script;
use crate::settings::NodeShell;

impl Session {
    /// Reads the operator's saved lines, and keeps new ones there. Returns what was wrong in them.
    pub fn keep_lines_in(&mut self, file: LinesFile) -> Vec<ShellError> {
        let (saved, errors) = file.read(&self.inventory);
        self.saved = saved;
        self.lines_file = Some(file);
        errors
    }

    /// Carries out one of the lines that every prompt begins with: a `set` or a `let`, which is not
    /// written to the operator's file.
    ///
    /// # Errors
    /// When it cannot be carried out.
    pub fn first_line(&mut self, text: &str) -> Result<(), ShellError> {
        let file = self.lines_file.take();
        let done = match self.read(text) {
            Ok(LinePlan::Shell(line)) => self.shell_word(&line.word, &line.args).map(drop),
            Ok(_) => Err(ShellError::usage("only `set` and `let` may stand here")),
            Err(error) => Err(error),
        };
        self.lines_file = file;
        done
    }

    /// Returns the saved lines.
    #[must_use]
    pub const fn saved(&self) -> &Saved {
        &self.saved
    }

    /// Returns what the parser has to know.
    #[must_use]
    pub fn known_names(&self) -> KnownNames {
        KnownNames {
            is_bash: self.settings.shell == NodeShell::Bash,
            ..self.inventory.known_names()
        }
    }

    /// Puts saved lines and selectors in the place of their names.
    ///
    /// # Errors
    /// When names stand for each other, or for too much.
    pub fn expand(&self, text: &str) -> Result<String, ShellError> {
        let expanded = self.saved.expand(text, &self.inventory);
        expanded
            .map(|e| e.text)
            .map_err(|e| ShellError::usage(e.to_string()).hint("`let` shows what names stand for"))
    }

    /// `let`, `let NAME`, `let NAME = LINE`.
    pub(super) fn let_word(&mut self, args: &[String]) -> Result<Answered, ShellError> {
        match args {
            [] => {
                let width = self.saved.iter().map(|(name, _)| name.len()).max();
                let Some(width) = width else {
                    return Ok(Answered::Said(
                        "no names yet; `let NAME = LINE` gives a line one\n".to_owned(),
                    ));
                };
                let lines = self.saved.iter();
                let lines = lines.map(|(n, l)| format!("{n:<width$}  {}\n", Clean::line(l)));
                Ok(Answered::Said(lines.collect()))
            }
            [name] => match self.saved.get(name) {
                Some(line) => Ok(Answered::Said(format!("{name} = {}\n", Clean::text(line)))),
                None => Err(self.no_such_name(name)),
            },
            [name, line, ..] => {
                let before = self.saved.get(name).map(str::to_owned);
                self.saved
                    .insert(name, line, &self.inventory)
                    .map_err(|e| {
                        ShellError::usage(e.to_string())
                            .hint("nothing was saved; take another name")
                    })?;
                if let Some(file) = &self.lines_file {
                    file.change(name, Some(line))?;
                }
                let before = before.filter(|before| before != line);
                let before =
                    before.map_or_else(String::new, |b| format!(", and no longer for `{b}`"));
                Ok(self.done(&format!("`{name}` stands for `{line}`{before}")))
            }
        }
    }

    /// `unlet NAME`.
    pub(super) fn unlet_word(&mut self, args: &[String]) -> Result<Answered, ShellError> {
        let name = args.first().map_or("", String::as_str);
        let Some(line) = self.saved.remove(name) else {
            return Err(self.no_such_name(name));
        };
        if let Some(file) = &self.lines_file {
            file.change(name, None)?;
        }
        Ok(self.done(&format!("`{name}` no longer stands for `{line}`")))
    }

    /// What was done with a name, and whether that outlives the session.
    fn done(&self, what: &str) -> Answered {
        let until = match self.lines_file {
            Some(_) => "",
            None => ", until this session ends",
        };
        Answered::Done(format!("{}{until}\n", Clean::line(what)))
    }

    /// `source FILE`.
    pub(super) fn source_word(&self, args: &[String]) -> Result<Answered, ShellError> {
        let file = args.first().map_or("", String::as_str);
        script::load(std::path::Path::new(file), &self.known_names()).map(Answered::Lines)
    }

    fn no_such_name(&self, name: &str) -> ShellError {
        let names = self.saved.iter().map(|(name, _)| name);
        let error = ShellError::usage(format!("no line is called `{name}`"));
        match hailer_lang::nearest::nearest(name, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`let` lists the names"),
        }
    }
}
