//! Commands that run by themselves: their ends, streams, environment and limits.

mod common;

use std::time::Duration;

use common::{OK, argv, eventually, finish, first_line, refused, run, shell, spawner, within};
use hailer_exec::{ExecError, Held, How, Program, Rlimits, Spec, Stdin, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn exit_codes_and_signals_arrive_as_they_are() {
    let spawner = spawner();
    for (line, how) in [
        ("true", OK),
        ("hostname", OK),
        ("exit 3", How::Exited(3)),
        ("exit 255", How::Exited(255)),
        ("kill -TERM $$", How::Signalled(15)),
        ("kill -KILL $$", How::Signalled(9)),
        // A pipe nobody reads must end its writer: SIGPIPE is not ignored.
        ("yes | head -n 1 >/dev/null; exit 4", How::Exited(4)),
    ] {
        let whole = run(&spawner, &shell(line)).await;
        assert_eq!(
            (whole.end.how, whole.end.killed),
            (how, false),
            "{line}: {whole:?}"
        );
        assert_eq!(whole.end.left_behind, 0, "{line}");
        assert!(whole.end.max_rss_bytes > 100_000, "{line}: {whole:?}");
    }
}

#[tokio::test]
async fn time_in_descendants_counts() {
    let busy = "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; true";
    let end = run(&spawner(), &shell(busy)).await.end;
    assert!(end.user + end.system > Duration::from_millis(20), "{end:?}");
}

#[tokio::test]
async fn both_streams_arrive_whole_and_apart() {
    let whole = run(&spawner(), &shell("printf out; printf err >&2")).await;
    assert_eq!((whole.out.as_str(), whole.err.as_str()), ("out", "err"));
    let whole = run(&spawner(), &shell("seq 1 200000")).await;
    let expected: String = (1..=200_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(whole.out, expected);
}

#[tokio::test]
async fn a_writer_waits_for_its_reader_and_nothing_is_lost() {
    let spawner = spawner();
    let line = "head -c 1000000 /dev/zero && echo written >&2";
    let mut running = spawner.spawn(&shell(line)).await.unwrap();
    // It stands in a write to a full pipe: the kernel says so.
    let pid = running.pid;
    eventually("the writer to stand still", || {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let head = children.unwrap_or_default().trim().to_owned();
        std::fs::read_to_string(format!("/proc/{head}/wchan"))
            .is_ok_and(|wchan| wchan.contains("pipe_write"))
            || std::fs::read_to_string(format!("/proc/{head}/syscall"))
                .is_ok_and(|syscall| syscall.starts_with("1 0x1 "))
    })
    .await;
    let mut byte = [0; 1];
    let nothing = tokio::time::timeout(Duration::ZERO, running.stderr.read(&mut byte)).await;
    assert!(nothing.is_err(), "the command went on though nobody read");
    let ended = tokio::time::timeout(Duration::ZERO, running.control.wait()).await;
    assert!(ended.is_err(), "the command ended though nobody read");
    let whole = finish(running).await;
    assert_eq!(whole.out.len(), 1_000_000);
    assert_eq!((whole.err.as_str(), whole.end.how), ("written\n", OK));
}

#[tokio::test]
async fn standard_input_is_empty_or_what_is_written() {
    let spawner = spawner();
    assert_eq!(run(&spawner, &shell("cat; echo end")).await.out, "end\n");
    let mut running = spawner
        .spawn(&Spec {
            stdin: Stdin::Piped,
            ..argv(&["cat"])
        })
        .await
        .unwrap();
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(b"hello").await.unwrap();
    drop(stdin);
    assert_eq!(finish(running).await.out, "hello");
}

#[tokio::test]
async fn the_environment_is_exactly_what_was_given() {
    let mut spec = argv(&["/usr/bin/env"]);
    spec.env = vec![("B".into(), "2 = two".into()), ("A".into(), "".into())];
    assert_eq!(run(&spawner(), &spec).await.out, "B=2 = two\nA=\n");
}

#[tokio::test]
async fn a_command_starts_clean() {
    let spawner = spawner();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let spec = |line: &str| Spec {
        cwd: folder.clone(),
        ..shell(line)
    };
    let out = async |line: &str| run(&spawner, &spec(line)).await.out;

    assert_eq!(out("/bin/pwd -P").await, format!("{}\n", folder.display()));
    // The fourth is the directory that ls itself reads.
    assert_eq!(out("ls /proc/self/fd").await, "0\n1\n2\n3\n");
    assert_eq!(out("umask; ulimit -n; ulimit -c").await, "0022\n1024\n0\n");
    let status = out("cat /proc/self/status").await;
    for line in ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"] {
        assert!(status.contains(line), "{line} in {status}");
    }
    // Leads its own session and group: fields 1, 5 and 6.
    let stat = out("cat /proc/self/stat").await;
    let fields: Vec<&str> = stat.split(' ').collect();
    assert_eq!((fields[0], fields[0]), (fields[4], fields[5]), "{stat}");
}

#[tokio::test]
async fn limits_hold_and_the_end_says_so() {
    let spawner = spawner();
    let spec = |line: &str, limits| Spec {
        limits,
        ..shell(line)
    };
    let limits = Rlimits {
        nofile: 77,
        address_space_bytes: Some(512 << 20),
        cpu_seconds: Some(7),
        nproc: None,
        fsize_bytes: Some(1024),
    };
    let whole = run(
        &spawner,
        &spec("ulimit -n; ulimit -v; ulimit -t; ulimit -f", limits),
    )
    .await;
    assert_eq!(whole.out, "77\n524288\n7\n2\n");
    assert_eq!(
        whole.end.held,
        Held {
            cgroup: false,
            rlimits: true,
            protections: hailer_exec::Protections::none(),
            stood_in_for: hailer_exec::Protections::none(),
        }
    );
    // SIGXFSZ, as the shell passes it on.
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = format!("exec head -c 5000 /dev/zero > {}", file.path().display());
    let whole = run(&spawner, &spec(&line, limits)).await;
    assert_eq!(whole.end.how, How::Signalled(25), "{whole:?}");
    assert_eq!(file.as_file().metadata().unwrap().len(), 1024);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_the_shells_own_127() {
    for line in [
        "hailer-no-such-program",
        "hailer-no-such-program a b",
        "no-such; no-such",
    ] {
        let whole = run(&spawner(), &shell(line)).await;
        assert_eq!(whole.end.how, How::Exited(127), "{whole:?}");
        assert!(whole.err.contains("not found"), "{whole:?}");
    }
    let whole = run(&spawner(), &shell("/etc/passwd")).await;
    assert_eq!(whole.end.how, How::Exited(126), "{whole:?}");
}

#[tokio::test]
async fn what_cannot_start_names_the_step_and_the_cause() {
    let spawner = spawner();
    let check = async |spec: Spec, step: Step, errno: i32| {
        let error = refused(&spawner, &spec).await;
        let ExecError::SpawnFailed {
            step: at,
            errno: cause,
            ..
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((*at, *cause), (step, errno), "{error}");
    };
    let missing = || argv(&["hailer-no-such-program", "x"]);
    check(missing(), Step::Exec, libc::ENOENT).await;
    check(argv(&["/no/such/program"]), Step::Exec, libc::ENOENT).await;
    check(argv(&["/etc/passwd"]), Step::Exec, libc::EACCES).await;
    check(argv(&[""]), Step::Exec, libc::ENOENT).await;
    check(
        Spec {
            cwd: "/no/such".into(),
            ..shell("true")
        },
        Step::Chdir,
        libc::ENOENT,
    )
    .await;
    check(
        Spec {
            cwd: "/etc/passwd".into(),
            ..shell("true")
        },
        Step::Chdir,
        libc::ENOTDIR,
    )
    .await;
    check(shell(&"x".repeat(3_000_000)), Step::Exec, libc::E2BIG).await;
    let error = refused(&spawner, &missing()).await.to_string();
    assert!(
        error.starts_with("run `hailer-no-such-program x`: execute the program: "),
        "{error}"
    );
    // And the helper is as good as before.
    assert_eq!(run(&spawner, &shell("true")).await.end.how, OK);
}

#[tokio::test]
async fn a_path_without_slash_is_searched_on_the_specs_own_path() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("hailer-test-tool");
    std::fs::write(&script, "#!/bin/sh\necho \"tool $1\"\n").unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("/nonexistent:{}:/bin", folder.path().display());
    for program in [
        Program::Argv(vec!["hailer-test-tool".into(), "x".into()]),
        Program::Shell("hailer-test-tool x".into()),
    ] {
        let spec = Spec {
            env: vec![("PATH".into(), path.clone().into())],
            ..Spec::new(program)
        };
        assert_eq!(run(&spawner(), &spec).await.out, "tool x\n");
    }
}

#[tokio::test]
async fn a_daemon_that_is_left_behind_is_counted_and_lives() {
    let mark = common::Mark::new("left-behind");
    let line = "setsid sleep 1000 >/dev/null 2>&1 & sleep 1000 >/dev/null 2>&1 & exit 5";
    let whole = run(&spawner(), &mark.on(shell(line))).await;
    assert_eq!((whole.end.how, whole.end.killed), (How::Exited(5), false));
    assert_eq!(whole.end.left_behind, 2);
    eventually("the two daemons", || {
        mark.count("sleep") == 2 && mark.alive().len() == 2
    })
    .await;
}

#[tokio::test]
async fn waiting_can_be_given_up_and_taken_up_again() {
    let mut running = spawner()
        .spawn(&Spec {
            stdin: Stdin::Piped,
            ..shell("echo a; read x; exit 6")
        })
        .await;
    let running = running.as_mut().unwrap();
    assert_eq!(first_line(running).await, "a");
    assert!(
        tokio::time::timeout(Duration::ZERO, running.control.wait())
            .await
            .is_err()
    );
    running
        .stdin
        .take()
        .unwrap()
        .write_all(b"go\n")
        .await
        .unwrap();
    let end = within("the end", running.control.wait()).await.unwrap();
    assert_eq!(end.how, How::Exited(6));
    assert_eq!(running.control.wait().await.unwrap(), end);
}
