//! A node's key, certificate and authorities, as files: closed where they must be, and replaced in one
//! step each, so that whoever starts finds the old one or the new one.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hailer_identity::{Credentials, Trust};
use hailer_protocol::ids::NodeName;
use hailer_protocol::message::Enrolled;
use hailer_protocol::role::Role;

use crate::error::AgentError;

/// A key: its owner's alone.
pub(super) const SECRET: u32 = 0o600;
/// Anybody may read it.
pub(super) const PUBLIC: u32 = 0o644;

/// Reads a text.
pub(super) fn read(path: &Path) -> Result<String, AgentError> {
    fs::read_to_string(path).map_err(|e| AgentError::file("read", path, e))
}

/// Writes a file in the place of whatever is there.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), AgentError> {
    let next = beside(path);
    // One that an earlier try has left may have another mode.
    let _ = fs::remove_file(&next);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let written = options.open(&next).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, path)
    });
    written.map_err(|e| AgentError::file("write", path, e))
}

fn beside(path: &Path) -> PathBuf {
    let mut next = path.as_os_str().to_owned();
    next.push(".new");
    next.into()
}

/// Checks what a keeper gave: our own certificate, for our own key, and nobody else's.
///
/// Returns the credentials, and their chain as PEM text.
pub(super) fn accept(
    enrolled: &Enrolled,
    key_pem: &str,
    node: &NodeName,
    trust: &Trust,
) -> Result<(Credentials, String), AgentError> {
    let wrong = |e: &dyn std::fmt::Display| {
        AgentError::Join(format!("the keeper's certificate is not used: {e}"))
    };
    let cert_pem: String = enrolled
        .chain
        .iter()
        .map(|der| hailer_identity::pem_of(der))
        .collect();
    let credentials = Credentials::from_pem(&cert_pem, key_pem).map_err(|e| wrong(&e))?;
    let own = credentials.identity();
    if own.role != Role::Node || own.name != *node || own.fleet != *trust.fleet() {
        return Err(wrong(&format!(
            "it names {own}, and not the node `{node}` of the fleet `{}`",
            trust.fleet()
        )));
    }
    Ok((credentials, cert_pem))
}

/// Returns what was known of the fleet beforehand, as PEM text. A keeper's word adds nobody to it: whoever
/// got hold of a keeper would otherwise make authorities, and operators with them.
pub(super) fn bundle(known: &Trust) -> String {
    known.authorities().map(hailer_identity::pem_of).collect()
}

/// Says where the keeper's authorities differ from ours: a new one must be handed out before an old
/// one ends.
pub(super) fn compare(enrolled: &Enrolled, known: &Trust) {
    let is_known = |given: &&Vec<u8>| known.authorities().any(|ours| ours == given.as_slice());
    let n_new = enrolled
        .authorities
        .iter()
        .filter(|given| !is_known(given))
        .count();
    if n_new > 0 {
        tracing::warn!(
            n_new,
            "the keeper's fleet has authorities that this node does not trust; \
            bring its ca.pem up to date"
        );
    }
}
