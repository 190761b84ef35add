//! The authorities of a fleet: the keys that sign for it.
//!
//! A small fleet has one, which signs everybody. A larger one keeps its root offline: the root signs
//! issuers, one a role, and each of them signs members of its own role and nothing else, so that a
//! stolen issuer of nodes never makes an operator. No authority promises more than it has: not
//! another fleet, another role, or a moment beyond its own end (which a verifier does not look at
//! in a trust anchor).

use std::fmt;

use hailer_protocol::holder::{Groups, Holder};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rcgen::{Certificate, CertificateParams, Issuer, KeyPair, PublicKeyData, SigningKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::read::{self, AuthorityReadError, IdentityReadError};
use crate::request;
use crate::template;
use crate::validity::Validity;

/// What an authority's key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Members of every role: a fleet of one level.
    Single,
    /// Issuers, and nothing else.
    Root,
    /// Members of one role.
    Issuer(Role),
}

/// Signs certificates for one fleet.
pub struct Authority {
    fleet: Name,
    tier: Tier,
    validity: Validity,
    cert_pem: String,
    cert_der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate, fresh from the authority, in both encodings.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Whom it names.
    pub identity: Identity,
    /// The certificate as PEM text, followed by its issuer's where an issuer signed it.
    pub cert_pem: String,
    /// The certificate as DER.
    pub cert_der: Vec<u8>,
    /// Its issuer's certificate as DER, where an issuer signed it.
    pub issuer_der: Option<Vec<u8>>,
}

/// A certificate and its key, fresh from the authority, in both encodings.
#[derive(Clone)]
pub struct Issued {
    /// Whom it names.
    pub identity: Identity,
    /// The certificate as PEM text, followed by its issuer's where an issuer signed it.
    pub cert_pem: String,
    /// The private key as PKCS #8 in PEM text. Keep it in a file that only its owner can read.
    pub key_pem: String,
    /// The certificate as DER.
    pub cert_der: Vec<u8>,
    /// The private key as PKCS #8 in DER.
    pub key_der: Vec<u8>,
    /// Its issuer's certificate as DER, where an issuer signed it.
    pub issuer_der: Option<Vec<u8>>,
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
    /// The system gives no randomness.
    #[error("draw the certificate's number: the system gives no randomness")]
    Randomness,
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
    /// A role that this authority does not sign.
    #[error("issue for `{identity}`: {}", tier.scope())]
    Role {
        /// Whom the certificate was wanted for.
        identity: Box<Identity>,
        /// What this authority signs.
        tier: Tier,
    },
    /// Issuers come from a root alone.
    #[error("make an issuer of the role `{role}`: {}", tier.scope())]
    NotRoot {
        /// The issuer's role.
        role: Role,
        /// What this authority signs.
        tier: Tier,
    },
    /// Groups for somebody who is no operator.
    #[error("issue for `{0}`: only operators belong to groups")]
    Groups(Box<Identity>),
    /// A request for a certificate that cannot be granted.
    #[error(transparent)]
    Request(#[from] request::RequestError),
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
    /// Makes a new authority with a fresh P-256 key, which signs everybody itself.
    ///
    /// # Errors
    /// Refuses an empty span and one that a certificate cannot express; fails if the system gives
    /// no randomness.
    pub fn generate(
        fleet: Name,
        not_before: Wall,
        not_after: Wall,
    ) -> Result<Self, AuthorityError> {
        Self::self_signed(fleet, Tier::Single, not_before, not_after)
    }

    /// Makes a new root with a fresh P-256 key: it signs issuers and can be kept offline.
    ///
    /// # Errors
    /// As [`Authority::generate`].
    pub fn generate_root(
        fleet: Name,
        not_before: Wall,
        not_after: Wall,
    ) -> Result<Self, AuthorityError> {
        Self::self_signed(fleet, Tier::Root, not_before, not_after)
    }

    fn self_signed(
        fleet: Name,
        tier: Tier,
        not_before: Wall,
        not_after: Wall,
    ) -> Result<Self, AuthorityError> {
        let validity = whole_seconds(Validity {
            not_before,
            not_after,
        });
        check_span(validity, EXPRESSIBLE)?;
        let key = generate_key()?;
        let params = template::authority(&fleet, u8::from(tier == Tier::Root), validity)?;
        let certificate = params
            .self_signed(&key)
            .map_err(crypto("sign the authority's certificate"))?;
        Ok(Self::new(fleet, tier, validity, &certificate, params, key))
    }

    fn new(
        fleet: Name,
        tier: Tier,
        validity: Validity,
        certificate: &Certificate,
        params: CertificateParams,
        key: KeyPair,
    ) -> Self {
        Self {
            fleet,
            tier,
            validity,
            cert_pem: certificate.pem(),
            cert_der: certificate.der().to_vec(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Makes an issuer of members of one role, with a fresh P-256 key.
    ///
    /// # Errors
    /// Refuses unless this is a root, and a span that is empty or reaches beyond the root's own.
    pub fn issuer(&self, role: Role, validity: Validity) -> Result<Self, AuthorityError> {
        if self.tier != Tier::Root {
            let tier = self.tier;
            return Err(AuthorityError::NotRoot { role, tier });
        }
        let validity = whole_seconds(validity);
        check_span(validity, self.validity)?;
        let key = generate_key()?;
        let params = template::issuer(&self.fleet, role, validity)?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(crypto("sign the issuer's certificate"))?;
        let (fleet, tier) = (self.fleet.clone(), Tier::Issuer(role));
        Ok(Self::new(fleet, tier, validity, &certificate, params, key))
    }

    /// Takes up an authority that [`Authority::generate`], [`Authority::generate_root`] or
    /// [`Authority::issuer`] made.
    ///
    /// # Errors
    /// Refuses text that is not PEM, a certificate that may not sign or names no fleet, and a key
    /// that belongs to another certificate.
    pub fn from_pem(cert_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let der =
            CertificateDer::from_pem_slice(cert_pem.as_bytes()).map_err(AuthorityError::Pem)?;
        let (fleet, tier) = read::tier_of(&der)?.ok_or(AuthorityError::NoFleet)?;
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
            tier,
            validity,
            cert_pem: cert_pem.to_owned(),
            cert_der: der.to_vec(),
            issuer,
        })
    }

    /// Returns the fleet for which it signs.
    #[must_use]
    pub const fn fleet(&self) -> &Name {
        &self.fleet
    }

    /// Returns what it signs.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// Returns how long it holds.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns its certificate as PEM text. An issuer's stands behind those that it signs; any
    /// other is what every member of the fleet trusts.
    #[must_use]
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Returns its certificate as DER.
    #[must_use]
    pub fn cert_der(&self) -> &[u8] {
        &self.cert_der
    }

    /// Returns its private key as PEM text. Whoever holds it can name anybody that it signs.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Signs a certificate for `identity`, in no groups, with a fresh P-256 key.
    ///
    /// # Errors
    /// As [`Authority::issue_to`].
    pub fn issue(&self, identity: &Identity, validity: Validity) -> Result<Issued, AuthorityError> {
        let holder = Holder {
            identity: identity.clone(),
            groups: Groups::default(),
        };
        self.issue_to(&holder, validity)
    }

    /// Signs a certificate for `holder` with a fresh P-256 key.
    ///
    /// # Errors
    /// Refuses an identity of another fleet or of a role that this authority does not sign, groups
    /// for anybody but operators, and a span that is empty or reaches beyond the authority's own.
    pub fn issue_to(&self, holder: &Holder, validity: Validity) -> Result<Issued, AuthorityError> {
        let key = generate_key()?;
        let certified = self.sign(holder, validity, &key)?;
        Ok(Issued {
            identity: certified.identity,
            cert_pem: certified.cert_pem,
            key_pem: key.serialize_pem(),
            cert_der: certified.cert_der,
            key_der: key.serialize_der(),
            issuer_der: certified.issuer_der,
        })
    }

    /// Signs a certificate for `holder` and the key in a request (PKCS #10, in DER), of which
    /// nothing but the key is taken: what else it wishes for is for the authority to say.
    ///
    /// # Errors
    /// Refuses a request that is not signed with the very key it brings, a key of a kind that is
    /// not supported, and whatever [`Authority::issue_to`] refuses.
    pub fn certify(
        &self,
        request: &[u8],
        holder: &Holder,
        validity: Validity,
    ) -> Result<Certified, AuthorityError> {
        self.sign(holder, validity, &request::proven_key_of(request)?)
    }

    fn sign(
        &self,
        holder: &Holder,
        validity: Validity,
        key: &impl PublicKeyData,
    ) -> Result<Certified, AuthorityError> {
        let identity = &holder.identity;
        if identity.fleet != self.fleet {
            return Err(AuthorityError::Fleet {
                identity: Box::new(identity.clone()),
                fleet: self.fleet.clone(),
            });
        }
        let issuer_der = match self.tier {
            Tier::Single => None,
            Tier::Issuer(role) if role == identity.role => Some(self.cert_der.clone()),
            tier @ (Tier::Issuer(_) | Tier::Root) => {
                let identity = Box::new(identity.clone());
                return Err(AuthorityError::Role { identity, tier });
            }
        };
        if !holder.groups.is_empty() && identity.role != Role::Operator {
            return Err(AuthorityError::Groups(Box::new(identity.clone())));
        }
        let validity = whole_seconds(validity);
        check_span(validity, self.validity)?;
        let certificate = template::leaf_of(holder, validity)?
            .signed_by(key, &self.issuer)
            .map_err(crypto("sign the certificate"))?;
        let mut cert_pem = certificate.pem();
        if issuer_der.is_some() {
            cert_pem.push_str(&self.cert_pem);
        }
        Ok(Certified {
            identity: identity.clone(),
            cert_pem,
            cert_der: certificate.der().to_vec(),
            issuer_der,
        })
    }

    /// Signs bytes with the authority's own key, as ECDSA in DER.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Result<Vec<u8>, AuthorityError> {
        self.issuer
            .key()
            .sign(bytes)
            .map_err(crypto("sign with the authority's key"))
    }
}

impl Tier {
    /// Says what an authority signs.
    fn scope(self) -> String {
        match self {
            Self::Single => "this authority signs members, and no issuers".to_owned(),
            Self::Root => "this is a root, which signs issuers; ask the role's issuer".to_owned(),
            Self::Issuer(role) => format!("this issuer signs the role `{role}` only"),
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("fleet", &self.fleet)
            .field("tier", &self.tier)
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

pub(crate) fn generate_key() -> Result<KeyPair, AuthorityError> {
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

pub(crate) fn crypto(what: &'static str) -> impl FnOnce(rcgen::Error) -> AuthorityError {
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
