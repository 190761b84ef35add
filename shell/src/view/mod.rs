//! What the operator sees of a result. Pure: values in, text out; only [`terminal`] writes.
//!
//! Whatever came from a node reaches these views as bytes or as `Clean` text, and leaves them in
//! [`style::Line`]s, which take nothing but `Clean` text, static text and numbers. No view writes
//! a control character but the newline, and the colours of its own when colour is on.

pub mod style;

mod fit;
mod flow;
pub(crate) mod measure;

mod block;
pub mod diff;
pub mod groups;
pub(crate) mod prefixed;

pub mod complaint;
pub mod footer;
pub(crate) mod nodes;

pub mod follow;
pub mod live;
pub mod pager;
pub mod refresh;
pub mod terminal;
pub mod watching;

#[cfg(test)]
mod diff_tests;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
