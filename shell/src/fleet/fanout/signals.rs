//! What goes into the fan-out and what comes out of it.

use std::sync::Arc;

use hailer_protocol::state::State;

use super::{Attempt, Target};
use crate::fleet::cause::Cause;

/// What the link to a target looks like when the run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkAtStart {
    /// It can be asked at once.
    Up,
    /// A connection can be waited for.
    Connecting,
    /// An attempt failed so recently that another one is not waited for.
    Down {
        /// Why, without the node's name.
        reason: Arc<str>,
    },
}

/// What the driver tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A connection that was asked for is there.
    Connected(Target),
    /// A connection that was asked for did not come about.
    ConnectFailed(Target, Arc<str>),
    /// The request of that [`Output::Dispatch`] could not be handed to the connection: not one byte
    /// of it left.
    Unsent(Target, Attempt, Arc<str>),
    /// The node says that it has begun.
    Started(Target),
    /// The node says how it ended.
    Ended(Target, State),
    /// The node closed the connection without having let us in: nothing was carried out.
    TurnedAway(Target, State, Arc<str>),
    /// After the request was sent the connection ended, or the answer made no sense.
    Lost(Target, Arc<str>),
    /// The gate behind that stage was passed; or why not.
    Gate(u32, Result<(), Arc<str>>),
    /// Ask nobody else; let those in flight end.
    Halt,
    /// Halt, and stop those in flight.
    Cancel,
}

/// What the driver shall do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// See to a connection and tell [`Input::Connected`] or [`Input::ConnectFailed`].
    Connect(Target),
    /// As [`Output::Connect`], with no hurry: an attempt has just failed, for that reason.
    Await(Target, Arc<str>),
    /// Send the request, and tell what becomes of it.
    Dispatch(Target, Attempt),
    /// Ask the node to stop, and go on reading.
    Cancel(Target),
    /// This target is over; whatever comes from it now changes nothing.
    TargetEnded(Target, State, Cause),
    /// Find out whether the gate behind this stage, counted from 0, is passed, and tell
    /// [`Input::Gate`].
    AskGate(u32),
    /// This stage, counted from 0, begins. Not told of the first.
    StageBegins(u32),
    /// All targets have ended. Nothing follows.
    RunEnded,
}
