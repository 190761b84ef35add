//! The list of an operator's detached runs, as rows.
//!
//! | column | what it says |
//! |---|---|
//! | `run` | the run's id |
//! | `line` | what it runs |
//! | `who` | the operator who began it |
//! | `began`, `ended` | when |
//! | `run_state` | `running`, how it ended, or `lost` where nobody knows |
//! | `run_rc` | its exit code |
//! | `wrote` | how many bytes it wrote |
//! | `held` | whether its answer can still be asked for |

use std::sync::Arc;

use hailer_protocol::role::Identity;
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::value::{DataType, Value};

use crate::core::{Detached, Outcome};
use crate::host::Host;

/// Returns the rows of that operator's runs.
pub(super) fn table(host: &Arc<Host>, who: &Identity) -> Table {
    let columns = [
        ("run", DataType::Str),
        ("line", DataType::Str),
        ("who", DataType::Str),
        ("began", DataType::Time),
        ("ended", DataType::Time),
        ("run_state", DataType::Str),
        ("run_rc", DataType::Int),
        ("wrote", DataType::Size),
        ("held", DataType::Bool),
    ];
    let columns = columns.map(|(name, data_type)| Column::new(name, data_type));
    let runs = host.detached_of(who);
    let shelf = host.shelf();
    let rows = runs.iter().map(|run| row(run, shelf.has(run.run)));
    Table {
        rows: rows.collect(),
        columns: columns.to_vec(),
    }
}

fn row(run: &Detached, is_held: bool) -> Row {
    let (ended, state, rc, wrote) = match &run.outcome {
        Outcome::Running => (Value::Null, "running", None, Value::Null),
        Outcome::Unknown => (Value::Null, State::Lost.as_str(), None, Value::Null),
        Outcome::Ended { at, end } => {
            let failure = || end.failure.as_ref().map(|(code, _)| code.state());
            let state = end.state.or_else(failure).unwrap_or(State::Lost);
            let wrote = end.bytes.and_then(|n| i64::try_from(n).ok());
            let wrote = wrote.map_or(Value::Null, Value::Size);
            (Value::Time(at.0), state.as_str(), end.rc, wrote)
        }
    };
    vec![
        Value::from(run.run.to_string().as_str()),
        Value::from(run.command.as_str()),
        Value::from(run.who.name.as_str()),
        Value::Time(run.began.0),
        ended,
        Value::from(state),
        Value::from(rc.map(i64::from)),
        wrote,
        Value::Bool(is_held),
    ]
}
