//! Tests of the history: what is found, what is kept, what happens without a place to keep it.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use hailer_protocol::time::Wall;

use super::*;
use crate::view::style::Look;

const NOW: Wall = Wall(1_800_000_000_000);

fn ok() -> Outcome {
    Outcome {
        exit: 0,
        took: Duration::from_millis(310),
        states: "8 ok".to_owned(),
        result: Some(1),
    }
}

fn ended(exit: u8, states: &str) -> Outcome {
    Outcome {
        exit,
        states: states.to_owned(),
        ..ok()
    }
}

fn run(history: &History, scope: &str, line: &str, outcome: &Outcome) {
    history.set_scope(Some(scope.to_owned()));
    let id = history.add(line, NOW).expect("it is kept");
    history.ended(id, outcome);
}

fn lines(history: &History) -> Vec<String> {
    history.read(|book| book.entries().map(|e| e.line.clone()).collect())
}

fn hint(history: &History, text: &str) -> Option<String> {
    history.read(|book| book.hint(text).map(str::to_owned))
}

#[test]
fn a_hint_is_the_latest_line_of_the_same_scope_and_else_of_any() {
    let history = History::open(None, "demo", 1);
    run(&history, "@role=db", "df -h /var", &ok());
    run(&history, "@all", "df -i", &ok());
    run(&history, "@all", "df -nonsense |> wher", &ended(2, ""));
    assert_eq!(hint(&history, "df ").as_deref(), Some("df -i"));
    history.set_scope(Some("@role=db".to_owned()));
    assert_eq!(hint(&history, "df ").as_deref(), Some("df -h /var"));
    assert_eq!(
        hint(&history, "df -i"),
        None,
        "a line that is whole needs no hint"
    );
    history.set_scope(None);
    assert_eq!(hint(&history, "df -h").as_deref(), Some("df -h /var"));
    assert_eq!(hint(&history, ""), None);
}

#[test]
fn a_search_wants_every_word_and_shows_each_line_once_newest_first() {
    let history = History::open(None, "demo", 1);
    for (scope, line) in [
        ("@all", "journalctl -u nginx"),
        ("@role=db", "systemctl status NGINX"),
        ("@all", "uptime"),
        ("@all", "journalctl -u nginx"),
    ] {
        run(&history, scope, line, &ok());
    }
    let found = |text: &str, here: bool| -> Vec<String> {
        history.read(|book| {
            let found = book.search(text, here, 10);
            found.iter().map(|e| e.line.clone()).collect()
        })
    };
    assert_eq!(
        found("nginx", false),
        ["journalctl -u nginx", "systemctl status NGINX"]
    );
    assert_eq!(found("nginx", true), ["journalctl -u nginx"]);
    assert_eq!(found("NGINX", false), ["systemctl status NGINX"]);
    assert_eq!(found("u jour", false), ["journalctl -u nginx"]);
    assert_eq!(found("", false).len(), 3);
}

#[test]
fn lines_are_kept_with_what_came_of_them_and_nobody_else_reads_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let home = dir.path().join("state");
    let history = History::open(Some(&home), "demo", 1);
    run(&history, "@all", "uptime", &ok());
    run(&history, "@all", "false", &ended(1, "8 failed"));
    let before: Vec<Entry> = history.read(|book| book.entries().cloned().collect());
    drop(history);
    let history = History::open(Some(&home), "demo", 2);
    assert!(history.trouble().is_none());
    let after: Vec<Entry> = history.read(|book| book.entries().cloned().collect());
    assert_eq!(after, before);
    assert_eq!(after[1].outcome, Some(ended(1, "8 failed")));
    for name in ["history.db", "history.db-wal"] {
        let mode = std::fs::metadata(home.join(name)).map(|m| m.permissions().mode() & 0o777);
        assert_eq!(mode.ok(), Some(0o600), "{name}");
    }
}

#[test]
fn several_shells_write_at_once_and_see_each_other_but_not_with_the_up_arrow() {
    let dir = tempfile::tempdir().expect("a directory");
    let one = History::open(Some(dir.path()), "demo", 1);
    let two = History::open(Some(dir.path()), "demo", 2);
    run(&one, "@all", "from one", &ok());
    run(&two, "@all", "from two", &ended(1, "1 failed"));
    one.refresh();
    assert_eq!(lines(&one), ["from one", "from two"]);
    let seen = one.read(|book| book.entries().last().and_then(|e| e.outcome.clone()));
    assert_eq!(seen, Some(ended(1, "1 failed")));
    let own: Vec<String> = one.read(|book| book.own().map(|e| e.line.clone()).collect());
    assert_eq!(own, ["from one"]);
    let writers: Vec<_> = [one, two]
        .into_iter()
        .map(|h| {
            std::thread::spawn(move || {
                for n in 0..50 {
                    run(&h, "@all", &format!("line {n}"), &ok());
                }
                h.trouble().is_none()
            })
        })
        .collect();
    assert!(writers.into_iter().all(|w| w.join().expect("no panic")));
    let third = History::open(Some(dir.path()), "demo", 3);
    assert_eq!(lines(&third).len(), 102);
    let own = third.read(|book| book.own().count());
    assert_eq!(own, 102, "what was before it is there for the up arrow");
}

#[test]
fn an_older_plain_file_is_taken_over_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let old = "uptime\nfor i in 1; do<\\n>echo $i<\\n>done\n\n";
    std::fs::write(dir.path().join("history"), old).expect("it can be written");
    let expected = ["uptime", "for i in 1; do\necho $i\ndone"];
    for session in [1, 2] {
        let history = History::open(Some(dir.path()), "demo", session);
        assert_eq!(lines(&history), expected);
    }
}

#[test]
fn a_file_that_cannot_be_had_is_told_once_and_the_shell_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(
        dir.path().join("history.db"),
        "no database at all, but long enough to be one",
    )
    .expect("it can be written");
    let history = History::open(Some(dir.path()), "demo", 1);
    let trouble = history.trouble().expect("it says why").to_string();
    assert!(trouble.contains("history.db"), "{trouble}");
    assert!(history.trouble().is_none(), "once");
    run(&history, "@all", "uptime", &ok());
    assert_eq!(lines(&history), ["uptime"]);

    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("it can be written");
    let history = History::open(Some(&file), "demo", 1);
    assert!(history.trouble().is_some(), "a folder that is a file");
}

#[test]
fn a_file_of_a_newer_form_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("history.db");
    let newer = rusqlite::Connection::open(&path).expect("it opens");
    newer
        .pragma_update(None, "user_version", 7)
        .expect("it can be written");
    drop(newer);
    let history = History::open(Some(dir.path()), "demo", 1);
    let trouble = history.trouble().expect("it says why").to_string();
    assert!(trouble.contains("newer hailer"), "{trouble}");
}

#[test]
fn the_history_is_bounded_in_lines_and_in_their_length() {
    let dir = tempfile::tempdir().expect("a directory");
    let text: String = (0..LINES_MAX + 5).map(|n| format!("line {n}\n")).collect();
    std::fs::write(dir.path().join("history"), text).expect("it can be written");
    let history = History::open(Some(dir.path()), "demo", 1);
    assert_eq!(lines(&history).len(), LINES_MAX);
    assert_eq!(lines(&history)[0], "line 5");
    run(&history, "@all", "one more", &ok());
    assert_eq!(lines(&history).len(), LINES_MAX);
    let long = "x".repeat(LINE_BYTES_MAX + 1);
    assert!(matches!(
        history.add(&long, NOW),
        Err(HistoryError::TooLong)
    ));
    drop(history);
    let history = History::open(Some(dir.path()), "demo", 2);
    let all = lines(&history);
    assert_eq!((all.len(), all[0].as_str()), (LINES_MAX, "line 6"));
}

#[test]
fn a_paste_of_several_lines_ends_as_its_worst() {
    let history = History::open(None, "demo", 1);
    let id = history.add("false\ntrue", NOW).expect("it is kept");
    history.ended(id, &ended(1, "8 failed"));
    history.ended(id, &ended(0, ""));
    let outcome = history.read(|book| book.get(id).and_then(|e| e.outcome.clone()));
    let outcome = outcome.expect("it has ended");
    assert_eq!((outcome.exit, outcome.states.as_str()), (1, "8 failed"));
    assert_eq!(outcome.took, Duration::from_millis(620));
}

#[test]
fn the_table_shows_the_latest_lines_those_that_failed_or_those_with_a_text() {
    let history = History::open(None, "demo", 1);
    run(&history, "@all", "uptime", &ok());
    run(&history, "@role=db", "false", &ended(1, "3 failed, 5 ok"));
    run(&history, "@role=db", "df |> nope", &ended(2, ""));
    let shown = |args: &[&str]| {
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        let wanted = Wanted::parse(&args).expect("it is a question");
        history.read(|book| table(&wanted.of(book), Wall(NOW.0 + 300_000), Look::default()))
    };
    assert_eq!(
        shown(&[]),
        "when    took   outcome         scope     line\n\
         5m ago  310ms  8 ok            @all      uptime\n\
         5m ago  310ms  3 failed, 5 ok  @role=db  false\n\
         5m ago  310ms  mistake         @role=db  df |> nope\n"
    );
    assert_eq!(shown(&["--failed"]).lines().count(), 3);
    assert_eq!(shown(&["--failed", "--here", "df"]).lines().count(), 2);
    assert!(shown(&["1"]).ends_with("df |> nope\n"));
    assert_eq!(shown(&["nothing", "like", "it"]), "(no lines)\n");
    assert_eq!(Wanted::parse(&["--what".to_owned()]), None);
}

#[test]
fn hostile_lines_command_no_terminal() {
    let history = History::open(None, "demo", 1);
    run(&history, "@all", "echo \x1b]0;owned\x07", &ok());
    let wanted = Wanted::parse(&[]).expect("it is a question");
    let text = history.read(|book| table(&wanted.of(book), NOW, Look::default()));
    assert!(
        !text.contains('\x1b') && text.contains("\\e]0;owned"),
        "{text}"
    );
}

#[test]
fn what_is_typed_before_the_file_is_read_goes_without_hints() {
    let dir = tempfile::tempdir().expect("a folder");
    run(
        &History::open(Some(dir.path()), "demo", 1),
        "@all",
        "df -h",
        &ok(),
    );
    let history = History::unread("demo", 2, true);
    let hint = || history.read_by_now(|book| book.hint("df").map(str::to_owned));
    assert_eq!(hint(), None, "nobody waits for the disk");
    history.read_in(dir.path());
    assert_eq!(hint(), Some(Some("df -h".to_owned())));
}

#[test]
fn a_secret_is_there_for_this_shell_and_nowhere_else_and_that_is_said_once() {
    const CANARIES: &str = include_str!("../../../protocol/tests/canaries.txt");
    let dir = tempfile::tempdir().expect("a directory");
    let history = History::open(Some(dir.path()), "demo", 1);
    run(&history, "@all", "uptime", &ok());
    assert!(!history.took_out_a_secret());
    let mut typed = vec!["uptime".to_owned()];
    for line in CANARIES.lines() {
        let mut line = line.to_owned();
        for n in 20..=40 {
            line = line.replace(&format!("{{{n}}}"), &"Zq7Canary9".repeat(4)[..n]);
        }
        run(&history, "@all", &line, &ok());
        typed.push(line);
    }
    assert!(typed.len() > 30);
    assert!(history.took_out_a_secret());
    assert!(!history.took_out_a_secret());
    history.refresh();
    assert_eq!(lines(&history), typed, "this shell has them whole");
    let shown = history.read(|book| {
        let entries: Vec<_> = book.entries().collect();
        table(&entries, NOW, Look::default())
    });
    assert!(
        !shown.contains("Canary9") && shown.contains("[redacted]"),
        "{shown}"
    );

    let later = History::open(Some(dir.path()), "demo", 2);
    assert_eq!(lines(&later).len(), typed.len());
    assert!(lines(&later).iter().all(|line| !line.contains("Canary9")));
    for file in std::fs::read_dir(dir.path()).expect("list") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("read");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("Canary9"), "{}", path.display());
    }
}
