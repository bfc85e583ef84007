//! Wrong answers are counted, by what they were about; past the budget it rests for a while, right answers included.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::acts::now;

/// Microseconds that something rests, and after which wrong answers are forgotten.
const REST: i64 = 15 * 60 * 1_000_000;
/// Keys beyond this many are swept: whoever tries made-up ones by the million fills no memory.
const MANY: usize = 100_000;

/// Wrong answers by key: how many, and since when.
#[derive(Default)]
pub(super) struct Budget {
    wrong: Mutex<HashMap<String, (u32, i64)>>,
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Budget")
    }
}

impl Budget {
    /// Whether a key has as many wrong answers as it may have.
    pub(super) fn rests(&self, key: &str, most: u32) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(key).is_some_and(|&(count, since)| count >= most && now() - since < REST)
    }

    /// Counts a wrong answer.
    pub(super) fn count(&self, key: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() > MANY {
            wrong.retain(|_, (_, since)| now() - *since < REST);
        }
        let entry = wrong.entry(key.to_owned()).or_insert((0, now()));
        if now() - entry.1 >= REST {
            *entry = (0, now());
        }
        entry.0 += 1;
    }
}
