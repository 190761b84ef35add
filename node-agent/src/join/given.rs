//! What a keeper has given: whether it is ours, and what of it is written down.

use hailer_identity::{Credentials, Trust};
use hailer_protocol::ids::NodeName;
use hailer_protocol::message::Enrolled;
use hailer_protocol::role::Role;

use crate::error::AgentError;

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
