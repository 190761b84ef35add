//! What `set` says of how deeds are spread and where answers go, and what a deed says of both sides
//! of a join.

use std::fs;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

fn hailer() -> Hailer {
    Fleet::shared().hailer()
}

#[test]
fn a_deed_says_what_is_missing_on_either_side_of_its_rows() {
    let ran = hailer()
        .args(["--yes", "--keep-going", "--format", "text"])
        .line("@web[01-02],web11 : echo x")
        .line("@web[01-02],web11 : nodes |> join left $1 |> run echo ran")
        .run();
    ran.says("web01: ran")
        .says("web02: ran")
        .complains("beside $1, of only 2 of 3 nodes (1 unreachable)")
        .complains("rows of 1 node do not count, since their answers in $1 had not ended");
    // It is not forgotten where another line goes on from there.
    let ran = hailer()
        .args(["--yes", "--keep-going", "--scope", "@all"])
        .line("@web[01-02],web11 : echo x")
        .line("@web[01-02],web11 : nodes |> join left $1")
        .line("|> run echo ran")
        .run();
    ran.complains("beside $1, of only 2 of 3 nodes");
}

#[test]
fn stages_that_are_set_hold_for_deeds_and_are_said() {
    let ran = hailer()
        .args(["--yes", "--keep-going"])
        .line("set canary 1")
        .line("@web[01-03] : nodes |> run false")
        .run()
        .exits(6);
    ran.complains("--canary 1, in 2 stages")
        .says("2 not_started");
    let ran = hailer()
        .line("set max_failures 5%")
        .line("set canary 1,50%")
        .line("explain @web[01-03] : nodes |> run --max-failures 2 true")
        .run()
        .exits(0);
    let ran = ran.says("spread           --canary 1,50% (set)");
    assert!(!ran.out.contains("--max-failures 5%"), "{}", ran.out);
}

#[test]
fn stages_that_are_set_hold_for_commands_that_change_things_and_for_no_question() {
    let set = || hailer().args(["--keep-going"]).line("set canary 1");
    let ran = set().line("@web[01-03] : rmdir /nowhere/at/all").run();
    ran.exits(6)
        .complains("spread as `set` says: --canary 1")
        .says("2 not_started");
    let ran = set().line("@web[01-03] : false").run().exits(1);
    assert!(!ran.err.contains("spread"), "{}", ran.err);
    let ran = set()
        .line("set canary off")
        .line("@web[01-03] : rmdir /nowhere/at/all")
        .run();
    ran.exits(1).says("3 failed");
}

#[test]
fn each_result_has_a_folder_of_its_own_where_answers_are_to_go() {
    let directory = tempfile::tempdir().expect("a directory");
    let folder = directory.path().display().to_string();
    hailer()
        .line(&format!("set out_dir {folder}"))
        .line("@web[01-02] : echo one")
        .line("@web01 : echo two")
        .run()
        .exits(0)
        .complains("answers are in");
    let mut found: Vec<String> = fs::read_dir(&folder)
        .expect("it is there")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into()
        })
        .collect();
    found.sort();
    assert!(
        found[0].ends_with("Z-1") && found[1].ends_with("Z-2"),
        "{found:?}"
    );
    let read = |path: &str| fs::read_to_string(directory.path().join(path)).expect("it is there");
    assert_eq!(read(&format!("{}/web02.out", found[0])), "one\n");
    assert_eq!(read(&format!("{}/web01.out", found[1])), "two\n");
    assert_eq!(read(&format!("{}/nodes.ok", found[1])), "web01\n");
}

#[test]
fn answers_that_cannot_be_written_are_told_and_the_result_is_there() {
    let ran = hailer()
        .line("set out_dir /dev/null/folder")
        .line("@web01 : echo one")
        .run()
        .exits(8);
    ran.says("one")
        .complains("out_dir: write answers to /dev/null");
}

#[test]
fn a_gate_without_a_timeout_has_one_of_its_own() {
    let line = "explain @web[01-03] : nodes |> run --canary 1 --gate 'true' true";
    let told = hailer().line(line).run().exits(0);
    told.says("each gate has 1m on a node");
    let told = hailer().line("set timeout 5s").line(line).run().exits(0);
    told.says("each gate has 5s on a node");
}
