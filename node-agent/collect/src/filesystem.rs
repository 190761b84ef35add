//! Mounted filesystems: those on devices of the machine, each once.
//!
//! Left out are the kernel's own (`proc`, `tmpfs` …), images that are always full (`squashfs`,
//! `iso9660` …), and, unless the settings ask for them, network and FUSE filesystems: `statvfs` on
//! one whose server is gone does not return.

use std::collections::HashMap;

use hailer_protocol::metrics::Filesystem;
use hailer_protocol::table::Row;
use hailer_protocol::value::Value;
use rustix::fs::StatVfs;

use crate::collector::{Collector, Readiness, Rows};
use crate::files::Tree;
use crate::procfs::mountinfo::{self, Mount};
use crate::units;

impl Collector {
    pub(crate) fn filesystem(&mut self, what: Filesystem) -> Rows {
        let text = self.files.text(Tree::Proc, "self/mountinfo")?;
        let mounts = shown(mountinfo::parse(&text), self.settings.network_filesystems);
        let value = |mount: &Mount| match what {
            Filesystem::Utilization => with_space(mount, utilization),
            Filesystem::Usage => with_space(mount, |s| units::size(bytes(s, used_blocks(s)))),
            Filesystem::Free => with_space(mount, |s| units::size(bytes(s, s.f_bavail))),
            Filesystem::Limit => with_space(mount, |s| units::size(bytes(s, s.f_blocks))),
            Filesystem::InodesUtilization => with_space(mount, |s| {
                units::share(s.f_files.saturating_sub(s.f_ffree), s.f_files)
            }),
            Filesystem::InodesFree => with_space(mount, |s| match s.f_files {
                0 => Value::Null,
                _ => units::count(s.f_ffree),
            }),
            Filesystem::ReadOnly => Value::Bool(mount.read_only),
        };
        let rows = mounts.into_iter().map(|mount| {
            let value = value(&mount);
            row(mount, value)
        });
        Ok(Readiness::Ready(rows.collect()))
    }
}

/// Null for a mount that the agent cannot reach.
fn with_space(mount: &Mount, value: impl Fn(&StatVfs) -> Value) -> Value {
    rustix::fs::statvfs(mount.mountpoint.as_str()).map_or(Value::Null, |space| value(&space))
}

/// What is used of what an ordinary user could use: root's reserve counts on neither side.
fn utilization(space: &StatVfs) -> Value {
    let used = used_blocks(space);
    units::share(used, used.saturating_add(space.f_bavail))
}

const fn used_blocks(space: &StatVfs) -> u64 {
    space.f_blocks.saturating_sub(space.f_bfree)
}

const fn bytes(space: &StatVfs, blocks: u64) -> u64 {
    blocks.saturating_mul(space.f_frsize)
}

fn row(mount: Mount, value: Value) -> Row {
    vec![
        mount.mountpoint.into(),
        mount.device.into(),
        mount.fstype.into(),
        value,
    ]
}

/// Chooses what is shown, in the order of mounting: of several mounts at one place the last, which
/// hides the others; of several mounts of one filesystem its root, and then the shortest path.
fn shown(mounts: Vec<Mount>, network: bool) -> Vec<Mount> {
    let mut top_at: HashMap<String, usize> = HashMap::with_capacity(mounts.len());
    for (at, mount) in mounts.iter().enumerate() {
        top_at.insert(mount.mountpoint.clone(), at);
    }
    let mut chosen: Vec<Mount> = Vec::new();
    let mut chosen_at: HashMap<String, usize> = HashMap::new();
    for (at, mount) in mounts.into_iter().enumerate() {
        if top_at.get(&mount.mountpoint) != Some(&at) || !is_real(&mount, network) {
            continue;
        }
        match chosen_at.get(&mount.device_id) {
            Some(&earlier) if preference(&mount) < preference(&chosen[earlier]) => {
                chosen[earlier] = mount;
            }
            Some(_) => {}
            None => {
                chosen_at.insert(mount.device_id.clone(), chosen.len());
                chosen.push(mount);
            }
        }
    }
    chosen
}

fn preference(mount: &Mount) -> (bool, usize) {
    (mount.root != "/", mount.mountpoint.len())
}

/// Types that wait for another machine or for a process.
const REMOTE: [&str; 20] = [
    "9p",
    "acfs",
    "afs",
    "autofs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "fuse",
    "fuseblk",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "pvfs2",
    "smb3",
    "smbfs",
    "virtiofs",
];

/// Types of read-only images: full by nature.
const IMAGES: [&str; 5] = ["cramfs", "erofs", "iso9660", "squashfs", "udf"];

fn is_real(mount: &Mount, network: bool) -> bool {
    let fstype = mount.fstype.as_str();
    // Asking an automount point for its space would mount it.
    if fstype == "autofs" || IMAGES.contains(&fstype) {
        return false;
    }
    if REMOTE.contains(&fstype) || fstype.starts_with("fuse.") {
        return network;
    }
    // ZFS names pools, not devices. A container's root is an overlay, and what it can fill up.
    mount.device.starts_with('/') || fstype == "zfs" || mount.mountpoint == "/"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str, network: bool) -> Vec<String> {
        shown(mountinfo::parse(text), network)
            .into_iter()
            .map(|mount| mount.mountpoint)
            .collect()
    }

    #[test]
    fn real_filesystems_are_shown_and_the_kernels_own_are_not() {
        let text = "1 0 0:1 / /proc rw - proc proc rw\n\
                    2 0 254:0 / / rw - ext4 /dev/vda rw\n\
                    3 2 0:9 / /run rw - tmpfs tmpfs rw\n\
                    4 2 7:0 / /snap/core ro - squashfs /dev/loop0 ro\n\
                    5 2 0:40 / /tank/home rw - zfs tank/home rw\n\
                    6 2 254:16 / /my\\040disk rw - xfs /dev/vdb rw\n";
        assert_eq!(points(text, false), ["/", "/tank/home", "/my disk"]);
    }

    #[test]
    fn network_and_fuse_filesystems_are_left_out_unless_asked_for() {
        let text = "1 0 0:1 / /a rw - nfs4 srv:/a rw\n\
                    2 0 0:2 / /b rw - fuse.sshfs me@srv:/ rw\n\
                    3 0 0:3 / /c rw - cifs //srv/c rw\n\
                    4 0 0:4 / /d rw - autofs systemd-1 rw\n\
                    5 0 0:5 / / rw - nfs srv:/root rw\n";
        assert!(points(text, false).is_empty());
        assert_eq!(points(text, true), ["/a", "/b", "/c", "/"]);
    }

    #[test]
    fn a_container_shows_its_overlay_root() {
        let text = "1 0 0:50 / / rw - overlay overlay rw,lowerdir=/l\n\
                    2 1 0:51 / /dev rw - tmpfs tmpfs rw\n\
                    3 1 0:50 /x /merged rw - overlay overlay rw\n";
        assert_eq!(points(text, false), ["/"]);
    }

    #[test]
    fn a_filesystem_is_shown_once_and_at_its_own_root() {
        let text = "1 0 8:1 /sub /a rw - ext4 /dev/sda1 rw\n\
                    2 0 8:1 / /data/long rw - ext4 /dev/sda1 rw\n\
                    3 0 8:1 / /data rw - ext4 /dev/sda1 rw\n";
        assert_eq!(points(text, false), ["/data"]);
    }

    #[test]
    fn a_mount_that_another_one_hides_is_left_out() {
        let text = "1 0 8:1 / /mnt rw - ext4 /dev/sda1 rw\n\
                    2 1 0:7 / /mnt rw - tmpfs tmpfs rw\n\
                    3 0 8:2 / /x rw - ext4 /dev/sda2 rw\n\
                    4 3 8:3 / /x rw - ext4 /dev/sda3 rw\n";
        let mounts = shown(mountinfo::parse(text), false);
        assert_eq!(mounts.len(), 1);
        assert_eq!(mounts[0].device, "/dev/sda3");
    }

    #[test]
    fn a_mount_that_cannot_be_reached_has_null_space() {
        let text = "1 0 8:1 / /no/such/folder/anywhere rw - ext4 /dev/sda1 rw\n";
        let mounts = mountinfo::parse(text);
        assert_eq!(with_space(&mounts[0], utilization), Value::Null);
    }
}
