//! The keeper's office over real transactions, with an injected clock.

use std::sync::{Barrier, Mutex};
use std::time::Duration;

use hailer_identity::{Authority, KeyRequest, Validity, identity_of};
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::message::{EnrolAsk, Enrolled, RenewAsk};
use hailer_protocol::revocation::{
    ListSigner, REVOCATION_VERSION, RevocationList, Revocations, Revoked,
};
use hailer_protocol::time::Wall;
use hailer_protocol::token::Token;
use tempfile::TempDir;

use super::enrolment::Reason;
use super::{NewToken, Office, Refusal, Store};

const NOW: Wall = Wall(1_800_000_000_000);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// A keeper's directory: an authority, and a store on a disk.
struct Keeper {
    dir: TempDir,
    cert: String,
    key: String,
}

impl Keeper {
    fn new() -> Self {
        let end = NOW + HOUR * 24 * 365;
        let root = Authority::generate_root(name("demo"), Wall(NOW.0 - 1_000), end);
        let span = Validity {
            not_before: Wall(NOW.0 - 1_000),
            not_after: end,
        };
        let root = root.expect("a root");
        let issuer = root.issuer(hailer_protocol::role::Role::Node, span);
        let issuer = issuer.expect("an issuer");
        Self {
            dir: TempDir::new().expect("a temporary directory"),
            cert: issuer.cert_pem().to_owned(),
            key: issuer.key_pem(),
        }
    }

    fn store(&self) -> Store {
        Store::open(&self.dir.path().join("keeper.db")).expect("a store")
    }

    /// Opens the office, as a keeper does that starts.
    fn office(&self) -> Office {
        let signer = Authority::from_pem(&self.cert, &self.key).expect("its own");
        Office::open(self.store(), signer, Vec::new()).expect("its own store")
    }

    fn token(&self, node: &str, mark: u32) -> Token {
        self.token_at(NOW, node, mark)
    }

    fn token_at(&self, now: Wall, node: &str, mark: u32) -> Token {
        let mut bytes = [0xa5; 32];
        bytes[..4].copy_from_slice(&mark.to_le_bytes());
        let token = Token::from_random(bytes);
        let row = NewToken {
            hash: token.hash(),
            node: name(node),
            not_after: now + HOUR,
        };
        self.store().add_tokens(now, &[row]).expect("kept");
        token
    }
}

fn ask(node: &str, token: &Token) -> EnrolAsk {
    EnrolAsk {
        name: name(node),
        token: token.clone(),
        request: KeyRequest::generate().expect("random").request_der,
    }
}

fn reason(answer: Result<Enrolled, Refusal>) -> Reason {
    match answer {
        Err(Refusal::Reason(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_token_enrols_one_of_a_thousand_who_ask_at_once() {
    // A hundred rounds with HAILER_LONG=1.
    let rounds = if std::env::var_os("HAILER_LONG").is_some() {
        100
    } else {
        5
    };
    let keeper = Keeper::new();
    let offices: Vec<Mutex<Office>> = (0..8).map(|_| Mutex::new(keeper.office())).collect();
    let request = KeyRequest::generate().expect("random").request_der;
    for round in 0..rounds {
        let token = keeper.token("web1", round);
        let ask = EnrolAsk {
            name: name("web1"),
            token,
            request: request.clone(),
        };
        let start = Barrier::new(1_000);
        let given = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..1_000)
                .map(|n: usize| {
                    let (offices, ask, start) = (&offices, &ask, &start);
                    scope.spawn(move || {
                        start.wait();
                        // Eight connections to one file, as of so many processes.
                        let office = &offices[n % offices.len()];
                        let answer = office.lock().expect("no panic").enrol(NOW, ask);
                        match answer {
                            Ok(_) => 1,
                            Err(Refusal::Reason(Reason::UsedToken(_))) => 0,
                            Err(other) => panic!("{other}"),
                        }
                    })
                })
                .collect();
            asking
                .into_iter()
                .map(|a| a.join().expect("no panic"))
                .sum::<u32>()
        });
        assert_eq!(given, 1, "round {round}");
    }
}

#[test]
fn a_token_is_used_up_across_restarts() {
    let keeper = Keeper::new();
    let token = keeper.token("web1", 0);
    let enrolled = keeper
        .office()
        .enrol(NOW, &ask("web1", &token))
        .expect("fresh");
    let who = identity_of(&enrolled.chain[0]).expect("an identity");
    assert_eq!(who.to_string(), "spiffe://demo/node/web1");
    let again = keeper.office().enrol(NOW, &ask("web1", &token));
    assert_eq!(reason(again), Reason::UsedToken(name("web1")));
}

#[test]
fn what_was_refused_has_not_used_the_token_up() {
    let keeper = Keeper::new();
    let token = keeper.token("web1", 0);
    let mut office = keeper.office();
    let late = NOW + HOUR + Duration::from_secs(1);
    assert_eq!(
        reason(office.enrol(late, &ask("web1", &token))),
        Reason::ExpiredToken(name("web1"))
    );
    assert!(matches!(
        reason(office.enrol(NOW, &ask("web2", &token))),
        Reason::OtherNode { .. }
    ));
    let stranger = Token::from_random([0; 32]);
    assert_eq!(
        reason(office.enrol(NOW, &ask("web1", &stranger))),
        Reason::UnknownToken
    );
    let good = ask("web1", &token);
    let mut cut = good.request.clone();
    cut.pop();
    let mut forged = good.request.clone();
    *forged.last_mut().expect("not empty") ^= 1;
    for request in [Vec::new(), vec![0x30; 100], vec![0; 20_000], cut, forged] {
        let bad = EnrolAsk {
            request,
            ..good.clone()
        };
        let answer = office.enrol(NOW, &bad);
        assert!(matches!(answer, Err(Refusal::Signing(_))), "{answer:?}");
    }
    office
        .enrol(NOW + HOUR, &good)
        .expect("it is good to its end");
}

#[test]
fn whoever_is_refused_learns_nothing_of_why() {
    let keeper = Keeper::new();
    let token = keeper.token("web1", 0);
    let mut office = keeper.office();
    let wrong_name = office.enrol(NOW, &ask("web2", &token));
    let expired = office.enrol(NOW + HOUR * 2, &ask("web1", &token));
    let unknown = office.enrol(NOW, &ask("web1", &Token::from_random([0; 32])));
    let bad = EnrolAsk {
        request: vec![1],
        ..ask("web1", &token)
    };
    let malformed = office.enrol(NOW, &bad);
    office.enrol(NOW, &ask("web1", &token)).expect("fresh");
    let used = office.enrol(NOW, &ask("web1", &token));
    let told: Vec<_> = [wrong_name, expired, unknown, malformed, used]
        .into_iter()
        .map(|answer| answer.expect_err("refused").told(false))
        .collect();
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[test]
fn a_name_that_enrols_again_begins_anew_and_the_old_certificate_gets_no_other() {
    let keeper = Keeper::new();
    let mut office = keeper.office();
    let renew = RenewAsk {
        request: KeyRequest::generate().expect("random").request_der,
    };
    let first = office
        .enrol(NOW, &ask("web1", &keeper.token("web1", 1)))
        .expect("fresh");
    let renewed = office
        .renew(NOW + HOUR, &first.chain, &renew)
        .expect("enrolled");
    let second = office
        .enrol(NOW + HOUR, &ask("web1", &keeper.token("web1", 2)))
        .expect("fresh");
    for old in [&first, &renewed] {
        let answer = office.renew(NOW + HOUR, &old.chain, &renew);
        assert_eq!(reason(answer), Reason::Ended(name("web1")));
    }
    office
        .renew(NOW + HOUR, &second.chain, &renew)
        .expect("enrolled");

    let unused = keeper.token("web1", 3);
    let nodes: [NodeName; 2] = [name("web1"), name("web9")];
    assert_eq!(
        keeper.store().forget(NOW + HOUR, &nodes).expect("written"),
        [name("web9")]
    );
    let answer = office.renew(NOW + HOUR, &second.chain, &renew);
    assert_eq!(reason(answer), Reason::Ended(name("web1")));
    let answer = office.enrol(NOW, &ask("web1", &unused));
    assert_eq!(reason(answer), Reason::UnknownToken);
}

#[test]
fn who_is_revoked_gets_no_certificate_and_only_a_token_made_since_enrols_again() {
    let keeper = Keeper::new();
    let mut office = keeper.office();
    let renew = RenewAsk {
        request: KeyRequest::generate().expect("random").request_der,
    };
    let mut given = |node: &str, mark| {
        let token = keeper.token(node, mark);
        office.enrol(NOW, &ask(node, &token)).expect("fresh")
    };
    let (one, two) = (given("web1", 1), given("web2", 2));
    let identity = identity_of(&one.chain[0]).expect("a name");
    let moment = NOW + HOUR / 2;
    let list = RevocationList {
        version: REVOCATION_VERSION,
        fleet: name("demo"),
        number: 1,
        issued_at: moment,
        next_update: moment + HOUR,
        revoked: vec![Revoked::Before {
            identity: identity.clone(),
            moment,
        }],
    };
    let mut lists = Revocations::default();
    lists
        .take(moment, ListSigner::Authority, list)
        .expect("newer");
    office.obey(lists);
    let refused = Reason::Revoked(identity);
    // Neither with the certificate nor with a token, as long as what it got would be revoked.
    let answer = office.renew(NOW + HOUR, &one.chain, &renew);
    assert_eq!(reason(answer), refused);
    let (before, since) = (keeper.token("web1", 3), keeper.token_at(moment, "web1", 4));
    for token in [&before, &since] {
        let answer = office.enrol(moment, &ask("web1", token));
        assert_eq!(reason(answer), refused);
    }
    // A token that was out when its name was revoked enrols nobody ever again. One that was made since
    // is not used up by having come too early.
    let later = moment + HOUR / 4;
    let answer = office.enrol(later, &ask("web1", &before));
    assert_eq!(reason(answer), Reason::RevokedToken(name("web1")));
    office.enrol(later, &ask("web1", &since)).expect("anew");
    office
        .renew(later, &two.chain, &renew)
        .expect("somebody else");
}

#[test]
fn a_store_is_one_fleets_and_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let keeper = Keeper::new();
    keeper.office();
    let other = Authority::generate(name("other"), Wall(0), NOW).expect("an authority");
    let error = Office::open(keeper.store(), other, Vec::new()).expect_err("another fleet's");
    assert!(
        error.to_string().contains("belongs to the fleet `demo`"),
        "{error}"
    );
    let path = keeper.dir.path().join("keeper.db");
    let mode = std::fs::metadata(&path)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("mine");
    let error = Store::open(&path).expect_err("open to others").to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[test]
fn a_store_holds_no_token() {
    let keeper = Keeper::new();
    let token = keeper.token("web1", 7);
    keeper.office();
    let text = token.reveal();
    let digits = text.rsplit('-').next().expect("digits");
    let secret: hailer_protocol::ids::Digest = digits.parse().expect("digits");
    for entry in std::fs::read_dir(keeper.dir.path()).expect("there") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("readable");
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
        assert!(!holds(&secret.0) && !holds(digits.as_bytes()));
    }
}
