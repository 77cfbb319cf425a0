//! A sample of many names: the same one each time.

use std::collections::BinaryHeap;

use sha2::{Digest, Sha256};

/// Some of the things that are offered, each as likely as any other, in bounded memory.
///
/// Which they are follows from their names alone: those with the least hashes. So two comparisons look at the same
/// photos, and a photo that is added or removed changes the sample by one at most.
#[derive(Debug)]
pub struct Sample<T> {
    least: BinaryHeap<([u8; 32], T)>,
    size: usize,
}

impl<T: Ord> Sample<T> {
    /// One of so many things.
    pub fn of(size: usize) -> Self {
        Self { least: BinaryHeap::new(), size }
    }

    /// Offers one more.
    pub fn offer(&mut self, name: &[u8], thing: T) {
        self.least.push((Sha256::digest(name).into(), thing));
        if self.least.len() > self.size {
            self.least.pop();
        }
    }

    /// Those that were taken, in their own order.
    pub fn taken(self) -> Vec<T> {
        let mut taken: Vec<T> = self.least.into_iter().map(|(_, thing)| thing).collect();
        taken.sort_unstable();
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn sample(names: impl IntoIterator<Item = u32>, size: usize) -> Vec<u32> {
        let mut sample = Sample::of(size);
        names.into_iter().for_each(|n| sample.offer(n.to_string().as_bytes(), n));
        sample.taken()
    }

    #[test]
    fn each_is_as_likely_as_any_other() {
        let taken = sample(0..10_000, 1000);
        assert_eq!(taken.len(), 1000);
        // 250 of each quarter; the deviation of such a draw is 13.
        for quarter in taken.chunk_by(|a, b| a / 2500 == b / 2500) {
            assert!((200..300).contains(&quarter.len()), "{}", quarter.len());
        }
    }

    proptest! {
        #[test]
        fn no_order_changes_it_and_one_more_changes_one(
            names in prop::collection::hash_set(0..1000_u32, 0..50), size in 0..60_usize,
        ) {
            // A hash set has an order of its own.
            let sorted: BTreeSet<u32> = names.iter().copied().collect();
            let taken = sample(sorted.iter().copied(), size);
            prop_assert_eq!(taken.len(), size.min(sorted.len()));
            prop_assert_eq!(&taken, &sample(names, size));
            let more = sample(sorted.into_iter().chain([5000]), size);
            prop_assert!(taken.iter().filter(|n| !more.contains(n)).count() <= 1);
        }
    }
}
