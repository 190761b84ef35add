//! The sandbox, tried from inside: each row of the tables is an attempt to get out, really made,
//! and the refusal that it must meet. Perl makes the calls, since a shell cannot.
#![expect(clippy::unwrap_used, reason = "these are parts of tests")]

#[path = "escapes/calls.rs"]
mod calls;
mod common;
#[path = "escapes/lines.rs"]
mod lines;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use common::{OK, PATH, argv, refused, run, shell, spawner};
use hailer_exec::{
    ExecError, Protection, Protections, Sandbox, Spawner, SpawnerConfig, Spec, Step, User,
    detect_cgroup_parent,
};

/// Says why a test does not run here, or that it does.
fn cannot() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root can become another user");
    }
    if !Path::new("/usr/bin/perl").exists() {
        return Some("there is no perl");
    }
    None
}

macro_rules! or_skip {
    () => {
        if let Some(reason) = cannot() {
            eprintln!("skipped: {reason}");
            return;
        }
    };
}

/// A world to break out of: secrets, a key, a journal, a socket; and the sandbox in it.
struct Cell {
    folder: tempfile::TempDir,
    spawner: Spawner,
    user: User,
    _socket: std::os::unix::net::UnixListener,
    _abstract_socket: std::os::unix::net::UnixListener,
}

impl Cell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // A user of its own for each, so that a bound on processes is one test's alone.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let uid = 1_900_000_000 + std::process::id() * 16 + NEXT.fetch_add(1, Ordering::Relaxed);
        let user = User {
            name: "prisoner".into(),
            uid,
            gid: uid,
            groups: vec![uid],
            home: folder.path().join("scratch").into(),
        };
        let at = |name: &str| folder.path().join(name);
        let make = |name: &str, mode: u32| {
            fs::write(at(name), "the secret\n").unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["state", "scratch", "open"] {
            fs::create_dir(at(name)).unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(0o777)).unwrap();
        }
        // The file modes would let anybody in: what keeps them out is the sandbox alone.
        make("state/key", 0o666);
        make("state/journal", 0o666);
        make("open/file", 0o666);
        make("open/readable", 0o444);
        std::os::unix::fs::symlink("../state/key", at("open/link")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(at("state/socket")).unwrap();
        for name in ["scratch", "open/own"] {
            if name == "open/own" {
                make(name, 0o600);
            }
            let (uid, gid) = (user.uid, user.gid);
            std::os::unix::fs::chown(at(name), Some(uid), Some(gid)).unwrap();
        }
        let setuid = at("open/setuid");
        fs::copy("/usr/bin/id", &setuid).unwrap();
        fs::set_permissions(&setuid, fs::Permissions::from_mode(0o4755)).unwrap();
        let address = <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(
            format!("hailer-escape-{}", folder.path().display()),
        )
        .unwrap();
        let abstract_socket = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
        let config = SpawnerConfig {
            cgroup_parent: detect_cgroup_parent(),
        };
        Self {
            spawner: Spawner::start(&common::helper(), config).unwrap(),
            folder,
            user,
            _socket: socket,
            _abstract_socket: abstract_socket,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sandboxed(&self, spec: Spec) -> Spec {
        Spec {
            run_as: Some(self.user.clone()),
            sandbox: Some(Sandbox {
                scratch: Some(self.at("scratch")),
                ..Sandbox::hiding([self.at("state")])
            }),
            ..spec
        }
    }

    /// Puts the names of this world into an attempt.
    fn fill(&self, text: &str) -> String {
        text.replace("{dir}", &self.folder.path().display().to_string())
            .replace("{agent}", &std::process::id().to_string())
            .replace("{helper}", &self.spawner.helper_pid().to_string())
    }
}

/// Every version of Landlock that decides on something which the one before did not, from the one
/// that this kernel has down to the first.
fn kernels() -> Vec<Option<u32>> {
    [None].into_iter().chain((1..=5).rev().map(Some)).collect()
}

/// Makes every attempt of a table, on this kernel and as on each older one, and lists those that
/// were not refused as they must be.
async fn attempt(attempts: &[(&str, String, &str)]) {
    for landlock_max in kernels() {
        attempt_with(landlock_max, attempts).await;
    }
}

async fn attempt_with(landlock_max: Option<u32>, attempts: &[(&str, String, &str)]) {
    let cell = Cell::new();
    let mut wrong = Vec::new();
    for (name, line, expected) in attempts {
        let mut spec = cell.sandboxed(shell(&cell.fill(line)));
        if let Some(sandbox) = &mut spec.sandbox {
            sandbox.landlock_max = landlock_max;
        }
        let whole = run(&cell.spawner, &spec).await;
        let said = format!("{}{}", whole.out, whole.err);
        let is_refused = expected.split('|').any(|text| said.contains(text));
        if !is_refused || said.contains("GOT THROUGH") || said.contains("the secret") {
            wrong.push(format!(
                "{name}: expected {expected:?}, got {said:?}, {:?}",
                whole.end.how
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "with Landlock {landlock_max:?}:\n{}",
        wrong.join("\n")
    );
    assert_eq!(fs::read(cell.at("state/journal")).unwrap(), b"the secret\n");
    assert_eq!(fs::read(cell.at("open/file")).unwrap(), b"the secret\n");
}

#[tokio::test]
async fn no_system_call_leads_out() {
    or_skip!();
    let attempts: Vec<_> = calls::ATTEMPTS
        .iter()
        .map(|(name, call, expected)| (*name, calls::perl(call), *expected))
        .collect();
    attempt(&attempts).await;
}

#[tokio::test]
async fn no_command_leads_out() {
    or_skip!();
    let attempts: Vec<_> = lines::ATTEMPTS
        .iter()
        .map(|(name, line, expected)| (*name, (*line).to_owned(), *expected))
        .collect();
    attempt(&attempts).await;
}

#[test]
fn there_are_at_least_sixty_attempts() {
    assert!(calls::ATTEMPTS.len() + lines::ATTEMPTS.len() >= 60);
}

#[tokio::test]
async fn every_attempt_on_a_file_would_succeed_without_the_sandbox() {
    or_skip!();
    let cell = Cell::new();
    for name in ["state/key", "open/link"] {
        let line = format!("cat {}", cell.at(name).display());
        let spec = Spec {
            run_as: Some(cell.user.clone()),
            ..shell(&line)
        };
        assert_eq!(
            run(&cell.spawner, &spec).await.out,
            "the secret\n",
            "{name}"
        );
        let caged = run(&cell.spawner, &cell.sandboxed(shell(&line))).await;
        assert_eq!(caged.out, "", "{name}");
    }
}

#[tokio::test]
async fn ordinary_looks_around_work_inside_on_old_kernels_and_new_ones() {
    or_skip!();
    for landlock_max in kernels() {
        let cell = Cell::new();
        let mut wrong = Vec::new();
        for (line, expected) in lines::ORDINARY {
            let program = line.split(' ').next().unwrap();
            let is_there = PATH.split(':').any(|f| Path::new(f).join(program).exists());
            if !is_there {
                continue;
            }
            let mut spec = cell.sandboxed(shell(&cell.fill(line)));
            spec.sandbox.as_mut().unwrap().landlock_max = landlock_max;
            let whole = run(&cell.spawner, &spec).await;
            let said = format!("{}{}", whole.out, whole.err);
            if !expected.split('|').any(|text| said.contains(text)) {
                wrong.push(format!("{line}: expected {expected:?}, got {said:?}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "with Landlock {landlock_max:?}:\n{}",
            wrong.join("\n")
        );
    }
}

#[tokio::test]
async fn an_older_landlock_is_stood_in_for_and_that_is_said_unless_it_must_not_be() {
    or_skip!();
    let cell = Cell::new();
    for (version, by_filter) in [
        (1, "truncation, devices, network, signals, sockets"),
        (2, "truncation, devices, network, signals, sockets"),
        (3, "devices, network, signals, sockets"),
        (4, "devices, signals, sockets"),
        (5, "signals, sockets"),
    ] {
        let mut spec = cell.sandboxed(argv(&["id", "-u"]));
        let sandbox = spec.sandbox.as_mut().unwrap();
        sandbox.landlock_max = Some(version);
        let held = run(&cell.spawner, &spec).await.end.held;
        assert_eq!(held.stood_in_for.to_string(), by_filter, "{version}");
        for one in Protection::ALL {
            let expected = one != Protection::Cgroup || held.cgroup;
            assert_eq!(held.protections.contains(one), expected, "{version}: {one}");
        }
        spec.sandbox.as_mut().unwrap().is_strict = true;
        let error = refused(&cell.spawner, &spec).await;
        let first = held.stood_in_for.iter().next().unwrap();
        assert!(
            matches!(&error, ExecError::SpawnFailed { step: Step::Protect(one), .. } if *one == first),
            "{version}: {error:?}"
        );
    }
}

#[tokio::test]
async fn without_any_landlock_nothing_runs_in_a_sandbox() {
    or_skip!();
    let cell = Cell::new();
    let mut spec = cell.sandboxed(argv(&["id", "-u"]));
    spec.sandbox.as_mut().unwrap().landlock_max = Some(0);
    let error = refused(&cell.spawner, &spec).await;
    assert_eq!(
        error.to_string(),
        "run `id -u`: put up its sandbox, files (which needs Landlock: Linux 5.13 or newer, and \
         `landlock` among its security modules): Operation not supported (os error 95)"
    );
}

#[tokio::test]
async fn what_held_is_part_of_the_end() {
    or_skip!();
    let cell = Cell::new();
    let whole = run(&cell.spawner, &cell.sandboxed(shell("id -u; pwd"))).await;
    assert_eq!(whole.out, format!("{}\n/\n", cell.user.uid));
    let held = whole.end.held;
    for one in Protection::ALL {
        let expected = one != Protection::Cgroup || held.cgroup;
        assert_eq!(held.protections.contains(one), expected, "{one}");
    }
    let free = run(&cell.spawner, &shell("true")).await;
    assert_eq!(free.end.held.protections, Protections::none());
}

#[tokio::test]
async fn a_protection_that_cannot_be_had_stops_the_command_unless_it_is_optional() {
    or_skip!();
    // This spawner makes no control groups.
    let spawner = spawner();
    let cell = Cell::new();
    let mut spec = cell.sandboxed(argv(&["id", "-u"]));
    assert_eq!(run(&spawner, &spec).await.end.how, OK);
    let sandbox = spec.sandbox.as_mut().unwrap();
    sandbox.optional = Protections::none();
    let error = refused(&spawner, &spec).await;
    assert!(
        matches!(
            error,
            ExecError::SpawnFailed {
                step: Step::Protect(Protection::Cgroup),
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "run `id -u`: put up its sandbox, cgroup: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn root_is_not_sandboxed() {
    or_skip!();
    let cell = Cell::new();
    for user in [None, Some(User::look_up("root").unwrap())] {
        let mut spec = cell.sandboxed(shell("true"));
        spec.run_as = user;
        let error = refused(&cell.spawner, &spec).await;
        assert!(matches!(error, ExecError::RootInSandbox), "{error:?}");
    }
}

#[tokio::test]
async fn a_command_runs_as_the_user_it_is_given_with_that_users_groups_and_home() {
    or_skip!();
    let spawner = spawner();
    let user = User {
        name: "someone".into(),
        uid: 12_345,
        gid: 12_346,
        groups: vec![12_346, 12_347],
        home: "/nowhere".into(),
    };
    let spec = Spec {
        run_as: Some(user),
        ..shell(
            "id -u; id -g; id -G; echo $HOME $USER $LOGNAME; grep -E 'Cap(Prm|Eff)|Groups' /proc/self/status",
        )
    };
    let whole = run(&spawner, &spec).await;
    assert_eq!(
        whole.out,
        "12345\n12346\n12346 12347\n/nowhere someone someone\n\
         Groups:\t12346 12347 \nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
    );
}

#[tokio::test]
async fn who_may_not_change_users_is_told_so() {
    or_skip!();
    let cell = Cell::new();
    // A helper that is itself an ordinary user, as with an agent that does not run as root.
    let program = cell.at("open/helper");
    fs::copy(common::helper().program, &program).unwrap();
    let helper = hailer_exec::HelperCommand {
        program: "/usr/bin/setpriv".into(),
        args: ["--reuid=65534", "--regid=65534", "--clear-groups"]
            .map(Into::into)
            .into_iter()
            .chain([program.into()])
            .collect(),
    };
    let spawner = Spawner::start(&helper, SpawnerConfig::default()).unwrap();
    let mut spec = shell("id -u");
    assert_eq!(run(&spawner, &spec).await.out, "65534\n");
    spec.run_as = Some(User {
        uid: 12_345,
        ..cell.user.clone()
    });
    let error = refused(&spawner, &spec).await;
    assert_eq!(
        error.to_string(),
        "run `id -u`: become the user it is to run as: Operation not permitted (os error 1)"
    );
    // To be who it is already needs no right, and the sandbox none either.
    let mut spec = cell.sandboxed(spec);
    spec.run_as = Some(User {
        uid: 65_534,
        gid: 65_534,
        groups: vec![65_534],
        ..cell.user.clone()
    });
    let whole = run(&spawner, &spec).await;
    assert_eq!(whole.end.how, OK, "{whole:?}");
}
