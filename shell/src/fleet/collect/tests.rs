//! What a node may send, what is kept of it, and what is not believed.

use hailer_protocol::clean::NodeBytes;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::message::{Guard, Guards, Held, Message, Open, StreamKind, Usage};
use hailer_protocol::table::Column;
use hailer_protocol::value::DataType;

use super::*;

fn collector() -> Collector {
    Collector::new(Keep::default(), Arc::new(Budget::new(1 << 20)))
}

fn started() -> Started {
    Started {
        pid: Some(7),
        again: false,
    }
}

fn output(offset: u64, text: &str) -> Output {
    Output {
        is_stderr: false,
        offset,
        bytes: NodeBytes(text.as_bytes().to_vec()),
    }
}

fn done(state: State) -> Done {
    Done {
        state,
        rc: Some(0),
        wall_us: 1_500,
        usage: Usage::default(),
        out_bytes: 0,
        err_bytes: 0,
        cut_bytes: 0,
        cut_rows: 0,
        held: Held::default(),
        left_behind: 0,
        notes: Vec::new(),
    }
}

fn batch(columns: &[&str], rows: usize) -> Batch {
    let columns: Vec<_> = columns
        .iter()
        .map(|name| Column::new(*name, DataType::Int))
        .collect();
    let row = vec![Value::Int(1); columns.len()];
    Batch {
        table: Table {
            columns,
            rows: vec![row; rows],
        },
    }
}

fn feed<M: Message>(collector: &mut Collector, message: &M) -> Result<Step, Breach> {
    collector.take(&message.to_envelope().expect("small"), |_| {})
}

#[test]
fn an_answer_holds_what_the_node_said() {
    let mut c = collector();
    assert_eq!(feed(&mut c, &started()), Ok(Step::Started));
    assert_eq!(feed(&mut c, &output(0, "hello ")), Ok(Step::Taken));
    assert_eq!(feed(&mut c, &output(6, "world")), Ok(Step::Taken));
    let end = Done {
        out_bytes: 11,
        notes: vec!["\x1b[31mred".to_owned(); 99],
        ..done(State::Ok)
    };
    assert_eq!(feed(&mut c, &end), Ok(Step::Ended(State::Ok)));
    let answer = c.into_answer(NodeId(3), State::Ok, Duration::from_millis(9), None);
    assert_eq!(answer.out.0, b"hello world");
    assert_eq!(
        (answer.bytes(), answer.ms(), answer.node),
        (11, 9, NodeId(3))
    );
    assert!(!answer.is_truncated());
    assert_eq!(answer.notes.len(), NOTES_MAX);
    assert_eq!(answer.notes[0].as_str(), "\\e[31mred");
}

#[test]
fn an_old_kernels_sandbox_is_told_and_told_once() {
    let mut c = collector();
    let full = Sandboxed {
        guards: Guards(0xfff),
        by_filter: Guards::default(),
    };
    assert_eq!(feed(&mut c, &full), Ok(Step::Taken));
    assert!(matches!(feed(&mut c, &full), Err(Breach::OutOfPlace(_))));
    let answer = c.into_answer(NodeId(3), State::Ok, Duration::ZERO, None);
    assert_eq!((answer.sandboxed, answer.notes.len()), (Some(full), 0));

    let mut c = collector();
    let by_filter = Guards::default().with(Guard::Signals).with(Guard::Sockets);
    let old = Sandboxed { by_filter, ..full };
    assert_eq!(feed(&mut c, &old), Ok(Step::Taken));
    let answer = c.into_answer(NodeId(3), State::Ok, Duration::ZERO, None);
    assert_eq!(
        answer.notes[0].as_str(),
        "the node's kernel is older than Linux 6.12: in the sandbox the filter of system calls stands in for signals, sockets"
    );
}

#[test]
fn what_is_cut_on_the_node_and_here_is_counted_once() {
    let keep = Keep {
        stream_bytes: 4,
        rows: 0,
        passes_on: false,
    };
    let mut c = Collector::new(keep, Arc::new(Budget::new(100)));
    feed(&mut c, &output(0, "abcdef")).expect("in place");
    // The node dropped 94 bytes and says so twice: by the offset and at the end.
    feed(&mut c, &output(100, "xy")).expect("in place");
    let end = Done {
        out_bytes: 102,
        cut_bytes: 94,
        ..done(State::Ok)
    };
    feed(&mut c, &end).expect("in place");
    let answer = c.into_answer(NodeId(0), State::Ok, Duration::ZERO, None);
    assert_eq!(answer.out.0, b"abcd");
    assert_eq!((answer.out_bytes, answer.cut_bytes), (102, 98));
}

#[test]
fn an_answer_that_breaks_off_keeps_what_came() {
    let mut c = collector();
    feed(&mut c, &output(0, "half")).expect("in place");
    let answer = c.into_answer(
        NodeId(0),
        State::Lost,
        Duration::ZERO,
        Some("gone\n".to_owned()),
    );
    assert_eq!(
        (answer.out.0.as_slice(), answer.out_bytes),
        (&b"half"[..], 4)
    );
    assert_eq!(answer.failure.expect("said").as_str(), "gone\\n");
}

#[test]
fn what_does_not_belong_there_is_a_breach() {
    let check = |before: &[Envelope], then: Envelope, expected: &Breach| {
        let mut c = collector();
        for envelope in before {
            c.take(envelope, |_| {}).expect("in place");
        }
        assert_eq!(c.take(&then, |_| {}).as_ref(), Err(expected));
    };
    fn env<M: Message>(message: &M) -> Envelope {
        message.to_envelope().expect("small")
    }
    let end = env(&done(State::Ok));
    check(std::slice::from_ref(&end), end.clone(), &Breach::AfterEnd);
    check(
        &[env(&started())],
        env(&started()),
        &Breach::OutOfPlace("started"),
    );
    check(
        &[env(&output(0, "abc"))],
        env(&output(2, "c")),
        &Breach::Repeated,
    );
    check(
        &[env(&batch(&["a"], 1))],
        env(&batch(&["b"], 1)),
        &Breach::Rows,
    );
    let mut ragged = batch(&["a"], 1);
    ragged.table.rows[0].clear();
    check(&[], env(&ragged), &Breach::Rows);
    // A name that could command a terminal is no name.
    check(&[], env(&batch(&["\x1b]0;x\x07"], 1)), &Breach::Rows);
    check(
        &[],
        env(&done(State::Unreachable)),
        &Breach::State(State::Unreachable),
    );
    let open = Open {
        stream: StreamKind::Request,
    };
    check(&[], env(&open), &Breach::OutOfPlace("open"));
    let garbage = Envelope::new(Kind::Done, vec![0xff; 3]);
    assert!(collector().take(&garbage, |_| {}).is_err());
}

#[test]
fn a_kind_of_a_newer_version_is_skipped() {
    let mut newer = Envelope::new(Kind::Done, vec![1, 2, 3]);
    newer.kind = 0xfff0;
    assert_eq!(collector().take(&newer, |_| {}), Ok(Step::Skipped));
}

#[test]
fn a_failure_has_the_state_of_its_code() {
    let mut c = collector();
    let failed = Failed {
        code: ErrorCode::DENIED,
        text: "policy says no\x07".to_owned(),
    };
    assert_eq!(feed(&mut c, &failed), Ok(Step::Ended(State::Denied)));
    let answer = c.into_answer(NodeId(0), State::Denied, Duration::ZERO, None);
    assert_eq!(
        answer.failure.expect("said").as_str(),
        "policy says no\\x07"
    );
}

#[test]
fn rows_beyond_the_bound_are_counted() {
    let keep = Keep {
        stream_bytes: 0,
        rows: 5,
        passes_on: false,
    };
    let mut c = Collector::new(keep, Arc::new(Budget::new(1 << 20)));
    feed(&mut c, &batch(&["a"], 4)).expect("in place");
    feed(&mut c, &batch(&["a"], 4)).expect("in place");
    let end = Done {
        cut_rows: 10,
        ..done(State::Ok)
    };
    feed(&mut c, &end).expect("in place");
    let answer = c.into_answer(NodeId(0), State::Ok, Duration::ZERO, None);
    assert_eq!(answer.rows.expect("some").rows.len(), 5);
    assert_eq!(answer.cut_rows, 13);
}

#[test]
fn output_is_shown_before_it_is_cut() {
    let mut c = Collector::new(
        Keep {
            stream_bytes: 0,
            rows: 0,
            passes_on: false,
        },
        Arc::new(Budget::new(0)),
    );
    let mut seen = Vec::new();
    let envelope = output(0, "live").to_envelope().expect("small");
    c.take(&envelope, |passing| match passing {
        Passing::Output(o) => seen.extend_from_slice(&o.bytes.0),
        Passing::Rows(_) => panic!("it is output"),
    })
    .expect("in place");
    assert_eq!(seen, b"live");
}

#[test]
fn what_is_passed_on_is_neither_kept_nor_missed_and_may_change_its_columns() {
    let mut c = Collector::new(Keep::nothing(), Arc::new(Budget::new(0)));
    feed(&mut c, &output(0, "hello")).expect("in place");
    let mut seen = Vec::new();
    for columns in [&["a"][..], &["a", "b"]] {
        let envelope = batch(columns, 2).to_envelope().expect("small");
        c.take(&envelope, |passing| match passing {
            Passing::Rows(table) => seen.push((table.columns.len(), table.rows.len())),
            Passing::Output(_) => panic!("they are rows"),
        })
        .expect("in place");
    }
    assert_eq!(seen, [(1, 2), (2, 2)]);
    let end = Done {
        cut_rows: 3,
        ..done(State::Ok)
    };
    feed(&mut c, &end).expect("in place");
    let answer = c.into_answer(NodeId(0), State::Ok, Duration::ZERO, None);
    // What the node could not send is missed all the same.
    assert_eq!(
        (answer.cut_bytes, answer.cut_rows, answer.out_bytes),
        (0, 3, 5)
    );
    assert!(answer.rows.is_none() && answer.out.0.is_empty());
}
