//! What a sample of the last hour costs: time to append it, and bytes to keep it, for this machine's
//! own series, for levels that wander, and for noise.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hailer_collect::ring::{Numbers, Ring, Sample, TICKS, Trend};
use hailer_collect::{Collector, Readiness, Recording, catalog};
use hailer_protocol::time::Mono;

const SERIES: u64 = 2_000;

fn appended(c: &mut Criterion, name: &str, trend: Trend, sample: impl Fn(u64, u64) -> Sample) {
    let numbers = match sample(0, 0) {
        Sample::Float(_) => Numbers::Fractional,
        Sample::Int(_) | Sample::Null => Numbers::Whole,
    };
    let mut ring = Ring::new(2_000, 256 << 20);
    let ids: Vec<_> = (0..SERIES)
        .map(|_| ring.add(trend, numbers).expect("room"))
        .collect();
    let mut tick = 0;
    let mut round = |ring: &mut Ring| {
        tick += 1;
        for (i, id) in (0..).zip(&ids) {
            ring.append(*id, tick, sample(tick, i)).expect("in order");
        }
        tick
    };
    for _ in 0..TICKS {
        round(&mut ring);
    }
    let bytes = ring.bytes() as f64 / (SERIES * TICKS) as f64;
    let name = format!("append 2,000 samples of {name}, {bytes:.2} bytes each");
    c.bench_function(&name, |b| b.iter(|| round(&mut ring)));
    let now = round(&mut ring);
    c.bench_function(&format!("read an hour of {}", &name[7..]), |b| {
        b.iter(|| black_box(ring.samples(ids[7], now).count()));
    });
}

/// A number that looks drawn, the same in each run.
const fn drawn(tick: u64, series: u64) -> u64 {
    let mut z = (tick << 20 ^ series).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

fn rings(c: &mut Criterion) {
    appended(c, "a level that stays", Trend::Level, |_, i| {
        Sample::Int(i as i64)
    });
    appended(c, "a counter", Trend::Growth, |tick, i| {
        Sample::Int((tick * 1_000 + drawn(tick, i) % 100) as i64)
    });
    appended(c, "a share that wanders", Trend::Level, |tick, i| {
        Sample::Float(40.0 + (drawn(tick, i) % 10_000) as f64 / 1_000.0)
    });
    appended(c, "noise", Trend::Level, |tick, i| {
        Sample::Int(drawn(tick, i) as i64)
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "the machine's counters have to move between two readings"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// This machine's own metrics, read as often as the run takes: the bytes a sample are the figure.
fn own(c: &mut Criterion) {
    let mut collector = Collector::default();
    let mut recording = Recording::new(10_000, 256 << 20);
    let metrics: Vec<_> = catalog::catalog()
        .iter()
        .filter(|m| Recording::takes(m))
        .collect();
    let mut tick = 0;
    let mut samples = 0;
    for _ in 0..900 {
        pause();
        tick += 1;
        for metric in &metrics {
            let now = Mono(Duration::from_secs(tick));
            if let Ok(Readiness::Ready(table)) = collector.probe(metric, now) {
                samples += table.rows.len();
                recording.record(metric, tick, &table);
            }
        }
    }
    let bytes = recording.ring().bytes() as f64 / samples as f64;
    let name = format!(
        "replay {} of this machine's series, {bytes:.2} bytes a sample",
        recording.series()
    );
    let load = catalog::find("load1").expect("it is in the catalog");
    c.bench_function(&name, |b| {
        b.iter(|| black_box(recording.replay(load, tick).count()));
    });
}

criterion_group!(benches, rings, own);
criterion_main!(benches);
