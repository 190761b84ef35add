//! Followed lines on their way out: for a terminal, as `text`, or as `ndjson`.
//!
//! | `type` of `ndjson` | is |
//! |---|---|
//! | `line` | a line that nodes said: `node`, `stream` (`out` or `err`), `line`; `cut_bytes` if it is not whole |
//! | `row` | a row that a node made of a line, with its columns beside `node` |
//! | `waits`, `joined`, `left`, `left_out` | what happened to `nodes`, in the words of `text` |
//! | `summary` | the end; a stream without one is incomplete |

use std::io::{self, Write};

use hailer_lang::node_set::NodeSet;
use hailer_protocol::clean::{Clean, NodeBytes};

use super::record::{self, Record};
use super::sink::{Flow, Sink};
use super::{End, Format, Names, OutputError};
use crate::follow::merge::{Kind, Merged};
use crate::follow::tail::LINES_MAX;
use crate::follow::told::Happened;
use crate::view::follow as view;
use crate::view::footer::render_footer;
use crate::view::prefixed::prefixed;
use crate::view::style::{Line, Look, text_of};
use crate::view::terminal::{LiveArea, stderr_live_area, stderr_size};

/// How followed lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Aligned and coloured, equal lines folded, with a line below that says how it stands.
    Terminal,
    /// `node: line`; what is said about the lines goes to standard error.
    Text,
    /// One JSON object a line.
    Ndjson,
}

impl Form {
    /// Returns the form that goes with a format; by default that of a terminal, or text.
    ///
    /// # Errors
    /// When lines without end cannot be written in that format.
    pub fn of(format: Option<Format>, is_terminal: bool) -> Result<Self, OutputError> {
        match format {
            None if is_terminal => Ok(Self::Terminal),
            None | Some(Format::Text) => Ok(Self::Text),
            Some(Format::Ndjson) => Ok(Self::Ndjson),
            Some(other @ (Format::Groups | Format::Table | Format::Json | Format::Csv)) => {
                Err(OutputError::FollowFormat(other))
            }
        }
    }
}

/// Something to write.
#[derive(Debug)]
pub enum Item {
    /// A line.
    Said(Merged),
    /// What happened to nodes.
    Told(Happened, NodeSet),
}

/// Writes followed lines to standard output.
pub struct FollowWriter {
    form: Form,
    out: Sink<io::Stdout>,
    talk: Sink<Box<dyn Write + Send>>,
    names: Names,
    name_width: usize,
    look: Look,
    talk_look: Look,
    area: Option<LiveArea<io::Stderr>>,
    failure: Option<OutputError>,
}

impl std::fmt::Debug for FollowWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FollowWriter")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

/// How followed lines are drawn.
#[derive(Debug, Clone, Copy)]
pub struct FollowLooks {
    /// On standard output.
    pub out: Look,
    /// On standard error.
    pub talk: Look,
    /// Nothing is said beside the lines.
    pub is_quiet: bool,
}

impl FollowWriter {
    /// Makes a writer for lines of these nodes.
    #[must_use]
    pub fn new(form: Form, targets: &NodeSet, names: Names, looks: FollowLooks) -> Self {
        let talk: Box<dyn Write + Send> = if looks.is_quiet {
            Box::new(io::sink())
        } else {
            Box::new(io::stderr())
        };
        Self {
            form,
            out: Sink::new(io::stdout()),
            talk: Sink::new(talk),
            name_width: view::name_width(targets, &*names),
            names,
            look: looks.out,
            talk_look: looks.talk,
            area: if looks.is_quiet {
                None
            } else {
                stderr_live_area()
            },
            failure: None,
        }
    }

    /// Writes items; returns whether anybody still reads.
    pub fn items(&mut self, items: &[Item]) -> Flow {
        if items.is_empty() {
            return self.flow();
        }
        self.clear();
        let written = match self.form {
            Form::Terminal => {
                let lines: Vec<Line> = items.iter().map(|item| self.drawn(item)).collect();
                self.out.record(text_of(&lines).as_bytes())
            }
            Form::Text => self.text(items),
            Form::Ndjson => {
                let mut text = String::new();
                items.iter().for_each(|item| self.records(item, &mut text));
                self.out.record(text.as_bytes())
            }
        };
        self.note(written)
    }

    /// Draws the line that says how it stands, where there is a terminal for it.
    pub fn standing(&mut self, standing: &view::Standing) {
        let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) else {
            return;
        };
        let look = Look {
            width: Some(size.columns),
            ..self.talk_look
        };
        let line = view::standing(standing, &*self.names, look);
        // A terminal that is gone is noticed by whoever writes lines.
        let _ = area.draw(&[line], size.columns);
    }

    /// Writes the end. `number` is that of the result, which lacks the first `dropped` lines.
    ///
    /// # Errors
    /// When something could not be written, now or before.
    pub fn end(&mut self, end: End<'_>, number: u32, dropped: u64) -> Result<(), OutputError> {
        self.clear();
        let footer = |look| render_footer(end.gather, end.summary, &*self.names, look);
        let written = match self.form {
            Form::Terminal => {
                let mut text = footer(self.look);
                text.truncate(text.trim_end_matches('\n').len());
                text.push_str(&format!(" · ${number}\n"));
                if dropped > 0 {
                    text.push_str(&format!(
                        "${number} holds the last {LINES_MAX} lines at most: {dropped} before them are not kept\n"
                    ));
                }
                self.out.record(text.as_bytes())
            }
            Form::Text => {
                let text = footer(self.talk_look);
                self.talk.record(text.as_bytes())
            }
            Form::Ndjson => {
                let fields = record::of_end(Some(end), &*self.names);
                self.out.record(json_line("summary", fields).as_bytes())
            }
        };
        let _: Flow = self.note(written);
        self.failure.take().map_or(Ok(()), Err)
    }

    fn clear(&mut self) {
        if let (Some(area), Some(size)) = (self.area.as_mut(), stderr_size()) {
            let _ = area.clear(size.columns);
        }
    }

    fn flow(&self) -> Flow {
        if self.failure.is_some() {
            return Flow::Closed;
        }
        self.out.flow()
    }

    fn note(&mut self, written: Result<Flow, OutputError>) -> Flow {
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
        self.flow()
    }

    fn drawn(&self, item: &Item) -> Line {
        match item {
            Item::Said(merged) => view::said(merged, &*self.names, self.name_width, self.look),
            Item::Told(happened, nodes) => view::told(happened, nodes, &*self.names, self.look),
        }
    }

    /// Data to standard output, talk to standard error: standard error of a command is talk, too.
    fn text(&mut self, items: &[Item]) -> Result<Flow, OutputError> {
        let (mut out, mut talk) = (String::new(), String::new());
        for item in items {
            match item {
                Item::Said(merged) => {
                    let (text, ascii) = match merged.line.kind {
                        Kind::Out | Kind::Row => (&mut out, self.look.ascii),
                        Kind::Err => (&mut talk, self.talk_look.ascii),
                    };
                    for node in &merged.nodes {
                        let name = Clean::line(self.names.name(node.0));
                        // An empty line is one, too.
                        let mut bytes = merged.line.shown.clone();
                        bytes.push(b'\n');
                        text.push_str(&prefixed(&name, &bytes, ascii));
                    }
                }
                Item::Told(happened, nodes) => {
                    let line = view::told(happened, nodes, &*self.names, self.talk_look);
                    talk.push_str(&text_of(&[line]));
                }
            }
        }
        // Who has stopped to read what is said about the data may still read the data.
        let _: Flow = self.talk.record(talk.as_bytes())?;
        self.out.record(out.as_bytes())
    }

    fn records(&self, item: &Item, text: &mut String) {
        match item {
            Item::Said(merged) => {
                for node in &merged.nodes {
                    text.push_str(&match &merged.line.row {
                        Some((columns, row)) => {
                            json_line("row", record::of_row(*node, columns, row, &*self.names))
                        }
                        None => json_line(
                            "line",
                            record::of_line(
                                *node,
                                merged.line.kind == Kind::Err,
                                &NodeBytes(merged.line.shown.clone()),
                                merged.line.left_out,
                                &*self.names,
                            ),
                        ),
                    });
                }
            }
            Item::Told(happened, nodes) => {
                let fields = record::of_happened(happened, nodes, &*self.names);
                text.push_str(&json_line(happened.word(), fields));
            }
        }
    }
}

fn json_line(name: &'static str, fields: Record) -> String {
    let mut line = Record::typed(name).and(fields).text();
    line.push('\n');
    line
}
