//! How long each stage of a photo's way took, and how much was fetched.

use std::time::{Duration, Instant};

/// How long each stage took to settle a key; zero for what was not done. Stages that are done more
/// than once, since rivals wrote the row first, are added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// For its turn, for room in memory, and for a thread.
    pub waited: Duration,
    /// Reading the row and looking at the object.
    pub looked: Duration,
    /// Fetching the object's bytes.
    pub fetched: Duration,
    /// Decoding the photo, its fingerprint included.
    pub decoded: Duration,
    /// Classifying it.
    pub judged: Duration,
    /// Writing the row.
    pub written: Duration,
    /// How many bytes were fetched.
    pub bytes: u64,
}

/// Adds to a stage how long a future took.
pub(super) async fn timed<F: Future>(stage: &mut Duration, future: F) -> F::Output {
    let begun = Instant::now();
    let output = future.await;
    *stage += begun.elapsed();
    output
}
