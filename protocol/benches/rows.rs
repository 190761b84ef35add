//! Rows: a condition over many rows, and `parse` of what operators ask for most.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hailer_protocol::eval::Evaluator;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::parse::Parser;
use hailer_protocol::row_plan::{ParseAs, RowPlan, RowStep};
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};

const ROWS: i64 = 10_000;

fn where_over_many_rows(c: &mut Criterion) {
    let number = Expr::Binary(
        BinaryOp::Gt,
        Box::new(Expr::Column("use_pct".to_owned())),
        Box::new(Expr::Literal(Value::Percent(90.0))),
    );
    let text = Expr::Matches {
        of: Box::new(Expr::Column("mounted_on".to_owned())),
        pattern: "^/data/1.*7$".to_owned(),
        negated: false,
    };
    let both = Expr::Binary(
        BinaryOp::And,
        Box::new(number.clone()),
        Box::new(text.clone()),
    );
    let table = Table {
        columns: vec![
            Column::new("mounted_on", DataType::Str),
            Column::new("use_pct", DataType::Percent),
        ],
        rows: (0..ROWS)
            .map(|n| {
                vec![
                    format!("/data/{n}").into(),
                    Value::Percent((n % 100) as f64),
                ]
            })
            .collect(),
    };
    let mut group = c.benchmark_group("where over 10k rows");
    group.throughput(Throughput::Elements(ROWS.unsigned_abs()));
    for (name, expr) in [("number", number), ("regex", text), ("both", both)] {
        let steps = vec![RowStep::Where(expr)];
        let evaluator = Evaluator::new(&RowPlan { steps }).expect("within the limits");
        group.bench_function(name, |b| {
            b.iter_batched(
                || table.clone(),
                |table| evaluator.run(table).expect("the types fit"),
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn parse_tables(c: &mut Criterion) {
    let parser = Parser::new(&ParseAs::Auto).expect("has no pattern");
    let df = include_str!("../tests/data/parse/df_h.txt").to_owned();
    let ps = include_str!("../tests/data/parse/ps_aux.txt");
    let (heading, rows) = ps.split_once('\n').expect("has headings");
    let many = format!("{heading}\n{}", rows.repeat(100));
    let mut group = c.benchmark_group("parse");
    for (name, text) in [("df", df), ("ps of 700 processes", many)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| parser.parse(black_box(&text))));
    }
    group.finish();
}

criterion_group!(rows, where_over_many_rows, parse_tables);
criterion_main!(rows);
