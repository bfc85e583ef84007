//! The `luqu` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    luqu::cli::main()
}
