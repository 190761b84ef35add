//! What becomes of connections and runs when a certificate is revoked or runs out.

use hailer_identity::{Authority as Issuer, ListRefused, SignatureJudge, Trust, sign_list};
use hailer_protocol::message::{RevocationOffer, RevocationTaken};
use hailer_protocol::revocation::{
    REVOCATION_VERSION, RevocationError, RevocationList, Revoked, SignedRevocations,
};

use rustls::time_provider::DefaultTimeProvider;

use super::*;

/// Every certificate of ann's in that role.
fn all_of(role: Role) -> Revoked {
    Revoked::Before {
        identity: papers().peer(role).holder.identity,
        moment: Wall(1),
    }
}

fn list(number: u64, revoked: Vec<Revoked>) -> SignedRevocations {
    let list = RevocationList {
        version: REVOCATION_VERSION,
        fleet: name("demo"),
        number,
        issued_at: Wall(0),
        next_update: Wall(60_000),
        revoked,
    };
    sign_list(&papers().authority, &list).expect("its own fleet's")
}

/// An agent to which a peer of each role is connected, by the role's place.
fn agent_with_everybody() -> Agent {
    let mut agent = agent_with(Role::Operator);
    for (conn, role) in (2..).zip([Role::Keeper, Role::Node, Role::Relay]) {
        let peer = papers().peer(role);
        agent.handle(now(0), Input::Connected { conn, peer });
    }
    agent
}

#[test]
fn a_revocation_ends_its_holders_connections_and_runs_and_nobody_elses() {
    let mut agent = agent_with_everybody();
    let mut detached = shell(2);
    detached.life = Life::Detached;
    for (stream, run) in [(0, shell(1)), (4, detached)] {
        assert_eq!(
            words(&ask(&mut agent, stream, &run)),
            "authorised intent begin"
        );
    }
    let nobody = agent.take_list(now(1), &list(1, vec![all_of(Role::Relay)]));
    assert_eq!(words(&nobody.expect("good").effects), "close:revoked list");
    let taken = agent.take_list(now(1), &list(2, vec![all_of(Role::Operator)]));
    let taken = taken.expect("good");
    assert!(taken.is_news);
    assert_eq!(
        words(&taken.effects),
        "kill:revoked killed kill:revoked killed close:revoked list"
    );
    // Nothing more comes over the connection, and nobody new gets in.
    let open = Open {
        stream: StreamKind::Request,
    };
    let at = StreamRef { conn: 1, stream: 8 };
    assert!(say(&mut agent, at, &open).is_empty());
    let (ann, keeper) = (papers().peer(Role::Operator), papers().peer(Role::Keeper));
    assert_eq!(agent.greet(Wall(0), &ann), Err(Farewell::Revoked));
    assert_eq!(agent.greet(Wall(0), &keeper), Ok(()));
}

#[test]
fn nobody_has_all_connections_so_that_a_revocation_gets_in() {
    let mut agent = agent_with(Role::Operator);
    let greet = |agent: &Agent, role| agent.greet(Wall(0), &papers().peer(role));
    for conn in 2..4 {
        assert_eq!(greet(&agent, Role::Operator), Ok(()));
        let peer = papers().peer(Role::Operator);
        agent.handle(now(0), Input::Connected { conn, peer });
    }
    assert_eq!(greet(&agent, Role::Operator), Err(Farewell::Crowded));
    assert_eq!(greet(&agent, Role::Keeper), Ok(()));
    let peer = papers().peer(Role::Keeper);
    agent.handle(now(0), Input::Connected { conn: 4, peer });
    assert_eq!(greet(&agent, Role::Relay), Err(Farewell::Crowded));
}

#[test]
fn a_revocation_ends_what_its_holder_began_before_a_restart() {
    let mut agent = agent_with(Role::Keeper);
    let of = |id, role, began| Detached {
        run: RunId([id; 16]),
        who: papers().peer(role).holder.identity,
        command: "sleep 9".to_owned(),
        began: Wall(began),
        outcome: Outcome::Unknown,
    };
    agent.remember_detached(of(1, Role::Operator, 0));
    agent.remember_detached(of(2, Role::Operator, 1));
    agent.remember_detached(of(3, Role::Relay, 0));
    let taken = agent.take_list(now(1), &list(1, vec![all_of(Role::Operator)]));
    let effects = taken.expect("good").effects;
    assert_eq!(words(&effects), "orphan list");
    assert!(matches!(effects[0], Effect::EndOrphan { run } if run == RunId([1; 16])));
}

#[test]
fn what_a_revoked_operator_signed_is_refused_whoever_hands_it_in() {
    let mut agent = agent_with_everybody();
    // The list came before; a connection of somebody else's, or one that slipped in, changes nothing.
    agent
        .take_list(now(0), &list(1, vec![all_of(Role::Operator)]))
        .expect("good");
    let peer = papers().peer(Role::Operator);
    agent.handle(now(0), Input::Connected { conn: 1, peer });
    let effects = ask(&mut agent, 0, &shell(1));
    assert_eq!(words(&effects), "refusal failed finish");
    assert!(failure_of(&effects).text.contains("is revoked"));
}

#[test]
fn a_list_that_was_not_kept_is_written_down_when_it_comes_again() {
    let mut agent = agent_with(Role::Operator);
    let one = list(1, Vec::new());
    for (is_kept, again) in [
        (false, "list"),
        (false, "list"),
        (true, ""),
        (false, "list"),
    ] {
        agent.take_list(now(0), &one).expect("good");
        agent.note_kept(None, is_kept);
        let taken = agent.take_list(now(0), &one).expect("the same");
        assert_eq!(
            (taken.is_news, words(&taken.effects)),
            (false, again.to_owned())
        );
    }
}

#[test]
fn what_comes_over_a_connection_is_held_against_the_authorities_that_are_believed_now() {
    let mut agent = agent_with(Role::Operator);
    let facts = || run(1, Probe::Facts(Vec::new()), None);
    assert_eq!(words(&ask(&mut agent, 0, &facts())), "probe begin");
    agent.handle(now(0), ended(1));
    agent.set_judge(Arc::clone(&papers().judge));
    assert_eq!(words(&ask(&mut agent, 4, &facts())), "probe begin");
    agent.handle(now(0), ended(1));
    let next = Issuer::generate(name("demo"), Wall(0), Wall(60_000)).expect("generated");
    let trust = Trust::from_pem(name("demo"), next.cert_pem(), Arc::new(DefaultTimeProvider));
    let judge = SignatureJudge::new(&trust.expect("one authority")).expect("taken");
    agent.set_judge(Arc::new(judge));
    for (stream, request) in [(8, facts()), (12, shell(2))] {
        let effects = ask(&mut agent, stream, &request);
        assert_eq!(words(&effects), "refusal failed finish");
        let failure = failure_of(&effects);
        assert_eq!(failure.code, ErrorCode::DENIED, "{}", failure.text);
        assert!(failure.text.contains("verify who"), "{}", failure.text);
    }
}

#[test]
fn only_a_newer_list_takes_the_place_of_the_last_one() {
    let mut agent = agent_with(Role::Operator);
    let two = list(2, Vec::new());
    assert!(agent.take_list(now(0), &two).expect("good").is_news);
    let again = agent.take_list(now(0), &two).expect("the same");
    assert_eq!(
        (again.is_news, words(&again.effects)),
        (false, String::new())
    );
    for other in [
        list(1, vec![all_of(Role::Operator)]),
        list(2, vec![all_of(Role::Operator)]),
    ] {
        let refused = agent.take_list(now(0), &other).err();
        assert!(
            matches!(
                refused,
                Some(ListRefused::List(RevocationError::NotNewer { .. }))
            ),
            "{refused:?}"
        );
    }
    assert_eq!(
        agent.revocations().list(None).map(|l| l.number),
        Some(2),
        "the last one holds"
    );
}

#[test]
fn a_list_that_is_forged_foreign_or_garbage_changes_nothing() {
    let mut agent = agent_with(Role::Operator);
    agent
        .take_list(now(0), &list(1, vec![all_of(Role::Relay)]))
        .expect("good");
    let stranger = Issuer::generate(name("demo"), Wall(0), Wall(60_000)).expect("generated");
    let elsewhere = Issuer::generate(name("other"), Wall(0), Wall(60_000)).expect("generated");
    let of = |fleet: &str| RevocationList {
        version: REVOCATION_VERSION,
        fleet: name(fleet),
        number: 9,
        issued_at: Wall(0),
        next_update: Wall(60_000),
        revoked: Vec::new(),
    };
    let mut cut = list(9, Vec::new());
    cut.list.pop();
    let mut bent = list(9, Vec::new());
    bent.signature[10] ^= 1;
    for bad in [
        sign_list(&stranger, &of("demo")).expect("signed"),
        sign_list(&elsewhere, &of("other")).expect("signed"),
        cut,
        bent,
        SignedRevocations {
            list: vec![0xff; 300],
            issuer: Some(vec![0x30; 300]),
            signature: vec![1; 70],
        },
    ] {
        assert!(agent.take_list(now(0), &bad).is_err(), "{bad:?}");
    }
    let known = agent.revocations();
    assert!(known.list(None).is_some_and(|l| !l.revoked.is_empty()));
}

#[test]
fn operators_and_keepers_hand_lists_on_and_others_do_not() {
    for (role, expected) in [
        (Role::Operator, " list revocation_taken finish"),
        (Role::Keeper, " list revocation_taken finish"),
        (Role::Node, "refusal refused finish "),
        (Role::Relay, "refusal refused finish "),
    ] {
        let mut agent = agent_with(role);
        let open = Open {
            stream: StreamKind::Revocation,
        };
        let opened = words(&say(&mut agent, AT, &open));
        let offer = RevocationOffer {
            signed: list(1, Vec::new()),
        };
        let effects = say(&mut agent, AT, &offer);
        assert_eq!(format!("{opened} {}", words(&effects)), expected, "{role}");
        if opened.is_empty() {
            let taken = effects.iter().find_map(|e| {
                let Effect::Send { envelope, .. } = e else {
                    return None;
                };
                RevocationTaken::from_envelope(envelope).ok()
            });
            let news = taken.map(|t| (t.number, t.is_news));
            assert_eq!(news, Some((1, true)));
        }
    }
    let mut agent = agent_with(Role::Operator);
    let open = Open {
        stream: StreamKind::Revocation,
    };
    say(&mut agent, AT, &open);
    let mut signed = list(1, Vec::new());
    signed.signature.pop();
    assert_eq!(
        words(&say(&mut agent, AT, &RevocationOffer { signed })),
        "refusal refused finish"
    );
}

#[test]
fn a_connection_ends_with_the_second_in_which_its_certificate_does() {
    let ends = 100_u64;
    let peer = papers().until(Wall(100_000));
    let at = |ms: u64| Now {
        wall: Wall(i64::try_from(ms).expect("small")),
        mono: Mono(Duration::from_millis(ms)),
    };
    let mut agent = agent_with(Role::Keeper);
    agent.handle(at(1_000), Input::Connected { conn: 2, peer });
    let due = agent.poll_timeout().map(|(at, _)| at);
    let end = ends * 1_000 + 1_000;
    assert_eq!(due, Some(Mono(Duration::from_millis(end))));
    assert!(agent.handle_timeout(at(end - 1)).is_empty());
    assert_eq!(words(&agent.handle_timeout(at(end))), "close:expired");
    // The others stay, and the next look is at their end, a day away at most.
    assert!(agent.handle_timeout(at(end)).is_empty());
}

#[test]
fn a_clock_that_is_set_is_believed_at_the_next_look() {
    let mut agent = agent_with(Role::Keeper);
    let peer = papers().until(Wall(100_000));
    agent.handle(now(0), Input::Connected { conn: 2, peer });
    let jumped = |wall: i64, secs: u64| Now {
        wall: Wall(wall),
        mono: Mono(Duration::from_secs(secs)),
    };
    // Back: what was due is not over, and is looked at again when it will be.
    assert!(agent.handle_timeout(jumped(50_000, 101)).is_empty());
    let due = agent.poll_timeout().map(|(at, _)| at);
    assert_eq!(due, Some(Mono(Duration::from_secs(101 + 51))));
    assert_eq!(
        words(&agent.handle_timeout(jumped(101_000, 102))),
        "close:expired"
    );
}

#[test]
fn nothing_signed_is_carried_out_outside_its_window_whatever_the_clock_says() {
    // Signed at 0 for a minute; 30 s of skew are allowed.
    let mut executed = Vec::new();
    for hours in -12_i64..=12 {
        let wall = Wall(hours * 2 * 3_600_000);
        let mut agent = agent_with(Role::Operator);
        let open = Open {
            stream: StreamKind::Request,
        };
        say(&mut agent, AT, &open);
        let envelope = sealed(&shell(1));
        let at = Now {
            wall,
            mono: Mono::default(),
        };
        let effects = agent.handle(at, Input::Envelope { at: AT, envelope });
        if words(&effects).ends_with("begin") {
            executed.push(hours);
            continue;
        }
        let text = failure_of(&effects).text;
        assert!(text.contains("clock") || hours < 0, "{hours}: {text}");
    }
    assert_eq!(executed, [0]);
}
