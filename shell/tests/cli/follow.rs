//! `follow`: lines as they come, from commands that never end.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::fleet::Fleet;
use crate::support::terminal::Terminal;
use crate::support::{proc, wait_until};

const CTRL_C: &str = "\x03";

/// Appends to a node's log.
fn log(fleet: &Fleet, node: &str, text: &str) {
    let path = fleet.node_dir(node).join("log");
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("the node's directory is there");
    file.write_all(text.as_bytes()).expect("it can be written");
}

fn interrupt(child: &std::process::Child) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::INT).expect("it is there");
}

#[test]
fn lines_stream_as_records_while_the_command_runs_and_ctrl_c_ends_it_everywhere() {
    let fleet = Fleet::start(2, 0);
    for node in ["web01", "web02"] {
        log(&fleet, node, "first\n");
    }
    let mut child = fleet
        .hailer()
        .args(["--format", "ndjson"])
        .line("setsid sleep 1000 & tail -n 1 -F log |> follow")
        .spawn();
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("it goes on").expect("text");
        serde_json::from_str(&line).expect("a record")
    };
    let mut nodes: Vec<String> = (0..2)
        .map(|_| {
            let record = next();
            assert_eq!(
                (&record["type"], &record["line"], &record["stream"]),
                (&"line".into(), &"first".into(), &"out".into())
            );
            record["node"].as_str().expect("a name").to_owned()
        })
        .collect();
    nodes.sort();
    assert_eq!(nodes, ["web01", "web02"]);
    log(&fleet, "web02", "second\nhalf a li");
    assert_eq!(next()["line"], "second");
    // A line that does not end is shown after a pause, as far as it came.
    assert_eq!(next()["line"], "half a li");
    interrupt(&child);
    let summary = next();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["states"]["cancelled"], 2);
    let status = child.wait().expect("it is our child");
    assert_eq!(status.code(), Some(130));
    fleet.wait_until_idle();
}

#[test]
fn row_verbs_judge_each_line_on_its_node_while_the_command_runs() {
    let fleet = Fleet::start(1, 0);
    log(&fleet, "web01", "{\"level\":\"info\",\"n\":1}\n");
    let line = "exec tail -n 9 -F log |> parse json |> where level = 'error' |> select n |> follow";
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
    wait_until("the command runs", || !fleet.commands().is_empty());
    log(&fleet, "web01", "nonsense\n{\"level\":\"error\",\"n\":2}\n");
    let row = next();
    assert_eq!((&row["type"], &row["n"]), (&"row".into(), &2.into()));
    interrupt(&child);
    assert_eq!(next()["type"], "summary");
    child.wait().expect("it is our child");
    fleet.wait_until_idle();
}

#[test]
fn a_reader_who_has_had_enough_ends_the_command_everywhere() {
    let fleet = Fleet::start(2, 0);
    let mut child = fleet.hailer().line("yes |> follow").spawn();
    let mut out = child.stdout.take().expect("it is piped");
    let mut some = [0; 1000];
    out.read_exact(&mut some).expect("there is no end of it");
    let text = String::from_utf8_lossy(&some);
    assert!(text.contains(": y\n"), "{text}");
    drop(out);
    child.wait().expect("it is our child");
    fleet.wait_until_idle();
}

#[test]
fn a_reader_who_does_not_read_holds_the_commands_up_and_ctrl_c_is_heard() {
    let fleet = Fleet::start(1, 0);
    let mut child = fleet.hailer().line("yes $(seq -s, 1000) |> follow").spawn();
    let out = child.stdout.take().expect("it is piped");
    wait_until("the pipe is full", || {
        rustix::io::ioctl_fionread(&out).expect("a pipe") >= 60 << 10
    });
    let mut status = None;
    wait_until("Ctrl-C, as often as need be, ends it", || {
        status = child.try_wait().expect("it is our child");
        if status.is_none() {
            interrupt(&child);
        }
        status.is_some()
    });
    assert_eq!(status.and_then(|s| s.code()), Some(130));
    fleet.wait_until_idle();
}

#[test]
fn commands_that_end_by_themselves_end_it_and_their_lines_are_the_result() {
    let fleet = Fleet::start(4, 0);
    let ran = fleet
        .hailer()
        .args(["--format", "ndjson"])
        .line("echo hello; echo $HAILER_NODE >&2; exit 3 |> follow")
        .line("@all")
        .run()
        .exits(1);
    let left = ran.records().into_iter().find(|r| r["type"] == "left");
    assert_eq!(left.expect("they left")["reason"], "failed rc=3");
    let ran = fleet
        .hailer()
        .args(["--keep-going", "--format", "csv"])
        .line("echo hello; echo $HAILER_NODE |> follow")
        .run()
        .exits(2);
    ran.complains("follow lines as `csv`");
}

#[test]
fn the_last_lines_are_the_result_that_the_next_line_goes_on_from() {
    let fleet = Fleet::start(3, 0);
    let ran = fleet
        .hailer()
        .line("echo hello; echo $HAILER_NODE |> follow")
        .line("|> where line = 'hello' |> count by stream")
        .run()
        .exits(0);
    let ran = ran.says("web01: hello");
    let has = |begin, end| move |l: &str| l.starts_with(begin) && l.ends_with(end);
    assert!(ran.out.lines().any(has("out", '3')), "{}", ran.out);
}

#[test]
fn on_a_terminal_lines_have_their_nodes_names_and_ctrl_c_brings_the_prompt_back() {
    let dir = tempfile::TempDir::with_prefix("hailer-follow-").expect("a directory");
    let args = ["demo", "--nodes", "8", "--fail", "0", "--slow", "0"];
    let mut terminal = Terminal::start(&args, dir.path(), 100, 30);
    terminal.wait_for_prompt("@all 8>");
    terminal.enters("echo $HAILER_NODE; echo oops >&2; exec tail -F app/version |> follow");
    let screen = terminal.wait_for("follows 8/8");
    assert!(
        screen.iter().any(|l| l == "db01       │ db01"),
        "{screen:#?}"
    );
    assert!(
        screen.iter().any(|l| l.ends_with(" err│ oops")),
        "{screen:#?}"
    );
    // What is followed is followed live.
    let node = dir_of(dir.path(), "web01");
    fs::write(node.join("app/version"), "1.8.2\n\x1b[2Jnew\n").expect("it can be written");
    terminal.wait_for("web01      │ \\e[2Jnew");
    assert_eq!(proc::commands_below(dir.path()).len(), 8);
    terminal.types(CTRL_C);
    terminal.wait_for("8 nodes: 8 cancelled");
    wait_until("nothing runs any more", || {
        proc::commands_below(dir.path()).is_empty()
    });
    terminal.wait_for_prompt("@all 8>");
    terminal.enters("|> where line = 'oops' |> count by stream");
    terminal.wait("count", |s| {
        s.iter().any(|l| l.starts_with("err") && l.ends_with('8'))
    });
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
