//! One line's way through the shell when ten thousand nodes answer with a row each.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use hailer_lang::fleet_plan::{FleetStep, SortKey, TableFile};
use hailer_protocol::clean::Clean;
use hailer_protocol::expr::Expr;
use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};
use hailer_table::{
    Frame, FrameColumn, FrameRow, NodeId, NodeNames, Note, Surroundings, TableError, View,
    render_table,
};

const NODES: u32 = 10_000;

struct Names(Vec<String>);

impl Surroundings for Names {
    fn result(&self, number: u32) -> Result<Frame, TableError> {
        Err(TableError::OtherResult {
            number,
            reason: Clean::line("there is none"),
        })
    }

    fn file(&self, _: &TableFile) -> Result<(Frame, Vec<Note>), TableError> {
        Err(TableError::NoNodes { verb: "join" })
    }

    fn answered(&self) -> &[NodeId] {
        &[]
    }

    fn is_in_scope(&self, _: NodeId) -> bool {
        true
    }

    fn label_keys(&self) -> Vec<&str> {
        Vec::new()
    }

    fn label(&self, _: NodeId, _: &str) -> Option<&str> {
        None
    }
}

impl NodeNames for Names {
    fn fold(&self, nodes: &[NodeId]) -> String {
        format!("web[{}..]", nodes.len())
    }

    fn name(&self, node: NodeId) -> &str {
        &self.0[node as usize]
    }
}

fn columns() -> Vec<FrameColumn> {
    vec![
        FrameColumn::node(),
        FrameColumn::shown(Column::new("kernel", DataType::Str)),
        FrameColumn::shown(Column::new("use_pct", DataType::Percent)),
    ]
}

fn rows(names: &Names) -> Vec<FrameRow> {
    (0..NODES)
        .map(|node| FrameRow {
            node: Some(node),
            values: vec![
                Value::from(names.name(node)),
                Value::Str(format!("6.1.{}", node % 5)),
                Value::Percent(f64::from(node % 997) / 10.0),
            ],
        })
        .collect()
}

fn frame(c: &mut Criterion) {
    let names = Names((0..NODES).map(|n| format!("web{n:05}")).collect());
    let rows = rows(&names);
    c.bench_function("from_rows/10k", |b| {
        b.iter_batched(
            || rows.clone(),
            |rows| Frame::from_rows(columns(), rows).unwrap(),
            BatchSize::LargeInput,
        );
    });
    let (frame, _) = Frame::from_rows(columns(), rows).unwrap();
    let group = FleetStep::Group {
        by: vec!["kernel".to_owned()],
    };
    c.bench_function("group/10k", |b| {
        b.iter(|| frame.clone().apply(black_box(&group), &names).unwrap());
    });
    let sort = FleetStep::Sort {
        keys: vec![SortKey {
            expr: Expr::Column("use_pct".to_owned()),
            descending: true,
        }],
    };
    c.bench_function("sort/10k", |b| {
        b.iter(|| frame.clone().apply(black_box(&sort), &names).unwrap());
    });
    let view = View {
        width: Some(120),
        ..View::default()
    };
    c.bench_function("render/10k", |b| {
        b.iter(|| render_table(black_box(&frame), &view));
    });
}

criterion_group!(benches, frame);
criterion_main!(benches);
