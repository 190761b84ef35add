//! Output without end: memory stays bounded on both sides, and what was cut is counted exactly.

use serde_json::Value;

use crate::support::fleet::Fleet;
use crate::support::hailer::Ran;

const MIB: u64 = 1 << 20;

/// More than this neither side may ever hold.
const MEMORY_MAX: u64 = 512 * MIB;

/// Runs a line on a fleet of four; checks memory and counts, and returns the records.
#[track_caller]
fn drop_bomb(flags: &[&str], line: &str, code: i32) -> Vec<Value> {
    let fleet = Fleet::start(4, 0);
    let ran = fleet
        .hailer()
        .args(["--format", "ndjson"])
        .args(flags)
        .line(line)
        .run()
        .exits(code);
    bounded(&ran, &fleet);
    fleet.wait_until_idle();
    let records = ran.records();
    let (summary, rows) = records.split_last().expect("a summary");
    assert_eq!(summary["type"], "summary");
    assert_eq!(rows.len(), 4);
    let mut cut = 0;
    for row in rows {
        let number = |name: &str| row[name].as_u64().unwrap_or(0);
        let kept = row["out"].as_str().expect("it is text").len() as u64;
        assert_eq!(
            number("bytes"),
            kept + number("cut_bytes"),
            "{}",
            row["node"]
        );
        assert_eq!(row["truncated"], true);
        assert!(kept <= 2 * MIB, "{kept} bytes are kept");
        cut += number("cut_bytes");
    }
    assert_eq!(summary["cut_bytes"], cut);
    assert_eq!(summary["truncated"], 4);
    records
}

#[track_caller]
fn bounded(ran: &Ran, fleet: &Fleet) {
    assert!(ran.peak_bytes > 0, "its memory was seen");
    assert!(
        ran.peak_bytes < MEMORY_MAX,
        "hailer had {} MiB",
        ran.peak_bytes / MIB
    );
    let of_fleet = fleet.peak_bytes();
    assert!(
        of_fleet < MEMORY_MAX,
        "the fleet had {} MiB",
        of_fleet / MIB
    );
}

#[test]
fn zeros_without_end_stop_at_the_timeout() {
    let records = drop_bomb(&["--timeout", "1s"], "cat /dev/zero", 5);
    assert!(
        records[..4].iter().all(|r| r["state"] == "timed_out"),
        "{:?}",
        records.last()
    );
}

#[test]
fn lines_without_end_stop_at_the_deadline() {
    let records = drop_bomb(&["--deadline", "1s"], "yes", 5);
    assert!(
        records[..4].iter().all(|r| r["state"] == "timed_out"),
        "{:?}",
        records.last()
    );
}

#[test]
fn one_line_of_a_gibibyte_is_counted_to_the_byte() {
    let records = drop_bomb(&[], "head -c 1073741824 /dev/zero", 0);
    assert!(
        records[..4].iter().all(|r| r["bytes"] == 1 << 30),
        "{:?}",
        records.last()
    );
}

#[test]
fn a_bomb_that_is_shown_to_people_is_cut_and_cleaned() {
    let fleet = Fleet::start(2, 0);
    let ran = fleet
        .hailer()
        .line("head -c 100000000 /dev/urandom")
        .run()
        .exits(0);
    bounded(&ran, &fleet);
    assert!(ran.out.contains("cut: "), "it is said that it was cut");
    let is_clean = |c: char| c == '\n' || !c.is_control();
    assert!(
        ran.out.chars().all(is_clean),
        "no control character is left"
    );
    assert!(ran.out_bytes.len() < 64 << 20);
}

#[test]
fn a_bomb_that_is_parsed_ends_as_rows_that_are_cut_or_as_a_clear_failure() {
    let fleet = Fleet::start(2, 0);
    let bombs = [
        "head -c 300000000 /dev/zero |> parse |> count",
        "yes a b c | head -n 20000000 |> parse |> count",
        "yes a b c | head -n 20000000 |> parse lines |> where line ~ 'z' |> count",
    ];
    for line in bombs {
        let ran = fleet.hailer().args(["--timeout", "20s"]).line(line).run();
        bounded(&ran, &fleet);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("2 nodes: "), "{line}: {said}");
    }
    fleet.wait_until_idle();
}
