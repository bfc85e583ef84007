//! Black-box tests of the `luqu` command.

mod init;
