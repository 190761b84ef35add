//! No output of a command makes `parse` panic, or a table that is not rectangular.
#![no_main]

use hailer_protocol::eval::Evaluator;
use hailer_protocol::row_plan::{ParseAs, RowPlan, RowStep};
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, text)) = data.split_first() else { return };
    let kinds = [
        ParseAs::Auto,
        ParseAs::Columns,
        ParseAs::Json,
        ParseAs::KeyValue,
        ParseAs::Csv,
        ParseAs::Lines,
        ParseAs::Regex("(?<a>[a-z]+)=(?<b>[0-9]*)".to_owned()),
    ];
    let kind = kinds[usize::from(*first) % kinds.len()].clone();
    let table = Table {
        columns: vec![Column::new("out", DataType::Str)],
        rows: vec![vec![Value::Str(String::from_utf8_lossy(text).into_owned())]],
    };
    let plan = RowPlan { steps: vec![RowStep::Parse(kind)] };
    if let Ok(outcome) = Evaluator::new(&plan).expect("a plan of our own").run(table) {
        assert!(outcome.table.is_rectangular());
    }
});
