//! What one probe costs on this machine, and its parsers alone.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hailer_collect::procfs::{meminfo, mountinfo, pid_stat, stat};
use hailer_collect::{Collector, catalog};
use hailer_protocol::time::Mono;

fn parsers(c: &mut Criterion) {
    let text = |path: &str| std::fs::read_to_string(path).expect("the kernel offers it");
    let (stat_text, mem, mounts) = (
        text("/proc/stat"),
        text("/proc/meminfo"),
        text("/proc/self/mountinfo"),
    );
    let own = text("/proc/self/stat");
    c.bench_function("parse stat", |b| {
        b.iter(|| stat::parse(black_box(&stat_text)))
    });
    c.bench_function("parse meminfo", |b| {
        b.iter(|| meminfo::parse(black_box(&mem)))
    });
    c.bench_function("parse mountinfo", |b| {
        b.iter(|| mountinfo::parse(black_box(&mounts)))
    });
    c.bench_function("parse pid stat", |b| {
        b.iter(|| pid_stat::parse(black_box(&own)).map(|p| p.cpu_ticks));
    });
}

fn probes(c: &mut Criterion) {
    for name in ["load1", "mem", "cpu", "disk", "procs"] {
        let metric = catalog::find(name).expect("it is in the catalog");
        let mut collector = Collector::default();
        let mut now = Mono::default();
        c.bench_function(&format!("probe {name}"), |b| {
            b.iter(|| {
                now = now + Duration::from_secs(1);
                collector.probe(metric, now)
            });
        });
    }
    let mut unnamed = 0_usize;
    c.bench_function("find the nearest name", |b| {
        b.iter(|| unnamed += usize::from(catalog::find(black_box("memory.utilisaton")).is_err()));
    });
}

criterion_group!(benches, parsers, probes);
criterion_main!(benches);
