//! What is paged, how often, and what nobody can put into a page.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::automation::AutomationName;
use hailer_protocol::ids::Name;
use hailer_protocol::time::{Mono, Wall};

use super::{
    Desk, Incident, Message, MessageKind, Notice, Outbox, Patient, PatientId, Reported, render,
};

fn at(seconds: u64) -> Mono {
    Mono(Duration::from_secs(seconds))
}

fn wall(seconds: u64) -> Wall {
    Wall(1_700_000_000_000) + Duration::from_secs(seconds)
}

fn desk() -> Desk {
    Desk::new(Name::new("demo").expect("a name"))
}

fn patient(episode: u64) -> Patient {
    let tried = [("systemctl restart x".to_owned(), "failed, rc 1".to_owned())];
    Patient::new((wall(0), episode), "use_pct=97%", "du: 9G /var", &tried)
}

fn notice(automation: &str, node: usize, reported: Reported) -> Notice {
    Notice {
        page: "db-oncall".to_owned(),
        text: "still full".to_owned(),
        automation: AutomationName::new(automation).expect("a name"),
        patient: PatientId {
            node: Name::new(format!("n{node:04}")).expect("a name"),
            key: "/var".to_owned(),
        },
        reported,
    }
}

fn ill(desk: &mut Desk, now: u64, node: usize, episode: u64) {
    let told = notice("disk-full", node, Reported::Escalated(patient(episode)));
    desk.notice(at(now), wall(now), told);
}

fn well(desk: &mut Desk, now: u64, node: usize, episode: u64) {
    let told = notice("disk-full", node, Reported::Cleared { episode });
    desk.notice(at(now), wall(now), told);
}

fn kinds(messages: &[Message]) -> Vec<(MessageKind, usize)> {
    let kinds = messages.iter();
    kinds.map(|m| (m.kind, m.incident.patients.len())).collect()
}

#[test]
fn a_thousand_nodes_within_a_second_are_one_page() {
    let mut desk = desk();
    for node in 0..1_000 {
        ill(&mut desk, 10, node, 1);
        // The same notice again, as after a lost acknowledgement.
        ill(&mut desk, 10, node, 1);
    }
    assert_eq!(kinds(&desk.poll(at(11))), []);
    assert_eq!(desk.poll_timeout(), Some(at(12)));
    assert_eq!(kinds(&desk.poll(at(12))), [(MessageKind::Opened, 1_000)]);
    assert_eq!(kinds(&desk.poll(at(12))), []);
    assert_eq!(desk.poll_timeout(), None, "nothing is new");
}

#[test]
fn what_comes_later_updates_the_page_ever_less_often_and_its_end_is_told_at_once() {
    let mut desk = desk();
    ill(&mut desk, 0, 0, 1);
    assert_eq!(kinds(&desk.poll(at(2))), [(MessageKind::Opened, 1)]);
    ill(&mut desk, 3, 1, 1);
    assert_eq!(kinds(&desk.poll(at(61))), []);
    assert_eq!(kinds(&desk.poll(at(62))), [(MessageKind::Updated, 2)]);
    ill(&mut desk, 63, 2, 1);
    assert_eq!(kinds(&desk.poll(at(181))), []);
    assert_eq!(kinds(&desk.poll(at(182))), [(MessageKind::Updated, 3)]);
    (0..3).for_each(|node| well(&mut desk, 183, node, 1));
    let over = desk.poll(at(183));
    assert_eq!(kinds(&over), [(MessageKind::Resolved, 0)]);
    assert_eq!(over[0].incident.n_cleared, 3);
    assert_eq!(desk.incidents().count(), 0);
    // What begins then is another incident.
    ill(&mut desk, 200, 0, 2);
    let next = desk.poll(at(202));
    assert_ne!(next[0].incident.key, over[0].incident.key);
}

#[test]
fn what_is_well_again_before_anybody_was_called_is_not_told() {
    let mut desk = desk();
    ill(&mut desk, 0, 0, 1);
    well(&mut desk, 1, 0, 1);
    assert_eq!(kinds(&desk.poll(at(5))), []);
    assert_eq!(desk.poll_timeout(), None);
}

#[test]
fn a_late_word_of_an_earlier_episode_ends_nothing() {
    let mut desk = desk();
    ill(&mut desk, 0, 0, 2);
    well(&mut desk, 1, 0, 1);
    ill(&mut desk, 1, 0, 1);
    let told = desk.poll(at(2));
    assert_eq!(kinds(&told), [(MessageKind::Opened, 1)]);
    let patients = &told[0].incident.patients;
    assert!(patients.values().all(|p| p.episode == 2));
}

#[test]
fn more_than_twenty_an_hour_wait_and_are_counted() {
    let mut desk = desk();
    for i in 0..25 {
        let name = format!("a-{i:02}");
        let told = notice(&name, 0, Reported::Escalated(patient(1)));
        desk.notice(at(0), wall(0), told);
    }
    assert_eq!(desk.poll(at(2)).len(), 20);
    assert_eq!(desk.poll(at(1_000)).len(), 0);
    assert_eq!(desk.poll_timeout(), Some(at(3_602)));
    let later = desk.poll(at(3_602));
    assert_eq!(later.len(), 5);
    assert_eq!(
        later[0].incident.n_held_back, 4,
        "beside the one that is told"
    );
    assert!(render::text(&later[0], "n0000").contains("4 more incidents were not paged"));
}

fn message(kind: MessageKind, key: &str) -> Message {
    Message {
        page: "p".to_owned(),
        kind,
        incident: Incident {
            key: key.to_owned(),
            fleet: Name::new("demo").expect("a name"),
            automation: AutomationName::new("disk-full").expect("a name"),
            text: String::new(),
            patients: BTreeMap::new(),
            n_cleared: 0,
            n_held_back: 0,
        },
    }
}

#[test]
fn a_channel_that_fails_holds_no_other_up_and_is_tried_again_ever_later() {
    let mut outbox = Outbox::default();
    for channel in ["bad", "good"] {
        outbox.push(at(0), channel, message(MessageKind::Opened, "a"));
    }
    let due = outbox.due(at(0));
    assert_eq!(due.len(), 2);
    assert_eq!(outbox.due(at(0)), [], "they are under way");
    outbox.sent(due[1].0);
    let mut now = Duration::ZERO;
    let mut pauses = Vec::new();
    for _ in 0..12 {
        assert!(outbox.failed(Mono(now), due[0].0, u64::MAX, false));
        let next = outbox.poll_timeout().expect("it waits").0;
        pauses.push((next - now).as_millis());
        now = next;
        assert_eq!(outbox.due(Mono(now)).len(), 1);
    }
    assert!(pauses.is_sorted_by_key(|p| p / 500), "{pauses:?}");
    assert!((500..=1_000).contains(&pauses[0]), "{pauses:?}");
    assert!((150_000..=300_000).contains(&pauses[11]), "{pauses:?}");
    assert!(
        !outbox.failed(Mono(now), due[0].0, 0, true),
        "refused for good"
    );
    assert_eq!((outbox.poll_timeout(), outbox.dropped()), (None, 1));
}

#[test]
fn a_later_message_takes_the_place_of_one_that_waits() {
    let mut outbox = Outbox::default();
    outbox.push(at(0), "c", message(MessageKind::Opened, "a"));
    outbox.push(at(1), "c", message(MessageKind::Updated, "a"));
    outbox.push(at(1), "c", message(MessageKind::Opened, "b"));
    outbox.push(at(2), "c", message(MessageKind::Resolved, "b"));
    let due = outbox.due(at(2));
    assert_eq!(
        due[0].2.kind,
        MessageKind::Opened,
        "the first that is told of a"
    );
    // It is tried: its end has to be told, since it may have arrived.
    outbox.push(at(3), "c", message(MessageKind::Resolved, "a"));
    outbox.sent(due[0].0);
    let due = outbox.due(at(3));
    assert_eq!(due[0].2.kind, MessageKind::Resolved);
    outbox.sent(due[0].0);
    assert_eq!(outbox.due(at(9)), [], "nobody was told of b");
}

#[test]
fn nothing_that_a_node_says_is_markup_a_header_a_secret_or_endless() {
    let hostile = "<!channel> <http://evil|x>\r\nBcc: all@x\u{1b}[2J password=hunter2";
    let mut desk = desk();
    let long = "x".repeat(1 << 20);
    let tried = [(hostile.to_owned(), long.clone())];
    let it = Patient::new((wall(0), 1), hostile, &long, &tried);
    let mut told = notice("disk-full", 0, Reported::Escalated(it));
    told.patient.key = hostile.to_owned();
    desk.notice(at(0), wall(0), told);
    let message = desk.poll(at(2)).remove(0);
    let nodes = "n0000";
    let slack = render::slack(&message, nodes).to_string();
    assert!(
        !slack.contains("<!channel>") && !slack.contains("<http"),
        "{slack}"
    );
    for shown in [
        render::subject(&message, nodes),
        render::text(&message, nodes),
        render::webhook(&message, nodes).to_string(),
        render::pagerduty(&message, nodes, "key").to_string(),
        render::alertmanager(&message, nodes, wall(1), wall(9)).to_string(),
        slack,
    ] {
        assert!(!shown.contains(['\u{1b}', '\r']), "{shown}");
        assert!(!shown.contains("\nBcc:"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.len() < 10_000, "{} bytes", shown.len());
    }
    assert!(!render::subject(&message, nodes).contains('\n'));
}

#[test]
fn each_kind_of_channel_gets_the_same_identity_from_first_to_last() {
    let mut desk = desk();
    ill(&mut desk, 0, 7, 1);
    let opened = desk.poll(at(2)).remove(0);
    well(&mut desk, 9, 7, 1);
    let resolved = desk.poll(at(9)).remove(0);
    let pagerduty = |m: &Message| render::pagerduty(m, "n0007", "secret");
    let (first, last) = (pagerduty(&opened), pagerduty(&resolved));
    assert_eq!(first["event_action"], "trigger");
    assert_eq!(last["event_action"], "resolve");
    assert_eq!(first["dedup_key"], last["dedup_key"]);
    assert_eq!(
        first["payload"]["summary"],
        "demo: disk-full needs a person on n0007"
    );
    let alert = |m: &Message| render::alertmanager(m, "n0007", wall(9), wall(400))[0].clone();
    let (first, last) = (alert(&opened), alert(&resolved));
    assert_eq!(first["labels"], last["labels"]);
    assert_eq!(first["endsAt"], "2023-11-14T22:20:00Z");
    assert_eq!(last["endsAt"], "2023-11-14T22:13:29Z");
    let text = render::text(&opened, "n0007");
    let expected = "demo: disk-full needs a person on n0007\nstill full\nsince 2023-11-14T22:13:20Z\
        \n\nn0007 /var\n  use_pct=97%\n  tried: systemctl restart x: failed, rc 1\n  > du: 9G /var\
        \n\nlook: automations |> where name = disk-full";
    assert_eq!(text, expected);
}
