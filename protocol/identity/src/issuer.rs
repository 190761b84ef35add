//! Judging the issuer that stands between a peer and the authority.
//!
//! The library verifies the chain: signatures, times, path lengths. What it cannot know is that an
//! issuer signs for one role. An issuer under an authority of hailer's says which, as the URI name
//! `spiffe://FLEET/ROLE`, and must be exactly of that role's form; a stolen issuer of nodes then
//! makes nodes, and nobody else. (A name constraint could not say it: constraints on URIs hold for
//! the host part alone, and the library rightly refuses what it does not support.)
//!
//! An authority made elsewhere need not follow this: its issuers are believed for every role in the
//! fleet it was trusted for, unless they say a role, which they are held to.

use hailer_protocol::role::{Identity, Role};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::read::{self, IdentityReadError, SCHEME};
use crate::trust::Trust;

/// Why an issuer may not have signed a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerRefused {
    /// Cannot be read.
    #[error("the issuer: {0}")]
    Read(#[from] IdentityReadError),
    /// A peer that signs others.
    #[error("the issuer is itself a peer, and may sign nobody")]
    Leaf,
    /// More than signing members, or longer than one link.
    #[error("the issuer's {0} is not what an issuer of that role has")]
    Form(&'static str),
    /// It stands in the chain for nothing.
    #[error("the certificate sent with the peer's is not its issuer's")]
    Beside,
    /// It says no role of the fleet's.
    #[error("the issuer says that it signs for `{0}`, which is no role of this fleet")]
    NoRole(String),
    /// It signs for somebody else.
    #[error("the issuer signs for {issuer}, and the peer is `{peer}`")]
    Scope {
        /// What the issuer says of itself.
        issuer: String,
        /// Whom the peer's certificate names.
        peer: Box<Identity>,
    },
}

/// Checks that `issuer` may have signed `peer`, whose certificate is `leaf`.
pub(crate) fn check(
    trust: &Trust,
    leaf: &[u8],
    peer: &Identity,
    issuer: &[u8],
) -> Result<(), IssuerRefused> {
    let (leaf, issuer) = (read::parse(leaf)?, read::parse(issuer)?);
    if !issuer.is_ca() {
        return Err(IssuerRefused::Leaf);
    }
    // The chain is the shortest there is, and one that does not need the issuer must not bring it.
    if leaf.issuer().as_raw() != issuer.subject().as_raw()
        || issuer.issuer().as_raw() == issuer.subject().as_raw()
    {
        return Err(IssuerRefused::Beside);
    }
    let is_ours = trust.is_own_authority(issuer.issuer().as_raw());
    let scope = scope_of(&issuer)?;
    if !is_ours && is_foreign_scope(scope, peer) {
        return if usage_of(&issuer)?.is_none_or(|flags| flags & KEY_CERT_SIGN != 0) {
            Ok(())
        } else {
            Err(IssuerRefused::Form("key usage"))
        };
    }
    let wanted = format!("{SCHEME}{}/{}", peer.fleet, peer.role);
    if scope != Some(wanted.as_str()) {
        return Err(IssuerRefused::Scope {
            issuer: scope.map_or_else(
                || "nobody by name".to_owned(),
                |s| format!("`{}`", s.escape_debug()),
            ),
            peer: Box::new(peer.clone()),
        });
    }
    check_form(&issuer, peer.role)
}

/// Returns the role for which one of hailer's own issuers signs.
pub(crate) fn role_of(trust: &Trust, issuer: &X509Certificate<'_>) -> Result<Role, IssuerRefused> {
    if !issuer.is_ca() {
        return Err(IssuerRefused::Leaf);
    }
    let scope = scope_of(issuer)?.unwrap_or_default();
    let role = Role::ALL
        .into_iter()
        .find(|role| scope == format!("{SCHEME}{}/{role}", trust.fleet()))
        .ok_or_else(|| IssuerRefused::NoRole(scope.escape_debug().to_string()))?;
    check_form(issuer, role)?;
    Ok(role)
}

fn check_form(issuer: &X509Certificate<'_>, role: Role) -> Result<(), IssuerRefused> {
    if read::path_length(issuer)? != Some(0) {
        return Err(IssuerRefused::Form("path length"));
    }
    if usage_of(issuer)? != Some(KEY_CERT_SIGN | CRL_SIGN) {
        return Err(IssuerRefused::Form("key usage"));
    }
    read::check_profile(issuer, role).map_err(|_| IssuerRefused::Form("extended key usage"))
}

fn usage_of(issuer: &X509Certificate<'_>) -> Result<Option<u16>, IdentityReadError> {
    let usage = issuer
        .key_usage()
        .map_err(|e| read::broken("key usage", &e))?;
    Ok(usage.map(|usage| usage.value.flags))
}

/// Whether an issuer of an authority made elsewhere limits itself to no role: it has no name of
/// hailer's form, or the fleet's alone.
fn is_foreign_scope(scope: Option<&str>, peer: &Identity) -> bool {
    match scope {
        None => true,
        Some(scope) => scope.strip_prefix(SCHEME) == Some(peer.fleet.as_str()),
    }
}

/// Returns the one URI name of an issuer; anything beside it is refused, as with peers.
fn scope_of<'a>(issuer: &'a X509Certificate<'a>) -> Result<Option<&'a str>, IdentityReadError> {
    match read::names_of(issuer)? {
        [] => Ok(None),
        [GeneralName::URI(uri)] => Ok(Some(uri)),
        names => Err(read::count_names(names)),
    }
}

/// As the parser counts the bits of a key usage.
const KEY_CERT_SIGN: u16 = 1 << 5;
const CRL_SIGN: u16 = 1 << 6;
