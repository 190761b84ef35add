//! The twelve lines of `examples/lines`, each run as it is on a fleet with one odd node.
//!
//! A simulated node finds what lies in its own `bin` before the machine's programs. What the odd
//! node's programs print there is what the real ones print when that is wrong with a machine; the
//! others print what is healthy.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::fleet::Fleet;

/// What a stand-in prints on most nodes and on the odd one.
struct StandIn {
    program: &'static str,
    most: &'static str,
    odd: &'static str,
}

const STAND_INS: &[StandIn] = &[
    StandIn {
        program: "df",
        most: "Use%  Avail Mounted on\n 41%    60G /\n 12%   200G /var\n",
        odd: "Use%  Avail Mounted on\n 41%    60G /\n 97%     5G /var\n",
    },
    StandIn {
        program: "uname",
        most: "6.1.0-26-amd64\n",
        odd: "6.1.0-21-amd64\n",
    },
    StandIn {
        program: "curl",
        most: "1.8.2\n",
        odd: "1.7.9\n",
    },
    StandIn {
        program: "chronyc",
        most: "Reference ID    : C0A80001 (ntp1)\nStratum         : 3\n\
               System time     : 0.000021461 seconds slow of NTP time\nLeap status     : Normal\n",
        odd: "Reference ID    : C0A80001 (ntp1)\nStratum         : 3\n\
              System time     : 2.417000000 seconds fast of NTP time\nLeap status     : Normal\n",
    },
    StandIn {
        program: "openssl",
        most: "notAfter=Jan  1 00:00:00 2100 GMT\n",
        odd: "notAfter=Jan  1 00:00:00 2026 GMT\n",
    },
    StandIn {
        program: "ss",
        most: "LISTEN 0 511 0.0.0.0:8080 0.0.0.0:* users:((\"nginx\",pid=812,fd=6))\n",
        odd: "LISTEN 0 128 0.0.0.0:8080 0.0.0.0:* users:((\"java\",pid=4410,fd=23))\n",
    },
    StandIn {
        program: "dmesg",
        most: "[    0.000000] Linux version 6.1.0\n",
        odd: "[ 8123.101010] Out of memory: Killed process 4410 (java) total-vm:9000kB\n\
              [ 9123.101010] Out of memory: Killed process 4477 (java) total-vm:9100kB\n",
    },
    StandIn {
        program: "getent",
        most: "10.0.0.5        STREAM db.internal\n10.0.0.5        DGRAM\n",
        odd: "10.9.9.9        STREAM db.internal\n10.9.9.9        DGRAM\n",
    },
    StandIn {
        program: "ps",
        most: "STAT    PPID COMMAND\nSs         1 sshd\n",
        odd: "STAT    PPID COMMAND\nSs         1 sshd\nZ        731 worker\nZ        731 worker\n",
    },
    StandIn {
        program: "iostat",
        most: "Linux 6.1.0 (web)  01/01/26  _x86_64_  (2 CPU)\n\n\
               Device            r/s     rkB/s   rrqm/s  %rrqm r_await rareq-sz     w/s  aqu-sz  %util\n\
               sda              1.00     16.00     0.00   0.00    0.42    16.00    2.00    0.00   0.40\n",
        odd: "Linux 6.1.0 (web)  01/01/26  _x86_64_  (2 CPU)\n\n\
              Device            r/s     rkB/s   rrqm/s  %rrqm r_await rareq-sz     w/s  aqu-sz  %util\n\
              sda              1.00     16.00     0.00   0.00  180.11    16.00    2.00    2.10  99.80\n",
    },
];

/// The node that something is wrong with.
const ODD: &str = "web02";

const NODES: usize = 8;

static FLEET: LazyLock<Fleet> = LazyLock::new(|| {
    let fleet = Fleet::start(NODES, 0);
    for entry in fs::read_dir(fleet.dir().join("nodes")).expect("nodes") {
        let node = entry.expect("a node").path();
        let is_odd = node.ends_with(ODD);
        fs::create_dir(node.join("bin")).expect("made");
        for stand_in in STAND_INS {
            let text = if is_odd { stand_in.odd } else { stand_in.most };
            let path = node.join("bin").join(stand_in.program);
            fs::write(&path, format!("#!/bin/sh\ncat <<'END'\n{text}END\n")).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("runs");
        }
        let role = if is_odd { "drifted" } else { "alike" };
        fs::write(node.join("etc/app.conf"), role).expect("written");
        let bios = node.join("facts/sys/class/dmi/id/bios_version");
        fs::write(bios, if is_odd { "2.11.0\n" } else { "2.14.1\n" }).expect("written");
    }
    fleet
});

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The rows that an example has on that fleet.
fn rows(name: &str) -> Vec<Value> {
    let path = examples().join("lines").join(format!("{name}.hail"));
    let ran = FLEET
        .hailer()
        .args([&path])
        .args(["--format", "ndjson"])
        .run();
    assert!(
        ran.code == 0,
        "{name} exits {}:\n{}\n{}",
        ran.code,
        ran.out,
        ran.err
    );
    let records = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"));
    records.filter(|r: &Value| r["type"] == "row").collect()
}

/// The example finds rows of the odd node alone, the first of which has this.
#[track_caller]
fn finds_alone(name: &str, column: &str, expected: &Value) {
    let rows = rows(name);
    assert!(!rows.is_empty(), "{name} finds nothing");
    assert!(rows.iter().all(|r| r["node"] == ODD), "{name}: {rows:?}");
    assert_eq!(&rows[0][column], expected, "{name}: {rows:?}");
}

/// The example has the odd node first, alone with this, and all others after it.
#[track_caller]
fn groups_first(name: &str, column: &str, expected: &str) {
    let rows = rows(name);
    assert_eq!(rows.len(), 2, "{name}: {rows:?}");
    assert_eq!(rows[0]["nodes"], ODD, "{name}: {rows:?}");
    assert_eq!(rows[0][column], expected, "{name}: {rows:?}");
    assert_eq!(rows[1]["count"], NODES - 1, "{name}: {rows:?}");
}

#[test]
fn the_full_disk_is_found() {
    finds_alone("disk-full", "mounted_on", &"/var".into());
}

#[test]
fn the_odd_kernel_is_found() {
    groups_first("bad-kernel", "line", "6.1.0-21-amd64");
}

#[test]
fn the_stuck_deploy_is_found() {
    groups_first("stuck-deploy", "line", "1.7.9");
}

#[test]
fn the_clock_that_drifts_is_found() {
    finds_alone("time-drift", "stratum", &3.into());
}

#[test]
fn the_certificate_that_runs_out_is_found() {
    let rows = rows("certificate-expiry");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["node"], ODD);
}

#[test]
fn the_program_that_has_the_port_is_found() {
    finds_alone("port-in-use", "who", &"java".into());
}

#[test]
fn the_kernels_kills_are_counted() {
    finds_alone("oom-kills", "count", &2.into());
}

#[test]
fn the_node_that_gets_another_answer_is_found() {
    groups_first("dns-differences", "line", "10.9.9.9");
}

#[test]
fn the_file_that_drifted_is_found() {
    let rows = rows("config-drift");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0]["nodes"], ODD, "{rows:?}");
}

#[test]
fn the_parent_of_zombies_is_found() {
    finds_alone("zombies", "ppid", &731.into());
}

#[test]
fn the_slow_disk_is_found() {
    finds_alone("slow-disk", "device", &"sda".into());
}

#[test]
fn the_node_with_another_bios_is_found() {
    groups_first("odd-bios", "bios_version", "2.11.0");
}

#[test]
fn every_example_is_tested_here() {
    let this = include_str!("examples.rs");
    let dir = fs::read_dir(examples().join("lines")).expect("there");
    let names = dir.map(|e| e.expect("an example").path());
    let names: Vec<String> = names
        .map(|p| {
            p.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(names.len(), 12);
    for name in names {
        assert!(this.contains(&format!("(\"{name}\"")), "{name}");
    }
}
