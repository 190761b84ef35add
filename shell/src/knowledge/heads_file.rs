//! Heads of nodes' audits that outlive a session: one file a fleet in the user's state folder,
//! readable by the user alone. A line is a node's name, the number of its newest record and the link
//! after it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeId;
use hailer_protocol::audit::Head;

use crate::history::state_dir;

/// No more is read, in bytes: far more than ten thousand nodes take.
const FILE_MAX: u64 = 16 << 20;

/// Returns where the heads of a fleet are kept. The authority's certificate tells fleets of one name
/// apart. `None` where the user has no state folder.
#[must_use]
pub(crate) fn path(fleet: &str, authority_pem: &str) -> Option<PathBuf> {
    let authority = blake3::hash(authority_pem.as_bytes()).to_hex();
    Some(state_dir()?.join(format!("audit-{fleet}-{}.heads", &authority[..16])))
}

/// Reads the heads of the nodes that are in the fleet.
pub(super) fn read(file: &Path, inventory: &Inventory) -> BTreeMap<NodeId, Head> {
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|file| file.take(FILE_MAX).read_to_string(&mut text));
    if read.is_err() {
        return BTreeMap::new();
    }
    let of_line = |line: &str| {
        let mut words = line.split(' ');
        let node = inventory.id(words.next()?)?;
        let seq = words.next()?.parse().ok()?;
        let link = words.next()?.parse().ok()?;
        Some((node, Head { seq, link }))
    };
    text.lines().filter_map(of_line).collect()
}

/// Writes all heads, into a file beside it that then takes its place.
pub(super) fn write(
    file: &Path,
    inventory: &Inventory,
    heads: &BTreeMap<NodeId, Head>,
) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut text = String::new();
    for (node, head) in heads {
        if let Some(node) = inventory.node(*node) {
            text.push_str(&format!("{} {} {}\n", node.name, head.seq, head.link));
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

#[cfg(test)]
mod tests {
    use hailer_lang::inventory::file::FleetFile;
    use hailer_protocol::ids::Link;

    use super::*;

    #[test]
    fn heads_read_back_as_they_were_written_and_others_lines_are_left_out() {
        let text = "fleet = \"f\"\n[[nodes]]\nnames = \"n[1-3]\"\naddress = \"{name}:1\"\n";
        let file = FleetFile::parse(text).expect("a fleet file");
        let inventory = Inventory::from_fleet_file(&file).expect("an inventory");
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a/b.heads");
        let head = Head {
            seq: 7,
            link: Link([3; 16]),
        };
        let heads = BTreeMap::from([(NodeId(0), head), (NodeId(2), head)]);
        write(&path, &inventory, &heads).expect("written");
        assert_eq!(read(&path, &inventory), heads);
        fs::write(&path, "n9 1 00\nn1 x\n\nn2 1 zz\n").expect("written");
        assert!(read(&path, &inventory).is_empty());
    }
}
