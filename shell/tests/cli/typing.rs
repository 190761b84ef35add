//! Typing: keys in the same instant, ahead of the prompt, pasted; lines that arrive meanwhile; the
//! history; and a terminal that is left as it was found.

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::fleet::Fleet;
use crate::support::terminal::Terminal;
use crate::support::wait_until;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";
const CTRL_L: &str = "\x0c";
const UP: &str = "\x1b[A";
const RIGHT: &str = "\x1b[C";
const BACKSPACE: &str = "\x7f";

const PROMPT: &str = "@web[01-03] 3>";

/// Narrow enough that every prompt wraps, and so wide that nothing does.
const WIDTHS: [u16; 5] = [20, 33, 57, 80, 200];

/// A prompt on three nodes, and the home directory in which its history is.
struct Prompt {
    terminal: Terminal,
    home: TempDir,
}

impl Prompt {
    fn open(fleet: &Fleet, columns: u16) -> Self {
        let home = TempDir::with_prefix("hailer-typing-").expect("a directory");
        Self::open_at(fleet, columns, home)
    }

    fn open_at(fleet: &Fleet, columns: u16, home: TempDir) -> Self {
        let file = fleet.file().display().to_string();
        let args = ["--fleet", file.as_str(), "--scope", "@web[01-03]"];
        let terminal = Terminal::start(&args, home.path(), columns, 24);
        terminal.wait_for_prompt(PROMPT);
        Self { terminal, home }
    }

    /// Waits for this as a whole line of an answer.
    #[track_caller]
    fn answers(&self, text: &str) {
        let line = format!("  {text}");
        self.terminal.wait(text, |s| s.contains(&line));
    }
}

#[test]
fn lines_typed_in_one_instant_run_in_their_order() {
    let mut prompt = Prompt::open(Fleet::shared(), 80);
    prompt.terminal.types("echo one\recho two\recho th");
    prompt.answers("two");
    prompt.terminal.types("ree\r");
    prompt.answers("three");
    let screen = prompt.terminal.screen();
    let at = |text: &str| screen.iter().position(|l| l == text);
    assert!(
        at("  one") < at("  two") && at("  two") < at("  three"),
        "{screen:#?}"
    );
    assert!(at("  one").is_some(), "{screen:#?}");
}

#[test]
fn what_is_typed_in_the_same_instant_behind_ctrl_c_is_not_lost() {
    let mut prompt = Prompt::open(Fleet::shared(), 80);
    prompt
        .terminal
        .types(&format!("echo dropped{CTRL_C}echo kept\r"));
    prompt.answers("kept");
    let screen = prompt.terminal.screen();
    assert!(!screen.iter().any(|l| l == "  dropped"), "{screen:#?}");
}

#[test]
fn what_is_typed_while_a_line_runs_is_typed_at_the_next_prompt() {
    let fleet = Fleet::start(6, 0);
    let mut prompt = Prompt::open(&fleet, 80);
    prompt.terminal.enters("sleep 1; echo slow");
    wait_until("it runs", || fleet.commands().len() >= 3);
    prompt
        .terminal
        .types(&format!("echo ahexx{BACKSPACE}{BACKSPACE}ad\recho then"));
    prompt.answers("ahead");
    prompt.terminal.wait("rest of what was typed", |_| {
        prompt.terminal.cursor_line() == format!("{PROMPT} echo then")
    });
}

#[test]
fn a_paste_waits_for_enter_also_while_a_line_runs() {
    let fleet = Fleet::start(6, 0);
    let mut prompt = Prompt::open(&fleet, 80);
    let paste = |text: &str| format!("\x1b[200~{text}\x1b[201~");
    prompt.terminal.types(&paste("echo a1\necho a2\n"));
    prompt.terminal.wait_for("… echo a2");
    prompt.terminal.types(CTRL_C);
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.enters("sleep 1; echo slow");
    wait_until("it runs", || fleet.commands().len() >= 3);
    prompt.terminal.types(&paste("echo b1\necho b2"));
    prompt.answers("slow");
    prompt.terminal.wait_for("… echo b2");
    let screen = prompt.terminal.screen();
    for never in ["  a1", "  a2", "  b1", "  b2"] {
        assert!(!screen.iter().any(|l| l == never), "{screen:#?}");
    }
    prompt.terminal.types("\r");
    prompt.answers("b1");
    prompt.answers("b2");
}

#[test]
fn lines_behind_a_scope_that_failed_do_not_run() {
    let fleet = Fleet::start(6, 0);
    let mut prompt = Prompt::open(&fleet, 80);
    prompt.terminal.types("@nobody\rtouch harm\recho then");
    prompt.terminal.wait_for("the line behind it was not run");
    prompt.terminal.wait("rest of what was typed", |_| {
        prompt.terminal.cursor_line() == "no scope> echo then"
    });
    assert!(!fleet.node_dir("web01").join("harm").exists());
}

#[test]
fn lines_behind_one_that_failed_or_reached_nobody_go_on() {
    let mut prompt = Prompt::open(Fleet::shared(), 80);
    let ahead = "@web11 : echo never\rfalse\recho went on\r";
    prompt.terminal.types(ahead);
    prompt.answers("went on");
    // A paste goes on as well.
    prompt
        .terminal
        .types("\x1b[200~false\necho pasted\x1b[201~");
    prompt.terminal.wait_for("… echo pasted");
    prompt.terminal.types("\r");
    prompt.answers("pasted");
    let screen = prompt.terminal.screen();
    assert!(!joined(&screen).contains("notrun"), "{screen:#?}");
}

#[test]
fn the_up_arrow_brings_back_lines_that_were_not_run_and_the_history_says_so() {
    let fleet = Fleet::start(6, 0);
    let mut prompt = Prompt::open(&fleet, 80);
    prompt.terminal.types("|> nonsense\rtouch harm\r");
    prompt
        .terminal
        .wait_for("a mistake: the line behind it was not run");
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.types(UP);
    prompt.terminal.wait("line", |_| {
        prompt.terminal.cursor_line() == format!("{PROMPT} touch harm")
    });
    prompt.terminal.types(CTRL_C);
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.enters("history --failed");
    prompt.terminal.wait("outcome", |screen| {
        screen
            .iter()
            .any(|l| l.contains("not run") && l.ends_with("touch harm"))
    });
    assert!(!fleet.node_dir("web01").join("harm").exists());
}

#[test]
fn lines_behind_a_question_that_was_declined_do_not_run_and_are_named() {
    let fleet = Fleet::start(6, 0);
    let mut prompt = Prompt::open(&fleet, 80);
    prompt.terminal.enters("set ask 1");
    prompt.terminal.wait_for_prompt(PROMPT);
    let lines = "rm -f nothing\ntouch harm";
    prompt.terminal.types(&format!("\x1b[200~{lines}\x1b[201~"));
    prompt.terminal.wait_for("… touch harm");
    prompt.terminal.types("\r");
    prompt.terminal.wait_for("[y/N]");
    prompt.terminal.types("n\r");
    prompt
        .terminal
        .wait_for("it was not agreed to: the line behind it was not run");
    assert!(!fleet.node_dir("web01").join("harm").exists());
}

#[test]
fn a_question_is_not_answered_by_what_was_typed_before_it() {
    let fleet = Fleet::start(6, 0);
    let mut prompt = Prompt::open(&fleet, 80);
    prompt.terminal.enters("set ask 1");
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.types("rm -f nothing\ry\r");
    prompt.terminal.wait_for("[y/N]");
    prompt.terminal.types("n\r");
    prompt.terminal.wait_for("nothing was run");
}

#[test]
fn nodes_that_go_are_told_above_the_line_that_is_typed() {
    for columns in WIDTHS {
        let fleet = Fleet::start(6, 0);
        let mut prompt = Prompt::open(&fleet, columns);
        prompt.terminal.enters("echo before");
        prompt.answers("before");
        prompt.terminal.wait_for_prompt(PROMPT);
        let typed = "echo größe 日本語 and some more words of one line";
        prompt.terminal.types(typed);
        // In the middle of a word, so that the cursor is not where the text ends.
        prompt.terminal.types(&"\x1b[D".repeat(9));
        prompt
            .terminal
            .wait("line", |s| joined(s).contains(&blankless(typed)));
        drop(fleet);
        let screen = prompt.terminal.wait("news", |s| {
            joined(s).contains("nolongerconnected:web[01-03]")
        });
        prompt.terminal.types("X");
        let changed = typed.replace("one line", "Xone line");
        let screen_after = prompt
            .terminal
            .wait("whole line", |s| joined(s).contains(&blankless(&changed)));
        let text = joined(&screen_after);
        assert_eq!(
            text.matches("größe").count(),
            1,
            "{columns}: {screen_after:#?}"
        );
        assert!(text.contains("before"), "{columns}: {screen:#?}");
        let (news, line) = (text.find("nolonger"), text.find("größe"));
        assert!(news < line, "{columns}: {screen_after:#?}");
    }
}

#[test]
fn the_window_may_change_its_size_while_a_line_is_typed_or_runs() {
    let mut prompt = Prompt::open(Fleet::shared(), 80);
    prompt
        .terminal
        .types("echo 0123456789 0123456789 0123456789");
    prompt.terminal.wait_for("0123456789 0123456789 0123456789");
    for columns in [40, 120, 20, 80] {
        prompt.terminal.resize(columns, 24);
        prompt.terminal.types("x");
    }
    let whole = blankless("echo 0123456789 0123456789 0123456789xxxx");
    prompt.terminal.wait("line", |s| joined(s).contains(&whole));
    prompt.terminal.types("\r");
    prompt.answers("0123456789 0123456789 0123456789xxxx");
    prompt.terminal.enters("sleep 1; echo slow");
    prompt.terminal.wait_for("0/3");
    prompt.terminal.resize(60, 12);
    prompt.answers("slow");
    prompt.terminal.wait_for_prompt(PROMPT);
}

#[test]
fn ctrl_l_clears_the_screen_and_keeps_the_line() {
    let mut prompt = Prompt::open(Fleet::shared(), 80);
    prompt.terminal.enters("echo before");
    prompt.answers("before");
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.types(&format!("echo half{CTRL_L}"));
    prompt.terminal.wait("clear screen", |s| {
        s[0] == format!("{PROMPT} echo half") && s[1..].iter().all(String::is_empty)
    });
}

#[test]
fn lines_are_remembered_with_what_came_of_them_and_a_blank_keeps_one_out() {
    let mut prompt = Prompt::open(Fleet::shared(), 100);
    prompt.terminal.enters("test $HAILER_NODE != web02");
    prompt.terminal.wait_for("1 failed");
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.enters(" echo secret");
    prompt.answers("secret");
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.types(CTRL_D);
    prompt.terminal.wait_for_end();
    let Prompt { home, .. } = prompt;

    let mut prompt = Prompt::open_at(Fleet::shared(), 100, home);
    prompt.terminal.enters("history --failed");
    let screen = prompt.terminal.wait_for("2 ok, 1 failed");
    let line = screen
        .iter()
        .find(|l| l.contains("1 failed"))
        .expect("it is there");
    assert!(
        line.contains("@web[01-03]") && line.ends_with("test $HAILER_NODE != web02"),
        "{line}"
    );
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.enters("history 50");
    prompt.terminal.wait("both lines", |s| {
        s.iter().any(|l| l.ends_with("history --failed"))
    });
    assert!(!joined(&prompt.terminal.screen()).contains("secret"));
    prompt.terminal.wait_for_prompt(PROMPT);
    // The beginning of a line is enough: a grey hint shows the rest, and the arrow takes it.
    prompt.terminal.types("test");
    prompt.terminal.wait("hint", |_| {
        prompt.terminal.cursor_line() == format!("{PROMPT} test $HAILER_NODE != web02")
    });
    prompt.terminal.types(&format!("{RIGHT}x"));
    prompt.terminal.wait_for("test $HAILER_NODE != web02x");
    prompt.terminal.types(CTRL_C);
    prompt.terminal.wait_for_prompt(PROMPT);
    prompt.terminal.types(&format!("{UP}{UP}{UP}"));
    prompt.terminal.wait("line before", |_| {
        prompt.terminal.cursor_line() == format!("{PROMPT} test $HAILER_NODE != web02")
    });
}

#[test]
fn ctrl_r_searches_the_history_by_scope_and_runs_nothing() {
    for columns in [20, 100] {
        let mut prompt = Prompt::open(Fleet::shared(), columns);
        prompt.terminal.enters("echo alpha");
        prompt.answers("alpha");
        prompt.terminal.wait_for_prompt(PROMPT);
        prompt.terminal.enters("@web01");
        prompt.terminal.wait_for_prompt("@web01 1>");
        prompt.terminal.enters("echo beta");
        prompt.answers("beta");
        prompt.terminal.wait_for_prompt("@web01 1>");
        let found = |prompt: &Prompt, marked: &str, other: Option<&str>| {
            let is = |l: &String, mark: &str, text: &str| l.starts_with(mark) && l.ends_with(text);
            prompt.terminal.wait(marked, |s| {
                s.iter().any(|l| is(l, "> ", marked))
                    && other.is_none_or(|o| s.iter().any(|l| is(l, "  ", o)))
            });
        };
        prompt.terminal.types(CTRL_R);
        found(&prompt, "echo beta", Some("echo alpha"));
        prompt.terminal.types("echo");
        found(&prompt, "echo beta", Some("echo alpha"));
        prompt.terminal.types(CTRL_R);
        prompt.terminal.wait("this scope's alone", |s| {
            joined(s).contains("historyof@web01") && !s.iter().any(|l| l == "  echo alpha")
        });
        prompt.terminal.types(CTRL_R);
        found(&prompt, "echo beta", Some("echo alpha"));
        prompt.terminal.types("\x1b[B");
        found(&prompt, "echo alpha", None);
        prompt.terminal.types("\r");
        prompt.terminal.wait("line at the prompt", |s| {
            joined(s).ends_with("@web011>echoalpha")
        });
        let answers = |s: &[String]| s.iter().filter(|l| *l == "  alpha").count();
        assert!(answers(&prompt.terminal.screen()) <= 1, "nothing was run");
    }
}

#[test]
fn a_history_that_cannot_be_kept_is_told_once_and_the_prompt_works() {
    let home = TempDir::with_prefix("hailer-typing-").expect("a directory");
    std::fs::write(home.path().join("hailer"), "a file, and no folder").expect("it is written");
    let mut prompt = Prompt::open_at(Fleet::shared(), 100, home);
    prompt.terminal.wait_for("remembered until you leave");
    prompt.terminal.enters("echo works");
    prompt.answers("works");
    prompt.terminal.wait_for_prompt(PROMPT);
    let said = |s: &[String]| s.iter().filter(|l| l.contains("remembered until")).count();
    assert_eq!(said(&prompt.terminal.screen()), 1);
}

#[test]
fn a_shell_that_is_ended_from_outside_leaves_the_terminal_as_it_was() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        for line in ["half a line", "sleep 1000\r"] {
            let fleet = Fleet::start(6, 0);
            let mut prompt = Prompt::open(&fleet, 80);
            prompt.terminal.types(line);
            if line.ends_with('\r') {
                wait_until("it runs", || fleet.commands().len() >= 3);
            } else {
                prompt.terminal.wait_for(line);
            }
            assert!(
                !prompt.terminal.is_as_found(),
                "the prompt has its own modes"
            );
            prompt.terminal.signal(signal);
            assert_eq!(prompt.terminal.wait_for_end(), code, "{signal:?} {line:?}");
            assert!(prompt.terminal.is_as_found(), "{signal:?} {line:?}");
            // Not only when the lease runs out.
            assert_eq!(fleet.commands(), [""; 0], "{signal:?} {line:?}");
        }
    }
}

/// The screen's text without its line breaks and blanks.
fn joined(screen: &[String]) -> String {
    blankless(&screen.concat())
}

fn blankless(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
