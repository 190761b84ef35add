//! Another certificate while the agent serves.

use hailer_identity::ServerSide;
use hailer_protocol::role::Role;
use rustls::pki_types::CertificateDer;

use crate::support::{Client, Node, shell};

fn shown_to(client: &Client) -> CertificateDer<'static> {
    let shown = client.connection.peer_identity().expect("verified");
    let chain = shown.downcast::<Vec<CertificateDer<'static>>>();
    chain.expect("certificates")[0].clone()
}

#[tokio::test]
async fn connections_go_on_and_new_ones_see_the_new_certificate() {
    let node = Node::start();
    let before = node.operator().await;
    let waits = "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two";
    let mut running = before.ask(&shell(waits)).await;
    running.hears("one").await;
    let next = node.pki.credentials(Role::Node, "web1");
    let roles = [Role::Operator, Role::Keeper, Role::Relay];
    let tls = ServerSide::new(&node.pki.trust, &roles).and_then(|side| side.config(&next));
    node.listening
        .reconfigure(tls.expect("a configuration"))
        .expect("it carries QUIC");

    let after = node.operator().await;
    assert_eq!(shown_to(&after).as_ref(), next.chain()[0]);
    assert_ne!(shown_to(&after), shown_to(&before));
    node.touch("go");
    assert!(running.answer().await.out_text().ends_with("two\n"));
    let answer = before.run(&shell("echo still here")).await;
    assert_eq!(answer.out_text(), "still here\n");
}
