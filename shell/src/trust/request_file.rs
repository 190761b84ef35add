//! Request files: a run that was signed and not sent, on its way to another person and back.
//!
//! The file is JSON. All that counts in it is what was signed: reading it holds the names, the
//! bodies and the command against the statement, and whatever does not fit is an error. The line as
//! it was typed and how the run is spread are not signed; nobody is asked to approve them.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use hailer_protocol::codec;
use hailer_protocol::ids::{LeaseId, NodeName};
use hailer_protocol::limits::{COMMAND_MAX, SIGNED_TARGETS_MAX};
use hailer_protocol::message::{Life, Message as _, Run};
use hailer_protocol::signing::{Command, SignedBlock, Statement};
use serde_json::{Value as Json, json};

use crate::error::ShellError;
use crate::fleet::Draft;

/// A file of at most this many bytes is written or read.
const FILE_MAX: u64 = 64 << 20;

/// The key that says what the file is, and its version.
const KEY: &str = "hailer_request";
const VERSION: u64 = 1;

/// A run that was signed, as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestFile {
    /// The line as it was typed; not signed.
    pub line: String,
    /// Flags of its `run`, without the dashes, and their values; not signed.
    pub spread: Vec<(String, String)>,
    /// What was signed, for whom, and the very bytes.
    pub draft: Draft,
    /// The statement.
    pub statement: Statement,
    /// The bodies, decoded.
    pub runs: Vec<Run>,
}

impl RequestFile {
    /// Brings together what a file will hold, and checks it as a reader does.
    ///
    /// # Errors
    /// When it does not fit together.
    pub fn new(line: String, spread: Vec<(String, String)>, draft: Draft) -> Result<Self, String> {
        let statement = Statement::decode(&draft.block.statement).map_err(|e| e.to_string())?;
        let runs = runs(&draft, &statement)?;
        let tree = draft.tree().map_err(|e| e.to_string())?;
        if tree.root() != statement.targets.root || tree.count() != statement.targets.count {
            return Err("its nodes, or what they are sent, are not what was signed".to_owned());
        }
        Ok(Self {
            line,
            spread,
            draft,
            statement,
            runs,
        })
    }

    /// Returns what is asked of the first node; all are asked the same but for the rows that they are
    /// handed.
    #[must_use]
    pub fn first(&self) -> &Run {
        self.runs.first().expect("a tree has a leaf, and it a body")
    }

    /// Returns the lease that it runs under; `None` if it outlives whoever starts it.
    #[must_use]
    pub fn lease(&self) -> Option<LeaseId> {
        match self.first().life {
            Life::Attached(lease) => Some(lease),
            Life::Detached => None,
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is no request, or holds something else than was signed.
    pub fn read(path: &Path) -> Result<Self, ShellError> {
        let called = path.display();
        let failed = |e: io::Error| ShellError::usage(format!("read the request {called}: {e}"));
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(failed)?;
        file.take(FILE_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > FILE_MAX {
            return Err(ShellError::usage(format!(
                "{called} has more than {FILE_MAX} bytes, and is no request"
            )));
        }
        Self::of_bytes(&bytes).map_err(|why| {
            ShellError::usage(format!("{called} is no request that can be used: {why}"))
                .hint("`--request FILE` writes one; it must come back as it was")
        })
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        let json: Json =
            serde_json::from_slice(bytes).map_err(|e| format!("it is no JSON: {e}"))?;
        match json.get(KEY).and_then(Json::as_u64) {
            Some(VERSION) => {}
            Some(other) => return Err(format!("it is of version {other}, this reads {VERSION}")),
            None => return Err(format!("it does not say `{KEY}`")),
        }
        let block = json.get("block").and_then(Json::as_str).and_then(bytes_of);
        let block = block.ok_or("its `block` is no text of hexadecimal digits")?;
        let line = json.get("line").and_then(Json::as_str).unwrap_or_default();
        if line.len() > COMMAND_MAX {
            return Err("its `line` is longer than a line may be".to_owned());
        }
        let draft = Draft {
            block: SignedBlock::decode(&block).map_err(|e| e.to_string())?,
            targets: list(&json, "targets", target)?,
            bodies: list(&json, "bodies", |body| body.as_str().and_then(bytes_of))?,
        };
        if draft.targets.len() > SIGNED_TARGETS_MAX {
            return Err("it has more targets than a run may have".to_owned());
        }
        if draft
            .targets
            .iter()
            .any(|(_, body)| *body >= draft.bodies.len())
        {
            return Err("a node has a body that is not there".to_owned());
        }
        Self::new(line.to_owned(), list(&json, "spread", flag)?, draft)
    }

    /// Returns the file's bytes.
    fn to_bytes(&self) -> Result<Vec<u8>, ShellError> {
        let failed = |e: &dyn std::fmt::Display| ShellError::own(format!("write the request: {e}"));
        let block = self.draft.block.encode().map_err(|e| failed(&e))?;
        let targets = &self.draft.targets;
        let targets: Vec<Json> = targets
            .iter()
            .map(|(n, b)| json!([n.as_str(), b]))
            .collect();
        let bodies: Vec<String> = self.draft.bodies.iter().map(|b| hex(b)).collect();
        let json = json!({
            KEY: VERSION, "line": self.line, "spread": self.spread,
            "block": hex(&block), "targets": targets, "bodies": bodies,
        });
        let mut bytes = serde_json::to_vec(&json).map_err(|e| failed(&e))?;
        bytes.push(b'\n');
        if bytes.len() as u64 > FILE_MAX {
            return Err(ShellError::usage(format!(
                "the request has {} bytes, at most {FILE_MAX} are written",
                bytes.len()
            ))
            .hint("ask fewer nodes at a time"));
        }
        Ok(bytes)
    }

    /// Writes a new file that only its owner can read.
    ///
    /// # Errors
    /// When there is one of that name, or it cannot be written.
    pub fn write_new(&self, path: &Path) -> Result<(), ShellError> {
        let bytes = self.to_bytes()?;
        let failed = |e: io::Error| {
            let error = ShellError::usage(format!("write the request {}: {e}", path.display()));
            if e.kind() == io::ErrorKind::AlreadyExists {
                error.hint("a request is written once; give another name")
            } else {
                error
            }
        };
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(path).map_err(failed)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        written.map_err(|e| {
            // Half of a request is none.
            let _ = fs::remove_file(path);
            failed(e)
        })
    }

    /// Writes the file anew, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; then it is what it was.
    pub fn replace(&self, path: &Path) -> Result<(), ShellError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = Path::new(&beside);
        self.write_new(beside)?;
        fs::rename(beside, path).map_err(|e| {
            let _ = fs::remove_file(beside);
            ShellError::usage(format!("write the request {}: {e}", path.display()))
        })
    }
}

/// Decodes the bodies: each must be what the statement speaks of, in its one encoding.
fn runs(draft: &Draft, statement: &Statement) -> Result<Vec<Run>, String> {
    let mut runs: Vec<Run> = Vec::with_capacity(draft.bodies.len());
    for body in &draft.bodies {
        let run: Run = codec::decode(body).map_err(|e| e.to_string())?;
        if run.to_envelope().map_err(|e| e.to_string())?.body != *body {
            return Err("a body is not in its one right encoding".to_owned());
        }
        let action = &statement.action;
        let fits = run.run == statement.run
            && Command::of(&run.probe) == action.command
            && action.grant.fits(&run.probe);
        if !fits {
            return Err("a node is sent something else than was signed".to_owned());
        }
        // What differs from node to node is what they are handed, and nothing beside it.
        if runs.first().is_some_and(|first| {
            (first.life, first.output, first.timeout_ms) != (run.life, run.output, run.timeout_ms)
                || first.row_plan != run.row_plan
        }) {
            return Err("its nodes are not asked the same".to_owned());
        }
        runs.push(run);
    }
    Ok(runs)
}

fn list<T>(json: &Json, key: &str, one: impl Fn(&Json) -> Option<T>) -> Result<Vec<T>, String> {
    let list = json.get(key).and_then(Json::as_array);
    let list: Option<Vec<T>> = list.and_then(|list| list.iter().map(one).collect());
    list.ok_or_else(|| format!("its `{key}` are not what they should be"))
}

fn target(json: &Json) -> Option<(NodeName, usize)> {
    let [name, body] = json.as_array()?.as_slice() else {
        return None;
    };
    let body = usize::try_from(body.as_u64()?).ok()?;
    Some((name.as_str()?.parse().ok()?, body))
}

fn flag(json: &Json) -> Option<(String, String)> {
    let [name, value] = json.as_array()?.as_slice() else {
        return None;
    };
    Some((name.as_str()?.to_owned(), value.as_str()?.to_owned()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = hex.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}
