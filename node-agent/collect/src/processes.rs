//! Processes as a whole, and the walk over each of them.

use hailer_protocol::metrics::Processes;
use hailer_protocol::table::Row;
use hailer_protocol::time::Mono;

use crate::collector::{Collector, Readiness, Rows};
use crate::error::CollectError;
use crate::files::Tree;
use crate::procfs::pid_stat::{self, PidStat};
use crate::units;

/// The words for the kernel's status letters; the last one is for letters that have none here.
const STATUSES: [(&str, &str); 7] = [
    ("running", "R"),
    ("sleeping", "S"),
    ("blocked", "D"),
    ("idle", "I"),
    ("stopped", "Tt"),
    ("zombie", "Z"),
    ("other", ""),
];

impl Collector {
    pub(crate) fn processes(&mut self, what: Processes, now: Mono) -> Rows {
        let rows = match what {
            Processes::Count => {
                let mut counts = [0; STATUSES.len()];
                self.each_process(|process| counts[status_at(process.status)] += 1)?;
                by_status(&counts)
            }
            Processes::Threads => {
                let threads = self.load_average()?.threads;
                vec![vec![threads.map(units::count).into()]]
            }
            Processes::Created => {
                let created = self.stat()?.created;
                vec![vec![created.map(units::count).into()]]
            }
            Processes::CreatedRate => {
                return self.between_stats(now, |b| {
                    let rate = units::per_second(b.earlier.created, b.later.created, b.elapsed);
                    vec![vec![rate.into()]]
                });
            }
        };
        Ok(Readiness::Ready(rows))
    }

    /// Visits every process that the agent may see. One that ends meanwhile is left out.
    pub(crate) fn each_process(
        &mut self,
        mut visit: impl FnMut(&PidStat<'_>),
    ) -> Result<(), CollectError> {
        let mut file = String::new();
        for entry in self.files.list(Tree::Proc, "")?.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().filter(|name| is_number(name)) else {
                continue;
            };
            file.clear();
            file.push_str(pid);
            file.push_str("/stat");
            if let Ok(text) = self.files.text(Tree::Proc, &file)
                && let Some(process) = pid_stat::parse(&text)
            {
                visit(&process);
            }
        }
        Ok(())
    }
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_digit())
}

fn status_at(letter: char) -> usize {
    STATUSES
        .iter()
        .position(|(_, letters)| letters.contains(letter))
        .unwrap_or(STATUSES.len() - 1)
}

fn by_status(counts: &[u64; STATUSES.len()]) -> Vec<Row> {
    STATUSES
        .iter()
        .zip(counts)
        .map(|((status, _), n)| vec![(*status).into(), units::count(*n)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_has_its_word() {
        let check = |letter: char, expected: &str| {
            assert_eq!(STATUSES[status_at(letter)].0, expected, "{letter}");
        };
        check('R', "running");
        check('D', "blocked");
        check('t', "stopped");
        check('Z', "zombie");
        check('X', "other");
        check('?', "other");
    }
}
