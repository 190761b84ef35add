//! Tables as large as a fleet makes them.

use crate::common::{Names, column, count, group};
use hailer_lang::aggregate::{AggregateCall, AggregateFunction};
use hailer_lang::fleet_plan::FleetStep;
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Frame, FrameColumn, FrameRow};

#[test]
fn a_million_rows_of_ten_thousand_nodes_group() {
    let columns = vec![
        FrameColumn::shown(Column::new("kernel", DataType::Str)),
        FrameColumn::shown(Column::new("cpu", DataType::Int)),
    ];
    let rows: Vec<FrameRow> = (0..1_000_000_u32)
        .map(|i| FrameRow {
            node: Some(i / 100),
            values: vec![
                Value::Str(format!("6.1.{}", i % 7)),
                Value::Int(i64::from(i % 100)),
            ],
        })
        .collect();
    let (frame, _) = Frame::from_rows(columns, rows).unwrap();
    let names = Names::new(10_000);
    let by = |step| frame.clone().apply(&step, &names).unwrap().0;

    let kernels = by(count(&["kernel"]));
    assert_eq!(kernels.len(), 7);
    assert_eq!(kernels.value(0, 1), Value::Int(142_858));

    let both = by(group(&["kernel", "cpu"]));
    assert_eq!(both.len(), 700);
    let nodes = by(group(&["kernel"]));
    assert_eq!(nodes.provenance(0).map(<[u32]>::len), Some(10_000));
    let step = FleetStep::Agg {
        calls: ["sum", "p99", "stddev", "distinct", "list"]
            .map(|name| {
                let function = AggregateFunction::by_name(name).unwrap();
                let argument = Some(column("cpu"));
                AggregateCall {
                    name: function.default_name(argument.as_ref()),
                    function,
                    argument,
                }
            })
            .to_vec(),
        by: vec!["kernel".to_owned()],
    };
    let computed = by(step);
    assert_eq!(computed.len(), 7);
    assert_eq!(computed.value(0, 4), Value::Int(100));
    let sums: f64 = (0..7)
        .filter_map(|row| computed.value(row, 1).as_f64())
        .sum();
    assert!((sums - 10_000.0 * 4950.0).abs() < 0.5, "{sums}");

    let total: f64 = (0..both.len())
        .filter_map(|row| both.value(row, 2).as_f64())
        .sum();
    assert!((total - 1e6).abs() < 0.5);
}
