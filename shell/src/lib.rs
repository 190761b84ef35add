//! hailer: the interactive debugging shell for fleets of Linux machines.
//!
//! A line goes one way: `text → plan → fan-out → answers → gather → table → view`. The language is
//! its own crate, and so is everything that knows polars.
//!
//! - [`app`]: what the program does, from its arguments ([`cli`]) to its [`exit`] code.
//! - [`session`]: lines in, results out; [`running`]: one run under way, which [`mod@line`] waits for
//!   while it is [`watch`]ed, and [`jobs`] hears while other lines are typed.
//! - [`mod@follow`]: lines as they come.
//! - [`repl`]: the prompt. [`batch`]: `-c`, scripts, standard input.
//! - [`fleet`]: links and fan-out. [`rows`]: answers become rows. [`results`]: `$1`, `$2` …
//!   [`around`]: what verbs know beside their rows.
//! - [`config`]: what the operator keeps between sessions; [`settings`].
//! - [`files`]: tables on the operator's own disk.
//! - [`view`]: what a person sees. [`output`]: what a program reads. [`pen`]: who writes it.
//! - `ends`: signals that end it.
//! - [`trust`]: what policies say, and runs that another person approves.
//! - [`automation`]: files of automations, checked and laid out.
//! - [`authority`]: a fleet's own certificates. [`keeper`]: who enrols its nodes.
//! - [`demo`]: a fleet to try it on.

pub mod app;
pub mod around;
pub mod asked;
pub mod authority;
pub mod automation;
pub mod batch;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deed;
pub mod demo;
mod ends;
pub mod error;
pub mod exit;
pub mod explain;
pub mod files;
pub mod fleet;
pub mod follow;
pub mod generate;
pub mod help;
pub mod history;
pub mod interrupt;
pub mod jobs;
pub mod keeper;
pub mod knowledge;
pub mod line;
pub mod login;
pub mod open;
pub mod output;
pub mod pen;
mod process;
mod renewal;
pub mod repl;
pub mod results;
pub mod revoke;
pub mod rows;
pub mod running;
pub mod script;
pub mod session;
pub mod settings;
pub mod show;
pub mod tally;
pub mod targets;
pub mod trust;
pub mod view;
pub mod watch;
pub mod watching;
