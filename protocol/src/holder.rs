//! Who holds a certificate: the identity it names, and the groups it puts an operator into.

use std::collections::BTreeSet;

use crate::ids::Name;
use crate::limits::{GROUP_NAME_MAX, GROUPS_MAX};
use crate::role::Identity;

/// What a verified certificate says of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who it is.
    pub identity: Identity,
    /// To which groups it belongs; always none but for operators.
    pub groups: Groups,
}

/// Groups of an operator, bounded, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups(BTreeSet<Name>);

/// Why names are no groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupsError {
    /// Too many.
    #[error("{0} groups, at most {GROUPS_MAX} are allowed")]
    TooMany(usize),
    /// A name that is too long.
    #[error("the group `{0}` has more than {GROUP_NAME_MAX} bytes")]
    TooLong(Name),
}

impl Groups {
    /// Makes groups of their names.
    ///
    /// # Errors
    /// Refuses too many, and names that are too long.
    pub fn new(names: impl IntoIterator<Item = Name>) -> Result<Self, GroupsError> {
        let names: BTreeSet<Name> = names.into_iter().collect();
        if names.len() > GROUPS_MAX {
            return Err(GroupsError::TooMany(names.len()));
        }
        match names.iter().find(|n| n.as_str().len() > GROUP_NAME_MAX) {
            Some(long) => Err(GroupsError::TooLong(long.clone())),
            None => Ok(Self(names)),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `group` is one of them.
    #[must_use]
    pub fn contains(&self, group: &Name) -> bool {
        self.0.contains(group)
    }

    /// Returns them in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Name> {
        self.0.iter()
    }
}
