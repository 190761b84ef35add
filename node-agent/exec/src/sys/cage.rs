//! The steps by which the child of a launch becomes another user and enters its sandbox, in
//! their order: each needs what a later one takes away.

use std::ffi::c_int;
use std::os::fd::BorrowedFd;

use super::{Child, confine};
use crate::error::Step;
use crate::sandbox::{Protection, Protections};

/// What a sandboxed command is shut into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cage<'a> {
    pub(crate) ruleset: Option<BorrowedFd<'a>>,
    /// What the ruleset protects from.
    pub(crate) by_ruleset: Protections,
    pub(crate) filter: Option<&'a [libc::sock_filter]>,
    /// What the filter protects from.
    pub(crate) by_filter: Protections,
    pub(crate) optional: Protections,
}

impl Child<'_> {
    /// Gives up privileges and becomes the user, as far as either is asked for.
    pub(super) fn become_who_it_is(&mut self) -> Result<(), (Step, c_int)> {
        let launch = self.launch;
        let mut bounded = Ok(());
        if let Some(cage) = launch.cage {
            self.protect(cage, Protection::NoNewPrivs, confine::no_new_privs())?;
            // Without the right to empty this set it stays; it matters only to programs that
            // gain privileges, and with the protection above there are none.
            bounded = confine::drop_bounding_set();
            if self.protections.contains(Protection::NoNewPrivs) {
                bounded = Ok(());
            }
        }
        if let Some(user) = launch.user {
            confine::become_user(user).map_err(|errno| (Step::ChangeUser, errno))?;
        }
        if launch.user.is_some_and(|user| user.uid != 0) && launch.cage.is_none() {
            // The kernel does this itself only for those who were root.
            confine::drop_capabilities().map_err(|errno| (Step::ChangeUser, errno))?;
        }
        if let Some(cage) = launch.cage {
            let dropped = confine::drop_capabilities().and(bounded);
            self.protect(cage, Protection::Capabilities, dropped)?;
            // An order for a sandbox with root in it is not carried out this far.
            self.protect(cage, Protection::User, Ok(()))?;
            let is_set = |is_so, errno| if is_so { Ok(()) } else { Err(errno) };
            self.protect(
                cage,
                Protection::Limits,
                is_set(self.limits_set, libc::EPERM),
            )?;
            self.protect(
                cage,
                Protection::Cgroup,
                is_set(self.in_cgroup, libc::ENOENT),
            )?;
        }
        Ok(())
    }

    /// Enters the parts of the cage that forbid; the filter last, since it judges what follows.
    pub(super) fn enter(&mut self, cage: Cage<'_>) -> Result<(), (Step, c_int)> {
        if let Some(ruleset) = cage.ruleset {
            let entered = confine::restrict(ruleset);
            for one in cage.by_ruleset.iter() {
                self.protect(cage, one, entered)?;
            }
        }
        if let Some(filter) = cage.filter {
            let entered = confine::filter(filter);
            for one in cage.by_filter.iter() {
                self.protect(cage, one, entered)?;
            }
            if entered.is_ok() {
                self.stood_in_for = cage.by_filter.without(Protection::Calls);
            }
        }
        Ok(())
    }

    /// Notes that a protection holds; one that does not is a failure unless it is optional.
    fn protect(
        &mut self,
        cage: Cage<'_>,
        one: Protection,
        result: Result<(), c_int>,
    ) -> Result<(), (Step, c_int)> {
        match result {
            Ok(()) => self.protections = self.protections.with(one),
            Err(_) if cage.optional.contains(one) => {}
            Err(errno) => return Err((Step::Protect(one), errno)),
        }
        Ok(())
    }
}
