//! The shelf: answers of detached runs, for whoever asks later.
//!
//! | bound | value |
//! |---|---|
//! | output of one run, both streams together | 1 MiB; what is beyond is counted as cut |
//! | answers of all runs of a node | 16 MiB; the oldest goes first |
//! | how long | as long as the run is remembered: a week |
//!
//! On a machine of its own an agent keeps them in files, so that they outlive it; simulated nodes
//! keep them in memory.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::ids::RunId;

/// Bytes of one detached run's output that are kept.
pub(super) const BYTES_PER_RUN_MAX: usize = 1 << 20;

/// Bytes of all answers.
const BYTES_MAX: usize = 16 << 20;

#[derive(Debug)]
enum Place {
    Memory(BTreeMap<RunId, Vec<u8>>),
    Disk(PathBuf),
}

/// The kept answers of one agent's detached runs.
#[derive(Debug)]
pub(crate) struct Shelf {
    place: Place,
    /// What lies there with its size, oldest first.
    order: VecDeque<(RunId, usize)>,
    bytes_max: usize,
}

impl Shelf {
    /// Makes a shelf in memory.
    pub(crate) const fn in_memory() -> Self {
        Self {
            place: Place::Memory(BTreeMap::new()),
            order: VecDeque::new(),
            bytes_max: BYTES_MAX,
        }
    }

    /// Opens the shelf in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let Some(run) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
                // Half a file of a crash.
                let _ = fs::remove_file(entry.path());
                continue;
            };
            let metadata = entry.metadata()?;
            let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
            found.push((metadata.modified()?, run, size));
        }
        found.sort_unstable();
        let mut shelf = Self {
            place: Place::Disk(dir.to_owned()),
            order: found
                .into_iter()
                .map(|(_, run, size)| (run, size))
                .collect(),
            bytes_max: BYTES_MAX,
        };
        shelf.make_room();
        Ok(shelf)
    }

    /// Keeps an answer; may wait for a disk.
    ///
    /// # Errors
    /// When it cannot be written; then it is not kept.
    pub(crate) fn put(&mut self, run: RunId, answer: &[Envelope]) -> io::Result<()> {
        let mut bytes = Vec::new();
        answer.iter().for_each(|e| e.write_to(&mut bytes));
        let size = bytes.len();
        self.forget(run);
        match &mut self.place {
            Place::Memory(answers) => {
                answers.insert(run, bytes);
            }
            Place::Disk(dir) => write(dir, run, &bytes)?,
        }
        self.order.push_back((run, size));
        self.make_room();
        Ok(())
    }

    /// Returns an answer, if it is still held whole.
    pub(crate) fn answer(&self, run: RunId) -> Option<Vec<Envelope>> {
        let bytes = match &self.place {
            Place::Memory(answers) => answers.get(&run)?.clone(),
            Place::Disk(_) if !self.has(run) => return None,
            Place::Disk(dir) => fs::read(dir.join(run.to_string())).ok()?,
        };
        let mut decoder = Decoder::new();
        decoder.feed(&bytes);
        let mut answer = Vec::new();
        while let Some(envelope) = decoder.next_envelope().ok()? {
            answer.push(envelope);
        }
        (!decoder.is_mid_envelope()).then_some(answer)
    }

    /// Whether an answer is held.
    pub(crate) fn has(&self, run: RunId) -> bool {
        self.order.iter().any(|(kept, _)| *kept == run)
    }

    /// Drops an answer.
    pub(crate) fn forget(&mut self, run: RunId) {
        if !self.has(run) {
            return;
        }
        self.order.retain(|(kept, _)| *kept != run);
        match &mut self.place {
            Place::Memory(answers) => {
                answers.remove(&run);
            }
            Place::Disk(dir) => {
                let _ = fs::remove_file(dir.join(run.to_string()));
            }
        }
    }

    fn make_room(&mut self) {
        let mut bytes: usize = self.order.iter().map(|(_, size)| size).sum();
        while bytes > self.bytes_max
            && let Some((oldest, size)) = self.order.front().copied()
        {
            bytes -= size;
            self.forget(oldest);
        }
    }
}

/// Writes a file as a whole or not at all.
fn write(dir: &Path, run: RunId, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let path = dir.join(run.to_string());
    let half = path.with_extension("half");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&half)?;
    file.write_all(bytes)?;
    fs::rename(&half, &path)
}

#[cfg(test)]
mod tests {
    use hailer_protocol::message::Kind;

    use super::*;

    fn answer(bytes: usize) -> Vec<Envelope> {
        vec![
            Envelope::new(Kind::Output, vec![7; bytes]),
            Envelope::new(Kind::Done, vec![1, 2]),
        ]
    }

    const IDS: [RunId; 3] = [RunId([1; 16]), RunId([2; 16]), RunId([3; 16])];

    #[test]
    fn an_answer_comes_back_as_it_was_also_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut shelf = Shelf::open(dir.path()).expect("made");
        shelf.put(IDS[0], &answer(100)).expect("written");
        assert_eq!(shelf.answer(IDS[0]), Some(answer(100)));
        let mut again = Shelf::open(dir.path()).expect("there");
        assert_eq!(again.answer(IDS[0]), Some(answer(100)));
        assert_eq!(again.answer(IDS[1]), None);
        again.forget(IDS[0]);
        assert_eq!(again.answer(IDS[0]), None);
        assert_eq!(fs::read_dir(dir.path()).expect("there").count(), 0);
    }

    #[test]
    fn half_a_file_is_no_answer_and_half_an_answer_neither() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut shelf = Shelf::open(dir.path()).expect("made");
        shelf.put(IDS[0], &answer(100)).expect("written");
        let path = dir.path().join(IDS[0].to_string());
        let bytes = fs::read(&path).expect("there");
        fs::write(&path, &bytes[..bytes.len() - 1]).expect("written");
        fs::write(path.with_extension("half"), "x").expect("written");
        let shelf = Shelf::open(dir.path()).expect("there");
        assert_eq!(shelf.answer(IDS[0]), None);
        assert!(!path.with_extension("half").exists());
    }

    #[test]
    fn all_answers_together_stay_within_their_bound_and_the_oldest_goes() {
        let mut shelf = Shelf::in_memory();
        shelf.bytes_max = 1000;
        for id in IDS {
            shelf.put(id, &answer(400)).expect("in memory");
        }
        assert_eq!(IDS.map(|id| shelf.has(id)), [false, true, true]);
        assert!(shelf.answer(IDS[0]).is_none() && shelf.answer(IDS[2]).is_some());
    }
}
