//! The colour profile of a JPEG, which its segments have in parts, as browsers put it together: the
//! first one that is whole.

/// The parts of the profile, in their order. Each segment has the part's number and how many there
/// are, and the part. None if one is missing, or if they contradict each other before all are there.
pub(super) fn parts<'a>(segments: &[[&'a [u8]; 2]]) -> Vec<&'a [u8]> {
    let Some([first, _]) = segments.first() else { return Vec::new() };
    let count = first[1];
    let mut found: Vec<Option<&[u8]>> = vec![None; usize::from(count)];
    for [numbers, part] in segments {
        let place = usize::from(numbers[0]).checked_sub(1).and_then(|place| found.get_mut(place));
        match place {
            Some(place @ None) if numbers[1] == count => *place = Some(part),
            _ => return Vec::new(),
        }
        if found.iter().all(Option::is_some) {
            return found.into_iter().flatten().collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn the_first_whole_profile_counts() {
        let part = |number: u8, count: u8, icc: &'static [u8]| ([number, count], icc);
        for (segments, expected) in [
            (vec![], ""),
            (vec![part(1, 1, b"one"), part(1, 1, b"two")], "one"),
            (vec![part(1, 1, b"one"), part(0, 7, b"two")], "one"),
            (vec![part(2, 2, b"b"), part(1, 2, b"a"), part(1, 2, b"c")], "ab"),
            (vec![part(1, 2, b"a")], ""),
            (vec![part(1, 2, b"a"), part(1, 2, b"b"), part(2, 2, b"c")], ""),
            (vec![part(1, 2, b"a"), part(1, 1, b"b")], ""),
            (vec![part(0, 1, b"a"), part(1, 1, b"b")], ""),
            (vec![part(2, 1, b"a"), part(1, 1, b"b")], ""),
            (vec![part(1, 0, b"a"), part(1, 1, b"b")], ""),
        ] {
            let segments: Vec<[&[u8]; 2]> =
                segments.iter().map(|(numbers, icc)| [&numbers[..], *icc]).collect();
            assert_eq!(parts(&segments).concat(), expected.as_bytes());
        }
    }
}
