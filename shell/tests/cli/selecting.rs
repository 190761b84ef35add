//! Whom a line is for: facts and their cache, groups that a command knows, rows, lists of targets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

/// A run with a cache of its own.
fn with_cache(cache: &Path) -> Hailer {
    Fleet::shared()
        .hailer()
        .env("XDG_CACHE_HOME", &cache.display().to_string())
}

fn facts_file(cache: &Path) -> PathBuf {
    let mut files = fs::read_dir(cache.join("hailer")).expect("the cache is there");
    let file = files.next().expect("a file").expect("an entry").path();
    assert!(files.next().is_none(), "one file a fleet");
    file
}

#[test]
fn a_node_whose_facts_are_not_known_is_named_and_never_a_target() {
    let cache = TempDir::new().expect("a directory");
    let ran = with_cache(cache.path())
        .args(["--format", "ndjson"])
        .line("@kernel~'^[0-9]' : true")
        .run();
    let ran = ran
        .exits(4)
        .complains("1 node left out, since its facts are not known: web11");
    assert_eq!(
        ran.out.matches("\"type\":\"row\"").count(),
        19,
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("\"web11\""), "{}", ran.out);
    // Nor where the fact is to be spared.
    with_cache(cache.path())
        .line("@web11 ! kernel~'^[0-9]' : true")
        .run()
        .exits(3)
        .prints_nothing()
        .complains("error[unknown-facts]");
}

#[test]
fn facts_are_kept_for_their_user_alone_and_asked_again_when_they_are_old() {
    let cache = TempDir::new().expect("a directory");
    let line = "@web01 & kernel~'^[0-9]' : true";
    with_cache(cache.path()).line(line).run().exits(0);
    let file = facts_file(cache.path());
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // What is kept is what counts, as long as it is fresh.
    let text = fs::read_to_string(&file).expect("text");
    let (_, kernel) = text.split_once("\"kernel\":\"").expect("a kernel");
    let (kernel, _) = kernel.split_once('"').expect("its end");
    let forged = text.replace(&format!("\"{kernel}\""), "\"99.9-forged\"");
    fs::write(&file, &forged).expect("written");
    with_cache(cache.path())
        .line("? @web01 & kernel=99.9-forged")
        .run()
        .exits(0)
        .says("facts    up to")
        .says("1 of 20 nodes");
    // Facts of long ago are asked for again.
    let (before, at) = forged.split_once("\"at\":").expect("a moment");
    let digits = at.find(|c: char| !c.is_ascii_digit()).expect("its end");
    fs::write(&file, format!("{before}\"at\":7{}", &at[digits..])).expect("written");
    with_cache(cache.path())
        .line("@web01 & kernel=99.9-forged : true")
        .run()
        .exits(3)
        .complains("error[unknown-value]");
    with_cache(cache.path()).line(line).run().exits(0);
}

#[test]
fn a_cache_that_is_garbage_or_cannot_be_written_does_no_harm() {
    let cache = TempDir::new().expect("a directory");
    let line = "@web01 & kernel~'^[0-9]' : true";
    with_cache(cache.path()).line(line).run().exits(0);
    fs::write(facts_file(cache.path()), [0xff; 4096]).expect("written");
    with_cache(cache.path()).line(line).run().exits(0);
    // A file where the folder should be.
    let blocked = cache.path().join("file");
    fs::write(&blocked, "").expect("written");
    with_cache(&blocked).line(line).run().exits(0);
}

#[test]
fn groups_come_from_a_command_of_the_fleet_file() {
    let fleet = Fleet::shared();
    let text = fs::read_to_string(fleet.file()).expect("a fleet file");
    let file = fleet.dir().join("groups.toml");
    let source = r#"
[groups.racks]
map = """
case $GROUP in
  r1) echo 'web[01-03] pdu1' ;;
  r2) echo db01 ;;
  r3) echo rack r3 is being moved >&2; exit 3 ;;
  r4) sleep 3600 & wait ;;
esac
"""
list = "echo r1 r2"
timeout = "500ms"
"#;
    fs::write(&file, format!("{text}{source}")).expect("written");
    let hailer = || {
        fleet
            .hailer()
            .env("HAILER_FLEET", &file.display().to_string())
            .args(["--format", "text"])
    };
    let on = |selector: &str| {
        let ran = hailer()
            .line(&format!("@{selector} : true"))
            .line("scope")
            .run();
        (ran.code, ran.err)
    };
    hailer()
        .line("@racks:r1")
        .line("scope")
        .run()
        .exits(0)
        .says("web[01-03]");
    hailer()
        .line("@racks:* ! racks:r2")
        .line("scope")
        .run()
        .exits(0)
        .says("3 of 20 nodes");
    for (selector, said) in [
        ("racks:r3", "rack r3 is being moved"),
        ("racks:r4", "took longer than 500ms"),
        ("racks:r11", "did you mean `r1`?"),
        ("rack:r1", "error["),
    ] {
        let (code, err) = on(selector);
        assert!(matches!(code, 2 | 3), "{selector}: {code}");
        assert!(err.contains(said), "{selector}: {err}");
    }
}

#[test]
fn the_nodes_that_still_have_rows_are_a_selector() {
    let ran = Fleet::shared()
        .hailer()
        .args(["--format", "text"])
        .line("@web[01-04] : echo $HAILER_NODE |> parse lines |> where line ~ '[24]$'")
        .line("@$")
        .line("scope")
        .run();
    ran.exits(0).says("web[02,04]");
}

#[test]
fn runs_chain_by_their_records() {
    let hailer = || Fleet::shared().hailer();
    let first = hailer()
        .args(["--format", "ndjson", "-q"])
        .line(r#"@web[01-04] : test "$HAILER_NODE" != web03"#)
        .run();
    let first = first.exits(1);
    let second = |more: &[&str], text: &str| {
        hailer()
            .args(["--targets-from", "-", "--format", "text"])
            .args(more)
            .line("echo here")
            .stdin(text)
            .run()
    };
    let all = second(&[], &first.out);
    let all = all.exits(0);
    assert_eq!(all.out.lines().count(), 4, "{}", all.out);
    let failed = second(&["--targets-state", "failed"], &first.out);
    let failed = failed.exits(0).says("web03");
    assert_eq!(failed.out.lines().count(), 1, "{}", failed.out);
    second(&["--targets-state", "denied"], &first.out)
        .exits(3)
        .prints_nothing()
        .complains("no node ended as denied");
    let (part, _) = first.out.split_once('\n').expect("a record");
    second(&[], part)
        .exits(2)
        .prints_nothing()
        .complains("these records have no summary");
    second(&["--targets-partial"], part).exits(0);
    second(&[], "").exits(3).prints_nothing();
    second(&[], "web01\nwbe02")
        .exits(3)
        .prints_nothing()
        .complains("did you mean `web02`?");
    hailer()
        .args(["--targets-from", "-"])
        .stdin("web01\n")
        .run()
        .exits(2)
        .complains("no line is given");
    hailer()
        .args([
            "run",
            "--targets-from",
            "-",
            "--format",
            "text",
            "--",
            "echo",
            "x",
        ])
        .stdin("web[01-02] # both\n")
        .run()
        .exits(0)
        .says("web02");
}

#[test]
fn ctrl_c_while_a_group_is_asked_for_runs_nothing_and_ends_what_its_command_began() {
    use rustix::process::{Pid, Signal, kill_process};

    use crate::support::wait_until;

    let fleet = Fleet::start(2, 0);
    // On a line, and as the scope that a shell begins with.
    for (scope, selector) in [(None, "slow:x , web01"), (Some("@slow:x , web01"), "web01")] {
        let dir = TempDir::new().expect("a directory");
        let at = |name: &str| dir.path().join(name).display().to_string();
        let text = fs::read_to_string(fleet.file()).expect("a fleet file");
        let source = format!(
            "\n[groups.slow]\nmap = \": $GROUP; sleep 3600 & echo $! > {}; mv {0} {}; wait\"\ntimeout = \"50s\"\n",
            at("new"),
            at("pid"),
        );
        let file = fleet.dir().join("slow.toml");
        fs::write(&file, format!("{text}{source}")).expect("written");
        let mut child = fleet
            .hailer()
            .env("HAILER_FLEET", &file.display().to_string())
            .args(scope.into_iter().flat_map(|s| ["--scope", s]))
            .line(&format!("@{selector} : touch {}", at("ran")))
            .spawn();
        wait_until("the group is asked for", || dir.path().join("pid").exists());
        let own = Pid::from_raw(i32::try_from(child.id()).expect("pids are small")).expect("not 0");
        kill_process(own, Signal::INT).expect("it is there");
        let (code, _) = crate::support::hailer::wait(&mut child);
        assert_eq!(code, 130);
        assert!(!dir.path().join("ran").exists());
        let pid = fs::read_to_string(dir.path().join("pid")).expect("a number");
        let stat = format!("/proc/{}/stat", pid.trim());
        wait_until("what the command began has ended", || {
            fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
        });
    }
}

#[test]
fn a_node_is_shown_with_the_groups_that_a_source_knows_it_in() {
    let fleet = Fleet::shared();
    let text = fs::read_to_string(fleet.file()).expect("a fleet file");
    let file = fleet.dir().join("reverse.toml");
    let source = r#"
[groups.racks]
map = "echo $GROUP"
reverse = "case $NODE in web01) echo r1 row7 ;; web02) echo r1 row7 ;; web03) ;; *) echo gone >&2; exit 3 ;; esac"
"#;
    fs::write(&file, format!("{text}{source}")).expect("written");
    let shown = |selector: &str| {
        let ran = fleet
            .hailer()
            .env("HAILER_FLEET", &file.display().to_string())
            .line(&format!("? @{selector}"))
            .run();
        ran.exits(0)
    };
    shown("web01").says("racks:r1, racks:row7\n");
    shown("web[01-03]")
        .says("racks:r1, racks:row7  (web[01-02])")
        .says("none of racks  (web03)");
    shown("db01").says("racks cannot tell: its command ended with");
    // A command a node is for few nodes.
    let many = shown("all");
    assert!(!many.out.contains("racks"), "{}", many.out);
}

#[test]
fn a_name_whose_sign_was_forgotten_is_shown_as_nodes() {
    let hailer = || Fleet::shared().hailer();
    let shown = hailer().line("? web[01-02]").run().exits(0);
    shown
        .says("`web[01-02]` as a selector is `@web[01-02]`")
        .says("@web[01-02] = 2 of 20 nodes");
    let shown = hailer().args(["--scope", "@all"]).line("? uptime").run();
    shown.exits(0).says("@all = 20 of 20 nodes");
}
