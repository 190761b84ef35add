//! Terminals of all widths: the prompt stays one line, nothing from a node commands the terminal.

use tempfile::TempDir;

use crate::support::fleet::Fleet;
use crate::support::terminal::Terminal;

const WIDTHS: [u16; 3] = [20, 80, 200];

const CTRL_U: &str = "\x15";
const CTRL_C: &str = "\x03";

/// Everything with which a node's output could try to command a terminal.
const HOSTILE: &str = r"printf '\033[2J\033[H\033]0;owned\007\033[31mred\033[?1049h\r\b\b\302\233[2J\342\200\256\nend\n'";

/// Opens a prompt. The terminal goes before the home directory, in which it writes.
fn open(fleet: &Fleet, columns: u16) -> (TempDir, Terminal) {
    let home = TempDir::with_prefix("hailer-widths-").expect("a directory");
    let file = fleet.file().display().to_string();
    let args = ["--fleet", file.as_str(), "--scope", "@web[01-03]"];
    let terminal = Terminal::start(&args, home.path(), columns, 24);
    terminal.wait_for_prompt("@web[01-03] 3>");
    (home, terminal)
}

#[test]
fn the_prompt_and_a_result_fit_every_width() {
    for columns in WIDTHS {
        let (_home, mut terminal) = open(Fleet::shared(), columns);
        terminal.enters("cat etc/bios");
        terminal.wait_for("2.14.1");
        terminal.wait_for_prompt("@web[01-03] 3>");
        terminal.enters("nodes");
        terminal.wait_for("web");
        terminal.wait_for_prompt("@web[01-03] 3>");
        no_raw_escapes(&terminal);
    }
}

#[test]
fn a_long_line_wraps_and_can_be_taken_back() {
    for columns in WIDTHS {
        let (_home, mut terminal) = open(Fleet::shared(), columns);
        let long = "abcdefghij".repeat(25);
        terminal.types(&format!("echo {long}"));
        terminal.wait("whole long line", |s| s.concat().contains(&long));
        terminal.types(CTRL_U);
        terminal.wait_for_prompt("@web[01-03] 3>");
        terminal.enters("echo short");
        terminal.wait("short answer", |s| s.iter().any(|l| l == "  short"));
        terminal.wait_for_prompt("@web[01-03] 3>");
    }
}

#[test]
fn tab_shows_what_could_stand_there() {
    for columns in WIDTHS {
        let (_home, mut terminal) = open(Fleet::shared(), columns);
        terminal.types("@we\t");
        terminal.wait("menu", |s| s.iter().any(|l| l.contains("web02")));
        terminal.types(CTRL_C);
        terminal.wait_for_prompt("@web[01-03] 3>");
        no_raw_escapes(&terminal);
    }
}

#[test]
fn lines_of_several_lines_keep_the_prompt_whole() {
    for columns in WIDTHS {
        let (_home, mut terminal) = open(Fleet::shared(), columns);
        terminal.enters("for i in 1 2; do");
        terminal.enters("echo n$i");
        terminal.enters("done");
        terminal.wait("both lines", |s| {
            s.iter().any(|l| l == "  n1") && s.iter().any(|l| l == "  n2")
        });
        terminal.wait_for_prompt("@web[01-03] 3>");
    }
}

#[test]
fn hostile_output_commands_no_terminal() {
    for columns in WIDTHS {
        let (_home, mut terminal) = open(Fleet::shared(), columns);
        terminal.enters("echo before");
        terminal.wait("answer", |s| s.iter().any(|l| l == "  before"));
        terminal.wait_for_prompt("@web[01-03] 3>");
        for line in [HOSTILE, &format!("{HOSTILE} |> parse lines")] {
            terminal.enters(line);
            terminal.wait("cleaned output", |s| {
                unfolded(s).contains("\\e]0;owned\\x07")
            });
            terminal.wait_for_prompt("@web[01-03] 3>");
        }
        no_raw_escapes(&terminal);
    }
}

#[test]
fn hostile_output_under_way_commands_no_terminal() {
    let (_home, mut terminal) = open(Fleet::shared(), 80);
    // The preview shows groups while the last node still works.
    terminal.enters(&format!("{HOSTILE}; test $HAILER_NODE != web03 || sleep 1"));
    terminal.wait_for("2/3");
    terminal.wait_for("3 nodes: 3 ok");
    terminal.wait_for_prompt("@web[01-03] 3>");
    no_raw_escapes(&terminal);
}

/// The screen's text without the marks and blanks with which lines that are too long go on.
fn unfolded(screen: &[String]) -> String {
    screen
        .iter()
        .map(|l| l.trim_start_matches('┆').trim())
        .collect()
}

/// What the node wrote as commands is nowhere in what the terminal was told.
#[track_caller]
fn no_raw_escapes(terminal: &Terminal) {
    let raw = terminal.raw();
    let has = |bytes: &[u8]| raw.windows(bytes.len()).any(|w| w == bytes);
    for forbidden in [
        &b"\x1b]0;owned"[..],
        b"\x1b[?1049h",
        b"\x1b[31mred",
        b"\xc2\x9b",
        b"\xe2\x80\xae",
        b"\x07",
    ] {
        assert!(!has(forbidden), "{:?}", String::from_utf8_lossy(forbidden));
    }
}
