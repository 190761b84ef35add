//! `table`: an aligned table, and below it who did not answer.
//!
//! The plain result of a command becomes a table too: one row an answer, in the order of nodes.

use std::io::Write;

use hailer_protocol::clean::Clean;
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Frame, FrameColumn, FrameRow, TableError};

use super::groups::drawn;
use super::sink::{Flow, Sink};
use super::{End, Format, Names, Options, OutputError, Writer};
use crate::fleet::answer::Answer;
use crate::fleet::gather::Gather;
use crate::view::footer::render_footer;
use crate::view::style::Look;

pub(super) struct Table<O> {
    out: Sink<O>,
    look: Look,
    names: Names,
    has_table: bool,
}

impl<O: Write> Table<O> {
    pub(super) fn new<T>(options: Options<O, T>) -> Self {
        Self {
            out: Sink::new(options.out),
            look: options.look,
            names: options.names,
            has_table: false,
        }
    }

    fn frame_of(&self, gather: &Gather) -> Result<Frame, TableError> {
        let mut answers: Vec<&Answer> = gather.answers().iter().map(|answer| &**answer).collect();
        answers.sort_by_key(|answer| answer.node);
        let rows = answers.into_iter().map(|answer| FrameRow {
            node: Some(answer.node.0),
            values: values(answer, self.names.name(answer.node.0)),
        });
        let columns = [
            ("state", DataType::Str),
            ("rc", DataType::Int),
            ("ms", DataType::Int),
            ("bytes", DataType::Size),
            ("truncated", DataType::Bool),
            ("out", DataType::Str),
            ("err", DataType::Str),
        ];
        let columns = columns.map(|(name, of)| FrameColumn::shown(Column::new(name, of)));
        let columns = std::iter::once(FrameColumn::node()).chain(columns);
        let (frame, _) = Frame::from_rows(columns.collect(), rows.collect())?;
        Ok(frame)
    }
}

impl<O: Write + Send> Writer for Table<O> {
    /// Columns are as wide as their widest cell, so nothing is drawn before the end.
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError> {
        if answer.rows.is_some() {
            return Err(OutputError::RowsNeedTable(Format::Table));
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
        let mut text = String::new();
        if !self.has_table {
            let frame = self.frame_of(gather).map_err(OutputError::Table)?;
            text = drawn(&frame, self.look, &*self.names);
        }
        text.push_str(&render_footer(gather, summary, &*self.names, self.look));
        self.out.record(text.as_bytes())
    }
}

fn values(answer: &Answer, name: &str) -> Vec<Value> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    // A final newline would be drawn as `\n` at the end of every cell.
    let text = |clean: Clean| Value::from(clean.as_str().trim_end_matches('\n'));
    vec![
        Value::from(name),
        Value::from(answer.state.as_str()),
        Value::from(answer.rc.map(i64::from)),
        Value::Int(count(answer.ms())),
        Value::Size(count(answer.bytes())),
        Value::Bool(answer.is_truncated()),
        text(answer.out.to_clean_text()),
        text(answer.err.to_clean_text()),
    ]
}
