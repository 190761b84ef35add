//! `hailer automation`: files of automations, checked and laid out.

use std::fs;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;

#[test]
fn automations_are_checked_and_laid_out_and_keep_their_comments() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (good, bad, other) = (path("good.hail"), path("bad.hail"), path("other.hail"));
    let text = "automation good\n  # Why.\n  when uptime |> where rc != 0\n  on all\n";
    fs::write(&good, text).expect("written");
    fs::write(&other, text).expect("written");
    fs::write(&bad, "automation bad\n  on @all\n  wehn uptime\n").expect("written");
    let hailer = |words: &[&str]| Hailer::new(folder.path()).args(words).run();
    hailer(&["automation", "check", &good]).exits(0);
    hailer(&["automation", "check", &good, &bad])
        .exits(2)
        .complains("did you mean `when`?");
    hailer(&["automation", "check", &other])
        .exits(2)
        .complains("call the file `good.hail`");
    hailer(&["automation", "fmt", &good, &bad]).exits(2);
    hailer(&["automation", "fmt", "--check", &good]).exits(1);
    let now = || fs::read_to_string(&good).expect("it is there");
    assert_eq!(now(), text, "nothing was written so far");
    hailer(&["automation", "fmt", &good]).exits(0);
    let canonical =
        "automation good\n  on      @all\n  # Why.\n  when    uptime |> where rc != 0\n";
    assert_eq!(now(), canonical);
    hailer(&["automation", "fmt", "--check", &good]).exits(0);
}

#[expect(
    clippy::too_many_lines,
    reason = "one way from its beginning to its end"
)]
#[test]
fn the_line_that_worked_becomes_what_every_node_does_by_itself() {
    let fleet = Fleet::start(4, 0);
    let folder = tempfile::tempdir().expect("a folder");
    let (level, files) = (
        folder.path().join("level"),
        folder.path().join("automations"),
    );
    let (level, files) = (level.display(), files.display());
    let done = folder.path().join("done");
    fs::write(folder.path().join("level"), "high one\nlow two\n").expect("written");
    let find = format!(
        "@all : cat {level} |> parse regex '^(?P<level>\\w+) (?P<what>\\w+)$' |> where level = high"
    );
    let cure = format!(
        "|> run each --yes echo \"$row_what\" >> {}.$HAILER_NODE",
        done.display()
    );
    let promote = format!(
        "promote too-high --key what --every 5s --limit '1/1h per key' --mode act --dir {files}"
    );
    let hailer = || fleet.hailer().args(["--keep-going"]);
    let promoted = hailer()
        .line(&find)
        .line(&cure)
        .line(&promote)
        .run()
        .exits(0);
    assert!(promoted.out.contains("do      echo"), "{}", promoted.out);
    // It is never written over, and nothing is in force that nobody applied.
    hailer()
        .line(&find)
        .line(&cure)
        .line(&promote)
        .run()
        .exits(2)
        .complains("is there already");
    let plan = format!("plan {files}");
    let planned = hailer().line(&plan).run().exits(2);
    assert!(
        planned.out.contains("+ too-high (act) added to 4 nodes"),
        "{}",
        planned.out
    );
    let apply = format!("apply {files}");
    let not_yet = hailer().line(&apply).run().exits(2);
    assert!(
        not_yet.out.contains("nothing was changed"),
        "{}",
        not_yet.out
    );
    hailer().line(&format!("{apply} --yes")).run().exits(0);
    hailer().line(&plan).run().exits(0);
    // Each node finds and does by itself what was done by hand before, once more and no more.
    let ended = "events |> where event = ended and rc = 0 |> select node, key |> count";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let told = fleet
            .hailer()
            .args(["--format", "csv", "--quiet"])
            .line(ended)
            .run();
        if told.out.lines().nth(1) == Some("4") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{}", told.out);
    }
    let rows = "automations |> select node, name, key, state |> count by name, key";
    let rows = fleet
        .hailer()
        .args(["--format", "csv", "--quiet"])
        .line(rows)
        .run();
    assert!(rows.out.contains("too-high,one,4"), "{}", rows.out);
    hailer().line("pause --all 1h").run().exits(0);
    hailer().line("resume --all").run().exits(0);
    hailer().line("mute too-high 5m").run().exits(0);
    hailer()
        .line("mute unknown")
        .run()
        .exits(4)
        .says("no automation `unknown` is in force");
    // What is not in the folder is taken away.
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("made");
    let removed = hailer()
        .line(&format!("apply {} --yes", empty.display()))
        .run()
        .exits(0);
    assert!(removed.out.contains("removed"), "{}", removed.out);
}
