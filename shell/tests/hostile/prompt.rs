//! The prompt: everything that is painted there, and what it remembers.

use std::fs;

use crate::node::Nodes;
use crate::payloads::OPEN;
use crate::scan::{harmless, terminal};
use crate::support::terminal::Terminal;

const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";
const CTRL_C: &str = "\x03";
const TAB: &str = "\t";

fn prompt(nodes: &Nodes) -> Terminal {
    let file = nodes.file();
    let terminal = Terminal::start(&["--fleet", &file], nodes.dir(), 160, 50);
    terminal.wait_for_prompt("@all 3>");
    terminal
}

#[test]
fn answers_tables_menus_and_lists_paint_only_what_is_ours() {
    let nodes = Nodes::start();
    let mut screen = prompt(&nodes);
    for (line, shown) in [
        ("out", "· $1"),
        ("cells |> parse lines", "· $2"),
        ("failed", "· $3"),
        ("shifted |> diff", "· $4"),
        ("facts", "· $5"),
        ("gone", "· $6"),
        ("evalrows |> parse lines |> count by line", "· $7"),
    ] {
        screen.enters(line);
        screen.wait_for(shown);
        screen.wait_for_prompt("@all 3>");
    }
    screen.enters("jobs all");
    screen.wait_for_prompt("@all 3>");
    // The menu offers columns and values that came from nodes.
    let offered = [
        "$2 |> where ",
        "$2 |> where line = ",
        "$7 |> sort ",
        "@kernel=",
        "jobs attach ",
    ];
    for (number, typed) in offered.into_iter().enumerate() {
        screen.types(typed);
        screen.types(TAB);
        screen.types(TAB);
        // What is typed behind it is painted when the menu has been.
        let last = format!("typed{number}");
        screen.types(&last);
        screen.wait_for(&last);
        screen.types(CTRL_C);
        screen.wait_for_prompt("@all 3>");
    }
    screen.types(CTRL_R);
    screen.types("cells");
    screen.wait_for("cells");
    screen.types(CTRL_C);
    screen.wait_for_prompt("@all 3>");
    screen.types(CTRL_D);
    screen.wait_for_end();
    let raw = screen.raw();
    terminal(&raw, "the prompt");
    assert!(
        String::from_utf8_lossy(&raw).contains(OPEN),
        "nothing was shown"
    );
}

#[test]
fn a_pager_gets_text_that_commands_nothing() {
    let nodes = Nodes::start();
    let kept = nodes.dir().join("paged");
    let mut screen = prompt(&nodes);
    screen.enters(&format!("set pager 'tee {}'", kept.display()));
    screen.wait_for_prompt("@all 3>");
    screen.enters("out");
    screen.wait_for("· $1");
    screen.wait_for_prompt("@all 3>");
    screen.enters("$1");
    crate::support::wait_until("the pager has it", || kept.exists());
    screen.wait_for_prompt("@all 3>");
    screen.types(CTRL_D);
    screen.wait_for_end();
    let paged = fs::read(&kept).expect("the pager got it");
    terminal(&paged, "the pager");
    assert!(
        String::from_utf8_lossy(&paged).contains(OPEN),
        "it got something else"
    );
    terminal(&screen.raw(), "the prompt");
}

#[test]
fn what_is_remembered_of_a_session_is_clean() {
    let nodes = Nodes::start();
    let mut screen = prompt(&nodes);
    for (line, shown) in [("failed", "· $1"), ("out", "· $2")] {
        screen.enters(line);
        screen.wait_for(shown);
        screen.wait_for_prompt("@all 3>");
    }
    screen.types(CTRL_D);
    screen.wait_for_end();
    let ran = nodes.hailer().line("history").run();
    harmless(&ran.out_bytes, &['\n', '\t'], "history");
    let mut again = prompt(&nodes);
    again.enters("history");
    again.wait_for("failed");
    again.wait_for_prompt("@all 3>");
    again.types(CTRL_D);
    again.wait_for_end();
    terminal(&again.raw(), "history");
}
