//! Reading a certificate: whom it names, and whether it is fit to name anybody.
//!
//! This judges the form alone and trusts nothing: the chain, the signature and the time are
//! verified in the handshake (see [`crate::verify`]), which then calls [`identity_of`]. Names are
//! compared as exact bytes; there are no lists, patterns or case rules to be confused by. The
//! subject's distinguished name is never read.

use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::{Name, NameError};
use hailer_protocol::role::{Identity, IdentityError, Role};
use hailer_protocol::time::Wall;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName};
use x509_parser::prelude::FromDer;

use crate::authority::Tier;
use crate::groups;
use crate::profile::Profile;
use crate::validity::Validity;

/// Why a certificate names nobody of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityReadError {
    /// Not a certificate.
    #[error("read the certificate: not X.509 in DER: {0}")]
    Der(String),
    /// Bytes behind the end.
    #[error("read the certificate: {0} bytes follow its end")]
    Trailing(usize),
    /// An extension that is malformed or there twice.
    #[error("read the certificate's {extension}: {cause}")]
    Extension {
        /// Which extension.
        extension: &'static str,
        /// What the parser says.
        cause: String,
    },
    /// A certificate that signs others.
    #[error("the certificate is an authority's and identifies no peer")]
    IsAuthority,
    /// A key usage that is absent, lacks signatures or has more.
    #[error("the certificate's key usage is not `digital signature` alone")]
    KeyUsage,
    /// Not exactly one name.
    #[error(
        "the certificate has {uris} URI names and {others} other names; it must have exactly one URI name and nothing else"
    )]
    Names {
        /// How many are URIs.
        uris: usize,
        /// How many are something else.
        others: usize,
    },
    /// The name is not an identity.
    #[error("the certificate's name: {0}")]
    Identity(#[from] IdentityError),
    /// Groups in another form than the one right one, or for somebody who is no operator.
    #[error("the certificate's groups: {0}")]
    Groups(String),
    /// An extended key usage other than the role's own.
    #[error("the certificate's extended key usage is not that of the role `{role}`")]
    Profile {
        /// The role that the name claims.
        role: Role,
    },
}

/// Why a certificate is not an authority's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityReadError {
    /// Cannot be read.
    #[error(transparent)]
    Read(#[from] IdentityReadError),
    /// A leaf.
    #[error("the certificate is not an authority's")]
    NotAuthority,
    /// An issuer's, which is not to be trusted by itself.
    #[error("the certificate is an issuer's (`{0}`); trust the root that signed it")]
    Issuer(String),
    /// Its path length is not that of what it says it is.
    #[error("the authority's path length is not the one that its name is for")]
    PathLength,
    /// The fleet it names is no name.
    #[error("the authority's fleet: {0}")]
    Fleet(#[from] NameError),
}

/// Returns whom a leaf certificate names.
///
/// # Errors
/// Whatever is not exactly of its role's [`Profile`] is refused.
pub fn identity_of(certificate: &[u8]) -> Result<Identity, IdentityReadError> {
    holder_of(certificate).map(|holder| holder.identity)
}

/// Returns whom a leaf certificate names, and the groups it puts an operator into.
///
/// # Errors
/// Whatever is not exactly of its role's [`Profile`] is refused.
pub fn holder_of(certificate: &[u8]) -> Result<Holder, IdentityReadError> {
    holder_in(&parse(certificate)?)
}

/// As [`holder_of`], of a certificate that is parsed already: parsing is most of the cost.
pub(crate) fn holder_in(certificate: &X509Certificate<'_>) -> Result<Holder, IdentityReadError> {
    refuse_authority(certificate)?;
    let names = names_of(certificate)?;
    let [GeneralName::URI(uri)] = names else {
        return Err(count_names(names));
    };
    let identity: Identity = uri.parse()?;
    check_profile(certificate, identity.role)?;
    let groups = groups_of(certificate, identity.role)?;
    Ok(Holder { identity, groups })
}

/// Returns a certificate's number, as the bytes in which it stands there.
///
/// # Errors
/// Says why the bytes are not a certificate.
pub fn serial_of(certificate: &[u8]) -> Result<Vec<u8>, IdentityReadError> {
    Ok(parse(certificate)?.raw_serial().to_vec())
}

fn groups_of(certificate: &X509Certificate<'_>, role: Role) -> Result<Groups, IdentityReadError> {
    let mut found = certificate.extensions().iter().filter(|extension| {
        let mut wanted = groups::OID.iter().copied();
        extension
            .oid
            .iter()
            .is_some_and(|mut arcs| arcs.by_ref().eq(wanted.by_ref()))
    });
    let Some(extension) = found.next() else {
        return Ok(Groups::default());
    };
    if found.next().is_some() {
        return Err(IdentityReadError::Groups("there twice".to_owned()));
    }
    if role != Role::Operator {
        let text = format!("a {role} belongs to none");
        return Err(IdentityReadError::Groups(text));
    }
    groups::decode(extension.value).map_err(IdentityReadError::Groups)
}

/// Returns how long a certificate holds.
///
/// # Errors
/// Says why the bytes are not a certificate.
pub fn validity_of(certificate: &[u8]) -> Result<Validity, IdentityReadError> {
    Ok(validity_in(&parse(certificate)?))
}

/// As [`validity_of`], of a certificate that is parsed already.
pub(crate) fn validity_in(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity {
        not_before: wall(validity.not_before.timestamp()),
        not_after: wall(validity.not_after.timestamp()),
    }
}

/// Returns the fleet for which an authority's certificate signs, if it says one as the URI
/// `spiffe://FLEET`. Authorities made elsewhere may say none.
///
/// # Errors
/// A certificate that may not sign others is refused, and so is a fleet that is no name.
pub fn authority_fleet_of(certificate: &[u8]) -> Result<Option<Name>, AuthorityReadError> {
    let certificate = parse(certificate)?;
    if !certificate.is_ca() {
        return Err(AuthorityReadError::NotAuthority);
    }
    Ok(match scope_of(&certificate)? {
        None => None,
        Some((fleet, None)) => Some(fleet),
        Some((fleet, Some(role))) => {
            return Err(AuthorityReadError::Issuer(format!(
                "{SCHEME}{fleet}/{role}"
            )));
        }
    })
}

/// Returns the fleet and the tier of an authority that hailer made, `None` of one made elsewhere.
pub(crate) fn tier_of(certificate: &[u8]) -> Result<Option<(Name, Tier)>, AuthorityReadError> {
    let certificate = parse(certificate)?;
    if !certificate.is_ca() {
        return Err(AuthorityReadError::NotAuthority);
    }
    let Some((fleet, role)) = scope_of(&certificate)? else {
        return Ok(None);
    };
    let tier = match (role, path_length(&certificate)?) {
        (None, Some(0)) => Tier::Single,
        (None, Some(1)) => Tier::Root,
        (Some(role), Some(0)) => Tier::Issuer(role),
        (None | Some(_), None | Some(_)) => return Err(AuthorityReadError::PathLength),
    };
    Ok(Some((fleet, tier)))
}

/// Returns what an authority says it signs for, as `spiffe://FLEET` or `spiffe://FLEET/ROLE`.
fn scope_of(
    certificate: &X509Certificate<'_>,
) -> Result<Option<(Name, Option<Role>)>, AuthorityReadError> {
    let scopes: Vec<&str> = names_of(certificate)?
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => uri.strip_prefix(SCHEME),
            GeneralName::OtherName(..)
            | GeneralName::RFC822Name(_)
            | GeneralName::DNSName(_)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::IPAddress(_)
            | GeneralName::RegisteredID(_)
            | GeneralName::Invalid(..) => None,
        })
        .collect();
    match scopes.as_slice() {
        [] => Ok(None),
        [scope] => match scope.split_once('/') {
            None => Ok(Some((Name::new(*scope)?, None))),
            Some((fleet, role)) => {
                let role = Role::ALL
                    .into_iter()
                    .find(|r| r.as_str() == role)
                    .ok_or_else(|| IdentityError::Role(role.escape_debug().to_string()))
                    .map_err(IdentityReadError::from)?;
                Ok(Some((Name::new(fleet)?, Some(role))))
            }
        },
        [_, _, ..] => Err(IdentityReadError::Names {
            uris: scopes.len(),
            others: 0,
        }
        .into()),
    }
}

pub(crate) fn path_length(
    certificate: &X509Certificate<'_>,
) -> Result<Option<u32>, IdentityReadError> {
    let constraints = certificate
        .basic_constraints()
        .map_err(|e| broken("basic constraints", &e))?;
    Ok(constraints.and_then(|c| c.value.path_len_constraint))
}

/// Returns the public key of a certificate, as its subject public key info.
pub(crate) fn public_key_of(certificate: &[u8]) -> Result<Vec<u8>, IdentityReadError> {
    Ok(parse(certificate)?.public_key().raw.to_vec())
}

/// Returns a certificate's subject as its raw bytes.
pub(crate) fn subject_of(certificate: &[u8]) -> Result<Vec<u8>, IdentityReadError> {
    Ok(parse(certificate)?.subject().as_raw().to_vec())
}

/// Returns the name of a certificate's issuer as its raw bytes.
pub(crate) fn issuer_name_of(certificate: &[u8]) -> Result<Vec<u8>, IdentityReadError> {
    Ok(parse(certificate)?.issuer().as_raw().to_vec())
}

pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, IdentityReadError> {
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|e| IdentityReadError::Der(e.to_string()))?;
    if !rest.is_empty() {
        return Err(IdentityReadError::Trailing(rest.len()));
    }
    Ok(certificate)
}

fn refuse_authority(certificate: &X509Certificate<'_>) -> Result<(), IdentityReadError> {
    let constraints = certificate
        .basic_constraints()
        .map_err(|e| broken("basic constraints", &e))?;
    if constraints.is_some_and(|c| c.value.ca) {
        return Err(IdentityReadError::IsAuthority);
    }
    let usage = certificate
        .key_usage()
        .map_err(|e| broken("key usage", &e))?
        .ok_or(IdentityReadError::KeyUsage)?;
    if usage.value.flags != DIGITAL_SIGNATURE {
        return Err(IdentityReadError::KeyUsage);
    }
    Ok(())
}

pub(crate) fn names_of<'a>(
    certificate: &'a X509Certificate<'a>,
) -> Result<&'a [GeneralName<'a>], IdentityReadError> {
    let extension = certificate
        .subject_alternative_name()
        .map_err(|e| broken("subject alternative name", &e))?;
    Ok(extension.map_or(&[], |e| e.value.general_names.as_slice()))
}

pub(crate) fn count_names(names: &[GeneralName<'_>]) -> IdentityReadError {
    let uris = names
        .iter()
        .filter(|name| matches!(name, GeneralName::URI(_)))
        .count();
    IdentityReadError::Names {
        uris,
        others: names.len() - uris,
    }
}

pub(crate) fn check_profile(
    certificate: &X509Certificate<'_>,
    role: Role,
) -> Result<(), IdentityReadError> {
    let usage = certificate
        .extended_key_usage()
        .map_err(|e| broken("extended key usage", &e))?
        .ok_or(IdentityReadError::Profile { role })?;
    let profile = Profile::of(role);
    let wanted = ExtendedKeyUsage {
        any: false,
        server_auth: profile.is_server,
        client_auth: profile.is_client,
        code_signing: false,
        email_protection: false,
        time_stamping: false,
        ocsp_signing: false,
        other: Vec::new(),
    };
    if *usage.value != wanted {
        return Err(IdentityReadError::Profile { role });
    }
    Ok(())
}

pub(crate) fn broken(extension: &'static str, cause: &X509Error) -> IdentityReadError {
    IdentityReadError::Extension {
        extension,
        cause: cause.to_string(),
    }
}

const fn wall(seconds: i64) -> Wall {
    Wall(seconds.saturating_mul(1_000))
}

/// What stands before every name of a fleet.
pub(crate) const SCHEME: &str = "spiffe://";

/// The key usage of every leaf, as the parser counts its bits.
const DIGITAL_SIGNATURE: u16 = 1;
