//! Tests of completion: a line and its end, and what could stand there.

use hailer_lang::facts::{KnownFacts, NodeFacts};
use hailer_lang::inventory::file::FleetFile;
use hailer_protocol::time::Wall;
use hailer_protocol::value::Value;

use super::*;
use crate::session::KnownResult;

fn fleet() -> Inventory {
    let text = r#"
        fleet = "t"
        [[nodes]]
        names = "web[1-2]"
        address = "{name}:1"
        labels = { role = "web", dc = "fra" }
        groups = ["front"]
        [[nodes]]
        names = "db1"
        address = "{name}:1"
        labels = { role = "db" }
        [[nodes]]
        names = "store[001-100]"
        address = "{name}:1"
    "#;
    let file = FleetFile::parse(text).expect("parses");
    Inventory::from_fleet_file(&file).expect("is a fleet")
}

/// Three nodes have told what they are.
fn facts(inventory: &Inventory) -> KnownFacts {
    let mut facts = KnownFacts::default();
    for (node, os) in [
        ("web1", "Debian 12"),
        ("web2", "Debian 12"),
        ("db1", "it's"),
    ] {
        let told = NodeFacts::of_pairs(Wall(0), |fact| match fact.name {
            "os" => Value::Str(os.to_owned()),
            "kernel" => Value::Str("5.15".to_owned()),
            _ => Value::Null,
        });
        facts.learn(inventory.id(node).expect("is a node"), told);
    }
    facts
}

fn world() -> World {
    let inventory = Arc::new(fleet());
    let mut known = Known {
        saved: vec![("oom".to_owned(), "dmesg -T |> parse lines".to_owned())],
        results: vec![
            KnownResult {
                number: 4,
                text: "uptime".to_owned(),
                columns: vec![("load".to_owned(), "float")],
                sets: vec![("ok", 2), ("failed", 1)],
            },
            KnownResult {
                number: 3,
                text: "@all : df -h |> parse".to_owned(),
                columns: vec![("use_pct".to_owned(), "percent")],
                sets: Vec::new(),
            },
        ],
        ..Known::default()
    };
    known.live.up = inventory.labels()["role"]["web"].clone();
    known.facts = Arc::new(facts(&inventory));
    let (sample, wishes) = Sample::new();
    // A channel that nobody hears would end the sample's wishes.
    std::mem::forget(wishes);
    World {
        names: Arc::new(Names::of(Arc::clone(&inventory))),
        inventory,
        known: Arc::new(Mutex::new(Arc::new(known))),
        sample,
    }
}

/// The completions at the end of a line, as they would read, with what is said of them.
fn of(line: &str, world: &World) -> Vec<(String, String)> {
    let (start, found) = candidates(line, world).expect("nobody is asked");
    let read = |c: Candidate| (format!("{}{}", &line[..start], c.value), c.about);
    found.into_iter().map(read).collect()
}

#[track_caller]
fn check(line: &str, expected: &[&str]) {
    let lines: Vec<String> = of(line, &world()).into_iter().map(|(l, _)| l).collect();
    for one in expected {
        assert!(lines.iter().any(|l| l == one), "{line:?} offers {lines:?}");
    }
    if expected.is_empty() {
        assert!(lines.is_empty(), "{line:?} offers {lines:?}");
    }
}

#[track_caller]
fn check_only(line: &str, expected: &[(&str, &str)]) {
    let found = of(line, &world());
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(l, a)| (l.as_str(), a.as_str()))
        .collect();
    assert_eq!(found, expected, "{line:?}");
}

#[test]
fn selectors_complete_with_how_many_nodes_they_stand_for() {
    check_only(
        "@ro",
        &[("@role=db", "1 node, 0 up"), ("@role=web", "2 nodes")],
    );
    check_only("@role=w", &[("@role=web", "2 nodes")]);
    check_only("@fr", &[("@front", "group · 2 nodes")]);
    check_only("@we", &[("@web1", "node"), ("@web2", "node")]);
    check_only("@store", &[("@store*", "100 nodes · store[001-100]")]);
    check_only(
        "@store09",
        &[
            ("@store090", "node"),
            ("@store091", "node"),
            ("@store092", "node"),
            ("@store093", "node"),
            ("@store094", "node"),
            ("@store095", "node"),
            ("@store096", "node"),
            ("@store097", "node"),
            ("@store098", "node"),
            ("@store099", "node"),
        ],
    );
    check("@web1,role=d", &["@web1,role=db"]);
    check("@all ! d", &["@all ! db1", "@all ! dc=fra"]);
    check_only(
        "@state=u",
        &[
            ("@state=up", "2 nodes"),
            ("@state=unknown", "neither is known"),
        ],
    );
    check_only("@$4.f", &[("@$4.failed", "1 node · uptime")]);
    check("@kern", &["@kernel"]);
    check("@fnt", &["@front"]);
}

#[test]
fn nodes_are_found_by_any_part_of_their_names_and_fold() {
    check_only("@b1", &[("@db1", "node"), ("@web1", "node")]);
    check("@tore", &["@store*"]);
    check_only("@str077", &[("@store077", "node")]);
    check_only("@store[", &[("@store[001-100]", "100 nodes")]);
    let many = of("@re0", &world());
    assert_eq!(many.len(), 30, "{many:?}");
    assert!(many[0].1.contains("one of"), "{many:?}");
    check("@store0", &["@store00*", "@store09*"]);
}

#[test]
fn facts_complete_with_what_nodes_have_told() {
    check_only(
        "@os=",
        &[
            ("@os='Debian 12'", "2 nodes"),
            ("@os=\"it's\"", "1 node, 0 up"),
        ],
    );
    check_only("@os='Debian 1", &[("@os='Debian 12'", "2 nodes")]);
    check_only("@kernel~\"5", &[(r"@kernel~'5\.15'", "3 nodes, 2 up")]);
    check("@uptime=", &[]);
}

#[test]
fn flags_complete_with_what_they_want_and_values_with_units() {
    let found = of("|> run --can", &world());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "|> run --canary");
    assert!(found[0].1.starts_with("N|%,… · "), "{}", found[0].1);
    check("|> run --yes --fail", &["|> run --yes --fail-fast"]);
    let rest = of("|> run --yes --", &world());
    assert!(rest.iter().all(|(line, _)| line != "|> run --yes --yes"));
    check("|> run --batch-by d", &["|> run --batch-by dc"]);
    check("|> run --canary=1", &["|> run --canary=1,5%"]);
    check("|> save --", &["|> save --force"]);
    check("|> watch 1", &["|> watch 10s", "|> watch 1m"]);
    check(
        "|> where x > 90",
        &["|> where x > 90%", "|> where x > 90GiB"],
    );
    check("|> where x > 10G", &["|> where x > 10GiB"]);
    check("|> where load1", &[]);
    check("set follow_rate ", &["set follow_rate off"]);
    check("? @we", &["? @web1"]);
    check("$", &["$4", "$3"]);
    check("retry $4.f", &["retry $4.failed"]);
    let found = of("|> agg p9", &world());
    assert_eq!(found[0].0, "|> agg p90(");
    assert!(found[0].1.starts_with("p90(x)"), "{}", found[0].1);
}

#[test]
fn verbs_complete_behind_the_fleets_pipe_only() {
    check_only(
        "df |> wher",
        &[(
            "df |> where",
            "keeps the rows for which the expression is true",
        )],
    );
    check("df '|> wh", &[]);
    check("@all : df |> count by ro", &["@all : df |> count by role"]);
    check("df |> count b", &["df |> count by"]);
    check("df |> parse js", &["df |> parse json"]);
    check("|> join ", &["|> join $4", "|> join $3"]);
    check("|> agg mea", &["|> agg mean("]);
}

#[test]
fn columns_are_those_of_the_place() {
    check("|> where lo", &["|> where load"]);
    check("$3 |> where us", &["$3 |> where use_pct"]);
    check(
        "df -h |> parse |> where us",
        &["df -h |> parse |> where use_pct"],
    );
    check("df -h |> where use_p", &[]);
    check(
        "df |> derive free_pct = 1 |> where fr",
        &["df |> derive free_pct = 1 |> where free_pct"],
    );
    check("metric load1 |> where va", &["metric load1 |> where value"]);
    let found = of("|> where upp", &world());
    assert_eq!(found[0].0, "|> where upper(");
    assert!(found[0].1.contains("upper("), "{}", found[0].1);
}

#[test]
fn probes_shell_words_saved_lines_and_their_arguments_complete() {
    check("met", &["metric"]);
    check("exp", &["explain"]);
    check("oo", &["oom"]);
    check("metric loa", &["metric load1"]);
    check("facts ker", &["facts kernel"]);
    check("set th", &["set theme"]);
    check("set theme d", &["set theme dark"]);
    check("history --f", &["history --failed"]);
    check("help funct", &["help functions"]);
    check("explain df |> wh", &["explain df |> where"]);
    check("jobs a", &["jobs attach"]);
}

#[test]
fn programs_and_files_come_from_a_node_later_and_quoted() {
    let world = world();
    assert_eq!(candidates("df | gr", &world), None, "a node is asked");
    assert!(world.sample.is_waiting());
    world
        .sample
        .answer(Listing::Programs, b"grep\nawk\ngrip\x1b[2J\n");
    assert!(!world.sample.is_waiting());
    let programs = of("df | gre", &world);
    assert_eq!(programs[0], ("df | grep".to_owned(), "program".to_owned()));

    assert_eq!(candidates("cat /var/l", &world), None);
    let folder = || Listing::Folder("/var/".to_owned());
    world.sample.answer(folder(), b"log/\nlib/\nlo cal\nl'x\n");
    let lines: Vec<String> = of("cat /var/l", &world)
        .into_iter()
        .map(|(l, _)| l)
        .collect();
    assert_eq!(
        lines,
        [
            "cat /var/log/",
            "cat /var/lib/",
            "cat '/var/lo cal'",
            r"cat '/var/l'\''x'"
        ]
    );
    let quoted = of("cat '/var/lo c", &world);
    assert_eq!(quoted[0].0, "cat '/var/lo cal'", "within quotes too");
    world.sample.answer(folder(), b"");
    check("cat ", &[]);
    check("cat -l", &[]);
}

#[test]
fn what_could_command_the_terminal_is_not_offered() {
    let world = world();
    let hostile = Listing::Folder("/x/".to_owned());
    world
        .sample
        .answer(hostile, b"fine\nevil\x1b]0;owned\x07\n\xe2\x80\xaeevil\n");
    let mut completer = LineCompleter::new(world);
    let found = completer.complete("cat /x/", 7);
    let values: Vec<&str> = found
        .suggestions()
        .iter()
        .map(|s| s.value.as_str())
        .collect();
    assert_eq!(values, ["/x/fine"]);
}

#[test]
fn characters_of_several_bytes_do_no_harm() {
    check("@ö", &[]);
    check("df |> where é", &[]);
    check("ö |> where x=ö", &[]);
}
