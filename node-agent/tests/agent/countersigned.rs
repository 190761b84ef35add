//! A keeper signs under the head of a node's audit, and the node keeps its word.

use std::time::Duration;

use hailer_agent::clock;
use hailer_identity::{Countersigner, SignatureJudge};
use hailer_protocol::audit::{Head, Verdict};
use hailer_protocol::countersign::SignedHead;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::{Link, NodeName};
use hailer_protocol::message::{
    AuditAsk, AuditCountersign, AuditCountersigned, AuditStands, Message as _, Probe, Refused,
    StreamKind,
};
use hailer_protocol::role::Role;
use hailer_protocol::value::Value;

use crate::support::{Asked, Client, Node, a_run};

struct Keeper {
    client: Client,
    signer: Countersigner,
}

impl Keeper {
    async fn of(node: &Node) -> Self {
        let own = node.pki.credentials(Role::Keeper, "k1");
        let address = node.listening.address();
        let client = Client::connect(&own, &node.pki.trust, address, "web1").await;
        Self {
            client: client.expect("a keeper may connect"),
            signer: Countersigner::new(&own).expect("a keeper's"),
        }
    }

    async fn ask(&self, kept: Option<u64>) -> (Asked, AuditStands) {
        let ask = AuditAsk {
            kept,
            in_full: true,
        };
        let mut asked = self.client.say(StreamKind::Audit, &ask).await;
        let stands = asked.expect().await;
        (asked, stands)
    }

    fn sign(&self, node: &str, head: Head) -> SignedHead {
        let node = NodeName::new(node).expect("a name");
        self.signer.sign(clock::wall(), &node, head).expect("ours")
    }
}

async fn hand_in(asked: &mut Asked, signed: SignedHead) {
    let envelope = AuditCountersign { signed }.to_envelope().expect("small");
    let written = asked.send.write_all(&envelope.to_bytes()).await;
    written.expect("the stream lives");
}

/// What the newest row of the audit says.
async fn newest(node: &Node) -> Vec<String> {
    let run = a_run(Probe::Audit {
        since: None,
        until: None,
        limit: 1000,
    });
    let answer = node.operator().await.run(&run).await;
    let table = &answer.batches[0].table;
    let at = |name| table.index_of(name).expect("a column");
    let columns = [at("event"), at("who"), at("text")];
    // Behind it stands the probe that asks.
    let row = table.rows.iter().rev().nth(1).expect("a row");
    let text = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| format!("{value:?}"))
    };
    columns.iter().map(|at| text(&row[*at])).collect()
}

#[tokio::test]
async fn a_countersignature_is_written_down_and_the_next_head_goes_on_from_it() {
    let node = Node::start();
    node.operator().await.out_of("true").await;
    let keeper = Keeper::of(&node).await;
    let (mut asked, stands) = keeper.ask(None).await;
    assert!(
        stands.head.seq > 0 && !stands.is_countersigned,
        "{stands:?}"
    );
    assert_eq!(stands.broken, None);
    let signed = keeper.sign("web1", stands.head);
    let judge = SignatureJudge::new(&node.pki.trust).expect("a judge");
    let (said, who) = judge.countersigner(clock::wall(), &signed).expect("proved");
    assert_eq!((said.head, who.role), (stands.head, Role::Keeper));
    hand_in(&mut asked, signed).await;
    let AuditCountersigned { head } = asked.expect().await;
    assert_eq!(head.seq, stands.head.seq + 1);

    let (_, after) = keeper.ask(Some(head.seq)).await;
    assert!(after.is_countersigned, "asking writes nothing: {after:?}");
    assert_eq!(after.head, head);
    assert_eq!(after.verdict(Some(head)), Verdict::Continues);
    let Head { seq, link } = stands.head;
    let text = format!("seen up to record {seq}, whose link is {link}");
    assert_eq!(newest(&node).await, ["countersigned", "keeper/k1", &text]);
    let (_, later) = keeper.ask(Some(seq)).await;
    assert!(!later.is_countersigned);
    assert_eq!(later.kept, Some(link));
}

#[tokio::test]
async fn an_old_countersignature_and_one_for_another_head_or_node_are_refused() {
    let node = Node::start();
    node.operator().await.out_of("true").await;
    let keeper = Keeper::of(&node).await;
    let (mut asked, stands) = keeper.ask(None).await;
    let old = keeper.sign("web1", stands.head);
    hand_in(&mut asked, old.clone()).await;
    let AuditCountersigned { head } = asked.expect().await;
    let (_, now) = keeper.ask(None).await;
    let other = Head {
        seq: now.head.seq,
        link: Link([9; 16]),
    };
    let late = clock::wall() + Duration::from_secs(3600);
    let web1 = NodeName::new("web1").expect("a name");
    let late = keeper.signer.sign(late, &web1, now.head).expect("ours");
    let second = node.pki.credentials(Role::Keeper, "k2");
    let second = Countersigner::new(&second).expect("a keeper's");
    let theirs = second.sign(clock::wall(), &web1, now.head).expect("theirs");
    let mut forged = keeper.sign("web1", now.head);
    forged.signature[4] ^= 1;
    for (what, signed) in [
        ("replayed", old),
        ("another head", keeper.sign("web1", other)),
        ("another node", keeper.sign("web2", now.head)),
        ("another time", late),
        ("another keeper's", theirs),
        ("forged", forged),
    ] {
        let (mut asked, _) = keeper.ask(None).await;
        hand_in(&mut asked, signed).await;
        let refused: Refused = asked.expect().await;
        assert_eq!(refused.code, ErrorCode::DENIED, "{what}");
    }
    let (_, last) = keeper.ask(Some(head.seq)).await;
    assert_eq!(last.verdict(Some(head)), Verdict::Continues);
    assert!(
        newest(&node).await[0] == "refused",
        "and it is written down"
    );
}

#[tokio::test]
async fn nobody_but_a_keeper_asks_or_signs() {
    let node = Node::start();
    let client = node.operator().await;
    let ask = AuditAsk {
        kept: None,
        in_full: false,
    };
    let mut asked = client.say(StreamKind::Audit, &ask).await;
    let refused: Refused = asked.expect().await;
    assert_eq!(refused.code, ErrorCode::DENIED);
    assert!(Countersigner::new(&node.pki.credentials(Role::Operator, "ann")).is_err());
}
