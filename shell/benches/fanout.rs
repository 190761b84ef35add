//! What the shell itself does for a run over ten thousand nodes, without a network: the fan-out's
//! decisions, and answers from their bytes to their groups.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::Decoder;
use hailer_protocol::message::{Batch, Done, Held, Message as _, Output as Piece, Started, Usage};
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::Mono;
use hailer_protocol::value::{DataType, Value};
use hailer_shell::fleet::budget::{Budget, KEPT_BYTES_DEFAULT};
use hailer_shell::fleet::collect::{Collector, Keep};
use hailer_shell::fleet::fanout::{Fanout, Input, LinkAtStart, Output};
use hailer_shell::fleet::gather::Gather;
use hailer_shell::fleet::policy::Policy;
use hailer_shell::fleet::summary::Summary;

const NODES: u32 = 10_000;

/// Every node is connected and answers as soon as it is asked.
fn decide() -> usize {
    let links = (0..NODES).map(|_| LinkAtStart::Up);
    let mut now = Mono(Duration::ZERO);
    let mut fanout = Fanout::new(links, Policy::default(), now);
    let mut ended = 0;
    while let Some(output) = fanout.poll_output() {
        match output {
            Output::Dispatch(target, _) => {
                now = now + Duration::from_micros(10);
                fanout.handle_input(now, Input::Ended(target, State::Ok));
                black_box(fanout.poll_timeout());
            }
            Output::TargetEnded(..) => ended += 1,
            Output::Connect(_)
            | Output::Cancel(_)
            | Output::RunEnded
            | Output::Await(..)
            | Output::AskGate(_)
            | Output::StageBegins(_) => {}
        }
    }
    ended
}

fn done(rc: Option<i32>) -> Done {
    Done {
        state: State::Ok,
        rc,
        wall_us: 1_000,
        usage: Usage::default(),
        out_bytes: 0,
        err_bytes: 0,
        cut_bytes: 0,
        cut_rows: 0,
        held: Held::default(),
        left_behind: 0,
        notes: Vec::new(),
    }
}

/// A metric's answer as it comes off the wire.
fn row() -> Vec<u8> {
    let table = Table {
        columns: vec![Column::new("load1", DataType::Float)],
        rows: vec![vec![Value::Float(0.25)]],
    };
    let batch = Batch { table }.to_envelope().expect("small");
    let mut bytes = batch.to_bytes();
    done(None)
        .to_envelope()
        .expect("small")
        .write_to(&mut bytes);
    bytes
}

/// A command's answer of a few lines; one node in a hundred says something else.
fn lines(node: u32) -> Vec<u8> {
    let word = if node % 100 == 7 { "odd" } else { "even" };
    let piece = Piece {
        is_stderr: false,
        offset: 0,
        bytes: NodeBytes(format!("a line that is {word}\n").repeat(40).into_bytes()),
    };
    let started = Started {
        pid: Some(node),
        again: false,
    };
    let mut bytes = started.to_envelope().expect("small").to_bytes();
    piece.to_envelope().expect("small").write_to(&mut bytes);
    done(Some(0))
        .to_envelope()
        .expect("small")
        .write_to(&mut bytes);
    bytes
}

fn collect(budget: &Arc<Budget>, node: u32, bytes: &[u8]) -> (NodeId, Collector) {
    let mut collector = Collector::new(Keep::default(), Arc::clone(budget));
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    while let Some(envelope) = decoder.next_envelope().expect("well-formed") {
        collector.take(&envelope, |_| {}).expect("in order");
    }
    (NodeId(node), collector)
}

fn gather(answers: &[Vec<u8>]) -> Summary {
    let budget = Arc::new(Budget::new(KEPT_BYTES_DEFAULT));
    let mut gather = Gather::new(Arc::clone(&budget));
    for (node, bytes) in (0..).zip(answers) {
        let (node, collector) = collect(&budget, node, bytes);
        gather.add(collector.into_answer(node, State::Ok, Duration::from_millis(1), None));
    }
    Summary::of(&gather, Duration::from_secs(1), false)
}

fn runs(c: &mut Criterion) {
    assert_eq!(decide(), NODES as usize);
    c.bench_function("decide a run over 10,000 nodes", |b| b.iter(decide));
    let rows: Vec<_> = (0..NODES).map(|_| row()).collect();
    let outputs: Vec<_> = (0..NODES).map(lines).collect();
    let name = "collect and gather 10,000";
    c.bench_function(&format!("{name} rows"), |b| b.iter(|| gather(&rows)));
    c.bench_function(&format!("{name} outputs of 40 lines"), |b| {
        b.iter(|| gather(&outputs));
    });
}

criterion_group!(benches, runs);
criterion_main!(benches);
