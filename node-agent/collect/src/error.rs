//! Why a metric could not be read.

use std::io;
use std::path::PathBuf;

use crate::files::READ_MAX;

/// A metric's source could not be read. A field that is absent from its source is no error but a
/// null.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The file or folder is absent or closed to the agent.
    #[error("read `{}`: {error}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it was not.
        error: io::Error,
    },
    /// The file does not end within reason, and a part of it would be a wrong answer.
    #[error("read `{}`: it is longer than {READ_MAX} bytes", path.display())]
    TooLong {
        /// What was to be read.
        path: PathBuf,
    },
}

impl CollectError {
    /// Returns what to do next, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        let Self::Read { path, error } = self else {
            return None;
        };
        // With PSI built in but switched off, the files are there and cannot be opened.
        let is_absent = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::Unsupported
        );
        let is_pressure = path.components().any(|part| part.as_os_str() == "pressure");
        if is_pressure && is_absent {
            Some(
                "this kernel has no pressure stall information: it wants Linux 4.20 with \
                 CONFIG_PSI, and on some distributions `psi=1` among the boot parameters",
            )
        } else if error.kind() == io::ErrorKind::PermissionDenied {
            Some("the agent's user may not read it: start the agent as root or grant it access")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_read_and_why_it_failed() {
        let error = CollectError::Read {
            path: "/proc/pressure/io".into(),
            error: io::ErrorKind::NotFound.into(),
        };
        assert_eq!(
            error.to_string(),
            "read `/proc/pressure/io`: entity not found"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("psi=1")));
    }

    #[test]
    fn only_a_pressure_file_hints_at_psi() {
        let error = CollectError::Read {
            path: "/proc/loadavg".into(),
            error: io::ErrorKind::NotFound.into(),
        };
        assert_eq!(error.hint(), None);
    }
}
