//! What rows of `automations` and of `events` say.

use crate::table::Column;
use crate::value::DataType;

/// A column with what it says, in one line.
pub type Described = (&'static str, DataType, &'static str);

/// Every column of `automations`, in their order. What there is nothing to say of is null.
#[rustfmt::skip]
pub const AUTOMATION_COLUMNS: &[Described] = &[
    ("name", DataType::Str, "the automation"),
    ("key", DataType::Str, "the patient: the values of the key columns; null where none was seen"),
    ("state", DataType::Str, "where it stands: clear, pending, firing, gate, acting, verifying, escalated"),
    ("since", DataType::Time, "since when, by the node's clock"),
    ("held", DataType::Str, "what keeps it from acting: muted, paused, storm, flapping, a limit"),
    ("no_data", DataType::Bool, "whether its last looks brought no answer"),
    ("attempts", DataType::Int, "deeds that were tried in this episode"),
    ("last", DataType::Str, "what came of the last deed"),
    ("mode", DataType::Str, "how far it goes by itself: observe, ask, act"),
    ("missed", DataType::Int, "looks that could not be taken in time"),
    ("version", DataType::Str, "the digest of the automation's bytes, as far as it tells versions apart"),
    ("generation", DataType::Int, "the number of the set that put it in force"),
    ("owner", DataType::Str, "who answers for it"),
    ("by", DataType::Str, "who applied it"),
    ("text", DataType::Str, "what is wrong with it, if anything is"),
];

/// Every column of `events`, in their order. What there is nothing to say of is null.
#[rustfmt::skip]
pub const EVENT_COLUMNS: &[Described] = &[
    ("time", DataType::Time, "when, by the node's clock"),
    ("seq", DataType::Int, "its number on the node; it only rises"),
    ("event", DataType::Str, "what happened"),
    ("automation", DataType::Str, "to which automation"),
    ("key", DataType::Str, "to which patient"),
    ("episode", DataType::Int, "which firing of the patient; it only rises"),
    ("attempt", DataType::Str, "the id of the attempt"),
    ("command", DataType::Str, "what was run"),
    ("rc", DataType::Int, "its exit code"),
    ("took", DataType::Duration, "how long it took"),
    ("text", DataType::Str, "what else is to be said"),
];

/// Returns the columns of a described table.
#[must_use]
pub fn columns(described: &[Described]) -> Vec<Column> {
    let columns = described.iter();
    columns
        .map(|(name, data_type, _)| Column::new(*name, *data_type))
        .collect()
}
