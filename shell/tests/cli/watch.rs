//! `watch`: a line asked again and again.

use std::fs;
use std::io::{BufRead as _, BufReader};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::fleet::Fleet;
use crate::support::terminal::Terminal;
use crate::support::{proc, wait_until};

#[test]
fn each_turn_is_in_its_records_and_ctrl_c_in_a_turn_ends_its_commands() {
    let fleet = Fleet::start(2, 0);
    let state = |node: &str| fleet.node_dir(node).join("state");
    for node in ["web01", "web02"] {
        fs::write(state(node), "one\n").expect("it can be written");
    }
    let line =
        "cat state; test ! -e hang || exec sleep 1000 |> parse lines |> select line |> watch 1s";
    let mut child = fleet
        .hailer()
        .args(["--format", "ndjson"])
        .line(line)
        .spawn();
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("it goes on").expect("text");
        serde_json::from_str(&line).expect("a record")
    };
    for _ in 0..2 {
        let row = next();
        assert_eq!((&row["turn"], &row["line"]), (&1.into(), &"one".into()));
    }
    let summary = next();
    assert_eq!(
        (&summary["type"], &summary["turn"]),
        (&"summary".into(), &1.into())
    );
    fs::write(state("web02"), "two\n").expect("it can be written");
    let mut last = 1;
    loop {
        let record = next();
        let turn = record["turn"].as_u64().expect("a number");
        assert!(turn == last || turn == last + 1, "{record}");
        last = turn;
        if record["node"] == "web02" && record["line"] == "two" {
            break;
        }
    }
    fs::write(fleet.node_dir("web01").join("hang"), "").expect("it can be written");
    wait_until("a turn hangs", || {
        fleet.commands().iter().any(|c| c.contains("sleep 1000"))
    });
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::INT).expect("it is there");
    let status = child.wait().expect("it is our child");
    assert_eq!(status.code(), Some(130));
    fleet.wait_until_idle();
}

#[test]
fn ctrl_c_in_the_first_turn_keeps_what_some_have_said() {
    let fleet = Fleet::start(2, 0);
    fs::write(fleet.node_dir("web02").join("hang"), "").expect("it can be written");
    let line = "echo here; test ! -e hang || exec sleep 1000 |> watch 1s";
    let child = fleet
        .hailer()
        .args(["--format", "ndjson"])
        .line(line)
        .spawn();
    wait_until("the turn hangs, and one node has answered", || {
        let commands = fleet.commands();
        !commands.is_empty() && commands.iter().all(|c| c.contains("sleep 1000"))
    });
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::INT).expect("it is there");
    let ended = child.wait_with_output().expect("it is our child");
    let out = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(130), "{out}");
    let records: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    let state_of = |node: &str| {
        let of = records.iter().find(|r| r["node"] == node);
        of.map_or_else(String::new, |r| r["state"].to_string())
    };
    assert_eq!(state_of("web02"), "\"cancelled\"", "{out}");
    assert_eq!(state_of("web01"), "\"ok\"", "{out}");
    fleet.wait_until_idle();
}

#[test]
fn a_format_that_holds_one_table_is_refused() {
    let fleet = Fleet::start(1, 0);
    let ran = fleet
        .hailer()
        .args(["--format", "csv"])
        .line("hostname |> parse lines |> watch 2s")
        .run()
        .exits(2);
    ran.complains("watch as `csv`").prints_nothing();
}

#[test]
fn on_a_terminal_what_changed_has_a_sign_and_the_last_table_is_the_result() {
    let dir = tempfile::TempDir::with_prefix("hailer-watch-").expect("a directory");
    let args = ["demo", "--nodes", "8", "--fail", "0", "--slow", "0"];
    let mut terminal = Terminal::start(&args, dir.path(), 100, 30);
    terminal.wait_for_prompt("@all 8>");
    terminal.enters("cat app/version |> parse lines |> watch 1s");
    terminal.wait_for("8/8 answered");
    let version = dir_of(dir.path(), "web01").join("app/version");
    fs::write(&version, "9.9.9\n").expect("it can be written");
    terminal.wait("a changed cell with its sign", |s| {
        s.iter()
            .any(|l| l.contains("web01") && l.contains("*9.9.9"))
    });
    fs::write(&version, "9.9.9\nmore\n").expect("it can be written");
    terminal.wait("a row that came", |s| {
        s.iter()
            .any(|l| l.starts_with("+ web01") && l.contains("more"))
    });
    terminal.types("\x03");
    terminal.wait_for("· $1");
    terminal.wait_for_prompt("@all 8>");
    wait_until("nothing runs any more", || {
        proc::commands_below(dir.path()).is_empty()
    });
    terminal.enters("|> where line = '9.9.9' |> count");
    terminal.wait_for("· $2");
    terminal.wait_for_prompt("@all 8>");
    terminal.types("\x04");
    terminal.wait_for_end();
}

/// The directory in which a demo's node starts its commands.
fn dir_of(home: &std::path::Path, node: &str) -> std::path::PathBuf {
    let entries = fs::read_dir(home).expect("it is there").flatten();
    let demo = entries
        .map(|e| e.path())
        .find(|p| p.join("nodes").is_dir())
        .expect("a demo keeps its nodes there");
    demo.join("nodes").join(node)
}
