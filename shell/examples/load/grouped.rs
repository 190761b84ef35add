//! Equal answers folded: how long after the last answer of 10,000 nodes the groups are there to be
//! written, beside tools that fold the same text. No node takes part: answers are made here.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hailer_lang::inventory::Inventory;
use hailer_lang::inventory::file::FleetFile;
use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::state::State;
use hailer_shell::fleet::Answer;
use hailer_shell::fleet::budget::{Budget, KEPT_BYTES_DEFAULT};
use hailer_shell::fleet::gather::Gather;
use hailer_shell::fleet::summary::Summary;
use hailer_shell::rows::Names;
use hailer_shell::view::groups::{GroupsView, render_groups};
use hailer_shell::view::style::Look;

use crate::report::{print_turns, say};
use crate::{Result, Size};

const NODES: usize = 10_000;
const LINES: usize = 50;

/// What folds text of the form `node: line`, where it is installed.
const PEERS: [&[&str]; 2] = [&["dshbak", "-c"], &["clubak", "-b"]];

/// Measures four different answers, and as many as there are nodes.
pub(crate) fn measure(size: Size) -> Result<()> {
    let inventory = inventory()?;
    for (name, variants) in [
        ("4 different answers", 4),
        ("10,000 different answers", NODES),
    ] {
        say(&format!("{NODES} nodes × {LINES} lines, {name}\n"));
        let (mut after_last, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..size.reps {
            let (after, all) = ours(&inventory, variants);
            after_last.push(after);
            whole.push(all);
        }
        print_turns("hailer, after the last answer", &after_last);
        print_turns("hailer, all answers taken in too", &whole);
        let text = as_text(&inventory, variants);
        for peer in PEERS {
            match theirs(peer, &text)? {
                Some(time) => print_turns(&peer.join(" "), &[time]),
                None => say(&format!("  {} is not installed\n", peer[0])),
            }
        }
    }
    Ok(())
}

fn inventory() -> Result<Inventory> {
    let text = format!(
        "fleet = \"load\"\n[[nodes]]\nnames = \"node[00001-{NODES}]\"\naddress = \"{{name}}:1\"\n"
    );
    let file = FleetFile::parse(&text).map_err(|d| format!("{d:?}"))?;
    Ok(Inventory::from_fleet_file(&file).map_err(|d| format!("{d:?}"))?)
}

/// What a node prints: like `/etc/passwd`, one line of which differs.
fn output(variant: usize) -> String {
    let line = |n: usize| {
        let variant = if n == LINES / 2 { variant } else { 0 };
        format!("user{n:02}:x:{n}:{n}:{variant}:/var/user{n:02}:/usr/sbin/nologin\n")
    };
    (0..LINES).map(line).collect()
}

/// Which of the answers a node gives; the first one is what most say.
const fn variant_of(node: usize, variants: usize) -> usize {
    if variants == NODES {
        node
    } else if node % 100 < 97 {
        0
    } else {
        1 + node % (variants - 1)
    }
}

fn ours(inventory: &Inventory, variants: usize) -> (Duration, Duration) {
    let answers: Vec<Answer> = (0..NODES)
        .map(|node| {
            let id = NodeId(u32::try_from(node).unwrap_or(u32::MAX));
            let mut answer = Answer::empty(id, State::Ok);
            let bytes = output(variant_of(node, variants)).into_bytes();
            answer.out_bytes = bytes.len() as u64;
            answer.out = Arc::new(NodeBytes(bytes));
            answer.rc = Some(0);
            answer
        })
        .collect();
    let mut gather = Gather::new(Arc::new(Budget::new(KEPT_BYTES_DEFAULT)));
    let begun = Instant::now();
    for answer in answers {
        gather.add(answer);
    }
    let last = Instant::now();
    let summary = Summary::of(&gather, Duration::from_secs(1), false);
    let look = Look {
        width: Some(120),
        color: true,
        ..Look::default()
    };
    let text = render_groups(
        &gather,
        &summary,
        &Names(inventory),
        &GroupsView::short(look),
    );
    std::hint::black_box(text);
    (last.elapsed(), begun.elapsed())
}

fn as_text(inventory: &Inventory, variants: usize) -> String {
    let mut text = String::new();
    for (node, at) in inventory.nodes().iter().zip(0..) {
        for line in output(variant_of(at, variants)).lines() {
            text.push_str(node.name.as_str());
            text.push_str(": ");
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn theirs(peer: &[&str], text: &str) -> Result<Option<Duration>> {
    let begun = Instant::now();
    let started = Command::new(peer[0])
        .args(&peer[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        return Ok(None);
    };
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    child.wait()?;
    Ok(Some(begun.elapsed()))
}
