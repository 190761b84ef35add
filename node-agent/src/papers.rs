//! What the agent shows and whom it believes: its certificate, its key, the fleet's authorities. Read
//! at the start, and again whenever one of the files changes, so that neither a renewed certificate
//! nor the next authority wants a restart.
//!
//! An authority is replaced in three steps: its file names the old one and the next, everybody gets
//! certificates of the next, the old one goes. Connections that are there stay through all of it.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hailer_identity::{Credentials, ServerSide, SignatureJudge, Trust, Validity};
use hailer_protocol::ids::Name;
use hailer_protocol::role::Role;
use hailer_protocol::time::Wall;
use rustls::ServerConfig;
use rustls::time_provider::DefaultTimeProvider;
use tokio::time::MissedTickBehavior;

use crate::clock;
use crate::config::Config;
use crate::error::AgentError;
use crate::files;
use crate::host::Host;
use crate::rules::Stamp;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What stands in the agent's files about itself and the fleet.
pub(crate) struct Papers {
    /// The node's fleet.
    pub(crate) fleet: Name,
    /// How long its certificate holds.
    pub(crate) validity: Validity,
    /// How it answers.
    pub(crate) tls: ServerConfig,
    /// Whose signatures it believes.
    pub(crate) judge: Arc<SignatureJudge>,
    /// The certificate and the key.
    pub(crate) credentials: Credentials,
    /// The fleet's authorities.
    pub(crate) trust: Trust,
}

/// Reads them.
///
/// # Errors
/// Says which file cannot be read, or does not fit the others.
pub(crate) fn read(config: &Config) -> Result<Papers, AgentError> {
    let tls_error = |e: &dyn std::fmt::Display| AgentError::Tls(e.to_string());
    files::check_key_mode(&config.key)?;
    let credentials =
        Credentials::from_pem(&files::read(&config.cert)?, &files::read(&config.key)?)
            .map_err(|e| tls_error(&e))?;
    let own = credentials.identity();
    if own.role != Role::Node || own.name != config.name {
        return Err(AgentError::Tls(format!(
            "the certificate names {own}, the configuration names the node `{}`",
            config.name
        )));
    }
    let trust = Trust::from_pem(
        own.fleet.clone(),
        &files::read(&config.ca)?,
        Arc::new(DefaultTimeProvider),
    )
    .map_err(|e| tls_error(&e))?;
    let tls = ServerSide::new(&trust, &[Role::Operator, Role::Keeper, Role::Relay])
        .and_then(|side| side.config(&credentials))
        .map_err(|e| tls_error(&e))?;
    Ok(Papers {
        fleet: own.fleet.clone(),
        validity: credentials.validity(),
        tls,
        judge: Arc::new(SignatureJudge::new(&trust).map_err(|e| tls_error(&e))?),
        credentials,
        trust,
    })
}

/// Stands before the number of a bundle, in the first line of the file that it was written to.
const BUNDLE_LINE: &str = "# trust bundle ";

/// Writes the authorities of a bundle to their file, and its number with them: what is believed and
/// what must not come back are one file, replaced in one step.
pub(crate) fn write_ca(path: &Path, number: u64, trust: &Trust) -> Result<(), AgentError> {
    let text = format!("{BUNDLE_LINE}{number}\n{}", trust.to_pem());
    files::replace(path, &text, files::PUBLIC)
}

/// Returns the number of the bundle that an authorities' file was written from; 0 of any other.
pub(crate) fn bundle_in(path: &Path) -> u64 {
    let text = files::read(path).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let number = line.strip_prefix(BUNDLE_LINE);
    number.and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What of the files changes when one of them is written or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps([Stamp; 3]);

impl Stamps {
    /// To be taken before the files are read: a change in between is seen as one.
    pub(crate) fn of(config: &Config) -> Self {
        Self([&config.ca, &config.cert, &config.key].map(|path| Stamp::of(path)))
    }
}

/// Takes the files up again whenever one of them changes, as long as the agent lives; `show` makes
/// a configuration that of the next handshakes.
pub(crate) fn watch(
    host: Weak<Host>,
    config: Config,
    first: (Stamps, Validity),
    show: impl Fn(ServerConfig) -> Result<(), AgentError> + Send + 'static,
) {
    tokio::spawn(async move {
        let (mut known, mut validity) = first;
        let mut told = Age::Young;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if host.strong_count() == 0 {
                return;
            }
            let (files, before) = (config.clone(), known.clone());
            let looked = tokio::task::spawn_blocking(move || {
                let stamps = Stamps::of(&files);
                (stamps != before).then(|| (read(&files), stamps))
            });
            if let (Ok(Some((papers, stamps))), Some(host)) = (looked.await, host.upgrade()) {
                known = stamps;
                let taken = papers.and_then(|papers| {
                    show(papers.tls)?;
                    host.set_judge(papers.judge);
                    Ok(papers.validity)
                });
                match taken {
                    Ok(of) => {
                        validity = of;
                        tracing::info!(
                            "certificate, key or authorities have changed, and hold from now on"
                        );
                    }
                    // Between two of the files they do not fit; the next look finds the other.
                    Err(e) => {
                        tracing::error!(
                            "certificate, key or authorities have changed, and the last ones hold on: {e}"
                        );
                    }
                }
            }
            let age = Age::of(validity, clock::wall());
            if age != told {
                age.tell(&config, validity);
                told = age;
            }
        }
    });
}

/// How far a certificate's life has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Young,
    /// Less than a quarter of its life is left.
    Old,
    Over,
}

impl Age {
    fn of(validity: Validity, now: Wall) -> Self {
        let life = validity.not_after.0.saturating_sub(validity.not_before.0);
        if now.0 > validity.not_after.0 {
            Self::Over
        } else if validity.not_after.0.saturating_sub(now.0) < life / 4 {
            Self::Old
        } else {
            Self::Young
        }
    }

    fn tell(self, config: &Config, validity: Validity) {
        let (path, end) = (config.cert.display(), validity.not_after.0);
        match self {
            Self::Young => {}
            Self::Old => {
                tracing::warn!(%path, "this node's certificate ends soon, at {end} ms since 1970; renew it");
            }
            Self::Over => {
                tracing::error!(%path, "this node's certificate has expired: nobody can connect; renew it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_bundle_stands_in_the_file_it_was_written_to() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ca.pem");
        for (text, expected) in [
            ("# trust bundle 17\n-----BEGIN", 17),
            ("-----BEGIN CERTIFICATE-----\n# trust bundle 17\n", 0),
            ("# trust bundle -1\n", 0),
            ("", 0),
        ] {
            std::fs::write(&path, text).expect("written");
            assert_eq!(bundle_in(&path), expected, "{text}");
        }
        assert_eq!(bundle_in(&dir.path().join("none")), 0);
    }

    #[test]
    fn a_certificate_is_old_in_the_last_quarter_of_its_life() {
        let validity = Validity {
            not_before: Wall(0),
            not_after: Wall(100),
        };
        for (now, expected) in [
            (0, Age::Young),
            (75, Age::Young),
            (76, Age::Old),
            (100, Age::Old),
            (101, Age::Over),
        ] {
            assert_eq!(Age::of(validity, Wall(now)), expected, "{now}");
        }
    }
}
