//! The keys that say a label.

/// Letters that say something else: reject (x) and undo (u).
const TAKEN: [char; 2] = ['u', 'x'];

/// A key for each label: the first letter of its name that no label before it has, or else any
/// letter that is free. Where there are more labels than letters, the last ones have none.
pub(super) fn assign<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<Option<char>> {
    let labels: Vec<&str> = labels.into_iter().collect();
    let mut taken = TAKEN.to_vec();
    let mut keys: Vec<Option<char>> = Vec::with_capacity(labels.len());
    for label in &labels {
        let letters = label.to_lowercase();
        keys.push(take(&mut taken, letters.chars().filter(|letter| letter.is_alphabetic())));
    }
    for key in keys.iter_mut().filter(|key| key.is_none()) {
        *key = take(&mut taken, 'a'..='z');
    }
    keys
}

/// The first candidate that is free, which is not free any more.
fn take(taken: &mut Vec<char>, candidates: impl IntoIterator<Item = char>) -> Option<char> {
    let free = candidates.into_iter().find(|letter| !taken.contains(letter))?;
    taken.push(free);
    Some(free)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(labels: &[&str]) -> String {
        assign(labels.iter().copied()).into_iter().map(|key| key.unwrap_or('-')).collect()
    }

    #[test]
    fn a_key_is_a_letter_of_the_name_if_one_is_free() {
        let clothing = [
            "dress",
            "hat",
            "longsleeve",
            "outwear",
            "pants",
            "shirt",
            "shoes",
            "shorts",
            "skirt",
            "t-shirt",
        ];
        assert_eq!(keys(&clothing), "dhlopserkt");
        assert_eq!(keys(&["xu", "7", "a", "A"]), "bcad");
        assert_eq!(keys(&["шапка", "юбка"]), "шю");
    }

    proptest! {
        #[test]
        fn no_key_says_two_things(labels in prop::collection::vec("[a-fxu]{1,4}", 0..40)) {
            let keys = assign(labels.iter().map(String::as_str));
            prop_assert_eq!(keys.len(), labels.len());
            let mut given: Vec<char> = keys.iter().flatten().copied().collect();
            prop_assert_eq!(given.len(), labels.len().min(24));
            given.sort_unstable();
            given.dedup();
            prop_assert_eq!(given.len(), labels.len().min(24));
            prop_assert!(!given.contains(&'x') && !given.contains(&'u'));
        }
    }
}
