//! What automations tell of themselves, as it is written down.

use serde::{Deserialize, Serialize};

/// Something that happened to an automation. Fields are only appended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// What, in one word.
    pub event: String,
    /// To which automation.
    pub automation: Option<String>,
    /// To which patient.
    pub key: Option<String>,
    /// In which episode; 0 outside of any.
    pub episode: u64,
    /// Which attempt.
    pub attempt: Option<String>,
    /// What was run, without its secrets.
    pub command: Option<String>,
    /// Its exit code.
    pub rc: Option<i32>,
    /// How long it took, in microseconds.
    pub wall_us: Option<u64>,
    /// What else is to be said; without secrets.
    pub text: String,
}
