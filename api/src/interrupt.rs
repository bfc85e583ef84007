//! Ctrl-C: long commands stop at the next safe point, with nothing half written.
//!
//! The first signal raises a flag that the steps of a command look at; a second one ends the process on
//! the spot, which is safe too, since answers take their place in one step.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Failure;

static RAISED: AtomicBool = AtomicBool::new(false);

/// The exit code of an interrupted command.
pub const EXIT: u8 = 130;

/// From here on Ctrl-C (and the signals to terminate and hang up) raises the flag. Calling it again is
/// harmless.
pub fn listen() {
    // Without a handler the signal ends the process at once, which loses no answer either.
    let _ = ctrlc::set_handler(|| {
        if RAISED.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT.into());
        }
    });
}

/// Passes unless the user has interrupted.
///
/// # Errors
/// `Interrupted`.
pub fn check() -> Result<(), Failure> {
    if raised() { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Whether the user has interrupted, for searches that then give the best they have.
pub fn raised() -> bool {
    RAISED.load(Ordering::SeqCst)
}
