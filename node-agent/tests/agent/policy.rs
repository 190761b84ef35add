//! The owner's policy: what it does not allow is denied, written down, and runs nowhere.

use hailer_protocol::error::ErrorCode;
use hailer_protocol::grant::Grant;
use hailer_protocol::message::{Guard, Life, Probe};
use hailer_protocol::policy::Policy;
use hailer_protocol::state::State;

use crate::support::{Client, End, Node, a_run, own_policy, own_rules, rules, sealed_as, shell};

const READINGS: &str = "allow probe
  to anyone
allow read as nobody
  to anyone
  command id -un
  command cat /etc/hostname
  command sh -c 'id -u'
";

async fn denied(client: &Client, line: &str) -> String {
    let answer = client.run(&shell(line)).await;
    let failed = answer.failed();
    assert_eq!(failed.code, ErrorCode::DENIED, "{failed:?}");
    assert_eq!(failed.code.state(), State::Denied);
    failed.text.clone()
}

#[tokio::test]
async fn a_node_without_a_policy_allows_nothing_at_all() {
    let node = Node::ruled(rules(""));
    let client = node.operator().await;
    let text = denied(&client, "touch ran").await;
    assert!(
        text.contains("no line of the policy allows anybody to run"),
        "{text}"
    );
    for probe in [
        Probe::Facts(Vec::new()),
        Probe::Metric("load1".to_owned()),
        Probe::Runs,
    ] {
        let answer = client.run(&a_run(probe)).await;
        assert_eq!(answer.failed().code, ErrorCode::DENIED);
    }
    assert!(!node.path("ran").exists());
}

#[tokio::test]
async fn what_was_signed_with_another_policy_in_view_is_denied() {
    let node = Node::start();
    let client = node.operator().await;
    let (own, _) = Policy::parse(&own_policy());
    let (other, _) = Policy::parse(READINGS);
    for (seen, runs) in [(other.version(), false), (own.version(), true)] {
        let envelope = sealed_as(client.signer(), "web1", &shell("touch ran"), |s| {
            s.policy = Some(seen);
        });
        let answer = client.hand_in(&envelope).await.answer().await;
        assert_eq!(matches!(answer.end, End::Done(_)), runs, "{answer:?}");
        if !runs {
            let text = &answer.failed().text;
            assert!(text.contains("this node goes by another"), "{text}");
        }
        assert_eq!(node.path("ran").exists(), runs);
    }
}

#[tokio::test]
async fn who_may_read_and_not_run_reads_in_the_sandbox_as_somebody_else() {
    let node = Node::ruled(rules(READINGS));
    let client = node.operator().await;
    let answer = client.run(&shell("id -un")).await;
    match &answer.end {
        End::Done(done) => {
            assert_eq!(
                (done.state, answer.out_text().as_str()),
                (State::Ok, "nobody\n")
            );
        }
        End::Failed(failed) if failed.code == ErrorCode::SPAWN => {
            println!("skipped: this machine has no sandbox: {}", failed.text);
            return;
        }
        other @ (End::Failed(_) | End::Refused(_) | End::Silent) => panic!("{other:?}"),
    }
    let told = denied(&client, "uname -a").await;
    assert!(
        told.contains("to run") && told.contains("as a reading: "),
        "{told}"
    );
    assert!(!told.contains("web1"), "all nodes say the same: {told}");
    // What it may not read it does not read, and a shell's syntax is no reading.
    for line in [
        "id -un; touch ran",
        "touch ran",
        "id -un && touch ran",
        "id $(touch ran)",
    ] {
        denied(&client, line).await;
    }
    assert!(!node.path("ran").exists());
}

#[tokio::test]
async fn who_asks_for_a_reading_gets_one_also_if_more_is_allowed() {
    let node = Node::ruled(own_rules(
        "allow read as nobody\n  to anyone\n  command id -un\n",
    ));
    let client = node.operator().await;
    for (line, reads) in [("id -un", true), ("touch ran", false)] {
        let run = shell(line);
        let envelope = sealed_as(client.signer(), "web1", &run, |s| {
            s.action.grant = Grant::Read
        });
        let answer = client.hand_in(&envelope).await.answer().await;
        match &answer.end {
            End::Done(_) => {
                assert_eq!((reads, answer.out_text().as_str()), (true, "nobody\n"));
                let told = answer.sandboxed.expect("what held").guards;
                assert!(told.contains(Guard::Files) && told.contains(Guard::SystemCalls));
            }
            End::Failed(failed) if failed.code == ErrorCode::SPAWN => {
                println!("skipped: this machine has no sandbox: {}", failed.text);
            }
            End::Failed(failed) => assert_eq!((reads, failed.code), (false, ErrorCode::DENIED)),
            other @ (End::Refused(_) | End::Silent) => panic!("{other:?}"),
        }
    }
    assert!(!node.path("ran").exists());
}

#[tokio::test]
async fn demands_of_the_policy_are_told_and_met_by_what_is_signed() {
    let strict = "allow run as USER\n  to anyone\n  needs reason\n  needs at most 1 nodes\n  needs narrower than 50%\n";
    let user = own_user();
    let node = Node::ruled(rules(&strict.replace("USER", &user)));
    let client = node.operator().await;
    let text = denied(&client, "touch ran").await;
    assert!(
        text.contains("but: it needs a reason; it needs less"),
        "{text}"
    );
    let run = shell("touch ran");
    let reason =
        |s: &mut hailer_protocol::signing::Statement| s.reason = Some("disk full".to_owned());
    let narrow = sealed_as(client.signer(), "web1", &run, reason);
    let answer = client.hand_in(&narrow).await.answer().await;
    assert!(answer.failed().text.contains("1 of 1 nodes"), "{answer:?}");
    let run = shell("touch ran");
    let envelope = sealed_as(client.signer(), "web1", &run, |s| {
        s.reason = Some("disk full".to_owned());
        s.targets.fleet = 10;
    });
    client.hand_in(&envelope).await.answer().await.done();
    assert!(node.path("ran").exists());
}

#[tokio::test]
async fn a_user_who_is_not_granted_is_not_run_as() {
    let node = Node::ruled(own_rules(""));
    let client = node.operator().await;
    let run = shell("id -un");
    let envelope = sealed_as(client.signer(), "web1", &run, |s| {
        s.action.run_as = Some("daemon".to_owned());
    });
    let answer = client.hand_in(&envelope).await.answer().await;
    assert_eq!(answer.failed().code, ErrorCode::DENIED);

    let node = Node::ruled(own_rules("allow run as daemon\n  to anyone\n"));
    let client = node.operator().await;
    let envelope = sealed_as(client.signer(), "web1", &run, |s| {
        s.action.run_as = Some("daemon".to_owned());
    });
    let answer = client.hand_in(&envelope).await.answer().await;
    if rustix::process::getuid().is_root() {
        answer.done();
        assert_eq!(answer.out_text(), "daemon\n");
    } else {
        assert_eq!(answer.failed().code, ErrorCode::SPAWN);
    }
}

#[tokio::test]
async fn another_operator_learns_nothing_of_a_run_by_its_id() {
    let node = Node::start();
    let ann = node.operator_called("ann").await;
    let bob = node.operator_called("bob").await;
    let run = shell("echo secret");
    ann.run(&run).await.done();
    let answer = bob.run(&run).await;
    assert_eq!(answer.failed().code, ErrorCode::RUN_ID);
    assert!(answer.out.is_empty());
}

#[tokio::test]
async fn rules_that_change_hold_from_the_next_request_on() {
    let node = Node::ruled(own_rules(""));
    let client = node.operator().await;
    let mut detached = shell("while [ ! -e go ]; do sleep 0.01; done; echo x > finished");
    detached.life = Life::Detached;
    let mut under_way = client.ask(&detached).await;
    under_way
        .expect::<hailer_protocol::message::Started>()
        .await;
    node.host.set_rules(rules("allow probe\n  to anyone\n"));
    denied(&client, "touch ran").await;
    assert!(!node.path("ran").exists());
    // What was begun before ends as it was allowed to.
    node.touch("go");
    under_way.answer().await.done();
    assert_eq!(node.read("finished"), "x\n");
}

fn own_user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").expect("users");
    let mut own = passwd.lines().filter_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        (fields.get(2) == Some(&uid.as_str())).then(|| fields[0].to_owned())
    });
    own.next().expect("a user with a name")
}
