//! Black-box tests of the `luqu` command.

mod atomic;
mod demo;
mod init;
mod place;
mod quota;
mod scenarios;
