//! Whether a password is hardly more than some word: the measure of the Kratos API.

/// Fewer single-character changes than this make one of the other.
const FEW_CHANGES: usize = 5;

/// Whether `password` is close to `word`: a few changes apart, or more than half of it a piece of
/// the word. Both must be folded to one case.
pub(super) fn alike(password: &str, word: &str) -> bool {
    let (password, word): (Vec<char>, Vec<char>) =
        (password.chars().collect(), word.chars().collect());
    if password.is_empty() || word.is_empty() {
        return false;
    }
    let close = password.len().abs_diff(word.len()) < FEW_CHANGES
        && changes(&password, &word) < FEW_CHANGES;
    close || 2 * longest_piece(&password, &word) > password.len()
}

/// The fewest insertions, removals and replacements that make `b` of `a` (Levenshtein).
fn changes(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, from) in a.iter().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (to, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(from != to)).min(*above + 1).min(left + 1);
            diagonal = std::mem::replace(above, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The length of the longest run of characters that both have.
fn longest_piece(a: &[char], b: &[char]) -> usize {
    let mut row = vec![0usize; b.len()];
    let mut longest = 0;
    for from in a {
        let mut diagonal = 0;
        for (to, run) in b.iter().zip(row.iter_mut()) {
            let here = if from == to { diagonal + 1 } else { 0 };
            diagonal = std::mem::replace(run, here);
            longest = longest.max(here);
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn changes_are_counted() {
        for (a, b, count) in [
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("", "abc", 3),
            ("abc", "", 3),
            ("same", "same", 0),
            ("größe", "grosse", 3),
        ] {
            assert_eq!(changes(&letters(a), &letters(b)), count, "{a} {b}");
        }
    }

    #[test]
    fn the_longest_common_piece_is_found_wherever_it_is() {
        for (a, b, length) in
            [("xabcdy", "qqabcdqq", 4), ("abc", "xyz", 0), ("banana", "anan", 4), ("aab", "ab", 2)]
        {
            assert_eq!(longest_piece(&letters(a), &letters(b)), length, "{a} {b}");
        }
    }

    #[test]
    fn five_changes_or_half_of_it_are_enough() {
        assert!(alike("somebod1234", "somebody"), "four changes");
        assert!(!alike("hunter25", "somebody"));
        assert!(alike("abcdefgh1234567", "xxxxxxxxabcdefghxxxxxxxx"), "eight of fifteen");
        assert!(!alike("abcdefgh12345678", "xxxxxxxxabcdefghxxxxxxxx"), "half is not more");
    }
}
