//! Which bounds held for a run: from the spawning helper's words into the wire's.

use hailer_exec::{Protection, Protections};
use hailer_protocol::message::{Guard, Guards, Held, Sandboxed};

/// What an end says of its limits, as it travels.
pub(super) fn held(held: hailer_exec::Held) -> Held {
    Held {
        rlimits: held.rlimits,
        cgroup: held.cgroup,
    }
}

/// What an end says of its sandbox, if it had one.
pub(super) fn sandboxed(held: hailer_exec::Held) -> Option<Sandboxed> {
    let guards = |set: Protections| {
        set.iter()
            .fold(Guards::default(), |all, one| all.with(guard(one)))
    };
    (!held.protections.is_empty()).then(|| Sandboxed {
        guards: guards(held.protections),
        by_filter: guards(held.stood_in_for),
    })
}

const fn guard(one: Protection) -> Guard {
    match one {
        Protection::User => Guard::User,
        Protection::NoNewPrivs => Guard::NoNewPrivileges,
        Protection::Capabilities => Guard::Capabilities,
        Protection::Files => Guard::Files,
        Protection::Truncation => Guard::Truncation,
        Protection::Devices => Guard::Devices,
        Protection::Network => Guard::Network,
        Protection::Signals => Guard::Signals,
        Protection::Sockets => Guard::Sockets,
        Protection::Calls => Guard::SystemCalls,
        Protection::Limits => Guard::Limits,
        Protection::Cgroup => Guard::Cgroup,
    }
}
