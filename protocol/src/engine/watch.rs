//! One automation in force, with its patients.

use std::collections::HashMap;
use std::sync::Arc;

use super::input::Handle;
use super::patient::Patient;
use super::storm::Storm;
use crate::automation::{AutomationSpec, Condition};
use crate::ids::Digest;
use crate::time::Mono;

/// One automation in force.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) handle: Handle,
    pub(super) version: Digest,
    pub(super) spec: Arc<AutomationSpec>,
    /// The numbers of its probes: of `when`, and of `version`.
    pub(super) probes: [u32; 2],
    /// Whether it is in force on what runs here.
    pub(super) in_force: Option<bool>,
    /// The number of the look that was taken last.
    pub(super) look: u64,
    pub(super) looked_at: Option<Mono>,
    /// A look is under way.
    pub(super) is_looking: bool,
    pub(super) is_looking_at_version: bool,
    /// Looks in a row without an answer.
    pub(super) gap: u64,
    pub(super) is_no_data: bool,
    /// Looks that did not take place.
    pub(super) missed: u64,
    /// Looks at patients that were too many.
    pub(super) keys_over: u64,
    pub(super) is_over: bool,
    pub(super) storm: Storm,
    pub(super) patients: Patients,
}

impl Watch {
    pub(super) fn new(
        handle: Handle,
        version: Digest,
        spec: Arc<AutomationSpec>,
        probes: [u32; 2],
    ) -> Self {
        Self {
            handle,
            version,
            in_force: spec.version.is_none().then_some(true),
            spec,
            probes,
            look: 0,
            looked_at: None,
            is_looking: false,
            is_looking_at_version: false,
            gap: 0,
            is_no_data: false,
            missed: 0,
            keys_over: 0,
            is_over: false,
            storm: Storm::default(),
            patients: Patients::default(),
        }
    }

    /// Whether the keeper looks, and triggers.
    pub(super) fn is_fleet(&self) -> bool {
        matches!(self.spec.when, Condition::Fleet(_))
    }

    /// How many fire now.
    pub(super) fn n_firing(&self) -> u32 {
        let all = self.patients.iter();
        let n = all.filter(|p| p.phase.is_episode() && p.fires).count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }
}

/// The patients of one automation, under indices that stay.
#[derive(Debug, Default)]
pub(super) struct Patients {
    slots: Vec<Option<Box<Patient>>>,
    free: Vec<u32>,
    // Looked up only, never iterated: its order must not be seen.
    by_key: HashMap<Arc<str>, u32>,
}

impl Patients {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn n_slots(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn find(&self, key: &str) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    pub(super) fn add(&mut self, patient: Patient) -> u32 {
        let key = Arc::clone(&patient.key);
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.n_slots() - 1
        });
        self.slots[index as usize] = Some(Box::new(patient));
        self.by_key.insert(key, index);
        index
    }

    /// Takes one out, to be put back.
    pub(super) fn take(&mut self, index: u32) -> Option<Box<Patient>> {
        self.slots.get_mut(index as usize)?.take()
    }

    pub(super) fn put_back(&mut self, index: u32, patient: Box<Patient>) {
        self.slots[index as usize] = Some(patient);
    }

    /// Forgets one that was taken out.
    pub(super) fn forget(&mut self, index: u32, key: &str) {
        self.by_key.remove(key);
        self.free.push(index);
    }

    pub(super) fn at(&self, index: u32) -> Option<&Patient> {
        self.slots.get(index as usize)?.as_deref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Patient> {
        self.slots.iter().filter_map(|s| s.as_deref())
    }
}
