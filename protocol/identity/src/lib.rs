//! Certificates of hailer's roles: issuing them, reading them, and the TLS configurations that
//! demand them.
//!
//! One authority signs for one fleet: by itself, or through issuers, one a role. A certificate carries one name, `spiffe://FLEET/ROLE/NAME`,
//! and that name alone says what its holder may be: a node's certificate never passes for an
//! operator's although the same authority stands behind both, and a certificate of another fleet never
//! passes at all, even if the authority's key is the same.
//!
//! Everything here works on bytes and text in memory. Files are read by the programs, and the time
//! comes in: as [`Validity`] when issuing, as a `rustls` time provider in [`Trust`] when verifying.

pub mod authority;
pub mod bundle;
pub mod countersigner;
pub mod credentials;
pub mod enrolment;
pub mod fingerprint;
mod groups;
mod issuer;
pub mod pem;
pub mod profile;
pub mod read;
pub mod request;
pub mod revocation;
pub mod signature;
pub mod signer;
pub mod standing;
mod template;
pub mod tls;
pub mod trust;
pub mod validity;
pub mod verify;

pub use authority::{Authority, AuthorityError, Certified, Issued, Tier};
pub use bundle::{BundleRefused, Taken, bundle_of, sign_bundle, verify_bundle, vouches};
pub use countersigner::{Countersigner, CountersignerError};
pub use credentials::{Credentials, CredentialsError};
pub use enrolment::{JoinTrust, Joined, enrolment_config, renewal_config};
pub use fingerprint::Fingerprint;
pub use issuer::IssuerRefused;
pub use pem::pem_of;
pub use profile::Profile;
pub use read::{IdentityReadError, holder_of, identity_of, serial_of, validity_of};
pub use request::{KeyRequest, RequestError};
pub use revocation::{ListRefused, is_revoked, issuer_role, known_list, sign_list, verify_list};
pub use signature::SignatureError;
pub use signer::{SignError, SignatureJudge, SignedStatement, Signer, SignerRefused};
pub use standing::Standing;
pub use tls::{ClientSide, ConfigError, ServerSide, client_config, server_config, server_name};
pub use trust::{Trust, TrustError, authority_fleet_in};
pub use validity::Validity;
pub use verify::PeerRefused;

#[cfg(test)]
mod tests;
