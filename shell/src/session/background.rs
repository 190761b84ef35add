//! The session's side of runs in the background: `jobs`, `jobs attach`, `cancel`, and their ends.

use std::fmt::Write as _;
use std::time::Duration;

use hailer_lang::run_name::RunName;
use hailer_protocol::clean::Clean;

use super::{Answered, Begun, Session, Shown};
use crate::clock;
use crate::error::ShellError;
use crate::fleet::Control;
use crate::jobs::{Jobs, Listed, Progress};
use crate::running::{Heard, Running};
use crate::view::measure::elapsed;

/// Columns of a line or a scope in a list; a longer one is cut, and ends in `…`.
const TEXT_MAX: usize = 60;

/// What to do where nothing is in the background.
const NOTHING_THERE: &str =
    "Ctrl-Z lets a line under way go on there, `jobs all` asks the nodes for detached runs";

/// How long leaving waits for nodes to confirm that they ended what ran in the background. It is
/// longer than a cancel waits to be confirmed.
const LEAVE_WITHIN: Duration = Duration::from_secs(8);

impl Session {
    /// Returns the runs in the background.
    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Lets a run go on in the background, and says so.
    pub(crate) fn send_aside(&mut self, running: Box<Running>) -> String {
        let n = running.number;
        let text = cut(&running.query.text);
        self.results.set_running(n, true);
        self.jobs.park(running);
        format!("[{n}] runs on: {text} · `jobs attach {n}` shows it, `cancel {n}` ends it\n")
    }

    /// `jobs` and `jobs attach [N|RUN]`; `jobs all` is a query.
    pub(super) async fn jobs_word(&mut self, args: &[String]) -> Result<Begun, ShellError> {
        match args {
            [] => Ok(Begun::Answered(Answered::Said(self.list_jobs()))),
            [_, run, ..] => self.attach(Some(run), false).await,
            [_] => self.attach(None, false).await,
        }
    }

    /// `cancel [N|RUN]`.
    pub(super) async fn cancel_word(&mut self, args: &[String]) -> Result<Begun, ShellError> {
        self.attach(args.first(), true).await
    }

    /// Takes a run out of the background, by its number, or the last one; or finds a detached one.
    async fn attach(&mut self, name: Option<&String>, ends: bool) -> Result<Begun, ShellError> {
        let number = match name.map(|text| (text, RunName::of(text))) {
            Some((_, Some(RunName::Id(id)))) => return self.follow_detached(&id, ends).await,
            Some((_, Some(RunName::Number(number)))) => number,
            Some((text, None)) => {
                return Err(ShellError::usage(format!("there is no run `{text}`")).hint(
                    "a run is named by its number, or the beginning of a detached one's id: \
                         `jobs` lists those of this shell, `jobs all` the detached ones",
                ));
            }
            None => self.jobs.last().ok_or_else(|| {
                ShellError::usage("nothing is in the background").hint(NOTHING_THERE)
            })?,
        };
        let mut running = self.taken(number).await?;
        running.is_aside = false;
        if ends {
            running.wish(Control::Cancel);
        }
        Ok(Begun::Running(running))
    }

    async fn taken(&mut self, number: u32) -> Result<Box<Running>, ShellError> {
        if !self.jobs.has(number) && self.results.is_kept(number) {
            return Err(
                ShellError::usage(format!("the run ${number} has ended")).hint(format!(
                    "`${number}` shows its result, `${number} |> …` goes on from it"
                )),
            );
        }
        let running = self.jobs.take(number).await;
        self.results.set_running(number, false);
        running
    }

    /// Waits until a run in the background is over and returns its number; for ever while there is
    /// none. May be dropped and called again.
    pub(crate) async fn over_aside(&mut self) -> u32 {
        self.jobs.over().await
    }

    /// Returns the number of a run in the background that is over, if there is one.
    pub(crate) fn over_by_now(&mut self) -> Option<u32> {
        self.jobs.over_by_now()
    }

    /// Takes the result of a run in the background in, which is over. The line is told with it.
    pub(crate) async fn collect(&mut self, number: u32) -> (String, Result<Shown, ShellError>) {
        let mut running = match self.taken(number).await {
            Ok(running) => running,
            Err(error) => return (String::new(), Err(error)),
        };
        let shown = loop {
            match running.heard().await {
                Heard::Event(_) => {}
                Heard::Ended(Ok(finished)) => break self.finish(&running, finished).await,
                Heard::Ended(Err(error)) => break Err(error),
            }
        };
        (cut(&running.query.text), shown)
    }

    /// Ends all runs in the background, and waits for the nodes to confirm it. Returns how many
    /// had not done so in time.
    pub(crate) async fn end_background(&mut self) -> usize {
        self.jobs.cancel_all();
        let ended = async {
            while !self.jobs.is_empty() {
                let number = self.jobs.over().await;
                let _ = self.collect(number).await;
            }
        };
        let _ = tokio::time::timeout(LEAVE_WITHIN, ended).await;
        self.jobs.list().len()
    }

    fn list_jobs(&self) -> String {
        let jobs = self.jobs.list();
        if jobs.is_empty() {
            return format!("nothing is in the background; {NOTHING_THERE}\n");
        }
        let now = clock::mono();
        let header = ["run", "state", "done", "age", "scope", "line"].map(str::to_owned);
        let rows = jobs.iter().map(|job| {
            [
                format!("${}", job.number),
                state(job.progress).to_owned(),
                progress(job.progress),
                elapsed(now.since(job.begun)).to_string(),
                cut(&job.scope),
                cut(&job.text),
            ]
        });
        aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
    }

    /// Returns what is said to an operator who leaves while runs are in the background.
    pub(crate) fn leaving(&self) -> String {
        let jobs = self.jobs.list();
        let name = |job: &Listed| format!("${} {}", job.number, cut(&job.text));
        let names: Vec<String> = jobs.iter().take(3).map(name).collect();
        let more = match jobs.len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!(
            "in the background: {}{more}\nleave again to end what runs there; `jobs` lists it\n",
            names.join(", ")
        )
    }
}

const fn state(progress: Progress) -> &'static str {
    match (progress.is_over, progress.wish) {
        (true, _) => "over",
        (false, None) => "running",
        (false, Some(Control::Halt)) => "halted",
        (false, Some(Control::Cancel)) => "ending",
    }
}

fn progress(progress: Progress) -> String {
    let Progress {
        done,
        total,
        not_ok,
        ..
    } = progress;
    if not_ok == 0 {
        format!("{done}/{total}")
    } else {
        format!("{done}/{total}, {not_ok} not ok")
    }
}

/// Returns a text as one line of at most [`TEXT_MAX`] characters.
pub(super) fn cut(text: &str) -> String {
    let text = Clean::line(text).into_string();
    if text.chars().count() <= TEXT_MAX {
        return text;
    }
    text.chars().take(TEXT_MAX - 1).chain(['…']).collect()
}

/// Returns rows as text, each column as wide as its widest cell.
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|at| width(at).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_aligned_and_says_what_is_not_ok() {
        let of = |done, not_ok, wish| Progress {
            done,
            total: 8,
            not_ok,
            wish,
            is_over: false,
        };
        let rows = [
            ["run", "state", "done"].map(str::to_owned),
            ["$3", state(of(2, 0, None)), &progress(of(2, 0, None))].map(str::to_owned),
            [
                "$14",
                state(of(8, 1, Some(Control::Cancel))),
                &progress(of(8, 1, None)),
            ]
            .map(str::to_owned),
        ];
        assert_eq!(
            aligned(&rows),
            "run  state    done\n$3   running  2/8\n$14  ending   8/8, 1 not ok\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_and_a_hostile_one_is_harmless() {
        assert_eq!(cut("echo \x1b[2J\nx").matches('\x1b').count(), 0);
        assert_eq!(cut(&"é".repeat(100)).chars().count(), TEXT_MAX);
        assert!(cut(&"é".repeat(100)).ends_with('…'));
    }
}
