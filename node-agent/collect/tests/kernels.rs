//! Whole answers from the files of other machines: a bare machine with Linux 4.4, which has
//! neither PSI nor (here) `MemAvailable`, and a container on a new kernel without `/sys`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hailer_collect::{AgentFacts, CollectError, Collector, Readiness, Roots, Settings, catalog};
use hailer_protocol::table::{Row, Table};
use hailer_protocol::time::Mono;
use hailer_protocol::value::Value;

fn machine(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn roots(machine: &Path) -> Roots {
    Roots {
        proc: machine.join("proc"),
        sys: machine.join("sys"),
        etc: machine.join("etc"),
        overlay: None,
    }
}

fn collector(name: &str) -> Collector {
    Collector::new(roots(&machine(name)), Settings::default())
}

fn probe_at(
    collector: &mut Collector,
    name: &str,
    ms: u64,
) -> Result<Readiness<Table>, CollectError> {
    let metric = catalog::find(name).expect("it is in the catalog");
    collector.probe(metric, Mono(Duration::from_millis(ms)))
}

fn rows(collector: &mut Collector, name: &str) -> Vec<Row> {
    match probe_at(collector, name, 1000).expect("it can be read") {
        Readiness::Ready(table) => table.rows,
        Readiness::NeedsSecondReading(_) => {
            match probe_at(collector, name, 1200).expect("it can be read again") {
                Readiness::Ready(table) => table.rows,
                Readiness::NeedsSecondReading(wait) => panic!("{name} waits {wait:?} once more"),
            }
        }
    }
}

fn value(collector: &mut Collector, name: &str) -> Value {
    let mut rows = rows(collector, name);
    assert_eq!(rows.len(), 1, "{name}");
    rows.remove(0).remove(0)
}

fn kib(n: i64) -> Value {
    Value::Size(n * 1024)
}

#[test]
fn an_old_kernel_answers_all_that_it_can() {
    let mut old = collector("linux-4.4");
    let mut check = |name: &str, expected: Value| {
        assert_eq!(value(&mut old, name), expected, "{name}");
    };
    check("load1", Value::Float(0.20));
    check("load5", Value::Float(0.18));
    check("load15", Value::Float(0.12));
    check("threads", Value::Int(80));
    check("cpus", Value::Int(2));
    check("forks", Value::Int(2915));
    check("mem_total", kib(2_048_000));
    check(
        "mem_available",
        kib(512_000 + 100_000 + 400_000 + 62_000 - 50_000),
    );
    check("mem", Value::Percent(50.0));
    check("swap", Value::Percent(25.0));
    check("oom_kills", Value::Null);
    check("fds", Value::Int(1184));
    check("fd_limit", Value::Int(202_021));
    check("uptime", Value::Duration(350_735_470_000_000));
}

#[test]
fn an_old_kernel_without_psi_is_an_error_with_a_hint_and_not_a_zero() {
    let error = probe_at(&mut collector("linux-4.4"), "psi_cpu", 0).expect_err("it has none");
    assert!(error.to_string().contains("pressure/cpu"), "{error}");
    assert!(error.hint().is_some(), "{error}");
}

#[test]
fn whole_disks_that_were_used_are_shown() {
    let mut old = collector("linux-4.4");
    let row =
        |device: &str, direction: &str, value: Value| vec![device.into(), direction.into(), value];
    let expected = [
        row("sda", "read", Value::Size(8000 * 512)),
        row("sda", "write", Value::Size(16000 * 512)),
        row("dm-0", "read", Value::Size(80 * 512)),
        row("dm-0", "write", Value::Size(160 * 512)),
    ];
    assert_eq!(rows(&mut old, "disk.io"), expected);
    assert_eq!(
        rows(&mut old, "disk_queue")[0],
        [Value::from("sda"), Value::Int(3)]
    );
}

#[test]
fn interfaces_are_shown_in_both_directions() {
    let rows = rows(&mut collector("linux-4.4"), "net_errors");
    let row = |device: &str, direction: &str, n: i64| {
        vec![device.into(), direction.into(), Value::Int(n)]
    };
    let expected = [
        row("lo", "receive", 0),
        row("lo", "transmit", 0),
        row("eth0", "receive", 2),
        row("eth0", "transmit", 4),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn counters_that_stand_still_have_a_rate_of_zero_and_no_share() {
    let mut old = collector("linux-4.4");
    assert_eq!(value(&mut old, "cpu"), Value::Null, "no time has passed");
    let rates = rows(&mut old, "net_rate");
    assert!(
        rates.iter().all(|row| row[2] == Value::Size(0)),
        "{rates:?}"
    );
    assert_eq!(value(&mut old, "fork_rate"), Value::Float(0.0));
}

#[test]
fn a_share_is_measured_between_two_readings() {
    let dir = tempfile::tempdir().unwrap();
    let stat = |text: &str| std::fs::write(dir.path().join("stat"), text).unwrap();
    let mut collector = Collector::new(
        Roots {
            proc: dir.path().into(),
            ..Roots::default()
        },
        Settings::default(),
    );
    stat("cpu 100 0 0 900\nprocesses 10\n");
    let wait = Duration::from_millis(200);
    let first = probe_at(&mut collector, "cpu", 1000).unwrap();
    assert_eq!(first, Readiness::NeedsSecondReading(wait));
    stat("cpu 130 0 0 970\nprocesses 60\n");
    let Readiness::Ready(table) = probe_at(&mut collector, "cpu", 1500).unwrap() else {
        panic!("there are two readings");
    };
    assert_eq!(table.rows, [[Value::Percent(30.0)]]);
    // The same two readings serve another metric of the same source at once.
    let Readiness::Ready(table) = probe_at(&mut collector, "fork_rate", 1500).unwrap() else {
        panic!("there are two readings");
    };
    assert_eq!(table.rows, [[Value::Float(100.0)]]);
}

#[test]
fn a_mount_with_a_blank_is_shown_and_one_that_cannot_be_reached_is_null() {
    let mut old = collector("linux-4.4");
    let table = rows(&mut old, "disk");
    assert_eq!(table.len(), 2, "neither sysfs nor NFS: {table:?}");
    assert_eq!(
        table[0][..3],
        ["/".into(), "/dev/sda1".into(), "ext4".into()]
    );
    assert_eq!(table[1][0], "/no/such/my disk".into());
    assert_eq!(table[1][1], "/dev/mapper/vg-my disk".into());
    assert_eq!(table[1][3], Value::Null);
    let read_only: Vec<Value> = rows(&mut old, "disk_read_only")
        .into_iter()
        .map(|mut row| row.remove(3))
        .collect();
    assert_eq!(read_only, [Value::Bool(true), Value::Bool(false)]);
}

#[test]
fn processes_are_counted_by_status() {
    let rows = rows(&mut collector("linux-4.4"), "procs");
    let counted: Vec<&Row> = rows.iter().filter(|row| row[1] != Value::Int(0)).collect();
    let expected = [
        [Value::from("running"), Value::Int(1)],
        [Value::from("sleeping"), Value::Int(1)],
        [Value::from("blocked"), Value::Int(1)],
    ];
    assert_eq!(counted, expected.iter().collect::<Vec<_>>());
    assert_eq!(
        rows.len(),
        7,
        "statuses without a process are zeros: {rows:?}"
    );
}

#[test]
fn top_rows_name_the_process_its_user_and_its_share() {
    let settings = Settings {
        top_rows: 2,
        ..Settings::default()
    };
    let mut old = Collector::new(roots(&machine("linux-4.4")), settings);
    let rows = rows(&mut old, "top_mem");
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0][..3],
        [Value::Int(842), Value::Int(33), Value::from("(a) b)")]
    );
    let Value::Size(rss) = rows[0][3] else {
        panic!("{rows:?}");
    };
    assert_eq!(rss % 9000, 0, "nine thousand pages");
    assert_eq!(rows[1][0], Value::Int(1));
}

#[test]
fn top_cpu_is_in_points_of_one_processor() {
    let dir = tempfile::tempdir().unwrap();
    let process = |pid: u32, ticks: u64| {
        let folder = dir.path().join(pid.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let rest = format!("S 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 50 0 10 0");
        std::fs::write(folder.join("stat"), format!("{pid} (p{pid}) {rest}")).unwrap();
    };
    let mut collector = Collector::new(
        Roots {
            proc: dir.path().into(),
            ..Roots::default()
        },
        Settings::default(),
    );
    let hertz = rustix::param::clock_ticks_per_second();
    process(5, 1000);
    process(6, 1000);
    assert!(matches!(
        probe_at(&mut collector, "top_cpu", 1000).unwrap(),
        Readiness::NeedsSecondReading(_)
    ));
    process(5, 1000 + hertz);
    process(6, 1000 + 4 * hertz);
    let Readiness::Ready(table) = probe_at(&mut collector, "top_cpu", 3000).unwrap() else {
        panic!("there are two readings");
    };
    let shares: Vec<(&Value, &Value)> = table.rows.iter().map(|row| (&row[0], &row[3])).collect();
    let expected = [
        (&Value::Int(6), &Value::Percent(200.0)),
        (&Value::Int(5), &Value::Percent(50.0)),
    ];
    assert_eq!(shares, expected);
    assert_eq!(table.rows[0][1], Value::Null, "its status file is gone");
}

#[test]
fn a_container_tells_pressure_and_has_null_for_what_its_kernel_lacks() {
    let rows = rows(&mut collector("container"), "psi_cpu");
    let shares: Vec<&Value> = rows.iter().map(|row| &row[2]).collect();
    let some = [12.5, 3.0, 0.25].map(Value::Percent);
    assert_eq!(shares[..3], some.iter().collect::<Vec<_>>());
    assert!(
        shares[3..].iter().all(|share| share.is_null()),
        "{shares:?}"
    );
    assert_eq!(
        rows[1][..2],
        ["some".into(), Value::Duration(60_000_000_000)]
    );
}

#[test]
fn a_container_shows_its_root_alone() {
    let rows = rows(&mut collector("container"), "disk_total");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0][..3],
        ["/".into(), "overlay".into(), "overlay".into()]
    );
}

fn fact(table: &Table, name: &str) -> Value {
    let column = table.column(name).expect("it is a fact");
    assert_eq!(column.len(), 1, "one row a node");
    column[0].clone()
}

#[test]
fn facts_of_a_bare_machine_are_read() {
    let agent = AgentFacts {
        version: "1.2.3".into(),
        node: "db07".into(),
        labels: [("role", "db"), ("dc", "fra")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
    };
    let facts = collector("linux-4.4").facts(&agent);
    let check = |name: &str, expected: Value| assert_eq!(fact(&facts, name), expected, "{name}");
    check("hostname", "db07".into());
    check("kernel", "4.4.0-210-generic".into());
    check("os", "Ubuntu 16.04.7 LTS".into());
    check("os_id", "ubuntu".into());
    check("os_version", "16.04".into());
    check(
        "cpu_model",
        "Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz".into(),
    );
    check("cpus", Value::Int(2));
    check("memory", kib(2_048_000));
    check("product", "PowerEdge R620".into());
    check("bios_version", "2.9.0".into());
    check("bios_date", "12/06/2019".into());
    check("virtualization", "none".into());
    check("boot_time", Value::Time(1_062_191_376_000));
    check("uptime", Value::Duration(350_735_470_000_000));
    check("agent_version", "1.2.3".into());
    check("labels", "dc=fra,role=db".into());
}

#[test]
fn facts_of_a_container_are_null_where_it_has_no_firmware() {
    let facts = collector("container").facts(&AgentFacts::default());
    for name in [
        "bios_version",
        "bios_vendor",
        "product",
        "os_version",
        "cpu_model",
    ] {
        assert_eq!(fact(&facts, name), Value::Null, "{name}");
    }
    assert_eq!(fact(&facts, "virtualization"), Value::Null, "nothing tells");
    assert_eq!(fact(&facts, "arch"), "aarch64".into());
    assert_eq!(fact(&facts, "os"), "Arch Linux".into());
}

#[test]
fn an_overlay_makes_two_nodes_on_one_machine_differ() {
    let overlay = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = overlay.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("sys/class/dmi/id/bios_version", "2.1.0\n");
    write("proc/sys/kernel/osrelease", "4.4.0-31-generic\n");
    let mut node = Collector::new(
        Roots {
            overlay: Some(overlay.path().into()),
            ..roots(&machine("linux-4.4"))
        },
        Settings::default(),
    );
    let facts = node.facts(&AgentFacts::default());
    assert_eq!(fact(&facts, "bios_version"), "2.1.0".into());
    assert_eq!(fact(&facts, "kernel"), "4.4.0-31-generic".into());
    assert_eq!(
        fact(&facts, "bios_vendor"),
        "Dell Inc.".into(),
        "not laid over"
    );
}

#[test]
fn a_root_that_is_not_there_is_an_error_that_names_the_file() {
    let mut nowhere = collector("no-such-machine");
    for metric in catalog::catalog() {
        let error = nowhere
            .probe(metric, Mono::default())
            .expect_err(metric.name);
        assert!(error.to_string().contains("no-such-machine"), "{error}");
    }
    let facts = nowhere.facts(&AgentFacts::default());
    assert_eq!(fact(&facts, "kernel"), Value::Null);
}
