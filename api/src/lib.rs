//! Everything that touches the world: files, the command line and the season server.

pub mod acts;
pub mod audit_report;
pub mod auth;
pub mod cli;
pub mod config;
pub mod error;
pub mod http;
pub mod interrupt;
pub mod ledger;
pub mod store;
pub mod tables;
