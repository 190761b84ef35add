//! The TLS configurations of both sides, built by hand.
//!
//! - TLS 1.3 only, ALPN [`ALPN`], a certificate demanded from both sides, and judged by
//!   [`crate::verify`].
//! - No early data on either side: it can be replayed, so it must never carry a request.
//! - No resumption on either side: a resumed session is admitted on what was verified in an
//!   earlier handshake, so an expired certificate or a changed list of accepted roles would go
//!   unnoticed until the ticket's end. A full handshake costs under a millisecond; a connection
//!   here lives for hours.
//!
//! One client configuration serves every connection. Whom a connection expects travels in its TLS
//! server name, see [`server_name`].

use std::sync::Arc;

use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::version::ALPN;
use rustls::client::Resumption;
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};

use crate::credentials::Credentials;
use crate::profile::Profile;
use crate::trust::{self, Trust};
use crate::verify::{ClientJudge, ServerJudge};

/// Why a configuration would never complete a handshake, or would not mean what it seems to.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Our own certificate is of another fleet.
    #[error("own certificate `{own}` is not of the fleet `{fleet}`")]
    OwnFleet {
        /// Whom our certificate names.
        own: Box<Identity>,
        /// The fleet that is trusted.
        fleet: Name,
    },
    /// Our own role is not made for this side.
    #[error("own certificate `{own}` cannot {}: the role `{}` does not", side.deed(), own.role)]
    OwnRole {
        /// Whom our certificate names.
        own: Box<Identity>,
        /// The side that was asked for.
        side: Side,
    },
    /// Enrolling is for keepers.
    #[error("own certificate `{0}` cannot enrol nodes: only a keeper's can")]
    NotKeeper(Box<Identity>),
    /// A peer role is not made for the other side.
    #[error("the role `{role}` never comes as a peer that would {}", side.deed())]
    PeerRole {
        /// The role that was to be accepted.
        role: Role,
        /// The side it would stand on.
        side: Side,
    },
    /// Nobody could ever connect.
    #[error("no role is accepted, so nobody could connect")]
    NobodyAccepted,
    /// The TLS library refused the verifier.
    #[error("build the certificate verifier: {0}")]
    Verifier(String),
    /// The TLS library refused the configuration.
    #[error("build the TLS configuration: {0}")]
    Tls(#[from] rustls::Error),
}

/// A side of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Dials.
    Client,
    /// Is dialled.
    Server,
}

impl Side {
    const fn deed(self) -> &'static str {
        match self {
            Self::Client => "dial",
            Self::Server => "be dialled",
        }
    }

    const fn allows(self, role: Role) -> bool {
        let profile = Profile::of(role);
        match self {
            Self::Client => profile.is_client,
            Self::Server => profile.is_server,
        }
    }
}

/// What all answering configurations of one process share: with it, each of thousands of
/// simulated nodes costs one small configuration and no verifier of its own.
#[derive(Debug, Clone)]
pub struct ServerSide {
    trust: Trust,
    judge: Arc<ClientJudge>,
}

impl ServerSide {
    /// Accepts peers of the fleet in `trust` whose role is one of `accept`, and nobody else.
    ///
    /// # Errors
    /// Refuses an empty list.
    pub fn new(trust: &Trust, accept: &[Role]) -> Result<Self, ConfigError> {
        check_peers(accept, Side::Client)?;
        Ok(Self {
            trust: trust.clone(),
            judge: Arc::new(ClientJudge::new(trust, accept)?),
        })
    }

    /// Returns the configuration under which `own` answers.
    ///
    /// # Errors
    /// Refuses credentials of another fleet, and an operator's.
    pub fn config(&self, own: &Credentials) -> Result<ServerConfig, ConfigError> {
        check_own(own, &self.trust, Side::Server)?;
        let clock = Arc::clone(&self.trust.clock);
        let mut config = ServerConfig::builder_with_details(trust::provider(), clock)
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::clone(&self.judge) as Arc<_>)
            .with_cert_resolver(Arc::clone(&own.resolver) as Arc<_>);
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.max_early_data_size = 0;
        config.send_half_rtt_data = false;
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }
}

/// What all dialling configurations of one process share.
#[derive(Debug, Clone)]
pub struct ClientSide {
    trust: Trust,
    judge: Arc<ServerJudge>,
}

impl ClientSide {
    /// Expects to reach members of the fleet in `trust` whose role is one of `expect`; which one,
    /// each connection says by its [`server_name`].
    ///
    /// # Errors
    /// Refuses an empty list and a role that nobody dials.
    pub fn new(trust: &Trust, expect: &[Role]) -> Result<Self, ConfigError> {
        check_peers(expect, Side::Server)?;
        Ok(Self {
            trust: trust.clone(),
            judge: Arc::new(ServerJudge::new(trust, expect)),
        })
    }

    /// Returns the configuration under which `own` dials.
    ///
    /// # Errors
    /// Refuses credentials of another fleet.
    pub fn config(&self, own: &Credentials) -> Result<ClientConfig, ConfigError> {
        check_own(own, &self.trust, Side::Client)?;
        let clock = Arc::clone(&self.trust.clock);
        let mut config = ClientConfig::builder_with_details(trust::provider(), clock)
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&self.judge) as Arc<_>)
            .with_client_cert_resolver(Arc::clone(&own.resolver) as Arc<_>);
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_early_data = false;
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// Returns the configuration under which `own` answers peers of the roles in `accept`.
///
/// # Errors
/// As [`ServerSide::new`] and [`ServerSide::config`].
pub fn server_config(
    own: &Credentials,
    trust: &Trust,
    accept: &[Role],
) -> Result<ServerConfig, ConfigError> {
    ServerSide::new(trust, accept)?.config(own)
}

/// Returns the configuration under which `own` dials peers of the roles in `expect`.
///
/// # Errors
/// As [`ClientSide::new`] and [`ClientSide::config`].
pub fn client_config(
    own: &Credentials,
    trust: &Trust,
    expect: &[Role],
) -> Result<ClientConfig, ConfigError> {
    ClientSide::new(trust, expect)?.config(own)
}

/// Returns the TLS server name by which a peer is dialled.
///
/// It is the whole identity's BLAKE3 hash, in two labels, since an identity may hold what a host
/// name may not (`_`, a trailing `-`, labels over 63 bytes), and no escape rule can be got wrong.
/// The verifier hashes the certificate's identity and compares: equal names mean the same fleet,
/// role and name. A certificate never carries it, and it resolves nowhere.
#[must_use]
pub fn server_name(identity: &Identity) -> String {
    let hash = blake3::hash(identity.to_string().as_bytes()).to_hex();
    let (front, back) = hash.as_str().split_at(32);
    format!("{front}.{back}.hailer")
}

fn check_peers(roles: &[Role], side: Side) -> Result<(), ConfigError> {
    if roles.is_empty() {
        return Err(ConfigError::NobodyAccepted);
    }
    match roles.iter().find(|&&role| !side.allows(role)) {
        Some(&role) => Err(ConfigError::PeerRole { role, side }),
        None => Ok(()),
    }
}

fn check_own(own: &Credentials, trust: &Trust, side: Side) -> Result<(), ConfigError> {
    let identity = own.identity();
    if identity.fleet != *trust.fleet() {
        return Err(ConfigError::OwnFleet {
            own: Box::new(identity.clone()),
            fleet: trust.fleet().clone(),
        });
    }
    if !side.allows(identity.role) {
        return Err(ConfigError::OwnRole {
            own: Box::new(identity.clone()),
            side,
        });
    }
    Ok(())
}
