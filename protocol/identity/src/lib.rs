//! Certificates of hailer's roles: issuing them, reading them, and the TLS configurations that
//! demand them.
//!
//! One authority signs for one fleet. A certificate carries one name, `spiffe://FLEET/ROLE/NAME`,
//! and that name alone says what its holder may be: a node's certificate never passes for an
//! operator's although the same authority signed both, and a certificate of another fleet never
//! passes at all, even if the authority's key is the same.
//!
//! Everything here works on bytes and text in memory. Files are read by the programs, and the time
//! comes in: as [`Validity`] when issuing, as a `rustls` time provider in [`Trust`] when verifying.

pub mod authority;
pub mod credentials;
pub mod profile;
pub mod read;
pub mod tls;
pub mod trust;
pub mod validity;
pub mod verify;

pub use authority::{Authority, AuthorityError, Issued};
pub use credentials::{Credentials, CredentialsError};
pub use profile::Profile;
pub use read::{IdentityReadError, identity_of, validity_of};
pub use tls::{ClientSide, ConfigError, ServerSide, client_config, server_config, server_name};
pub use trust::{Trust, TrustError};
pub use validity::Validity;
pub use verify::PeerRefused;

#[cfg(test)]
mod tests;
