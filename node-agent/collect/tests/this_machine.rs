//! Every metric of the catalog on the kernel that runs the tests.

use std::time::{Duration, Instant};

use hailer_collect::{AgentFacts, CollectError, Collector, Readiness, catalog};
use hailer_protocol::metrics::{FACTS, Measure, Metric};
use hailer_protocol::table::Table;
use hailer_protocol::time::Mono;
use hailer_protocol::value::{DataType, Value};

/// Answers as a driver would, but for the waiting: the second reading is taken at once and said
/// to be a fifth of a second later.
fn probe(collector: &mut Collector, metric: &Metric) -> Result<Table, CollectError> {
    let start = Mono(Duration::from_secs(1));
    match collector.probe(metric, start)? {
        Readiness::Ready(table) => Ok(table),
        Readiness::NeedsSecondReading(wait) => match collector.probe(metric, start + wait)? {
            Readiness::Ready(table) => Ok(table),
            Readiness::NeedsSecondReading(wait) => panic!("{} waits {wait:?} more", metric.name),
        },
    }
}

fn number(collector: &mut Collector, name: &str) -> f64 {
    let table = probe(collector, catalog::find(name).expect(name)).expect(name);
    let values = table.column("value").expect(name);
    assert_eq!(values.len(), 1, "{name}");
    values[0]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} is {:?}", values[0]))
}

#[test]
fn every_metric_keeps_to_its_columns_and_types() {
    for metric in catalog::catalog() {
        let table = match probe(&mut Collector::default(), metric) {
            Ok(table) => table,
            // A kernel may lack PSI, and nothing else.
            Err(error) => {
                assert!(matches!(metric.measure, Measure::Pressure(_)), "{error}");
                assert!(error.hint().is_some(), "{error}");
                continue;
            }
        };
        assert_eq!(table.columns, metric.columns(), "{}", metric.name);
        assert!(table.is_rectangular(), "{}", metric.name);
        if metric.dimensions.is_empty() {
            assert_eq!(table.rows.len(), 1, "{}", metric.name);
        }
        for row in &table.rows {
            for (value, column) in row.iter().zip(&table.columns) {
                let is_right = value.is_null() || value.data_type() == column.data_type;
                assert!(is_right, "{}: {} is {value:?}", metric.name, column.name);
                if let Value::Percent(points) = value
                    && !matches!(metric.measure, Measure::Top(_))
                {
                    assert!((0.0..=100.0).contains(points), "{}: {points}", metric.name);
                }
            }
        }
    }
}

#[test]
fn values_are_plausible() {
    let mut here = Collector::default();
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert!(number(&mut here, "cpus") >= f64::from(u32::try_from(cpus).unwrap()));
    assert!(number(&mut here, "load1") >= 0.0);
    let total = number(&mut here, "mem_total");
    assert!(total > 64.0 * 1024.0 * 1024.0, "{total}");
    assert!(number(&mut here, "mem_available") <= total);
    assert!(number(&mut here, "uptime") > 0.0);
    assert!(number(&mut here, "fds") >= 1.0);
    assert!(number(&mut here, "fds") <= number(&mut here, "fd_limit"));
    assert!(number(&mut here, "threads") >= 1.0);
    assert!(number(&mut here, "forks") >= 1.0);
}

#[test]
fn memory_parts_add_up_to_the_whole() {
    let mut here = Collector::default();
    let table = probe(&mut here, catalog::find("mem_usage").unwrap()).unwrap();
    let sum: f64 = table
        .rows
        .iter()
        .filter(|row| row[0] != Value::from("shared"))
        .filter_map(|row| row[1].as_f64())
        .sum();
    let total = number(&mut here, "mem_total");
    assert!((sum - total).abs() < 1.0, "{sum} of {total}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this test is the driver")]
fn a_busy_thread_shows_in_the_processors_and_among_the_processes() {
    let mut here = Collector::default();
    let start = Instant::now();
    let now = || Mono(start.elapsed());
    let cpu = catalog::find("cpu").unwrap();
    let top = catalog::find("top_cpu").unwrap();
    assert!(matches!(
        here.probe(cpu, now()),
        Ok(Readiness::NeedsSecondReading(_))
    ));
    assert!(matches!(
        here.probe(top, now()),
        Ok(Readiness::NeedsSecondReading(_))
    ));
    // Time that this process is known to have spent, however little of the machine it gets.
    let ticks_before = own_ticks();
    let mut spun = 0_u64;
    while own_ticks() < ticks_before + 10 || start.elapsed() < Duration::from_millis(300) {
        spun = std::hint::black_box(spun.wrapping_add(1));
        assert!(
            start.elapsed() < Duration::from_secs(9),
            "the machine gives us no time"
        );
    }
    let Ok(Readiness::Ready(table)) = here.probe(cpu, now()) else {
        panic!("there are two readings");
    };
    let busy = table.rows[0][0].as_f64().unwrap();
    assert!(busy > 0.0, "{busy}");
    let Ok(Readiness::Ready(table)) = here.probe(top, now()) else {
        panic!("there are two readings");
    };
    let own = Value::Int(i64::from(std::process::id()));
    let row = table.rows.iter().find(|row| row[0] == own);
    let row = row.unwrap_or_else(|| panic!("we are not among {:?}", table.rows));
    assert!(row[3].as_f64().unwrap() > 0.0, "{row:?}");
    assert_eq!(
        row[1],
        Value::Int(i64::from(rustix::process::geteuid().as_raw()))
    );
}

fn own_ticks() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("the kernel offers it");
    let stat = hailer_collect::procfs::pid_stat::parse(&text).expect("it is whole");
    stat.cpu_ticks.expect("the kernel tells")
}

#[test]
fn used_and_free_space_are_the_filesystems_own() {
    let dir = tempfile::tempdir().unwrap();
    let proc_dir = dir.path().join("proc");
    std::fs::create_dir_all(proc_dir.join("self")).unwrap();
    let line = format!(
        "1 0 8:1 / {} rw - ext4 /dev/sda1 rw\n",
        dir.path().display()
    );
    std::fs::write(proc_dir.join("self/mountinfo"), line).unwrap();
    let roots = hailer_collect::Roots {
        proc: proc_dir,
        ..hailer_collect::Roots::default()
    };
    let mut here = Collector::new(roots, hailer_collect::Settings::default());
    let mut value = |name: &str| {
        let table = probe(&mut here, catalog::find(name).unwrap()).unwrap();
        table.column("value").unwrap()[0].as_f64().unwrap()
    };
    let (total, used, free) = (value("disk_total"), value("disk_used"), value("disk_free"));
    assert!(total > 0.0 && free <= total && used <= total);
    let share = value("disk");
    // The filesystem is in use by others while we look.
    assert!(
        (share - 100.0 * used / (used + free)).abs() < 5.0,
        "{share}"
    );
}

#[test]
fn facts_keep_to_their_columns_and_types() {
    let facts = Collector::default().facts(&AgentFacts::default());
    let names: Vec<&str> = facts.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, FACTS.iter().map(|f| f.name).collect::<Vec<_>>());
    assert!(facts.is_rectangular());
    assert_eq!(facts.rows.len(), 1);
    for (value, fact) in facts.rows[0].iter().zip(FACTS) {
        let is_right = value.is_null() || value.data_type() == fact.data_type;
        assert!(is_right, "{} is {value:?}", fact.name);
    }
    let value = |name: &str| facts.column(name).unwrap()[0].clone();
    assert_eq!(value("kernel").data_type(), DataType::Str);
    assert_eq!(value("arch").data_type(), DataType::Str);
    let uname = rustix::system::uname();
    assert_eq!(value("kernel"), uname.release().to_str().unwrap().into());
}
