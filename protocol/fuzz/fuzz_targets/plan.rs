//! No row plan from a peer makes the evaluator panic or hang, whatever the rows that it is run over.
#![no_main]

use hailer_protocol::codec;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::Wall;
use hailer_protocol::value::{DataType, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(plan) = codec::decode::<RowPlan>(data) else { return };
    let again = codec::encode(&plan).expect("it was that long");
    assert!(codec::decode::<RowPlan>(&again).is_ok());
    let Ok(evaluator) = Evaluator::new(&plan) else { return };
    let columns = [("out", DataType::Str), ("a", DataType::Int), ("b", DataType::Float)];
    let table = Table {
        columns: columns.map(|(name, data_type)| Column::new(name, data_type)).to_vec(),
        rows: vec![
            vec![Value::from("a b\n1 2%\n3 4G\n"), Value::Int(i64::MIN), Value::Float(f64::NAN)],
            vec![Value::from("{\"a\": [1, null]}"), Value::Size(i64::MAX), Value::Percent(91.0)],
            vec![Value::Null, Value::Time(0), Value::Duration(-1)],
        ],
    };
    if let Ok(outcome) = evaluator.at(Wall(0)).run(table) {
        assert!(outcome.table.is_rectangular());
    }
});
