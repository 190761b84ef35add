//! An authority of a test's own.

use std::sync::Arc;

use hailer_identity::{Authority, Credentials, Issued, Trust, Validity};
use hailer_protocol::ids::Name;
use hailer_protocol::role::{Identity, Role};
use hailer_protocol::time::Wall;
use rustls::time_provider::DefaultTimeProvider;

pub(crate) struct Pki {
    pub(crate) authority: Authority,
    pub(crate) trust: Trust,
    validity: Validity,
}

pub(crate) fn identity(fleet: &str, role: Role, name: &str) -> Identity {
    let name_of = |text: &str| Name::new(text).expect("a valid name");
    Identity {
        fleet: name_of(fleet),
        role,
        name: name_of(name),
    }
}

impl Pki {
    pub(crate) fn new(fleet: &str) -> Self {
        let fleet = Name::new(fleet).expect("a valid name");
        let (not_before, not_after) = (Wall(1_600_000_000_000), Wall(4_000_000_000_000));
        let authority =
            Authority::generate(fleet.clone(), not_before, not_after).expect("generated");
        let trust = Self::trust_in(&fleet, authority.cert_pem());
        Self {
            authority,
            trust,
            validity: Validity {
                not_before,
                not_after,
            },
        }
    }

    pub(crate) fn trust_in(fleet: &Name, ca_pem: &str) -> Trust {
        Trust::from_pem(fleet.clone(), ca_pem, Arc::new(DefaultTimeProvider)).expect("an authority")
    }

    pub(crate) fn issue(&self, role: Role, name: &str) -> Issued {
        let identity = identity(self.authority.fleet().as_str(), role, name);
        self.authority
            .issue(&identity, self.validity)
            .expect("issued")
    }

    pub(crate) fn credentials(&self, role: Role, name: &str) -> Credentials {
        Credentials::from_issued(&self.issue(role, name)).expect("its own")
    }
}
