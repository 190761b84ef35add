//! Who may do what: policies looked at without a node, and runs that another person approves.

pub mod approve;
pub mod can;
pub mod policy;
pub mod request_file;
