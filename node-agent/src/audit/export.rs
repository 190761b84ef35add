//! `hailerd audit`: the audit of this machine on standard output, one JSON object a line.
//!
//! It reads the log's files and touches nothing, so it works beside a running agent and without
//! one. Every record is verified before it is shown; where the chain is broken, that is the last
//! line, and the command fails.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use hailer_protocol::audit::{Head, Verdict, continues};
use hailer_protocol::ids::{Link, NodeName};
use hailer_protocol::table::Row;
use hailer_protocol::time::Wall;
use hailer_protocol::units::moment::parse_moment;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::Value;

use super::table::Wanted;
use super::{json, proof, rows};
use crate::config::Config;
use crate::error::AgentError;
use crate::state::Snapshot;

/// How often files are looked at that are followed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What `audit` takes.
#[derive(Debug, Clone, Args)]
pub struct AuditOptions {
    /// The agent's configuration file
    #[arg(long, value_name = "FILE", default_value = "/etc/hailer/agent.toml")]
    config: PathBuf,
    /// Nothing older than that: how long ago (`1h`), or a moment (`2026-01-31T08:00:00Z`)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Nothing newer than that
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Go on with what comes
    #[arg(long, conflicts_with = "until")]
    follow: bool,
    /// Show nothing; verify the whole log and the keepers' signatures in it, and say what it proves
    #[arg(long, conflicts_with_all = ["since", "until", "follow"])]
    verify: bool,
    /// Which authorities' keepers are believed, instead of the configuration's
    #[arg(long, value_name = "FILE", requires = "verify")]
    ca: Option<PathBuf>,
    /// How records are written
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
}

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line
    Ndjson,
}

/// Writes the audit that the options ask for; `now` is what durations count back from.
///
/// # Errors
/// When the configuration or the log cannot be read, and when the log's chain is broken.
pub fn export(options: &AuditOptions, now: Wall, out: &mut impl Write) -> Result<(), AgentError> {
    let config = Config::read(&options.config)?;
    if options.verify {
        let ca = options.ca.as_ref().unwrap_or(&config.ca);
        return proof::verify(&config.state_dir, &config.name, ca, out);
    }
    let wanted = Wanted {
        since: moment(options.since.as_deref(), now)?,
        until: moment(options.until.as_deref(), now)?,
        limit: usize::MAX,
    };
    let Format::Ndjson = options.format;
    let mut export = Export::new(&config.state_dir, &config.name, wanted);
    loop {
        match export.pass(out) {
            // Whoever read it has seen enough.
            Err(AgentError::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            passed => passed?,
        }
        if !options.follow {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "another process writes the log, and tells nobody of it"
        )]
        std::thread::sleep(LOOK_EVERY);
    }
}

fn moment(text: Option<&str>, now: Wall) -> Result<Option<Wall>, AgentError> {
    let Some(text) = text else { return Ok(None) };
    let ago = match parse_quantity(text) {
        Some(Value::Duration(ns)) => Some(now.0.saturating_sub(ns / 1_000_000)),
        _ => None,
    };
    match ago.or_else(|| parse_moment(text)) {
        Some(at) => Ok(Some(Wall(at))),
        None => Err(AgentError::Audit(format!(
            "`{}` is no moment; write how long ago, as `1h`, or when, as `2026-01-31T08:00:00Z`",
            text.escape_debug()
        ))),
    }
}

/// How far a log has been written out.
struct Export<'a> {
    dir: &'a Path,
    node: &'a NodeName,
    wanted: Wanted,
    /// The last record that was read.
    done: Head,
    /// The segment that it lies in.
    segment: u64,
}

impl<'a> Export<'a> {
    const fn new(dir: &'a Path, node: &'a NodeName, wanted: Wanted) -> Self {
        Self {
            dir,
            node,
            wanted,
            done: Head {
                seq: 0,
                link: Link::START,
            },
            segment: 0,
        }
    }

    /// Writes out what has come since the last pass.
    fn pass(&mut self, out: &mut impl Write) -> Result<(), AgentError> {
        let failed = |e: &dyn std::fmt::Display| AgentError::Audit(e.to_string());
        let log = Snapshot::of_dir(self.dir, self.segment).map_err(|e| failed(&e))?;
        let mut heads = Vec::new();
        let (mut written, mut last) = (Ok(()), Wall(0));
        let chain = log.read(|record| {
            last = record.wall;
            heads.push(Head {
                seq: record.seq,
                link: record.link,
            });
            if record.seq > self.done.seq && self.wanted.has(&record) && written.is_ok() {
                written = self.write(out, &rows::row(&record));
            }
        });
        written?;
        let verdict = continues(self.done, heads);
        match verdict {
            Verdict::Continues => {}
            Verdict::Dropped { .. } => tracing::warn!("{verdict}"),
            Verdict::Rewritten { .. } | Verdict::Truncated { .. } => {
                let why = format!("the log is not what it was: {verdict}");
                self.write(out, &rows::broken(&chain.head, last, why.clone()))?;
                return Err(AgentError::Audit(why));
            }
        }
        if let Some(why) = chain.broken {
            let why = why.to_string();
            self.write(out, &rows::broken(&chain.head, last, why.clone()))?;
            return Err(AgentError::Audit(why));
        }
        if chain.segment > 0 {
            (self.done, self.segment) = (chain.head, chain.segment);
        }
        out.flush().map_err(AgentError::Output)
    }

    fn write(&self, out: &mut impl Write, row: &Row) -> Result<(), AgentError> {
        let line = json::object(self.node.as_str(), row);
        writeln!(out, "{line}").map_err(AgentError::Output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Entry;
    use crate::journal::Journal;
    use crate::state::{State, StateConfig};

    const ALL: Wanted = Wanted {
        since: None,
        until: None,
        limit: usize::MAX,
    };

    fn journal(dir: &Path) -> Journal {
        let state = State::open(dir, StateConfig::default(), Wall(0)).expect("open");
        Journal::open(state).expect("a journal")
    }

    fn lines(export: &mut Export<'_>) -> (Vec<String>, Result<(), AgentError>) {
        let mut out = Vec::new();
        let passed = export.pass(&mut out);
        let text = String::from_utf8(out).expect("text");
        (text.lines().map(str::to_owned).collect(), passed)
    }

    #[test]
    fn what_comes_is_followed_and_a_log_that_was_cut_or_changed_is_an_error() {
        let dir = tempfile::tempdir().expect("a directory");
        let node = NodeName::new("web1").expect("a name");
        let mut journal = journal(dir.path());
        let stop = |journal: &mut Journal, at| {
            journal
                .append(Wall(at), &Entry::AgentStopped)
                .expect("written");
        };
        stop(&mut journal, 1000);
        let log = dir.path().join("log-000001");
        let one = std::fs::read(&log).expect("the log");
        stop(&mut journal, 2000);

        let mut export = Export::new(dir.path(), &node, ALL);
        let (found, passed) = lines(&mut export);
        passed.expect("sound");
        assert_eq!(found.len(), 2);
        let begins =
            r#"{"node":"web1","time":"1970-01-01T00:00:01Z","seq":1,"event":"agent_stopped","#;
        assert!(found[0].starts_with(begins), "{found:?}");
        assert!(lines(&mut export).0.is_empty(), "nothing new");
        stop(&mut journal, 3000);
        let (found, _) = lines(&mut export);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("\"seq\":3"), "{found:?}");

        let whole = std::fs::read(&log).expect("the log");
        std::fs::write(&log, &one).expect("cut off");
        let (found, passed) = lines(&mut export);
        let error = passed.expect_err("cut off").to_string();
        assert!(
            error.contains("record 3 was there, and it ends at 1"),
            "{error}"
        );
        assert!(found[0].contains("\"event\":\"broken\""), "{found:?}");

        let mut changed = whole;
        changed[one.len() + 40] ^= 1;
        std::fs::write(&log, &changed).expect("changed");
        let mut fresh = Export::new(dir.path(), &node, ALL);
        let (found, passed) = lines(&mut fresh);
        let error = passed.expect_err("damaged").to_string();
        assert!(
            error.contains(&format!("at byte {} (record 2)", one.len())),
            "{error}"
        );
        assert_eq!(
            found.len(),
            2,
            "what is sound is shown, and then where it ends"
        );
    }

    #[test]
    fn moments_are_ages_or_times() {
        let now = Wall(10_000_000);
        assert_eq!(
            moment(Some("1h"), now).expect("an age"),
            Some(Wall(6_400_000))
        );
        let at = moment(Some("1970-01-01T00:00:01Z"), now).expect("a time");
        assert_eq!(at, Some(Wall(1000)));
        let error = moment(Some("yester\x1bday"), now).expect_err("neither");
        assert!(error.to_string().contains("as `1h`"), "{error}");
        assert!(!error.to_string().contains('\x1b'));
    }
}
