//! `groups`: what the shell shows, whole, into a file or a pipe.

use std::io::Write;

use hailer_table::{Frame, NodeNames, View, render_table};

use super::sink::{Flow, Sink};
use super::{End, Format, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;
use crate::view::diff::{DiffView, render_diff};
use crate::view::footer::render_footer;
use crate::view::groups::{GroupsView, render_groups};
use crate::view::style::Look;

pub(super) struct Groups<O> {
    out: Sink<O>,
    look: Look,
    names: Names,
    has_table: bool,
}

impl<O: Write> Groups<O> {
    pub(super) fn new<T>(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            look: options.look,
            names: options.names,
            has_table: false,
        }
    }
}

impl<O: Write + Send> Writer for Groups<O> {
    /// Nothing can be grouped before the end.
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError> {
        if answer.rows.is_some() {
            return Err(OutputError::RowsNeedTable(Format::Groups));
        }
        Ok(self.out.flow())
    }

    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError> {
        self.has_table = true;
        self.out
            .record(drawn(frame, self.look, &*self.names).as_bytes())
    }

    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError> {
        let Some(End {
            gather, summary, ..
        }) = end
        else {
            return Ok(self.out.flow());
        };
        let text = if self.has_table {
            render_footer(gather, summary, &*self.names, self.look)
        } else {
            let view = GroupsView::whole(self.look);
            render_groups(gather, summary, &*self.names, &view)
        };
        self.out.record(text.as_bytes())
    }
}

/// Draws every row of a table; what `diff` found as people read differences.
pub(super) fn drawn(frame: &Frame, look: Look, names: &dyn NodeNames) -> String {
    if let Some(report) = frame.diff() {
        return render_diff(report, names, &DiffView::whole(look));
    }
    let view = View {
        width: look.width,
        color: look.color,
        max_rows: None,
        ascii: look.ascii,
    };
    render_table(frame, &view)
}
