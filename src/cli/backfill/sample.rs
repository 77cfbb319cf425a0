//! A sample of objects: uniform, and the same one each time for the same objects.

use std::collections::BinaryHeap;

use sha2::{Digest, Sha256};

use super::candidate::Candidate;

/// The objects whose fingerprints are the least. No more than those are in memory.
#[derive(Debug)]
pub struct Sample {
    size: usize,
    drawn: BinaryHeap<Drawn>,
}

/// An object, ordered by its fingerprint.
#[derive(Debug)]
struct Drawn(u64, Candidate);

impl Sample {
    /// Draws so many.
    pub fn new(size: usize) -> Self {
        Self { size, drawn: BinaryHeap::new() }
    }

    /// Looks at one.
    pub fn offer(&mut self, candidate: Candidate) {
        let drawn = Drawn(fingerprint(&candidate), candidate);
        if self.drawn.len() < self.size {
            self.drawn.push(drawn);
        } else if let Some(mut worst) = self.drawn.peek_mut()
            && drawn < *worst
        {
            *worst = drawn;
        }
    }

    /// The sample, in the order of its keys.
    pub fn drawn(self) -> Vec<Candidate> {
        let mut drawn: Vec<_> =
            self.drawn.into_iter().map(|Drawn(_, candidate)| candidate).collect();
        drawn.sort_by(|a, b| a.object.cmp(&b.object));
        drawn
    }
}

fn fingerprint(candidate: &Candidate) -> u64 {
    let digest = Sha256::digest(candidate.object.to_string());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Ord for Drawn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, &self.1.object).cmp(&(other.0, &other.1.object))
    }
}

impl PartialOrd for Drawn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Drawn {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectId;

    fn sample(size: usize, numbers: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut sample = Sample::new(size);
        for number in numbers {
            let object = ObjectId::new("shop", &format!("{number:04}")).unwrap();
            sample.offer(Candidate { object, size: None, is_gone: false });
        }
        sample.drawn().iter().map(|c| c.object.key().parse().unwrap()).collect()
    }

    #[test]
    fn a_sample_depends_on_the_objects_and_not_on_their_order() {
        let forwards = sample(50, 0..1000);
        assert_eq!(forwards, sample(50, (0..1000).rev()));
        assert_eq!(forwards.len(), 50);
        assert!(forwards.is_sorted());
        assert_eq!(sample(50, 0..7), (0..7).collect::<Vec<_>>());
        assert!(sample(0, 0..7).is_empty());
    }

    /// Each tenth of the bucket has about its share.
    #[test]
    fn a_sample_is_spread_evenly() {
        let mut tenths = [0; 10];
        for number in sample(1000, 0..10_000) {
            tenths[number / 1000] += 1;
        }
        assert!(tenths.iter().all(|&n| (60..=140).contains(&n)), "{tenths:?}");
    }
}
