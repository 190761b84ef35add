//! Answers that break the protocol: each costs the node its own answer, and nobody anything else.

use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::ids::Digest;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{
    Batch, Fetch, Kind, Open, Output, OutputDigest, Started, StreamKind,
};
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};

use crate::node::{NODES, Nodes, Stream, bytes_of, column, done, started};
use crate::scan::harmless;

/// The most memory that `hailer` may ever have, whatever nodes send.
const MEMORY_MAX: u64 = 512 << 20;

/// A lie: what it is called, what is sent, and whether it goes on until somebody has enough.
struct Lie {
    name: &'static str,
    bytes: fn() -> Vec<u8>,
    is_endless: bool,
    /// What becomes of the nodes.
    state: &'static str,
}

const fn lie(name: &'static str, state: &'static str, bytes: fn() -> Vec<u8>) -> Lie {
    Lie {
        name,
        bytes,
        is_endless: false,
        state,
    }
}

const fn endless(name: &'static str, state: &'static str, bytes: fn() -> Vec<u8>) -> Lie {
    Lie {
        name,
        bytes,
        is_endless: true,
        state,
    }
}

const LIES: &[Lie] = &[
    lie("nothing", "lost", Vec::new),
    lie("noise", "lost", || vec![0xff; 4096]),
    lie("a length beyond all bounds", "lost", || {
        vec![18, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]
    }),
    lie("a length that never comes", "lost", || {
        vec![18, 0, 0, 0, 0, 0, 8, 0, 1, 2, 3]
    }),
    lie("a header of no known form", "lost", || {
        vec![18, 0, 9, 9, 0, 0, 0, 0]
    }),
    lie("started twice", "lost", || {
        [bytes_of(&started()), bytes_of(&started())].concat()
    }),
    lie("the end twice", "lost", || {
        [
            bytes_of(&started()),
            bytes_of(&done(State::Ok)),
            bytes_of(&done(State::Ok)),
        ]
        .concat()
    }),
    lie("half an envelope behind the end", "lost", || {
        [
            bytes_of(&started()),
            bytes_of(&done(State::Ok)),
            vec![18, 0, 0],
        ]
        .concat()
    }),
    lie("output behind the end", "lost", || {
        [bytes_of(&done(State::Ok)), bytes_of(&output(0, b"more"))].concat()
    }),
    lie("no end", "lost", || bytes_of(&started())),
    lie("output that comes again", "lost", || {
        [bytes_of(&output(0, b"abc")), bytes_of(&output(1, b"bc"))].concat()
    }),
    lie("output from the end of the world", "ok", || {
        [bytes_of(&output(u64::MAX, b"")), bytes_of(&done(State::Ok))].concat()
    }),
    lie("output beyond the end of the world", "lost", || {
        [
            bytes_of(&output(u64::MAX - 1, b"abc")),
            bytes_of(&output(0, b"")),
            bytes_of(&done(State::Ok)),
        ]
        .concat()
    }),
    lie("a state that it cannot know", "lost", || {
        bytes_of(&done(State::Denied))
    }),
    lie("a shell's message", "lost", || {
        bytes_of(&Open {
            stream: StreamKind::Request,
        })
    }),
    lie("a fetch of another's run", "lost", || {
        bytes_of(&Fetch {
            run: RunId([9; 16]),
            digest: Digest::of(b"x"),
        })
    }),
    lie("a digest that nobody asked for", "lost", || {
        bytes_of(&OutputDigest {
            is_stderr: false,
            bytes: u64::MAX,
            digest: Digest::of(b"x"),
        })
    }),
    lie("a message that is not known", "ok", || {
        let unknown = Envelope {
            kind: 0xfffe,
            ..Envelope::new(Kind::Done, vec![1; 1000])
        };
        [unknown.to_bytes(), bytes_of(&done(State::Ok))].concat()
    }),
    lie("an end that is no end", "lost", || {
        Envelope::new(Kind::Done, vec![0xff; 40]).to_bytes()
    }),
    lie("rows that do not fit their columns", "lost", || {
        batch(vec![column("a")], vec![vec![Value::Null, Value::Null]])
    }),
    lie("a column called like a control function", "lost", || {
        batch(vec![column("\x1b[2J")], vec![vec![Value::Null]])
    }),
    lie("a column called like SQL", "lost", || {
        batch(
            vec![column("a\" from it; drop table it; --")],
            vec![vec![Value::Null]],
        )
    }),
    lie("two columns of one name", "lost", || {
        batch(
            vec![column("a"), column("a")],
            vec![vec![Value::from("x"), Value::from("y")]],
        )
    }),
    lie("columns that change", "lost", || {
        [
            batch(vec![column("a")], vec![vec![Value::Null]]),
            batch(vec![column("b")], Vec::new()),
        ]
        .concat()
    }),
    lie("a thousand columns", "lost", || {
        let columns = (0..1000).map(|n| Column::new(format!("c{n}"), DataType::Str));
        batch(columns.collect(), Vec::new())
    }),
    lie("text in a column of numbers", "ok", || {
        let columns = vec![Column::new("a", DataType::Int)];
        let rows = vec![vec![Value::from("\x1b[2J")], vec![Value::Float(f64::NAN)]];
        [batch(columns, rows), bytes_of(&done(State::Ok))].concat()
    }),
    lie("numbers at their ends", "ok", || {
        let end = Value::Int(i64::MIN);
        let types = [
            DataType::Int,
            DataType::Size,
            DataType::Duration,
            DataType::Time,
        ];
        let columns = types
            .iter()
            .zip(["a", "b", "c", "d"])
            .map(|(t, n)| Column::new(n, *t));
        let row = vec![
            end,
            Value::Size(i64::MIN),
            Value::Duration(i64::MIN),
            Value::Time(i64::MIN),
        ];
        [
            batch(columns.collect(), vec![row]),
            bytes_of(&done(State::Ok)),
        ]
        .concat()
    }),
    lie("counts that cannot be", "ok", || {
        let mut end = done(State::Ok);
        (end.out_bytes, end.err_bytes) = (u64::MAX, u64::MAX);
        (end.cut_bytes, end.cut_rows) = (u64::MAX, u64::MAX);
        (end.wall_us, end.left_behind) = (u64::MAX, u32::MAX);
        (end.rc, end.notes) = (Some(i32::MIN), vec![String::new(); 100_000]);
        bytes_of(&end)
    }),
    lie("again, though it never was", "ok", || {
        let again = Started {
            pid: Some(0),
            again: true,
        };
        [bytes_of(&again), bytes_of(&done(State::Ok))].concat()
    }),
    // What is known of a node is known of each of its rows, and is there once.
    lie("much output beside many rows", "ok", || {
        let rows = batch(vec![column("a")], vec![vec![Value::Null]; 1000]);
        let text = bytes_of(&output(0, &[b'x'; 32 << 10]));
        [text, rows.repeat(30), bytes_of(&done(State::Ok))].concat()
    }),
    endless("rows without end", "lost", || {
        batch(wide(), vec![wide_row(); 300])
    }),
    endless("long texts in rows without end", "lost", || {
        batch(
            vec![column("a")],
            vec![vec![Value::from("x".repeat(1000))]; 200],
        )
    }),
    endless("narrow rows without end", "lost", || {
        batch(vec![column("a")], vec![vec![Value::Null]; 1000])
    }),
    endless("empty rows without end", "lost", || {
        batch(Vec::new(), vec![Vec::new(); 1000])
    }),
    endless("one output again and again", "lost", || {
        bytes_of(&output(0, &[b'x'; 32 << 10]))
    }),
    endless("empty output without end", "lost", || {
        bytes_of(&output(0, b"")).repeat(1000)
    }),
    endless("unknown messages without end", "lost", || {
        let unknown = Envelope {
            kind: 0xfffe,
            ..Envelope::new(Kind::Done, vec![1; 60_000])
        };
        unknown.to_bytes()
    }),
];

fn output(offset: u64, bytes: &[u8]) -> Output {
    Output {
        is_stderr: false,
        offset,
        bytes: NodeBytes(bytes.to_vec()),
    }
}

fn batch(columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Vec<u8> {
    bytes_of(&Batch {
        table: Table { columns, rows },
    })
}

fn wide() -> Vec<Column> {
    (0..64)
        .map(|n| Column::new(format!("c{n}"), DataType::Str))
        .collect()
}

fn wide_row() -> Vec<Value> {
    vec![Value::from("0123456789"); 64]
}

/// Says what lie `number` is, on a request's stream.
pub(crate) async fn tell(stream: &mut Stream, number: usize) {
    let Some(lie) = LIES.get(number) else {
        return;
    };
    let bytes = (lie.bytes)();
    stream.bytes(&bytes).await;
    if lie.is_endless {
        // It says so much that memory would show it, and then holds the line open.
        for _ in 0..(ENDLESS_BYTES / bytes.len().max(1)).min(ENDLESS_ROUNDS) {
            stream.bytes(&bytes).await;
        }
        stream.is_over().await;
    }
}

/// What an endless lie comes to before it waits for its end: more than any bound on an answer.
const ENDLESS_BYTES: usize = 24 << 20;

/// How often it is told at most: of the shortest, this is more than a node may have rows.
const ENDLESS_ROUNDS: usize = 200;

#[test]
fn whoever_breaks_the_protocol_loses_its_answer_and_nothing_else() {
    let nodes = Nodes::start();
    let mut hailer = nodes.hailer().args(["--format", "ndjson", "--keep-going"]);
    let finite = || LIES.iter().enumerate().filter(|(_, lie)| !lie.is_endless);
    for (number, _) in finite() {
        hailer = hailer.line(&format!("lie {number}"));
    }
    // The same, where rows are wanted.
    for (number, _) in finite() {
        hailer = hailer.line(&format!("lie {number} |> parse lines"));
    }
    let ran = hailer.line("fine").run();
    harmless(&ran.out_bytes, &['\n'], "lies");
    harmless(ran.err.as_bytes(), &['\n', '\t'], "lies, errors");
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert!(ran.peak_bytes < MEMORY_MAX, "{} bytes", ran.peak_bytes);
    let records = ran.records();
    let summaries: Vec<_> = records.iter().filter(|r| r["type"] == "summary").collect();
    assert_eq!(summaries.len(), 2 * finite().count() + 1, "{}", ran.err);
    for ((_, lie), summary) in finite().chain(finite()).zip(&summaries) {
        assert_eq!(
            summary["states"][lie.state], NODES,
            "{}: {summary}",
            lie.name
        );
    }
    assert_eq!(
        summaries.last().expect("the last one")["states"]["failed"],
        NODES
    );
}

/// Whether the tests take their full length: a thousand nodes, and time for all of them.
fn is_long() -> bool {
    std::env::var_os("HAILER_LONG").is_some_and(|v| v == "1")
}

#[test]
fn answers_without_end_take_no_memory_without_end() {
    let (count, deadline) = if is_long() {
        (1000, "20s")
    } else {
        (NODES, "2s")
    };
    let nodes = Nodes::of(count);
    let endless = || LIES.iter().enumerate().filter(|(_, lie)| lie.is_endless);
    let tell = |number: usize, lie: &Lie| {
        let ran = nodes
            .hailer()
            .args(["--format", "ndjson", "--deadline", deadline])
            .line(&format!("lie {number} |> parse lines |> count"))
            .run();
        harmless(&ran.out_bytes, &['\n'], lie.name);
        let peak = ran.peak_bytes;
        println!("{}: {} MiB", lie.name, peak >> 20);
        assert!(peak < MEMORY_MAX, "{}: {peak} bytes", lie.name);
        assert_ne!(ran.code, 0, "{}", lie.name);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
    };
    if is_long() {
        endless().for_each(|(number, lie)| tell(number, lie));
        return;
    }
    std::thread::scope(|scope| {
        for (number, lie) in endless() {
            scope.spawn(move || tell(number, lie));
        }
    });
}
