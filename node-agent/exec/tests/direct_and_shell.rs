//! A line that goes without the shell means what it means to the shell.
#![expect(clippy::unwrap_used, reason = "these are parts of tests")]

mod common;

use std::process::Command;

use common::PATH;
use hailer_exec::direct_argv;
use proptest::prelude::*;

fn output(command: &mut Command) -> (Option<i32>, Vec<u8>) {
    let output = command.env_clear().env("PATH", PATH).output().unwrap();
    (output.status.code(), output.stdout)
}

fn check(line: &str) {
    let Some(argv) = direct_argv(line) else {
        return;
    };
    let direct = output(Command::new(&argv[0]).args(&argv[1..]));
    let shell = output(Command::new("/bin/sh").arg("-c").arg(line));
    assert_eq!(direct, shell, "{line:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text after a program that prints its arguments, one a line.
    #[test]
    fn the_words_are_those_the_shell_makes(
        rest in r#"([a-z0-9_./:@%+,= \t-]|[\$'"\\*?~#&|;<>(){}\[\]!^\n]|\u{a0}|é){0,24}"#
    ) {
        check(&format!("/usr/bin/env -- printf %s:\n {rest}"));
        check(&format!("/usr/bin/env -- printf %s: {rest}"));
    }

    /// Plain words alone, which must all go directly.
    #[test]
    fn plain_words_always_go_directly(rest in r"[a-zA-Z0-9_./:@%+,= \t-]{0,40}") {
        let line = format!("/usr/bin/env -- printf %s: {rest}");
        prop_assert!(direct_argv(&line).is_some());
        check(&line);
    }
}
