//! Runs in the background of the prompt: Ctrl-Z, `jobs`, `jobs attach`, `cancel`, and leaving.

use std::path::PathBuf;

use crate::prompt::Demo;
use crate::support::terminal::Terminal;
use crate::support::wait_until;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_Z: &str = "\x1a";

/// A line that every node works on until [`let_go`].
fn waiting(demo: &Demo) -> String {
    let go = gate(demo);
    format!(
        ": while [ ! -e {} ]; do sleep 0.05; done; echo $((40+2))",
        go.display()
    )
}

fn gate(demo: &Demo) -> PathBuf {
    demo.dir.path().join("go")
}

fn let_go(demo: &Demo) {
    std::fs::write(gate(demo), "").expect("written");
}

/// Runs a line on all eight nodes and sends it into the background.
fn send_aside(demo: &mut Demo, line: &str) {
    demo.terminal.enters(line);
    demo.terminal.wait_for("0/8");
    demo.terminal.types(CTRL_Z);
    demo.terminal.wait_for("runs on");
    demo.terminal.wait_for_prompt("@all 8>");
}

#[test]
fn ctrl_z_gives_the_prompt_back_and_the_end_is_told_above_what_is_typed() {
    let typed = "echo a-line-that-is-longer-than-narrow-screens";
    for columns in [20, 33, 54, 100, 200] {
        let mut demo = Demo::start(columns, 40);
        let line = waiting(&demo);
        demo.terminal.enters(&line);
        demo.terminal.wait_for("0/8");
        demo.terminal.types(CTRL_Z);
        demo.terminal.wait_for("runs on");
        demo.terminal.wait_for_prompt("@all 8>");
        demo.terminal.types(typed);
        let whole = format!("@all 8> {typed}");
        let is_whole = |screen: &[String]| screen.concat().trim_end().ends_with(&whole);
        demo.terminal.wait("what was typed", is_whole);
        let_go(&demo);
        demo.terminal.wait_for("[1] ended");
        let screen = demo.terminal.wait("the line again", is_whole);
        let text = screen.concat();
        assert_eq!(
            text.matches(typed).count(),
            1,
            "{columns} columns: the line is there once\n{screen:#?}"
        );
        demo.terminal.types("\r");
        demo.terminal.wait_for("· $2");
        demo.terminal.wait_for_prompt("@all 8>");
        demo.terminal.enters("$1");
        demo.terminal
            .wait("what it wrote", |s| s.iter().any(|l| l.trim() == "42"));
        demo.terminal.wait_for_prompt("@all 8>");
        demo.leave(0);
    }
}

#[test]
fn the_end_of_a_run_in_the_background_leaves_the_last_result_where_it_was() {
    let mut demo = Demo::start(100, 40);
    let line = waiting(&demo);
    send_aside(&mut demo, &line);
    demo.terminal.enters("nodes");
    demo.terminal.wait_for("· $2");
    demo.terminal.wait_for_prompt("@all 8>");
    let_go(&demo);
    demo.terminal.wait_for("[1] ended");
    demo.terminal.enters("|> count by role");
    let screen = demo.terminal.wait_for("· $3");
    assert!(
        screen
            .iter()
            .any(|l| l.starts_with("web ") && l.ends_with('5')),
        "{screen:#?}"
    );
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn a_run_in_the_background_is_listed_watched_again_and_cancelled() {
    let mut demo = Demo::start(120, 40);
    send_aside(&mut demo, "setsid sleep 1000 & sleep 1000");
    assert!(demo.commands().len() >= 16, "it goes on");
    demo.terminal.enters("jobs");
    demo.terminal.wait("the list", |s| {
        s.iter()
            .any(|l| l.starts_with("$1   running  0/8") && l.ends_with("& sleep 1000"))
    });
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("$1 |> count");
    demo.terminal.wait_for("the run $1 has not ended");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("@$1.ok");
    demo.terminal.wait_for_prompt("no scope>");
    demo.terminal.enters("@all");
    demo.terminal.wait_for_prompt("@all 8>");

    demo.terminal.enters("jobs attach 1");
    demo.terminal.wait_for("waiting for");
    demo.terminal.types(CTRL_Z);
    demo.terminal.wait("both goings", |s| {
        s.iter().filter(|l| l.contains("runs on")).count() == 2
    });
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("cancel");
    let screen = demo.terminal.wait_for("8 cancelled");
    assert!(screen.iter().any(|l| l.ends_with("· $1")), "{screen:#?}");
    wait_until("nothing runs any more", || demo.commands().is_empty());
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("jobs attach 1");
    demo.terminal.wait_for("the run $1 has ended");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("echo alive");
    demo.terminal.wait_for("8 nodes: 8 ok");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn ctrl_c_acts_on_a_run_that_is_watched_again() {
    let mut demo = Demo::start(100, 40);
    send_aside(&mut demo, "sleep 1000");
    demo.terminal.enters("jobs attach");
    demo.terminal.wait_for("0/8");
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for("Ctrl-C again");
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for("8 cancelled");
    wait_until("nothing runs any more", || demo.commands().is_empty());
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(130);
}

#[test]
fn leaving_says_once_what_is_in_the_background_and_then_ends_it() {
    for (first, second) in [(CTRL_D, CTRL_D), ("quit\r", "quit\r"), (CTRL_D, "exit\r")] {
        let mut demo = Demo::start(100, 40);
        send_aside(&mut demo, "sleep 1000");
        demo.terminal.types(first);
        demo.terminal.wait_for("leave again");
        demo.terminal.wait_for_prompt("@all 8>");
        assert!(demo.commands().len() >= 8, "it goes on");
        // Whatever else is typed means that the operator stays.
        demo.terminal.enters("jobs");
        demo.terminal.wait_for("$1   running");
        demo.terminal.wait_for_prompt("@all 8>");
        demo.terminal.types(first);
        demo.terminal.wait("the second warning", |s| {
            s.iter().filter(|l| l.contains("leave again")).count() == 2
        });
        demo.terminal.wait_for_prompt("@all 8>");
        demo.terminal.types(second);
        assert_eq!(demo.terminal.wait_for_end(), 0);
        wait_until("nothing runs any more", || demo.commands().is_empty());
    }
}

#[test]
fn a_deed_whose_rows_came_in_the_background_is_asked_about_when_it_is_attached() {
    let mut demo = Demo::start(100, 40);
    let line = format!(
        "{} |> parse lines |> run echo $((70+7))",
        waiting(&demo).trim_start_matches(": ")
    );
    send_aside(&mut demo, &format!(": {line}"));
    demo.terminal.enters("jobs attach");
    let_go(&demo);
    demo.terminal.wait_for("run it?");
    demo.terminal.enters("y");
    demo.terminal.wait_for("77");
}

#[test]
fn what_nodes_write_is_counted_before_any_of_them_has_ended() {
    let mut demo = Demo::start(120, 40);
    demo.terminal.enters("head -c 1000 /dev/zero; sleep 1000");
    demo.terminal.wait("bytes, and nobody done", |s| {
        s.iter().any(|l| l.contains("0/8") && l.contains("7.8KiB"))
    });
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for("Ctrl-C again");
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for("8 cancelled");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(130);
}

#[test]
fn ctrl_c_lets_go_of_a_detached_run_that_is_waited_for_and_it_runs_on() {
    let mut demo = Demo::start(120, 40);
    demo.terminal.enters("detached sleep 1000");
    let screen = demo.terminal.wait_for("jobs attach");
    demo.terminal.wait_for_prompt("@all 8>");
    let behind = screen.iter().find_map(|l| l.split("jobs attach ").nth(1));
    let id = behind.and_then(|text| text.split(|c: char| !c.is_ascii_hexdigit()).next());
    let id = id.expect("the launch says how to attach").to_owned();
    demo.terminal.enters(&format!("jobs attach {id}"));
    demo.terminal.wait_for("waiting for");
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for("no longer waiting");
    demo.terminal.wait_for_prompt("@all 8>");
    assert!(demo.commands().len() >= 8, "it runs on");
    demo.terminal.enters(&format!("cancel {id}"));
    demo.terminal.wait_for("8 cancelled");
    wait_until("nothing runs any more", || demo.commands().is_empty());
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(4);
}

#[test]
fn ctrl_c_is_heard_while_the_nodes_are_asked_for_a_detached_run() {
    let dir = tempfile::TempDir::with_prefix("hailer-jobs-").expect("a directory");
    // Two that are down are waited for.
    let args = ["demo", "--nodes", "8", "--fail", "2", "--slow", "0"];
    let mut terminal = Terminal::start(&args, dir.path(), 100, 30);
    terminal.wait_for_prompt("@all 6/8>");
    terminal.enters("jobs attach 00000000");
    terminal.wait_for("asking the nodes for");
    terminal.types(CTRL_C);
    terminal.wait_for("it stays as it is");
    terminal.wait_for_prompt("@all 6/8>");
    terminal.types(CTRL_D);
    assert_eq!(terminal.wait_for_end(), 130);
}
