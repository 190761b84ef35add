//! `save`, `open` and `sql`: tables in files and in queries, by the real program.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;
use crate::support::terminal::Terminal;

const FORMATS: [&str; 4] = ["parquet", "csv", "ndjson", "json"];

/// Rows of every type, from two nodes.
const EVERY_TYPE: &str = "@web[01-02] : printf 'NAME SIZE USE%% UP N X\\na 10G 91%% 5m 3 0.5\\n\"b\" 1K 5%% 1h30m 4 2.5\\n' \
    |> parse columns |> derive big = size > 1GiB, none = null |> sort node, name";

fn hailer() -> Hailer {
    Fleet::shared().hailer()
}

fn rows(line: &str) -> Vec<Value> {
    let ran = hailer().args(["--format", "ndjson"]).line(line).run();
    let mut records = ran.exits(0).records();
    records.retain(|r| r["type"] == "row");
    for record in &mut records {
        // What the operator's own columns are called is told apart from the record's.
        if let Some(object) = record.as_object_mut()
            && let Some(node) = object.remove("row.node")
        {
            object.insert("node".to_owned(), node);
        }
    }
    records
}

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

#[test]
fn what_is_saved_is_opened_with_its_types_in_every_format() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = rows(EVERY_TYPE);
    assert_eq!(before.len(), 4);
    for format in FORMATS {
        let file = path(directory.path(), &format!("rows.{format}"));
        let ran = hailer()
            .args(["--format", "ndjson"])
            .line(&format!("{EVERY_TYPE} |> save {file}"))
            .run()
            .exits(0);
        let said = &ran.records()[0];
        let length = fs::metadata(&file).expect("it was written").len();
        assert_eq!(said["rows"], 4, "{}", ran.out);
        assert_eq!(said["bytes"], length, "{}", ran.out);
        assert_eq!(said["file"], file.as_str(), "{}", ran.out);
        assert_eq!(rows(&format!("open {file}")), before, "{format}");
        // A size is a size: it is compared and added as one.
        let found = rows(&format!(
            "open {file} |> where size > 1GiB and up < 10m |> agg sum(size) by node"
        ));
        assert_eq!(found.len(), 2, "{format}");
        assert_eq!(found[1]["sum_size"], 10_u64 << 30, "{format}");
    }
}

#[test]
fn a_commands_plain_answers_are_saved_with_the_columns_of_every_result() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(directory.path(), "a.csv");
    let line = format!("@web[01-02],web11 : echo 1 |> save {file}");
    let ran = hailer().line(&line).run().exits(4);
    // Who did not answer is said all the same, and is in the file too.
    ran.says("a.csv").says("web11");
    let text = fs::read_to_string(&file).expect("it was written");
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("node,state,rc,ms,bytes.bytes,truncated,out,err")
    );
    assert!(text.contains("\r\n\"web11\",\"unreachable\",,"), "{text}");
    assert_eq!(
        lines.filter(|l| l.starts_with("\"web0")).count(),
        2,
        "{text}"
    );
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_asked() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(directory.path(), "a.json");
    fs::write(&file, "mine").expect("it can be written");
    let mark = directory.path().join("ran");
    let line = |force: &str| format!("@web01 : echo >> {} |> save {force}{file}", mark.display());
    hailer()
        .line(&line(""))
        .run()
        .exits(2)
        .prints_nothing()
        .complains("there is such a file already")
        .complains("save --force FILE");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    assert!(!mark.exists(), "nothing ran");
    hailer().line(&line("--force ")).run().exits(0);
    assert!(
        fs::read_to_string(&file)
            .expect("it is there")
            .contains("\"node\":\"web01\"")
    );
    assert!(mark.exists());
    let names = fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(names, 2, "nothing else is left there");
}

#[test]
fn what_cannot_be_saved_is_said_before_anything_runs_or_the_result_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(directory.path(), "no/a.csv");
    hailer()
        .line(&format!("@web01 : echo hi |> save {file}"))
        .run()
        .exits(2)
        .prints_nothing()
        .complains("is not there")
        .complains("mkdir -p");
    // The directory goes away while the line runs.
    let gone = directory.path().join("gone");
    fs::create_dir(&gone).expect("a directory");
    let line = format!(
        "@web01 : echo kept; rmdir {} |> save {}",
        gone.display(),
        gone.join("a.csv").display()
    );
    let ran = hailer()
        .args(["--keep-going"])
        .line(&line)
        .line("$1 |> select node, out")
        .run()
        .exits(8);
    ran.says("kept")
        .complains("is not there")
        .complains("kept as $1");
}

#[test]
fn a_write_that_fails_leaves_nothing_and_the_result_is_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(directory.path(), "a.csv");
    fs::write(&file, "old").expect("it can be written");
    // No file may grow, as on a disk that is full.
    let script = "ulimit -f 0; trap '' XFSZ; exec \"$@\"";
    let save = format!("nodes |> save --force {file}");
    let ran = Command::new("/bin/sh")
        .args([
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_hailer"),
            "--keep-going",
        ])
        .args(["-c", &save, "-c", "$1 |> count"])
        .env("HAILER_FLEET", Fleet::shared().file())
        .env("HOME", directory.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(8), "{said}");
    assert!(said.contains("a.csv`: file too large"), "{said}");
    assert!(said.contains("the rows are kept as $1"), "{said}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("20"));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "old");
    let names = fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(names, 1, "nothing else is left there");
}

#[test]
fn what_cannot_be_opened_is_said() {
    let directory = tempfile::tempdir().expect("a directory");
    let there = |name: &str, content: &[u8]| {
        let file = path(directory.path(), name);
        fs::write(&file, content).expect("it can be written");
        file
    };
    for (file, expected) in [
        (path(directory.path(), "none.csv"), "there is no such file"),
        (
            there("not.parquet", b"node,x\n"),
            "it does not begin as one",
        ),
        (
            there("cut.parquet", b"PAR1 and so on"),
            "its end is missing",
        ),
        (there("half.json", b"[{"), "it is no JSON"),
        (
            there("open.csv", b"a\n\"x"),
            "the quote that opens in line 2 does not close",
        ),
    ] {
        hailer()
            .line(&format!("open {file} |> count"))
            .run()
            .exits(2)
            .prints_nothing()
            .complains(expected)
            .complains(&file);
    }
}

#[test]
fn rows_of_a_file_need_no_scope_and_say_what_was_left_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(directory.path(), "a b.tsv");
    fs::write(&file, "Node\tUse%\nweb01\t91\nweb02\n").expect("it can be written");
    let ran = hailer()
        .args(["--format", "csv"])
        .line(&format!(
            "open '{file}' |> where use_pct > 90 |> select node, use_pct"
        ))
        .run()
        .exits(0);
    assert_eq!(ran.out, "node,use_pct\r\nweb01,91\r\n");
    ran.complains("1 line has fewer fields than the first one");
}

#[test]
fn home_is_a_tilde_and_the_prompt_says_what_it_wrote() {
    let home = tempfile::tempdir().expect("a directory");
    let file = Fleet::shared().file().display().to_string();
    let mut terminal = Terminal::start(&["--fleet", &file], home.path(), 100, 30);
    terminal.wait_for_prompt("@all");
    terminal.enters("nodes |> save ~/nodes.parquet");
    terminal.wait_for("saved 20 rows");
    terminal.wait_for("· $1");
    terminal.enters("open ~/nodes.parquet |> count by state");
    terminal.wait_for("· $2");
    assert!(home.path().join("nodes.parquet").exists());
}

#[test]
fn a_query_puts_results_together_and_its_rows_are_no_targets() {
    let ran = hailer()
        .args(["--format", "csv"])
        .line("@web[01-03] : echo 1 |> parse lines |> select node, line")
        .line("@web[02-03] : echo 10K |> parse regex '(?<size>.+)'")
        .line("$1 |> sql 'SELECT a.node, b.size FROM self a JOIN $2 b ON a.node = b.node ORDER BY a.node'")
        .line("|> sql \"SELECT SUM(size) AS size, COUNT(*) AS n FROM self WHERE node <> 'web02'\"")
        .run()
        .exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[lines.len() - 5..],
        [
            "node,size",
            "web02,10240",
            "web03,10240",
            "size,n",
            "10240,1"
        ],
        "{}",
        ran.out
    );
    hailer()
        .line("nodes |> sql 'DROP TABLE self'")
        .run()
        .exits(2)
        .complains("only SELECT is carried out");
}

#[test]
fn a_file_stands_beside_what_nodes_say() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = path(directory.path(), "owners.csv");
    fs::write(&file, "node,owner\nweb01,ada\nweb03,grace\n").expect("written");
    let found = rows(&format!(
        "@web[01-02] : echo up |> join left {file} |> select node, out, owner"
    ));
    let owners: Vec<&Value> = found.iter().map(|row| &row["owner"]).collect();
    assert_eq!(owners, [&Value::from("ada"), &Value::Null]);
    let told = hailer()
        .line(&format!("explain @web01 : echo up |> join {file}"))
        .run()
        .exits(0);
    assert!(told.out.contains("(CSV on this machine;"), "{}", told.out);
}

#[test]
fn no_node_is_asked_where_the_file_of_a_join_does_not_fit() {
    let directory = tempfile::tempdir().expect("a directory");
    let mark = path(directory.path(), "mark");
    let missing = path(directory.path(), "nowhere.csv");
    let torn = path(directory.path(), "torn.parquet");
    fs::write(&torn, "PAR1 and nothing else").expect("written");
    let other = path(directory.path(), "other.csv");
    fs::write(&other, "host,owner\nweb01,ada\n").expect("written");
    for (file, by, says) in [
        (&missing, "", "there is no such file"),
        (&torn, "", "read a Parquet file"),
        (&other, "", "which the rows of"),
        (&other, " by rack", "it has host, owner"),
    ] {
        let line = format!("@web01 : touch {mark} |> join {file}{by}");
        hailer().line(&line).run().exits(2).complains(says);
        assert!(!Path::new(&mark).exists(), "{line}");
    }
}
