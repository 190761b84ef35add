//! The agent's configuration file.
//!
//! ```toml
//! name = "web001"
//! listen = "0.0.0.0:7117"
//! ca = "/etc/hailer/ca.pem"
//! cert = "/etc/hailer/node.pem"
//! key = "/etc/hailer/node.key"
//! state_dir = "/var/lib/hailer"                       # default
//! helper = ["/usr/bin/hailerd", "exec-helper"]        # default: this executable
//! labels = { dc = "fra", role = "web" }
//! audit_syslog = false                                # default; true is /dev/log, or a socket's path
//! policy = "policy"                                   # default: beside this file
//! revoked = "revoked.list"                            # default: beside this file
//! readonly = false                                    # true: probes and readings alone
//! sandbox = "auto"                                    # "strict": no readings on kernels before Linux 6.12
//! keeper = "keeper.example:7118"                      # who renews the certificate; nobody by default
//! ```
//!
//! Relative paths are relative to the file. An unknown key is an error: a misspelt limit must not
//! silently be no limit.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hailer_protocol::ids::{Digest, NodeName};
use serde::Deserialize;

use crate::audit::SYSLOG_SOCKET;
use crate::error::AgentError;

/// Where the state lives unless the file says otherwise.
const STATE_DIR: &str = "/var/lib/hailer";

/// Where the policy is unless the file says otherwise, beside it.
const POLICY: &str = "policy";

/// Where revocation lists are unless the file says otherwise, beside it.
const REVOKED: &str = "revoked.list";

/// How long a tree that is told to end may take before it is killed, unless the file says
/// otherwise.
const KILL_GRACE_MS: u64 = 500;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: NodeName,
    listen: SocketAddr,
    ca: PathBuf,
    cert: PathBuf,
    key: PathBuf,
    state_dir: Option<PathBuf>,
    workdir: Option<PathBuf>,
    helper: Option<Vec<String>>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    policy: Option<PathBuf>,
    audit_syslog: Option<AuditSyslog>,
    revoked: Option<PathBuf>,
    #[serde(default)]
    readonly: bool,
    kill_grace_ms: Option<u64>,
    #[serde(default)]
    cgroup: Cgroup,
    #[serde(default)]
    sandbox: SandboxMode,
    keeper: Option<String>,
}

/// What the sandbox of readings is where the kernel is too old for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxMode {
    /// The filter of system calls stands in for what Landlock cannot do there.
    #[default]
    Auto,
    /// None: readings are refused.
    Strict,
}

/// Whether commands get cgroups of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cgroup {
    /// Where the machine lets the agent.
    #[default]
    Auto,
    /// No.
    Off,
}

/// Whether the audit also goes to the machine's own log: where to, or just yes.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected true, false, or the path of a socket")]
enum AuditSyslog {
    Is(bool),
    At(PathBuf),
}

/// What the agent runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The node's name; must be the certificate's.
    pub name: NodeName,
    /// The UDP address to listen on.
    pub listen: SocketAddr,
    /// The fleet's authority, PEM.
    pub ca: PathBuf,
    /// The node's certificate chain, PEM.
    pub cert: PathBuf,
    /// The node's key, PEM; must not be readable by others.
    pub key: PathBuf,
    /// Journal and store.
    pub state_dir: PathBuf,
    /// Where commands start: an own empty directory unless set.
    pub workdir: PathBuf,
    /// The spawning helper, program and arguments.
    pub helper: Vec<String>,
    /// Labels as the node itself knows them.
    pub labels: BTreeMap<String, String>,
    /// What the node's owner allows on it; where there is no such file, nothing is allowed.
    pub policy: PathBuf,
    /// Where the machine's log listens that gets the audit, too.
    pub audit_syslog: Option<PathBuf>,
    /// BLAKE3 of the file, for the audit.
    pub digest: Digest,
    /// Revocation lists; where there is no such file, none comes from a file.
    pub revoked: PathBuf,
    /// Whether it grants probes and readings alone, whatever the policy says.
    pub is_read_only: bool,
    /// From the first request to end to the kill, in milliseconds.
    pub kill_grace_ms: u64,
    /// Whether commands get cgroups of their own.
    pub cgroup: Cgroup,
    /// What the sandbox of readings is on an old kernel.
    pub sandbox: SandboxMode,
    /// Who renews the certificate, `HOST:PORT`; without one nobody does.
    pub keeper: Option<String>,
}

impl Config {
    /// Reads a configuration out of a file's text.
    ///
    /// # Errors
    /// Says which key of which line is wrong.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, AgentError> {
        let raw: Raw = toml::from_str(text).map_err(|e| AgentError::Config {
            path: path.to_owned(),
            text: e.to_string(),
        })?;
        let base = path.parent().unwrap_or_else(|| Path::new("."));
        let state_dir = base.join(raw.state_dir.unwrap_or_else(|| STATE_DIR.into()));
        let helper = match raw.helper {
            Some(helper) if helper.is_empty() => {
                return Err(AgentError::Config {
                    path: path.to_owned(),
                    text: "`helper` is empty; give a program and its arguments".to_owned(),
                });
            }
            Some(helper) => helper,
            None => own_helper()?,
        };
        Ok(Self {
            name: raw.name,
            listen: raw.listen,
            ca: base.join(raw.ca),
            cert: base.join(raw.cert),
            key: base.join(raw.key),
            workdir: raw
                .workdir
                .map_or_else(|| state_dir.join("empty"), |w| base.join(w)),
            state_dir,
            helper,
            labels: raw.labels,
            audit_syslog: match raw.audit_syslog {
                Some(AuditSyslog::Is(true)) => Some(SYSLOG_SOCKET.into()),
                Some(AuditSyslog::Is(false)) | None => None,
                Some(AuditSyslog::At(path)) => Some(base.join(path)),
            },
            digest: Digest::of(text.as_bytes()),
            policy: base.join(raw.policy.unwrap_or_else(|| POLICY.into())),
            revoked: base.join(raw.revoked.unwrap_or_else(|| REVOKED.into())),
            is_read_only: raw.readonly,
            kill_grace_ms: raw.kill_grace_ms.unwrap_or(KILL_GRACE_MS),
            cgroup: raw.cgroup,
            sandbox: raw.sandbox,
            keeper: raw.keeper,
        })
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// When the file cannot be read, or is no configuration.
    pub fn read(path: &Path) -> Result<Self, AgentError> {
        let failed = |e| AgentError::file("read", path, e);
        // Commands are started from another directory: nothing may depend on the present one.
        let path = &std::path::absolute(path).map_err(failed)?;
        let text = std::fs::read_to_string(path).map_err(failed)?;
        Self::from_text(&text, path)
    }
}

/// The helper of an agent that was started from this executable.
fn own_helper() -> Result<Vec<String>, AgentError> {
    let program = std::env::current_exe()
        .map_err(|e| AgentError::Helper(format!("find this executable: {e}")))?;
    Ok(vec![
        program.display().to_string(),
        "exec-helper".to_owned(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "web1"
        listen = "127.0.0.1:7117"
        ca = "ca.pem"
        cert = "/abs/node.pem"
        key = "node.key"
        helper = ["/usr/bin/hailerd", "exec-helper"]
    "#;

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let config = Config::from_text(GOOD, Path::new("/etc/hailer/agent.toml")).expect("good");
        assert_eq!(config.ca, Path::new("/etc/hailer/ca.pem"));
        assert_eq!(config.cert, Path::new("/abs/node.pem"));
        assert_eq!(config.workdir, Path::new("/var/lib/hailer/empty"));
    }

    #[test]
    fn every_mistake_names_the_file_and_what_is_wrong() {
        for (more, expected) in [
            ("kill_grace = 3", "unknown field `kill_grace`"),
            ("cgroup = \"on\"", "unknown variant `on`"),
            ("sandbox = \"off\"", "unknown variant `off`"),
            ("audit_syslog = 3", "or the path of a socket"),
            ("workdir = 3", "expected path string"),
            ("labels = \"x\"", "expected a map"),
            ("x = ", "TOML parse error"),
        ] {
            let text = format!("{GOOD}\n{more}");
            let error = Config::from_text(&text, Path::new("/etc/a.toml")).expect_err(more);
            let error = error.to_string();
            assert!(error.starts_with("configuration /etc/a.toml"), "{error}");
            assert!(error.contains(expected), "{more}: {error}");
        }
    }

    #[test]
    fn the_audit_goes_to_the_machines_log_where_that_is_wanted() {
        for (more, expected) in [
            ("", None),
            ("audit_syslog = false", None),
            ("audit_syslog = true", Some("/dev/log")),
            ("audit_syslog = \"/run/audit\"", Some("/run/audit")),
        ] {
            let text = format!("{GOOD}\n{more}");
            let config = Config::from_text(&text, Path::new("/etc/a.toml")).expect(more);
            assert_eq!(config.audit_syslog.as_deref(), expected.map(Path::new));
        }
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        let text = GOOD.replace("web1", "web 1");
        assert!(Config::from_text(&text, Path::new("a.toml")).is_err());
    }
}
