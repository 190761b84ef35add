//! The engine: what one second of 10 to 10,000 automations over 2,000 metrics costs, by itself and with
//! the evaluation of their conditions, and how much memory it keeps.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hailer_protocol::automation::{
    AutomationName, AutomationSpec, Clear, Condition, Deed, Hold, Limits, Mode, NodeCondition,
    Offline, Storm,
};
use hailer_protocol::engine::{Bounds, Effect, Engine, Now, Reading, Seen, Verdict};
use hailer_protocol::eval::Evaluator;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::ids::{Digest, Name};
use hailer_protocol::message::Probe;
use hailer_protocol::row_plan::{RowPlan, RowStep};
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::{Mono, Wall};
use hailer_protocol::value::{DataType, Value};

const METRICS: usize = 2_000;
const COUNTS: [usize; 4] = [10, 100, 1_000, 10_000];

fn spec(i: usize) -> AutomationSpec {
    let over = Expr::Binary(
        BinaryOp::Gt,
        Box::new(Expr::Column("value".to_owned())),
        Box::new(Expr::Literal(Value::Percent(90.0))),
    );
    AutomationSpec {
        name: AutomationName::new(format!("a{i}")).expect("a name"),
        source: String::new(),
        on: "all".to_owned(),
        version: None,
        every: Duration::from_secs(1),
        when: Condition::Node(NodeCondition {
            probe: Probe::Metric(format!("metric.{}", i % METRICS)),
            plan: RowPlan {
                steps: vec![RowStep::Where(over)],
            },
            timeout: Duration::from_secs(1),
        }),
        key: Vec::new(),
        fire: Hold::Of { m: 15, n: 30 },
        clear: Clear {
            expr: None,
            hold: Hold::For(Duration::from_secs(30)),
        },
        collect: Vec::new(),
        deeds: vec![Deed {
            command: "true".to_owned(),
            timeout: Duration::from_secs(30),
            run_as: None,
            is_repeatable: false,
        }],
        verify: Duration::from_secs(60),
        limits: Limits {
            rates: Vec::new(),
            attempts: 1,
            shares: Vec::new(),
            at_once: Vec::new(),
            offline: Offline::Hold,
        },
        storm: Storm {
            basis_points: 5_000,
            within: Duration::from_secs(60),
            at_least: 3,
        },
        escalate: Vec::new(),
        mode: Mode::Observe,
        owner: None,
        runbook: None,
        note: String::new(),
    }
}

/// An engine whose looks are answered at once.
struct Node {
    engine: Engine,
    now: Now,
    out: Vec<Effect>,
    /// By metric: what one second's sample looks like as a table.
    tables: Vec<Table>,
    plans: Vec<Evaluator>,
}

impl Node {
    fn new(n: usize) -> Self {
        let name = |n| Name::new(n).expect("a name");
        let now = Now {
            mono: Mono(Duration::from_secs(1)),
            wall: Wall(1_800_000_000_000),
        };
        let mut engine = Engine::new(name("demo"), name("web01"), Bounds::default());
        let plan = |spec: &AutomationSpec| match &spec.when {
            Condition::Node(node) => Evaluator::new(&node.plan).expect("a plan"),
            Condition::Fleet(_) => unreachable!("all are the node's own"),
        };
        let specs: Vec<AutomationSpec> = (0..n).map(spec).collect();
        let plans = specs.iter().map(plan).collect();
        let set = specs.into_iter().enumerate().map(|(i, spec)| {
            let version = Digest::of(&i.to_le_bytes());
            (version, Arc::new(spec))
        });
        let mut out = Vec::new();
        engine.set_automations(now, set.collect(), &mut out);
        out.clear();
        let table = |i: usize| Table {
            columns: vec![Column::new("value", DataType::Percent)],
            rows: vec![vec![Value::Percent((i % 90) as f64)]],
        };
        Self {
            engine,
            now,
            out,
            tables: (0..METRICS).map(table).collect(),
            plans,
        }
    }

    /// One second: all looks, and their readings. Every `one_in`-th fires; none with 0.
    fn second(&mut self, one_in: usize, evaluates: bool) -> usize {
        self.now.mono = self.now.mono + Duration::from_secs(1);
        self.now.wall = self.now.wall + Duration::from_secs(1);
        let mut looks = std::mem::take(&mut self.out);
        self.engine.handle_timeout(self.now, &mut looks);
        let n = looks.len();
        for (i, effect) in looks.drain(..).enumerate() {
            let Effect::Look(look) = effect else {
                continue;
            };
            let mut fires = one_in > 0 && i % one_in == 0;
            if evaluates {
                let table = self.tables[i % METRICS].clone();
                let outcome = self.plans[i].run(table).expect("it fits");
                fires |= !outcome.table.rows.is_empty();
            }
            let seen = [Seen {
                key: "",
                verdict: Verdict::Fires,
                env: &[],
            }];
            let reading = Reading::Rows {
                seen: if fires { &seen } else { &[] },
                looked_at: 1,
            };
            self.engine
                .reading(self.now, look.automation, reading, &mut self.out);
        }
        self.out.clear();
        self.out.append(&mut looks);
        n
    }
}

fn seconds(c: &mut Criterion) {
    for (group, one_in, evaluates) in [
        ("engine_second_quiet", 0, false),
        ("engine_second_one_in_ten_fires", 10, false),
        ("engine_second_with_evaluation", 0, true),
    ] {
        let mut group = c.benchmark_group(group);
        for n in COUNTS {
            let mut node = Node::new(n);
            group.bench_function(BenchmarkId::from_parameter(n), |b| {
                b.iter(|| black_box(node.second(one_in, evaluates)));
            });
        }
        group.finish();
    }
}

/// Not a time, but measured where the times are: what the engine adds to the process.
#[expect(clippy::print_stdout, reason = "a bench prints what it measures")]
fn memory(_: &mut Criterion) {
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = text.split_whitespace().nth(1).and_then(|n| n.parse().ok());
        pages.map_or(0, |n: usize| n * 4)
    };
    for n in COUNTS {
        let before = resident();
        let mut node = Node::new(n);
        node.tables = Vec::new();
        for _ in 0..60 {
            node.second(10, false);
        }
        println!(
            "engine_memory/{n}: {} KiB with its specs and plans",
            resident() - before
        );
        drop(node);
    }
}

criterion_group!(benches, memory, seconds);
criterion_main!(benches);
