//! Black-box tests of the `luqu` command.

mod demo;
mod init;
mod scenarios;
