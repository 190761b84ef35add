//! Signing revocation lists, finding out who signed one, and asking them about a chain.

use hailer_protocol::ids::Name;
use hailer_protocol::revocation::{
    ListSigner, RevocationError, RevocationList, Revocations, SignedRevocations,
};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;

use crate::authority::{Authority, AuthorityError, Tier};
use crate::groups;
use crate::issuer::{self, IssuerRefused};
use crate::read::{self, AuthorityReadError, IdentityReadError};
use crate::signature::{self, SignatureError};
use crate::standing::Standing;
use crate::trust::Trust;

/// Why a revocation list is not believed, or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ListRefused {
    /// The list itself.
    #[error(transparent)]
    List(#[from] RevocationError),
    /// The signer's certificate cannot be read.
    #[error(transparent)]
    Read(#[from] IdentityReadError),
    /// The signer is no issuer of the fleet's.
    #[error("verify who signed the revocation list: {0}")]
    Issuer(#[from] IssuerRefused),
    /// The signer's certificate has bytes that nobody signed, in another form than the right one.
    #[error("the certificate of whoever signed the revocation list is not in its one right form")]
    Form,
    /// No authority of ours stands behind the signer.
    #[error("the revocation list is signed by nobody who is trusted here")]
    Stranger,
    /// The issuer's own time is over, or has not come.
    #[error("the issuer that signed the revocation list holds at another time than now")]
    IssuerTime,
    /// The signature itself.
    #[error("verify the revocation list: {0}")]
    Signature(#[from] SignatureError),
    /// The authority's key refused.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Signs a list with an authority's key: a root's or a single authority's for the whole fleet, an
/// issuer's for its role.
///
/// # Errors
/// Refuses a list over its limits or of another fleet.
pub fn sign_list(
    authority: &Authority,
    list: &RevocationList,
) -> Result<SignedRevocations, ListRefused> {
    if list.fleet != *authority.fleet() {
        return Err(foreign(list, authority.fleet()));
    }
    let encoded = list.encode()?;
    Ok(SignedRevocations {
        signature: authority.sign_bytes(&RevocationList::signed_bytes(&encoded))?,
        list: encoded,
        issuer: match authority.tier() {
            Tier::Issuer(_) => Some(authority.cert_der().to_vec()),
            Tier::Root | Tier::Single => None,
        },
    })
}

/// Finds out who signed a list. Hand both to [`Revocations::take`].
///
/// # Errors
/// Says why it is not believed.
pub fn verify_list(
    trust: &Trust,
    now: Wall,
    signed: &SignedRevocations,
) -> Result<(ListSigner, RevocationList), ListRefused> {
    let list = RevocationList::decode(&signed.list)?;
    if list.fleet != *trust.fleet() {
        return Err(foreign(&list, trust.fleet()));
    }
    let bytes = RevocationList::signed_bytes(&signed.list);
    let signer = match &signed.issuer {
        None => {
            if !trust
                .authorities()
                .any(|root| is_signed_by(root, &bytes, &signed.signature))
            {
                return Err(ListRefused::Stranger);
            }
            ListSigner::Authority
        }
        Some(issuer) => {
            let signer = issuer_of(trust, now, issuer)?;
            let key = read::parse(issuer)?;
            signature::verify(key.public_key(), &bytes, &signed.signature)?;
            signer
        }
    };
    Ok((signer, list))
}

/// Whether a chain that was verified is revoked: its own certificate, or its issuer's.
///
/// # Errors
/// When the chain cannot be read, which one that was verified can.
pub fn is_revoked<C: AsRef<[u8]>>(
    lists: &Revocations,
    chain: &[C],
) -> Result<bool, IdentityReadError> {
    if chain.is_empty() {
        return Ok(false);
    }
    Ok(Standing::of(chain)?.is_revoked(lists))
}

/// Reads a list again that was verified when it was taken, and kept where nobody else writes: also
/// one whose signer's time is over by now, since what it revokes stays revoked.
///
/// # Errors
/// Refuses what is no list, and one of another fleet.
pub fn known_list(
    fleet: &Name,
    signed: &SignedRevocations,
) -> Result<(ListSigner, RevocationList), ListRefused> {
    let list = RevocationList::decode(&signed.list)?;
    if list.fleet != *fleet {
        return Err(foreign(&list, fleet));
    }
    let Some(issuer) = &signed.issuer else {
        return Ok((ListSigner::Authority, list));
    };
    match read::tier_of(issuer) {
        Ok(Some((_, Tier::Issuer(role)))) => {
            let serial = read::serial_of(issuer)?;
            Ok((ListSigner::Issuer { role, serial }, list))
        }
        Ok(Some((_, Tier::Root | Tier::Single)) | None) | Err(_) => Err(ListRefused::Form),
    }
}

/// Returns the role for which an issuer's certificate says that it signs; `None` of a root's.
///
/// # Errors
/// When it cannot be read, or is no authority's.
pub fn issuer_role(certificate: &[u8]) -> Result<Option<Role>, AuthorityReadError> {
    Ok(match read::tier_of(certificate)? {
        Some((_, Tier::Issuer(role))) => Some(role),
        Some((_, Tier::Root | Tier::Single)) | None => None,
    })
}

/// Verifies an issuer as such: no library does, since to them it is never the end of a chain.
fn issuer_of(trust: &Trust, now: Wall, der: &[u8]) -> Result<ListSigner, ListRefused> {
    let certificate = read::parse(der)?;
    let role = issuer::role_of(trust, &certificate)?;
    let signature = &certificate.signature_value.data;
    let tbs = certificate.tbs_certificate.as_ref();
    if !is_strict(der, tbs, signature) {
        return Err(ListRefused::Form);
    }
    let is_trusted = trust.authorities().any(|root| {
        read::subject_of(root).is_ok_and(|name| name == certificate.issuer().as_raw())
            && is_signed_by(root, tbs, signature)
    });
    if !is_trusted {
        return Err(ListRefused::Stranger);
    }
    if !read::validity_of(der)?.holds_at(now) {
        return Err(ListRefused::IssuerTime);
    }
    let serial = certificate.raw_serial().to_vec();
    Ok(ListSigner::Issuer { role, serial })
}

/// Whether a certificate has nothing around what is signed but the signature in its one right form:
/// the parser is lax there, and a list that counts must not come in several.
fn is_strict(der: &[u8], tbs: &[u8], signature: &[u8]) -> bool {
    let signature = groups::value(0x03, &[&[0], signature].concat());
    SIGNATURE_KINDS
        .iter()
        .any(|kind| groups::value(0x30, &[tbs, kind, &signature].concat()) == der)
}

/// How certificates say that they are signed: ECDSA with SHA-256 and SHA-384, and Ed25519.
const SIGNATURE_KINDS: &[&[u8]] = &[
    b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
    b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03",
    b"\x30\x05\x06\x03\x2b\x65\x70",
];

fn is_signed_by(authority: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    read::parse(authority)
        .is_ok_and(|root| signature::verify(root.public_key(), bytes, signature).is_ok())
}

fn foreign(list: &RevocationList, ours: &Name) -> ListRefused {
    ListRefused::List(RevocationError::Fleet {
        theirs: list.fleet.clone(),
        ours: ours.clone(),
    })
}
