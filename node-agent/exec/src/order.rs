//! The words between agent and supervisor: one order down, a few fixed-size replies up, and
//! single-byte requests to kill.
//!
//! Both ends are the same build of the same crate on the same machine, so there is no version
//! and no skipping: numbers are native-endian and every list has its count. Strings end in NUL,
//! so that the supervisor can hand the buffer to the kernel without copying.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use crate::direct::direct_argv;
use crate::end::{End, Held, How};
use crate::error::{ExecError, Step};
use crate::spec::{Program, Rlimits, Spec};

/// The longest order: what Linux takes by default is 2 MiB of arguments and environment.
pub(crate) const MAX_ORDER_BYTES: usize = 4 * 1024 * 1024;
/// Longer lines go to the shell: their words would travel a second time, their first word once
/// for each folder of the `PATH`.
const MAX_DIRECT_BYTES: usize = 4096;
/// Every reply is this long.
pub(crate) const REPLY_BYTES: usize = 48;
/// From the agent: kill the tree, SIGTERM first.
pub(crate) const KILL: u8 = b'k';
/// From the agent: kill the tree at once.
pub(crate) const KILL_NOW: u8 = b'K';

/// What the supervisor is to run; borrows the buffer it was read into.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order<'a> {
    pub(crate) detached: bool,
    pub(crate) kill_grace: Duration,
    pub(crate) limits: Rlimits,
    pub(crate) cwd: &'a CStr,
    /// Where the run's own control group is to be made, if at all.
    pub(crate) cgroup_parent: Option<&'a CStr>,
    /// Files to try for `argv`, in this order.
    pub(crate) paths: Vec<&'a CStr>,
    pub(crate) argv: Vec<&'a CStr>,
    /// Arguments for `/bin/sh` if none of `paths` can be executed; empty for none.
    pub(crate) shell: Vec<&'a CStr>,
    pub(crate) env: Vec<&'a CStr>,
}

/// Returns the bytes of an order: the length of the rest in four bytes, then the rest.
pub(crate) fn encode(spec: &Spec, cgroup_parent: Option<&Path>) -> Result<Vec<u8>, ExecError> {
    let mut out = Writer { bytes: vec![0; 4] };
    out.number(u64::from(spec.detached));
    out.number(u64::try_from(spec.kill_grace.as_millis()).unwrap_or(u64::MAX));
    let limits = spec.limits;
    out.number(limits.nofile);
    for limit in [
        limits.address_space_bytes,
        limits.cpu_seconds,
        limits.nproc,
        limits.fsize_bytes,
    ] {
        out.number(u64::from(limit.is_some()));
        out.number(limit.unwrap_or(0));
    }
    out.strings("directory", [[spec.cwd.as_os_str().as_bytes()]])?;
    out.strings(
        "control group",
        cgroup_parent.map(|path| [path.as_os_str().as_bytes()]),
    )?;

    let search = Search::of(&spec.env);
    let (argv, shell) = match &spec.program {
        Program::Argv(argv) => (argv.clone(), Vec::new()),
        Program::Shell(line) => (search.direct(line).unwrap_or_default(), shell_argv(line)),
    };
    let paths = match argv.first() {
        Some(program) => search.candidates(program),
        None if shell.is_empty() => return Err(ExecError::Empty),
        None => Vec::new(),
    };
    out.strings("program", paths.iter().map(|path| [path.as_slice()]))?;
    out.strings("arguments", argv.iter().map(|word| [word.as_bytes()]))?;
    out.strings("command line", shell.iter().map(|word| [word.as_bytes()]))?;
    for (name, _) in &spec.env {
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            return Err(ExecError::EnvName {
                name: name.to_string_lossy().into_owned(),
            });
        }
    }
    out.strings(
        "environment",
        spec.env
            .iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()]),
    )?;
    out.finish()
}

/// Returns the arguments with which the shell reads `line`, whatever its first character.
fn shell_argv(line: &str) -> Vec<String> {
    let mut argv = vec!["sh".to_owned(), "-c".to_owned()];
    if line.starts_with(['-', '+']) {
        argv.push("--".to_owned());
    }
    argv.push(line.to_owned());
    argv
}

/// Where programs are looked for, as the spec's environment says.
struct Search<'a> {
    path: Option<&'a OsStr>,
    /// Bash takes functions from the environment, which then win over programs.
    imports_functions: bool,
}

impl<'a> Search<'a> {
    fn of(env: &'a [(std::ffi::OsString, std::ffi::OsString)]) -> Self {
        Self {
            path: env
                .iter()
                .find(|(name, _)| name == "PATH")
                .map(|(_, path)| path.as_os_str()),
            imports_functions: env.iter().any(|(name, value)| {
                name.as_bytes().starts_with(b"BASH_FUNC_") || value.as_bytes().starts_with(b"() {")
            }),
        }
    }

    /// Returns the words of a line that goes without the shell. Without a `PATH` each shell has
    /// its own idea of where to look, so then the shell looks.
    fn direct(&self, line: &str) -> Option<Vec<String>> {
        let may = line.len() <= MAX_DIRECT_BYTES && self.path.is_some() && !self.imports_functions;
        may.then(|| direct_argv(line)).flatten()
    }

    /// Returns the files that may be `program`, in the order of the `PATH`.
    fn candidates(&self, program: &str) -> Vec<Vec<u8>> {
        if program.contains('/') || program.is_empty() {
            return vec![program.as_bytes().to_vec()];
        }
        let path = self
            .path
            .map_or(b"/usr/bin:/bin".as_slice(), OsStr::as_bytes);
        path.split(|&byte| byte == b':')
            .map(|folder| match folder {
                // An empty entry is the working directory, and the search runs there.
                b"" => program.as_bytes().to_vec(),
                folder => [folder, b"/", program.as_bytes()].concat(),
            })
            .collect()
    }
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn number(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_ne_bytes());
    }

    /// Appends a list of strings, each given in parts.
    fn strings<'s, const N: usize>(
        &mut self,
        part: &'static str,
        strings: impl IntoIterator<Item = [&'s [u8]; N]>,
    ) -> Result<(), ExecError> {
        let at = self.bytes.len();
        self.number(0);
        let mut count: u64 = 0;
        for string in strings {
            for piece in string {
                if piece.contains(&0) {
                    return Err(ExecError::Nul { part });
                }
                self.bytes.extend_from_slice(piece);
            }
            self.bytes.push(0);
            count += 1;
        }
        self.bytes[at..at + 8].copy_from_slice(&count.to_ne_bytes());
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, ExecError> {
        let bytes = self.bytes.len() - 4;
        let too_large = ExecError::TooLarge {
            bytes,
            limit: MAX_ORDER_BYTES,
        };
        if bytes > MAX_ORDER_BYTES {
            return Err(too_large);
        }
        let length = u32::try_from(bytes).map_err(|_| too_large)?;
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        Ok(self.bytes)
    }
}

impl<'a> Order<'a> {
    /// Reads an order from what followed its length; `None` if it is no order.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut input = Reader { rest: bytes };
        let detached = input.number()? != 0;
        let kill_grace = Duration::from_millis(input.number()?);
        let limits = Rlimits {
            nofile: input.number()?,
            address_space_bytes: input.option()?,
            cpu_seconds: input.option()?,
            nproc: input.option()?,
            fsize_bytes: input.option()?,
        };
        let order = Self {
            detached,
            kill_grace,
            limits,
            cwd: *input.strings()?.first()?,
            cgroup_parent: input.strings()?.first().copied(),
            paths: input.strings()?,
            argv: input.strings()?,
            shell: input.strings()?,
            env: input.strings()?,
        };
        input.rest.is_empty().then_some(order)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.rest.split_first_chunk::<8>()?;
        self.rest = rest;
        Some(u64::from_ne_bytes(*number))
    }

    fn option(&mut self) -> Option<Option<u64>> {
        let is_some = self.number()? != 0;
        let value = self.number()?;
        Some(is_some.then_some(value))
    }

    fn strings(&mut self) -> Option<Vec<&'a CStr>> {
        let count = usize::try_from(self.number()?).ok()?;
        // Each string is at least its NUL, so the count cannot exceed what is left.
        let mut strings = Vec::with_capacity(count.min(self.rest.len()));
        for _ in 0..count {
            let string = CStr::from_bytes_until_nul(self.rest).ok()?;
            self.rest = &self.rest[string.to_bytes_with_nul().len()..];
            strings.push(string);
        }
        Some(strings)
    }
}

/// What the supervisor says, in this order: `Started` and then `Ended`, or `Failed` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Started { pid: u32 },
    Failed { step: Step, errno: i32 },
    Ended(End),
}

const STARTED: u8 = 1;
const FAILED: u8 = 2;
const ENDED: u8 = 3;

impl Reply {
    /// Returns the bytes of this reply.
    ///
    /// Layout: kind, flags, three bytes of detail, then from byte 8 on the figures.
    pub(crate) fn encode(&self) -> [u8; REPLY_BYTES] {
        let mut out = [0; REPLY_BYTES];
        match self {
            Self::Started { pid } => {
                out[0] = STARTED;
                out[8..12].copy_from_slice(&pid.to_ne_bytes());
            }
            Self::Failed { step, errno } => {
                out[0] = FAILED;
                out[1] = step.code();
                out[8..12].copy_from_slice(&errno.to_ne_bytes());
            }
            Self::Ended(end) => {
                let (how, code) = match end.how {
                    How::Exited(code) => (0, code),
                    How::Signalled(signal) => (1, signal),
                    How::Unkillable => (2, 0),
                };
                out[0] = ENDED;
                out[1] = how;
                out[2] = u8::from(end.killed);
                out[3] = u8::from(end.held.cgroup);
                out[4] = u8::from(end.held.rlimits);
                out[8..12].copy_from_slice(&code.to_ne_bytes());
                out[12..16].copy_from_slice(&end.left_behind.to_ne_bytes());
                out[16..24].copy_from_slice(&micros(end.user).to_ne_bytes());
                out[24..32].copy_from_slice(&micros(end.system).to_ne_bytes());
                out[32..40].copy_from_slice(&end.max_rss_bytes.to_ne_bytes());
            }
        }
        out
    }

    /// Reads a reply; `None` if it is of an unknown kind.
    pub(crate) fn decode(bytes: &[u8; REPLY_BYTES]) -> Option<Self> {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let eight = |at: usize| {
            let (low, high) = (four(at), four(at + 4));
            u64::from_ne_bytes([
                low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3],
            ])
        };
        match bytes[0] {
            STARTED => Some(Self::Started {
                pid: u32::from_ne_bytes(four(8)),
            }),
            FAILED => Some(Self::Failed {
                step: Step::from_code(bytes[1])?,
                errno: i32::from_ne_bytes(four(8)),
            }),
            ENDED => {
                let code = i32::from_ne_bytes(four(8));
                let how = match bytes[1] {
                    0 => How::Exited(code),
                    1 => How::Signalled(code),
                    2 => How::Unkillable,
                    _ => return None,
                };
                Some(Self::Ended(End {
                    how,
                    killed: bytes[2] != 0,
                    held: Held {
                        cgroup: bytes[3] != 0,
                        rlimits: bytes[4] != 0,
                    },
                    left_behind: u32::from_ne_bytes(four(12)),
                    user: Duration::from_micros(eight(16)),
                    system: Duration::from_micros(eight(24)),
                    max_rss_bytes: eight(32),
                }))
            }
            _ => None,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&CStr]) -> Vec<String> {
        list.iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    fn spec(program: Program) -> Spec {
        Spec {
            env: vec![("PATH".into(), "/a::/b".into()), ("X".into(), "".into())],
            cwd: "/tmp".into(),
            ..Spec::new(program)
        }
    }

    fn check(spec: &Spec, paths: &[&str], argv: &[&str], shell: &[&str]) {
        let bytes = encode(spec, Some(Path::new("/cg"))).unwrap();
        let order = Order::decode(&bytes[4..]).unwrap();
        assert_eq!(words(&order.paths), paths);
        assert_eq!(words(&order.argv), argv);
        assert_eq!(words(&order.shell), shell);
        assert_eq!(order.cwd, c"/tmp");
        assert_eq!(order.cgroup_parent, Some(c"/cg"));
        assert_eq!(order.limits, spec.limits);
        assert_eq!(order.kill_grace, spec.kill_grace);
        assert_eq!(order.detached, spec.detached);
    }

    #[test]
    fn an_order_says_what_the_spec_says() {
        let argv = |words: &[&str]| {
            spec(Program::Argv(
                words.iter().map(ToString::to_string).collect(),
            ))
        };
        let line = |line: &str| spec(Program::Shell(line.into()));
        check(
            &argv(&["df", "-h"]),
            &["/a/df", "df", "/b/df"],
            &["df", "-h"],
            &[],
        );
        check(&argv(&["./x"]), &["./x"], &["./x"], &[]);
        check(
            &line("df -h"),
            &["/a/df", "df", "/b/df"],
            &["df", "-h"],
            &["sh", "-c", "df -h"],
        );
        check(&line("df | wc"), &[], &[], &["sh", "-c", "df | wc"]);
        check(&line("-x"), &[], &[], &["sh", "-c", "--", "-x"]);
        check(&line(""), &[], &[], &["sh", "-c", ""]);
        let all = Rlimits {
            nofile: 1,
            address_space_bytes: Some(2),
            cpu_seconds: Some(3),
            nproc: Some(0),
            fsize_bytes: None,
        };
        check(
            &Spec {
                limits: all,
                detached: true,
                ..line("a;b")
            },
            &[],
            &[],
            &["sh", "-c", "a;b"],
        );
    }

    #[test]
    fn without_a_path_or_with_functions_in_the_environment_the_shell_decides() {
        for env in [
            ("A", "b"),
            ("BASH_FUNC_df%%", "() { :; }"),
            ("df", "() { :; }"),
        ] {
            let spec = Spec {
                env: vec![(env.0.into(), env.1.into())],
                ..Spec::new(Program::Shell("df -h".into()))
            };
            let bytes = encode(&spec, None).unwrap();
            assert_eq!(
                Order::decode(&bytes[4..]).unwrap().argv,
                Vec::<&CStr>::new()
            );
        }
    }

    #[test]
    fn what_the_kernel_cannot_take_is_refused() {
        let nul = spec(Program::Shell("a\0b".into()));
        assert!(matches!(
            encode(&nul, None),
            Err(ExecError::Nul {
                part: "command line"
            })
        ));
        let empty = spec(Program::Argv(Vec::new()));
        assert!(matches!(encode(&empty, None), Err(ExecError::Empty)));
        let name = Spec {
            env: vec![("A=B".into(), "".into())],
            ..nul.clone()
        };
        let name = Spec {
            program: Program::Shell("a".into()),
            ..name
        };
        assert!(matches!(
            encode(&name, None),
            Err(ExecError::EnvName { .. })
        ));
        let large = spec(Program::Shell("x".repeat(MAX_ORDER_BYTES)));
        assert!(matches!(
            encode(&large, None),
            Err(ExecError::TooLarge { .. })
        ));
    }

    #[test]
    fn a_broken_order_is_no_order() {
        let bytes = encode(&spec(Program::Shell("df".into())), None).unwrap();
        for cut in 4..bytes.len() {
            assert_eq!(Order::decode(&bytes[4..cut]), None, "cut at {cut}");
        }
        let mut longer = bytes[4..].to_vec();
        longer.push(0);
        assert_eq!(Order::decode(&longer), None);
        assert_eq!(Order::decode(&[0xff; 400]), None);
    }

    #[test]
    fn every_reply_survives_its_bytes() {
        let end = End {
            how: How::Signalled(9),
            killed: true,
            user: Duration::from_micros(7),
            system: Duration::from_secs(8),
            max_rss_bytes: 1 << 40,
            left_behind: 3,
            held: Held {
                cgroup: true,
                rlimits: false,
            },
        };
        for reply in [
            Reply::Started { pid: 77 },
            Reply::Failed {
                step: Step::Exec,
                errno: -2,
            },
            Reply::Ended(end),
            Reply::Ended(End {
                how: How::Exited(255),
                killed: false,
                ..end
            }),
            Reply::Ended(End {
                how: How::Unkillable,
                ..end
            }),
        ] {
            assert_eq!(Reply::decode(&reply.encode()), Some(reply));
        }
        assert_eq!(Reply::decode(&[9; REPLY_BYTES]), None);
    }
}
