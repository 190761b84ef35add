//! Fleet files: what is read from them, and what is refused with which words.

use super::*;
use crate::diagnostic::render_all;

const FLEET: &str = r#"
fleet = "demo"
ca = "ca.pem"
operator = { cert = "operator.pem", key = "operator.key" }
default_scope = "@all"

[[nodes]]
names = "web[001-200]"
address = "{name}.dc1.example:7117"
labels = { role = "web", dc = "fra", rack = 7 }
groups = ["front"]

[[nodes]]
names = "db1, db2"
addresses = ["10.0.0.1:7117", "[::1]:7117"]
"#;

fn load(text: &str) -> Result<Inventory, String> {
    let file = FleetFile::parse(text).map_err(|d| d.render(text))?;
    Inventory::from_fleet_file(&file).map_err(|ds| render_all(&ds, text))
}

#[test]
fn a_fleet_file_becomes_an_inventory() {
    let fleet = load(FLEET).unwrap();
    assert_eq!((fleet.len(), fleet.fleet().as_str()), (202, "demo"));
    assert_eq!(fleet.fold(&fleet.all()), "db[1-2],web[001-200]");
    let web = fleet.node(fleet.id("web007").unwrap()).unwrap();
    assert_eq!(web.address, "web007.dc1.example:7117");
    assert_eq!(fleet.label(fleet.id("web007").unwrap(), "rack"), Some("7"));
    assert_eq!(fleet.groups()["front"].len(), 200);
    assert_eq!(fleet.with_label("dc").len(), 200);
    assert_eq!(
        fleet.node(fleet.id("db2").unwrap()).unwrap().address,
        "[::1]:7117"
    );
}

/// Fleet files, what is said about them, and the line it is said of.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "\nnames = \"a\"\naddress = \"a:1\"\nlabel = 1",
        "unknown field `label`",
        "5 | label = 1",
    ),
    (
        "\nnames = \"a\"\naddress = 1",
        "invalid type",
        "4 | address = 1",
    ),
    (
        "\nnames = \"a[2-1]\"\naddress = \"{name}:1\"",
        "goes down",
        "3 | names",
    ),
    (
        "\nnames = \"a/b\"\naddress = \"{name}:1\"",
        "has '/' at byte 1",
        "3 |",
    ),
    (
        "\nnames = \"all\"\naddress = \"{name}:1\"",
        "no node can be called `all`",
        "3 |",
    ),
    (
        "\nnames = \"a,b,a\"\naddress = \"{name}:1\"",
        "a occurs twice",
        "3 |",
    ),
    (
        "\nnames = \"a[1-2]\"\naddress = \"x:1\"",
        "2 nodes cannot share one address",
        "4 |",
    ),
    (
        "\nnames = \"a[1-2]\"\naddresses = [\"x:1\"]",
        "1 addresses for 2 names",
        "4 |",
    ),
    (
        "\nnames = \"a\"\naddress = \"x:1\"\naddresses = [\"x:1\"]",
        "exclude each other",
        "5 |",
    ),
    ("\nnames = \"a\"", "no address", "3 |"),
    (
        "\nnames = \"a\"\naddress = \"x\"",
        "not of the form host:port",
        "4 |",
    ),
    (
        "\nnames = \"a\"\naddress = \"x:0\"",
        "not of the form host:port",
        "4 |",
    ),
    (
        "\nnames = \"a\"\naddress = \"a:1\"\nlabels = { state = \"x\" }",
        "no label can be called `state`",
        "5 |",
    ),
    (
        "\nnames = \"a\"\naddress = \"a:1\"\nlabels = { Role = \"x\" }",
        "`Role` cannot be a label",
        "5 |",
    ),
    (
        "\nnames = \"a\"\naddress = \"a:1\"\ngroups = [\"a\"]",
        "`a` is a node too",
        "5 |",
    ),
    (
        "\nnames = \"a\"\naddress = \"a:1\"\ngroups = [\"all\"]",
        "no group can be called `all`",
        "5 |",
    ),
    ("fleet = \"f\"", "the fleet has no nodes", "fleet = "),
    ("fleet = \"f g\"", "the fleet's name", "fleet = "),
    ("fleet = ", "", "fleet ="),
];

#[test]
fn every_mistake_in_a_fleet_file_names_its_place() {
    for (text, message, line) in MISTAKES {
        // What begins with a line break are nodes of a good fleet.
        let text = match text.strip_prefix('\n') {
            Some(nodes) => format!("fleet = \"f\"\n[[nodes]]\n{nodes}\n"),
            None => format!("{text}\n"),
        };
        let error = load(&text).unwrap_err();
        assert!(
            error.contains(message) && error.contains(line),
            "{text}\n---\n{error}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "fleet = \"f\"\n[[nodes]]\nnames = \"a\"\naddress = \"x\"\nlabels = { node = \"x\", rc = \"y\" }\n";
    assert_eq!(load(text).unwrap_err().matches("error[").count(), 3);
}

/// `[groups.racks]` with this in it, what is said about it, and the line it is said of.
const SOURCE_MISTAKES: &[(&str, &str, &str)] = &[
    ("list = \"x\"", "missing field `map`", "[groups.racks]"),
    ("map = \"rackctl\"", "does not ask for a group", "map ="),
    ("map = \"  \"", "the command is empty", "map ="),
    (
        "map = \"x $GROUP\"\nall = \"\"",
        "the command is empty",
        "all =",
    ),
    (
        "map = \"x $GROUP\"\ntimeout = \"soon\"",
        "`soon` is no duration",
        "timeout =",
    ),
    (
        "map = \"x $GROUP\"\ncache = \"5\"",
        "`5` is no duration",
        "cache =",
    ),
    (
        "map = \"x $GROUP\"\nlst = \"x\"",
        "did you mean `list`?",
        "lst =",
    ),
];

#[test]
fn a_source_of_groups_is_refused_at_the_place_that_is_wrong() {
    for (source, said, place) in SOURCE_MISTAKES {
        let text = format!("{FLEET}\n[groups.racks]\n{source}\n");
        let error = load(&text).expect_err(source);
        assert!(error.contains(said) && error.contains(place), "{error}");
    }
    for name in ["state", "node", "\"a b\""] {
        let text = format!("{FLEET}\n[groups.{name}]\nmap = \"x $GROUP\"\n");
        assert!(load(&text).is_err(), "{name}");
    }
}

#[test]
fn a_source_of_groups_has_bounds_unless_it_says_otherwise() {
    let text = format!("{FLEET}\n[groups.racks]\nmap = \"x $GROUP\"\ncache = \"90s\"\n");
    let fleet = load(&text).expect("a fleet");
    let racks = &fleet.sources()["racks"];
    assert_eq!(racks.timeout, crate::group_source::TIMEOUT_DEFAULT);
    assert_eq!(racks.cache, std::time::Duration::from_secs(90));
    assert_eq!((racks.all.as_ref(), racks.list.as_ref()), (None, None));
}
