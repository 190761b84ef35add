//! `--targets-from`: whom a run is for, by a list of names or by what an earlier run wrote, so that
//! runs chain: `hailer … --format ndjson -c A | hailer … --targets-from - -c B`.
//!
//! A list holds names one a line or folded, with comments. Records are those of `--format ndjson`,
//! whole or filtered by another program: every `row` names its node, whatever came of it there;
//! with `--targets-state` rows and failures in these states do. Records without their summary are a
//! part of what was written, and want `--targets-partial`. A list that names nobody is an error, and
//! never everybody.

use std::io;
use std::path::Path;

use hailer_lang::inventory::Inventory;
use hailer_lang::nearest::did_you_mean;
use hailer_lang::node_set::NodeSet;
use hailer_lang::node_set::fold::fold_limited;
use hailer_lang::node_set::list::names_of_list;
use hailer_lang::plan::ResolvedScope;
use hailer_protocol::clean::Clean;
use hailer_protocol::state::State;
use serde_json::Value as Json;

use crate::error::ShellError;
use crate::exit::Exit;

/// A list, or records, of at most this many bytes.
const TARGETS_MAX: u64 = 256 << 20;

/// Characters of names that a mistake or a scope shows.
const NAMES_WIDTH: usize = 60;

/// A name with its line.
type Named = (usize, String);

/// Reads the targets from a file, or from standard input where it is called `-`.
///
/// # Errors
/// When it cannot be read, is neither list nor records, names nodes that the fleet does not have, or
/// names nobody.
pub fn read(
    from: &Path,
    states: &[State],
    is_partial: bool,
    inventory: &Inventory,
) -> Result<ResolvedScope, ShellError> {
    let (called, text) = if is_stdin(from) {
        let text = bounded(io::stdin().lock());
        ("standard input".to_owned(), text)
    } else {
        let text = std::fs::File::open(from).and_then(bounded);
        (from.display().to_string(), text)
    };
    let text = text.map_err(|e| ShellError::usage(format!("read targets from {called}: {e}")))?;
    let nodes = of_text(&text, states, is_partial, inventory).map_err(|e| e.at(&called))?;
    let names = inventory.fold_limited(&nodes, NAMES_WIDTH);
    let is_whole = inventory.fold(&nodes) == names;
    let scope = if is_whole {
        format!("@{names}")
    } else {
        format!("@({called})")
    };
    Ok(ResolvedScope {
        nodes,
        text: scope,
        is_frozen: true,
        is_live: false,
        undecided: NodeSet::default(),
        facts_age: None,
    })
}

/// Whether targets come from standard input, which then holds no lines.
#[must_use]
pub fn is_stdin(from: &Path) -> bool {
    from == Path::new("-")
}

fn of_text(
    text: &str,
    states: &[State],
    is_partial: bool,
    inventory: &Inventory,
) -> Result<NodeSet, ShellError> {
    let named = if text.trim_start().starts_with(['{', '[']) {
        of_records(text, states, is_partial)?
    } else if states.is_empty() {
        names_of_list(text)
            .map_err(|e| ShellError::usage(Clean::line(&e.to_string()).into_string()))?
    } else {
        return Err(ShellError::usage(
            "a list of names tells no states, and --targets-state asks for some",
        )
        .hint("leave it out, or give records of --format ndjson"));
    };
    let mut nodes = NodeSet::default();
    let mut unknown: Vec<Named> = Vec::new();
    for (line, name) in named {
        match inventory.id(&name) {
            Some(id) => nodes.insert(id),
            None => unknown.push((line, name)),
        }
    }
    if let Some((line, name)) = unknown.first() {
        return Err(unknown_names(*line, name, &unknown, inventory));
    }
    if nodes.is_empty() {
        let what = if states.is_empty() {
            "no node is named".to_owned()
        } else {
            let states: Vec<&str> = states.iter().map(|s| s.as_str()).collect();
            format!("no node ended as {}", states.join(" or "))
        };
        return Err(ShellError::new(Exit::NO_TARGETS, what).hint("nothing was run"));
    }
    Ok(nodes)
}

fn unknown_names(line: usize, name: &str, all: &[Named], inventory: &Inventory) -> ShellError {
    let message = if all.len() == 1 {
        format!("line {line}: no node is called `{}`", Clean::line(name))
    } else {
        let names = fold_limited(all.iter().map(|(_, n)| n.as_str()), NAMES_WIDTH);
        format!(
            "{} names are not in the fleet, the first in line {line}: {}",
            all.len(),
            Clean::line(&names)
        )
    };
    let known = inventory.nodes().iter().map(|n| n.name.as_str());
    let error = ShellError::new(Exit::NO_TARGETS, message);
    match did_you_mean(name, known) {
        Some(near) => error.hint(near),
        None if inventory.groups().contains_key(name) => {
            error.hint("it is a group; a list holds names of nodes")
        }
        None => error.hint("nothing was run; `nodes` lists the nodes"),
    }
}

/// The nodes of records, one a line.
fn of_records(text: &str, states: &[State], is_partial: bool) -> Result<Vec<Named>, ShellError> {
    let mut named = Vec::new();
    // Records that hailer wrote have a type, and the last of them is their summary.
    let (mut has_types, mut is_whole) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let record = serde_json::from_str::<Json>(line).map_err(|e| {
            ShellError::usage(format!("line {number}: this is no record: {e}"))
                .hint("records are written by --format ndjson, one a line")
        })?;
        // What another program made of records has perhaps no type any more.
        let kind = record.get("type").and_then(Json::as_str);
        has_types |= kind.is_some();
        let kind = kind.unwrap_or("row");
        is_whole |= kind == "summary";
        let is_wanted = match kind {
            "row" if states.is_empty() => true,
            "row" | "failure" => states.contains(&state_of(&record)),
            _ => false,
        };
        if !is_wanted {
            continue;
        }
        match record.get("node").and_then(Json::as_str) {
            Some(node) => named.push((number, node.to_owned())),
            None => {
                return Err(ShellError::usage(format!(
                    "line {number}: this row does not say on which node it was observed"
                ))
                .hint("rows of `group`, `count` and the like cannot be targets"));
            }
        }
    }
    if has_types && !is_whole && !is_partial {
        return Err(ShellError::usage(
            "these records have no summary, so they are a part of what was written",
        )
        .hint("nothing was run; let the `summary` record through, or say --targets-partial"));
    }
    Ok(named)
}

/// How a record's node ended. Rows of a table that do not say it come from nodes that were ok: of the
/// others there is a `failure`.
fn state_of(record: &Json) -> State {
    let state = record.get("state").and_then(Json::as_str);
    state.and_then(State::by_name).unwrap_or(State::Ok)
}

fn bounded(input: impl io::Read) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    input.take(TARGETS_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > TARGETS_MAX {
        return Err(io::Error::other(format!("more than {TARGETS_MAX} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use hailer_lang::inventory::file::FleetFile;

    use super::*;

    fn inventory() -> Inventory {
        let text = "fleet = \"f\"\n[[nodes]]\nnames = \"web[1-9]\"\naddress = \"{name}:1\"\ngroups = [\"front\"]\n";
        let file = FleetFile::parse(text).expect("a fleet file");
        Inventory::from_fleet_file(&file).expect("an inventory")
    }

    fn check(text: &str, states: &[State], expected: &str) {
        check_as(false, text, states, expected);
    }

    fn check_as(is_partial: bool, text: &str, states: &[State], expected: &str) {
        let inventory = inventory();
        let found = match of_text(text, states, is_partial, &inventory) {
            Ok(nodes) => inventory.fold(&nodes),
            Err(e) => format!("{} {e}", e.exit().0),
        };
        assert!(found.contains(expected), "{text}\n{found}");
    }

    const RECORDS: &str = r#"{"v":1,"type":"row","node":"web1","state":"ok","rc":0}
{"v":1,"type":"row","node":"web2","state":"failed","rc":1}

{"v":1,"type":"failure","node":"web3","state":"unreachable"}
{"v":1,"type":"row","node":"web4","pid":7}
{"node":"web5","made":"by another program"}
{"v":1,"type":"summary","targets":5,"nodes":{"failed":"web2"}}
"#;

    #[test]
    fn lists_and_records_name_their_nodes() {
        check("web1\n# web2\nweb[3-4]\n", &[], "web[1,3-4]");
        check(RECORDS, &[], "web[1-2,4-5]");
        check(RECORDS, &[State::Failed], "web2");
        check(RECORDS, &[State::Unreachable, State::Failed], "web[2-3]");
        check(RECORDS, &[State::Ok], "web[1,4-5]");
    }

    #[test]
    fn records_without_their_summary_are_a_part_and_somebody_has_to_say_so() {
        let (part, _) = RECORDS
            .split_once("{\"v\":1,\"type\":\"summary\"")
            .expect("the last");
        check(part, &[], "2 these records have no summary");
        check(part, &[State::Failed], "2 these records have no summary");
        check_as(true, part, &[], "web[1-2,4-5]");
        check_as(true, part, &[State::Failed], "web2");
        let of_another_program = "{\"node\":\"web5\"}\n{\"node\":\"web6\"}\n";
        check(of_another_program, &[], "web[5-6]");
    }

    #[test]
    fn nobody_is_never_everybody() {
        check("", &[], "3 no node is named");
        check("# web1\n\n", &[], "3 no node is named");
        check(RECORDS, &[State::Denied], "3 no node ended as denied");
        let summary = r#"{"v":1,"type":"summary","targets":0}"#;
        check(summary, &[], "3 no node is named");
    }

    #[test]
    fn what_is_neither_is_told_with_its_line() {
        check("web1\nwbe2\n", &[], "line 2: no node is called `wbe2`");
        check("web1\nwbe2\n", &[], "did you mean `web2`?");
        check("front\n", &[], "it is a group");
        check("web[1-", &[], "2 line 1:");
        check(
            "web1",
            &[State::Failed],
            "2 a list of names tells no states",
        );
        check(
            "{\"type\":\"row\",\"nodes\":\"web1\"}",
            &[],
            "2 line 1: this row",
        );
        check("{\n \"rows\": []}", &[], "2 line 1: this is no record");
        check("web1\n\u{1b}[2J", &[], "2 line 2:");
        let error = of_text("\u{1b}[2J", &[], false, &inventory()).expect_err("no name");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
}
