//! Whose word changes whom an agent believes.

use hailer_identity::{Authority as Issuer, bundle_of, sign_bundle};
use hailer_protocol::bundle::SignedBundle;
use hailer_protocol::message::{TrustOffer, TrustTaken};

use super::*;

fn a_root() -> Issuer {
    let generated = Issuer::generate(name("demo"), Wall(0), Wall(4_000_000_000_000));
    generated.expect("generated")
}

/// A bundle of these authorities, signed by the first.
fn bundle(number: u64, authorities: &[&Issuer]) -> SignedBundle {
    let ders = authorities.iter().map(|a| a.cert_der());
    let bundle = bundle_of(authorities[0], number, Wall(0), ders);
    sign_bundle(authorities[0], &bundle).expect("a root's")
}

fn offer(agent: &mut Agent, signed: SignedBundle) -> Vec<Effect> {
    let open = Open {
        stream: StreamKind::Trust,
    };
    agent.handle(now(0), Input::Closed { at: AT });
    let mut effects = say(agent, AT, &open);
    effects.extend(say(agent, AT, &TrustOffer { signed }));
    effects
}

/// What the driver does once the file is written.
fn adopt(agent: &mut Agent, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Adopt { adopted, .. } = effect {
            agent.adopt(adopted);
        }
    }
}

const TAKEN: &str = "adopt authorities trust_taken finish";
const REFUSED: &str = "refusal refused finish";

#[test]
fn operators_and_keepers_hand_bundles_on_and_others_do_not() {
    for (role, expected) in [
        (Role::Operator, TAKEN),
        (Role::Keeper, TAKEN),
        (Role::Node, REFUSED),
        (Role::Relay, REFUSED),
    ] {
        let mut agent = agent_with(role);
        let signed = bundle(1, &[&papers().authority, &a_root()]);
        assert_eq!(words(&offer(&mut agent, signed)), expected, "{role}");
    }
}

#[test]
fn a_root_that_is_believed_hands_over_step_by_step_and_never_back() {
    let (old, new) = (&papers().authority, a_root());
    let mut agent = agent_with(Role::Operator);
    let (both, alone) = (bundle(1, &[old, &new]), bundle(2, &[&new]));
    // The new one has no say before the old one has given it one.
    assert_eq!(words(&offer(&mut agent, alone.clone())), REFUSED);
    let effects = offer(&mut agent, both.clone());
    assert_eq!(words(&effects), TAKEN);
    adopt(&mut agent, &effects);
    // The same again changes nothing, and is answered.
    let again = offer(&mut agent, both.clone());
    assert_eq!(words(&again), "trust_taken finish");
    let answer = again.iter().find_map(|e| {
        let Effect::Send { envelope, .. } = e else {
            return None;
        };
        TrustTaken::from_envelope(envelope).ok()
    });
    assert_eq!(answer.map(|t| (t.number, t.is_news)), Some((1, false)));
    let effects = offer(&mut agent, alone);
    assert_eq!(words(&effects), TAKEN);
    adopt(&mut agent, &effects);
    // The old root is gone, whatever number it counts up to.
    assert_eq!(words(&offer(&mut agent, both)), REFUSED);
    assert_eq!(words(&offer(&mut agent, bundle(9, &[old, &new]))), REFUSED);
}

#[test]
fn an_older_number_is_refused_also_after_a_restart_and_from_a_root_that_is_believed() {
    let (old, new) = (&papers().authority, a_root());
    let mut agent = agent_with(Role::Operator);
    agent.remember_bundle(7);
    agent.remember_bundle(3);
    for (number, expected) in [(6, REFUSED), (7, REFUSED), (8, TAKEN)] {
        let effects = offer(&mut agent, bundle(number, &[old, &new]));
        assert_eq!(words(&effects), expected, "{number}");
    }
    assert!(agent.check_newer(7).is_err() && agent.check_newer(8).is_ok());
}

#[test]
fn what_could_not_be_written_down_is_not_believed() {
    let (old, new) = (&papers().authority, a_root());
    let mut agent = agent_with(Role::Operator);
    // The driver failed: nothing was adopted, so the next try is news again.
    for _ in 0..2 {
        let effects = offer(&mut agent, bundle(1, &[old, &new]));
        assert_eq!(words(&effects), TAKEN);
    }
    assert_eq!(words(&offer(&mut agent, bundle(2, &[&new]))), REFUSED);
}

#[test]
fn garbage_is_refused_and_a_bundle_stands_on_its_own_stream_alone() {
    let mut agent = agent_with(Role::Operator);
    for signed in [
        SignedBundle {
            bundle: vec![0xff; 300],
            signature: vec![1; 70],
        },
        SignedBundle {
            bundle: Vec::new(),
            signature: Vec::new(),
        },
        bundle(1, &[&a_root()]),
    ] {
        assert_eq!(words(&offer(&mut agent, signed)), REFUSED);
    }
    let mut agent = agent_with(Role::Operator);
    say(
        &mut agent,
        AT,
        &Open {
            stream: StreamKind::Revocation,
        },
    );
    let signed = bundle(1, &[&papers().authority]);
    let effects = say(&mut agent, AT, &TrustOffer { signed });
    assert_eq!(words(&effects), REFUSED);
}
