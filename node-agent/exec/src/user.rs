//! The user as whom a command runs, looked up before there is a command.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;

use rustix::process::{getegid, geteuid, getgroups};

use crate::sys::{self, Identity};

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name, for `USER` and `LOGNAME`.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the primary group.
    pub gid: u32,
    /// All groups, the primary one among them.
    pub groups: Vec<u32>,
    /// The home folder, for `HOME`.
    pub home: OsString,
}

/// Why a user was not found.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The name cannot be one.
    #[error("look up the user {name:?}: a name is not empty and has no NUL byte")]
    Name {
        /// What was given.
        name: String,
    },
    /// There is no such user here.
    #[error("look up the user `{name}`: there is none on this machine")]
    Unknown {
        /// Who was looked for.
        name: String,
    },
    /// The database could not be asked.
    #[error("look up the user `{name}`: {source}")]
    Database {
        /// Who was looked for.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

impl User {
    /// Looks a user and its groups up in the system's user database.
    ///
    /// That may read files or ask the network, as the system is set up, so it blocks. A group
    /// that is added to the user afterwards is not in what was returned.
    pub fn look_up(name: &str) -> Result<Self, UserError> {
        let owned = || name.to_owned();
        let c_name = match CString::new(name) {
            Ok(c_name) if !name.is_empty() => c_name,
            Ok(_) | Err(_) => return Err(UserError::Name { name: owned() }),
        };
        let failed = |source| UserError::Database {
            name: owned(),
            source,
        };
        let Some(entry) = sys::user_by_name(&c_name).map_err(failed)? else {
            return Err(UserError::Unknown { name: owned() });
        };
        Ok(Self {
            name: owned(),
            uid: entry.uid,
            gid: entry.gid,
            groups: sys::groups_of(&c_name, entry.gid).map_err(failed)?,
            home: OsString::from_vec(entry.home),
        })
    }
}

/// Whether this process already is that user with these groups, so that nothing has to change.
pub(crate) fn is_already(user: Identity<'_>) -> bool {
    let sorted = |groups: &mut dyn Iterator<Item = u32>| {
        let mut groups: Vec<u32> = groups.filter(|&group| group != user.gid).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    };
    geteuid().as_raw() == user.uid
        && getegid().as_raw() == user.gid
        && getgroups().is_ok_and(|present| {
            sorted(&mut present.iter().map(|group| group.as_raw()))
                == sorted(&mut user.groups.iter().copied())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_with_its_groups_and_home() {
        let root = User::look_up("root").unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert!(root.groups.contains(&0));
        assert_eq!(root.home, "/root");
    }

    #[test]
    fn who_is_not_there_is_named() {
        for (name, expected) in [
            (
                "no-such-user",
                "look up the user `no-such-user`: there is none on this machine",
            ),
            (
                "",
                "look up the user \"\": a name is not empty and has no NUL byte",
            ),
            (
                "a\0b",
                "look up the user \"a\\0b\": a name is not empty and has no NUL byte",
            ),
        ] {
            assert_eq!(User::look_up(name).unwrap_err().to_string(), expected);
        }
    }
}
