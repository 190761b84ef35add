//! The audit in the machine's own log: one RFC 5424 line a record, to a Unix socket.
//!
//! Whoever ships that log off the machine has a second chain of custody. The socket is never waited for:
//! a record that it does not take is counted, and lies in the agent's own log all the same.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use hailer_protocol::audit::{AUDIT_COLUMNS, AuditEvent, Head};
use hailer_protocol::ids::NodeName;
use hailer_protocol::table::Row;
use hailer_protocol::time::Wall;
use hailer_protocol::units::exact_value;
use hailer_protocol::value::Value;

use super::{json, rows};
use crate::journal::Body;

/// Where the machine's log listens, unless the configuration says otherwise.
pub(crate) const SOCKET: &str = "/dev/log";

/// How long one text may be, in bytes: loggers cut lines at a few thousand.
const TEXT_MAX: usize = 1024;

/// Security and authorisation messages.
const FACILITY: u8 = 10;

/// The way to the machine's log.
#[derive(Debug)]
pub(crate) struct Syslog {
    path: PathBuf,
    node: NodeName,
    pid: u32,
    /// `None` until it could be reached.
    socket: Option<UnixDatagram>,
    /// How many records it did not take since it took the last one.
    n_lost: u64,
}

impl Syslog {
    /// Makes a way to the socket at `path`; whether anybody listens there is found out later.
    pub(crate) const fn new(path: PathBuf, node: NodeName, pid: u32) -> Self {
        Self {
            path,
            node,
            pid,
            socket: None,
            n_lost: 0,
        }
    }

    /// Sends a record.
    pub(crate) fn tell(&mut self, head: &Head, at: Wall, body: &Body) {
        let row = rows::row_of(head, at, body);
        let line = line(&self.node, self.pid, row);
        match self.send(line.as_bytes()) {
            Ok(()) if self.n_lost > 0 => {
                tracing::warn!(n = self.n_lost, socket = %self.path.display(), "the machine's log takes the audit again; it lacks some records");
                self.n_lost = 0;
            }
            Ok(()) => {}
            Err(e) => {
                if self.n_lost == 0 {
                    tracing::warn!(socket = %self.path.display(), error = %e, "the machine's log does not take the audit");
                }
                self.n_lost += 1;
            }
        }
    }

    fn send(&mut self, line: &[u8]) -> std::io::Result<()> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.connect()?,
        };
        let sent = match socket.send(line) {
            // Its listener may have been started anew.
            Err(e) if e.kind() != std::io::ErrorKind::WouldBlock => {
                let socket = self.connect()?;
                let sent = socket.send(line);
                self.socket = Some(socket);
                sent
            }
            sent => {
                self.socket = Some(socket);
                sent
            }
        };
        sent.map(|_| ())
    }

    fn connect(&self) -> std::io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(&self.path)?;
        Ok(socket)
    }
}

/// Returns a row as a line of RFC 5424 whose message is JSON.
fn line(node: &NodeName, pid: u32, mut row: Row) -> String {
    for cell in &mut row {
        if let Value::Str(text) = cell
            && text.len() > TEXT_MAX
        {
            let bytes = text.len();
            text.truncate(text.floor_char_boundary(TEXT_MAX));
            text.push_str(&format!("… ({bytes} bytes)"));
        }
    }
    let cell = |name: &str| {
        let at = AUDIT_COLUMNS.iter().position(|c| c.name == name);
        at.and_then(|at| row.get(at)).unwrap_or(&Value::Null)
    };
    let event = if let Value::Str(event) = cell("event") {
        event.as_str()
    } else {
        "-"
    };
    let severity = if [AuditEvent::Gap, AuditEvent::Damaged, AuditEvent::Broken]
        .iter()
        .any(|e| e.as_str() == event)
    {
        3
    } else if [AuditEvent::Refused, AuditEvent::Repeated]
        .iter()
        .any(|e| e.as_str() == event)
    {
        4
    } else {
        6
    };
    format!(
        "<{}>1 {} {node} hailerd {pid} {event} - {}",
        FACILITY * 8 + severity,
        exact_value(cell("time")),
        json::object(node.as_str(), &row)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Entry;

    fn node() -> NodeName {
        NodeName::new("web1").expect("a name")
    }

    fn body() -> Body {
        Body::from(&Entry::StepIntent {
            run: hailer_protocol::ids::RunId([7; 16]),
            step: 1,
            command: format!("echo {}", "x".repeat(4000)),
        })
    }

    #[test]
    fn a_record_arrives_as_one_line_that_says_what_was_cut() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        let listener = UnixDatagram::bind(&path).expect("a socket");
        let mut syslog = Syslog::new(path, node(), 42);
        let head = Head {
            seq: 9,
            link: hailer_protocol::ids::Link([3; 16]),
        };
        syslog.tell(&head, Wall(1_700_000_000_250), &body());
        let mut buffer = [0; 8192];
        let n = listener.recv(&mut buffer).expect("a datagram");
        let line = std::str::from_utf8(&buffer[..n]).expect("text");
        let begins = "<86>1 2023-11-14T22:13:20.250Z web1 hailerd 42 started - {\"node\":\"web1\",";
        assert!(line.starts_with(begins), "{line}");
        assert!(
            line.contains("\"seq\":9,") && line.contains("(4005 bytes)"),
            "{line}"
        );
        assert!(
            line.ends_with("\"link\":\"03030303030303030303030303030303\"}"),
            "{line}"
        );
    }

    #[test]
    fn a_log_that_does_not_listen_is_tried_again_and_never_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        let mut syslog = Syslog::new(path.clone(), node(), 42);
        let head = Head {
            seq: 1,
            link: hailer_protocol::ids::Link([3; 16]),
        };
        let tell = |syslog: &mut Syslog| syslog.tell(&head, Wall(0), &body());
        tell(&mut syslog);
        tell(&mut syslog);
        assert_eq!(syslog.n_lost, 2);
        for _ in 0..2 {
            let listener = UnixDatagram::bind(&path).expect("a socket");
            tell(&mut syslog);
            assert_eq!(syslog.n_lost, 0);
            assert!(listener.recv(&mut [0; 16]).is_ok());
            drop(listener);
            std::fs::remove_file(&path).expect("removed");
        }
        // One that listens and does not read fills up, and holds nobody up.
        let _listener = UnixDatagram::bind(&path).expect("a socket");
        for _ in 0..100_000 {
            tell(&mut syslog);
            if syslog.n_lost > 0 {
                return;
            }
        }
        panic!("the socket never filled");
    }
}
