//! How many bytes may be in memory at a time.
//!
//! Photos are held twice: as they were fetched, and decoded. Each has a share of its own, since a
//! holder of fetched bytes waits for room to decode: with one share, holders could wait for each
//! other for ever. What is larger than its share has all of it, and so goes alone.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::settings::Rules;

/// Permits are counted in pages, so that large budgets fit the semaphore's counter.
const PAGE: u64 = 4096;

/// Bytes that may be held at a time.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    pages: u32,
    free: Arc<Semaphore>,
}

impl Budget {
    pub fn new(bytes: u64) -> Self {
        let pages = pages(bytes).max(1);
        Self { pages, free: Arc::new(Semaphore::new(pages as usize)) }
    }

    /// The share of what is fetched: a quarter. Decoded photos have the rest.
    pub fn for_fetched(rules: &Rules) -> Self {
        Self::new(rules.in_flight_bytes.get() / 4)
    }

    /// How many there are in all.
    pub fn bytes(&self) -> u64 {
        u64::from(self.pages) * PAGE
    }

    /// Waits until so many bytes are free, and holds them until the permit is dropped.
    pub async fn hold(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let wanted = pages(bytes).min(self.pages);
        // `None` only if the semaphore were closed, which nobody does.
        Arc::clone(&self.free).acquire_many_owned(wanted).await.ok()
    }
}

/// An object's bytes, and the room that is held for them: neither is free before the other.
///
/// A job on a thread goes on when nobody waits for it any more. So it takes both.
#[derive(Debug)]
pub struct Fetched {
    bytes: Vec<u8>,
    _held: Option<OwnedSemaphorePermit>,
}

impl Fetched {
    pub(super) fn new(bytes: Vec<u8>, held: Option<OwnedSemaphorePermit>) -> Self {
        Self { bytes, _held: held }
    }

    /// The object's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn pages(bytes: u64) -> u32 {
    // The semaphore takes at most `usize::MAX >> 3` permits: a quarter of `u32` fits everywhere.
    u32::try_from(bytes.div_ceil(PAGE)).unwrap_or(u32::MAX).min(u32::MAX >> 4)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn holders_wait_for_room() {
        let budget = Budget::new(10 * PAGE);
        let first = budget.hold(6 * PAGE).await;
        assert!(budget.hold(6 * PAGE).now_or_never().is_none(), "there is no room");
        drop(first);
        let all = budget.hold(u64::MAX).await;
        assert!(all.is_some() && budget.hold(1).now_or_never().is_none());
    }
}
