//! Control groups (version 2): one a run, where the system lets this process make them.
//!
//! A group needs no controller to be of use: `cgroup.kill` ends everything in it at once. Where
//! none can be made the run goes on without, and says so. Version 1 hierarchies are left alone.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, getpid, test_kill_process};

/// Directories of runs are named this, and the number of the run's supervisor.
const RUN_PREFIX: &str = "hailer-run-";

/// Finds the control group under which runs can have their own: this process's own group, if
/// the version 2 hierarchy is mounted and a group with `cgroup.kill` (Linux 5.14) can be made.
///
/// Under systemd that takes `Delegate=yes` in the agent's unit.
pub fn detect_cgroup_parent() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let parent = group_path(&mounts, &groups)?;
    can_make_groups(&parent).then_some(parent)
}

/// Returns the path of this process's version 2 group, from the texts of its mount table
/// and its list of groups.
fn group_path(mounts: &str, groups: &str) -> Option<PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        if after.split(' ').next()? != "cgroup2" {
            return None;
        }
        let mut fields = before.split(' ').skip(3);
        let (root, mount) = (fields.next()?, fields.next()?);
        // In a container the mount may show only a part of the hierarchy.
        let below = match root {
            "/" => own,
            root => own.strip_prefix(root)?,
        };
        Some(Path::new(mount).join(below.trim_start_matches('/')))
    })
}

/// Tries it: permissions, read-only mounts and delegation say less than a directory made.
fn can_make_groups(parent: &Path) -> bool {
    let probe = parent.join(format!("hailer-probe-{}", getpid().as_raw_pid()));
    if fs::create_dir(&probe).is_err() {
        return false;
    }
    let has_kill = probe.join("cgroup.kill").exists();
    fs::remove_dir(&probe).is_ok() && has_kill
}

/// Removes the groups of runs whose supervisor has ended and which have become empty since:
/// those of daemons that outlived the command which started them.
pub(crate) fn remove_stale(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let supervisor = name
            .to_str()
            .and_then(|name| name.strip_prefix(RUN_PREFIX)?.parse::<i32>().ok());
        let Some(supervisor) = supervisor.and_then(Pid::from_raw) else {
            continue;
        };
        if test_kill_process(supervisor) == Err(rustix::io::Errno::SRCH) {
            // A group with a process in it is busy and stays.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The control group of one run.
#[derive(Debug)]
pub(crate) struct RunCgroup {
    path: PathBuf,
    procs: File,
}

impl RunCgroup {
    /// Makes the group of the run that this process supervises.
    pub(crate) fn create(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("{RUN_PREFIX}{}", getpid().as_raw_pid()));
        match fs::create_dir(&path) {
            Ok(()) => {}
            // Left by a run of old whose supervisor had this number, and empty, or it is not ours.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_dir(&path)?;
                fs::create_dir(&path)?;
            }
            Err(error) => return Err(error),
        }
        match File::options().write(true).open(path.join("cgroup.procs")) {
            Ok(procs) => Ok(Self { path, procs }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                Err(error)
            }
        }
    }

    /// Returns the file through which a process enters the group by writing `0`.
    pub(crate) fn entrance(&self) -> BorrowedFd<'_> {
        self.procs.as_fd()
    }

    /// Sends SIGKILL to everything in the group at once.
    pub(crate) fn kill(&self) -> io::Result<()> {
        fs::write(self.path.join("cgroup.kill"), "1")
    }

    /// Removes the group if nothing is left in it; otherwise it stays until
    /// [`remove_stale`] finds it empty.
    pub(crate) fn remove(self) {
        let _ = fs::remove_dir(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
24 23 0:21 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
25 24 0:22 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
26 24 0:23 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";
    const UNIFIED: &str =
        "30 1 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn check(mounts: &str, groups: &str, expected: Option<&str>) {
        assert_eq!(
            group_path(mounts, groups),
            expected.map(PathBuf::from),
            "{mounts}{groups}"
        );
    }

    #[test]
    fn the_own_group_is_the_path_below_the_version_2_mount() {
        check(
            HYBRID,
            "4:memory:/x\n0::/\n",
            Some("/sys/fs/cgroup/unified/"),
        );
        check(
            UNIFIED,
            "0::/system.slice/hailerd.service\n",
            Some("/sys/fs/cgroup/system.slice/hailerd.service"),
        );
        let part = "30 1 0:26 /pod /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
        check(part, "0::/pod/a\n", Some("/sys/fs/cgroup/a"));
        check(part, "0::/elsewhere\n", None);
    }

    #[test]
    fn without_version_2_there_is_none() {
        check(
            "25 24 0:22 / /sys/fs/cgroup/memory rw - cgroup cgroup rw\n",
            "0::/\n",
            None,
        );
        check(UNIFIED, "4:memory:/x\n", None);
        check("", "", None);
    }

    #[test]
    fn a_folder_that_is_no_control_group_takes_no_runs() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!can_make_groups(folder.path()));
        assert!(RunCgroup::create(folder.path()).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
