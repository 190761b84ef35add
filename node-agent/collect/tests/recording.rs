//! Metrics of a node, recorded and replayed, and what has to be measured for which automations.

use std::time::Duration;

use hailer_collect::{Recording, Sampling, catalog};
use hailer_protocol::automation::{
    AutomationName, AutomationSpec, Clear, Condition, Hold, Limits, Mode, NodeCondition, Offline,
    Storm,
};
use hailer_protocol::message::Probe;
use hailer_protocol::metrics::Metric;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::table::Table;
use hailer_protocol::value::Value;

fn metric(name: &str) -> &'static Metric {
    catalog::find(name).expect("it is in the catalog")
}

fn disks(rows: &[(&str, f64)]) -> Table {
    let text = |s: &str| Value::Str(s.to_owned());
    let mut table = Table::new(metric("disk").columns());
    for (mountpoint, used) in rows {
        let row = vec![
            text(mountpoint),
            text("sda"),
            text("ext4"),
            Value::Percent(*used),
        ];
        table.rows.push(row);
    }
    table
}

#[test]
fn what_was_recorded_is_replayed_row_by_row_with_its_gaps() {
    let mut recording = Recording::new(100, 1 << 20);
    let disk = metric("disk");
    recording.record(disk, 10, &disks(&[("/", 40.0), ("/var", 91.125)]));
    recording.record(disk, 11, &disks(&[("/", 41.5)]));
    recording.record(disk, 14, &disks(&[("/var", 95.0), ("/", 42.0)]));
    let replayed: Vec<_> = recording.replay(disk, 14).collect();
    let expected = vec![
        (10, disks(&[("/", 40.0), ("/var", 91.125)])),
        (11, disks(&[("/", 41.5)])),
        (14, disks(&[("/", 42.0), ("/var", 95.0)])),
    ];
    assert_eq!(replayed, expected);
    assert_eq!(recording.series(), 2);
    assert_eq!(recording.replay(metric("mem"), 14).count(), 0);
}

#[test]
fn a_metric_of_each_type_comes_back_as_what_it_was() {
    for (name, value) in [
        ("mem", Value::Percent(37.5)),
        ("mem_available", Value::Size(123_456_789_012)),
        ("load1", Value::Float(0.37)),
        ("uptime", Value::Duration(86_400_000_000_001)),
        ("threads", Value::Int(512)),
        ("swap", Value::Null),
    ] {
        let metric = metric(name);
        let mut recording = Recording::new(10, 1 << 16);
        let mut table = Table::new(metric.columns());
        table.rows.push(vec![value.clone()]);
        recording.record(metric, 5, &table);
        let replayed: Vec<_> = recording.replay(metric, 5).collect();
        assert_eq!(replayed, [(5, table)], "{name}");
    }
}

#[test]
fn a_device_that_is_gone_makes_room_after_an_hour() {
    let mut recording = Recording::new(1, 1 << 16);
    let disk = metric("disk");
    recording.record(disk, 10, &disks(&[("/", 40.0)]));
    recording.record(disk, 11, &disks(&[("/mnt", 1.0)]));
    assert_eq!(recording.dropped(), 1, "one series too many, and counted");
    recording.sweep(3_609);
    assert_eq!(recording.series(), 1);
    recording.sweep(3_610);
    assert_eq!(recording.series(), 0);
    recording.record(disk, 3_611, &disks(&[("/mnt", 1.0)]));
    assert_eq!(recording.replay(disk, 3_611).count(), 1);
}

#[test]
fn tables_of_processes_are_not_recorded() {
    assert!(!Recording::takes(metric("top_cpu")));
    let mut recording = Recording::new(10, 1 << 16);
    recording.record(metric("top_cpu"), 1, &Table::default());
    assert_eq!(recording.metrics().count(), 0);
}

fn watching(probe: Probe, every: u64) -> AutomationSpec {
    let condition = NodeCondition {
        probe,
        plan: RowPlan::default(),
        timeout: Duration::from_secs(5),
    };
    AutomationSpec {
        name: AutomationName::new("a").expect("a name"),
        source: String::new(),
        on: "@all".to_owned(),
        version: None,
        every: Duration::from_secs(every),
        when: Condition::Node(condition),
        key: Vec::new(),
        fire: Hold::ONCE,
        clear: Clear {
            expr: None,
            hold: Hold::ONCE,
        },
        collect: Vec::new(),
        deeds: Vec::new(),
        verify: Duration::ZERO,
        limits: Limits {
            rates: Vec::new(),
            attempts: 1,
            shares: Vec::new(),
            at_once: Vec::new(),
            offline: Offline::Hold,
        },
        storm: Storm {
            basis_points: 0,
            within: Duration::ZERO,
            at_least: 0,
        },
        escalate: Vec::new(),
        mode: Mode::Observe,
        owner: None,
        runbook: None,
        note: String::new(),
    }
}

#[test]
fn a_metric_is_measured_once_a_tick_however_many_look_at_it() {
    let of = |name: &str| Probe::Metric(metric(name).name.to_owned());
    let specs = [
        watching(of("mem"), 4),
        watching(of("mem"), 6),
        watching(of("load1"), 5),
        watching(Probe::Shell("df".to_owned()), 10),
        watching(Probe::Metric("system.of.tomorrow".to_owned()), 1),
    ];
    let plan = Sampling::new(&specs, [metric("cpu")]);
    let due = |tick| -> Vec<(&str, Vec<usize>)> {
        let due = plan.due(tick);
        due.map(|s| (s.metric.short[0], s.lookers(tick).collect()))
            .collect()
    };
    assert_eq!(due(1), [("cpu", vec![])]);
    assert_eq!(due(2), [("cpu", vec![]), ("mem", vec![])]);
    assert_eq!(due(4), [("cpu", vec![]), ("mem", vec![0])]);
    assert_eq!(due(5), [("load1", vec![2]), ("cpu", vec![])]);
    assert_eq!(due(12), [("cpu", vec![]), ("mem", vec![0, 1])]);
    assert_eq!(plan.metrics().len(), 3);
}
