//! Watching: a line is asked again and again, and what changed is marked, until the operator has
//! enough.
//!
//! [`turns`] decides when, [`grid`] what changed; here is the loop around them. A turn is a run like
//! any other, and its result takes the place of the turn's before. Where the scope stands for others
//! from moment to moment it is looked up anew each turn, and who came or went is told. Ctrl-C ends a
//! turn under way on all nodes, and what it had so far is dropped: the last whole table is the
//! result. Of the first turn what it had so far is the result.

pub mod grid;
mod scope;
pub mod turns;

use std::io::{self, IsTerminal as _, Stderr, Write as _};
use std::sync::Arc;
use std::time::Duration;

use hailer_lang::plan::{LinePlan, Query, QueryEnd};

use crate::clock;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::fleet::Control;
use crate::interrupt::{Interrupts, Key};
use crate::line::Showing;
use crate::output::{End, Flow, Format, Names, Options, OutputError, writer};
use crate::pen::Pen;
use crate::rows::OwnedNames;
use crate::running::{Heard, Running};
use crate::session::{Answered, Begun, Session, Shown};
use crate::show;
use crate::view::style::{Line, Paint};
use crate::view::terminal::{LiveArea, stderr_live_area, stderr_size};
use crate::view::watching as view;
use grid::{Grid, MarkedRow};
use turns::Turns;

/// What a line comes to whose turns nobody takes any more.
const GIVEN_UP: Answered = Answered::Ended {
    exit: Exit::INTERRUPTED,
    number: None,
};

/// How often it is shown how far a turn is.
const EVERY: Duration = Duration::from_millis(250);

/// A turn that is over this soon shows nothing but its table.
const NOT_BEFORE: Duration = Duration::from_secs(1);

/// Carries out a line that ends in `watch`.
///
/// # Errors
/// When a turn could not be asked or made a table, or could not be written.
pub async fn carry_out(
    session: &mut Session,
    query: Query,
    every: Duration,
    interrupts: &mut Interrupts,
    showing: Showing,
) -> Result<Answered, ShellError> {
    check_format(showing.format)?;
    if session.settings.dry_run {
        return match session.begin_plan(LinePlan::Query(query)).await? {
            Begun::Answered(answered) => Ok(answered),
            Begun::Running(_) => Err(ShellError::own("a dry run asks nobody")),
        };
    }
    let names: Names = Arc::new(OwnedNames(Arc::clone(session.inventory())));
    let mut screen = Screen::begin(showing, every, names);
    let watched = turns(session, query, every, interrupts, &mut screen).await;
    screen.clear();
    let (last, exit) = match watched? {
        Watched::Ended(last, exit) => (last, exit),
        Watched::GivenUp => return Ok(GIVEN_UP),
    };
    let Some(last) = last else {
        return Ok(GIVEN_UP);
    };
    if screen.area.is_some() {
        let text = show::result(
            &last,
            session.inventory(),
            showing.looks,
            show::Length::Short,
        );
        tokio::select! {
            _ = screen.pen()?.ask(move |()| show::say(&text)) => {}
            _ = interrupts.next() => return Ok(GIVEN_UP),
        }
    }
    Ok(Answered::Ended {
        exit,
        number: Some(last.number),
    })
}

/// Formats that are one whole cannot hold one turn after the other.
fn check_format(format: Option<Format>) -> Result<(), ShellError> {
    match format {
        None | Some(Format::Groups | Format::Table | Format::Text | Format::Ndjson) => Ok(()),
        Some(format @ (Format::Json | Format::Csv)) => Err(ShellError::usage(format!(
            "watch as `{}`: the format holds one table and no more",
            format.as_str()
        ))
        .hint("`--format ndjson` has the turn in each record")),
    }
}

/// What ends a watch.
enum Watched {
    /// The operator, or whoever read it, has had enough; with the last whole turn.
    Ended(Option<Box<Shown>>, Exit),
    /// What is left to do is not waited for.
    GivenUp,
}

async fn turns(
    session: &mut Session,
    query: Query,
    every: Duration,
    interrupts: &mut Interrupts,
    screen: &mut Screen,
) -> Result<Watched, ShellError> {
    let mut once = Query {
        end: QueryEnd::Show,
        ..query
    };
    let mut turns = Turns::new(every);
    let mut last: Option<Box<Shown>> = None;
    loop {
        let turn = turns.begin(clock::mono());
        if let Some(last) = &last {
            session.again(last.number);
        }
        let moved = tokio::select! {
            biased;
            () = interrupts.interrupted() => return Ok(Watched::Ended(last, Exit::INTERRUPTED)),
            moved = scope::moved(session, &mut once.scope, turn) => moved,
        };
        let is_first = last.is_none();
        let mut shown = match one(session, once.clone(), interrupts, screen, is_first).await? {
            Turn::Whole(shown) => shown,
            Turn::Stopped(None) => return Ok(Watched::Ended(last, Exit::INTERRUPTED)),
            // What some have said is all there is, and the others are told with it.
            Turn::Stopped(Some(shown)) => {
                tokio::select! {
                    flow = screen.show(turn, &shown) => { let _: Flow = flow?; }
                    _ = interrupts.next() => return Ok(Watched::GivenUp),
                }
                return Ok(Watched::Ended(Some(shown), Exit::INTERRUPTED));
            }
            Turn::GivenUp => return Ok(Watched::GivenUp),
        };
        shown.notes.extend(moved);
        let shown = last.insert(shown);
        let flow = tokio::select! {
            flow = screen.show(turn, shown) => flow?,
            _ = interrupts.next() => return Ok(Watched::GivenUp),
        };
        if flow == Flow::Closed {
            let exit = shown.exit;
            return Ok(Watched::Ended(last, exit));
        }
        let next = tokio::time::sleep_until(clock::deadline(turns.next(clock::mono())));
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                key = interrupts.next() => match key {
                    Key::Interrupt => return Ok(Watched::Ended(last, Exit::INTERRUPTED)),
                    Key::Suspend => screen.refuse_background(),
                },
            }
        }
    }
}

/// What one turn came to.
enum Turn {
    Whole(Box<Shown>),
    /// Ctrl-C: nothing of it runs any more. With what it came to, where that is wanted.
    Stopped(Option<Box<Shown>>),
    /// Ctrl-C again, while its end was waited for.
    GivenUp,
}

async fn one(
    session: &mut Session,
    query: Query,
    interrupts: &mut Interrupts,
    screen: &mut Screen,
    keeps_part: bool,
) -> Result<Turn, ShellError> {
    let mut running = match session.begin_plan(LinePlan::Query(query)).await? {
        Begun::Answered(Answered::Result(shown)) => return Ok(Turn::Whole(shown)),
        Begun::Answered(
            Answered::Nothing
            | Answered::Said(_)
            | Answered::Judged(..)
            | Answered::Done(_)
            | Answered::History(_)
            | Answered::Local(_)
            | Answered::Lines(_)
            | Answered::Ended { .. }
            | Answered::Quit,
        ) => return Err(ShellError::own("a line that is watched has a result")),
        Begun::Running(running) => running,
    };
    let mut ticks = tokio::time::interval(EVERY);
    let mut is_stopped = false;
    loop {
        tokio::select! {
            heard = running.heard() => match heard {
                Heard::Event(_) => {}
                Heard::Ended(_) if is_stopped && !keeps_part => return Ok(Turn::Stopped(None)),
                Heard::Ended(ended) => {
                    let shown = session.finish(&running, ended?).await?;
                    let shown = Box::new(shown);
                    return Ok(if is_stopped {
                        Turn::Stopped(Some(shown))
                    } else {
                        Turn::Whole(shown)
                    });
                }
            },
            _ = ticks.tick() => screen.draw(Some(&running)),
            key = interrupts.next() => match key {
                Key::Interrupt if is_stopped => return Ok(Turn::GivenUp),
                Key::Interrupt => {
                    is_stopped = true;
                    running.wish(Control::Cancel);
                }
                Key::Suspend => screen.refuse_background(),
            },
        }
    }
}

/// Where turns are shown.
struct Screen {
    /// The place on a terminal; elsewhere one turn is written below the other.
    area: Option<LiveArea<Stderr>>,
    showing: Showing,
    every: Duration,
    names: Names,
    pen: Option<Pen<()>>,
    head: Option<view::Head>,
    grid: Option<Grid>,
    rows: Vec<MarkedRow>,
    notes: Vec<String>,
    refuses: bool,
}

impl Screen {
    fn begin(showing: Showing, every: Duration, names: Names) -> Self {
        let is_terminal = showing.format.is_none() && io::stdout().is_terminal();
        Self {
            area: if is_terminal {
                stderr_live_area()
            } else {
                None
            },
            showing,
            every,
            names,
            pen: None,
            head: None,
            grid: None,
            rows: Vec::new(),
            notes: Vec::new(),
            refuses: false,
        }
    }

    fn pen(&mut self) -> Result<&mut Pen<()>, ShellError> {
        let pen = match self.pen.take() {
            Some(pen) => pen,
            None => Pen::new(())
                .map_err(|e| ShellError::own(format!("start a thread to write: {e}")))?,
        };
        Ok(self.pen.insert(pen))
    }

    /// Shows a turn that is over.
    async fn show(&mut self, turn: u64, shown: &Shown) -> Result<Flow, ShellError> {
        let run = shown.origin.as_ref();
        let head = view::Head {
            turn,
            at: clock::wall(),
            every: self.every,
            asked: run.map(|run| view::Head::asked(&run.summary)),
        };
        if self.area.is_none() {
            let written = written(&head, shown, self.showing, &self.names);
            let written = written.map_err(|e| ShellError::own(format!("write a turn: {e}")))?;
            return match self.pen()?.ask(move |()| put(&written)).await {
                Some(Ok(flow)) => Ok(flow),
                Some(Err(e)) => Err(ShellError::own(format!("write a turn: {e}"))),
                None => Err(ShellError::own("a turn could not be written")),
            };
        }
        let grid = match (&shown.frame, run) {
            (Some(frame), _) => Grid::of_frame(frame),
            (None, Some(run)) => Grid::of_answers(run, &*self.names),
            (None, None) => Grid::default(),
        };
        self.rows = match &self.grid {
            Some(before) => grid.since(before),
            None => grid.unmarked(),
        };
        self.grid = Some(grid);
        self.head = Some(head);
        self.notes = shown.notes.iter().map(|n| n.as_str().to_owned()).collect();
        self.draw(None);
        Ok(Flow::Open)
    }

    /// Draws the last turn, and how far the one under way is if that takes its time.
    fn draw(&mut self, running: Option<&Running>) {
        let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) else {
            return;
        };
        let columns = usize::from(size.columns);
        let look = self.showing.looks.on_stderr();
        let mut below = Vec::new();
        for note in &self.notes {
            let note = hailer_protocol::clean::Clean::line(note);
            below.push(Line::new(look).clean(Paint::Dim, &note).cut(columns));
        }
        if self.refuses {
            let text = "a watch does not go to the background; Ctrl-C ends it";
            below.push(Line::new(look).own(Paint::Strong, text).cut(columns));
        }
        if let Some(tally) = running.map(|r| &r.tally)
            && (clock::mono().since(tally.begun) >= NOT_BEFORE || self.head.is_none())
        {
            let line = Line::new(look)
                .own(Paint::Dim, "asking: ")
                .number(Paint::Plain, tally.done())
                .own(Paint::Plain, "/")
                .number(Paint::Plain, tally.total)
                .own(Paint::Dim, " so far");
            below.push(line.cut(columns));
        }
        let mut lines = Vec::new();
        if let (Some(head), Some(grid)) = (&self.head, &self.grid) {
            lines.push(head.line(&*self.names, look).cut(columns));
            let height = usize::from(size.rows).saturating_sub(2 + below.len());
            lines.extend(view::rows(&grid.columns, &self.rows, look, height));
        }
        lines.extend(below);
        // A terminal that is gone ends the next reading of a line.
        let _ = area.draw(&lines, size.columns);
    }

    fn refuse_background(&mut self) {
        self.refuses = true;
        self.draw(None);
    }

    fn clear(&mut self) {
        if let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) {
            let _ = area.clear(size.columns);
        }
    }
}

/// What is written of a turn where no terminal shows it in place.
struct Written {
    out: Vec<u8>,
    talk: Vec<u8>,
}

/// Keeps what is written to it, for whoever else holds it.
#[derive(Clone, Default)]
struct Shared(Arc<std::sync::Mutex<Vec<u8>>>);

impl Shared {
    fn take(&self) -> Vec<u8> {
        let mut bytes = self.0.lock();
        let bytes = bytes.as_deref_mut();
        bytes.map(std::mem::take).unwrap_or_default()
    }
}

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().map_err(|e| io::Error::other(e.to_string()))?;
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(
    head: &view::Head,
    shown: &Shown,
    showing: Showing,
    names: &Names,
) -> Result<Written, OutputError> {
    let is_table = shown.frame.is_some();
    let format = match (showing.format, is_table) {
        (Some(Format::Groups) | None, true) => Format::Table,
        (Some(format), _) => format,
        (None, false) => Format::Groups,
    };
    let (out, talk) = (Shared::default(), Shared::default());
    let look = showing.looks.on_stdout();
    let mut writer = writer(
        format,
        Options {
            out: out.clone(),
            talk: talk.clone(),
            look,
            talk_look: showing.looks.on_stderr(),
            names: Arc::clone(names),
            is_raw: false,
            has_rows: is_table,
            out_is_terminal: io::stdout().is_terminal(),
            talk_is_terminal: io::stderr().is_terminal(),
            turn: Some(head.turn),
        },
    )?;
    // What is kept in memory has no reader that could leave.
    let _: Flow = match (&shown.frame, &shown.origin) {
        (Some(frame), _) => writer.on_table(frame)?,
        (None, Some(run)) => {
            for answer in run.gather.answers() {
                let _: Flow = writer.on_answer(answer)?;
            }
            Flow::Open
        }
        (None, None) => Flow::Open,
    };
    let end = shown.origin.as_ref().map(|run| End {
        gather: &run.gather,
        summary: &run.summary,
        exit_code: shown.exit.0,
    });
    let _: Flow = writer.on_end(end)?;
    let mut bytes = Vec::new();
    if format != Format::Ndjson {
        let line = head.line(&**names, look);
        bytes.extend_from_slice(line.text().as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend(out.take());
    let mut said = talk.take();
    for note in &shown.notes {
        said.extend_from_slice(note.as_str().as_bytes());
        said.push(b'\n');
    }
    if showing.is_quiet {
        said.clear();
    }
    Ok(Written {
        out: bytes,
        talk: said,
    })
}

fn put(written: &Written) -> io::Result<Flow> {
    let mut out = io::stdout().lock();
    match out.write_all(&written.out).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(Flow::Closed),
        Err(e) => return Err(e),
    }
    // Talk that nobody reads is no reason to end.
    let _ = io::stderr().lock().write_all(&written.talk);
    Ok(Flow::Open)
}
