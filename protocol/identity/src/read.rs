//! Reading a certificate: whom it names, and whether it is fit to name anybody.
//!
//! This judges the form alone and trusts nothing: the chain, the signature and the time are
//! verified in the handshake (see [`crate::verify`]), which then calls [`identity_of`]. Names are
//! compared as exact bytes; there are no lists, patterns or case rules to be confused by. The
//! subject's distinguished name is never read.

use hailer_protocol::ids::{Name, NameError};
use hailer_protocol::role::{Identity, IdentityError, Role};
use hailer_protocol::time::Wall;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName};
use x509_parser::prelude::FromDer;

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
    /// The fleet it names is no name.
    #[error("the authority's fleet: {0}")]
    Fleet(#[from] NameError),
}

/// Returns whom a leaf certificate names.
///
/// # Errors
/// Whatever is not exactly of its role's [`Profile`] is refused.
pub fn identity_of(certificate: &[u8]) -> Result<Identity, IdentityReadError> {
    let certificate = parse(certificate)?;
    refuse_authority(&certificate)?;
    let names = names_of(&certificate)?;
    let [GeneralName::URI(uri)] = names else {
        return Err(count_names(names));
    };
    let identity: Identity = uri.parse()?;
    check_profile(&certificate, identity.role)?;
    Ok(identity)
}

/// Returns how long a certificate holds.
///
/// # Errors
/// Says why the bytes are not a certificate.
pub fn validity_of(certificate: &[u8]) -> Result<Validity, IdentityReadError> {
    let certificate = parse(certificate)?;
    let validity = certificate.validity();
    Ok(Validity {
        not_before: wall(validity.not_before.timestamp()),
        not_after: wall(validity.not_after.timestamp()),
    })
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
    let fleets: Vec<&str> = names_of(&certificate)?
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
    match fleets.as_slice() {
        [] => Ok(None),
        [fleet] => Ok(Some(Name::new(*fleet)?)),
        [_, _, ..] => Err(IdentityReadError::Names {
            uris: fleets.len(),
            others: 0,
        }
        .into()),
    }
}

/// Returns the public key of a certificate, as its subject public key info.
pub(crate) fn public_key_of(certificate: &[u8]) -> Result<Vec<u8>, IdentityReadError> {
    Ok(parse(certificate)?.public_key().raw.to_vec())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, IdentityReadError> {
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

fn names_of<'a>(
    certificate: &'a X509Certificate<'a>,
) -> Result<&'a [GeneralName<'a>], IdentityReadError> {
    let extension = certificate
        .subject_alternative_name()
        .map_err(|e| broken("subject alternative name", &e))?;
    Ok(extension.map_or(&[], |e| e.value.general_names.as_slice()))
}

fn count_names(names: &[GeneralName<'_>]) -> IdentityReadError {
    let uris = names
        .iter()
        .filter(|name| matches!(name, GeneralName::URI(_)))
        .count();
    IdentityReadError::Names {
        uris,
        others: names.len() - uris,
    }
}

fn check_profile(certificate: &X509Certificate<'_>, role: Role) -> Result<(), IdentityReadError> {
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

fn broken(extension: &'static str, cause: &X509Error) -> IdentityReadError {
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
