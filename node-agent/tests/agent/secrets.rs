//! Secrets in what operators ask for: the operator gets their answer, and no place that others read gets
//! the secret.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use hailer_agent::core::Bounds;
use hailer_agent::journal::Journal;
use hailer_agent::logging::Redacting;
use hailer_agent::state::{State, StateConfig};
use hailer_protocol::message::Probe;
use hailer_protocol::time::Wall;

use crate::support::{Node, a_run, sealed_as, shell};

/// Command lines with a secret each; `{20}` stands for one of so many characters.
const LINES: &str = include_str!("../../../protocol/tests/canaries.txt");

/// A part of every secret, in no text beside.
const CANARY: &str = "Zq7Canary9";

fn lines() -> Vec<String> {
    let fill = |line: &str| {
        let mut text = line.to_owned();
        for n in 20..=40 {
            text = text.replace(&format!("{{{n}}}"), &CANARY.repeat(4)[..n]);
        }
        assert!(text.contains(CANARY), "{line}");
        text
    };
    LINES.lines().map(fill).collect()
}

/// A log that others read.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_kind_of_secret_comes_into_the_journal_the_audit_or_the_agents_log() {
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    let state = State::open(dir.path(), StateConfig::default(), Wall(0)).expect("a state");
    let log = Log::default();
    let to = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || Redacting::new(to.clone()))
        .finish();
    let _logs = tracing::subscriber::set_default(subscriber);
    let journal = Journal::open(state).expect("a journal");
    let node = Node::keeping(journal, Bounds::default(), None);
    let client = node.operator().await;
    let all = lines();
    assert!(all.len() >= 30);
    for line in &all {
        // Nothing of it is carried out: what counts is where its text goes.
        let mut run = shell(&format!("printenv CANARY; true # {line}"));
        run.env = vec![("CANARY".to_owned(), CANARY.to_owned())];
        let envelope = sealed_as(client.signer(), "web1", &run, |s| {
            s.reason = Some(format!("since {line} failed"));
        });
        let answer = client.hand_in(&envelope).await.answer().await;
        answer.done();
        assert_eq!(answer.out_text(), format!("{CANARY}\n"), "{line}");
        // Refused, with the line in the refusal's record.
        let answer = client.run(&shell(&format!("true # {line}\0"))).await;
        drop(answer);
        tracing::error!(%line, "an event of whatever place");
    }
    let audit = client
        .run(&a_run(Probe::Audit {
            since: None,
            until: None,
            limit: 10_000,
        }))
        .await;
    let rows = format!("{:?}", audit.rows());
    client.leave().await;
    node.stop().await;
    let kept = std::fs::read(dir.path().join("log-000001")).expect("the log");
    let said = log.0.lock().expect("whole").clone();
    for (sink, bytes) in [
        ("the journal", kept.as_slice()),
        ("the audit", rows.as_bytes()),
        ("the agent's log", said.as_slice()),
    ] {
        let text = String::from_utf8_lossy(bytes);
        let found = text.split(['\n', '\0']).find(|part| part.contains(CANARY));
        assert_eq!(found, None, "{sink}");
        assert!(text.contains("[redacted]"), "{sink}");
    }
}
