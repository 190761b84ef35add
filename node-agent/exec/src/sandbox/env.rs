//! Variables of the environment that decide what code a program loads, and those that say who
//! runs it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::error::ExecError;
use crate::spec::Spec;

type Variable = (OsString, OsString);

/// Names refused in a sandbox; see also [`decides_what_is_loaded`].
const LOADERS: &[&str] = &[
    "BASH_ENV",
    "BASHOPTS",
    "ENV",
    "GCONV_PATH",
    "GETCONF_DIR",
    "HOSTALIASES",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "LOCPATH",
    "NLSPATH",
    "NODE_OPTIONS",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PS4",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "SHELLOPTS",
];

/// Returns the environment of a command: the spec's, with its user and its scratch folder in it.
pub(crate) fn environment(spec: &Spec) -> Result<Vec<Variable>, ExecError> {
    let mut env = spec.env.clone();
    if spec.sandbox.is_some() {
        let refused = env
            .iter()
            .find(|(name, value)| decides_what_is_loaded(name, value));
        if let Some((name, _)) = refused {
            return Err(ExecError::LoaderEnv {
                name: name.to_string_lossy().into_owned(),
            });
        }
    }
    let mut set = |name: &str, value: &OsStr| {
        env.retain(|(present, _)| present != name);
        env.push((name.into(), value.to_owned()));
    };
    if let Some(user) = &spec.run_as {
        set("HOME", &user.home);
        set("USER", OsStr::new(&user.name));
        set("LOGNAME", OsStr::new(&user.name));
    }
    let scratch = spec.sandbox.as_ref().and_then(|s| s.scratch.as_ref());
    if let Some(scratch) = scratch {
        set("TMPDIR", scratch.as_os_str());
    }
    Ok(env)
}

fn decides_what_is_loaded(name: &OsStr, value: &OsStr) -> bool {
    let (bytes, value) = (name.as_bytes(), value.as_bytes());
    bytes.starts_with(b"LD_")
        || bytes.starts_with(b"BASH_FUNC_")
        || value.starts_with(b"() {")
        || LOADERS.iter().any(|loader| name == *loader)
        || name == "PATH" && value.split(|&b| b == b':').any(|f| !f.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Sandbox;
    use crate::spec::Program;
    use crate::user::User;

    fn spec(name: &str, value: &str) -> Spec {
        Spec {
            env: vec![(name.into(), value.into())],
            sandbox: Some(Sandbox::hiding([])),
            ..Spec::new(Program::Shell("true".into()))
        }
    }

    #[test]
    fn what_decides_on_code_is_refused_in_a_sandbox_and_nowhere_else() {
        for (name, value) in [
            ("LD_PRELOAD", "/tmp/x.so"),
            ("LD_LIBRARY_PATH", ""),
            ("BASH_ENV", "/tmp/x"),
            ("PATH", "/bin:"),
            ("PATH", "/bin:."),
            ("PATH", ""),
            ("PERL5OPT", "-Mx"),
            ("BASH_FUNC_ls%%", "() { :; }"),
            ("ls", "() { :; }"),
        ] {
            let mut spec = spec(name, value);
            let error = environment(&spec).unwrap_err();
            assert!(matches!(error, ExecError::LoaderEnv { .. }), "{name}");
            spec.sandbox = None;
            assert!(environment(&spec).is_ok(), "{name}");
        }
        assert!(environment(&spec("PATH", "/usr/bin:/bin")).is_ok());
    }

    #[test]
    fn the_user_and_the_scratch_folder_go_before_what_was_given() {
        let mut spec = spec("HOME", "/elsewhere");
        spec.run_as = Some(User {
            name: "ann".into(),
            uid: 1,
            gid: 1,
            groups: vec![1],
            home: "/ann".into(),
        });
        spec.sandbox = Some(Sandbox {
            scratch: Some("/scratch".into()),
            ..Sandbox::hiding([])
        });
        let env = environment(&spec).unwrap();
        let text: Vec<String> = env
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        assert_eq!(
            text,
            ["HOME=/ann", "USER=ann", "LOGNAME=ann", "TMPDIR=/scratch"]
        );
    }
}
