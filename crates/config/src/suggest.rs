//! Which known word was probably meant by an unknown one.

/// The closest of the known words, when it is close enough to be what was meant.
pub(crate) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words than any of ours are not worth the comparison.
    if word.len() > 80 {
        return None;
    }
    known
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(far, _)| *far <= 3)
        .min()
        .map(|(_, name)| name)
}

/// The number of single-character edits between two words (Levenshtein).
pub(crate) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (r, above) in right.iter().zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(l != *r)).min(above + 1).min(before + 1);
            diagonal = *above;
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_edits() {
        for (left, right, edits) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("abc", "", 3)] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }

    #[test]
    fn the_closest_word_is_offered_and_a_far_one_is_not() {
        let known = ["AUTHLY_LISTEN", "AUTHLY_ISSUER"];
        assert_eq!(closest("AUTHLY_LISEN", known.into_iter()), Some("AUTHLY_LISTEN"));
        assert_eq!(closest("AUTHLY_SOMETHING", known.into_iter()), None);
    }
}
