//! Revocation lists and certificates that end, on connections that live.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use hailer_agent::clock;
use hailer_identity::{Authority, Credentials, Validity, sign_list};
use hailer_protocol::message::{
    Life, Message as _, Probe, RevocationOffer, RevocationTaken, Started, StreamKind,
};
use hailer_protocol::revocation::{REVOCATION_VERSION, RevocationList, Revoked, SignedRevocations};
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;
use quinn::ConnectionError;

use crate::daemon::Machine;
use crate::support::{Client, Mark, Node, Pki, Program, a_run, identity, shell, soon, until};

fn now() -> Wall {
    clock::wall()
}

fn list(authority: &Authority, number: u64, revoked: Vec<Revoked>) -> SignedRevocations {
    let list = RevocationList {
        version: REVOCATION_VERSION,
        fleet: authority.fleet().clone(),
        number,
        issued_at: now(),
        next_update: now() + Duration::from_secs(3600),
        revoked,
    };
    sign_list(authority, &list).expect("its own fleet's")
}

fn everything_of(role: Role, name: &str) -> Revoked {
    Revoked::Before {
        identity: identity("demo", role, name),
        moment: now(),
    }
}

fn file_of(lists: &[SignedRevocations]) -> Vec<u8> {
    let each = lists.iter().map(|signed| RevocationOffer {
        signed: signed.clone(),
    });
    let bytes = each.map(|offer| offer.to_envelope().expect("small").to_bytes());
    bytes.collect::<Vec<_>>().concat()
}

/// Replaces a file as a careful program does.
fn put(machine: &Machine, name: &str, bytes: &[u8]) {
    let next = machine.path().join(format!("{name}.new"));
    fs::write(&next, bytes).expect("written");
    fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).expect("mode");
    fs::rename(next, machine.path().join(name)).expect("replaced");
}

/// What the agent said when it ended the connection.
async fn ended(client: &Client) -> String {
    let end = soon("the connection's end", client.connection.closed()).await;
    let ConnectionError::ApplicationClosed(close) = &end else {
        panic!("ended otherwise: {end}");
    };
    String::from_utf8_lossy(&close.reason).into_owned()
}

async fn offer(client: &Client, signed: &SignedRevocations) -> RevocationTaken {
    let offer = RevocationOffer {
        signed: signed.clone(),
    };
    let mut asked = client.say(StreamKind::Revocation, &offer).await;
    asked.expect().await
}

#[tokio::test]
async fn a_hundred_live_streams_of_a_revoked_operator_end_and_nobody_elses() {
    let node = Node::start();
    let (ann, bob) = (
        node.operator_called("ann").await,
        node.operator_called("bob").await,
    );
    let mark = Mark::new();
    let mut asked = Vec::new();
    for n in 0..100 {
        let mut run = mark.on(shell("sleep 1000"));
        if n % 2 == 0 {
            run.life = Life::Detached;
        }
        let mut stream = ann.ask(&run).await;
        stream.expect::<Started>().await;
        asked.push(stream);
    }
    let other = Mark::new();
    let mut bobs = bob.ask(&other.on(shell("sleep 1000"))).await;
    bobs.expect::<Started>().await;

    let revoked = vec![everything_of(Role::Operator, "ann")];
    let signed = list(&node.pki.authority, 1, revoked);
    let began = clock::mono();
    let taken = offer(&bob, &signed).await;
    assert_eq!((taken.number, taken.is_news), (1, true));
    assert!(ended(&ann).await.contains("revoked"));
    for mut stream in asked {
        while stream.next().await.is_some() {}
    }
    println!("100 streams ended after {:?}", clock::mono().since(began));
    until("the end of what she ran", || mark.alive().is_empty()).await;
    println!("100 runs ended after {:?}", clock::mono().since(began));
    assert!(!other.alive().is_empty(), "bob's goes on");
    assert!(!offer(&bob, &signed).await.is_news);

    // She gets in no more, with any certificate from before; and with what she signed nobody does.
    let own = node.pki.credentials(Role::Operator, "ann");
    let address = node.listening.address();
    let again = Client::connect(&own, &node.pki.trust, address, "web1").await;
    let again = again.expect("the handshake itself succeeds");
    assert!(ended(&again).await.contains("revoked"));
    let envelope = crate::support::sealed(ann.signer(), "web1", &shell("touch ran"));
    let answer = bob.hand_in(&envelope).await.answer().await;
    assert!(answer.failed().text.contains("is revoked"), "{answer:?}");
    assert!(!node.path("ran").exists());
    bobs.cancel();
}

#[tokio::test]
async fn a_list_in_the_file_holds_within_a_look_and_over_a_restart() {
    let machine = Machine::new();
    let (mut agent, ann) = machine.serve().await;
    let newer = list(
        &machine.pki.authority,
        5,
        vec![everything_of(Role::Operator, "ann")],
    );
    // Garbage and another fleet's are refused and said; the connection stays.
    put(&machine, "revoked.list", b"no list at all");
    agent.logs("the revocation list: ").await;
    let elsewhere = Pki::new("other");
    let foreign = list(&elsewhere.authority, 9, Vec::new());
    put(&machine, "revoked.list", &file_of(&[foreign]));
    agent.logs("about the fleet `other`").await;
    assert_eq!(ann.out_of("echo here").await, "here\n");

    put(&machine, "revoked.list", &file_of(&[newer]));
    agent.logs("the authority's list holds from now on").await;
    assert!(ended(&ann).await.contains("revoked"));

    // After a restart the older list does not undo it, nor does its being gone.
    agent.signal(rustix::process::Signal::TERM);
    let (status, log) = agent.end().await;
    assert!(status.success(), "{log}");
    let older = list(&machine.pki.authority, 4, Vec::new());
    put(&machine, "revoked.list", &file_of(&[older]));
    let (mut agent, ann) = machine.serve().await;
    agent.logs("list 4 is not newer than 5").await;
    assert!(ended(&ann).await.contains("revoked"));
}

#[tokio::test]
async fn a_connection_ends_with_its_certificate() {
    let node = Node::start();
    let validity = Validity {
        not_before: Wall(now().0 - 60_000),
        not_after: now() + Duration::from_secs(2),
    };
    let issued = node
        .pki
        .authority
        .issue(&identity("demo", Role::Operator, "ann"), validity)
        .expect("issued");
    let own = Credentials::from_issued(&issued).expect("its own");
    let address = node.listening.address();
    let client = Client::connect(&own, &node.pki.trust, address, "web1").await;
    let client = client.expect("it holds");
    let facts = a_run(Probe::Facts(Vec::new()));
    client.run(&facts).await.done();
    assert!(ended(&client).await.contains("has expired"));
    let over = now().0 - validity.not_after.0;
    println!("closed {over} ms after the end of its second");
    assert!(over >= 0, "not before its time");
}

async fn connect(
    machine: &Machine,
    address: SocketAddr,
    own: &Pki,
    ca_pem: &str,
) -> Result<Client, ConnectionError> {
    let trust = Pki::trust_in(machine.pki.trust.fleet(), ca_pem);
    let own = own.credentials(Role::Operator, "ann");
    Client::connect(&own, &trust, address, "web1").await
}

async fn changed(agent: &mut Program) {
    agent
        .logs("certificate, key or authorities have changed, and hold")
        .await;
}

#[tokio::test]
async fn an_authority_is_replaced_and_no_connection_is_lost() {
    let machine = Machine::new();
    let (mut agent, first) = machine.serve().await;
    let address = first.connection.remote_address();
    let next = Pki::new("demo");
    let (old_ca, new_ca) = (
        machine.pki.authority.cert_pem().to_owned(),
        next.authority.cert_pem().to_owned(),
    );
    let both = format!("{old_ca}{new_ca}");
    // A stranger's until it is trusted.
    let early = connect(&machine, address, &next, &both).await;
    let early = early.expect("the client's half of the handshake");
    soon("the refusal", early.connection.closed()).await;

    put(&machine, "ca.pem", both.as_bytes());
    changed(&mut agent).await;
    let second = connect(&machine, address, &next, &both)
        .await
        .expect("trusted");
    assert_eq!(second.out_of("echo new").await, "new\n");
    assert_eq!(first.out_of("echo old").await, "old\n");

    // Certificate and key are two files: in between the last ones hold on.
    let node = next.issue(Role::Node, "web1");
    put(&machine, "node.pem", node.cert_pem.as_bytes());
    agent.logs("the last ones hold on").await;
    assert_eq!(second.out_of("echo new").await, "new\n");
    put(&machine, "node.key", node.key_pem.as_bytes());
    changed(&mut agent).await;
    let third = connect(&machine, address, &next, &new_ca).await;
    let third = third.expect("the node shows a certificate of the next authority");

    put(&machine, "ca.pem", new_ca.as_bytes());
    changed(&mut agent).await;
    for (client, word) in [(&second, "second"), (&third, "third")] {
        assert_eq!(
            client.out_of(&format!("echo {word}")).await,
            format!("{word}\n")
        );
    }
    // The first connection is there; but the node believes no more what its operator says over it.
    let facts = a_run(Probe::Facts(Vec::new()));
    for (asked, expected) in [
        (facts, "verify who is connected"),
        (shell("echo old"), "verify who signed"),
    ] {
        let answer = first.run(&asked).await;
        assert!(answer.failed().text.contains(expected), "{answer:?}");
    }
    let late = connect(&machine, address, &machine.pki, &both).await;
    let late = late.expect("the client's half of the handshake");
    soon("the refusal", late.connection.closed()).await;
}
