//! Deeds: one command for one patient, within what the node's policy allows at that moment.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::engine::{Begin, DeedOutcome, Evidence};
use hailer_protocol::ids::RunId;
use hailer_protocol::redact::redact;

use crate::core::Vouch;
use crate::host::Host;
use crate::run::{self, Alone, AloneError};

/// What is kept of what a deed or evidence prints, of each stream.
const OUTPUT_MAX: u64 = 16 << 10;

/// What is kept of it in an event.
const TOLD_MAX: usize = 4 << 10;

/// How a deed went.
#[derive(Debug)]
pub(super) struct Went {
    /// How it ended.
    pub(super) outcome: DeedOutcome,
    /// What was run.
    pub(super) command: String,
    /// What it printed, without secrets, cut.
    pub(super) printed: String,
    /// How long it took.
    pub(super) wall: Duration,
}

/// Does a deed, until it has ended or `told` comes to be.
pub(super) async fn carry_out(
    host: &Arc<Host>,
    begin: &Begin,
    vouch: &Vouch,
    told: impl Future<Output = ()>,
) -> Went {
    let Some(deed) = begin.spec.deeds.get(usize::from(begin.step)) else {
        return not_started(String::new(), "there is no such deed".to_owned());
    };
    let permit = match host.permit_deed(vouch, deed.run_as.as_deref()) {
        Ok(permit) => permit,
        Err(why) => return not_started(deed.command.clone(), why),
    };
    let mut env = begin.env.to_vec();
    env.extend([
        ("HAILER_AUTOMATION".to_owned(), begin.spec.name.to_string()),
        ("HAILER_KEY".to_owned(), begin.key.to_string()),
        ("HAILER_ATTEMPT".to_owned(), begin.attempt.to_string()),
    ]);
    let what = Alone {
        id: RunId(begin.attempt.0),
        command: deed.command.clone(),
        env,
        timeout: deed.timeout,
        output_max: OUTPUT_MAX,
    };
    match run::alone(host, what, &permit, told).await {
        Ok(ran) => Went {
            outcome: match ran.rc {
                _ if ran.is_told => DeedOutcome::Killed,
                _ if ran.is_overdue => DeedOutcome::TimedOut,
                Some(rc) => DeedOutcome::Exited { rc },
                None => DeedOutcome::Unknown,
            },
            printed: printed(&ran.out, &ran.err, ran.cut),
            wall: ran.wall,
            command: deed.command.clone(),
        },
        Err(AloneError::NotStarted(why)) => not_started(deed.command.clone(), why),
        Err(AloneError::Unknown(why)) => Went {
            outcome: DeedOutcome::Unknown,
            printed: why,
            wall: Duration::ZERO,
            command: deed.command.clone(),
        },
    }
}

fn not_started(command: String, why: String) -> Went {
    Went {
        outcome: DeedOutcome::NotStarted { why },
        command,
        printed: String::new(),
        wall: Duration::ZERO,
    }
}

/// Takes the evidence of an episode: what each command printed.
pub(super) async fn collect(host: &Arc<Host>, evidence: &Evidence, vouch: &Vouch) -> String {
    let mut text = String::new();
    for collect in &evidence.spec.collect {
        let _ = writeln!(text, "$ {}", redact(&collect.command));
        let permit = match host.permit_deed(vouch, None) {
            Ok(permit) => permit,
            Err(why) => {
                let _ = writeln!(text, "not taken: {why}");
                continue;
            }
        };
        let what = Alone {
            id: RunId([0; 16]),
            command: collect.command.clone(),
            env: evidence.env.to_vec(),
            timeout: collect.timeout,
            output_max: OUTPUT_MAX,
        };
        match run::alone(host, what, &permit, std::future::pending()).await {
            Ok(ran) => {
                let _ = writeln!(text, "{}", printed(&ran.out, &ran.err, ran.cut));
                if ran.is_overdue {
                    let _ = writeln!(text, "(killed at its time)");
                }
            }
            Err(why) => {
                let _ = writeln!(text, "{why}");
            }
        }
    }
    text
}

/// What was printed, without secrets, and cut where it is long: its end says more than its beginning.
fn printed(out: &[u8], err: &[u8], cut: u64) -> String {
    let all = [out, err].concat();
    let all = String::from_utf8_lossy(&all);
    let all = redact(all.trim_end());
    let mut text = String::new();
    if cut > 0 {
        let _ = writeln!(text, "({cut} bytes are not kept)");
    }
    if all.len() > TOLD_MAX {
        let from = all.ceil_char_boundary(all.len() - TOLD_MAX);
        let _ = writeln!(text, "(the first {from} bytes are left out)");
        text.push_str(&all[from..]);
    } else {
        text.push_str(&all);
    }
    text
}
