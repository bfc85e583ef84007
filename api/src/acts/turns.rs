//! Work that takes a core and much memory, a few at a time: whoever asks for a hundred at once waits for them, and the
//! machine goes on serving the others.

use tokio::sync::Semaphore;

use super::ActError;
use super::memory::away;
use crate::error::Failure;

/// Passwords are hashed with 19 MiB each, also those of strangers.
pub(crate) static HASHING: Turns = Turns::of(4);
/// Files are read by processes that may take half a gigabyte each.
pub(super) static READING: Turns = Turns::of(4);

/// How many may work at once.
pub(crate) struct Turns(Semaphore);

impl Turns {
    const fn of(most: usize) -> Self {
        Self(Semaphore::const_new(most))
    }

    /// Works away from the threads that serve, when it is its turn. The turn lasts as long as the work, also where
    /// whoever asked has gone.
    pub(crate) async fn work<T: Send + 'static>(
        &'static self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ActError> {
        let turn = self.0.acquire().await.map_err(|e| Failure::Internal(e.to_string()))?;
        away(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_work_at_once_than_there_are_turns() {
        static TWO: Turns = Turns::of(2);
        static AT_WORK: AtomicUsize = AtomicUsize::new(0);
        let work = || {
            let at_once = AT_WORK.fetch_add(1, Ordering::SeqCst) + 1;
            std::thread::sleep(Duration::from_millis(5));
            AT_WORK.fetch_sub(1, Ordering::SeqCst);
            at_once
        };
        let all: Vec<_> = (0..12).map(|_| tokio::spawn(TWO.work(work))).collect();
        for one in all {
            assert!(one.await.expect("a task").expect("work") <= 2);
        }
    }
}
