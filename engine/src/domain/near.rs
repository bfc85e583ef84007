//! Words that are nearly the same: what somebody probably meant.

/// How many characters to put in, take out, replace or swap with the next to turn one word into the other.
/// Quadratic in their lengths.
pub fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // The last row but one, the last, and the one being made.
    let (mut before, mut last, mut row) = (vec![], (0..=to.len()).collect::<Vec<_>>(), vec![]);
    let mut previous = None;
    for (i, a) in from.chars().enumerate() {
        row.clear();
        row.push(i + 1);
        for (j, &b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if j > 0 && previous == Some(b) && a == to[j - 1] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        previous = Some(a);
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[to.len()]
}

/// The word of the list with the fewest slips, if they are at most a third of its characters.
pub fn nearest<'a>(word: &str, list: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let near = list.into_iter().filter_map(|meant| {
        let letters = meant.chars().count();
        let most = letters / 3;
        (length.abs_diff(letters) <= most).then_some(())?;
        Some((slips(word, meant), meant)).filter(|(n, _)| *n <= most)
    });
    near.min_by_key(|(n, _)| *n).map(|(_, meant)| meant)
}

#[cfg(test)]
mod tests {
    use super::{nearest, slips};

    #[test]
    fn slips_count_characters() {
        for (a, b, n) in [
            ("share", "share", 0),
            ("shares", "share", 1),
            ("sede", "seed", 1),
            ("", "ab", 2),
            ("报考号", "报名号", 1),
            ("2601", "261", 1),
        ] {
            assert_eq!((slips(a, b), slips(b, a)), (n, n), "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_word_is_meant() {
        assert_eq!(nearest("shares", ["category", "share"]), Some("share"));
        assert_eq!(nearest("prioritys", ["priority", "share"]), Some("priority"));
        assert_eq!(nearest("zzz", ["category", "share"]), None);
        assert_eq!(nearest("得分", ["总分", "姓名"]), None);
    }
}
