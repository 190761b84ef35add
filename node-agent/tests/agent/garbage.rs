//! Bytes that are no conversation: each costs its own stream and nothing else.

use hailer_protocol::codec;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::expr::{Expr, UnaryOp};
use hailer_protocol::message::{Kind, Message, Open, StreamKind};
use hailer_protocol::row_plan::{ParseAs, RowPlan, RowStep};
use hailer_protocol::value::Value;

use crate::support::{Client, End, Node, bytes_of, shell};

/// Deterministic, so that a failure can be replayed from its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("small")
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// Bytes that begin like a conversation, more or less. None of them can be a whole command.
fn stream(random: &mut Random) -> Vec<u8> {
    let kind = StreamKind::ALL[random.below(StreamKind::ALL.len())];
    let open = bytes_of(&Open { stream: kind });
    let noise_len = random.below(300);
    let noise = random.bytes(noise_len);
    match random.below(5) {
        0 => noise,
        1 => [open, noise].concat(),
        // A well framed body that is no message.
        2 => {
            let kind = Kind::ALL[random.below(Kind::ALL.len())];
            [open, Envelope::new(kind, noise).to_bytes()].concat()
        }
        // A run whose bytes were hit.
        3 => {
            let mut run = bytes_of(&shell("true"));
            let at = random.below(run.len());
            run.truncate(at);
            [open, run].concat()
        }
        // A length beyond all bounds.
        _ => [open, vec![16, 0, 0, 0, 255, 255, 255, 255], noise].concat(),
    }
}

async fn finished(client: &Client, bytes: &[u8]) -> End {
    let mut asked = client.send(bytes).await;
    let _ = asked.send.finish();
    asked.answer().await.end
}

#[tokio::test]
async fn a_thousand_streams_of_noise_leave_the_connection_and_the_agent_whole() {
    let seed = 0x5eed_0001_u64;
    println!("seed {seed:#x}");
    let mut random = Random(seed);
    let node = Node::start();
    let client = node.operator().await;
    for round in 0..20 {
        let mut asked = Vec::new();
        for _ in 0..50 {
            let mut stream = client.send(&stream(&mut random)).await;
            let _ = stream.send.finish();
            asked.push(stream);
        }
        for asked in asked {
            let end = asked.answer().await.end;
            assert!(!matches!(end, End::Done(_)), "round {round}: {end:?}");
        }
    }
    assert_eq!(client.out_of("echo here").await, "here\n");
    assert!(client.connection.close_reason().is_none());
}

#[tokio::test]
async fn each_kind_of_wrong_bytes_is_told_apart() {
    let node = Node::start();
    let client = node.operator().await;
    let open = bytes_of(&Open {
        stream: StreamKind::Request,
    });
    let run = bytes_of(&shell("touch ran"));
    let unknown = [open.clone(), vec![0xff, 0xff, 0, 0, 0, 0, 0, 0]].concat();
    let oversized = [open.clone(), vec![16, 0, 0, 0, 1, 0, 16, 0]].concat();
    let bad_header = [open.clone(), vec![16, 0, 9, 0, 0, 0, 0, 0]].concat();
    let left_over = {
        let mut body = shell("touch ran").to_envelope().expect("small").body;
        body.push(0);
        [open.clone(), Envelope::new(Kind::Run, body).to_bytes()].concat()
    };
    for (what, bytes, code) in [
        ("no open", run.clone(), ErrorCode::MALFORMED),
        (
            "two opens",
            [open.clone(), open.clone()].concat(),
            ErrorCode::MALFORMED,
        ),
        ("an unknown message", unknown, ErrorCode::UNSUPPORTED),
        ("a length over the bound", oversized, ErrorCode::MALFORMED),
        (
            "a header of no known form",
            bad_header,
            ErrorCode::MALFORMED,
        ),
        ("bytes behind a run", left_over, ErrorCode::MALFORMED),
    ] {
        let found = match finished(&client, &bytes).await {
            End::Failed(failed) => failed.code,
            End::Refused(refused) => refused.code,
            other @ (End::Done(_) | End::Silent) => panic!("{what}: {other:?}"),
        };
        assert_eq!(found, code, "{what}");
    }
    let truncated = [open, run[..run.len() - 1].to_vec()].concat();
    assert_eq!(finished(&client, &truncated).await, End::Silent);
    assert!(!node.path("ran").exists());
    assert_eq!(client.out_of("echo here").await, "here\n");
}

/// A run whose plan nests `not` as deep as an envelope has bytes.
fn bottomless() -> Vec<u8> {
    let null = Expr::Literal(Value::Null);
    let one = Expr::Unary(UnaryOp::Not, Box::new(null.clone()));
    let bytes_of_one = codec::encode(&one).expect("small");
    let not = &bytes_of_one[..bytes_of_one.len() - codec::encode(&null).expect("small").len()];
    let mut run = shell("true");
    run.row_plan = RowPlan {
        steps: vec![RowStep::Parse(ParseAs::Lines), RowStep::Where(one.clone())],
    };
    let body = run.to_envelope().expect("small").body;
    let at = body
        .windows(bytes_of_one.len())
        .position(|w| w == bytes_of_one)
        .expect("it is in there");
    let deep = not.repeat(400_000);
    Envelope::new(Kind::Run, [&body[..at], &deep, &body[at..]].concat()).to_bytes()
}

#[tokio::test]
async fn an_expression_without_a_bottom_does_not_end_the_agent() {
    let node = Node::start();
    let client = node.operator().await;
    let open = bytes_of(&Open {
        stream: StreamKind::Request,
    });
    match finished(&client, &[open, bottomless()].concat()).await {
        End::Failed(failed) => assert!(failed.text.contains("nested deeper"), "{failed:?}"),
        other @ (End::Done(_) | End::Refused(_) | End::Silent) => panic!("{other:?}"),
    }
    assert_eq!(client.out_of("echo here").await, "here\n");
}
