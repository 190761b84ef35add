//! Facts that outlive a session: one file a fleet in the user's cache folder, readable by the user
//! alone. It is a cache: whatever cannot be read in it is as if it were not there.
//!
//! The first line names the version and nothing else; each further line is one node's facts. Facts
//! that the machine does not tell are left out. Durations are nanoseconds, moments milliseconds
//! since 1970, sizes bytes.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hailer_lang::facts::{KnownFacts, NodeFacts};
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeId;
use hailer_protocol::time::Wall;
use hailer_protocol::value::{DataType, Value};
use serde_json::{Map, Value as Json, json};

/// What the first line says.
const VERSION: &str = r#"{"hailer_facts":1}"#;

/// No more is read or written, in bytes: far more than ten thousand nodes say.
const FILE_MAX: u64 = 64 << 20;

/// One node's line may be as long, in bytes; what is longer is not kept.
const LINE_MAX: usize = 16 << 10;

/// Returns where the facts of a fleet are kept: `$XDG_CACHE_HOME/hailer`, or `~/.cache/hailer`. The
/// authority's certificate tells fleets of one name apart. `None` without either folder.
#[must_use]
pub(crate) fn path(fleet: &str, authority_pem: &str) -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    let authority = blake3::hash(authority_pem.as_bytes()).to_hex();
    let name = format!("facts-{fleet}-{}.ndjson", &authority[..16]);
    Some(cache.join("hailer").join(name))
}

/// Reads the facts of the nodes that are in the fleet.
pub(super) fn read(file: &Path, inventory: &Inventory) -> Vec<(NodeId, NodeFacts)> {
    let Ok(file) = fs::File::open(file) else {
        return Vec::new();
    };
    let mut lines = BufReader::new(file.take(FILE_MAX)).lines();
    if lines.next().and_then(Result::ok).as_deref() != Some(VERSION) {
        return Vec::new();
    }
    lines
        .map_while(Result::ok)
        .filter_map(|line| of_line(&line, inventory))
        .collect()
}

fn of_line(line: &str, inventory: &Inventory) -> Option<(NodeId, NodeFacts)> {
    let json: Json = serde_json::from_str(line).ok()?;
    let node = inventory.id(json.get("node")?.as_str()?)?;
    let at = Wall(json.get("at")?.as_i64()?);
    let facts = json.get("facts")?.as_object()?;
    let value = |name: &str, data_type: DataType| {
        let json = facts.get(name)?;
        Some(match data_type {
            DataType::Str => Value::from(json.as_str()?),
            DataType::Int => Value::Int(json.as_i64()?),
            DataType::Size => Value::Size(json.as_i64()?),
            DataType::Duration => Value::Duration(json.as_i64()?),
            DataType::Time => Value::Time(json.as_i64()?),
            DataType::Bool => Value::Bool(json.as_bool()?),
            DataType::Float => Value::Float(json.as_f64()?),
            DataType::Percent => Value::Percent(json.as_f64()?),
            DataType::Null => Value::Null,
        })
    };
    let facts = NodeFacts::of_pairs(at, |fact| {
        value(fact.name, fact.data_type).unwrap_or(Value::Null)
    });
    Some((node, facts))
}

/// Writes all facts, into a file beside it that then takes its place.
pub(super) fn write(file: &Path, inventory: &Inventory, facts: &KnownFacts) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut text = format!("{VERSION}\n");
    for (id, node) in (0..).map(NodeId).zip(inventory.nodes()) {
        let Some(facts) = facts.of(id) else { continue };
        let line = line(node.name.as_str(), facts);
        if line.len() <= LINE_MAX && (text.len() + line.len()) as u64 <= FILE_MAX {
            text.push_str(&line);
            text.push('\n');
        }
    }
    let beside = file.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn line(node: &str, facts: &NodeFacts) -> String {
    let mut pairs = Map::new();
    for (fact, value) in facts.pairs() {
        let json = match value {
            Value::Null => continue,
            Value::Str(text) => json!(text),
            Value::Bool(b) => json!(b),
            Value::Int(n) | Value::Size(n) | Value::Duration(n) | Value::Time(n) => json!(n),
            Value::Float(x) | Value::Percent(x) => json!(x),
        };
        pairs.insert(fact.name.to_owned(), json);
    }
    json!({ "node": node, "at": facts.at.0, "facts": pairs }).to_string()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use hailer_lang::inventory::file::FleetFile;

    use super::*;

    fn inventory() -> Inventory {
        let text = "fleet = \"f\"\n[[nodes]]\nnames = \"n[1-3]\"\naddress = \"{name}:1\"\n";
        let file = FleetFile::parse(text).expect("a fleet file");
        Inventory::from_fleet_file(&file).expect("an inventory")
    }

    fn facts(at: i64) -> NodeFacts {
        NodeFacts::of_pairs(Wall(at), |fact| match fact.name {
            "kernel" => Value::from("5.15.0\u{1b}[2J"),
            "cpus" => Value::Int(8),
            "memory" => Value::Size(1 << 30),
            "boot_time" => Value::Time(1_700_000_000_000),
            _ => Value::Null,
        })
    }

    #[test]
    fn what_is_written_is_read_back_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("hailer").join("facts.ndjson");
        let inventory = inventory();
        let mut known = KnownFacts::default();
        known.learn(NodeId(1), facts(7));
        write(&file, &inventory, &known).expect("written");
        assert_eq!(read(&file, &inventory), [(NodeId(1), facts(7))]);
        let mode = fs::metadata(&file).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names: Vec<_> = fs::read_dir(file.parent().expect("a folder"))
            .expect("entries")
            .collect();
        assert_eq!(names.len(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("facts");
        let inventory = inventory();
        assert_eq!(read(&file, &inventory), []);
        let good = line("n2", &facts(7));
        for (text, expected) in [
            (String::new(), 0),
            (format!("{{\"hailer_facts\":2}}\n{good}\n"), 0),
            (format!("{VERSION}\n{{\n\n{good}\n[]\n"), 1),
            (format!("{VERSION}\n{}\n", good.replace("n2", "gone")), 0),
            (format!("{VERSION}\n{}", &good[..good.len() - 3]), 0),
        ] {
            fs::write(&file, &text).expect("written");
            assert_eq!(read(&file, &inventory).len(), expected, "{text}");
        }
    }
}
