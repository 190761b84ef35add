//! Exit codes, one by one.

use std::fs::File;

use crate::support::agent::{Agent, own_user};
use crate::support::fleet::Fleet;
use crate::support::wait_until;

#[test]
fn zero_is_that_every_target_was_ok() {
    let ran = Fleet::shared().hailer().line("@web[01-03] : true").run();
    ran.exits(0);
}

#[test]
fn one_is_that_a_command_failed() {
    let hailer = || Fleet::shared().hailer();
    let one = r#"@web[01-03] : test "$HAILER_NODE" != web02"#;
    hailer()
        .line(one)
        .run()
        .exits(1)
        .says("web02 · 1 node · failed rc=1");
    // Killed by a signal is failed, too.
    hailer()
        .line("@web01 : kill -9 $$")
        .run()
        .exits(1)
        .says("rc=137");
    hailer()
        .line("@web01 : no-such-program")
        .run()
        .exits(1)
        .says("rc=127");
}

#[test]
fn one_is_that_a_check_found_rows() {
    let hailer = || Fleet::shared().hailer().args(["--fail-if-rows"]);
    hailer()
        .line("nodes |> where node = 'web01'")
        .run()
        .exits(1);
    hailer()
        .line("nodes |> where node = 'nobody'")
        .run()
        .exits(0);
}

#[test]
fn two_is_that_nothing_ran_since_it_was_not_understood() {
    for line in ["@web01 : uptime |> selct", "df | where x > 1", "@web[01"] {
        let ran = Fleet::shared().hailer().line(line).run();
        ran.exits(2).prints_nothing().complains("error[");
    }
}

#[test]
fn two_is_that_there_was_nothing_to_carry_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let empty = dir.path().join("empty.hail");
    std::fs::write(&empty, "# nothing yet\n\n").expect("written");
    let hailer = || Fleet::shared().hailer();
    for line in ["", "  ", "\n"] {
        hailer()
            .line(line)
            .run()
            .exits(2)
            .complains("-c has an empty line");
    }
    let ran = hailer().line("@web01 : echo ran").line("").run();
    ran.exits(2)
        .prints_nothing()
        .complains("-c has an empty line");
    hailer()
        .line("# what")
        .run()
        .exits(2)
        .complains("nothing but a comment");
    let ran = hailer().args([&empty]).run().exits(2);
    ran.complains("empty.hail has no line to carry out");
    let ran = hailer().stdin("\n").run().exits(2);
    ran.complains("standard input has no line to carry out");
}

#[test]
fn three_is_that_there_are_no_or_too_few_targets() {
    let hailer = || Fleet::shared().hailer();
    hailer()
        .line("@nobody : true")
        .run()
        .exits(3)
        .prints_nothing();
    hailer()
        .line("@role=none : true")
        .run()
        .exits(3)
        .prints_nothing();
    hailer()
        .line("@web01 & db01 : true")
        .run()
        .exits(3)
        .prints_nothing();
    let ran = hailer()
        .args(["--expect", "4"])
        .line("@web[01-03] : true")
        .run();
    ran.exits(3)
        .prints_nothing()
        .complains("3 nodes, at least 4 are expected");
    hailer()
        .args(["--expect", "3"])
        .line("@web[01-03] : true")
        .run()
        .exits(0);
}

#[test]
fn four_is_that_a_node_was_not_reached() {
    let ran = Fleet::shared().hailer().line("@web[10-11] : true").run();
    ran.exits(4)
        .says("web11 · 1 node · unreachable: no connection");
}

#[test]
fn four_is_that_something_was_made_of_answers_that_were_cut() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("lines.csv");
    let hailer = || Fleet::shared().hailer().args(["--yes"]);
    let rows = "@web01 : seq 1 300000 |> parse lines |>";
    for behind in [
        "count".to_owned(),
        "agg max(line)".to_owned(),
        "top 1 by line".to_owned(),
        "uniq by line |> count".to_owned(),
        "sql 'select count(*) from self'".to_owned(),
        format!("save {}", file.display()),
    ] {
        let ran = hailer().line(&format!("{rows} {behind}")).run().exits(4);
        ran.complains("1 answer is not kept whole");
    }
    // What is merely shown is as good as it goes, and says what is missing.
    hailer()
        .line("@web01 : seq 1 300000")
        .run()
        .exits(0)
        .says("cut");
    hailer()
        .line("@web01 : seq 1 100 |> parse lines |> count")
        .run()
        .exits(0);
}

#[test]
fn four_is_that_a_deed_was_run_nowhere_since_the_answers_were_cut() {
    let ran = Fleet::shared()
        .hailer()
        .args(["--yes"])
        .line("@web01 : seq 1 300000 |> parse lines |> take 1 |> run echo ran")
        .run()
        .exits(4);
    let ran = ran.complains("do not count, since their answers had not ended or were cut");
    let ran = ran.complains("run nowhere");
    assert!(!ran.out.contains("ran"), "{}", ran.out);
}

#[test]
fn five_is_that_a_deadline_came_first() {
    let timeout = ["--timeout", "300ms"];
    let ran = Fleet::shared()
        .hailer()
        .args(timeout)
        .line("@web01 : sleep 1000")
        .run();
    ran.exits(5).says("web01 · 1 node · timed_out");
}

#[test]
fn six_is_that_some_never_had_their_turn() {
    let one_by_one = ["--deadline", "500ms", "--max-in-flight", "1"];
    let ran = Fleet::shared()
        .hailer()
        .args(one_by_one)
        .line("@web[01-03] : sleep 1000")
        .run();
    ran.exits(6)
        .says("2 nodes · not_started: the run's deadline came first");
}

#[test]
fn seven_is_that_a_node_denied_it() {
    let agent = Agent::start("allow probe\n  to anyone\n");
    let ran = agent.hailer().line("@n1 : true").run();
    ran.exits(7).says("denied").says("no line of the policy");
    agent.hailer().line("@n1 : metric load1").run().exits(0);
    // What a policy wants is signed with the run.
    let agent = Agent::start(&format!(
        "allow probe\n  to anyone\nallow run as {}\n  to anyone\n  needs reason\n",
        own_user()
    ));
    let ran = agent.hailer().line("@n1 : true").run();
    ran.exits(7).says("it needs a reason");
    let with = agent.hailer().args(["--reason", "disk full"]);
    with.line("@n1 : true").run().exits(0);
}

#[test]
fn eight_is_that_hailer_itself_failed() {
    let full = || {
        File::options()
            .write(true)
            .open("/dev/full")
            .expect("it is there")
    };
    for line in ["@web01 : uptime", "nodes", "help", "scope"] {
        let (code, err) = Fleet::shared().hailer().line(line).run_into(full());
        assert_eq!(code, 8, "{line}: {err}");
        assert!(err.contains("No space left"), "{line}: {err}");
    }
}

#[test]
fn an_interrupted_run_exits_with_130_and_leaves_nothing() {
    use rustix::process::{Pid, Signal, kill_process};

    let fleet = Fleet::start(3, 0);
    let mut child = fleet.hailer().line("sleep 1000").spawn();
    wait_until("the command runs everywhere", || {
        fleet.commands().len() >= 3
    });
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("pids are small")).expect("not 0");
    // Two signals of one kind that meet are one, so it is interrupted until it has ended.
    wait_until("it ends", || {
        let ended = matches!(child.try_wait(), Ok(Some(_)));
        if !ended {
            let _ = kill_process(pid, Signal::INT);
        }
        ended
    });
    let (code, _) = crate::support::hailer::wait(&mut child);
    assert_eq!(code, 130);
    fleet.wait_until_idle();
}

#[test]
fn the_worst_line_gives_the_exit_code() {
    let hailer = || Fleet::shared().hailer().args(["--keep-going"]);
    let ran = hailer()
        .line("@web01 : sh -c 'exit 3'")
        .line("@web01 : true")
        .run();
    ran.exits(1);
    let ran = hailer().line("@nobody : true").line("@web01 : false").run();
    ran.exits(3);
}

#[test]
fn quiet_or_not_who_did_not_answer_is_said() {
    for format in ["text", "csv"] {
        let ran = Fleet::shared()
            .hailer()
            .args(["-q", "--format", format])
            .line("@web[01-02],web11 : echo hi")
            .run()
            .exits(4);
        assert_eq!(ran.err, "unreachable: web11\n", "{format}");
    }
}
