//! What the operator keeps between sessions: saved lines, and the lines that every prompt begins
//! with. Both are files in the language itself, below `$XDG_CONFIG_HOME/hailer` or
//! `~/.config/hailer`; batch reads neither unless it is told to, so that a script means the same
//! for everybody.

mod lines;
mod rc;

pub use lines::LinesFile;
pub use rc::{Rc, read as read_rc};

use std::path::PathBuf;

/// Returns the directory of configuration; `env` returns a variable's value. `None` where neither
/// variable is set.
#[must_use]
pub fn directory(env: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| env(name).filter(|path| !path.as_os_str().is_empty());
    let base = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(base.join("hailer"))
}

/// Returns a variable of this process that names a path.
#[must_use]
pub fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_follows_the_xdg_rules() {
        for (env, expected) in [
            (
                &[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")][..],
                Some("/x/hailer"),
            ),
            (
                &[("XDG_CONFIG_HOME", ""), ("HOME", "/h")],
                Some("/h/.config/hailer"),
            ),
            (&[("HOME", "/h")], Some("/h/.config/hailer")),
            (&[], None),
        ] {
            let lookup = |name: &str| {
                let found = env.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| PathBuf::from(value))
            };
            assert_eq!(directory(lookup), expected.map(PathBuf::from), "{env:?}");
        }
    }
}
