//! The limit on open files of this very process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises this process's soft limit on open files to its hard limit and returns the limit
/// that now holds (`None`: unlimited).
///
/// An agent that hosts many runs needs about four descriptors for each. Commands do not
/// inherit the raised limit: [`crate::Rlimits::nofile`] decides theirs.
pub fn raise_nofile_limit() -> std::io::Result<Option<u64>> {
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum {
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: now.maximum,
                maximum: now.maximum,
            },
        )?;
    }
    Ok(now.maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_meets_the_hard_one_and_asking_twice_is_harmless() {
        let first = raise_nofile_limit().unwrap();
        assert_eq!(raise_nofile_limit().unwrap(), first);
        assert_eq!(getrlimit(Resource::Nofile).current, first);
    }
}
