//! The bytes of every record, written down: they lie in nodes' journals, and the next version reads them.
//!
//! `tests/data/engine_records.txt` holds one line a sample: its name and its bytes in hexadecimal. A new
//! variant gets a new line (run with `UPDATE_EXPECTED=1`, which only ever appends).

use std::fmt::Write as _;

use hailer_protocol::automation::{AutomationName, Muted};
use hailer_protocol::codec;
use hailer_protocol::engine::{AttemptId, DeedOutcome, OpenAttempt, PageWhy, Record, Tried, Whose};
use hailer_protocol::time::Wall;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/engine_records.txt");

#[expect(clippy::too_many_lines, reason = "a table: every variant once")]
fn samples() -> Vec<Record> {
    let automation = AutomationName::new("disk-full").expect("a name");
    let whose = Whose {
        automation: automation.clone(),
        key: "/var".to_owned(),
    };
    let (episode, at, id) = (7, Wall(1_800_000_000_000), AttemptId([9; 16]));
    let tried = |outcome| Tried {
        step: 1,
        attempt: 2,
        outcome,
    };
    let of = Muted {
        automation: automation.clone(),
        key: Some("/var".to_owned()),
    };
    let reason = "maintenance".to_owned();
    let attempt = OpenAttempt {
        id,
        step: 1,
        attempt: 2,
        is_repeatable: true,
    };
    let outcomes = [
        DeedOutcome::Exited { rc: -1 },
        DeedOutcome::TimedOut,
        DeedOutcome::Killed,
        DeedOutcome::NotStarted {
            why: "no such user".to_owned(),
        },
        DeedOutcome::Unknown,
    ];
    let whys = [
        PageWhy::Fires,
        PageWhy::Exhausted,
        PageWhy::Ambiguous,
        PageWhy::Unanswered,
        PageWhy::Approval,
        PageWhy::Flapping,
        PageWhy::Storm,
        PageWhy::Rejected,
    ];
    let mut all = vec![
        Record::Intent {
            whose: whose.clone(),
            episode,
            id,
            number: 3,
            step: 1,
            attempt: 2,
            is_repeatable: false,
            at,
        },
        Record::Cleared {
            whose: whose.clone(),
            episode,
            at,
        },
        Record::Flapping {
            whose: whose.clone(),
            is_on: true,
            at,
        },
        Record::Storm {
            automation,
            episode,
            at,
        },
        Record::Muted {
            of: of.clone(),
            until: Some(at),
            reason: reason.clone(),
        },
        Record::Unmuted(of),
        Record::Paused {
            until: None,
            reason,
        },
        Record::Resumed,
        Record::ClockMoved { by_ms: -86_400_000 },
        Record::Reserved {
            whose: whose.clone(),
            at,
        },
        Record::Open {
            whose: whose.clone(),
            episode,
            attempt: Some((attempt, false)),
            escalated: None,
            tried: vec![tried(DeedOutcome::Killed)],
            at,
        },
        Record::Numbers {
            episode,
            attempt: 3,
        },
    ];
    all.extend(outcomes.map(|outcome| Record::Outcome {
        whose: whose.clone(),
        id,
        tried: tried(outcome),
        at,
    }));
    all.extend(whys.map(|why| Record::Escalated {
        whose: whose.clone(),
        episode,
        why,
        at,
    }));
    all
}

#[test]
fn records_are_the_bytes_that_were_written_down() {
    let golden = std::fs::read_to_string(FILE).unwrap_or_default();
    let mut new = String::new();
    for (i, record) in samples().iter().enumerate() {
        let bytes = codec::encode(record).expect("a small one");
        assert_eq!(codec::decode::<Record>(&bytes).as_ref(), Ok(record));
        let hex = bytes.iter().fold(String::new(), |mut hex, b| {
            write!(hex, "{b:02x}").expect("text has room");
            hex
        });
        let name = format!("{i:02}");
        match golden
            .lines()
            .find_map(|l| l.strip_prefix(&format!("{name} ")))
        {
            Some(line) => assert_eq!(line, hex, "{record:?}"),
            None => writeln!(new, "{name} {hex}").expect("text has room"),
        }
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(FILE, golden + &new).expect("the file can be written");
    } else {
        assert!(new.is_empty(), "no golden bytes yet for:\n{new}");
    }
}
