//! Runs commands for the agent, and ends them, whole trees at a time.
//!
//! The agent's heap is large and forking it is slow, so the agent never forks. A small
//! [`helper`] process does: it is started once, single-threaded, and shared by everything in
//! the agent that spawns. It forks *supervisors*: each watches over one run at a time, adopts
//! whatever its command orphans (it is a subreaper) and can therefore kill the whole tree, down
//! to the daemons that left their session. One whose run has left nothing takes the next.
//!
//! ```text
//! agent (tokio, big heap)          helper (one an agent)       supervisor (one a run)
//!   Spawner ── "another one" ────────▶ recvmsg, fork ────────────▶ vfork + exec: the command
//!   Control ◀────── order and pipes, started, kill, ended ───────▶ waits, reaps, kills
//!   stdout, stderr ◀──────────────────────────────────────────────── the command and its kin
//! ```
//!
//! What it refuses to do: it interprets no output, keeps no queue, sets no deadline. A caller
//! who does not read a pipe slows the command down and nothing else. A process that asks
//! another service to start something on its behalf (`systemd-run`, `at`, a container engine)
//! has put that outside its own tree and outside the reach of this crate.

mod cgroup;
mod control;
mod direct;
mod end;
mod error;
mod fds;
pub mod helper;
mod nofile;
mod order;
mod pool;
mod reply;
mod sandbox;
mod spawner;
mod spec;
mod supervisor;
mod sys;
mod tree;
mod user;
mod watch;

pub use cgroup::detect_cgroup_parent;
pub use control::{Control, Killer, Running};
pub use direct::direct_argv;
pub use end::{End, Held, How};
pub use error::{ExecError, Step};
pub use nofile::raise_nofile_limit;
pub use sandbox::{HIDDEN, Protection, Protections, Sandbox, stood_in_for};
pub use spawner::{HelperCommand, Spawner, SpawnerConfig};
pub use spec::{Program, Rlimits, Spec, Stdin};
pub use user::{User, UserError};
