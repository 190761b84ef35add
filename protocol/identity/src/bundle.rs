//! Signing trust bundles, and finding out whether one is to be believed.
//!
//! A root that is believed now signs the bundle that takes its own place. Nothing else does: not an
//! issuer, not a keeper's or an operator's certificate, although the same root stands behind them;
//! whoever gets hold of one of those must never make a root.

use std::time::Duration;

use hailer_protocol::bundle::{BUNDLE_VERSION, BundleError, SignedBundle, TrustBundle};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::authority::{Authority, AuthorityError, Tier};
use crate::read;
use crate::signature;
use crate::trust::{Trust, TrustError};
use crate::verify::ClientJudge;

/// Why a trust bundle is not believed, or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BundleRefused {
    /// The bundle itself.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// No root of ours has signed it.
    #[error(
        "the trust bundle is signed by no root that is trusted here, or its bytes were changed"
    )]
    Stranger,
    /// What it holds is no authority of the fleet's.
    #[error("the trust bundle: {0}")]
    Authority(#[from] TrustError),
    /// An issuer, which may sign members and nobody else.
    #[error("sign the trust bundle: {0}, and only a root says who is trusted")]
    NotRoot(&'static str),
    /// The authority's key refused.
    #[error(transparent)]
    Signing(#[from] AuthorityError),
}

/// A bundle that is believed.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its number.
    pub number: u64,
    /// Whom to trust in the place of those who were trusted.
    pub trust: Trust,
}

/// Makes the bundle of these authorities (DER).
#[must_use]
pub fn bundle_of<'a>(
    root: &Authority,
    number: u64,
    now: Wall,
    authorities: impl Iterator<Item = &'a [u8]>,
) -> TrustBundle {
    TrustBundle {
        version: BUNDLE_VERSION,
        fleet: root.fleet().clone(),
        number,
        issued_at: now,
        authorities: authorities.map(<[u8]>::to_vec).collect(),
    }
}

/// Signs a bundle with a root's key, or a single authority's.
///
/// # Errors
/// Refuses an issuer's key, and a bundle over its limits or of another fleet.
pub fn sign_bundle(root: &Authority, bundle: &TrustBundle) -> Result<SignedBundle, BundleRefused> {
    match root.tier() {
        Tier::Single | Tier::Root => {}
        Tier::Issuer(_) => return Err(BundleRefused::NotRoot("this is an issuer's key")),
    }
    if bundle.fleet != *root.fleet() {
        return Err(foreign(bundle, root.fleet()));
    }
    let encoded = bundle.encode()?;
    Ok(SignedBundle {
        signature: root.sign_bytes(&TrustBundle::signed_bytes(&encoded))?,
        bundle: encoded,
    })
}

/// Finds out whom a bundle puts in the place of `trust`; whether its number is new is for the caller
/// to say, who knows the last one.
///
/// # Errors
/// Says why it is not believed.
pub fn verify_bundle(
    trust: &Trust,
    now: Wall,
    signed: &SignedBundle,
) -> Result<Taken, BundleRefused> {
    let bundle = TrustBundle::decode(&signed.bundle)?;
    if bundle.fleet != *trust.fleet() {
        return Err(foreign(&bundle, trust.fleet()));
    }
    let bytes = TrustBundle::signed_bytes(&signed.bundle);
    if !trust
        .authorities()
        .any(|root| is_signed_by(root, now, &bytes, &signed.signature))
    {
        return Err(BundleRefused::Stranger);
    }
    bundle.check_time(now)?;
    let authorities = bundle.authorities.into_iter().map(CertificateDer::from);
    let next = Trust::from_der(bundle.fleet, authorities, trust.clock())?;
    Ok(Taken {
        number: bundle.number,
        trust: next,
    })
}

/// Whether a node's chain (leaf first) leads to one of these authorities at that moment.
#[must_use]
pub fn vouches(trust: &Trust, chain: &[CertificateDer<'_>], now: Wall) -> bool {
    let Some((leaf, issuers)) = chain.split_first() else {
        return false;
    };
    let seconds = u64::try_from(now.0.div_euclid(1_000)).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    ClientJudge::new(trust, &[Role::Node])
        .is_ok_and(|judge| judge.holder(leaf, issuers, now).is_ok())
}

/// Whether a root, in its own time, has signed these bytes. There are no issuers among those who are
/// trusted: [`Trust`] refuses them.
fn is_signed_by(root: &[u8], now: Wall, bytes: &[u8], signature: &[u8]) -> bool {
    read::validity_of(root).is_ok_and(|span| span.holds_at(now))
        && read::parse(root)
            .is_ok_and(|root| signature::verify(root.public_key(), bytes, signature).is_ok())
}

fn foreign(bundle: &TrustBundle, ours: &hailer_protocol::ids::Name) -> BundleRefused {
    BundleRefused::Bundle(BundleError::Fleet {
        theirs: bundle.fleet.clone(),
        ours: ours.clone(),
    })
}
