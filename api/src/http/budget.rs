//! Wrong answers are counted, by what they were about; past the budget it rests for a while, right answers included.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::acts::now;

/// Microseconds that something rests, and after which wrong answers are forgotten.
const REST: i64 = 15 * 60 * 1_000_000;
/// Keys beyond this many are swept, down to half as many at least, the oldest first: whoever tries made-up ones by the
/// million fills no memory, and is swept for once in a while.
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
        used_up(&wrong, key, most)
    }

    /// Takes a try before it is known whether it is wrong, so that many at once are no more than one after another;
    /// false where there is none left.
    pub(super) fn take(&self, key: &str, most: u32) -> bool {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if used_up(&wrong, key, most) {
            return false;
        }
        add(&mut wrong, key);
        true
    }

    /// Gives a try back that was not wrong.
    pub(super) fn give_back(&self, key: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, _)) = wrong.get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    /// Counts a wrong answer.
    pub(super) fn count(&self, key: &str) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut wrong, key);
    }
}

fn used_up(wrong: &HashMap<String, (u32, i64)>, key: &str, most: u32) -> bool {
    wrong.get(key).is_some_and(|&(count, since)| count >= most && now() - since < REST)
}

fn add(wrong: &mut HashMap<String, (u32, i64)>, key: &str) {
    if wrong.len() >= MANY {
        sweep(wrong);
    }
    let entry = wrong.entry(key.to_owned()).or_insert((0, now()));
    if now() - entry.1 >= REST {
        *entry = (0, now());
    }
    entry.0 += 1;
}

/// Forgets what rested long enough, and the older half where that is not half of all.
fn sweep(wrong: &mut HashMap<String, (u32, i64)>) {
    let mut times: Vec<i64> = wrong.values().map(|&(_, since)| since).collect();
    let (_, &mut middle, _) = times.select_nth_unstable(wrong.len() / 2);
    let over = now() - REST;
    wrong.retain(|_, (_, since)| *since > over && *since > middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_keys_fill_no_memory() {
        let budget = Budget::default();
        for key in 0..2 * MANY {
            budget.count(&key.to_string());
        }
        let kept = budget.wrong.lock().expect("the keys").len();
        assert!((1..=MANY).contains(&kept), "{kept}");
        let last = (2 * MANY - 1).to_string();
        assert!(budget.rests(&last, 1) && !budget.rests("0", 1), "the oldest go first");
    }
}
