//! Whether there is still time.
//!
//! An invocation never runs into its deadline. A photo is begun only if, at the rate of late, it
//! will be done before the margin; what has begun and is not done at the margin is given up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Time kept free before the deadline: to hand back the answer, and, if what was given up does not
/// end, for the function to begin anew (see `src/bin/lambda.rs`), which takes half of it.
const MARGIN: Duration = Duration::from_secs(1);

/// How long a photo took of late: an average that follows quickly. Shared by all invocations.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// Takes in how long a photo took.
    pub fn record(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let follow =
            |average: u64| Some(if average == 0 { took } else { average / 4 * 3 + took / 4 });
        // Both closures return `Some`, so the update cannot fail.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, follow);
    }

    /// How long the next one is expected to take; zero before the first.
    pub fn expected(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// The deadline of one invocation, if it has one.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Option<Times>);

#[derive(Debug, Clone, Copy)]
struct Times {
    /// When what has begun is given up.
    give_up: Instant,
    /// Half of the time that there was at the start.
    half: Duration,
}

impl Deadline {
    /// The deadline at that time, if there is one, seen from now. A margin before it is kept free,
    /// to hand back the answer.
    #[must_use]
    pub fn new(deadline: Option<Instant>, now: Instant) -> Self {
        Self(deadline.map(|deadline| {
            let give_up = deadline.checked_sub(MARGIN).unwrap_or(deadline);
            Times { give_up, half: give_up.saturating_duration_since(now) / 2 }
        }))
    }

    /// Runs a future until the margin; `None` if it was given up.
    pub(crate) async fn within<F: Future>(self, future: F) -> Option<F::Output> {
        match self.0 {
            Some(times) => tokio::time::timeout_at(times.give_up, future).await.ok(),
            None => Some(future.await),
        }
    }

    /// Whether something that is expected to take so long may begin now.
    ///
    /// In the first half of its time an invocation begins whatever was expected: after a stall that
    /// took all the time of the last one, somebody must find out that it is over.
    pub(super) fn leaves_time_for(self, expected: Duration, now: Instant) -> bool {
        self.0.is_none_or(|times| now + expected.min(times.half) < times.give_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_what_was_measured() {
        let pace = Pace::default();
        assert_eq!(pace.expected(), Duration::ZERO);
        pace.record(Duration::from_millis(100));
        assert_eq!(pace.expected(), Duration::from_millis(100));
        for _ in 0..20 {
            pace.record(Duration::from_millis(500));
        }
        assert!(pace.expected() > Duration::from_millis(490));
    }

    #[test]
    fn nothing_begins_that_would_not_be_done() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let deadline = Deadline::new(Some(now + seconds(20) + MARGIN), now);
        let later = now + seconds(15);
        assert!(deadline.leaves_time_for(seconds(4), later));
        assert!(!deadline.leaves_time_for(seconds(5), later));
        assert!(!deadline.leaves_time_for(Duration::ZERO, now + seconds(20)));
        assert!(Deadline::new(None, now).leaves_time_for(Duration::MAX / 4, now));
    }

    #[test]
    fn a_stall_of_the_last_invocation_does_not_stop_the_next() {
        let now = Instant::now();
        let deadline = Deadline::new(Some(now + Duration::from_secs(20)), now);
        assert!(deadline.leaves_time_for(Duration::from_mins(1), now));
        let over = now + Duration::from_millis(100);
        assert!(!Deadline::new(Some(over), now).leaves_time_for(Duration::ZERO, now));
    }
}
