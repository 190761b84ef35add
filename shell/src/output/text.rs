//! `text`: each line behind its node's name, as it comes in, for `grep` and `cut`.
//!
//! Standard output goes to `out`; standard error, how a node ended where that was not well, and
//! the sums go to `talk`. Control characters are escaped, since a pipe often ends at a terminal.
//! Raw output is the bytes as they are, without names, and never reaches a terminal.

use std::io::Write;

use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use hailer_table::Frame;
use hailer_table::export::text as export;

use super::sink::{Flow, Sink};
use super::{End, Format, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;
use crate::view::diff::{DiffView, render_diff};
use crate::view::footer::render_footer;
use crate::view::prefixed::prefixed;
use crate::view::style::Look;

pub(super) struct Text<O, T> {
    out: Sink<O>,
    talk: Sink<T>,
    look: Look,
    talk_look: Look,
    names: Names,
    out_is_raw: bool,
    talk_is_raw: bool,
}

impl<O: Write, T: Write> Text<O, T> {
    pub(super) fn new(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            talk: Sink::new(options.talk),
            look: options.look,
            talk_look: options.talk_look,
            names: options.names,
            out_is_raw: options.is_raw && !options.out_is_terminal,
            talk_is_raw: options.is_raw && !options.talk_is_terminal,
        }
    }
}

impl<O: Write + Send, T: Write + Send> Writer for Text<O, T> {
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError> {
        if answer.rows.is_some() {
            return Err(OutputError::RowsNeedTable(Format::Text));
        }
        let name = Clean::line(self.names.name(answer.node.0));
        let flow = if self.out_is_raw {
            self.out.record(&answer.out.0)?
        } else {
            self.out
                .record(prefixed(&name, &answer.out.0, self.look.ascii).as_bytes())?
        };
        // Who has stopped to read what is said about the data may still read the data.
        let _: Flow = if self.talk_is_raw {
            self.talk.record(&answer.err.0)?
        } else {
            let lines = prefixed(&name, &answer.err.0, self.talk_look.ascii);
            self.talk.record(lines.as_bytes())?
        };
        if let Some(ending) = ending(answer) {
            let line = prefixed(&name, ending.as_str().as_bytes(), self.talk_look.ascii);
            let _: Flow = self.talk.record(line.as_bytes())?;
        }
        Ok(flow)
    }

    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError> {
        let text = match frame.diff() {
            Some(report) => render_diff(report, &*self.names, &DiffView::whole(self.look)),
            None => export::text(frame),
        };
        self.out.record(text.as_bytes())
    }

    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError> {
        if let Some(End {
            gather, summary, ..
        }) = end
        {
            let text = render_footer(gather, summary, &*self.names, self.talk_look);
            let _: Flow = self.talk.record(text.as_bytes())?;
        }
        Ok(self.out.flow())
    }
}

/// Says how a node ended and what of its answer is missing, unless all is well.
fn ending(answer: &Answer) -> Option<Clean> {
    let mut said = Vec::new();
    if answer.state != State::Ok {
        said.push(match (answer.rc, &answer.failure) {
            (_, Some(failure)) => format!("{}: {failure}", answer.state),
            (Some(rc), None) => format!("{} rc={rc}", answer.state),
            (None, None) => answer.state.to_string(),
        });
    }
    if answer.cut_bytes > 0 {
        said.push(format!("{} bytes not kept", answer.cut_bytes));
    }
    (!said.is_empty()).then(|| Clean::line(&format!("({})", said.join(", "))))
}
