//! `promote NAME`: the line that just worked becomes an automation's file.

use std::path::{Path, PathBuf};

use hailer_lang::ast::{Line, ResultRef, Source, Verb};
use hailer_lang::automation::{Chain, PromoteError, promote};
use hailer_lang::diagnostic::render_all;
use hailer_lang::parse::parse;
use hailer_protocol::clean::Clean;

use super::files::path_of;
use super::{Answered, Session};
use crate::authority::files::{PUBLIC, replace, write_new};
use crate::automation::EXTENSION;
use crate::error::ShellError;

/// Where files go unless somebody says otherwise.
const FOLDER: &str = "automations";

/// The most lines that one result goes back through.
const LINES_MAX: usize = 64;

/// What stands behind `promote`.
struct Asked {
    name: String,
    flags: Vec<(String, String)>,
    folder: PathBuf,
    is_forced: bool,
}

impl Session {
    /// Makes the file of the newest result's lines, and says what comes next.
    pub(super) fn promote_word(&self, args: &[String]) -> Result<Answered, ShellError> {
        let asked = asked(args)?;
        let chain = self.chain()?;
        let text = promote(&asked.name, &chain, &asked.flags, &self.inventory).map_err(|e| {
            match e {
                PromoteError::Refused { message, help } => ShellError::usage(message).hint(help),
                PromoteError::Mistakes { text, mistakes } => {
                    let all = render_all(&mistakes, &text);
                    ShellError::usage(format!("the automation would have mistakes\n{}", all.trim_end()))
                        .hint("flags of `promote` are clauses of the file: `--every 10s --for 30s --limit '1/30m per node'`")
                }
            }
        })?;
        let file = asked.folder.join(format!("{}.{EXTENSION}", asked.name));
        if !self.settings.dry_run {
            write(&asked.folder, &file, &text, asked.is_forced)?;
        }
        let shown = file.display().to_string();
        let folder = asked.folder.display().to_string();
        let (shown, folder) = (Clean::line(&shown), Clean::line(&folder));
        let verb = if self.settings.dry_run {
            "would be written to"
        } else {
            "written to"
        };
        Ok(Answered::Said(format!(
            "{}\n{verb} {shown}\nnext: look at it; `plan {folder}` says what it would change, `apply {folder} --yes` does that\n",
            Clean::text(&text)
        )))
    }

    /// The lines that led to the newest result, the first one first.
    fn chain(&self) -> Result<Chain, ShellError> {
        let none = || {
            ShellError::usage("there is no line to promote")
                .hint("ask the nodes something first, then `promote NAME`")
        };
        let (mut number, mut kept) = self.results.newest().next().ok_or_else(none)?;
        let words = self.inventory.known_names();
        let mut lines = Vec::new();
        loop {
            let parsed = parse(&kept.text, &words);
            let Some(Line::Query(line)) = &parsed.line else {
                return Err(ShellError::usage(format!(
                    "${number} is no answer to a question that could be watched"
                ))
                .hint("promote works on the last query; ask again, then `promote NAME`"));
            };
            lines.push(kept.text.clone());
            let has_deed = line
                .stages
                .iter()
                .any(|s| matches!(s.verb, Verb::Run { .. }));
            let Source::Result(of) = line.source else {
                lines.reverse();
                let own = line.scope.as_ref().map(|s| s.span.of(&kept.text));
                let on = own.unwrap_or(&kept.scope).to_owned();
                return Ok(Chain { on, lines });
            };
            let before = match of {
                ResultRef::Number(n) => n,
                // The rows in front of a deed are a result of the same line.
                ResultRef::Last => {
                    let same = self.results.newest().find(|(n, _)| n + 1 == number);
                    let is_same = has_deed && same.is_some_and(|(_, k)| k.text == kept.text);
                    number.saturating_sub(if is_same { 2 } else { 1 })
                }
            };
            let found = self.results.newest().find(|(n, _)| *n == before);
            let Some(found) = found.filter(|_| before < number && lines.len() < LINES_MAX) else {
                return Err(ShellError::usage(format!(
                    "${number} goes on from ${before}, which is not kept any more"
                ))
                .hint("ask again from the start, with the command or metric in it"));
            };
            (number, kept) = found;
        }
    }
}

fn asked(args: &[String]) -> Result<Asked, ShellError> {
    let mut asked = Asked {
        name: String::new(),
        flags: Vec::new(),
        folder: PathBuf::from(FOLDER),
        is_forced: false,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let Some(flag) = arg.strip_prefix("--") else {
            if asked.name.is_empty() {
                asked.name.clone_from(arg);
                continue;
            }
            return Err(ShellError::usage(format!(
                "`{}` stands behind the name `{}`",
                Clean::line(arg),
                asked.name
            ))
            .hint("flags have their value behind them, in quotes where it has blanks: `--limit '1/30m per node'`"));
        };
        if flag == "force" {
            asked.is_forced = true;
            continue;
        }
        let value = args.next().ok_or_else(|| {
            ShellError::usage(format!("`--{}` wants a value", Clean::line(flag)))
                .hint("`help promote` lists the flags")
        })?;
        if flag == "dir" {
            asked.folder = path_of(value);
        } else {
            asked.flags.push((flag.to_owned(), value.clone()));
        }
    }
    Ok(asked)
}

/// Writes the file whole or not at all, and over another one only if told so.
fn write(folder: &Path, file: &Path, text: &str, is_forced: bool) -> Result<(), ShellError> {
    if file.exists() && !is_forced {
        return Err(
            ShellError::usage(format!("{} is there already", file.display()))
                .hint("--force replaces it; or take another name"),
        );
    }
    std::fs::create_dir_all(folder).map_err(|e| {
        ShellError::own(format!("make the folder {}: {e}", folder.display()))
            .hint("nothing was written")
    })?;
    if is_forced {
        replace(file, text, PUBLIC)
    } else {
        write_new(file, text, PUBLIC)
    }
}
