//! Who writes the result of a line in batch: in which form, whether as answers come or at the end, and
//! where each node's answer goes beside it.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use hailer_lang::plan::{LinePlan, Query, QueryEnd, Source};
use hailer_lang::words::is_of_automations;
use hailer_protocol::message::Probe;
use hailer_table::NodeNames;

use super::Output;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::files;
use crate::fleet::{Event, Finished};
use crate::line::{Hears, Task};
use crate::output::out_dir::{OutDir, OutDirError};
use crate::output::{End, Flow, Format, Names, Options, OutputError, Writer, writer};
use crate::rows::OwnedNames;
use crate::session::{Session, Shown};
use crate::show;
use crate::view::nodes::folded_in;

/// Columns that the names of nodes which did not answer may take, where that is all that is said.
const NAMES_WIDTH: usize = 200;

/// Whether a query's nodes answer with rows, and whether its result is a table made of all of them.
fn shape(query: &Query) -> (bool, bool) {
    let is_table = !query.fleet.is_empty()
        || !query.source.asks_nodes()
        || query.deed.is_some()
        || !matches!(query.end, QueryEnd::Show | QueryEnd::Detach)
        || matches!(query.source, Source::Each(_));
    (query.returns_rows(), is_table)
}

/// Whether a task starts a detached run.
fn launches(session: &Session, task: &Task) -> bool {
    match task {
        Task::Plan(LinePlan::Query(query)) => query.end == QueryEnd::Detach,
        Task::Plan(
            LinePlan::Nothing | LinePlan::Local(_) | LinePlan::SetScope(_) | LinePlan::Shell(_),
        )
        | Task::Deed(_) => false,
        Task::Approved(request) => request.lease().is_none(),
        Task::Argv(_) => session.settings.detach,
    }
}

/// Whether a task waits for a detached run, or ends one, or goes into an earlier result.
fn follows(task: &Task) -> bool {
    match task {
        Task::Plan(LinePlan::Shell(command)) => {
            matches!(command.word.as_str(), "jobs" | "cancel") || is_of_automations(&command.word)
        }
        // Its result is more than the answers that come now.
        Task::Plan(LinePlan::Query(query)) => query.retries.is_some(),
        Task::Plan(LinePlan::Nothing | LinePlan::Local(_) | LinePlan::SetScope(_))
        | Task::Argv(_)
        | Task::Deed(_)
        | Task::Approved(_) => false,
    }
}

/// The form of a result: what was asked for, or what fits it.
fn format_of(output: Output, is_table: bool) -> Format {
    match (output.format, is_table) {
        // Groups are of a command's plain answers.
        (Some(Format::Groups) | None, true) => Format::Table,
        (Some(format), _) => format,
        (None, false) => Format::Groups,
    }
}

fn open(
    format: Format,
    output: Output,
    names: Names,
    has_rows: bool,
    is_launch: bool,
) -> Result<Box<dyn Writer>, ShellError> {
    let talk: Box<dyn io::Write + Send> = if output.is_quiet {
        Box::new(io::sink())
    } else {
        Box::new(io::stderr())
    };
    // Where the id is the data, how the launch went is talk.
    let (out, look): (Box<dyn io::Write + Send>, _) = match (is_launch, output.is_quiet) {
        (false, _) => (Box::new(io::stdout()), output.looks.on_stdout()),
        (true, false) => (Box::new(io::stderr()), output.looks.on_stderr()),
        (true, true) => (Box::new(io::sink()), output.looks.on_stderr()),
    };
    let options = Options {
        out,
        talk,
        look,
        talk_look: output.looks.on_stderr(),
        names,
        is_raw: output.is_raw,
        has_rows,
        out_is_terminal: io::stdout().is_terminal(),
        talk_is_terminal: io::stderr().is_terminal(),
        turn: None,
    };
    writer(format, options).map_err(|e| ShellError::usage(e.to_string()))
}

/// Begins the directory that the session wants answers in, if the task brings any.
fn out_dir_of(session: &Session, task: &Task, names: &Names) -> Result<Option<OutDir>, ShellError> {
    let asks = match task {
        Task::Plan(LinePlan::Query(query)) => query.source.asks_nodes() && query.deed.is_none(),
        Task::Plan(
            LinePlan::Nothing | LinePlan::Local(_) | LinePlan::SetScope(_) | LinePlan::Shell(_),
        ) => false,
        Task::Argv(_) | Task::Deed(_) | Task::Approved(_) => true,
    };
    let wish = session.settings.out_dir.as_ref().filter(|_| asks);
    wish.map(|wish| OutDir::begin(&wish.dir, wish.force, Arc::clone(names)))
        .transpose()
        .map_err(no_out_dir)
}

/// Why answers cannot go where they should.
pub(super) fn no_out_dir(error: OutDirError) -> ShellError {
    ShellError::usage(error.to_string()).hint(match error {
        OutDirError::Used(_) => "nothing was run; --force removes them, or give another --out-dir",
        OutDirError::NoDirectory { .. } => {
            "nothing was run; --out-dir wants a directory, which is made if it is not there; \
             `|> save FILE` writes rows to a file"
        }
        OutDirError::Io { .. } => "nothing was run",
    })
}

/// Who writes a result, and what it was told so far.
pub(super) struct Told {
    writer: Box<dyn Writer>,
    /// Answers are written as they come; otherwise the result is a table at the end.
    pub(super) streams: bool,
    /// The id of a detached run is all that is data.
    is_launch: bool,
    /// All of the result is written at its end: what came of a detached run, or of a retry.
    is_follow: bool,
    output: Output,
    names: Names,
    failure: Option<OutputError>,
    pub(super) out_dir: Option<OutDir>,
    out_dir_failure: Option<OutDirError>,
}

impl Told {
    pub(super) fn new(session: &Session, task: &Task, output: Output) -> Result<Self, ShellError> {
        let (has_rows, has_verbs) = match task {
            Task::Plan(LinePlan::Query(query)) => shape(query),
            Task::Deed(prepared) => shape(prepared.query()),
            Task::Approved(request) => {
                let run = request.first();
                let is_each = matches!(run.probe, Probe::Each { .. });
                (is_each || !run.row_plan.steps.is_empty(), is_each)
            }
            Task::Plan(
                LinePlan::Nothing | LinePlan::Local(_) | LinePlan::SetScope(_) | LinePlan::Shell(_),
            )
            | Task::Argv(_) => (false, false),
        };
        let launches = launches(session, task);
        let has_rows = has_rows && !launches;
        let is_launch = output.format.is_none() && launches;
        let is_table = has_rows || has_verbs;
        let format = format_of(output, is_table);
        let names: Names = Arc::new(OwnedNames(Arc::clone(session.inventory())));
        let is_follow = follows(task);
        let streams = !is_follow && !has_verbs && (!has_rows || format.streams_rows());
        let out_dir = out_dir_of(session, task, &names)?;
        Ok(Self {
            writer: open(format, output, Arc::clone(&names), is_table, is_launch)?,
            streams,
            is_launch,
            is_follow,
            output,
            names,
            failure: None,
            out_dir,
            out_dir_failure: None,
        })
    }

    /// Writes what came of a detached run, or of a retry with what was there before: only now it is
    /// known whether it has rows.
    fn followed(&mut self, shown: &Shown) -> Result<(), ShellError> {
        let is_table = shown.frame.is_some();
        let format = format_of(self.output, is_table);
        let names = Arc::clone(&self.names);
        self.writer = open(format, self.output, names, is_table, false)?;
        if is_table {
            return Ok(());
        }
        let answers = shown.origin.iter().flat_map(|run| run.gather.answers());
        for answer in answers {
            let written = self.writer.on_answer(answer);
            self.note(written);
        }
        Ok(())
    }

    /// Whether what is written says nothing of nodes that did not answer: its place is talk, and
    /// there is none.
    const fn is_silent_on_nodes(&self) -> bool {
        match self.output.format {
            Some(Format::Text | Format::Csv) => true,
            Some(Format::Table | Format::Groups | Format::Json | Format::Ndjson) | None => false,
        }
    }

    fn note(&mut self, written: Result<Flow, OutputError>) {
        match written {
            // Whoever stopped reading wants no more; the run itself goes on to its end.
            Ok(Flow::Open | Flow::Closed) => {}
            Err(e) => {
                self.failure.get_or_insert(e);
            }
        }
    }

    pub(super) fn end(&mut self, shown: &Shown) -> Result<Exit, ShellError> {
        if self.is_follow {
            self.followed(shown)?;
        }
        if let Some(saved) = &shown.saved {
            // The rows are in the file; the data is what became of them.
            let frame = files::described(saved).map_err(|e| ShellError::own(e.to_string()))?;
            let written = self.writer.on_table(&frame);
            self.note(written);
        } else if let (Some(frame), false) = (&shown.frame, self.streams) {
            let written = self.writer.on_table(frame);
            self.note(written);
        }
        let end = shown.origin.as_ref().map(|run| End {
            gather: &run.gather,
            summary: &run.summary,
            exit_code: shown.exit.0,
        });
        let written = self.writer.on_end(end);
        self.note(written);
        if let Some(run) = shown.detached {
            if self.is_launch {
                show::write(&format!("{run}\n"))
                    .map_err(|e| ShellError::own(format!("write the run's id: {e}")))?;
            } else if !self.output.is_quiet {
                show::remark(&show::detached(run));
            }
        }
        if !self.output.is_quiet {
            show::notes(&shown.notes);
        } else if let (Some(run), true) = (&shown.origin, self.is_silent_on_nodes()) {
            let said = unanswered(run, &*self.names);
            said.iter().for_each(|line| show::remark(line));
        }
        if let Some(e) = self.out_dir_failure.take() {
            let error = ShellError::own(e.to_string());
            return Err(error.hint("the command did run; its result is above"));
        }
        match self.failure.take() {
            Some(e) => Err(ShellError::own(format!("write the result: {e}"))),
            None => Ok(shown.exit),
        }
    }
}

/// Says in one line who has not answered, where somebody has not; quiet or not, that is no talk.
fn unanswered(run: &Finished, names: &dyn NodeNames) -> Option<String> {
    let missing = run.summary.nodes.iter();
    let missing = missing.filter(|(state, _)| !state.is_answer());
    let parts: Vec<String> = missing
        .map(|(state, nodes)| {
            let nodes = folded_in(nodes, names, NAMES_WIDTH);
            format!("{state}: {nodes}")
        })
        .collect();
    (!parts.is_empty()).then(|| format!("{}\n", parts.join("; ")))
}

impl Hears for Told {
    fn hear(&mut self, event: &Event) {
        if let (Event::Answer(answer), Some(dir)) = (event, &mut self.out_dir)
            && let Err(e) = dir.on_answer(answer)
        {
            self.out_dir_failure.get_or_insert(e);
        }
        if let (Event::Answer(answer), true) = (event, self.streams) {
            let written = self.writer.on_answer(answer);
            self.note(written);
        }
    }
}
