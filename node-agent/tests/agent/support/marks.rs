//! Finding a test's processes anywhere on the machine, by a mark in their environment.

use std::fs;
use std::time::Duration;

use hailer_protocol::message::Run;

use super::{new_run_id, soon};

const NAME: &str = "HAILER_TEST_MARK";

/// A name that one test's processes carry.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        Self(new_run_id().to_string())
    }

    /// For looking on when what carried it is gone.
    pub(crate) fn same_as(other: &Self) -> Self {
        Self(other.0.clone())
    }

    pub(crate) fn variable(&self) -> (String, String) {
        (NAME.to_owned(), self.0.clone())
    }

    pub(crate) fn on(&self, mut run: Run) -> Run {
        run.env.push(self.variable());
        run
    }

    /// Lists the live processes that carry it.
    pub(crate) fn alive(&self) -> Vec<i32> {
        let wanted = format!("{NAME}={}", self.0);
        let pids = fs::read_dir("/proc").expect("proc is mounted").flatten();
        pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid: &i32| {
                fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| {
                    let mut entries = environ.split(|&b| b == 0);
                    entries.any(|entry| entry == wanted.as_bytes())
                })
            })
            .collect()
    }
}

/// Looks until `holds` is true, for what nobody tells.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let looking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(what, looking).await;
}
