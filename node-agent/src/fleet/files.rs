//! What a simulated fleet writes: the fleet file, the operator's credentials, the nodes' directories.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::plan::{FleetPlan, SimNode};
use crate::error::AgentError;

/// Returns a node's own directory.
pub(super) fn node_dir(dir: &Path, name: &str) -> PathBuf {
    dir.join("nodes").join(name)
}

/// Writes a node's directory: where its commands start, with files that tell it apart.
pub(super) fn write_node(dir: &Path, node: &SimNode) -> Result<(), AgentError> {
    let home = node_dir(dir, &node.name);
    let label = |key: &str| node.labels.get(key).map_or("", String::as_str);
    let files = [
        ("etc/bios", format!("{}\n", node.bios)),
        ("etc/hostname", format!("{}\n", node.name)),
        (
            "etc/app.conf",
            format!("role = {}\nworkers = 8\nlog_level = info\n", label("role")),
        ),
        ("app/version", format!("{}\n", label("version"))),
        // The facts of a simulated node prefer these to the machine's own.
        (
            "facts/sys/class/dmi/id/bios_vendor",
            "Hailer Demo\n".to_owned(),
        ),
        (
            "facts/sys/class/dmi/id/bios_version",
            format!("{}\n", node.bios),
        ),
        (
            "facts/sys/class/dmi/id/product_name",
            "Simulated\n".to_owned(),
        ),
    ];
    for (name, content) in files {
        let path = home.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| AgentError::file("create", parent, e))?;
        }
        fs::write(&path, content).map_err(|e| AgentError::file("write", &path, e))?;
    }
    Ok(())
}

/// Writes the policy of all nodes, unless there is one to try out; returns where it is.
pub(super) fn write_policy(dir: &Path) -> Result<PathBuf, AgentError> {
    let path = dir.join("policy");
    if path.exists() {
        return Ok(path);
    }
    let user = crate::run::own_user();
    let text = format!(
        "# What the nodes of this simulated fleet allow. A change holds within a second.\n\
         allow probe\n  to      anyone\n\n\
         allow run as {user}\n  to      anyone\n\n\
         allow automate as {user}\n  to      anyone\n"
    );
    fs::write(&path, text)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o644)))
        .map_err(|e| AgentError::file("write", &path, e))?;
    Ok(path)
}

/// Writes a file that only its owner may read.
pub(super) fn write_secret(path: &Path, content: &str) -> Result<(), AgentError> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| {
            // The mode above is for a file that was not there.
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(content.as_bytes())
        })
        .map_err(|e| AgentError::file("write", path, e))
}

/// Returns the fleet file: one entry for all nodes that share their labels.
pub(super) fn fleet_file(fleet: &str, plan: &FleetPlan, addresses: &[SocketAddr]) -> String {
    let mut alike: BTreeMap<&BTreeMap<String, String>, Vec<(&str, SocketAddr)>> = BTreeMap::new();
    for (node, address) in plan.nodes.iter().zip(addresses) {
        alike
            .entry(&node.labels)
            .or_default()
            .push((&node.name, *address));
    }
    let mut text = format!(
        "# A simulated fleet on this machine.\n\
         fleet = \"{fleet}\"\n\
         ca = \"ca.pem\"\n\
         operator = {{ cert = \"operator.pem\", key = \"operator.key\" }}\n\
         default_scope = \"@all\"\n"
    );
    for (labels, nodes) in alike {
        let names: Vec<&str> = nodes.iter().map(|n| n.0).collect();
        let addresses: Vec<String> = nodes.iter().map(|n| format!("\"{}\"", n.1)).collect();
        let labels: Vec<String> = labels
            .iter()
            .map(|(k, v)| format!("{k} = \"{v}\""))
            .collect();
        let _ = write!(
            text,
            "\n[[nodes]]\nnames = \"{}\"\naddresses = [{}]\nlabels = {{ {} }}\n",
            names.join(","),
            addresses.join(", "),
            labels.join(", "),
        );
    }
    text
}
