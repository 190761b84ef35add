//! Samples of what keeper and agent say of the audit.

use hailer_protocol::audit::Head;
use hailer_protocol::countersign::{COUNTERSIGNATURE_VERSION, Countersignature, SignedHead};
use hailer_protocol::ids::Link;

use super::*;

pub(crate) fn add_audit(all: &mut Vec<(String, Envelope)>) {
    let head = Head {
        seq: 300,
        link: Link([0x33; 16]),
    };
    let ask = AuditAsk {
        kept: Some(299),
        in_full: true,
    };
    add(all, "audit_ask", &ask);
    let stands = AuditStands {
        oldest: 5,
        head,
        kept: Some(Link([0x32; 16])),
        is_countersigned: false,
        broken: Some("x".to_owned()),
    };
    add(all, "audit_stands", &stands);
    let name = |text: &str| NodeName::new(text).expect("a name");
    let countersignature = Countersignature {
        version: COUNTERSIGNATURE_VERSION,
        fleet: name("demo"),
        keeper: name("keeper"),
        node: name("web001"),
        head,
        at: Wall(1_700_000_000_000),
    };
    let countersign = AuditCountersign {
        signed: SignedHead {
            statement: countersignature.encode().expect("small"),
            chain: vec![vec![0x30, 0x02], vec![0x30, 0x03]],
            signature: vec![8, 9],
        },
    };
    add(all, "audit_countersign", &countersign);
    add(all, "audit_countersigned", &AuditCountersigned { head });
}
