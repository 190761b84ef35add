//! The fleet's authority is replaced over the wire, under a running agent and over its restarts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hailer_agent::clock;
use hailer_identity::{Authority, bundle_of, sign_bundle};
use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Refused, StreamKind, TrustOffer, TrustTaken};
use hailer_protocol::role::Role;

use crate::daemon::Machine;
use crate::support::{Client, Node, Pki, soon};

fn bundle(number: u64, authorities: &[&Authority]) -> SignedBundle {
    let ders = authorities.iter().map(|a| a.cert_der());
    let bundle = bundle_of(authorities[0], number, clock::wall(), ders);
    sign_bundle(authorities[0], &bundle).expect("a root's")
}

async fn offer(client: &Client, signed: &SignedBundle) -> TrustTaken {
    let offer = TrustOffer {
        signed: signed.clone(),
    };
    let mut asked = client.say(StreamKind::Trust, &offer).await;
    asked.expect().await
}

async fn refused(client: &Client, signed: &SignedBundle) -> Refused {
    let offer = TrustOffer {
        signed: signed.clone(),
    };
    let mut asked = client.say(StreamKind::Trust, &offer).await;
    asked.expect().await
}

#[tokio::test]
async fn an_authority_is_replaced_over_the_wire_and_no_connection_is_lost() {
    let machine = Machine::new();
    let (mut agent, first) = machine.serve().await;
    let address = first.connection.remote_address();
    let (old, next) = (&machine.pki.authority, Pki::new("demo"));
    let ca = machine.path().join("ca.pem");
    let before = fs::read_to_string(&ca).expect("there");

    let stranger = Pki::new("demo");
    let foreign = refused(&first, &bundle(5, &[&stranger.authority])).await;
    assert!(foreign.text.contains("no root"), "{}", foreign.text);
    assert_eq!(fs::read_to_string(&ca).expect("there"), before);

    let both = bundle(1, &[old, &next.authority]);
    assert!(offer(&first, &both).await.is_news);
    // It is on the disk when the answer is there, and for everybody to read.
    let text = fs::read_to_string(&ca).expect("there");
    assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{text}");
    let mode = fs::metadata(&ca).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o644);
    agent.logs("authorities have changed, and hold").await;
    let trust = Pki::trust_in(machine.pki.trust.fleet(), &text);
    let own = next.credentials(Role::Operator, "ann");
    let second = Client::connect(&own, &trust, address, "web1").await;
    let second = second.expect("an operator of the next authority is let in");
    assert_eq!(second.out_of("echo new").await, "new\n");
    assert_eq!(first.out_of("echo old").await, "old\n");

    // A restart forgets neither the authorities nor the number.
    agent.signal(rustix::process::Signal::TERM);
    assert!(agent.end().await.0.success());
    let (mut agent, first) = machine.serve().await;
    assert!(!offer(&first, &both).await.is_news);
    let alone = bundle(2, &[&next.authority]);
    assert!(offer(&first, &alone).await.is_news);
    agent.logs("authorities have changed, and hold").await;
    // Whoever was connected stays so; the root that went does not come back.
    let gone = refused(&first, &both).await;
    assert!(gone.text.contains("no root"), "{}", gone.text);
    agent.signal(rustix::process::Signal::TERM);
    assert!(agent.end().await.0.success());

    // The owner's own file does not make the number forgotten.
    fs::write(&ca, text.split_once('\n').expect("two lines").1).expect("written");
    let (_agent, first) = machine.serve().await;
    let replayed = refused(&first, &both).await;
    assert!(
        replayed.text.contains("not newer than 2"),
        "{}",
        replayed.text
    );
}

#[tokio::test]
async fn a_disk_that_refuses_leaves_the_authorities_as_they_were() {
    let machine = Machine::new();
    let (_agent, client) = machine.serve().await;
    let next = Pki::new("demo");
    let both = bundle(1, &[&machine.pki.authority, &next.authority]);
    // Where the next file would be written there is a directory with something in it.
    let blocked = machine.path().join("ca.pem.new");
    fs::create_dir(&blocked).expect("made");
    fs::write(blocked.join("x"), "x").expect("written");
    let told = refused(&client, &both).await;
    assert_eq!(told.code, ErrorCode::INTERNAL, "{}", told.text);
    let early = refused(&client, &bundle(2, &[&next.authority])).await;
    assert!(early.text.contains("no root"), "{}", early.text);
    fs::remove_dir_all(&blocked).expect("removed");
    assert!(offer(&client, &both).await.is_news);
    assert_eq!(client.out_of("echo here").await, "here\n");
}

#[tokio::test]
async fn an_agent_without_a_file_of_authorities_says_so() {
    let node = Node::start();
    let client = node.operator().await;
    let signed = bundle(1, &[&node.pki.authority]);
    let told = soon("the answer", refused(&client, &signed)).await;
    assert_eq!(told.code, ErrorCode::UNSUPPORTED, "{}", told.text);
}
