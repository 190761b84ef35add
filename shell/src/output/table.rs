//! `table`: an aligned table, and below it who did not answer.

use std::io::Write;

use hailer_table::Frame;

use super::groups::drawn;
use super::sink::{Flow, Sink};
use super::{End, Format, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;
use crate::view::footer::render_footer;
use crate::view::style::Look;

pub(super) struct Table<O> {
    out: Sink<O>,
    look: Look,
    names: Names,
}

impl<O: Write> Table<O> {
    pub(super) fn new<T>(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            look: options.look,
            names: options.names,
        }
    }
}

impl<O: Write + Send> Writer for Table<O> {
    /// An answer alone is no table, whether it has rows or not.
    fn on_answer(&mut self, _: &Answer) -> Result<Flow, OutputError> {
        Err(OutputError::RowsNeedTable(Format::Table))
    }

    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError> {
        self.out.record(drawn(frame, self.look).as_bytes())
    }

    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError> {
        let Some(End { gather, summary }) = end else {
            return Ok(self.out.flow());
        };
        let text = render_footer(gather, summary, &*self.names, self.look);
        self.out.record(text.as_bytes())
    }
}
