//! What an operator keeps: saved lines, first lines, files of lines, scripts that start themselves.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::fleet::Fleet;
use crate::support::hailer::Hailer;
use crate::support::terminal::Terminal;

fn hailer() -> Hailer {
    Fleet::shared().hailer().args(["--scope", "@web01"])
}

#[test]
fn a_name_stands_for_a_line_and_for_a_selector_within_a_script() {
    let text = "let up = echo up |> parse lines\nlet pair = @web[01-02]\n\
                up |> select node, line\n@pair : up |> count\nlet\nunlet up\nlet up\n";
    let ran = hailer().stdin(text).run();
    let ran = ran
        .says("up    echo up |> parse lines")
        .says("pair  @web[01-02]")
        .complains("no line is called `up`");
    assert!(ran.out.contains("web01  up"), "{}", ran.out);
    assert!(ran.out.lines().any(|l| l.trim() == "2"), "{}", ran.out);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_name_that_is_given_or_taken_away_is_told_and_is_no_data() {
    let text = "let up = echo up\nlet up = uptime\nunlet up\n";
    hailer()
        .stdin(text)
        .run()
        .exits(0)
        .prints_nothing()
        .complains("`up` stands for `echo up`, until this session ends")
        .complains("`up` stands for `uptime`, and no longer for `echo up`")
        .complains("`up` no longer stands for `uptime`");
}

#[test]
fn the_results_that_there_are_can_be_listed() {
    let text = "results\necho one\n@web[01-03] : echo two |> parse lines |> take 2\nresults\n";
    let ran = hailer().stdin(text).run().exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines[0],
        "there are no results yet: each line that asks nodes makes one"
    );
    let at = |start: &str| {
        let line = lines.iter().find(|l| l.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("{}", ran.out));
        line.split("  ")
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        at("result "),
        ["result", "nodes", "rows", "age", "scope", "line"]
    );
    let first = at("$1 ");
    assert_eq!(
        [first[1], first[2], first[4], first[5]],
        ["1 ok", "1", "@web01", "echo one"]
    );
    let second = at("$2 = $");
    assert_eq!([second[1], second[2]], ["3 ok", "2"]);
    assert!(
        second[5].starts_with("@web[01-03] : echo two"),
        "{second:?}"
    );
}

#[test]
fn a_scope_whose_name_stands_for_too_much_leaves_no_scope_behind() {
    let chain = (0..10).rev().map(|n| format!("let s{} = @s{n}\n", n + 1));
    let text = format!(
        "{}let s0 = @web02\n@s10\necho ran\n",
        chain.collect::<String>()
    );
    let ran = hailer().args(["--keep-going"]).stdin(&text).run();
    ran.exits(2)
        .prints_nothing()
        .complains("names within names")
        .complains("there is no scope");
}

#[test]
fn explain_shows_what_a_name_stands_for_and_linux_keeps_its_words() {
    let text = "let up = echo up\nexplain up |> count\n: let\n\\history\n";
    let ran = hailer().args(["--keep-going"]).stdin(text).run();
    let ran = ran.says("stands for       echo up |> count");
    // `: let` went to the nodes, `\history` stayed here.
    assert!(ran.out.contains("web01"), "{}", ran.out);
    assert!(
        ran.err.contains("the history is the prompt's"),
        "{}",
        ran.err
    );
}

#[test]
fn a_file_of_lines_is_carried_out_in_the_place_of_its_name_and_mistakes_name_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let inner = dir.path().join("inner.hail");
    fs::write(&inner, "# why\necho from the file\necho x |> nonsense\n").expect("written");
    let text = format!("source {}\necho never\n", inner.display());
    let ran = hailer().stdin(&text).run().exits(2).says("from the file");
    let ran = ran.complains(&format!("{}:3: ", inner.display()));
    assert!(!ran.out.contains("never"), "{}", ran.out);
    let ran = hailer().line("source /nowhere/x.hail").run().exits(2);
    ran.complains("read the lines of /nowhere/x.hail");
}

#[test]
fn a_script_that_stops_says_where_and_how_many_lines_were_not_run() {
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("check.hail");
    fs::write(&script, "echo one\nfalse\necho two\necho three\n").expect("written");
    let script = script.display().to_string();
    let ran = hailer().args([script.as_str()]).run().exits(1);
    assert!(!ran.out.contains("two"), "{}", ran.out);
    ran.complains(&format!(
        "stopped at {script}:2, exit code 1: 2 lines behind it were not run; --keep-going runs every line"
    ));
    let ran = hailer()
        .args(["-c", "nonsense |> x"])
        .line("echo two")
        .run();
    ran.exits(2).complains("1 line behind it was not run");
    let ran = hailer()
        .args(["--keep-going", "-c", "false"])
        .line("echo two")
        .run();
    assert!(!ran.err.contains("not run"), "{}", ran.err);
    let ran = hailer().args(["-c", "echo one"]).line("false").run();
    assert!(!ran.err.contains("not run"), "{}", ran.err);
}

#[test]
fn a_script_starts_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("check");
    let fleet = Fleet::shared();
    let text = format!(
        "#!/usr/bin/env -S {} --fleet {} --scope @web01\necho of itself\n",
        env!("CARGO_BIN_EXE_hailer"),
        fleet.file().display()
    );
    fs::write(&script, text).expect("written");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("made executable");
    let ran = std::process::Command::new(&script)
        .env("HOME", dir.path())
        .output()
        .expect("it starts");
    let out = String::from_utf8_lossy(&ran.stdout);
    assert!(out.contains("of itself"), "{ran:?}");
    assert_eq!(ran.status.code(), Some(0));
}

#[test]
fn only_bash_understands_bash_unless_it_is_asked_for() {
    hailer().line("[[ a = a ]] && echo b").run().exits(2);
    let ran = hailer()
        .stdin("set shell bash\n[[ a = a ]] && echo \"by $BASH_VERSION\"\n")
        .run();
    ran.exits(0).says("by ");
}

#[test]
fn the_man_page_and_completions_come_from_the_flags() {
    for (what, sign) in [
        ("man", ".TH hailer"),
        ("complete-bash", "complete -F _hailer"),
        ("complete-zsh", "#compdef hailer"),
        ("complete-fish", "complete -c hailer"),
    ] {
        Fleet::shared()
            .hailer()
            .args(["--generate", what])
            .run()
            .exits(0)
            .says(sign);
    }
}

#[test]
fn first_lines_hold_at_the_prompt_and_names_are_there_the_next_time() {
    let home = tempfile::tempdir().expect("a home");
    let config = home.path().join(".config/hailer");
    fs::create_dir_all(&config).expect("made");
    fs::write(config.join("rc.hail"), "set timeout 7s\nreboot\n").expect("written");
    let file = Fleet::shared().file().display().to_string();
    let args = ["--fleet", &file, "--scope", "@web01"];
    let mut first = Terminal::start(&args, home.path(), 100, 30);
    first.wait_for("rc.hail:2: only `set` and `let` may stand here");
    first.wait_for_prompt("@web01 1>");
    first.enters("set timeout");
    first.wait_for("timeout 7s");
    first.enters("let up = echo it is up");
    first.enters("let up");
    first.wait_for("up = echo it is up");
    first.wait_for_prompt("@web01 1>");
    first.types("\x04");
    assert_eq!(first.wait_for_end(), 0);
    let mut second = Terminal::start(&args, home.path(), 100, 30);
    second.wait_for_prompt("@web01 1>");
    second.enters("up");
    second.wait_for("  it is up");
    second.wait_for_prompt("@web01 1>");
    second.types("\x04");
    second.wait_for_end();
    let kept = fs::read_to_string(config.join("lines.hail")).expect("kept");
    assert!(kept.ends_with("let up = echo it is up\n"), "{kept}");
}

#[test]
fn a_text_that_is_longer_than_the_screen_goes_through_the_pager_and_a_short_one_does_not() {
    let home = tempfile::tempdir().expect("a home");
    let file = Fleet::shared().file().display().to_string();
    let args = ["--fleet", &file, "--scope", "@web01"];
    let mut terminal = Terminal::start(&args, home.path(), 100, 30);
    terminal.wait_for_prompt("@web01 1>");
    terminal.enters("set pager 'cat; echo by the pager'");
    terminal.wait_for_prompt("@web01 1>");
    terminal.enters("set timeout");
    terminal.wait_for("timeout off");
    terminal.enters("help metric");
    terminal.wait_for("by the pager");
    let screen = terminal.screen().join("\n");
    assert_eq!(screen.matches("by the pager").count(), 1, "{screen}");
}
