//! The words from agent to supervisor: an order with its descriptors, and single-byte requests
//! to kill. The way back is in [`crate::reply`].
//!
//! Both ends are the same build of the same crate on the same machine, so there is no version
//! and no skipping: numbers are native-endian and every list has its count. Strings end in NUL,
//! so that the supervisor can hand the buffer to the kernel without copying.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::direct::direct_argv;
use crate::error::ExecError;
use crate::sandbox::env::environment;
use crate::sandbox::{Protections, Sandbox};
use crate::spec::{Program, Rlimits, Spec};

/// The longest order: what Linux takes by default is 2 MiB of arguments and environment.
pub(crate) const MAX_ORDER_BYTES: usize = 4 * 1024 * 1024;
/// Longer lines go to the shell: their words would travel a second time, their first word once
/// for each folder of the `PATH`.
const MAX_DIRECT_BYTES: usize = 4096;
/// The first byte of an order, before the length of the rest in four.
pub(crate) const ORDER: u8 = b'o';
/// Bytes before the order proper.
pub(crate) const ORDER_HEAD: usize = 5;
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
    /// Whom the command becomes: user, group, all groups.
    pub(crate) run_as: Option<(u32, u32, Vec<u32>)>,
    pub(crate) sandbox: Option<Sandbox>,
}

/// Returns the bytes of an order: [`ORDER`], the length of the rest in four bytes, then the rest.
///
/// With the first of them go the descriptors of standard output, standard error and, if the
/// command is to read anything, standard input.
pub(crate) fn encode(spec: &Spec, cgroup_parent: Option<&Path>) -> Result<Vec<u8>, ExecError> {
    let mut out = Writer {
        bytes: vec![ORDER, 0, 0, 0, 0],
    };
    out.number(u64::from(spec.detached));
    out.number(u64::try_from(spec.kill_grace.as_millis()).unwrap_or(u64::MAX));
    let limits = match &spec.sandbox {
        Some(_) => spec.limits.or(Rlimits::sandboxed()),
        None => spec.limits,
    };
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

    let env = environment(spec)?;
    let search = Search::of(&env);
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
    for (name, _) in &env {
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            return Err(ExecError::EnvName {
                name: name.to_string_lossy().into_owned(),
            });
        }
    }
    out.strings(
        "environment",
        env.iter()
            .map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()]),
    )?;
    confinement(spec, &mut out)?;
    out.finish()
}

/// Writes as whom the command runs, and its sandbox.
fn confinement(spec: &Spec, out: &mut Writer) -> Result<(), ExecError> {
    out.number(u64::from(spec.run_as.is_some()));
    if let Some(user) = &spec.run_as {
        out.number(u64::from(user.uid));
        out.number(u64::from(user.gid));
        out.number(user.groups.len() as u64);
        user.groups.iter().for_each(|g| out.number(u64::from(*g)));
    }
    out.number(u64::from(spec.sandbox.is_some()));
    let Some(sandbox) = &spec.sandbox else {
        return Ok(());
    };
    let uid = spec.run_as.as_ref().map(|user| user.uid);
    if uid.unwrap_or_else(|| rustix::process::geteuid().as_raw()) == 0 {
        return Err(ExecError::RootInSandbox);
    }
    out.number(u64::from(sandbox.optional.bits()));
    out.number(u64::from(sandbox.may_connect));
    out.number(u64::from(sandbox.is_strict));
    out.number(sandbox.landlock_max.map_or(u64::MAX, u64::from));
    let places = [
        ("scratch folder", sandbox.scratch.as_slice()),
        ("hidden places", &sandbox.hidden),
    ];
    places.into_iter().try_for_each(|(part, paths)| {
        out.strings(part, paths.iter().map(|p| [p.as_os_str().as_bytes()]))
    })
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
        let bytes = self.bytes.len() - ORDER_HEAD;
        let too_large = ExecError::TooLarge {
            bytes,
            limit: MAX_ORDER_BYTES,
        };
        if bytes > MAX_ORDER_BYTES {
            return Err(too_large);
        }
        let length = u32::try_from(bytes).map_err(|_| too_large)?;
        self.bytes[1..ORDER_HEAD].copy_from_slice(&length.to_ne_bytes());
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
            run_as: input.run_as()?,
            sandbox: input.sandbox()?,
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

    fn run_as(&mut self) -> Option<Option<(u32, u32, Vec<u32>)>> {
        if self.number()? == 0 {
            return Some(None);
        }
        let (uid, gid) = (self.small()?, self.small()?);
        let n = self.number()?;
        let groups: Option<_> = (0..n).map(|_| self.small()).collect();
        Some(Some((uid, gid, groups?)))
    }

    fn sandbox(&mut self) -> Option<Option<Sandbox>> {
        if self.number()? == 0 {
            return Some(None);
        }
        let path = |string: &CStr| PathBuf::from(OsStr::from_bytes(string.to_bytes()));
        Some(Some(Sandbox {
            optional: Protections::from_bits(u16::try_from(self.number()?).ok()?),
            may_connect: self.number()? != 0,
            is_strict: self.number()? != 0,
            landlock_max: u32::try_from(self.number()?).ok(),
            scratch: self.strings()?.first().copied().map(path),
            hidden: self.strings()?.into_iter().map(path).collect(),
        }))
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
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
        let order = Order::decode(&bytes[ORDER_HEAD..]).unwrap();
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
    fn an_order_carries_user_and_sandbox_and_bounds_what_is_not_bounded() {
        let spec = Spec {
            env: Vec::new(),
            run_as: Some(crate::user::User {
                name: "ann".into(),
                uid: 7,
                gid: 8,
                groups: vec![8, 9],
                home: "/".into(),
            }),
            sandbox: Some(Sandbox {
                scratch: Some("/scratch".into()),
                may_connect: true,
                is_strict: true,
                landlock_max: Some(4),
                ..Sandbox::hiding(["/key".into()])
            }),
            ..spec(Program::Shell("df".into()))
        };
        let bytes = encode(&spec, None).unwrap();
        let order = Order::decode(&bytes[ORDER_HEAD..]).unwrap();
        assert_eq!(order.run_as, Some((7, 8, vec![8, 9])));
        assert_eq!(order.sandbox, spec.sandbox);
        assert_eq!(order.limits, Rlimits::sandboxed());
        for cut in ORDER_HEAD..bytes.len() {
            assert_eq!(Order::decode(&bytes[ORDER_HEAD..cut]), None, "cut at {cut}");
        }
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
                Order::decode(&bytes[ORDER_HEAD..]).unwrap().argv,
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
        for cut in ORDER_HEAD..bytes.len() {
            assert_eq!(Order::decode(&bytes[ORDER_HEAD..cut]), None, "cut at {cut}");
        }
        let mut longer = bytes[ORDER_HEAD..].to_vec();
        longer.push(0);
        assert_eq!(Order::decode(&longer), None);
        assert_eq!(Order::decode(&[0xff; 400]), None);
    }
}
