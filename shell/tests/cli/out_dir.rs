//! `--out-dir`: one file a node, and the lists of states.

use std::fs;
use std::path::Path;

use crate::support::fleet::Fleet;
use crate::support::hailer::Ran;

fn into(dir: &Path, more: &[&str], line: &str) -> Ran {
    let dir = dir.to_str().expect("a path of ours");
    let hailer = Fleet::shared().hailer().args(["--out-dir", dir]);
    hailer.args(more.iter().copied()).line(line).run()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

const LINE: &str = r#"@web[01-03] : echo out; echo err >&2; test "$HAILER_NODE" != web02"#;

#[test]
fn every_node_has_its_files_and_every_state_its_list() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join("new").join(name);
    into(&dir.path().join("new"), &[], LINE).exits(1);
    for node in ["web01", "web02", "web03"] {
        assert_eq!(read(&at(&format!("{node}.out"))), "out\n");
        assert_eq!(read(&at(&format!("{node}.err"))), "err\n");
    }
    assert_eq!(read(&at("nodes.failed")), "web02\n");
    let mut ok: Vec<String> = read(&at("nodes.ok")).lines().map(str::to_owned).collect();
    ok.sort();
    assert_eq!(ok, ["web01", "web03"]);
}

#[test]
fn an_earlier_runs_answers_are_refused_and_force_removes_those_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let own = dir.path().join("mine.out");
    fs::write(&own, "mine").expect("written");
    into(dir.path(), &[], LINE).exits(1);
    let again = into(dir.path(), &[], "@web01 : touch must-not-run");
    again.exits(2).prints_nothing().complains("--force");
    into(dir.path(), &["--force"], "@web01 : echo again").exits(0);
    assert_eq!(read(&dir.path().join("web01.out")), "again\n");
    assert!(!dir.path().join("web02.out").exists());
    assert!(!dir.path().join("nodes.failed").exists());
    assert_eq!(read(&own), "mine");
}

#[test]
fn each_of_several_lines_has_a_directory_of_its_own() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let two = |force: &[&'static str], second: &str| {
        let first = ["-c", "@web01", "-c", "echo one"];
        into(dir.path(), &[force, &first].concat(), second)
    };
    two(&[], "echo two").exits(0);
    let one = dir.path().join("1/web01.out");
    assert_eq!(read(&one), "one\n");
    assert_eq!(read(&dir.path().join("2/web01.out")), "two\n");
    // An earlier run's answers are refused before the first line runs.
    fs::remove_dir_all(dir.path().join("1")).expect("removed");
    two(&[], "echo three")
        .exits(2)
        .prints_nothing()
        .complains("earlier run");
    assert!(!one.exists());
    two(&["--force"], "echo three").exits(0);
    assert_eq!(read(&one), "one\n");
    assert_eq!(read(&dir.path().join("2/web01.out")), "three\n");
}

#[test]
fn rows_are_a_file_of_their_own_and_a_deeds_answers_are_those_of_the_deed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let line = "@web01 : printf 'a,b\\n1,2\\n' |> parse csv";
    into(dir.path(), &[], line).exits(0);
    assert_eq!(read(&dir.path().join("web01.csv")), "a,b\r\n1,2\r\n");
    let dir = tempfile::tempdir().expect("a temporary directory");
    into(
        dir.path(),
        &["--yes"],
        "@web01 : echo probe |> run echo deed",
    )
    .exits(0);
    assert_eq!(read(&dir.path().join("web01.out")), "deed\n");
}

#[test]
fn a_directory_that_cannot_be_written_runs_nothing() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("file");
    fs::write(&file, "").expect("written");
    into(&file, &[], "@web01 : echo x")
        .exits(2)
        .prints_nothing()
        .complains("is no directory")
        .complains("nothing was run");
}
