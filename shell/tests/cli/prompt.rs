//! The prompt in a terminal: lines, answers, Ctrl-C, Ctrl-D.

use tempfile::TempDir;

use crate::support::terminal::Terminal;
use crate::support::{proc, wait_until};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// A demo in a terminal, and the directory in which it keeps everything.
pub(crate) struct Demo {
    pub(crate) terminal: Terminal,
    pub(crate) dir: TempDir,
}

impl Demo {
    /// Starts a demo of eight nodes that are all up, and waits for its prompt.
    pub(crate) fn start(columns: u16, rows: u16) -> Self {
        let dir = TempDir::with_prefix("hailer-prompt-").expect("a directory");
        let args = ["demo", "--nodes", "8", "--fail", "0", "--slow", "0"];
        let terminal = Terminal::start(&args, dir.path(), columns, rows);
        terminal.wait_for_prompt("@all 8>");
        Self { terminal, dir }
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        proc::commands_below(self.dir.path())
    }

    /// Leaves, and makes sure that nothing is left.
    #[track_caller]
    pub(crate) fn leave(mut self, code: i32) {
        self.terminal.types(CTRL_D);
        assert_eq!(self.terminal.wait_for_end(), code);
        let dir = self.dir.path().display().to_string();
        wait_until("everything of the demo is gone", || {
            let entries = std::fs::read_dir(self.dir.path()).expect("it is there");
            let names = entries.filter_map(Result::ok).map(|e| e.file_name());
            let is_clean = !names
                .into_iter()
                .any(|n| n.to_string_lossy().starts_with("hailer-demo"));
            is_clean && proc::with_argument(&dir).is_empty() && self.commands().is_empty()
        });
    }
}

#[test]
fn a_line_is_answered_in_groups_and_the_next_prompt_follows() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("cat app/version");
    let screen = demo.terminal.wait_for("8 nodes: 8 ok");
    assert!(
        screen.iter().any(|l| l.contains("8 nodes · ok")),
        "{screen:#?}"
    );
    assert!(screen.iter().any(|l| l.trim() == "1.8.2"), "{screen:#?}");
    assert!(screen.iter().any(|l| l.ends_with("· $1")), "{screen:#?}");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("|> count by role");
    let screen = demo.terminal.wait_for("· $2");
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
fn ctrl_c_twice_ends_what_runs_and_the_prompt_is_back() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("setsid sleep 1000 & sleep 1000");
    wait_until("it runs everywhere", || demo.commands().len() >= 16);
    demo.terminal.wait_for("0/8");
    demo.terminal.types(CTRL_C);
    // Once: nobody else is asked; what runs goes on, and it is said how to end it.
    demo.terminal.wait_for("Ctrl-C again");
    assert!(demo.commands().len() >= 16, "what runs goes on");
    demo.terminal.types(CTRL_C);
    let screen = demo.terminal.wait_for("8 cancelled");
    assert!(
        screen.iter().any(|l| l.contains("8 nodes · cancelled")),
        "{screen:#?}"
    );
    wait_until("nothing runs any more", || demo.commands().is_empty());
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("echo alive");
    demo.terminal.wait_for("8 nodes: 8 ok");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn ctrl_c_at_the_prompt_drops_what_was_typed_and_stays() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.types("rm -rf half a line");
    demo.terminal.wait_for("half a line");
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for_prompt("@all 8>");
    // Something is typed in between, so that the prompt that is waited for is a new one.
    demo.terminal.types("and another");
    demo.terminal.wait_for("and another");
    demo.terminal.types(CTRL_C);
    demo.terminal.wait_for_prompt("@all 8>");
    assert!(demo.commands().is_empty(), "nothing was run");
    demo.leave(0);
}

#[test]
fn a_mistake_is_shown_with_its_place_and_leaves_the_prompt() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("uptime |> selct node");
    let screen = demo.terminal.wait_for("did you mean `select`?");
    assert!(
        screen.iter().any(|l| l.trim() == "^^^^^ unknown verb"),
        "{screen:#?}"
    );
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("@nobody");
    demo.terminal.wait_for_prompt("no scope>");
    demo.terminal.enters("uptime");
    demo.terminal.wait_for("there is no scope");
    demo.terminal.wait_for_prompt("no scope>");
    demo.leave(2);
}

#[test]
fn a_line_that_goes_on_waits_for_its_end() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("echo 'one");
    demo.terminal.wait_for("…");
    assert!(demo.commands().is_empty());
    demo.terminal.enters("two'");
    let screen = demo.terminal.wait_for("8 nodes: 8 ok");
    let at = screen
        .iter()
        .rposition(|l| l == "  one")
        .expect("it is shown");
    assert_eq!(screen[at + 1], "  two");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn what_changes_things_everywhere_is_asked_about() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("set ask 2");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("rm -f app/version");
    demo.terminal.wait_for("[y/N]");
    demo.terminal.enters("n");
    demo.terminal.wait_for("nothing was run");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("rm -f app/version");
    demo.terminal.wait("second question", |s| {
        s.iter().filter(|l| l.contains("[y/N]")).count() == 2
    });
    demo.terminal.enters("y");
    demo.terminal.wait_for("8 nodes: 8 ok");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn most_of_a_small_fleet_is_asked_about_and_a_part_of_it_is_not() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("set ask auto");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("rm -f app/version");
    demo.terminal.wait_for("[y/N]");
    demo.terminal.enters("n");
    demo.terminal.wait_for("nothing was run");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal
        .enters("@web01 : rm -f app/version; echo was not asked");
    demo.terminal.wait_for("  was not asked");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn a_deed_shows_its_rows_and_asks_once_with_count_share_and_age() {
    let mut demo = Demo::start(140, 30);
    let line = "nodes |> where node = 'web01' |> run touch app/cured";
    demo.terminal.enters(line);
    let screen = demo.terminal.wait_for("[y/N]");
    let question = screen.iter().find(|l| l.contains("[y/N]"));
    let question = question.expect("it is asked");
    assert!(
        question.contains("`touch app/cured` on 1 of 8 nodes (12%), web01; run it?"),
        "{question}"
    );
    demo.terminal.enters("n");
    demo.terminal.wait_for("the command was run nowhere");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal
        .enters("test -e app/cured |> where rc = 0 |> count");
    demo.terminal.wait_for("$2");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters(line);
    demo.terminal.wait("second question", |s| {
        s.iter().filter(|l| l.contains("[y/N]")).count() == 2
    });
    demo.terminal.enters("y");
    demo.terminal.wait_for("1 node: 1 ok");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn a_deed_that_is_retried_asks_again_and_puts_its_answers_into_the_result() {
    let mut demo = Demo::start(140, 30);
    let act = "test -e app/again || { touch app/again; exit 1; }";
    demo.terminal
        .enters(&format!("nodes |> where node = 'web01' |> run {act}"));
    demo.terminal.wait_for("[y/N]");
    demo.terminal.enters("y");
    demo.terminal.wait_for("1 node: 1 failed");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("retry $2.failed");
    demo.terminal
        .wait_for("again on 1 of 8 nodes, web01; run it?");
    demo.terminal.enters("n");
    demo.terminal.wait_for("nothing was run");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.terminal.enters("retry $2.failed");
    demo.terminal.wait("the second question of the retry", |s| {
        s.iter().filter(|l| l.contains("again on 1 of 8")).count() == 2
    });
    demo.terminal.enters("y");
    demo.terminal.wait_for("1 retried");
    demo.terminal.wait_for_prompt("@all 8>");
    demo.leave(0);
}

#[test]
fn quit_leaves_and_so_does_a_terminal_that_is_closed() {
    let mut demo = Demo::start(100, 30);
    demo.terminal.enters("quit");
    assert_eq!(demo.terminal.wait_for_end(), 0);

    let demo = Demo::start(100, 30);
    let Demo { terminal, dir } = demo;
    drop(terminal);
    let text = dir.path().display().to_string();
    wait_until("everything of the demo is gone", || {
        proc::with_argument(&text).is_empty()
    });
}
