//! The pager: who has the keys, what it is shown, and what is there when it has gone.

use tempfile::TempDir;

use crate::support::fleet::Fleet;
use crate::support::terminal::Terminal;

const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";
const PROMPT: &str = "@web01 1>";

/// A prompt on one node and 24 rows, with this command as its pager.
struct Paged {
    terminal: Terminal,
    _home: TempDir,
}

impl Paged {
    fn open(pager: &str) -> Self {
        Self::open_as("xterm-256color", pager)
    }

    fn open_as(kind: &str, pager: &str) -> Self {
        let home = TempDir::with_prefix("hailer-paging-").expect("a directory");
        let file = Fleet::shared().file().display().to_string();
        let args = ["--fleet", file.as_str(), "--scope", "@web01"];
        let mut terminal = Terminal::start_as(kind, &args, home.path(), 100, 24);
        terminal.wait_for_prompt(PROMPT);
        terminal.enters(&format!("set pager '{pager}'"));
        terminal.wait_for_prompt(PROMPT);
        terminal.enters("set timeout");
        terminal.wait_for("timeout off");
        terminal.wait_for_prompt(PROMPT);
        Self {
            terminal,
            _home: home,
        }
    }

    /// Everything that was ever on the screen.
    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.terminal.raw()).into_owned()
    }
}

#[test]
fn lines_that_were_typed_ahead_are_the_prompts_and_never_the_pagers() {
    let mut paged = Paged::open("cat; echo by-the-\"\"pager");
    paged.terminal.types("help metric\recho typed ahead\r");
    paged.terminal.wait_for("  typed ahead");
    paged.terminal.wait_for_prompt(PROMPT);
    assert!(!paged.raw().contains("by-the-pager"), "{}", paged.raw());
    paged.terminal.enters("help metric");
    paged.terminal.wait_for("by-the-pager");
}

#[test]
fn less_may_neither_run_programs_nor_write_files() {
    let mut paged = Paged::open("cat >/dev/null; echo secure=$LESSSECURE.");
    paged.terminal.enters("help metric");
    paged.terminal.wait_for("secure=1.");
}

#[test]
fn a_pager_that_stops_itself_at_ctrl_z_goes_on_and_the_prompt_comes_back() {
    let mut paged =
        Paged::open("cat >/dev/null; echo it-is-\"\"up; kill -STOP $$; echo went-\"\"on");
    paged.terminal.enters("help metric");
    paged.terminal.wait_for("it-is-up");
    paged.terminal.types(CTRL_Z);
    paged.terminal.wait_for("went-on");
    paged.terminal.wait_for_prompt(PROMPT);
}

#[test]
fn ctrl_c_in_the_pager_is_the_pagers() {
    let mut paged = Paged::open("cat >/dev/null; echo it-is-\"\"up; sleep 600; echo went-\"\"on");
    paged.terminal.enters("help metric");
    paged.terminal.wait_for("it-is-up");
    paged.terminal.types(CTRL_C);
    paged.terminal.wait_for("went-on");
    paged.terminal.wait_for_prompt(PROMPT);
    paged.terminal.enters("echo still here");
    paged.terminal.wait_for("  still here");
}

#[test]
fn a_pager_that_shows_nothing_swallows_nothing_and_is_told_of() {
    for (pager, why) in [
        ("false", "the pager `false` ended with exit code 1"),
        ("true", "the pager `true` showed nothing"),
        ("no-such-pager", "the pager `no-such-pager` was not found"),
    ] {
        let mut paged = Paged::open(pager);
        paged.terminal.enters("seq 30 70");
        paged.terminal.wait_for("  70");
        paged.terminal.wait_for_prompt(PROMPT);
        let raw = paged.raw();
        assert!(raw.contains(why), "{pager}: {raw}");
        assert!(raw.contains("  30\r\n"), "{pager}: {raw}");
    }
}

#[test]
fn in_the_pager_an_answer_is_whole_and_behind_it_its_end_is_said_again() {
    let mut paged = Paged::open("cat; echo by-the-\"\"pager");
    paged.terminal.enters("seq 1000 1100");
    let screen = paged.terminal.wait("end behind the pager", |screen| {
        let pager = screen.iter().position(|l| l == "by-the-pager");
        let end = screen.iter().rposition(|l| l.contains("· $1"));
        matches!((pager, end), (Some(pager), Some(end)) if end > pager)
    });
    assert!(screen.iter().any(|l| l == "  1100"), "{screen:?}");
    assert!(
        screen.iter().any(|l| l.starts_with("1 node: 1 ok")),
        "{screen:?}"
    );
}

#[test]
fn without_a_pager_what_is_left_out_is_a_result_away() {
    let mut paged = Paged::open("off");
    paged.terminal.enters("seq 1000 1100");
    paged.terminal.wait_for("· $1 shows what is left out");
    paged.terminal.wait_for_prompt(PROMPT);
    assert!(!paged.raw().contains("  1100\r\n"));
    paged.terminal.enters("$1");
    paged.terminal.wait_for("  1100");
}

#[test]
fn rows_that_a_question_is_about_are_not_paged() {
    let mut paged = Paged::open("cat; echo by-the-\"\"pager");
    paged
        .terminal
        .enters("seq 60 |> parse lines |> run each true");
    paged.terminal.wait_for("[y/N]");
    paged.terminal.enters("n");
    paged.terminal.wait_for("run nowhere");
    assert!(!paged.raw().contains("by-the-pager"), "{}", paged.raw());
}

#[test]
fn a_terminal_that_only_prints_has_no_pager_and_no_menu() {
    let mut paged = Paged::open_as("dumb", "cat; echo by-the-\"\"pager");
    paged.terminal.enters("seq 30 70");
    paged.terminal.wait_for("  70");
    paged.terminal.wait_for_prompt(PROMPT);
    assert!(!paged.raw().contains("by-the-pager"), "{}", paged.raw());
    paged.terminal.types("un\t");
    paged.terminal.types("ame -s\r");
    paged.terminal.wait_for("  Linux");
    assert!(!paged.raw().contains("unlink"), "{}", paged.raw());
}
