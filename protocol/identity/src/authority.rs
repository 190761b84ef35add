//! The authority of a fleet: the key that signs for it.
//!
//! It signs leaves only (its path length is zero, so no holder can sign on), for its own fleet
//! only, and never beyond its own end: a verifier does not look at the end of a trust anchor, so
//! an authority must not promise more than it has.

use std::fmt;
use std::time::Duration;

use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::profile::Profile;
use crate::read::{self, AuthorityReadError, IdentityReadError, SCHEME};
use crate::validity::Validity;

/// Signs certificates for one fleet.
pub struct Authority {
    fleet: Name,
    validity: Validity,
    cert_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, fresh from the authority, in both encodings.
#[derive(Clone)]
pub struct Issued {
    /// Whom it names.
    pub identity: Identity,
    /// The certificate as PEM text.
    pub cert_pem: String,
    /// The private key as PKCS #8 in PEM text. Keep it in a file that only its owner can read.
    pub key_pem: String,
    /// The certificate as DER.
    pub cert_der: Vec<u8>,
    /// The private key as PKCS #8 in DER.
    pub key_der: Vec<u8>,
}

/// Why an authority cannot be had, or does not sign.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The cryptography refused.
    #[error("{what}: {source}")]
    Crypto {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: rcgen::Error,
    },
    /// The PEM text holds no certificate.
    #[error("read the authority's certificate: {0}")]
    Pem(rustls_pki_types::pem::Error),
    /// Not an authority's certificate.
    #[error("read the authority's certificate: {0}")]
    Certificate(#[from] AuthorityReadError),
    /// An authority that does not say for which fleet it signs.
    #[error(
        "the authority's certificate names no fleet (`spiffe://FLEET`), so it is not hailer's own"
    )]
    NoFleet,
    /// Certificate and key do not belong together.
    #[error("the authority's private key does not fit its certificate")]
    KeyMismatch,
    /// An identity of another fleet.
    #[error("issue for `{identity}`: this authority signs for the fleet `{fleet}` only")]
    Fleet {
        /// Whom the certificate was wanted for.
        identity: Box<Identity>,
        /// The fleet of this authority.
        fleet: Name,
    },
    /// A span that is empty, or longer than the authority's own.
    #[error("a certificate for {wanted} is not within {allowed}")]
    Validity {
        /// The span wanted.
        wanted: Validity,
        /// The authority's own span, or what a certificate can express.
        allowed: Validity,
    },
}

impl Authority {
    /// Makes a new authority with a fresh P-256 key.
    ///
    /// # Errors
    /// Refuses an empty span and one that a certificate cannot express; fails if the system gives
    /// no randomness.
    pub fn generate(
        fleet: Name,
        not_before: Wall,
        not_after: Wall,
    ) -> Result<Self, AuthorityError> {
        let validity = whole_seconds(Validity {
            not_before,
            not_after,
        });
        check_span(validity, EXPRESSIBLE)?;
        let key = generate_key()?;
        let mut params = base(validity, &format!("{SCHEME}{fleet}"))?;
        params.distinguished_name = authority_subject(&fleet);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params
            .self_signed(&key)
            .map_err(crypto("sign the authority's certificate"))?;
        Ok(Self {
            fleet,
            validity,
            cert_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Takes up an authority that [`Authority::generate`] made.
    ///
    /// # Errors
    /// Refuses text that is not PEM, a certificate that may not sign or names no fleet, and a key
    /// that belongs to another certificate.
    pub fn from_pem(cert_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let der =
            CertificateDer::from_pem_slice(cert_pem.as_bytes()).map_err(AuthorityError::Pem)?;
        let fleet = read::authority_fleet_of(&der)?.ok_or(AuthorityError::NoFleet)?;
        let validity = read::validity_of(&der).map_err(AuthorityReadError::from)?;
        let key = KeyPair::from_pem(key_pem).map_err(crypto("read the authority's private key"))?;
        let certified = read::public_key_of(&der).map_err(AuthorityReadError::from)?;
        if certified != key.subject_public_key_info() {
            return Err(AuthorityError::KeyMismatch);
        }
        let issuer =
            Issuer::from_ca_cert_der(&der, key).map_err(crypto("read the authority's subject"))?;
        Ok(Self {
            fleet,
            validity,
            cert_pem: cert_pem.to_owned(),
            issuer,
        })
    }

    /// Returns the fleet for which it signs.
    #[must_use]
    pub const fn fleet(&self) -> &Name {
        &self.fleet
    }

    /// Returns how long it holds.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns its certificate as PEM text: what every member of the fleet trusts.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Returns its private key as PEM text. Whoever holds it can name anybody.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Signs a certificate for `identity` with a fresh P-256 key.
    ///
    /// # Errors
    /// Refuses an identity of another fleet, and a span that is empty or reaches beyond the
    /// authority's own.
    pub fn issue(&self, identity: &Identity, validity: Validity) -> Result<Issued, AuthorityError> {
        if identity.fleet != self.fleet {
            return Err(AuthorityError::Fleet {
                identity: Box::new(identity.clone()),
                fleet: self.fleet.clone(),
            });
        }
        let validity = whole_seconds(validity);
        check_span(validity, self.validity)?;
        let key = generate_key()?;
        let certificate = leaf(identity, validity)?
            .signed_by(&key, &self.issuer)
            .map_err(crypto("sign the certificate"))?;
        Ok(Issued {
            identity: identity.clone(),
            cert_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            cert_der: certificate.der().to_vec(),
            key_der: key.serialize_der(),
        })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("fleet", &self.fleet)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Returns what a leaf of the role's profile says.
pub(crate) fn leaf(
    identity: &Identity,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = base(validity, &identity.to_string())?;
    // Never read by hailer; it is what other tools show first.
    params
        .distinguished_name
        .push(DnType::CommonName, format!("hailer {}", identity.role));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = usages(identity.role);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn usages(role: Role) -> Vec<ExtendedKeyUsagePurpose> {
    let profile = Profile::of(role);
    [
        (profile.is_server, ExtendedKeyUsagePurpose::ServerAuth),
        (profile.is_client, ExtendedKeyUsagePurpose::ClientAuth),
    ]
    .into_iter()
    .filter_map(|(has, usage)| has.then_some(usage))
    .collect()
}

/// Returns the least that any certificate here says: its span and its one URI name.
fn base(validity: Validity, uri: &str) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    // rcgen's epoch plus seconds, since its time type comes from a crate of its own.
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + seconds(validity.not_before);
    params.not_after = epoch + seconds(validity.not_after);
    params.distinguished_name = DistinguishedName::new();
    let uri = uri
        .try_into()
        .map_err(crypto("write the certificate's name"))?;
    params.subject_alt_names = vec![SanType::URI(uri)];
    Ok(params)
}

/// Names are ASCII, so cutting at the 64 characters that X.520 grants is safe.
fn authority_subject(fleet: &Name) -> DistinguishedName {
    let fleet = fleet.as_str();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, &fleet[..fleet.len().min(64)]);
    subject.push(DnType::CommonName, "hailer authority");
    subject
}

fn generate_key() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(crypto("generate a private key"))
}

fn check_span(wanted: Validity, allowed: Validity) -> Result<(), AuthorityError> {
    if wanted.is_within(allowed) {
        return Ok(());
    }
    Err(AuthorityError::Validity { wanted, allowed })
}

const fn whole_seconds(validity: Validity) -> Validity {
    Validity {
        not_before: whole_second(validity.not_before),
        not_after: whole_second(validity.not_after),
    }
}

const fn whole_second(moment: Wall) -> Wall {
    Wall(moment.0.saturating_sub(moment.0.rem_euclid(1_000)))
}

/// Moments before 1970 are refused by [`check_span`] before they get here.
fn seconds(moment: Wall) -> Duration {
    Duration::from_secs(u64::try_from(moment.0 / 1_000).unwrap_or(0))
}

fn crypto(what: &'static str) -> impl FnOnce(rcgen::Error) -> AuthorityError {
    move |source| AuthorityError::Crypto { what, source }
}

impl From<IdentityReadError> for AuthorityError {
    fn from(error: IdentityReadError) -> Self {
        Self::Certificate(error.into())
    }
}

/// From 1970 to the end of 9999, the last moment that a certificate can express.
const EXPRESSIBLE: Validity = Validity {
    not_before: Wall(0),
    not_after: Wall(253_402_300_799_000),
};
