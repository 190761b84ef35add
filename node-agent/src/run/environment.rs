//! The environment a command gets: small, the same on every node, and documented here.
//!
//! | variable | value |
//! |---|---|
//! | `PATH` | `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` |
//! | `HOME`, `USER`, `LOGNAME` | of the user the agent runs as |
//! | `SHELL` | `/bin/sh` |
//! | `LANG` | `C.UTF-8` |
//! | `HAILER_NODE` | the node's name |
//! | `HAILER_RUN` | the run's id, 32 hexadecimal digits |
//!
//! What the request adds comes after these and may replace all but the last two. A simulated node has
//! its own `bin` before the others in `PATH`, so that stand-ins for programs can lie there.

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use hailer_protocol::ids::{NodeName, RunId};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The user the agent runs as, read once.
struct User {
    home: OsString,
    name: OsString,
}

fn user() -> &'static User {
    static USER: OnceLock<User> = OnceLock::new();
    USER.get_or_init(|| {
        let uid = rustix::process::getuid().as_raw().to_string();
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let entry = passwd
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|f| f.get(2) == Some(&uid.as_str()));
        let field = |at: usize, otherwise: &str| {
            let text = entry.as_ref().and_then(|f| f.get(at)).copied();
            OsString::from(text.filter(|t| !t.is_empty()).unwrap_or(otherwise))
        };
        User {
            home: field(5, "/"),
            name: field(0, &uid),
        }
    })
}

/// Returns the name of the user the agent runs as; the number of one who has none.
pub(crate) fn own_user() -> String {
    user().name.to_string_lossy().into_owned()
}

/// Returns the variables for one command.
pub(super) fn environment(
    node: &NodeName,
    run: RunId,
    added: &[(String, String)],
    stand_ins: Option<&Path>,
) -> Vec<(OsString, OsString)> {
    let user = user();
    let mut path = OsString::new();
    if let Some(first) = stand_ins {
        path.push(first);
        path.push(":");
    }
    path.push(PATH);
    let mut variables: Vec<(OsString, OsString)> = vec![
        ("PATH".into(), path),
        ("HOME".into(), user.home.clone()),
        ("USER".into(), user.name.clone()),
        ("LOGNAME".into(), user.name.clone()),
        ("SHELL".into(), "/bin/sh".into()),
        ("LANG".into(), "C.UTF-8".into()),
    ];
    let own = [
        ("HAILER_NODE".to_owned(), node.as_str().to_owned()),
        ("HAILER_RUN".to_owned(), run.to_string()),
    ];
    for (name, value) in added.iter().chain(&own) {
        match variables.iter_mut().find(|(n, _)| n == name.as_str()) {
            Some(variable) => variable.1 = value.into(),
            None => variables.push((name.into(), value.into())),
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_replace_the_path_but_not_the_nodes_name() {
        let node = NodeName::new("web1").expect("valid");
        let added = [
            ("PATH".to_owned(), "/opt".to_owned()),
            ("HAILER_NODE".to_owned(), "other".to_owned()),
            ("X".to_owned(), "1".to_owned()),
        ];
        let all = environment(&node, RunId([1; 16]), &added, None);
        let get = |n: &str| all.iter().find(|(k, _)| k == n).map(|(_, v)| v.to_str());
        assert_eq!(get("PATH"), Some(Some("/opt")));
        assert_eq!(get("HAILER_NODE"), Some(Some("web1")));
        assert_eq!(get("X"), Some(Some("1")));
        assert_eq!(get("HAILER_RUN"), Some(Some("01".repeat(16).as_str())));
    }

    #[test]
    fn a_simulated_nodes_stand_ins_are_found_first() {
        let node = NodeName::new("web1").expect("valid");
        let all = environment(&node, RunId([1; 16]), &[], Some(Path::new("/sim/bin")));
        let path = all.iter().find(|(k, _)| k == "PATH").expect("it has one");
        assert_eq!(path.1.to_str(), Some(format!("/sim/bin:{PATH}").as_str()));
    }
}
