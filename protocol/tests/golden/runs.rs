//! Samples of what the shell asks of an agent.

use hailer_protocol::automation::{AutomationName, AutomationSet, Control, Muted, SetEntry};

use super::*;

fn run(probe: Probe, life: Life, output: OutputMode, row_plan: RowPlan) -> Run {
    Run {
        run: RunId([0x11; 16]),
        probe,
        row_plan,
        timeout_ms: Some(30_000),
        life,
        output,
        caps: Caps {
            output_bytes: 1 << 20,
            rows: 1000,
            memory_bytes: None,
            cpu_seconds: Some(9),
        },
        env: vec![("K".into(), "V".into())],
    }
}

#[expect(clippy::too_many_lines, reason = "a flat list")]
pub(crate) fn runs() -> Vec<(String, Envelope)> {
    let lease = Life::Attached(LeaseId([0x22; 16]));
    let none = RowPlan::default;
    [
        (
            "run shell",
            run(
                Probe::Shell("uptime".into()),
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run argv",
            run(
                Probe::Argv(vec!["echo".into(), "a b".into()]),
                Life::Detached,
                OutputMode::DigestOver(4096),
                none(),
            ),
        ),
        (
            "run metric",
            run(
                Probe::Metric("system.cpu.load_average.1m".into()),
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run facts",
            run(
                Probe::Facts(vec!["kernel".into()]),
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run detached and kept",
            run(
                Probe::Shell("sleep 1".into()),
                Life::Detached,
                OutputMode::Kept,
                none(),
            ),
        ),
        (
            "run each line",
            run(
                Probe::Shell("tail -F log".into()),
                lease,
                OutputMode::EachLine,
                RowPlan {
                    steps: vec![RowStep::Parse(ParseAs::Lines)],
                },
            ),
        ),
        (
            "run runs",
            run(Probe::Runs, lease, OutputMode::Stream, none()),
        ),
        (
            "run attach",
            run(
                Probe::Attach(RunId([0x66; 16])),
                Life::Detached,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run cancel",
            run(
                Probe::Cancel(RunId([0x66; 16])),
                Life::Detached,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run audit",
            run(
                Probe::Audit {
                    since: Some(Wall(1_700_000_000_000)),
                    until: None,
                    limit: 500,
                },
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run audit head",
            run(Probe::AuditHead(Some(7)), lease, OutputMode::Stream, none()),
        ),
        (
            "run apply",
            run(
                Probe::Apply(AutomationSet {
                    generation: 7,
                    entries: vec![SetEntry {
                        name: AutomationName::new("disk-full").expect("a name"),
                        version: Digest([0x77; 32]),
                    }],
                    specs: vec![b"spec".to_vec()],
                }),
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run stow",
            run(
                Probe::Stow(vec![b"spec".to_vec()]),
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run automations",
            run(Probe::Automations, lease, OutputMode::Stream, none()),
        ),
        (
            "run events",
            run(
                Probe::Events {
                    since: Some(Wall(1_700_000_000_000)),
                    until: None,
                    limit: 500,
                },
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run control",
            run(
                Probe::Control(Control::Mute {
                    of: Muted {
                        automation: AutomationName::new("disk-full").expect("a name"),
                        key: Some("/var".into()),
                    },
                    until: Some(Wall(1_700_000_000_000)),
                }),
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run replay",
            run(
                Probe::Replay {
                    spec: b"spec".to_vec(),
                    over_ms: 3_600_000,
                },
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run each",
            run(
                Probe::Each {
                    command: "du -sh $row_target".into(),
                    rows: vec![EachRow {
                        env: vec![("row_target".into(), "/var".into())],
                    }],
                    timeout_ms: Some(5_000),
                    stops_at_failure: true,
                },
                lease,
                OutputMode::Stream,
                none(),
            ),
        ),
        (
            "run every step",
            run(
                Probe::Shell("df".into()),
                lease,
                OutputMode::Stream,
                every_step(),
            ),
        ),
        (
            "run later functions",
            run(
                Probe::Shell("df".into()),
                lease,
                OutputMode::Stream,
                later_functions(),
            ),
        ),
    ]
    .into_iter()
    .map(|(name, run)| (name.to_owned(), run.to_envelope().expect("small")))
    .collect()
}
