//! A throw-away authority, and the files that a client of it needs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hailer_identity::{Authority, Credentials, Issued, Trust, Validity};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use hailer_shell::clock;
use rustls::time_provider::DefaultTimeProvider;

use crate::Result;

const FLEET: &str = "load";

const VALID_FOR: Duration = Duration::from_secs(24 * 3600);

/// An authority.
pub(crate) struct Pki {
    authority: Authority,
    validity: Validity,
}

impl Pki {
    pub(crate) fn generate() -> Result<Self> {
        let now = clock::wall();
        let validity = Validity {
            not_before: Wall(now.0 - 60_000),
            not_after: now + VALID_FOR,
        };
        let authority =
            Authority::generate(Name::new(FLEET)?, validity.not_before, validity.not_after)?;
        Ok(Self {
            authority,
            validity,
        })
    }

    pub(crate) fn node(&self, name: &str) -> Result<Issued> {
        let identity = identity(Role::Node, name)?;
        Ok(self.authority.issue(&identity, self.validity)?)
    }

    pub(crate) fn trust(&self) -> Result<Trust> {
        trust(self.authority.cert_pem())
    }

    /// Writes the authority's certificate and an operator's credentials.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let operator = identity(Role::Operator, "operator")?;
        let operator = self.authority.issue(&operator, self.validity)?;
        fs::write(dir.join("ca.pem"), self.authority.cert_pem())?;
        write_pair(dir, "operator", &operator)
    }
}

/// Writes a certificate and its key as `NAME.pem` and `NAME.key`.
pub(crate) fn write_pair(dir: &Path, name: &str, issued: &Issued) -> Result<()> {
    let key = dir.join(format!("{name}.key"));
    fs::write(dir.join(format!("{name}.pem")), &issued.cert_pem)?;
    fs::write(&key, &issued.key_pem)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// Reads what [`Pki::write`] wrote.
pub(crate) fn read_operator(dir: &Path) -> Result<(Credentials, Trust)> {
    let read = |name: &str| fs::read_to_string(dir.join(name));
    let operator = Credentials::from_pem(&read("operator.pem")?, &read("operator.key")?)?;
    Ok((operator, trust(&read("ca.pem")?)?))
}

fn trust(ca_pem: &str) -> Result<Trust> {
    let clock = Arc::new(DefaultTimeProvider);
    Ok(Trust::from_pem(Name::new(FLEET)?, ca_pem, clock)?)
}

pub(crate) fn identity(role: Role, name: &str) -> Result<Identity> {
    Ok(Identity {
        fleet: Name::new(FLEET)?,
        role,
        name: Name::new(name)?,
    })
}
